"""
The store of bytes, through fsspec: a folder, memory, or an S3-compatible service.

A key is `<tenant>/<random>`; bytes appear under it whole or not at all, and are never changed afterwards.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast
from uuid import UUID

import fsspec

from duban.files.names import stored_name

_CHUNK = 1024 * 1024
UNFINISHED = ".part"
"""How a writing that has not ended is called."""
STORAGE_KEY = re.compile(r"[0-9a-f-]{36}/[0-9a-f]{2}/[0-9a-f]{64}")


@dataclass(frozen=True)
class Store:
    """A folder of some file system. `root` has no trailing slash."""

    fs: Any
    root: str

    def put(self, tenant_id: UUID, stream: BinaryIO) -> str:
        """Write the rest of the stream under a new key and give the key; a reader never sees half of it."""
        key = f"{tenant_id}/{stored_name()}"
        self.place(key, stream)
        return key

    def place(self, key: str, stream: BinaryIO) -> None:
        """Write the rest of the stream under a key that is known already: for restoring. Raises: ValueError."""
        if not STORAGE_KEY.fullmatch(key):
            raise ValueError(f"not a key of a stored file: {key!r}")
        target = self._path(key)
        self.fs.makedirs(target.rpartition("/")[0], exist_ok=True)
        if self._is_local:
            self._put_local(target, stream)
        else:
            # Object stores and memory show a key only once its writing was closed.
            with self.fs.open(target, "wb") as out:
                shutil.copyfileobj(stream, out, _CHUNK)

    def sha256(self, key: str) -> str:
        """Read the bytes under the key and give their digest in hexadecimal digits. Raises: FileNotFoundError."""
        with self.open(key) as stream:
            hashed = hashlib.sha256()
            while chunk := stream.read(_CHUNK):
                hashed.update(chunk)
            return hashed.hexdigest()

    def open(self, key: str) -> BinaryIO:
        """Open for reading. Raises: FileNotFoundError."""
        return cast("BinaryIO", self.fs.open(self._path(key), "rb"))

    def delete(self, key: str) -> None:
        """Remove the bytes; silent where they are gone already."""
        if self.fs.exists(self._path(key)):
            self.fs.rm_file(self._path(key))

    def has(self, key: str) -> bool:
        """Tell whether there are bytes under the key."""
        return bool(self.fs.exists(self._path(key)))

    def size(self, key: str) -> int:
        """Give the number of bytes under a key. Raises: FileNotFoundError."""
        return int(self.fs.size(self._path(key)))

    def forget(self, tenant_id: UUID) -> None:
        """Remove a tenant's folder with all that is left in it; silent where there is none."""
        folder = self._path(str(tenant_id))
        if self.fs.exists(folder):
            self.fs.rm(folder, recursive=True)

    def keys(self, tenant_id: UUID) -> Iterator[tuple[str, datetime]]:
        """
        Walk a tenant's keys, unfinished writings included, each with the instant it was last written.

        Costs: one listing a folder, 256 of them for a tenant with files; no more than one is held at a time.
        """
        folder = self._path(str(tenant_id))
        if not self.fs.exists(folder):
            return
        for _path, _folders, found in self.fs.walk(folder, detail=True):
            for info in found.values():
                yield str(info["name"]).removeprefix(self._path("")), _written_at(info)

    @property
    def _is_local(self) -> bool:
        return "file" in self.fs.protocol

    def _path(self, key: str) -> str:
        return f"{self.root}/{key}"

    def _put_local(self, target: str, stream: BinaryIO) -> None:
        part = f"{target}{UNFINISHED}"
        try:
            with open(part, "xb") as out:  # noqa: PTH123 -- fsspec gives paths as text
                shutil.copyfileobj(stream, out, _CHUNK)
                out.flush()
                os.fsync(out.fileno())
            os.replace(part, target)  # noqa: PTH105
        except BaseException:
            if os.path.exists(part):  # noqa: PTH110
                os.unlink(part)  # noqa: PTH108
            raise


def _written_at(info: dict[str, Any]) -> datetime:
    """Read when an entry was written; a store that does not say is taken as writing now, so nothing young is swept."""
    for name in ("mtime", "LastModified", "last_modified", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, tz=UTC)
    return datetime.max.replace(tzinfo=UTC)


def open_store(url: str) -> Store:
    """
    Reach the store an fsspec URL names, making its folder.

    Raises: ValueError naming the URL where it cannot be used.
    """
    try:
        fs, root = fsspec.core.url_to_fs(url)
        fs.makedirs(root, exist_ok=True)
    except (ValueError, ImportError, OSError) as error:
        raise ValueError(f"DUBAN_FILES_URL={url}: {error}") from error
    return Store(fs=fs, root=str(root).rstrip("/"))
