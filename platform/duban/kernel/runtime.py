"""What a process holds for its whole life: settings, engine, clock. Made once by each of app, worker and cli."""

from dataclasses import dataclass

from sqlalchemy import Engine

from duban.kernel.clock import Clock
from duban.kernel.context import check_key
from duban.kernel.errors import UnfitDatabaseError
from duban.kernel.role_rights import harmful_rights, refuse_old_server
from duban.kernel.settings import Settings


class UnsafeRoleError(UnfitDatabaseError):
    """The application would connect with a role that could get round row-level security."""


@dataclass(frozen=True)
class Runtime:
    """A process's means."""

    settings: Settings
    engine: Engine
    clock: Clock


def check_database(engine: Engine) -> None:
    """
    Refuse to start on a database that would not keep tenants apart: role with harmful rights, old server, refused key.

    Raises: UnsafeRoleError naming every right that is too much, OldServerError, ContextRefusedError.
    """
    with engine.connect() as connection:
        refuse_old_server(connection)
        found = harmful_rights(connection)
        if found:
            raise UnsafeRoleError(
                f"DUBAN_DATABASE_URL connects with a role that {'; '.join(found)}. "
                "Use the role duban_app; keep the owner for DUBAN_OWNER_DATABASE_URL."
            )
        check_key(connection)
