"""Totals of a requirement: the list of requirements, the table node × fields, the units behind a figure, files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.fields.quantities import Qualifier, Quantity
from duban.fields.values import as_shown
from duban.kernel.errors import InvalidInputError, NotFoundError
from duban.kernel.paging import Page, are_whole, page_length
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.reporting.adding import COUNTING_LABELS, RULE_LABELS, Counting, Measure, Rule
from duban.reporting.lines import may_issue
from duban.reporting.queries import list_requirements, progress_of
from duban.reporting.queries.totals import Branch, Counts, KnownPeriod, NodeTotals, totals
from duban.reporting.states import RequirementState
from duban.rollup import operations
from duban.rollup.asking import View, Wish, can_be_added, names_of, own_duties, view_of
from duban.rollup.behind import ANSWER_LABELS, BEHIND_LABELS, Answer, Behind, Line, count_outdated, taken_from, units_behind
from duban.rollup.wording import (
    label_of,
    said_behind,
    said_change,
    said_figure,
    said_period,
    said_periods,
    title_of,
)
from duban.tenancy.kinds_in_force import structure
from duban.tree.queries import units_by_path
from duban.web.i18n import current_language
from duban.web.i18n import gettext as _
from duban.web.requests import current_scope, work

ROWS = 100
CHART_ROWS = 24
PREVIOUS, LAST_YEAR = "previous", "last_year"


def list_all() -> ResponseReturnValue:
    """List the requirements of which something is owed at or below the reader's own units, newest first."""
    scope = current_scope()
    page = list_requirements(scope, after=request.args.get("after"), state=RequirementState.ISSUED, owed_below=True)
    return render_template(
        "rollup/requirements.html",
        page=page,
        fields=can_be_added(scope, page.items),
        progress=progress_of(scope, [one.id for one in page.items]),
        issuers=units_by_path(scope, {one.path for one in page.items}),
        title_of=title_of,
    )


def wish_in(requirement_id: UUID) -> Wish:
    """
    Read the address.

    Raises: NotFoundError for a unit that is none, InvalidInputError for a way of counting there is not.
    """
    arguments = request.args
    unit = arguments.get("unit") or ""
    try:
        unit_id = UUID(unit) if unit else None
    except ValueError as error:
        raise NotFoundError from error
    return Wish(
        requirement_id=requirement_id,
        unit_id=unit_id,
        line=arguments.get("line", ""),
        periods=tuple(code for code in dict.fromkeys(arguments.getlist("period")) if code),
        counting=chosen_code(Counting, "count", None),
        with_form=arguments.get("form_wide") == "1",
    )


def chosen_code(codes: Any, name: str, default: Any) -> Any:
    """Read a code from the address. Raises: InvalidInputError for one there is not."""
    written = request.args.get(name, "")
    if not written:
        return default
    try:
        return codes(written)
    except ValueError as error:
        raise InvalidInputError(fields={name: [Text(N_("请从给出的选项中选择"))]}) from error


@dataclass(frozen=True)
class Compared:
    """The totals of another period beside those shown."""

    period: KnownPeriod
    totals: NodeTotals

    def figure(self, branch: Branch | None, key: str) -> Any:
        """Give the figure then of the same unit, of the whole where `branch` is None."""
        if branch is None:
            return self.totals.totals[key].figure
        unit_id = branch.unit.id if branch.unit else None
        for other in self.totals.branches:
            if other.is_own == branch.is_own and other.unit is not None and other.unit.id == unit_id:
                return other.totals[key].figure
        return None


def _compared(scope: Scope, view: View) -> Compared | None:
    period = {PREVIOUS: view.previous, LAST_YEAR: view.last_year}.get(request.args.get("compare", ""))
    if period is None:
        return None
    return Compared(period, totals(scope, source=view.source_of([period]), node=view.node, measures=view.measures))


def show(requirement_id: UUID) -> ResponseReturnValue:
    """Show the table of a node: a row for each unit directly below, a column for each field, the sums on top."""
    scope = current_scope()
    view = view_of(scope, wish_in(requirement_id))
    found = totals(scope, source=view.source, node=view.node, measures=view.measures)
    compared = _compared(scope, view)
    rows, following = _page_of_rows(_sorted(found.branches, view.measures))
    own = own_duties(scope, view, [one.unit.id for one in rows if one.unit is not None])
    return render_template(
        "rollup/totals.html",
        view=view,
        found=found,
        rows=[(one, _door(view, one, own)) for one in rows],
        following=following,
        total_rows=len(found.branches),
        compared=compared,
        chart=_chart(view, found, compared),
        chart_measure=_chart_measure(view),
        columns=_columns(view.measures, compared),
        in_files=_IN_FILES,
        lines=_line_words(scope, view),
        same=names_of(scope, view.same) if view.wish.with_form else (),
        may_set=may_issue(scope, view.requirement),
        rules=[(rule.value, _(label)) for rule, label in RULE_LABELS.items()],
        countings=[(counting.value, _(label)) for counting, label in COUNTING_LABELS.items()],
        Behind=Behind,
        BEHIND_LABELS=BEHIND_LABELS,
        counts_shown=_counts_shown(found.counts),
        outdated=count_outdated(scope, view),
        rule_word=_(RULE_LABELS[Rule(view.requirement.counting_rule)]),
        carried=carried(view),
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "label_of": label_of,
        "said_behind": said_behind,
        "said_change": said_change,
        "said_figure": said_figure,
        "said_period": said_period,
        "said_periods": said_periods,
        "title_of": title_of,
    }


def carried(view: View, **changes: str | None) -> dict[str, Any]:
    """Give the parts of the address that stay when one goes from page to page."""
    wish = view.wish
    primary = structure(current_scope()).primary_line.code
    kept: dict[str, Any] = {
        "unit": str(view.node.unit.id),
        "line": (view.node.line or primary) if len(view.lines) > 1 else None,
        "period": [one.code for one in view.chosen],
        "count": wish.counting.value if wish.counting else None,
        "form_wide": "1" if wish.with_form else None,
    } | changes
    return {name: value for name, value in kept.items() if value}


def _door(view: View, branch: Branch, own: Mapping[UUID, Sequence[UUID]]) -> str | None:
    """Where a row leads: to the unit's own table, where nothing lies below it to the submission itself."""
    if branch.unit is None:
        return None
    duties = own.get(branch.unit.id, ())
    if branch.is_own or len(duties) == branch.counts.expected:
        if len(duties) == 1:
            return url_for("reporting.show_duty", duty_id=duties[0])
        return url_for("rollup.list_units", requirement_id=view.requirement.id, **carried(view, unit=str(branch.unit.id)))
    return url_for("rollup.show_totals", requirement_id=view.requirement.id, **carried(view, unit=str(branch.unit.id)))


def _sorted(branches: Sequence[Branch], measures: Sequence[Measure]) -> list[Branch]:
    """Sort by the column asked for; else the order of the tree. The node's own part stays first."""
    wanted = request.args.get("sort", "")
    key = wanted.removeprefix("-")
    if key not in {one.key for one in measures}:
        return list(branches)
    own = [one for one in branches if one.is_own]
    numbers = [(one, one.totals[key].figure) for one in branches if not one.is_own]
    known = [(one, figure.number) for one, figure in numbers if isinstance(figure, Quantity)]
    known.sort(key=lambda pair: pair[1], reverse=wanted.startswith("-"))
    return [*own, *(one for one, _number in known), *(one for one, figure in numbers if not isinstance(figure, Quantity))]


def _page_of_rows(branches: Sequence[Branch]) -> tuple[Sequence[Branch], str | None]:
    after = request.args.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 7 else 0  # noqa: PLR2004
    end = start + page_length(ROWS)
    return branches[start:end], str(end) if end < len(branches) else None


def _columns(measures: Sequence[Measure], compared: Compared | None) -> list[tuple[str, str, bool, str]]:
    """Head the table; in a file, a figure compared with and the counts stand in columns of their own."""
    files = are_whole()
    heads = [("", _("单位"), False, "")]
    for one in measures:
        heads.append((one.key, label_of(one), True, "num"))
        if files and compared is not None:
            heads.append(("", f"{label_of(one)} {said_period(compared.period)}", False, "num"))
    heads.append(("", _("计入"), False, "num"))
    if files:
        heads += [("", word, False, "num") for word in (_("应报"), *(_(BEHIND_LABELS[one]) for one in _IN_FILES))]
    return heads


_IN_FILES = (Behind.COUNTED, Behind.NIL, Behind.WAITING, Behind.RETURNED, Behind.OVERDUE, Behind.MISSING)


def _counts_shown(counts: Counts) -> list[tuple[Behind, int]]:
    """Give what is said of who is in and who is not; nothing that is nobody."""
    found = [(one, getattr(counts, one.value)) for one in Behind if one not in {Behind.ALL, Behind.OUTDATED}]
    return [(one, count) for one, count in found if count or one is Behind.COUNTED]


def _line_words(scope: Scope, view: View) -> list[tuple[str, str, bool]]:
    if len(view.lines) < 2:  # noqa: PLR2004 - a choice needs two
        return []
    known = structure(scope)
    found = []
    for line in known.lines:
        code = None if line.primary else line.code
        if code in view.lines:
            word = line.name.en if current_language() == "en" and line.name.en else line.name.zh
            found.append((line.code, word, code == view.node.line))
    return found


def _chart_measure(view: View) -> Measure | None:
    wanted = request.args.get("field", "")
    return next((one for one in view.measures if one.key == wanted), view.measures[0] if view.measures else None)


def _chart(view: View, found: NodeTotals, compared: Compared | None) -> dict[str, Any] | None:
    """Describe the bars of one field by unit, beside those of the period it is compared with."""
    measure = _chart_measure(view)
    rows = [one for one in found.branches if not one.is_own][:CHART_ROWS]
    if measure is None or len(rows) < 2:  # noqa: PLR2004 - one bar says nothing
        return None
    series = [_series(said_periods(view.chosen), [one.totals[measure.key].figure for one in rows])]
    if compared is not None:
        series.append(_series(said_period(compared.period), [compared.figure(one, measure.key) for one in rows], tone="off"))
    names = [_bar_name(one, one.totals[measure.key].figure) for one in rows]
    return {"kind": "bar", "categories": names, "series": series, "unit": measure.unit}


def _bar_name(branch: Branch, figure: Any) -> str:
    """Name a bar; one whose figure is no exact number says so: a bar cannot show "more than"."""
    name = branch.unit.short_name if branch.unit and branch.unit.short_name else branch.name
    is_exact = not isinstance(figure, Quantity) or figure.qualifier is Qualifier.EXACT
    return name if is_exact else f"{name} {said_figure(figure)}"


def _series(name: str, figures: Sequence[Any], tone: str = "todo") -> dict[str, Any]:
    return {"name": name, "tone": tone, "data": [one.number if isinstance(one, Quantity) else None for one in figures]}


def list_units(requirement_id: UUID) -> ResponseReturnValue:
    """List the units behind a figure, each with what it answered; ?which= and ?answer= keep some of them."""
    scope = current_scope()
    view = view_of(scope, wish_in(requirement_id))
    measure = next((one for one in view.measures if one.key == request.args.get("field", "")), None)
    which: Behind = chosen_code(Behind, "which", Behind.ALL)
    answer: Answer | None = chosen_code(Answer, "answer", None)
    shown = [measure] if measure and not measure.table else [one for one in view.measures if not one.table]

    def read(after: str | None) -> Page[Line]:
        return units_behind(scope, view, which=which, answer=answer, measure=measure, after=after)

    return render_template(
        "rollup/units.html",
        view=view,
        page=read(request.args.get("after")),
        measure=measure,
        shown=shown,
        which=which,
        answer=answer,
        whiches=[(_(label), one.value) for one, label in BEHIND_LABELS.items() if one is not Behind.OUTDATED or taken_from(view)],
        answers=[(_(label), one.value) for one, label in ANSWER_LABELS.items()],
        carried=carried(view),
        said_value=said_value,
        **_words(),
    )


def said_value(measure: Measure, value: Any) -> str:
    """Write one unit's answer."""
    said = as_shown(measure.spec, value, english=current_language() == "en")
    return {"yes": _("是"), "no": _("否")}.get(said, said) if isinstance(value, bool) else said


def set_rule(requirement_id: UUID) -> ResponseReturnValue:
    """Change how a unit and units below it count together."""
    try:
        rule = Rule(request.form.get("rule", ""))
    except ValueError as error:
        raise InvalidInputError(fields={"rule": [Text(N_("请从给出的选项中选择"))]}) from error
    with work() as scope:
        version = request.form.get("version", 0, type=int)
        operations.set_counting_rule(scope, requirement_id=requirement_id, rule=rule, version=version)
    flash(_("计数规则已更改，所有汇总即时按新规则计算。"), "success")
    return redirect(url_for("rollup.show_totals", requirement_id=requirement_id), 303)
