"""
How a row stands to a grant. Pure; these eight relations are all that Casbin is ever asked about.

A row has a place in the primary line (`path`), the addressee's (`to_path`), the superiors its unit had in second lines (条)
when the row was made (`lines`: tokens), and the line it works in (`work_line`, None the primary one).
A grant covers subordinates of one line. Rows that work in that line stand to it as child or deep; rows of the same
subordinates that work in another line stand to it as line_child or line_deep, so that policy can let somebody see what
another line asks of their subordinates without letting them decide it. Why: docs/decisions/0016.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from duban.tree import lines as tree_lines
from duban.tree.paths import check_path

CHILD, DEEP = tree_lines.CHILD, tree_lines.DEEP
SELF, ANCESTOR, ISSUED, OTHER = "self", "anc", "issued", "other"
LINE_CHILD, LINE_DEEP, LINE_ANCESTOR = "line_child", "line_deep", "line_anc"
RELATIONS = (SELF, CHILD, DEEP, ANCESTOR, ISSUED, LINE_CHILD, LINE_DEEP, LINE_ANCESTOR)

LATTICE = (
    (SELF, "own"), (SELF, "subtree"),
    (CHILD, "children"), (CHILD, "below"), (CHILD, "subtree"),
    (DEEP, "below"), (DEEP, "subtree"),
    (ANCESTOR, "ancestors"),
    (ISSUED, "issued_to_me"),
    (LINE_CHILD, "line_children"), (LINE_CHILD, "line_below"),
    (LINE_DEEP, "line_below"),
    (LINE_ANCESTOR, "line_ancestors"),
)  # fmt: skip
SCOPES = frozenset(scope for _, scope in LATTICE)
ACROSS = {CHILD: LINE_CHILD, DEEP: LINE_DEEP}
"""What a subordinate's row is to a superior when it works in a line other than the superior's."""


@dataclass(frozen=True, slots=True)
class Grant:
    """
    A role held at a place, over the subordinates of one line.

    `line` is None for the primary line. `unit` is what tokens name the unit by. `above` holds the paths of the unit's
    superiors in second lines. `former` marks a place the unit has left: its history, not what is above that place now.
    `giver` is the person who lets the actor act for them; `origin` the id of the grant or delegation it comes from.
    """

    role: str
    path: str
    line: str | None = None
    unit: str = ""
    above: tuple[str, ...] = ()
    heights: tuple[str, ...] = ()
    """Places the unit's present superiors in the primary line have left: what they published there is still theirs."""
    former: bool = False
    giver: UUID | None = None
    giver_name: str = ""
    origin: UUID | None = None

    def __post_init__(self) -> None:
        check_path(self.path)


def relation(grant_path: str, path: str) -> str:
    """Say how one path stands to another; `other` is never asked about and never allowed."""
    if path.startswith(grant_path):
        below = path.count(".", len(grant_path))
        return (SELF, CHILD)[below] if below <= 1 else DEEP
    return ANCESTOR if path.endswith(".") and grant_path.startswith(path) else OTHER


Standing: TypeAlias = tuple[str, str | None, Collection[str], str | None]
"""
Where a row stands, all a decision asks of it: its unit's path, whom it is addressed to, its superiors in second lines as
tokens, the line it works in. A plain tuple, for one is made at every decision: one with names costs a third of it.
"""


def relations_of(grant: Grant, standing: Standing) -> set[str]:
    """Give every relation a row stands in to a grant. Rows of one's own unit are one's own whatever line they work in."""
    path, to_path, lines, work_line = standing
    found = {ISSUED} if to_path == grant.path else set()
    by_path = relation(grant.path, path)
    if by_path == SELF or (by_path == ANCESTOR and not grant.former):
        found.add(by_path)
    if path in grant.heights:
        found.add(ANCESTOR)
    if path in grant.above:
        found.add(LINE_ANCESTOR)
    if grant.line is None:
        below = {by_path} & ACROSS.keys()
    else:
        below = {kind for kind in ACROSS if tree_lines.token(grant.line, kind, grant.unit) in lines}
    return found | (below if work_line == grant.line else {ACROSS[kind] for kind in below})
