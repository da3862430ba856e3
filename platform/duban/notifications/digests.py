"""
A person's one mail of the day: gathered when it is due, built when it is sent, settled with all its parts in one transaction.

The parts are rows of the ledger like any other (`in_digest`); the mail is one more, whose id they carry as `digest_id`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select, update

from duban.kernel.ids import PersonId, new_id
from duban.kernel.jobs import JobName, bell
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_
from duban.notifications.models import Effect
from duban.notifications.states import OPEN_STATES, Channel, EffectState

KIND = "digest"
LINK = "/"
GATHERED_AT_ONCE = 5_000


class Group(StrEnum):
    """The headings of the mail, in their order."""

    OVERDUE = "overdue"
    SOON = "soon"
    TO_REVIEW = "to_review"
    BELOW = "below"
    NEWS = "news"


GROUP_LABELS: dict[Group, str] = {
    Group.OVERDUE: N_("已逾期"),
    Group.SOON: N_("即将到期"),
    Group.TO_REVIEW: N_("等待审核或答复"),
    Group.BELOW: N_("下级未报"),
    Group.NEWS: N_("其他消息"),
}
GroupOf = Callable[[Scope, Effect], Group]

SUBJECT = N_("%(tenant)s：%(n)s 件事项提醒")


@dataclass(frozen=True)
class Item:
    """One line of the mail."""

    words: str
    link: str


def gather(scope: Scope) -> int:
    """
    Bind what is due of everybody's parts to one mail each. For the clock. Gives: how many mails.

    What comes later goes with the next one: the set of a mail only ever shrinks, by what is no longer true.
    Costs: two queries on an index of parts that are due; two statements for each person with any.
    """
    due = scope.session.execute(
        select(Effect.id, Effect.recipient_id)
        .where(
            Effect.tenant_id == scope.tenant_id,
            Effect.in_digest,
            Effect.digest_id.is_(None),
            Effect.state.in_(OPEN_STATES),
            Effect.next_try_at <= scope.now,
        )
        .order_by(Effect.next_try_at, Effect.id)
        .limit(GATHERED_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    people: dict[PersonId, list[object]] = {}
    for effect_id, person in due:
        people.setdefault(PersonId(person), []).append(effect_id)
    for person in sorted(people):
        mail = scope.add(_mail_for(scope, person))
        scope.session.flush()
        scope.session.execute(
            update(Effect)
            .where(Effect.tenant_id == scope.tenant_id, Effect.id.in_(people[person]))
            .values(digest_id=mail.id)
            .execution_options(synchronize_session=False)
        )
    if people:
        tenant_id = scope.tenant_id
        scope.after_commit(lambda: bell.ring(JobName.DELIVER, tenant_id))
    return len(people)


def _mail_for(scope: Scope, person: PersonId) -> Effect:
    identity = new_id()
    return Effect(
        id=identity,
        subject_kind=KIND,
        subject_id=person,
        stage=f"{KIND}:{identity.hex}",
        recipient_id=person,
        channel=Channel.EMAIL,
        due_version=1,
        template=SUBJECT,
        params={"tenant": scope.tenant.name, "n": 0},
        link=LINK,
        state=EffectState.PENDING,
        tries=0,
        epoch=0,
        next_try_at=scope.now,
        created_at=scope.now,
        note="",
        in_digest=False,
    )


def parts_of(scope: Scope, digest: Effect) -> Sequence[Effect]:
    """Take hold of the parts of a mail that are still open, in the order they were told."""
    return scope.session.scalars(
        owned(scope, Effect)
        .where(Effect.digest_id == digest.id, Effect.state.in_(OPEN_STATES))
        .order_by(Effect.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def arranged(items: Iterable[tuple[Group, Item]]) -> Mapping[Group, list[Item]]:
    """Put lines under their headings, each sentence once, headings in their order and none empty."""
    found: dict[Group, list[Item]] = {group: [] for group in Group}
    for group, item in items:
        if item not in found[group]:
            found[group].append(item)
    return {group: lines for group, lines in found.items() if lines}
