"""How the state of a duty looks: word, icon and tone, for badges and for the cells of the matrix."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from duban.calendar.lateness import Timeliness
from duban.calendar.periods import PeriodKind
from duban.reporting.queries import Matrix, MatrixCell, MatrixColumn
from duban.reporting.states import DUTY_LABELS, DUTY_LOOKS, DutyState
from duban.tree.models import Unit
from duban.web.errors import translate
from duban.web.filters import day_short, due_tone, due_words, link_to, links_to
from duban.web.i18n import current_language
from duban.web.i18n import gettext as _
from duban.web.matrix import Cell

Links = Callable[[UUID], str | None]


def look_of_cell(cell: MatrixCell, *, url: str | None) -> Cell:
    """Say in one cell how a unit stands: days where they matter, else the state's own word."""
    hint = _("%(day)s 截止", day=day_short(cell.due_on))
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


def matrix_rows(matrix: Matrix) -> Sequence[Mapping[str, object]]:
    """Lay the units out as the interface kit's matrix takes them."""
    held: dict[UUID, dict[str, MatrixCell]] = {unit.id: {} for unit in matrix.units}
    for (unit_id, key), cell in matrix.cells.items():
        held[unit_id][key] = cell
    unit_url, duty_url = links_to("dashboards.supervision", "unit_id"), links_to("reporting.show_duty", "duty_id")
    looks: dict[tuple[object, ...], Cell] = {}
    return [_row(unit, held[unit.id], unit_url, duty_url, looks) for unit in matrix.units]


def _row(
    unit: Unit, cells: Mapping[str, MatrixCell], unit_url: Links, duty_url: Links, looks: dict[tuple[object, ...], Cell]
) -> Mapping[str, object]:
    """Takes: `looks` as found so far, for most cells of a matrix look like one drawn before."""
    late = sum(cell.is_overdue for cell in cells.values())
    shown = {}
    for key, cell in cells.items():
        sort = (cell.due_on, cell.state, cell.timeliness, cell.late_days, cell.is_overdue)
        look = looks.get(sort) or looks.setdefault(sort, look_of_cell(cell, url=None))
        shown[key] = Cell(look.word, look.icon, look.tone, duty_url(cell.duty_id), look.hint)
    return {
        "label": unit.short_name or unit.name,
        "url": unit_url(unit.id),
        "note": _("逾期 %(n)s 件", n=late) if late else "",
        "late": late,
        "cells": shown,
    }


def matrix_columns(matrix: Matrix, *, may_urge: bool) -> Sequence[Mapping[str, object]]:
    """Head the columns: title, due date, and the button that urges all who are late there."""
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
