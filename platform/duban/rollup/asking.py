"""What somebody asks to be added up: which requirement, below which unit, in which line, for which periods, counting what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from duban.access import checks as access
from duban.forms.queries import versions_by_form
from duban.kernel.errors import InvalidInputError, NotFoundError
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.reporting.adding import Counting, Measure
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries import get_requirement
from duban.reporting.queries.measures import measures_for, same_form
from duban.reporting.queries.totals import KnownPeriod, Node, Source, duties_in, node_of, periods_of
from duban.reporting.states import RequirementState
from duban.tenancy.kinds_in_force import structure
from duban.tree.line_units import second_lines_under
from duban.tree.models import Unit
from duban.tree.queries import chain, units_by_path

MOST_PERIODS = 60
YEAR_BEFORE = 1


@dataclass(frozen=True)
class Wish:
    """What the address says: `line` "" for the one that fits, `periods` empty for the newest one that has begun."""

    requirement_id: UUID
    unit_id: UUID | None = None
    line: str = ""
    periods: tuple[str, ...] = ()
    counting: Counting | None = None
    """Which versions; None those the requirement says."""
    with_form: bool = False


@dataclass(frozen=True)
class View:
    """
    What the wish comes to.

    `lines` are the lines the unit can be looked at in, None the primary one; `heads` the actor's own units, where there are
    several; `same` the requirements that ask the same form.
    """

    wish: Wish
    requirement: Requirement
    node: Node
    lines: Sequence[str | None]
    heads: Sequence[Unit]
    above: Sequence[Unit]
    known: Sequence[KnownPeriod]
    chosen: Sequence[KnownPeriod]
    measures: tuple[Measure, ...]
    same: tuple[UUID, ...]

    @property
    def requirement_ids(self) -> tuple[UUID, ...]:
        """What is added up."""
        return self.same if self.wish.with_form else (self.requirement.id,)

    @property
    def counting(self) -> Counting:
        """Which versions are added up."""
        return self.wish.counting or Counting(self.requirement.counting)

    @property
    def source(self) -> Source:
        """The duties that are added up."""
        return self.source_of(self.chosen)

    def source_of(self, periods: Sequence[KnownPeriod]) -> Source:
        """Give the same for other periods."""
        return Source(self.requirement_ids, tuple(one.code for one in periods), self.counting)

    @property
    def previous(self) -> KnownPeriod | None:
        """The period before, where one is looked at."""
        if len(self.chosen) != 1:
            return None
        one = self.chosen[0]
        return next((other for other in self.known if other.kind == one.kind and other.end < one.start), None)

    @property
    def last_year(self) -> KnownPeriod | None:
        """The same period a year ago, where one is looked at."""
        if len(self.chosen) != 1:
            return None
        one = self.chosen[0]
        start = _a_year_before(one.start)
        return next((other for other in self.known if other.kind == one.kind and _is_near(other.start, start, one)), None)


def _a_year_before(day: date) -> date:
    return day.replace(year=day.year - YEAR_BEFORE, day=min(day.day, 28) if day.month == 2 else day.day)  # noqa: PLR2004


def _is_near(day: date, wanted: date, period: KnownPeriod) -> bool:
    """Weeks begin on other days every year: the same week is the one that begins within three days of it."""
    return abs((day - wanted).days) <= (3 if period.kind == "week" else 0)


def view_of(scope: Scope, wish: Wish) -> View:
    """
    Work out what is asked.

    Raises: NotFoundError for what the actor may not see, InvalidInputError for a line or a period there is not.
    Costs: six to ten queries.
    """
    requirement = get_requirement(scope, wish.requirement_id)
    if requirement.stands is RequirementState.DRAFT:
        raise NotFoundError
    heads = _heads(scope)
    unit = get_owned(scope, Unit, wish.unit_id) if wish.unit_id else _head_for(scope, requirement, heads)
    same = same_form(scope, requirement)
    known = periods_of(scope, same if wish.with_form else (requirement.id,))
    lines = lines_of(scope, unit)
    return View(
        wish=wish,
        requirement=requirement,
        node=node_of(scope, unit, line_of(scope, wish.line, lines, requirement.work_line)),
        lines=lines,
        heads=heads if len(heads) > 1 else (),
        above=[one for one in chain(scope, unit) if access.may(scope, "submission", "read", one)],
        known=known,
        chosen=_chosen(scope, wish.periods, known),
        measures=measures_for(scope, requirement),
        same=same,
    )


def _heads(scope: Scope) -> Sequence[Unit]:
    homes = access.home_paths(scope)
    found = units_by_path(scope, homes)
    return [found[path] for path in homes if path in found and access.may(scope, "submission", "read", found[path])]


def head_of(scope: Scope) -> Unit | None:
    """Give the highest of the actor's own units whose submissions they may read."""
    return next(iter(_heads(scope)), None)


def _head_for(scope: Scope, requirement: Requirement, heads: Sequence[Unit]) -> Unit:
    """Begin at the unit that asked, for whoever may read there; else at one's own."""
    issuer = get_owned(scope, Unit, requirement.unit_id)
    if access.may(scope, "submission", "read", issuer):
        return issuer
    if not heads:
        raise NotFoundError
    return heads[0]


def lines_of(scope: Scope, unit: Unit) -> Sequence[str | None]:
    """
    List the lines in which the actor looks at a unit's subordinates, None the primary one: at a unit of their own those their
    roles are held in, elsewhere all there are.
    """
    known: list[str | None] = [None, *second_lines_under(scope, unit)]
    at_home = {grant.line for grant in access.grants_of(scope) if grant.unit == str(unit.id)}
    return [line for line in known if line in at_home] or known if at_home else known


def line_of(scope: Scope, typed: str, lines: Sequence[str | None], fitting: str | None = None) -> str | None:
    """
    Read a line's code: the one typed, else the one that fits where it is among those offered, else the first.

    Raises: InvalidInputError for one that is not offered.
    """
    if not typed:
        return fitting if fitting in lines else lines[0]
    line = None if typed == structure(scope).primary_line.code else typed
    if line not in lines:
        raise InvalidInputError(fields={"line": [Text(N_("没有这条线，或您不在这条线上"))]})
    return line


def _chosen(scope: Scope, codes: Sequence[str], known: Sequence[KnownPeriod]) -> Sequence[KnownPeriod]:
    by_code = {one.code: one for one in known}
    if not codes:
        begun = [one for one in known if one.start <= scope.today]
        return begun[:1] or list(known[-1:])
    if len(codes) > MOST_PERIODS or not set(codes) <= by_code.keys():
        raise InvalidInputError(fields={"period": [Text(N_("没有这个报告期"))]})
    return [one for one in known if one.code in codes]


def own_duties(scope: Scope, view: View, unit_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Give the duties units themselves have among those added up. Costs: one query."""
    found: dict[UUID, list[UUID]] = {}
    if unit_ids:
        rows = duties_in(scope, view.source, view.node).where(Duty.unit_id.in_(unit_ids))
        for unit_id, duty_id in scope.session.execute(rows.with_only_columns(Duty.unit_id, Duty.id)):
            found.setdefault(unit_id, []).append(duty_id)
    return found


def can_be_added(scope: Scope, requirements: Sequence[Requirement]) -> dict[UUID, int]:
    """Count the fields of each requirement that can be added up. Costs: one query for all forms."""
    versions_by_form(scope, {one.form_id for one in requirements if one.form_id is not None})
    return {one.id: len(measures_for(scope, one)) for one in requirements}


def names_of(scope: Scope, ids: Sequence[UUID]) -> Sequence[Requirement]:
    """Give requirements by id, in the order of their titles."""
    rows = scope.session.scalars(
        select(Requirement).where(Requirement.tenant_id == scope.tenant_id, Requirement.id.in_(ids)).order_by(Requirement.title)
    )
    return rows.all()
