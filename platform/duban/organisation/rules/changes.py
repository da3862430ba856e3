"""What can be decided about units that stand in the tree, as values that can be kept as JSON. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias
from uuid import UUID

from duban.organisation.states import ChangeKind


@dataclass(frozen=True)
class NewUnit:
    """A unit that a merge or a split sets up."""

    code: str
    name: str
    level: str
    short_name: str = ""


@dataclass(frozen=True)
class Move:
    """Put a unit, with all below it, under another parent (划转)."""

    unit_id: UUID
    parent_id: UUID

    kind = ChangeKind.MOVE


@dataclass(frozen=True)
class Merge:
    """Put several units into one (合并): `into` an existing one, or a new one beside the first of them."""

    unit_ids: tuple[UUID, ...]
    into: UUID | None = None
    new: NewUnit | None = None

    kind = ChangeKind.MERGE

    @property
    def unit_id(self) -> UUID:
        """The unit the decision is filed under."""
        return self.unit_ids[0]


@dataclass(frozen=True)
class Part:
    """One unit that comes out of a split, with the children it takes: a new unit, or an existing one."""

    children: tuple[UUID, ...] = ()
    unit_id: UUID | None = None
    new: NewUnit | None = None


@dataclass(frozen=True)
class Split:
    """
    Split a unit (拆分) into parts.

    `main` is the place in `parts` of the main successor, which inherits what the unit had begun and its people; where the unit
    itself is one of the parts it lives on and must be the main one.
    """

    unit_id: UUID
    parts: tuple[Part, ...]
    main: int = 0

    kind = ChangeKind.SPLIT

    @property
    def lives_on(self) -> bool:
        """Whether the unit itself is one of the parts."""
        return any(part.unit_id == self.unit_id for part in self.parts)


@dataclass(frozen=True)
class Close:
    """End a unit (撤销); a successor, if there is one, inherits what it had begun."""

    unit_id: UUID
    successor_id: UUID | None = None

    kind = ChangeKind.CLOSE


@dataclass(frozen=True)
class Rename:
    """Give a unit another name (改名)."""

    unit_id: UUID
    name: str
    short_name: str = ""
    sector: str = ""

    kind = ChangeKind.RENAME


Change: TypeAlias = Move | Merge | Split | Close | Rename


def to_json(change: Change) -> dict[str, Any]:
    """Write a change down; `from_json` reads it back."""
    return {key: _plain(value) for key, value in asdict(change).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def from_json(kind: ChangeKind, body: Mapping[str, Any]) -> Change:
    """Read a change that `to_json` wrote."""
    match kind:
        case ChangeKind.MOVE:
            return Move(UUID(body["unit_id"]), UUID(body["parent_id"]))
        case ChangeKind.MERGE:
            return Merge(_ids(body["unit_ids"]), _id(body["into"]), _new(body["new"]))
        case ChangeKind.SPLIT:
            parts = tuple(Part(_ids(one["children"]), _id(one["unit_id"]), _new(one["new"])) for one in body["parts"])
            return Split(UUID(body["unit_id"]), parts, body["main"])
        case ChangeKind.CLOSE:
            return Close(UUID(body["unit_id"]), _id(body["successor_id"]))
        case ChangeKind.RENAME:
            return Rename(UUID(body["unit_id"]), body["name"], body["short_name"], body["sector"])


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _ids(texts: Sequence[str]) -> tuple[UUID, ...]:
    return tuple(UUID(text) for text in texts)


def _new(body: Mapping[str, Any] | None) -> NewUnit | None:
    return NewUnit(**body) if body else None
