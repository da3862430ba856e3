"""What a process holds for its whole life: settings, engine, clock. Made once by each of app, worker and cli."""

from dataclasses import dataclass

from sqlalchemy import Engine, text

from duban.kernel.clock import Clock
from duban.kernel.settings import Settings


class UnsafeRoleError(Exception):
    """The application would connect with a role that row-level security does not bind."""


@dataclass(frozen=True)
class Runtime:
    """A process's means."""

    settings: Settings
    engine: Engine
    clock: Clock


def check_role(engine: Engine) -> None:
    """
    Refuse to start as superuser, as a role that bypasses row-level security, or as an owner of tables.

    Raises: UnsafeRoleError saying which and what to do.
    """
    statement = text(
        "SELECT r.rolname, r.rolsuper OR r.rolbypassrls AS unbound, "
        "EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')) AS owns "
        "FROM pg_roles r WHERE r.rolname = current_user"
    )
    with engine.connect() as connection:
        role, unbound, owns = connection.execute(statement).one()
    if unbound or owns:
        what = "is not bound by row-level security" if unbound else "owns tables"
        raise UnsafeRoleError(
            f"DUBAN_DATABASE_URL connects as {role!r}, which {what}. "
            "Use the role duban_app; keep the owner for DUBAN_OWNER_DATABASE_URL."
        )
