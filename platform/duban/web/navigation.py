"""The frame around every page: what the signed-in person sees in the navigation, and who they are.

A feature offers its pages as `NAV`, a tuple of NavEntry; the app hands all of them to `init_navigation`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, request

from duban.kernel.scope import Scope
from duban.kernel.tallies import Tally, counted
from duban.web.i18n import current_language

GROUPS: tuple[str, ...] = ("工作", "督办", "考核", "组织", "系统")  # order of the side bar; a label is a msgid
TAB_COUNT = 4
_MENU = "duban.menu"


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
    count: Callable[[Any], Tally] | None = None  # small number behind the label; all subqueries are asked in one statement

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
    zone: str = ""
    post: str = ""
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


@dataclass(frozen=True)
class Menu:
    """What the person may go to, in groups, and the numbers behind the labels, by endpoint."""

    groups: Sequence[tuple[str, Sequence[NavEntry]]]
    counts: Mapping[str, int]


def menu_of(scope: Scope) -> Menu:
    """
    Give the menu of the scope's person. A page that shows what the menu counts asks for it first: it need not count again, nor
    read a list of nothing.

    Costs: one query per unit of work.
    """
    if _MENU not in scope.memo:
        groups = visible_groups(current_app.extensions[_MENU], scope)
        entries = [entry for _group, members in groups for entry in members]
        tallies = {entry.endpoint: entry.count(scope) for entry in entries if entry.count is not None}
        scope.memo[_MENU] = Menu(groups, counted(scope, tallies))
    found: Menu = scope.memo[_MENU]
    return found


def init_navigation(app: Flask, *, entries: Iterable[NavEntry], frame: Callable[[], Frame]) -> None:
    """Give every template `frame` (a Frame), `nav` (groups, only for a signed-in person), `nav_counts` by endpoint, `tabs`."""
    app.extensions[_MENU] = tuple(entry for entry in entries if entry.endpoint in app.view_functions)

    def frame_context() -> dict[str, object]:
        current = frame()
        menu = menu_of(current.scope) if current.person_name else Menu((), {})
        tabs = [entry for _group, members in menu.groups for entry in members][:TAB_COUNT]
        return {
            "frame": current,
            "nav": menu.groups,
            "in_menu": lambda endpoint: any(one.endpoint == endpoint for _group, members in menu.groups for one in members),
            "nav_counts": menu.counts,
            "tabs": tabs,
            "language": current_language(),
        }

    app.context_processor(frame_context)
