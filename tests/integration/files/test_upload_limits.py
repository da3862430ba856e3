"""What a person and a unit may upload in a year, and a tenant hold [D7]: twenty writers side by side never overshoot."""

import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, text, update

from duban.access.checks import Place
from duban.console.desk import CONSOLE
from duban.files import operations
from duban.files.models import StoredFile
from duban.files.operations import LIMITS, FileOwner, set_upload_limits
from duban.files.queries import uploads
from duban.files.storage import Store, open_store
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, StaleError
from duban.kernel.scope import get_owned, open_session
from duban.tenancy.models import TenantQuota, TenantUsage, UploadLimit
from duban.tenancy.quotas import (
    FilesQuotaError,
    PersonBytesError,
    PersonFilesError,
    QuotaReachedError,
    UnitBytesError,
    UnitFilesError,
)
from tests.attack.files.corpus import pdf
from tests.cast import World

WRITERS = 20
CONTENT = pdf()


@pytest.fixture
def store() -> Store:
    return open_store(f"memory://{uuid4()}")


def limit(world: World, **limits: int) -> None:
    """Set these limits, and none else."""
    with world.as_("adam") as scope:
        version = get_owned(scope, UploadLimit, world.tenant.id).version
        set_upload_limits(scope, limits=dict.fromkeys(LIMITS) | limits, expected=version)


def upload(world: World, store: Store, *, who: str = "vera", at: str = "V11", now: datetime | None = None) -> UUID:
    owner = FileOwner(kind="document", id=uuid4(), placed=Place(world.paths[at]), obj="document", act="register")
    with world.as_(who, at=now) as scope:
        stream = io.BytesIO(CONTENT)
        return operations.store(scope, owner=owner, filename="a.pdf", stream=stream, into=store, limit_bytes=10**6).id


def side_by_side(act: Callable[[], object]) -> Counter[str]:
    outcomes: list[str] = []

    def one() -> None:
        try:
            act()
            outcomes.append("stored")
        except QuotaReachedError as error:
            outcomes.append(type(error).__name__)
        except Exception as error:
            outcomes.append(repr(error))

    threads = [threading.Thread(target=one) for _ in range(WRITERS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return Counter(outcomes)


def stored(world: World) -> int:
    with world.as_system() as scope:
        return scope.session.scalar(
            text("SELECT count(*) FROM stored_file WHERE tenant_id = :tenant"), {"tenant": scope.tenant_id}
        )


CASES = {
    "person_bytes": (7 * len(CONTENT) + 10, PersonBytesError),
    "person_files": (7, PersonFilesError),
    "unit_bytes": (7 * len(CONTENT) + 10, UnitBytesError),
    "unit_files": (7, UnitFilesError),
}


@pytest.mark.parametrize("name", CASES)
def test_twenty_uploads_side_by_side_fill_to_the_limit_and_no_further(world: World, store: Store, name: str) -> None:
    most, refusal = CASES[name]
    limit(world, **{name: most})
    outcomes = side_by_side(lambda: upload(world, store))
    kept = sum(1 for _ in store.keys(world.tenant.id))
    print(f"{WRITERS} uploads, {name} leaves room for 7: {dict(outcomes)}, {stored(world)} rows, {kept} files kept")
    assert outcomes == {"stored": 7, refusal.__name__: WRITERS - 7}
    assert (stored(world), kept) == (7, 7)


@pytest.fixture
def files_limit(engine: Engine, world: World) -> None:
    with open_session(engine, CONSOLE) as session, session.begin():
        session.add(TenantQuota(tenant_id=world.tenant.id, files_limit=7))


def test_the_tenant_s_files_are_counted_by_the_operator_s_quota(world: World, store: Store, files_limit: None) -> None:
    limit(world)
    outcomes = side_by_side(lambda: upload(world, store))
    print(f"{WRITERS} uploads, the tenant has room for 7: {dict(outcomes)}")
    assert outcomes == {"stored": 7, FilesQuotaError.__name__: WRITERS - 7}
    with world.as_system() as scope:
        assert scope.session.get(TenantUsage, world.tenant.id).files == 7


def test_a_tenant_from_before_the_counting_is_counted_through_with_its_next_file(world: World, store: Store) -> None:
    for _ in range(3):
        upload(world, store)
    with world.as_system() as scope:
        scope.session.execute(update(TenantUsage).where(TenantUsage.tenant_id == scope.tenant_id).values(files=None))
    with world.as_("adam") as scope:
        assert uploads(scope).files == 3
    upload(world, store)
    with world.as_system() as scope:
        assert scope.session.get(TenantUsage, world.tenant.id).files == 4


@pytest.fixture
def unguarded(owner_url: str) -> Iterator[None]:
    owner = create_engine(owner_url)
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE stored_file DISABLE TRIGGER kept_to_limits"))
    yield
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE stored_file ENABLE TRIGGER kept_to_limits"))
    owner.dispose()


def test_control_without_the_trigger_they_overshoot(world: World, store: Store, unguarded: None) -> None:
    limit(world, person_files=7, unit_files=7)
    assert side_by_side(lambda: upload(world, store)) == {"stored": WRITERS}


def test_others_are_not_held_to_what_one_has_used(world: World, store: Store) -> None:
    limit(world, person_files=1, unit_files=1)
    upload(world, store)
    with pytest.raises(PersonFilesError):
        upload(world, store)
    upload(world, store, who="vic", at="V12")
    with world.as_system() as scope:  # what the service itself stores is nobody's share, but the unit's
        scope.session.execute(
            update(StoredFile).where(StoredFile.tenant_id == scope.tenant_id).values(uploaded_by=None)
        )  # fmt: skip
    with pytest.raises(UnitFilesError):
        upload(world, store)


def test_the_year_begins_at_the_tenant_s_midnight(world: World, store: Store) -> None:
    limit(world, person_files=1)
    zone = world.tenant.zone
    last, first = datetime(2026, 12, 31, 23, 59, tzinfo=zone), datetime(2027, 1, 1, 0, 0, tzinfo=zone)
    upload(world, store, now=last)
    with pytest.raises(PersonFilesError):
        upload(world, store, now=last)
    upload(world, store, now=first)
    with pytest.raises(PersonFilesError):
        upload(world, store, now=first)


def test_the_same_bytes_attached_again_are_no_new_file(world: World, store: Store) -> None:
    limit(world, person_files=1, unit_files=1, unit_bytes=len(CONTENT))
    file_id = upload(world, store)
    owner = FileOwner(kind="document", id=uuid4(), placed=Place(world.paths["V11"]), obj="document", act="register")
    with world.as_("vera") as scope:
        operations.link(scope, file_id=file_id, owner=owner)
    with world.as_("adam") as scope:
        seen = uploads(scope)
        assert [(one.name, one.size_bytes, one.files) for one in seen.people] == [("魏文书", len(CONTENT), 1)]
        assert [(one.name, one.size_bytes, one.files) for one in seen.units] == [("东一村", len(CONTENT), 1)]
        assert (seen.files, seen.size_bytes) == (1, len(CONTENT))


def test_a_limit_below_what_is_there_takes_nothing_away(world: World, store: Store) -> None:
    limit(world)
    for _ in range(3):
        upload(world, store)
    limit(world, person_files=2)
    with pytest.raises(PersonFilesError) as refused:
        upload(world, store)
    assert (refused.value.text.params["used"], stored(world)) == (3, 3)


def test_every_tenant_begins_with_sensible_limits(world: World) -> None:
    with world.as_("adam") as scope:
        row = uploads(scope).limits
        assert {name: getattr(row, name) for name in LIMITS} == {
            "person_bytes": 5 * 1024**3, "person_files": 5000, "unit_bytes": 20 * 1024**3, "unit_files": 20000
        }  # fmt: skip


@pytest.mark.parametrize(("who", "refusal"), [("cora", NotAllowedError), ("sara", NotAllowedError), ("vera", NotAllowedError)])
def test_only_the_system_administrator_sees_and_sets_them(world: World, who: str, refusal: type[Exception]) -> None:
    with world.as_(who) as scope, pytest.raises((refusal, NotFoundError)):
        uploads(scope)
    with world.as_(who) as scope, pytest.raises((refusal, NotFoundError)):
        set_upload_limits(scope, limits=dict.fromkeys(LIMITS), expected=1)


def test_limits_are_whole_and_a_stale_change_is_refused(world: World) -> None:
    for wrong in (0, -1, 2**53):
        with pytest.raises(InvalidInputError):
            limit(world, unit_files=wrong)
    limit(world, unit_files=2**53 - 1)
    with world.as_("adam") as scope, pytest.raises(StaleError):
        set_upload_limits(scope, limits=dict.fromkeys(LIMITS), expected=1)
