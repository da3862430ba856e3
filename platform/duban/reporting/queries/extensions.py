"""Reads of requests for a later day: a duty's, and those that wait for the actor's decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select

from duban.access import checks as access
from duban.calendar.periods import Period, PeriodKind
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.tallies import Tally, count, tally
from duban.reporting.models import DueDecision, Duty, Extension, Requirement
from duban.reporting.queries.duties import DutyLine, lines_of
from duban.reporting.states import DutyState, ExtensionState


@dataclass(frozen=True)
class ExtensionLine:
    """A request with the duty it is about."""

    extension: Extension
    line: DutyLine


def get_extension(scope: Scope, extension_id: UUID) -> Extension:
    """Get a request whose duty the actor may read. Raises: NotFoundError."""
    extension = get_owned(scope, Extension, extension_id)
    access.require(scope, "duty", "read", get_owned(scope, Duty, extension.duty_id))
    return extension


def extensions_of(scope: Scope, duty_id: UUID) -> Sequence[Extension]:
    """List the requests made for a duty, first to last. Asks no leave: the caller has read the duty."""
    return scope.session.scalars(
        owned(scope, Extension).where(Extension.duty_id == duty_id).order_by(Extension.asked_at, Extension.id)
    ).all()


def waiting_for(scope: Scope, duty_id: UUID) -> Extension | None:
    """Find the request of a duty that waits for an answer."""
    statement = owned(scope, Extension).where(Extension.duty_id == duty_id, Extension.state == ExtensionState.ASKED)
    return scope.session.scalars(statement).one_or_none()


def waiting_of(scope: Scope, duty_ids: Sequence[UUID]) -> Mapping[UUID, Extension]:
    """Find the requests that wait, by duty. Costs: one query."""
    if not duty_ids:
        return {}
    statement = owned(scope, Extension).where(Extension.duty_id.in_(duty_ids), Extension.state == ExtensionState.ASKED)
    return {one.duty_id: one for one in scope.session.scalars(statement)}


def waiting_extensions(scope: Scope, *, after: str | None = None, limit: int = PAGE) -> Page[ExtensionLine]:
    """List the requests that wait for the actor's unit, those due first at the head. Costs: four queries."""
    statement = owned(scope, Extension).where(Extension.state == ExtensionState.ASKED, _to_decide(scope))
    page = page_of(scope, statement, [Extension.due_on, Extension.id], after=after, limit=limit)
    duties = {
        duty.id: duty
        for duty in scope.session.scalars(owned(scope, Duty).where(Duty.id.in_([one.duty_id for one in page.items])))
    }
    lines = lines_of(scope, [duties[one.duty_id] for one in page.items])
    return Page(items=[ExtensionLine(one, line) for one, line in zip(page.items, lines, strict=True)], next=page.next)


def waiting_tally(scope: Scope) -> Tally:
    """Give the number of requests that wait for the actor's unit, to be asked."""
    waiting = Extension.tenant_id == scope.tenant_id, Extension.state == ExtensionState.ASKED
    return tally("reporting.extensions", select(func.count()).select_from(Extension).where(*waiting, _to_decide(scope)))


def count_waiting(scope: Scope) -> int:
    """Count the requests that wait for the actor's unit. Costs: one query."""
    return count(scope, waiting_tally(scope))


def _to_decide(scope: Scope) -> ColumnElement[bool]:
    return (
        select(Duty.id)
        .where(
            and_(
                Duty.tenant_id == scope.tenant_id,
                Duty.id == Extension.duty_id,
                Duty.to_path.in_(access.own_paths(scope)),
                access.readable(scope, Duty, "duty", "change_due"),
            )
        )
        .exists()
    )


@dataclass(frozen=True)
class PeriodDates:
    """The dates the duties of one period have now, with how many each; several where some were granted a day of their own."""

    period: Period
    dates: Sequence[tuple[date, int]]


def period_dates(scope: Scope, requirement: Requirement) -> Sequence[PeriodDates]:
    """List a requirement's periods with the dates still to come or open, of the duties the actor may read. Costs: one query."""
    rows = scope.session.execute(
        select(Duty.period_code, Duty.period_kind, Duty.period_start, Duty.period_end, Duty.due_on, func.count())
        .where(
            Duty.tenant_id == scope.tenant_id,
            Duty.requirement_id == requirement.id,
            Duty.state != DutyState.CANCELLED,
            access.readable(scope, Duty, "duty"),
        )
        .group_by(Duty.period_code, Duty.period_kind, Duty.period_start, Duty.period_end, Duty.due_on)
        .order_by(Duty.period_end, Duty.period_code, Duty.due_on)
    )
    found: dict[str, tuple[Period, list[tuple[date, int]]]] = {}
    for code, kind, start, end, due_on, number in rows:
        period = Period(start=start, end=end, kind=PeriodKind(kind))
        found.setdefault(code, (period, []))[1].append((due_on, number))
    return [PeriodDates(period, dates) for period, dates in found.values()]


def decisions_of(scope: Scope, requirement_id: UUID) -> Sequence[DueDecision]:
    """List the decisions that moved many dates of a requirement, latest first. Asks no leave: the caller has read it."""
    return scope.session.scalars(
        owned(scope, DueDecision)
        .where(DueDecision.requirement_id == requirement_id)
        .order_by(DueDecision.decided_at.desc(), DueDecision.id)
    ).all()
