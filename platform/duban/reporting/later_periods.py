"""
Periods that could not be issued with the others, because the working days of their year were not known then.

They follow by themselves once the year is there: the clock looks, and so does whoever presses "issue" again.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, cast, column, func, select

from duban.audit.operations import record
from duban.calendar.due_dates import Forecast, Occurrence, forecast
from duban.calendar.working_days import WorkingCalendar
from duban.kernel.scope import Scope
from duban.reporting import telling
from duban.reporting.chains import keep_chains
from duban.reporting.making import make_duties
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.requirements import working_calendar
from duban.reporting.queries.schedule import issued_on

DECEMBER = 12


def forecast_of(scope: Scope, requirement: Requirement) -> Forecast:
    """Give the periods of a requirement, a drafted one's as if issued today."""
    day = issued_on(scope, requirement) or scope.today
    return forecast(requirement.rule, requirement.campaign, working_calendar(scope), issued_on=day)


def issue_later_periods(scope: Scope, requirement: Requirement) -> int:
    """
    Make the duties of periods that had to wait, under the leave of the caller. Gives how many.

    Costs: nothing but arithmetic where nothing falls due after the year of issuing, else one query on an index.
    """
    found = _not_made(scope, requirement)
    created = make_duties(scope, requirement, found) if found else 0
    if created:
        keep_chains(scope, requirement)
        days = [one.due_on for one in found]
        record(
            scope,
            "requirement.later-issued",
            "requirement",
            requirement.id,
            requirement.path,
            title=requirement.title,
            duties=created,
            due_on=days,
        )
        telling.of_later_periods(scope, requirement, first_due_on=min(days), periods=len(found))
    return created


def with_later_periods(scope: Scope, requirements: Iterable[Requirement]) -> set[UUID]:
    """Pick the requirements of which a period has not been issued. Costs: one query on an index, none where nothing is late."""
    calendar = working_calendar(scope)
    late = {one.id: _late_in_the_year(scope, one, calendar) for one in requirements}
    return {requirement_id for requirement_id, _code in _missing(scope, late)}


def _not_made(scope: Scope, requirement: Requirement) -> tuple[Occurrence, ...]:
    """List the periods nobody owes anything for."""
    late = _late_in_the_year(scope, requirement, working_calendar(scope))
    missing = {code for _id, code in _missing(scope, {requirement.id: late})}
    return tuple(one for one in late if one.period.code in missing)


def _late_in_the_year(scope: Scope, requirement: Requirement, calendar: WorkingCalendar) -> Sequence[Occurrence]:
    """List the periods that may have waited: years not known at the issuing come after it, a shift back reaches December."""
    day = issued_on(scope, requirement)
    if day is None:
        return ()
    after = day.replace(month=DECEMBER, day=1)
    return [one for one in forecast(requirement.rule, requirement.campaign, calendar, issued_on=day).found if one.due_on >= after]


def _missing(scope: Scope, asked: Mapping[UUID, Sequence[Occurrence]]) -> Sequence[tuple[UUID, str]]:
    """Say for which requirements' periods, by their codes, there is no duty."""
    pairs = [(requirement_id, one.period.code) for requirement_id, found in asked.items() for one in found]
    if not pairs:
        return ()
    ids, codes = (list(column) for column in zip(*pairs, strict=True))
    asked_for = func.unnest(cast(ids, ARRAY(Uuid)), cast(codes, ARRAY(Text)))
    wanted = asked_for.table_valued(column("requirement_id", Uuid), column("code", Text), name="asked").render_derived()
    made = select(Duty.id).where(
        Duty.tenant_id == scope.tenant_id, Duty.requirement_id == wanted.c.requirement_id, Duty.period_code == wanted.c.code
    )
    rows = scope.session.execute(select(wanted.c.requirement_id, wanted.c.code).where(~made.exists()))
    return [(requirement_id, code) for requirement_id, code in rows]
