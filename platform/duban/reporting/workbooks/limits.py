"""Headings of a workbook's columns, and the lists and limits Excel itself offers for them. At the edge."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from flask_babel import gettext as _
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from duban.fields.cells import yes_no
from duban.fields.shapes import FieldSpec, Kind
from duban.reporting.workbooks.layout import NIL
from duban.web.i18n import current_language

_LIST_CHARACTERS = 250
"""What Excel takes as a list written out in a rule."""
_LONGEST_PROMPT = 250


def label(spec: FieldSpec) -> str:
    """Name a question in the reader's language."""
    return (current_language() == "en" and spec.label_en) or spec.label


def label_with_unit(spec: FieldSpec | None) -> str:
    """Give the heading of a question's column: its unit, and a star where it must be answered."""
    if spec is None:
        return ""
    unit = spec.money_unit if spec.kind is Kind.MONEY else spec.unit
    return f"{label(spec)}{_('（%(words)s）', words=unit) if unit else ''}{' *' if spec.required else ''}"


def restrict(page: Worksheet, spec: FieldSpec | None, key: str, cells: str) -> None:
    """Give a column its list or limits. They warn and do not stop: what counts is judged on the way back."""
    rule = _rule(spec, key)
    if rule is None:
        return
    hint = (spec.hint_en if current_language() == "en" else "") or spec.hint if spec else ""
    if hint:
        rule.promptTitle, rule.prompt, rule.showInputMessage = label_with_unit(spec)[:30], hint[:_LONGEST_PROMPT], True
    rule.errorStyle = "warning"
    rule.error = _("与这一列的要求不符，请核对。")
    page.add_data_validation(rule)
    rule.add(cells)


def _rule(spec: FieldSpec | None, key: str) -> DataValidation | None:
    english = current_language() == "en"
    words = [yes_no(is_yes=True, english=english), yes_no(is_yes=False, english=english)]
    if spec is None:
        return _list_rule(words[:1]) if key == NIL else None
    if spec.kind is Kind.YES_NO:
        return _list_rule(words)
    if spec.kind is Kind.CHOICE:
        labels = [(english and option.label_en) or option.label for option in spec.options]
        return _list_rule([*labels, "N/A" if english else "不适用"] if spec.na_allowed else labels)
    if spec.kind in {Kind.INTEGER, Kind.DECIMAL, Kind.MONEY} and not spec.qualifiers and not spec.na_allowed:
        return _number_rule(spec)
    return DataValidation(allow_blank=True)


def _list_rule(words: Sequence[str]) -> DataValidation:
    written = ",".join(words)
    if len(written) > _LIST_CHARACTERS or any("," in word or '"' in word for word in words):
        return DataValidation(allow_blank=True)
    return DataValidation(type="list", formula1=f'"{written}"', allow_blank=True)


def _number_rule(spec: FieldSpec) -> DataValidation:
    kind: Literal["whole", "decimal"] = "whole" if spec.kind is Kind.INTEGER else "decimal"
    lowest, highest = (format(one, "f") if isinstance(one, Decimal) else None for one in (spec.minimum, spec.maximum))
    if lowest and highest:
        return DataValidation(type=kind, operator="between", formula1=lowest, formula2=highest, allow_blank=True)
    if highest:
        return DataValidation(type=kind, operator="lessThanOrEqual", formula1=highest, allow_blank=True)
    return DataValidation(type=kind, operator="greaterThanOrEqual", formula1=lowest or "-999999999999999", allow_blank=True)
