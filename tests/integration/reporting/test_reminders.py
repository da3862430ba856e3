"""Ladders climbed by the clock: who is told what on which day, and that nothing stale goes out."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from duban.access.models import RoleGrant
from duban.calendar.ladder_json import ladder_to_json
from duban.calendar.ladder_presets import SANMING, STANDARD, SUQIAN
from duban.calendar.ladders import Ladder
from duban.kernel.scope import owned
from duban.notifications.errors import BusyError
from duban.notifications.models import Effect
from duban.notifications.operations import tell
from duban.notifications.states import EffectState
from duban.reporting import operations
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries import reminders
from duban.reporting.tasks import PERIODIC, remind
from duban.worker import PERIODIC as PERFORMED
from tests.cast import World
from tests.integration.delivery import delivered
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_example_b import Street, shanghai


def plan(world: World, day: str, clock: str = "08:00") -> int:
    with world.as_system(at=given.at(day, clock)) as scope:
        return operations.plan_reminders(scope)


def steps(world: World, subject: UUID) -> list[tuple[str, str]]:
    """In-app reminders about a subject as (login, step), in the order of writing."""
    return [
        (who, stage.split(":")[1]) for who, stage, _ in given.messages(world, subject_id=subject) if stage.startswith("step:")
    ]


def deliver(world: World, day: str, clock: str = "08:01") -> list[tuple[str, str, str]]:
    """Deliver what is due in-app, as the worker does. Gives: (login, words, link) of each new notice."""
    return delivered(world, given.at(day, clock))


def issued(world: World, ladder: Ladder = STANDARD, who: str = "tom", unit: str = "T1", **changes: Any) -> UUID:
    requirement_id = given.drafted(world, who, unit, **changes)
    with world.as_system() as scope:
        scope.session.scalars(owned(scope, Requirement).where(Requirement.id == requirement_id)).one().ladder = ladder_to_json(
            ladder
        )
    with world.as_(who) as scope:
        operations.issue(scope, requirement_id=requirement_id)
    return requirement_id


def daily(world: World, subject: UUID, first: int, last: int, month: str = "03") -> dict[str, list[tuple[str, str]]]:
    """Look every day at eight. Gives: by day, who was written which step about the subject."""
    told: dict[str, list[tuple[str, str]]] = {}
    before = len(steps(world, subject))
    for number in range(first, last + 1):
        plan(world, f"{month}-{number:02}")
        now = steps(world, subject)
        if len(now) > before:
            told[f"{month}-{number:02}"] = sorted(now[before:])
        before = len(now)
    return told


class TestTheUnit:
    def test_is_told_on_its_days(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        assert daily(world, duty_id, 11, 28) == {
            "03-13": [("vera", "before_7")],
            "03-17": [("vera", "before_3")],
            "03-19": [("vera", "before_1")],
            "03-21": [("vera", "after_1")],
            "03-23": [("vera", "after_3")],
        }

    def test_two_clocks_double_nothing(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        assert plan(world, "03-13") == 4  # two villages, in-app and e-mail
        assert plan(world, "03-13", "09:00") == 0
        assert len(steps(world, duty_id)) == 1

    def test_a_clock_that_stood_still_loses_none(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        plan(world, "03-18")
        assert steps(world, duty_id) == [("vera", "before_3")]

    def test_none_for_what_was_handed_in(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        plan(world, "03-13")
        assert steps(world, duty_id) == []

    def test_none_for_steps_that_had_passed_when_it_was_issued(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, due={"kind": "fixed", "on": "2026-03-14"}))
        plan(world, "03-10", "12:00")
        assert steps(world, duty_id) == []
        plan(world, "03-11")
        assert steps(world, duty_id) == [("vera", "before_3")]

    def test_a_moved_date_begins_anew(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        plan(world, "03-13")
        with world.as_("tom", at=given.at("03-14")) as scope:
            operations.change_due_date(scope, duty_id=duty_id, due_on=date(2026, 3, 25), reason="延期")
        plan(world, "03-17")
        plan(world, "03-18")
        assert steps(world, duty_id) == [("vera", "before_7"), ("vera", "before_7")]

    def test_what_was_returned_is_due_by_the_day_of_correction(self, world: World) -> None:
        """Returned on the 22nd, to be corrected by the 25th: no talk of being overdue before that."""
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id, when=given.at("03-19"))
        given.returned(world, duty_id, when=given.at("03-22"))
        assert daily(world, duty_id, 22, 28) == {
            "03-22": [("vera", "before_3")],
            "03-24": [("vera", "before_1")],
            "03-26": [("vera", "after_1")],
            "03-28": [("vera", "after_3")],
        }

    def test_a_missing_duty_is_pressed_on(self, world: World) -> None:
        duty_id = given.duty_id(world, issued(world, missing_after_days=0))
        with world.as_system(at=given.at("03-21", "00:00")) as scope:
            operations.sweep_missing(scope)
        assert daily(world, duty_id, 21, 24) == {"03-21": [("vera", "after_1")], "03-23": [("vera", "after_3")]}

    def test_on_a_day_of_grace_nothing_is_overdue(self, world: World) -> None:
        given.issued(world, grace_days=1)
        plan(world, "03-19")
        deliver(world, "03-19")
        plan(world, "03-21")  # the day after the due date, of grace
        assert [words for _, words, _ in deliver(world, "03-21") if "逾期" in words] == []
        plan(world, "03-22")
        assert any(words.startswith("逾期催报") for _, words, _ in deliver(world, "03-22"))


class TestThoseAbove:
    def test_get_one_message_for_all_units_counted_when_it_is_sent(self, world: World) -> None:
        requirement_id = given.issued(world)
        plan(world, "03-21")
        assert steps(world, requirement_id) == [("tom", "after_1")]
        ((_, words, link),) = [one for one in deliver(world, "03-21") if one[0] == "tom" and "个单位" in one[1]]
        assert words.startswith("下级逾期：安全检查情况，2 个单位中有 2 个尚未报送：")
        assert link.startswith(f"/requirements/{requirement_id}?period=once&state=open")

    def test_are_told_the_number_that_is_left_when_it_goes_out(self, world: World) -> None:
        requirement_id = given.issued(world)
        late = given.duty_id(world, requirement_id)
        plan(world, "03-21")
        given.handed_in(world, given.duty_id(world, requirement_id, "V12"), "vic", when=given.at("03-21", "08:00:30"))
        ((_, words, link),) = [one for one in deliver(world, "03-21") if one[0] == "tom" and one[1].startswith("下级逾期")]
        assert "逾期 1 天" in words
        assert link == f"/duties/{late}"

    def test_hear_nothing_once_everybody_has_handed_in(self, world: World) -> None:
        requirement_id = given.issued(world)
        plan(world, "03-21")
        for unit, who in (("V11", "vera"), ("V12", "vic")):
            given.handed_in(world, given.duty_id(world, requirement_id, unit), who, when=given.at("03-21", "08:00:30"))
        assert [words for who, words, _ in deliver(world, "03-21") if words.startswith(("下级", "逾期催报"))] == []

    def test_are_reminded_of_what_waits_for_their_review(self, world: World) -> None:
        """Handed in on Friday the 13th: three working days later it is Wednesday the 18th."""
        requirement_id = given.issued(world)
        for unit, who in (("V11", "vera"), ("V12", "vic")):
            given.handed_in(world, given.duty_id(world, requirement_id, unit), who, when=given.at("03-13"))
        assert daily(world, requirement_id, 14, 20) == {"03-18": [("tom", "review_3")]}
        (words,) = [words for who, words, _ in deliver(world, "03-20") if who == "tom" and "等待您审核" in words]
        assert "2 份报送" in words

    def test_are_not_reminded_of_what_they_have_reviewed(self, world: World) -> None:
        requirement_id = given.issued(world)
        for unit, who in (("V11", "vera"), ("V12", "vic")):
            duty_id = given.duty_id(world, requirement_id, unit)
            given.handed_in(world, duty_id, who, when=given.at("03-13"))
            given.accepted(world, duty_id, when=given.at("03-16"))
        assert daily(world, requirement_id, 14, 20) == {}


class TestColours:
    def test_sanming_climbs_to_the_leaders(self, world: World) -> None:
        """Blue on the 17th, orange three working days later, red three working days after that; the 20th is the due date."""
        requirement_id = issued(world, SANMING, "cora", "C", targets={"scope": "children"})
        duty_id = given.duty_id(world, requirement_id, "T1")
        own = daily(world, duty_id, 11, 31)
        assert [(day, sorted({step for _, step in rows})) for day, rows in own.items()] == [
            ("03-17", ["blue"]),
            ("03-20", ["orange"]),
            ("03-25", ["red"]),
        ]
        assert ("tom", "blue") in own["03-17"]
        above = dict.fromkeys(step for _, step in steps(world, requirement_id))
        assert list(above) == ["orange", "red"]

    def test_suqian_has_its_three(self, world: World) -> None:
        duty_id = given.duty_id(world, issued(world, SUQIAN))
        assert [rows[0][1] for rows in daily(world, duty_id, 11, 25).values()] == ["blue", "yellow", "red"]


def wanted(world: World, subject: UUID, step: str = "") -> bool:
    with world.as_system(at=given.at("03-13", "08:05")) as scope:
        statement = owned(scope, Effect).where(
            Effect.subject_id == subject, Effect.stage.startswith(f"step:{step}"), Effect.channel == "in_app"
        )
        return reminders.still_wanted(scope, scope.session.scalars(statement).first())


class TestNothingStale:
    def test_control_what_is_true_goes_out(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        plan(world, "03-13")
        assert wanted(world, duty_id)
        assert {who for who, words, _ in deliver(world, "03-13") if words.startswith("提醒")} == {"vera", "vic"}

    def test_handed_in_moved_or_withdrawn_it_falls_away(self, world: World) -> None:
        requirement_id = given.issued(world)
        duty_id, other = given.duty_id(world, requirement_id), given.duty_id(world, requirement_id, "V12")
        plan(world, "03-13")
        given.handed_in(world, duty_id)
        assert not wanted(world, duty_id)
        assert wanted(world, other)
        with world.as_("tom") as scope:
            operations.change_due_date(scope, duty_id=other, due_on=date(2026, 3, 28), reason="延期")
        assert not wanted(world, other)
        with world.as_("tom") as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="不再需要")
        assert [words for _, words, _ in deliver(world, "03-13") if words.startswith("提醒")] == []

    def test_a_returned_duty_is_not_pressed_by_a_reminder_of_the_first_version(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        plan(world, "03-13")
        given.handed_in(world, duty_id)
        given.returned(world, duty_id)
        assert not wanted(world, duty_id)

    def test_of_two_held_back_together_the_later_is_sent(self, world: World) -> None:
        given.issued(world)
        plan(world, "03-13")
        plan(world, "03-17")
        sent = [who for who, words, _ in deliver(world, "03-17") if words.startswith("提醒")]
        assert sorted(sent) == ["vera", "vic"]  # each once: as of today both would say the same

    def test_while_somebody_hands_in_it_waits_instead_of_guessing(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        plan(world, "03-13")
        holding, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            with world.as_system() as scope:
                scope.session.execute(
                    select(Duty.id).where(Duty.tenant_id == scope.tenant_id, Duty.id == duty_id).with_for_update()
                )
                holding.set()
                go_on.wait(10)

        busy = threading.Thread(target=hold)
        busy.start()
        holding.wait(10)
        try:
            with pytest.raises(BusyError):
                wanted(world, duty_id)
            assert [who for who, words, _ in deliver(world, "03-13") if words.startswith("提醒")] == ["vic"]
        finally:
            go_on.set()
            busy.join()
        assert [who for who, words, _ in deliver(world, "03-13", "08:02") if words.startswith("提醒")] == ["vera"]

    def test_whoever_lost_the_role_gets_it_no_more_where_it_was_held_back(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        plan(world, "03-13")
        with world.as_system() as scope:
            scope.session.execute(
                update(RoleGrant)
                .where(RoleGrant.tenant_id == scope.tenant_id, RoleGrant.person_id == world.people["vera"])
                .values(active_to=date(2026, 3, 13))
            )
        with world.as_system(at=given.at("03-13", "09:30")) as scope:
            statement = owned(scope, Effect).where(Effect.subject_id == duty_id, Effect.stage.startswith("step:"))
            assert not reminders.still_wanted(scope, scope.session.scalars(statement).first())


class TestTheIndexOfWhatIsNext:
    def next_of(self, world: World, duty_id: UUID) -> Any:
        return given.duty(world, duty_id).next_step_at

    def test_says_the_first_step_from_the_issue_on(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        assert self.next_of(world, duty_id) == given.at("03-13", "08:00")
        plan(world, "03-13")
        assert self.next_of(world, duty_id) == given.at("03-17", "08:00")

    def test_any_change_puts_it_into_the_past_and_the_clock_sets_it_anew(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id, when=given.at("03-12"))
        assert self.next_of(world, duty_id).year == 1970
        plan(world, "03-12", "10:01")
        assert self.next_of(world, duty_id) == given.at("03-17", "08:00")  # the review, three working days later

    def test_what_is_over_has_none(self, world: World) -> None:
        requirement_id = given.issued(world)
        duty_id = given.duty_id(world, requirement_id)
        given.handed_in(world, duty_id)
        given.accepted(world, duty_id)
        with world.as_("tom") as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="不再需要")
        assert self.next_of(world, given.duty_id(world, requirement_id, "V12")) is None  # cancelled
        plan(world, "03-13")
        assert self.next_of(world, duty_id) is None

    def test_rows_from_before_are_taken_up_and_what_was_told_is_not_told_again(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_system() as scope:
            scope.session.execute(update(Duty).where(Duty.tenant_id == scope.tenant_id).values(climbed=None, next_step_at=None))
            for name in ("vera", "vic"):
                tell(
                    scope,
                    recipients=[world.people[name]],
                    template="x",
                    subject_kind="duty",
                    subject_id=duty_id,
                    stage="before_7",
                )
        plan(world, "03-13")
        assert steps(world, duty_id) == []
        assert self.next_of(world, duty_id) == given.at("03-17", "08:00")


def test_the_clock_performs_what_reporting_asks_for(world: World) -> None:
    assert set(PERIODIC) <= set(PERFORMED)
    given.issued(world)
    for clock, duties in (("00:05", 0), ("07:59", 0), ("08:00", 2), ("08:05", 0)):
        with world.as_system(at=given.at("03-13", clock)) as scope:
            assert remind(scope) == duties, clock


def test_is_for_the_clock_only(world: World) -> None:
    with pytest.raises(PermissionError), world.as_("cora") as scope:
        operations.plan_reminders(scope)


def test_states_are_final(world: World) -> None:
    given.issued(world)
    plan(world, "03-13")
    deliver(world, "03-13")
    with world.as_system() as scope:
        states = set(
            scope.session.scalars(select(Effect.state).where(Effect.tenant_id == scope.tenant_id, Effect.channel == "in_app"))
        )
    assert states == {EffectState.DONE}


def test_example_b_the_plan_is_reminded_of_on_its_days_and_the_office_gets_one_message(engine: Engine) -> None:
    street = Street(engine)
    duty = street.duty("V1", date(2011, 5, 20))
    for day in range(1, 31):
        with street.as_(None, shanghai(f"2011-05-{day:02}T08:00")) as scope:
            operations.plan_reminders(scope)
    with street.as_(None, shanghai("2011-05-31T08:00")) as scope:
        rows = scope.session.scalars(
            owned(scope, Effect).where(Effect.channel == "in_app", Effect.stage.startswith("step:")).order_by(Effect.created_at)
        ).all()
        own = [f"{row.created_at.astimezone(scope.zone):%m-%d}" for row in rows if row.subject_id == duty.id]
        office = [
            (row.stage.split(":")[1], row.created_at.astimezone(scope.zone).day)
            for row in rows
            if row.subject_kind == "collective"
        ]
    assert own == ["05-13", "05-17", "05-19", "05-21", "05-23"]
    assert office == [("after_1", 21), ("after_3", 23)]


class TestExtensions:
    def test_an_unanswered_request_is_reminded_of_and_an_answered_one_is_not(self, world: World) -> None:
        """Asked on Wednesday the 11th: two working days later it is Friday the 13th."""
        requirement_id = given.issued(world)
        asked = {}
        for unit, who in (("V11", "vera"), ("V12", "vic")):
            duty_id = given.duty_id(world, requirement_id, unit)
            with world.as_(who, at=given.at("03-11")) as scope:
                asked[unit] = operations.ask_extension(
                    scope, duty_id=duty_id, wanted_on=date(2026, 3, 27), reason="汛期", progress="已完成一半"
                ).id
        with world.as_("tom", at=given.at("03-12")) as scope:
            operations.refuse_extension(scope, extension_id=asked["V12"], answer="按期完成")
        assert daily(world, requirement_id, 12, 16)["03-13"] == [("tom", "extension_2")]
        (words,) = [words for who, words, _ in deliver(world, "03-16") if who == "tom" and "延期申请等待答复" in words]
        assert "1 个单位" in words

    def test_granted_before_it_was_sent_it_is_not_sent(self, world: World) -> None:
        requirement_id = given.issued(world)
        with world.as_("vera", at=given.at("03-11")) as scope:
            asked = operations.ask_extension(
                scope,
                duty_id=given.duty_id(world, requirement_id),
                wanted_on=date(2026, 3, 27),
                reason="汛期",
                progress="已完成一半",
            ).id
        plan(world, "03-13")
        assert steps(world, requirement_id) == [("tom", "extension_2")]
        with world.as_("tom", at=given.at("03-13", "08:00:30")) as scope:
            operations.grant_extension(scope, extension_id=asked, due_on=date(2026, 3, 27))
        assert [words for _, words, _ in deliver(world, "03-13") if "延期申请等待答复" in words] == []
