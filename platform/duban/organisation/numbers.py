"""Telephone numbers and e-mail addresses as they are shown: whole where the reader may have them, and recorded; else masked."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from duban.audit.reads import note_read
from duban.identity.models import Person
from duban.kernel.scope import Scope
from duban.organisation.models import GroupMember, UnitContact
from duban.organisation.queries.numbers import Sight, sight, sight_of_person
from duban.organisation.queries.people import Held
from duban.organisation.rules.masking import mask_email, mask_phone
from duban.organisation.states import NumberOf
from duban.tree.models import Unit


@dataclass(frozen=True)
class Number:
    """Somebody's number and address as this reader sees them."""

    kind: NumberOf
    id: UUID
    phone: str
    email: str
    is_whole: bool
    may_reveal: bool
    """Masked here, shown by itself on demand."""


def number_of_person(scope: Scope, person: Person, held: Iterable[Held]) -> Number:
    """Show a person's. Takes: what they hold, as far as the reader sees it."""
    values = (person.phone, person.email)
    return _number(scope, NumberOf.PERSON, person.id, person.name, values, sight_of_person(scope, person, held))


def number_of_contact(scope: Scope, contact: UnitContact, unit: Unit) -> Number:
    """Show a contact's of a unit."""
    return _number(scope, NumberOf.CONTACT, contact.id, contact.name, (contact.phone, ""), sight(scope, [unit]))


def number_of_seat(scope: Scope, seat: GroupMember, unit: Unit) -> Number:
    """Show a group member's."""
    return _number(scope, NumberOf.SEAT, seat.id, seat.name, (seat.phone, ""), sight(scope, [unit]))


def _number(scope: Scope, kind: NumberOf, row_id: UUID, name: str, values: tuple[str, str], seen: Sight) -> Number:
    phone, email = values
    if seen != Sight.WHOLE:
        on_demand = seen == Sight.ON_DEMAND and bool(phone or email)
        return Number(kind, row_id, mask_phone(phone), mask_email(email), is_whole=False, may_reveal=on_demand)
    shown = [field for field, value in (("phone", phone), ("email", email)) if value]
    if shown and row_id != scope.actor.person_id:
        note_read(scope, kind=kind.value, subject_id=row_id, name=name, fields=shown)
    return Number(kind, row_id, phone, email, is_whole=True, may_reveal=False)
