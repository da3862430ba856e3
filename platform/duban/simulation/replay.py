"""Driving a kind through a year on a server of its own, which is gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from duban.embedded import postgres
from duban.kernel.context import new_key
from duban.kernel.db import make_engine
from duban.kernel.migrating import upgrade
from duban.kernel.settings import Settings
from duban.simulation.calendar_rows import as_csv, calendar_rows, demo_units
from duban.simulation.street_year import Story, StreetYear
from duban.tenancy.kinds import Kind

PASSWORD = "replay-1949-a"  # noqa: S105 - of accounts that end with the replay
DATABASE = "replay"
LIVED = ("street",)
"""Kinds whose year can be lived in full."""


def replay_csv(kind: Kind, *, year: int) -> str:
    """
    Write what the kind's reporting calendar asks of its demo units in a year.

    Raises: UnknownYearError where the calendar needs holidays of a year that is not known.
    """
    return as_csv(calendar_rows(kind, demo_units(kind), year=year))


def _server(folder: str) -> AbstractContextManager[postgres.PostgresServer]:
    return postgres.running(Path(folder) / "pg", durable=False)


@contextmanager
def scratch_database() -> Iterator[tuple[Engine, Settings]]:
    """Give a migrated database that nobody else has, and settings to go with it; both end with the block."""
    with (
        tempfile.TemporaryDirectory(prefix="duban-replay-") as folder,
        postgres.running(Path(folder) / "pg", durable=False) as server,
    ):
        server.create_database(DATABASE)
        settings = Settings(database_url=server.url(postgres.APP_ROLE, DATABASE), data_dir=folder, context_key=new_key())
        upgrade(server.url(postgres.OWNER_ROLE, DATABASE), context_key=settings.context_key)
        engine = make_engine(settings.database_url, context_key=settings.context_key)
        try:
            yield engine, settings
        finally:
            engine.dispose()


def replay_street(kind: Kind, *, year: int) -> Story:
    """
    Live the street office's year and tell it.

    Costs: half a minute, most of it the database starting and forty passwords being hashed.
    """
    with scratch_database() as (engine, _):
        return StreetYear(engine, kind=kind, year=year, password=PASSWORD).run()
