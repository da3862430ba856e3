"""Who sees a telephone number or an e-mail address whole, who one at a time, who only its mask: lines `phone` of the policy."""

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from duban.access.checks import may
from duban.identity.models import Person
from duban.kernel.scope import Scope, get_owned
from duban.organisation.models import GroupMember, UnitContact
from duban.organisation.queries.groups import get_readable_group
from duban.organisation.queries.people import Held, held_by
from duban.organisation.queries.units import get_readable_unit
from duban.tree.models import Unit
from duban.tree.queries import root


class Sight(StrEnum):
    """How much the reader sees."""

    WHOLE = "whole"
    ON_DEMAND = "on_demand"
    """Masked; shown one at a time, each time recorded."""
    MASKED = "masked"


def sight(scope: Scope, units: Iterable[Unit]) -> Sight:
    """Say how much the actor sees of the numbers of somebody who stands at these units: the most any of them allows."""
    places = list(units)
    if any(may(scope, "phone", "read", unit) for unit in places):
        return Sight.WHOLE
    return Sight.ON_DEMAND if any(may(scope, "phone", "reveal", unit) for unit in places) else Sight.MASKED


def sight_of_person(scope: Scope, person: Person, held: Iterable[Held]) -> Sight:
    """Say how much the actor sees of a person's numbers; their own whole; of who stands nowhere as at the top."""
    if person.id == scope.actor.person_id:
        return Sight.WHOLE
    return sight(scope, [one.unit for one in held if one.in_force] or [root(scope)])


def places_of(scope: Scope, person: Person) -> list[Unit]:
    """Give where a person stands today; the top for who stands nowhere."""
    return [one.unit for one in held_by(scope, person.id) if one.in_force] or [root(scope)]


def get_contact(scope: Scope, contact_id: UUID) -> tuple[UnitContact, Unit]:
    """Get a contact of a unit the actor may see, and the unit. Raises: NotFoundError."""
    contact = get_owned(scope, UnitContact, contact_id)
    return contact, get_readable_unit(scope, contact.unit_id)


def get_seat(scope: Scope, seat_id: UUID) -> tuple[GroupMember, Unit]:
    """Get a seat in a group of a unit the actor may see, and the unit. Raises: NotFoundError."""
    seat = get_owned(scope, GroupMember, seat_id)
    return seat, get_readable_group(scope, seat.group_id)[1]
