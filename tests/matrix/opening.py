"""Taking the program's checks away one at a time: which cells come by each, and whether the matrix tells."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from tests.matrix.locks import LIST, Locks
from tests.matrix.rows import ALLOW, Cell, cells_of
from tests.matrix.running import BEARER, COOKIE, TOKEN, Asker, Outcome
from tests.matrix.stage import Stage

locks = Locks()
Asked = tuple[str, Cell, str]
"""Kind of tenant, cell, way in."""
Complaints = Callable[[Cell, Outcome, Stage], Iterator[str]]
FIRST, THEN = 120, 240
"""How many of the cells that came by are asked without the check, and how many others of their rows after them."""


@dataclass
class Passages:
    """Which cells came by which lock."""

    by_lock: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))
    held_by: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))
    """Those among them to whom it said something else than it would if open."""
    first_by: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))
    """Those among these to whom it was the first to do so: what came after may be the page that says no."""

    def note(self, kind: str, cell: Cell, auth: str) -> None:
        """Remember what the last request came by."""
        asked = (kind, cell, auth)
        for key in locks.passed:
            self.by_lock[key].append(asked)
        for key in locks.held:
            self.held_by[key].append(asked)
        for key in [*locks.held][:1]:
            self.first_by[key].append(asked)
        locks.passed.clear()
        locks.held.clear()

    def likely(self, key: str) -> list[Asked]:
        """List the cells that can notice, most likely first: those it was the first to stop, then the refused ones, row by row."""
        ordered = [*_in_turn(self.first_by.get(key, ())), *_in_turn(self.held_by.get(key, ()))]
        return list({id(asked): asked for asked in ordered}.values())

    def others(self, key: str, askers: dict[str, Asker]) -> Iterator[Asked]:
        """Go through all cells of the rows that came by."""
        rows = {(kind, cell.row.id): cell.row for kind, cell, _ in self.by_lock.get(key, ())}
        found = [
            (kind, cell, auth)
            for (kind, _), row in rows.items()
            for cell in cells_of(row, askers[kind].stage.own, askers[kind].stage.foreign)
            for auth in ((BEARER, COOKIE, TOKEN) if row.is_api and row.by_token else (BEARER, COOKIE))
        ]
        yield from _in_turn(found)


def _in_turn(asked: "list[Asked] | tuple[()]") -> list[Asked]:
    turns: Counter[tuple[str, str, bool]] = Counter()
    ordered = []
    for number, each in enumerate(asked):
        allowed = each[1].expected == ALLOW
        group = (each[0], each[1].row.id, allowed)
        ordered.append((turns[group] + (3 if allowed else 0), number, each))
        turns[group] += 1
    return [each for *_, each in sorted(ordered, key=lambda entry: entry[:2])]


@dataclass(frozen=True)
class Verdict:
    """What became of a check taken away: `told` by a complaint, held by a `second` check, `silent`, or `unmet` by any cell."""

    word: str
    by: str = ""


def judge(key: str, askers: dict[str, Asker], passages: Passages, complaints: Complaints, *, deep: bool = True) -> Verdict:
    """Take one check away and ask the cells that come by it; `deep`: all others of their rows, and checks two at a time."""
    if not passages.by_lock.get(key):
        return Verdict("unmet")
    likely = passages.likely(key)
    found = _first_complaint((key,), likely[:FIRST], askers, complaints)
    if not found and deep:
        found = _first_complaint((key,), islice(passages.others(key, askers), THEN), askers, complaints)
    if found:
        return Verdict("told", found)
    second = _second(key, likely[:FIRST], askers, complaints) if deep and locks.all[key].kind != LIST else ""
    return Verdict("second", second) if second else Verdict("silent")


def _first_complaint(
    keys: tuple[str, ...], cells: "Iterator[Asked] | list[Asked]", askers: dict[str, Asker], complaints: Complaints
) -> str:
    for kind, cell, auth in cells:
        asker = askers[kind]
        tags = dict(asker.tags)
        try:
            with locks.without(*keys):
                outcome = asker.ask(cell, auth=auth)
        except Exception as error:  # noqa: BLE001 - whatever breaks behind an open door is told too
            return f"{cell}: {type(error).__name__}"
        finally:
            asker.tags = tags
        for wrong in complaints(cell, outcome, asker.stage):
            return wrong
    return ""


def _second(key: str, cells: list[Asked], askers: dict[str, Asker], complaints: Complaints) -> str:
    """Name another check that refuses the same request: with both away it is told."""
    tried: set[str] = set()
    for kind, cell, auth in [each for each in cells if each[1].expected != ALLOW][:12]:
        locks.passed.clear()
        with locks.without(key):
            askers[kind].ask(cell, auth=auth)
        for other in sorted(locks.passed - {key} - tried):
            tried.add(other)
            asked = [(kind, cell, auth)]
            if not _first_complaint((other,), asked, askers, complaints) and _first_complaint(
                (key, other), asked, askers, complaints
            ):
                return other
    return ""


passages = Passages()
