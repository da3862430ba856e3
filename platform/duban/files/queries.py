"""Reads of the register of files."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, cast, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import InstrumentedAttribute

from duban.access.checks import require
from duban.files.leave import require_opening
from duban.files.models import StoredFile
from duban.files.storage import UNFINISHED, Store
from duban.identity.models import Person
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope, get_owned, owned
from duban.tenancy.models import TenantQuota, TenantUsage, UploadLimit
from duban.tree.models import Unit
from duban.tree.queries import root

_KEYS_AT_ONCE = 500
_MOST_SHOWN = 20


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
    require_opening(scope, row)
    return row


def unfinished(scope: Scope, store: Store, *, written_before: datetime) -> list[str]:
    """List the tenant's writings that ended in the middle: not touched since an instant, still under their working name."""
    return [key for key, written_at in store.keys(scope.tenant_id) if key.endswith(UNFINISHED) and written_at < written_before]


def orphans(scope: Scope, store: Store, *, written_before: datetime) -> Iterator[str]:
    """
    Walk the keys of the tenant no row names, written before an instant: left by an upload that was never committed.

    Costs: one query for so many keys at a time; no more are held. What is given may be deleted at once.
    """
    old = (key for key, written_at in store.keys(scope.tenant_id) if written_at < written_before)
    while part := list(islice(old, _KEYS_AT_ONCE)):
        known = set(
            scope.session.scalars(
                select(StoredFile.storage_key).where(StoredFile.tenant_id == scope.tenant_id, StoredFile.storage_key.in_(part))
            )
        )
        yield from (key for key in part if key not in known)


@dataclass(frozen=True)
class Uploaded:
    """How much somebody has uploaded, or a unit been given, since the year began."""

    name: str
    size_bytes: int
    files: int


@dataclass(frozen=True)
class Uploads:
    """What the system administrator sees of files: figures and limits, no file."""

    limits: UploadLimit
    size_bytes: int
    files: int
    size_limit_bytes: int | None
    files_limit: int | None
    people: Sequence[Uploaded]
    units: Sequence[Uploaded]


def upload_limits(scope: Scope) -> UploadLimit:
    """Get the tenant's limits of uploads. Raises: NotFoundError, NotAllowedError."""
    require(scope, "tenant", "manage", root(scope))
    return get_owned(scope, UploadLimit, scope.tenant_id)


def uploads(scope: Scope) -> Uploads:
    """
    Give the limits, what is used of them, and who has used most this year.

    Raises: NotFoundError, NotAllowedError. Costs: five queries; two of them add up the year's files of the tenant.
    """
    limits = upload_limits(scope)
    counted = (
        select(func.count(StoredFile.storage_key.distinct())).where(StoredFile.tenant_id == scope.tenant_id).scalar_subquery()
    )
    usage = scope.session.execute(
        select(
            TenantUsage.storage_bytes,
            func.coalesce(TenantUsage.files, counted).label("files"),
            TenantQuota.storage_limit_bytes,
            TenantQuota.files_limit,
        )
        .outerjoin(TenantQuota, TenantQuota.tenant_id == TenantUsage.tenant_id)
        .where(TenantUsage.tenant_id == scope.tenant_id)
    ).one()
    by_person = _this_year(scope, StoredFile.uploaded_by).subquery()
    by_unit = _this_year(scope, StoredFile.path).subquery()
    people = select(Person.name, by_person.c.size_bytes, by_person.c.files).join(by_person, by_person.c.whose == Person.id)
    units = select(Unit.name, by_unit.c.size_bytes, by_unit.c.files).join(by_unit, by_unit.c.whose == Unit.path)
    return Uploads(
        limits=limits,
        size_bytes=usage.storage_bytes,
        files=usage.files,
        size_limit_bytes=usage.storage_limit_bytes,
        files_limit=usage.files_limit,
        people=_most(scope, people.where(Person.tenant_id == scope.tenant_id)),
        units=_most(scope, units.where(Unit.tenant_id == scope.tenant_id)),
    )


def _this_year(scope: Scope, whose: InstrumentedAttribute[Any]) -> Select[Any, int, int]:
    """Add up by whom or for whom; the same bytes attached again count once, as the database counts them."""
    began = datetime(scope.today.year, 1, 1, tzinfo=scope.zone)
    once = (
        select(whose.label("whose"), StoredFile.size_bytes)
        .ext(distinct_on(whose, StoredFile.storage_key))
        .where(StoredFile.tenant_id == scope.tenant_id, StoredFile.uploaded_at >= began, whose.is_not(None))
        .subquery()
    )
    size = cast(func.sum(once.c.size_bytes), BigInteger).label("size_bytes")
    return select(once.c.whose, size, func.count().label("files")).group_by(once.c.whose)


def _most(scope: Scope, statement: Select[str, int, int]) -> Sequence[Uploaded]:
    rows = scope.session.execute(statement.order_by(text("size_bytes DESC"), text("files DESC"), text("name")).limit(_MOST_SHOWN))
    return [Uploaded(*row) for row in rows]
