"""
On time, late or missing, and by how much.

Source: docs/rules/due-dates.md, "Lateness"; the worked example B of the street office.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from duban.calendar.due_dates import due_at
from duban.kernel.text import N_

DEFAULT_MISSING_AFTER_DAYS = 10
NOTHING = Decimal(0)


class Timeliness(StrEnum):
    """What the calendar says about one duty."""

    PENDING = "pending"
    OVERDUE = "overdue"
    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"


class LateModel(StrEnum):
    """Whether lateness costs once per event or by the day."""

    PER_EVENT = "per_event"
    PER_DAY = "per_day"


TIMELINESS_LABELS: dict[Timeliness, str] = {
    Timeliness.PENDING: N_("未到期"),
    Timeliness.OVERDUE: N_("逾期未报"),
    Timeliness.ON_TIME: N_("按时"),
    Timeliness.LATE: N_("迟报"),
    Timeliness.MISSING: N_("漏报"),
}

LATE_MODEL_LABELS: dict[LateModel, str] = {LateModel.PER_EVENT: N_("按次扣分"), LateModel.PER_DAY: N_("按天扣分")}


@dataclass(frozen=True)
class Verdict:
    """
    The calendar's judgement of one duty.

    Units: `late_days` are calendar days begun after the due date; 0 where it is in time or not yet due.
    """

    timeliness: Timeliness
    late_days: int = 0


@dataclass(frozen=True, kw_only=True)
class LatePenalty:
    """
    What lateness costs.

    Units: points, as positive amounts; `most` caps a late submission, so that handing in late never costs more than that.
    """

    model: LateModel
    points: Decimal
    missing_points: Decimal
    most: Decimal | None = None


def missing_from(due_on: date, missing_after_days: int, zone: ZoneInfo) -> datetime:
    """Give the first instant at which nothing handed in counts as missing: the end of the last day of grace."""
    return due_at(due_on + timedelta(days=missing_after_days), zone)


def late_days(due_on: date, submitted_at: datetime, zone: ZoneInfo) -> int:
    """Count the days begun in `zone` since `due_on` ended; 0 where it was in time."""
    return max(0, (submitted_at.astimezone(zone).date() - due_on).days)


def judge(
    *,
    due_on: date,
    submitted_at: datetime | None,
    now: datetime,
    zone: ZoneInfo,
    missing_after_days: int = DEFAULT_MISSING_AFTER_DAYS,
) -> Verdict:
    """
    Judge one duty as it stands at `now`.

    Takes: `submitted_at` of the version that counts, None where there is none.
    Gives: MISSING also for what came after the last day of grace; it does not become late by coming.
    """
    came_at = now if submitted_at is None else submitted_at
    days = late_days(due_on, came_at, zone)
    if came_at >= missing_from(due_on, missing_after_days, zone):
        return Verdict(Timeliness.MISSING, days)
    if submitted_at is None:
        return Verdict(Timeliness.OVERDUE, days) if days else Verdict(Timeliness.PENDING)
    return Verdict(Timeliness.LATE, days) if days else Verdict(Timeliness.ON_TIME)


def points_lost(verdict: Verdict, penalty: LatePenalty) -> Decimal:
    """
    Say what a verdict costs; nothing while the duty may still be met.

    Units: points, 0 or more.
    """
    if verdict.timeliness is Timeliness.MISSING:
        return penalty.missing_points
    if verdict.timeliness is not Timeliness.LATE:
        return NOTHING
    lost = penalty.points if penalty.model is LateModel.PER_EVENT else penalty.points * verdict.late_days
    return lost if penalty.most is None else min(lost, penalty.most)
