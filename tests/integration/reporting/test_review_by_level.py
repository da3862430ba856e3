"""Review level by level: who has the ball, what each level may do, what is skipped, what a unit above waits for."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from duban.access.models import Delegation, RoleGrant
from duban.identity.models import Person
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import owned
from duban.notifications.models import Effect
from duban.reporting import operations, queries
from duban.reporting.errors import (
    DutyClosedError,
    HandoverDayError,
    NobodyBelowError,
    NotReceivingError,
    OtherLevelError,
    OwnWorkError,
    ReasonMissingError,
    WaitingForBelowError,
)
from duban.reporting.operations import ReturnTo
from duban.reporting.queries.reminders import still_wanted
from duban.reporting.queries.reviewing import StopState
from duban.reporting.remarks import Remark
from duban.reporting.states import DutyState, StepOutcome
from tests.cast import World
from tests.integration.reporting import requirements as given

VILLAGES = {"scope": "subtree", "levels": ["village"]}
BOTH = {"scope": "subtree", "levels": ["village", "township"]}


def by_level(world: World, **changes: object) -> UUID:
    """A requirement of the county to its villages, reviewed by the townships first."""
    plain: dict[str, object] = {"targets": VILLAGES, "review_mode": "by_level", **changes}
    return given.issued(world, "cora", "C", **plain)


def also(world: World, who: str, role: str, place: str) -> None:
    with world.as_system() as scope:
        scope.add(
            RoleGrant(
                person_id=world.people[who],
                role=role,
                unit_id=world.units[place],
                line="territorial",
                active_from=date(2000, 1, 1),
            )
        )


def steps(world: World, duty_id: UUID) -> list[tuple[str, int, str]]:
    names = {path: key for key, path in world.paths.items()}
    with world.as_system() as scope:
        return [(names[step.level_path], step.number, step.outcome) for step in queries.steps_of(scope, duty_id)]


def track(world: World, duty_id: UUID, who: str = "vera", *, at: object = None) -> list[tuple[str, str, tuple[str, ...], int]]:
    with world.as_(who, at=at) as scope:  # type: ignore[arg-type]
        line = queries.line_of(scope, queries.get_duty(scope, duty_id))
        stops = queries.track_of(scope, line.duty, line.requirement, line.unit, queries.steps_of(scope, duty_id))
    return [(stop.name, stop.state.value, stop.people, stop.days) for stop in stops]


def queue(world: World, who: str) -> int:
    with world.as_(who) as scope:
        found = len(queries.awaiting_review(scope).items)
        assert queries.counts(scope)["review"] == found == len(queries.work_lists(scope, limit=50).review)
        return found


class TestTheWayUp:
    def test_the_township_comes_first_then_the_county(self, world: World) -> None:
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        assert given.duty(world, duty_id).at_path == world.paths["T1"]
        assert (queue(world, "tom"), queue(world, "cora"), queue(world, "tina")) == (1, 0, 0)
        given.accepted(world, duty_id, "tom")
        found = given.duty(world, duty_id)
        assert (found.stands, found.at_path, found.accepted_version) == (DutyState.SUBMITTED, world.paths["C"], None)
        assert (queue(world, "tom"), queue(world, "cora")) == (0, 1)
        given.accepted(world, duty_id, "cora")
        found = given.duty(world, duty_id)
        assert (found.stands, found.at_path, found.waiting_since, found.accepted_version) == (DutyState.ACCEPTED, None, None, 1)
        assert steps(world, duty_id) == [("T1", 1, StepOutcome.PASSED), ("C", 1, StepOutcome.ACCEPTED)]

    @pytest.mark.parametrize(
        ("at_township", "who", "refusal"),
        [
            (True, "cora", OtherLevelError),
            (True, "tina", NotFoundError),
            (True, "tess", NotAllowedError),
            (True, "vera", NotAllowedError),
            (True, "lena", NotAllowedError),
            (True, "ewa", NotFoundError),
            (False, "tom", OtherLevelError),
            (False, "tina", NotFoundError),
            (False, "lena", NotAllowedError),
        ],
    )
    def test_nobody_decides_past_the_level_it_waits_at(
        self, world: World, at_township: bool, who: str, refusal: type[Exception]
    ) -> None:
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        if not at_township:
            given.accepted(world, duty_id, "tom")
        with pytest.raises(refusal), world.as_(who) as scope:
            operations.accept(scope, duty_id=duty_id)
        with pytest.raises(refusal), world.as_(who) as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="x")
        with pytest.raises(refusal), world.as_(who) as scope:
            operations.hand_over(scope, duty_id=duty_id, receiver_id=world.people["tom"], until=scope.today)

    def test_in_one_step_a_township_cannot_finish_what_the_county_asked(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, "cora", "C", targets=VILLAGES))
        given.handed_in(world, duty_id)
        assert (queue(world, "tom"), queue(world, "cora")) == (0, 1)
        with pytest.raises(OtherLevelError), world.as_("tom") as scope:
            operations.accept(scope, duty_id=duty_id)
        given.accepted(world, duty_id, "cora")

    def test_a_return_at_the_top_begins_from_below_again(self, world: World) -> None:
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        given.accepted(world, duty_id, "tom")
        given.returned(world, duty_id, "cora")
        assert given.duty(world, duty_id).stands is DutyState.RETURNED
        assert {who for who, _, text in given.messages(world, subject_id=duty_id) if text.startswith("退回修改")} == {
            "vera",
            "tom",
        }
        given.handed_in(world, duty_id)
        assert given.duty(world, duty_id).at_path == world.paths["T1"]
        given.accepted(world, duty_id, "tom")
        given.accepted(world, duty_id, "cora")
        assert given.duty(world, duty_id).accepted_version == 2

    def test_the_reviewer_may_choose_the_level_below(self, world: World) -> None:
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        with pytest.raises(NobodyBelowError), world.as_("tom") as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="x", to=ReturnTo.BELOW)
        given.accepted(world, duty_id, "tom")
        with pytest.raises(ReasonMissingError), world.as_("cora") as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason=" ", to=ReturnTo.BELOW)
        with world.as_("cora") as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="数字请镇里核实", to=ReturnTo.BELOW)
        found = given.duty(world, duty_id)
        assert (found.stands, found.at_path, found.correct_by) == (DutyState.SUBMITTED, world.paths["T1"], None)
        assert (queue(world, "tom"), queue(world, "cora")) == (1, 0)
        given.accepted(world, duty_id, "tom")
        given.accepted(world, duty_id, "cora")
        assert [outcome for _, _, outcome in steps(world, duty_id)] == ["passed", "given_back", "passed", "accepted"]

    def test_a_level_with_nobody_to_review_is_passed_over_and_said(self, world: World) -> None:
        with world.as_system() as scope:
            for grant in scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.person_id == world.people["tom"])):
                grant.active_to = date(2026, 1, 1)
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        assert given.duty(world, duty_id).at_path == world.paths["C"]
        assert steps(world, duty_id) == [("T1", 1, StepOutcome.SKIPPED)]
        assert [state for _, state, _, _ in track(world, duty_id)] == [StopState.DONE, StopState.SKIPPED, StopState.HERE]
        with pytest.raises(NobodyBelowError), world.as_("cora") as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="x", to=ReturnTo.BELOW)
        given.accepted(world, duty_id, "cora")

    def test_a_level_whose_only_reviewer_handed_it_in_is_passed_over(self, world: World) -> None:
        also(world, "tom", "village.clerk", "V11")
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id, "tom")
        assert given.duty(world, duty_id).at_path == world.paths["C"]
        assert queue(world, "tom") == 0

    def test_a_moved_unit_keeps_its_path(self, world: World) -> None:
        from duban.organisation.operations.reorganising import decide
        from duban.organisation.rules.changes import Move

        duty_id = given.duty_id(world, by_level(world))
        with world.as_("adam") as scope:
            decide(
                scope,
                change=Move(unit_id=world.units["V11"], parent_id=world.units["T2"]),
                effective_on=scope.today,
                basis="区划调整",
            )
        given.handed_in(world, duty_id)
        assert given.duty(world, duty_id).at_path == world.paths["T1"]
        assert (queue(world, "tom"), queue(world, "tina")) == (1, 0)
        with pytest.raises(NotFoundError), world.as_("tina") as scope:
            operations.accept(scope, duty_id=duty_id)
        given.accepted(world, duty_id, "tom")
        given.accepted(world, duty_id, "cora")
        assert given.duty(world, duty_id).accepted_version == 1


class TestOneHand:
    def test_merged_accounts_are_one(self, world: World) -> None:
        """vera's account was merged with an account that reviews: neither the queue nor the operation lets it through."""
        also(world, "tess", "township.officer", "T1")
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        assert queue(world, "tess") == 1
        with world.as_system() as scope:
            gone = scope.session.get_one(Person, (scope.tenant_id, world.people["vera"]))
            gone.active, gone.merged_into = False, world.people["tess"]
        assert (queue(world, "tess"), queue(world, "tom")) == (0, 1)
        with pytest.raises(OwnWorkError), world.as_("tess") as scope:
            operations.accept(scope, duty_id=duty_id)

    @pytest.mark.parametrize(("giver", "receiver"), [("tess", "vera"), ("vera", "tess")])
    def test_the_queue_does_not_offer_what_the_operation_refuses(self, world: World, giver: str, receiver: str) -> None:
        also(world, "tess", "township.officer", "T1")
        place, role = ("T1", "township.leader") if giver == "tess" else ("V11", "village.clerk")
        with world.as_system() as scope:
            scope.add(
                Delegation(
                    id=new_id(), giver_id=world.people[giver], receiver_id=world.people[receiver], unit_id=world.units[place],
                    role=role, active_from=scope.today, active_to=scope.today + timedelta(days=2), reason="出差", created_at=scope.now,
                )
            )  # fmt: skip
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        later = world.later(days=5)  # lent on the day of handing in: neither time nor the end of the loan makes them two
        for at in (world.now, later):
            with world.as_("tess", at=at) as scope:
                assert not queries.awaiting_review(scope).items
                assert queries.counts(scope)["review"] == 0
            with pytest.raises(OwnWorkError), world.as_("tess", at=at) as scope:
                operations.accept(scope, duty_id=duty_id)
        assert queue(world, "tom") == 1

    def test_who_handed_in_reviews_at_no_level(self, world: World) -> None:
        also(world, "vera", "county.officer", "C")
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        given.accepted(world, duty_id, "tom")
        assert queue(world, "vera") == 0
        with pytest.raises(OwnWorkError), world.as_("vera") as scope:
            operations.accept(scope, duty_id=duty_id)


class TestTrack:
    def test_says_where_with_whom_and_since_when(self, world: World) -> None:
        duty_id = given.duty_id(world, by_level(world))
        assert track(world, duty_id) == [
            ("东一村", "here", ("魏文书",), 0),
            ("城东镇", "ahead", (), 0),
            ("望江县", "ahead", (), 0),
        ]
        given.handed_in(world, duty_id)
        assert track(world, duty_id, at=world.later(days=3))[1:] == [("城东镇", "here", ("唐安",), 3), ("望江县", "ahead", (), 0)]
        given.accepted(world, duty_id, "tom")
        assert [(name, state) for name, state, _, _ in track(world, duty_id, "tom")] == [
            ("东一村", "done"),
            ("城东镇", "done"),
            ("望江县", "here"),
        ]
        given.accepted(world, duty_id, "cora")
        assert {state for _, state, _, _ in track(world, duty_id)} == {"done"}


class TestRemarks:
    def test_reasons_are_pinned_to_fields(self, world: World) -> None:
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        pinned = [Remark("checks", "与台账不符"), Remark("money", " "), Remark("attachments", "缺照片")]
        with world.as_("tom") as scope:
            operations.return_for_correction(scope, duty_id=duty_id, remarks=pinned)
        with world.as_("vera") as scope:
            (step,) = queries.steps_of(scope, duty_id)
            (version,) = queries.versions_of(scope, duty_id)
        assert [(one["field"], one["text"]) for one in step.remarks] == [("checks", "与台账不符"), ("attachments", "缺照片")]
        assert version.reason == "检查次数：与台账不符\n缺照片"

    @pytest.mark.parametrize("wrong", [Remark("nothing", "x"), Remark("checks", "x", 0), Remark("checks", "字" * 501)])
    def test_a_place_the_form_does_not_have_is_refused(self, world: World, wrong: Remark) -> None:
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        with pytest.raises(InvalidInputError) as caught, world.as_("tom") as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="x", remarks=[wrong])
        assert set(caught.value.fields) == {f"remark.{wrong.place}"}
        assert given.duty(world, duty_id).stands is DutyState.SUBMITTED


class TestHandover:
    def test_leaves_the_others_queue_until_its_day_is_over(self, world: World) -> None:
        also(world, "tess", "township.officer", "T1")
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        assert (queue(world, "tom"), queue(world, "tess")) == (1, 1)
        with world.as_("tom") as scope:
            operations.hand_over(scope, duty_id=duty_id, receiver_id=world.people["tess"], until=scope.today + timedelta(days=2))
        assert (queue(world, "tom"), queue(world, "tess")) == (0, 1)
        assert track(world, duty_id)[1][2] == ("谭镇长",)
        assert [text for who, _, text in given.messages(world, subject_id=duty_id) if who == "tess"][-1].startswith(
            "%(who)s请您审核"
        )
        with world.as_("tom", at=world.later(days=3)) as scope:
            assert len(queries.awaiting_review(scope).items) == 1
        with world.as_("tom") as scope:
            operations.take_back_review(scope, duty_id=duty_id)
        assert queue(world, "tom") == 1

    @pytest.mark.parametrize(
        ("who", "days", "refusal"),
        [
            ("tess", 1, NotReceivingError),
            ("vera", 1, NotReceivingError),
            ("tom", 1, NotReceivingError),
            ("cora", 1, NotReceivingError),
            ("tina", 1, NotReceivingError),
            ("eva", 31, NotReceivingError),
        ],
    )
    def test_only_to_somebody_who_may(self, world: World, who: str, days: int, refusal: type[Exception]) -> None:
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        with pytest.raises(refusal), world.as_("tom") as scope:
            operations.hand_over(scope, duty_id=duty_id, receiver_id=world.people[who], until=scope.today + timedelta(days=days))

    @pytest.mark.parametrize("days", [-1, 31])
    def test_only_for_a_while(self, world: World, days: int) -> None:
        also(world, "tess", "township.officer", "T1")
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)
        with pytest.raises(HandoverDayError), world.as_("tom") as scope:
            operations.hand_over(
                scope, duty_id=duty_id, receiver_id=world.people["tess"], until=scope.today + timedelta(days=days)
            )


class TestWaitingForBelow:
    def waiting(self, world: World, **changes: object) -> tuple[UUID, UUID, UUID]:
        requirement_id = by_level(world, targets=BOTH, **changes)
        return tuple(given.duty_id(world, requirement_id, unit) for unit in ("T1", "V11", "V12"))  # type: ignore[return-value]

    def test_blocks_until_the_township_has_accepted_all_its_villages(self, world: World) -> None:
        own, first, second = self.waiting(world, waits_below="block")
        with pytest.raises(WaitingForBelowError) as caught:
            given.handed_in(world, own, "tom")
        assert caught.value.text.params["names"] == "东一村、东二村"
        given.handed_in(world, first)
        given.handed_in(world, second, "vic")
        given.accepted(world, first, "tom")
        with pytest.raises(WaitingForBelowError) as caught:
            given.handed_in(world, own, "tom")
        assert (caught.value.text.params["passed"], caught.value.text.params["names"]) == (1, "东二村")
        assert not [text for _, _, text in given.messages(world, subject_id=own) if text.startswith("可以上报了")]
        given.accepted(world, second, "tom")
        assert [who for who, _, text in given.messages(world, subject_id=own) if text.startswith("可以上报了")] == ["tom"]
        given.handed_in(world, own, "tom")
        assert given.duty(world, own).at_path == world.paths["C"]

    @pytest.mark.parametrize(
        ("changes", "needed"),
        [
            ({"quorum_kind": "number", "quorum": "1"}, 1),
            ({"quorum_kind": "number", "quorum": "9"}, 2),
            ({"quorum_kind": "percent", "quorum": "50"}, 1),
            ({"quorum_kind": "percent", "quorum": "51"}, 2),
        ],
    )
    def test_a_quorum_is_enough(self, world: World, changes: dict[str, str], needed: int) -> None:
        own, first, _ = self.waiting(world, waits_below="block", **changes)
        given.handed_in(world, first)
        given.accepted(world, first, "tom")
        with world.as_("tom") as scope:
            duty = queries.get_duty(scope, own)
            below = queries.below_of(scope, duty, queries.line_of(scope, duty).requirement)
        assert below is not None
        assert (below.total, below.passed, below.needed, [line.unit.name for line in below.missing]) == (2, 1, needed, ["东二村"])
        if needed == 1:
            given.handed_in(world, own, "tom")
        else:
            with pytest.raises(WaitingForBelowError):
                given.handed_in(world, own, "tom")

    def test_a_warning_holds_nobody_up(self, world: World) -> None:
        own, *_ = self.waiting(world, waits_below="warn")
        given.handed_in(world, own, "tom")
        assert given.duty(world, own).stands is DutyState.SUBMITTED

    def test_what_was_returned_after_it_passed_has_not_passed(self, world: World) -> None:
        own, first, second = self.waiting(world, waits_below="block")
        for duty_id, who in ((first, "vera"), (second, "vic")):
            given.handed_in(world, duty_id, who)
            given.accepted(world, duty_id, "tom")
        given.returned(world, first, "cora")
        with pytest.raises(WaitingForBelowError):
            given.handed_in(world, own, "tom")

    def test_in_one_step_a_village_has_passed_when_the_county_accepted_it(self, world: World) -> None:
        own, first, second = self.waiting(world, waits_below="block", review_mode="one_step")
        for duty_id, who in ((first, "vera"), (second, "vic")):
            given.handed_in(world, duty_id, who)
        with pytest.raises(WaitingForBelowError):
            given.handed_in(world, own, "tom")
        for duty_id in (first, second):
            given.accepted(world, duty_id, "cora")
        given.handed_in(world, own, "tom")

    def test_a_unit_without_anybody_below_waits_for_nobody(self, world: World) -> None:
        _, first, _ = self.waiting(world, waits_below="block")
        given.handed_in(world, first)


class TestMessages:
    def test_what_asks_for_a_review_dies_when_the_ball_is_elsewhere(self, world: World) -> None:
        duty_id = given.duty_id(world, by_level(world))
        given.handed_in(world, duty_id)

        def living() -> list[str]:
            logins = {person: login for login, person in world.people.items()}
            with world.as_system() as scope:
                asked = owned(scope, Effect).where(Effect.subject_id == duty_id, Effect.channel == "in_app")
                return sorted(
                    logins[one.recipient_id]
                    for one in scope.session.scalars(asked)
                    if one.stage.startswith("review:") and still_wanted(scope, one)
                )

        assert living() == ["tom"]
        given.accepted(world, duty_id, "tom", when=world.later(hours=1))
        assert living() == ["cora"]
        with world.as_("cora", at=world.later(hours=2)) as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="再看", to=ReturnTo.BELOW)
        assert living() == ["tom"]
        given.returned(world, duty_id, "tom", when=world.later(hours=3))
        assert living() == []

    def test_a_withdrawn_requirement_waits_for_nobody(self, world: World) -> None:
        requirement_id = by_level(world)
        duty_id = given.duty_id(world, requirement_id)
        given.handed_in(world, duty_id)
        with world.as_("cora") as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="重复")
        assert given.duty(world, duty_id).at_path is None
        assert queue(world, "tom") == 0
        with pytest.raises(DutyClosedError):
            given.accepted(world, duty_id, "tom")


def test_a_stale_version_is_refused_at_every_level(world: World) -> None:
    duty_id = given.duty_id(world, by_level(world))
    given.handed_in(world, duty_id)
    given.returned(world, duty_id, "tom")
    given.handed_in(world, duty_id)
    for who in ("tom", "cora"):
        with pytest.raises(StaleError), world.as_(who) as scope:
            operations.accept(scope, duty_id=duty_id, number=1)
        given.accepted(world, duty_id, who)
