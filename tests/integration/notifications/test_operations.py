"""The ledger and its delivery: once means once, in the transaction of the change, in the reader's language."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, update

from duban.identity.models import Person
from duban.kernel.clock import SetClock
from duban.kernel.errors import NotFoundError
from duban.kernel.jobs import JobName, bell
from duban.kernel.scope import Scope, owned
from duban.notifications import operations, queries
from duban.notifications.models import Effect, Notice
from duban.notifications.rules import MAX_CLAIMS, MAX_TRIES
from duban.notifications.states import Channel, EffectState
from duban.notifications.tasks import Courier, deliver
from tests.cast import World
from tests.mailbox import Mailbox

LEASE = timedelta(seconds=30)
MakeCourier = Callable[..., Courier]
TEMPLATE = "《%(title)s》将于 %(due_on)s 到期，请及时报送。"


def tell(scope: Scope, world: World, *who: str, subject: UUID | None = None, **more: object) -> int:
    arguments: dict[str, object] = {
        "recipients": [world.people[one] for one in who],
        "template": TEMPLATE,
        "params": {"title": "安全生产月报", "due_on": date(2026, 3, 28)},
        "link": "/duties/1",
        "subject_kind": "duty",
        "subject_id": subject or uuid4(),
    }
    return operations.tell(scope, **{**arguments, **more})  # type: ignore[arg-type]


def effects(world: World) -> list[Effect]:
    with world.as_system() as scope:
        return list(scope.session.scalars(owned(scope, Effect).order_by(Effect.id)))


def notices(world: World, who: str) -> list[Notice]:
    with world.as_(who) as scope:
        return list(queries.inbox(scope).items)


class TestTell:
    def test_writes_one_row_per_recipient_and_channel(self, world: World) -> None:
        with world.as_("tom") as scope:
            assert tell(scope, world, "vera", "vic", "vera") == 4
        assert {(effect.channel, effect.state) for effect in effects(world)} == {
            (Channel.IN_APP, EffectState.PENDING),
            (Channel.EMAIL, EffectState.PENDING),
        }

    def test_a_named_stage_is_told_once_until_the_due_date_moves(self, world: World) -> None:
        subject = uuid4()
        for version, new in ((1, 2), (1, 0), (2, 2), (1, 0)):
            with world.as_system() as scope:
                assert tell(scope, world, "vera", subject=subject, stage="T-3", due_version=version) == new

    def test_an_event_is_told_each_time(self, world: World) -> None:
        subject = uuid4()
        for _ in range(2):
            with world.as_("tom") as scope:
                assert tell(scope, world, "vera", subject=subject, channels=("in_app",)) == 1

    def test_two_tellers_at_once_make_one_row(self, world: World) -> None:
        subject, told, barrier = uuid4(), [], threading.Barrier(8)

        def teller() -> None:
            barrier.wait()
            with world.as_system() as scope:
                told.append(tell(scope, world, "vera", "vic", subject=subject, stage="T-1"))

        threads = [threading.Thread(target=teller) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(told) == 4 == len(effects(world))

    def test_nothing_is_told_when_the_change_is_rolled_back(
        self, world: World, make_courier: MakeCourier, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rung: list[JobName] = []
        monkeypatch.setattr(bell, "_ringer", lambda name, _tenant: rung.append(name))
        with suppress(ZeroDivisionError), world.as_("tom") as scope:
            tell(scope, world, "vera")
            raise ZeroDivisionError
        deliver(make_courier(smtp_url=mailbox.url), world.tenant)

        assert (effects(world), rung, mailbox.received) == ([], [], [])

    def test_rings_once_after_the_commit(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        rung: list[tuple[JobName, object, int]] = []
        monkeypatch.setattr(bell, "_ringer", lambda name, tenant: rung.append((name, tenant, len(effects(world)))))
        with world.as_("tom") as scope:
            tell(scope, world, "vera")
            tell(scope, world, "vic")
            assert rung == []
        assert rung == [(JobName.DELIVER, world.tenant.id, 4)]


class TestDeliver:
    def test_puts_a_notice_in_the_inbox_and_sends_a_mail(self, world: World, make_courier: MakeCourier, mailbox: Mailbox) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera")
        outcomes = deliver(make_courier(smtp_url=mailbox.url), world.tenant)

        assert outcomes == {EffectState.DONE: 2}
        assert [notice.link for notice in notices(world, "vera")] == ["/duties/1"]
        (mail,) = mailbox.received
        assert mail["Subject"] == "《安全生产月报》将于 2026年3月28日 到期，请及时报送。"
        assert mail["To"] == "vera@example.org"
        body = mail.get_content()
        assert "http://127.0.0.1:8000/duties/1" in body
        assert "望江县" in body

    def test_writes_to_each_in_their_own_language(self, world: World, make_courier: MakeCourier, mailbox: Mailbox) -> None:
        with world.as_system() as scope:
            scope.session.execute(
                update(Person).where(Person.tenant_id == scope.tenant_id, Person.id == world.people["vera"]).values(locale="en")
            )
            tell(scope, world, "vera", "vic", channels=("email",), template="请先登录。", params={})
        deliver(make_courier(smtp_url=mailbox.url), world.tenant)

        subjects = {str(mail["To"]): str(mail["Subject"]) for mail in mailbox.received}
        assert subjects["vic@example.org"] == "请先登录。"
        assert subjects["vera@example.org"].isascii()

    def test_draining_twice_has_no_new_effect(self, world: World, make_courier: MakeCourier, mailbox: Mailbox) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera", "vic", "wanda")
        courier = make_courier(smtp_url=mailbox.url)
        deliver(courier, world.tenant)

        assert deliver(courier, world.tenant) == {}
        assert len(mailbox.received) == 3

    def test_many_workers_at_once_have_each_effect_once(self, world: World, make_courier: MakeCourier, mailbox: Mailbox) -> None:
        with world.as_("tom") as scope:
            for _ in range(20):
                tell(scope, world, "vera", "vic", "wanda")
        courier = make_courier(smtp_url=mailbox.url)
        threads = [threading.Thread(target=deliver, args=(courier, world.tenant)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sum(len(notices(world, who)) for who in ("vera", "vic", "wanda")) == 60
        assert len(mailbox.received) == len(mailbox.ids()) == 60

    def test_waits_for_the_instant_it_was_told_for(self, world: World, make_courier: MakeCourier, clock: SetClock) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera", at=scope.now + timedelta(hours=1), channels=("in_app",))
        courier = make_courier()
        assert deliver(courier, world.tenant) == {}
        clock.at += timedelta(hours=1)
        assert deliver(courier, world.tenant) == {EffectState.DONE: 1}

    def test_a_late_worker_cannot_mark_what_another_has_taken(
        self, world: World, make_courier: MakeCourier, clock: SetClock
    ) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera", channels=("in_app",))
        with world.as_system() as scope:
            (lost,) = operations.claim(scope, channel=Channel.IN_APP, limit=9, lease=LEASE)
        assert deliver(make_courier(), world.tenant) == {}  # held
        clock.at += LEASE
        assert deliver(make_courier(), world.tenant) == {EffectState.DONE: 1}

        with world.as_system(at=clock.at) as scope:
            settled = operations.settle(scope, held=lost, still_wanted=lambda *_: True, have_effect=operations.put_in_inbox)
        assert settled is None
        assert len(notices(world, "vera")) == 1

    def test_asks_whether_the_message_is_still_true(self, world: World, make_courier: MakeCourier) -> None:
        submitted = uuid4()
        with world.as_("tom") as scope:
            tell(scope, world, "vera", subject=submitted, stage="T-1", channels=("in_app",))
            tell(scope, world, "vic", stage="T-1", channels=("in_app",))
        courier = make_courier(still_wanted={"duty": lambda _scope, effect: effect.subject_id != submitted})

        assert deliver(courier, world.tenant) == {EffectState.CANCELLED: 1, EffectState.DONE: 1}
        assert notices(world, "vera") == []

    def test_one_bad_message_does_not_hold_up_the_others_and_dies_after_five_tries(
        self, world: World, make_courier: MakeCourier, mailbox: Mailbox, clock: SetClock
    ) -> None:
        mailbox.refuse_recipients.add("vera@example.org")
        with world.as_("tom") as scope:
            tell(scope, world, "vera", "vic", channels=("email",))
        courier = make_courier(smtp_url=mailbox.url)
        outcomes: Counter[EffectState | None] = Counter()
        for _ in range(2 * MAX_TRIES):
            outcomes.update(deliver(courier, world.tenant))
            clock.at += timedelta(hours=1)

        assert outcomes == {EffectState.DONE: 1, EffectState.PENDING: MAX_TRIES - 1, EffectState.DEAD: 1}
        dead = next(effect for effect in effects(world) if effect.state is EffectState.DEAD)
        assert "no such mailbox" in dead.note

    def test_what_kills_its_worker_every_time_dies_too(self, world: World, make_courier: MakeCourier, clock: SetClock) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera", channels=("in_app",))
        for _ in range(MAX_CLAIMS):
            with world.as_system(at=clock.at) as scope:
                assert operations.claim(scope, channel=Channel.IN_APP, limit=1, lease=LEASE)
            clock.at += LEASE

        assert deliver(make_courier(), world.tenant) == {EffectState.DEAD: 1}
        assert "never finished" in effects(world)[0].note

    def test_a_mail_server_that_is_down_costs_time_only(
        self, world: World, make_courier: MakeCourier, mailbox: Mailbox, clock: SetClock
    ) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera", channels=("email",))
        assert deliver(make_courier(smtp_url="smtp://127.0.0.1:1"), world.tenant) == {EffectState.PENDING: 1}
        clock.at += timedelta(seconds=15)
        assert deliver(make_courier(smtp_url=mailbox.url), world.tenant) == {EffectState.DONE: 1}

    def test_a_second_sending_bears_the_same_message_id(self, world: World, make_courier: MakeCourier, mailbox: Mailbox) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera", channels=("email",))
        courier = make_courier(smtp_url=mailbox.url)
        deliver(courier, world.tenant)
        with world.as_system() as scope:  # as if killed between the server's "250 OK" and the commit
            scope.session.execute(
                update(Effect).where(Effect.tenant_id == scope.tenant_id).values(state="pending", next_try_at=scope.now)
            )
        deliver(courier, world.tenant)

        assert list(mailbox.ids().values()) == [2]

    @pytest.mark.parametrize(("change", "note"), [({"active": False}, "account is closed"), ({"email": ""}, "no e-mail address")])
    def test_gives_up_where_nobody_can_be_reached(
        self, world: World, make_courier: MakeCourier, mailbox: Mailbox, change: dict[str, object], note: str
    ) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera", channels=("email",))
            scope.session.execute(
                update(Person).where(Person.tenant_id == scope.tenant_id, Person.id == world.people["vera"]).values(**change)
            )
        assert deliver(make_courier(smtp_url=mailbox.url), world.tenant) == {EffectState.CANCELLED: 1}
        assert note in effects(world)[0].note

    def test_without_a_mail_server_mails_are_marked_as_not_sent(self, world: World, make_courier: MakeCourier) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera")
        assert deliver(make_courier(), world.tenant) == {EffectState.DONE: 1, EffectState.CANCELLED: 1}

    def test_stays_inside_its_tenant(self, world: World, make_courier: MakeCourier) -> None:
        with world.as_("ewa") as scope:
            tell(scope, world, "erik", channels=("in_app",))
        assert deliver(make_courier(), world.tenant) == {}
        assert deliver(make_courier(), world.other) == {EffectState.DONE: 1}


class TestReading:
    def test_is_ones_own_only(self, world: World, make_courier: MakeCourier) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera", "vic", channels=("in_app",))
        deliver(make_courier(), world.tenant)
        (hers,) = notices(world, "vera")

        with pytest.raises(NotFoundError), world.as_("vic") as scope:
            operations.read_notice(scope, notice_id=hers.id)
        with world.as_("vera") as scope:
            assert queries.unread_count(scope) == 1
            operations.read_notice(scope, notice_id=hers.id)
        with world.as_("vera") as scope:
            assert queries.unread_count(scope) == 0
        with world.as_("vic") as scope:
            assert operations.read_all_notices(scope) == 1

    def test_the_ledger_cannot_be_deleted_by_the_application(self, world: World) -> None:
        with pytest.raises(Exception, match="permission denied"), world.as_system() as scope:
            scope.session.execute(delete(Effect).where(Effect.tenant_id == scope.tenant_id))

    def test_counts_by_state(self, world: World, make_courier: MakeCourier) -> None:
        with world.as_("tom") as scope:
            tell(scope, world, "vera", "vic", channels=("in_app",))
        deliver(make_courier(), world.tenant)
        with world.as_system() as scope:
            assert queries.count_by_state(scope) == {EffectState.DONE: 2}
            assert scope.session.scalars(select(Notice.id).where(Notice.tenant_id == scope.tenant_id)).all()
