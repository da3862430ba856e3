"""People: making them, changing them, handing out passwords, ending access."""

import secrets
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from duban.access.checks import may, require
from duban.audit.operations import record
from duban.identity.models import Person
from duban.identity.operations import end_sessions, set_password
from duban.identity.queries import find_by_login
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import Text
from duban.organisation.errors import LoginTakenError, OwnRoleError
from duban.organisation.operations.roles import add_grant
from duban.organisation.operations.units import check_open
from duban.organisation.queries.people import get_readable_person, held_by
from duban.organisation.rules.naming import check_email, check_login, check_name, check_phone, check_post, tidy
from duban.tree.queries import get_unit

# No letters or digits that look alike on paper (0 O 1 l I), so that a slip can be read out over the phone.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 3, 4


@dataclass(frozen=True)
class Details:
    """What is known of a person besides what they may do."""

    name: str
    post: str = ""
    phone: str = ""
    email: str = ""

    def tidied(self) -> "Details":
        """Give the same without stray blanks."""
        return Details(tidy(self.name), tidy(self.post), tidy(self.phone), tidy(self.email))


@dataclass(frozen=True)
class Slip:
    """What a new user is handed: shown once, kept nowhere."""

    person_id: UUID
    login: str
    password: str


def one_time_password() -> str:
    """Make a password to be typed once from paper: three groups of four, about 59 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))


def create_person(
    scope: Scope, *, unit_id: UUID, role: str, login: str, details: Details, active_from: date | None = None
) -> Slip:
    """
    Make somebody known with their first role, and give the slip with a one-time password.

    Raises: NotFoundError, NotAllowedError, InvalidInputError, LoginTakenError, RoleDoesNotFitError, UnitClosedError.
    Costs:  one password hash (about 25 ms).
    """
    unit = get_unit(scope, unit_id)
    require(scope, "person", "manage", unit)
    check_open(scope, unit)
    person = add_person(scope, login=login, details=details)
    add_grant(scope, person=person, unit=unit, role=role, active_from=active_from or scope.today)
    password = one_time_password()
    set_password(scope, person=person, password=password, must_change=True)
    return Slip(person_id=person.id, login=person.login, password=password)


def add_person(scope: Scope, *, login: str, details: Details) -> Person:
    """
    Add a checked person; the caller has asked leave.

    Raises: InvalidInputError, LoginTakenError.
    """
    login, details = tidy(login).lower(), details.tidied()
    check_details(details, login=login)
    if find_by_login(scope, login) is not None:
        raise LoginTakenError(login)
    person = Person(id=new_id(), login=login, name=details.name, post=details.post, phone=details.phone, email=details.email)
    scope.add(person)
    try:
        scope.session.flush()
    except IntegrityError as error:
        if "uq_person_tenant_id_login" in str(error.orig):
            raise LoginTakenError(login) from error
        raise
    record(scope, "person.created", "person", person.id, login=login, name=details.name)
    return person


def check_details(details: Details, *, login: str | None = None) -> None:
    """Refuse unsound details. Raises: InvalidInputError with every field that is wrong."""
    found: dict[str, Text | None] = {
        "login": check_login(login) if login is not None else None,
        "name": check_name(details.name),
        "post": check_post(details.post),
        "phone": check_phone(details.phone),
        "email": check_email(details.email),
    }
    fields = {field: [text] for field, text in found.items() if text is not None}
    if fields:
        raise InvalidInputError(fields=fields)


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


def update_person(scope: Scope, *, person_id: UUID, details: Details) -> Person:
    """
    Change a person's name, post, phone or e-mail; people may change their own, except the name.

    Raises: NotFoundError, NotAllowedError, InvalidInputError.
    """
    person = get_readable_person(scope, person_id, lock=True)
    details = details.tidied()
    if person.id != scope.actor.person_id:
        require_over(scope, person)
    elif details.name != person.name:
        raise NotAllowedError
    check_details(details)
    before = {"name": person.name, "post": person.post, "phone": person.phone, "email": person.email}
    person.name, person.post, person.phone, person.email = details.name, details.post, details.phone, details.email
    record(scope, "person.changed", "person", person.id, before=before, name=details.name, post=details.post)
    return person


def reset_password(scope: Scope, *, person_id: UUID) -> Slip:
    """
    Give a person a new one-time password; all their sessions end.

    Raises: NotFoundError, NotAllowedError, OwnRoleError for one's own.
    """
    person = get_readable_person(scope, person_id, lock=True)
    if person.id == scope.actor.person_id:
        raise OwnRoleError
    require_over(scope, person)
    password = one_time_password()
    set_password(scope, person=person, password=password, must_change=True)
    record(scope, "person.password-reset", "person", person.id)
    return Slip(person_id=person.id, login=person.login, password=password)


def set_active(scope: Scope, *, person_id: UUID, active: bool) -> Person:
    """
    Lock somebody out, or let them in again; what they did stays theirs.

    Raises: NotFoundError, NotAllowedError, OwnRoleError for oneself.
    """
    person = get_readable_person(scope, person_id, lock=True)
    if person.id == scope.actor.person_id:
        raise OwnRoleError
    require_over(scope, person)
    person.active = active
    if not active:
        end_sessions(scope, person_id=person.id)
    record(scope, "person.let-in" if active else "person.locked-out", "person", person.id)
    return person
