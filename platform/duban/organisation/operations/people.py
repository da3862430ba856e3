"""People: making them, changing them, handing out passwords, ending access."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from duban.access.checks import require
from duban.audit.operations import record
from duban.identity.models import Person
from duban.identity.operations import end_sessions, issue_first_secret, keep_password, open_reset
from duban.kernel.errors import InvalidInputError, NotAllowedError, RuleBrokenError
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_
from duban.organisation.errors import OwnRoleError
from duban.organisation.guarded import is_guarded, tell_reset, tell_reset_asked
from duban.organisation.leave import require_over
from duban.organisation.making import Details, add_grant, add_person, check_details, check_open, problems_of
from duban.organisation.offices import check_not_last, duties_of
from duban.organisation.queries.people import get_readable_person
from duban.organisation.rules.masking import kept_email, kept_phone, mask_email, mask_phone
from duban.organisation.rules.naming import search_text
from duban.tree.queries import get_unit

FILLED_AT_ONCE = 500


@dataclass(frozen=True)
class Slip:
    """What a new user is handed: shown once, kept nowhere. `name` and `unit` are for whoever hands out a pile of them."""

    person_id: UUID
    login: str
    password: str
    name: str = ""
    unit: str = ""
    expires_at: datetime | None = None
    needs_second_hand: bool = False
    """Whether this is only the first half of a password, of no use until somebody else confirms."""


def create_person(
    scope: Scope,
    *,
    unit_id: UUID,
    role: str,
    login: str,
    details: Details,
    active_from: date | None = None,
    password_hash: str | None = None,
) -> Slip:
    """
    Make somebody known with their first role, and give the slip with a one-time password.

    Takes:  `password_hash` only where the password is known already and need not be changed: demo accounts.
    Raises: NotFoundError, NotAllowedError, InvalidInputError, LoginTakenError, RoleDoesNotFitError, UnitClosedError.
    Costs:  one password hash (about 25 ms).
    """
    unit = get_unit(scope, unit_id)
    require(scope, "person", "manage", unit)
    check_open(scope, unit)
    problems = problems_of(scope, login=login, details=details, unit=unit, role=role)
    if len(problems) > 1:
        raise InvalidInputError(fields=problems)
    person = add_person(scope, login=login, details=details)
    add_grant(scope, person=person, unit=unit, role=role, active_from=active_from or scope.today)
    if password_hash is not None:
        keep_password(scope, person=person, password_hash=password_hash, must_change=False)
        return Slip(person_id=person.id, login=person.login, password="")
    secret = issue_first_secret(scope, person=person)
    return Slip(person.id, person.login, secret.password, person.name, unit.name, secret.expires_at)


def update_person(scope: Scope, *, person_id: UUID, details: Details) -> Person:
    """
    Change a person's name, post, phone or e-mail; people may change their own, except the name.

    Raises: NotFoundError, NotAllowedError, InvalidInputError.
    """
    person = get_readable_person(scope, person_id, lock=True)
    details = details.tidied()
    details = replace(details, phone=kept_phone(details.phone, person.phone), email=kept_email(details.email, person.email))
    if person.id != scope.actor.person_id:
        require_over(scope, person)
    elif details.name != person.name:
        raise NotAllowedError
    check_details(details)
    before = {"name": person.name, "post": person.post, "phone": mask_phone(person.phone), "email": mask_email(person.email)}
    person.name, person.post, person.phone, person.email = details.name, details.post, details.phone, details.email
    person.search = search_text(details.name)
    record(scope, "person.changed", "person", person.id, before=before, name=details.name, post=details.post)
    return person


def reset_password(scope: Scope, *, person_id: UUID, keys: Sequence[str]) -> Slip:
    """
    Give a person a new one-time password; all their sessions end. The person and the security administrators are told at once.

    For administrators, and whoever the kind guards, the slip holds half of it and `needs_second_hand`: the other half comes from
    whoever confirms (`security`), and nothing changes before.
    Takes:  `keys` the half is sealed under while it waits.
    Raises: NotFoundError, NotAllowedError, OwnRoleError for one's own.
    """
    person = get_readable_person(scope, person_id, lock=True)
    if person.id == scope.actor.person_id:
        raise OwnRoleError
    require_over(scope, person)
    if is_guarded(scope, person):
        half = open_reset(scope, person=person, keys=keys)
        record(scope, "person.password-reset-asked", "person", person.id, reset=half.reset_id)
        tell_reset_asked(scope, person=person)
        return Slip(person.id, person.login, half.half, person.name, expires_at=half.ends_at, needs_second_hand=True)
    secret = issue_first_secret(scope, person=person)
    record(scope, "person.password-reset", "person", person.id)
    tell_reset(scope, person=person)
    return Slip(person_id=person.id, login=person.login, password=secret.password)


def set_active(scope: Scope, *, person_id: UUID, active: bool) -> Person:
    """
    Lock somebody out, or let them in again; what they did stays theirs. The last administrator of a kind stays in.

    Raises: NotFoundError, NotAllowedError, OwnRoleError for oneself, LastAdministratorError.
    """
    person = get_readable_person(scope, person_id, lock=True)
    if person.id == scope.actor.person_id:
        raise OwnRoleError
    require_over(scope, person)
    if active and person.merged_into is not None:
        raise RuleBrokenError(N_("这个账号已并入另一个账号，不能再启用。"))
    if not active:
        check_not_last(scope, person_id=person.id, duties=duties_of(scope, person.id), on=scope.today)
    person.active = active
    if active:
        person.let_in_at = scope.now
    if not active:
        end_sessions(scope, person_id=person.id)
    record(scope, "person.let-in" if active else "person.locked-out", "person", person.id)
    return person


def fill_search(scope: Scope) -> int:
    """
    Give people what they are found by where it is missing: accounts made before there was such a column. For the clock.

    Gives: how many were filled in, at most a batch. Costs: one query when there is nothing to do.
    """
    _require_service(scope)
    statement = owned(scope, Person).where(Person.search == "").order_by(Person.id).limit(FILLED_AT_ONCE)
    people = scope.session.scalars(statement.with_for_update(skip_locked=True)).all()
    for person in people:
        person.search = search_text(person.name)
    return len(people)


def _require_service(scope: Scope) -> None:
    """The clock asks no leave because no person acts; a person must never get here."""
    if scope.actor.person_id is not None:
        raise PermissionError("for the clock only")
