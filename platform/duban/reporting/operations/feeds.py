"""A person's private address for calendar programs: made, renewed, taken away; shown once and kept as a digest."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update

from duban.audit.operations import record
from duban.identity.queries import token_digest
from duban.kernel.errors import NotAllowedError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.reporting.models import CalendarFeed
from duban.reporting.queries.feeds import WINDOW, feed_of


@dataclass(frozen=True)
class NewFeed:
    """A fresh feed: `secret` is shown once and kept nowhere."""

    feed: CalendarFeed
    secret: str


def renew_feed(scope: Scope) -> NewFeed:
    """Give the actor a new private address; one they had before stops at once."""
    _require_person(scope)
    _end(scope)
    secret = secrets.token_urlsafe(32)
    feed = scope.add(
        CalendarFeed(id=new_id(), person_id=scope.person_id, token_digest=token_digest(secret), created_at=scope.now, reads=0)
    )
    record(scope, "calendar.renewed", "person", scope.person_id)
    return NewFeed(feed, secret)


def revoke_feed(scope: Scope) -> None:
    """Take the actor's private address away; without one there is nothing to do."""
    _require_person(scope)
    if feed_of(scope) is not None:
        _end(scope)
        record(scope, "calendar.revoked", "person", scope.person_id)


def _require_person(scope: Scope) -> None:
    """Everybody has an address of their own and nobody else's; the clock has none."""
    if scope.actor.person_id is None:
        raise NotAllowedError


def _end(scope: Scope) -> None:
    scope.session.execute(
        update(CalendarFeed)
        .where(
            CalendarFeed.tenant_id == scope.tenant_id,
            CalendarFeed.person_id == scope.person_id,
            CalendarFeed.revoked_at.is_(None),
        )
        .values(revoked_at=scope.now)
    )


def count_read(scope: Scope, *, feed_id: UUID) -> None:
    """Count a read of the actor's own feed; the count begins anew after a while without too many."""
    _require_person(scope)
    feed = scope.session.scalars(
        owned(scope, CalendarFeed).where(CalendarFeed.id == feed_id, CalendarFeed.person_id == scope.person_id).with_for_update()
    ).one()
    is_new = feed.read_at is None or scope.now - feed.read_at >= WINDOW
    feed.reads = 1 if is_new else feed.reads + 1
    feed.read_at = scope.now if is_new else feed.read_at
