"""After a backup was restored or an archive brought back: nobody is in by what was ended or revoked since it was made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import DateTime, Uuid, column, select, table, update

from duban.audit.operations import record
from duban.identity.models import ApiToken, Credential, LoginSession, Person
from duban.kernel.scope import Scope

_FEEDS = table("calendar_feed", column("tenant_id", Uuid), column("revoked_at", DateTime(timezone=True)))


@dataclass(frozen=True)
class RevivedAccount:
    """An account as it came back. Nobody can tell from it whether it was shut, or its password changed, since."""

    login: str
    active: bool
    password_set_at: datetime
    tokens: tuple[str, ...]


@dataclass(frozen=True)
class Revived:
    """What was ended, and every account that came back."""

    sessions: int
    tokens: int
    accounts: Sequence[RevivedAccount]


def end_all_access(scope: Scope, *, because: str) -> Revived:
    """
    End every session, revoke every token and move every credential's epoch on: whoever works here signs in anew.

    For the service itself, right after a restore: it asks nobody's leave. Costs: reads every account once.
    """
    sessions = scope.session.execute(
        update(LoginSession.__table__)  # type: ignore[arg-type]
        .where(LoginSession.tenant_id == scope.tenant_id, LoginSession.ended_at.is_(None))
        .values(ended_at=scope.now)
        .returning(LoginSession.id)
    ).all()
    revoked = scope.session.execute(
        update(ApiToken.__table__)  # type: ignore[arg-type]
        .where(ApiToken.tenant_id == scope.tenant_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=scope.now)
        .returning(ApiToken.person_id, ApiToken.name)
    ).all()
    # Addresses for calendar programs outlive a password, so no epoch ends them. Named, not imported: it is a table of a
    # feature above this one, and a restore that had not loaded that feature would leave them alive.
    scope.session.execute(
        update(_FEEDS).where(_FEEDS.c.tenant_id == scope.tenant_id, _FEEDS.c.revoked_at.is_(None)).values(revoked_at=scope.now)
    )
    # A key this forgets, or one whose row is put back once more, is of an older epoch and dead all the same.
    scope.session.execute(
        update(Credential.__table__)  # type: ignore[arg-type]
        .where(Credential.tenant_id == scope.tenant_id)
        .values(epoch=Credential.epoch + 1)
    )
    people = scope.session.execute(
        select(Person.id, Person.login, Person.active, Credential.changed_at)
        .join(Credential, (Credential.tenant_id == Person.tenant_id) & (Credential.id == Person.id))
        .where(Person.tenant_id == scope.tenant_id)
        .order_by(Person.login)
    ).all()
    accounts = [
        RevivedAccount(
            one.login, one.active, one.changed_at, tuple(sorted(row.name for row in revoked if row.person_id == one.id))
        )
        for one in people
    ]
    ended = len(sessions)
    record(scope, "session.ended-by-restore", "tenant", scope.tenant_id, sessions=ended, tokens=len(revoked), reason=because)
    scope.session.expire_all()
    return Revived(ended, len(revoked), accounts)
