"""What the review adds to a duty's page: where it is, what was remarked at which field, what it waits for, its corrections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access import checks as access
from duban.fields.forms import FormSpec
from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.reporting import operations, queries
from duban.reporting.course import is_open_to, may_correct
from duban.reporting.errors import NobodyOwesError
from duban.reporting.models import Duty, ReviewStep
from duban.reporting.pages.comparison import changes_of
from duban.reporting.queries import DutyLine
from duban.reporting.queries.asking_back import AskedBack, return_asked
from duban.reporting.queries.forms import form_of
from duban.reporting.remarks import ATTACHMENTS, Remark, remarks_from_json
from duban.reporting.review_models import Correction
from duban.reporting.states import Act, CorrectionAct, StepOutcome
from duban.web.errors import translate
from duban.web.requests import work

ANSWER = "answer."
REMARK = N_("退回意见：%(text)s")


@dataclass(frozen=True)
class Course:
    """Where a duty is, as its pages draw it."""

    stops: Sequence[queries.Stop]
    steps: Sequence[ReviewStep]
    below: queries.Below | None
    may_press: bool
    """Whether the reader may urge those waited for that have not handed in."""
    readable: frozenset[UUID]
    """Which of the duties waited for the reader may open."""
    corrections: Sequence[Correction]
    corrected: queries.Corrected | None
    asked_back: AskedBack | None
    """The request to return it that waits for an answer."""
    changes: Sequence[tuple[str, str, str]] = ()
    """What the correction changed: label, before, now."""

    @property
    def asked(self) -> Correction | None:
        """The correction under way or refused last."""
        return self.corrections[-1] if self.corrections else None


def course(scope: Scope, line: DutyLine) -> Course:
    """Gather where a duty is. Costs: six to ten queries."""
    duty, requirement = line.duty, line.requirement
    steps = queries.steps_of(scope, duty.id)
    corrections = queries.corrections_of(scope, duty.id) if duty.accepted_version is not None else ()
    open_to_unit = is_open_to(duty, Act.SUBMIT)
    corrected = queries.corrected(scope, [duty.id]).get(duty.id) if duty.corrected_at else None
    counted = queries.counted_version(scope, duty.id) if corrected else None
    below = queries.below_of(scope, duty, requirement) if open_to_unit else None
    missing = [line.duty for line in below.missing] if below else []
    return Course(
        stops=queries.track_of(scope, duty, requirement, line.unit, steps),
        steps=steps,
        below=below,
        may_press=below is not None and bool(below.owing) and access.may(scope, "duty", "urge", below.owing[0].duty),
        readable=frozenset(one.id for one in missing if access.may(scope, "duty", "read", one)),
        corrections=corrections,
        corrected=corrected,
        asked_back=return_asked(scope, duty),
        changes=changes_of(form_of(scope, counted).fields, corrected) if corrected and counted else (),
    )


def review_part(scope: Scope, line: DutyLine) -> Mapping[str, object]:
    """Give the part of the duty's page its names."""
    duty = line.duty
    found = course(scope, line)
    may_write = access.may(scope, "submission", "write", duty)
    return {
        "course": found,
        "remarks": remarks_on(duty, found.steps) if may_write and is_open_to(duty, Act.SUBMIT) else (),
        "with_remarks": with_remarks,
        "may_ask_return": may_write and duty.at_path is not None and found.asked_back is None and is_open_to(duty, Act.RETURN),
        "may_ask_correction": may_write and may_correct(duty, CorrectionAct.ASK),
        "may_drop_correction": may_write and may_correct(duty, CorrectionAct.DROP),
    }


def ask_return(duty_id: UUID) -> ResponseReturnValue:
    """Ask whoever reviews now to return it."""
    try:
        with work() as scope:
            operations.ask_return(scope, duty_id=duty_id, reason=request.form.get("reason", ""))
    except (InvalidInputError, RuleBrokenError) as error:
        flash(translate(error.text), "error")
    else:
        flash(_("已请求退回，审核人会收到通知。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def press_below(duty_id: UUID) -> ResponseReturnValue:
    """Press those below for whom this duty waits."""
    try:
        with work() as scope:
            count = operations.press_below(scope, duty_id=duty_id)
    except NobodyOwesError as error:
        flash(translate(error.text), "warning")
    else:
        flash(_("已催办 %(n)s 家单位。", n=count), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id, _anchor="waits"), 303)


def remarks_on(duty: Duty, steps: Sequence[ReviewStep]) -> tuple[Remark, ...]:
    """Give the remarks of the return that the unit is to answer now: that of the version handed in last."""
    returned = [step for step in steps if step.number == duty.versions and step.outcome == StepOutcome.RETURNED]
    return remarks_from_json(returned[-1].remarks) if returned else ()


def remarked(
    found: Course, duty: Duty, form: FormSpec, errors: Mapping[str, Sequence[Text]] | None = None
) -> dict[str, Sequence[Text]]:
    """Add to what is wrong with the form being filled in what its reviewer remarked."""
    return with_remarks(errors or {}, remarks_on(duty, found.steps), form)


def with_remarks(
    errors: Mapping[str, Sequence[Text]], remarks: Sequence[Remark], form: FormSpec | None = None
) -> dict[str, Sequence[Text]]:
    """
    Show each remark at its field, where nothing worse is to be said about it: under the names of the form's boxes.

    Takes: `form` for remarks about a whole row, which are shown at the row's first box.
    """
    first = {spec.key: spec.columns[0].key for spec in form.fields if spec.columns} if form else {}
    shown: dict[str, list[Text]] = {}
    for remark in remarks:
        place = f"{ANSWER}{remark.place}"
        if remark.field == ATTACHMENTS:
            place = ATTACHMENTS
        elif remark.row is not None and remark.column is None and remark.field in first:
            place = f"{place}.{first[remark.field]}"
        shown.setdefault(place, []).append(Text(REMARK, {"text": remark.text}))
    return {**shown, **errors}
