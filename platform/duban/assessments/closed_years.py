"""When a unit's assessment of a year was closed: what was counted in it is not handed in or moved afterwards."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import func, select

from duban.assessments.models import Assessment, Scorecard
from duban.kernel.scope import Scope
from duban.reporting.closed_years import register


def assessment_closed_at(scope: Scope, paths: Collection[str], year: int) -> Mapping[str, datetime]:
    """Find when the last of each unit's assessments of the year was closed; left out while none is."""
    rows = scope.session.execute(
        select(Scorecard.path, func.max(Assessment.closed_at))
        .join(Scorecard, (Assessment.tenant_id == Scorecard.tenant_id) & (Assessment.id == Scorecard.assessment_id))
        .where(
            Assessment.tenant_id == scope.tenant_id,
            Scorecard.tenant_id == scope.tenant_id,
            Scorecard.path.in_(paths),
            Assessment.year == year,
            Assessment.closed_at.is_not(None),
        )
        .group_by(Scorecard.path)
    )
    return {path: at for path, at in rows if at is not None}


register(assessment_closed_at)
