"""How complete and how punctual: by unit and by month, down to the list of units."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from duban.access import checks as access
from duban.kernel.days import read_day
from duban.kernel.errors import InvalidInputError, NotFoundError
from duban.kernel.paging import Page, page_of
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.text import N_, Text
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries import get_requirement
from duban.reporting.queries.adding_sql import Branching
from duban.reporting.queries.duties import DutyLine
from duban.reporting.queries.duties import lines_of as duty_lines
from duban.reporting.queries.rates import Asked, NodeRates, is_in, rates
from duban.reporting.queries.totals import Node, node_of
from duban.rollup.asking import head_of, line_of, lines_of
from duban.rollup.pages.totals import chosen_code
from duban.rollup.states import STANDING_LABELS, Stands
from duban.rollup.wording import said_parts, said_percent, said_rate, title_of
from duban.tenancy.kinds_in_force import structure
from duban.tree.models import Unit
from duban.tree.queries import chain
from duban.web.i18n import current_language
from duban.web.i18n import gettext as _
from duban.web.requests import current_scope

WINDOW = timedelta(days=365)


class RatesView:
    """What the address asks: below which unit, in which line, due when, of which requirement."""

    def __init__(self, scope: Scope) -> None:
        """Read the address. Raises: NotFoundError for what the actor may not see, InvalidInputError for no code and no day."""
        self.scope = scope
        self.unit = _unit(scope)
        self.lines = lines_of(scope, self.unit)
        self.node: Node = node_of(scope, self.unit, line_of(scope, request.args.get("line", ""), self.lines))
        self.requirement: Requirement | None = None
        wanted = request.args.get("requirement", "")
        if wanted:
            self.requirement = get_requirement(scope, _uuid(wanted))
        self.due_from, self.due_until = _day("from", scope.today - WINDOW), _day("until", scope.today)
        self.asked = Asked(
            due_from=self.due_from,
            due_until=self.due_until,
            requirement_id=self.requirement.id if self.requirement else None,
            period=request.args.get("period") or None,
            work_line=self._work_line(),
            any_line=not request.args.get("work_line"),
        )

    def _work_line(self) -> str | None:
        typed = request.args.get("work_line", "")
        known = structure(self.scope)
        if typed and typed not in {line.code for line in known.lines}:
            raise InvalidInputError(fields={"work_line": [Text(N_("请从给出的选项中选择"))]})
        return typed if typed and typed != known.primary_line.code else None

    def carried(self, **changes: str | None) -> dict[str, Any]:
        """Give the parts of the address that stay."""
        kept = {name: request.args.get(name) for name in ("line", "requirement", "period", "from", "until", "work_line")}
        return {name: value for name, value in (kept | {"unit": str(self.unit.id)} | changes).items() if value}


def _unit(scope: Scope) -> Unit:
    asked = request.args.get("unit", "")
    if asked:
        return get_owned(scope, Unit, _uuid(asked))
    head = head_of(scope)
    if head is None:
        raise NotFoundError
    return head


def _uuid(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError as error:
        raise NotFoundError from error


def _day(name: str, default: date) -> date:
    written = request.args.get(name, "")
    if not written:
        return default
    try:
        return read_day(written)
    except ValueError as error:
        raise InvalidInputError(fields={name: [Text(N_("请填写日期。"))]}) from error


def show() -> ResponseReturnValue:
    """Show the rates of a unit, of each unit directly below, and month by month."""
    view = RatesView(current_scope())
    found = rates(view.scope, node=view.node, asked=view.asked)
    return render_template(
        "rollup/rates.html",
        view=view,
        found=found,
        chart=_chart(found),
        above=[one for one in chain(view.scope, view.unit) if access.may(view.scope, "submission", "read", one)],
        lines=_line_options(view),
        work_lines=[(line.code, _name(line.name)) for line in structure(view.scope).lines],
        said_rate=said_rate,
        said_percent=said_percent,
        said_parts=said_parts,
        title_of=title_of,
        labels=STANDING_LABELS,
        rate_columns=_columns_taken(),
        Stands=Stands,
    )


def _columns_taken() -> list[tuple[str, str, bool, str]]:
    """Head the columns of a file: every count and every rate in one of its own."""
    shares = (_("报送率（%）"), _("按时率（%）"), _("通过率（%）"))
    return [("", word, False, "num") for word in (*(_(label) for label in STANDING_LABELS.values()), *shares)]


def _line_options(view: RatesView) -> list[tuple[str, str, bool]]:
    if len(view.lines) < 2:  # noqa: PLR2004 - a choice needs two
        return []
    lines = structure(view.scope).lines
    codes = [(line, None if line.primary else line.code) for line in lines]
    return [(line.code, _name(line.name), code == view.node.line) for line, code in codes if code in view.lines]


def _name(name: Any) -> str:
    return str(name.en if current_language() == "en" and name.en else name.zh)


def _chart(found: NodeRates) -> dict[str, Any] | None:
    if len(found.months) < 2:  # noqa: PLR2004 - one point is no line
        return None
    months = list(found.months.values())
    return {
        "kind": "line",
        "categories": list(found.months),
        "series": [
            {"name": _("报送率（%）"), "tone": "todo", "data": [one.completeness.percent for one in months]},
            {"name": _("按时率（%）"), "tone": "done", "data": [one.timeliness.percent for one in months]},
        ],
        "max": 100,
    }


def list_units() -> ResponseReturnValue:
    """List the duties behind a number of the rates; ?which= says which."""
    view = RatesView(current_scope())
    which: Stands = chosen_code(Stands, "which", Stands.EXPECTED)
    statement = owned(view.scope, Duty).where(
        view.asked.duties(),
        Branching(view.node.unit.id, view.node.paths, view.node.line).concerns(),
        access.readable(view.scope, Duty, "duty"),
        is_in(view.scope, which.value),
    )

    def read(after: str | None) -> Page[DutyLine]:
        page = page_of(view.scope, statement, [Duty.path, Duty.due_on, Duty.id], after=after)
        return Page(items=duty_lines(view.scope, page.items), next=page.next)

    page = read(request.args.get("after"))
    return render_template(
        "rollup/rate_units.html",
        view=view,
        which=which,
        lines=page.items,
        next=page.next,
        labels=STANDING_LABELS,
        title_of=title_of,
    )
