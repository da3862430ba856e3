"""
Second lines （条）: who stands above a unit beside its primary line, kept on the unit as tokens.

A token names line, distance and superior: `sector.child.<unit id>` directly below, `sector.deep.<unit id>` further below.
Superiors are named by id, not by path, so a superior may move without a row having to change. Rows copy the tokens of
their unit when they are made; whoever stands above the unit later does not see them, whoever stood there then still does.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, text

from duban.kernel.scope import Scope
from duban.tree.models import Unit

CHILD, DEEP = "child", "deep"


def token(line: str, distance: str, superior: object) -> str:
    """Write who stands above in a line."""
    return f"{line}.{distance}.{superior}"


def superiors_in(tokens: Collection[str]) -> dict[UUID, tuple[str, str]]:
    """Read tokens. Gives: superior → (line, distance)."""
    return {UUID(superior): (line, distance) for line, distance, superior in (word.rsplit(".", 2) for word in tokens)}


def below_in_line(line: str, superior: UUID, *, directly: bool = False) -> ColumnElement[bool]:
    """Say in SQL that a unit stands below a superior in a second line today."""
    distances = (CHILD,) if directly else (CHILD, DEEP)
    return and_(Unit.lines != [], Unit.lines.overlap([token(line, distance, superior) for distance in distances]))


# Up from every unit by its places in second lines; a superior without a place in the line is where the line begins.
_REFRESH = text(
    """
    WITH RECURSIVE
    place AS (
        SELECT unit_id, line, parent_id FROM placement
        WHERE tenant_id = :tenant_id AND NOT is_primary AND parent_id IS NOT NULL
          AND active_from <= :today AND (active_to IS NULL OR active_to > :today)
    ),
    concerned AS (
        SELECT unnest(CAST(:unit_ids AS uuid[])) AS unit_id
        UNION
        SELECT place.unit_id FROM place JOIN concerned ON place.parent_id = concerned.unit_id
    ),
    above AS (
        SELECT place.unit_id, place.line, place.parent_id AS superior, 1 AS distance
        FROM place JOIN concerned USING (unit_id)
        UNION ALL
        SELECT above.unit_id, above.line, place.parent_id, above.distance + 1
        FROM above JOIN place ON place.unit_id = above.superior AND place.line = above.line
        WHERE above.distance < 32
    ),
    tokens AS (
        SELECT concerned.unit_id, coalesce(array_agg(
            above.line || '.' || CASE above.distance WHEN 1 THEN 'child' ELSE 'deep' END || '.' || above.superior
            ORDER BY above.line, above.distance) FILTER (WHERE above.superior IS NOT NULL), '{}') AS lines
        FROM concerned LEFT JOIN above USING (unit_id) GROUP BY concerned.unit_id
    )
    UPDATE unit SET lines = tokens.lines FROM tokens
    WHERE unit.tenant_id = :tenant_id AND unit.id = tokens.unit_id AND unit.lines <> tokens.lines
    """
)


def refresh_lines(scope: Scope, unit_ids: Collection[UUID]) -> None:
    """
    Write anew who stands above these units, and the units below them, in second lines today.

    To be called by whatever changes a placement outside the primary line. Costs: one statement.
    """
    scope.session.flush()
    scope.session.execute(
        _REFRESH, {"tenant_id": scope.tenant_id, "today": scope.today, "unit_ids": [str(unit_id) for unit_id in unit_ids]}
    )
    for kept in scope.session.identity_map.values():
        if isinstance(kept, Unit):
            scope.session.expire(kept, ["lines"])
