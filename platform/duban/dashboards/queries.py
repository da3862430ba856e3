"""Reads across features, few and wide: one page, few statements."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, not_, or_, select

from duban.access.checks import active_grant, grants_of, home_paths, may, policy, readable
from duban.access.models import RoleGrant
from duban.access.places import places_of
from duban.access.relations import CHILD, DEEP
from duban.dashboards.rules import Abilities, Counted
from duban.identity.models import Person
from duban.kernel.ids import UnitId
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope, owned
from duban.reporting.models import Duty
from duban.reporting.queries.overdue import is_past_day
from duban.reporting.queries.rates import conditions
from duban.reporting.states import DutyState
from duban.tree import paths
from duban.tree.line_units import second_lines_under
from duban.tree.lines import below_in_line, token
from duban.tree.models import Unit
from duban.tree.queries import is_active, units_by_id, units_by_path, units_of_paths

MATRIX_BEFORE = timedelta(days=62)
MATRIX_AFTER = timedelta(days=45)
MATRIX_ROWS = 40


def abilities(scope: Scope) -> Abilities:
    """Say what the actor may do anywhere at all. Costs: the grants, read once per unit of work."""
    decided, grants = policy(scope), grants_of(scope)

    def allowed(obj: str, act: str) -> frozenset[str]:
        return frozenset().union(*(decided.allowed(grant.role, obj, act) for grant in grants))

    return Abilities(
        writes=bool(allowed("submission", "write")),
        reviews=bool(allowed("submission", "review")),
        urges=bool(allowed("duty", "urge")),
        scores=bool(allowed("scorecard", "score")),
        signs=bool(allowed("letter", "sign")),
        sees_below=bool(allowed("duty", "read") & {CHILD, DEEP}),
        keeps_units=bool(allowed("unit", "manage")),
        runs_assessments=bool(allowed("assessment", "manage")),
    )


def home_units(scope: Scope) -> Sequence[Unit]:
    """List the units the actor holds a role at today, highest first. Costs: one query per unit of work."""
    if "dashboards.homes" not in scope.memo:
        homes = home_paths(scope)
        found = units_by_path(scope, homes)
        scope.memo["dashboards.homes"] = [found[path] for path in homes if path in found]
    units: Sequence[Unit] = scope.memo["dashboards.homes"]
    return units


def home_unit(scope: Scope) -> Unit | None:
    """Find the highest unit the actor holds a role at. Costs: as `home_units`."""
    return next(iter(home_units(scope)), None)


def units_below(scope: Scope, unit: Unit, *, level: str | None = None, after: str | None = None, limit: int = PAGE) -> Page[Unit]:
    """
    Read a page of the active units directly below, in their order, that the actor may read: in the primary line, and in the
    second lines the actor watches it in. Costs: one query.
    """
    statement = owned(scope, Unit).where(_directly_below(scope, unit), is_active(scope), readable(scope, Unit, "unit"))
    if level:
        statement = statement.where(Unit.level == level)
    return page_of(scope, statement, [Unit.position, Unit.path], after=after, limit=limit)


def watched_lines(scope: Scope, unit: Unit) -> frozenset[str | None]:
    """
    Say in which lines, None the primary one, the actor watches a unit's subordinates: at a unit of their own those their roles
    are held in, elsewhere all there are.
    """
    known: frozenset[str | None] = frozenset({None, *second_lines_under(scope, unit)})
    at_home = {grant.line for grant in grants_of(scope) if grant.unit == str(unit.id)}
    return known & at_home if at_home else known


def _directly_below(scope: Scope, unit: Unit) -> ColumnElement[bool]:
    lines = watched_lines(scope, unit)
    second = [below_in_line(line, unit.id, directly=True) for line in sorted(line for line in lines if line)]
    return or_(*second, Unit.parent_id == unit.id) if None in lines or not second else or_(*second)


def levels_below(scope: Scope, unit: Unit) -> Sequence[str]:
    """List the levels of the units directly below. Costs: one query."""
    statement = select(Unit.level).where(Unit.tenant_id == scope.tenant_id, _directly_below(scope, unit), is_active(scope))
    return sorted(scope.session.scalars(statement.distinct()))


def matrix_window(today: date) -> tuple[date, date]:
    """Give the due dates a matrix shows when nobody asks for others: the last two months and the next six weeks."""
    return today - MATRIX_BEFORE, today + MATRIX_AFTER


@dataclass(frozen=True)
class Part:
    """
    Some of the duties below a unit, with the branch directly below it that each falls into.

    `branch` gives a path's label or a unit's id; `place` before and "." after it make the label a path. `deeper`: owed further
    below than directly.
    """

    concerned: ColumnElement[bool]
    branch: ColumnElement[Any]
    deeper: ColumnElement[bool]
    place: str = ""

    def label(self, branch: str) -> str:
        """Write a branch as the place or the id of the unit directly below."""
        return f"{self.place}{branch}." if self.place else branch


def parts_below(scope: Scope, unit: Unit) -> list[Part]:
    """
    List the parts of what lies below a unit, none of which share a duty: by the places it stood at in the primary line, and by
    the second lines the actor watches it in. Costs: as `places_of`; two queries for second lines.
    """
    watched = watched_lines(scope, unit)
    stood = places_of(scope, unit, "duty") if None in watched else []
    found = [
        Part(
            and_(Duty.path > path, Duty.path < paths.upper_bound(path)),
            func.split_part(Duty.path, ".", paths.depth(path) + 1),
            Duty.depth > paths.depth(path) + 1,
            path,
        )
        for path in stood
    ]
    lines = sorted(line for line in watched if line)
    if lines and may(scope, "duty", "read", unit):
        # What stands below it in both lines is counted once, by its place in the primary line.
        counted = [and_(Duty.path >= path, Duty.path < paths.upper_bound(path)) for path in stood]
        found.append(_part_in_lines(unit, lines, and_(*(not_(one) for one in [*counted, Duty.path == unit.path]))))
    return found


def _part_in_lines(unit: Unit, lines: Sequence[str], elsewhere: ColumnElement[bool]) -> Part:
    """Say what carries the unit as a superior in one of the lines; `branch`: a path, or the id of the unit next below in it."""
    near, far = ([token(line, distance, unit.id) for line in lines] for distance in (CHILD, DEEP))
    # A row's tokens of a line stand in the order of distance: the one before the unit's own names the unit next below it.
    above = func.coalesce(*(func.array_position(Duty.lines, word) for word in far))
    next_below = func.split_part(Duty.lines[above - 1], ".", 3)
    is_near = Duty.lines.overlap(near)
    branch = case((is_near, Duty.path), else_=next_below)
    return Part(and_(Duty.lines != [], Duty.lines.overlap([*near, *far]), elsewhere), branch, not_(is_near))


def places_now(scope: Scope, unit: Unit, labels: Collection[str]) -> dict[str, str]:
    """Say at which path the unit of each branch stands now. Costs: none unless something moved or stands in a second line."""
    left = {label for label in labels if not label.startswith(unit.path)}
    if not left:
        return {label: label for label in labels}
    ids = {label: UnitId(UUID(label)) for label in left if not label.endswith(".")}
    now = {**units_of_paths(scope, left - ids.keys()), **ids}
    units = units_by_id(scope, now.values())
    found = {label: units[unit_id].path for label, unit_id in now.items() if unit_id in units}
    return {label: found.get(label, label) for label in labels}


def count_below(scope: Scope, unit: Unit, *, year: int) -> Sequence[Counted]:
    """
    Count the duties below a unit due in a year, by branch directly below, month and timeliness, wherever the unit stood: in the
    primary line, and in the second lines the actor watches it in.

    Gives: `branch` is the path at which the unit directly below stands now. Costs: one query, however large the tree, two for
    another unit than the actor's own; two for each place a moved unit has left, three more for second lines.
    """
    found = [row for part in parts_below(scope, unit) for row in _count(scope, part, year)]
    places = places_now(scope, unit, {one.branch for one in found})
    return [replace(one, branch=places[one.branch]) for one in found]


def _count(scope: Scope, part: Part, year: int) -> list[Counted]:
    now_overdue = and_(Duty.timeliness == "pending", is_past_day(scope))
    timeliness = case((now_overdue, "overdue"), else_=Duty.timeliness)
    month = func.extract("month", Duty.due_on)
    waiting = func.count().filter(conditions(scope)["waiting"])
    inner = part.branch.label("branch")
    rows = scope.session.execute(
        select(inner, month, timeliness, func.count(), waiting)
        .where(
            Duty.tenant_id == scope.tenant_id,
            part.concerned,
            Duty.due_on >= date(year, 1, 1),
            Duty.due_on <= date(year, 12, 31),
            Duty.state != DutyState.CANCELLED,
            readable(scope, Duty, "duty"),
        )
        .group_by("branch", month, timeliness)
    )
    return [Counted(part.label(label), int(number), kind, count, waits) for label, number, kind, count, waits in rows]


@dataclass(frozen=True)
class SetUp:
    """How far a tenant is set up, for its administrator."""

    units: int
    people: int
    unstaffed: int


def set_up(scope: Scope) -> SetUp:
    """Count what an administrator has to see to below their units. Costs: two queries."""
    units = and_(Unit.tenant_id == scope.tenant_id, is_active(scope), readable(scope, Unit, "unit", "manage"))
    staffed = select(RoleGrant.id).where(
        RoleGrant.tenant_id == scope.tenant_id, RoleGrant.unit_id == Unit.id, active_grant(scope)
    )
    total, unstaffed = scope.session.execute(
        select(func.count(), func.count().filter(~exists(staffed))).select_from(Unit).where(units)
    ).one()
    people = scope.session.scalar(select(func.count()).where(Person.tenant_id == scope.tenant_id, Person.active)) or 0
    return SetUp(units=total, people=people, unstaffed=unstaffed)
