import io
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from duban.files.storage import Store, open_store

TENANT, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return open_store(f"file://{tmp_path}/files" if request.param == "folder" else f"memory://{uuid4()}")


def test_gives_back_the_bytes_it_took(store: Store) -> None:
    key = store.put(TENANT, io.BytesIO("整改".encode() * 1_000_000))
    with store.open(key) as content:
        assert content.read() == "整改".encode() * 1_000_000
    assert store.has(key)


def test_keeps_tenants_apart_and_dates_what_it_holds(store: Store) -> None:
    key = store.put(TENANT, io.BytesIO(b"a"))
    store.put(OTHER, io.BytesIO(b"b"))
    [(found, written_at)] = list(store.keys(TENANT))
    assert found == key
    assert abs(written_at - datetime.fromtimestamp(time.time(), UTC)) < timedelta(minutes=1)
    assert list(store.keys(UUID(int=3))) == []


def test_deletes_once_and_again(store: Store) -> None:
    key = store.put(TENANT, io.BytesIO(b"a"))
    store.delete(key)
    store.delete(key)
    assert not store.has(key)
    with pytest.raises(FileNotFoundError):
        store.open(key)


class Breaking(io.BytesIO):
    """A connection that drops after the first chunk."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 0:
            raise ConnectionResetError
        return super().read(size and min(size, 1000))


def test_a_writing_cut_off_leaves_nothing_to_read_in_a_folder(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/files")
    with pytest.raises(ConnectionResetError):
        store.put(TENANT, Breaking(b"x" * 5000))
    assert list(store.keys(TENANT)) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_address_that_cannot_be_used_is_named() -> None:
    with pytest.raises(ValueError, match="DUBAN_FILES_URL=nonsense://x"):
        open_store("nonsense://x")
