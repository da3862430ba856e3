"""The correction under way, as handing in and reviewing find it and move it on."""

from duban.kernel.scope import Scope, owned
from duban.reporting.models import Correction, Duty
from duban.reporting.queries.forms import requirement_of
from duban.reporting.rules import correct_by
from duban.reporting.states import CorrectionState


def hand_in_correction(scope: Scope, duty: Duty) -> None:
    """Note that the correction was handed in; for `submit`, which has moved the duty."""
    under_way(scope, duty).state = CorrectionState.SUBMITTED


def reopen_correction(scope: Scope, duty: Duty) -> None:
    """Note that the correction was returned, with days to correct it again; for the review, which has moved the duty."""
    under_way(scope, duty).state = CorrectionState.OPEN
    give_days(scope, duty)


def settle_correction(scope: Scope, duty: Duty) -> None:
    """Note that the correction counts from now on; for the review, which has moved the duty."""
    found = under_way(scope, duty)
    found.state, found.to_version, found.settled_at = CorrectionState.DONE, duty.accepted_version, scope.now
    duty.corrected_at = scope.now


def under_way(scope: Scope, duty: Duty) -> Correction:
    """Get the correction of a duty begun last, locked."""
    statement = owned(scope, Correction).where(Correction.duty_id == duty.id).order_by(Correction.position.desc()).limit(1)
    return scope.session.scalars(statement.with_for_update()).one()


def give_days(scope: Scope, duty: Duty) -> None:
    """Give the unit the requirement's days of correction, from today."""
    requirement = requirement_of(scope, duty)
    days = requirement.missing_after_days if requirement.correction_days is None else requirement.correction_days
    duty.correct_by = correct_by(scope.now, days, scope.zone)
