"""Tabs and columns the templates of this feature draw."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for

from duban.reporting.adding import Measure
from duban.rollup.asking import View
from duban.rollup.behind import Answer, Behind
from duban.rollup.states import Stands
from duban.rollup.wording import label_of
from duban.web.filters import same_page
from duban.web.i18n import gettext as _

Tab = tuple[str, str, bool, None]


def tabs_for_templates() -> dict[str, object]:
    """Give every template of this feature its tabs."""
    return {
        "heads_tabs": heads_tabs,
        "which_tabs": which_tabs,
        "answer_tabs": answer_tabs,
        "stand_tabs": stand_tabs,
        "measure_columns": measure_columns,
    }


def heads_tabs(view: View, carried: Mapping[str, Any]) -> list[Tab]:
    """Give a tab for each of the actor's own units."""
    return [
        (
            unit.short_name or unit.name,
            url_for("rollup.show_totals", requirement_id=view.requirement.id, **{**carried, "unit": str(unit.id), "line": None}),
            unit.id == view.node.unit.id,
            None,
        )
        for unit in view.heads
    ]


def which_tabs(tabs: Sequence[tuple[str, str]], chosen: Behind) -> list[Tab]:
    """Give a tab for each way a unit may stand to a figure."""
    return [(word, same_page(which=code, after=None, answer=None), code == chosen.value, None) for word, code in tabs]


def answer_tabs(tabs: Sequence[tuple[str, str]], chosen: Answer | None) -> list[Tab]:
    """Give a tab for each way a field may be answered, and one for all."""
    found: list[Tab] = [(_("全部"), same_page(answer=None, after=None), chosen is None, None)]
    found += [
        (word, same_page(answer=code, after=None), chosen is not None and code == chosen.value, None) for word, code in tabs
    ]
    return found


def stand_tabs(labels: Mapping[Stands, str], chosen: Stands) -> list[Tab]:
    """Give a tab for each number of the rates."""
    return [(_(label), same_page(which=code.value, after=None), code is chosen, None) for code, label in labels.items()]


def measure_columns(measures: Sequence[Measure]) -> list[tuple[str, str, bool, str]]:
    """Head a column for each field."""
    return [(one.key, label_of(one), False, "num") for one in measures]
