"""Reads: one's own inbox, and what of the ledger is due."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from duban.kernel.errors import NotFoundError
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope, owned
from duban.kernel.tallies import Tally, count, tally
from duban.notifications.models import Effect, Notice
from duban.notifications.states import OPEN_STATES, EffectState


def inbox(scope: Scope, *, after: str | None = None, unread_only: bool = False, limit: int = PAGE) -> Page[Notice]:
    """Read a page of the actor's messages, newest first. Raises: InvalidInputError for a bad cursor."""
    statement = owned(scope, Notice).where(Notice.recipient_id == scope.person_id)
    if unread_only:
        statement = statement.where(Notice.read_at.is_(None))
    return page_of(scope, statement, [Notice.id], after=after, limit=limit, newest_first=True)


def unread_tally(scope: Scope) -> Tally:
    """Give the number of the actor's unread messages, to be asked; 0 for the service itself."""
    if scope.actor.person_id is None:
        return 0
    mine = Notice.tenant_id == scope.tenant_id, Notice.recipient_id == scope.person_id
    return tally("notifications.unread", select(func.count()).select_from(Notice).where(*mine, Notice.read_at.is_(None)))


def unread_count(scope: Scope) -> int:
    """Count the actor's unread messages; 0 for the service itself. Costs: one query."""
    return count(scope, unread_tally(scope))


def get_notice(scope: Scope, notice_id: UUID) -> Notice:
    """Get a message of the actor's own, locked. Raises: NotFoundError for anybody else's."""
    notice = scope.session.scalars(
        owned(scope, Notice)
        .where(Notice.id == notice_id, Notice.recipient_id == scope.person_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if notice is None:
        raise NotFoundError
    return notice


def count_due(scope: Scope, *, before: datetime | None = None) -> int:
    """Count what should have been sent by now (or by an earlier instant) and is not."""
    return (
        scope.session.scalar(
            select(func.count())
            .select_from(Effect)
            .where(
                Effect.tenant_id == scope.tenant_id,
                Effect.state.in_(OPEN_STATES),
                Effect.next_try_at <= (before or scope.now),
                ~Effect.in_digest,
            )
        )
        or 0
    )


def count_by_state(scope: Scope) -> dict[EffectState, int]:
    """Count the tenant's effects by state, for operators and tests."""
    rows = scope.session.execute(
        select(Effect.state, func.count()).where(Effect.tenant_id == scope.tenant_id).group_by(Effect.state)
    )
    return dict(iter(rows))
