"""Runs migrations as the owning role, one at a time, with short waits for locks."""

from alembic import context
from sqlalchemy import create_engine, text

LOCK_KEY = 20110428


def run() -> None:
    url = context.config.attributes["url"]
    engine = create_engine(url, connect_args={"options": "-c lock_timeout=4000 -c statement_timeout=60000 -c timezone=UTC"})
    with engine.connect() as connection:
        # Two deploys at once: the second waits here and then finds nothing to do.
        connection.execute(text("SELECT set_config('lock_timeout', '60000', false)"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        connection.execute(text("SELECT set_config('lock_timeout', '4000', false)"))
        connection.commit()
        context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("GRANT SELECT ON alembic_version TO duban_app"))  # /readyz compares it with the code
        connection.commit()
    engine.dispose()


run()
