"""One person with two accounts: the second one ends in the first; what was done under it stays under its name."""

from uuid import UUID

from sqlalchemy import or_, select

from duban.access.models import Delegation, RoleGrant
from duban.audit.operations import record
from duban.identity.models import Person
from duban.identity.operations import end_sessions
from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.organisation.errors import DutiesApartError, OwnRoleError
from duban.organisation.leave import require_over
from duban.organisation.making import apart
from duban.organisation.models import GroupMember
from duban.organisation.queries.people import get_readable_person


def merge_people(scope: Scope, *, kept_id: UUID, gone_id: UUID) -> Person:
    """
    Let one account of a person end in another: roles, what was lent and seats in groups go over, sessions end.

    There is no undoing: a role too many is revoked, an account too few is made again. What was done under the old account
    keeps its name, and its page points on.
    Raises: NotFoundError, NotAllowedError, OwnRoleError for one's own account, DutiesApartError, InvalidInputError,
            RuleBrokenError.
    """
    first, second = sorted((kept_id, gone_id))
    people = {each: get_readable_person(scope, each, lock=True) for each in dict.fromkeys((first, second))}
    kept, gone = people[kept_id], people[gone_id]
    if kept.id == gone.id:
        raise InvalidInputError(fields={"gone_id": [Text(N_("请选择另一个账号。"))]})
    for person in (kept, gone):
        if person.id == scope.actor.person_id:
            raise OwnRoleError
        require_over(scope, person)
    if gone.merged_into is not None or not kept.active:
        raise RuleBrokenError(N_("只能并入在用的账号，已并入别处的账号不能再并。"))
    _move_grants(scope, kept, gone)
    _move_lent(scope, kept, gone)
    for seat in scope.session.scalars(
        owned(scope, GroupMember).where(GroupMember.person_id == gone.id, GroupMember.active_to.is_(None))
    ):
        seat.person_id = kept.id
    for field in ("post", "phone", "email"):
        setattr(kept, field, getattr(kept, field) or getattr(gone, field))
    gone.active, gone.merged_into = False, kept.id
    end_sessions(scope, person_id=gone.id)
    record(scope, "person.merged", "person", gone.id, into=str(kept.id), login=gone.login, into_login=kept.login)
    return kept


def _open_grants(scope: Scope, person: Person) -> list[RoleGrant]:
    statement = owned(scope, RoleGrant).where(
        RoleGrant.person_id == person.id, or_(RoleGrant.active_to.is_(None), RoleGrant.active_to > scope.today)
    )
    return list(scope.session.scalars(statement.order_by(RoleGrant.id)))


def _move_grants(scope: Scope, kept: Person, gone: Person) -> None:
    held, moving = _open_grants(scope, kept), _open_grants(scope, gone)
    if len({apart(scope, grant.role) for grant in (*held, *moving)}) > 1:
        raise DutiesApartError
    has = {(grant.role, grant.unit_id, grant.line) for grant in held if not grant.pending}
    until = {grant.id: grant.active_to for grant in moving}
    for grant in moving:
        grant.active_to = max(scope.today, grant.active_from)
    scope.session.flush()  # the old ones out before the new ones in: duties are kept apart per person by the database too
    for grant in moving:
        if (grant.role, grant.unit_id, grant.line) in has:
            continue
        scope.add(
            RoleGrant(
                id=new_id(),
                person_id=kept.id,
                role=grant.role,
                unit_id=grant.unit_id,
                line=grant.line,
                active_from=max(scope.today, grant.active_from),
                active_to=until[grant.id],
                pending=grant.pending,
            )
        )


def _move_lent(scope: Scope, kept: Person, gone: Person) -> None:
    """What the account lent or was lent goes over; what would then be lent to oneself ends."""
    statement = select(Delegation).where(
        Delegation.tenant_id == scope.tenant_id,
        or_(Delegation.giver_id == gone.id, Delegation.receiver_id == gone.id),
        Delegation.active_to > scope.today,
        Delegation.revoked_at.is_(None),
    )
    for lent in scope.session.scalars(statement).all():
        giver = kept.id if lent.giver_id == gone.id else lent.giver_id
        receiver = kept.id if lent.receiver_id == gone.id else lent.receiver_id
        lent.revoked_at, lent.revoked_by = scope.now, scope.actor.person_id
        if giver != receiver:
            scope.add(
                Delegation(
                    id=new_id(),
                    giver_id=giver,
                    receiver_id=receiver,
                    unit_id=lent.unit_id,
                    role=lent.role,
                    active_from=max(scope.today, lent.active_from),
                    active_to=lent.active_to,
                    reason=lent.reason,
                    created_at=lent.created_at,
                )
            )
