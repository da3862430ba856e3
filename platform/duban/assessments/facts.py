"""
Asking the lower features what happened: the only place that knows where a fact of a scheme comes from.

Every count names the records behind it, so that a number on a scorecard opens the list it comes from.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from duban.assessments.rules.facts import Count, Facts, Measure
from duban.assessments.rules.scheme import Scheme
from duban.calendar.lateness import Timeliness
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.letters.queries import Owed, list_owed, list_owed_in_lines
from duban.reporting.queries import JudgedDuty, timeliness
from duban.targets.queries import Standing, standing
from duban.tree.models import Unit
from duban.tree.queries import units_by_id

Counts = dict[UUID, dict[str, Count]]


def count(scope: Scope, scheme: Scheme, *, superior: Unit, units: Iterable[UUID], year: int) -> dict[UUID, Facts]:
    """
    Count for the subordinates of one superior what a scheme asks for, as the records are now.

    Gives: facts for every unit, without marks and decisions. Costs: a few queries per source, whatever the number of units.
    """
    wanted, unit_ids = scheme.counted_facts(), list(units)
    counted: Counts = {unit_id: {} for unit_id in unit_ids}
    for codes, counter in _COUNTERS:
        if codes & set(wanted):
            for unit_id, found in counter(scope, superior, unit_ids, year).items():
                counted[unit_id] |= found
    measures = _measures(scope, scheme.measures(), units=unit_ids, year=year)
    return {
        unit_id: Facts(
            unit=str(unit_id),
            counts=tuple(counted[unit_id][code] for code in wanted),
            measures=measures[unit_id],
            absent=tuple(set(scheme.measures()) - {measure.code for measure in measures[unit_id]}),
        )
        for unit_id in unit_ids
    }


def _duties(scope: Scope, _superior: Unit, units: list[UUID], year: int) -> Counts:
    found = timeliness(scope, unit_ids=[UnitId(unit_id) for unit_id in units], year=year)
    return {unit_id: _duty_counts(found[UnitId(unit_id)].duties) for unit_id in units}


def _duty_counts(duties: Iterable[JudgedDuty]) -> dict[str, Count]:
    by_state: dict[Timeliness, list[JudgedDuty]] = defaultdict(list)
    for duty in duties:
        by_state[duty.timeliness].append(duty)
    late = by_state[Timeliness.LATE]
    judged = [duty for state, found in by_state.items() if state is not Timeliness.PENDING for duty in found]
    counts = [
        _of_duties("duties_owed", judged),
        _of_duties("duties_on_time", by_state[Timeliness.ON_TIME]),
        _of_duties("duties_late", late),
        _of_duties("duties_overdue", by_state[Timeliness.OVERDUE]),
        _of_duties("duties_missing", by_state[Timeliness.MISSING]),
        Count("late_days", Decimal(sum(duty.late_days for duty in late)), _refs(late)),
    ]
    return {each.code: each for each in counts}


def _of_duties(code: str, duties: list[JudgedDuty]) -> Count:
    return Count(code, Decimal(len(duties)), _refs(duties))


def _refs(duties: Iterable[JudgedDuty]) -> tuple[str, ...]:
    return tuple(f"duty:{duty.duty_id}" for duty in duties)


def _letters(scope: Scope, superior: Unit, units: list[UUID], year: int) -> Counts:
    """Count the letters a unit should have signed with its own subordinates, in whatever line, and has not."""
    unsigned: dict[UUID, list[Owed]] = defaultdict(list)
    known = units_by_id(scope, units)
    uppers = [known[UnitId(unit_id)] for unit_id in units if UnitId(unit_id) in known and unit_id != superior.id]
    # list_owed counts the superior's own lines, and the primary one of all below it
    for owed in [*list_owed(scope, unit=superior, year=year), *list_owed_in_lines(scope, uppers=uppers, year=year)]:
        if not owed.is_signed:
            unsigned[owed.upper.id].append(owed)
    return {
        unit_id: {
            "letters_unsigned": Count(
                "letters_unsigned", Decimal(len(unsigned[unit_id])), tuple(f"unit:{owed.lower.id}" for owed in unsigned[unit_id])
            )
        }
        for unit_id in units
    }


Counter = Callable[[Scope, Unit, list[UUID], int], Counts]
_COUNTERS: tuple[tuple[frozenset[str], Counter], ...] = (
    (
        frozenset({"duties_owed", "duties_on_time", "duties_late", "duties_overdue", "duties_missing", "late_days"}),
        _duties,
    ),
    (frozenset({"letters_unsigned"}), _letters),
)
COUNTED: frozenset[str] = frozenset().union(*(codes for codes, _ in _COUNTERS))
"""Codes of facts that can be counted from the records; a scheme that counts another is refused when opened."""


def _measures(scope: Scope, codes: tuple[str, ...], *, units: list[UUID], year: int) -> Mapping[UUID, tuple[Measure, ...]]:
    if not codes:
        return dict.fromkeys(units, ())
    found = standing(scope, unit_ids=[UnitId(unit_id) for unit_id in units], year=year)
    return {
        unit_id: tuple(
            measure
            for each in found.get(UnitId(unit_id), ())
            if each.indicator_code in codes and (measure := _measure(each)) is not None
        )
        for unit_id in units
    }


def _measure(each: Standing) -> Measure | None:
    if each.limit is None:
        return None
    # Nothing recorded against an upper limit keeps it: docs/rules/decomposition.md, section 5.
    actual = Decimal(0) if each.actual is None else each.actual
    return Measure(each.indicator_code, actual, each.limit, (f"indicator:{each.indicator_code}",))
