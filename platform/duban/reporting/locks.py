"""
Why a unit may not fill in a duty now, and who can open it again: one rule for pages, programs and operations. Pure.

`duban.reporting.queries.locks` looks up what this asks for.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from duban.calendar.due_dates import due_on_of
from duban.calendar.words import full_date
from duban.kernel.text import N_, Text
from duban.reporting.course import is_open_to
from duban.reporting.models import Duty, Requirement
from duban.reporting.states import Act, CorrectionState, DutyState


class LockReason(StrEnum):
    """Why a duty is shut."""

    WITHDRAWN = "withdrawn"
    ARCHIVED = "archived"
    ACCEPTED = "accepted"
    UNDER_REVIEW = "under_review"
    NOT_OPEN = "not_open"
    WAITING = "waiting_below"
    CLOSED = "closed"


LOCK_LABELS: dict[LockReason, str] = {
    LockReason.WITHDRAWN: N_("已撤销"),
    LockReason.ARCHIVED: N_("年度已归档"),
    LockReason.ACCEPTED: N_("已定稿"),
    LockReason.UNDER_REVIEW: N_("正在审核"),
    LockReason.NOT_OPEN: N_("尚未开放"),
    LockReason.WAITING: N_("等下级"),
    LockReason.CLOSED: N_("已关闭"),
}


@dataclass(frozen=True)
class Lock:
    """Why, in a sentence; and in another who can open it, or that nobody can. `opens_on`: when it opens by itself."""

    reason: LockReason
    why: Text
    key: Text
    opens_on: date | None = None

    @property
    def text(self) -> Text:
        """Both sentences."""
        return Text(N_("%(why)s%(key)s"), {"why": self.why, "key": self.key})


def kept_shut_by_calendar(duty: Duty, now: datetime) -> LockReason | None:
    """Say whether what was not accepted yet is not open yet, or is closed; None where the calendar lets it be filled in."""
    if duty.accepted_version is not None:
        return None
    if duty.opens_at is not None and now < duty.opens_at:
        return LockReason.NOT_OPEN
    if duty.closes_at is not None and now >= duty.closes_at:
        return LockReason.CLOSED
    return None


def lock_for(  # noqa: PLR0911 - one answer for each reason
    duty: Duty, requirement: Requirement, *, now: datetime, zone: ZoneInfo, receiver: str, archived_at: datetime | None = None
) -> Lock | None:
    """
    Say what shuts a duty for the unit that owes it; None where it may be filled in.

    Takes: `receiver` the name of the unit that reviews it; `archived_at` when the year's results were closed, if they were.
    """
    by = {"unit": receiver}
    if duty.stands is DutyState.CANCELLED:
        why = Text(N_("任务已撤销，不用再报。理由：%(reason)s。"), {"reason": requirement.withdrawn_reason or "—"})
        return Lock(LockReason.WITHDRAWN, why, Text(N_("如仍需报送，由%(unit)s重新下达。"), by))
    if duty.accepted_version is not None and is_open_to(duty, Act.SUBMIT):
        return None  # whoever received it has asked for, or allowed, a correction
    # What fell due after the results were closed was not part of them.
    if archived_at is not None and duty.due_at <= archived_at:
        why = Text(N_("%(year)s 年度的考核已经结束，这一年的报送已归档。"), {"year": duty.reporting_year})
        return Lock(LockReason.ARCHIVED, why, Text(N_("归档后不能再改；考核结果的更正由%(unit)s办理。"), by))
    if duty.accepted_version is not None and duty.correcting is not CorrectionState.SUBMITTED:
        why = Text(N_("审核已通过，内容已定稿。"))
        return Lock(LockReason.ACCEPTED, why, Text(N_("如有错误，请联系%(unit)s办理更正。"), by))
    if duty.accepted_version is not None or duty.stands in {DutyState.SUBMITTED, DutyState.MISSING_SUBMITTED}:
        why = Text(N_("已经提交，正等待%(unit)s审核。"), by)
        return Lock(LockReason.UNDER_REVIEW, why, Text(N_("要修改，请%(unit)s退回。"), by))
    shut = kept_shut_by_calendar(duty, now)
    if shut is LockReason.NOT_OPEN and duty.opens_at is not None:
        opens = duty.opens_at.astimezone(zone).date()
        why = Text(N_("还没有开放填报，%(day)s起可以填写。"), {"day": full_date(opens)})
        return Lock(LockReason.NOT_OPEN, why, Text(N_("到时自动开放；要提前，请联系%(unit)s。"), by), opens)
    if shut is LockReason.CLOSED and duty.closes_at is not None:
        last = due_on_of(duty.closes_at, zone)
        why = Text(N_("已于%(day)s 24:00 关闭，不再接收。"), {"day": full_date(last)})
        return Lock(LockReason.CLOSED, why, Text(N_("要补报，请联系%(unit)s重新开放或变更截止日期。"), by))
    return None
