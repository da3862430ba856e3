"""The levels that review a duty, kept with it where its path does not tell them: in a second line （条）."""

from sqlalchemy import text

from duban.kernel.scope import Scope
from duban.reporting.models import Requirement
from duban.reporting.states import ReviewMode

# Up from every unit that owes by its places in the line, to the issuer; the paths of those met on the way, nearest first.
_KEEP = text(
    """
    WITH RECURSIVE
    place AS (
        SELECT unit_id, parent_id FROM placement
        WHERE tenant_id = :tenant_id AND line = :line AND parent_id IS NOT NULL
          AND active_from <= :today AND (active_to IS NULL OR active_to > :today)
    ),
    owing AS (SELECT DISTINCT unit_id FROM duty WHERE tenant_id = :tenant_id AND requirement_id = :requirement_id),
    above AS (
        SELECT owing.unit_id, place.parent_id AS superior, 1 AS distance FROM owing JOIN place USING (unit_id)
        UNION ALL
        SELECT above.unit_id, place.parent_id, above.distance + 1
        FROM above JOIN place ON place.unit_id = above.superior
        WHERE above.superior <> :issuer_id AND above.distance < 32
    ),
    chains AS (
        SELECT above.unit_id, array_agg(unit.path ORDER BY above.distance) AS chain
        FROM above JOIN unit ON unit.tenant_id = :tenant_id AND unit.id = above.superior GROUP BY above.unit_id
    )
    UPDATE duty SET review_chain = chains.chain FROM chains
    WHERE duty.tenant_id = :tenant_id AND duty.requirement_id = :requirement_id AND duty.unit_id = chains.unit_id
      AND duty.review_chain IS NULL
    """
)


def keep_chains(scope: Scope, requirement: Requirement) -> None:
    """
    Write down who reviews the duties just made, as their line stands today; for `issue`, part of its work.

    Costs: nothing in the primary line, where the paths say it, and in one step; else one statement for all duties.
    """
    if requirement.work_line is None or requirement.review_mode != ReviewMode.BY_LEVEL:
        return
    values = {
        "tenant_id": scope.tenant_id,
        "requirement_id": requirement.id,
        "line": requirement.work_line,
        "issuer_id": requirement.unit_id,
        "today": scope.today,
    }
    scope.session.execute(_KEEP, values)
