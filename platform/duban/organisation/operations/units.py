"""Units: making, renaming, closing, placing in a second line."""

from datetime import date
from uuid import UUID

from sqlalchemy import update

from duban.access.checks import require
from duban.access.models import RoleGrant
from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError, NotFoundError, RuleBrokenError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.organisation.errors import (
    LineNotAllowedError,
    RootStaysError,
    UnitCodeTakenError,
    UnitHasChildrenError,
)
from duban.organisation.making import add_placement, add_unit, check_level, check_names, check_open, flush_units
from duban.organisation.queries.units import placement_in_line
from duban.organisation.rules.naming import search_text, tidy
from duban.tenancy.kinds_in_force import structure
from duban.tree.lines import refresh_lines
from duban.tree.models import Placement, Unit
from duban.tree.paths import label
from duban.tree.queries import children, find_by_code, get_unit


def create_unit(
    scope: Scope,
    *,
    parent_id: UUID,
    level: str,
    code: str,
    name: str,
    short_name: str = "",
    sector: str = "",
    active_from: date | None = None,
) -> Unit:
    """
    Set up a unit directly under another in the primary line.

    Takes:  `active_from` today where none is given; it may lie in the past, for units that existed before the service.
    Raises: NotFoundError, NotAllowedError, InvalidInputError, LevelNotAllowedError, UnitCodeTakenError, UnitClosedError.
    Costs:  a lock on the parent: two new children of one parent wait for each other.
    """
    parent = get_unit(scope, parent_id, lock=True)
    require(scope, "unit", "manage", parent)
    check_open(scope, parent)
    code, name, short_name = tidy(code), tidy(name), tidy(short_name)
    check_names(code=code, name=name, short_name=short_name)
    check_level(scope, level=level, parent=parent)
    if find_by_code(scope, code) is not None:
        raise UnitCodeTakenError(code)
    unit = add_unit(
        scope,
        parent=parent,
        level=level,
        code=code,
        name=name,
        short_name=short_name,
        sector=tidy(sector),
        active_from=active_from or scope.today,
    )
    flush_units(scope, code)
    add_placement(scope, unit)
    return unit


def rename_unit(scope: Scope, *, unit_id: UUID, name: str, short_name: str = "", sector: str = "") -> Unit:
    """
    Give a unit another name; documents already made keep the old one.

    Raises: NotFoundError, NotAllowedError, InvalidInputError, UnitClosedError.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "unit", "manage", unit)
    check_open(scope, unit)
    name, short_name, sector = tidy(name), tidy(short_name), tidy(sector)
    check_names(name=name, short_name=short_name)
    before = {"name": unit.name, "short_name": unit.short_name, "sector": unit.sector}
    unit.name, unit.short_name, unit.sector = name, short_name or name, sector
    unit.search = search_text(name, short_name, unit.code)
    record(scope, "unit.renamed", "unit", unit.id, unit.path, before=before, name=name, short_name=unit.short_name, sector=sector)
    return unit


def close_unit(scope: Scope, *, unit_id: UUID, active_to: date | None = None, reason: str) -> Unit:
    """
    End a unit, its places in every line and all roles held at it. What it handed in stays, under the path of its time.

    Takes:  `active_to` the first day on which it no longer exists, today or later; today where none is given.
    Raises: NotFoundError, NotAllowedError, RootStaysError, UnitHasChildrenError, UnitClosedError, InvalidInputError.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "unit", "manage", unit)
    check_open(scope, unit)
    active_to = active_to or scope.today
    _check_closing(scope, unit, active_to, tidy(reason))
    unit.active_to = active_to
    for model in (Placement, RoleGrant):
        scope.session.execute(
            update(model)
            .where(
                model.tenant_id == scope.tenant_id,
                model.unit_id == unit.id,
                model.active_from < active_to,
                model.active_to.is_(None) | (model.active_to > active_to),
            )
            .values(active_to=active_to)
            .execution_options(synchronize_session=False)
        )
    refresh_lines(scope, [unit.id])
    record(scope, "unit.closed", "unit", unit.id, unit.path, active_to=active_to, reason=tidy(reason))
    return unit


def _check_closing(scope: Scope, unit: Unit, active_to: date, reason: str) -> None:
    if unit.parent_id is None:
        raise RootStaysError
    fields: dict[str, list[Text]] = {}
    if not reason:
        fields["reason"] = [Text(N_("请写明撤销的原因或依据。"))]
    if active_to < scope.today or active_to <= unit.active_from:
        fields["active_to"] = [Text(N_("撤销日期不能早于今天，并须晚于设立日期。"))]
    if fields:
        raise InvalidInputError(fields=fields)
    remaining = len(children(scope, unit))
    if remaining:
        raise UnitHasChildrenError(name=unit.name, count=remaining)


def place_in_line(scope: Scope, *, unit_id: UUID, line: str, parent_id: UUID, active_from: date | None = None) -> Placement:
    """
    Put a unit under a superior in a second line (条); an earlier place in that line ends on that day.

    Raises: NotFoundError, NotAllowedError, LineNotAllowedError, LevelNotAllowedError, UnitClosedError, RootStaysError.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "unit", "manage", unit)
    parent = get_unit(scope, parent_id, lock=True)
    require(scope, "unit", "manage", parent)
    check_open(scope, unit)
    check_open(scope, parent)
    _check_line(scope, unit, line)
    check_level(scope, level=unit.level, parent=parent, line=line)
    starts = active_from or scope.today
    _end_placement(scope, unit, line, starts)
    above = placement_in_line(scope, parent.id, line)
    # A label fresh among all children the parent ever had: two lines never give one path to two units.
    parent.children_made += 1
    placement = Placement(
        id=new_id(),
        unit_id=unit.id,
        line=line,
        parent_id=parent.id,
        path=f"{above.path if above else parent.path}{label(parent.children_made)}.",
        is_primary=False,
        active_from=starts,
    )
    scope.add(placement)
    refresh_lines(scope, [unit.id])
    record(scope, "unit.placed", "unit", unit.id, unit.path, line=line, parent=parent.name, active_from=starts)
    return placement


def _check_line(scope: Scope, unit: Unit, line: str) -> None:
    lines = {known.code: known for known in structure(scope).lines}
    if line not in lines or lines[line].primary:
        raise LineNotAllowedError
    if unit.parent_id is None:
        raise RootStaysError


def _end_placement(scope: Scope, unit: Unit, line: str, active_to: date) -> None:
    current = scope.session.scalars(
        owned(scope, Placement)
        .where(Placement.unit_id == unit.id, Placement.line == line, Placement.active_to.is_(None))
        .with_for_update()
    ).one_or_none()
    if current is None:
        return
    if current.active_from >= active_to:
        raise RuleBrokenError(
            N_("该单位在这条线上已有从 %(day)s 起的位置，新位置须晚于这一天。"), day=current.active_from.isoformat()
        )
    current.active_to = active_to


def leave_line(scope: Scope, *, unit_id: UUID, line: str, active_to: date | None = None) -> None:
    """
    End a unit's place in a second line.

    Raises: NotFoundError, NotAllowedError, LineNotAllowedError.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "unit", "manage", unit)
    _check_line(scope, unit, line)
    if placement_in_line(scope, unit.id, line) is None:
        raise NotFoundError
    ends = active_to or scope.today
    _end_placement(scope, unit, line, ends)
    refresh_lines(scope, [unit.id])
    record(scope, "unit.left-line", "unit", unit.id, unit.path, line=line, active_to=ends)
