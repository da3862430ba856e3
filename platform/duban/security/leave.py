"""Whose account one may look after: only with leave at every unit where that person holds a role."""

from duban.access.checks import may
from duban.identity.models import Person
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import Scope
from duban.organisation.queries.people import Held, held_by
from duban.tree.models import Unit

KEEP = ("session", "manage")
"""The security administrator's: second factors, tokens, the policy."""
MANAGE = ("person", "manage")
"""Whoever manages the people of a unit may also open a lock and end sessions there."""


def _current(scope: Scope, person: Person) -> list[Held]:
    held = held_by(scope, person.id)
    return [one for one in held if one.in_force] or held


def may_keep(scope: Scope, person: Person, *, alone: bool) -> bool:
    """Whether the actor may look after the account; `alone`: only as security administrator."""
    ways = (KEEP,) if alone else (KEEP, MANAGE)
    current = _current(scope, person)
    return bool(current) and any(all(may(scope, *way, one.unit) for one in current) for way in ways)


def require_keeping(scope: Scope, person: Person, *, alone: bool) -> None:
    """
    Refuse unless the actor may look after this person's account.

    Raises: NotFoundError, NotAllowedError.
    """
    if may_keep(scope, person, alone=alone):
        return
    if any(may(scope, "person", "read", one.unit) for one in _current(scope, person)):
        raise NotAllowedError
    raise NotFoundError


def require_root(scope: Scope, root: Unit) -> None:
    """Refuse unless the actor keeps the security of the whole tenant. Raises: NotAllowedError."""
    if not may(scope, *KEEP, root):
        raise NotAllowedError
