"""Reminders of real duties, fallen due one after the other: planned by the clock, written to the ledger, sent, and some of them overtaken."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from uuid import UUID

from sqlalchemy import Engine, select

from duban.embedded import postgres
from duban.kernel.clock import SystemClock
from duban.notifications.mail import message_id
from duban.notifications.models import Effect, Notice
from duban.notifications.states import Channel, EffectState
from duban.reporting.climbing import first_climb
from duban.reporting.models import Duty
from tests.cast import World
from tests.chaos.field import SENDER
from tests.chaos.service import Service
from tests.integration.reporting.requirements import issued
from tests.mailbox import Mailbox

DAYS_BEFORE = 3
LADDER = {
    "code": "replay",
    "name": {"zh": "演练", "en": "Replay"},
    "steps": [
        {
            "code": "before",
            "name": {"zh": "提前3天提醒", "en": "Three days before"},
            "trigger": {"kind": "due", "days": -DAYS_BEFORE, "hour": "00:00"},
            "to": [{"party": "own"}],
        }
    ],
}
STEPS = "step:%"
SAME_MOMENT = timedelta(seconds=5)
"""A submission and a reminder that wait for each other's lock may be noted in the other order."""
COPIES = """
INSERT INTO duty (tenant_id, id, requirement_id, unit_id, path, to_path, lines, work_line, period_kind, period_code, period_start, period_end,
    reporting_year, due_on, due_at, due_since, due_version, missing_at, state, is_nil, versions, timeliness, late_days, changed_at, climbed, next_step_at)
SELECT d.tenant_id, c.id, d.requirement_id, d.unit_id, d.path, d.to_path, d.lines, d.work_line, d.period_kind, 'copy-' || c.id, d.period_start,
    d.period_end, d.reporting_year, d.due_on, d.due_at, d.due_since, 1, d.missing_at, 'open', false, 0, 'pending', 0, d.changed_at, %s, c.at
FROM duty d CROSS JOIN unnest(%s::uuid[], %s::timestamptz[]) AS c(id, at) WHERE d.requirement_id = %s
"""


def plan_duties(service: Service, number: int, *, over_seconds: float, dice: random.Random) -> dict[UUID, datetime]:
    """Have vera's village owe so many things whose reminder falls due at an instant of their own. Gives: the instants."""
    world, today = service.world, SystemClock().now().astimezone(service.world.tenant.zone).date()
    due_on = today + timedelta(days=DAYS_BEFORE)
    requirement_id = issued(
        world,
        due={"kind": "fixed", "on": due_on.isoformat()},
        active_from=(today - timedelta(days=30)).isoformat(),
        active_until=due_on.isoformat(),
        targets={"scope": "listed", "unit_ids": [str(world.units["V11"])]},
    )
    start = SystemClock().now() + timedelta(seconds=5)
    wanted = {UUID(int=dice.getrandbits(128)): start + timedelta(seconds=over_seconds * dice.random()) for _ in range(number)}
    climbed = json.dumps(first_climb(today=today - timedelta(days=30)).to_json())
    with service.server.connect(role=postgres.SUPERUSER, database=postgres.DATABASE) as admin:
        admin.execute("UPDATE requirement SET ladder = %s WHERE id = %s", [json.dumps(LADDER), requirement_id])
        admin.execute(COPIES, [climbed, list(wanted), list(wanted.values()), requirement_id])
    return wanted


@dataclass
class HandedIn:
    """What a clerk was told when they handed in, while everything was being killed."""

    acknowledged: set[UUID] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)


def hand_in_until(service: Service, stop: threading.Event, duties: Sequence[UUID], told: HandedIn) -> None:
    """Hand in one duty after the other, each tried until the service says that it has it."""
    for duty_id in duties:
        while not stop.wait(0.2):
            try:
                status, body, tag = service.ask_tagged("GET", f"/api/v1/duties/{duty_id}")
                if status == 200:
                    content = {"content": {"done": "检查 6 户", "checks": 6}}
                    status, body, _ = service.ask_tagged("POST", f"/api/v1/duties/{duty_id}/submissions", content, if_match=tag)
            except (OSError, HTTPException) as error:
                told.answers[type(error).__name__] += 1
                continue
            told.answers[str(status)] += 1
            if status in {201, 409}:  # 409: the answer to the try before was lost on the way
                told.acknowledged.add(duty_id)
                break
            if status not in {412, 503}:
                raise AssertionError(f"{status}: {body}")


@dataclass
class Outcome:
    """
    What came of the reminders. `stale` went out after what they ask for had been handed in; of what was `unmailed` it was handed in
    before the mail went, though perhaps after the notice.
    """

    wanted: int
    lost: int
    doubled: int
    stale: int
    overtaken: int
    unmailed: int
    mails: int
    mails_lost: int
    mails_repeated: int
    submissions_lost: int
    lateness: list[float]


def judge_replay(engine: Engine, world: World, mailbox: Mailbox, wanted: Mapping[UUID, datetime], told: HandedIn) -> Outcome:
    """Compare what was called for with what arrived."""
    engine.dispose()
    with world.as_system() as scope:
        effects = scope.session.scalars(
            select(Effect).where(Effect.tenant_id == scope.tenant_id, Effect.subject_kind == "duty", Effect.stage.like(STEPS))
        ).all()
        notices = Counter(scope.session.scalars(select(Notice.effect_id).where(Notice.tenant_id == scope.tenant_id)))
        duties = {duty.id: duty for duty in scope.session.scalars(select(Duty).where(Duty.tenant_id == scope.tenant_id))}
    in_app = [one for one in effects if one.channel is Channel.IN_APP and one.subject_id in wanted]
    reached = Counter(one.subject_id for one in in_app for _ in range(notices[one.id]))
    handed_in = {duty_id: duty.first_submitted_at for duty_id, duty in duties.items() if duty.first_submitted_at}
    sent = [one for one in effects if one.subject_id in wanted and one.state is EffectState.DONE]
    mailed = [one for one in sent if one.channel is Channel.EMAIL]
    expected = {message_id(tenant_id=one.tenant_id, effect_id=one.id, sender=SENDER) for one in mailed}
    arrived = Counter({identity: count for identity, count in mailbox.ids().items() if identity in expected})
    return Outcome(
        wanted=len(wanted),
        lost=sum(1 for duty_id in wanted if duty_id not in handed_in and not reached[duty_id])
        + sum(1 for one in in_app if one.state not in {EffectState.DONE, EffectState.CANCELLED}),
        doubled=sum(count - 1 for count in reached.values() if count > 1),
        stale=sum(
            1
            for one in effects
            if one.state is EffectState.DONE
            and one.ended_at
            and one.subject_id in handed_in
            and one.ended_at > handed_in[one.subject_id] + SAME_MOMENT
        ),
        overtaken=sum(1 for duty_id in handed_in if duty_id in wanted and not reached[duty_id]),
        unmailed=len((handed_in.keys() & wanted.keys()) - {one.subject_id for one in mailed}),
        mails=len(arrived),
        mails_lost=len(expected - arrived.keys())
        + len({one.subject_id for one in sent} - {one.subject_id for one in mailed} - handed_in.keys()),
        mails_repeated=arrived.total() - len(arrived),
        submissions_lost=len(told.acknowledged - handed_in.keys()),
        lateness=sorted((one.ended_at - wanted[one.subject_id]).total_seconds() for one in in_app if one.ended_at),
    )
