"""After a restore: access that was ended since the backup does not come back with it, and what cannot be known is listed."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, text

from duban.identity.operations.revived import Revived, RevivedAccount, end_all_access
from duban.kernel.clock import Clock
from duban.kernel.context import CONSOLE_CONTEXT
from duban.kernel.db import make_engine
from duban.kernel.scope import SYSTEM, open_session, unit_of_work
from duban.kernel.settings import Settings
from duban.tenancy.queries import every_tenant
from duban.web.tables import csv_lines

OPERATORS = "(operators)"
HEADINGS = ("tenant", "login", "open", "password_set_at", "tokens_revoked")


@dataclass(frozen=True)
class Ended:
    """What was ended over all tenants, operators' sessions included, and the list of the accounts that came back."""

    sessions: int
    tokens: int
    accounts: int
    listed_in: Path


def end_access(settings: Settings, *, made_at: datetime, clock: Clock) -> Ended:
    """End all sessions and tokens of a database just restored, and list its accounts for who must look them over."""
    engine = make_engine(settings.database_url, context_key=settings.context_key, application_name="duban-restore")
    because = f"restored from the backup of {made_at:%Y-%m-%d %H:%M} UTC"
    try:
        found: dict[str, Revived] = {}
        with open_session(engine, None) as session:
            tenants = every_tenant(session)
        for tenant in tenants:
            with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=clock.now()) as scope:
                found[tenant.slug] = end_all_access(scope, because=because)
        operators, theirs = _end_operators(engine, clock.now())
    finally:
        engine.dispose()
    return Ended(
        sessions=sum(one.sessions for one in found.values()) + operators,
        tokens=sum(one.tokens for one in found.values()),
        accounts=sum(len(one.accounts) for one in found.values()) + len(theirs),
        listed_in=_listed(settings, found, theirs, clock.now()),
    )


def _end_operators(engine: Engine, now: datetime) -> tuple[int, list[tuple[str, ...]]]:
    """End operators' sessions. Gives: how many, and a line for each operator: one stopped since is back."""
    with open_session(engine, CONSOLE_CONTEXT) as session, session.begin():
        operators = session.execute(text("SELECT login, active FROM operator ORDER BY login")).all()
        rows = session.execute(
            text("UPDATE operator_session SET ended_at = :now WHERE ended_at IS NULL RETURNING id"), {"now": now}
        )
        return len(rows.all()), [(OPERATORS, row.login, "yes" if row.active else "no", "", "") for row in operators]


def _line(slug: str, one: RevivedAccount) -> tuple[str, ...]:
    set_at = f"{one.password_set_at:%Y-%m-%dT%H:%M:%S%z}"
    return slug, one.login, "yes" if one.active else "no", set_at, " ".join(one.tokens)


def _listed(settings: Settings, found: dict[str, Revived], operators: list[tuple[str, ...]], now: datetime) -> Path:
    """Write the list where only the installation's user reads it."""
    folder = Path(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"restored-accounts-{now:%Y%m%dT%H%M%SZ}.csv"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        people = [_line(slug, one) for slug, revived in found.items() for one in revived.accounts]
        stream.writelines(csv_lines(HEADINGS, [*operators, *people]))
    return path
