"""An office above hands in in a unit's stead （代报）, where the requirement allows it; see duban.reporting.entering."""

from collections.abc import Mapping
from uuid import UUID

from duban.forms.boxes import explanations_in
from duban.kernel.scope import Scope
from duban.reporting.entering import Office, against
from duban.reporting.errors import EnteringFilesError, NilNotAllowedError, UnitAtWorkError
from duban.reporting.handing_in import checked, hand_in, require_ready
from duban.reporting.models import Duty, Requirement, Submission
from duban.reporting.queries.answering import read_duty
from duban.reporting.queries.duties import draft_of, get_duty
from duban.reporting.queries.entering import require_office
from duban.reporting.queries.extensions import waiting_for
from duban.reporting.queries.forms import asked_of, requirement_of
from duban.reporting.queries.from_below import kept_gaps


def enter(
    scope: Scope,
    *,
    duty_id: UUID,
    typed: Mapping[str, object],
    note: str = "",
    explanations: Mapping[str, str] | None = None,
    anyway: bool = False,
) -> Submission:
    """
    Hand in a new version for a unit below. What the unit has typed itself stays as it is; its people are told.

    Takes:  answers and explanations as for `submit`; `anyway` to go on where the unit has begun itself or asked for a later day.
    Raises: NotFoundError, NotAllowedError, DutyClosedError, ContactsMissingError, WaitingForBelowError, UnitAtWorkError,
            EnteringFilesError, ContentError.
    """
    duty, requirement, office = _locked_for_office(scope, duty_id, anyway=anyway)
    if requirement.attachments_required:
        raise EnteringFilesError
    asked = asked_of(scope, duty, requirement)
    reading = read_duty(scope, duty, asked, typed, with_files=False)
    content, explained = checked(reading, {**explanations_in(typed), **(explanations or {})})
    below = kept_gaps(scope, duty, asked.form, reading.values)
    return hand_in(
        scope, duty, requirement, asked, content=content, explanations=explained, note=note, from_below=below, office=office
    )


def enter_nil(scope: Scope, *, duty_id: UUID, note: str = "", anyway: bool = False) -> Submission:
    """
    Hand in for a unit below that there was nothing to report.

    Raises: as `enter`, NilNotAllowedError.
    """
    duty, requirement, office = _locked_for_office(scope, duty_id, anyway=anyway)
    if not requirement.nil_allowed:
        raise NilNotAllowedError
    return hand_in(scope, duty, requirement, asked_of(scope, duty, requirement), note=note, office=office)


def _locked_for_office(scope: Scope, duty_id: UUID, *, anyway: bool) -> tuple[Duty, Requirement, Office]:
    duty = get_duty(scope, duty_id, lock=True)
    requirement = requirement_of(scope, duty)
    office = require_office(scope, duty, requirement)
    require_ready(scope, duty, requirement)
    found = [] if anyway else against(draft_of(scope, duty.id), waiting_for(scope, duty.id), scope.zone)
    if found:
        raise UnitAtWorkError(found[0])
    return duty, requirement, office
