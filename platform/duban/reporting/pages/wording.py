"""What several pages of this feature say: answers, history, rules and states in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from duban.calendar.due_dates import Occurrence
from duban.calendar.due_rules import BEFORE_LABELS, DAY_UNIT_LABELS, SHIFT_LABELS, SIDE_LABELS, WHICH_LABELS, DueRule
from duban.calendar.lateness import LATE_MODEL_LABELS, TIMELINESS_LABELS, Timeliness
from duban.calendar.periods import EVERY_LABELS, RECURRING
from duban.calendar.rule_words import rule_in_words
from duban.calendar.words import short_date, submitted_late
from duban.fields.specs import FieldSpec, Kind
from duban.fields.values import as_shown, from_stored
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.reporting.forms import TARGET_LABELS
from duban.reporting.models import DueChange, Duty, Requirement, Submission
from duban.reporting.states import (
    DUTY_LABELS,
    DUTY_LOOKS,
    PRECONDITION_LABELS,
    REQUIREMENT_LABELS,
    REQUIREMENT_LOOKS,
    DutyState,
    Outcome,
)
from duban.tenancy.kinds_in_force import structure
from duban.web.errors import translate
from duban.web.filters import day_week, days_left, same_page
from duban.web.i18n import current_language
from duban.web.requests import current_scope

KIND_LABELS: dict[Kind, str] = {
    Kind.TEXT: N_("一行文字"),
    Kind.LONG_TEXT: N_("多行文字"),
    Kind.INTEGER: N_("整数"),
    Kind.DECIMAL: N_("小数"),
    Kind.DATE: N_("日期"),
    Kind.CHOICE: N_("单选"),
    Kind.YES_NO: N_("是或否"),
}
TIMELINESS_LOOKS: dict[Timeliness, tuple[str, str]] = {
    Timeliness.PENDING: ("clock", "off"),
    Timeliness.OVERDUE: ("alert-circle", "late"),
    Timeliness.ON_TIME: ("circle-check", "done"),
    Timeliness.LATE: ("clock-exclamation", "warn"),
    Timeliness.MISSING: ("circle-x", "late"),
}


def words_for_templates() -> dict[str, object]:
    """Give every template of this feature its labels and functions."""
    return {
        "DUTY_LABELS": DUTY_LABELS,
        "DUTY_LOOKS": DUTY_LOOKS,
        "REQUIREMENT_LABELS": REQUIREMENT_LABELS,
        "REQUIREMENT_LOOKS": REQUIREMENT_LOOKS,
        "TARGET_LABELS": TARGET_LABELS,
        "PRECONDITION_LABELS": PRECONDITION_LABELS,
        "KIND_LABELS": KIND_LABELS,
        "SIDE_LABELS": SIDE_LABELS,
        "WHICH_LABELS": WHICH_LABELS,
        "DAY_UNIT_LABELS": DAY_UNIT_LABELS,
        "BEFORE_LABELS": BEFORE_LABELS,
        "SHIFT_LABELS": SHIFT_LABELS,
        "LATE_MODEL_LABELS": LATE_MODEL_LABELS,
        "said_rule": said_rule,
        "said_timeliness": said_timeliness,
        "state_look": state_look,
        "in_words": in_words,
        "options": options,
        "choices": choices,
        "every_options": lambda: options({kind: EVERY_LABELS[kind] for kind in RECURRING}),
        "unit_options": lambda units: [(str(unit.id), unit.name) for unit in units],
        "line_options": lambda lines: [(line.code, in_words(line.name.zh, line.name.en)) for line in lines],
        "line_word": line_word,
        "period_tabs": period_tabs,
        "due_facts": lambda found: [(translate(one.period.label), day_week(one.due_on)) for one in found],
        "said_kind": said_kind,
        "option_lines": lambda row: "\n".join(option["label"] for option in row.get("options", ())),
    }


def said_rule(rule: DueRule) -> str:
    """Say a due rule as one sentence without a full stop."""
    comma: str = _("，")
    return comma.join(translate(clause) for clause in rule_in_words(rule))


def state_look(duty: Duty) -> tuple[str, str, str]:
    """Give word, icon and tone for where a duty stands; an open one whose day is over says so."""
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


def in_words(zh: str, en: str) -> str:
    """Give what an author wrote, in English where they wrote it and the reader reads it."""
    return en if en and current_language() == "en" else zh


def line_word(requirement: Requirement) -> str:
    """Name the line a requirement works in."""
    known = {line.code: line.name for line in structure(current_scope()).lines}
    name = known.get(requirement.line)
    return in_words(name.zh, name.en) if name else requirement.line


def said_kind(row: Mapping[str, Any]) -> str:
    """Sum up a question of the form builder: its kind, unit, and whether it must be answered."""
    words = [_(KIND_LABELS[Kind(row["kind"])]) if row.get("kind") in set(Kind) else "", row.get("unit", "")]
    words.append(_("必填") if row.get("required") else "")
    return " · ".join(word for word in words if word)


def period_tabs(found: Sequence[Occurrence], chosen: str | None) -> list[tuple[str, str, bool, None]]:
    """Give a tab for each period and one for all."""
    tabs = [(translate(one.period.label), one.period.code) for one in found]
    shown = [(label, same_page(period=code, after=None), code == chosen, None) for label, code in tabs]
    return [(_("全部"), same_page(period="", after=None), chosen is None, None), *shown]


def options(labels: Mapping[Any, str]) -> list[tuple[str, str]]:
    """Give codes with their words, for a select."""
    return [(str(code.value), _(label)) for code, label in labels.items()]


def choices(spec: FieldSpec) -> list[tuple[str, str]]:
    """Give a question's options in the reader's language."""
    return [(option.code, in_words(option.label, option.label_en)) for option in spec.options]


def answer_rows(specs: Sequence[FieldSpec], shown: Submission | None, before: Submission | None = None) -> list[dict[str, Any]]:
    """Lay out the answers of a version beside those of the one before; a changed answer is marked."""
    rows = []
    for spec in specs:
        now, earlier = _said(spec, shown), _said(spec, before)
        rows.append(
            {
                "spec": spec,
                "label": in_words(spec.label, spec.label_en),
                "now": now,
                "before": earlier,
                "changed": before is not None and now != earlier,
            }
        )
    return rows


def history(scope: Scope, versions: Sequence[Submission], due_changes: Sequence[DueChange]) -> Sequence[Mapping[str, object]]:
    """Lay out what happened to a duty, latest first, as the time line of the interface kit wants it."""
    events: list[dict[str, object]] = []
    for version in versions:
        what = _("提交零报告（第 %(n)s 次）", n=version.number) if version.is_nil else _("第 %(n)s 次提交", n=version.number)
        events.append(
            {"who": version.submitter_name, "what": what, "at": version.submitted_at, "text": version.note, "tone": "todo"}
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
    events += [
        {
            "who": change.decider_name,
            "what": _(
                "截止日期由 %(before)s 变更为 %(after)s",
                before=translate(short_date(change.before_on, scope.today)),
                after=translate(short_date(change.after_on, scope.today)),
            ),
            "at": change.decided_at,
            "text": change.reason,
            "tone": "warn",
        }
        for change in due_changes
    ]
    return sorted(events, key=lambda event: str(event["at"]))[::-1]


def _said(spec: FieldSpec, version: Submission | None) -> str:
    if version is None or version.is_nil:
        return ""
    said = as_shown(spec, from_stored(spec, version.content.get(spec.key)), english=current_language() == "en")
    return {"yes": _("是"), "no": _("否")}.get(said, said) if spec.kind is Kind.YES_NO else said
