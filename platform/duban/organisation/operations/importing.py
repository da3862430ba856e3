"""Importing units from a file: everything or nothing, with a dry run that says what would happen."""

import hashlib
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from duban.access.checks import may, require
from duban.audit.operations import record
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.organisation.errors import ImportRefusedError
from duban.organisation.levels import levels_by_name
from duban.organisation.making import add_placement, add_unit, flush_units
from duban.organisation.reading import read_sheet
from duban.organisation.rules.units_file import Checker, Known, Plan, RowProblem, UnitRow
from duban.organisation.states import Column
from duban.tenancy.kinds_in_force import structure
from duban.tree.changes import hold_tree
from duban.tree.models import Unit
from duban.tree.queries import root


@dataclass(frozen=True)
class ImportReport:
    """What a file would do, or did. `digest` names the file's content, so that a page can tell that it is still the same."""

    new: tuple[UnitRow, ...]
    unchanged: tuple[UnitRow, ...]
    problems: tuple[RowProblem, ...]
    encoding: str
    digest: str
    done: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether it can be taken as it is."""
        return not self.problems


def check_units_file(scope: Scope, *, data: bytes) -> ImportReport:
    """
    Say what importing a file would do; changes nothing.

    Raises: NotFoundError, NotAllowedError for those who may not manage units at all.
    """
    require(scope, "unit", "manage", _somewhere(scope))
    sheet = read_sheet(data)
    plan = _plan(scope, sheet.rows)
    problems = tuple(sorted((*sheet.problems, *plan.problems)))
    return ImportReport(plan.new, plan.unchanged, problems, sheet.encoding, hashlib.sha256(data).hexdigest())


def import_units(scope: Scope, *, data: bytes, active_from: date | None = None) -> ImportReport:
    """
    Take a file of units, all of it or nothing.

    Raises: ImportRefusedError where any row is wrong; NotFoundError, NotAllowedError.
    Costs:  about 1 ms a row; the parents are locked.
    """
    hold_tree(scope)
    require(scope, "unit", "manage", _somewhere(scope))
    report = check_units_file(scope, data=data)
    if not report.is_sound:
        raise ImportRefusedError(len(report.problems))
    units = _lock_parents(scope, report.new)
    for row in report.new:
        units[row.code] = add_unit(
            scope,
            parent=units[row.parent_code],
            level=levels_by_name(scope)[row.level.lower()],
            code=row.code,
            name=row.name,
            short_name=row.short_name,
            sector=row.sector,
            active_from=active_from or scope.today,
        )
    flush_units(scope, report.new[0].code if report.new else "")
    for row in report.new:
        add_placement(scope, units[row.code])
    record(scope, "units.imported", "unit", root(scope).id, root(scope).path, count=len(report.new), file=report.digest)
    return ImportReport(report.new, report.unchanged, (), report.encoding, report.digest, done=True)


def _somewhere(scope: Scope) -> Unit:
    """Give a unit the actor manages units at, else the root: leave is asked there, and per parent for every row."""
    topmost = root(scope)
    return next((unit for unit in _all_units(scope) if may(scope, "unit", "manage", unit)), topmost)


def _all_units(scope: Scope) -> list[Unit]:
    return list(scope.session.scalars(owned(scope, Unit).order_by(Unit.path)))


def _plan(scope: Scope, rows: tuple[UnitRow, ...]) -> Plan:
    known_structure = structure(scope)
    line = known_structure.primary_line.code
    known, forbidden = _known(scope)
    checker = Checker(
        rows=rows,
        known=known,
        levels=levels_by_name(scope),
        may_stand=lambda level, parent: known_structure.may_stand_under(level, parent, line=line),
        level_label=lambda code: known_structure.level(code).name.zh,
    )
    plan = checker.plan()
    refused = [
        RowProblem(
            row.line, Column.PARENT.value, Text(N_("您不能在代码为 %(code)s 的单位之下设立单位。"), {"code": row.parent_code})
        )
        for row in plan.new
        if row.parent_code in forbidden
    ]
    return Plan(plan.new, plan.unchanged, tuple(sorted((*plan.problems, *refused))))


def _known(scope: Scope) -> tuple[dict[str, Known], set[str]]:
    parent = aliased(Unit)
    rows = scope.session.execute(
        select(Unit, parent.code)
        .outerjoin(parent, and_(parent.tenant_id == Unit.tenant_id, parent.id == Unit.parent_id))
        .where(Unit.tenant_id == scope.tenant_id)
    )
    known: dict[str, Known] = {}
    forbidden: set[str] = set()
    for unit, parent_code in rows:
        active = unit.active_to is None or unit.active_to > scope.today
        known[unit.code] = Known(name=unit.name, level=unit.level, parent_code=parent_code or "", active=active)
        if not may(scope, "unit", "manage", unit):
            forbidden.add(unit.code)
    return known, forbidden


def _lock_parents(scope: Scope, new: tuple[UnitRow, ...]) -> dict[str, Unit]:
    codes = {row.parent_code for row in new} - {row.code for row in new}
    statement = owned(scope, Unit).where(Unit.code.in_(codes)).order_by(Unit.path).with_for_update()
    return {unit.code: unit for unit in scope.session.scalars(statement.execution_options(populate_existing=True))}
