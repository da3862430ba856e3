"""How far a receipt is, whether an answer came in time, and how the chain is written. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from duban.calendar.working_days import WorkingCalendar
from duban.dispatches.states import Standing, Timing
from duban.kernel.errors import InvalidInputError
from duban.kernel.text import N_, Text

LATEST_DAYS = 366 * 2
MOST_WORKING_DAYS = 250
_WRONG_COUNT = N_("工作日数应在 1 至 %(most)s 之间。")


@dataclass(frozen=True)
class Progress:
    """What has happened to a receipt; None where it has not."""

    opened_at: datetime | None = None
    signed_at: datetime | None = None
    replied_at: datetime | None = None
    ended_at: datetime | None = None
    reply_due_at: datetime | None = None

    @property
    def standing(self) -> Standing:
        """How far it is; an answer given before the end stays an answer."""
        if self.ended_at is not None:
            return Standing.ENDED
        if self.replied_at is not None:
            return Standing.REPLIED
        if self.signed_at is not None:
            return Standing.SIGNED
        return Standing.DELIVERED if self.opened_at is None else Standing.OPENED

    def timing(self, now: datetime) -> Timing:
        """How the answer stands to its day; `reply_due_at` is the first instant too late."""
        if self.reply_due_at is None:
            return Timing.NONE_WANTED
        if self.replied_at is not None:
            return Timing.IN_TIME if self.replied_at < self.reply_due_at else Timing.LATE
        return Timing.PENDING if now < self.reply_due_at else Timing.OVERDUE


def label(of: UUID) -> str:
    """Give what a dispatch or a receipt is called in a trail."""
    return f"{of.hex}."


def ids_of(trail: str) -> list[UUID]:
    """Read a trail: dispatch, receipt, dispatch, receipt, … from the first sender on."""
    return [UUID(part) for part in trail.split(".") if part]


def dispatches_of(trail: str) -> list[UUID]:
    """Give the dispatches a trail leads through, the first sender's first."""
    return ids_of(trail)[::2]


def reply_day(*, sent_on: date, by: date | None, working_days: int | None, calendar: WorkingCalendar) -> date | None:
    """
    Give the last day for an answer: the day named, or so many working days after the day of sending (which is not counted).

    Gives:  None where neither is given: no answer is asked for.
    Raises: InvalidInputError for both, a day gone by or too far, a count out of range; UnknownYearError.
    Source: Civil Code art. 201 for the counting.
    """
    if by is not None and working_days is not None:
        raise InvalidInputError(fields={"reply_days": [Text(N_("回复日期和工作日数只填一项。"))]})
    if working_days is not None:
        if not 1 <= working_days <= MOST_WORKING_DAYS:
            raise InvalidInputError(fields={"reply_days": [Text(_WRONG_COUNT, {"most": MOST_WORKING_DAYS})]})
        return calendar.after(sent_on, working_days)
    if by is None:
        return None
    if by < sent_on:
        raise InvalidInputError(fields={"reply_by": [Text(N_("回复日期不能早于今天。"))]})
    if by > sent_on + timedelta(days=LATEST_DAYS):
        raise InvalidInputError(fields={"reply_by": [Text(N_("回复日期太远，请检查年份。"))]})
    return by
