"""What a typist is asked once before it is handed in: a return nothing was done about, a period that has not begun."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from duban.calendar.periods import PeriodKind
from duban.fields.forms import FormSpec
from duban.fields.specs import Kind
from duban.fields.values import to_stored
from duban.files.queries import list_of
from duban.forms.boxes import ANSWER, NOTE, known_answers
from duban.kernel.scope import Scope
from duban.reporting import queries
from duban.reporting.handing_in import SUBMISSION_FILES
from duban.reporting.models import Duty, Submission
from duban.reporting.pages.duty_review import remarks_on
from duban.reporting.pages.filling import label_of
from duban.reporting.queries.answering import DUTY_FILES, read_duty
from duban.reporting.queries.forms import Asked
from duban.reporting.remarks import ATTACHMENTS, is_answered
from duban.reporting.states import StepOutcome
from duban.web.errors import translate


def not_begun(scope: Scope, duty: Duty) -> str:
    """Ask whether a report of a period still to begin is meant; empty where the period has begun, or there is none."""
    if duty.period.kind is PeriodKind.ONCE or duty.period_start <= scope.today:
        return ""
    question: str = _("%(period)s还没有开始，确定现在就报吗？", period=translate(duty.period.label))
    return question


def may_ask_once(scope: Scope, duty: Duty) -> bool:
    """Say whether `asked_once` can have a question at all: not about the first report of a period that has begun."""
    return duty.versions > 0 or bool(not_begun(scope, duty))


def asked_once(scope: Scope, duty: Duty, asked: Asked, typed: Mapping[str, str]) -> str:
    """Give the question to put before the hand-in, empty for none; what is wrong in the form is said first."""
    early = not_begun(scope, duty)
    if early and not read_duty(scope, duty, asked, known_answers(asked.form, typed)).problems:
        return early
    return left_as_it_was(scope, duty, asked, typed)


def left_as_it_was(scope: Scope, duty: Duty, asked: Asked, typed: Mapping[str, str]) -> str:
    """
    Say what of the last return is still as it was; empty where something was done about all of it, or nothing was returned.

    Costs: four to six queries, two more for each question that takes files.
    """
    steps = queries.steps_of(scope, duty.id)
    if not any(step.number == duty.versions and step.outcome == StepOutcome.RETURNED for step in steps):
        return ""
    last = queries.versions_of(scope, duty.id)[-1]
    reading = read_duty(scope, duty, asked, known_answers(asked.form, typed))
    if last.is_nil or reading.problems:
        return ""
    now = {key: to_stored(value) for key, value in reading.values.items()} | _files(scope, asked.form, DUTY_FILES, duty)
    before = last.content | _files(scope, asked.form, SUBMISSION_FILES, last)
    remarks = remarks_on(duty, steps)
    left = [one for one in remarks if not is_answered(one, now, before)]
    if left:
        names = dict.fromkeys(
            _("附件") if one.field == ATTACHMENTS else label_of(asked.form, f"{ANSWER}{one.place}") for one in left
        )
        unanswered: str = _("%(n)s 条退回意见还没有改（%(names)s），仍要提交吗？", n=len(left), names=_("、").join(names))
        return unanswered
    same = all(now.get(key) == before.get(key) for key in {*now, *before}) and typed.get(NOTE, "").strip() == last.note
    question: str = _("内容与退回的第 %(n)s 次提交完全相同，仍要提交吗？", n=last.number)
    return question if same and not remarks else ""


def _files(scope: Scope, form: FormSpec, kind: str, owner: Duty | Submission) -> dict[str, Any]:
    """Give the files of each place by name and content: every version has copies of its own."""
    kinds = {ATTACHMENTS: kind} | {spec.key: f"{kind}.{spec.key}" for spec in form.fields if spec.kind is Kind.ATTACHMENT}
    return {
        place: sorted((file.original_name, file.digest) for file in list_of(scope, one, [owner.id]).get(owner.id, ()))
        for place, one in kinds.items()
    }
