"""
Who may do what with a paper, by a model that knows units and who came after whom, but neither paths nor the policy.

A paper is whatever was made for a unit: a duty, a letter, a share of a target, a scorecard.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Kind = Literal["duty", "letter", "share", "card"]

LINE_ROLES = frozenset({"department.officer", "department.leader"})
"""Held in the sector line: who stands below is told by that line."""
OFFICERS = frozenset({"county.officer", "township.officer", "department.officer"})
SUPERIORS = frozenset({"county.officer", "township.officer", "county.leader", "county.evaluator", "township.leader"})
CLERKS = frozenset({"village.clerk", "enterprise.clerk"})
SIGNERS = frozenset({"county.leader", "township.leader", "village.leader", "enterprise.leader", "department.leader"})

OBJECTS: dict[Kind, str] = {"duty": "duty", "letter": "letter", "share": "target", "card": "scorecard"}
ACTS: dict[Kind, tuple[tuple[str, str], ...]] = {
    "duty": (("submission", "write"), ("submission", "review")),
    "letter": (("letter", "sign"),),
    "share": (("target", "accept"), ("target", "assign")),
    "card": (("scorecard", "self_score"), ("scorecard", "score"), ("scorecard", "decide")),
}
"""What is asked about each paper besides reading it."""


@dataclass(frozen=True)
class Paper:
    """
    A paper as it was made: `owner` is the unit it stands at, `above` the units above that one then, the direct superior last.

    `to` is whom it is addressed to, of a letter the promising unit; `to_path` that unit's place then. `in_sector` are the
    units above the owner in the sector line then, the direct one last; `line` that line where it was made down it.
    """

    kind: Kind
    owner: UUID
    above: tuple[UUID, ...]
    path: str
    to: UUID | None = None
    to_path: str | None = None
    in_sector: tuple[UUID, ...] = ()
    line: str | None = None

    @property
    def lines(self) -> list[str]:
        """What the row must say of who stood above in the sector line."""
        return tokens(self.in_sector)


def tokens(above: tuple[UUID, ...]) -> list[str]:
    """Write who stands above in the sector line, the direct superior last."""
    return sorted(f"sector.{'child' if one == above[-1] else 'deep'}.{one}" for one in above)


def _own(role: str, obj: str, act: str) -> bool:
    match obj, act:
        case _, "read":
            return True
        case ("submission", "write") | ("scorecard", "self_score"):
            return role in OFFICERS | CLERKS
        case "target", "accept":
            return role in OFFICERS | CLERKS | SIGNERS
        case "target", "assign":
            return role in OFFICERS
        case "letter", "sign":
            return role in SIGNERS
    return False


def _directly_below(role: str, obj: str, act: str) -> bool:
    match obj, act:
        case "target", "assign":
            return role in OFFICERS
        case "scorecard", "score":
            return role == "township.officer"
        case "scorecard", "decide":
            return role == "township.leader"
    return False


def _anywhere_below(role: str, obj: str, act: str) -> bool:
    match obj, act:
        case _, "read":
            return role in SUPERIORS or (role in LINE_ROLES and obj != "scorecard")
        case "submission", "review":
            return role in OFFICERS
        case "scorecard", "score":
            return role == "county.evaluator"
        case "scorecard", "decide":
            return role in {"county.officer", "county.leader"}
    return False


def _across(role: str, obj: str, act: str) -> bool:
    """Of units below in one's line, work in another: to be seen, never to be decided."""
    return act == "read" and obj in (
        {"duty", "target"} if role in LINE_ROLES else {"duty", "target", "letter"} if role in SUPERIORS else ()
    )


def _addressed(role: str, obj: str, act: str) -> bool:
    return (obj, act) == ("letter", "read") or ((obj, act) == ("letter", "sign") and role in SIGNERS)


def allows(role: str, units: set[UUID], paper: Paper, obj: str, act: str) -> bool:
    """Say whether a role lets somebody do this who stands for `units`: their own and all it came after."""
    above = paper.in_sector if role in LINE_ROLES else paper.above
    in_line = (paper.line is not None) == (role in LINE_ROLES)
    return (
        (paper.owner in units and _own(role, obj, act))
        or (paper.to in units and _addressed(role, obj, act))
        or (in_line and not units.isdisjoint(above[-1:]) and _directly_below(role, obj, act))
        or (in_line and not units.isdisjoint(above) and _anywhere_below(role, obj, act))
        or (not in_line and not units.isdisjoint(above) and _across(role, obj, act))
    )
