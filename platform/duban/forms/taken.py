"""
Codes a form has given out: they are never given again, so that an answer never becomes that to another question. Pure.

One set of names: a field "f6", a column "f3.f2", a check "#check1", an option "f4=o2" or "f3.f2=o2".
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from duban.forms.designs import Design, Row, option_codes


def taken_by(specs: Iterable[Mapping[str, Any]], design: Design) -> frozenset[str]:
    """Give the codes of published versions (as stored) and of what is being designed."""
    found = {name for spec in specs for name in _of_spec(spec)}
    return frozenset(found.union(_of_design(design)))


def _of_spec(spec: Mapping[str, Any]) -> Iterator[str]:
    for field in spec.get("fields", ()):
        key = field["key"]
        yield key
        yield from (f"{key}={option['code']}" for option in field.get("options", ()))
        for column in field.get("columns", ()):
            yield f"{key}.{column['key']}"
            yield from (f"{key}.{column['key']}={option['code']}" for option in column.get("options", ()))
    yield from (f"#{check['code']}" for check in spec.get("checks", ()))


def _of_design(design: Design) -> Iterator[str]:
    for row in design["fields"]:
        yield from _of_row(row, "")
        for column in row.get("columns") or ():
            yield from _of_row(column, f"{row.get('key')}.")
    yield from (f"#{check.get('code')}" for check in design["checks"])


def _of_row(row: Row, prefix: str) -> Iterator[str]:
    name = f"{prefix}{row.get('key')}"
    yield name
    yield from (f"{name}={code}" for code in option_codes(row).values())
