"""What a sender does afterwards: take back, press, move the day to reply by."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from duban.access.checks import Place, require_in_lines
from duban.audit.operations import record
from duban.calendar.due_dates import due_at
from duban.dispatches import climbing
from duban.dispatches.ended import document_of, end
from duban.dispatches.errors import EndedError, NoReplyWantedError, NothingToUrgeError
from duban.dispatches.leave import get_dispatch
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.queries import working_calendar
from duban.dispatches.rules import reply_day
from duban.dispatches.telling import tell_new_day, tell_urged
from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text


def get_for_change(scope: Scope, dispatch_id: UUID) -> Dispatch:
    """Get a living dispatch of one's own unit for changing it. Raises: NotFoundError, NotAllowedError, EndedError."""
    dispatch = get_dispatch(scope, dispatch_id, lock=True)
    require_in_lines(scope, "dispatch", "send", Place(dispatch.path, lines=dispatch.lines), {dispatch.work_line})
    if dispatch.ended_at is not None:
        raise EndedError
    return dispatch


def withdraw(scope: Scope, *, dispatch_id: UUID, reason: str) -> Dispatch:
    """
    Take back what was sent, with all that was forwarded from it: everybody it reached is told why.

    Raises: NotFoundError, NotAllowedError, InvalidInputError without a reason, EndedError.
    """
    dispatch = get_for_change(scope, dispatch_id)
    if not reason.strip():
        raise InvalidInputError(fields={"reason": [Text(N_("请写明撤回的原因。"))]})
    end(scope, dispatch, reason=reason.strip(), instead=None)
    return dispatch


def urge(scope: Scope, *, dispatch_id: UUID, receipt_ids: Collection[UUID] = ()) -> int:
    """
    Press the direct receivers who have not signed, or not answered although an answer is asked for.

    Takes:  `receipt_ids` to press only some. Gives: how many were pressed.
    Raises: NotFoundError, NotAllowedError, EndedError, NothingToUrgeError.
    """
    dispatch = get_for_change(scope, dispatch_id)
    statement = owned(scope, Receipt).where(
        Receipt.dispatch_id == dispatch.id,
        Receipt.ended_at.is_(None),
        Receipt.signed_at.is_(None) | (Receipt.reply_due_at.is_not(None) & Receipt.replied_at.is_(None)),
    )
    if receipt_ids:
        statement = statement.where(Receipt.id.in_(set(receipt_ids)))
    found = scope.session.scalars(statement.order_by(Receipt.id).with_for_update()).all()
    if not found:
        raise NothingToUrgeError
    for row in found:
        row.urged_at = scope.now
    tell_urged(scope, dispatch, document_of(scope, dispatch), found)
    record(scope, "dispatch.urged", "dispatch", dispatch.id, dispatch.path, units=[str(row.unit_id) for row in found])
    return len(found)


def move_reply_day(scope: Scope, *, dispatch_id: UUID, reply_by: date, reason: str) -> Dispatch:
    """
    Move the day to reply by, by a recorded decision; reminders of the old day die. Who has answered is judged by the new day.

    Raises: NotFoundError, NotAllowedError, InvalidInputError, EndedError, NoReplyWantedError.
    """
    dispatch = get_for_change(scope, dispatch_id)
    if dispatch.reply_by is None:
        raise NoReplyWantedError
    if not reason.strip():
        raise InvalidInputError(fields={"reason": [Text(N_("请填写理由。"))]})
    calendar = working_calendar(scope)
    by = reply_day(sent_on=scope.today, by=reply_by, working_days=None, calendar=calendar) or reply_by
    before, dispatch.reply_by, dispatch.reply_due_at = dispatch.reply_by, by, due_at(by, scope.zone)
    dispatch.version += 1
    statement = owned(scope, Receipt).where(Receipt.dispatch_id == dispatch.id, Receipt.ended_at.is_(None)).order_by(Receipt.id)
    waiting, ladder = [], climbing.ladder_of(dispatch)
    for row in scope.session.scalars(statement.with_for_update()):
        row.reply_by, row.reply_due_at = by, dispatch.reply_due_at
        row.due_version, row.version = row.due_version + 1, row.version + 1
        climbing.begin(row, ladder, today=scope.today, zone=scope.zone, calendar=calendar)
        waiting += [] if row.replied_at is not None else [row]
    record(scope, "dispatch.day_moved", "dispatch", dispatch.id, dispatch.path, before=before, after=by, reason=reason.strip())
    tell_new_day(scope, dispatch, document_of(scope, dispatch), waiting, by=by)
    return dispatch
