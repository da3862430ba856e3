"""How a row's place stands to a grant's place. Pure; the five relations are all that Casbin is ever asked about."""

from dataclasses import dataclass

from duban.tree.paths import check_path

SELF, CHILD, DEEP, ANCESTOR, ISSUED, OTHER = "self", "child", "deep", "anc", "issued", "other"
RELATIONS = (SELF, CHILD, DEEP, ANCESTOR, ISSUED)

LATTICE = (
    (SELF, "own"), (SELF, "subtree"),
    (CHILD, "children"), (CHILD, "below"), (CHILD, "subtree"),
    (DEEP, "below"), (DEEP, "subtree"),
    (ANCESTOR, "ancestors"),
    (ISSUED, "issued_to_me"),
)  # fmt: skip
SCOPES = frozenset(scope for _, scope in LATTICE)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held at a place in a line."""

    role: str
    path: str
    line: str = "territorial"

    def __post_init__(self) -> None:
        check_path(self.path)


def relation(grant_path: str, path: str) -> str:
    """Say how a row at `path` stands to a grant at `grant_path`; `other` is never asked about and never allowed."""
    if path.startswith(grant_path):
        below = path.count(".", len(grant_path))
        return (SELF, CHILD)[below] if below <= 1 else DEEP
    return ANCESTOR if path.endswith(".") and grant_path.startswith(path) else OTHER
