"""Leave that depends on more than one place: over a whole person, and over a unit's contacts."""

from duban.access.checks import may, require
from duban.identity.models import Person
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import Scope
from duban.organisation.queries.holdings import places_of_account
from duban.tree.models import Unit


def may_over(scope: Scope, person: Person) -> bool:
    """Whether the actor manages people at every unit where this person holds a role, will hold one or was lent one."""
    places = places_of_account(scope, person)
    return bool(places) and all(may(scope, "person", "manage", unit) for unit in places)


def require_over(scope: Scope, person: Person) -> None:
    """
    Refuse unless the actor manages people at every unit where the person holds a role, will hold one or was lent one: a
    township's officer may not reset the password of somebody who is also a county leader, or stands in for one.

    Raises: NotFoundError, NotAllowedError.
    """
    places = places_of_account(scope, person)
    if not any(may(scope, "person", "read", unit) for unit in places):
        raise NotFoundError
    if not all(may(scope, "person", "manage", unit) for unit in places):
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
