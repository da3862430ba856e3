"""An anchor file that is gone, empty or older than it was is an alarm, never an empty page to begin on (ADR 0044)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, create_engine, text

from duban.audit import tasks
from duban.audit.anchors import Anchor, AnchorFile, AnchorKind, shelf
from duban.audit.models import AuditCheck
from duban.audit.operations import anchor_after_commit, record
from duban.audit.queries import LOST, Verdict, head
from duban.auditing import tasks as watching
from duban.cli import cli
from duban.console.anchoring import Watch, begin
from duban.console.desk import CONSOLE, Hand, at_desk
from duban.embedded.postgres import SUPERUSER
from duban.kernel.clock import SetClock
from duban.kernel.db import make_engine
from duban.kernel.figures import OPERATOR_ACTS_BAD, read_figures
from duban.kernel.ids import new_id
from duban.kernel.migrating import upgrade
from duban.kernel.runtime import Runtime
from duban.kernel.settings import Settings
from duban.web.alarms import alarms
from tests.binding import CONTEXT_KEY
from tests.cast import World, build_world
from tests.conftest import NOW
from tests.integration.audit.test_tampering import Tamperer, fill


@dataclass
class House:
    """An installation of its own: what it finds and settles is nobody else's."""

    engine: Engine
    settings: Settings
    superuser: Engine
    world: World
    file: Path

    def check(self, hours: int = 0) -> Verdict:
        with self.world.as_system(at=self.world.later(hours=hours)) as scope:
            return tasks.check(scope)

    def restart(self) -> None:
        """What a restart of the clock forgets."""
        tasks._walks.clear()
        shelf.put(self.file)

    def forge(self) -> None:
        with self.superuser.begin() as connection:
            hand = Tamperer(connection, self.world.tenant.id)
            hand.cut(10)
            hand.do("UPDATE audit_record SET actor_name = '别人' WHERE tenant_id = :tenant AND seq = 5")
            hand.rewrite(5)

    def duban(self, *words: str) -> Result:
        environment = {
            "DUBAN_DATABASE_URL": self.settings.database_url,
            "DUBAN_CONTEXT_KEY": CONTEXT_KEY,
            "DUBAN_ANCHOR_FILE": str(self.file),
        }
        return CliRunner().invoke(cli, list(words), env=environment)

    def codes(self) -> list[str]:
        means = Runtime(settings=self.settings, engine=self.engine, clock=SetClock(NOW))
        return sorted(alarm.code for alarm in alarms(means) if alarm.code.startswith(("audit", "anchors")))

    def anchored(self) -> list[Anchor]:
        return AnchorFile(self.file).of(self.world.tenant.id)


@pytest.fixture(scope="module")
def empty(servers) -> Iterator[tuple[Settings, Engine, Engine]]:
    """A database of its own: its settings, its engine and the superuser's."""
    server, name = servers
    own = f"{name}_anchors"
    server.drop_database(own)
    server.create_database(own)
    upgrade(server.url("duban_owner", own), context_key=CONTEXT_KEY)
    url = server.url("duban_app", own)
    engine, superuser = make_engine(url, context_key=CONTEXT_KEY), create_engine(server.url(SUPERUSER, own))
    yield Settings(database_url=url, context_key=CONTEXT_KEY), engine, superuser
    engine.dispose()
    superuser.dispose()
    server.drop_database(own)


@pytest.fixture
def house(empty, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    settings, engine, superuser = empty
    with superuser.begin() as connection:
        tables = connection.execute(
            text("SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
                 " AND tablename NOT IN ('alembic_version', 'context_key')")
        ).scalar_one()  # fmt: skip
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # frozen results refuse it otherwise
        connection.execute(text(f"TRUNCATE {tables}"))
    file = tmp_path / "anchors" / "audit.jsonl"
    assert begin(engine, AnchorFile(file), now=NOW)  # nothing is recorded yet
    shelf.put(file)
    world = build_world(engine, now=NOW, web=request)
    fill(world, 30)
    yield House(engine, settings, superuser, world, file)
    shelf.put(None)
    tasks._walks.clear()


def test_forging_and_removing_the_file_is_found_out_and_not_anchored_over(house: House) -> None:
    """What an examiner proved: cut, rewritten, the file deleted, the clock restarted; it used to be called unbroken."""
    honest = house.check()
    assert honest.bad_seq is None
    assert house.codes() == []
    house.forge()
    house.file.unlink()
    house.restart()
    for _ in range(3):
        found = house.check()
        assert (found.bad_seq, found.reason.startswith(LOST)) == (1, True)
    assert not house.file.exists()
    assert house.codes() == ["anchors_lost"]
    said = house.duban("audit", "verify", house.world.tenant.slug)
    assert said.exit_code == 1
    assert "not there or empty" in said.output
    assert "reanchor" in said.output
    with house.world.as_system() as scope:
        kept = scope.session.get(AuditCheck, house.world.tenant.id)
    assert kept is not None
    assert kept.anchored_seq == honest.rows  # what is known to have been anchored is not forgotten


@pytest.mark.parametrize("left", [b"", b"torn", b"\n"])
def test_an_emptied_file_is_as_bad_as_none(house: House, left: bytes) -> None:
    house.check()
    house.file.write_bytes(left)
    house.restart()
    assert house.check().reason.startswith(LOST)


def test_a_file_put_back_to_an_older_state_is_found_out(house: House) -> None:
    house.check()
    older = house.file.read_bytes()
    fill(house.world, 6)
    assert house.check().bad_seq is None
    house.file.write_bytes(older)
    house.restart()
    found = house.check()
    assert (found.bad_seq, "were anchored" in found.reason) == (31 + found.rows - 36, True)
    assert house.codes() == ["anchors_lost"]
    assert house.file.read_bytes() == older


def test_a_file_that_vanishes_under_the_running_clock_is_noticed_and_settled_by_an_operator(house: House) -> None:
    house.check()
    house.file.unlink()
    assert house.check().bad_seq is not None
    settled = house.duban("audit", "reanchor", "--reason", "磁盘损坏")
    assert settled.exit_code == 0, settled.output
    found = house.check()  # the same process, which had seen it shrink
    assert found.bad_seq is None
    assert house.codes() == []


class TestReanchoring:
    def test_it_is_recorded_and_said_for_ever(self, house: House) -> None:
        house.check()
        house.file.unlink()
        house.restart()
        house.check()
        settled = house.duban("audit", "reanchor", "--reason", "磁盘损坏，没有副本")
        assert settled.exit_code == 0, settled.output
        house.restart()
        assert house.check().bad_seq is None
        [anew, *_] = house.anchored()
        assert (anew.kind, anew.reason) == (AnchorKind.ANEW, "磁盘损坏，没有副本")
        with house.superuser.connect() as connection:
            acts = connection.execute(
                text("SELECT details->>'reason' FROM audit_record WHERE tenant_id = :t AND act = 'audit.reanchored'"),
                {"t": house.world.tenant.id},
            ).scalars()
            assert list(acts) == ["磁盘损坏，没有副本"]
            by_hand = connection.execute(
                text("SELECT details->>'reason' FROM operator_act WHERE act = 'audit.reanchored'")
            ).scalars()
            assert list(by_hand) == ["磁盘损坏，没有副本"]
        said = house.duban("audit", "verify")
        assert said.exit_code == 0, said.output
        assert "note: " in said.output
        assert "磁盘损坏" in said.output
        assert house.codes() == []

    def test_nothing_is_done_where_nothing_is_lost(self, house: House) -> None:
        house.check()
        before = house.file.read_bytes()
        settled = house.duban("audit", "reanchor", "--reason", "试一试")
        assert settled.exit_code == 0
        assert settled.output.count("nothing to do") == 3  # two tenants and the operators
        assert house.file.read_bytes() == before

    def test_a_chain_broken_in_itself_is_not_believed(self, house: House) -> None:
        house.check()
        house.file.unlink()
        with house.superuser.begin() as connection:
            Tamperer(connection, house.world.tenant.id).do(
                "UPDATE audit_record SET actor_name = '别人' WHERE tenant_id = :tenant AND seq = 5"
            )
        settled = house.duban("audit", "reanchor", "--reason", "磁盘损坏")
        assert settled.exit_code == 1
        assert "record 5" in settled.output
        assert house.anchored() == []

    def test_a_damaged_file_is_kept_beside_the_new_one(self, house: House) -> None:
        for _ in range(2):
            fill(house.world, 3)
            house.check()
        lines = house.file.read_bytes().splitlines(keepends=True)
        house.file.write_bytes(b"".join(lines[:1] + lines[2:]))
        house.restart()
        assert house.check().reason.startswith(LOST)
        settled = house.duban("audit", "reanchor", "--reason", "文件损坏")
        assert settled.exit_code == 0, settled.output
        assert len(list(house.file.parent.glob("*.untrusted-*"))) == 1
        house.restart()
        assert house.check().bad_seq is None

    def test_resetting_needs_a_file_to_note_it_in(self, house: House) -> None:
        house.file.unlink()
        said = house.duban("audit", "reset", house.world.tenant.slug, "--reason", "恢复备份")
        assert said.exit_code == 1
        assert "reanchor" in said.output


class TestTheFirstLine:
    def test_it_is_never_written_where_something_is_recorded(self, house: House) -> None:
        house.file.unlink()
        assert not begin(house.engine, AnchorFile(house.file), now=NOW)
        assert not house.file.exists()

    def test_nor_where_operators_have_acted(self, house: House) -> None:
        with house.superuser.begin() as connection:
            connection.execute(text("SET session_replication_role = replica"))
            connection.execute(text("DELETE FROM tenant"))
        house.file.unlink()
        with at_desk(house.engine, hand=Hand(None, "terminal"), now=NOW) as desk:
            desk.record("operator.created", "operator", new_id())
        assert not begin(house.engine, AnchorFile(house.file), now=NOW)

    def test_a_new_tenant_is_anchored_where_the_file_is_there(self, house: House) -> None:
        assert house.anchored() == []
        assert house.check().bad_seq is None
        assert [one.seq for one in house.anchored()] == [30]


class TestOperators:
    """The operators' own chain, under the console's id."""

    def act(self, house: House, count: int = 3) -> None:
        with at_desk(house.engine, hand=Hand(None, "terminal"), now=NOW) as desk:
            for _ in range(count):
                desk.record("tenant.suspended", "tenant", new_id(), reason="x")

    def bad(self, house: House) -> int:
        return int(read_figures(house.engine).get(OPERATOR_ACTS_BAD, (0, None))[0])

    def test_it_is_anchored_by_the_clock(self, house: House) -> None:
        watch = Watch(house.engine)
        self.act(house)
        for _ in range(2):
            watch.look(NOW)
        assert [(one.seq, one.kind) for one in AnchorFile(house.file).of(CONSOLE)] == [
            (0, AnchorKind.BEGUN),
            (3, AnchorKind.HEAD),
        ]
        assert self.bad(house) == 0
        assert house.codes() == []

    def test_a_cut_tail_is_alarmed_and_named(self, house: House) -> None:
        watch = Watch(house.engine)
        self.act(house)
        watch.look(NOW)
        with house.superuser.begin() as connection:
            connection.execute(text("DELETE FROM operator_act WHERE seq > 1"))
            connection.execute(text("UPDATE operator_act_head SET seq = 1, hash = (SELECT hash FROM operator_act WHERE seq = 1)"))
        watch.look(NOW + timedelta(minutes=1))
        assert self.bad(house) == 2
        assert house.codes() == ["audit_operators"]
        said = house.duban("audit", "verify")
        assert said.exit_code == 1
        assert "operators: record 2: missing: 3 acts were anchored" in said.output

    def test_a_cut_tail_without_the_file_is_alarmed_too(self, house: House) -> None:
        self.act(house)
        Watch(house.engine).look(NOW)
        with house.superuser.begin() as connection:
            connection.execute(text("DELETE FROM operator_act"))
            connection.execute(text("DELETE FROM operator_act_head"))
        house.file.unlink()
        house.restart()
        Watch(house.engine).look(NOW)
        assert house.codes() == ["audit_operators"]

    def test_what_a_restored_backup_gave_up_is_settled_by_hand(self, house: House) -> None:
        self.act(house)
        Watch(house.engine).look(NOW)
        with house.superuser.begin() as connection:
            connection.execute(text("DELETE FROM operator_act WHERE seq > 1"))
            connection.execute(text("UPDATE operator_act_head SET seq = 1, hash = (SELECT hash FROM operator_act WHERE seq = 1)"))
        settled = house.duban("audit", "reset", "--operators", "--reason", "恢复备份")
        assert settled.exit_code == 0, settled.output
        Watch(house.engine).look(NOW)
        assert house.codes() == []


def test_what_careers_hang_on_is_anchored_with_the_next_round(house: House) -> None:
    house.check()
    with house.world.as_("cora") as scope:
        record(scope, "unit.renamed", "unit", house.world.units["T1"])
    with house.world.as_system() as scope:
        watching.hurry(scope)
    assert len(house.anchored()) == 1  # nothing that hurries
    with house.world.as_("cora") as scope:
        record(scope, "assessment.frozen", "assessment", house.world.units["C"], house.world.paths["C"])
        anchor_after_commit(scope)
    with house.world.as_system() as scope:
        watching.hurry(scope)
        end = head(scope)
    assert [(one.kind, one.seq, one.hash) for one in house.anchored()[1:]] == [(AnchorKind.RESULT, end.seq, end.hash)]
