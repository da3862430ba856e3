"""The policy of a kind of tenant: roles and what they may do, as lines Casbin reads, checked before Casbin sees them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from duban.tenancy.kinds_reading import Problem

Line = TypeVar("Line")

SCOPES = frozenset(
    {
        "own", "children", "below", "subtree", "ancestors", "issued_to_me", "line_children", "line_below", "line_ancestors",
    }
)  # fmt: skip

ACTIONS: dict[str, frozenset[str]] = {
    "unit": frozenset({"read", "manage"}),
    "person": frozenset({"read", "manage"}),
    "phone": frozenset({"read", "reveal"}),
    "document": frozenset({"read", "register"}),
    "programme": frozenset({"read", "manage"}),
    "target": frozenset({"read", "define", "assign", "accept", "report"}),
    "letter": frozenset({"read", "issue", "sign"}),
    "dispatch": frozenset({"read", "send", "answer"}),
    "requirement": frozenset({"read", "issue"}),
    "duty": frozenset({"read", "urge", "change_due"}),
    "submission": frozenset({"read", "write", "enter", "review"}),
    "file": frozenset({"read"}),
    "matter": frozenset({"read", "assign", "answer", "review", "decide"}),
    "meeting": frozenset({"read", "hold"}),
    "assessment": frozenset({"read", "manage"}),
    "scorecard": frozenset({"read", "self_score", "score", "decide", "publish"}),
    "veto": frozenset({"read", "propose", "confirm"}),
    "audit": frozenset({"read"}),
    "tenant": frozenset({"manage"}),
    "grant": frozenset({"manage"}),
    "session": frozenset({"manage"}),
    "policy": frozenset({"read"}),
}

# Judging is for those above: no line may let a unit judge itself.
JUDGING = {("submission", "review"), ("scorecard", "score"), ("scorecard", "decide"), ("veto", "propose"), ("veto", "confirm")}
SCOPES_OVER_OTHERS = frozenset({"children", "below"})
RECEIVED = {("submission", "review"): frozenset({"issued_to_me"})}
"""Judging what is addressed to one's unit: an office receives for its superior. The database lets no unit address itself."""

_PERMISSION_FIELDS = ("p", "role", "scope", "object", "action")
_INHERITANCE_FIELDS = ("g", "role", "inherited role")


@dataclass(frozen=True)
class Permission:
    """`role` may do `act` to an `obj` that stands in `scope` of the unit the role is held at."""

    role: str
    scope: str
    obj: str
    act: str


@dataclass(frozen=True)
class Policy:
    """
    All lines of one kind, in the order of the file.

    `inherits` holds (role, role it includes). `text` is the checked policy as Casbin reads it, without comments.
    """

    permissions: tuple[Permission, ...] = ()
    inherits: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """Write the lines for Casbin."""
        lines = [f"p, {p.role}, {p.scope}, {p.obj}, {p.act}" for p in self.permissions]
        return "\n".join(lines + [f"g, {role}, {other}" for role, other in self.inherits]) + "\n"

    def permissions_of(self, role: str) -> tuple[Permission, ...]:
        """Give what a role may do, its inherited lines included, in the order of the file."""
        roles = included_roles(self.inherits, role)
        return tuple(permission for permission in self.permissions if permission.role in roles)


def included_roles(inherits: Sequence[tuple[str, str]], role: str) -> frozenset[str]:
    """Give the role and every role it includes, however far."""
    found, waiting = {role}, [role]
    while waiting:
        current = waiting.pop()
        for owner, other in inherits:
            if owner == current and other not in found:
                found.add(other)
                waiting.append(other)
    return frozenset(found)


class _Reader:
    def __init__(self, shown: str, roles: Collection[str], problems: list[Problem]) -> None:
        self.shown, self.roles, self.problems = shown, roles, problems
        self.line = 0

    def complain(self, field: str, text: str) -> None:
        self.problems.append(Problem(self.shown, self.line, field, text))

    def expect(self, field: str, value: str, known: Collection[str], what: str) -> bool:
        if value in known:
            return True
        self.complain(field, f"{value!r} is not {what}; known are {', '.join(sorted(known))}")
        return False

    def shape(self, cells: list[str], fields: tuple[str, ...]) -> bool:
        if len(cells) == len(fields):
            return True
        self.complain("(line)", f"has {len(cells)} values, wanted are {len(fields)}: {', '.join(fields)}")
        return False

    def permission(self, cells: list[str]) -> Permission | None:
        if not self.shape(cells, _PERMISSION_FIELDS):
            return None
        _, role, scope, obj, act = cells
        sound = self.expect("role", role, self.roles, "a role of roles.yaml")
        sound &= self.expect("scope", scope, SCOPES, "a scope")
        if self.expect("object", obj, ACTIONS, "an object"):
            sound &= self.expect("action", act, ACTIONS[obj], f"an action on {obj}")
        else:
            sound = False
        over_others = SCOPES_OVER_OTHERS | RECEIVED.get((obj, act), frozenset())
        if sound and (obj, act) in JUDGING and scope not in over_others:
            self.complain("scope", f"{obj} {act} judges others: only {' or '.join(sorted(over_others))}")
        return Permission(role, scope, obj, act) if sound else None

    def inheritance(self, cells: list[str], inherits: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
        if not self.shape(cells, _INHERITANCE_FIELDS):
            return None
        _, role, other = cells
        sound = self.expect("role", role, self.roles, "a role of roles.yaml")
        sound &= self.expect("inherited role", other, self.roles, "a role of roles.yaml")
        if sound and role in included_roles(inherits, other):
            self.complain("inherited role", f"{other} already includes {role}: a circle")
            return None
        return (role, other) if sound else None


def read_policy(path: Path, shown: str, *, roles: Collection[str], problems: list[Problem]) -> Policy:
    """Read and check policy.csv. Gives: the sound lines; every other line is noted in `problems`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(shown, 1, "(file)", f"cannot be read: {error}"))
        return Policy()
    reader = _Reader(shown, roles, problems)
    permissions: dict[Permission, int] = {}
    inherits: dict[tuple[str, str], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        reader.line = number
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            _read_line(reader, [cell.strip() for cell in stripped.split(",")], permissions, inherits)
    return Policy(tuple(permissions), tuple(inherits))


def _read_line(
    reader: _Reader, cells: list[str], permissions: dict[Permission, int], inherits: dict[tuple[str, str], int]
) -> None:
    if cells[0] == "p":
        _keep(reader, reader.permission(cells), permissions)
    elif cells[0] == "g":
        _keep(reader, reader.inheritance(cells, tuple(inherits)), inherits)
    else:
        reader.complain("(line)", f"begins with {cells[0]!r}; wanted is p or g")


def _keep(reader: _Reader, line: Line | None, kept: dict[Line, int]) -> None:
    if line is None:
        return
    if line in kept:
        reader.complain("(line)", f"says the same as line {kept[line]}")
    kept.setdefault(line, reader.line)
