"""The clock: who has not signed or answered is reminded on the day, once; what is no longer true is not sent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time
from uuid import UUID

import pytest

from duban.calendar.ladder_presets import DISPATCHES, STANDARD
from duban.calendar.ladders import LEADER, Party, Recipient, Step, Trigger, TriggerKind, Words
from duban.dispatches.operations.answering import answer_receipt, sign_receipt
from duban.dispatches.operations.ending import move_reply_day, withdraw
from duban.dispatches.operations.reminding import remind
from duban.dispatches.tasks import STILL_WANTED, remind_all
from duban.kernel.scope import owned
from duban.notifications.models import Effect
from duban.reporting.operations import set_tenant_ladders
from tests.cast import World
from tests.integration.dispatches.conftest import Send, receipt_of

Make = Callable[..., UUID]


def clock(world: World, at: datetime) -> int:
    with world.as_system(at=at) as scope:
        return remind(scope)


def written(world: World) -> list[tuple[str, str]]:
    names = {person: name for name, person in world.people.items()}
    with world.as_system() as scope:
        rows = scope.session.scalars(owned(scope, Effect).where(Effect.channel == "in_app").order_by(Effect.id)).all()
    return [(names[row.recipient_id], row.stage.removeprefix("step:")) for row in rows if row.stage.startswith("step:")]


@pytest.fixture
def sent(world: World, document_of: Make, send_to: Send) -> UUID:
    """On Tuesday 10 March to T1 and T2, to be answered by the 20th."""
    return send_to(document_of(), "cora", "C", "T1", "T2", reply_by=world.later(days=10).date())


def test_who_has_not_signed_is_reminded_and_the_sender_told_how_many(world: World, sent: UUID) -> None:
    assert clock(world, world.later(hours=1)) == 0
    with world.as_("tom") as scope:
        sign_receipt(scope, receipt_id=receipt_of(world, sent, "T1").id)
    assert clock(world, world.later(days=1)) == 1
    assert clock(world, world.later(days=1)) == 0, "a second round the same day finds nothing"
    assert clock(world, world.later(days=3)) == 1
    assert written(world) == [("tina", "unsigned_1"), ("tina", "unsigned_3"), ("cora", "unsigned_3")]


def test_who_has_not_answered_is_reminded_before_and_after_the_day(world: World, sent: UUID) -> None:
    for unit, who in (("T1", "tom"), ("T2", "tina")):
        with world.as_(who) as scope:
            sign_receipt(scope, receipt_id=receipt_of(world, sent, unit).id)
    with world.as_("tom") as scope:
        answer_receipt(scope, receipt_id=receipt_of(world, sent, "T1").id, text="已落实")
    for day in (1, 3, 7, 9, 10, 11, 12, 30):
        clock(world, world.later(days=day))
    assert written(world) == [("tina", "reply_3"), ("tina", "reply_1"), ("tina", "late_1"), ("cora", "late_1")]
    assert receipt_of(world, sent, "T2").next_step_at is None


def test_a_clock_that_stood_still_says_the_latest_once(world: World, sent: UUID) -> None:
    clock(world, world.later(days=8))
    assert written(world) == [("tom", "reply_3"), ("tina", "reply_3")] or sorted(written(world)) == [
        ("tina", "reply_3"), ("tom", "reply_3"),
    ]  # fmt: skip


def test_nobody_is_reminded_at_midnight(world: World, sent: UUID) -> None:
    with world.as_system(at=world.later(days=1, hours=-9)) as scope:
        assert remind_all(scope) == 0
    with world.as_system(at=world.later(days=1)) as scope:
        assert remind_all(scope) == 2


def test_the_clock_is_no_persons(world: World) -> None:
    with world.as_("cora") as scope, pytest.raises(PermissionError):
        remind(scope)


class TestStale:
    def wanted(self, world: World) -> dict[tuple[str, str], bool]:
        names = {person: name for name, person in world.people.items()}
        with world.as_system() as scope:
            rows = scope.session.scalars(owned(scope, Effect).where(Effect.channel == "in_app")).all()
            return {(names[row.recipient_id], row.stage): STILL_WANTED[row.subject_kind](scope, row) for row in rows}

    def test_reminders_die_with_signature_answer_new_day_and_end(self, world: World, sent: UUID) -> None:
        clock(world, world.later(days=1))
        with world.as_("tom") as scope:
            sign_receipt(scope, receipt_id=receipt_of(world, sent, "T1").id)
        found = self.wanted(world)
        assert (found["tom", "step:unsigned_1"], found["tina", "step:unsigned_1"]) == (False, True)
        clock(world, world.later(days=7))
        assert self.wanted(world)["tom", "step:reply_3"]
        with world.as_("cora", at=world.later(days=7)) as scope:
            move_reply_day(scope, dispatch_id=sent, reply_by=world.later(days=20).date(), reason="延后")
        found = self.wanted(world)
        assert (found["tom", "step:reply_3"], found["tom", "new-day"]) == (False, True)
        with world.as_("tom", at=world.later(days=8)) as scope:
            answer_receipt(scope, receipt_id=receipt_of(world, sent, "T1").id, text="好")
        assert not self.wanted(world)["tom", "new-day"]
        with world.as_("cora", at=world.later(days=8)) as scope:
            withdraw(scope, dispatch_id=sent, reason="作废")
        found = self.wanted(world)
        assert not found["tina", "sent"]
        assert not found["tina", "new-day"]
        assert found["tina", "ended"], "that it was taken back is told"
        assert clock(world, world.later(days=40)) == 0

    def test_a_reminder_written_before_there_were_ladders_dies_as_well(self, world: World, sent: UUID) -> None:
        clock(world, world.later(days=1))
        with world.as_system() as scope:
            for effect in scope.session.scalars(owned(scope, Effect).where(Effect.stage == "step:unsigned_1")):
                effect.stage = "unsigned+1"
        assert self.wanted(world)["tom", "unsigned+1"]
        with world.as_("tom") as scope:
            sign_receipt(scope, receipt_id=receipt_of(world, sent, "T1").id)
        found = self.wanted(world)
        assert (found["tom", "unsigned+1"], found["tina", "unsigned+1"]) == (False, True)


def set_ladder(world: World, *steps: Step) -> None:
    with world.as_("adam") as scope:
        ladders = [STANDARD, replace(DISPATCHES, steps=steps)]
        set_tenant_ladders(scope, ladders=ladders, active_from=scope.today, version=1)


class TestOwnLadder:
    """The tenant's own: half past two, the leader too, the sender before the day; what was sent before keeps its own."""

    OWN, LEADS = Recipient(Party.OWN), Recipient(Party.OWN, LEADER)
    NEAR = Step(
        "near", Trigger(TriggerKind.DUE, -2, hour=time(14, 30)), (OWN, LEADS), (Recipient(Party.ISSUER),),
        name=Words("临近"), text=Words("回复请盖章。", "Stamp the answer."),
    )  # fmt: skip

    def test_holds_for_what_is_sent_from_then_on(self, world: World, sent: UUID, document_of: Make, send_to: Send) -> None:
        set_ladder(world, self.NEAR)
        after = send_to(document_of(title="第二份"), "cora", "C", "T1", reply_by=world.later(days=10).date())
        assert receipt_of(world, after, "T1").next_step_at == world.later(days=8, hours=4.5)
        clock(world, world.later(days=8, hours=4))
        assert not [stage for _, stage in written(world) if stage == "near"]
        clock(world, world.later(days=8, hours=5))
        assert sorted(who for who, stage in written(world) if stage == "near") == ["cora", "tess", "tom"]
        assert ("tina", "reply_3") in written(world), "what was sent before goes by the usual days"
        with world.as_system() as scope:
            rows = scope.session.scalars(owned(scope, Effect).where(Effect.stage == "step:near", Effect.channel == "in_app"))
            said = {row.subject_kind: (row.template, row.params) for row in rows}
        assert said["receipt"][0].endswith("%(text)s") and "回复请盖章。" in str(said["receipt"][1])
        assert (said["dispatch"][0], said["dispatch"][1]["count"]) == (
            "《%(title)s》还有 %(count)s 个单位没有回复，可以催办。",
            1,
        )

    def test_dies_with_the_answer(self, world: World, document_of: Make, send_to: Send) -> None:
        set_ladder(world, self.NEAR)
        after = send_to(document_of(), "cora", "C", "T1", reply_by=world.later(days=10).date())
        clock(world, world.later(days=9))
        with world.as_("tom", at=world.later(days=9)) as scope:
            answer_receipt(scope, receipt_id=receipt_of(world, after, "T1").id, text="好")
        with world.as_system() as scope:
            rows = scope.session.scalars(
                owned(scope, Effect).where(Effect.stage == "step:near", Effect.subject_kind == "receipt")
            )
            found = [STILL_WANTED["receipt"](scope, row) for row in rows]
        assert found
        assert not any(found)
