"""A later day: asked before expiry, granted, refused, withdrawn; many dates at once; windows, grace, closing, opening again."""

from datetime import date, datetime

import pytest
from sqlalchemy import select

from duban.audit.models import AuditRecord
from duban.calendar.errors import NeverDueError
from duban.calendar.lateness import Timeliness
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.notifications.models import Effect
from duban.reporting import closed_years, operations, queries
from duban.reporting.errors import (
    DueDateError,
    DutyClosedError,
    DutyLockedError,
    ExtensionError,
    ExtensionInputError,
    NobodyOwesError,
    OwnExtensionError,
    ReasonMissingError,
)
from duban.reporting.forms import requirement_form
from duban.reporting.later_periods import forecast_of
from duban.reporting.locks import LockReason
from duban.reporting.models import DueChange, Extension
from duban.reporting.queries import reminders
from duban.reporting.states import DutyState, ExtensionState
from duban.tenancy.models import Catalogue
from tests.cast import World
from tests.integration.reporting import requirements as given

WANTED = date(2026, 3, 27)


def asked(world: World, duty_id, who: str = "vera", *, at=None, wanted: date = WANTED, **more):
    with world.as_(who, at=at) as scope:
        made = operations.ask_extension(scope, duty_id=duty_id, wanted_on=wanted, reason="连日暴雨", **more)
        return made.id


def extension(world: World, row_id) -> Extension:
    with world.as_system() as scope:
        return scope.session.scalars(owned(scope, Extension).where(Extension.id == row_id)).one()


def granted(world: World, row_id, who: str = "tom", *, at=None, **more) -> None:
    with world.as_(who, at=at) as scope:
        operations.grant_extension(scope, extension_id=row_id, **more)


def refused(world: World, row_id, who: str = "tom", answer: str = "人手足够") -> None:
    with world.as_(who) as scope:
        operations.refuse_extension(scope, extension_id=row_id, answer=answer)


class TestAsking:
    def test_waits_and_changes_no_date(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        row = extension(world, asked(world, duty_id, progress="已查三处"))
        assert (row.stands, row.wanted_on, row.due_on, row.progress) == (
            ExtensionState.ASKED,
            WANTED,
            date(2026, 3, 20),
            "已查三处",
        )
        assert given.duty(world, duty_id).due_on == date(2026, 3, 20)
        told = [login for login, _, template in given.messages(world, subject_id=duty_id) if template.startswith("延期申请")]
        assert told == ["tom"]

    @pytest.mark.parametrize("at", [given.at("03-21", "00:00:00"), given.at("03-25")])
    def test_too_late_is_refused_in_words(self, world: World, at) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with pytest.raises(ExtensionError) as caught:
            asked(world, duty_id, at=at)
        assert "2026年3月20日" in str(caught.value.text)
        assert "城东镇" in str(caught.value.text)

    def test_the_last_instant_is_in_time(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        asked(world, duty_id, at=given.at("03-20", "23:59:59.999999"))

    def test_missing_is_too_late_too(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_system(at=given.at("03-31")) as scope:
            operations.sweep_missing(scope)
        with pytest.raises(ExtensionError):
            asked(world, duty_id, at=given.at("04-01"), wanted=date(2026, 4, 10))

    def test_one_at_a_time(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        asked(world, duty_id)
        with pytest.raises(ExtensionError):
            asked(world, duty_id)

    @pytest.mark.parametrize(
        ("wanted", "reason", "field"),
        [(date(2026, 3, 20), "雨", "wanted_on"), (date(2036, 3, 20), "雨", "wanted_on"), (WANTED, " ", "reason")],
    )
    def test_says_what_is_wrong(self, world: World, wanted: date, reason: str, field: str) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with pytest.raises(ExtensionInputError) as caught, world.as_("vera") as scope:
            operations.ask_extension(scope, duty_id=duty_id, wanted_on=wanted, reason=reason)
        assert list(caught.value.fields) == [field]

    @pytest.mark.parametrize(
        ("who", "refusal"), [("vlad", NotAllowedError), ("tom", NotAllowedError), ("vic", NotFoundError), ("ewa", NotFoundError)]
    )
    def test_is_for_the_unit_alone(self, world: World, who: str, refusal: type[Exception]) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with pytest.raises(refusal):
            asked(world, duty_id, who)

    def test_not_for_what_was_handed_in(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        with pytest.raises(DutyClosedError):
            asked(world, duty_id)


class TestDeciding:
    def test_granting_moves_the_date_as_a_recorded_decision(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        row_id = asked(world, duty_id)
        granted(world, row_id, answer="同意")
        duty = given.duty(world, duty_id)
        assert (duty.due_on, duty.due_at, duty.due_version) == (WANTED, given.at("03-28", "00:00"), 2)
        with world.as_("vera") as scope:
            (change,) = queries.due_changes_of(scope, duty_id)
            assert (change.extension_id, change.before_on, change.after_on) == (row_id, date(2026, 3, 20), WANTED)
            acts = scope.session.scalars(
                select(AuditRecord.act).where(AuditRecord.tenant_id == scope.tenant_id, AuditRecord.subject_id == duty_id)
            ).all()
        assert {"extension.asked", "extension.granted"} <= set(acts)
        row = extension(world, row_id)
        assert (row.stands, row.granted_on, row.decider_name) == (ExtensionState.GRANTED, WANTED, "唐安")
        told = [login for login, _, template in given.messages(world, subject_id=duty_id) if template.startswith("同意延期")]
        assert told == ["vera"]

    def test_another_day_than_wanted(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        granted(world, asked(world, duty_id), due_on=date(2026, 3, 24))
        assert given.duty(world, duty_id).due_on == date(2026, 3, 24)

    def test_refusing_needs_a_reason_and_changes_no_date(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        row_id = asked(world, duty_id)
        with pytest.raises(ReasonMissingError):
            refused(world, row_id, answer=" ")
        refused(world, row_id)
        assert extension(world, row_id).stands is ExtensionState.REFUSED
        assert given.duty(world, duty_id).due_version == 1
        asked(world, duty_id)  # and may ask again

    def test_a_late_answer_still_counts_for_who_asked_in_time(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        row_id = asked(world, duty_id, wanted=date(2026, 4, 10))
        with world.as_system(at=given.at("03-31")) as scope:
            operations.sweep_missing(scope)
        assert given.duty(world, duty_id).stands is DutyState.MISSING
        granted(world, row_id, at=given.at("04-01"))
        duty = given.duty(world, duty_id)
        assert (duty.stands, duty.timeliness, duty.due_on) == (DutyState.OPEN, Timeliness.PENDING, date(2026, 4, 10))

    def test_a_day_that_is_over_cannot_be_granted(self, world: World) -> None:
        row_id = asked(world, given.duty_id(world, given.issued(world)))
        with pytest.raises(DueDateError):
            granted(world, row_id, at=given.at("03-30"))

    @pytest.mark.parametrize(
        ("who", "refusal"),
        [("vera", NotAllowedError), ("tess", NotAllowedError), ("tina", NotFoundError), ("ewa", NotFoundError)],
    )
    def test_is_for_the_superior_alone(self, world: World, who: str, refusal: type[Exception]) -> None:
        row_id = asked(world, given.duty_id(world, given.issued(world)))
        with pytest.raises(refusal):
            granted(world, row_id, who)
        with pytest.raises(refusal):
            refused(world, row_id, who)

    def test_nobody_decides_their_own_request(self, world: World) -> None:
        row_id = asked(world, given.duty_id(world, given.issued(world)))
        with world.as_system() as scope:
            scope.session.scalars(owned(scope, Extension)).one().asked_by = world.people["tom"]
        with pytest.raises(OwnExtensionError):
            granted(world, row_id)

    def test_what_is_decided_is_decided(self, world: World) -> None:
        row_id = asked(world, given.duty_id(world, given.issued(world)))
        granted(world, row_id)
        for act in (granted, refused):
            with pytest.raises(ExtensionError):
                act(world, row_id)

    def test_handing_in_withdraws_it(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        row_id = asked(world, duty_id)
        given.handed_in(world, duty_id)
        assert extension(world, row_id).stands is ExtensionState.WITHDRAWN

    def test_other_decisions_let_it_lapse(self, world: World) -> None:
        requirement_id = given.issued(world)
        first, second = given.duty_id(world, requirement_id), given.duty_id(world, requirement_id, "V12")
        one, other = asked(world, first), asked(world, second, "vic")
        with world.as_("tom") as scope:
            operations.change_due_date(scope, duty_id=first, due_on=date(2026, 3, 23), reason="暴雨")
        assert extension(world, one).stands is ExtensionState.LAPSED
        with world.as_("tom") as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="重复")
        assert extension(world, other).stands is ExtensionState.LAPSED

    def test_the_unit_takes_it_back(self, world: World) -> None:
        row_id = asked(world, given.duty_id(world, given.issued(world)))
        with world.as_("vera") as scope:
            operations.withdraw_extension(scope, extension_id=row_id)
        assert extension(world, row_id).stands is ExtensionState.WITHDRAWN
        with pytest.raises(ExtensionError):
            granted(world, row_id)

    def test_reminders_of_the_old_date_die(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_system(at=given.at("03-19", "09:00")) as scope:
            operations.plan_reminders(scope)
        granted(world, asked(world, duty_id, at=given.at("03-19", "10:00")), at=given.at("03-19", "11:00"))
        with world.as_system(at=given.at("03-19", "12:00")) as scope:
            rows = scope.session.scalars(owned(scope, Effect).where(Effect.subject_id == duty_id)).all()
            pressing = [row for row in rows if reminders.is_pressing(row.stage)]
            assert pressing
            assert not any(reminders.still_wanted(scope, row) for row in pressing)

    def test_who_sees_the_list(self, world: World) -> None:
        asked(world, given.duty_id(world, given.issued(world)))
        for who, count in (("tom", 1), ("tess", 0), ("cora", 0), ("vera", 0), ("tina", 0), ("ewa", 0)):
            with world.as_(who) as scope:
                assert (queries.count_waiting(scope), len(queries.waiting_extensions(scope).items)) == (count, count), who


class TestManyDates:
    def change(self, world: World, requirement_id, who: str = "tom", at=None, **what):
        with world.as_(who, at=at) as scope:
            return operations.change_due_dates(scope, requirement_id=requirement_id, **{"reason": "防汛", **what})

    def test_moves_all_as_one_decision_and_tells_everybody_once(self, world: World) -> None:
        requirement_id = given.issued(world)
        decision = self.change(world, requirement_id, due_on=date(2026, 3, 31))
        rows = given.duties(world, requirement_id)
        assert {(one.due_on, one.due_version, one.missing_at) for one in rows} == {
            (date(2026, 3, 31), 2, given.at("04-11", "00:00"))
        }
        assert decision.duties == 2
        with world.as_system() as scope:
            changes = scope.session.scalars(owned(scope, DueChange)).all()
        assert {(one.decision_id, one.before_on, one.after_on) for one in changes} == {
            (decision.id, date(2026, 3, 20), date(2026, 3, 31))
        }
        told = sorted(login for login, stage, _ in given.messages(world, subject_id=requirement_id) if stage.startswith("dates:"))
        assert told == ["vera", "vic"]

    def test_judges_again_what_came_late_brings_back_what_was_missing_and_leaves_what_is_done(self, world: World) -> None:
        requirement_id = given.issued(world, targets={"scope": "children"})
        late, missing = given.duty_id(world, requirement_id), given.duty_id(world, requirement_id, "V12")
        given.handed_in(world, late, when=given.at("03-22"))
        with world.as_system(at=given.at("03-31")) as scope:
            operations.sweep_missing(scope)
        self.change(world, requirement_id, due_on=date(2026, 4, 3), at=given.at("04-01"))
        assert given.duty(world, late).timeliness == Timeliness.ON_TIME
        assert given.duty(world, missing).stands is DutyState.OPEN
        given.accepted(world, late)
        self.change(world, requirement_id, due_on=date(2026, 4, 6), at=given.at("04-01"))
        assert given.duty(world, late).due_on == date(2026, 4, 3)

    def test_a_unit_keeps_the_later_day_it_was_granted(self, world: World) -> None:
        requirement_id = given.issued(world)
        own = given.duty_id(world, requirement_id)
        granted(world, asked(world, own, wanted=date(2026, 4, 20)))
        assert self.change(world, requirement_id, due_on=date(2026, 3, 31)).duties == 1
        assert given.duty(world, own).due_on == date(2026, 4, 20)

    def test_one_period_of_many_or_all_to_come_by_days(self, world: World) -> None:
        requirement_id = given.issued(world, due=given.MONTHLY, active_until="2026-05-31")
        with pytest.raises(DueDateError):
            self.change(world, requirement_id, due_on=date(2026, 3, 31))
        assert self.change(world, requirement_id, due_on=date(2026, 3, 31), period_code="2026-03").duties == 2
        assert self.change(world, requirement_id, by_days=2).duties == 6
        assert sorted({one.due_on for one in given.duties(world, requirement_id)}) == [
            date(2026, 4, 2),
            date(2026, 4, 27),
            date(2026, 5, 27),
        ]

    @pytest.mark.parametrize(
        "what",
        [{}, {"due_on": date(2026, 3, 1)}, {"due_on": date(2036, 3, 1)}, {"by_days": 0}, {"due_on": WANTED, "by_days": 3}],
    )
    def test_refuses_what_says_no_date(self, world: World, what) -> None:
        with pytest.raises(DueDateError):
            self.change(world, given.issued(world), **what)

    def test_refuses_without_reason_and_where_nothing_moves(self, world: World) -> None:
        requirement_id = given.issued(world)
        with pytest.raises(ReasonMissingError):
            self.change(world, requirement_id, due_on=WANTED, reason=" ")
        with pytest.raises(NobodyOwesError):
            self.change(world, requirement_id, due_on=WANTED, period_code="2026-09")

    @pytest.mark.parametrize(("who", "refusal"), [("vera", NotAllowedError), ("tess", NotAllowedError), ("tina", NotFoundError)])
    def test_is_for_who_issues(self, world: World, who: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal):
            self.change(world, given.issued(world), who, due_on=WANTED)


class TestWindow:
    def lock(self, world: World, duty_id, at):
        with world.as_("vera", at=at) as scope:
            return queries.lock_of(scope, queries.get_duty(scope, duty_id))

    def test_opens_so_many_days_before(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, opens="before_due", opens_days="5"))
        assert given.duty(world, duty_id).opens_at == given.at("03-15", "00:00")
        lock = self.lock(world, duty_id, given.at("03-14", "23:59:59.999999"))
        assert (lock.reason, lock.opens_on) == (LockReason.NOT_OPEN, date(2026, 3, 15))
        with pytest.raises(DutyLockedError) as caught:
            given.handed_in(world, duty_id, when=given.at("03-14", "23:59:59.999999"))
        assert "2026年3月15日" in str(caught.value.text)
        with pytest.raises(DutyLockedError), world.as_("vera") as scope:
            operations.save_draft(scope, duty_id=duty_id, typed={"answer.done": "x"})
        assert self.lock(world, duty_id, given.at("03-15", "00:00:00")) is None
        given.handed_in(world, duty_id, when=given.at("03-15", "00:00:00"))

    def test_an_open_window_stays_open_when_the_date_moves(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, opens="before_due", opens_days="12"))
        with world.as_("tom") as scope:
            operations.change_due_date(scope, duty_id=duty_id, due_on=date(2026, 4, 20), reason="暴雨")
        assert self.lock(world, duty_id, given.at("03-11")) is None

    def test_closes_and_only_reopening_helps(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, late_until_days="3"))
        assert self.lock(world, duty_id, given.at("03-23", "23:59:59.999999")) is None
        after = given.at("03-24", "00:00:00")
        assert self.lock(world, duty_id, after).reason is LockReason.CLOSED
        with pytest.raises(DutyLockedError):
            given.handed_in(world, duty_id, when=after)
        with world.as_("vera", at=after) as scope:  # what was typed is not lost
            operations.save_draft(scope, duty_id=duty_id, typed={"answer.done": "x"})
        with world.as_("tom", at=after) as scope:
            operations.reopen_duty(scope, duty_id=duty_id, until=date(2026, 3, 26), reason="断电")
        given.handed_in(world, duty_id, when=given.at("03-26", "23:59:59"))
        duty = given.duty(world, duty_id)
        assert (duty.due_on, duty.timeliness, duty.late_days) == (date(2026, 3, 20), Timeliness.LATE, 6)

    def test_a_correction_asked_for_is_taken_though_it_would_be_closed(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, late_until_days="0"))
        given.handed_in(world, duty_id, when=given.at("03-20"))
        given.returned(world, duty_id, when=given.at("03-21"))
        assert self.lock(world, duty_id, given.at("03-24")) is None
        assert self.lock(world, duty_id, given.at("03-25")).reason is LockReason.CLOSED

    def test_reopening_is_for_the_superior_and_for_what_is_shut(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, late_until_days="3"))
        for who, refusal in (("tom", DueDateError), ("vera", NotAllowedError), ("tina", NotFoundError)):
            with pytest.raises(refusal), world.as_(who) as scope:
                operations.reopen_duty(scope, duty_id=duty_id, until=WANTED, reason="断电")

    @pytest.mark.parametrize(
        ("day", "clock", "timeliness", "days"),
        [
            ("03-22", "23:59:59.999", Timeliness.ON_TIME, 2),
            ("03-23", "00:00:00.000", Timeliness.LATE, 3),
            ("03-20", "12:00", Timeliness.ON_TIME, 0),
        ],
    )
    def test_days_of_grace_are_not_late(self, world: World, day: str, clock: str, timeliness: Timeliness, days: int) -> None:
        duty_id = given.duty_id(world, given.issued(world, grace_days="2"))
        given.handed_in(world, duty_id, when=given.at(day, clock))
        duty = given.duty(world, duty_id)
        assert duty.timeliness == timeliness
        assert duty.late_days == (days if timeliness is Timeliness.LATE else 0)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"grace_days": "5", "late_until_days": "3"}, "grace_days"),
            (
                {"due": {"kind": "from_end", "every": "month", "count": 5, "side": "before"}, "opens": "before_period_end"},
                "opens_days",
            ),
            (
                {"due": {"kind": "from_end", "every": "quarter", "count": 2, "side": "before"}, "active_until": "2026-03-20"},
                "active_until",
            ),
            ({"due": {"kind": "fixed", "on": "2026-02-01"}}, "due.on"),
            ({"due": {"kind": "dates", "days": ["2027-05-01"]}}, "due.days"),
            ({"receiver_id": "00000000-0000-0000-0000-000000000001"}, "receiver_id"),
        ],
    )
    def test_what_cannot_be_is_refused_with_what_to_change(self, world: World, changes, field: str) -> None:
        with pytest.raises(InvalidInputError) as caught, world.as_("tom") as scope:
            operations.create_requirement(scope, unit_id=world.units["T1"], form=requirement_form(given.data(**changes)))
        assert list(caught.value.fields) == [field]

    def test_a_draft_that_waited_too_long_is_not_issued(self, world: World) -> None:
        requirement_id = given.drafted(world)
        with pytest.raises(NeverDueError), world.as_("tom", at=given.at("04-01")) as scope:
            operations.issue(scope, requirement_id=requirement_id)


class TestClosedYear:
    """What fell due before the unit's assessment of its year was closed is shut for everybody; what is due later is not."""

    @pytest.fixture(autouse=True)
    def _closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def lookup(_scope: object, paths: set[str], year: int) -> dict[str, datetime]:
            return dict.fromkeys(paths, given.at("03-25")) if year == 2026 else {}

        monkeypatch.setattr(closed_years, "_lookups", [lookup])

    def test_is_shut_with_the_reason(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_("vera", at=given.at("03-26")) as scope:
            lock = queries.lock_of(scope, queries.get_duty(scope, duty_id))
        assert lock.reason is LockReason.ARCHIVED
        assert "2026 年度的考核已经结束" in str(lock.text)
        with pytest.raises(DutyLockedError):
            given.handed_in(world, duty_id, when=given.at("03-26"))

    def test_no_date_of_it_moves(self, world: World) -> None:
        requirement_id = given.issued(world)
        duty_id = given.duty_id(world, requirement_id)
        row_id = asked(world, duty_id, wanted=date(2026, 4, 10))
        late = given.at("03-26")
        with pytest.raises(DutyLockedError):
            granted(world, row_id, at=late)
        with pytest.raises(DutyLockedError), world.as_("tom", at=late) as scope:
            operations.change_due_date(scope, duty_id=duty_id, due_on=date(2026, 4, 1), reason="x")
        with pytest.raises(DutyLockedError), world.as_("tom", at=late) as scope:
            operations.reopen_duty(scope, duty_id=duty_id, until=date(2026, 4, 1), reason="x")
        with pytest.raises(NobodyOwesError), world.as_("tom", at=late) as scope:
            operations.change_due_dates(scope, requirement_id=requirement_id, due_on=date(2026, 4, 1), reason="x")

    def test_what_is_due_later_is_open(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, due={"kind": "fixed", "on": "2026-03-28"}))
        given.handed_in(world, duty_id, when=given.at("03-26"))


def test_a_clerk_counts_only_the_own_unit_in_the_dates_of_a_requirement(world: World) -> None:
    requirement = given.requirement(world, given.issued(world))
    for who, count in (("tom", 2), ("vera", 1)):
        with world.as_(who) as scope:
            (period,) = queries.period_dates(scope, requirement)
        assert period.dates == [(date(2026, 3, 20), count)]


class TestFromTheIssuing:
    def test_runs_from_the_day_it_is_issued(self, world: World) -> None:
        due = {"kind": "after", "count": 5, "unit": "working_day"}
        requirement_id = given.drafted(world, due=due)
        with world.as_("tom", at=given.at("03-12")) as scope:
            operations.issue(scope, requirement_id=requirement_id)
        assert {one.due_on for one in given.duties(world, requirement_id)} == {date(2026, 3, 19)}
        with world.as_("tom", at=given.at("05-01")) as scope:
            (found,) = forecast_of(scope, queries.get_requirement(scope, requirement_id)).found
        assert found.due_on == date(2026, 3, 19)


def test_a_new_table_of_holidays_moves_no_published_date(world: World) -> None:
    """F5: what was told to people moves by a decision only; what is not issued yet follows the new table."""
    due = {"kind": "fixed", "on": "2026-03-21", "shift": "next_working_day"}
    requirement_id, draft_id = given.issued(world, due=due), given.drafted(world, due=due)
    table = {"year": 2026, "days_off": ["2026-03-23"], "make_up_days": []}
    with world.as_system() as scope:
        scope.add(Catalogue(part="calendar", version=1, active_from=date(2026, 1, 1), body={"items": [table]}))
    assert {(one.due_on, one.due_version) for one in given.duties(world, requirement_id)} == {(date(2026, 3, 23), 1)}
    with world.as_("tom") as scope:
        (found,) = forecast_of(scope, queries.get_requirement(scope, draft_id)).found
    assert found.due_on == date(2026, 3, 24)
