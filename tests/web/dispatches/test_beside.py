"""What stands beside a document on its page: the requirements that rest on it, and its way through the units."""

from collections.abc import Callable
from uuid import UUID

from duban.programmes.forms import ProgrammeForm, TaskForm
from duban.programmes.operations import drafting, issuing
from tests.cast import World
from tests.integration.reporting.requirements import issued

Make = Callable[..., UUID]


def test_requirements_issued_because_of_it_are_named_to_who_may_read_them(world: World, document_of: Make) -> None:
    document = document_of(closed=False)
    with world.as_("cora") as scope:
        form = ProgrammeForm(title="方案", year=2026)
        made = drafting.open_programme(scope, unit_id=world.units["C"], document_id=document, form=form)
        drafting.add_task(scope, programme_id=made.id, version=made.version, form=TaskForm(title="任务"))
        issuing.issue_programme(scope, programme_id=made.id, version=made.version)
    asked = issued(world, "cora", "C", title="汛期排查情况", programme_id=str(made.id))
    for who in ("cora", "tom"):
        shown = world.client(who).get(f"/documents/{document}").get_data(as_text=True)
        assert "据此下达的报送要求" in shown
        assert f"/requirements/{asked}" in shown
    hidden = issued(world, "tom", "T1", title="镇里的要求", programme_id=str(made.id))
    assert f"/requirements/{hidden}" not in world.client("tina").get(f"/documents/{document}").get_data(as_text=True)
    assert f"/requirements/{hidden}" in world.client("vera").get(f"/documents/{document}").get_data(as_text=True)


def test_a_document_above_that_was_not_sent_to_one_is_named_and_not_linked(
    world: World, document_of: Make, send_to: Callable[..., UUID]
) -> None:
    above = document_of(title="只发乡镇的通知")
    send_to(above, "cora", "C", "T1")
    own = document_of("tom", "T1", closed=False, title="镇里的意见", parent_id=above)
    for who, linked in (("tom", True), ("vera", False)):
        shown = world.client(who).get(f"/documents/{own}/chain").get_data(as_text=True)
        assert "只发乡镇的通知" in shown
        assert (f'href="/documents/{above}"' in shown) is linked


def test_who_sends_for_no_unit_is_offered_no_forwarding(world: World, document_of: Make) -> None:
    document = document_of()
    assert "转发给下级" in world.client("cora").get(f"/documents/{document}").get_data(as_text=True)
    assert "转发给下级" not in world.client("lena").get(f"/documents/{document}").get_data(as_text=True)


def test_a_document_nobody_asked_anything_for_says_nothing_of_it(world: World, document_of: Make) -> None:
    shown = world.client("cora").get(f"/documents/{document_of()}").get_data(as_text=True)
    assert "据此下达的报送要求" not in shown
    assert "这份文件还没有在系统中收发" in shown


def test_where_it_was_sent_is_said_with_how_many_have_signed(
    world: World, document_of: Make, send_to: Callable[..., UUID]
) -> None:
    document = document_of()
    dispatch = send_to(document, "cora", "C", number="望转〔2026〕1号")
    shown = world.client("cora").get(f"/documents/{document}").get_data(as_text=True)
    assert "望转〔2026〕1号" in shown and f"/dispatches/{dispatch}" in shown and "已签收 0 / 3 个单位" in shown
    received = world.client("tom").get(f"/documents/{document}").get_data(as_text=True)
    assert "望江县发来 · 望转〔2026〕1号" in received and "0 / 3" not in received
