"""What the clock does for matters and meetings in every tenant, and what the courier asks before it sends."""

from collections.abc import Mapping
from datetime import timedelta

from duban.kernel.errors import NotFoundError
from duban.kernel.jobs import Periodic
from duban.kernel.scope import Scope, get_owned
from duban.matters import operations, reminding
from duban.matters.clockwork import ladder_of
from duban.matters.models import Matter, MeetingRhythm
from duban.matters.operations.meetings import SWEEP_BATCH as MEETINGS_BATCH
from duban.matters.operations.sheets import SWEEP_BATCH
from duban.matters.telling import is_pressing
from duban.notifications.digests import Group, GroupOf
from duban.notifications.holding import held
from duban.notifications.models import Effect
from duban.notifications.operations import Fresh, Freshen, StillWanted

HELD = timedelta(minutes=10)
"""A message older than this was held back: whoever lost the role meanwhile gets it no more."""


def sweep(scope: Scope) -> int:
    """Send the sheets and reminders that are due by now."""
    return operations.sweep(scope)


def sweep_meetings(scope: Scope) -> int:
    """Tell of meetings that were not held in time."""
    return operations.sweep_meetings(scope)


def matter_still_owed(scope: Scope, effect: Effect) -> bool:
    """
    Say whether a message about a matter is still true: what presses falls away once the units have reported, the term has moved,
    the matter was closed or taken back; word of something that has happened stays true. Raises: BusyError.
    """
    if not is_pressing(effect.stage):
        return True
    matter = held(scope, Matter, effect.subject_id)
    if matter is None or matter.due_version != effect.due_version or not reminding.stands(scope, matter, effect):
        return False
    step = reminding.step_of_stage(matter, effect.stage)
    if step is None or scope.now - effect.created_at < HELD:
        return True
    return effect.recipient_id in reminding.everybody(scope, matter, step)


def group_of_matter(scope: Scope, effect: Effect) -> Group:
    """Say under which heading of a person's one mail a message about a matter goes."""
    if not is_pressing(effect.stage):
        return Group.NEWS
    matter = get_owned(scope, Matter, effect.subject_id)
    step = reminding.step_of_stage(matter, effect.stage)
    if step is not None and ladder_of(matter).family(step) in reminding.FOR_ASSIGNER:
        return Group.TO_REVIEW
    return Group.OVERDUE if matter.counts_from < scope.today else Group.SOON


def freshen_matter(scope: Scope, effect: Effect) -> Fresh | None:
    """Give a reminder as of the moment it is sent."""
    return reminding.freshen(scope, get_owned(scope, Matter, effect.subject_id), effect)


def rhythm_still_kept(scope: Scope, effect: Effect) -> bool:
    """Say whether word of a meeting not held is still true: the rule may have been ended before anybody was told."""
    try:
        return get_owned(scope, MeetingRhythm, effect.subject_id).ended_at is None
    except NotFoundError:
        return False


PERIODIC = (
    Periodic("matters.sheets", timedelta(minutes=1), sweep, batch=SWEEP_BATCH),
    Periodic("matters.meetings", timedelta(minutes=5), sweep_meetings, batch=MEETINGS_BATCH),
)
FRESHEN: Mapping[str, Freshen] = {"matter": freshen_matter}
GROUP_OF: Mapping[str, GroupOf] = {"matter": group_of_matter}
STILL_WANTED: Mapping[str, StillWanted] = {"matter": matter_still_owed, "meeting_rhythm": rhythm_still_kept}
