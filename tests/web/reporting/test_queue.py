"""The review queue narrowed, where what waits is stuck in every list, remarks at cells of a table, the delegate's queue."""

from datetime import timedelta
from uuid import UUID

import pytest

from duban.access.models import Delegation
from duban.kernel.ids import new_id
from duban.reporting import operations, queries
from duban.reporting.queries.whereabouts import Whereabouts, whereabouts_of
from duban.reporting.states import DutyState
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_review_by_level import also, by_level

SITES = {
    "key": "sites", "label": "点位", "kind": "table",
    "columns": [{"key": "name", "label": "名称", "kind": "text"}, {"key": "found", "label": "隐患", "kind": "integer"}],
}  # fmt: skip


def waiting(world: World, title: str, unit: str = "V11", who: str = "vera", **changes: object) -> UUID:
    """Something of a village's, handed in and waiting."""
    duty_id = given.duty_id(world, by_level(world, title=title, **changes), unit)
    given.handed_in(world, duty_id, who)
    return duty_id


def titles(page: str) -> set[str]:
    return {title for title in ("消防检查", "燃气排查", "本镇自查", "迟报的事") if f">{title}</a>" in page}


class TestNarrowing:
    @pytest.fixture
    def queue(self, world: World) -> dict[str, UUID]:
        """At the township: two on their way to the county, one of the township's own asking, one late."""
        late = {"due": {"kind": "fixed", "on": "2026-03-05"}}
        asked = given.issued(world, "tom", "T1", title="本镇自查")
        own = given.duty_id(world, asked, "V12")
        given.handed_in(world, own, "vic")
        return {
            "fire": waiting(world, "消防检查"),
            "gas": waiting(world, "燃气排查", "V12", "vic"),
            "own": own,
            "late": waiting(world, "迟报的事", **late),
        }

    def test_by_task_unit_step_and_lateness(self, world: World, queue: dict[str, UUID]) -> None:
        browser = world.client("tom")
        every = {"消防检查", "燃气排查", "本镇自查", "迟报的事"}
        task = given.duty(world, queue["gas"]).requirement_id
        wanted = {
            "": every,
            f"task={task}": {"燃气排查"},
            "unit=东一": {"消防检查", "迟报的事"},
            "unit=东二": {"燃气排查", "本镇自查"},
            "step=last": {"本镇自查"},
            "step=between": every - {"本镇自查"},
            "late=late": {"迟报的事"},
            "late=in_time": every - {"迟报的事"},
            "unit=东二&step=last": {"本镇自查"},
            "unit=西一": set(),
        }
        named = {queue["fire"]: "消防检查", queue["gas"]: "燃气排查", queue["own"]: "本镇自查", queue["late"]: "迟报的事"}
        for query, found in wanted.items():
            assert titles(browser.get(f"/reviews?{query}").text) == found, query
            items = browser.get(f"/api/v1/duties?list=review&{query}").json["items"]
            assert {named[UUID(one["id"])] for one in items} == found, query
        assert browser.get("/api/v1/duties?list=late&step=last").status_code == 422
        assert browser.get("/api/v1/duties?list=review&step=x").status_code == 422
        assert "没有符合条件的材料" in browser.get("/reviews?unit=西一").text

    @pytest.mark.parametrize("query", ["task=x", "step=x", "late=maybe"])
    def test_what_is_no_value_is_not_found(self, world: World, query: str) -> None:
        assert world.client("tom").get(f"/reviews?{query}").status_code == 404

    def test_offers_only_tasks_of_which_something_waits_for_the_reader(self, world: World, queue: dict[str, UUID]) -> None:
        page = world.client("tom").get("/reviews").text
        assert "消防检查 · 1" in page
        assert "消防检查" not in world.client("tina").get("/reviews").text

    def test_stays_narrowed_after_accepting(self, world: World, queue: dict[str, UUID]) -> None:
        browser = world.client("tom")
        page = browser.get("/reviews?step=last").text
        assert 'action="/reviews/accept?step=last"' in page
        answer = browser.post("/reviews/accept?step=last", data={"item": f"{queue['own']}.1"})
        assert answer.location == "/reviews?step=last"


def test_the_queue_says_what_an_office_handed_in_for_a_unit(world: World) -> None:
    requirement_id = by_level(world, title="消防检查", superiors_may_enter=True)
    with world.as_("cora") as scope:
        operations.enter(scope, duty_id=given.duty_id(world, requirement_id), typed={"done": "排查三处"})
    given.handed_in(world, given.duty_id(world, requirement_id, "V12"), "vic")
    page = world.client("tom").get("/reviews").text
    assert page.count("望江县代报") == 1
    (row,) = (one for one in page.split("<tr>") if "望江县代报" in one)
    assert ("东一村" in row, "东二村" in row) == (True, False)
    assert "Entered by 望江县" in world.client("tom").get("/reviews?lang=en").text


class TestWhereabouts:
    def test_lists_name_the_level_the_people_and_the_next_step(self, world: World) -> None:
        mine = waiting(world, "消防检查")
        page = world.client("vera").get("/duties/done").text
        for words in ("在城东镇审核", "（唐安）", "通过后转望江县"):
            assert words in page
        requirement_id = given.duty(world, mine).requirement_id
        assert "在城东镇审核" in world.client("cora").get(f"/requirements/{requirement_id}").text
        given.accepted(world, mine, "tom")
        page = world.client("vera").get("/duties/done?lang=en").text
        for words in ("With 望江县", "(陈科)", "then final"):
            assert words in page

    def test_the_track_says_the_next_step(self, world: World) -> None:
        duty_id = given.duty_id(world, by_level(world))
        assert "东一村填好提交，再由城东镇审核。" in world.client("vera").get(f"/duties/{duty_id}").text
        given.handed_in(world, duty_id)
        page = world.client("vera").get(f"/duties/{duty_id}").text
        assert "城东镇审核（唐安），通过后转望江县。" in page
        given.accepted(world, duty_id, "tom")
        assert (
            "Next: </b>review by 望江县 (陈科); once accepted it is final."
            in world.client("vera").get(f"/duties/{duty_id}?lang=en").text
        )

    def test_many_people_are_counted_and_a_colleague_it_was_handed_to_stands_alone(self, world: World) -> None:
        for who in ("tess", "dora"):
            also(world, who, "township.officer", "T1")
        duty_id = waiting(world, "消防检查")

        def at() -> Whereabouts:
            with world.as_("vera") as scope:
                return whereabouts_of(scope, [queries.line_of(scope, queries.get_duty(scope, duty_id))])[duty_id]

        assert (len(at().people), at().more, at().following) == (2, 1, "望江县")
        with world.as_("tom") as scope:
            operations.hand_over(scope, duty_id=duty_id, receiver_id=world.people["tess"], until=scope.today)
        assert (at().people, at().more) == (("谭镇长",), 0)

    def test_an_office_that_receives_is_named(self, world: World) -> None:
        office = {"targets": {"scope": "children", "levels": ["township"]}, "receiver_id": str(world.units["D1"])}
        duty_id = given.duty_id(world, given.issued(world, "cora", "C", **office), "T1")
        given.handed_in(world, duty_id, "tom")
        page = world.client("tom").get("/duties/done").text
        for words in ("在交通局审核", "（杜通）", "通过后定稿"):
            assert words in page


def test_a_remark_at_a_cell_is_shown_at_that_cell_alone(world: World) -> None:
    duty_id = given.duty_id(world, by_level(world, fields=[SITES]))
    rows = {
        "answer.sites.0.name": "加油站",
        "answer.sites.0.found": "3",
        "answer.sites.1.name": "烟花店",
        "answer.sites.1.found": "9",
    }
    with world.as_("vera") as scope:
        operations.submit(scope, duty_id=duty_id, typed=rows)
    desk = world.client("tom")
    assert 'name="remark.sites.1.found"' in desk.get(f"/duties/{duty_id}/review").text
    desk.post(f"/duties/{duty_id}/return", data={"number": "1", "remark.sites.1.found": "与台账不符", "remark.sites.0": "缺地址"})
    assert given.duty(world, duty_id).stands is DutyState.RETURNED
    page = world.client("vera").get(f"/duties/{duty_id}").text
    cells = {name: page.index(f'id="answer.sites.{name}"') for name in ("0.name", "0.found", "1.name", "1.found")}
    cell = page.index('id="answer.sites.1.found-error"')
    assert cells["1.name"] < cell < cells["1.found"], "right above its box"
    assert "与台账不符" in page[cell : cells["1.found"]]
    row = page.index('id="answer.sites.0.name-error"')
    assert row < cells["0.name"]
    assert "缺地址" in page[row : cells["0.name"]]


def test_whom_a_reviewer_on_leave_lent_the_role_has_the_queue(world: World) -> None:
    duty_id = waiting(world, "消防检查")
    assert world.client("tess").get("/reviews").status_code == 403 or "消防检查" not in world.client("tess").get("/reviews").text
    with world.as_system() as scope:
        scope.add(
            Delegation(
                id=new_id(), giver_id=world.people["tom"], receiver_id=world.people["tess"], unit_id=world.units["T1"],
                role="township.officer", active_from=scope.today, active_to=scope.today + timedelta(days=3), reason="休假",
                created_at=scope.now,
            )
        )  # fmt: skip
    browser = world.client("tess")
    assert titles(browser.get("/reviews").text) == {"消防检查"}
    page = world.client("vera").get(f"/duties/{duty_id}")
    assert "审核中（唐安）" in page.text
    assert "代理：谭镇长" in page.text, "the filer reads who is there meanwhile"
    assert browser.post(f"/duties/{duty_id}/accept", data={"number": "1"}).status_code == 303
    with world.as_system() as scope:
        (step,) = queries.steps_of(scope, duty_id)
    assert (step.outcome, step.decider_name) == ("passed", "谭镇长")
    later = world.later(days=4)
    other = waiting(world, "燃气排查")
    with world.as_("tess", at=later) as scope:
        assert not queries.awaiting_review(scope).items
    with world.as_("tom", at=later) as scope:
        assert [line.duty.id for line in queries.awaiting_review(scope).items] == [other]


def test_a_role_lent_into_the_unit_itself_is_not_named(world: World) -> None:
    """Whoever belongs to the unit does not judge its work by a lent role, so is not told to be the one who has it."""
    duty_id = waiting(world, "消防检查")
    with world.as_system() as scope:
        scope.add(
            Delegation(
                id=new_id(), giver_id=world.people["tom"], receiver_id=world.people["vlad"], unit_id=world.units["T1"],
                role="township.officer", active_from=scope.today, active_to=scope.today + timedelta(days=3), reason="休假",
                created_at=scope.now,
            )
        )  # fmt: skip
    assert "代理：" not in world.client("vera").get(f"/duties/{duty_id}").text
