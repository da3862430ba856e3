"""Reads of requirements: one, lists, who would owe what, and how far each has come."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from duban.access import checks as access
from duban.calendar.due_dates import Campaign, Occurrence, forecast
from duban.calendar.due_rules import DueRule
from duban.calendar.periods import Period
from duban.calendar.working_days import WorkingCalendar, year_table_from_json, year_tables
from duban.kernel.errors import NotFoundError
from duban.kernel.paging import PAGE, Page, at_most, page_of
from duban.kernel.scope import Scope, get_owned, owned
from duban.reporting.forms import Targets, TargetScope, targets_from_json
from duban.reporting.lines import may_issue
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.overdue import is_past_day
from duban.reporting.states import DutyState, RequirementState
from duban.tenancy.queries import catalogue
from duban.tree.lines import below_in_line
from duban.tree.models import Unit
from duban.tree.queries import is_active, within

PREVIEW_UNITS = 200


@dataclass(frozen=True)
class PreviewRow:
    """One duty that issuing would make."""

    unit: Unit
    occurrence: Occurrence


@dataclass(frozen=True)
class Preview:
    """
    What issuing would make: every period with its due date, and the units, of which `units` holds the first.

    `past` are the occurrences whose due date is already over.
    """

    occurrences: tuple[Occurrence, ...]
    units: Sequence[Unit]
    unit_count: int
    past: tuple[Occurrence, ...] = ()
    later: tuple[Period, ...] = ()
    """Periods issued once the working days of `later_year` are known."""
    later_year: int | None = None

    @property
    def may_issue(self) -> bool:
        """Whether somebody would owe something, now or once the working days are known."""
        return bool(self.unit_count and (self.occurrences or self.later))

    @property
    def duty_count(self) -> int:
        """How many duties that makes."""
        return self.unit_count * len(self.occurrences)

    def rows(self) -> Iterator[PreviewRow]:
        """Go through the duties, by unit and period."""
        for unit in self.units:
            for occurrence in self.occurrences:
                yield PreviewRow(unit, occurrence)


@dataclass
class Progress:
    """How many duties of a requirement are in which state."""

    by_state: dict[DutyState, int] = field(default_factory=dict)
    overdue: int = 0
    """Open or returned, with the due date over."""

    def add(self, state: DutyState, count: int, overdue: int) -> None:
        """Count more duties in a state."""
        self.by_state[state] = self.by_state.get(state, 0) + count
        self.overdue += overdue

    @property
    def total(self) -> int:
        """All duties that still count."""
        return sum(count for state, count in self.by_state.items() if state is not DutyState.CANCELLED)

    @property
    def accepted(self) -> int:
        """Those that are done."""
        return self.by_state.get(DutyState.ACCEPTED, 0)

    @property
    def to_review(self) -> int:
        """Those that wait for the reviewer."""
        return self.by_state.get(DutyState.SUBMITTED, 0)

    @property
    def missing(self) -> int:
        """Those missed, whatever came afterwards."""
        return self.by_state.get(DutyState.MISSING, 0) + self.by_state.get(DutyState.MISSING_SUBMITTED, 0)


def may_see(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL which requirements the actor may see: drafts only where they may issue."""
    issued = and_(Requirement.state != RequirementState.DRAFT, access.readable(scope, Requirement, "requirement"))
    return or_(issued, access.readable_in_line(scope, Requirement, "requirement", "issue"))


def get_requirement(scope: Scope, requirement_id: UUID, *, lock: bool = False) -> Requirement:
    """
    Get a requirement the actor may read; a draft only where they may issue.

    Raises: NotFoundError.
    """
    requirement = get_owned(scope, Requirement, requirement_id, lock=lock)
    if requirement.stands is not RequirementState.DRAFT:
        access.require(scope, "requirement", "read", requirement)
    elif not may_issue(scope, requirement):
        raise NotFoundError  # a 403 would tell everybody below that something is being prepared
    return requirement


def list_requirements(
    scope: Scope,
    *,
    after: str | None = None,
    issued_by: str | None = None,
    state: RequirementState | None = None,
    programme_id: UUID | None = None,
    owed_below: bool = False,
    limit: int = PAGE,
) -> Page[Requirement]:
    """
    List the requirements the actor may see, newest first; `issued_by` keeps those of the unit at that path, `owed_below` those
    of which something is owed whose answers the actor may read.
    """
    statement = owned(scope, Requirement).where(may_see(scope))
    if issued_by is not None:
        statement = statement.where(Requirement.path == issued_by)
    if state is not None:
        statement = statement.where(Requirement.state == state)
    if programme_id is not None:
        statement = statement.where(Requirement.programme_id == programme_id)
    if owed_below:
        mine = and_(Duty.tenant_id == scope.tenant_id, Duty.requirement_id == Requirement.id, Duty.state != DutyState.CANCELLED)
        statement = statement.where(exists().where(mine, access.readable(scope, Duty, "submission")))
    return page_of(scope, statement, [Requirement.id], after=after, limit=limit, newest_first=True)


def progress_of(scope: Scope, requirement_ids: Collection[UUID]) -> Mapping[UUID, Progress]:
    """Count the readable duties of each requirement by state. Costs: one query."""
    found = {requirement_id: Progress() for requirement_id in requirement_ids}
    if not found:
        return found
    rows = scope.session.execute(
        select(Duty.requirement_id, Duty.state, func.count(), func.count().filter(is_unmet(scope)))
        .where(Duty.tenant_id == scope.tenant_id, Duty.requirement_id.in_(found), access.readable(scope, Duty, "duty"))
        .group_by(Duty.requirement_id, Duty.state)
    )
    for requirement_id, state, count, overdue in rows:
        found[requirement_id].add(DutyState(state), count, overdue)
    return found


def is_unmet(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL that a duty is open or returned and overdue."""
    return and_(Duty.state.in_((DutyState.OPEN, DutyState.RETURNED)), is_past_day(scope))


def owing_units(scope: Scope, *, issuer: Unit, targets: Targets, line: str | None = None) -> Select[Unit]:
    """Select the units below `issuer` in the line (None: the primary one) that would owe, as they stand today."""
    statement = owned(scope, Unit).where(is_active(scope), Unit.id != issuer.id)
    statement = statement.where(within(issuer.path) if line is None else below_in_line(line, issuer.id))
    match targets.scope:
        case TargetScope.CHILDREN:
            direct = Unit.parent_id == issuer.id if line is None else below_in_line(line, issuer.id, directly=True)
            statement = statement.where(direct)
        case TargetScope.LISTED:
            return statement.where(Unit.id.in_(targets.unit_ids))
        case TargetScope.SUBTREE:
            pass
    return statement.where(Unit.level.in_(targets.levels)) if targets.levels else statement


def preview(
    scope: Scope,
    *,
    issuer: Unit,
    targets: Targets,
    due: DueRule,
    campaign: Campaign,
    line: str | None = None,
    limit: int = PREVIEW_UNITS,
) -> Preview:
    """
    Work out what issuing would make, making nothing.

    Raises: OpenEndedWindowError, TooManyPeriodsError. Costs: two queries.
    """
    told = forecast(due, campaign, working_calendar(scope), issued_on=scope.today)
    chosen = owing_units(scope, issuer=issuer, targets=targets, line=line)
    count = scope.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    units = scope.session.scalars(chosen.order_by(Unit.depth, Unit.position, Unit.path).limit(at_most(limit))).all()
    past = tuple(occurrence for occurrence in told.found if occurrence.due_on < scope.today)
    return Preview(told.found, units, count, past, told.unknown, told.year)


def preview_of(scope: Scope, requirement: Requirement, *, limit: int = PREVIEW_UNITS) -> Preview:
    """Work out what issuing a drafted requirement would make."""
    return preview(
        scope,
        issuer=get_owned(scope, Unit, requirement.unit_id),
        targets=targets_from_json(requirement.targets),
        due=requirement.rule,
        campaign=requirement.campaign,
        line=requirement.work_line,
        limit=limit,
    )


def working_calendar(scope: Scope) -> WorkingCalendar:
    """Give the tenant's working calendar: the package's years and the tables of its catalogue (part `calendar`)."""
    tables = catalogue(scope, "calendar").get("items", [])
    return WorkingCalendar(year_tables(year_table_from_json(table) for table in tables))


def templates(scope: Scope, *, level: str) -> Sequence[Mapping[str, object]]:
    """List what the tenant's kind offers a unit of this level to issue, as the catalogue holds it."""
    items = catalogue(scope, "requirements").get("items", [])
    return [item for item in items if level in item.get("issued_by", ())]
