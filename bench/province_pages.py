"""
Pages and clock work of reporting at the size of a province: the 62,074 villages of Shandong in one tenant of the kind `province`,
each owing one monthly form to the province for half a year, and 2,000 requirements under way.

Against one bare statement that counts what the page or the work is about, in a transaction of its own: the same rows, one aggregate,
no leave, no names. Pages are whole requests (session, leave, statements, template), work is the operation by itself. Same run, in turn.

    PYTHONPATH=platform python bench/province_pages.py
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from parts.national import NOW, Country, UnitRow, province_tenants, say
from parts.table import MISSED, Row, show
from sqlalchemy import Engine, event, text

from duban.app import create_app, db
from duban.dashboards.queries import matrix_window
from duban.identity.door import session_key
from duban.identity.models import Credential, Person
from duban.identity.operations import start_session
from duban.kernel.clock import SetClock
from duban.kernel.ids import new_id
from duban.kernel.scope import SYSTEM, Actor, owned, unit_of_work
from duban.kernel.settings import Settings
from duban.reporting.operations import issue_waiting_periods
from duban.reporting.queries.schedule import dates_and_progress

ROUNDS = 7
PERIODS = tuple(f"2026-0{month}" for month in range(1, 7))
UNDER_WAY = 2000
PAGE_QUERIES = 20
RATIO = 3
REQUIREMENT = (
    "INSERT INTO requirement (tenant_id, id, unit_id, path, title, title_en, instruction, instruction_en, recipient, line, targets, due_rule, "
    "active_from, active_until, fields, nil_allowed, attachments_required, preconditions, late_model, late_points, missing_points, missing_after_days, "
    "state, version, created_at, issued_at, withdrawn_reason) "
    "SELECT %s, coalesce(%s, gen_random_uuid()), %s, %s, '隐患月报 ' || n, '', '', '', '', 'territorial', '{}', "
    '\'{"kind": "from_end", "every": "month", "count": 4, "side": "before", "unit": "day", "shift": "next_working_day"}\', '
    "'2026-01-01', '2026-12-31', '[]', true, false, '[]', 'per_event', 0.5, 1, 10, 'issued', 1, %s, %s, '' FROM generate_series(1, %s) n"
)
DUTIES = (
    "INSERT INTO duty (tenant_id, id, requirement_id, unit_id, path, to_path, period_kind, period_code, period_start, period_end, reporting_year, "
    "due_on, due_at, due_since, due_version, missing_at, state, is_nil, versions, timeliness, late_days, changed_at, accepted_at, accepted_version, at_path, "
    "waiting_since, last_submitted_at) "
    "SELECT u.tenant_id, gen_random_uuid(), %s, u.id, u.path, %s, 'month', %s, (%s || '-01')::date, (%s || '-28')::date, 2026, (%s || '-25')::date, "
    "(%s || '-26')::date, '2026-01-01', 1, (%s || '-28')::date, "
    "CASE WHEN k.k < 84 THEN 'accepted' WHEN k.k < 96 THEN 'submitted' WHEN k.k = 96 THEN 'returned' ELSE 'missing' END, false, "
    "CASE WHEN k.k < 97 THEN 1 ELSE 0 END, CASE WHEN k.k < 90 THEN 'on_time' WHEN k.k < 97 THEN 'late' ELSE 'missing' END, 0, %s, "
    "CASE WHEN k.k < 84 THEN %s::timestamptz END, CASE WHEN k.k < 84 THEN 1 END, CASE WHEN k.k BETWEEN 84 AND 95 THEN %s END, "
    "CASE WHEN k.k BETWEEN 84 AND 95 THEN %s::timestamptz END, CASE WHEN k.k < 97 THEN %s::timestamptz END "
    "FROM (SELECT u.*, row_number() OVER (ORDER BY md5(u.code)) AS n FROM unit u WHERE u.tenant_id = %s AND u.level = 'village') u "
    "CROSS JOIN LATERAL (SELECT u.n %% 100 AS k) k"
)

DECEMBER = (
    "INSERT INTO duty (tenant_id, id, requirement_id, unit_id, path, to_path, period_kind, period_code, period_start, period_end, reporting_year, "
    "due_on, due_at, due_since, due_version, missing_at, state, is_nil, versions, timeliness, late_days, changed_at) "
    "SELECT r.tenant_id, gen_random_uuid(), r.id, %s, %s, r.path, 'month', '2026-12', '2026-12-01', '2026-12-31', 2026, '2026-12-28', '2026-12-28 16:00Z', "
    "'2026-01-01', 1, '2027-01-10', 'open', false, 0, 'pending', 0, %s FROM requirement r WHERE r.tenant_id = %s"
)
"""The last month of each is issued, at one city: nothing waits."""


@contextmanager
def heard(engine: Engine):
    """Count the statements that reach the database, without the bookkeeping of transactions."""
    said: list[str] = []

    def note(_connection, _cursor, statement, *_) -> None:
        if "set_config" not in statement and not statement.startswith("SET "):
            said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def filled(made: Country, root: UnitRow) -> UUID:
    """Let the province ask its villages for a month's figures, six months long, and have 2,000 more requirements under way."""
    found, tenant = new_id(), made.tenant.id
    with made.superuser() as admin:
        admin.execute(REQUIREMENT, [tenant, found, root.id, root.path, NOW, NOW, 1])
        admin.execute(REQUIREMENT, [tenant, None, root.id, root.path, NOW, NOW, UNDER_WAY])
        for period in PERIODS:
            admin.execute(DUTIES, [found, root.path, *[period] * 6, NOW, NOW, root.path, NOW, NOW, tenant])
            say(f"duties of {period}")
        city = next(row for row in made.units if row.parent == root.id)
        admin.execute(DECEMBER, [city.id, city.path, NOW, tenant])
    with made.superuser() as admin:
        admin.autocommit = True
        admin.execute("VACUUM ANALYZE")
    return found


@dataclass(frozen=True)
class Asked:
    """What is measured: ours, the bare statement with its values, and what it may take."""

    what: str
    ours: Callable[[], Any]
    bare: str
    values: dict[str, Any]
    promised: float | None
    most: int | None = None


def measure(made: Country, engine: Engine, asked: Asked) -> Row:
    def floor() -> Any:
        with made.scope(SYSTEM) as scope:
            return scope.session.execute(text(asked.bare), {"tenant": made.tenant.id, **asked.values}).all()

    asked.ours(), floor()
    with heard(made.engine) as said, heard(engine) as said_by_pages:
        asked.ours()
    said += said_by_pages
    taken: dict[str, list[float]] = {"ours": [], "floor": []}
    for _ in range(ROUNDS):
        for name, way in (("ours", asked.ours), ("floor", floor)):
            begun = time.perf_counter()
            way()
            taken[name].append((time.perf_counter() - begun) * 1000)
    kept = "" if asked.most is None else f" (≤ {asked.most}: {'kept' if len(said) <= asked.most else MISSED})"
    note = f"{len(said)} queries{kept}"
    return Row(asked.what, statistics.median(taken["ours"]), statistics.median(taken["floor"]), asked.promised, note)


def browser(made: Country, actor: Actor) -> tuple[FlaskClient, Engine]:
    """Sign somebody in. Gives: their browser, and the engine its pages use."""
    settings = Settings(
        database_url=made.engine.url.render_as_string(hide_password=False),
        data_dir=tempfile.gettempdir(),
        secret_key="k" * 40,
        context_key=made.context_key,
        cookie_secure=False,
    )
    app = create_app(settings, clock=SetClock(NOW))
    with app.app_context():
        engine = db.engine
        with unit_of_work(engine, tenant=made.tenant, actor=SYSTEM, now=NOW) as scope:
            person = scope.session.scalars(owned(scope, Person).where(Person.id == actor.person_id)).one()
            scope.add(Credential(id=person.id, password_hash="-", changed_at=NOW))
            scope.session.flush()
            token = session_key(made.tenant.id, start_session(scope, person=person, address="127.0.0.1", device="bench"))
    client = app.test_client()
    client.environ_base |= {"HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_ACCEPT": "text/html"}
    return client, engine


def got(client: FlaskClient, address: str) -> Callable[[], Any]:
    """Give a whole request to be measured."""

    def ask() -> int:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status)
        return len(answer.data)

    return ask


WINDOW = (
    "SELECT requirement_id, period_code, count(*) FROM duty WHERE tenant_id = :tenant AND due_on >= :first AND due_on <= :last "
    "AND path > :path AND path < :upper GROUP BY 1, 2"
)
OF_REQUIREMENT = (
    "SELECT period_code, due_on, count(*) FROM duty WHERE tenant_id = :tenant AND requirement_id = :requirement GROUP BY 1, 2"
)
WAITING = "SELECT count(*) FROM duty WHERE tenant_id = :tenant AND at_path = :path"
LATER = (
    "SELECT id, due_rule, active_from, active_until, issued_at FROM requirement WHERE tenant_id = :tenant AND state = 'issued'"
)


def asked_of(made: Country, root: UnitRow, requirement_id: UUID, officer: Actor, client: FlaskClient) -> Sequence[Asked]:
    """List what is measured."""
    first, last = matrix_window(NOW.date())
    window = {"first": first, "last": last, "path": root.path, "upper": root.path[:-1] + "/"}
    mine, waiting = {"requirement": requirement_id}, {"path": root.path}

    def course() -> Any:
        with made.scope(officer) as scope:
            return dates_and_progress(scope, requirement_id)

    def later() -> Any:
        with made.scope(SYSTEM) as scope:
            return issue_waiting_periods(scope)

    return (
        Asked("home of the province's officer", got(client, "/"), WINDOW, window, RATIO, 12),
        Asked("matrix of the province", got(client, "/matrix"), WINDOW, window, RATIO, 12),
        Asked("dates and states of a requirement", course, OF_REQUIREMENT, mine, RATIO),
        Asked("requirement page", got(client, f"/requirements/{requirement_id}"), OF_REQUIREMENT, mine, RATIO, PAGE_QUERIES),
        Asked("review queue, first page", got(client, "/reviews"), WAITING, waiting, None, PAGE_QUERIES),
        Asked(f"hourly look at {UNDER_WAY:,} requirements", later, LATER, {}, None, 10),
    )


def main() -> None:
    with province_tenants(("37",)) as tenants:
        made = tenants[0]
        root = made.units[0]
        requirement_id = filled(made, root)
        officer = made.reader(root.code, "province.officer")
        client, engine = browser(made, officer)
        rows = [measure(made, engine, one) for one in asked_of(made, root, requirement_id, officer, client)]
        engine.dispose()
    show("Pages at the size of Shandong (62,074 villages, six months of one form)", "bare count", rows)


if __name__ == "__main__":
    main()
