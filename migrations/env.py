"""Runs migrations as the owning role, one at a time, with short waits for locks."""

from alembic import context
from sqlalchemy import Connection, create_engine, text

LOCK_KEY = 20110428


def _wait_at_most(connection: Connection, *, lock: str, statement: str) -> None:
    for name, value in (("lock_timeout", lock), ("statement_timeout", statement)):
        connection.execute(text("SELECT set_config(:name, :value, false)"), {"name": name, "value": value})


def run() -> None:
    url = context.config.attributes["url"]
    engine = create_engine(url, connect_args={"options": "-c timezone=UTC"})
    with engine.connect() as connection:
        # Two deploys at once: the second waits here and then finds nothing to do.
        _wait_at_most(connection, lock="60s", statement="60s")
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        # Who waits for a table's lock holds up everybody behind him: give up after a second, `kernel.migrating` tries again.
        # What needs longer than five seconds must be cut into batches, or say so: SET LOCAL statement_timeout.
        _wait_at_most(connection, lock="1s", statement="5s")
        connection.commit()
        context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("GRANT SELECT ON alembic_version TO duban_app"))  # /readyz compares it with the code
        connection.commit()
    engine.dispose()


run()
