"""
What other features show on a document's page: where it was sent, what was asked for because of it.

Documents lie below the features that use them, so each feature registers what it has to show.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from duban.kernel.scope import Scope
from duban.kernel.text import Text
from duban.programmes.models import Document


@dataclass(frozen=True)
class Line:
    """One thing, with the page it is on (endpoint and values), a remark and its state: word, icon, tone."""

    title: str
    endpoint: str
    values: Mapping[str, UUID]
    remark: Text | str = ""
    mark: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Panel:
    """Lines under a heading (a msgid), with the button that adds to them, where the actor may; `empty` is said without lines."""

    heading: str
    lines: Sequence[Line]
    empty: str = ""
    button: tuple[str, str, Mapping[str, UUID]] | None = None
    links: Sequence[tuple[str, str, Mapping[str, UUID]]] = field(default_factory=tuple)


Show: TypeAlias = Callable[[Scope, Document], Panel | None]
_shows: dict[str, Show] = {}


def register(name: str, show: Show) -> None:
    """Let a feature show a panel. Takes: a function that gives None where the actor has nothing to see."""
    _shows[name] = show


def gather(scope: Scope, document: Document) -> list[Panel]:
    """Give every feature's panel, in the order of their names. Costs: what each costs."""
    found = [_shows[name](scope, document) for name in sorted(_shows)]
    return [panel for panel in found if panel is not None]
