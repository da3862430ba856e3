"""Leave that depends on more than one place: over a whole person, and over a unit's contacts."""

from duban.access.checks import may, require
from duban.identity.models import Person
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import Scope
from duban.organisation.queries.people import held_by
from duban.tree.models import Unit


def may_over(scope: Scope, person: Person) -> bool:
    """Whether the actor manages people at every unit where this person holds a role."""
    held = held_by(scope, person.id)
    current = [one for one in held if one.in_force] or held
    return bool(current) and all(may(scope, "person", "manage", one.unit) for one in current)


def require_over(scope: Scope, person: Person) -> None:
    """
    Refuse unless the actor manages people at every unit where the person holds a role: a township's officer may not reset
    the password of somebody who is also a county leader.

    Raises: NotFoundError, NotAllowedError.
    """
    held = held_by(scope, person.id)
    current = [one for one in held if one.in_force] or held
    if not any(may(scope, "person", "read", one.unit) for one in current):
        raise NotFoundError
    if not all(may(scope, "person", "manage", one.unit) for one in current):
        raise NotAllowedError


def may_name(scope: Scope, unit: Unit) -> bool:
    """Whether the actor may name the unit's contacts."""
    return may(scope, "submission", "write", unit) or may(scope, "person", "manage", unit)


def require_naming(scope: Scope, unit: Unit) -> None:
    """
    Refuse unless the actor manages the unit's people or writes its submissions: whoever reports for a unit names its contacts.

    Raises: NotFoundError, NotAllowedError.
    """
    for obj, act in (("submission", "write"), ("person", "manage")):
        if may(scope, obj, act, unit):
            require(scope, obj, act, unit)
            return
    require(scope, "unit", "read", unit)
    raise NotAllowedError
