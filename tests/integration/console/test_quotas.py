"""Quotas [D7]: twenty writers side by side never overshoot, and the person is told in a sentence."""

import io
import threading
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from duban.access.checks import Place
from duban.console.desk import CONSOLE
from duban.console.operations import tenants
from duban.console.queries import get_tenant
from duban.files import operations as files
from duban.files.errors import TooManyFilesError
from duban.files.operations import FileOwner
from duban.files.storage import Store, open_store
from duban.kernel.errors import InvalidInputError, StaleError
from duban.kernel.scope import open_session
from duban.organisation.making import Details
from duban.organisation.operations.people import create_person, set_active
from duban.tenancy.quotas import PeopleQuotaError, QuotaReachedError, StorageQuotaError
from tests.attack.files.corpus import pdf
from tests.cast import World

WRITERS = 20


def limit(office, world: World, *, people=None, storage=None) -> None:
    with office.at("ann") as desk:
        tenants.set_quota(desk, tenant_id=world.tenant.id, people_limit=people, storage_limit_bytes=storage)


def usage(engine: Engine, world: World):
    with open_session(engine, CONSOLE) as session:
        return get_tenant(session, world.tenant.id)


def upload(world: World, store: Store, content: bytes) -> None:
    place = Place(world.paths["V11"])
    owner = FileOwner(kind="document", id=uuid4(), placed=place, obj="document", act="register")
    with world.as_("vera") as scope:
        files.store(scope, owner=owner, filename="报告.pdf", stream=io.BytesIO(content), into=store, limit_bytes=10**6)


def hire(world: World, number: int) -> None:
    with world.as_("adam") as scope:
        create_person(
            scope, unit_id=world.units["V11"], role="village.clerk", login=f"new-{number}", details=Details(name=f"新人{number}")
        )


def side_by_side(act) -> tuple[int, int]:
    outcomes: list[bool | Exception] = []

    def one(number: int) -> None:
        try:
            act(number)
            outcomes.append(True)
        except QuotaReachedError:
            outcomes.append(False)
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(WRITERS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not [one for one in outcomes if isinstance(one, Exception)], outcomes
    return outcomes.count(True), outcomes.count(False)


def without_check(monkeypatch) -> None:
    """Leave only the database between the writers and the limit: the check before writing is a courtesy."""
    monkeypatch.setattr(files, "check_storage", lambda _scope, _bytes: None)


def test_twenty_uploads_side_by_side_fill_to_the_limit_and_no_further(engine, office, world, monkeypatch, tmp_path) -> None:
    without_check(monkeypatch)
    content, store = pdf(), open_store(f"file://{tmp_path}")
    limit(office, world, storage=7 * len(content) + 10)
    stored, refused = side_by_side(lambda _: upload(world, store, content))
    used = usage(engine, world).storage_bytes
    on_disk = sum(store.size(key) for key, _ in store.keys(world.tenant.id))
    print(
        f"{WRITERS} uploads of {len(content)} bytes, room for 7: {stored} stored, {refused} refused, overshoot {max(0, used - 7 * len(content) - 10)}"
    )
    assert (stored, refused) == (7, 13)
    assert used == on_disk == 7 * len(content)


def test_without_the_trigger_they_would_overshoot(engine, owner_engine, office, world, monkeypatch, tmp_path) -> None:
    """Positive control: the same twenty, counted by nobody."""
    without_check(monkeypatch)
    content, store = pdf(), open_store(f"file://{tmp_path}")
    limit(office, world, storage=7 * len(content))
    with owner_engine.begin() as owner:
        owner.execute(text("ALTER TABLE stored_file DISABLE TRIGGER counted"))
    try:
        stored, refused = side_by_side(lambda _: upload(world, store, content))
    finally:
        with owner_engine.begin() as owner:
            owner.execute(text("ALTER TABLE stored_file ENABLE TRIGGER counted"))
    print(f"control: {stored} stored, {refused} refused")
    assert (stored, refused) == (WRITERS, 0)


def test_twenty_people_side_by_side(engine, office, world) -> None:
    before = usage(engine, world).people
    limit(office, world, people=before + 4)
    made, refused = side_by_side(lambda number: hire(world, number))
    after = usage(engine, world).people
    print(f"{WRITERS} people, room for 4: {made} made, {refused} refused, {after - before} counted")
    assert (made, refused, after - before) == (4, 16, 4)


def test_people_who_are_locked_out_make_room(engine, office, world) -> None:
    before = usage(engine, world).people
    limit(office, world, people=before)
    with pytest.raises(PeopleQuotaError) as refused:
        hire(world, 1)
    assert str(before) in str(refused.value)
    with world.as_("adam") as scope:
        set_active(scope, person_id=world.people["vic"], active=False)
    hire(world, 2)
    with pytest.raises(PeopleQuotaError), world.as_("adam") as scope:
        set_active(scope, person_id=world.people["vic"], active=True)
    assert usage(engine, world).people == before


def test_the_same_bytes_twice_take_no_more_room(engine, office, world, tmp_path) -> None:
    content, store = pdf(), open_store(f"file://{tmp_path}")
    place = Place(world.paths["V11"])
    owners = [FileOwner(kind="document", id=uuid4(), placed=place, obj="document", act="register") for _ in range(2)]
    with world.as_("vera") as scope:
        row = files.store(scope, owner=owners[0], filename="a.pdf", stream=io.BytesIO(content), into=store, limit_bytes=10**6)
    with world.as_("vera") as scope:
        files.link(scope, file_id=row.id, owner=owners[1])
    assert usage(engine, world).storage_bytes == len(content)


def test_a_file_that_does_not_fit_leaves_no_bytes(engine, office, world, tmp_path) -> None:
    content, store = pdf(), open_store(f"file://{tmp_path}")
    limit(office, world, storage=len(content) - 1)
    with pytest.raises(StorageQuotaError):
        upload(world, store, content)
    assert list(store.keys(world.tenant.id)) == []
    assert TooManyFilesError is not None


def test_limits_are_whole_and_a_stale_change_is_refused(office, world) -> None:
    for wrong in (0, -1, 2**60):
        with pytest.raises(InvalidInputError):
            limit(office, world, people=wrong)
    limit(office, world, people=100)
    with pytest.raises(StaleError), office.at("bob") as desk:
        tenants.set_quota(desk, tenant_id=world.tenant.id, people_limit=5, storage_limit_bytes=None, expected=0)


def test_the_person_reads_it_in_their_language(office, world) -> None:
    limit(office, world, people=1)
    form = {"unit_id": world.units["V11"], "role": "village.clerk", "login": "newcomer", "name": "新人"}
    seen = {}
    for language in ("zh", "en"):
        browser = world.client("adam")
        browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        answer = browser.post(f"/people/new?lang={language}", data=form)
        seen[language] = answer.get_data(as_text=True)
        assert answer.status_code == 409, answer.status_code
    assert "最多可有 1 个有效账号" in seen["zh"]
    assert "at most 1 active accounts" in seen["en"]
