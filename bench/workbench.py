"""
The workbench: a whole request (session, leave, queries, template) against a bare Flask view that runs the same SQL in one
transaction and answers with the number of rows; and how many queries it takes.

    PYTHONPATH=platform python bench/workbench.py
"""

import gc
import statistics
import time
from contextlib import contextmanager

from flask import Flask
from parts.county import demo_county
from parts.table import MISSED, Row, show
from sqlalchemy import Engine, event

from duban.app import create_app, db
from duban.identity.door import session_key
from duban.identity.models import Person
from duban.identity.operations import start_session
from duban.kernel.clock import SystemClock
from duban.kernel.scope import SYSTEM, TenantInfo, open_session, owned, unit_of_work
from duban.kernel.settings import Settings

ROUNDS = 40
QUERIES = 12
READERS = (
    ("village clerk", "v001001"),
    ("township officer", "o001"),
    ("county officer", "county.officer"),
    ("county leader", "county.leader"),
)
Statement = tuple[str, object]


@contextmanager
def heard(engine: Engine):
    """Listen to every statement that reaches the database."""
    said: list[Statement] = []

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def bare(engine: Engine, tenant: TenantInfo, statements: list[Statement]) -> Flask:
    """An application whose only view runs these statements."""
    app = Flask("bare")

    @app.get("/")
    def view() -> str:
        with open_session(engine, tenant.id) as session:
            connection, rows = session.connection(), 0
            for statement, parameters in statements:
                rows += len(connection.exec_driver_sql(statement, parameters).fetchall())
        return str(rows)

    return app


def token_of(app: Flask, engine: Engine, tenant: TenantInfo, login: str) -> str:
    with app.app_context(), unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
        person = scope.session.scalars(owned(scope, Person).where(Person.login == login)).one()
        return session_key(tenant.id, start_session(scope, person=person, address="127.0.0.1", device="bench"))


def measure(app: Flask, engine: Engine, tenant: TenantInfo, who: str, login: str) -> tuple[Row, int]:
    browser = app.test_client()
    browser.environ_base |= {"HTTP_AUTHORIZATION": f"Bearer {token_of(app, engine, tenant, login)}", "HTTP_ACCEPT": "text/html"}
    browser.get("/")
    with heard(engine) as said:
        answer = browser.get("/")
    assert answer.status_code == 200, answer.status
    reads = [each for each in said if each[0].lstrip().upper().startswith(("SELECT", "WITH")) and "set_config" not in each[0]]
    floor = bare(engine, tenant, reads).test_client()
    assert floor.get("/").status_code == 200
    taken: dict[str, list[float]] = {"ours": [], "floor": []}
    for _ in range(ROUNDS):
        for name, client in (("ours", browser), ("floor", floor)):
            gc.collect()
            begun = time.perf_counter()
            client.get("/")
            taken[name].append((time.perf_counter() - begun) * 1000)
    note = f"{len(reads)} queries (≤ {QUERIES}: {'kept' if len(reads) <= QUERIES else MISSED}), {len(answer.data) // 1024} KiB of page"
    return Row(f"workbench of a {who}", statistics.median(taken["ours"]), statistics.median(taken["floor"]), 3, note), len(reads)


def main() -> None:
    given = Settings(database_url="", data_dir="", secret_key="k" * 40, cookie_secure=False)
    with demo_county(durable=False, settings=given) as (tenant, settings, _):
        app = create_app(settings)
        with app.app_context():
            engine = db.engine
        found = [measure(app, engine, tenant, who, login) for who, login in READERS]
        engine.dispose()
    show("The workbench of the demo county (177 units)", "bare Flask", [row for row, _ in found])
    most = max(count for _, count in found)
    print(f"queries per request: {most} at most, promised ≤ {QUERIES}: {'kept' if most <= QUERIES else MISSED}\n")


if __name__ == "__main__":
    main()
