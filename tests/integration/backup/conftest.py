"""An installation of its own for backups: a cluster, a migrated database with the cast's two tenants, and files."""

import io
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from duban.access.checks import Place
from duban.backup.making import Made, make
from duban.backup.manifest import backup_keys
from duban.embedded import postgres
from duban.files import operations
from duban.files.operations import FileOwner
from duban.files.storage import Store, open_store
from duban.kernel.clock import SetClock
from duban.kernel.db import make_engine
from duban.kernel.migrating import upgrade
from duban.kernel.settings import Settings
from tests.attack.files.corpus import pdf
from tests.binding import CONTEXT_KEY
from tests.cast import World, build_world
from tests.conftest import NOW, POSTGRES_BIN

BACKUP_AT = datetime(2026, 3, 10, 18, 30, tzinfo=UTC)


def quiet(_line: str) -> None:
    """Progress nobody looks at."""


@dataclass
class Installation:
    """A server, settings that reach it, the cast, and a backup folder."""

    server: postgres.PostgresServer
    settings: Settings
    engine: Engine
    world: World
    made_so_far: int = 0

    @property
    def store(self) -> Store:
        return open_store(self.settings.resolved_files_url)

    @property
    def keys(self) -> list[bytes]:
        return list(backup_keys(self.settings))

    def back_up(self) -> Made:
        """Make a backup, each a minute after the one before."""
        self.made_so_far += 1
        at = BACKUP_AT + timedelta(minutes=self.made_so_far)
        return make(self.settings, now=at, say=quiet, tick=quiet)

    def keep_file(self, content: bytes, *, unit: str = "V11", who: str = "vera"):
        """Store a file as somebody would; gives its row."""
        owner = FileOwner(kind="document", id=uuid4(), placed=Place(self.world.paths[unit], None), obj="document", act="register")
        with self.world.as_(who) as scope:
            row = operations.store(
                scope, owner=owner, filename="报告.pdf", stream=io.BytesIO(content), into=self.store, limit_bytes=1 << 20
            )
        return row, owner


def settings_for(server: postgres.PostgresServer, home: Path, database: str = postgres.DATABASE) -> Settings:
    return Settings(
        database_url=server.url(postgres.APP_ROLE, database),
        owner_database_url=server.url(postgres.OWNER_ROLE, database),
        backup_database_url=server.url(postgres.BACKUP_ROLE, database),
        data_dir=str(home),
        context_key=CONTEXT_KEY,
        secret_key="test-key-of-at-least-thirty-two-characters",
        backup_dir=str(home / "backups"),
        cookie_secure=False,
        postgres_bin=POSTGRES_BIN,
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.PostgresServer]:
    """A cluster nobody else uses."""
    home = Path(tempfile.mkdtemp(prefix="duban-backup-"))
    home.chmod(0o755)
    with postgres.running(home / "pg", durable=False, programs=POSTGRES_BIN) as server:
        yield server
    shutil.rmtree(home)


@pytest.fixture
def installation(cluster, tmp_path, request) -> Iterator[Installation]:
    """A filled installation: shared bytes, a removed file, two tenants."""
    name = f"duban_{uuid4().hex[:8]}"
    cluster.create_database(name)
    settings = settings_for(cluster, tmp_path, name)
    upgrade(settings.owner_database_url, context_key=CONTEXT_KEY)
    engine = make_engine(settings.database_url, context_key=CONTEXT_KEY)
    made = Installation(cluster, settings, engine, build_world(engine, now=NOW, web=request))
    row, owner = made.keep_file(pdf(b"one"))
    made.keep_file(pdf(b"two"))
    made.keep_file(pdf(b"one"), unit="V12", who="vic")
    with made.world.as_("vera") as scope:
        operations.link(scope, file_id=row.id, owner=replace(owner, id=uuid4()))
        operations.remove(scope, file_id=row.id, owner=owner)
    yield made
    engine.dispose()
    cluster.drop_database(name)


@pytest.fixture
def elsewhere(cluster, tmp_path) -> Iterator[Settings]:
    """An empty database and an empty store to restore into."""
    name = f"duban_{uuid4().hex[:8]}"
    cluster.create_database(name)
    yield replace(settings_for(cluster, tmp_path / "elsewhere", name), backup_dir=str(tmp_path / "backups"))
    cluster.drop_database(name)


@pytest.fixture
def set_clock() -> SetClock:
    return SetClock(BACKUP_AT)
