"""Missing duties, changed dates, reminders, urging."""

from datetime import date

import pytest

from duban.calendar.lateness import Timeliness
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.reporting import operations, queries
from duban.reporting.errors import DueDateError, DutyClosedError, NobodyOwesError, ReasonMissingError
from duban.reporting.states import DutyState
from tests.cast import World
from tests.integration.reporting import requirements as given


def stages(world: World, duty_id) -> list[tuple[str, str]]:
    return [
        (who, stage) for who, stage, _ in given.messages(world, subject_id=duty_id) if not stage.startswith(("event", "review:"))
    ]


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
