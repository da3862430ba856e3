"""A requirement that reaches into a year whose working days nobody knows yet: what is known is issued, the rest follows."""

from datetime import UTC, date, datetime

import pytest

from duban.calendar.working_days import YEARS_OF_THE_PACKAGE, YearTable
from duban.kernel.errors import NotAllowedError, NotFoundError, StaleError
from duban.kernel.scope import owned
from duban.reporting import operations, queries
from duban.reporting.errors import NobodyOwesError
from duban.reporting.later_periods import forecast_of
from duban.reporting.models import Duty
from duban.reporting.states import RequirementState
from tests.cast import World
from tests.integration.reporting import requirements as given

LAST = max(YEARS_OF_THE_PACKAGE)
NOVEMBER = datetime(LAST, 11, 20, 2, tzinfo=UTC)
JANUARY = datetime(LAST + 1, 1, 3, 2, tzinfo=UTC)
SHIFTED = {"kind": "nth_day", "every": "month", "nth": 25, "which": "same", "shift": "next_working_day"}
WINTER = {"active_from": f"{LAST}-11-01", "active_until": f"{LAST + 1}-03-31"}


def drafted(world: World, **changes: object):
    with world.as_("tom", at=NOVEMBER) as scope:
        form = given.requirement_form(given.data(**{"due": SHIFTED, **WINTER, **changes}))
        return operations.create_requirement(scope, unit_id=world.units["T1"], form=form).id


def issue(world: World, requirement_id, at=NOVEMBER) -> int:
    with world.as_("tom", at=at) as scope:
        return operations.issue(scope, requirement_id=requirement_id).created


def enter(world: World, who: str = "adam", version: int = 0, at=JANUARY) -> None:
    table = YearTable(LAST + 1, days_off=frozenset({date(LAST + 1, 1, 25)}))
    with world.as_(who, at=at) as scope:
        operations.set_working_year(scope, table=table, version=version)


def follow(world: World, at=JANUARY) -> int:
    with world.as_system(at=at) as scope:
        return operations.issue_waiting_periods(scope)


def due_days(world: World, requirement_id) -> list[date]:
    with world.as_system() as scope:
        rows = scope.session.scalars(owned(scope, Duty).where(Duty.requirement_id == requirement_id))
        return sorted({row.due_on for row in rows})


def test_issues_what_is_known_and_says_what_waits(world: World) -> None:
    requirement_id = drafted(world)
    with world.as_("tom", at=NOVEMBER) as scope:
        found = queries.preview_of(scope, queries.get_requirement(scope, requirement_id))
    assert (len(found.occurrences), len(found.later), found.later_year) == (2, 3, LAST + 1)
    assert issue(world, requirement_id) == 4
    assert all(day.year == LAST for day in due_days(world, requirement_id))
    with world.as_("tom", at=NOVEMBER) as scope:
        told = forecast_of(scope, queries.get_requirement(scope, requirement_id))
    assert [one.start.month for one in told.unknown] == [1, 2, 3]


def test_the_rest_follows_by_the_clock_once_and_those_who_hand_in_are_told(world: World) -> None:
    requirement_id = drafted(world)
    issue(world, requirement_id)
    assert follow(world) == 0
    before = due_days(world, requirement_id)
    enter(world)
    assert follow(world) == 6
    assert follow(world) == 0
    days = due_days(world, requirement_id)
    assert days[: len(before)] == before
    assert len(days) == 5
    assert days[2] > date(LAST + 1, 1, 25)
    told = [who for who, stage, _ in given.messages(world, subject_id=requirement_id) if stage.startswith("issued:")]
    assert sorted(told) == ["vera", "vic"]


def test_issuing_again_adds_them_too_and_makes_nothing_twice(world: World) -> None:
    requirement_id = drafted(world)
    assert issue(world, requirement_id) == 4
    assert issue(world, requirement_id) == 0
    enter(world)
    assert issue(world, requirement_id, at=JANUARY) == 6
    assert issue(world, requirement_id, at=JANUARY) == 0


def test_a_rule_that_needs_no_working_days_is_not_held_up(world: World) -> None:
    assert issue(world, drafted(world, due={**SHIFTED, "shift": "none"})) == 10


ALL_NEXT = {"active_from": f"{LAST + 1}-01-01"}
ONE_DAY = {"kind": "fixed", "on": f"{LAST + 1}-01-15", "shift": "next_working_day"}
TEN_WORKING_DAYS = {"kind": "after", "since": "issue", "count": 60, "unit": "working_day"}


@pytest.mark.parametrize(
    ("changes", "periods"),
    [(ALL_NEXT, 3), ({"due": ONE_DAY}, 1), ({"due": ONE_DAY, "active_until": None}, 1), ({"due": TEN_WORKING_DAYS}, 1)],
)
def test_what_waits_wholly_is_issued_all_the_same_and_follows(world: World, changes: dict[str, object], periods: int) -> None:
    requirement_id = drafted(world, **changes)
    with world.as_("tom", at=NOVEMBER) as scope:
        found = queries.preview_of(scope, queries.get_requirement(scope, requirement_id))
    assert (found.duty_count, len(found.later), found.later_year, found.may_issue) == (0, periods, LAST + 1, True)
    assert issue(world, requirement_id) == 0
    assert given.requirement(world, requirement_id).stands is RequirementState.ISSUED
    assert follow(world) == 0
    enter(world)
    assert follow(world) == 2 * periods
    assert follow(world) == 0
    assert all(day.year == LAST + 1 for day in due_days(world, requirement_id))


def test_what_waits_for_a_year_is_not_issued_to_nobody(world: World) -> None:
    with pytest.raises(NobodyOwesError):
        issue(world, drafted(world, **ALL_NEXT, targets={"scope": "children", "levels": ["county"]}))


def test_administrators_are_told_once_a_year_where_to_enter_it(world: World) -> None:
    for title in ("甲", "乙"):
        issue(world, drafted(world, **ALL_NEXT, title=title))
    told = [(who, text) for who, stage, text in given.messages(world) if stage == f"working-days:{LAST + 1}"]
    assert [who for who, _ in told] == ["adam"]
    assert "工作日历" in told[0][1]


def test_the_preview_offers_to_issue_what_waits(world: World) -> None:
    year = world.now.year + 1
    while year in YEARS_OF_THE_PACKAGE:
        year += 1
    requirement_id = given.drafted(world, due=SHIFTED, active_from=f"{year}-01-01", active_until=f"{year}-03-31")
    tom = world.client("tom")
    page = tom.get(f"/requirements/{requirement_id}/preview").text
    assert f"3 期都等 {year} 年的工作日历" in page
    assert f"下达，等 {year} 年的工作日历" in page
    version = given.requirement(world, requirement_id).version
    done = tom.post(f"/requirements/{requirement_id}/issue", data={"version": str(version)}, follow_redirects=True)
    assert done.status_code == 200
    assert "任务自动生成，届时通知报送单位" in done.text
    assert f"3 期都等 {year} 年的工作日历" in done.text


def test_what_was_withdrawn_does_not_follow(world: World) -> None:
    requirement_id = drafted(world)
    issue(world, requirement_id)
    with world.as_("tom", at=NOVEMBER) as scope:
        operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="不报了")
    enter(world)
    assert follow(world) == 0


def test_only_administrators_enter_a_year_and_not_over_each_other(world: World) -> None:
    for who in ("cora", "tom", "sara"):
        with pytest.raises((NotAllowedError, NotFoundError)):
            enter(world, who)
    enter(world)
    with pytest.raises(StaleError):
        enter(world)
    with pytest.raises(PermissionError), world.as_("cora") as scope:
        operations.issue_waiting_periods(scope)


def test_the_page_names_every_wrong_line_at_once(world: World) -> None:
    year = LAST + 1
    monday = next(date(year, 3, day) for day in range(1, 8) if date(year, 3, day).weekday() == 0)
    typed = {
        "year": str(year),
        "version": "0",
        "days_off": f"{year}-13-01\n1月1日至1月3日\n\n元旦\n{year + 1}-01-01",
        "make_up_days": f"{monday}\n2月30日",
    }
    refused = world.client("adam").post("/working-days", data=typed)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    for said in (
        f"第 1 行“{year}-13-01”",
        "第 4 行“元旦”",
        f"第 5 行：{year + 1}-01-01 不在",
        f"第 1 行：{monday} 不是周六、周日",
        "第 2 行“2月30日”",
    ):
        assert said in page, said
    assert "第 2 行“1月1日" not in page


def test_the_page_takes_stretches_and_full_width_digits(world: World) -> None:
    browser = world.client("adam")
    page = browser.get("/working-days").get_data(as_text=True)
    assert f'value="{LAST + 1}"' in page
    # the year after: other tests of this file read this tenant no more
    wrong = browser.post("/working-days", data={"year": str(LAST + 1), "days_off": "元旦", "version": "0"})
    assert wrong.status_code == 422
    assert "元旦" in wrong.get_data(as_text=True)
    typed = {"year": str(LAST + 1), "days_off": f"{LAST + 1}-01-01至{LAST + 1}-01-03\n{LAST + 1}-０５-０１", "version": "0"}
    assert browser.post("/working-days", data=typed).status_code == 303
    assert "放假 4 天" in browser.get("/working-days").get_data(as_text=True)
