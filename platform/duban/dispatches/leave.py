"""
Who may read what was sent: whom the policy lets (the sender's unit, those above it), and by the chain the units it reached.

A unit reached by a dispatch, directly or by forwarding further up, reads it, its document and the attachments of both, but
nothing of its neighbours: what stands at another receipt is read by that receipt's own place alone. A unit that had not opened
what was taken back reads the document no more by having been sent it.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, and_, exists, literal_column, or_, select

from duban.access.checks import Place, grants_of, policy, require
from duban.access.relations import ISSUED, SELF
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.rules import dispatches_of
from duban.files.leave import inherit
from duban.files.models import StoredFile
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope, get_owned, owned
from duban.programmes.leave import give
from duban.programmes.models import Document
from duban.programmes.operations.documents import OWNER_KIND as OF_DOCUMENT
from duban.tree import paths

OF_DISPATCH, OF_REPLY = "dispatch", "dispatch_reply"
"""Kinds of owner of the files sent along and of those of an answer."""


def addressed_paths(scope: Scope, act: str = "read") -> frozenset[str]:
    """Give the places at which the actor may do this to what is sent there: the places of their own units, past ones too."""
    decided = policy(scope)
    return frozenset(grant.path for grant in grants_of(scope) if ISSUED in decided.allowed(grant.role, "dispatch", act))


def sending_paths(scope: Scope, act: str = "read") -> frozenset[str]:
    """Give the places at which the actor may do this to what their own unit sends."""
    decided = policy(scope)
    return frozenset(grant.path for grant in grants_of(scope) if SELF in decided.allowed(grant.role, "dispatch", act))


def is_receiver(scope: Scope, receipt: Receipt) -> bool:
    """Say whether the actor signs and answers for the receiving unit."""
    return receipt.to_path in addressed_paths(scope, "answer")


def reached(scope: Scope, act: str = "read") -> ColumnElement[bool]:
    """Say in SQL which receipts are the actor's own unit's and still let it read: not taken back before it was opened."""
    at = addressed_paths(scope, act)
    if not at:
        return literal_column("false", Boolean)
    return and_(Receipt.to_path.in_(at), or_(Receipt.ended_at.is_(None), Receipt.opened_at.is_not(None)))


def _documents_reached(scope: Scope) -> ColumnElement[bool]:
    return exists(
        select(Receipt.id).where(Receipt.tenant_id == scope.tenant_id, Receipt.document_id == Document.id, reached(scope))
    ).correlate(Document)


def under(trail: str) -> ColumnElement[bool]:
    """Say in SQL that a receipt came by a dispatch: directly, or forwarded from it."""
    return and_(Receipt.trail >= trail, Receipt.trail < paths.upper_bound(trail))


def place_of_sender(row: Dispatch | Receipt) -> Place:
    """Give where the sender of a row stands in it: having it addressed to one's unit counts for nothing there."""
    return Place(row.path, lines=row.lines, work_line=row.work_line)


def receipts_by(scope: Scope, dispatch: Dispatch, *, also_ended: bool = False) -> list[Receipt]:
    """
    List the actor's own units' receipts that came by a dispatch, the nearest to it first.

    Takes: `also_ended` for those taken back before they were opened, which give no leave to read. Costs: one query.
    """
    ours = Receipt.to_path.in_(addressed_paths(scope)) if also_ended else reached(scope)
    statement = owned(scope, Receipt).where(under(dispatch.trail), ours)
    return sorted(scope.session.scalars(statement), key=lambda row: (len(row.trail), row.trail))


def get_dispatch(scope: Scope, dispatch_id: UUID, *, lock: bool = False) -> Dispatch:
    """Get a dispatch of one's own or of a unit below, as its sender sees it: whom it was sent to. Raises: NotFoundError."""
    dispatch = get_owned(scope, Dispatch, dispatch_id, lock=lock)
    require(scope, "dispatch", "read", dispatch)
    return dispatch


def get_receipt(scope: Scope, receipt_id: UUID, *, lock: bool = False) -> Receipt:
    """Get a receipt: the receiver's own, the sender's, and of those above the sender. Raises: NotFoundError."""
    receipt = get_owned(scope, Receipt, receipt_id, lock=lock)
    require(scope, "dispatch", "read", receipt)
    return receipt


def way_of(scope: Scope, trail: str) -> list[Dispatch]:
    """List the dispatches a trail leads through, the first sender's first. Costs: one query."""
    wanted = dispatches_of(trail)
    found = {row.id: row for row in scope.session.scalars(owned(scope, Dispatch).where(Dispatch.id.in_(wanted)))}
    return [found[one] for one in wanted if one in found]


def own_receipts(scope: Scope, document_ids: Collection[UUID]) -> list[Receipt]:
    """List the actor's own units' receipts of documents, newest first. Costs: one query, none for no documents."""
    at = addressed_paths(scope)
    if not at or not document_ids:
        return []
    statement = owned(scope, Receipt).where(Receipt.document_id.in_(set(document_ids)), Receipt.to_path.in_(at))
    return list(scope.session.scalars(statement.order_by(Receipt.id.desc())))


def _may_open_of_document(scope: Scope, row: StoredFile) -> bool:
    statement = select(Receipt.id).where(
        Receipt.tenant_id == scope.tenant_id, Receipt.document_id == row.owner_id, reached(scope)
    )
    return scope.session.scalar(statement.limit(1)) is not None


def _may_open_of_dispatch(scope: Scope, row: StoredFile) -> bool:
    try:
        return bool(receipts_by(scope, get_owned(scope, Dispatch, row.owner_id)))
    except NotFoundError:
        return False


give(_documents_reached)
inherit(OF_DOCUMENT, _may_open_of_document)
inherit(OF_DISPATCH, _may_open_of_dispatch)
