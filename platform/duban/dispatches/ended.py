"""The end of a dispatch, with all that was made of it, by whichever operation asked leave for it: taken back, or replaced."""

from sqlalchemy import update

from duban.audit.operations import record
from duban.dispatches.leave import under
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.queries import documents_named
from duban.dispatches.telling import tell_ended
from duban.kernel.scope import Scope, owned
from duban.programmes.models import Document


def document_of(scope: Scope, dispatch: Dispatch) -> Document:
    """Give the document of a dispatch that was read under leave."""
    return documents_named(scope, [dispatch.document_id])[dispatch.document_id]


def end(scope: Scope, dispatch: Dispatch, *, reason: str, instead: Document | None) -> None:
    """End a dispatch read locked and under leave, with all receipts and dispatches that came by it; tell all it had reached."""
    statement = owned(scope, Receipt).where(under(dispatch.trail), Receipt.ended_at.is_(None)).order_by(Receipt.id)
    receipts = scope.session.scalars(statement.with_for_update()).all()
    for row in receipts:
        row.ended_at, row.next_step_on, row.next_step_at = scope.now, None, None
        row.due_version, row.version = row.due_version + 1, row.version + 1
    dispatch.ended_at, dispatch.ended_by_id, dispatch.ended_reason = scope.now, dispatch.id, reason
    dispatch.version += 1
    scope.session.flush()
    scope.session.execute(
        update(Dispatch)
        .where(
            Dispatch.tenant_id == scope.tenant_id,
            Dispatch.trail.startswith(dispatch.trail),
            Dispatch.ended_at.is_(None),
        )
        .values(ended_at=scope.now, ended_by_id=dispatch.id, ended_reason=reason, version=Dispatch.version + 1)
    )
    record(
        scope, "dispatch.ended", "dispatch", dispatch.id, dispatch.path,
        reason=reason, reached=len(receipts), instead=instead.id if instead else None,
    )  # fmt: skip
    at = [row.to_path or "" for row in receipts]
    tell_ended(scope, dispatch, document_of(scope, dispatch), at=at, instead=instead)
