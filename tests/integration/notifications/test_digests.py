"""One mail of the day: everything still true, grouped, once, and settled with all its parts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from uuid import uuid4

import pytest
from sqlalchemy import select

from duban.kernel.clock import SetClock
from duban.kernel.scope import owned
from duban.notifications import choices, digests, tasks
from duban.notifications.models import Effect
from duban.notifications.operations import tell
from duban.notifications.rules import MAX_TRIES
from duban.notifications.states import Channel, EffectState
from duban.notifications.tasks import Courier, deliver
from duban.reporting import operations as reporting
from duban.reporting.models import Duty
from duban.reporting.tasks import FRESHEN, GROUP_OF, STILL_WANTED
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.mailbox import Mailbox

MakeCourier = Callable[..., Courier]
HOOKS = {"still_wanted": STILL_WANTED, "freshen": FRESHEN, "group_of": GROUP_OF}


@pytest.fixture
def courier(make_courier: MakeCourier, mailbox: Mailbox) -> Courier:
    return make_courier(smtp_url=mailbox.url, **HOOKS)


def wants_digest(world: World, *who: str, at: str = "08:00", workdays_only: bool = False) -> None:
    for one in who:
        with world.as_(one) as scope:
            choices.choose(
                scope, email="digest", digest_at=at, quiet_from="", quiet_to="", workdays_only=workdays_only, version=None
            )


def news(world: World, who: str, text: str, *, at: str = "") -> None:
    with world.as_("tom", at=given.at("03-13", at) if at else None) as scope:
        tell(scope, recipients=[world.people[who]], template=text, subject_kind="x", subject_id=uuid4(), link="/x")


def pass_to(world: World, clock: SetClock, courier: Courier, day: str, hour: str) -> None:
    """Let the clock come to an hour and do what it does: gather, deliver."""
    clock.at = given.at(day, hour)
    with world.as_system(at=clock.at) as scope:
        digests.gather(scope)
    deliver(courier, world.tenant)


def body(mail: EmailMessage) -> str:
    return mail.get_body(("plain",)).get_content()


def mails(world: World, state: EffectState | None = None) -> list[Effect]:
    with world.as_system() as scope:
        statement = owned(scope, Effect).where(Effect.channel == Channel.EMAIL).order_by(Effect.id)
        rows = scope.session.scalars(statement)
        return [row for row in rows if state is None or row.state is state]


class TestOneMail:
    def test_brings_everything_grouped_with_a_link_to_each_thing(
        self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock
    ) -> None:
        wants_digest(world, "vera")
        near, late = given.issued(world), given.issued(world, due={"kind": "fixed", "on": "2026-03-12"}, title="上月检查情况")
        for day in ("03-11", "03-13"):
            with world.as_system(at=given.at(day, "08:01")) as scope:
                reporting.plan_reminders(scope)
        pass_to(world, clock, courier, "03-13", "08:02")
        mailbox.received.clear()
        news(world, "vera", "会议改期。", at="09:00")
        pass_to(world, clock, courier, "03-14", "08:00")
        (mail,) = [one for one in mailbox.received if "vera" in str(one["To"])]
        text = body(mail)
        assert str(mail["Subject"]) == "望江县：3 件事项提醒"
        assert text.index("【已逾期】") < text.index("【即将到期】") < text.index("【其他消息】")
        assert f"/duties/{given.duty_id(world, near)}" in text and f"/duties/{given.duty_id(world, late)}" in text
        assert "/account/notices" in text

    def test_says_how_many_days_are_left_when_it_goes_out(
        self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock
    ) -> None:
        wants_digest(world, "vera")
        given.issued(world)
        with world.as_system(at=given.at("03-13", "08:01")) as scope:
            reporting.plan_reminders(scope)  # seven days left
        pass_to(world, clock, courier, "03-14", "08:00")
        (mail,) = [one for one in mailbox.received if "vera" in str(one["To"])]
        assert "还有 6 天" in body(mail) and "还有 7 天" not in body(mail)

    def test_leaves_out_what_is_no_longer_true_and_is_not_sent_for_nothing(
        self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock
    ) -> None:
        wants_digest(world, "vera")
        duty_id = given.duty_id(world, given.issued(world, title="要报的"))
        with world.as_system(at=given.at("03-13", "08:01")) as scope:
            reporting.plan_reminders(scope)
        news(world, "vera", "会议改期。")
        given.handed_in(world, duty_id, when=given.at("03-13", "09:00"))
        pass_to(world, clock, courier, "03-14", "08:00")
        (mail,) = [one for one in mailbox.received if "vera" in str(one["To"])]
        assert "提醒：要报的" not in body(mail) and "会议改期。" in body(mail)
        states = {row.stage.split(":")[0]: row.state for row in mails(world) if row.recipient_id == world.people["vera"]}
        assert states["step"] is EffectState.CANCELLED and states["event"] is EffectState.DONE

    def test_with_nothing_left_to_say_there_is_no_mail(
        self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock
    ) -> None:
        wants_digest(world, "vera")
        requirement_id = given.issued(world)
        with world.as_system(at=given.at("03-13", "08:01")) as scope:
            reporting.plan_reminders(scope)
        with world.as_("tom", at=given.at("03-13", "09:00")) as scope:
            reporting.withdraw_requirement(scope, requirement_id=requirement_id, reason="不再需要")
        with world.as_system() as scope:
            for row in scope.session.scalars(owned(scope, Effect).where(~Effect.stage.startswith("step:"))):
                row.state = EffectState.CANCELLED
        pass_to(world, clock, courier, "03-14", "08:00")
        assert [one for one in mailbox.received if "vera" in str(one["To"])] == []
        assert {row.state for row in mails(world) if row.recipient_id == world.people["vera"]} == {EffectState.CANCELLED}

    def test_waits_for_a_working_day_where_asked_to(
        self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock
    ) -> None:
        wants_digest(world, "vera", workdays_only=True)
        with world.as_("tom", at=given.at("03-13", "10:00")) as scope:  # Friday
            tell(scope, recipients=[world.people["vera"]], template="周末好。", subject_kind="x", subject_id=uuid4())
        pass_to(world, clock, courier, "03-14", "08:00")
        pass_to(world, clock, courier, "03-15", "08:00")
        assert mailbox.received == []
        pass_to(world, clock, courier, "03-16", "08:00")
        assert len(mailbox.received) == 1

    def test_the_inbox_and_others_do_not_wait(self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock) -> None:
        wants_digest(world, "vera")
        news(world, "vera", "会议改期。")
        news(world, "vic", "会议改期。")
        deliver(courier, world.tenant)
        assert [str(one["To"]) for one in mailbox.received] == ["vic@example.org"]
        with world.as_system() as scope:
            done = scope.session.scalars(owned(scope, Effect).where(Effect.channel == Channel.IN_APP))
            assert {row.state for row in done} == {EffectState.DONE}


class TestExactlyOnce:
    def test_two_clocks_and_many_workers_make_one_mail(
        self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock
    ) -> None:
        wants_digest(world, "vera", "vic")
        for number in range(6):
            for who in ("vera", "vic"):
                news(world, who, f"第 {number} 条。")
        clock.at = given.at("03-11", "08:00")
        barrier = threading.Barrier(4)

        def go() -> None:
            barrier.wait()
            with world.as_system(at=clock.at) as scope:
                digests.gather(scope)
            deliver(courier, world.tenant)

        threads = [threading.Thread(target=go) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        pass_to(world, clock, courier, "03-11", "08:01")
        said = [line for mail in mailbox.received for line in body(mail).splitlines() if "条。" in line]
        assert len(said) == len(set(said)) * 2 == 12
        assert set(mailbox.ids().values()) == {1}
        assert {row.state for row in mails(world)} == {EffectState.DONE}

    def test_killed_between_send_and_mark_it_comes_once_more_under_the_same_id(
        self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wants_digest(world, "vera")
        for number in range(3):
            news(world, "vera", f"第 {number} 条。")

        class KilledError(BaseException):
            pass

        send = tasks._send

        def send_and_die(*given_: object, **more: object) -> None:
            send(*given_, **more)  # type: ignore[arg-type]
            raise KilledError

        monkeypatch.setattr(tasks, "_send", send_and_die)
        with suppress(KilledError):
            pass_to(world, clock, courier, "03-11", "08:00")
        assert EffectState.DONE not in {row.state for row in mails(world)}
        monkeypatch.setattr(tasks, "_send", send)
        news(world, "vera", "后来的一条。")  # goes with the next one: the set of a mail never grows
        pass_to(world, clock, courier, "03-11", "08:02")
        assert sorted(mailbox.ids().values()) == [1, 2]
        first, *others = mailbox.received
        assert [body(one) == body(first) for one in others if one["Message-ID"] == first["Message-ID"]] == [True]
        assert "后来的一条" not in body(first)
        pass_to(world, clock, courier, "03-11", "08:03")
        assert len(mailbox.received) == 3

    def test_control_a_mail_marked_before_it_is_sent_would_be_lost(
        self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wants_digest(world, "vera")
        news(world, "vera", "一条。")
        monkeypatch.setattr(tasks, "_send", lambda *_, **__: None)
        pass_to(world, clock, courier, "03-11", "08:00")
        assert mailbox.received == [] and {row.state for row in mails(world)} == {EffectState.DONE}

    def test_what_cannot_be_sent_is_tried_again_and_ends_with_all_its_parts(
        self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock
    ) -> None:
        wants_digest(world, "vera")
        for number in range(3):
            news(world, "vera", f"第 {number} 条。")
        mailbox.refuse_recipients.add("vera@example.org")
        pass_to(world, clock, courier, "03-11", "08:00")
        assert {row.state for row in mails(world)} == {EffectState.PENDING}
        for _ in range(MAX_TRIES):
            clock.at += timedelta(hours=1)
            deliver(courier, world.tenant)
        assert {row.state for row in mails(world)} == {EffectState.DEAD}
        assert len(mails(world)) == 4

    def test_while_somebody_hands_in_the_mail_waits_a_moment(
        self, world: World, courier: Courier, mailbox: Mailbox, clock: SetClock
    ) -> None:
        wants_digest(world, "vera")
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_system(at=given.at("03-13", "08:01")) as scope:
            reporting.plan_reminders(scope)
        with world.as_system() as scope:
            scope.session.execute(select(Duty.id).where(Duty.tenant_id == scope.tenant_id, Duty.id == duty_id).with_for_update())
            pass_to(world, clock, courier, "03-14", "08:00")
            assert [one for one in mailbox.received if "vera" in str(one["To"])] == []
        pass_to(world, clock, courier, "03-14", "08:01")
        assert len([one for one in mailbox.received if "vera" in str(one["To"])]) == 1


def test_quiet_hours_hold_a_mail_and_what_was_done_by_morning_is_not_sent(
    world: World, courier: Courier, mailbox: Mailbox, clock: SetClock
) -> None:
    with world.as_("adam") as scope:
        choices.set_hours(
            scope, quiet_from="20:00", quiet_to="09:00", workdays_only=False, red_exempt=True, active_from=scope.today, version=0
        )
    requirement_id = given.issued(world)
    with world.as_system(at=given.at("03-13", "08:01")) as scope:
        reporting.plan_reminders(scope)
    clock.at = given.at("03-13", "08:02")
    deliver(courier, world.tenant)
    pressing = [one for one in mailbox.received if "提醒" in str(one["Subject"])]
    assert pressing == []
    given.handed_in(world, given.duty_id(world, requirement_id, "V12"), "vic", when=given.at("03-13", "08:30"))
    clock.at = given.at("03-13", "09:00")
    deliver(courier, world.tenant)
    assert [str(one["To"]) for one in mailbox.received if "提醒：" in str(one["Subject"])] == ["vera@example.org"]
