"""Many writers make one chain; a killed one leaves change and record both or neither; no record, no change."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, func, select, text, update
from sqlalchemy.exc import DBAPIError

from duban.audit.models import AuditHead, AuditRecord
from duban.audit.operations import record
from duban.audit.queries import verify
from duban.embedded.postgres import SUPERUSER
from duban.kernel.db import make_engine
from duban.kernel.ids import new_id
from duban.kernel.scope import owned
from duban.organisation.operations import units as unit_operations
from duban.tree.models import Unit
from tests.cast import World
from tests.conftest import CONTEXT_KEY

WRITERS = 8
EACH = 40


@pytest.fixture
def superuser(servers) -> Iterator[Engine]:
    server, name = servers
    engine = create_engine(server.url(SUPERUSER, name), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def test_many_writers_make_one_chain_without_forks_or_gaps(world: World) -> None:
    failures: list[BaseException] = []

    def write(number: int) -> None:
        chance = random.Random(number)
        try:
            for n in range(EACH):
                with world.as_(chance.choice(("cora", "tom", "vera"))) as scope:
                    for _ in range(chance.randrange(1, 4)):
                        record(scope, "unit.renamed", "unit", world.units["T1"], world.paths["T1"], writer=number, n=n)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with world.as_system() as scope:
        found = verify(scope)
        works = scope.session.execute(
            select(AuditRecord.details["writer"], AuditRecord.details["n"])
            .where(AuditRecord.tenant_id == scope.tenant_id)
            .distinct()
        ).all()
    print(f"{WRITERS} writers, {len(works)} units of work, {found.rows} records, 0 forks, 0 gaps")
    assert found.bad_seq is None
    assert len([work for work in works if work[0] is not None]) == WRITERS * EACH


def test_the_control_without_the_lock_writers_collide(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positive control: a head that is read without locking its row gives two records one number."""

    def unlocked(scope):
        row = scope.session.execute(select(AuditHead.seq, AuditHead.hash).where(AuditHead.tenant_id == scope.tenant_id)).one()
        together.wait(timeout=5)
        return row.seq, row.hash

    with world.as_("cora") as scope:
        record(scope, "unit.renamed", "unit", world.units["T1"])
    together = threading.Barrier(2)
    monkeypatch.setattr("duban.audit.operations._lock_head", unlocked)
    refused: list[str] = []

    def write() -> None:
        try:
            with world.as_("cora") as scope:
                record(scope, "unit.renamed", "unit", world.units["T1"])
        except DBAPIError as error:
            refused.append(type(error.orig).__name__)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["UniqueViolation"]  # even then the key refuses the fork: nothing of that work is kept


KILLS = 60


def _busy(world: World, url: str) -> None:
    """In a process of its own: rename a unit again and again, each name one higher, until killed."""
    own = World(**vars(world) | {"engine": make_engine(url, context_key=CONTEXT_KEY)})
    while True:
        with own.as_("cora") as scope:
            unit = scope.session.scalars(owned(scope, Unit).where(Unit.id == world.units["T1"]).with_for_update()).one()
            unit.children_made += 1
            record(scope, "unit.renamed", "unit", unit.id, unit.path, made=unit.children_made)


def test_kill_9_leaves_change_and_record_both_or_neither(world: World, app_url: str) -> None:
    chance, before = random.Random(7), _state(world)
    for _ in range(KILLS):
        child = os.fork()
        if child == 0:
            try:
                world.engine.dispose(close=False)  # the parent's connections stay the parent's
                _busy(world, app_url)
            finally:
                os._exit(1)
        time.sleep(0.05 + chance.random() * 0.1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    changes, records, last = _state(world)
    with world.as_system() as scope:
        found = verify(scope)
    print(f"{KILLS} kills, {changes - before[0]} changes kept, {records - before[1]} records; chain of {found.rows} whole")
    assert changes - before[0] == records - before[1] > KILLS
    assert last == changes
    assert found.bad_seq is None


def _state(world: World) -> tuple[int, int, int | None]:
    with world.as_system() as scope:
        changes = scope.session.execute(
            select(Unit.children_made).where(Unit.tenant_id == scope.tenant_id, Unit.id == world.units["T1"]).with_for_update()
        ).scalar_one()
        rows = select(func.count(), func.max(AuditRecord.details["made"].as_integer())).where(
            AuditRecord.tenant_id == scope.tenant_id, AuditRecord.act == "unit.renamed"
        )
        count, last = scope.session.execute(rows).one()
    return changes, count, last


class TestNoRecordNoChange:
    @pytest.fixture
    def unwritable(self, superuser: Engine, world: World) -> Iterator[None]:
        """Every new audit row of this tenant is refused, as when its disk is full."""
        with superuser.connect() as connection:
            connection.execute(
                text(
                    f"CREATE FUNCTION refuse_{world.tenant.id.hex}() RETURNS trigger LANGUAGE plpgsql AS "
                    f"$$ BEGIN IF NEW.tenant_id = '{world.tenant.id}' THEN RAISE 'no room'; END IF; RETURN NEW; END $$"
                )
            )
            connection.execute(
                text(
                    f"CREATE TRIGGER refuse_{world.tenant.id.hex} BEFORE INSERT ON audit_record FOR EACH ROW "
                    f"EXECUTE FUNCTION refuse_{world.tenant.id.hex}()"
                )
            )
            yield
            connection.execute(text(f"DROP TRIGGER refuse_{world.tenant.id.hex} ON audit_record"))
            connection.execute(text(f"DROP FUNCTION refuse_{world.tenant.id.hex}()"))

    @pytest.mark.usefixtures("unwritable")
    def test_what_cannot_be_recorded_is_not_done(self, world: World) -> None:
        with pytest.raises(DBAPIError, match="no room"), world.as_("adam") as scope:
            unit_operations.rename_unit(scope, unit_id=world.units["T1"], name="改了名的镇", short_name="改名镇")
        with world.as_system() as scope:
            unit = scope.session.scalars(owned(scope, Unit).where(Unit.id == world.units["T1"])).one()
        assert unit.name == "城东镇"

    def test_the_control_a_trigger_gone_means_it_is_done(self, world: World) -> None:
        with world.as_("adam") as scope:
            unit_operations.rename_unit(scope, unit_id=world.units["T1"], name="改了名的镇", short_name="改名镇")
        with world.as_system() as scope:
            assert scope.session.scalars(owned(scope, Unit).where(Unit.id == world.units["T1"])).one().name == "改了名的镇"


REFUSED = (
    "UPDATE audit_record SET act = 'x' WHERE tenant_id = :t",
    "DELETE FROM audit_record WHERE tenant_id = :t",
    "TRUNCATE audit_record",
    "TRUNCATE tenant CASCADE",
    "SET session_replication_role = replica",
    "ALTER TABLE audit_record DISABLE TRIGGER ALL",
    "ALTER TABLE audit_record DISABLE ROW LEVEL SECURITY",
    "DROP TABLE audit_record",
    "ALTER TABLE audit_record ADD COLUMN x int",
    "CREATE TRIGGER mine BEFORE INSERT ON audit_record FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE mine AS ON INSERT TO audit_record DO INSTEAD NOTHING",
    "DROP POLICY tenant ON audit_record",
    "SET ROLE duban_owner",
    "DELETE FROM audit_head WHERE tenant_id = :t",
    "COPY audit_record TO '/tmp/x'",
    "INSERT INTO audit_record SELECT * FROM audit_record WHERE tenant_id = :t ON CONFLICT (tenant_id, seq) DO UPDATE SET act = 'x'",
)


@pytest.mark.parametrize("statement", REFUSED)
def test_the_application_role_can_only_add(world: World, statement: str) -> None:
    with world.as_("cora") as scope:
        record(scope, "unit.renamed", "unit", new_id())
    with pytest.raises(DBAPIError), world.as_("cora") as scope:
        scope.session.execute(
            text(f"{statement} /* without tenant on purpose */"), {"t": world.tenant.id} if ":t" in statement else {}
        )


def test_a_foreign_head_cannot_be_moved(world: World) -> None:
    with world.as_("cora") as scope:
        moved = scope.session.execute(
            update(AuditHead).where(AuditHead.tenant_id == UUID(str(world.other.id))).values(seq=0)
        ).rowcount
        scope.session.rollback()
    assert moved == 0
