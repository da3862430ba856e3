"""Whoever rewrites history is found out, and the first bad record is named; whoever does not is left in peace."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from duban.audit import chain
from duban.audit.anchors import Anchor, AnchorFile, AnchorKind
from duban.audit.models import AuditRecord
from duban.audit.operations import record
from duban.audit.queries import Mark, Verdict, _walk, head, verify
from duban.embedded.postgres import SUPERUSER
from duban.kernel.ids import new_id
from duban.kernel.scope import owned
from tests.cast import World

ROWS = 1000
FLIPS = 10_000
COLUMNS = ("at", "actor_id", "actor_name", "act", "subject_kind", "subject_id", "unit_path", "details", "previous_hash", "hash")


def fill(world: World, count: int) -> None:
    """Add `count` records, of several people and kinds."""
    chance = random.Random(count)
    for who in ("cora", "tom", "vera"):
        with world.as_(who) as scope:
            for n in range(count // 3 + (count % 3 if who == "vera" else 0)):
                record(
                    scope, chance.choice(("submission.accepted", "unit.renamed", "letter.signed")), "duty", new_id(),
                    chance.choice((None, world.paths["T1"], world.paths["V11"])), number=n, 理由="逾期" * chance.randrange(4),
                )  # fmt: skip


def verdict(world: World, anchors: Sequence[Anchor] = ()) -> Verdict:
    with world.as_system() as scope:
        return verify(scope, anchors)


def anchored(world: World, path: Path) -> AnchorFile:
    file = AnchorFile(path)
    with world.as_system() as scope:
        end = head(scope)
    file.append(Anchor(at=world.now, tenant_id=world.tenant.id, seq=end.seq, hash=end.hash))
    return file


@pytest.fixture
def owner(servers) -> Iterator[Engine]:
    """The superuser, whom neither grants nor row-level security bind."""
    server, name = servers
    engine = create_engine(server.url(SUPERUSER, name))
    yield engine
    engine.dispose()


class Tamperer:
    """The database administrator: may do anything to the tables, and nothing to the anchor file."""

    def __init__(self, connection: Connection, tenant: UUID) -> None:
        self.connection, self.tenant = connection, tenant

    def do(self, statement: str, **values: Any) -> None:
        self.connection.execute(text(statement), values | {"tenant": self.tenant})

    def rewrite(self, first: int) -> None:
        """Compute all hashes from a record on anew, and the head, as if nothing had been."""
        rows = self.connection.execute(
            text("SELECT * FROM audit_record WHERE tenant_id = :tenant ORDER BY seq"), {"tenant": self.tenant}
        ).all()
        last = chain.GENESIS
        for row in rows:
            values = {name: getattr(row, name) for name in row._fields if name not in {"previous_hash", "hash"}}
            made = chain.digest(previous=last, **values)
            if row.seq >= first:
                self.do(
                    "UPDATE audit_record SET previous_hash = :p, hash = :h WHERE tenant_id = :tenant AND seq = :s",
                    p=last,
                    h=made,
                    s=row.seq,
                )
            last = made
        self.do("UPDATE audit_head SET seq = :s, hash = :h WHERE tenant_id = :tenant", s=rows[-1].seq if rows else 0, h=last)

    def cut(self, after: int) -> None:
        """Remove the tail and put the head where it then ends."""
        self.do("DELETE FROM audit_record WHERE tenant_id = :tenant AND seq > :s", s=after)
        self.do(
            "UPDATE audit_head SET seq = :s, hash = coalesce((SELECT hash FROM audit_record WHERE tenant_id = :tenant AND seq = :s), :g) "
            "WHERE tenant_id = :tenant",
            s=after,
            g=chain.GENESIS,
        )


@pytest.fixture
def tamper(owner: Engine, world: World):
    """Give a tamperer whose transaction is judged from inside and then undone."""
    from sqlalchemy.orm import Session

    from duban.kernel.scope import SYSTEM, Scope

    fill(world, 60)

    class Inside(Tamperer):
        def judge(self, anchors: Sequence[Anchor] = ()) -> Verdict:
            with Session(self.connection, join_transaction_mode="create_savepoint") as session:
                return verify(Scope(session=session, tenant=world.tenant, actor=SYSTEM, now=world.now), anchors)

    with owner.connect() as connection:
        yield Inside(connection, world.tenant.id)
        connection.rollback()


class TestOnTheDatabase:
    def test_an_honest_chain_is_whole(self, world: World, tmp_path: Path) -> None:
        quiet = 0
        for _ in range(20):
            fill(world, 50)
            file = anchored(world, tmp_path / "anchors.jsonl")
            found = verdict(world, file.of(world.tenant.id))
            assert (found.bad_seq, found.notices) == (None, ())
            quiet += 1
        print(f"{quiet} honest runs, {found.rows} records, 0 false alarms")
        assert found.rows >= 1000

    @pytest.mark.parametrize("column", COLUMNS)
    def test_changing_a_column(self, tamper, column: str) -> None:
        values = {
            "at": "at + interval '1 microsecond'", "actor_id": f"'{UUID(int=5)}'::uuid", "actor_name": "actor_name || ' '",
            "act": "act || 'x'", "subject_kind": "'letter'", "subject_id": f"'{UUID(int=5)}'::uuid",
            "unit_path": "coalesce(unit_path, '') || '1.'", "details": """details || '{"number": 1.0}'""",
            "previous_hash": "reverse(previous_hash)", "hash": "reverse(hash)",
        }  # fmt: skip
        tamper.do(f"UPDATE audit_record SET {column} = {values[column]} WHERE tenant_id = :tenant AND seq = 31")
        assert tamper.judge().bad_seq == 31

    def test_removing_one(self, tamper) -> None:
        tamper.do("DELETE FROM audit_record WHERE tenant_id = :tenant AND seq = 20")
        assert tamper.judge().bad_seq == 20

    def test_closing_the_gap_after_removing(self, tamper) -> None:
        tamper.do("DELETE FROM audit_record WHERE tenant_id = :tenant AND seq = 20")
        for seq in range(21, 61):
            tamper.do("UPDATE audit_record SET seq = :to WHERE tenant_id = :tenant AND seq = :s", s=seq, to=seq - 1)
        assert tamper.judge().bad_seq == 20

    def test_swapping_two(self, tamper) -> None:
        for frm, to in ((20, -1), (21, 20), (-1, 21)):
            tamper.do("UPDATE audit_record SET seq = :to WHERE tenant_id = :tenant AND seq = :s", s=frm, to=to)
        assert tamper.judge().bad_seq == 20

    def test_repeating_one_at_the_end(self, tamper) -> None:
        names = "tenant_id, at, actor_id, actor_name, act, subject_kind, subject_id, unit_path, details, previous_hash, hash"
        last = tamper.judge().rows
        tamper.do(
            f"INSERT INTO audit_record (seq, {names}) SELECT {last + 1}, {names} FROM audit_record WHERE tenant_id = :tenant AND seq = 30"
        )
        assert tamper.judge().bad_seq == last + 1

    def test_cutting_the_tail_needs_the_anchor(self, tamper, world: World, tmp_path: Path) -> None:
        file = anchored(world, tmp_path / "a")
        tamper.cut(40)
        assert tamper.judge().bad_seq is None  # the chain alone is content: that is why there is an anchor
        found = tamper.judge(file.of(world.tenant.id))
        assert (found.bad_seq, "missing" in found.reason) == (41, True)

    def test_removing_the_whole_chain(self, tamper, world: World, tmp_path: Path) -> None:
        file = anchored(world, tmp_path / "a")
        tamper.do("DELETE FROM audit_record WHERE tenant_id = :tenant")
        tamper.do("DELETE FROM audit_head WHERE tenant_id = :tenant")
        assert tamper.judge().bad_seq is None
        assert tamper.judge(file.of(world.tenant.id)).bad_seq == 1

    def test_writing_history_anew(self, tamper, world: World, tmp_path: Path) -> None:
        with world.as_system() as scope:
            thirty = scope.session.execute(owned_seq(scope, 30)).scalar_one()
        file = AnchorFile(tmp_path / "a")
        file.append(Anchor(at=world.now, tenant_id=world.tenant.id, seq=30, hash=thirty))
        anchored(world, tmp_path / "a")
        tamper.do("UPDATE audit_record SET actor_name = '别人' WHERE tenant_id = :tenant AND seq = 35")
        tamper.rewrite(35)
        assert tamper.judge().bad_seq is None
        found = tamper.judge(file.of(world.tenant.id))
        # hashes cannot tell which of them: the first after the last good anchor is named, with the range
        assert (found.bad_seq, "31 to" in found.reason) == (31, True)

    def test_an_old_backup_put_in_its_place_and_lived_on(self, tamper, world: World, tmp_path: Path) -> None:
        file = anchored(world, tmp_path / "a")
        count = file.of(world.tenant.id)[-1].seq
        tamper.cut(40)
        names = "tenant_id, actor_id, actor_name, act, subject_kind, subject_id, unit_path, details, previous_hash, hash"
        for seq in range(41, count + 6):
            tamper.do(
                f"INSERT INTO audit_record (seq, at, {names}) SELECT {seq}, now(), {names} FROM audit_record WHERE tenant_id = :tenant AND seq = 3"
            )
        tamper.rewrite(41)
        assert tamper.judge().bad_seq is None
        assert tamper.judge(file.of(world.tenant.id)).bad_seq == 1

    def test_what_an_operator_gave_up_is_said_and_is_no_fault(self, tamper, world: World, tmp_path: Path) -> None:
        file = anchored(world, tmp_path / "a")
        tamper.cut(40)
        end = tamper.connection.execute(
            text("SELECT hash FROM audit_head WHERE tenant_id = :t"), {"t": world.tenant.id}
        ).scalar_one()
        file.append(Anchor(at=world.now, tenant_id=world.tenant.id, seq=40, hash=end, kind=AnchorKind.RESET, reason="恢复备份"))
        found = tamper.judge(file.of(world.tenant.id))
        assert found.bad_seq is None
        assert "恢复备份" in found.notices[0]

    def test_going_in_steps_finds_the_same(self, tamper) -> None:
        tamper.do("UPDATE audit_record SET act = 'x.y' WHERE tenant_id = :tenant AND seq = 37")
        from sqlalchemy.orm import Session

        from duban.kernel.scope import SYSTEM, Scope

        with Session(tamper.connection, join_transaction_mode="create_savepoint") as session:
            scope = Scope(
                session=session, tenant=SimpleNamespace(id=tamper.tenant), actor=SYSTEM, now=datetime(2026, 3, 10, tzinfo=UTC)
            )
            mark, found = Mark(), Verdict(0)
            while found.bad_seq is None and found.rows < 60:
                found = verify(scope, after=mark, at_most=10)
                mark = Mark(found.rows, found.hash)
        assert found.bad_seq == 37


def owned_seq(scope, seq: int):
    from sqlalchemy import select

    return select(AuditRecord.hash).where(AuditRecord.tenant_id == scope.tenant_id, AuditRecord.seq == seq)


def flipped(value: object, chance: random.Random) -> object:
    """Change one bit of one byte of a value's text, or give None where that makes nothing a column could hold."""
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1 << chance.randrange(30))
    if isinstance(value, UUID):
        return UUID(int=value.int ^ (1 << chance.randrange(128)))
    if isinstance(value, dict):
        key = chance.choice(sorted(value))
        return value | {key: value[key] + 1 if isinstance(value[key], int) else value[key] + "\u200b"}
    if value is None:
        return "1."
    raw = bytearray(str(value).encode())
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(7)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def judged_rows(rows: Sequence[Any], place: int, count: int = 3) -> Verdict:
    start = Mark(rows[place].seq - 1, rows[place].previous_hash if place == 0 else rows[place - 1].hash)
    return _walk(iter(rows[place : place + count]), start, {})


def test_ten_thousand_single_flips(world: World) -> None:
    """In memory, with the walk `verify` uses: every column of every row in turn."""
    fill(world, ROWS)
    with world.as_system() as scope:
        names = [column.name for column in AuditRecord.__table__.columns]
        rows = [SimpleNamespace(**{name: getattr(row, name) for name in names}) for row in scope.session.scalars(
            owned(scope, AuditRecord).order_by(AuditRecord.seq))]  # fmt: skip
    assert len(rows) >= ROWS
    chance, tried, found, by_column = random.Random(11), 0, 0, dict.fromkeys(COLUMNS, 0)
    while tried < FLIPS:
        place, column = tried % (len(rows) - 3), COLUMNS[tried // 3 % len(COLUMNS)]
        value = getattr(rows[place], column)
        changed = flipped(value, chance)
        if changed is None or changed == value:
            continue
        tried += 1
        one = SimpleNamespace(**vars(rows[place]) | {column: changed})
        verdict = judged_rows([*rows[:place], one, *rows[place + 1 :]], place)
        found += verdict.bad_seq == one.seq
        by_column[column] += 1
    print(f"{tried} flips over {len(rows)} records, {found} found at their record; per column {by_column}")
    assert found == tried
    assert min(by_column.values()) > 500
    assert judged_rows(rows, 5).bad_seq is None


def test_the_control_a_hash_that_forgets_a_column_is_caught_by_these_tests(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positive control: with `actor_name` left out of the hash, the flips of that column pass, so the test above would fail."""
    honest = chain.digest
    monkeypatch.setattr("duban.audit.operations.digest", lambda **row: honest(**row | {"actor_name": ""}))
    monkeypatch.setattr("duban.audit.queries.digest", lambda **row: honest(**row | {"actor_name": ""}))
    fill(world, 30)
    with world.as_system() as scope:
        names = [column.name for column in AuditRecord.__table__.columns]
        rows = [SimpleNamespace(**{name: getattr(row, name) for name in names}) for row in scope.session.scalars(
            owned(scope, AuditRecord).where(AuditRecord.act != "x").order_by(AuditRecord.seq))]  # fmt: skip
    rows = [row for row in rows if row.actor_name != "系统"][-20:]
    changed = SimpleNamespace(**vars(rows[3]) | {"actor_name": "别人"})
    assert judged_rows([*rows[:3], changed, *rows[4:]], 3).bad_seq is None
