"""Files in the register: kept, attached again, removed, swept; who may and who may not."""

import io
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from duban.access.checks import Place
from duban.files import operations
from duban.files.errors import FileRefusedError, Reason, TooManyFilesError
from duban.files.models import StoredFile
from duban.files.operations import FileOwner
from duban.files.queries import count_of, get_readable, list_of
from duban.files.states import FILES_PER_OWNER
from duban.files.storage import Store, open_store
from duban.files.tasks import SWEEP_AFTER, sweep
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from tests.attack.files.corpus import EICAR, pdf, word
from tests.cast import World

LIMIT = 1024 * 1024


@pytest.fixture
def store() -> Store:
    return open_store(f"memory://{uuid4()}")


def owner_at(world: World, unit: str, *, to: str | None = None, owner_id: UUID | None = None) -> FileOwner:
    place = Place(world.paths[unit], world.paths[to] if to else None)
    return FileOwner(kind="document", id=owner_id or uuid4(), placed=place, obj="document", act="register")


def keep(world: World, who: str, owner: FileOwner, store: Store, name: str = "报告.pdf", content: bytes | None = None) -> UUID:
    with world.as_(who) as scope:
        stream = io.BytesIO(pdf() if content is None else content)
        return operations.store(scope, owner=owner, filename=name, stream=stream, into=store, limit_bytes=LIMIT).id


class TestStore:
    def test_keeps_name_size_kind_digest_place_and_bytes(self, world: World, store: Store) -> None:
        owner, sent = owner_at(world, "V11"), word()
        file_id = keep(world, "vera", owner, store, name="C:\\桌面\\东一村 实施方案(定稿).docx", content=sent)
        with world.as_("vera") as scope:
            row = get_readable(scope, file_id)
            assert row.original_name == "东一村 实施方案(定稿).docx"
            assert (row.size_bytes, row.path, row.uploaded_by) == (len(sent), world.paths["V11"], world.people["vera"])
            assert row.media_type.endswith("wordprocessingml.document")
            assert store.open(row.storage_key).read() == sent
            assert row.storage_key.startswith(str(world.tenant.id))
            assert "方案" not in row.storage_key

    @pytest.mark.parametrize(
        ("who", "refusal"), [("vic", NotFoundError), ("tom", NotAllowedError), ("cora", NotAllowedError), ("dora", NotFoundError)]
    )
    def test_is_refused_to_everyone_who_may_not_change_the_owner(
        self, world: World, store: Store, who: str, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            keep(world, who, owner_at(world, "V11"), store)
        assert list(store.keys(world.tenant.id)) == []

    def test_keeps_nothing_of_a_refused_file(self, world: World, store: Store) -> None:
        with pytest.raises(FileRefusedError) as refusal:
            keep(world, "vera", owner_at(world, "V11"), store, name="病毒.txt", content=EICAR)
        assert refusal.value.reason is Reason.MALWARE
        assert "病毒.txt" in str(refusal.value.fields["file"][0])
        assert list(store.keys(world.tenant.id)) == []

    def test_stops_reading_soon_after_the_limit(self, world: World, store: Store) -> None:
        class Endless(io.BytesIO):
            given = 0

            def read(self, size: int | None = -1, /) -> bytes:
                Endless.given += size or 0
                return b"x" * (size or 0)

        with world.as_("vera") as scope, pytest.raises(FileRefusedError) as refusal:
            operations.store(
                scope, owner=owner_at(world, "V11"), filename="a.txt", stream=Endless(), into=store, limit_bytes=LIMIT
            )
        assert refusal.value.reason is Reason.TOO_LARGE
        assert Endless.given <= 3 * LIMIT

    def test_has_a_limit_per_owner(self, world: World, store: Store) -> None:
        owner = owner_at(world, "V11")
        for _ in range(FILES_PER_OWNER):
            keep(world, "vera", owner, store)
        with pytest.raises(TooManyFilesError):
            keep(world, "vera", owner, store)

    def test_counts_uploads_side_by_side(self, world: World, store: Store) -> None:
        owner = owner_at(world, "V11")
        for _ in range(FILES_PER_OWNER - 3):
            keep(world, "vera", owner, store)
        outcomes: list[str] = []

        def upload() -> None:
            try:
                keep(world, "vera", owner, store)
                outcomes.append("kept")
            except TooManyFilesError:
                outcomes.append("refused")

        threads = [threading.Thread(target=upload) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (outcomes.count("kept"), outcomes.count("refused")) == (3, 7)
        with world.as_("vera") as scope:
            assert count_of(scope, "document", owner.id) == FILES_PER_OWNER


class TestReading:
    def test_gives_the_files_of_many_owners_in_order(self, world: World, store: Store) -> None:
        first, second, third = (owner_at(world, "V11") for _ in range(3))
        for name in ("一.pdf", "二.pdf"):
            keep(world, "vera", first, store, name=name)
        keep(world, "vera", second, store, name="三.pdf")
        with world.as_("vera") as scope:
            found = list_of(scope, "document", [first.id, second.id, third.id])
            assert {key: [row.original_name for row in rows] for key, rows in found.items()} == {
                first.id: ["一.pdf", "二.pdf"],
                second.id: ["三.pdf"],
            }
            assert list_of(scope, "document", []) == {}
            assert list_of(scope, "letter", [first.id]) == {}

    @pytest.mark.parametrize(
        ("who", "may"),
        [
            ("vera", True),
            ("tom", True),
            ("cora", True),
            ("wanda", True),
            ("vic", False),
            ("dora", False),
            ("ewa", False),
            ("adam", False),
        ],
    )
    def test_is_open_to_who_may_read_the_owner_and_to_the_addressee(
        self, world: World, store: Store, who: str, may: bool
    ) -> None:
        file_id = keep(world, "vera", owner_at(world, "V11", to="V21"), store)
        with world.as_(who) as scope:
            if may:
                assert get_readable(scope, file_id).original_name == "报告.pdf"
            else:
                with pytest.raises(NotFoundError):
                    get_readable(scope, file_id)


class TestLinkAndRemove:
    def test_link_shares_bytes_and_outlives_the_first(self, world: World, store: Store) -> None:
        first, second = owner_at(world, "V11"), owner_at(world, "V11")
        file_id = keep(world, "vera", first, store)
        with world.as_("vera") as scope:
            copy = operations.link(scope, file_id=file_id, owner=second)
            assert copy.storage_key == get_readable(scope, file_id).storage_key
        with world.as_("vera") as scope:
            operations.remove(scope, file_id=file_id, owner=first)
        with world.as_("vera") as scope:
            assert (count_of(scope, "document", first.id), count_of(scope, "document", second.id)) == (0, 1)
            with pytest.raises(NotFoundError):
                get_readable(scope, file_id)
            assert store.has(get_readable(scope, copy.id).storage_key)

    def test_link_of_what_the_actor_may_not_open_is_refused(self, world: World, store: Store) -> None:
        file_id = keep(world, "vera", owner_at(world, "V11"), store)
        with world.as_("vic") as scope, pytest.raises(NotFoundError):
            operations.link(scope, file_id=file_id, owner=owner_at(world, "V12"))

    def test_remove_needs_the_right_owner_and_leave_and_happens_once(self, world: World, store: Store) -> None:
        owner = owner_at(world, "V11")
        file_id = keep(world, "vera", owner, store)
        for who, wrong in (("vera", owner_at(world, "V11")), ("vic", owner), ("dora", owner)):
            with world.as_(who) as scope, pytest.raises(NotFoundError):
                operations.remove(scope, file_id=file_id, owner=wrong)
        with world.as_("vera") as scope:
            operations.remove(scope, file_id=file_id, owner=owner)
        with world.as_("vera") as scope, pytest.raises(NotFoundError):
            operations.remove(scope, file_id=file_id, owner=owner)


class TestSweep:
    def test_takes_only_old_bytes_without_a_row(self, world: World, store: Store) -> None:
        owner = owner_at(world, "V11")
        kept = keep(world, "vera", owner, store)
        removed = keep(world, "vera", owner, store)
        orphan = store.put(world.tenant.id, io.BytesIO(b"never committed"))
        foreign = store.put(world.other.id, io.BytesIO(b"another tenant's"))
        with world.as_("vera") as scope:
            operations.remove(scope, file_id=removed, owner=owner)
        written = datetime.fromtimestamp(time.time(), UTC)

        with world.as_system(at=written + SWEEP_AFTER - timedelta(minutes=1)) as scope:
            assert sweep(scope, store=store) == 0
        with world.as_system(at=written + SWEEP_AFTER + timedelta(minutes=1)) as scope:
            assert sweep(scope, store=store) == 1
            assert sweep(scope, store=store) == 0

        assert (store.has(orphan), store.has(foreign)) == (False, True)
        with world.as_system() as scope:
            rows = scope.session.scalars(owned(scope, StoredFile).where(StoredFile.id.in_([kept, removed]))).all()
            assert [store.has(row.storage_key) for row in rows] == [True, True]

    def test_a_rolled_back_upload_leaves_bytes_only_until_the_sweep(self, world: World, store: Store) -> None:
        class BrokenError(Exception):
            pass

        with pytest.raises(BrokenError), world.as_("vera") as scope:
            operations.store(
                scope, owner=owner_at(world, "V11"), filename="a.pdf", stream=io.BytesIO(pdf()), into=store, limit_bytes=LIMIT
            )
            raise BrokenError
        assert len(list(store.keys(world.tenant.id))) == 1
        with world.as_system(at=datetime.fromtimestamp(time.time(), UTC) + timedelta(hours=2)) as scope:
            sweep(scope, store=store)
        assert list(store.keys(world.tenant.id)) == []
