"""Missing duties, changed dates, reminders, urging."""

from datetime import date

import pytest

from duban.calendar.lateness import Timeliness
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.notifications.models import Effect
from duban.reporting import operations, queries
from duban.reporting.errors import DueDateError, DutyClosedError, NobodyOwesError, ReasonMissingError
from duban.reporting.queries import reminders
from duban.reporting.states import DutyState
from tests.cast import World
from tests.integration.reporting import requirements as given


def plan(world: World, day: str, clock: str = "08:00") -> int:
    with world.as_system(at=given.at(day, clock)) as scope:
        return operations.plan_reminders(scope)


def stages(world: World, duty_id) -> list[tuple[str, str]]:
    return [(who, stage) for who, stage, _ in given.messages(world, subject_id=duty_id) if not stage.startswith("event")]


class TestMissing:
    def test_begins_with_the_first_instant_after_the_days_of_grace(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_system(at=given.at("03-30", "23:59:59")) as scope:
            assert operations.sweep_missing(scope) == 0
        with world.as_system(at=given.at("03-31", "00:00:00")) as scope:
            assert operations.sweep_missing(scope) == 2
            assert operations.sweep_missing(scope) == 0
        duty = given.duty(world, duty_id)
        assert (duty.stands, duty.timeliness) == (DutyState.MISSING, Timeliness.MISSING)

    def test_what_comes_afterwards_stays_missing_through_the_review(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_system(at=given.at("03-31")) as scope:
            operations.sweep_missing(scope)
        given.handed_in(world, duty_id, when=given.at("04-01"))
        assert given.duty(world, duty_id).stands is DutyState.MISSING_SUBMITTED
        given.returned(world, duty_id, when=given.at("04-02"))
        assert given.duty(world, duty_id).stands is DutyState.MISSING
        given.handed_in(world, duty_id, when=given.at("04-03"))
        given.accepted(world, duty_id, when=given.at("04-04"))

        duty = given.duty(world, duty_id)
        assert (duty.stands, duty.timeliness) == (DutyState.MISSING_SUBMITTED, Timeliness.MISSING)
        with world.as_("tom", at=given.at("04-05")) as scope:
            assert queries.awaiting_review(scope).items == []
        with pytest.raises(DutyClosedError):
            given.returned(world, duty_id, when=given.at("04-05"))

    def test_what_waits_for_review_is_never_missing(self, world: World) -> None:
        requirement_id = given.issued(world)
        for unit, who in (("V11", "vera"), ("V12", "vic")):
            given.handed_in(world, given.duty_id(world, requirement_id, unit), who)
        with world.as_system(at=given.at("06-01")) as scope:
            assert operations.sweep_missing(scope) == 0

    def test_both_sides_are_told_once(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_system(at=given.at("03-31")) as scope:
            operations.sweep_missing(scope)
        assert stages(world, duty_id) == [("tom", "missing"), ("vera", "missing")] or stages(world, duty_id) == [
            ("vera", "missing"),
            ("tom", "missing"),
        ]

    def test_is_for_the_clock_only(self, world: World) -> None:
        for run in (operations.sweep_missing, operations.plan_reminders):
            with pytest.raises(PermissionError), world.as_("cora") as scope:
                run(scope)


class TestChangeOfDate:
    def change(self, world: World, duty_id, day: date, *, who: str = "tom", reason: str = "遇特大暴雨", when=None) -> None:
        with world.as_(who, at=when) as scope:
            operations.change_due_date(scope, duty_id=duty_id, due_on=day, reason=reason)

    def test_moves_date_and_cut_off_and_is_recorded(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        self.change(world, duty_id, date(2026, 3, 25))

        duty = given.duty(world, duty_id)
        assert (duty.due_on, duty.due_at, duty.missing_at, duty.due_version) == (
            date(2026, 3, 25),
            given.at("03-26", "00:00"),
            given.at("04-05", "00:00"),
            2,
        )
        with world.as_("vera") as scope:
            (decision,) = queries.due_changes_of(scope, duty_id)
        assert (decision.before_on, decision.after_on, decision.reason, decision.decider_name) == (
            date(2026, 3, 20),
            date(2026, 3, 25),
            "遇特大暴雨",
            "唐安",
        )

    def test_brings_a_missing_duty_back(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_system(at=given.at("03-31")) as scope:
            operations.sweep_missing(scope)
        self.change(world, duty_id, date(2026, 4, 10), when=given.at("04-01"))
        duty = given.duty(world, duty_id)
        assert (duty.stands, duty.timeliness, duty.late_days) == (DutyState.OPEN, Timeliness.PENDING, 0)

    def test_judges_again_what_was_handed_in_late(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id, when=given.at("03-22"))
        assert given.duty(world, duty_id).timeliness == Timeliness.LATE
        self.change(world, duty_id, date(2026, 3, 25), when=given.at("03-23"))
        assert given.duty(world, duty_id).timeliness == Timeliness.ON_TIME

    @pytest.mark.parametrize("day", [date(2026, 3, 20), date(2026, 3, 9), date(2036, 3, 9)])
    def test_refuses_the_same_a_past_and_an_absurd_date(self, world: World, day: date) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with pytest.raises(DueDateError):
            self.change(world, duty_id, day)

    def test_needs_a_reason(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with pytest.raises(ReasonMissingError):
            self.change(world, duty_id, date(2026, 3, 25), reason=" ")

    @pytest.mark.parametrize(("who", "refusal"), [("vera", NotAllowedError), ("tina", NotFoundError), ("ewa", NotFoundError)])
    def test_is_refused_to_others(self, world: World, who: str, refusal: type[Exception]) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with pytest.raises(refusal):
            self.change(world, duty_id, date(2026, 3, 25), who=who)

    def test_refuses_a_duty_that_is_over(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        given.accepted(world, duty_id)
        with pytest.raises(DutyClosedError):
            self.change(world, duty_id, date(2026, 3, 25))


class TestReminders:
    def test_come_at_their_days_to_the_right_people(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        told: dict[str, list[tuple[str, str]]] = {}
        before: list[tuple[str, str]] = []
        for number in range(11, 29):
            plan(world, f"03-{number:02}")
            now = stages(world, duty_id)
            if len(now) > len(before):
                told[f"03-{number:02}"] = sorted(now[len(before) :])
            before = now
        assert told == {
            "03-13": [("vera", "before_7")],
            "03-17": [("vera", "before_3")],
            "03-19": [("vera", "before_1")],
            "03-21": [("tom", "after_1"), ("vera", "after_1")],
            "03-23": [("tom", "after_3"), ("vera", "after_3")],
        }

    def test_two_clocks_double_nothing(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        assert plan(world, "03-13") == 4  # two villages, in-app and e-mail
        assert plan(world, "03-13", "09:00") == 0
        assert len(stages(world, duty_id)) == 1

    def test_a_clock_that_stood_still_loses_none(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        plan(world, "03-18")
        assert stages(world, duty_id) == [("vera", "before_3")]

    def test_none_for_what_was_handed_in(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        plan(world, "03-13")
        assert stages(world, duty_id) == []

    def test_none_for_stages_that_had_passed_when_it_was_issued(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, due={"kind": "fixed", "on": "2026-03-14"}))
        plan(world, "03-10")
        assert stages(world, duty_id) == []
        plan(world, "03-11")
        assert stages(world, duty_id) == [("vera", "before_3")]

    def test_a_moved_date_begins_anew(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        plan(world, "03-13")
        with world.as_("tom", at=given.at("03-14")) as scope:
            operations.change_due_date(scope, duty_id=duty_id, due_on=date(2026, 3, 25), reason="延期")
        plan(world, "03-17")
        plan(world, "03-18")
        assert stages(world, duty_id) == [("vera", "before_7"), ("vera", "before_7")]

    def wanted(self, world: World, duty_id, stage: str) -> bool:
        with world.as_system() as scope:
            statement = owned(scope, Effect).where(
                Effect.subject_id == duty_id, Effect.stage == stage, Effect.channel == "in_app"
            )
            return reminders.still_wanted(scope, scope.session.scalars(statement).first())

    def test_what_was_written_falls_away_when_handed_in_moved_or_withdrawn(self, world: World) -> None:
        requirement_id = given.issued(world)
        duty_id, other = given.duty_id(world, requirement_id), given.duty_id(world, requirement_id, "V12")
        plan(world, "03-13")
        assert self.wanted(world, duty_id, "before_7")
        given.handed_in(world, duty_id)
        assert not self.wanted(world, duty_id, "before_7")
        assert self.wanted(world, other, "before_7")
        with world.as_("tom") as scope:
            operations.change_due_date(scope, duty_id=other, due_on=date(2026, 3, 28), reason="延期")
        assert not self.wanted(world, other, "before_7")


class TestUrge:
    def test_presses_those_who_are_late_once_an_hour(self, world: World) -> None:
        requirement_id = given.issued(world)
        given.handed_in(world, given.duty_id(world, requirement_id, "V12"), "vic")
        late = given.duty_id(world, requirement_id)
        for minute in ("10:00", "10:30", "11:00"):
            with world.as_("tom", at=given.at("03-22", minute)) as scope:
                assert operations.urge(scope, requirement_id=requirement_id) == 1
        assert len([stage for _, stage in stages(world, late) if stage.startswith("urge:")]) == 2

    def test_says_so_when_nobody_is_late(self, world: World) -> None:
        requirement_id = given.issued(world)
        with pytest.raises(NobodyOwesError), world.as_("tom") as scope:
            operations.urge(scope, requirement_id=requirement_id)

    def test_a_clerk_presses_nobody(self, world: World) -> None:
        requirement_id = given.issued(world)
        with pytest.raises(NotAllowedError), world.as_("vera", at=given.at("03-22")) as scope:
            operations.urge(scope, requirement_id=requirement_id)


class TestTheClock:
    def test_reminds_from_eight_in_the_morning_of_the_tenant(self, world: World) -> None:
        from duban.reporting.tasks import remind

        given.issued(world)
        for clock, rows in (("00:05", 0), ("07:59", 0), ("08:00", 4), ("08:05", 0)):
            with world.as_system(at=given.at("03-13", clock)) as scope:
                assert remind(scope) == rows, clock

    def test_performs_what_reporting_asks_for(self) -> None:
        from duban.reporting.tasks import PERIODIC as ASKED
        from duban.worker import PERIODIC

        assert set(ASKED) <= set(PERIODIC)
