"""What the clock does about accounts nobody uses and counters nobody needs."""

from datetime import timedelta

from sqlalchemy import delete, func, select

from duban.audit.operations import record
from duban.identity.models import AttemptCounter, Credential, LoginSession, Person
from duban.identity.operations.sessions import end_sessions
from duban.identity.queries import is_last_administrator, password_policy
from duban.identity.rules.passwords import is_unused
from duban.kernel.scope import Scope

COUNTERS_KEPT = timedelta(days=1)


def disable_unused(scope: Scope) -> int:
    """
    Lock accounts nobody has used for as long as the tenant's policy says; whoever manages them may let them in again.

    An account counts as used when it was signed in to or seen, got a password, or was let in again. The last administrator of
    a kind stays open: nobody in the tenant could let them in again. Gives: how many.
    """
    policy = password_policy(scope)
    if policy.idle is None:
        return 0
    seen = (
        select(LoginSession.person_id, func.max(LoginSession.seen_at).label("at"))
        .where(LoginSession.tenant_id == scope.tenant_id)
        .group_by(LoginSession.person_id)
        .subquery()
    )
    rows = scope.session.execute(
        select(Person, func.greatest(Credential.changed_at, seen.c.at, Person.let_in_at))
        .join(Credential, (Credential.tenant_id == Person.tenant_id) & (Credential.id == Person.id))
        .outerjoin(seen, seen.c.person_id == Person.id)
        .where(Person.tenant_id == scope.tenant_id, Person.active)
        .order_by(Person.id)
    )
    disabled = 0
    for person, last_used in rows.all():
        if is_unused(policy, last_used, scope.now) and not is_last_administrator(scope, person.id):
            person.active = False
            end_sessions(scope, person_id=person.id)
            record(scope, "person.locked-out", "person", person.id, reason="unused", last_used=last_used)
            disabled += 1
    return disabled


def forget_old_counters(scope: Scope) -> None:
    """Drop counters whose window and lock are long over."""
    scope.session.execute(
        delete(AttemptCounter).where(
            AttemptCounter.tenant_id == scope.tenant_id, AttemptCounter.failing_since < scope.now - COUNTERS_KEPT
        )
    )
