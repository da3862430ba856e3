"""Showing one telephone number that is masked in lists. Each time is recorded: whose, by whom."""

from dataclasses import dataclass
from uuid import UUID

from duban.access.checks import may, require
from duban.audit.operations import record
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import Scope
from duban.organisation.queries.numbers import get_contact, get_seat, places_of
from duban.organisation.queries.people import get_readable_person
from duban.organisation.states import NumberOf
from duban.tree.models import Unit


@dataclass(frozen=True)
class Revealed:
    """Somebody's telephone number and e-mail address, whole."""

    name: str
    phone: str
    email: str = ""


def kind_of_number(text: str) -> NumberOf:
    """Read whose number is asked for from an address. Raises: NotFoundError."""
    if text not in set(NumberOf):
        raise NotFoundError
    return NumberOf(text)


def reveal_number(scope: Scope, *, kind: NumberOf, row_id: UUID) -> Revealed:
    """
    Give a person's, a contact's or a group member's number whole, and record that it was given.

    Raises: NotFoundError, NotAllowedError.
    """
    if kind == NumberOf.PERSON:
        person = get_readable_person(scope, row_id)
        units, unit, shown = places_of(scope, person), None, Revealed(person.name, person.phone, person.email)
        if person.id == scope.actor.person_id:
            return shown
    elif kind == NumberOf.CONTACT:
        contact, unit = get_contact(scope, row_id)
        units, shown = [unit], Revealed(contact.name, contact.phone)
    else:
        seat, unit = get_seat(scope, row_id)
        units, shown = [unit], Revealed(seat.name, seat.phone)
    _require_number(scope, units)
    about, subject_id, path = ("unit", unit.id, unit.path) if unit else ("person", row_id, None)
    record(scope, "person.contact-revealed", about, subject_id, path, of=kind.value, id=str(row_id), name=shown.name)
    return shown


def _require_number(scope: Scope, units: list[Unit]) -> None:
    """Ask leave for the number of somebody the actor may see: at any of the units they stand at."""
    for act in ("read", "reveal"):
        for unit in units:
            if may(scope, "phone", act, unit):
                require(scope, "phone", act, unit)
                return
    raise NotAllowedError
