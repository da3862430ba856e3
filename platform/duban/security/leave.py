"""Whose account one may look after: only with leave at every unit where that person holds a role, will, or was lent one."""

from duban.access.checks import may
from duban.identity.errors import SecondHandError
from duban.identity.models import PasswordReset, Person
from duban.identity.queries import get_person
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import Scope
from duban.organisation.guarded import may_be_second_hand
from duban.organisation.queries.holdings import places_of_account
from duban.tree.models import Unit

KEEP = ("session", "manage")
"""The security administrator's: second factors, tokens, the policy."""
MANAGE = ("person", "manage")
"""Whoever manages the people of a unit may also open a lock and end sessions there."""


def may_keep(scope: Scope, person: Person, *, alone: bool) -> bool:
    """Whether the actor may look after the account; `alone`: only as security administrator."""
    ways = (KEEP,) if alone else (KEEP, MANAGE)
    places = places_of_account(scope, person)
    return bool(places) and any(all(may(scope, *way, unit) for unit in places) for way in ways)


def require_keeping(scope: Scope, person: Person, *, alone: bool) -> None:
    """
    Refuse unless the actor may look after this person's account.

    Raises: NotFoundError, NotAllowedError.
    """
    if may_keep(scope, person, alone=alone):
        return
    if any(may(scope, "person", "read", unit) for unit in places_of_account(scope, person)):
        raise NotAllowedError
    raise NotFoundError


def second_hand_of(scope: Scope, reset: PasswordReset) -> bool:
    """Whether the actor may confirm this reset: not who asked for it, not whose it is."""
    person = get_person(scope, reset.person_id)
    return scope.actor.person_id not in {reset.asked_by, person.id} and may_be_second_hand(
        scope, places_of_account(scope, person)
    )


def require_second_hand(scope: Scope, reset: PasswordReset) -> Person:
    """
    Refuse unless the actor may be the second hand of this reset. Gives: whose password it is.

    Raises: NotFoundError, NotAllowedError, SecondHandError.
    """
    person = get_person(scope, reset.person_id)
    units = places_of_account(scope, person)
    if scope.actor.person_id in {reset.asked_by, person.id}:
        raise SecondHandError
    if not may_be_second_hand(scope, units):
        raise NotAllowedError if any(may(scope, "person", "read", unit) for unit in units) else NotFoundError
    return person


def require_root(scope: Scope, root: Unit) -> None:
    """Refuse unless the actor keeps the security of the whole tenant. Raises: NotAllowedError."""
    if not may(scope, *KEEP, root):
        raise NotAllowedError
