"""
Random trees with duties, made straight in the tables, and an independent way to add them up: by walking parents, never paths, with
`duban.fields.totals` over Python values. What SQL adds up is held against it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from duban.access.models import RoleGrant
from duban.fields.quantities import NOT_APPLICABLE, Qualifier, Quantity, Value
from duban.fields.shapes import FieldSpec, Kind, Operator, Option, RollUp
from duban.fields.totals import total_of
from duban.fields.values import to_stored
from duban.identity.models import Person
from duban.kernel.ids import PersonId, new_id
from duban.kernel.scope import Scope
from duban.reporting.adding import Counting, Measure, Rule, default_roll_up
from duban.reporting.models import Duty, Requirement, Submission
from duban.tree.models import Placement, Unit
from duban.tree.paths import label
from tests.cast import World

PERIODS = (("2026-01", date(2026, 1, 1), date(2026, 1, 31)), ("2026-02", date(2026, 2, 1), date(2026, 2, 28)))
MOVED_ON = date(2026, 2, 1)
CHOICES = (Option("a", "甲"), Option("b", "乙"))
FORM = (
    FieldSpec("found", "发现", Kind.INTEGER, unit="处"),
    FieldSpec("closed", "整改", Kind.INTEGER, qualifiers=True, na_allowed=True),
    FieldSpec("spent", "平均投入", Kind.DECIMAL, qualifiers=True, na_allowed=True, places=3, roll_up=RollUp(Operator.MEAN)),
    FieldSpec("grade", "得分", Kind.DECIMAL, qualifiers=True, roll_up=RollUp(Operator.WEIGHTED_MEAN, weight="closed")),
    FieldSpec("least", "最少", Kind.DECIMAL, qualifiers=True, na_allowed=True, roll_up=RollUp(Operator.MIN)),
    FieldSpec("most", "最多", Kind.INTEGER, qualifiers=True, roll_up=RollUp(Operator.MAX)),
    FieldSpec("stock", "期末企业数", Kind.INTEGER, roll_up=RollUp(Operator.LAST)),
    FieldSpec("rate", "整改率", Kind.COMPUTED, formula="closed / found * 100", unit="%", places=1,
              roll_up=RollUp(Operator.RATIO, numerator="closed", denominator="found")),
    FieldSpec("met", "开会", Kind.YES_NO),
    FieldSpec("kind", "类别", Kind.CHOICE, options=CHOICES, na_allowed=True, roll_up=RollUp(Operator.COUNT, value="a")),
    FieldSpec("kinds", "门类", Kind.MULTI_CHOICE, options=CHOICES, roll_up=RollUp(Operator.COUNT, value="b")),
    FieldSpec("all_found", "辖区发现", Kind.INTEGER, qualifiers=True, from_below="x.found"),
    FieldSpec("cases", "案件", Kind.TABLE, columns=(
        FieldSpec("fine", "罚款", Kind.MONEY, qualifiers=True),
        FieldSpec("days", "天数", Kind.INTEGER, roll_up=RollUp(Operator.MAX)),
    )),
)  # fmt: skip
STATES = ("open", "submitted", "returned", "accepted", "accepted", "accepted", "missing", "missing_submitted", "cancelled")


@dataclass
class Grown:
    """A tree in two periods, with what each unit handed in. `parents`: by period, unit → parent, None at the top."""

    requirement_id: UUID
    units: list[UUID]
    parents: list[dict[UUID, UUID | None]]
    duties: list["Owed"] = field(default_factory=list)
    places: list[dict[UUID, str]] = field(default_factory=list)
    """By period, the path each unit stood at."""

    def above(self, period: int, unit: UUID) -> list[UUID]:
        """The units above, nearest first."""
        found, here = [], self.parents[period].get(unit)
        while here is not None:
            found.append(here)
            here = self.parents[period].get(here)
        return found


@dataclass
class Owed:
    """One duty as the naive calculator knows it."""

    row: Duty
    unit: UUID
    period: int
    state: str
    content: Mapping[str, Value] | None
    accepted: bool


def grow(world: World, scope: Scope, dice: Random, *, size: int, owing: float, moves: int) -> Grown:
    """Grow a tree below the county, let units move between the periods, and hand in at random."""
    county = scope.session.get_one(Unit, (scope.tenant_id, world.units["C"]))
    parents: dict[UUID, UUID | None] = {}
    made: dict[UUID, Unit] = {}
    places: list[dict[UUID, str]] = [{}, {}]
    for number in range(size):
        above = made[dice.choice(list(made))] if made and dice.random() < 0.85 else county
        unit = _unit(scope, above, f"g{number}", dice)
        made[unit.id] = unit
        parents[unit.id] = above.id
        places[0][unit.id] = unit.path
    parents[county.id] = None
    later, places[1] = _moved(scope, dice, made, dict(parents), dict(places[0]), county, moves)
    requirement = _requirement(scope, county)
    grown = Grown(requirement.id, [*made], [parents, later], places=[one | {county.id: county.path} for one in places])
    for period, _ in enumerate(PERIODS):
        for unit_id in [county.id, *made]:
            if dice.random() < owing:
                path = county.path if unit_id == county.id else places[period][unit_id]
                grown.duties.append(_owed(scope, dice, requirement, unit_id, path, county.path, period))
    scope.session.flush()
    return grown


def _unit(scope: Scope, above: Unit, name: str, dice: Random) -> Unit:
    above.children_made += 1
    unit = scope.add(
        Unit(
            id=new_id(), code=f"{name}-{new_id().hex[-10:]}", name=name, short_name=name, level=dice.choice(["township", "village"]),
            search=name, path=f"{above.path}{label(above.children_made)}.", children_made=0, position=0, parent_id=above.id,
            active_from=date(2000, 1, 1), sector="",
        )
    )  # fmt: skip
    scope.session.flush()
    scope.add(_place(unit.id, above.id, unit.path, date(2000, 1, 1)))
    return unit


def _place(unit: UUID, parent: UUID | None, path: str, since: date) -> Placement:
    return Placement(
        id=new_id(), unit_id=unit, line="territorial", parent_id=parent, path=path, is_primary=True, active_from=since
    )


def _moved(
    scope: Scope,
    dice: Random,
    made: dict[UUID, Unit],
    parents: dict[UUID, UUID | None],
    paths: dict[UUID, str],
    county: Unit,
    moves: int,
) -> tuple[dict[UUID, UUID | None], dict[UUID, str]]:
    """Move some units with all below them: new paths, the old places closed."""
    for _ in range(moves):
        who = made[dice.choice(list(made))]
        below = [unit for unit in made.values() if unit.path.startswith(who.path)]
        targets = [county, *(unit for unit in made.values() if not unit.path.startswith(who.path))]
        to = dice.choice(targets)
        if to.id == parents[who.id]:
            continue
        to.children_made += 1
        before, after = who.path, f"{to.path}{label(to.children_made)}."
        scope.session.flush()
        for unit in sorted(below, key=lambda one: len(one.path)):
            old = scope.session.query(Placement).filter_by(tenant_id=scope.tenant_id, unit_id=unit.id, active_to=None).one()
            old.active_to = max(MOVED_ON, old.active_from)
            scope.session.flush()
            unit.path = after + unit.path.removeprefix(before)
            paths[unit.id] = unit.path
            scope.add(_place(unit.id, to.id if unit is who else unit.parent_id, unit.path, MOVED_ON))
        who.parent_id = parents[who.id] = to.id
        scope.session.flush()
    return parents, paths


def _requirement(scope: Scope, county: Unit) -> Requirement:
    made = scope.add(
        Requirement(
            id=new_id(), unit_id=county.id, path=county.path, to_path=county.path, title="月报", line="territorial", targets={"scope": "subtree"},
            due_rule={"kind": "fixed", "on": "2026-03-20"}, active_from=date(2026, 1, 1), fields=[], preconditions=[], late_points=Decimal(0),
            missing_points=Decimal(0), missing_after_days=0, state="issued", created_at=scope.now,
        )
    )  # fmt: skip
    scope.session.flush()
    return made


def _owed(scope: Scope, dice: Random, requirement: Requirement, unit: UUID, path: str, to_path: str, period: int) -> Owed:
    addressee = to_path if path != to_path else None
    code, start, end = PERIODS[period]
    state = dice.choice(STATES)
    handed_in = state in {"submitted", "returned", "accepted", "missing_submitted"}
    accepted = state == "accepted" or (state == "missing_submitted" and dice.random() < 0.5)
    is_nil = handed_in and dice.random() < 0.1
    duty = scope.add(
        Duty(
            id=new_id(), requirement_id=requirement.id, unit_id=unit, path=path, to_path=addressee, period_kind="month", period_code=code,
            period_start=start, period_end=end, reporting_year=2026, due_on=end, due_at=scope.now, due_since=start, missing_at=scope.now,
            state=state, is_nil=is_nil, versions=int(handed_in), timeliness=dice.choice(["pending", "on_time", "late", "missing"]),
            accepted_at=scope.now if accepted else None, accepted_version=1 if accepted else None, changed_at=scope.now,
        )
    )  # fmt: skip
    scope.session.flush()
    content: Mapping[str, Value] | None = None
    if handed_in:
        content = {} if is_nil else answers(dice)
        scope.add(
            Submission(
                id=new_id(), duty_id=duty.id, number=1, content={key: to_stored(value) for key, value in content.items()}, is_nil=is_nil,
                submitted_at=scope.now, path=path, to_path=addressee,
            )
        )  # fmt: skip
    return Owed(duty, unit, period, state, None if is_nil else content, accepted)


def answers(dice: Random) -> dict[str, Value]:
    """Answer the form at random: zero, missing and not applicable among the answers."""
    found: dict[str, Value] = {}
    for spec in FORM:
        if spec.kind is Kind.TABLE:
            found[spec.key] = tuple({one.key: _answer(dice, one) for one in spec.columns} for _ in range(dice.randrange(4)))
        elif spec.kind is not Kind.COMPUTED:
            found[spec.key] = _answer(dice, spec)
    return found


def _answer(dice: Random, spec: FieldSpec) -> Value:
    if dice.random() < 0.2:
        return None
    if spec.na_allowed and dice.random() < 0.2:
        return NOT_APPLICABLE
    if spec.kind is Kind.YES_NO:
        return dice.random() < 0.5
    if spec.kind is Kind.CHOICE:
        return dice.choice(["a", "b"])
    if spec.kind is Kind.MULTI_CHOICE:
        return tuple(sorted(dice.sample(["a", "b"], dice.randrange(3))))
    number = Decimal(dice.choice([0, 0, 1, dice.randrange(1000)]))
    if spec.kind is not Kind.INTEGER:
        number += Decimal(dice.randrange(100)) / 100
    if spec.qualifiers and dice.random() < 0.4:
        return Quantity(number, dice.choice([one for one in Qualifier if one is not Qualifier.EXACT]))
    return int(number) if spec.kind is Kind.INTEGER else number


@dataclass(frozen=True)
class Naive:
    """What the naive calculator finds for a node or a branch."""

    expected: int
    counted: int
    figures: Mapping[str, Value]


def naive(
    grown: Grown, node: UUID, measures: Sequence[Measure], *, periods: Sequence[int], counting: Counting, may_read: Callable[[Duty], bool],
    branch: UUID | None = None,
) -> Naive:  # fmt: skip
    """
    Add up what lies at or below a node, walking parents; `branch` for the node's own part only.

    Takes: `may_read` of a duty, asked one by one.
    """
    within = [
        one for one in grown.duties
        if one.period in periods and one.state != "cancelled" and (one.unit == node or node in grown.above(one.period, one.unit)) and may_read(one.row)
    ]  # fmt: skip
    if branch is not None:
        within = [one for one in within if one.unit == branch]
    counted = [one for one in within if _counts(one, counting)]
    figures = {one.key: _figure(grown, one, within, counted) for one in measures}
    return Naive(len(within), len(counted), figures)


def _counts(one: Owed, counting: Counting) -> bool:
    return one.accepted or (counting is Counting.SUBMITTED and one.state in {"submitted", "missing_submitted"})


def _figure(grown: Grown, measure: Measure, within: Sequence[Owed], counted: Sequence[Owed]) -> Value:
    kept = [one for one in counted if _stands(grown, measure.rule, one, within, counted)]
    rows = [one for one in sorted(kept, key=lambda one: one.period) if one.content is not None]
    spec = measure.spec
    roll_up = spec.roll_up or default_roll_up(spec)
    spec = FieldSpec(**{**spec.__dict__, "roll_up": roll_up})
    if measure.table:
        return total_of(spec, [line for one in rows for line in one.content[measure.table]])
    if measure.operator is Operator.LAST:
        by_unit: dict[UUID, list[Mapping[str, Value]]] = {}
        for one in rows:
            by_unit.setdefault(one.unit, []).append(one.content)
        newest = [{spec.key: total_of(spec, contents)} for contents in by_unit.values()]
        return total_of(FieldSpec(**{**spec.__dict__, "roll_up": RollUp(Operator.SUM)}), newest)
    return total_of(spec, [one.content for one in rows])


def _stands(grown: Grown, rule: Rule, one: Owed, within: Sequence[Owed], counted: Sequence[Owed]) -> bool:
    if rule is Rule.PARENT:
        above = grown.above(one.period, one.unit)
        return not any(other.period == one.period and other.unit in above for other in counted)
    if rule is Rule.LOWEST:
        return not any(other.period == one.period and one.unit in grown.above(other.period, other.unit) for other in within)
    return True


def reader(world: World, scope: Scope, unit: UUID, role: str) -> PersonId:
    """Make somebody who holds a role at a unit."""
    person = PersonId(new_id())
    scope.add(Person(id=person, login=f"r{person.hex}", name="读者"))
    scope.session.flush()
    scope.add(RoleGrant(id=new_id(), person_id=person, role=role, unit_id=unit, line="territorial", active_from=date(2000, 1, 1)))
    return person


def plain(value: Any) -> Value:
    """A figure as the plainest value, so that 3 and Quantity(3) are the same."""
    if isinstance(value, Quantity) and value.qualifier is Qualifier.EXACT:
        return value.number
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
