"""Which duties are to be looked at now, and whether a message written earlier is still wanted when it is about to be sent."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select, text

from duban.calendar.climbing import PREFIX, step_of
from duban.calendar.ladders import Event
from duban.kernel.scope import Scope, get_owned, owned
from duban.notifications.digests import Group
from duban.notifications.holding import held
from duban.notifications.models import Effect
from duban.notifications.operations import Fresh
from duban.reporting import reminding
from duban.reporting.climbing import Phase, due_of, ladder_of, phase_of
from duban.reporting.models import UNCLIMBED, Duty, Extension, Requirement
from duban.reporting.queries.duties import line_of
from duban.reporting.recipients import Recipients
from duban.reporting.stages import ASKED, BEFORE_LADDERS, REVIEW, is_pressing, review_stage
from duban.reporting.states import UNIT_TO_ACT, CorrectionState, ExtensionState

MOST_AT_ONCE = 500
"""Few: a duty is held until all of them are written, and a clerk who hands it in waits that long."""
HELD = timedelta(minutes=10)
"""A message older than this was held back: whoever lost the role meanwhile gets it no more."""


def to_look_at(scope: Scope) -> Sequence[Duty]:
    """
    Take hold of the duties whose ladder is to be looked at by now; those somebody is working on are left for the next time.

    Costs: one query that walks an index of what is next.
    """
    statement = (
        owned(scope, Duty)
        .where(Duty.next_step_at <= scope.now)
        .order_by(Duty.next_step_at, Duty.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return scope.session.scalars(statement).all()


def never_looked_at(scope: Scope, limit: int) -> Sequence[Duty]:
    """Take hold of duties from before ladders were kept on the row. Costs: one query on an index that is empty in the end."""
    statement = owned(scope, Duty).where(text(UNCLIMBED)).order_by(Duty.id).limit(limit).with_for_update(skip_locked=True)
    return scope.session.scalars(statement).all()


def asked_on_days(scope: Scope, duties: Collection[UUID]) -> Mapping[UUID, date]:
    """Give the day of the request for an extension that waits for an answer, by duty. Costs: one query."""
    rows = scope.session.execute(
        select(Extension.duty_id, Extension.asked_at).where(
            Extension.tenant_id == scope.tenant_id,
            Extension.duty_id.in_(duties),
            Extension.state == ExtensionState.ASKED.value,
        )
    )
    return {duty: at.astimezone(scope.zone).date() for duty, at in rows}


def told_before_ladders(scope: Scope, duties: Collection[UUID]) -> set[tuple[UUID, str, int]]:
    """List what was told of duties under the names stages had before: duty, stage, due_version. Costs: one query."""
    if not duties:
        return set()
    rows = scope.session.execute(
        select(Effect.subject_id, Effect.stage, Effect.due_version)
        .where(
            Effect.tenant_id == scope.tenant_id,
            Effect.subject_kind == "duty",
            Effect.subject_id.in_(duties),
            Effect.stage.in_(BEFORE_LADDERS),
        )
        .distinct()
    )
    return {(subject, stage, version) for subject, stage, version in rows}


def still_wanted(scope: Scope, effect: Effect) -> bool:
    """
    Say whether a message about a duty is still true when it is about to be sent; the duty cannot be changed meanwhile.

    Reminders and urging fall away once the unit has handed in, the date has moved, or the requirement was withdrawn; what
    asks for a review, once the version waits elsewhere; word of something that has happened stays true.
    Raises: BusyError while somebody is changing the duty.
    """
    if not is_pressing(effect.stage):
        return True
    duty = held(scope, Duty, effect.subject_id)
    if duty is None:
        return False
    if effect.stage.startswith(REVIEW):
        return duty.at_path is not None and effect.stage.startswith(review_stage(duty))
    if effect.stage.startswith(ASKED):
        return duty.correcting is CorrectionState.ASKED
    if effect.stage.startswith(PREFIX):
        return duty.due_version == effect.due_version and _step_wanted(scope, duty, effect)
    return duty.due_version == effect.due_version and duty.stands in UNIT_TO_ACT


def _step_wanted(scope: Scope, duty: Duty, effect: Effect) -> bool:
    """Say whether a reminder's step still stands in the duty's course, and for whom it was written."""
    ladder = ladder_of(get_owned(scope, Requirement, duty.requirement_id))
    step = step_of(ladder, effect.stage)
    if step is None or effect.stage.split(":")[2] != str(duty.versions) or not _stands(scope, duty, ladder.family(step)):
        return False
    if scope.now - effect.created_at < HELD:
        return True
    return not _said_since(scope, effect) and effect.recipient_id in Recipients(scope, [duty]).everybody(step.everybody, duty)


def _said_since(scope: Scope, effect: Effect) -> bool:
    """Say whether a later step was written since: both would be sent at once, with the same words as of today."""
    later = select(Effect.id).where(
        Effect.tenant_id == scope.tenant_id,
        Effect.subject_kind == effect.subject_kind,
        Effect.subject_id == effect.subject_id,
        Effect.recipient_id == effect.recipient_id,
        Effect.channel == effect.channel,
        Effect.due_version == effect.due_version,
        Effect.stage.startswith(PREFIX),
        Effect.created_at > effect.created_at,
    )
    return scope.session.scalars(later.limit(1)).first() is not None


def _stands(scope: Scope, duty: Duty, family: Event | None) -> bool:
    phase = phase_of(duty)
    if family is None:
        return phase in {Phase.OWED, Phase.RETURNED}
    if family is Event.EXTENSION_ASKED:
        return duty.id in asked_on_days(scope, [duty.id])
    return phase is {Event.SUBMITTED: Phase.WAITING, Event.RETURNED: Phase.RETURNED}.get(family)


def collective_wanted(scope: Scope, effect: Effect) -> bool:
    """Say whether any unit below still stands where a message to somebody above says."""
    return _group_now(scope, effect).n > 0


def _group_now(scope: Scope, effect: Effect) -> reminding.Standing:
    requirement = get_owned(scope, Requirement, effect.subject_id)
    step = step_of(ladder_of(requirement), effect.stage)
    if step is None:
        return reminding.Standing(0, 0, (), None)
    return reminding.standing_of_group(
        scope, requirement, step=step, period=effect.params["period"], place=effect.params["place"]
    )


def freshen(scope: Scope, effect: Effect) -> Fresh | None:
    """Give a reminder as of now: one that was held back overnight says how many days are left this morning."""
    if not effect.stage.startswith(PREFIX):
        return None
    line = line_of(scope, get_owned(scope, Duty, effect.subject_id))
    ladder = ladder_of(line.requirement)
    step = step_of(ladder, effect.stage)
    if step is None:
        return None
    return reminding.own_template(ladder, step), reminding.own_words(scope, line, step), effect.link


def freshen_collective(scope: Scope, effect: Effect) -> Fresh | None:
    """Give the message to somebody above as of now: how many of how many, which, and where to go."""
    requirement = get_owned(scope, Requirement, effect.subject_id)
    step, standing = step_of(ladder_of(requirement), effect.stage), _group_now(scope, effect)
    if step is None or not standing.n:
        return None
    template, words, link = reminding.said_above(scope, requirement, step, standing)
    return template, {**words, "period": effect.params["period"], "place": effect.params["place"]}, link


def group_of(scope: Scope, effect: Effect) -> Group:
    """Say under which heading of a person's one mail a message about a duty goes."""
    if effect.stage.startswith((REVIEW, ASKED)):
        return Group.TO_REVIEW
    if not is_pressing(effect.stage):
        return Group.NEWS
    duty = get_owned(scope, Duty, effect.subject_id)
    if phase_of(duty) is Phase.WAITING:
        return Group.TO_REVIEW
    return Group.OVERDUE if due_of(duty) < scope.today else Group.SOON


def group_of_collective(scope: Scope, effect: Effect) -> Group:
    """Say under which heading a message about many units goes."""
    step = step_of(ladder_of(get_owned(scope, Requirement, effect.subject_id)), effect.stage)
    requirement = get_owned(scope, Requirement, effect.subject_id)
    family = None if step is None else ladder_of(requirement).family(step)
    return Group.TO_REVIEW if family in {Event.SUBMITTED, Event.EXTENSION_ASKED} else Group.BELOW


def requirement_is_issued(scope: Scope, effect: Effect) -> bool:
    """Say whether word of a new requirement is still true: it may have been withdrawn before anybody was told."""
    if not effect.stage.startswith("issued"):
        return True
    return get_owned(scope, Requirement, effect.subject_id).withdrawn_at is None
