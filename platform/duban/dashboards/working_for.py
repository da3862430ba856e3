"""Whose work a person with posts at several units looks at: all of it, or one unit's. A matter of looking, never of rights."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import request
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from duban.access.checks import grants_of, readable
from duban.access.holding import looking_from
from duban.dashboards.queries import home_units
from duban.kernel.scope import Scope
from duban.reporting.models import Duty
from duban.reporting.states import UNIT_TO_ACT
from duban.tree.models import Unit
from duban.web.cookies import cookie_name, drop_cookie, put_cookie

COOKIE = "duban_unit"
REMEMBERED_SECONDS = 180 * 24 * 3600
ALL = "all"
HOME = "dashboards.home"


@dataclass(frozen=True)
class Post:
    """A unit the person holds a role at, and how much it still has to hand in."""

    unit: Unit
    open: int


@dataclass(frozen=True)
class Door:
    """One of the choices in the header: `unit` for the address, the name empty for all of them."""

    name: str
    unit: str
    is_current: bool


@dataclass(frozen=True)
class Choice:
    """The units to choose from, none where there is but one, and the chosen one, None for all of them."""

    posts: Sequence[Post]
    chosen: Unit | None

    @property
    def open(self) -> int:
        """How much all of them have to hand in."""
        return sum(post.open for post in self.posts)


def choice_of(scope: Scope) -> Choice:
    """
    Read which unit's work is asked for: from the address, else as it was last chosen. An unknown unit means all.

    Costs: nothing for who works for one unit, else two queries.
    """
    units = home_units(scope)
    if len(units) < 2:  # noqa: PLR2004 - with one there is nothing to choose
        return Choice((), None)
    waiting = _open_at(scope)
    return Choice(tuple(Post(unit, waiting[unit.path]) for unit in units), _chosen(units, request.args.get("unit", "")))


def _chosen(units: Sequence[Unit], asked: str) -> Unit | None:
    wanted = asked or request.cookies.get(cookie_name(COOKIE), "")
    return next((unit for unit in units if str(unit.id) == wanted), None)


def doors(scope: Scope) -> list[Door]:
    """
    List what the header of every page offers to choose from: all units and each of them; nothing where there is but one.

    Costs: nothing beside the header's own unit.
    """
    units = home_units(scope)
    if len(units) < 2:  # noqa: PLR2004
        return []
    # Elsewhere `unit` in the address is another question: which unit a list is about.
    chosen = _chosen(units, request.args.get("unit", "") if request.endpoint == HOME else "")
    each = [Door(unit.short_name or unit.name, str(unit.id), unit is chosen) for unit in units]
    return [Door("", ALL, chosen is None), *each]


def narrowed(scope: Scope, choice: Choice) -> Scope:
    """Give the scope through which the workbench is read: the chosen unit's roles, or all."""
    return looking_from(scope, choice.chosen.path) if choice.chosen is not None else scope


def remember(response: Response) -> Response:
    """Keep what was just chosen for the next visit."""
    asked = request.args.get("unit", "")
    if asked == ALL:
        drop_cookie(response, COOKIE)
    elif _is_id(asked):
        put_cookie(response, COOKIE, asked, max_age=REMEMBERED_SECONDS)
    return response


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _open_at(scope: Scope) -> Counter[str]:
    """Count what is to be handed in by the place the person's unit stands at now, wherever it stood when it was asked."""
    rows = scope.session.execute(
        select(Duty.path, func.count())
        .where(Duty.tenant_id == scope.tenant_id, readable(scope, Duty, "submission", "write"), Duty.state.in_(UNIT_TO_ACT))
        .group_by(Duty.path)
    )
    stands = {grant.origin: grant.path for grant in grants_of(scope) if not grant.former}
    homes: dict[str, set[str]] = {}
    for grant in grants_of(scope):
        homes.setdefault(grant.path, set()).add(stands[grant.origin])
    found: Counter[str] = Counter()
    for path, count in rows:
        for home in homes.get(path, ()):
            found[home] += count
    return found
