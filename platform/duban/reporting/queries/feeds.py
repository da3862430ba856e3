"""Finding a calendar feed: one's own, and by the token a calendar program sends."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from duban.identity.models import Person
from duban.identity.queries import token_digest
from duban.kernel.ids import PersonId, TenantId
from duban.kernel.scope import Actor, Scope, TenantInfo, owned
from duban.reporting.models import CalendarFeed
from duban.tenancy.queries import tenant_by_id

READS_ALLOWED = 30
WINDOW = timedelta(minutes=5)
"""So many reads of one feed in so long a time; calendar programs ask once an hour, a person may have several."""


@dataclass(frozen=True)
class FeedReader:
    """Whose duties a feed shows, and whether it was read too often just now."""

    tenant: TenantInfo
    actor: Actor
    feed: CalendarFeed
    too_often: bool


def feed_of(scope: Scope) -> CalendarFeed | None:
    """Find the actor's own living feed."""
    statement = owned(scope, CalendarFeed).where(CalendarFeed.person_id == scope.person_id, CalendarFeed.revoked_at.is_(None))
    return scope.session.scalars(statement).one_or_none()


def find_reader(session: Session, *, tenant_id: TenantId, token: str, now: datetime) -> FeedReader | None:
    """Find who a token stands for; None when revoked, or person or tenant are not active. Costs: two queries."""
    tenant = tenant_by_id(session, tenant_id)
    row = session.execute(
        select(CalendarFeed, Person)
        .join(Person, and_(Person.tenant_id == CalendarFeed.tenant_id, Person.id == CalendarFeed.person_id))
        .where(
            CalendarFeed.tenant_id == tenant_id,
            Person.tenant_id == tenant_id,
            CalendarFeed.token_digest == token_digest(token),
            CalendarFeed.revoked_at.is_(None),
            Person.active,
        )
    ).one_or_none()
    if tenant is None or row is None:
        return None
    feed, person = row
    recent = feed.read_at is not None and now - feed.read_at < WINDOW
    actor = Actor(person_id=PersonId(person.id), name=person.name, locale=person.locale)
    return FeedReader(tenant, actor, feed, too_often=recent and feed.reads >= READS_ALLOWED)
