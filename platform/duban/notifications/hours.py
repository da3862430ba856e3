"""When a person's e-mail may go: quiet hours, workdays, at once or once a day. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from duban.calendar.ladders import is_worked
from duban.calendar.working_days import WorkingCalendar

ONE_DAY = timedelta(days=1)
MORNING = time(8)
MOST_DAYS = 60
"""No holiday is longer: a table that says so is wrong, and mail goes all the same."""


class Email(StrEnum):
    """How a person wants their e-mail."""

    AT_ONCE = "at_once"
    DIGEST = "digest"


@dataclass(frozen=True)
class Hours:
    """
    The tenant's hours, or a person's own.

    Takes: no mail from `quiet_from` until `quiet_to`, None for no quiet hours; on days that are not worked none at all if
           `workdays_only`. `red_exempt`: red sheets go at any hour.
    """

    email: Email = Email.AT_ONCE
    digest_at: time = MORNING
    quiet_from: time | None = None
    quiet_to: time | None = None
    workdays_only: bool = False
    red_exempt: bool = True

    @property
    def has_quiet(self) -> bool:
        """Say whether there are quiet hours."""
        return self.quiet_from is not None and self.quiet_to is not None and self.quiet_from != self.quiet_to


def hours_from_json(data: Mapping[str, Any]) -> Hours:
    """Read the tenant's hours from its catalogue; what is not there is as it always was: at once, at any hour."""
    return Hours(
        email=Email(data.get("email", Email.AT_ONCE)),
        digest_at=read_hour(data.get("digest_at")) or MORNING,
        quiet_from=read_hour(data.get("quiet_from")),
        quiet_to=read_hour(data.get("quiet_to")),
        workdays_only=bool(data.get("workdays_only", False)),
        red_exempt=bool(data.get("red_exempt", True)),
    )


def read_hour(written: object) -> time | None:
    """Read "07:30"; nothing gives nothing."""
    return time.fromisoformat(str(written)) if written else None


def say_hour(hour: time | None) -> str:
    """Write an hour as it is kept."""
    return f"{hour:%H:%M}" if hour else ""


def own_hours(tenant: Hours, *, email: str, digest_at: str, quiet_from: str, quiet_to: str, workdays_only: bool) -> Hours:
    """Lay a person's choice over the tenant's hours: workdays only is for whoever of the two wants it."""
    chosen = replace(tenant, email=Email(email), digest_at=read_hour(digest_at) or MORNING)
    if quiet_from and quiet_to:
        chosen = replace(chosen, quiet_from=read_hour(quiet_from), quiet_to=read_hour(quiet_to))
    return replace(chosen, workdays_only=workdays_only or tenant.workdays_only)


def mail_at(hours: Hours, now: datetime, *, zone: ZoneInfo, calendar: WorkingCalendar, urgent: bool = False) -> datetime:
    """Give the instant from which a message may be mailed, in UTC: `now` where nothing speaks against it."""
    if urgent and hours.red_exempt:
        return now
    local = now.astimezone(zone)
    if hours.email is Email.DIGEST:
        day = local.date() if local.time() < hours.digest_at else local.date() + ONE_DAY
        return _instant(_worked_from(day, hours, calendar), hours.digest_at, zone)
    day, clock = local.date(), local.time()
    begins: time | None = None
    if hours.has_quiet and hours.quiet_from is not None and hours.quiet_to is not None:
        begins = hours.quiet_to
        over_midnight = hours.quiet_from > hours.quiet_to
        if over_midnight and clock >= hours.quiet_from:
            day, clock = day + ONE_DAY, time()
        if (clock < hours.quiet_to) if over_midnight else (hours.quiet_from <= clock < hours.quiet_to):
            clock = hours.quiet_to
    worked = _worked_from(day, hours, calendar)
    if worked != day:
        day, clock = worked, begins or MORNING
    if (day, clock) == (local.date(), local.time()):
        return now
    return max(now, _instant(day, clock, zone))


def is_digest(hours: Hours, *, urgent: bool) -> bool:
    """Say whether a message waits for the mail of the day."""
    return hours.email is Email.DIGEST and not (urgent and hours.red_exempt)


def _worked_from(day: date, hours: Hours, calendar: WorkingCalendar) -> date:
    if not hours.workdays_only:
        return day
    first = day
    for _ in range(MOST_DAYS):
        if is_worked(day, calendar):
            return day
        day += ONE_DAY
    return first


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
