"""
Changing the tree: the steps that rewrite places. Leave and rules are the caller's business (`organisation.operations`).

Every step ends a place and begins another; nothing that was made under a place is touched, so history keeps its path.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.orm.attributes import set_committed_value

from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.tenancy.models import Tenant
from duban.tree import paths
from duban.tree.lines import refresh_lines
from duban.tree.models import FormerName, Placement, Succession, Unit
from duban.tree.paths import label

# The place at `after` is the top of what moves: only its parent is another one.
_MOVE_PLACES = text(
    "WITH ended AS (UPDATE placement AS place SET active_to = :on FROM placement AS was"
    " WHERE place.tenant_id = :tenant AND was.tenant_id = :tenant AND was.id = place.id"
    " AND place.path >= :before AND place.path < :beyond AND (place.active_to IS NULL OR place.active_to > :on)"
    " AND (CAST(:line AS text) IS NULL OR place.line = :line)"
    " RETURNING place.unit_id, place.line, place.parent_id, place.is_primary, was.active_to AS until,"
    " :after || substr(place.path, length(:before) + 1) AS path)"
    " INSERT INTO placement (tenant_id, id, unit_id, line, parent_id, path, is_primary, active_from, active_to)"
    " SELECT :tenant, gen_random_uuid(), unit_id, line, CASE WHEN path = :after THEN CAST(:parent AS uuid) ELSE parent_id END,"
    " path, is_primary, CAST(:on AS date), until FROM ended"
)


@dataclass(frozen=True)
class Moved:
    """What moving a subtree did: how many units stand elsewhere now, and where the top of it stood and stands."""

    units: int
    before: str
    after: str


def hold_tree(scope: Scope, *, still: bool = False) -> None:
    """
    Be the only one who changes this tenant's tree until the work ends; `still=True`: only see that nobody moves it meanwhile.

    Take it before reading what is to be changed: a unit set up while a subtree moves would be left behind.
    """
    function = "pg_advisory_xact_lock_shared" if still else "pg_advisory_xact_lock"
    scope.session.execute(text(f"SELECT {function}(hashtextextended(:key, 0))"), {"key": f"tree:{scope.tenant_id}"})
    scope.session.flush()
    # What was read before the lock may be another tree.
    for model in (Unit, Placement):
        known = [row.id for row in scope.session.identity_map.values() if isinstance(row, model)]
        if known:
            statement = owned(scope, model).where(model.id.in_(known)).execution_options(populate_existing=True)
            scope.session.scalars(statement).all()


def next_label(parent: Unit) -> str:
    """Give a label that no child of this parent ever had."""
    parent.children_made += 1
    return label(parent.children_made)


def move_subtree(scope: Scope, unit: Unit, parent: Unit, *, on: date) -> Moved:
    """
    Put a unit with all below it under another parent in the primary line; places in other lines that hang on it go along.

    Takes:  locked units; a parent outside the subtree. Costs: three statements, however large the subtree.
    """
    before, after = unit.path, f"{parent.path}{next_label(parent)}."
    unit.parent_id, unit.position = parent.id, parent.children_made
    scope.session.flush()
    moved = scope.session.execute(
        text(
            "UPDATE unit SET path = :after || substr(path, length(:before) + 1)"
            " WHERE tenant_id = :tenant AND path >= :before AND path < :beyond"
        ),
        {"after": after, "before": before, "beyond": paths.upper_bound(before), "tenant": scope.tenant_id},
    )
    for known in [row for row in scope.session.identity_map.values() if isinstance(row, Unit) and row.path.startswith(before)]:
        # Loaded already: told what the database did, instead of being read again one by one.
        set_committed_value(known, "path", after + known.path[len(before) :])
        set_committed_value(known, "depth", paths.depth(known.path))
    _move_places(scope, parent.id, before, after, on, line=None)
    bump(scope)
    return Moved(units=moved.rowcount, before=before, after=after)  # type: ignore[attr-defined]


def move_in_line(scope: Scope, place: Placement, parent: Unit, base: str, *, on: date) -> Moved:
    """
    Put a unit's open place in a further line, with the places of that line below it, under another parent.

    Takes: `base` the parent's path in that line.
    """
    before, after = place.path, f"{base}{next_label(parent)}."
    scope.session.flush()
    count = _move_places(scope, parent.id, before, after, on, line=place.line)
    refresh_lines(scope, [place.unit_id])
    bump(scope)
    return Moved(units=count, before=before, after=after)


def _move_places(scope: Scope, parent_id: UUID, before: str, after: str, on: date, *, line: str | None) -> int:
    """End every open place at or below `before` and begin the same below `after`."""
    moved = scope.session.execute(
        _MOVE_PLACES,
        {
            "on": on,
            "tenant": scope.tenant_id,
            "before": before,
            "beyond": paths.upper_bound(before),
            "after": after,
            "parent": parent_id,
            "line": line,
        },
    )
    for place in [row for row in scope.session.identity_map.values() if isinstance(row, Placement)]:
        scope.session.refresh(place)
    return int(moved.rowcount)  # type: ignore[attr-defined]


def end_places(scope: Scope, unit: Unit, *, on: date) -> None:
    """End a unit and its places in every line; its path stays its own for ever."""
    unit.active_to = on
    scope.session.flush()
    scope.session.execute(
        update(Placement)
        .where(
            Placement.tenant_id == scope.tenant_id,
            Placement.unit_id == unit.id,
            or_(Placement.active_to.is_(None), Placement.active_to > on),
        )
        .values(active_to=func.greatest(Placement.active_from, on))
        .execution_options(synchronize_session=False)
    )
    refresh_lines(scope, [unit.id])
    bump(scope)


def keep_former_name(scope: Scope, unit: Unit, *, on: date) -> None:
    """Note the name a unit has had until `on`; call it before the unit gets another."""
    since = scope.session.scalar(
        select(func.max(FormerName.active_to)).where(FormerName.tenant_id == scope.tenant_id, FormerName.unit_id == unit.id)
    )
    begins = min(since or unit.active_from, on)
    scope.add(
        FormerName(id=new_id(), unit_id=unit.id, name=unit.name, short_name=unit.short_name, active_from=begins, active_to=on)
    )


def succeed(scope: Scope, *, predecessor: Unit, successor: Unit, is_main: bool, on: date, reorganisation_id: UUID) -> Succession:
    """Note that one unit came after another; the main one inherits what the other had begun."""
    row = Succession(
        id=new_id(),
        predecessor_id=predecessor.id,
        successor_id=successor.id,
        is_main=is_main,
        active_from=on,
        reorganisation_id=reorganisation_id,
    )
    return scope.add(row)


def last_change(scope: Scope, path: str) -> date | None:
    """Say since when the newest of the places at or below a path has been held: a change cannot lie before it."""
    return scope.session.scalar(
        select(func.max(Placement.active_from)).where(
            Placement.tenant_id == scope.tenant_id,
            Placement.path >= path,
            Placement.path < paths.upper_bound(path),
            Placement.active_to.is_(None),
        )
    )


def lock_units(scope: Scope, ids: list[UUID]) -> dict[UUID, Unit]:
    """Lock units by id in the order of their paths; unknown ones are left out."""
    statement = owned(scope, Unit).where(Unit.id.in_(ids)).order_by(Unit.path).with_for_update()
    return {unit.id: unit for unit in scope.session.scalars(statement.execution_options(populate_existing=True))}


def bump(scope: Scope) -> None:
    """Say that the tree is another one now: what was kept of the old one is stale."""
    scope.session.execute(
        update(Tenant)
        .where(Tenant.id == scope.tenant_id)
        .values(tree_version=Tenant.tree_version + 1)
        .execution_options(synchronize_session=False)
    )
    scope.memo.pop("grants", None)


# By tenant: the day its tokens were last found to be those of. A process that starts anew looks again.
_refreshed: dict[UUID, date] = {}


def refresh_due(scope: Scope) -> None:
    """
    Let places in second lines that begin or end today take effect: once a day of the tenant, for the clock.

    Costs: nothing again on the same day; else a lock on the tree and two statements over the units that have such places.
    """
    day = scope.today
    if _refreshed.get(scope.tenant_id) == day:
        return
    hold_tree(scope)  # what is being placed at this moment must not be overwritten from an older reading
    placed = select(Placement.unit_id).where(Placement.tenant_id == scope.tenant_id, Placement.is_primary.is_(False)).distinct()
    refresh_lines(scope, scope.session.scalars(placed).all())
    # Only what is committed is done: a round that failed comes again.
    scope.after_commit(lambda: _refreshed.update({scope.tenant_id: day}))
