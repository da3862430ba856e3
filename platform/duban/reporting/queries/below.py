"""How far the subordinates of a unit are with what its own submission may have to wait for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, literal, not_, or_, select

from duban.access import checks as access
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.text import N_, Authored, Text
from duban.reporting.levels import Quorum
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.duties import DutyLine, lines_of
from duban.reporting.states import (
    UNIT_TO_ACT,
    DutyState,
    QuorumKind,
    RequirementState,
    ReviewMode,
    WaitsBelow,
    WaitsUntil,
)
from duban.tree import paths
from duban.tree.lines import CHILD, DEEP, superiors_in, token
from duban.tree.models import Unit

MOST_MISSING = 100
MOST_WAITABLE = 300


@dataclass(frozen=True)
class Below:
    """
    `passed` of `total` subordinates have what the waiting unit needs. `missing` holds of each of the others what it owes first,
    in the order of the tree; no more than MOST_MISSING of them. `of` is the requirement waited for, `other` if it is another.
    """

    total: int
    passed: int
    needed: int
    missing: Sequence[DutyLine]
    blocks: bool
    of: Requirement
    other: bool = False
    until: WaitsUntil = WaitsUntil.PASSED

    @property
    def is_met(self) -> bool:
        """Whether the unit's own submission may go up."""
        return self.passed >= self.needed

    @property
    def what(self) -> Text:
        """Say what each of them must have done, after “have”."""
        return what_of(self.of if self.other else None, self.until)

    @property
    def still(self) -> int:
        """How many more it takes."""
        return max(0, self.needed - self.passed)

    @property
    def owing(self) -> list[DutyLine]:
        """Those of the missing that have something to hand in; the others wait for somebody's review."""
        return [line for line in self.missing if line.duty.stands in UNIT_TO_ACT]

    @property
    def missing_count(self) -> int:
        """How many have not passed, also those not listed."""
        return self.total - self.passed


def what_of(other: Requirement | None, until: WaitsUntil) -> Text:
    """Say what those below must have done, under another requirement than the waiting one if given; in English after “have”."""
    title = {"title": Authored(other.title, english=other.title_en) if other else ""}
    if until is WaitsUntil.HANDED_IN:
        return Text(N_("交来“%(title)s”"), title) if other else Text(N_("交上来"))
    return Text(N_("“%(title)s”通过审核"), title) if other else Text(N_("通过审核"))


def quorum_of(requirement: Requirement) -> Quorum:
    """Read whether, and for how many, a unit's own submission waits."""
    kind, until = QuorumKind(requirement.quorum_kind), WaitsUntil(requirement.waits_until)
    return Quorum(WaitsBelow(requirement.waits_below), kind, requirement.quorum, until)


def below_of(scope: Scope, duty: Duty, requirement: Requirement) -> Below | None:
    """
    Say how far the units below are with what this duty waits for; None where it waits for nobody.

    Under the same requirement these are the nearest units below that owe the same for the same period; under another one all
    below that owe it for periods inside the duty's own, each with all it owes. One has passed once it is accepted, or is under
    review above the unit that waits, which has accepted it then; where handing in is enough, once it was handed in.
    Costs: up to five queries, however many units; none where the requirement does not wait.
    """
    quorum = quorum_of(requirement)
    if quorum.waits is WaitsBelow.NO:
        return None
    other = requirement.waits_for_id is not None
    waited = get_owned(scope, Requirement, requirement.waits_for_id) if requirement.waits_for_id else requirement
    for near in _places(duty, waited, nearest=not other):
        found = _counted(scope, duty, waited, near, quorum.until)
        if found is not None:
            total, passed, missing = found
            blocks = quorum.waits is WaitsBelow.BLOCK
            return Below(total, passed, quorum.needed(total), missing, blocks, waited, other, quorum.until)
    return None


def _counted(
    scope: Scope, duty: Duty, waited: Requirement, near: ColumnElement[bool], until: WaitsUntil
) -> tuple[int, int, Sequence[DutyLine]] | None:
    """Count the units and those that have passed, and find the first thing each of the others owes."""
    passed = _handed_in() if until is WaitsUntil.HANDED_IN else _has_passed(duty, waited)
    first_due = func.row_number().over(partition_by=Duty.unit_id, order_by=[passed, Duty.due_at, Duty.id])
    rows = (
        select(Duty.id, Duty.path, passed.label("passed"), first_due.label("place")).where(_owed(duty, waited), near).subquery()
    )
    # what a unit owes first is something that has not passed, if there is any
    units = select(rows).where(rows.c.place == 1).subquery()
    total, done = scope.session.execute(select(func.count(), func.count().filter(units.c.passed)).select_from(units)).one()
    if not total:
        return None
    wanted = select(units.c.id).where(not_(units.c.passed)).order_by(units.c.path).limit(MOST_MISSING)
    duties = (
        scope.session.scalars(owned(scope, Duty).where(Duty.id.in_(wanted)).order_by(Duty.path)).all() if done < total else ()
    )
    return total, done, lines_of(scope, duties)


def _owed(duty: Duty, waited: Requirement) -> ColumnElement[bool]:
    same = waited.id == duty.requirement_id
    inside = and_(Duty.period_start >= duty.period_start, Duty.period_end <= duty.period_end)
    return and_(
        Duty.tenant_id == duty.tenant_id,
        Duty.requirement_id == waited.id,
        Duty.period_code == duty.period_code if same else inside,
        Duty.state != DutyState.CANCELLED,
        Duty.id != duty.id,
    )


def _places(duty: Duty, waited: Requirement, *, nearest: bool) -> list[ColumnElement[bool]]:
    """
    Say where those stand that are waited for; of several conditions the first that finds anybody counts.

    The nearest are the units at the smallest depth that owe; in a second line those directly below, else others.
    """
    if duty.work_line is not None:
        words = [token(duty.work_line, distance, duty.unit_id) for distance in (CHILD, DEEP)]
        wanted = [[word] for word in words] if nearest else [words]
        return [and_(Duty.lines != [], Duty.lines.overlap(some)) for some in wanted]
    inside = and_(Duty.path > duty.path, Duty.path < paths.upper_bound(duty.path))
    if not nearest:
        return [inside]
    depth = select(func.min(Duty.depth)).where(_owed(duty, waited), inside).scalar_subquery()
    return [and_(inside, Duty.depth == depth)]


def _handed_in() -> ColumnElement[bool]:
    return or_(Duty.at_path.is_not(None), Duty.accepted_version.is_not(None))


def _has_passed(waiting: Duty, waited: Requirement) -> ColumnElement[bool]:
    """Say in SQL that a version was accepted for good, or at the level of the unit that waits, as levels.chain_of has them."""
    accepted = Duty.accepted_version.is_not(None)
    if ReviewMode(waited.review_mode) is ReviewMode.ONE_STEP:
        return accepted
    at_place = func.array_position(Duty.review_chain, Duty.at_path)
    by_chain = at_place > func.array_position(Duty.review_chain, waiting.path)
    by_path = and_(Duty.at_path.in_(paths.ancestors(waiting.path)), Duty.at_path != waiting.path)
    above = case((Duty.review_chain.is_(None), by_path), else_=by_chain)
    return or_(accepted, and_(Duty.at_path.is_not(None), func.coalesce(above, literal(value=False))))


def waiting_above(scope: Scope, duty: Duty, requirement: Requirement) -> Sequence[DutyLine]:
    """
    List the duties of units above this one that are still to be handed in and wait for it, under the same requirement or
    another. Costs: one query; three more where anybody waits.
    """
    above: ColumnElement[bool] = Duty.path.in_(paths.ancestors(duty.path))
    if duty.work_line is not None:
        named = superiors_in(duty.lines).items()
        above = and_(
            Duty.unit_id.in_([unit for unit, (line, _) in named if line == duty.work_line]), Duty.work_line == duty.work_line
        )
    same = and_(Requirement.id == requirement.id, Requirement.waits_for_id.is_(None))
    statement = (
        select(Duty)
        .join(Requirement, and_(Requirement.tenant_id == Duty.tenant_id, Requirement.id == Duty.requirement_id))
        .where(
            Duty.tenant_id == scope.tenant_id,
            Requirement.tenant_id == scope.tenant_id,
            Requirement.waits_below != WaitsBelow.NO,
            or_(same, Requirement.waits_for_id == requirement.id),
            above,
            Duty.period_start <= duty.period_start,
            Duty.period_end >= duty.period_end,
            Duty.state.in_(UNIT_TO_ACT),
        )
    )
    return lines_of(scope, scope.session.scalars(statement.order_by(Duty.path, Duty.id)).all())


def waitable(scope: Scope, unit: Unit) -> Sequence[Requirement]:
    """List what a requirement of a unit may wait for: what it and those above it have issued, newest first; in every line."""
    statement = owned(scope, Requirement).where(
        Requirement.state == RequirementState.ISSUED,
        Requirement.path.in_([unit.path, *paths.ancestors(unit.path)]),
        access.readable(scope, Requirement, "requirement"),
    )
    return scope.session.scalars(statement.order_by(Requirement.issued_at.desc(), Requirement.id).limit(MOST_WAITABLE)).all()


def periods_of(scope: Scope, requirement_id: UUID) -> set[tuple[date, date]]:
    """Give the periods, first and last day, something issued is owed for. Costs: one query."""
    statement = select(Duty.period_start, Duty.period_end).where(
        Duty.tenant_id == scope.tenant_id, Duty.requirement_id == requirement_id, Duty.state != DutyState.CANCELLED
    )
    return {(start, end) for start, end in scope.session.execute(statement.distinct())}
