"""The reviewer's pages: many at once, remarks, handing over, corrections, and where what was corrected is flagged."""

from datetime import date
from uuid import UUID

import pytest
from flask import Flask

from duban.assessments.doors import resolve
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import owned
from duban.notifications.models import Effect
from duban.reporting import operations, queries
from duban.reporting.remarks import Remark
from duban.reporting.states import DutyState
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_corrections import accepted, corrects, reopened
from tests.integration.reporting.test_review_by_level import also, by_level


def test_many_at_once_each_by_itself(world: World) -> None:
    """Of four ticked: one is accepted; one is another version by now, one was handed in by the reviewer's own hand, one is over."""
    also(world, "tom", "village.clerk", "V12")
    good, stale, over = (given.duty_id(world, by_level(world, title=title)) for title in ("好", "旧", "完"))
    own = given.duty_id(world, by_level(world, title="自己"), "V12")
    also(world, "tess", "township.officer", "T1")  # so that it waits at the township although tom handed it in
    for one in (good, stale, over):
        given.handed_in(world, one)
    given.handed_in(world, own, "tom")
    browser = world.client("tom")
    page = browser.get("/reviews").text
    assert f"{good}.1" in page
    assert f"{own}.1" not in page
    given.returned(world, stale, "tess")
    given.handed_in(world, stale)
    given.accepted(world, over, "tess")
    ticked = {"item": [f"{good}.1", f"{stale}.1", f"{own}.1", f"{over}.1", "nonsense"]}
    answer = browser.post("/reviews/accept", data=ticked)
    assert answer.status_code == 200
    assert "已通过 1 份" in answer.text
    assert "有 3 份没有通过" in answer.text
    assert "须由另一位审核人办理" in answer.text
    at = {one: given.duty(world, one).at_path for one in (good, stale, own, over)}
    assert at == {good: world.paths["C"], stale: world.paths["T1"], own: world.paths["T1"], over: world.paths["C"]}


def test_the_same_for_programs(world: World) -> None:
    one = given.duty_id(world, by_level(world))
    given.handed_in(world, one)
    items = [{"id": str(one), "number": 1}, {"id": str(UUID(int=1)), "number": 1}]
    answer = world.client("tom").post("/api/v1/duties/accept-many", json={"items": items})
    assert answer.json["accepted"] == [str(one)]
    assert [(refused["id"], refused["code"]) for refused in answer.json["refused"]] == [(str(UUID(int=1)), "not-found")]
    track = world.client("vera").get(f"/api/v1/duties/{one}/track").json
    assert [(stop["name"], stop["state"]) for stop in track["stops"]] == [
        ("东一村", "done"),
        ("城东镇", "done"),
        ("望江县", "here"),
    ]
    assert [step["outcome"] for step in track["steps"]] == ["passed"]


def test_lists_say_at_which_level_it_waits(world: World) -> None:
    requirement_id = by_level(world)
    one = given.duty_id(world, requirement_id)
    given.handed_in(world, one)
    assert "在城东镇审核" in world.client("vera").get("/duties/done").text
    assert "正等待城东镇审核" in world.client("vera").get(f"/duties/{one}").text
    given.accepted(world, one, "tom")
    assert "在望江县审核" in world.client("vera").get("/duties/done").text
    assert "在望江县审核" in world.client("cora").get(f"/requirements/{requirement_id}").text


def test_what_was_typed_is_kept_when_a_return_is_refused(world: World) -> None:
    one = given.duty_id(world, by_level(world))
    given.handed_in(world, one)
    browser = world.client("tom")
    answer = browser.post(f"/duties/{one}/return", data={"number": "1", "remark.checks": "字" * 501, "reason": "见各项"})
    assert answer.status_code == 422
    assert "字" * 501 in answer.text
    assert 'href="#remark.checks"' in answer.text
    answer = browser.post(f"/duties/{one}/return", data={"number": "1", "remark.checks": "核对"})
    assert answer.status_code == 303
    assert "退回意见：核对" in world.client("vera").get(f"/duties/{one}").text


def test_handing_over_on_the_page(world: World) -> None:
    also(world, "tess", "township.officer", "T1")
    one = given.duty_id(world, by_level(world))
    given.handed_in(world, one)
    browser = world.client("tom")
    assert "谭镇长" in browser.get(f"/duties/{one}/review").text
    typed = {"receiver_id": str(world.people["tess"]), "until": "2026-05-01", "reason": "出差"}
    assert browser.post(f"/duties/{one}/handover", data=typed).status_code == 422
    assert browser.post(f"/duties/{one}/handover", data=typed | {"until": "2026-03-12"}).status_code == 303
    assert str(one) not in browser.get("/reviews").text
    assert "已转交同事审核" in browser.get(f"/duties/{one}/review").text
    browser.post(f"/duties/{one}/handover/end")
    assert str(one) in browser.get("/reviews").text


def test_a_unit_asks_for_its_report_back(world: World) -> None:
    one = given.duty_id(world, by_level(world))
    given.handed_in(world, one)
    vera, tom, address = world.client("vera"), world.client("tom"), f"/duties/{one}/ask-return"
    assert address in vera.get(f"/duties/{one}").text
    vera.post(address, data={"reason": " "})
    assert "请写明理由。" in vera.get(f"/duties/{one}").text
    assert tom.post(address, data={"reason": "x"}).status_code in {403, 404}
    with pytest.raises(NotAllowedError), world.as_("tom") as scope:
        operations.ask_return(scope, duty_id=one, reason="不是本单位的")
    vera.post(address, data={"reason": "检查次数多写了一个零"})
    for who, page in ((vera, f"/duties/{one}"), (tom, f"/duties/{one}/review")):
        assert "请求退回：</b>" in who.get(page).text and "检查次数多写了一个零" in who.get(page).text
    assert address not in vera.get(f"/duties/{one}").text  # once for each wait
    vera.post(address, data={"reason": "再说一次"})
    assert "已经请求过退回" in vera.get(f"/duties/{one}").text
    told = [who for who, _stage, text in given.messages(world, subject_id=one) if text.startswith("请求退回")]
    assert "tom" in told and len(told) == len(set(told)) and "cora" not in told
    assert given.duty(world, one).stands is DutyState.SUBMITTED
    given.returned(world, one, "tom")
    for who, page in ((vera, f"/duties/{one}"), (tom, f"/duties/{one}/review")):
        assert "请求退回：</b>" not in who.get(page).text  # it is answered, and stands in the history of steps
        steps = who.get(page).text.partition("办理经过")[2]
        assert "请求退回" in steps and "检查次数多写了一个零" in steps


def test_what_is_asked_back_is_marked_and_not_accepted_with_many(world: World) -> None:
    requirement_id = by_level(world)
    one, other = given.duty_id(world, requirement_id), given.duty_id(world, requirement_id, "V12")
    given.handed_in(world, one)
    given.handed_in(world, other, "vic")
    world.client("vera").post(f"/duties/{one}/ask-return", data={"reason": "整改数写错了"})
    browser = world.client("tom")
    page = browser.get("/reviews").text
    assert page.count("单位请求退回") == 2  # the row, and the words below the list
    assert "整改数写错了" in page
    assert "单位请求退回" in browser.get("/").text
    answer = browser.post("/reviews/accept", data={"item": [f"{one}.1", f"{other}.1"]})
    assert "已通过 1 份" in answer.text
    assert "报送单位请求退回：整改数写错了。" in answer.text
    assert given.duty(world, one).at_path == world.paths["T1"]
    assert given.duty(world, other).at_path == world.paths["C"]
    items = [{"id": str(one), "number": 1}]
    refused = browser.post("/api/v1/duties/accept-many", json={"items": items}).json["refused"]
    assert [row["code"] for row in refused] == ["duty.asked-back"]
    assert browser.post(f"/duties/{one}/accept", data={"number": "1"}).status_code == 303
    told = [text for who, _stage, text in given.messages(world, subject_id=one) if who == "vera" and text.startswith("没有退回")]
    assert len(told) == 1


def test_a_correction_from_asking_to_the_flag(world: World, app: Flask) -> None:
    one = accepted(world)
    clerk, county = world.client("vera"), world.client("cora")
    assert "申请更正" in clerk.get(f"/duties/{one}").text
    assert clerk.post(f"/duties/{one}/corrections", data={"reason": "漏了三次"}).status_code == 303
    assert "漏了三次" in county.get(f"/duties/{one}/review").text
    assert f"/duties/{one}/review" in county.get("/reviews").text
    assert "更正中" in clerk.get("/").text
    assert county.post(f"/duties/{one}/corrections/refuse", data={"reason": ""}).status_code == 422
    assert county.post(f"/duties/{one}/corrections/allow").status_code == 303
    assert "duty-form" in clerk.get(f"/duties/{one}").text
    corrects(world, one)
    for who in ("tom", "cora"):
        given.accepted(world, one, who, when=world.later(days=2))
    shown = clerk.get(f"/duties/{one}").text
    assert "现以第 2 版为准，原为第 1 版" in shown
    assert "<del>2 次</del> → <ins>5 次</ins>" in shown
    with app.test_request_context(), world.as_("cora") as scope:
        duty = queries.get_duty(scope, one)
        (door,) = resolve(scope, {f"duty:{one}"}, card=None, year=2026).values()  # type: ignore[arg-type]
        assert "已更正" in door.words
        units = [get_unit(scope, world.units["V11"])]
        cells = queries.matrix(scope, units=units, due_from=date(2026, 1, 1), due_until=date(2026, 12, 31)).cells
        assert [cell.corrected_at for cell in cells.values()] == [duty.corrected_at]
    assert "已更正" in county.get(f"/requirements/{duty.requirement_id}").text


@pytest.mark.parametrize("who", ["vera", "cora"])
def test_an_ordered_correction_can_be_given_up_on_the_page(world: World, who: str) -> None:
    one = accepted(world)
    reopened(world, one)
    assert "与台账不符" in world.client("vera").get(f"/duties/{one}").text
    assert world.client(who).post(f"/duties/{one}/corrections/drop").status_code == 303
    assert given.duty(world, one).correction is None


def test_a_unit_sees_for_whom_its_own_report_waits(world: World) -> None:
    requirement_id = by_level(
        world,
        targets={"scope": "subtree", "levels": ["village", "township"]},
        waits_below="block",
        quorum_kind="percent",
        quorum="50",
    )
    own, first = (given.duty_id(world, requirement_id, unit) for unit in ("T1", "V11"))
    browser = world.client("tom")
    assert "下级 2 个单位中须有 1 个通过审核，现在 0 个，还差 1 个" in browser.get(f"/duties/{own}").text
    refused = browser.post(f"/duties/{own}/submit", data={"answer.done": "已汇总"})
    assert refused.status_code == 409
    assert "东一村、东二村" in refused.text
    given.handed_in(world, first)
    with world.as_("tom") as scope:
        operations.accept(scope, duty_id=first)
    assert "可以上报" in browser.get(f"/duties/{own}").text
    assert "逐级审核" in world.client("cora").get(f"/requirements/{requirement_id}").text


def test_a_return_by_remarks_alone_names_their_fields(world: World) -> None:
    one = given.duty_id(world, given.issued(world))
    given.handed_in(world, one)
    with world.as_("tom") as scope:
        operations.return_for_correction(scope, duty_id=one, remarks=[Remark("checks", "是不是 123？")])
    vera = world.client("vera")
    assert "检查次数：是不是 123？" in vera.get(f"/duties/{one}").text
    with world.as_system() as scope:
        told = scope.session.scalars(owned(scope, Effect).where(Effect.subject_id == one)).all()
    assert any("检查次数：是不是 123？" in str(row.params) for row in told if row.template.startswith("退回修改"))
