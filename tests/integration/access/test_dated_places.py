"""Places in a second line that begin and end on a day: by a clock that is set, at midnight where the tenant is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from duban.access import checks as access
from duban.clock_process import Rounds
from duban.kernel.clock import SetClock
from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.runtime import Runtime
from duban.kernel.scope import owned
from duban.organisation.operations import units as organisation
from duban.organisation.tasks import PERIODIC
from duban.tree import changes
from duban.tree.models import Unit
from duban.tree.queries import get_unit
from tests.cast import World

TWELFTH = date(2026, 3, 12)
MIDNIGHT = datetime(2026, 3, 11, 16, 0, tzinfo=UTC)  # 12 March begins in Shanghai
SECOND = timedelta(seconds=1)


@pytest.fixture
def round_at(world: World, monkeypatch: pytest.MonkeyPatch):
    """Have the clock go its round in this tenant at an instant: the same functions, called as it calls them."""
    monkeypatch.setattr(changes, "_refreshed", {})
    clock = SetClock(world.now)
    runtime = Runtime(settings=None, engine=world.engine, clock=clock)  # type: ignore[arg-type]
    rounds = Rounds.__new__(Rounds)
    rounds._runtime, rounds._done_at = runtime, {}
    [task] = [one for one in PERIODIC if one.name == "organisation.lines"]

    def go(at: datetime) -> None:
        clock.at = at
        rounds._run(world.tenant, task)

    return go


def seen_by_department(world: World, at: datetime) -> set[str]:
    """The units the department's officer sees, by the list and by the decision."""
    with world.as_("dan", at=at) as scope:
        listed = {unit.code for unit in scope.session.scalars(owned(scope, Unit).where(access.readable(scope, Unit, "unit")))}
        decided = {code for code in ("E1", "E2", "E3") if access.may(scope, "unit", "read", get_unit(scope, world.units[code]))}
    assert decided == listed & {"E1", "E2", "E3"}
    return decided


def test_takes_effect_at_midnight_where_the_tenant_is(lined: World, round_at) -> None:
    with lined.as_("adam") as scope:
        organisation.place_in_line(
            scope, unit_id=lined.units["E3"], line="sector", parent_id=lined.units["D1"], active_from=TWELFTH
        )
        organisation.leave_line(scope, unit_id=lined.units["E2"], line="sector", active_to=TWELFTH)
    before = MIDNIGHT - SECOND
    round_at(before)
    assert seen_by_department(lined, before) == {"E1", "E2"}
    round_at(MIDNIGHT)  # less than the task's minute after the last round: the clock leaves it for its next
    round_at(MIDNIGHT + timedelta(minutes=1))
    assert seen_by_department(lined, MIDNIGHT + timedelta(minutes=1)) == {"E1", "E3"}


def test_a_clock_that_was_dead_catches_up_and_a_quiet_day_costs_nothing(lined: World, round_at, monkeypatch) -> None:
    with lined.as_("adam") as scope:
        organisation.place_in_line(
            scope, unit_id=lined.units["E3"], line="sector", parent_id=lined.units["D1"], active_from=TWELFTH
        )
    later = MIDNIGHT + timedelta(days=20, hours=5)
    assert seen_by_department(lined, later) == {"E1", "E2"}, "control: without the clock it does not come"
    round_at(later)
    assert seen_by_department(lined, later) == {"E1", "E2", "E3"}
    monkeypatch.setattr(changes, "hold_tree", lambda _scope: pytest.fail("refreshed twice on one day"))
    round_at(later + timedelta(minutes=2))


def test_a_plan_can_be_taken_back_and_nothing_overlaps(lined: World, round_at) -> None:
    unit, department = lined.units["E3"], lined.units["D1"]
    with lined.as_("adam") as scope:
        organisation.place_in_line(scope, unit_id=unit, line="sector", parent_id=department, active_from=TWELFTH)
        organisation.leave_line(scope, unit_id=unit, line="sector")
        organisation.leave_line(scope, unit_id=lined.units["E2"], line="sector", active_to=date(2026, 4, 1))
    for starts, refusal in ((TWELFTH, RuleBrokenError), (date(2028, 1, 1), InvalidInputError)):
        with pytest.raises(refusal), lined.as_("adam") as scope:
            organisation.place_in_line(scope, unit_id=lined.units["E2"], line="sector", parent_id=department, active_from=starts)
    with pytest.raises(InvalidInputError), lined.as_("adam") as scope:
        organisation.leave_line(scope, unit_id=lined.units["E1"], line="sector", active_to=date(2028, 1, 1))
    at = MIDNIGHT + timedelta(days=1)
    round_at(at)
    assert seen_by_department(lined, at) == {"E1", "E2"}
    page = lined.client("adam").get(f"/units/{lined.units['E2']}").text
    assert "2026年4月1日" in page


def test_what_was_made_before_stays_with_who_stood_above_then(lined: World, round_at) -> None:
    with lined.as_("adam") as scope:
        organisation.leave_line(scope, unit_id=lined.units["E2"], line="sector", active_to=TWELFTH)
    with lined.as_system() as scope:
        before = list(get_unit(scope, lined.units["E2"]).lines)
    round_at(MIDNIGHT)
    with lined.as_("dan", at=MIDNIGHT) as scope:
        unit = get_unit(scope, lined.units["E2"])
        assert not unit.lines
        assert access.may(scope, "submission", "review", access.Place(unit.path, lines=before, work_line="sector"))
        assert not access.may(scope, "submission", "review", access.Place(unit.path, lines=unit.lines, work_line="sector"))
