"""The frame around every page: what the signed-in person sees in the navigation, and who they are.

A feature offers its pages as `NAV`, a tuple of NavEntry; the app hands all of them to `init_navigation`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request

from duban.web.i18n import current_language

GROUPS: tuple[str, ...] = ("工作", "督办", "考核", "组织", "系统")  # order of the side bar; a label is a msgid
TAB_COUNT = 4


@dataclass(frozen=True, kw_only=True)
class NavEntry:
    """One entry: `label` and `group` are msgids; `condition` gets the Scope and says whether the person sees it."""

    label: str
    endpoint: str
    icon: str
    group: str = "工作"
    order: int = 50
    condition: Callable[[Any], bool] | None = None
    prefix: str | None = None  # lights up for endpoints starting with this, default: the endpoint's blueprint
    count: Callable[[Any], int] | None = None  # small number behind the label; counts as one query

    @property
    def is_current(self) -> bool:
        """Tell whether the page shown belongs to this entry."""
        endpoint = request.endpoint or ""
        if self.prefix is not None:
            return any(endpoint.startswith(prefix) for prefix in self.prefix.split())
        return endpoint.rpartition(".")[0] == self.endpoint.rpartition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Who is looking: all a page's frame needs. `person_name` None means nobody is signed in."""

    tenant_name: str = ""
    unit_name: str = ""
    person_name: str | None = None
    person_mark: str = ""  # what this browser keeps of unsent work is kept under it
    post: str = ""
    unread: int = 0
    is_demo: bool = False
    scope: Any = None
    doors: Sequence[Any] = ()  # for who has posts at several units: name (empty for all), unit, is_current
    links: dict[str, str] = field(default_factory=dict)  # endpoints: home, notices, person, sign_out, help


def visible_groups(entries: Iterable[NavEntry], scope: Any) -> list[tuple[str, list[NavEntry]]]:
    """Give the groups in their order with the entries the person may see; empty groups are left out."""
    allowed = [entry for entry in entries if entry.condition is None or entry.condition(scope)]
    allowed.sort(key=lambda entry: entry.order)
    groups = [(group, [entry for entry in allowed if entry.group == group]) for group in GROUPS]
    return [(group, members) for group, members in groups if members]


def init_navigation(app: Flask, *, entries: Iterable[NavEntry], frame: Callable[[], Frame]) -> None:
    """Give every template `frame` (a Frame), `nav` (groups, only for a signed-in person), `nav_counts` by endpoint, `tabs`."""
    known = tuple(entry for entry in entries if entry.endpoint in app.view_functions)

    def frame_context() -> dict[str, object]:
        current = frame()
        nav = visible_groups(known, current.scope) if current.person_name else []
        flat = [entry for _group, members in nav for entry in members]
        counts = {entry.endpoint: entry.count(current.scope) for entry in flat if entry.count is not None}
        return {"frame": current, "nav": nav, "nav_counts": counts, "tabs": flat[:TAB_COUNT], "language": current_language()}

    app.context_processor(frame_context)
