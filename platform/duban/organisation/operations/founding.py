"""The first act in a tenant: its topmost unit and the first administrator, by the operator of the service."""

from datetime import date

from duban.audit.operations import record
from duban.identity.operations import issue_first_secret, keep_password
from duban.kernel.errors import NotAllowedError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.organisation.errors import AlreadyFoundedError
from duban.organisation.making import Details, add_grant, add_person, add_placement, check_names, flush_units
from duban.organisation.operations.people import Slip
from duban.organisation.rules.naming import search_text, tidy
from duban.tenancy.kinds_in_force import structure
from duban.tree.models import Unit
from duban.tree.paths import label


def found_tenant(
    scope: Scope,
    *,
    code: str,
    name: str,
    short_name: str = "",
    login: str,
    details: Details,
    active_from: date,
    password_hash: str | None = None,
    first_password: str | None = None,
) -> Slip:
    """
    Make the topmost unit and its administrator, and give the administrator's slip. Everything else they do themselves.

    Takes:  a scope in which the service itself acts, in a tenant without units: there is nobody yet who could give leave.
            `first_password` where founding twice by one press must give the same slip;
            `password_hash` only where the password is known already and need not be changed: demo accounts.
    Raises: NotAllowedError for a person, AlreadyFoundedError, InvalidInputError.
    """
    if scope.actor.person_id is not None:
        raise NotAllowedError
    if scope.session.scalars(owned(scope, Unit).limit(1)).first() is not None:
        raise AlreadyFoundedError
    known = structure(scope)
    code, name, short_name = tidy(code), tidy(name), tidy(short_name)
    check_names(code=code, name=name, short_name=short_name)
    unit = Unit(
        id=new_id(),
        code=code,
        name=name,
        short_name=short_name or name,
        level=known.root_level.code,
        search=search_text(name, short_name, code),
        path=f"{label(1)}.",
        children_made=0,
        position=0,
        active_from=active_from,
        sector="",
    )
    scope.add(unit)
    flush_units(scope, code)
    add_placement(scope, unit)
    record(scope, "unit.created", "unit", unit.id, unit.path, code=code, name=name, level=unit.level, active_from=active_from)
    person = add_person(scope, login=login, details=details)
    add_grant(scope, person=person, unit=unit, role=known.role_of_duty("system").code, active_from=active_from)
    if password_hash is not None:
        keep_password(scope, person=person, password_hash=password_hash, must_change=False)
        return Slip(person_id=person.id, login=person.login, password="")
    secret = issue_first_secret(scope, person=person, password=first_password)
    return Slip(person_id=person.id, login=person.login, password=secret.password)
