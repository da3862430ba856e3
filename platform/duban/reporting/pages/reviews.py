"""The reviewer's pages: the queue, one duty with its versions side by side, what is overdue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access import checks as access
from duban.fields.forms import FormSpec
from duban.fields.specs import FieldSpec, Kind
from duban.files.models import StoredFile
from duban.files.queries import list_of
from duban.files.receiving import file_items
from duban.forms.boxes import ANSWER
from duban.identity.queries import people_by_id
from duban.kernel.days import read_day, wrong_day
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError, RuleBrokenError
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.reporting import operations, queries
from duban.reporting.course import is_open_to, may_correct
from duban.reporting.errors import OtherLevelError
from duban.reporting.handing_in import SUBMISSION_FILES
from duban.reporting.models import Duty, Submission
from duban.reporting.operations import ReturnTo
from duban.reporting.pages.answers import shown_answers
from duban.reporting.pages.comparison import compared, compared_files, earlier_of
from duban.reporting.pages.duty_review import Course, course
from duban.reporting.pages.filling import label_of
from duban.reporting.pages.last_time import beside, whose
from duban.reporting.pages.many import Report, accept_each, items_from
from duban.reporting.pages.responsible import responsible_people
from duban.reporting.pages.wording import history
from duban.reporting.queries import DutyLine
from duban.reporting.queries.forms import form_of, values_of
from duban.reporting.queries.last_time import last_time
from duban.reporting.queries.queue import (
    PUNCTUAL_LABELS,
    WAY_STEP_LABELS,
    Punctual,
    QueueFilter,
    WayStep,
    narrowed,
    tasks_in_queue,
)
from duban.reporting.queries.reviewing import chain_of_duty, is_handed_over, level_below, may_answer, names_of_places, others_at
from duban.reporting.remarks import ATTACHMENTS, Remark, remark_at, remarks_from_json
from duban.reporting.review_schemas import MOST_AT_ONCE
from duban.reporting.rules import is_allowed
from duban.reporting.states import STEP_LABELS, Act, CorrectionAct, StepOutcome
from duban.tree.models import Unit
from duban.web.days_off import warn_of_days_off
from duban.web.errors import status_of
from duban.web.requests import current_scope, work

HANDOVER_DAYS = 3
REFUSALS = (InvalidInputError, RuleBrokenError, OtherLevelError)
"""What the page says with everything typed kept: among them that a colleague was faster."""
FILTERS = ("task", "unit", "step", "late")
REMARK = "remark."
"""Prefix of what is remarked at a place of the form."""


def queue() -> ResponseReturnValue:
    """Show what waits for my review, longest waiting first."""
    return _queue(None, [])


def accept_many() -> ResponseReturnValue:
    """Accept everything ticked in the list as it was shown, and say what was not accepted and why."""
    items = items_from(request.form.getlist("item"))
    if not items:
        flash(_("请先勾选要通过的材料。"), "warning")
        return redirect(url_for("reporting.list_reviews", **_filters()), 303)
    report = accept_each(items)
    if report.accepted:
        flash(_("已通过 %(n)s 份。", n=len(report.accepted)), "success")
    if not report.refused:
        return redirect(url_for("reporting.list_reviews", **_filters()), 303)
    return _queue(report, _named(report))


def _filters() -> dict[str, Any]:
    """Give the filters of the address that are set, as written there."""
    return {name: request.args[name] for name in FILTERS if request.args.get(name)}


def _wanted() -> QueueFilter:
    """Read what of the queue is asked for. Raises: NotFoundError for a value that is none."""
    try:
        return QueueFilter(
            requirement_id=UUID(request.args["task"]) if request.args.get("task") else None,
            unit=request.args.get("unit", ""),
            step=WayStep(request.args["step"]) if request.args.get("step") else None,
            punctual=Punctual(request.args["late"]) if request.args.get("late") else None,
        )
    except ValueError:
        raise NotFoundError from None


def _named(report: Report) -> list[tuple[DutyLine | None, Text]]:
    """Name what was not accepted; what the reader may not see stays without a name."""
    scope = current_scope()
    found: list[tuple[DutyLine | None, Text]] = []
    for one in report.refused:
        try:
            line = queries.line_of(scope, queries.get_duty(scope, one.duty_id))
        except NotFoundError:
            found.append((None, one.reason))
        else:
            found.append((line, one.reason))
    return found


def _queue(report: Report | None, refused: Sequence[tuple[DutyLine | None, Text]]) -> str:
    scope = current_scope()
    return render_template(
        "reporting/queue.html",
        page=queries.awaiting_review(scope, after=request.args.get("after"), only=narrowed(scope, _wanted())),
        tasks=tasks_in_queue(scope),
        filters=_filters(),
        STEPS=WAY_STEP_LABELS,
        PUNCTUAL=PUNCTUAL_LABELS,
        count=queries.counts(scope)["review"],
        asked=queries.asked_corrections(scope) if queries.counts(scope)["asked"] else [],
        report=report,
        refused=refused,
        most=MOST_AT_ONCE,
    )


def overdue() -> ResponseReturnValue:
    """Show what is overdue: owed to my unit, of one unit with ?unit=, or with ?scope=all, and for who urges nobody, all below."""
    scope = current_scope()
    urges = access.may_somewhere(scope, "duty", "urge")
    everything = request.args.get("scope") == "all" or not urges
    after = request.args.get("after")
    try:
        unit = get_owned(scope, Unit, UUID(request.args["unit"])) if request.args.get("unit") and not everything else None
    except ValueError:
        raise NotFoundError from None
    page = (
        queries.overdue_below(scope, after=after)
        if everything
        else queries.late_below(scope, unit_id=unit.id if unit else None, after=after)
    )
    return render_template(
        "reporting/overdue.html",
        page=page,
        unit=unit if page.items else None,
        everything=everything,
        urges=urges,
        may_urge={line.duty.id for line in page.items if access.may(scope, "duty", "urge", line.duty)},
        may_supervise=access.may_somewhere(scope, "matter", "assign"),
        counts=queries.counts(scope),
    )


def show(duty_id: UUID) -> ResponseReturnValue:
    """Show a duty to its reviewer, the version that stands beside the one before it; ?version=n another one."""
    scope = current_scope()
    return _page(scope, queries.line_of(scope, queries.get_duty(scope, duty_id)))


def accept(duty_id: UUID) -> ResponseReturnValue:
    """Accept, and go on to the next in the queue."""
    try:
        with work() as scope:
            duty = operations.accept(scope, duty_id=duty_id, number=_number())
            at = names_of_places(scope, [duty.at_path]).get(duty.at_path) if duty.at_path else None
    except REFUSALS as error:
        return _again(duty_id, error)
    unit = _unit_of(duty_id)
    flash(
        _("已通过%(unit)s的材料，已转%(level)s审核。", unit=unit, level=at) if at else _("已通过%(unit)s的材料。", unit=unit),
        "success",
    )
    return _go_on(duty_id)


def return_for_correction(duty_id: UUID) -> ResponseReturnValue:
    """Return with reasons, in words or pinned to fields, and go on to the next in the queue."""
    to = ReturnTo.BELOW if request.form.get("to") == ReturnTo.BELOW else ReturnTo.UNIT
    try:
        with work() as scope:
            operations.return_for_correction(
                scope, duty_id=duty_id, reason=request.form.get("reason", ""), number=_number(), remarks=_remarks(), to=to
            )
    except REFUSALS as error:
        return _again(duty_id, error)
    words = N_("已退回%(unit)s的材料，对方会收到通知。") if to is ReturnTo.UNIT else N_("已把%(unit)s的材料退回下一级复核。")
    flash(_(words, unit=_unit_of(duty_id)), "success")
    return _go_on(duty_id)


def hand_over(duty_id: UUID) -> ResponseReturnValue:
    """Ask a colleague to review this."""
    try:
        with work() as scope:
            receiver = _person(request.form.get("receiver_id", ""))
            reason = request.form.get("reason", "")
            operations.hand_over(scope, duty_id=duty_id, receiver_id=receiver, until=_day("until"), reason=reason)
    except REFUSALS as error:
        return _again(duty_id, error)
    flash(_("已转交%(unit)s的材料，对方会收到通知。", unit=_unit_of(duty_id)), "success")
    return _go_on(duty_id)


def take_back(duty_id: UUID) -> ResponseReturnValue:
    """End a handover."""
    try:
        with work() as scope:
            operations.take_back_review(scope, duty_id=duty_id)
    except REFUSALS as error:
        return _again(duty_id, error)
    flash(_("已收回。"), "success")
    return redirect(url_for("reporting.show_review", duty_id=duty_id), 303)


def change_due_date(duty_id: UUID) -> ResponseReturnValue:
    """Move this duty's due date by a decision with a reason."""
    try:
        with work() as scope:
            due_on = _day("due_on")
            operations.change_due_date(scope, duty_id=duty_id, due_on=due_on, reason=request.form.get("reason", ""))
    except (InvalidInputError, RuleBrokenError) as error:
        return _again(duty_id, error)
    flash(_("截止日期已变更，报送单位会收到通知。"), "success")
    warn_of_days_off(queries.working_calendar(current_scope()).off_among([due_on]))
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def again(duty_id: UUID, error: AnticipatedError) -> ResponseReturnValue:
    """Show the page again with what was refused; for the other acts of the superior on it."""
    return _again(duty_id, error)


def _remarks() -> list[Remark]:
    written = {name.removeprefix(REMARK): request.form[name] for name in request.form if name.startswith(REMARK)}
    return [remark_at(place, text) for place, text in written.items()]


def _unit_of(duty_id: UUID) -> str:
    """Name whose report it was: what is said about it is read on the page of the next one."""
    scope = current_scope()
    return queries.line_of(scope, queries.get_duty(scope, duty_id)).unit.name


def _go_on(duty_id: UUID) -> ResponseReturnValue:
    scope = current_scope()
    following = queries.next_to_review(scope, queries.get_duty(scope, duty_id))
    if following is None:
        return redirect(url_for("reporting.list_reviews"), 303)
    return redirect(url_for("reporting.show_review", duty_id=following), 303)


def _number() -> int | None:
    written = request.form.get("number", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None  # noqa: PLR2004


def _person(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise InvalidInputError(fields={"receiver_id": [Text(N_("请选择一位审核人。"))]}) from None


def _day(name: str) -> date:
    try:
        return read_day(request.form.get(name, ""))
    except ValueError as error:
        raise InvalidInputError(fields={name: [Text(wrong_day(error, N_("请填写日期。")))]}) from None


def _again(duty_id: UUID, error: AnticipatedError) -> ResponseReturnValue:
    scope = current_scope()
    line = queries.line_of(scope, queries.get_duty(scope, duty_id))
    errors: Mapping[str, Sequence[Text]] = error.fields if isinstance(error, InvalidInputError) else {}
    typed = {
        name: request.form[name] for name in request.form if name.startswith(REMARK) or name in {"to", "until", "receiver_id"}
    }
    said = Refused(errors, None if errors else error.text, request.form.get("reason", ""), typed)
    return _page(scope, line, said), status_of(error)


@dataclass(frozen=True)
class Refused:
    """What was refused, and what had been typed for it."""

    errors: Mapping[str, Sequence[Text]] = field(default_factory=dict)
    general: Text | None = None
    reason: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def remarks(self) -> dict[str, str]:
        """What had been remarked, by place."""
        return {name.removeprefix(REMARK): text for name, text in self.typed.items() if name.startswith(REMARK) and text.strip()}


NOTHING_REFUSED = Refused()


def _page(scope: Scope, line: DutyLine, refused: Refused = NOTHING_REFUSED) -> str:
    duty = line.duty
    versions = list(queries.versions_of(scope, duty.id))
    shown = _chosen(versions)
    before = earlier_of(versions, shown)
    stored = list_of(scope, SUBMISSION_FILES, [version.id for version in versions])
    way = course(scope, line)
    form = form_of(scope, shown) if shown else FormSpec()
    specs = form.fields
    rows = shown_answers(scope, shown) if shown else []
    last = last_time(scope, duty, line.requirement, form) if shown and not shown.is_nil else None
    may_review = access.may(scope, "submission", "review", duty)
    return render_template(
        "reporting/review.html",
        line=line,
        responsible=responsible_people(scope, line.unit),
        duty=duty,
        requirement=line.requirement,
        versions=versions,
        shown=shown,
        before=before,
        answers=compared(specs, shown, before),
        last_period=beside(form, values_of(scope, shown, form), last) if shown and last else {},
        last_from=whose(last, line.requirement),
        told={row["spec"].key: row for row in rows if "spec" in row},
        other_rows=[row for row in rows if "spec" not in row],
        files_by_version={version.id: file_items(stored.get(version.id, ())) for version in versions},
        changed_files=compared_files(_files(scope, specs, shown), _files(scope, specs, before)) if shown and before else [],
        course=way,
        pinned=_pinned(way, shown),
        may_change_due=access.may(scope, "duty", "change_due", duty)
        and (is_allowed(duty.stands, Act.CHANGE_DUE) or is_allowed(duty.stands, Act.REOPEN)),
        following=queries.next_to_review(scope, duty) if may_review else None,
        previous=queries.previous_to_review(scope, duty) if may_review else None,
        history=history(scope, versions, queries.due_changes_of(scope, duty.id), queries.extensions_of(scope, duty.id)),
        waiting=queries.waiting_for(scope, duty.id),
        errors=refused.errors,
        general=refused.general,
        reason=refused.reason,
        typed=refused.typed,
        STEP_LABELS=STEP_LABELS,
        meanwhile=way.steps[-1] if way.steps and refused.general else None,
        unsent=[
            (_("附件") if place == ATTACHMENTS else label_of(form, f"{ANSWER}{place}"), text)
            for place, text in refused.remarks.items()
        ],
        queue_count=queries.counts(scope)["review"],
        **_offered(scope, line, way, shown),
    )


def _files(scope: Scope, specs: Sequence[FieldSpec], version: Submission) -> list[StoredFile]:
    """List all attachments of a version: those of the whole, and those of its questions."""
    kinds = [SUBMISSION_FILES, *(f"{SUBMISSION_FILES}.{spec.key}" for spec in specs if spec.kind is Kind.ATTACHMENT)]
    return [file for kind in kinds for file in list_of(scope, kind, [version.id]).get(version.id, ())]


def _offered(scope: Scope, line: DutyLine, way: Course, shown: Submission | None) -> dict[str, object]:
    """Say what the page offers the reader to do, by the same rules as the operations."""
    duty, requirement = line.duty, line.requirement
    at_level = queries.may_review(scope, duty, requirement)
    stands = shown is not None and shown.number == duty.versions and shown.outcome is None and duty.at_path is not None
    mine = stands and shown is not None and _is_mine(scope, shown)
    to_decide = at_level and stands and not mine and is_open_to(duty, Act.ACCEPT)
    colleagues = _colleagues(scope, duty, shown) if to_decide and shown is not None else []
    issues = may_answer(scope, duty, requirement)
    below = level_below(duty, requirement, way.steps) if to_decide else None
    return {
        "to_decide": to_decide,
        "own_work": mine and at_level,
        "last_level": duty.at_path == chain_of_duty(duty, requirement)[-1],
        "below": names_of_places(scope, [below]).get(below) if below else None,
        "colleagues": colleagues,
        "handed_over": is_handed_over(scope, duty) and to_decide,
        "handover_until": scope.today + timedelta(days=HANDOVER_DAYS),
        "may_answer_correction": issues and may_correct(duty, CorrectionAct.ALLOW),
        "may_reopen_accepted": issues and may_correct(duty, CorrectionAct.REOPEN),
        "may_drop_correction": issues and may_correct(duty, CorrectionAct.DROP),
    }


def _is_mine(scope: Scope, shown: Submission) -> bool:
    by = shown.submitted_by
    return by is not None and access.is_same_hand(scope, by, {shown.submitted_at.astimezone(scope.zone).date()})


def _colleagues(scope: Scope, duty: Duty, shown: Submission) -> list[tuple[str, str]]:
    found = others_at(scope, duty, duty.at_path, shown) if duty.at_path else []
    people = people_by_id(scope, set(found) - {scope.person_id})
    return sorted(((str(one.id), one.name) for one in people.values()), key=lambda named: named[1])


def _pinned(way: Course, shown: Submission | None) -> dict[str, list[str]]:
    """Give what was remarked about the version shown, and about the one it answers, by place."""
    found: dict[str, list[str]] = {}
    for step in way.steps:
        if shown is not None and step.number in {shown.number, shown.number - 1} and step.outcome != StepOutcome.SKIPPED:
            for remark in remarks_from_json(step.remarks):
                found.setdefault(remark.place, []).append(remark.text)
    return found


def _chosen(versions: list[Submission]) -> Submission | None:
    wanted = request.args.get("version", "")
    return next((one for one in versions if str(one.number) == wanted), versions[-1] if versions else None)
