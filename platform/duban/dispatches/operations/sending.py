"""Forwarding a document to units below: the chain goes on from the receipt the sender itself was reached by."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from duban.access.checks import Place, require_in_lines
from duban.audit.operations import record
from duban.calendar.due_dates import due_at
from duban.calendar.ladder_json import ladder_to_json
from duban.dispatches import climbing
from duban.dispatches.audience import Audience, resolve
from duban.dispatches.ended import end
from duban.dispatches.errors import EndedError, NobodyToSendError, NotOursToSendError
from duban.dispatches.leave import OF_DISPATCH
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.queries import places_of, units_that_have, working_calendar
from duban.dispatches.rules import label, reply_day
from duban.dispatches.signing import put_signature
from duban.dispatches.telling import tell_sent
from duban.files.operations import FileOwner
from duban.kernel.errors import InvalidInputError, NotFoundError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.text import N_, Text
from duban.programmes.models import Document
from duban.programmes.queries import get_document
from duban.tenancy.ladders import dispatches_ladder
from duban.tree.models import Unit
from duban.tree.queries import get_unit

LONGEST_NOTE, LONGEST_NUMBER = 5000, 80


@dataclass(frozen=True)
class Sending:
    """What the sender says with it: an own number, covering note, until when to answer (a day, or working days from today)."""

    number: str = ""
    note: str = ""
    reply_by: date | None = None
    reply_days: int | None = None
    audience: Audience = field(default_factory=Audience)
    line: str | None = None
    """The second line it goes down in, None the primary one."""


def file_owner(dispatch: Dispatch) -> FileOwner:
    """Say whose leave the files sent along need."""
    return FileOwner(kind=OF_DISPATCH, id=dispatch.id, placed=dispatch, obj="dispatch", act="send")


def send(scope: Scope, *, document_id: UUID, unit_id: UUID, sending: Sending, replaces_id: UUID | None = None) -> Dispatch:
    """
    Forward a document to units below and tell them. A sender that received it itself signs for its receipt by this.

    Takes:  `replaces_id` a dispatch of the same unit that this one stands in place of: that one ends, with all made of it.
    Raises: NotFoundError, NotAllowedError, InvalidInputError, NotOursToSendError, NobodyToSendError, EndedError,
            UnknownYearError.
    Costs:  ten queries, one statement per receiver to tell them; a lock on the sending unit.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require_in_lines(scope, "dispatch", "send", Place(unit.path, lines=unit.lines), {sending.line})
    document = get_document(scope, document_id)
    _check_words(sending)
    by = reply_day(sent_on=scope.today, by=sending.reply_by, working_days=sending.reply_days, calendar=working_calendar(scope))
    replaced = _replaced(scope, unit, replaces_id, sending.line)
    came_by = _own_receipt(scope, unit, document)
    if came_by is None and document.addressed_only and document.path not in places_of(scope, unit):
        raise NotOursToSendError
    to = resolve(scope, sender=unit, line=sending.line, audience=sending.audience)
    units = _without_those_who_have_it(scope, unit, document, to, replaced)
    if replaced is not None:
        end(scope, replaced, reason=_reason(document), instead=document)
    dispatch = _write(scope, unit, document, sending, by=by, came_by=came_by, replaces=replaced)
    receipts = _write_receipts(scope, dispatch, units)
    if came_by is not None and came_by.signed_at is None:
        put_signature(scope, came_by)
    record(
        scope, "dispatch.sent", "dispatch", dispatch.id, unit.path,
        document=document.id, title=document.title, number=dispatch.number, line=sending.line, reply_by=by,
        units=[str(one.id) for one in units], replaces=replaces_id, came_by=dispatch.above_id,
    )  # fmt: skip
    tell_sent(scope, dispatch, document, receipts)
    return dispatch


def _check_words(sending: Sending) -> None:
    wrong: dict[str, list[Text]] = {}
    for name, text, most in (("note", sending.note, LONGEST_NOTE), ("number", sending.number, LONGEST_NUMBER)):
        if len(text) > most:
            wrong[name] = [Text(N_("最多 %(most)s 个字。"), {"most": most})]
    if wrong:
        raise InvalidInputError(fields=wrong)


def _reason(document: Document) -> str:
    return f"{document.number}《{document.title}》"


def _own_receipt(scope: Scope, unit: Unit, document: Document) -> Receipt | None:
    """Get the newest living receipt of the document at the sender, locked: the chain goes on from it."""
    statement = owned(scope, Receipt).where(
        Receipt.document_id == document.id, Receipt.to_path.in_(places_of(scope, unit)), Receipt.ended_at.is_(None)
    )
    newest = statement.order_by(Receipt.id.desc()).limit(1).with_for_update().execution_options(populate_existing=True)
    return scope.session.scalars(newest).first()


def _replaced(scope: Scope, unit: Unit, replaces_id: UUID | None, line: str | None) -> Dispatch | None:
    """Get the dispatch to be replaced, locked: the unit's own, in the line sent in. Raises: NotFoundError, EndedError."""
    if replaces_id is None:
        return None
    found = get_owned(scope, Dispatch, replaces_id, lock=True)
    if found.path not in places_of(scope, unit) or found.work_line != line:
        raise NotFoundError
    if found.ended_at is not None:
        raise EndedError
    return found


def _without_those_who_have_it(
    scope: Scope, unit: Unit, document: Document, to: Sequence[Unit], replaced: Dispatch | None
) -> Sequence[Unit]:
    """Leave out who holds a living receipt of the document from this unit already. Raises: NobodyToSendError."""
    have = units_that_have(scope, unit, document, replaced=replaced)
    found = [one for one in to if one.id not in have]
    if not found:
        raise NobodyToSendError
    return found


def _write(
    scope: Scope,
    unit: Unit,
    document: Document,
    sending: Sending,
    *,
    by: date | None,
    came_by: Receipt | None,
    replaces: Dispatch | None,
) -> Dispatch:
    made = new_id()
    dispatch = scope.add(
        Dispatch(
            id=made,
            path=unit.path,
            lines=unit.lines,
            work_line=sending.line,
            unit_id=unit.id,
            unit_name=unit.name,
            document_id=document.id,
            above_id=came_by.dispatch_id if came_by else None,
            trail=f"{came_by.trail if came_by else ''}{label(made)}",
            number=sending.number,
            note=sending.note,
            reply_by=by,
            reply_due_at=due_at(by, scope.zone) if by else None,
            sent_at=scope.now,
            sent_by=scope.actor.person_id,
            sender_name=scope.actor.name,
            replaces_id=replaces.id if replaces else None,
            ended_reason="",
            ladder=ladder_to_json(dispatches_ladder(scope)),
            version=1,
        )
    )
    scope.session.flush()  # receipts and files refer to it
    return dispatch


def _write_receipts(scope: Scope, dispatch: Dispatch, units: Collection[Unit]) -> list[Receipt]:
    ladder, calendar = climbing.ladder_of(dispatch), working_calendar(scope)
    receipts = []
    for unit in units:
        made = new_id()
        receipts.append(
            scope.add(
                Receipt(
                    id=made,
                    path=dispatch.path,
                    to_path=unit.path,
                    lines=dispatch.lines,
                    work_line=dispatch.work_line,
                    dispatch_id=dispatch.id,
                    document_id=dispatch.document_id,
                    unit_id=unit.id,
                    trail=f"{dispatch.trail}{label(made)}",
                    sent_on=scope.today,
                    reply_by=dispatch.reply_by,
                    reply_due_at=dispatch.reply_due_at,
                    opened_name="",
                    signed_name="",
                    due_version=1,
                    version=1,
                )
            )
        )
        climbing.begin(receipts[-1], ladder, today=scope.today, zone=scope.zone, calendar=calendar)
    scope.session.flush()
    return receipts
