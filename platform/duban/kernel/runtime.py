"""What a process holds for its whole life: settings, engine, clock. Made once by each of app, worker and cli."""

import time
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from duban.kernel.clock import Clock
from duban.kernel.context import check_key
from duban.kernel.errors import UnfitDatabaseError
from duban.kernel.logs import get_logger
from duban.kernel.role_rights import harmful_rights, refuse_old_server
from duban.kernel.settings import Settings

PATIENCE_SECONDS = 30.0
"""How long a starting process waits for a database that is away: it may itself be starting, or recovering from a fall."""
TRY_AGAIN_SECONDS = 0.5
_NOT_AWAY = ("authentication failed", "does not exist", "pg_hba.conf", "could not translate host name")
"""What a server says, or is said of it, that waiting does not mend."""
log = get_logger("duban.start")


class UnsafeRoleError(UnfitDatabaseError):
    """The application would connect with a role that could get round row-level security."""


@dataclass(frozen=True)
class Runtime:
    """A process's means."""

    settings: Settings
    engine: Engine
    clock: Clock


def check_database(engine: Engine, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """
    Refuse to start on a database that would not keep tenants apart: role with harmful rights, old server, refused key.

    A database that is away is waited for: a web server that gave up while it recovers would stay away for good.
    Raises: UnsafeRoleError naming every right that is too much, OldServerError, ContextRefusedError; OperationalError when it
    is still away after `patience_seconds`, and at once where waiting would not help.
    """
    deadline, is_said = time.monotonic() + patience_seconds, False
    while True:
        try:
            _check(engine)
        except OperationalError as error:
            if any(words in str(error) for words in _NOT_AWAY) or time.monotonic() >= deadline:
                raise
            if not is_said:
                log.warning("waiting for the database", seconds=patience_seconds, reason=str(error.orig).partition("\n")[0])
            is_said = True
            time.sleep(TRY_AGAIN_SECONDS)
        else:
            return


def _check(engine: Engine) -> None:
    with engine.connect() as connection:
        refuse_old_server(connection)
        found = harmful_rights(connection)
        if found:
            raise UnsafeRoleError(
                f"DUBAN_DATABASE_URL connects with a role that {'; '.join(found)}. "
                "Use the role duban_app; keep the owner for DUBAN_OWNER_DATABASE_URL."
            )
        check_key(connection)
