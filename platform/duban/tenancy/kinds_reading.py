"""
Reading data files so that every mistake is named by file, line and field, and all of them at once.

A `Place` is a value in a YAML file together with where it stands. Its readers never raise: they note a problem and give
something harmless, so that reading goes on and finds the next mistake.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

_CODE = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_TRUTH = {"true": True, "false": False}
_YES = frozenset({"true", "yes", "on"})


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a data file. `line` counts from 1; `field` is the way to it, e.g. levels[2].under.territorial[0]."""

    file: str
    line: int
    field: str
    text: str

    @property
    def line_of_text(self) -> str:
        """Write it the way editors and terminals make clickable."""
        return f"{self.file}:{self.line}: {self.field}: {self.text}"


class KindError(Exception):
    """A kind of tenant cannot be used; `problems` lists every mistake found, in the order of the files."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(problem.line_of_text for problem in self.problems))


@dataclass(frozen=True)
class Name:
    """A name in both languages."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Give the English name for `en`, else the Chinese one, which is the source language."""
        return self.en if language.startswith("en") else self.zh


@dataclass(frozen=True)
class Place:
    """A value in a data file, with where it stands and where its mistakes are collected."""

    node: yaml.Node
    file: str
    field: str
    problems: list[Problem]

    @property
    def line(self) -> int:
        """Line in the file, from 1."""
        return int(self.node.start_mark.line) + 1

    def complain(self, text: str) -> None:
        """Note a mistake here."""
        self.problems.append(Problem(self.file, self.line, self.field or "(file)", text))

    def mapping(self, *, required: Collection[str] = (), optional: Collection[str] = ()) -> "dict[str, Place]":
        """Give the values by key; unknown, double and missing keys are mistakes."""
        values: dict[str, Place] = {}
        if not isinstance(self.node, yaml.MappingNode):
            self.complain("must be a mapping of keys to values")
            return values
        for key_node, value_node in self.node.value:
            key = str(key_node.value)
            place = Place(value_node, self.file, f"{self.field}.{key}" if self.field else key, self.problems)
            if key not in required and key not in optional:
                known = ", ".join(sorted({*required, *optional}))
                Place(key_node, self.file, place.field, self.problems).complain(f"unknown key; known here are {known}")
            elif key in values:
                Place(key_node, self.file, place.field, self.problems).complain("is given twice")
            else:
                values[key] = place
        for key in required:
            if key not in values:
                self.complain(f"{key} is missing")
        return values

    def entries(self) -> "dict[str, Place]":
        """Give the values by key, whatever the keys are."""
        if not isinstance(self.node, yaml.MappingNode):
            self.complain("must be a mapping of keys to values")
            return {}
        return self.mapping(optional={str(key.value) for key, _ in self.node.value})

    def items(self) -> "list[Place]":
        """Give the members of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.complain("must be a list")
            return []
        return [Place(node, self.file, f"{self.field}[{n}]", self.problems) for n, node in enumerate(self.node.value)]

    def text(self) -> str:
        """Give a text that is not blank."""
        if not isinstance(self.node, yaml.ScalarNode) or not str(self.node.value).strip():
            self.complain("must be a text")
            return ""
        return str(self.node.value).strip()

    def code(self) -> str:
        """Give a code: lower-case letters, digits, underscore."""
        value = self.text()
        if value and not _CODE.fullmatch(value):
            self.complain(f"{value!r} is not a code: lower-case letters, digits, underscores, starting with a letter")
        return value

    def one_of(self, known: Collection[str], what: str) -> str:
        """Give a text that is among `known`; `what` names them in the message."""
        value = self.text()
        if value and value not in known:
            self.complain(f"{value!r} is not {what}; known are {', '.join(sorted(known))}")
        return value

    def several_of(self, known: Collection[str], what: str) -> tuple[str, ...]:
        """Give a list of texts that are all among `known`, none twice."""
        values: list[str] = []
        for item in self.items():
            value = item.one_of(known, what)
            if value in values:
                item.complain(f"{value!r} is given twice")
            values.append(value)
        return tuple(values)

    def flag(self) -> bool:
        """Give true or false."""
        value = str(self.node.value).lower() if isinstance(self.node, yaml.ScalarNode) else ""
        if value not in _TRUTH:
            self.complain("must be true or false")
        return _TRUTH.get(value, False)

    def number(self, *, lowest: Decimal | None = None, highest: Decimal | None = None) -> Decimal:
        """Give a decimal number, exactly as written."""
        try:
            value = Decimal(str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else "")
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self.complain("must be a number")
            return Decimal(0)
        if (lowest is not None and value < lowest) or (highest is not None and value > highest):
            self.complain(f"must be from {lowest} to {highest}")
        return value

    def whole(self, *, lowest: int = 0, highest: int = 10_000) -> int:
        """Give a whole number."""
        value = self.number(lowest=Decimal(lowest), highest=Decimal(highest))
        if value != value.to_integral_value():
            self.complain("must be a whole number")
        return int(value)

    def name(self) -> Name:
        """Give a name in both languages: {zh: …, en: …}."""
        values = self.mapping(required=("zh", "en"))
        return Name(zh=values["zh"].text() if "zh" in values else "", en=values["en"].text() if "en" in values else "")

    def plain(self) -> Any:
        """Give the value as plain Python data, for a reader that has its own messages."""
        return _plain(self.node)

    def at(self, way: str) -> "Place":
        """Find the place `way` leads to, e.g. options[2].code; the nearest that exists when it leads nowhere."""
        place = self
        for key, position in _STEP.findall(way):
            step = place._step(key, int(position) if position else -1)
            if step is None:
                return Place(place.node, self.file, f"{self.field}.{way}", self.problems)
            place = step
        return place

    def _step(self, key: str, position: int) -> "Place | None":
        if key and isinstance(self.node, yaml.MappingNode):
            found = [value for name, value in self.node.value if name.value == key]
            return Place(found[0], self.file, f"{self.field}.{key}", self.problems) if found else None
        if not key and isinstance(self.node, yaml.SequenceNode) and position < len(self.node.value):
            return Place(self.node.value[position], self.file, f"{self.field}[{position}]", self.problems)
        return None


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if node.tag == "tag:yaml.org,2002:int":
        return int(node.value)
    if node.tag == "tag:yaml.org,2002:bool":
        return str(node.value).lower() in _YES
    # A float or a date stays the text that was written: nothing is rounded or guessed on the way in.
    return None if node.tag == "tag:yaml.org,2002:null" else str(node.value)


def open_file(path: Path, shown: str, problems: list[Problem]) -> Place | None:
    """Read a YAML file to its first place. Gives: None, with the problem noted, where there is nothing to read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(shown, 1, "(file)", f"cannot be read: {error}"))
        return None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.append(Problem(shown, mark.line + 1 if mark else 1, "(file)", f"is not YAML: {error.problem}"))
        return None
    if node is None:
        problems.append(Problem(shown, 1, "(file)", "is empty"))
        return None
    return Place(node, shown, "", problems)


def check_unique(places: Mapping[str, Place] | Sequence[tuple[str, Place]], what: str) -> None:
    """Note every code that was used before."""
    seen: set[str] = set()
    for code, place in places.items() if isinstance(places, Mapping) else places:
        if code and code in seen:
            place.complain(f"{what} {code!r} is used twice")
        seen.add(code)
