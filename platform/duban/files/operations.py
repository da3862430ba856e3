"""
Taking files in, attaching them again, removing them.

The owner says under whose leave: `FileOwner.obj` and `.act` are the words of the policy that allow changing the owner.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, BinaryIO, cast
from uuid import UUID

from sqlalchemy import func, select

from duban.access.checks import require
from duban.access.decisions import HasPlace
from duban.audit.operations import record
from duban.files.errors import TooManyFilesError
from duban.files.inspection import inspect
from duban.files.leave import require_opening
from duban.files.models import StoredFile
from duban.files.names import clean_name
from duban.files.queries import count_of
from duban.files.states import FILES_PER_OWNER
from duban.files.storage import Store
from duban.kernel.errors import InvalidInputError, NotFoundError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.tenancy.models import UploadLimit
from duban.tenancy.quotas import QuotaReachedError, check_storage
from duban.tree.queries import root

_CHUNK = 1024 * 1024
LIMITS = ("person_bytes", "person_files", "unit_bytes", "unit_files")
_LARGEST = 2**53


@dataclass(frozen=True)
class FileOwner:
    """
    What files hang on.

    `placed` gives the files their place; who may `act` on `obj` there may change them, who may read `obj` may open them.
    """

    kind: str
    id: UUID
    placed: HasPlace
    obj: str
    act: str


def store(scope: Scope, *, owner: FileOwner, filename: str, stream: IO[bytes], into: Store, limit_bytes: int) -> StoredFile:
    """
    Judge a file and keep it.

    The bytes are written first and the row after; without a commit the sweep takes the bytes away again.
    Raises: NotFoundError, NotAllowedError, FileRefusedError, TooManyFilesError. Costs: reads the stream three times.
    """
    require(scope, owner.obj, owner.act, owner.placed)
    name = clean_name(filename)
    with _seekable(stream, limit_bytes) as content:
        verdict = inspect(content, name=name, limit_bytes=limit_bytes)
        _check_count(scope, owner)
        check_storage(scope, verdict.size_bytes)
        key = into.put(scope.tenant_id, content)
    row = scope.add(
        StoredFile(
            id=new_id(),
            owner_kind=owner.kind,
            owner_id=owner.id,
            access_object=owner.obj,
            original_name=name,
            storage_key=key,
            size_bytes=verdict.size_bytes,
            media_type=verdict.kind.media_type,
            digest=verdict.digest,
            uploaded_by=scope.actor.person_id,
            uploaded_at=scope.now,
            path=owner.placed.path,
            to_path=getattr(owner.placed, "to_path", None),
            lines=list(getattr(owner.placed, "lines", ())),
            work_line=getattr(owner.placed, "work_line", None),
        )
    )
    try:
        scope.session.flush()
    except QuotaReachedError:
        into.delete(key)  # others were faster; bytes that no row names must not wait for the sweep where room is short
        raise
    record(scope, "file.stored", owner.kind, owner.id, row.path, file_id=row.id, name=name, digest=verdict.digest)
    return row


def link(scope: Scope, *, file_id: UUID, owner: FileOwner) -> StoredFile:
    """
    Attach a file the actor may open to another owner as well: the same bytes, a row of its own.

    Raises: NotFoundError, NotAllowedError, TooManyFilesError.
    """
    require(scope, owner.obj, owner.act, owner.placed)
    source = get_owned(scope, StoredFile, file_id)
    require_opening(scope, source)
    if source.removed_at is not None:
        raise NotFoundError
    _check_count(scope, owner)
    row = scope.add(
        StoredFile(
            id=new_id(),
            owner_kind=owner.kind,
            owner_id=owner.id,
            access_object=owner.obj,
            original_name=source.original_name,
            storage_key=source.storage_key,
            size_bytes=source.size_bytes,
            media_type=source.media_type,
            digest=source.digest,
            uploaded_by=source.uploaded_by,
            uploaded_at=source.uploaded_at,
            path=owner.placed.path,
            to_path=getattr(owner.placed, "to_path", None),
            lines=list(getattr(owner.placed, "lines", ())),
            work_line=getattr(owner.placed, "work_line", None),
        )
    )
    record(scope, "file.linked", owner.kind, owner.id, row.path, file_id=row.id, source_id=source.id, name=row.original_name)
    return row


def remove(scope: Scope, *, file_id: UUID, owner: FileOwner) -> StoredFile:
    """
    Take a file off its owner. Row and bytes stay, for whoever has to look into it later.

    Raises: NotFoundError (also where the file hangs on another owner), NotAllowedError.
    """
    require(scope, owner.obj, owner.act, owner.placed)
    row = get_owned(scope, StoredFile, file_id, lock=True)
    if row.removed_at is not None or (row.owner_kind, row.owner_id) != (owner.kind, owner.id):
        raise NotFoundError
    row.removed_at, row.removed_by = scope.now, scope.person_id
    record(scope, "file.removed", owner.kind, owner.id, row.path, file_id=row.id, name=row.original_name)
    return row


def set_upload_limits(scope: Scope, *, limits: Mapping[str, int | None], expected: int) -> UploadLimit:
    """
    Set how much each person may upload and each unit be given in a year; None for no limit. What is there already stays.

    Takes:  all of `LIMITS` by name; `expected`, the version that was read before.
    Raises: NotFoundError, NotAllowedError, InvalidInputError, StaleError.
    """
    require(scope, "tenant", "manage", root(scope))
    wrong = {name: [Text(N_("应为大于 0 的整数；不限请留空。"))] for name in LIMITS if not _is_sound(limits[name])}
    if wrong:
        raise InvalidInputError(fields=wrong)
    row = get_owned(scope, UploadLimit, scope.tenant_id, lock=True)
    if row.version != expected:
        raise StaleError
    before = {name: getattr(row, name) for name in LIMITS}
    for name in LIMITS:
        setattr(row, name, limits[name])
    row.version += 1
    record(scope, "file.limits-set", "tenant", scope.tenant_id, before=before, after={name: limits[name] for name in LIMITS})
    return row


def _is_sound(limit: int | None) -> bool:
    return limit is None or 0 < limit < _LARGEST


def _check_count(scope: Scope, owner: FileOwner) -> None:
    """
    Refuse one file too many. Raises: TooManyFilesError.

    Costs: the owner's lock until the end of the work, so that uploads side by side count each other.
    """
    scope.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(owner.id), 0))))
    if count_of(scope, owner.kind, owner.id) >= FILES_PER_OWNER:
        raise TooManyFilesError(FILES_PER_OWNER)


def _seekable(stream: IO[bytes], limit_bytes: int) -> BinaryIO:
    """Give a stream that can be read again, on disk beyond a megabyte and gone when closed; stops soon after the limit."""
    spooled = tempfile.SpooledTemporaryFile(max_size=_CHUNK)  # noqa: SIM115 -- the caller closes it
    while spooled.tell() <= limit_bytes and (chunk := stream.read(_CHUNK)):
        spooled.write(chunk)
    spooled.seek(0)
    return cast("BinaryIO", spooled)
