"""Letting somebody act for oneself, and ending it."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from duban.access.checks import may, require
from duban.access.errors import LentAlreadyError, NotLendableError, NotReceivableError
from duban.access.holding import active_grant, grants_of
from duban.access.models import Delegation, RoleGrant
from duban.access.telling import Turn, tell
from duban.audit.operations import record
from duban.identity.models import Person
from duban.identity.queries import get_person
from duban.kernel.errors import InvalidInputError, NotFoundError
from duban.kernel.ids import UnitId, new_id
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.text import N_, Text
from duban.tenancy.kinds_in_force import structure
from duban.tree.models import Unit
from duban.tree.queries import get_unit

LONGEST = timedelta(days=366)
LONGEST_REASON = 200


def lend(
    scope: Scope, *, receiver_id: UUID, unit_id: UUID, role: str, active_from: date, active_to: date, reason: str
) -> Delegation:
    """
    Let somebody use one of the actor's own roles at a unit.

    Takes:  `active_to` the first day on which it is over; at most a year.
    Raises: NotLendableError, NotReceivableError, LentAlreadyError, InvalidInputError.
    """
    unit = get_unit(scope, unit_id)
    _require_held(scope, unit, role)
    receiver = get_person(scope, receiver_id, lock=True)
    _check_receiver(scope, receiver)
    _check_words(scope, active_from, active_to, reason)
    same = owned(scope, Delegation).where(
        Delegation.giver_id == scope.person_id,
        Delegation.receiver_id == receiver.id,
        Delegation.unit_id == unit.id,
        Delegation.role == role,
        Delegation.revoked_at.is_(None),
        Delegation.active_from < active_to,
        Delegation.active_to > active_from,
    )
    if scope.session.scalars(same.limit(1)).first() is not None:
        raise LentAlreadyError
    made = scope.add(
        Delegation(
            id=new_id(), giver_id=scope.person_id, receiver_id=receiver.id, unit_id=unit.id, role=role, active_from=active_from,
            active_to=active_to, reason=reason.strip(), created_at=scope.now,
        )
    )  # fmt: skip
    record(
        scope, "role.lent", "person", receiver.id, unit.path,
        role=role, unit=unit.name, active_from=active_from, active_to=active_to, reason=made.reason,
    )  # fmt: skip
    tell(scope, made, Turn.LENT)
    return made


def end_lending(scope: Scope, *, delegation_id: UUID) -> Delegation:
    """
    End it at once: by the giver, the receiver, or who gives roles there.

    Raises: NotFoundError, also where it is over already; NotAllowedError.
    """
    lent = get_owned(scope, Delegation, delegation_id, lock=True)
    unit = get_unit(scope, lent.unit_id)
    if scope.person_id not in {lent.giver_id, lent.receiver_id}:
        require(scope, "grant", "manage", unit)
    if lent.revoked_at is not None or lent.active_to <= scope.today:
        raise NotFoundError
    lent.revoked_at, lent.revoked_by = scope.now, scope.person_id
    record(scope, "role.lending-ended", "person", lent.receiver_id, unit.path, role=lent.role, unit=unit.name)
    tell(scope, lent, Turn.ENDED)
    return lent


def _require_held(scope: Scope, unit: Unit, role: str) -> None:
    """Only what one holds by grant, today, can be lent; an administrator's role never."""
    held = select(RoleGrant.id).where(
        RoleGrant.tenant_id == scope.tenant_id,
        RoleGrant.person_id == scope.person_id,
        RoleGrant.unit_id == unit.id,
        RoleGrant.role == role,
        active_grant(scope),
    )
    if structure(scope).duty_of(role) or scope.session.scalar(held.limit(1)) is None:
        raise NotLendableError


def _check_receiver(scope: Scope, receiver: Person) -> None:
    rows = scope.session.execute(
        select(RoleGrant.role, Unit)
        .join(Unit, (Unit.tenant_id == RoleGrant.tenant_id) & (Unit.id == RoleGrant.unit_id))
        .where(RoleGrant.tenant_id == scope.tenant_id, RoleGrant.person_id == receiver.id, active_grant(scope))
    ).all()
    is_seen = any(may(scope, "person", "read", unit) for _, unit in rows)
    administers = any(structure(scope).duty_of(role) for role, _ in rows)
    if receiver.id == scope.person_id or not receiver.active or not is_seen or administers:
        raise NotReceivableError


def _check_words(scope: Scope, active_from: date, active_to: date, reason: str) -> None:
    fields: dict[str, list[Text]] = {}
    if active_from < scope.today:
        fields["active_from"] = [Text(N_("不能早于今天。"))]
    if active_to <= active_from or active_to - active_from > LONGEST:
        fields["active_to"] = [Text(N_("须晚于开始日期，最长一年。"))]
    if not reason.strip() or len(reason.strip()) > LONGEST_REASON:
        fields["reason"] = [Text(N_("请写明原因，最多 %(n)s 个字。"), {"n": LONGEST_REASON})]
    if fields:
        raise InvalidInputError(fields=fields)


def lendable(scope: Scope) -> list[tuple[str, UnitId, str]]:
    """List the actor's own roles that can be lent: role, unit, its path."""
    known = structure(scope)
    own = [one for one in grants_of(scope) if one.giver is None and not one.former and known.duty_of(one.role) is None]
    return [(grant.role, UnitId(UUID(grant.unit)), grant.path) for grant in own]
