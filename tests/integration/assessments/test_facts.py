"""From real duties, indicators and letters to points: nothing here is set by hand."""

from datetime import date
from decimal import Decimal

import pytest

from duban.assessments import facts, queries
from duban.assessments.operations.opening import begin_scoring, open_assessment
from duban.assessments.rules.facts import Facts, from_json
from duban.assessments.rules.scheme_loader import load
from duban.reporting import operations as reporting
from duban.targets.operations.recording import ActualInput, record_actual
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.assessments.stage import SCHEME
from tests.integration.reporting import requirements as given
from tests.integration.targets import cast_targets as targets

JUNE = given.at("06-10")


def counted(world: World, unit: str, scheme: dict = SCHEME) -> Facts:
    with world.as_("cora", at=JUNE) as scope:
        superior = get_unit(scope, world.units["C"])
        return facts.count(scope, load(scheme), superior=superior, units=[world.units[unit]], year=2026)[world.units[unit]]


@pytest.fixture
def reported(world: World) -> dict[str, str]:
    """March in time, April late by five days, May missing; June not due yet. By period the reference of the duty."""
    for unit in ("T1", "T2"):
        given.name_contacts(world, unit, "leader_in_charge", "designated_person")
    requirement = given.issued(world, "cora", "C", due=given.MONTHLY, active_until="2026-06-30")
    refs = {}
    for period, when in (("2026-03", "03-20"), ("2026-04", "04-30")):
        duty = given.duty_id(world, requirement, "T1", period)
        given.handed_in(world, duty, "tom", when=given.at(when))
        refs[period] = f"duty:{duty}"
    refs["2026-05"] = f"duty:{given.duty_id(world, requirement, 'T1', '2026-05')}"
    with world.as_system(at=JUNE) as scope:
        reporting.sweep_missing(scope)
    return refs


class TestDuties:
    def test_are_counted_with_the_records_behind_them(self, world, reported):
        scheme = SCHEME | {
            "ties": {"policy": "break", "by": [{"fact": "duties_owed"}, {"fact": "duties_on_time"}, {"fact": "late_days"}]},
        }
        found = counted(world, "T1", scheme)

        assert {count.code: count.value for count in found.counts} == {
            "duties_late": 1, "duties_missing": 1, "duties_owed": 3, "duties_on_time": 1, "late_days": 5,
        }  # fmt: skip
        late, missing = found.count("duties_late"), found.count("duties_missing")
        assert late is not None
        assert missing is not None
        assert (late.refs, missing.refs) == ((reported["2026-04"],), (reported["2026-05"],))

    def test_of_another_unit_do_not_count(self, world, reported):
        found = counted(world, "T2")

        assert {count.code: count.value for count in found.counts} == {"duties_late": 0, "duties_missing": 3}


class TestMeasures:
    def test_come_from_the_units_share_of_the_indicator(self, world):
        targets.define(world)
        targets.split(world, {"deaths": {"T1": "1", "T2": "2"}})
        targets.issue(world)
        targets.accept(world, "tom", "T1")
        share = targets.shares(world, "tom", "T1")["deaths"][1]
        with world.as_("tom") as scope:
            typed = ActualInput(month=date(2026, 2, 1), value=Decimal(2), source="事故快报", revision=0)
            record_actual(scope, allocation_id=share.id, typed=typed)
        found = counted(world, "T1")

        assert [(each.code, each.actual, each.limit) for each in found.measures] == [("deaths", 2, 1)]
        assert [(each.actual, each.limit) for each in counted(world, "T2").measures] == [(0, 2)]

    def test_are_absent_where_no_limit_was_set(self, world):
        assert (counted(world, "T1").measures, counted(world, "T1").absent) == ((), ("deaths",))


def test_unsigned_letters_are_those_the_unit_owes_its_own_subordinates(world):
    scheme = SCHEME | {"ties": {"policy": "break", "by": [{"fact": "letters_unsigned"}]}}
    found = counted(world, "T1", scheme).count("letters_unsigned")

    assert found is not None
    assert (found.value, set(found.refs)) == (2, {f"unit:{world.units['V11']}", f"unit:{world.units['V12']}"})


def test_the_kinds_own_scheme_works_from_records_to_points(world, reported):
    with world.as_("cora", at=JUNE) as scope:
        made = open_assessment(scope, unit_id=world.units["C"], year=2026, levels=["township"], name="2026 年度考核")
        begin_scoring(scope, assessment_id=made.id)
        card = next(each for each in queries.cards_of(scope, [made.id]) if each.unit_id == world.units["T1"])
    assert card.facts is not None
    found = from_json(card.facts)

    assert {count.code: count.value for count in found.counts} == {"duties_late": Decimal(1), "duties_missing": Decimal(1)}
