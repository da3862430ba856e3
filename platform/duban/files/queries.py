"""Reads of the register of files."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from duban.access.checks import require
from duban.files.models import StoredFile
from duban.files.storage import UNFINISHED, Store
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope, get_owned, owned

_KEYS_AT_ONCE = 500


def list_of(scope: Scope, owner_kind: str, owner_ids: Collection[UUID]) -> Mapping[UUID, Sequence[StoredFile]]:
    """
    Give the files of many owners, oldest first; an owner without files has no entry.

    The caller has made sure that the owners may be read. Costs: one query, none for no owners.
    """
    found: dict[UUID, list[StoredFile]] = {}
    if not owner_ids:
        return found
    statement = owned(scope, StoredFile).where(
        StoredFile.owner_kind == owner_kind, StoredFile.owner_id.in_(set(owner_ids)), StoredFile.removed_at.is_(None)
    )
    for row in scope.session.scalars(statement.order_by(StoredFile.uploaded_at, StoredFile.id)):
        found.setdefault(row.owner_id, []).append(row)
    return found


def count_of(scope: Scope, owner_kind: str, owner_id: UUID) -> int:
    """Count an owner's files."""
    statement = select(func.count()).where(
        StoredFile.tenant_id == scope.tenant_id,
        StoredFile.owner_kind == owner_kind,
        StoredFile.owner_id == owner_id,
        StoredFile.removed_at.is_(None),
    )
    return scope.session.scalar(statement) or 0


def get_readable(scope: Scope, file_id: UUID) -> StoredFile:
    """Get a file the actor may open. Raises: NotFoundError, also for a removed one."""
    row = get_owned(scope, StoredFile, file_id)
    if row.removed_at is not None:
        raise NotFoundError
    require(scope, row.access_object, "read", row)
    return row


def unfinished(scope: Scope, store: Store, *, written_before: datetime) -> list[str]:
    """List the tenant's writings that ended in the middle: not touched since an instant, still under their working name."""
    return [key for key, written_at in store.keys(scope.tenant_id) if key.endswith(UNFINISHED) and written_at < written_before]


def orphans(scope: Scope, store: Store, *, written_before: datetime) -> Iterator[str]:
    """Walk the keys of the tenant no row names, written before an instant: left by an upload that was never committed."""
    old = [key for key, written_at in store.keys(scope.tenant_id) if written_at < written_before]
    for start in range(0, len(old), _KEYS_AT_ONCE):
        part = old[start : start + _KEYS_AT_ONCE]
        known = set(
            scope.session.scalars(
                select(StoredFile.storage_key).where(StoredFile.tenant_id == scope.tenant_id, StoredFile.storage_key.in_(part))
            )
        )
        yield from (key for key in part if key not in known)
