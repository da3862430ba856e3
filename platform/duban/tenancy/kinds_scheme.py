"""
The scoring scheme of a kind, as plain data. Its meaning is checked where it is used (`duban.assessments`), which lies above
this layer; here it must have the shape, and every code must be its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from duban.tenancy.kinds_reading import Name, Place, check_unique

REQUIRED = ("code", "version", "name", "full_score", "items", "grades", "veto_grade", "vetoes")
OPTIONAL = ("floor", "cap", "rounding", "ties", "quota", "roll_up", "effects")

SchemeReader = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True)
class SchemeTemplate:
    """A scheme as written in scheme.yaml; `data` is what the scheme loader of the assessments takes."""

    code: str
    version: int
    name: Name
    data: Mapping[str, Any]


def read_scheme(place: Place) -> SchemeTemplate:
    """Read scheme.yaml."""
    keys = place.mapping(required=REQUIRED, optional=OPTIONAL)
    items = keys["items"].items() if "items" in keys else []
    for what, members in (("item", items), ("grade", _members(keys, "grades")), ("veto rule", _members(keys, "vetoes"))):
        check_unique([(code.text(), code) for code in (_code(member, what) for member in members) if code is not None], what)
    grades = {code.text() for code in (_own(member, "code") for member in _members(keys, "grades")) if code is not None}
    if "veto_grade" in keys:
        keys["veto_grade"].one_of(grades, "a grade")
    if "full_score" in keys:
        _check_sum(keys["full_score"], items)
    return SchemeTemplate(
        code=keys["code"].code() if "code" in keys else "",
        version=keys["version"].whole(lowest=1) if "version" in keys else 0,
        name=keys["name"].name() if "name" in keys else Name("", ""),
        data=place.plain(),
    )


def _members(keys: Mapping[str, Place], key: str) -> list[Place]:
    return keys[key].items() if key in keys else []


def _own(place: Place, key: str) -> Place | None:
    return place.entries().get(key)


def _code(place: Place, what: str) -> Place | None:
    code = _own(place, "code")
    if code is None:
        place.complain(f"code is missing: every {what} has one")
    return code


def _check_sum(full_score: Place, items: list[Place]) -> None:
    points = [place for place in (_own(item, "points") for item in items) if place is not None]
    together = sum(place.number() for place in points)
    if together != full_score.number():
        full_score.complain(f"is not the sum of the items' points, {together}")
