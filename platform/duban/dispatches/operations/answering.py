"""What a receiver does: open, sign for, answer."""

from uuid import UUID

from duban.access.checks import require
from duban.audit.operations import record
from duban.dispatches.errors import AlreadySignedError, EndedError
from duban.dispatches.leave import OF_REPLY, is_receiver
from duban.dispatches.models import DispatchReply, Receipt
from duban.dispatches.queries import documents_named
from duban.dispatches.signing import look_again, mark_opened, put_signature
from duban.dispatches.telling import tell_replied
from duban.files.operations import FileOwner
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.tree.queries import get_unit

LONGEST_REPLY = 20_000


def reply_owner(reply: DispatchReply) -> FileOwner:
    """Say whose leave the files of an answer need: the receiver's, to whom its row is addressed."""
    return FileOwner(kind=OF_REPLY, id=reply.id, placed=reply, obj="dispatch", act="answer")


def _locked(scope: Scope, receipt_id: UUID) -> Receipt:
    """Get a receipt of the actor's own unit. Raises: NotFoundError, NotAllowedError for the sender's people, EndedError."""
    receipt = get_owned(scope, Receipt, receipt_id, lock=True)
    require(scope, "dispatch", "answer", receipt)
    if not is_receiver(scope, receipt):
        raise NotAllowedError
    return receipt


def open_receipt(scope: Scope, *, receipt_id: UUID) -> Receipt:
    """
    Note that the receiving unit has looked: the first time, by whom. Whoever only reads along leaves no mark.

    Raises: NotFoundError.
    """
    receipt = get_owned(scope, Receipt, receipt_id, lock=True)
    require(scope, "dispatch", "read", receipt)
    if receipt.opened_at is None and receipt.ended_at is None and is_receiver(scope, receipt):
        mark_opened(scope, receipt)
        record(scope, "receipt.opened", "receipt", receipt.id, receipt.to_path)
    return receipt


def sign_receipt(scope: Scope, *, receipt_id: UUID) -> Receipt:
    """Sign for a document one's unit was sent. Raises: NotFoundError, NotAllowedError, EndedError, AlreadySignedError."""
    receipt = _locked(scope, receipt_id)
    if receipt.ended_at is not None:
        raise EndedError
    if receipt.signed_at is not None:
        raise AlreadySignedError(name=receipt.signed_name)
    put_signature(scope, receipt)
    return receipt


def answer_receipt(scope: Scope, *, receipt_id: UUID, text: str, has_files: bool = False) -> DispatchReply:
    """
    Answer a document, which signs for it as well. The first answer is the one judged by the day; more may follow.

    Takes:  `has_files` where files come with it, stored in the same work: then the text may be empty.
    Raises: NotFoundError, NotAllowedError, InvalidInputError, EndedError.
    """
    receipt = _locked(scope, receipt_id)
    if receipt.ended_at is not None:
        raise EndedError
    words = text.strip()
    if not words and not has_files:
        raise InvalidInputError(fields={"text": [Text(N_("请填写回复内容，或添加附件。"))]})
    if len(words) > LONGEST_REPLY:
        raise InvalidInputError(fields={"text": [Text(N_("最多 %(most)s 个字。"), {"most": LONGEST_REPLY})]})
    if receipt.signed_at is None:
        put_signature(scope, receipt)
    reply = scope.add(
        DispatchReply(
            id=new_id(),
            path=receipt.path,
            to_path=receipt.to_path,
            lines=receipt.lines,
            work_line=receipt.work_line,
            receipt_id=receipt.id,
            text=words,
            replied_at=scope.now,
            replied_by=scope.actor.person_id,
            replier_name=scope.actor.name,
        )
    )
    if receipt.replied_at is None:
        receipt.replied_at = scope.now
    look_again(scope, receipt)
    scope.session.flush()  # its files refer to it
    record(scope, "receipt.replied", "receipt", receipt.id, receipt.to_path, reply=reply.id, in_time=_in_time(receipt))
    document = documents_named(scope, [receipt.document_id])[receipt.document_id]
    tell_replied(scope, receipt, document=document, unit_name=get_unit(scope, receipt.unit_id).name)
    return reply


def get_for_files(scope: Scope, *, receipt_id: UUID, reply_id: UUID) -> DispatchReply:
    """
    Get an answer of the actor's own unit, to attach a file to it.

    Raises: NotFoundError, NotAllowedError, EndedError.
    """
    receipt = _locked(scope, receipt_id)
    if receipt.ended_at is not None:
        raise EndedError
    reply = get_owned(scope, DispatchReply, reply_id)
    if reply.receipt_id != receipt.id:
        raise NotFoundError
    return reply


def _in_time(receipt: Receipt) -> bool | None:
    if receipt.reply_due_at is None or receipt.replied_at is None:
        return None
    return receipt.replied_at < receipt.reply_due_at
