"""Matters on the common ladder: who is told by role, other colours as data, and that nothing stale goes out."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from duban.access.models import RoleGrant
from duban.calendar.ladder_json import ladder_to_json
from duban.calendar.ladder_presets import MATTERS, STANDARD
from duban.calendar.ladders import (
    LEADER,
    Colour,
    Event,
    Ladder,
    Party,
    Recipient,
    Step,
    Trigger,
    TriggerKind,
    Words,
)
from duban.kernel.scope import Scope, owned
from duban.matters import operations
from duban.matters.models import Matter
from duban.matters.states import Cycle, Question
from duban.notifications.choices import choose
from duban.notifications.digests import Group
from duban.notifications.models import Effect
from duban.notifications.states import Channel, EffectState
from duban.reporting.operations import set_tenant_ladders
from duban.worker import GROUP_OF
from tests.cast import World
from tests.integration.delivery import delivered
from tests.integration.matters.stage import REASON, matter_of, register, run_clock

OWN, CO, ISSUER = Recipient(Party.OWN), Recipient(Party.CO), Recipient(Party.ISSUER)
SUQIAN = Ladder(
    "matters",
    Words("三色单（宿迁）"),
    (
        Step("blue", Trigger(TriggerKind.DUE, -5), (OWN,), colour=Colour.BLUE, name=Words("蓝单")),
        Step("yellow", Trigger(TriggerKind.DUE, -1), (OWN,), colour=Colour.YELLOW, name=Words("黄单"), text=Words("进度滞后")),
        Step("red", Trigger(TriggerKind.DUE, 1), (OWN,), (ISSUER, Recipient(Party.OWN, LEADER)), Colour.RED, Words("红单")),
        Step("behind", Trigger(TriggerKind.EVENT, 0, event=Event.BEHIND), (OWN,), (CO,), Colour.YELLOW, Words("缺报进展")),
        Step("poor", Trigger(TriggerKind.EVENT, 1, event=Event.RETURNED), (OWN,), colour=Colour.YELLOW, name=Words("质量不高")),
        Step("slow", Trigger(TriggerKind.EVENT, 3, event=Event.SUBMITTED), (ISSUER,), name=Words("三天未审核")),
    ),
)


def morning(day: int, month: int = 3, hour: int = 0) -> datetime:
    """8:30 in Shanghai, or so many hours later."""
    return datetime(2026, month, day, hour, 30, tzinfo=UTC)


def use(world: World, ladder: Ladder) -> None:
    """Have the tenant's administrator set the ladder of matters."""
    with world.as_("adam") as scope:
        set_tenant_ladders(scope, ladders=[STANDARD, ladder], active_from=scope.today, version=1)


def told(world: World, at: datetime) -> set[tuple[str, str]]:
    """Let the clock look and deliver at once. Gives: login and the first word of each new message."""
    run_clock(world, at=at)
    return {(who, words.split("：")[0]) for who, words, _ in delivered(world, at)}


def finish(scope: Scope, matter_id: UUID) -> object:
    return operations.finish(scope, matter_id=matter_id, text="办结")


class TestRecipients:
    def test_by_role_as_the_ladder_says(self, world: World) -> None:
        matter_id = register(world, "cora", co_ids=[world.units["D1"]])
        delivered(world, morning(11))
        blue = {who for who, _ in told(world, morning(22))}
        orange = {who for who, _ in told(world, morning(26))}
        red = {who for who, word in told(world, morning(29)) if word == "红单"}
        assert {"tom", "cora"} <= blue <= orange <= red
        assert "lena" not in orange
        assert "lena" in red, "the assigner's leader gets red"
        assert matter_of(world, matter_id).colour is Colour.RED

    def test_yellow_where_a_tenant_wants_it(self, world: World) -> None:
        before = register(world)
        use(world, SUQIAN)
        register(world)
        delivered(world, morning(11))
        assert ("tom", "蓝单") in told(world, morning(20))
        assert ("tom", "黄单") in told(world, morning(24))
        assert matter_of(world, before).colour is Colour.BLUE, "what was registered before keeps its ladder"
        assert ("tom", "红单") in told(world, morning(26))

    def test_a_missed_report_and_a_return_are_events(self, world: World) -> None:
        use(world, SUQIAN)
        matter_id = register(world, source="document", cycle=Cycle.WEEK)  # report due Friday the 13th, matter on 9 April
        told(world, morning(13))
        run_clock(world, at=morning(14))
        assert matter_of(world, matter_id).behind_since == date(2026, 3, 14)
        assert ("tom", "黄单") in told(world, morning(14, hour=1)), "yellow: behind schedule"
        with world.as_("tom", at=morning(16)) as scope:
            operations.report_progress(scope, matter_id=matter_id, text="已赶上")
        assert matter_of(world, matter_id).behind_since is None
        with world.as_("tom", at=morning(17)) as scope:
            finish(scope, matter_id)
        delivered(world, morning(17))
        assert told(world, morning(20)) == {("cora", "三天未审核")}


class TestStale:
    """A reminder is written at eight; what is done before it is sent must stop it."""

    @staticmethod
    def report(world: World, matter_id: UUID) -> None:
        with world.as_("tom", at=morning(22, hour=2)) as scope:
            operations.report_progress(scope, matter_id=matter_id, text="过半")

    @staticmethod
    def done(world: World, matter_id: UUID) -> None:
        with world.as_("tom", at=morning(22, hour=2)) as scope:
            finish(scope, matter_id)

    @staticmethod
    def close(world: World, matter_id: UUID) -> None:
        TestStale.done(world, matter_id)
        with world.as_("cora", at=morning(22, hour=3)) as scope:
            operations.close_matter(scope, matter_id=matter_id, met=list(Question))

    @staticmethod
    def extend(world: World, matter_id: UUID) -> None:
        TestStale.ask(world, matter_id)
        with world.as_("cora", at=morning(22, hour=3)) as scope:
            operations.review_extension(scope, matter_id=matter_id, agree=True)
        with world.as_("lena", at=morning(22, hour=4)) as scope:
            operations.decide_extension(scope, matter_id=matter_id, grant=True)

    @staticmethod
    def ask(world: World, matter_id: UUID) -> None:
        with world.as_("tom", at=morning(22, hour=2)) as scope:
            operations.ask_extension(scope, matter_id=matter_id, wanted_on=date(2026, 4, 10), reason=REASON, progress="六成")

    @staticmethod
    def withdraw(world: World, matter_id: UUID) -> None:
        with world.as_("cora", at=morning(22, hour=2)) as scope:
            operations.withdraw_matter(scope, matter_id=matter_id, reason=REASON)

    @pytest.mark.parametrize("act", ["report", "done", "close", "extend", "ask", "withdraw"])
    def test_goes_out_to_nobody(self, world: World, act: str) -> None:
        matter_id = register(world)
        delivered(world, morning(11))
        run_clock(world, at=morning(22))
        does: Callable[[World, UUID], None] = getattr(self, act)
        does(world, matter_id)
        delivered(world, morning(22, hour=5))
        assert self.outcomes(world, matter_id) == {EffectState.CANCELLED}

    @staticmethod
    def outcomes(world: World, matter_id: UUID) -> set[EffectState]:
        """What became of the steps' messages in the inbox."""
        with world.as_system() as scope:
            rows = scope.session.scalars(
                owned(scope, Effect).where(
                    Effect.subject_id == matter_id, Effect.channel == Channel.IN_APP, Effect.stage.startswith("step:")
                )
            )
            return {row.state for row in rows}

    def test_nor_to_who_has_lost_the_role_while_it_was_held_back(self, world: World) -> None:
        matter_id = register(world)
        delivered(world, morning(11))
        run_clock(world, at=morning(22))
        with world.as_system() as scope:
            grants = update(RoleGrant).where(RoleGrant.tenant_id == scope.tenant_id, RoleGrant.person_id == world.people["tom"])
            scope.session.execute(grants.values(active_to=date(2026, 3, 22)))
        who = {login for login, words, _ in delivered(world, morning(23)) if words.startswith("蓝单")}
        assert "cora" in who and "tom" not in who
        assert self.outcomes(world, matter_id) == {EffectState.CANCELLED, EffectState.DONE}

    def test_else_it_goes_out_and_says_the_days_left_now(self, world: World) -> None:
        register(world)
        delivered(world, morning(11))
        run_clock(world, at=morning(22))
        words = [words for who, words, _ in delivered(world, morning(24)) if who == "tom"]
        assert len(words) == 1
        assert "还有 1 天" in words[0]

    def test_a_reminder_to_report_dies_with_the_report(self, world: World) -> None:
        matter_id = register(world, source="document", cycle=Cycle.WEEK)
        delivered(world, morning(11))
        run_clock(world, at=morning(13))
        with world.as_("tom", at=morning(13, hour=1)) as scope:
            operations.report_progress(scope, matter_id=matter_id, text="顺利")
        assert not [words for _, words, _ in delivered(world, morning(13, hour=2)) if words.startswith("请报告")]


def test_a_matter_from_before_goes_on_from_the_colour_it_has(world: World) -> None:
    matter_id = register(world)
    run_clock(world, at=morning(22))
    with world.as_system(at=morning(22)) as scope:
        matter = scope.session.scalars(owned(scope, Matter).where(Matter.id == matter_id)).one()
        matter.ladder = matter.climbed = None
        matter.next_step_at = scope.now
    run_clock(world, at=morning(23))
    assert matter_of(world, matter_id).colour is Colour.BLUE
    run_clock(world, at=morning(26))
    assert matter_of(world, matter_id).colour is Colour.ORANGE


def test_mail_keeps_to_the_persons_hours_and_red_does_not_wait(world: World) -> None:
    with world.as_("tom") as scope:
        choose(scope, email="digest", digest_at="17:00", quiet_from="", quiet_to="", workdays_only=False, version=None)
    matter_id = register(world)
    run_clock(world, at=morning(22))
    run_clock(world, at=morning(26))
    run_clock(world, at=morning(29))
    with world.as_system() as scope:
        mails = scope.session.scalars(
            owned(scope, Effect)
            .where(
                Effect.subject_id == matter_id, Effect.recipient_id == world.people["tom"],
                Effect.channel == Channel.EMAIL, Effect.stage.startswith("step:"),
            )
            .order_by(Effect.created_at)
        ).all()  # fmt: skip
        assert [(one.in_digest, one.next_try_at) for one in mails] == [
            (True, datetime(2026, 3, 22, 9, tzinfo=UTC)), (True, datetime(2026, 3, 26, 9, tzinfo=UTC)), (False, morning(29)),
        ]  # fmt: skip


def test_the_mail_of_the_day_knows_where_a_reminder_belongs(world: World) -> None:
    slow = replace(MATTERS, steps=tuple(step for step in MATTERS.steps if step.code == "review_3"))
    matter_id = register(world)
    with world.as_system() as scope:
        matter = scope.session.scalars(owned(scope, Matter).where(Matter.id == matter_id)).one()
        matter.ladder = ladder_to_json(replace(MATTERS, steps=(*MATTERS.steps[:3], *slow.steps)))
        effect = Effect(subject_kind="matter", subject_id=matter_id, stage="step:review_3:20260322", due_version=1)
        assert GROUP_OF["matter"](scope, effect) is Group.TO_REVIEW
        effect.stage = "step:blue:20260322"
        assert GROUP_OF["matter"](scope, effect) is Group.SOON
    with world.as_system(at=world.now + timedelta(days=60)) as scope:
        assert GROUP_OF["matter"](scope, effect) is Group.OVERDUE
