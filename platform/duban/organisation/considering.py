"""
What a change of the tree would do, and what stands in its way: the same answer for the preview, the decision and the clock.

Asks no leave: `require_leave` does, and the clock acts on what was decided with leave.
"""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import and_, select

from duban.access.checks import require
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.organisation.considering_parts import consider_merge, consider_split
from duban.organisation.open_work import count_open
from duban.organisation.outlook import (
    Outlook,
    check_day,
    check_level_under,
    check_planned,
    count_people,
    count_units,
    grants_at,
    inherited,
    open_stays,
    places_below,
    units_of,
)
from duban.organisation.rules.changes import Change, Close, Merge, Move, Rename, Split
from duban.organisation.rules.naming import check_name
from duban.tree.models import Placement, Unit
from duban.tree.queries import children, get_unit, standings, within

LATEST_DAYS = 366 * 2


def require_leave(scope: Scope, change: Change) -> None:
    """
    Refuse unless the actor manages every unit the change is about, and the units it takes them away from.

    Raises: NotFoundError, NotAllowedError.
    """
    losing = set() if isinstance(change, Rename) else set(change.unit_ids) if isinstance(change, Merge) else {change.unit_id}
    for unit_id in units_of(change):
        unit = get_unit(scope, unit_id)
        require(scope, "unit", "manage", unit)
        if unit_id in losing and unit.parent_id is not None:
            require(scope, "unit", "manage", get_unit(scope, unit.parent_id))


def consider(scope: Scope, change: Change, *, on: date, planned_id: UUID | None = None) -> Outlook:
    """
    Work out what a change would do on a day, changing nothing.

    Takes:  `planned_id` the planned change being carried out, which does not stand in its own way.
    Raises: NotFoundError for an unknown unit. Costs: some ten queries, none per unit of the subtree.
    """
    outlook = Outlook(get_unit(scope, change.unit_id), on)
    if on > scope.today + timedelta(days=LATEST_DAYS):
        outlook.stops(N_("日期太远，请检查年份。"))
    check_planned(scope, change, outlook, planned_id)
    for unit_id in units_of(change):
        unit = get_unit(scope, unit_id)
        if unit.active_to is not None and unit.active_to <= scope.today:
            outlook.stops(N_("“%(name)s”已撤销，不能再办理。"), name=unit.name)
    match change:
        case Move():
            _consider_move(scope, change, outlook)
        case Merge():
            consider_merge(scope, change, outlook)
        case Split():
            consider_split(scope, change, outlook)
        case Close():
            _consider_close(scope, change, outlook)
        case Rename():
            _consider_rename(change, outlook)
    return outlook


def _consider_move(scope: Scope, change: Move, outlook: Outlook) -> None:
    unit, parent = outlook.unit, get_unit(scope, change.parent_id)
    if unit.parent_id is None:
        outlook.stops(N_("最上级单位不能撤销，也不能归入其他单位。"))
        return
    if parent.id == unit.parent_id:
        outlook.stops(N_("“%(name)s”已经在“%(parent)s”之下，请选择另一个上级。"), name=unit.name, parent=parent.name)
    if parent.path.startswith(unit.path):
        outlook.stops(N_("“%(parent)s”是“%(name)s”自己或它的下级，不能作它的上级。"), name=unit.name, parent=parent.name)
    check_level_under(scope, unit.level, unit.name, parent.level, outlook)
    check_day(scope, unit, outlook)
    if outlook.on < parent.active_from:
        outlook.stops(
            N_("“%(name)s”于 %(day)s 设立，请选择这一天以后的日期。"), name=parent.name, day=parent.active_from.isoformat()
        )
    before = get_unit(scope, unit.parent_id)
    units = count_units(scope, unit)
    people = count_people(scope, unit)
    outlook.figures |= {"units": units, "people": people}
    outlook.does(
        N_("“%(name)s”连同下级共 %(count)s 个单位，从“%(before)s”划归“%(parent)s”。"),
        name=unit.name, count=units, before=before.name, parent=parent.name,
    )  # fmt: skip
    outlook.does(N_("%(count)s 人随单位一起划转，角色不变。"), count=people)
    subtree = select(Placement.path).join(Unit, and_(Unit.tenant_id == Placement.tenant_id, Unit.id == Placement.unit_id))
    open_stays(scope, outlook, subtree.where(Placement.tenant_id == scope.tenant_id, within(unit.path)), before.name)
    outlook.does(
        N_("自 %(day)s 起由“%(parent)s”部署和审核新的工作；划转前的资料“%(before)s”仍可查看，“%(parent)s”看不到。"),
        day=outlook.on.isoformat(), parent=parent.name, before=before.name,
    )  # fmt: skip


def _consider_close(scope: Scope, change: Close, outlook: Outlook) -> None:
    unit = outlook.unit
    if unit.parent_id is None:
        outlook.stops(N_("最上级单位不能撤销，也不能归入其他单位。"))
        return
    heir = get_unit(scope, change.successor_id) if change.successor_id else None
    if heir is not None and heir.path.startswith(unit.path):
        outlook.stops(N_("承接单位不能是“%(name)s”自己或它的下级。"), name=unit.name)
    check_day(scope, unit, outlook, ends=True)
    remaining = len(children(scope, unit))
    if remaining:
        outlook.stops(
            N_("“%(name)s”之下还有 %(count)s 个单位：请先把它们划转到别的单位、合并或撤销。"), name=unit.name, count=remaining
        )
    below = len(places_below(scope, unit))
    if below:
        outlook.stops(
            N_("还有 %(count)s 个单位在其他管理线上归“%(name)s”管理：请先让它们归入别的单位或退出。"), name=unit.name, count=below
        )
    grants = grants_at(scope, unit, outlook.on)
    if any(grant.duty for grant in grants):
        outlook.stops(N_("“%(name)s”还有管理员，请先另行安排管理员并收回这个角色。"), name=unit.name)
    outlook.figures |= {"roles_ending": len(grants)}
    outlook.does(
        N_("“%(name)s”自 %(day)s 起撤销，在此担任的 %(count)s 个角色同时结束。"),
        name=unit.name, day=outlook.on.isoformat(), count=len(grants),
    )  # fmt: skip
    if heir is not None:
        inherited(scope, outlook, unit, heir.name)
        return
    paths = [standing.path for standing in standings(scope, [unit.id])[UnitId(unit.id)]]
    for one in count_open(scope, paths):
        outlook.figures[one.work.value] = one.count
        outlook.stops(N_("“%(name)s”还有%(work)s：请指定承接单位，或先办结、撤回。"), name=unit.name, work=one.words)


def _consider_rename(change: Rename, outlook: Outlook) -> None:
    problems = [check_name(change.name), check_name(change.short_name) if change.short_name else None]
    outlook.obstacles += [problem for problem in problems if problem is not None]
    outlook.does(
        N_("自 %(day)s 起改称“%(name)s”；此前的文件仍显示“%(before)s”。"),
        day=outlook.on.isoformat(), name=change.name, before=outlook.unit.name,
    )  # fmt: skip
