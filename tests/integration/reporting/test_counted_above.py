"""A correction accepted below is flagged where it was counted one level up, and whoever counted it is told."""

from uuid import UUID

from duban.kernel.scope import owned
from duban.reporting import operations
from duban.reporting.models import Duty
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_from_below import duty_id

__all__ = ["duty_id"]


def test_the_report_above_says_that_the_total_below_it_has_changed(world: World, duty_id: UUID) -> None:  # noqa: F811
    with world.as_("tom") as scope:
        operations.submit(scope, duty_id=duty_id, typed={"all_found": "118", "own": "4"})
    given.accepted(world, duty_id, "cora")
    for who, page in (("tom", f"/duties/{duty_id}"), ("cora", f"/duties/{duty_id}/review")):
        assert "下级汇总已变" not in world.client(who).get(page).text
    with world.as_system() as scope:
        wanted = owned(scope, Duty).where(Duty.unit_id == world.units["V11"], Duty.period_code == "2026-01")
        village = scope.session.scalars(wanted).one().id
    later = world.later(days=1)
    with world.as_("tom", at=later) as scope:
        operations.reopen_accepted(scope, duty_id=village, reason="多报了一处")
    with world.as_("vera", at=later) as scope:
        operations.submit(scope, duty_id=village, typed={"found": "49"})
    given.accepted(world, village, "tom", when=later)
    for who, page in (("tom", f"/duties/{duty_id}"), ("cora", f"/duties/{duty_id}/review")):
        shown = world.client(who).get(page).text
        assert "报送以后，下级汇总已变。" in shown
        assert "辖区发现隐患：118 → 117" in shown
        assert "东一村更正了" in shown
        assert "多报了一处" in shown
    told = [who for who, _stage, text in given.messages(world, subject_id=duty_id) if text.startswith("下级汇总已变")]
    assert {"tom", "cora"} <= set(told)
    assert len(told) == len(set(told))


def test_the_totals_further_above_say_that_what_they_count_is_from_before(world: World, duty_id: UUID) -> None:  # noqa: F811
    with world.as_("tom") as scope:
        operations.submit(scope, duty_id=duty_id, typed={"all_found": "118", "own": "4"})
    given.accepted(world, duty_id, "cora")
    totals = f"/rollup/{given.duty(world, duty_id).requirement_id}"
    said, listed = "按下级的数填的", f"/duties/{duty_id}"
    browser = world.client("cora")
    assert browser.get(totals).status_code == 200
    assert said not in browser.get(totals).text
    assert listed not in browser.get(f"{totals}/units?which=outdated").text
    with world.as_system() as scope:
        wanted = owned(scope, Duty).where(Duty.unit_id == world.units["V11"], Duty.period_code == "2026-01")
        village = scope.session.scalars(wanted).one().id
    later = world.later(days=1)
    with world.as_("tom", at=later) as scope:
        operations.reopen_accepted(scope, duty_id=village, reason="多报了一处")
    with world.as_("vera", at=later) as scope:
        operations.submit(scope, duty_id=village, typed={"found": "49"})
    assert said not in browser.get(totals).text  # what was accepted counts until the correction is
    given.accepted(world, village, "tom", when=later)
    assert said in browser.get(totals).text
    assert listed in browser.get(f"{totals}/units?which=outdated").text
    assert "更正 1" in world.client("tom").get(f"/rollup/{given.duty(world, village).requirement_id}?period=2026-01").text
    handed_in_anew(world, duty_id)
    assert said not in browser.get(totals).text


def handed_in_anew(world: World, duty_id: UUID) -> None:
    """The township hands its report in anew, with what those below come to now."""
    with world.as_("cora", at=world.later(days=2)) as scope:
        operations.reopen_accepted(scope, duty_id=duty_id, reason="下级已更正")
    with world.as_("tom", at=world.later(days=2)) as scope:
        operations.submit(scope, duty_id=duty_id, typed={"all_found": "117", "own": "4"})
    given.accepted(world, duty_id, "cora", when=world.later(days=2))
