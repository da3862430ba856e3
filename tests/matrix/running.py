"""Asking the application one cell: the request, what became of it, and what it would have written."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session

from duban.app import db
from duban.identity.door import SESSION
from duban.web.cookies import cookie_name
from tests.matrix.rows import ALLOW, ANONYMOUS, AWAY, CONFLICT, DOOR, FORBID, HIDE, Cell, Row, resolve
from tests.matrix.stage import House, Stage

_CHANGES = re.compile(r"^\s*(WITH\b.*?\b)?(INSERT|UPDATE|DELETE)\b", re.IGNORECASE | re.DOTALL)
PASSING = frozenset({"attempt_counter"})
"""Written in a transaction of their own on purpose: guesses are counted before they are judged."""
BEARER, COOKIE, TOKEN = "bearer", "cookie", "token"


class ReachedError(BaseException):
    """A change has passed every check and would now be committed. Not an Exception, so that no page can catch it."""

    def __init__(self, audited: int, tables: frozenset[str]) -> None:
        super().__init__(f"{audited} audit rows")
        self.audited, self.tables = audited, tables


@dataclass
class Watch:
    """Stops every commit of the application that would change something, and says what it would have changed."""

    engine: Engine
    active: bool = False
    changed: set[str] = field(default_factory=set)

    def install(self) -> None:
        """Listen from now on; does nothing until `active`."""
        event.listen(self.engine, "after_cursor_execute", self._note)
        event.listen(self.engine, "rollback", self._forget)
        event.listen(self.engine, "commit", self._forget)
        event.listen(Session, "before_commit", self._stop)

    def remove(self) -> None:
        """Listen no more."""
        event.remove(self.engine, "after_cursor_execute", self._note)
        event.remove(self.engine, "rollback", self._forget)
        event.remove(self.engine, "commit", self._forget)
        event.remove(Session, "before_commit", self._stop)

    def _note(self, connection: Connection, cursor: Any, statement: str, *_rest: Any) -> None:
        if self.active and _CHANGES.match(statement) and cursor.rowcount:
            table = re.search(r"(?:INTO|UPDATE|FROM)\s+(?:ONLY\s+)?\"?(\w+)", statement, re.IGNORECASE)
            connection.info.setdefault("matrix", set()).add(table.group(1) if table else statement[:40])

    def _forget(self, connection: Connection) -> None:
        connection.info.pop("matrix", None)

    def _stop(self, of: Session) -> None:
        if not self.active or of.get_bind() is not self.engine or of.in_nested_transaction():
            return
        of.flush()
        connection = of.connection()
        changed = frozenset(connection.info.get("matrix", ()))
        if changed <= PASSING:
            return
        connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        tenant_id = of.info["tenant_id"]
        mine = "SELECT count(*) FROM audit_record WHERE tenant_id = :tenant AND xmin = pg_current_xact_id()::xid"
        raise ReachedError(connection.execute(text(mine), {"tenant": tenant_id}).scalar_one(), changed)


@dataclass(frozen=True)
class Outcome:
    """What a request came to."""

    answer: str
    status: int
    body: str
    headers: Mapping[str, str]
    reached: ReachedError | None = None


class Asker:
    """Asks on behalf of the people of a stage."""

    def __init__(self, app: Flask, stage: Stage) -> None:
        self.app, self.stage = app, stage
        self.client = app.test_client(use_cookies=False)
        self.tags: dict[tuple[str, str], str] = {}
        self.watch = Watch(_engine(app))
        self.rules = {(rule.endpoint, method): rule for rule in app.url_map.iter_rules() for method in rule.methods or ()}
        with app.test_request_context():
            self.token = generate_csrf()
            serializer = app.session_interface.get_signing_serializer(app)
            self.form_cookie = f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps(dict(session))}"
            self.cookie = cookie_name(SESSION)

    def address(self, row: Row, values: Mapping[str, Any]) -> str:
        """Build the path of a row."""
        rule = next(
            rule
            for rule in self.app.url_map.iter_rules(row.door)
            if row.method in (rule.methods or ()) and set(rule.arguments) == set(values)
        )
        built = rule.build({name: rule._converters[name].to_python(str(value)) for name, value in values.items()})  # noqa: SLF001
        if built is None:
            raise LookupError(row.id)
        return built[1].partition("?")[0]

    def house_of(self, who: str) -> tuple[House, str]:
        """Give the house of a person and their key in it."""
        return (self.stage.foreign, who.removeprefix("away:")) if who.startswith("away:") else (self.stage.own, who)

    def credentials(self, who: str, auth: str) -> dict[str, str]:
        """Give the headers by which somebody is known."""
        if who == ANONYMOUS:
            return {"Cookie": self.form_cookie, "X-CSRFToken": self.token}
        house, name = self.house_of(who)
        if auth in {BEARER, TOKEN}:
            return {"Authorization": f"Bearer {(house.keys if auth == BEARER else house.tokens)[name]}"}
        return {"Cookie": f"{self.form_cookie}; {self.cookie}={house.keys[name]}", "X-CSRFToken": self.token}

    def ask(self, cell: Cell, *, auth: str, swap: Mapping[str, str] | None = None) -> Outcome:
        """Ask one cell; nothing it would change is kept."""
        row, house, place = cell.row, self.stage.own, cell.place
        given = {name: as_token(value) for name, value in row.address.items()}
        address = {name: resolve(value, house, place, swap) for name, value in given.items()}
        arguments: dict[str, Any] = {
            "method": row.method,
            "query_string": resolve(row.query, house, place, swap),
            "headers": {"Accept": "application/json" if "/api/" in self.address(row, address) else "text/html"}
            | resolve(row.headers, house, place, swap)
            | self._condition(cell)
            | self.credentials(cell.who, auth),
        }
        if row.json is not None:
            arguments["json"] = resolve(row.json, house, place, swap)
        if row.form is not None or row.files:
            arguments["data"] = resolve(row.form or {}, house, place, swap) | {
                name: (BytesIO(content.encode()), f"{name}.txt") for name, content in row.files.items()
            }
        return self.send(self.address(row, address), row, **arguments)

    def _condition(self, cell: Cell) -> dict[str, str]:
        """Give the If-Match of a change: what the person themselves reads, else what somebody reads who may."""
        row, house, place = cell.row, self.stage.own, cell.place
        if not row.read:
            return {}
        reading = Row(id=row.id, door=row.read, method="GET", rule=row.rule, address=row.read_address or row.address)
        arguments = next(rule.arguments for rule in self.app.url_map.iter_rules(row.read))
        given = {name: as_token(value) for name, value in reading.address.items() if name in arguments}
        address = self.address(reading, {name: resolve(value, house, place) for name, value in given.items()})
        readers = [cell.who, house.writers.get(place or "C", ""), house.writers["C"]]
        readers += [who for who in house.people if who.endswith(".admin@C")]
        for who in [one for one in readers if one and one != ANONYMOUS]:
            if (address, who) not in self.tags:
                sent = self.send(address, reading, method="GET", headers=self.credentials(who, BEARER))
                self.tags[address, who] = sent.headers.get("ETag", "")
            if self.tags[address, who]:
                return {"If-Match": self.tags[address, who]}
        raise LookupError(f"{row.id}: nobody reads {address}")

    def send(self, address: str, row: Row, **arguments: Any) -> Outcome:
        """Send a request and say what became of it."""
        self.watch.active = True
        try:
            response = self.client.open(address, **arguments)
            body = response.get_data()
        except ReachedError as reached:
            return Outcome(ALLOW, 0, "", {}, reached)
        finally:
            self.watch.active = False
        words = body.decode("utf-8", "replace") if b"\0" not in body else ""
        return Outcome(_answer(row, response.status_code, response.headers), response.status_code, words, dict(response.headers))


def as_token(given: object) -> str:
    """Read a bare word as a kind of thing; `=word` is the word itself, and so is a number."""
    value = str(given) if isinstance(given, str) else f"={given}"
    return value if "<" in value or value.startswith("=") else f"<{value}>"


def _answer(row: Row, status: int, headers: Mapping[str, str]) -> str:
    if status == 401 or (status == 302 and "/sign-in" in headers.get("Location", "")):  # noqa: PLR2004
        return DOOR
    if status in row.allowed or (not row.allowed and not row.is_change and status == 200):  # noqa: PLR2004
        return ALLOW
    if status in {301, 302, 303}:
        return AWAY
    return {403: FORBID, 404: HIDE, 409: CONFLICT}.get(status, str(status))


def _engine(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


@contextmanager
def asking(app: Flask, stage: Stage) -> Iterator[Asker]:
    """Give an asker whose requests leave nothing behind."""
    with app.test_request_context():
        asker = Asker(app, stage)
    asker.watch.install()
    try:
        yield asker
    finally:
        asker.watch.remove()
