"""The steps that several acts share: checking and adding units, people and grants. No leave is asked here: every caller did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_
from sqlalchemy.exc import IntegrityError

from duban.access.checks import may
from duban.access.holding import takes_effect
from duban.access.models import RoleGrant
from duban.audit.operations import record
from duban.identity.models import Person
from duban.identity.queries import find_by_login
from duban.kernel.errors import InvalidInputError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.organisation.errors import (
    DutiesApartError,
    GrantExistsError,
    LevelNotAllowedError,
    LineNotAllowedError,
    LoginTakenError,
    RoleDoesNotFitError,
    UnitClosedError,
    UnitCodeTakenError,
)
from duban.organisation.rules.naming import (
    check_code,
    check_email,
    check_login,
    check_name,
    check_phone,
    check_post,
    search_text,
    tidy,
)
from duban.tenancy.kinds_in_force import structure
from duban.tree.changes import next_label
from duban.tree.models import Placement, Unit


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


def check_names(*, code: str | None = None, name: str, short_name: str = "") -> None:
    """Refuse unsound names. Raises: InvalidInputError with every field that is wrong."""
    found = {"code": check_code(code) if code is not None else None, "name": check_name(name)}
    found["short_name"] = check_name(short_name) if short_name else None
    fields = {field: [text] for field, text in found.items() if text is not None}
    if fields:
        raise InvalidInputError(fields=fields)


def check_open(scope: Scope, unit: Unit) -> None:
    """Refuse work on a unit that no longer exists. Raises: UnitClosedError."""
    if unit.active_to is not None and unit.active_to <= scope.today:
        raise UnitClosedError(unit.name)


def check_level(scope: Scope, *, level: str, parent: Unit, line: str | None = None) -> None:
    """Refuse a level that may not stand there. Raises: LevelNotAllowedError."""
    known = structure(scope)
    line = line or known.primary_line.code
    names = {item.code: item.name.zh for item in known.levels}
    if level not in names or not known.may_stand_under(level, parent.level, line=line):
        raise LevelNotAllowedError(level=names.get(level, level), parent=names.get(parent.level, parent.level))


def add_unit(
    scope: Scope, *, parent: Unit, level: str, code: str, name: str, short_name: str, sector: str, active_from: date
) -> Unit:
    """Add a checked unit under a locked parent, which gives it a label that no unit ever had."""
    label = next_label(parent)
    unit = Unit(
        id=new_id(),
        code=code,
        name=name,
        short_name=short_name or name,
        level=level,
        sector=sector,
        search=search_text(name, short_name, code),
        parent_id=parent.id,
        path=f"{parent.path}{label}.",
        children_made=0,
        position=parent.children_made,
        active_from=active_from,
    )
    scope.add(unit)
    record(scope, "unit.created", "unit", unit.id, unit.path, code=code, name=name, level=level, active_from=active_from)
    return unit


def flush_units(scope: Scope, code: str) -> None:
    """
    Write the new units out: their placements' foreign keys need them, and another writer may have taken the code.

    Raises: UnitCodeTakenError.
    """
    try:
        scope.session.flush()
    except IntegrityError as error:
        if "uq_unit_tenant_id_code" in str(error.orig):
            raise UnitCodeTakenError(code) from error
        raise


def add_placement(scope: Scope, unit: Unit) -> None:
    """Note the unit's place in the primary line."""
    scope.add(
        Placement(
            id=new_id(),
            unit_id=unit.id,
            line=structure(scope).primary_line.code,
            parent_id=unit.parent_id,
            path=unit.path,
            is_primary=True,
            active_from=unit.active_from,
        )
    )


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


def problems_of(scope: Scope, *, login: str, details: Details, unit: Unit | None, role: str) -> dict[str, Sequence[Text]]:
    """Say all that is wrong with a person to be added, field by field: a form is not sent back once for each mistake."""
    fields: dict[str, Sequence[Text]] = {}
    try:
        check_details(details.tidied(), login=tidy(login).lower())
    except InvalidInputError as error:
        fields |= error.fields
    if "login" not in fields and find_by_login(scope, tidy(login).lower()) is not None:
        fields |= LoginTakenError(tidy(login).lower()).fields
    if unit is None:
        fields["unit_id"] = [Text(N_("请选择所在单位。"))]
    else:
        known = structure(scope)
        if role not in {item.code for item in known.roles_at(unit.level)}:
            names = {item.code: item.name.zh for item in known.roles}
            fields |= RoleDoesNotFitError(role=names.get(role, role), level=known.level(unit.level).name.zh).fields
    return fields


def add_person(scope: Scope, *, login: str, details: Details) -> Person:
    """
    Add a checked person; the caller has asked leave.

    Raises: InvalidInputError, LoginTakenError.
    """
    login, details = tidy(login).lower(), details.tidied()
    check_details(details, login=login)
    if find_by_login(scope, login) is not None:
        raise LoginTakenError(login)
    person = Person(
        id=new_id(),
        login=login,
        name=details.name,
        post=details.post,
        phone=details.phone,
        email=details.email,
        search=search_text(details.name),
    )
    scope.add(person)
    try:
        scope.session.flush()
    except IntegrityError as error:
        if "uq_person_tenant_id_login" in str(error.orig):
            raise LoginTakenError(login) from error
        raise
    record(scope, "person.created", "person", person.id, login=login, name=details.name)
    return person


def add_grant(
    scope: Scope,
    *,
    person: Person,
    unit: Unit,
    role: str,
    line: str | None = None,
    active_from: date,
    active_to: date | None = None,
) -> RoleGrant:
    """
    Add a checked grant; the caller has asked leave.

    Raises: RoleDoesNotFitError, DutiesApartError, GrantExistsError, LineNotAllowedError, InvalidInputError.
    """
    known = structure(scope)
    meant = next((item.line for item in known.roles if item.code == role), None)
    line = line or meant or known.primary_line.code
    if line not in {item.code for item in known.lines}:
        raise LineNotAllowedError
    if role not in {item.code for item in known.roles_at(unit.level)}:
        names = {item.code: item.name.zh for item in known.roles}
        raise RoleDoesNotFitError(role=names.get(role, role), level=known.level(unit.level).name.zh)
    if active_to is not None and active_to <= active_from:
        raise InvalidInputError(fields={"active_to": [Text(N_("结束日期须晚于开始日期。"))]})
    _check_others(scope, person, unit, role, active_from, active_to)
    grant = RoleGrant(
        id=new_id(),
        person_id=person.id,
        role=role,
        unit_id=unit.id,
        line=line,
        active_from=active_from,
        active_to=active_to,
        pending=not takes_effect(scope, may_grant=scope.actor.person_id is not None and may(scope, "grant", "manage", unit)),
    )
    scope.add(grant)
    record(
        scope,
        "role.granted",
        "person",
        person.id,
        unit.path,
        role=role,
        unit=unit.name,
        line=line,
        active_from=active_from,
        active_to=active_to,
        pending=grant.pending,
    )
    return grant


def _check_others(scope: Scope, person: Person, unit: Unit, role: str, active_from: date, active_to: date | None) -> None:
    statement = owned(scope, RoleGrant).where(
        RoleGrant.person_id == person.id, or_(RoleGrant.active_to.is_(None), RoleGrant.active_to > active_from)
    )
    if active_to is not None:
        statement = statement.where(RoleGrant.active_from < active_to)
    for other in scope.session.scalars(statement):
        if (other.role, other.unit_id) == (role, unit.id):
            raise GrantExistsError
        if apart(scope, other.role) != apart(scope, role):
            raise DutiesApartError


def apart(scope: Scope, role: str) -> str:
    """Give the duty that sets a role apart from all others, or nothing for the roles of the work itself."""
    return structure(scope).duty_of(role) or ""
