"""What pages say of decisions about due dates: moved, opened again, asked for and answered; and of a requirement's times."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from flask_babel import gettext as _

from duban.calendar.due_dates import due_on_of
from duban.calendar.words import short_date
from duban.calendar.working_days import FIRST_SATURDAY_AS_WEEKDAY
from duban.kernel.scope import Scope
from duban.reporting.models import DueChange, DueDecision, Duty, Extension, Requirement
from duban.reporting.queries import working_calendar
from duban.reporting.states import DueChangeKind, ExtensionState
from duban.reporting.windows import Opens
from duban.web.errors import translate
from duban.web.filters import day_week
from duban.web.requests import current_scope


def date_event(scope: Scope, change: DueChange) -> dict[str, object]:
    """Lay out a decision about a duty's time for the time line."""
    if change.kind == DueChangeKind.REOPENED:
        what = _("重新开放到 %(day)s", day=translate(short_date(change.after_on, scope.today)))
    else:
        before = translate(short_date(change.before_on, scope.today))
        after = translate(short_date(change.after_on, scope.today))
        what = _("截止日期由 %(before)s 变更为 %(after)s", before=before, after=after)
    return {"who": change.decider_name, "what": what, "at": change.decided_at, "text": change.reason, "tone": "warn"}


def extension_events(scope: Scope, extension: Extension) -> list[dict[str, object]]:
    """Lay out a request and, but for a date that moved, which is told by itself, what became of it."""
    day = translate(short_date(extension.wanted_on, scope.today))
    asked = {
        "who": extension.asker_name,
        "what": _("申请延期到 %(day)s", day=day),
        "at": extension.asked_at,
        "text": "\n".join(part for part in (extension.reason, extension.progress) if part),
        "tone": "todo",
    }
    ends = {
        ExtensionState.REFUSED: (_("未同意延期"), "warn"),
        ExtensionState.WITHDRAWN: (_("延期申请撤回"), "off"),
        ExtensionState.LAPSED: (_("延期申请失效"), "off"),
    }
    if extension.stands not in ends:
        return [asked]
    what, tone = ends[extension.stands]
    ended = {"who": extension.decider_name, "what": what, "at": extension.decided_at, "text": extension.answer, "tone": tone}
    return [asked, ended]


def said_decisions(decisions: Sequence[DueDecision]) -> list[Mapping[str, object]]:
    """Lay out the decisions that moved many dates, for the time line."""
    return [
        {
            "who": one.decider_name,
            "what": _("%(n)s 项改到 %(day)s", n=one.duties, day=day_week(one.after_on))
            if one.after_on
            else _("%(n)s 项顺延 %(days)s 天", n=one.duties, days=one.by_days),
            "at": one.decided_at,
            "text": one.reason,
            "tone": "warn",
        }
        for one in decisions
    ]


def said_window(requirement: Requirement) -> list[tuple[str, str]]:
    """Say from when it may be filled in, what is not yet late, until when it is taken and when it is missing."""
    window = requirement.window
    opens = {
        Opens.ALWAYS: _("下达后随时"),
        Opens.BEFORE_DUE: _("截止日前 %(n)s 天起", n=window.opens_days),
        Opens.BEFORE_PERIOD_END: _("期末前 %(n)s 天起", n=window.opens_days),
    }[window.opens]
    late = _("一直受理") if window.late_until_days is None else _("截止后 %(n)s 天内受理，之后关闭", n=window.late_until_days)
    if window.late_until_days == 0:
        late = _("截止后不再受理")
    grace = [(_("宽限期"), _("%(n)s 天内不算迟报", n=window.grace_days))] if window.grace_days else []
    missing = (_("算漏报"), _("逾期 %(n)s 天", n=window.missing_after_days))
    return [(_("开放填报"), opens), *grace, (_("迟报"), late), missing]


def said_times(requirement: Requirement, duty: Duty) -> list[tuple[str, str]]:
    """Say of one duty until when it is not late and until when it is taken, where that is not the due date and for ever."""
    zone = current_scope().zone
    found = []
    if requirement.grace_days:
        found.append((_("宽限到"), day_week(duty.due_on + timedelta(days=requirement.grace_days))))
    if duty.closes_at is not None:
        found.append((_("关闭"), _("%(day)s 24:00", day=day_week(due_on_of(duty.closes_at, zone)))))
    return found


def day_marks(scope: Scope, days: Sequence[date]) -> dict[date, tuple[str, str]]:
    """Say of each day whether it is worked, as word and tone: a day off, a weekend worked in exchange, or a workday."""
    calendar, found = working_calendar(scope), {}
    for day in days:
        if not calendar.knows(day.year):
            continue
        if not calendar.is_working_day(day):
            found[day] = (_("休息日"), "warn")
        elif day.weekday() >= FIRST_SATURDAY_AS_WEEKDAY:
            found[day] = (_("调休上班"), "todo")
        else:
            found[day] = (_("工作日"), "off")
    return found
