"""
A reading changes no row [C9]: every table of the database is hashed before and after a GET through every door with a row.

The matrix stops what the application's sessions would commit (running.py), and so asks of every cell whether a reading writes. Here
nothing is stopped and the tables themselves are looked at, whatever way something would be written. Imported by test_matrix.py.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from duban.identity.models import Person
from duban.kernel.clock import SetClock
from duban.kernel.scope import get_owned
from tests.conftest import NOW
from tests.matrix.rows import ALLOW, AWAY, Cell, Row, cells_of, public, resolve, rows
from tests.matrix.running import BEARER, COOKIE, TOKEN, Asker
from tests.matrix.stage import SPARE, SUBJECT, House
from tests.matrix.swapping import BAD_REQUEST

CHANGED = {
    "login_session": "when a session was last used: it ends after a time without",
    "api_token": "when a program's token was last used: shown to its owner",
    "audit_record": "that somebody was shown telephone numbers whole (docs/decisions/0034)",
    "audit_head": "the end of the chain that record is added to",
    "operator_session": "when an operator's session was last used",
}
"""What a GET does write, and why; all of it does come about in the sweep, or it is taken out."""
OPERATORS = frozenset({"console", "operator", "operator-session"})
"""Doors nobody of a tenant may open: an operator asks there."""
WHILE = timedelta(minutes=2)
"""How long after signing in the sweep is: long enough for sessions to be marked as used."""

_TABLES = text(
    "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
    "WHERE nspname = 'public' AND relkind = 'r' ORDER BY relname"
)
_NEXT = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
"""Nothing is written without the number of a transaction: while this stands still, no row has changed."""


@dataclass
class Sweep:
    """What has been asked, and which tables were changed by which doors."""

    engine: Engine
    asked: int = 0
    changed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refused: list[str] = field(default_factory=list)
    nobodys: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with self.engine.connect() as connection:
            self.tables: list[str] = list(connection.scalars(_TABLES))
        self.at, self.hashes = self._next(), self._hashes()

    def _next(self) -> str:
        with self.engine.connect() as connection:
            return str(connection.scalar(_NEXT))

    def _hashes(self) -> dict[str, str]:
        parts = (
            f"SELECT '{name}', count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM \"{name}\" t"  # noqa: S608
            for name in self.tables
        )
        with self.engine.connect() as connection:
            return {str(name): str(found) for name, found in connection.execute(text(" UNION ALL ".join(parts)))}

    def ask(self, door: str, asked: Callable[[], tuple[bool, int]]) -> None:
        """Ask a door and look what has changed since the last one."""
        allowed, status = asked()
        self.asked += 1
        if not allowed:
            self.refused.append(f"{door}: {status}")
        self.look(door)

    def look(self, door: str) -> None:
        """Note the tables that differ from what they were."""
        if (now := self._next()) == self.at:
            return
        self.at, before, self.hashes = now, self.hashes, self._hashes()
        for name in self.tables:
            if before[name] != self.hashes[name]:
                self.changed[name].append(door)

    def wrong(self) -> list[str]:
        """List what was changed that no reading changes."""
        return [f"{table}: {', '.join(doors[:5])}" for table, doors in self.changed.items() if table not in CHANGED]


@contextmanager
def letting_through(asker: Asker) -> Iterator[None]:
    """Stop nothing at the commit."""
    asker.watch.remove()
    try:
        yield
    finally:
        asker.watch.install()


@contextmanager
def some_time_later(clock: SetClock, house: House) -> Iterator[None]:
    """Let time pass, and somebody have a telephone number."""

    def number(phone: str) -> None:
        with house.as_system() as scope:
            for who in [one for one in house.people if one.startswith(SUBJECT)]:
                get_owned(scope, Person, house.people[who]).phone = phone

    number("13800001234")
    clock.at = NOW + WHILE
    try:
        yield
    finally:
        clock.at = NOW
        number("")


def readings() -> list[Row]:
    """List the rows of readings that people of a tenant open."""
    return [row for row in rows() if not row.is_change and row.door.partition(".")[0] not in OPERATORS]


def first(row: Row, asker: Asker, answer: str) -> Cell | None:
    """Give the first cell of a row with this answer in a kind of tenant."""
    stage = asker.stage
    cells = cells_of(row, stage.own, stage.foreign) if stage.kind in row.kinds else ()
    return next((cell for cell in cells if cell.expected == answer), None)


def sweep_people(sweep: Sweep, askers: dict[str, Asker], some: list[Row]) -> None:
    """Ask every door as the first person who may, in the first kind of tenant that has one; or who is at least sent elsewhere."""
    for row in some:
        cells = ((asker, cell) for answer in (ALLOW, AWAY) for asker in askers.values() if (cell := first(row, asker, answer)))
        found = next(cells, None)
        if found is None:
            sweep.nobodys.add(row.rule)
            continue
        asker, cell = found
        for auth in (COOKIE,) if not row.is_api else (BEARER, TOKEN) if row.by_token else (BEARER,):

            def asked(auth: str = auth) -> tuple[bool, int]:
                outcome = asker.ask(cell, auth=auth)
                return outcome.answer == cell.expected, outcome.status

            with letting_through(asker):
                sweep.ask(row.id, asked)


def sweep_operators(sweep: Sweep, asker: Asker, browser: FlaskClient, order: str) -> None:
    """Ask the operators' doors; an address that is nobody's is an order's."""
    for row in [row for row in rows() if not row.is_change and row.door.partition(".")[0] in OPERATORS]:
        address = asker.address(row, {name: resolve(value, asker.stage.own, None) for name, value in row.address.items()})

        def asked(address: str = address) -> tuple[bool, int]:
            status = browser.get(address.replace(str(UUID(int=0)), order)).status_code
            return status < BAD_REQUEST or row.door == "console.certificate", status

        sweep.ask(row.id, asked)


def sweep_public(sweep: Sweep, app: Flask) -> None:
    """Ask what is open to everybody as nobody."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in public() and "GET" in (rule.methods or ()) and not rule.arguments:
            sweep.ask(rule.endpoint, lambda rule=rule: (True, app.test_client().get(rule.rule).status_code))


@pytest.mark.timeout(900)
class TestUnchanged:
    """Readings, let through to the end."""

    def test_no_reading_changes_a_row(
        self,
        askers: dict[str, Asker],
        app_clock: SetClock,
        every_row: Engine,
        operator: Callable[[], FlaskClient],
    ) -> None:
        began, county = time.monotonic(), askers["county"]
        browser = operator()  # there is no certificate before something is deleted for good
        assert browser.post(f"/operator/tenants/{county.stage.own.tenant.id}/export").status_code in {302, 303}
        order = next(one["id"] for one in browser.get("/api/v1/operator/orders/").get_json()["items"])
        with some_time_later(app_clock, county.stage.own):
            sweep = Sweep(every_row)
            sweep_people(sweep, askers, readings())
            assert sweep.nobodys <= {"private"}, sweep.nobodys  # another's own thing: there is nobody to be let in
            sweep_operators(sweep, county, browser, order)
            sweep_public(sweep, county.app)
        browser.post(f"/operator/orders/{order}/cancel")
        print(f"\n{sweep.asked} readings, {len(sweep.tables)} tables, {time.monotonic() - began:.1f} s:", end=" ")
        print({table: len(doors) for table, doors in sweep.changed.items()}, sweep.refused)
        assert sweep.asked > len(readings())
        assert sweep.refused == []
        assert not sweep.wrong(), "\n" + "\n".join(sweep.wrong())
        assert set(sweep.changed) == set(CHANGED)

    def test_a_reading_that_writes_behind_the_sessions_back_is_told(
        self, app: Flask, askers: dict[str, Asker], every_row: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control: what is committed by a connection of the page's own passes the matrix, and not this."""
        asker, house = askers["county"], askers["county"].stage.own
        row = next(row for row in readings() if row.door == "identity.change_password")
        person_id = house.people[SPARE + "@V11"]

        def writes() -> str:
            with house.as_system() as scope:
                person = get_owned(scope, Person, person_id)
                person.post = f"{person.post}x"
            return ""

        monkeypatch.setitem(app.view_functions, row.door, writes)
        sweep = Sweep(every_row)
        sweep_people(sweep, {"county": asker}, [row])
        assert sweep.changed == {"person": [row.id]} and sweep.wrong()
        with house.as_system() as scope:
            person = get_owned(scope, Person, person_id)
            person.post = person.post.removesuffix("x")
