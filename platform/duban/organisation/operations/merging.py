"""One person with two accounts: the second one ends in the first; what was done under it stays under its name."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from duban.access.checks import may
from duban.access.holding import takes_effect
from duban.access.models import Delegation, RoleGrant
from duban.access.telling import Turn, tell
from duban.audit.operations import record
from duban.identity.models import Person
from duban.identity.operations import drop_factor, end_sessions, void_resets
from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.organisation.errors import DutiesApartError, DutyNotMergedError, OwnRoleError, TwoNamesError
from duban.organisation.leave import require_over
from duban.organisation.making import apart
from duban.organisation.models import GroupMember
from duban.organisation.offices import duties_of
from duban.organisation.queries.holdings import not_over
from duban.organisation.queries.people import get_readable_person
from duban.tree.queries import get_unit


@dataclass(frozen=True)
class Merged:
    """The account that was kept, and how many of the roles that went over to it wait for confirmation."""

    person: Person
    waiting: int


def merge_people(scope: Scope, *, kept_id: UUID, gone_id: UUID, different_names: bool = False) -> Merged:
    """
    Let one account of a person end in another: roles, what was lent and seats in groups go over; its sessions, tokens, second
    factor and password end.

    A role goes over as if it were given (0042): it waits for confirmation unless the actor gives roles there. What was lent
    goes over where the actor gives roles, and ends elsewhere: the giver lent it to the other account. An administrator's
    account is merged once somebody who gives roles has revoked that role.
    There is no undoing: a role too many is revoked, an account too few is made again. What was done under the old account
    keeps its name, and its page points on.
    Takes:  `different_names` to say that it is one person although the accounts bear two names.
    Raises: NotFoundError, NotAllowedError, OwnRoleError for one's own account, DutiesApartError, DutyNotMergedError,
            TwoNamesError, InvalidInputError, RuleBrokenError.
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
    held, moving = _open_grants(scope, kept), _open_grants(scope, gone)
    _check(scope, kept, gone, [*held, *moving], different_names=different_names)
    moved = _move_grants(scope, kept, held, moving)
    _move_lent(scope, kept, gone)
    _move_seats(scope, kept, gone)
    for field in ("post", "phone", "email"):
        setattr(kept, field, getattr(kept, field) or getattr(gone, field))
    _close(scope, gone, kept)
    record(
        scope, "person.merged", "person", gone.id, into=str(kept.id), login=gone.login, into_login=kept.login, name=gone.name,
        into_name=kept.name, roles=[f"{one.role}@{one.unit_id}" for one in moved], waiting=sum(one.pending for one in moved),
    )  # fmt: skip
    return Merged(kept, sum(one.pending for one in moved))


def _check(scope: Scope, kept: Person, gone: Person, grants: list[RoleGrant], *, different_names: bool) -> None:
    if len({apart(scope, grant.role) for grant in grants}) > 1:
        raise DutiesApartError
    if duties_of(scope, gone.id):
        raise DutyNotMergedError(gone.login)
    if kept.name != gone.name and not different_names:
        raise TwoNamesError(gone.name, kept.name)


def _open_grants(scope: Scope, person: Person) -> list[RoleGrant]:
    statement = owned(scope, RoleGrant).where(RoleGrant.person_id == person.id, not_over(scope))
    return list(scope.session.scalars(statement.order_by(RoleGrant.id)))


def _move_grants(scope: Scope, kept: Person, held: list[RoleGrant], moving: list[RoleGrant]) -> list[RoleGrant]:
    has = {(grant.role, grant.unit_id, grant.line) for grant in held if not grant.pending}
    until = {grant.id: grant.active_to for grant in moving}
    for grant in moving:
        grant.active_to = max(scope.today, grant.active_from)
    scope.session.flush()  # the old ones out before the new ones in: duties are kept apart per person by the database too
    return [
        scope.add(
            RoleGrant(
                id=new_id(),
                person_id=kept.id,
                role=grant.role,
                unit_id=grant.unit_id,
                line=grant.line,
                active_from=max(scope.today, grant.active_from),
                active_to=until[grant.id],
                pending=grant.pending or not takes_effect(scope, may_grant=_gives_roles(scope, grant.unit_id)),
            )
        )
        for grant in moving
        if (grant.role, grant.unit_id, grant.line) not in has
    ]


def _gives_roles(scope: Scope, unit_id: UUID) -> bool:
    return may(scope, "grant", "manage", get_unit(scope, unit_id))


def _move_seats(scope: Scope, kept: Person, gone: Person) -> None:
    seats = owned(scope, GroupMember).where(GroupMember.person_id == gone.id, GroupMember.active_to.is_(None))
    for seat in scope.session.scalars(seats):
        seat.person_id = kept.id


def _close(scope: Scope, gone: Person, kept: Person) -> None:
    """Nothing that opened the old account opens anything any more."""
    drop_factor(scope, person_id=gone.id)
    void_resets(scope, person_id=gone.id, asked_too=True)
    gone.active, gone.merged_into = False, kept.id
    end_sessions(scope, person_id=gone.id)


def _move_lent(scope: Scope, kept: Person, gone: Person) -> None:
    """
    What the account lent goes over; what it was lent, where the actor gives roles. The rest ends, and its giver is told.

    What would then be lent to oneself ends, too.
    """
    statement = select(Delegation).where(
        Delegation.tenant_id == scope.tenant_id,
        or_(Delegation.giver_id == gone.id, Delegation.receiver_id == gone.id),
        Delegation.active_to > scope.today,
        Delegation.revoked_at.is_(None),
    )
    for lent in scope.session.scalars(statement).all():
        given_on = lent.giver_id == gone.id or takes_effect(scope, may_grant=_gives_roles(scope, lent.unit_id))
        giver = kept.id if lent.giver_id == gone.id else lent.giver_id
        receiver = kept.id if lent.receiver_id == gone.id else lent.receiver_id
        lent.revoked_at, lent.revoked_by = scope.now, scope.actor.person_id
        if not given_on:
            tell(scope, lent, Turn.ENDED)
        elif giver != receiver:
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
