"""Real PostgreSQL for the whole suite: migrated once, copied per worker. Every test makes its own tenant, so nothing is shared."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine

from duban.app import create_app, db, import_models
from duban.embedded import postgres
from duban.kernel.clock import SetClock
from duban.kernel.db import make_engine
from duban.kernel.migrating import upgrade
from duban.kernel.settings import Settings
from tests import canary, statements
from tests.binding import CONTEXT_KEY
from tests.cast import World, build_world
from tests.integration.audit.beginning import begun

# No test is timed: a busy machine must not turn the suite red. What is fast is shown in bench/.
hypothesis_settings.register_profile("duban", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("duban")

POSTGRES_BIN = os.environ.get("DUBAN_POSTGRES_BIN", "")
"""The PostgreSQL to test on: empty for the wheel's 18; .ci/run also names Debian's 15."""

RUN_FOLDER = "duban-tests-"
KEPT_SECONDS = 86_400
_OWN_FOLDER = pytest.StashKey[Path | None]()

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)  # 10:00 on a Tuesday in Shanghai


COLLECTED = pytest.StashKey[set[str]]()
LONG = (
    "fuzz/test_fuzz",
    "embedded",
    "chaos",
    "simulation",
    "fuzz",
    "e2e",
    "matrix",
    "console",
    "organisation/test_stateful",
    "access",
)
"""Where the long tests are. They begin first, so that at the end no worker of the run waits for the other."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Remember what there is to run, also what is not run this time."""
    item.config.stash.setdefault(COLLECTED, set()).add(item.nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first (with --no-loadscope-reorder, or pytest-xdist puts those with few tests last)."""

    def rank(item: pytest.Item) -> int:
        return next((n for n, part in enumerate(LONG) if f"/{part}" in str(item.path)), len(LONG))

    items.sort(key=rank)


def pytest_configure(config: pytest.Config) -> None:
    """
    As root, keep the run's files in a folder of its own.

    PostgreSQL does not run as root and has to pass through the folders above its data. pytest closes the folder that all its runs
    share (/tmp/pytest-of-root, mode 0700) whenever another run begins, and the servers of those under way die within seconds:
    "could not open pg_control: Permission denied".
    """
    if os.geteuid() != 0 or hasattr(config, "workerinput") or config.option.basetemp:
        return
    for left in Path(tempfile.gettempdir()).glob(f"{RUN_FOLDER}*"):  # by runs that failed, or were killed
        if time.time() - left.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    config.option.basetemp = config.stash[_OWN_FOLDER] = Path(tempfile.mkdtemp(prefix=RUN_FOLDER))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the folder of a run that failed, to look at its logs."""
    if exitstatus != 0:
        session.config.stash[_OWN_FOLDER] = None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    folder = config.stash.get(_OWN_FOLDER, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _statements_name_their_tenant() -> None:
    """See tests/statements.py."""
    import_models()
    statements.watch()


@pytest.fixture(scope="session", autouse=True)
def _canaries_are_watched(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[None]:
    """See tests/canary.py; the files the run has left are looked through at its end."""
    canary.begin()
    yield
    canary.look_at_files(tmp_path_factory.getbasetemp())
    output = getattr(request.config, "workeroutput", None)
    if output is not None:
        output["canaries"] = (dict(canary.watch.seen), canary.watch.leaks + canary.reported)
        output["statements"] = statements.checked
    assert canary.watch.leaks == [], "foreign canaries in files the run has left"


@pytest.fixture(autouse=True)
def _no_foreign_canary(_canaries_are_watched: None) -> Iterator[None]:
    """Fail the test in which something of one tenant came out where another was served."""
    before = len(canary.watch.leaks)
    yield
    found, canary.watch.leaks[before:] = canary.watch.leaks[before:], []
    if found:
        canary.reported.extend(found)
        pytest.fail(f"{len(found)} foreign canaries, e.g. {found[0]}")


def pytest_testnodedown(node: object, error: object) -> None:  # noqa: ARG001 - pytest-xdist's hook
    """Gather a worker's figures."""
    seen, leaks = getattr(node, "workeroutput", {}).get("canaries", ({}, []))
    canary.watch.seen.update(seen)
    canary.reported.extend(leaks)
    for name, number in getattr(node, "workeroutput", {}).get("statements", {}).items():
        statements.checked[name] += number


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was looked through."""
    terminalreporter.write_line(canary.summary(canary.watch.seen, len(canary.reported)))
    terminalreporter.write_line(statements.summary())


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[tuple[postgres.PostgresServer, str]]:
    """A server shared by the xdist workers of this run, and this worker's own database, built by the migrations."""
    root = tmp_path_factory.getbasetemp()
    shared = root if worker_id == "master" else root.parent
    home = shared / "pg"
    with postgres.running(home, durable=False, linger=True, programs=POSTGRES_BIN) as server:
        name = f"duban_{worker_id}"
        server.drop_database(name)
        server.create_database(name)
        upgrade(server.url(postgres.OWNER_ROLE, name), context_key=CONTEXT_KEY)
        yield server, name
        # Who is through first waits here for the others, however long they take: that is no test that hangs. Timed out, it took
        # the server along, and what was still running failed.
        signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.fixture(scope="session")
def owner_url(servers: tuple[postgres.PostgresServer, str]) -> str:
    """As the owner of the tables: for tests of what a database administrator could do."""
    server, name = servers
    return server.url(postgres.OWNER_ROLE, name)


@pytest.fixture(scope="session")
def app_url(servers: tuple[postgres.PostgresServer, str]) -> str:
    """As the application."""
    server, name = servers
    return server.url(postgres.APP_ROLE, name)


@pytest.fixture(scope="session")
def engine(app_url: str) -> Iterator[Engine]:
    """The application role's engine."""
    made = make_engine(app_url, context_key=CONTEXT_KEY)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def settings(app_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings as of a small installation without Redis and mail."""
    data = tmp_path_factory.mktemp("data")
    return Settings(
        database_url=app_url,
        data_dir=str(data),
        context_key=CONTEXT_KEY,
        secret_key="test-key-of-at-least-thirty-two-characters",
        cookie_secure=False,
        idle_minutes=30,
    )


@pytest.fixture
def clock() -> SetClock:
    """The test's clock: set `clock.at` to move time."""
    return SetClock(NOW)


@pytest.fixture(scope="session")
def app_clock() -> SetClock:
    """The application's clock; `world` sets it to the test's time."""
    return SetClock(NOW)


@pytest.fixture(scope="session")
def app(settings: Settings, app_clock: SetClock):
    """The web application; a defect fails the test instead of becoming a page."""
    begun(settings.resolved_anchor_file)
    made = create_app(settings, clock=app_clock, propagate_defects=True)
    made.config["PROPAGATE_EXCEPTIONS"] = True
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def world(engine: Engine, request: pytest.FixtureRequest) -> World:
    """A fresh county with the cast in it, and another tenant beside it. See tests/cast.py."""
    return build_world(engine, now=NOW, web=request)
