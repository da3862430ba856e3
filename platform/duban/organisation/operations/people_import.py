"""Accounts for many people from a file, with a slip for each; everything or nothing."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select

from duban.access.checks import granted, may_somewhere
from duban.audit.operations import record
from duban.identity.models import Person
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.organisation.errors import PeopleRefusedError
from duban.organisation.making import Details, problems_of
from duban.organisation.operations.people import Slip, create_person
from duban.organisation.queries.people import free_login
from duban.organisation.rules.naming import login_from
from duban.organisation.rules.people_file import MOST_PEOPLE, PersonColumn, PersonRow, read_people
from duban.organisation.rules.units_file import RowProblem
from duban.sheets.reading import UnreadableTableError, read_table
from duban.tenancy.kinds_in_force import structure
from duban.tree.models import Unit


@dataclass(frozen=True)
class PeopleReport:
    """What a file of people would do, or did; `slips` only once it is done."""

    rows: tuple[PersonRow, ...]
    problems: tuple[RowProblem, ...]
    slips: tuple[Slip, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether it can be taken as it is."""
        return not self.problems


def check_people_file(scope: Scope, *, data: bytes) -> PeopleReport:
    """
    Say what a file of people would do; changes nothing. Sign-in names that are missing are made from the names.

    Raises: NotAllowedError for those who manage nobody.
    """
    _require_managing(scope)
    try:
        table = read_table(data, most_rows=MOST_PEOPLE + 1)
    except UnreadableTableError as error:
        return PeopleReport((), (RowProblem(1, "", error.text),))
    rows, problems = read_people(table.rows)
    return _check(scope, rows, problems)


def import_people(scope: Scope, *, data: bytes) -> PeopleReport:
    """
    Make an account for everybody in a file, all of them or none, and give their slips.

    Raises: NotAllowedError, PeopleRefusedError where any row is wrong. Costs: about 25 ms a person.
    """
    _require_managing(scope)
    report = check_people_file(scope, data=data)
    if not report.is_sound:
        raise PeopleRefusedError(len(report.problems))
    units, roles = _units(scope, report.rows), _roles(scope)
    slips = [
        create_person(
            scope,
            unit_id=units[row.unit_code].id,
            role=roles[row.role.lower()],
            login=row.login,
            details=Details(row.name, row.post, row.phone, row.email),
        )
        for row in report.rows
    ]
    record(scope, "person.imported", "person", slips[0].person_id, count=len(slips))
    return PeopleReport(report.rows, (), tuple(slips))


def _require_managing(scope: Scope) -> None:
    if not may_somewhere(scope, "person", "manage"):
        raise NotAllowedError


def _units(scope: Scope, rows: tuple[PersonRow, ...] | list[PersonRow]) -> dict[str, Unit]:
    """Give the units named that exist and where the actor manages people."""
    codes = {row.unit_code for row in rows}
    found = scope.session.scalars(owned(scope, Unit).where(Unit.code.in_(codes))) if codes else ()
    return {
        unit.code: unit
        for unit in found
        if granted(scope, "person", "manage", unit) and (unit.active_to is None or unit.active_to > scope.today)
    }


def _roles(scope: Scope) -> dict[str, str]:
    """Give roles by every word that names them: code, Chinese and English name."""
    return {
        word.lower(): role.code
        for role in structure(scope).roles
        if role.is_grantable
        for word in (role.code, role.name.zh, role.name.en)
    }


def _check(scope: Scope, rows: list[PersonRow], problems: list[RowProblem]) -> PeopleReport:
    if not rows and not problems:
        problems = [RowProblem(1, "", Text(N_("文件是空的。")))]
    units, roles = _units(scope, rows), _roles(scope)
    named = [_with_login(scope, row, rows[:position]) for position, row in enumerate(rows)]
    twice = {login for login, count in Counter(row.login for row in named).items() if count > 1 and login}
    known = _known(scope, named)
    found = list(problems)
    for row in named:
        found += _problems(scope, row, units.get(row.unit_code), roles, twice=row.login in twice)
        if row.phone and (row.name, row.phone) in known:
            text = Text(
                N_("系统中已有同名同电话的人（登录名 %(login)s），请到该人页面授予角色，并删去这一行。"),
                {"login": known[row.name, row.phone]},
            )
            found.append(RowProblem(row.line, PersonColumn.NAME.value, text))
    return PeopleReport(tuple(named), tuple(sorted(found)))


def _with_login(scope: Scope, row: PersonRow, before: list[PersonRow]) -> PersonRow:
    if row.login or not row.name:
        return row
    wanted = login_from(row.name)
    same = sum(login_from(other.name) == wanted and not other.login for other in before)
    login = free_login(scope, wanted)
    if same:
        login = free_login(scope, f"{wanted}{same + 1}" if login == wanted else f"{login}{same}")
    return PersonRow(row.line, row.name, row.unit_code, row.role, login, row.post, row.phone, row.email)


def _known(scope: Scope, rows: list[PersonRow]) -> dict[tuple[str, str], str]:
    phones = {row.phone for row in rows if row.phone}
    if not phones:
        return {}
    statement = select(Person.name, Person.phone, Person.login).where(
        Person.tenant_id == scope.tenant_id, Person.phone.in_(phones), Person.merged_into.is_(None)
    )
    return {(name, phone): login for name, phone, login in scope.session.execute(statement)}


def _problems(scope: Scope, row: PersonRow, unit: Unit | None, roles: dict[str, str], *, twice: bool) -> list[RowProblem]:
    details = Details(row.name, row.post, row.phone, row.email)
    fields = problems_of(scope, login=row.login or "x", details=details, unit=unit, role=roles.get(row.role.lower(), row.role))
    found = [RowProblem(row.line, field, text) for field, texts in fields.items() if field != "unit_id" for text in texts]
    if unit is None:
        text = Text(N_("找不到代码为 %(code)s 的单位，或您不管理它的人员。"), {"code": row.unit_code})
        found.append(RowProblem(row.line, PersonColumn.UNIT.value, text))
    if twice:
        text = Text(N_("登录名 %(login)s 在文件中出现了不止一次，请换一个。"), {"login": row.login})
        found.append(RowProblem(row.line, PersonColumn.LOGIN.value, text))
    return found
