"""Bringing a database to the schema this code needs. Runs as the owning role."""

import time
from collections.abc import Callable

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from duban.kernel.context import ContextKey
from duban.kernel.context_keys import install_key
from duban.kernel.db import Base
from duban.kernel.settings import ROOT


def _config(owner_url: str = "") -> Config:
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("prepend_sys_path", str(ROOT))
    config.attributes["url"] = owner_url
    return config


ATTEMPTS = 15
PAUSE_SECONDS = 1.0
_PASSING = frozenset({"LockNotAvailable", "QueryCanceled", "DeadlockDetected"})


def patiently(work: Callable[[], None]) -> int:
    """
    Do something that asks for locks with a short time-out, again and again until it gets them.

    Takes: work that leaves nothing half done when it fails. Gives: how many attempts it took.
    Raises: the last failure, after ATTEMPTS; any other failure at once.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            work()
        except OperationalError as error:
            if type(error.orig).__name__ not in _PASSING or attempt == ATTEMPTS:
                raise
            time.sleep(PAUSE_SECONDS)  # let those behind us through
        else:
            return attempt
    raise AssertionError("not reached")


def upgrade(owner_url: str, revision: str = "head", *, context_key: str = "") -> None:
    """
    Apply what is missing, then have the database accept the context key, if one is given.

    Raises: TooManyKeysError. Costs: an advisory lock, so that two deploys take turns.
    """
    patiently(lambda: command.upgrade(_config(owner_url), revision))
    if context_key:
        engine = create_engine(owner_url)
        try:
            with engine.begin() as owner:
                install_key(owner, ContextKey.of(context_key))
        finally:
            engine.dispose()


def downgrade(owner_url: str, revision: str) -> None:
    """Take migrations back, for tests and for a failed release."""
    patiently(lambda: command.downgrade(_config(owner_url), revision))


def scripts() -> ScriptDirectory:
    """Give the migrations this code brings."""
    return ScriptDirectory.from_config(_config())


def newest_revision() -> str:
    """Give the one head. Raises: alembic's CommandError when there are two."""
    return scripts().get_current_head() or ""


def current_revision(engine: Engine) -> str:
    """Give the revision a database is at, '' for an empty one."""
    with engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def differences(engine: Engine) -> list[object]:
    """List what the mapped classes (all imported by the caller) and the migrated database say differently."""
    options = {
        "compare_type": True,
        "include_name": lambda name, kind, _parents: not (kind == "table" and name == "alembic_version"),
    }
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))
