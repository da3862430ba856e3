"""How many assessments of a unit are not over, for those who change the tree."""

from sqlalchemy import func, select

from duban.assessments.models import Assessment, Scorecard
from duban.assessments.states import AssessmentState
from duban.kernel.scope import Scope
from duban.organisation.open_work import Paths, Work, register

_RUNNING = (AssessmentState.PREPARING, AssessmentState.SELF_SCORING, AssessmentState.SCORING)


def scorecards(scope: Scope, paths: Paths) -> int:
    """Count the unit's scorecards in rounds that are not closed."""
    return (
        scope.session.scalar(
            select(func.count())
            .select_from(Scorecard)
            .join(Assessment, (Assessment.tenant_id == Scorecard.tenant_id) & (Assessment.id == Scorecard.assessment_id))
            .where(Scorecard.tenant_id == scope.tenant_id, Scorecard.path.in_(paths), Assessment.state.in_(_RUNNING))
        )
        or 0
    )


register(Work.SCORECARD, scorecards)
