"""A version beside the one it replaces, in the reader's language."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from duban.fields.specs import FieldSpec, Kind
from duban.fields.values import Stored, as_shown, from_stored
from duban.files.models import StoredFile
from duban.kernel.text import Text
from duban.reporting.comparing import Answer, File, Mark, compare, compare_files
from duban.reporting.models import Submission
from duban.reporting.queries import Corrected
from duban.reporting.states import STEP_LABELS, StepOutcome
from duban.web.errors import translate
from duban.web.i18n import current_language


def say(spec: FieldSpec, stored: Stored) -> str:
    """Say an answer as stored; attachments are listed by themselves."""
    if spec.kind is Kind.ATTACHMENT:
        return ""
    said = as_shown(spec, from_stored(spec, stored), english=current_language() == "en")
    return {"yes": _("是"), "no": _("否")}.get(said, said) if spec.kind is Kind.YES_NO else said


def label_of(spec: FieldSpec) -> str:
    """Name a question."""
    return spec.label_en if spec.label_en and current_language() == "en" else spec.label


def compared(specs: Sequence[FieldSpec], shown: Submission | None, before: Submission | None) -> list[Answer]:
    """Lay out a version's answers beside an earlier one's; an answer under a form that has moved on since is not compared."""
    if shown is None:
        return []
    comparable = before is not None and before.form_version_id == shown.form_version_id and not before.is_nil
    return compare(specs, shown.content, before.content if before is not None and comparable else None, say)


def compared_files(now: Sequence[StoredFile], before: Sequence[StoredFile]) -> list[tuple[str, Mark]]:
    """Name what became of the attachments since an earlier version."""
    found = compare_files(*([File(one.original_name, one.digest) for one in some] for some in (now, before)))
    return [(name, mark) for name, mark in found if mark is not Mark.SAME]


def earlier_of(versions: Sequence[Submission], shown: Submission | None) -> Submission | None:
    """Choose what a version is compared with: the one accepted before it, which it corrects, else simply the one before it."""
    if shown is None:
        return None
    accepted = [one for one in versions if one.outcome == "accepted" and one.number < shown.number]
    if accepted:
        return accepted[-1]
    return next((one for one in versions if one.number == shown.number - 1), None)


def review_history(way: Any) -> list[dict[str, object]]:
    """Lay out what each level did and what was corrected, latest first, for the time line. Takes: a duty_review.Course."""
    events: list[dict[str, object]] = [
        {
            "who": step.decider_name or _("系统"),
            "what": f"{translate(Text(STEP_LABELS[StepOutcome(step.outcome)]))}{_('（第 %(n)s 版）', n=step.number)}",
            "at": step.decided_at,
            "text": "\n".join([step.reason, *(remark["text"] for remark in step.remarks)]).strip(),
            "tone": _TONES[StepOutcome(step.outcome)],
        }
        for step in way.steps
    ]
    for one in way.corrections:
        for who, what, at, text in (
            (one.asker_name, _("申请更正"), one.asked_at, one.reason),
            (
                one.decider_name,
                _("不同意更正") if one.state == "refused" else _("同意更正") if one.asked_at else _("要求更正"),
                one.decided_at,
                one.answer if one.asked_at else one.reason,
            ),
        ):
            if at is not None:
                events.append({"who": who, "what": what, "at": at, "text": text, "tone": "warn"})
    return sorted(events, key=lambda event: str(event["at"]))[::-1]


_TONES = {
    StepOutcome.PASSED: "done",
    StepOutcome.ACCEPTED: "done",
    StepOutcome.RETURNED: "warn",
    StepOutcome.GIVEN_BACK: "warn",
    StepOutcome.SKIPPED: "off",
}


def changes_of(specs: Sequence[FieldSpec], corrected: Corrected) -> list[tuple[str, str, str]]:
    """List what a correction changed: label, before, now; of tables only that they did."""
    found = compare(specs, corrected.after, corrected.before, say)
    table = (_("原表格"), _("有改动"))
    return [(label_of(one.cell.spec), *(table if one.rows else (one.cell.before, one.cell.now))) for one in found if one.changed]
