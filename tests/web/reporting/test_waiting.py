"""The pages of a unit that waits for those below it: what is missing, of whom, where it is; pressing them; choosing what to wait for."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine

from duban.reporting import operations
from tests.cast import World
from tests.conftest import NOW
from tests.integration.reporting import requirements as given
from tests.integration.reporting.chains import chain_world
from tests.integration.reporting.test_waiting_for_another import march, statistics, summary
from tests.web.reporting.test_pages import FORM


@pytest.fixture
def waiting(world: World) -> tuple[UUID, UUID, UUID]:
    """The township's summary for March, and its two villages' statistics: the first handed in, the second not."""
    waited = statistics(world)
    own = march(world, summary(world, waited), "T1")
    first, second = (march(world, waited, unit) for unit in ("V11", "V12"))
    given.handed_in(world, first)
    return own, first, second


class TestDutyPage:
    def test_says_what_is_missing_of_whom_and_where_it_is(self, world: World, waiting: tuple[UUID, UUID, UUID]) -> None:
        own, first, second = waiting
        page = world.client("tom").get(f"/duties/{own}").text
        assert "还不能上报：下级 2 个单位中须有 2 个“月度统计”通过审核，现在 0 个，还差 2 个。" in page
        missing = page[page.index('class="waits"') : page.index("</ul>", page.index('class="waits"'))]
        assert f'href="/duties/{first}"' in missing
        assert f'href="/duties/{second}"' in missing
        assert "在城东镇审核" in missing
        assert "催办没报的 1 个单位" in page

    def test_what_was_typed_comes_back_with_why_it_did_not_go_up(self, world: World, waiting: tuple[UUID, UUID, UUID]) -> None:
        own, *_ = waiting
        answer = world.client("tom").post(f"/duties/{own}/submit", data={"answer.done": "汇总三个村", "answer.checks": "7"})
        assert answer.status_code == 409
        assert "还缺：东一村、东二村。" in answer.text
        assert "汇总三个村" in answer.text
        assert 'value="7"' in answer.text

    def test_presses_those_who_have_not_handed_in(self, world: World, waiting: tuple[UUID, UUID, UUID]) -> None:
        own, _, second = waiting
        browser = world.client("tom")
        assert browser.post(f"/duties/{own}/press-below").status_code == 303
        assert "已催办 1 家单位。" in browser.get(f"/duties/{own}").text
        assert [who for who, stage, _ in given.messages(world, subject_id=second) if stage.startswith("urge:")] == ["vic"]
        given.handed_in(world, second, "vic")
        assert browser.post(f"/duties/{own}/press-below").status_code == 303
        assert "现在没有需要催办的单位。" in browser.get(f"/duties/{own}").text

    def test_a_leader_who_may_not_press_is_not_offered_to(self, world: World, waiting: tuple[UUID, UUID, UUID]) -> None:
        page = world.client("tess").get(f"/duties/{waiting[0]}").text
        assert "还不能上报" in page
        assert "催办没报的" not in page

    def test_the_own_list_says_that_it_waits(self, world: World, waiting: tuple[UUID, UUID, UUID]) -> None:
        browser = world.client("tom")
        assert "在等下级：还差 2 个单位" in browser.get("/duties").text
        assert "waits for 2 more units below" in browser.get("/duties?lang=en").text
        assert "在等下级" not in world.client("vic").get("/duties").text

    def test_the_lock_says_so_and_a_draft_may_be_written(self, world: World, waiting: tuple[UUID, UUID, UUID]) -> None:
        own, first, second = waiting
        browser = world.client("tom")
        lock = browser.get(f"/api/v1/duties/{own}/lock").json
        assert (lock["locked"], lock["reason"]) == (True, "waiting_below")
        assert "还缺：东一村、东二村。" in lock["why"]
        assert browser.post(f"/duties/{own}/draft", data={"answer.done": "先写着"}).status_code == 303
        given.handed_in(world, second, "vic")
        for duty_id in (first, second):
            given.accepted(world, duty_id, "tom")
        assert browser.get(f"/api/v1/duties/{own}/lock").json["locked"] is False
        assert "先写着" in browser.get(f"/duties/{own}").text

    def test_in_english(self, world: World, waiting: tuple[UUID, UUID, UUID]) -> None:
        page = world.client("tom").get(f"/duties/{waiting[0]}?lang=en").text
        assert "2 of the 2 units below must have had “月度统计” accepted; 0 have, 2 more to come" in page

    def test_programs_read_the_same(self, world: World, waiting: tuple[UUID, UUID, UUID]) -> None:
        own, *_ = waiting
        browser = world.client("tom")
        below = browser.get(f"/api/v1/duties/{own}/track").json["below"]
        assert (below["total"], below["passed"], below["needed"]) == (2, 0, 2)
        assert below["missing"] == ["东一村", "东二村"]
        assert browser.post(f"/api/v1/duties/{own}/press-below").json == {"count": 1}


def test_who_may_not_open_theirs_reads_names_without_links(app: Flask, engine: Engine, request: pytest.FixtureRequest) -> None:
    """A village's clerk waits for an enterprise and is nobody's superior."""
    world = chain_world(engine, "county", now=NOW, web=request)
    both = {"scope": "subtree", "levels": ["village", "enterprise"]}
    asked = given.issued(world, "C", "C", targets=both, waits_below="block")
    own, theirs = given.duty_id(world, asked, "V11"), given.duty_id(world, asked, "E11")
    page = world.client("V11").get(f"/duties/{own}").text
    assert "enterprise E11" in page
    assert f"/duties/{theirs}" not in page
    assert f'href="/duties/{theirs}"' in world.client("T1").get(f"/duties/{own}").text


class TestDesign:
    def test_is_chosen_on_the_requirements_page_and_said_there(self, world: World) -> None:
        waited = statistics(world)
        browser = world.client("cora")
        page = browser.get("/requirements/new")
        assert f'<option value="{waited}"' in page.text
        typed = FORM | {
            "title": "月度汇总", "targets.scope": "children", "due.kind": "nth_day", "due.every": "month", "due.nth": "25",
            "due.which": "same", "active_from": "2026-03-01", "active_until": "2026-12-31",
            "waits_below": "block", "waits_for_id": str(waited), "waits_until": "handed_in", "quorum_kind": "percent", "quorum": "80",
        }  # fmt: skip
        answer = browser.post("/requirements/new", data=typed)
        assert answer.status_code == 303, answer.text
        made = UUID(answer.location.split("/")[-2])
        found = given.requirement(world, made)
        assert (found.waits_for_id, found.waits_until, found.quorum) == (waited, "handed_in", 80)
        assert f'<option value="{waited}" selected' in browser.get(f"/requirements/{made}/edit").text
        with world.as_("cora") as scope:
            operations.issue(scope, requirement_id=made)
        assert "等下级的 80%交来“月度统计”后才能上报" in browser.get(f"/requirements/{made}").text

    def test_what_never_meets_is_said_at_the_box(self, world: World) -> None:
        waited = statistics(world)
        browser = world.client("cora")
        typed = FORM | {
            "title": "一次汇总", "targets.scope": "children", "due.kind": "fixed", "due.on": "2026-03-20", "active_from": "2026-03-01",
            "active_until": "", "waits_below": "block", "waits_for_id": str(waited),
        }  # fmt: skip
        answer = browser.post("/requirements/new", data=typed)
        assert answer.status_code == 422
        assert "那项要求没有一期落在这项的报告期里" in answer.text
        assert f'<option value="{waited}" selected' in answer.text
