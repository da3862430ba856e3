"""
The trees of the matrix and how two places in them stand to each other.

Written from parents alone, without paths and without duban.access: it is the other opinion.
"""

from dataclasses import dataclass

TREES: dict[str, tuple[tuple[str, str | None, str], ...]] = {
    "county": (
        ("C", None, "county"),
        ("T1", "C", "township"),
        ("T2", "C", "township"),
        ("D1", "C", "department"),
        ("D2", "C", "department"),
        ("P1", "C", "park"),
        ("V11", "T1", "village"),
        ("V12", "T1", "village"),
        ("V21", "T2", "village"),
        ("E11", "V11", "enterprise"),
    ),
    "expressway": (
        ("C", None, "owner"),
        ("T1", "C", "supervision_office"),
        ("T2", "C", "supervision_office"),
        ("V11", "T1", "contractor"),
        ("V12", "T1", "contractor"),
        ("V21", "T2", "contractor"),
        ("E11", "V11", "section"),
    ),
    "street": (
        ("C", None, "office"),
        ("T1", "C", "station"),
        ("V1", "C", "community"),
        ("V2", "C", "village"),
    ),
}
"""Units by kind of tenant: key, parent, level."""

IN_LINE: dict[str, tuple[tuple[str, str], ...]] = {"county": (("D1", "E11"),), "expressway": (), "street": ()}
"""Superior and subordinate in a second line."""
PRIMARY = {"county": "territorial", "expressway": "project", "street": "territorial"}
"""The line of the tree itself."""

SELF, OWN, TO, OVER, ABOVE = "self", "own", "to", "over", "above"
LINE, LINE_BELOW = "line", "line-below"
BELOW, UNDER, BESIDE, APART = "below", "under", "beside", "apart"
POSITIONS = (OWN, TO, OVER, ABOVE, BELOW, UNDER, BESIDE, APART)
"""Where the person stands, seen from the object: at its unit, at the unit it is addressed to, directly over it, further
above, directly below it, further below, beside it under the same superior, anywhere else in the same tenant."""


@dataclass(frozen=True)
class Tree:
    """A kind's units by key."""

    kind: str
    in_line: tuple[tuple[str, str], ...] = ()
    """Superior and subordinate in a second line."""

    @property
    def parents(self) -> dict[str, str | None]:
        """Give each unit's superior."""
        return {key: parent for key, parent, _ in TREES[self.kind]}

    def above(self, key: str) -> list[str]:
        """List the units above one, nearest first."""
        parents, found, at = self.parents, [], self.parents[key]
        while at is not None:
            found.append(at)
            at = parents[at]
        return found

    def position(self, person: str, place: str, to: str | None) -> str:
        """Say where somebody at `person` stands, seen from a thing at `place` addressed to `to`."""
        if person == place:
            return OWN
        if person == to:
            return TO
        if (person, place) in self.in_line:
            return LINE
        if (place, person) in self.in_line:
            return LINE_BELOW
        above = self.above(place)
        if person in above:
            return OVER if above[0] == person else ABOVE
        if place in self.above(person):
            return BELOW if self.parents[person] == place else UNDER
        return BESIDE if self.parents[person] == self.parents[place] else APART
