"""Reads of single duties: everything their pages show, and the lists people work from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from duban.access import checks as access
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope, get_owned, owned
from duban.reporting.models import Draft, DueChange, Duty, Requirement, Submission
from duban.reporting.states import TO_REVIEW, UNIT_TO_ACT, DutyState
from duban.tree.models import Unit
from duban.tree.queries import units_by_id

SOON_DAYS = 7


@dataclass(frozen=True)
class DutyLine:
    """A duty with what a list says of it."""

    duty: Duty
    requirement: Requirement
    unit: Unit


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
    statement = owned(scope, Duty).where(access.readable(scope, Duty, "submission", "write"), Duty.state.in_(UNIT_TO_ACT))
    if path is not None:
        statement = statement.where(Duty.path == path)
    return _with_lines(scope, page_of(scope, statement, [Duty.due_at, Duty.id], after=after, limit=limit))


def handed_in(scope: Scope, *, after: str | None = None, limit: int = PAGE) -> Page[DutyLine]:
    """List what the actor's own units have handed in, latest first. Costs: three queries."""
    statement = owned(scope, Duty).where(access.readable(scope, Duty, "submission", "write"), Duty.last_submitted_at.is_not(None))
    keys = [Duty.last_submitted_at, Duty.id]
    return _with_lines(scope, page_of(scope, statement, keys, after=after, limit=limit, newest_first=True))


def awaiting_review(scope: Scope, *, after: str | None = None, limit: int = PAGE) -> Page[DutyLine]:
    """
    List what was handed in to the actor's unit and waits for review, longest waiting first; never their own work.

    Costs: three queries.
    """
    statement = owned(scope, Duty).where(_for_my_review(scope))
    return _with_lines(scope, page_of(scope, statement, [Duty.last_submitted_at, Duty.id], after=after, limit=limit))


def late_below(scope: Scope, *, after: str | None = None, limit: int = PAGE) -> Page[DutyLine]:
    """
    List what is owed to the actor's unit and overdue or missing, where they may urge, longest overdue first.

    Costs: three queries.
    """
    statement = owned(scope, Duty).where(_late_to_urge(scope))
    return _with_lines(scope, page_of(scope, statement, [Duty.due_at, Duty.id], after=after, limit=limit))


def overdue_below(scope: Scope, *, after: str | None = None, limit: int = PAGE) -> Page[DutyLine]:
    """List everything overdue or missing below the actor's units, whomever it is owed to: for leaders. Costs: three queries."""
    below = access.readable(scope, Duty, "duty")
    homes = access.own_paths(scope)
    statement = owned(scope, Duty).where(below, Duty.path.not_in(homes), Duty.state.in_(UNIT_TO_ACT), Duty.due_at <= scope.now)
    return _with_lines(scope, page_of(scope, statement, [Duty.due_at, Duty.id], after=after, limit=limit))


def counts(scope: Scope) -> dict[str, int]:
    """
    Count the work lists: `open`, of it `soon` (overdue, returned or due within a week), `review`, `late`.

    Costs: one query, kept for the unit of work.
    """
    if "reporting.counts" not in scope.memo:
        mine = and_(access.readable(scope, Duty, "submission", "write"), Duty.state.in_(UNIT_TO_ACT))
        soon = or_(Duty.due_on <= scope.today + timedelta(days=SOON_DAYS), Duty.correct_by.is_not(None))
        row = scope.session.execute(
            select(
                func.count().filter(mine),
                func.count().filter(and_(mine, soon)),
                func.count().filter(_for_my_review(scope)),
                func.count().filter(_late_to_urge(scope)),
            ).where(
                Duty.tenant_id == scope.tenant_id,
                Duty.state.in_((*UNIT_TO_ACT, *TO_REVIEW)),
                or_(mine, access.readable(scope, Duty, "duty")),
            )
        ).one()
        scope.memo["reporting.counts"] = dict(zip(("open", "soon", "review", "late"), row, strict=True))
    found: dict[str, int] = scope.memo["reporting.counts"]
    return found


@dataclass(frozen=True)
class WorkLists:
    """The head of the three work lists of an officer, each in its own order."""

    open: Sequence[DutyLine]
    review: Sequence[DutyLine]
    late: Sequence[DutyLine]


def work_lists(scope: Scope, *, limit: int) -> WorkLists:
    """Give the first rows of what the actor owes, has to review and may urge. Costs: three queries for all of it."""
    mine = and_(access.readable(scope, Duty, "submission", "write"), Duty.state.in_(UNIT_TO_ACT))
    parts = (
        _headed(scope, "open", mine, (Duty.due_at,), limit),
        _headed(scope, "review", _for_my_review(scope), (Duty.last_submitted_at,), limit),
        # What can still be met first; what is missing for good comes after it.
        _headed(scope, "late", _late_to_urge(scope), (Duty.state == DutyState.MISSING, Duty.due_at), limit),
    )
    named = union_all(*parts).subquery()
    statement = (
        select(named.c.part, Duty)
        .join(named, and_(named.c.tenant_id == Duty.tenant_id, named.c.id == Duty.id))
        .where(Duty.tenant_id == scope.tenant_id)
        .order_by(named.c.part, named.c.place)
    )
    rows = [(part, duty) for part, duty in scope.session.execute(statement)]
    lines = lines_of(scope, [duty for _, duty in rows])
    return WorkLists(
        **{
            name: [line for (part, _), line in zip(rows, lines, strict=True) if part == name]
            for name in ("open", "review", "late")
        }
    )


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
    after: str | None = None,
    limit: int = PAGE,
) -> Page[DutyLine]:
    """List the readable duties of a requirement in the order of the tree. Costs: three queries."""
    statement = owned(scope, Duty).where(Duty.requirement_id == requirement_id, access.readable(scope, Duty, "duty"))
    if period_code is not None:
        statement = statement.where(Duty.period_code == period_code)
    if state is not None:
        statement = statement.where(Duty.state == state)
    return _with_lines(scope, page_of(scope, statement, [Duty.path, Duty.due_on, Duty.id], after=after, limit=limit))


def next_to_review(scope: Scope, duty: Duty) -> UUID | None:
    """Find the next duty in the actor's queue other than this one. Costs: one query."""
    statement = (
        select(Duty.id)
        .where(Duty.tenant_id == scope.tenant_id, _for_my_review(scope), Duty.id != duty.id)
        .order_by(Duty.last_submitted_at, Duty.id)
        .limit(1)
    )
    return scope.session.scalar(statement)


def _for_my_review(scope: Scope) -> ColumnElement[bool]:
    return and_(
        access.readable(scope, Duty, "submission", "review"),
        Duty.to_path.in_(access.own_paths(scope)),
        Duty.state.in_(TO_REVIEW),
        Duty.accepted_at.is_(None),
        Duty.last_submitted_by.is_distinct_from(scope.actor.person_id),
    )


def _late_to_urge(scope: Scope) -> ColumnElement[bool]:
    return and_(
        access.readable(scope, Duty, "duty", "urge"),
        Duty.to_path.in_(access.own_paths(scope)),
        Duty.state.in_(UNIT_TO_ACT),
        Duty.due_at <= scope.now,
    )


def _with_lines(scope: Scope, page: Page[Duty]) -> Page[DutyLine]:
    return Page(items=lines_of(scope, page.items), next=page.next)
