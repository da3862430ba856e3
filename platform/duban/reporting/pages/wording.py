"""What several pages of this feature say: answers, history, rules and states in the reader's language."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from duban.audit.queries import acts_on
from duban.calendar.due_dates import Occurrence
from duban.calendar.due_rules import (
    BEFORE_LABELS,
    DAY_UNIT_LABELS,
    SHIFT_LABELS,
    SIDE_LABELS,
    SINCE_LABELS,
    SPAN_UNIT_LABELS,
    WHICH_LABELS,
    DueRule,
)
from duban.calendar.ladder_words import COLOUR_LABELS, COLOUR_LOOKS
from duban.calendar.ladders import Colour, Ladder
from duban.calendar.lateness import LATE_MODEL_LABELS, TIMELINESS_LABELS, Timeliness
from duban.calendar.periods import EVERY_LABELS, MONTHS, MONTHS_IN, RECURRING
from duban.calendar.rule_words import rule_in_words
from duban.calendar.words import full_date, submitted_late
from duban.forms.wording import in_words
from duban.kernel.scope import Scope, get_owned
from duban.reporting.adding import COUNTING_LABELS, RULE_LABELS
from duban.reporting.climbing import colour_now, ladder_of, ladder_standing
from duban.reporting.forms import TARGET_LABELS
from duban.reporting.locks import LOCK_LABELS, LockReason, kept_shut_by_calendar
from duban.reporting.models import DueChange, Duty, Extension, Requirement, Submission
from duban.reporting.pages.comparison import review_history
from duban.reporting.pages.date_wording import date_event, extension_events, said_decisions, said_times, said_window
from duban.reporting.pages.drafts import said_withdrawal
from duban.reporting.pages.submitters import said_submitter
from duban.reporting.queries.asking_back import RETURN_ASKED, returns_asked
from duban.reporting.queries.below import below_of, what_of
from duban.reporting.queries.duties import DutyLine
from duban.reporting.queries.entering import entered_by
from duban.reporting.queries.reviewing import names_of_places
from duban.reporting.queries.schedule import PeriodDates
from duban.reporting.queries.whereabouts import whereabouts_of
from duban.reporting.states import (
    DUTY_LABELS,
    DUTY_LOOKS,
    PRECONDITION_LABELS,
    QUORUM_LABELS,
    REQUIREMENT_LABELS,
    REQUIREMENT_LOOKS,
    REVIEW_MODE_LABELS,
    WAITS_BELOW_LABELS,
    WAITS_UNTIL_LABELS,
    DutyState,
    Outcome,
    QuorumKind,
    ReviewMode,
    WaitsBelow,
    WaitsUntil,
)
from duban.reporting.windows import OPENS_LABELS
from duban.tenancy.kinds_in_force import structure
from duban.web.errors import translate
from duban.web.filters import day_week, days_left, same_page
from duban.web.requests import current_scope

TIMELINESS_LOOKS: dict[Timeliness, tuple[str, str]] = {
    Timeliness.PENDING: ("clock", "off"),
    Timeliness.OVERDUE: ("alert-circle", "late"),
    Timeliness.ON_TIME: ("circle-check", "done"),
    Timeliness.LATE: ("clock-exclamation", "warn"),
    Timeliness.MISSING: ("circle-x", "late"),
}


def look_of_sheet(line: DutyLine) -> tuple[str, str, str] | None:
    """Say which colour a duty's reminders have reached; None for none. Costs: a ladder is read once in a request."""
    kept: dict[UUID, Ladder] = current_scope().memo.setdefault("reporting.ladders-read", {})

    def ladder() -> Ladder:
        if line.requirement.id not in kept:
            kept[line.requirement.id] = ladder_of(line.requirement)
        return kept[line.requirement.id]

    colour = colour_now(line.duty, ladder)
    return None if colour is Colour.NONE else (_(COLOUR_LABELS[colour]), *COLOUR_LOOKS[colour])


def words_of_rules() -> dict[str, object]:
    """Give the form of a due rule (due_box.html) its choices."""
    return {
        "SIDE_LABELS": SIDE_LABELS,
        "WHICH_LABELS": WHICH_LABELS,
        "DAY_UNIT_LABELS": DAY_UNIT_LABELS,
        "BEFORE_LABELS": BEFORE_LABELS,
        "SHIFT_LABELS": SHIFT_LABELS,
        "SPAN_UNIT_LABELS": SPAN_UNIT_LABELS,
        "SINCE_LABELS": SINCE_LABELS,
        "options": options,
        "has_months": lambda every: MONTHS_IN.get(every, 0) > 1,
        "every_options": lambda: options({kind: EVERY_LABELS[kind] for kind in RECURRING}),
        "day_lines": lambda days: days if isinstance(days, str) else "\n".join(days or ()),
    }


def words_for_templates() -> dict[str, object]:
    """Give every template of this feature its labels and functions."""
    return words_of_rules() | {
        "DUTY_LABELS": DUTY_LABELS,
        "COLOUR_LABELS": COLOUR_LABELS,
        "COLOUR_LOOKS": COLOUR_LOOKS,
        "ladder_standing": ladder_standing,
        "look_of_sheet": look_of_sheet,
        "DUTY_LOOKS": DUTY_LOOKS,
        "REQUIREMENT_LABELS": REQUIREMENT_LABELS,
        "REQUIREMENT_LOOKS": REQUIREMENT_LOOKS,
        "TARGET_LABELS": TARGET_LABELS,
        "COUNTING_LABELS": COUNTING_LABELS,
        "RULE_LABELS": RULE_LABELS,
        "PRECONDITION_LABELS": PRECONDITION_LABELS,
        "LATE_MODEL_LABELS": LATE_MODEL_LABELS,
        "REVIEW_MODE_LABELS": REVIEW_MODE_LABELS,
        "WAITS_BELOW_LABELS": WAITS_BELOW_LABELS,
        "WAITS_UNTIL_LABELS": WAITS_UNTIL_LABELS,
        "QUORUM_LABELS": QUORUM_LABELS,
        "waitable_options": waitable_options,
        "review_history": review_history,
        "said_review": said_review,
        "said_submitter": said_submitter,
        "places_of": places_of,
        "asked_back_of": lambda lines: returns_asked(current_scope(), [line.duty for line in lines]),
        "entered_by": lambda lines: entered_by(current_scope(), [line.duty for line in lines]),
        "said_withdrawal": lambda duty: said_withdrawal(current_scope(), duty),
        "still_below": still_below,
        "whereabouts_of": lambda lines: whereabouts_of(current_scope(), lines),
        "said_rule": said_rule,
        "said_timeliness": said_timeliness,
        "state_look": state_look,
        "shut_look": shut_look,
        "unit_options": lambda units: [(str(unit.id), unit.name) for unit in units],
        "line_options": lambda lines: [(line.code, in_words(line.name.zh, line.name.en)) for line in lines],
        "line_word": line_word,
        "period_tabs": period_tabs,
        "form_options": lambda forms: [(str(form.id), in_words(form.title, form.title_en)) for form in forms],
        "due_facts": due_facts,
        "OPENS_LABELS": OPENS_LABELS,
        "month_name": lambda month: _(MONTHS[month - 1]),
        "period_choices": lambda found: [(one.period.code, translate(one.period.label)) for one in found],
        "said_decisions": said_decisions,
        "said_window": said_window,
        "said_times": said_times,
    }


def due_facts(found: Sequence[Occurrence], dates: Mapping[str, PeriodDates]) -> list[tuple[str, str]]:
    """Say each period's due date, and how many units have one of their own."""
    facts = []
    for one in found:
        standing = dates.get(one.period.code)
        said = day_week(one.due_on)
        if standing and standing.others:
            said = _("%(day)s；另有 %(n)s 个单位日期不同", day=said, n=standing.others)
        facts.append((translate(one.period.label), said))
    return facts


def said_rule(rule: DueRule) -> str:
    """Say a due rule as one sentence without a full stop."""
    comma: str = _("，")
    return comma.join(translate(clause) for clause in rule_in_words(rule))


def shut_look(duty: Duty) -> tuple[str, str, str] | None:
    """Give word, icon and tone of a duty that its unit cannot fill in today: not open yet, or closed; None where it can."""
    reason = kept_shut_by_calendar(duty, current_scope().now)
    return (_(LOCK_LABELS[reason]), "lock", "late" if reason is LockReason.CLOSED else "off") if reason else None


def state_look(duty: Duty) -> tuple[str, str, str]:
    """Give word, icon and tone for where a duty stands; an open one that is not open yet, closed or overdue says so."""
    shut = shut_look(duty) if duty.stands is DutyState.OPEN else None
    if shut:
        return shut
    if duty.stands is DutyState.OPEN and days_left(duty.due_on) < 0:
        return (_(TIMELINESS_LABELS[Timeliness.OVERDUE]), *TIMELINESS_LOOKS[Timeliness.OVERDUE])
    return (_(DUTY_LABELS[duty.stands]), *DUTY_LOOKS[duty.stands])


def said_timeliness(duty: Duty) -> tuple[str, str, str] | None:
    """Give word, icon and tone for how punctual a duty was; None while nothing can be said."""
    judged = Timeliness(duty.timeliness)
    if judged is Timeliness.PENDING or duty.stands in {DutyState.CANCELLED, DutyState.RETURNED}:
        return None
    word = translate(submitted_late(duty.late_days)) if judged is Timeliness.LATE else _(TIMELINESS_LABELS[judged])
    return (word, *TIMELINESS_LOOKS[judged])


def line_word(requirement: Requirement) -> str:
    """Name the line a requirement works in."""
    known = {line.code: line.name for line in structure(current_scope()).lines}
    name = known.get(requirement.line)
    return in_words(name.zh, name.en) if name else requirement.line


def places_of(lines: Sequence[DutyLine]) -> Mapping[str, str]:
    """Name the levels at which the duties of a list wait for their review. Costs: two queries, none where none waits."""
    waiting = {line.duty.at_path for line in lines if line.duty.at_path}
    return names_of_places(current_scope(), waiting) if waiting else {}


def said_review(requirement: Requirement) -> str:
    """Say who reviews, and whether a unit's own submission waits for those below it."""
    words = [_(REVIEW_MODE_LABELS[ReviewMode(requirement.review_mode)])]
    waits = WaitsBelow(requirement.waits_below)
    if waits is not WaitsBelow.NO:
        count = {
            QuorumKind.ALL: _("全部下级"),
            QuorumKind.PERCENT: _("下级的 %(n)s%%", n=requirement.quorum),
            QuorumKind.NUMBER: _("%(n)s 个下级", n=requirement.quorum),
        }[QuorumKind(requirement.quorum_kind)]
        what = _waited_words(requirement)
        words.append(
            _("等%(count)s%(what)s后才能上报", count=count, what=what)
            if waits is WaitsBelow.BLOCK
            else _("等%(count)s%(what)s，未齐只提醒", count=count, what=what)
        )
    return str(_("；")).join(words)


def _waited_words(requirement: Requirement) -> str:
    """Say what those below must have come to."""
    other = get_owned(current_scope(), Requirement, requirement.waits_for_id) if requirement.waits_for_id else None
    return translate(what_of(other, WaitsUntil(requirement.waits_until)))


def waitable_options(found: Sequence[Requirement]) -> list[tuple[str, str]]:
    """Give the requirements one may wait for, each with how often it falls due; of the same words with its first day, too."""
    said = [f"{in_words(one.title, one.title_en)} · {said_rule(one.rule)}" for one in found]
    times = Counter(said)
    since = [_("%(day)s起", day=translate(full_date(one.active_from))) for one in found]
    return [
        (str(one.id), words if times[words] == 1 else f"{words} · {day}")
        for one, words, day in zip(found, said, since, strict=True)
    ]


def still_below(line: DutyLine) -> int:
    """Say how many more of those below a duty waits for. Costs: nothing where it waits for nobody, else up to five queries."""
    below = below_of(current_scope(), line.duty, line.requirement)
    return below.still if below else 0


def period_tabs(found: Sequence[Occurrence], chosen: str | None) -> list[tuple[str, str, bool, None]]:
    """Give a tab for each period and one for all."""
    tabs = [(translate(one.period.label), one.period.code) for one in found]
    shown = [(label, same_page(period=code, after=None), code == chosen, None) for label, code in tabs]
    return [(_("全部"), same_page(period="", after=None), chosen is None, None), *shown]


def options(labels: Mapping[Any, str]) -> list[tuple[str, str]]:
    """Give codes with their words, for a select."""
    return [(str(code.value), _(label)) for code, label in labels.items()]


def history(
    scope: Scope, versions: Sequence[Submission], due_changes: Sequence[DueChange], extensions: Sequence[Extension] = ()
) -> Sequence[Mapping[str, object]]:
    """Lay out what happened to a duty, latest first, as the time line of the interface kit wants it."""
    events: list[dict[str, object]] = []
    for version in versions:
        what = _("提交零报告（第 %(n)s 次）", n=version.number) if version.is_nil else _("第 %(n)s 次提交", n=version.number)
        events.append(
            {"who": said_submitter(version), "what": what, "at": version.submitted_at, "text": version.note, "tone": "todo"}
        )
        if version.decided is not None:
            returned = version.decided is Outcome.RETURNED
            events.append(
                {
                    "who": version.reviewer_name,
                    "what": _("退回修改") if returned else _("审核通过"),
                    "at": version.reviewed_at,
                    "text": version.reason,
                    "tone": "warn" if returned else "done",
                }
            )
    for asked in acts_on(scope, "duty", {version.duty_id for version in versions}, RETURN_ASKED) if versions else ():
        reason = str(asked.details.get("reason", ""))
        events.append({"who": asked.actor_name, "what": _("请求退回"), "at": asked.at, "text": reason, "tone": "warn"})
    events += [date_event(scope, change) for change in due_changes]
    for extension in extensions:
        events += extension_events(scope, extension)
    return sorted(events, key=lambda event: str(event["at"]))[::-1]
