"""Units: making, renaming, closing, placing in a further line. Moves, merges and splits are in `reorganising`."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select

from duban.access.checks import require
from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError, NotFoundError, RuleBrokenError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.organisation.errors import LineNotAllowedError, RootStaysError, UnitCodeTakenError
from duban.organisation.making import add_placement, add_unit, check_level, check_names, check_open, flush_units
from duban.organisation.operations.reorganising import decide
from duban.organisation.outlook import places_below
from duban.organisation.queries.units import open_place
from duban.organisation.rules.changes import Close, Rename
from duban.organisation.rules.naming import tidy
from duban.tenancy.kinds_in_force import structure
from duban.tree.changes import bump, hold_tree, last_change, move_in_line, next_label
from duban.tree.lines import refresh_lines
from duban.tree.models import Placement, Unit
from duban.tree.queries import find_by_code, get_unit

AHEAD = timedelta(days=366)
"""How long before its day a place in a further line may be decided."""


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
    hold_tree(scope, still=True)
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


def rename_unit(
    scope: Scope, *, unit_id: UUID, name: str, short_name: str = "", sector: str = "", active_from: date | None = None
) -> Unit:
    """
    Give a unit another name from a day on; documents of earlier days show the old one.

    Takes:  `active_from` today where none is given; a day ahead is kept for the clock.
    Raises: NotFoundError, NotAllowedError, InvalidInputError, UnitClosedError, ChangeRefusedError.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "unit", "manage", unit)
    check_open(scope, unit)
    name, short_name = tidy(name), tidy(short_name)
    check_names(name=name, short_name=short_name)
    decide(scope, change=Rename(unit_id, name, short_name, tidy(sector)), basis="", effective_on=active_from)
    return unit


def close_unit(
    scope: Scope, *, unit_id: UUID, active_to: date | None = None, reason: str, successor_id: UUID | None = None
) -> Unit:
    """
    End a unit, its places in every line and all roles held at it. What it handed in stays, under the path of its time.

    Takes:  `active_to` the first day on which it no longer exists; today where none is given, a day ahead is kept for the
            clock; `successor_id` the unit that finishes what it had begun.
    Raises: NotFoundError, NotAllowedError, UnitClosedError, ChangeRefusedError, InvalidInputError.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "unit", "manage", unit)
    check_open(scope, unit)
    active_to = active_to or scope.today
    fields: dict[str, list[Text]] = {}
    if not tidy(reason):
        fields["reason"] = [Text(N_("请写明撤销的原因或依据。"))]
    if active_to < scope.today or active_to <= unit.active_from:
        fields["active_to"] = [Text(N_("撤销日期不能早于今天，并须晚于设立日期。"))]
    if fields:
        raise InvalidInputError(fields=fields)
    decide(scope, change=Close(unit_id, successor_id), basis=reason, effective_on=active_to)
    return unit


def place_in_line(scope: Scope, *, unit_id: UUID, line: str, parent_id: UUID, active_from: date | None = None) -> Placement:
    """
    Put a unit under a superior in a further line (条); an earlier place in that line ends on that day, and the units that stand
    below it in that line go along.

    Takes:  `active_from` today where none is given, at most a year ahead: then the clock lets it take effect.
    Raises: NotFoundError, NotAllowedError, LineNotAllowedError, LevelNotAllowedError, UnitClosedError, RootStaysError,
            InvalidInputError, RuleBrokenError.
    """
    hold_tree(scope)
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "unit", "manage", unit)
    parent = get_unit(scope, parent_id, lock=True)
    require(scope, "unit", "manage", parent)
    check_open(scope, unit)
    check_open(scope, parent)
    _check_line(scope, unit, line)
    check_level(scope, level=unit.level, parent=parent, line=line)
    starts = active_from or scope.today
    _check_start(scope, unit, parent, starts)
    current = open_place(scope, unit.id, line)
    above = open_place(scope, parent.id, line)
    base = above.path if above else parent.path
    if current is None:
        _check_free(scope, unit, line, starts)
        placement = scope.add(
            Placement(
                id=new_id(),
                unit_id=unit.id,
                line=line,
                parent_id=parent.id,
                path=f"{base}{next_label(parent)}.",
                is_primary=False,
                active_from=starts,
            )
        )
        refresh_lines(scope, [unit.id])
        bump(scope)
    else:
        _check_after(scope, current, starts)
        if current.parent_id == parent.id:
            raise RuleBrokenError(N_("“%(name)s”已经在“%(parent)s”之下，请选择另一个上级。"), name=unit.name, parent=parent.name)
        if base.startswith(current.path):
            raise RuleBrokenError(
                N_("“%(parent)s”是“%(name)s”自己或它的下级，不能作它的上级。"), name=unit.name, parent=parent.name
            )
        moved = move_in_line(scope, current, parent, base, on=starts)
        placement = scope.session.scalars(
            owned(scope, Placement).where(Placement.line == line, Placement.path == moved.after)
        ).one()
    record(scope, "unit.placed", "unit", unit.id, unit.path, line=line, parent=parent.name, active_from=starts)
    return placement


def _check_start(scope: Scope, unit: Unit, parent: Unit, starts: date) -> None:
    if starts > scope.today + AHEAD or starts < max(unit.active_from, parent.active_from):
        raise InvalidInputError(fields={"active_from": [Text(N_("日期不能早于两个单位的设立日期，最晚不超过一年。"))]})


def _check_free(scope: Scope, unit: Unit, line: str, starts: date) -> None:
    """A new place begins after the last one has ended, which may still be ahead."""
    ends = scope.session.scalar(
        select(func.max(Placement.active_to)).where(
            Placement.tenant_id == scope.tenant_id, Placement.unit_id == unit.id, Placement.line == line
        )
    )
    if ends is not None and ends > starts:
        raise RuleBrokenError(N_("该单位在这条线上的位置到 %(day)s 才结束，新位置须从这一天起或更晚。"), day=ends.isoformat())


def _check_after(scope: Scope, current: Placement, on: date) -> None:
    """A change in a line lies after the last one of everything that hangs on the place."""
    latest = last_change(scope, current.path)
    if latest is not None and on < latest:
        raise RuleBrokenError(N_("该单位在这条线上已有从 %(day)s 起的位置，新位置须晚于这一天。"), day=latest.isoformat())


def _check_line(scope: Scope, unit: Unit, line: str) -> None:
    lines = {known.code: known for known in structure(scope).lines}
    if line not in lines or lines[line].primary:
        raise LineNotAllowedError
    if unit.parent_id is None:
        raise RootStaysError


def leave_line(scope: Scope, *, unit_id: UUID, line: str, active_to: date | None = None) -> None:
    """
    End a unit's place in a further line.

    Takes:  `active_to` the first day outside, at most a year ahead; where none is given today, or for a place that has not begun
            the day it would: that takes it back.
    Raises: NotFoundError, NotAllowedError, LineNotAllowedError, InvalidInputError, RuleBrokenError
            while units stand below it in that line.
    """
    hold_tree(scope)
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "unit", "manage", unit)
    _check_line(scope, unit, line)
    current = open_place(scope, unit.id, line)
    if current is None:
        raise NotFoundError
    ends = active_to or max(scope.today, current.active_from)
    if ends > scope.today + AHEAD:
        raise InvalidInputError(fields={"active_to": [Text(N_("日期不能早于两个单位的设立日期，最晚不超过一年。"))]})
    _check_after(scope, current, ends)
    below = len([place for place in places_below(scope, unit) if place.line == line])
    if below:
        raise RuleBrokenError(
            N_("还有 %(count)s 个单位在其他管理线上归“%(name)s”管理：请先让它们归入别的单位或退出。"), name=unit.name, count=below
        )
    current.active_to = max(ends, current.active_from)
    refresh_lines(scope, [unit.id])
    bump(scope)
    record(scope, "unit.left-line", "unit", unit.id, unit.path, line=line, active_to=ends)
