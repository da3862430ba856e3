"""The duties behind the numbers of the leader's page and of the matrix: one number, one list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from duban.access.checks import readable
from duban.dashboards.queries import parts_below, places_now
from duban.kernel.paging import Page, page_of
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_
from duban.reporting.models import Duty
from duban.reporting.queries.duties import DutyLine, lines_of
from duban.reporting.queries.overdue import is_overdue, is_past_day
from duban.reporting.queries.rates import conditions
from duban.reporting.states import DutyState
from duban.tree.models import Unit


class Which(StrEnum):
    """How the duties listed stand."""

    ALL = "all"
    JUDGED = "judged"
    ON_TIME = "on_time"
    LATE = "late"
    UNMET = "unmet"
    MISSING = "missing"
    OVERDUE = "overdue"
    WAITING = "waiting"
    PENDING = "pending"


WHICH_LABELS: dict[Which, str] = {
    Which.ALL: N_("应报"),
    Which.JUDGED: N_("已到期或已报"),
    Which.ON_TIME: N_("按时"),
    Which.LATE: N_("迟报"),
    Which.UNMET: N_("逾期和漏报"),
    Which.MISSING: N_("漏报"),
    Which.OVERDUE: N_("逾期未报"),
    Which.WAITING: N_("待审核"),
    Which.PENDING: N_("未到期"),
}


@dataclass(frozen=True)
class Asked:
    """Which duties below a unit: due from one day to another, of one branch, of one column of the matrix, or all."""

    due_from: date
    due_until: date
    branch: Unit | None = None
    requirement_id: UUID | None = None
    period: str | None = None


def _ways(scope: Scope) -> Mapping[Which, ColumnElement[bool]]:
    """Say in SQL what rules.Sum counts under the same names; `overdue` is what is still to come, also where it was returned."""
    stands = conditions(scope)
    pending, is_over = Duty.timeliness == "pending", is_past_day(scope)
    return {
        Which.ALL: true(),
        Which.JUDGED: or_(~pending, is_over),
        Which.ON_TIME: stands["on_time"],
        Which.LATE: stands["late"],
        Which.UNMET: or_(stands["missing"], and_(pending, is_over)),
        Which.MISSING: stands["missing"],
        Which.OVERDUE: is_overdue(scope),
        Which.WAITING: stands["waiting"],
        Which.PENDING: and_(pending, ~is_over),
    }


def _below(scope: Scope, unit: Unit, asked: Asked) -> ColumnElement[bool]:
    parts = parts_below(scope, unit)
    within = and_(
        Duty.tenant_id == scope.tenant_id,
        Duty.due_on >= asked.due_from,
        Duty.due_on <= asked.due_until,
        Duty.state != DutyState.CANCELLED,
        Duty.requirement_id == asked.requirement_id if asked.requirement_id else true(),
        Duty.period_code == asked.period if asked.period else true(),
        readable(scope, Duty, "duty"),
    )
    if asked.branch is None:
        return and_(within, or_(*(part.concerned for part in parts)))
    found = []
    for part in parts:
        names = scope.session.scalars(select(part.branch).where(within, part.concerned).distinct()).all()
        places = places_now(scope, unit, {part.label(name) for name in names})
        ours = [name for name in names if places[part.label(name)] == asked.branch.path]
        found.append(and_(part.concerned, part.branch.in_(ours)))
    return and_(within, or_(*found))


def list_behind(
    scope: Scope, unit: Unit, asked: Asked, which: Which, *, after: str | None
) -> tuple[Page[DutyLine], Mapping[Which, int]]:
    """
    List the duties below a unit that stand so, in the order of the tree, with how many stand in which way.

    Costs: four queries, as `parts_below` besides; for one branch two more for each part.
    """
    below, ways = _below(scope, unit, asked), _ways(scope)
    counts = scope.session.execute(select(*(func.count().filter(way) for way in ways.values())).where(below)).one()
    page = page_of(scope, owned(scope, Duty).where(below, ways[which]), [Duty.path, Duty.due_on, Duty.id], after=after)
    return Page(items=lines_of(scope, page.items), next=page.next), dict(zip(ways, counts, strict=True))


TABS: Sequence[Which] = (
    Which.ALL, Which.ON_TIME, Which.LATE, Which.UNMET, Which.MISSING, Which.OVERDUE, Which.WAITING, Which.PENDING,
)  # fmt: skip
