"""Reading the matrix: classes of roles, rules, rows; and what of it makes a cell."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.matrix.places import APART, BELOW, LINE, LINE_BELOW, POSITIONS, SELF
from tests.matrix.stage import FORMER, LENT, NONE, SUBJECT, SUSPENDED, House, Thing

HERE = Path(__file__).parent
ALLOW, FORBID, HIDE, CONFLICT, AWAY, DOOR, CANNOT = "A", "F", "N", "C", "R", "D", "."
WORDS = {ALLOW: "allowed", FORBID: "403", HIDE: "404", CONFLICT: "409", AWAY: "sent elsewhere", DOOR: "sent to the door"}
PLACES = ("C", "T1", "D1", "V11", "E11", "V1")
"""Where objects are tried; the units beside them only lend theirs for swapping."""
_TOKEN = re.compile(r"<([a-z]+)(\^|@[A-Z0-9]+)?(?::([a-z_]+))?>")
Answers = Mapping[str, Mapping[str, str]]
PART = os.environ.get("MATRIX_PART", "1/1")
"""Which part of what is only asked by night this run asks: MATRIX_PART=2/4 every fourth row and check, beginning with the second."""
T = TypeVar("T")


def of_this_part(some: Sequence[T]) -> Sequence[T]:
    """Give those of this run's part."""
    part, parts = (int(number) for number in PART.split("/"))
    return some[part - 1 :: parts]


@dataclass(frozen=True)
class Row:
    """One door (endpoint and method), how it is addressed and under which rule it answers."""

    id: str
    door: str
    method: str
    rule: str
    of: str | None = None
    at: tuple[str, ...] | None = None
    address: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    read: str = ""
    """The door whose ETag the change must send as If-Match, with what it is addressed by where that differs."""
    read_address: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[int, ...] = ()
    """Statuses that mean yes; empty: 200 for a reading, a finished change for a writing."""
    kinds: tuple[str, ...] = ("county", "expressway", "street")
    unaudited: str = ""
    """Why a change through this door leaves no audit row (decision 13)."""
    shows: tuple[str, ...] = ()
    """Kinds of object whose titles may stand in the answer beyond what the reader may open."""
    by_token: bool = True
    """Whether a program's token may do it at all; no page may be opened by one."""
    local: str = ""
    """Why strangers are not asked: the address means something of their own to them."""
    why: str = ""

    @property
    def is_api(self) -> bool:
        """Whether it is a program's door."""
        return self.door.partition(".")[0] == "session" or "api" in self.door.partition(".")[0].split("-")

    @property
    def is_change(self) -> bool:
        """Whether the method changes things."""
        return self.method not in {"GET", "HEAD"}


@cache
def classes() -> dict[str, str]:
    """Give the class of every role."""
    found = yaml.safe_load((HERE / "classes.yaml").read_text())
    return {role: name for name, roles in found.items() for role in roles}


@cache
def rules() -> dict[str, dict[str, dict[str, str]]]:
    """Give the rules: rule → class → position (or "here") → answer."""
    made: dict[str, dict[str, dict[str, str]]] = {}
    for name, lines in yaml.safe_load((HERE / "rules.yaml").read_text()).items():
        made[name] = {}
        for who, text in lines.items():
            answers = text.split()
            positions = POSITIONS if len(answers) == len(POSITIONS) else ("here",)
            if len(answers) != len(positions) or set(answers) - {ALLOW, FORBID, HIDE, CONFLICT, AWAY, DOOR, CANNOT}:
                raise ValueError(f"{name}: {who}: {text}")
            made[name][who] = dict(zip(positions, answers, strict=True))
    return made


@cache
def second_line() -> dict[str, str]:
    """Give the answers to a superior in a second line, by rule."""
    return dict(yaml.safe_load((HERE / "second-line.yaml").read_text()))


@cache
def rows() -> tuple[Row, ...]:
    """Read every row of every feature."""
    found = []
    for path in sorted(HERE.glob("rows/*.yaml")):
        for raw in yaml.safe_load(path.read_text()) or ():
            given = {name: tuple(value) if isinstance(value, list) and name in _TUPLES else value for name, value in raw.items()}
            name = given.pop("name", "")
            row_id = f"{path.stem}:{given['method']} {given['door']}{' ' + name if name else ''}"
            found.append(Row(id=row_id, **given))
    return tuple(found)


_TUPLES = {"at", "allowed", "kinds", "shows"}


@cache
def public() -> dict[str, str]:
    """Give the doors open to everybody, with the reason."""
    return dict(yaml.safe_load((HERE / "public.yaml").read_text()))


@dataclass(frozen=True)
class Cell:
    """One question: this row, for the object at this place, asked by this person, and the answer it must get."""

    row: Row
    place: str | None
    who: str
    """A key of the house's people, `away:` before a stranger's, `anonymous` for nobody."""
    position: str
    expected: str

    def __str__(self) -> str:
        return f"{self.row.id} at {self.place} by {self.who} ({self.position}): {WORDS[self.expected]}"


ANONYMOUS = "anonymous"
STRANGERS = ("C", "T1", "V11", "V1")


def class_of(who: str) -> str:
    """Give the class of a person by their key."""
    return NONE if who in {NONE, FORMER} else classes()[who.partition("@")[0]]  # a lent role answers as its own


def expected(rule: str, house: House, who: str, thing: Thing | None) -> tuple[str, str]:
    """Give the position of a person to a thing and the answer the rule writes for it."""
    by_class = rules()[rule]
    if thing is None:
        return "here", by_class[class_of(who)]["here"]
    if thing.owner is not None and thing.owner == who:
        return SELF, by_class[SELF]["here"]
    place = who.partition("@")[2].removesuffix(LENT)
    position = house.tree.position(place, thing.place, thing.to) if place else "apart"
    if position == LINE:
        return LINE, second_line().get(rule, HIDE) if class_of(who).startswith("line-") else by_class[class_of(who)][APART]
    if position == LINE_BELOW:  # what a superior in whatever line publishes is read below it; nothing is built on it
        answer = by_class[class_of(who)][BELOW]
        return LINE_BELOW, FORBID if rule == "programme.take-up" and answer == ALLOW else answer
    return position, by_class[class_of(who)][position]


def things_of(row: Row, house: House) -> list[str | None]:
    """List the places of a row's object in a house."""
    if row.of is None:
        return [None]
    return [place for place in (row.at or PLACES) if (row.of, place) in house.things]


def cells_of(row: Row, house: House, foreign: House) -> Iterator[Cell]:
    """List the cells of a row: every person of the house, somebody of each class of the other, nobody."""
    for place in things_of(row, house):
        thing = house.things[row.of, place] if row.of and place else None
        for who in house.people:
            if who == SUSPENDED:
                yield Cell(row, place, who, "suspended", DOOR)
            elif not who.startswith(SUBJECT) or (thing is not None and thing.owner == who):
                yield Cell(row, place, who, *expected(row.rule, house, who, thing))
        yield Cell(row, place, ANONYMOUS, ANONYMOUS, DOOR)
        if thing is not None and not row.local:
            for who in foreign.people:
                if who.partition("@")[2] in STRANGERS and not who.startswith(SUBJECT):
                    yield Cell(row, place, f"away:{who}", "other tenant", HIDE)


def resolve(value: Any, house: House, place: str | None, swap: Mapping[str, str] | None = None) -> Any:
    """
    Put ids and other facts of things into a value.

    Takes: `<duty>` the thing of that kind at the cell's place, `<unit^>` the one at its superior, `<unit@C>` at a named
    place, `<letter:digest>` a fact of it; `swap` other ids by token, for the substitution of ids.
    """
    if isinstance(value, Mapping):
        return {resolve(key, house, place, swap): resolve(inner, house, place, swap) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolve(inner, house, place, swap) for inner in value]
    if not isinstance(value, str):
        return value
    if value.startswith("="):
        return value[1:]
    whole = _TOKEN.fullmatch(value)
    if whole:
        return _fact(whole, house, place, swap)
    return _TOKEN.sub(lambda match: str(_fact(match, house, place, swap)), value)


def tokens(value: Any) -> Iterator[str]:
    """List the tokens that stand for an id in a value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from tokens(key)
            yield from tokens(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from tokens(inner)
    elif isinstance(value, str):
        yield from (match.group(0) for match in _TOKEN.finditer(value) if match.group(3) in {None, "requirement", "share"})


def thing_of(token: str, house: House, place: str | None) -> Thing:
    """Give the thing a token names."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise ValueError(token)
    kind, where, _ = match.groups()
    at = where[1:] if where and where.startswith("@") else place
    if where == "^" and place is not None:
        at = house.tree.parents[place]
    return house.things[kind, at or "C"]


def _fact(match: re.Match[str], house: House, place: str | None, swap: Mapping[str, str] | None) -> Any:
    token, fact = match.group(0), match.group(3)
    if swap and token in swap:
        return swap[token]
    thing = thing_of(token.replace(f":{fact}", ""), house, place) if fact else thing_of(token, house, place)
    found = thing.more[fact] if fact else thing.id
    return found if isinstance(found, int) else str(found)
