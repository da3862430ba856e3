"""The reviewer's pages: the queue, one duty with its versions side by side, what is overdue."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access import checks as access
from duban.files.queries import list_of
from duban.files.receiving import file_items
from duban.kernel.days import read_day, wrong_day
from duban.kernel.errors import AnticipatedError, InvalidInputError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.reporting import operations, queries
from duban.reporting.models import Submission
from duban.reporting.operations.submissions import SUBMISSION_FILES
from duban.reporting.pages.responsible import responsible_people
from duban.reporting.pages.wording import answer_rows, history
from duban.reporting.queries import DutyLine
from duban.reporting.rules import is_allowed
from duban.reporting.states import Act
from duban.web.errors import status_of
from duban.web.requests import current_scope, work


def queue() -> ResponseReturnValue:
    """Show what waits for my review, longest waiting first."""
    scope = current_scope()
    return render_template(
        "reporting/queue.html",
        page=queries.awaiting_review(scope, after=request.args.get("after")),
        count=queries.counts(scope)["review"],
    )


def overdue() -> ResponseReturnValue:
    """Show what is overdue: owed to my unit, or with ?scope=all everything below."""
    scope = current_scope()
    everything = request.args.get("scope") == "all"
    read = queries.overdue_below if everything else queries.late_below
    return render_template(
        "reporting/overdue.html",
        page=read(scope, after=request.args.get("after")),
        everything=everything,
        count=queries.counts(scope)["late"],
    )


def show(duty_id: UUID) -> ResponseReturnValue:
    """Show a duty to its reviewer, the version that stands beside the one before it; ?version=n another one."""
    scope = current_scope()
    return _page(scope, queries.line_of(scope, queries.get_duty(scope, duty_id)))


def accept(duty_id: UUID) -> ResponseReturnValue:
    """Accept, and go on to the next in the queue."""
    try:
        with work() as scope:
            operations.accept(scope, duty_id=duty_id, number=_number())
    except RuleBrokenError as error:
        return _again(duty_id, error)
    flash(_("已通过。"), "success")
    return _go_on(duty_id)


def return_for_correction(duty_id: UUID) -> ResponseReturnValue:
    """Return with a reason, and go on to the next in the queue."""
    try:
        with work() as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason=request.form.get("reason", ""), number=_number())
    except (InvalidInputError, RuleBrokenError) as error:
        return _again(duty_id, error)
    flash(_("已退回，报送单位会收到通知。"), "success")
    return _go_on(duty_id)


def change_due_date(duty_id: UUID) -> ResponseReturnValue:
    """Move this duty's due date by a decision with a reason."""
    try:
        with work() as scope:
            operations.change_due_date(scope, duty_id=duty_id, due_on=_day("due_on"), reason=request.form.get("reason", ""))
    except (InvalidInputError, RuleBrokenError) as error:
        return _again(duty_id, error)
    flash(_("截止日期已变更，报送单位会收到通知。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def _go_on(duty_id: UUID) -> ResponseReturnValue:
    scope = current_scope()
    following = queries.next_to_review(scope, queries.get_duty(scope, duty_id))
    if following is None:
        return redirect(url_for("reporting.list_reviews"), 303)
    return redirect(url_for("reporting.show_review", duty_id=following), 303)


def _number() -> int | None:
    written = request.form.get("number", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None  # noqa: PLR2004


def _day(name: str) -> date:
    try:
        return read_day(request.form.get(name, ""))
    except ValueError as error:
        raise InvalidInputError(fields={name: [Text(wrong_day(error, N_("请填写日期。")))]}) from None


def _again(duty_id: UUID, error: AnticipatedError) -> ResponseReturnValue:
    scope = current_scope()
    line = queries.line_of(scope, queries.get_duty(scope, duty_id))
    errors: Mapping[str, Sequence[Text]] = error.fields if isinstance(error, InvalidInputError) else {}
    page = _page(scope, line, errors=errors, general=None if errors else error.text, reason=request.form.get("reason", ""))
    return page, status_of(error)


def _page(
    scope: Scope,
    line: DutyLine,
    *,
    errors: Mapping[str, Sequence[Text]] | None = None,
    general: Text | None = None,
    reason: str = "",
) -> str:
    duty = line.duty
    versions = list(queries.versions_of(scope, duty.id))
    shown = _chosen(versions)
    before = next((one for one in versions if shown is not None and one.number == shown.number - 1), None)
    stored = list_of(scope, SUBMISSION_FILES, [version.id for version in versions])
    may_review = access.may(scope, "submission", "review", duty)
    mine = duty.last_submitted_by is not None and duty.last_submitted_by == scope.actor.person_id
    stands = shown is not None and shown.number == duty.versions and shown.outcome is None
    return render_template(
        "reporting/review.html",
        line=line,
        responsible=responsible_people(scope, line.unit),
        duty=duty,
        requirement=line.requirement,
        versions=versions,
        shown=shown,
        before=before,
        rows=answer_rows(line.requirement.specs, shown, before),
        files_by_version={version.id: file_items(stored.get(version.id, ())) for version in versions},
        to_decide=may_review and not mine and stands and is_allowed(duty.stands, Act.ACCEPT),
        own_work=mine and may_review and stands,
        may_change_due=access.may(scope, "duty", "change_due", duty)
        and (is_allowed(duty.stands, Act.CHANGE_DUE) or is_allowed(duty.stands, Act.REOPEN)),
        following=queries.next_to_review(scope, duty) if may_review else None,
        history=history(scope, versions, queries.due_changes_of(scope, duty.id)),
        errors=errors or {},
        general=general,
        reason=reason,
        queue_count=queries.counts(scope)["review"],
    )


def _chosen(versions: list[Submission]) -> Submission | None:
    wanted = request.args.get("version", "")
    return next((one for one in versions if str(one.number) == wanted), versions[-1] if versions else None)
