"""A later day asked for several duties at once, and the year for programs."""

from datetime import timedelta
from uuid import UUID, uuid4

from duban.kernel.scope import owned
from duban.reporting.models import Extension
from tests.cast import World
from tests.integration.reporting import requirements as given


def wishes(world: World) -> dict[UUID, Extension]:
    with world.as_system() as scope:
        return {one.duty_id: one for one in scope.session.scalars(owned(scope, Extension))}


def two(world: World) -> list[UUID]:
    return [given.duty_id(world, given.issued(world, title=title, due={"kind": "fixed", "on": on})) for title, on in (("甲", "2026-03-20"), ("乙", "2026-04-02"))]  # fmt: skip


class TestOnThePage:
    def test_each_is_asked_from_its_own_day_and_decided_together(self, world: World) -> None:
        first, second = two(world)
        vera = world.client("vera")
        assert "一次为多项申请延期" in vera.get("/duties").text
        page = vera.get(f"/extensions/ask?duty={first}").text
        assert page.count('name="duty"') == 2
        form = {"duty": [str(first), str(second)], "days": "5", "reason": "连日暴雨", "progress": "一半"}
        done = vera.post("/extensions/ask", data=form, follow_redirects=True)
        assert "已提交 2 份延期申请" in done.text
        asked = wishes(world)
        assert {duty: one.wanted_on - one.due_on for duty, one in asked.items()} == dict.fromkeys(
            (first, second), timedelta(days=5)
        )
        assert (
            "另有 2 项已在等待答复" in vera.get("/extensions/ask").text
            or "现在没有可以申请延期的任务" in vera.get("/extensions/ask").text
        )
        answer = {"extension": [str(one.id) for one in asked.values()], "decision": "grant"}
        world.client("tom").post("/extensions/decide", data=answer)
        assert [str(given.duty(world, duty).due_on) for duty in (first, second)] == ["2026-03-25", "2026-04-07"]

    def test_what_is_refused_is_named_and_costs_the_others_nothing(self, world: World) -> None:
        first, second = two(world)
        with world.client("vera") as vera:
            form = {"duty": [str(first), str(second)], "wanted_on": "2026-03-28", "reason": "连日暴雨"}
            told = vera.post("/extensions/ask", data=form, follow_redirects=True).text
        assert "已提交 1 份延期申请" in told
        assert "乙：请选择比现在的截止日期" in told
        assert set(wishes(world)) == {first}

    def test_a_form_not_filled_in_keeps_what_was_typed(self, world: World) -> None:
        first, _second = two(world)
        vera = world.client("vera")
        for form, words in (
            ({"days": "3", "reason": "雨"}, "请先勾选要延期的任务"), ({"duty": str(first), "days": "3"}, "请写明为什么需要延期"),
            ({"duty": str(first), "reason": "写好的理由"}, "日期和天数请填一个"), ({"duty": str(first), "days": "0", "reason": "写好的理由"}, "请填写 1 到"),
            ({"duty": str(first), "wanted_on": "2026-02-30", "reason": "写好的理由"}, "请填写日期"),
            ({"duty": str(first), "days": "3", "wanted_on": "2026-03-28", "reason": "写好的理由"}, "日期和天数请填一个"),
        ):  # fmt: skip
            answer = vera.post("/extensions/ask", data=form)
            assert (answer.status_code, words in answer.text) == (422, True), form
            assert form.get("reason", "") in answer.text
        assert wishes(world) == {}
        assert vera.post("/extensions/ask", data={"duty": "x", "days": "3", "reason": "雨"}).status_code == 404


class TestForPrograms:
    def test_each_by_itself(self, world: World) -> None:
        first, second = two(world)
        foreign = given.duty_id(world, given.issued(world), "V12")
        body = {"duty_ids": [str(one) for one in (first, second, foreign, uuid4())], "days": 3, "reason": "连日暴雨"}
        answer = world.client("vera").post("/api/v1/extensions", json=body)
        assert answer.status_code == 200, answer.text
        assert {one["duty_id"] for one in answer.json["asked"]} == {str(first), str(second)}
        assert [one["id"] for one in answer.json["refused"]] == body["duty_ids"][2:]
        assert world.client("vera").post("/api/v1/extensions", json=body | {"days": 0}).status_code == 422
        assert world.client("vera").post("/api/v1/extensions", json=body | {"wanted_on": "2026-03-28"}).status_code == 422

    def test_the_year(self, world: World) -> None:
        two(world)
        mine = world.client("vera").get("/api/v1/calendar/duties?year=2026").json
        assert [one["due_on"] for one in mine["items"]] == ["2026-03-20", "2026-04-02"]
        assert (mine["year"], mine["cut_off"]) == (2026, False)
        of_unit = world.client("tom").get(f"/api/v1/calendar/duties?year=2026&unit={world.units['V11']}").json
        assert [one["id"] for one in of_unit["items"]] == [one["id"] for one in mine["items"]]
        assert world.client("vic").get(f"/api/v1/calendar/duties?unit={world.units['V11']}").status_code == 404
        sums = world.client("tom").get("/api/v1/calendar/requirements?year=2026").json["items"]
        assert [(one["title"], one["total"], one["accepted"]) for one in sums] == [("甲", 2, 0), ("乙", 2, 0)]
        assert world.client("tom").get("/api/v1/calendar/requirements?year=12").status_code == 422
