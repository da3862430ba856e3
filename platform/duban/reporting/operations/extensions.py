"""A later day for one unit: it asks before the day is over, the superior grants that or another day, or refuses with a reason."""

from datetime import date, timedelta
from uuid import UUID

from duban.access import checks as access
from duban.audit.operations import record
from duban.calendar.words import full_date
from duban.kernel.errors import InvalidInputError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.reporting import telling_dates
from duban.reporting.errors import DutyClosedError, ExtensionError, ExtensionInputError, OwnExtensionError, ReasonMissingError
from duban.reporting.models import Duty, Extension, Requirement
from duban.reporting.moving import LATEST_DAYS, check_new_date, end_waiting, move
from duban.reporting.queries.duties import get_duty
from duban.reporting.queries.extensions import get_extension, waiting_for
from duban.reporting.queries.locks import receiver_name, require_open_year
from duban.reporting.rules import next_state
from duban.reporting.states import EXTENSION_LABELS, Act, DutyState, ExtensionState

LONGEST = 2000


def ask_extension(scope: Scope, *, duty_id: UUID, wanted_on: date, reason: str, progress: str = "") -> Extension:
    """
    Ask for a later day for a duty of one's own unit, before its due date is over.

    Takes:  `progress` how far the work is.
    Raises: NotFoundError, NotAllowedError, DutyClosedError, ExtensionError (too late, one waits already), ExtensionInputError.
    """
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "submission", "write", duty)
    if duty.stands not in {DutyState.OPEN, DutyState.RETURNED}:
        if duty.stands is DutyState.MISSING:
            _too_late(scope, duty)
        raise DutyClosedError(state=duty.stands, act=Act.CHANGE_DUE)
    if scope.now >= duty.due_at:
        _too_late(scope, duty)
    if waiting_for(scope, duty.id) is not None:
        raise ExtensionError(N_("已经有一份延期申请在等待答复。要改，请先撤回那一份。"))
    _check_request(scope, duty, wanted_on, reason, progress)
    requirement = get_owned(scope, Requirement, duty.requirement_id)
    extension = scope.add(
        Extension(
            id=new_id(),
            duty_id=duty.id,
            state=ExtensionState.ASKED.value,
            reason=reason.strip(),
            progress=progress.strip(),
            due_on=duty.due_on,
            wanted_on=wanted_on,
            asked_at=scope.now,
            asked_by=scope.actor.person_id,
            asker_name=scope.actor.name,
            answer="",
            decider_name="",
        )
    )
    record(scope, "extension.asked", "duty", duty.id, duty.path, wanted=wanted_on, due_on=duty.due_on, reason=extension.reason)
    telling_dates.of_request(scope, duty, requirement, extension)
    return extension


def withdraw_extension(scope: Scope, *, extension_id: UUID) -> Extension:
    """Take one's own unit's request back while it waits. Raises: NotFoundError, NotAllowedError, ExtensionError."""
    extension, duty, requirement = _locked(scope, extension_id)
    access.require(scope, "submission", "write", duty)
    _check_waiting(extension)
    end_waiting(scope, [duty.id], ExtensionState.WITHDRAWN)
    record(scope, "extension.withdrawn", "duty", duty.id, duty.path, wanted=extension.wanted_on)
    telling_dates.of_request_withdrawn(scope, duty, requirement)
    return extension


def grant_extension(scope: Scope, *, extension_id: UUID, due_on: date | None = None, answer: str = "") -> Extension:
    """
    Grant the day wanted, or another one; the date moves by a recorded decision, reminders of the old one die.

    A unit that asked in time is granted it in time, however late the answer: what had become missing is owed again.
    Raises: NotFoundError, NotAllowedError, OwnExtensionError, ExtensionError, DutyClosedError, DueDateError.
    """
    extension, duty, requirement = _locked(scope, extension_id)
    _require_deciding(scope, duty, extension)
    _check_waiting(extension)
    require_open_year(scope, duty)
    day = due_on or extension.wanted_on
    check_new_date(scope, day, before=duty.due_on)
    state = next_state(duty.stands, Act.REOPEN if duty.stands is DutyState.MISSING else Act.CHANGE_DUE)
    _decide(scope, extension, ExtensionState.GRANTED, answer)
    extension.granted_on = day
    why = Text(N_("同意延期申请"))
    scope.session.flush()  # what is kept beside the duty points to it
    change = move(scope, duty, requirement, due_on=day, state=state, reason=extension.answer or why.template, extension=extension)
    record(scope, "extension.granted", "duty", duty.id, duty.path, before=change.before_on, after=day, reason=extension.reason)
    telling_dates.of_answer(scope, duty, requirement, extension)
    return extension


def refuse_extension(scope: Scope, *, extension_id: UUID, answer: str) -> Extension:
    """
    Leave the date as it is, with a reason.

    Raises: NotFoundError, NotAllowedError, OwnExtensionError, ExtensionError, ReasonMissingError.
    """
    extension, duty, requirement = _locked(scope, extension_id)
    _require_deciding(scope, duty, extension)
    _check_waiting(extension)
    if not answer.strip():
        raise ReasonMissingError
    _decide(scope, extension, ExtensionState.REFUSED, answer)
    record(scope, "extension.refused", "duty", duty.id, duty.path, wanted=extension.wanted_on, reason=extension.answer)
    telling_dates.of_answer(scope, duty, requirement, extension)
    return extension


def _too_late(scope: Scope, duty: Duty) -> None:
    """Raises: ExtensionError, always."""
    requirement = get_owned(scope, Requirement, duty.requirement_id)
    words = N_("延期要在截止之前申请，这项任务已于%(day)s 24:00 截止。如有特殊原因，请直接联系%(unit)s变更截止日期。")
    raise ExtensionError(words, day=full_date(duty.due_on), unit=receiver_name(scope, duty, requirement))


def _check_request(scope: Scope, duty: Duty, wanted_on: date, reason: str, progress: str) -> None:
    fields: dict[str, list[Text]] = {}
    if wanted_on <= duty.due_on:
        fields["wanted_on"] = [Text(N_("请选择比现在的截止日期（%(due)s）更晚的一天。"), {"due": full_date(duty.due_on)})]
    elif wanted_on > scope.today + timedelta(days=LATEST_DAYS):
        fields["wanted_on"] = [Text(N_("新的截止日期太远，请检查年份。"))]
    for name, text in (("reason", reason), ("progress", progress)):
        if len(text) > LONGEST:
            fields[name] = [Text(N_("最多 %(limit)s 个字，现在有 %(length)s 个"), {"limit": LONGEST, "length": len(text)})]
    if not reason.strip():
        fields["reason"] = [Text(N_("请写明为什么需要延期。"))]
    if fields:
        raise ExtensionInputError(fields=fields)


def _locked(scope: Scope, extension_id: UUID) -> tuple[Extension, Duty, Requirement]:
    """Get a request with its duty, both locked, the duty first as everywhere."""
    found = get_extension(scope, extension_id)
    duty = get_duty(scope, found.duty_id, lock=True)
    extension = get_owned(scope, Extension, extension_id, lock=True)
    return extension, duty, get_owned(scope, Requirement, duty.requirement_id)


def _require_deciding(scope: Scope, duty: Duty, extension: Extension) -> None:
    access.require(scope, "duty", "change_due", duty)
    by = extension.asked_by
    if by is not None and access.is_same_hand(scope, by, {extension.asked_at.astimezone(scope.zone).date()}):
        raise OwnExtensionError


def _check_waiting(extension: Extension) -> None:
    if extension.stands is not ExtensionState.ASKED:
        state = Text(EXTENSION_LABELS[extension.stands])
        raise ExtensionError(N_("这份申请现在是“%(state)s”，不能再办理。请刷新页面查看最新情况。"), state=state)


def _decide(scope: Scope, extension: Extension, state: ExtensionState, answer: str) -> None:
    if len(answer) > LONGEST:
        words = N_("最多 %(limit)s 个字，现在有 %(length)s 个")
        raise InvalidInputError(fields={"answer": [Text(words, {"limit": LONGEST, "length": len(answer)})]})
    extension.state, extension.answer = state.value, answer.strip()
    extension.decided_at, extension.decided_by, extension.decider_name = scope.now, scope.actor.person_id, scope.actor.name
