"""Corrections of what was accepted: the unit asks, the superior answers or orders."""

from collections.abc import Callable
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.reporting import operations
from duban.reporting.pages import reviews
from duban.web.errors import translate
from duban.web.requests import work


def ask(duty_id: UUID) -> ResponseReturnValue:
    """Ask that something accepted may be corrected."""
    try:
        with work() as scope:
            operations.ask_correction(scope, duty_id=duty_id, reason=_reason())
    except (InvalidInputError, RuleBrokenError) as error:
        flash(translate(error.text), "error")
    else:
        flash(_("已申请更正，上级答复后会通知您。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def drop(duty_id: UUID) -> ResponseReturnValue:
    """Give up a correction before it was handed in."""
    try:
        with work() as scope:
            operations.drop_correction(scope, duty_id=duty_id)
    except RuleBrokenError as error:
        flash(translate(error.text), "error")
    else:
        flash(_("更正已取消。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def allow(duty_id: UUID) -> ResponseReturnValue:
    """Allow the correction asked for."""
    answer = _reason()
    return _decided(
        duty_id, lambda scope: operations.allow_correction(scope, duty_id=duty_id, answer=answer), _("已同意，报送单位可以更正。")
    )


def refuse(duty_id: UUID) -> ResponseReturnValue:
    """Refuse the correction asked for."""
    answer = _reason()
    return _decided(
        duty_id,
        lambda scope: operations.refuse_correction(scope, duty_id=duty_id, answer=answer),
        _("已答复，报送单位会收到通知。"),
    )


def reopen(duty_id: UUID) -> ResponseReturnValue:
    """Order the correction of something accepted."""
    reason = _reason()
    return _decided(
        duty_id,
        lambda scope: operations.reopen_accepted(scope, duty_id=duty_id, reason=reason),
        _("已要求更正，报送单位会收到通知。"),
    )


def _decided(duty_id: UUID, act: Callable[[Scope], object], said: str) -> ResponseReturnValue:
    try:
        with work() as scope:
            act(scope)
    except (InvalidInputError, RuleBrokenError) as error:
        return reviews.again(duty_id, error)
    flash(said, "success")
    return redirect(url_for("reporting.show_review", duty_id=duty_id), 303)


def _reason() -> str:
    return request.form.get("reason", "")
