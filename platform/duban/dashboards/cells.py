"""How the state of a duty looks: word, icon and tone, for badges and for the cells of the matrix."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from duban.calendar.lateness import Timeliness
from duban.calendar.periods import PeriodKind
from duban.dashboards.gathering import Gathered, Table
from duban.reporting.queries import Matrix, MatrixCell, MatrixColumn
from duban.reporting.states import DUTY_LABELS, DUTY_LOOKS, UNIT_TO_ACT, DutyState
from duban.tree.models import Unit
from duban.web.errors import translate
from duban.web.filters import day_short, due_tone, due_words, instant, link_to, links_to
from duban.web.i18n import current_language
from duban.web.i18n import gettext as _
from duban.web.matrix import Cell

Links = Callable[[UUID], str | None]


def look_of_cell(cell: MatrixCell, *, url: str | None) -> Cell:
    """Say in one cell how a unit stands: days where they matter, else the state's own word."""
    hint = _("%(day)s 截止", day=day_short(cell.due_on))
    if cell.corrected_at is not None:
        icon, tone = DUTY_LOOKS[cell.state]
        told = _("%(day)s 已更正", day=instant(cell.corrected_at))
        return Cell(_("已更正"), "history", "warn" if cell.late_days else tone, url, f"{hint}{_('，')}{told}")
    if cell.is_overdue and cell.state is not DutyState.MISSING:
        return Cell(_("逾期 %(n)s 天", n=cell.late_days), "alert-triangle", "late", url, hint)
    if cell.state is DutyState.OPEN:
        return Cell(due_words(cell.due_on), "clock", due_tone(cell.due_on), url, hint)
    if cell.state is DutyState.ACCEPTED and cell.timeliness is Timeliness.LATE:
        return Cell(_("迟报 %(n)s 天", n=cell.late_days), "circle-check", "warn", url, hint)
    icon, tone = DUTY_LOOKS[cell.state]
    return Cell(_(DUTY_LABELS[cell.state]), icon, tone, url, hint)


def look_of_state(state: DutyState) -> tuple[str, str, str]:
    """Give word, icon and tone of a duty's state."""
    icon, tone = DUTY_LOOKS[state]
    return _(DUTY_LABELS[state]), icon, tone


def title_of(column: MatrixColumn) -> str:
    """Give the requirement's title in the page's language, with the period it speaks about."""
    title = column.title_en if current_language() == "en" and column.title_en else column.title
    return title if column.period.kind is PeriodKind.ONCE else title + _("（%(period)s）", period=translate(column.period.label))


def look_of_gathered(one: Gathered, *, url: str | None) -> Cell:
    """Say in one cell how far a unit is with all below it."""
    hint = _("%(day)s 截止", day=day_short(one.due_on))
    done = _("已报 %(n)s/%(total)s", n=one.handed_in, total=one.total)
    if one.late:
        return Cell(_("逾期 %(n)s 件", n=one.late) + _("，") + done, "alert-triangle", "late", url, hint)
    if one.accepted == one.total:
        return Cell(_("已通过 %(n)s/%(total)s", n=one.accepted, total=one.total), "circle-check", "done", url, hint)
    if one.waiting:
        return Cell(_("待审 %(n)s 件", n=one.waiting) + _("，") + done, "hourglass", "warn", url, hint)
    return Cell(done, "clock", due_tone(one.due_on), url, hint)


def matrix_rows(table: Table) -> Sequence[Mapping[str, object]]:
    """Lay the units out as the interface kit's matrix takes them."""
    matrix = table.matrix
    held: dict[UUID, dict[str, MatrixCell]] = {unit.id: {} for unit in matrix.units}
    for (unit_id, key), cell in matrix.cells.items():
        held[unit_id][key] = cell
    columns = {column.key: column for column in matrix.columns}
    gathered: dict[UUID, dict[str, tuple[Gathered, Cell]]] = {unit.id: {} for unit in matrix.units}
    for (unit_id, key), one in table.gathered.items():
        gathered[unit_id][key] = one, look_of_gathered(one, url=_behind(table, columns[key], unit_id))
    unit_url, duty_url = links_to("dashboards.supervision", "unit_id"), links_to("reporting.show_duty", "duty_id")
    drawing = _Rows(columns, unit_url, duty_url)
    return [drawing.row(unit, held[unit.id], gathered[unit.id]) for unit in matrix.units]


def _behind(table: Table, column: MatrixColumn, unit_id: UUID) -> str | None:
    return link_to(
        "dashboards.list_behind",
        unit=table.below,
        branch=unit_id,
        requirement=column.requirement_id,
        period=column.period.code,
        **{"from": table.due_from, "until": table.due_until},
    )


class _Rows:
    """Draws rows; most cells of a matrix look like one drawn before."""

    def __init__(self, columns: Mapping[str, MatrixColumn], unit_url: Links, duty_url: Links) -> None:
        self._columns, self._unit_url, self._duty_url = columns, unit_url, duty_url
        self._looks: dict[tuple[object, ...], Cell] = {}

    def row(
        self, unit: Unit, cells: Mapping[str, MatrixCell], gathered: Mapping[str, tuple[Gathered, Cell]]
    ) -> Mapping[str, object]:
        own = {key: cell for key, cell in cells.items() if key not in gathered}
        late = sum(cell.is_overdue for cell in own.values()) + sum(one.late for one, _cell in gathered.values())
        done = sum(cell.state not in UNIT_TO_ACT for cell in own.values()) + sum(
            one.handed_in for one, _cell in gathered.values()
        )
        total = len(own) + sum(one.total for one, _cell in gathered.values())
        shown = {key: cell for key, (_one, cell) in gathered.items()}
        for key, cell in own.items():
            look = self._look(cell, apart=cell.due_on != self._columns[key].due_on)
            shown[key] = Cell(look.word, look.icon, look.tone, self._duty_url(cell.duty_id), look.hint)
        return {
            "label": unit.short_name or unit.name,
            "url": self._unit_url(unit.id),
            "note": _("逾期 %(n)s 件", n=late) if late else "",
            "late": late,
            "brief": _("已报 %(n)s/%(total)s", n=done, total=total) if total else _("无任务"),
            "cells": shown,
        }

    def _look(self, cell: MatrixCell, *, apart: bool) -> Cell:
        """Takes: `apart` where the cell's date is another than its column's: it is said in the cell then."""
        sort = (cell.due_on, cell.state, cell.timeliness, cell.late_days, cell.is_overdue, cell.corrected_at, apart)
        look = self._looks.get(sort)
        if look is None:
            look = look_of_cell(cell, url=None)
            if apart:
                look = replace(look, word=look.word + _("（%(period)s）", period=look.hint))
            self._looks[sort] = look
        return look


def matrix_columns(matrix: Matrix, *, may_urge: bool) -> Sequence[Mapping[str, object]]:
    """Head the columns: title, due date of most, and the button that urges all who are late there."""
    return [
        {
            "key": column.key,
            "label": title_of(column),
            "url": link_to("reporting.show_requirement", requirement_id=column.requirement_id),
            "note": _("%(day)s 截止", day=day_short(column.due_on)),
            "late": column.late,
            "urge_url": link_to("dashboards.urge_column", requirement_id=column.requirement_id, period=column.period.code)
            if may_urge
            else None,
        }
        for column in matrix.columns
    ]
