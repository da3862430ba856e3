"""Roles: granting and revoking them at units."""

from datetime import date
from uuid import UUID

from duban.access.checks import granted, require
from duban.access.models import RoleGrant
from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.organisation.errors import OwnRoleError
from duban.organisation.making import add_grant, check_open
from duban.organisation.offices import check_not_last
from duban.organisation.queries.people import get_readable_person
from duban.tree.models import Unit
from duban.tree.queries import get_unit


def grant_role(
    scope: Scope,
    *,
    person_id: UUID,
    unit_id: UUID,
    role: str,
    line: str | None = None,
    active_from: date | None = None,
    active_to: date | None = None,
) -> RoleGrant:
    """
    Let a person hold a role at a unit, from a day on and, if wanted, until a day (exclusive).

    Takes:  a unit at which the actor manages people; a role that fits its level; the primary line where none is given.
    Raises: NotFoundError, NotAllowedError, OwnRoleError, RoleDoesNotFitError, DutiesApartError, GrantExistsError,
            InvalidInputError, UnitClosedError.
    """
    unit = get_unit(scope, unit_id)
    _require_roles(scope, unit)
    person = get_readable_person(scope, person_id, lock=True)
    if person.id == scope.actor.person_id:
        raise OwnRoleError
    check_open(scope, unit)
    return add_grant(
        scope, person=person, unit=unit, role=role, line=line, active_from=active_from or scope.today, active_to=active_to
    )


def revoke_role(scope: Scope, *, grant_id: UUID, active_to: date | None = None) -> RoleGrant:
    """
    End a role, from today on or from a later day; that it was held stays on record. An administrator's takes somebody who
    gives roles: who keeps the accounts may propose another administrator, not do away with one.

    Raises: NotFoundError, NotAllowedError, OwnRoleError, LastAdministratorError, InvalidInputError.
    """
    grant = get_owned(scope, RoleGrant, grant_id, lock=True)
    unit = get_unit(scope, grant.unit_id)
    _require_roles(scope, unit)
    if grant.person_id == scope.actor.person_id:
        raise OwnRoleError
    if grant.duty and not grant.pending:
        _require_giving(scope, unit)
    ends = active_to or scope.today
    if grant.active_to is not None and grant.active_to <= scope.today:
        raise NotFoundError
    if ends < scope.today:
        raise InvalidInputError(fields={"active_to": [Text(N_("收回日期不能早于今天。"))]})
    _check_last(scope, grant, max(ends, grant.active_from))
    # A grant that had not begun never was: both ends fall on one day.
    grant.active_to = max(ends, grant.active_from)
    record(
        scope, "role.revoked", "person", grant.person_id, unit.path, role=grant.role, unit=unit.name, active_to=grant.active_to
    )
    return grant


def confirm_role(scope: Scope, *, grant_id: UUID) -> RoleGrant:
    """
    Let a proposed role take effect: the second pair of eyes that giving somebody rights needs.

    Raises: NotFoundError, NotAllowedError, OwnRoleError.
    """
    grant = get_owned(scope, RoleGrant, grant_id, lock=True)
    unit = get_unit(scope, grant.unit_id)
    _require_giving(scope, unit)
    if grant.person_id == scope.actor.person_id:
        raise OwnRoleError
    if not grant.pending or (grant.active_to is not None and grant.active_to <= scope.today):
        raise NotFoundError
    grant.pending = False
    record(scope, "role.confirmed", "person", grant.person_id, unit.path, role=grant.role, unit=unit.name)
    return grant


def change_role_end(scope: Scope, *, grant_id: UUID, active_to: date | None) -> RoleGrant:
    """
    Give a role another last day, or none.

    Takes:  `active_to` the first day on which it is no longer held, after today; None for no end.
    Raises: NotFoundError, NotAllowedError, OwnRoleError, InvalidInputError.
    """
    grant = get_owned(scope, RoleGrant, grant_id, lock=True)
    unit = get_unit(scope, grant.unit_id)
    _require_giving(scope, unit)
    if grant.person_id == scope.actor.person_id:
        raise OwnRoleError
    if grant.active_to is not None and grant.active_to <= scope.today:
        raise NotFoundError
    if active_to is not None and active_to <= max(scope.today, grant.active_from):
        raise InvalidInputError(fields={"active_to": [Text(N_("结束日期须晚于今天和开始日期。"))]})
    if active_to is not None:
        _check_last(scope, grant, active_to)
    before = grant.active_to
    grant.active_to = active_to
    record(
        scope, "role.end-changed", "person", grant.person_id, unit.path,
        role=grant.role, unit=unit.name, before=before, active_to=active_to,
    )  # fmt: skip
    return grant


def _require_roles(scope: Scope, unit: Unit) -> None:
    """Refuse unless the actor gives roles there, or keeps the accounts there and so may propose them."""
    if not granted(scope, "grant", "manage", unit):
        require(scope, "person", "manage", unit)


def _require_giving(scope: Scope, unit: Unit) -> None:
    if not granted(scope, "grant", "manage", unit):
        require(scope, "person", "read", unit)
        raise NotAllowedError


def _check_last(scope: Scope, grant: RoleGrant, on: date) -> None:
    if grant.duty and not grant.pending:
        check_not_last(scope, person_id=grant.person_id, duties={grant.duty}, on=on)
