"""Answers in the cells of a workbook: what a person sees there, and how it is read back."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from duban.fields.parsing import parse
from duban.fields.problems import Problem
from duban.fields.quantities import NotApplicable, Quantity, Value
from duban.fields.shapes import FieldSpec, Kind
from duban.fields.values import as_shown, as_typed

Cell = str | int | Decimal | date | None

_SERIAL = re.compile(r"[0-9]{5}")
_WITH_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T][0-9:.]+")
_FIRST_DAY = date(1899, 12, 30)
"""Day 0 of Excel's calendar, as its days after February 1900 count."""
YES, NO = "是", "否"
_IN_ENGLISH = {YES: "Yes", NO: "No"}


def from_cell(spec: FieldSpec, text: str) -> str:
    """
    Give what a cell says in the way it would be typed.

    A day that Excel shows as a number (46000) is that day again; a time of day behind a date is left out.
    """
    text = text.strip()
    if spec.kind is Kind.DATE:
        if _SERIAL.fullmatch(text):
            return (_FIRST_DAY + timedelta(days=int(text))).isoformat()
        with_time = _WITH_TIME.fullmatch(text)
        return with_time[1] if with_time else text
    if spec.kind is Kind.YES_NO and text.lower() in {"y", "n"}:
        return "yes" if text.lower() == "y" else "no"
    return text


def to_cell(spec: FieldSpec, typed: str, *, english: bool = False) -> Cell:
    """Give the cell for something typed: a number, a day or a label where it can be read, else the very text."""
    value = parse(spec, typed)
    if isinstance(value, Problem) or value is None:
        return typed or None
    return shown_cell(spec, value, english=english)


def shown_cell(spec: FieldSpec, value: Value, *, english: bool = False) -> Cell:
    """Give the cell for an answer; rows of a table have cells of their own."""
    if isinstance(value, bool):
        return yes_no(is_yes=value, english=english)
    if isinstance(value, Quantity | NotApplicable):
        return as_typed(value)
    if isinstance(value, tuple):
        return as_shown(spec, value, english=english)
    return as_shown(spec, value, english=english) if spec.kind is Kind.CHOICE else value


def yes_no(*, is_yes: bool, english: bool) -> str:
    """Give the word for yes or no."""
    word = YES if is_yes else NO
    return _IN_ENGLISH[word] if english else word


def typed_in(spec: FieldSpec, typed: Mapping[str, str], name: str) -> str:
    """Give what was typed for a question under a page's names as one text: ticked boxes as their codes."""
    if spec.kind is not Kind.MULTI_CHOICE or typed.get(name):
        return typed.get(name, "")
    return ",".join(option.code for option in spec.options if typed.get(f"{name}.{option.code}"))
