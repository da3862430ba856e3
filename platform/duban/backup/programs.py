"""PostgreSQL's own pg_dump and psql: found on the machine, and fit for the server."""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from duban.backup.errors import BackupError
from duban.embedded.errors import EmbeddedServerError
from duban.embedded.postgres import program_version, wheel_programs

DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Programs:
    """A pg_dump and the psql beside it."""

    pg_dump: Path
    psql: Path
    version: str


def find_programs(folder: str, *, server_major: int) -> Programs:
    """
    Choose pg_dump and psql: of the server's own major version if there are any, else of the nearest newer one.

    Takes: a folder to look in first, or "". Raises: BackupError naming what was found.
    Costs: starts each candidate once.
    """
    found: dict[Path, str] = {}
    for place in _places(folder):
        if (place / "pg_dump").exists() and (place / "psql").exists():
            try:
                found[place] = program_version(place / "pg_dump")
            except EmbeddedServerError:
                continue
    fitting = sorted(
        ((int(version.split(".")[0]), place) for place, version in found.items() if int(version.split(".")[0]) >= server_major),
        key=lambda one: one[0],
    )
    if not fitting:
        seen = ", ".join(f"{place} has {version}" for place, version in found.items()) or "none found"
        raise BackupError(
            f"No pg_dump for PostgreSQL {server_major} ({seen}). Install one (Debian: apt-get install postgresql-client-"
            f"{server_major}) or name its folder in DUBAN_POSTGRES_BIN."
        )
    _, place = fitting[0]
    return Programs(pg_dump=place / "pg_dump", psql=place / "psql", version=found[place])


def _places(folder: str) -> Iterator[Path]:
    if folder:
        yield Path(folder)
        return
    on_path = shutil.which("pg_dump")
    if on_path and not _is_wrapper(Path(on_path)):
        yield Path(on_path).parent
    yield from sorted(DEBIAN.glob("*/bin"))
    try:
        yield wheel_programs()
    except EmbeddedServerError:
        return


def _is_wrapper(program: Path) -> bool:
    """Debian's /usr/bin/pg_dump is a script that chooses for itself; the programs behind it are looked at instead."""
    return program.resolve().name == "pg_wrapper"


def libpq(url: str) -> tuple[str, Mapping[str, str]]:
    """Give what libpq's programs need to reach a SQLAlchemy URL: a connection string and an environment with the password."""
    parts = make_url(url)
    options = {name: value if isinstance(value, str) else ",".join(value) for name, value in parts.query.items()}
    if parts.host:
        options["host"] = parts.host
    if parts.port:
        options["port"] = str(parts.port)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DUBAN_"))}
    if parts.password:
        environment["PGPASSWORD"] = str(parts.password)
    options.setdefault("connect_timeout", "10")
    return make_conninfo(user=parts.username, dbname=parts.database, **options), environment
