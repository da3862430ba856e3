"""What considering a change needs: the outlook that is filled in, and the checks and counts several changes share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from duban.access.models import RoleGrant
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.organisation.open_work import Paths, count_open
from duban.organisation.rules.changes import Change, Close, Merge, Move, Rename, Split
from duban.tenancy.kinds_in_force import structure
from duban.tree.changes import last_change
from duban.tree.models import Placement, Reorganisation, Unit
from duban.tree.queries import get_unit, standings, within


@dataclass
class Outlook:
    """What a change would do in sentences and figures, and every obstacle at once, each saying what to do about it."""

    unit: Unit
    on: date
    effects: list[Text] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    obstacles: list[Text] = field(default_factory=list)

    @property
    def is_possible(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.obstacles

    def stops(self, template: str, **params: object) -> None:
        """Note an obstacle."""
        text = Text(template, params)
        if text not in self.obstacles:
            self.obstacles.append(text)

    def does(self, template: str, **params: object) -> None:
        """Note an effect."""
        self.effects.append(Text(template, params))


def units_of(change: Change) -> list[UUID]:
    """List the existing units a change is about."""
    match change:
        case Move():
            return [change.unit_id, change.parent_id]
        case Merge():
            return [*change.unit_ids, *([change.into] if change.into else [])]
        case Split():
            named = [part.unit_id for part in change.parts if part.unit_id]
            return list(dict.fromkeys([change.unit_id, *named, *(child for part in change.parts for child in part.children)]))
        case Close():
            return [change.unit_id, *([change.successor_id] if change.successor_id else [])]
        case Rename():
            return [change.unit_id]


def check_planned(scope: Scope, change: Change, outlook: Outlook, planned_id: UUID | None) -> None:
    """Note a change planned before that day for one of the units: it would find another tree than it was decided on."""
    statement = owned(scope, Reorganisation).where(
        Reorganisation.unit_id.in_(units_of(change)), Reorganisation.state == "planned", Reorganisation.id != planned_id
    )
    other = scope.session.scalars(statement.order_by(Reorganisation.effective_on).limit(1)).first()
    if other is not None and other.effective_on <= outlook.on and other.effective_on > scope.today:
        outlook.stops(
            N_("“%(name)s”在 %(day)s 已有一项到期执行的调整，请先取消它，或把日期定在它之前。"),
            name=get_unit(scope, other.unit_id).name,
            day=other.effective_on.isoformat(),
        )


def check_day(scope: Scope, unit: Unit, outlook: Outlook, *, ends: bool = False) -> None:
    """A change lies after the last one: what happened in between was made under the places of the time."""
    latest = last_change(scope, unit.path)
    if latest is not None and outlook.on < latest:
        outlook.stops(
            N_("“%(name)s”或其下级最近一次变动在 %(day)s，请选择这一天或以后的日期。"), name=unit.name, day=latest.isoformat()
        )
    if ends and outlook.on <= unit.active_from:
        outlook.stops(N_("“%(name)s”于 %(day)s 设立，请选择这一天以后的日期。"), name=unit.name, day=unit.active_from.isoformat())


def check_level_under(
    scope: Scope, unit_level: str, name: str, parent_level: str, outlook: Outlook, line: str | None = None
) -> None:
    """Note a unit whose level may not stand under that level in the line, the primary one where none is named."""
    known = structure(scope)
    line = line or known.primary_line.code
    levels = {level.code: level.name.zh for level in known.levels}
    if unit_level not in levels or not known.may_stand_under(unit_level, parent_level, line=line):
        outlook.stops(
            N_("“%(name)s”是%(level)s，不能设在%(parent)s之下；请先把它划转到合适的单位，或先撤销。"),
            name=name, level=levels.get(unit_level, unit_level), parent=levels.get(parent_level, parent_level),
        )  # fmt: skip


def open_stays(scope: Scope, outlook: Outlook, paths: Paths, superior: str) -> None:
    """Count the open work that goes on as it is, and say who does it and who reviews it."""
    found = count_open(scope, paths)
    outlook.figures |= {one.work.value: one.count for one in found}
    for one in found:
        outlook.does(N_("%(work)s：由原单位人员继续办理，由“%(superior)s”审核到底。"), work=one.words, superior=superior)


def count_units(scope: Scope, unit: Unit) -> int:
    """Count the active units at and below one."""
    active = or_(Unit.active_to.is_(None), Unit.active_to > scope.today)
    statement = select(func.count()).select_from(Unit).where(Unit.tenant_id == scope.tenant_id, within(unit.path), active)
    return scope.session.scalar(statement) or 0


def count_people(scope: Scope, unit: Unit) -> int:
    """Count the people who hold a role at or below a unit."""
    statement = (
        select(func.count(func.distinct(RoleGrant.person_id)))
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .where(RoleGrant.tenant_id == scope.tenant_id, within(unit.path), in_force_after(scope.today))
    )
    return scope.session.scalar(statement) or 0


def in_force_after(on: date) -> ColumnElement[bool]:
    """Say in SQL that a grant would still be in force after a day."""
    return or_(RoleGrant.active_to.is_(None), RoleGrant.active_to > on)


def grants_at(scope: Scope, unit: Unit, on: date) -> Sequence[RoleGrant]:
    """List the grants at a unit that a change on a day would end."""
    statement = owned(scope, RoleGrant).where(RoleGrant.unit_id == unit.id, in_force_after(on))
    return scope.session.scalars(statement.order_by(RoleGrant.person_id, RoleGrant.role, RoleGrant.id)).all()


def places_below(scope: Scope, unit: Unit) -> Sequence[Placement]:
    """List the open places in further lines directly under a unit."""
    statement = owned(scope, Placement).where(
        Placement.parent_id == unit.id, Placement.is_primary.is_(False), Placement.active_to.is_(None)
    )
    return scope.session.scalars(statement.order_by(Placement.path)).all()


def inherited(scope: Scope, outlook: Outlook, source: Unit, heir_name: str) -> None:
    """Count the open work a unit leaves to its heir, and say so."""
    paths = [standing.path for standing in standings(scope, [source.id])[UnitId(source.id)]]
    found = count_open(scope, paths)
    for one in found:
        outlook.figures[one.work.value] = outlook.figures.get(one.work.value, 0) + one.count
        outlook.does(
            N_("“%(name)s”的%(work)s：由“%(heir)s”接着办理，仍记在原单位名下，由当时的上级审核。"),
            name=source.name, work=one.words, heir=heir_name,
        )  # fmt: skip


def people_move(scope: Scope, outlook: Outlook, source: Unit, heir_level: str, heir_name: str) -> None:
    """Count the people whose roles go along to the heir and the roles that end because the heir has none like them."""
    fitting = {role.code for role in structure(scope).roles_at(heir_level)}
    grants = grants_at(scope, source, outlook.on)
    moving = {grant.person_id for grant in grants if grant.role in fitting}
    ending = [grant for grant in grants if grant.role not in fitting]
    outlook.figures["people"] = outlook.figures.get("people", 0) + len(moving)
    outlook.figures["roles_ending"] = outlook.figures.get("roles_ending", 0) + len(ending)
    if moving:
        outlook.does(
            N_("“%(name)s”的 %(count)s 人转到“%(heir)s”，角色不变。"), name=source.name, count=len(moving), heir=heir_name
        )
    if ending:
        outlook.does(
            N_("“%(name)s”的 %(count)s 个角色在“%(heir)s”没有，到时结束，请另行授予。"),
            name=source.name, count=len(ending), heir=heir_name,
        )  # fmt: skip
    if any(grant.duty for grant in ending):
        outlook.stops(N_("“%(name)s”还有管理员，请先另行安排管理员并收回这个角色。"), name=source.name)
