"""Pages about due dates: asking for a later day, deciding about many requests, opening again, moving many dates at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access import checks as access
from duban.kernel.days import read_day, wrong_day
from duban.kernel.digits import whole
from duban.kernel.errors import AnticipatedError, InvalidInputError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.reporting import operations, queries
from duban.reporting.lines import may_issue, require_issuing
from duban.reporting.locks import LockReason
from duban.reporting.models import Requirement
from duban.reporting.queries import DutyLine
from duban.reporting.states import DutyState, ExtensionState, RequirementState
from duban.web.days_off import warn_of_days_off
from duban.web.errors import status_of, translate
from duban.web.requests import current_scope, work

MOST_AT_ONCE = 200
MOST_DAYS = 9999
OPEN_AGAIN = frozenset({LockReason.CLOSED, LockReason.NOT_OPEN})


def dates_part(scope: Scope, line: DutyLine) -> Mapping[str, object]:
    """Give the duty's page its lock, its requests for a later day, and whether one may be made."""
    duty = line.duty
    may_write = access.may(scope, "submission", "write", duty)
    asked = queries.extensions_of(scope, duty.id)
    waiting = next((one for one in asked if one.stands is ExtensionState.ASKED), None)
    lock = queries.lock_of(scope, duty, line.requirement)
    in_time = duty.stands in {DutyState.OPEN, DutyState.RETURNED} and scope.now < duty.due_at
    return {
        "lock": lock,
        "extensions": asked,
        "extension": waiting or (asked[-1] if asked else None),
        "waiting": waiting,
        "may_ask": may_write and in_time and waiting is None and (lock is None or lock.reason is LockReason.NOT_OPEN),
        "may_decide": waiting is not None and access.may(scope, "duty", "change_due", duty),
        "may_reopen": lock is not None and lock.reason in OPEN_AGAIN and access.may(scope, "duty", "change_due", duty),
    }


def ask(duty_id: UUID) -> ResponseReturnValue:
    """Ask for a later day: one short form, made for a phone."""
    scope = current_scope()
    line = queries.line_of(scope, queries.get_duty(scope, duty_id))
    access.require(scope, "submission", "write", line.duty)
    if request.method == "GET":
        return _ask_page(scope, line)
    try:
        wanted_on, reason = _wish()
        with work() as writing:
            operations.ask_extension(
                writing,
                duty_id=duty_id,
                wanted_on=wanted_on,
                reason=reason,
                progress=request.form.get("progress", ""),
            )
    except (InvalidInputError, RuleBrokenError) as error:
        return _ask_page(current_scope(), line, error=error), status_of(error)
    flash(_("延期申请已提交，对方答复后会通知您。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def _wish() -> tuple[date, str]:
    """Read the day and the reason. Raises: InvalidInputError naming both where both are wrong."""
    reason = request.form.get("reason", "")
    try:
        return _day("wanted_on"), reason
    except InvalidInputError as error:
        missing = {} if reason.strip() else {"reason": [Text(N_("请写明为什么需要延期。"))]}
        raise InvalidInputError(fields={**error.fields, **missing}) from None


def _ask_page(scope: Scope, line: DutyLine, *, error: AnticipatedError | None = None) -> str:
    errors = error.fields if isinstance(error, InvalidInputError) else {}
    return render_template(
        "reporting/extension_form.html",
        line=line,
        duty=line.duty,
        receiver=queries.receiver_name(scope, line.duty, line.requirement),
        errors=errors,
        general=error.text if error is not None and not errors else None,
        typed=request.form,
        may_ask=dates_part(scope, line)["may_ask"],
    )


def withdraw(extension_id: UUID) -> ResponseReturnValue:
    """Take one's own request back."""
    with work() as scope:
        duty_id = operations.withdraw_extension(scope, extension_id=extension_id).duty_id
    flash(_("延期申请已撤回。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def list_waiting() -> ResponseReturnValue:
    """Show the requests that wait for my unit, with one decision for those ticked."""
    return _list_page(current_scope())


def decide() -> ResponseReturnValue:
    """Decide about those ticked, each on its own: what cannot be decided any more is told and does not hold up the others."""
    chosen = _chosen()
    granting = request.form.get("decision") == "grant"
    answer = request.form.get("answer", "")
    day, errors = _answer_read(chosen, granting=granting, answer=answer)
    if errors:
        return _list_page(current_scope(), errors=errors), 422
    done, refused = _decide_each(chosen, granting=granting, day=day, answer=answer)
    if done and day is not None:
        scope = current_scope()
        warn_of_days_off(queries.working_calendar(scope).off_among([day]))
    if done:
        flash((_("已同意 %(n)s 份延期申请。", n=done) if granting else _("已答复 %(n)s 份延期申请。", n=done)), "success")
    for one in refused:
        if not one.fields:
            flash(_("%(name)s：%(text)s", name=one.unit, text=one.text), "danger")
    again = [one for one in refused if one.fields]
    if again:  # another day or another text mends it: what was typed stays, and the ticks of those it was not right for
        return _list_page(current_scope(), errors=_at_fields(again), ticked={str(one.id) for one in again}), 422
    return redirect(url_for("reporting.list_extensions"), 303)


def _answer_read(chosen: Sequence[UUID], *, granting: bool, answer: str) -> tuple[date | None, Mapping[str, Sequence[Text]]]:
    """Read the day, and say what the form wants for."""
    errors: dict[str, Sequence[Text]] = {}
    if not chosen:
        errors["extension"] = [Text(N_("请先勾选要答复的申请。"))]
    if request.form.get("decision") not in {"grant", "refuse"}:
        errors["decision"] = [Text(N_("请选择同意还是不同意。"))]
    elif not granting and not answer.strip():
        errors["answer"] = [Text(N_("请写明理由。"))]
    if not granting or not request.form.get("due_on"):
        return None, errors
    try:
        return _day("due_on"), errors
    except InvalidInputError as error:
        return None, errors | error.fields


@dataclass(frozen=True)
class _Refused:
    """A request the decision was not taken for: `fields` where typing something else mends it."""

    id: UUID
    unit: str
    text: str
    fields: Mapping[str, Sequence[Text]]


def _at_fields(refused: Sequence[_Refused]) -> Mapping[str, Sequence[Text]]:
    """Say each reason once at its field; the ticks that are left say for whom."""
    errors: dict[str, list[Text]] = {}
    for one in refused:
        for name, texts in one.fields.items():
            said = errors.setdefault(name, [])
            said += [text for text in texts if text not in said]
    return errors


def _decide_each(chosen: Sequence[UUID], *, granting: bool, day: date | None, answer: str) -> tuple[int, list[_Refused]]:
    done, refused = 0, []
    for extension_id in chosen:
        try:
            with work() as scope:
                if granting:
                    operations.grant_extension(scope, extension_id=extension_id, due_on=day, answer=answer)
                else:
                    operations.refuse_extension(scope, extension_id=extension_id, answer=answer)
            done += 1
        except (InvalidInputError, RuleBrokenError) as error:
            scope = current_scope()
            found = queries.get_extension(scope, extension_id)
            line = queries.line_of(scope, queries.get_duty(scope, found.duty_id))
            fields = error.fields if isinstance(error, InvalidInputError) else {}
            refused.append(_Refused(extension_id, line.unit.name, translate(error.text), fields))
    return done, refused


def _list_page(scope: Scope, *, errors: Mapping[str, Sequence[Text]] | None = None, ticked: Collection[str] | None = None) -> str:
    return render_template(
        "reporting/extensions.html",
        page=queries.waiting_extensions(scope, after=request.args.get("after")),
        count=queries.count_waiting(scope),
        errors=errors or {},
        typed=request.form,
        ticked=set(request.form.getlist("extension")) if ticked is None else ticked,
    )


def reopen(duty_id: UUID) -> ResponseReturnValue:
    """Open a closed duty again, or one that is not open yet, until a day; a refusal is shown on the page it came from."""
    return _on_duty(
        duty_id,
        lambda scope: operations.reopen_duty(scope, duty_id=duty_id, until=_day("until"), reason=request.form.get("reason", "")),
        _("已重新开放，报送单位会收到通知。"),
    )


def _on_duty(duty_id: UUID, act: Callable[[Scope], object], said: str) -> ResponseReturnValue:
    try:
        with work() as scope:
            act(scope)
    except (InvalidInputError, RuleBrokenError) as error:
        first = next(iter(error.fields.values()), [error.text]) if isinstance(error, InvalidInputError) else [error.text]
        flash(translate(first[0]), "danger")
    else:
        flash(said, "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def change_many(requirement_id: UUID) -> ResponseReturnValue:
    """Move the date of a whole requirement or period, as one decision with a reason."""
    scope = current_scope()
    requirement = queries.get_requirement(scope, requirement_id)
    require_issuing(scope, requirement)
    if request.method == "GET":
        return _many_page(scope, requirement_id)
    try:
        due_on = _day("due_on") if request.form.get("due_on") else None
        by_days = _count("by_days")
        with work() as writing:
            decision = operations.change_due_dates(
                writing,
                requirement_id=requirement_id,
                due_on=due_on,
                by_days=by_days,
                period_code=request.form.get("period", ""),
                reason=request.form.get("reason", ""),
            )
    except (InvalidInputError, RuleBrokenError) as error:
        return _many_page(current_scope(), requirement_id, error=error), status_of(error)
    flash(_("已变更 %(n)s 项任务的截止日期，报送单位会收到通知。", n=decision.duties), "success")
    period = request.form.get("period") or None
    dates = queries.period_dates(scope, requirement)
    moved = [day for one in dates if period in {None, one.period.code} for day, _n in one.dates if day >= scope.today]
    warn_of_days_off(queries.working_calendar(scope).off_among(moved))
    return redirect(url_for("reporting.show_requirement", requirement_id=requirement_id, period=period), 303)


def _many_page(scope: Scope, requirement_id: UUID, *, error: AnticipatedError | None = None) -> str:
    requirement = queries.get_requirement(scope, requirement_id)
    errors = error.fields if isinstance(error, InvalidInputError) else {}
    return render_template(
        "reporting/due_dates.html",
        requirement=requirement,
        periods=queries.period_dates(scope, requirement),
        decisions=queries.decisions_of(scope, requirement.id),
        errors=errors,
        general=error.text if error is not None and not errors else None,
        typed=request.form,
        wanted=request.values.get("period", ""),
    )


def may_change_many(scope: Scope, requirement: Requirement) -> bool:
    """Say whether the requirement's page offers to move its dates."""
    return requirement.stands is RequirementState.ISSUED and may_issue(scope, requirement)


def _chosen() -> list[UUID]:
    try:
        return [UUID(written) for written in request.form.getlist("extension")[:MOST_AT_ONCE]]
    except ValueError:
        raise InvalidInputError(fields={"extension": [Text(N_("请先勾选要答复的申请。"))]}) from None


def _day(name: str) -> date:
    try:
        return read_day(request.form.get(name, ""))
    except ValueError as error:
        raise InvalidInputError(fields={name: [Text(wrong_day(error, N_("请填写日期。")))]}) from None


def _count(name: str) -> int | None:
    written = request.form.get(name, "").strip()
    if not written:
        return None
    number = whole(written)
    if number is None or number > MOST_DAYS:
        raise InvalidInputError(fields={name: [Text(N_("请填写整数。"))]})
    return number
