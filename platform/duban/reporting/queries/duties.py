"""Reads of single duties: everything their pages show, and the lists people work from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, func, literal, or_, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute

from duban.access import checks as access
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.tallies import Tally, counted, tallies
from duban.reporting.models import Draft, DueChange, Duty, Requirement, Submission
from duban.reporting.queries.asking_back import is_asked_back
from duban.reporting.queries.overdue import is_overdue
from duban.reporting.states import UNIT_TO_ACT, CorrectionState, DutyState
from duban.tree.models import Unit
from duban.tree.queries import units_by_id

SOON_DAYS = 7


@dataclass(frozen=True)
class DutyLine:
    """A duty with what a list says of it."""

    duty: Duty
    requirement: Requirement
    unit: Unit
    asked_back: bool = False
    """Its unit asks to have it back; told where the list asks for it."""


def get_duty(scope: Scope, duty_id: UUID, *, lock: bool = False) -> Duty:
    """
    Get a duty the actor may read.

    Raises: NotFoundError. Costs: one query.
    """
    duty = get_owned(scope, Duty, duty_id, lock=lock)
    access.require(scope, "duty", "read", duty)
    return duty


def lines_of(scope: Scope, duties: Sequence[Duty]) -> list[DutyLine]:
    """
    Give duties with their requirements and units, in the same order.

    Costs: two queries, however many; none for requirements and units this unit of work has read before.
    """
    requirements: dict[UUID, Requirement] = scope.memo.setdefault("reporting.requirements", {})
    units: dict[UUID, Unit] = scope.memo.setdefault("reporting.units", {})
    wanted = {duty.requirement_id for duty in duties} - requirements.keys()
    if wanted:
        rows = scope.session.scalars(owned(scope, Requirement).where(Requirement.id.in_(wanted)))
        requirements.update({row.id: row for row in rows})
    unread = {duty.unit_id for duty in duties} - units.keys()
    if unread:
        units.update({unit.id: unit for unit in units_by_id(scope, unread).values()})
    return [DutyLine(duty, requirements[duty.requirement_id], units[duty.unit_id]) for duty in duties]


def line_of(scope: Scope, duty: Duty) -> DutyLine:
    """Give one duty with its requirement and unit. Costs: two queries."""
    return lines_of(scope, [duty])[0]


def draft_of(scope: Scope, duty_id: UUID, *, lock: bool = False) -> Draft | None:
    """Find what was typed for a duty and not handed in."""
    statement = owned(scope, Draft).where(Draft.duty_id == duty_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return scope.session.scalars(statement).one_or_none()


def versions_of(scope: Scope, duty_id: UUID) -> Sequence[Submission]:
    """List the versions of a duty, first to last."""
    return scope.session.scalars(owned(scope, Submission).where(Submission.duty_id == duty_id).order_by(Submission.number)).all()


def get_version(scope: Scope, duty: Duty, number: int | None = None, *, lock: bool = False) -> Submission:
    """
    Get one version of a duty, the last one by default.

    Raises: NotFoundError.
    """
    statement = owned(scope, Submission).where(Submission.duty_id == duty.id, Submission.number == (number or duty.versions))
    row_id = scope.session.scalar(statement.with_only_columns(Submission.id))
    return get_owned(scope, Submission, row_id or duty.id, lock=lock)


def due_changes_of(scope: Scope, duty_id: UUID) -> Sequence[DueChange]:
    """List the decisions that moved a duty's date, first to last."""
    return scope.session.scalars(
        owned(scope, DueChange).where(DueChange.duty_id == duty_id).order_by(DueChange.due_version)
    ).all()


def open_duties(scope: Scope, *, after: str | None = None, path: str | None = None, limit: int = PAGE) -> Page[DutyLine]:
    """List what the actor's own units still have to hand in, most urgent first. Costs: three queries."""
    statement = owned(scope, Duty).where(access.readable(scope, Duty, "submission", "write"), to_hand_in())
    if path is not None:
        statement = statement.where(Duty.path == path)
    return _with_lines(scope, page_of(scope, statement, [Duty.due_at, Duty.id], after=after, limit=limit))


def handed_in(scope: Scope, *, after: str | None = None, limit: int = PAGE) -> Page[DutyLine]:
    """List what the actor's own units have handed in, latest first. Costs: three queries."""
    statement = owned(scope, Duty).where(access.readable(scope, Duty, "submission", "write"), Duty.last_submitted_at.is_not(None))
    keys = [Duty.last_submitted_at, Duty.id]
    return _with_lines(scope, page_of(scope, statement, keys, after=after, limit=limit, newest_first=True))


def awaiting_review(
    scope: Scope, *, after: str | None = None, limit: int = PAGE, only: ColumnElement[bool] | None = None
) -> Page[DutyLine]:
    """
    List what waits for review at the actor's units, longest waiting there first; never their own work, nor what they have
    handed over.

    Takes: `only` a further condition, e.g. of queries.queue. Costs: three queries.
    """
    statement = owned(scope, Duty).where(for_my_review(scope))
    if only is not None:
        statement = statement.where(only)
    return _with_lines(scope, page_of(scope, statement, [Duty.waiting_since, Duty.id], after=after, limit=limit))


def late_below(scope: Scope, *, unit_id: UUID | None = None, after: str | None = None, limit: int = PAGE) -> Page[DutyLine]:
    """
    List what is owed to the actor's unit and overdue or missing, where they may urge, longest overdue first.

    Takes: `unit_id` for one unit's. Costs: three queries.
    """
    statement = owned(scope, Duty).where(_late_to_urge(scope))
    if unit_id is not None:
        statement = statement.where(Duty.unit_id == unit_id)
    return _with_lines(scope, page_of(scope, statement, [Duty.due_at, Duty.id], after=after, limit=limit))


def late_by_unit(scope: Scope, *, limit: int) -> Sequence[tuple[Unit, int]]:
    """List the units most often late with what is owed to the actor's unit, as `late_below` has it. Costs: one query."""
    late = select(Duty.unit_id, func.count().label("n")).where(Duty.tenant_id == scope.tenant_id, _late_to_urge(scope))
    worst = late.group_by(Duty.unit_id).order_by(func.count().desc(), Duty.unit_id).limit(limit).subquery()
    statement = select(Unit, worst.c.n).join(worst, worst.c.unit_id == Unit.id).where(Unit.tenant_id == scope.tenant_id)
    return [(unit, count) for unit, count in scope.session.execute(statement.order_by(worst.c.n.desc(), Unit.path))]


def overdue_below(scope: Scope, *, after: str | None = None, limit: int = PAGE) -> Page[DutyLine]:
    """List everything overdue or missing below the actor's units, whomever it is owed to: for leaders. Costs: three queries."""
    statement = owned(scope, Duty).where(_overdue_below(scope))
    return _with_lines(scope, page_of(scope, statement, [Duty.due_at, Duty.id], after=after, limit=limit))


def counts(scope: Scope) -> dict[str, int]:
    """Count the work lists, as `work_tallies` names them. Costs: one query, kept for the unit of work; none after the menu."""
    return counted(scope, work_tallies(scope))


def work_tallies(scope: Scope) -> Mapping[str, Tally]:
    """
    Give the numbers of the work lists, counted in one pass: `open`, of it `soon` (overdue, returned or due within a week),
    `review`, `asked` (asked_corrections), `decide` (both), `late` (late_below), `overdue` (overdue_below).
    """
    if "reporting.tallies" not in scope.memo:
        mine = and_(access.readable(scope, Duty, "submission", "write"), to_hand_in())
        soon = or_(Duty.due_on <= scope.today + timedelta(days=SOON_DAYS), Duty.correct_by.is_not(None))
        of = {
            "open": mine,
            "soon": and_(mine, soon),
            "review": for_my_review(scope),
            "asked": _asked_to_correct(scope),
            "decide": or_(for_my_review(scope), _asked_to_correct(scope)),
            "late": _late_to_urge(scope),
            "overdue": _overdue_below(scope),
        }
        asked = tallies(
            "reporting.work",
            [func.count().filter(one) for one in of.values()],
            Duty.tenant_id == scope.tenant_id,
            or_(Duty.state.in_(UNIT_TO_ACT), Duty.at_path.is_not(None), Duty.correction.is_not(None)),
            or_(mine, access.readable(scope, Duty, "duty")),
        )
        scope.memo["reporting.tallies"] = dict(zip(of, asked, strict=True))
    found: dict[str, Tally] = scope.memo["reporting.tallies"]
    return found


@dataclass(frozen=True)
class WorkLists:
    """The head of the three work lists of an officer, each in its own order."""

    open: Sequence[DutyLine]
    review: Sequence[DutyLine]
    late: Sequence[DutyLine]


def work_lists(scope: Scope, *, limit: int, owes: bool = True) -> WorkLists:
    """
    Give the first rows of what the actor owes, unless it is not shown, has to review and may urge.

    Costs: as `counts`, and one query for all of the lists, none where they are empty.
    """
    numbers, parts = counts(scope), []
    if numbers["open"] and owes:
        mine = and_(access.readable(scope, Duty, "submission", "write"), to_hand_in())
        parts.append(_headed(scope, "open", mine, (Duty.due_at,), limit))
    if numbers["review"]:
        parts.append(_headed(scope, "review", for_my_review(scope), (Duty.waiting_since,), limit))
    if numbers["late"]:
        # What can still be met first; what is missing for good comes after it.
        parts.append(_headed(scope, "late", _late_to_urge(scope), (Duty.state == DutyState.MISSING, Duty.due_at), limit))
    found: dict[str, list[DutyLine]] = {"open": [], "review": [], "late": []}
    if not parts:
        return WorkLists(**found)
    named = union_all(*parts).subquery()
    statement = (
        select(named.c.part, Duty, Requirement, Unit, and_(named.c.part == "review", is_asked_back(scope)))
        .join(named, and_(named.c.tenant_id == Duty.tenant_id, named.c.id == Duty.id))
        .join(Requirement, and_(Requirement.tenant_id == Duty.tenant_id, Requirement.id == Duty.requirement_id))
        .join(Unit, and_(Unit.tenant_id == Duty.tenant_id, Unit.id == Duty.unit_id))
        .where(Duty.tenant_id == scope.tenant_id, Requirement.tenant_id == scope.tenant_id, Unit.tenant_id == scope.tenant_id)
        .order_by(named.c.part, named.c.place)
    )
    for part, duty, requirement, unit, asked_back in scope.session.execute(statement):
        found[part].append(DutyLine(duty, requirement, unit, asked_back))
    return WorkLists(**found)


def _headed(
    scope: Scope,
    name: str,
    condition: ColumnElement[bool],
    order: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    limit: int,
) -> Select[tuple[str, UUID, UUID, int]]:
    place = func.row_number().over(order_by=[*order, Duty.id])
    return (
        select(literal(name).label("part"), Duty.tenant_id, Duty.id, place.label("place"))
        .where(Duty.tenant_id == scope.tenant_id, condition)
        .order_by(*order, Duty.id)
        .limit(limit)
    )


def status_by_unit(
    scope: Scope,
    *,
    requirement_id: UUID,
    period_code: str | None = None,
    state: DutyState | None = None,
    only: ColumnElement[bool] | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[DutyLine]:
    """List the readable duties of a requirement in the order of the tree. Costs: three queries."""
    statement = owned(scope, Duty).where(Duty.requirement_id == requirement_id, access.readable(scope, Duty, "duty"))
    if period_code is not None:
        statement = statement.where(Duty.period_code == period_code)
    if state is not None:
        statement = statement.where(Duty.state == state)
    if only is not None:
        statement = statement.where(only)
    return _with_lines(scope, page_of(scope, statement, [Duty.path, Duty.due_on, Duty.id], after=after, limit=limit))


def next_to_review(scope: Scope, duty: Duty) -> UUID | None:
    """Find the next duty in the actor's queue other than this one: the one after it, else the first. Costs: one query, or two."""
    after = _beside_in_queue(scope, duty, forward=True) if duty.waiting_since else None
    if after is not None:
        return after
    statement = select(Duty.id).where(Duty.tenant_id == scope.tenant_id, for_my_review(scope), Duty.id != duty.id)
    return scope.session.scalar(statement.order_by(Duty.waiting_since, Duty.id).limit(1))


def previous_to_review(scope: Scope, duty: Duty) -> UUID | None:
    """Find the duty before this one in the actor's queue. Costs: one query, none for one that does not wait."""
    return _beside_in_queue(scope, duty, forward=False) if duty.waiting_since else None


def _beside_in_queue(scope: Scope, duty: Duty, *, forward: bool) -> UUID | None:
    place, here = tuple_(Duty.waiting_since, Duty.id), tuple_(literal(duty.waiting_since), literal(duty.id, Uuid))
    order = [Duty.waiting_since, Duty.id] if forward else [Duty.waiting_since.desc(), Duty.id.desc()]
    statement = (
        select(Duty.id)
        .where(Duty.tenant_id == scope.tenant_id, for_my_review(scope), place > here if forward else place < here)
        .order_by(*order)
        .limit(1)
    )
    return scope.session.scalar(statement)


def to_hand_in() -> ColumnElement[bool]:
    """Say in SQL that the ball is with the unit: something is owed, or something accepted is to be corrected."""
    return or_(Duty.state.in_(UNIT_TO_ACT), Duty.correction == CorrectionState.OPEN)


def for_my_review(scope: Scope) -> ColumnElement[bool]:
    """
    Say in SQL what waits for the actor: at one of their units, not handed in by their own hand, not handed over to somebody else.

    Of one piece in a unit of work: who is one hand with them is a named part of the statement.
    """
    if "reporting.review" not in scope.memo:
        with_others = and_(Duty.reviewer_id != scope.person_id, Duty.reviewer_until >= scope.today)
        scope.memo["reporting.review"] = and_(
            Duty.at_path.is_not(None),  # in the words of the partial index
            Duty.at_path.in_(access.own_paths(scope)),
            access.readable(scope, Duty, "submission", "review"),
            access.another_hand(scope, Duty.last_submitted_by, Duty.last_submitted_at),
            with_others.is_not(True),
        )
    found: ColumnElement[bool] = scope.memo["reporting.review"]
    return found


def asked_corrections(scope: Scope) -> list[DutyLine]:
    """List the requests to correct something accepted that wait for an answer of the actor's unit. Costs: three queries."""
    statement = owned(scope, Duty).where(_asked_to_correct(scope)).order_by(Duty.changed_at, Duty.id).limit(PAGE)
    return lines_of(scope, scope.session.scalars(statement).all())


def _asked_to_correct(scope: Scope) -> ColumnElement[bool]:
    return and_(
        Duty.correction == CorrectionState.ASKED,
        Duty.to_path.in_(access.own_paths(scope)),
        access.readable(scope, Duty, "submission", "review"),
    )


def _late_to_urge(scope: Scope) -> ColumnElement[bool]:
    return and_(
        access.readable(scope, Duty, "duty", "urge"),
        Duty.to_path.in_(access.own_paths(scope)),
        is_overdue(scope),
    )


def _overdue_below(scope: Scope) -> ColumnElement[bool]:
    return and_(
        access.readable(scope, Duty, "duty"),
        Duty.path.not_in(access.own_paths(scope)),
        is_overdue(scope),
    )


def _with_lines(scope: Scope, page: Page[Duty]) -> Page[DutyLine]:
    return Page(items=lines_of(scope, page.items), next=page.next)
