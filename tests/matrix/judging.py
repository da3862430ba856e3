"""What is wrong with an answer: another one than written, a change that should not be, a title that its reader may not see."""

import re
from collections.abc import Iterator

from tests.matrix.rows import ALLOW, DOOR, Cell, expected
from tests.matrix.running import Outcome
from tests.matrix.stage import Stage

SEEN = {
    "unit": "unit.named", "document": "published.read", "docfile": "published.read", "programme": "published.read",
    "draft": "draft.read", "requirement": "published.read", "asked": "published.read", "latereq": "published.read",
    "shutreq": "published.read",
    "reqdraft": "reqdraft.manage", "form": "published.read", "formdraft": "reqdraft.manage",
    "dutyfile": "work.read", "subfile": "work.read", "answer": "work.read",
    "indicator": "indicator.named",
}  # fmt: skip
"""Which rule says who may read a title wherever it turns up: in lists, counts, pickers, charts."""
_TITLE = re.compile(r"([a-z]+)-(home|away)-([A-Z][0-9]*)\.")


def complaints(cell: Cell, outcome: Outcome, stage: Stage) -> Iterator[str]:
    """Say everything that is wrong with an answer."""
    if outcome.answer != cell.expected:
        yield f"{cell}: got {outcome.status or 'a change'}"
    if outcome.reached is not None:
        if not cell.row.is_change:
            yield f"{cell}: a reading writes {sorted(outcome.reached.tables)}"
        elif not outcome.reached.audited and not cell.row.unaudited:
            yield f"{cell}: changes {sorted(outcome.reached.tables)} without an audit row"
    yield from leaks(cell, outcome, stage)


def leaks(cell: Cell, outcome: Outcome, stage: Stage) -> Iterator[str]:
    """Find titles in an answer that its reader may not see: of the other tenant, or of a place out of reach."""
    stranger = cell.who.startswith("away:")
    house, who = (stage.foreign, cell.who[5:]) if stranger else (stage.own, cell.who)
    for kind, mark, place in set(_TITLE.findall(outcome.body)):
        if mark != house.mark:
            yield f"{cell}: shows {kind}-{mark}-{place} of the other tenant"
        elif kind in SEEN and kind not in cell.row.shows and place in house.units:
            thing = house.things.get((kind if kind != "answer" else "submitted", place))
            if cell.expected == DOOR or (thing and expected(SEEN[kind], house, who, thing)[1] != ALLOW):
                yield f"{cell}: shows {kind}-{mark}-{place}, which {who} may not see"
