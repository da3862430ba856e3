"""Writes: telling people, delivering what was told, marking as read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from duban.audit.operations import record
from duban.identity.models import Person
from duban.kernel.ids import PersonId, new_id
from duban.kernel.jobs import JobName, bell
from duban.kernel.scope import Scope, owned
from duban.notifications.choices import Plan, hours_of, mail_plans
from duban.notifications.digests import KIND as DIGEST
from duban.notifications.errors import BusyError
from duban.notifications.models import Effect, Notice
from duban.notifications.queries import get_notice
from duban.notifications.rules import MAX_CLAIMS, MAX_TRIES, pack_all, pause_after
from duban.notifications.states import OPEN_STATES, Channel, EffectState

ONE_OFF = "event"
BOTH = (Channel.IN_APP, Channel.EMAIL)
NOTE_LIMIT = 500
ROWS_AT_ONCE = 1_000
UNWANTED = "no longer wanted"

StillWanted = Callable[[Scope, Effect], bool]
"""
Asked just before sending, with the effect locked: is the message still true (not submitted meanwhile, same due date)?

It takes hold of what it looks at, so that this stays true until the message is out. May raise BusyError.
"""
Fresh = tuple[str, Mapping[str, object], str]
Freshen = Callable[[Scope, Effect], Fresh | None]
"""Says a message as of the moment it is sent: template, values, link. None: as it was written."""
AGAIN_SOON = timedelta(seconds=2)


def tell(
    scope: Scope,
    *,
    recipients: Iterable[PersonId],
    template: str,
    subject_kind: str,
    subject_id: UUID,
    params: Mapping[str, object] | None = None,
    link: str = "",
    stage: str = ONE_OFF,
    due_version: int = 1,
    channels: Sequence[str] = BOTH,
    at: datetime | None = None,
    urgent: bool = False,
) -> int:
    """
    Tell people something, once: rows in the ledger, part of the caller's transaction. Gives the number of new rows.

    Takes: `template` a marked Chinese msgid with its `params` (texts, numbers, dates; a Text inside is translated too);
    `link` a path inside the site. The default stage is a one-off event, told each time; a named stage (`T-3`) is told once
    per subject, recipient, channel and `due_version`, however often it is asked for. `at`: not before this instant.
    E-mail keeps to each person's hours and choice (duban.notifications.choices), what is `urgent` where the tenant wants so.
    The worker is woken after the commit; if that is lost, the clock's sweep finds the rows.
    """
    message = Message(
        recipients=tuple(recipients), template=template, subject_kind=subject_kind, subject_id=subject_id, params=params or {},
        link=link, stage=stage, due_version=due_version, channels=tuple(channels), at=at, urgent=urgent,
    )  # fmt: skip
    return tell_many(scope, [message])


@dataclass(frozen=True)
class Message:
    """What `tell` is told, for telling many things at once."""

    recipients: Sequence[PersonId]
    template: str
    subject_kind: str
    subject_id: UUID
    params: Mapping[str, object] = field(default_factory=dict)
    link: str = ""
    stage: str = ONE_OFF
    due_version: int = 1
    channels: Sequence[str] = BOTH
    at: datetime | None = None
    urgent: bool = False


def tell_many(scope: Scope, messages: Sequence[Message]) -> int:
    """Tell many things at once. Gives the number of new rows. Costs: a statement for a thousand rows, and one for the hours."""
    hours_of(scope, {person for one in messages if Channel.EMAIL in one.channels for person in one.recipients})
    rows = [row for one in messages for row in _rows(scope, one)]
    told = 0
    for first in range(0, len(rows), ROWS_AT_ONCE):
        chunk = rows[first : first + ROWS_AT_ONCE]
        statement = insert(Effect).values(chunk).on_conflict_do_nothing(constraint="uq_effect_once").returning(Effect.id)
        told += len(scope.session.scalars(statement).all())
    if told and "bell" not in scope.memo:
        scope.memo["bell"] = True
        tenant_id = scope.tenant_id
        scope.after_commit(lambda: bell.ring(JobName.DELIVER, tenant_id))
    return told


def _rows(scope: Scope, one: Message) -> list[dict[str, object]]:
    stage = f"{ONE_OFF}:{new_id().hex}" if one.stage == ONE_OFF else one.stage
    people = sorted(set(one.recipients))  # in one order, so that two tellers never wait for each other in a circle
    at = one.at or scope.now
    mail = mail_plans(scope, people, at=at, urgent=one.urgent) if Channel.EMAIL in one.channels else {}
    packed = pack_all(one.params)
    return [
        {
            "tenant_id": scope.tenant_id,
            "id": new_id(),
            "subject_kind": one.subject_kind,
            "subject_id": one.subject_id,
            "stage": stage,
            "recipient_id": recipient,
            "channel": Channel(channel),
            "due_version": one.due_version,
            "template": one.template,
            "params": packed,
            "link": one.link,
            "state": EffectState.PENDING,
            "tries": 0,
            "epoch": 0,
            "next_try_at": plan.at,
            "in_digest": plan.in_digest,
            "created_at": scope.now,
            "note": "",
        }
        for recipient in people
        for channel in one.channels
        for plan in [mail[recipient] if channel == Channel.EMAIL else Plan(at, in_digest=False)]
    ]


def read_notice(scope: Scope, *, notice_id: UUID) -> Notice:
    """Mark a message of one's own as read; a second time changes nothing. Raises: NotFoundError."""
    notice = get_notice(scope, notice_id)
    if notice.read_at is None:
        notice.read_at = scope.now
        record(scope, "notice.read", "notice", notice.id)
    return notice


def read_all_notices(scope: Scope) -> int:
    """Mark every message of one's own as read. Gives how many were unread."""
    statement = (
        update(Notice)
        .where(Notice.tenant_id == scope.tenant_id, Notice.recipient_id == scope.person_id, Notice.read_at.is_(None))
        .values(read_at=scope.now)
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    )
    count = len(scope.session.scalars(statement).all())
    if count:
        record(scope, "notice.read_all", "person", scope.person_id, count=count)
    return count


@dataclass(frozen=True)
class Claim:
    """A worker's hold on an effect, worth something only while the effect still has this epoch."""

    effect_id: UUID
    epoch: int


def claim(scope: Scope, *, channel: Channel, limit: int, lease: timedelta) -> list[Claim]:
    """
    Take hold of what is due, the longest waiting first, also what a dead worker had taken and its lease has run out.

    Costs: rows locked until the commit; rows another worker holds are passed over.
    """
    due = (
        select(Effect.id)
        .where(
            Effect.tenant_id == scope.tenant_id,
            Effect.channel == channel,
            Effect.state.in_(OPEN_STATES),
            Effect.next_try_at <= scope.now,
            ~Effect.in_digest,  # those go with the mail of the day
        )
        .order_by(Effect.next_try_at, Effect.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")  # evaluated once: as a plain subquery the planner may run it again and lock more than the limit
    )
    taken = scope.session.execute(
        update(Effect)
        .where(Effect.tenant_id == scope.tenant_id, Effect.id.in_(select(due.c.id)))
        .values(state=EffectState.CLAIMED, epoch=Effect.epoch + 1, next_try_at=scope.now + lease)
        .returning(Effect.id, Effect.epoch)
        .execution_options(synchronize_session=False)
    )
    # in the order they were told, which RETURNING does not keep
    return [Claim(effect_id, epoch) for effect_id, epoch in sorted(taken, key=lambda row: row.id)]


def settle(
    scope: Scope,
    *,
    held: Claim,
    still_wanted: StillWanted,
    have_effect: Callable[[Scope, Effect, Person], bool | None],
    freshen: Freshen | None = None,
) -> EffectState | None:
    """
    Have one claimed effect and mark it, both in this transaction.

    Takes: `have_effect` raises to say that it failed, and gives False to say that there was nothing left to say.
    Gives: the state reached; None when the claim was lost meanwhile, and then nothing was done.
    """
    effect = _hold(scope, held)
    if effect is None:
        return None
    if held.epoch > MAX_CLAIMS:
        return _end(scope, effect, EffectState.DEAD, f"taken {MAX_CLAIMS} times and never finished")
    person = scope.session.scalars(owned(scope, Person).where(Person.id == effect.recipient_id)).one()
    obstacle = _obstacle(effect, person)
    if obstacle:
        return _end(scope, effect, EffectState.CANCELLED, obstacle)
    try:
        said = is_wanted(scope, effect, still_wanted)
        if said:
            with scope.session.begin_nested():
                renew(scope, effect, freshen)
                said = have_effect(scope, effect, person) is not False
    except BusyError:
        return _put_back(scope, effect)
    except Exception as error:  # whatever is wrong with one message must not hold up the others
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        return _fail(scope, effect, f"{type(error).__name__}: {error}")
    return _end(scope, effect, EffectState.DONE, "") if said else _end(scope, effect, EffectState.CANCELLED, UNWANTED)


def is_wanted(scope: Scope, effect: Effect, still_wanted: StillWanted) -> bool:
    """
    Ask whether a message is still true. For what goes into the inbox, what it is about is held until the commit; for a mail only
    while asking: a mail server that hangs must not keep anybody from handing in.

    Raises: BusyError.
    """
    savepoint = scope.session.begin_nested()
    if effect.channel != Channel.EMAIL:
        with savepoint:
            return still_wanted(scope, effect)
    try:
        return still_wanted(scope, effect)
    finally:
        savepoint.rollback()  # lets go of the locks taken since


def renew(scope: Scope, effect: Effect, freshen: Freshen | None) -> None:
    """Write a message anew as of now: the ledger keeps what was said."""
    fresh = freshen(scope, effect) if freshen else None
    if fresh is not None:
        effect.template, effect.params, effect.link = fresh[0], pack_all(fresh[1]), fresh[2]


def end_part(scope: Scope, part: Effect, state: EffectState) -> None:
    """Mark a part of a mail of the day, with the mail: held by `digests.parts_of`."""
    _end(scope, part, state, "" if state is EffectState.DONE else UNWANTED)


def cancel(scope: Scope, *, held: Claim, reason: str) -> None:
    """Give up a claimed effect for a reason that does not lie in it, e.g. that no mail server is set."""
    effect = _hold(scope, held)
    if effect is not None:
        _end(scope, effect, EffectState.CANCELLED, reason)


def put_in_inbox(scope: Scope, effect: Effect, _person: Person) -> None:
    """Have the in-app effect: a notice. The unique key on its effect is the last guard against a second one."""
    scope.add(
        Notice(
            effect_id=effect.id,
            recipient_id=effect.recipient_id,
            template=effect.template,
            params=effect.params,
            link=effect.link,
            created_at=scope.now,
        )
    )
    scope.session.flush()  # so that a refusal shows inside the savepoint


def _hold(scope: Scope, held: Claim) -> Effect | None:
    return scope.session.scalars(
        owned(scope, Effect)
        .where(Effect.id == held.effect_id, Effect.epoch == held.epoch, Effect.state == EffectState.CLAIMED)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _obstacle(effect: Effect, person: Person) -> str:
    if not person.active:
        return "the recipient's account is closed"
    if effect.channel == Channel.EMAIL and not person.email:
        return "the recipient has no e-mail address"
    return ""


def _end(scope: Scope, effect: Effect, state: EffectState, note: str) -> EffectState:
    effect.state, effect.note, effect.ended_at = state, note, scope.now
    if effect.subject_kind == DIGEST and state is not EffectState.DONE:
        _end_parts(scope, effect, state, note)
    return state


def _end_parts(scope: Scope, digest: Effect, state: EffectState, note: str) -> None:
    """What a mail of the day does not bring, nobody brings: its parts end with it."""
    scope.session.execute(
        update(Effect)
        .where(Effect.tenant_id == scope.tenant_id, Effect.digest_id == digest.id, Effect.state.in_(OPEN_STATES))
        .values(state=state, note=note, ended_at=scope.now)
        .execution_options(synchronize_session=False)
    )


def _put_back(scope: Scope, effect: Effect) -> EffectState:
    """Try again in a moment; it counts as no failure."""
    effect.state, effect.next_try_at = EffectState.PENDING, scope.now + AGAIN_SOON
    return EffectState.PENDING


def _fail(scope: Scope, effect: Effect, note: str) -> EffectState:
    effect.tries += 1
    if effect.tries >= MAX_TRIES:
        return _end(scope, effect, EffectState.DEAD, note[:NOTE_LIMIT])
    effect.state, effect.note = EffectState.PENDING, note[:NOTE_LIMIT]
    effect.next_try_at = scope.now + pause_after(effect.tries)
    return EffectState.PENDING
