"""Typing, handing in, nil returns, review and correction."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from duban.calendar.lateness import Timeliness
from duban.files.operations import store
from duban.files.queries import list_of
from duban.files.storage import open_store
from duban.kernel.errors import NotAllowedError, NotFoundError, StaleError
from duban.reporting import operations, queries
from duban.reporting.errors import (
    AttachmentMissingError,
    ContactsMissingError,
    ContentError,
    DutyClosedError,
    NilNotAllowedError,
    OwnWorkError,
    ReasonMissingError,
)
from duban.reporting.states import DutyState, Outcome
from tests.cast import World
from tests.integration.reporting import requirements as given

NOT_THE_UNIT = [
    ("vic", NotFoundError),
    ("wanda", NotFoundError),
    ("tina", NotFoundError),
    ("tom", NotAllowedError),
    ("cora", NotAllowedError),
    ("vlad", NotAllowedError),
    ("ewa", NotFoundError),
    ("erik", NotFoundError),
    ("adam", NotFoundError),
]


class TestDraft:
    def test_keeps_what_was_typed_however_wrong(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_("vera") as scope:
            operations.save_draft(scope, duty_id=duty_id, typed={"checks": "十二", "unheard_of": "x"})
        with world.as_("vera") as scope:
            draft = queries.draft_of(scope, duty_id)
        assert draft is not None
        assert draft.typed == {"checks": "十二", "unheard_of": "x"}

    def test_two_typists_notice_each_other(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_("vera") as scope:
            operations.save_draft(scope, duty_id=duty_id, typed={"done": "一"}, version=0)
        with world.as_("vera") as scope:
            assert operations.save_draft(scope, duty_id=duty_id, typed={"done": "二"}, version=1).version == 2
        with pytest.raises(StaleError), world.as_("vera") as scope:
            operations.save_draft(scope, duty_id=duty_id, typed={"done": "三"}, version=1)
        with pytest.raises(StaleError), world.as_("vera") as scope:
            operations.save_draft(scope, duty_id=duty_id, typed={"done": "三"}, version=0)

    @pytest.mark.parametrize(("who", "refusal"), NOT_THE_UNIT)
    def test_is_refused_to_everyone_but_the_unit(self, world: World, who: str, refusal: type[Exception]) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with pytest.raises(refusal), world.as_(who) as scope:
            operations.save_draft(scope, duty_id=duty_id, typed={})

    def test_a_draft_is_gone_once_handed_in(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_("vera") as scope:
            operations.save_draft(scope, duty_id=duty_id, typed=given.ANSWERS)
        with world.as_("vera") as scope:
            submission = operations.submit(scope, duty_id=duty_id)
            assert submission.content["done"] == "完成检查两次。"
        with world.as_("vera") as scope:
            assert queries.draft_of(scope, duty_id) is None


class TestSubmit:
    def test_normalises_full_width_digits_and_thousands(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        with world.as_("tom") as scope:
            (version,) = queries.versions_of(scope, duty_id)
        assert version.content == {"done": "完成检查两次。", "checks": 2, "money": "1200.50"}

    def test_names_every_wrong_field_and_changes_nothing(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with pytest.raises(ContentError) as caught, world.as_("vera") as scope:
            operations.submit(scope, duty_id=duty_id, typed={"checks": "-1", "money": "一千", "slipped": "in"})
        assert set(caught.value.fields) == {"done", "checks", "money", "slipped"}
        assert given.duty(world, duty_id).stands is DutyState.OPEN

    @pytest.mark.parametrize(("who", "refusal"), NOT_THE_UNIT)
    def test_is_refused_to_everyone_but_the_unit(self, world: World, who: str, refusal: type[Exception]) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with pytest.raises(refusal), world.as_(who) as scope:
            operations.submit(scope, duty_id=duty_id, typed=given.ANSWERS)

    def test_twice_is_refused(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        with pytest.raises(DutyClosedError):
            given.handed_in(world, duty_id)

    def test_tells_the_reviewers(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        assert [who for who, _, _ in given.messages(world, subject_id=duty_id)] == ["tom"]

    @pytest.mark.parametrize(
        ("when", "timeliness", "days"),
        [
            (given.at("03-20", "23:59:59"), Timeliness.ON_TIME, 0),
            (given.at("03-21", "00:00:00"), Timeliness.LATE, 1),
            (given.at("03-21", "08:10"), Timeliness.LATE, 1),
            (given.at("03-30", "23:59:59"), Timeliness.LATE, 10),
            (given.at("03-31", "00:00:00"), Timeliness.MISSING, 11),
        ],
    )
    def test_is_judged_to_the_second(self, world: World, when, timeliness: Timeliness, days: int) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id, when=when)
        duty = given.duty(world, duty_id)
        assert (duty.timeliness, duty.late_days) == (timeliness, days)


class TestPrecondition:
    """S002-47: leader in charge and designated person named before the plan can be handed in."""

    def test_refuses_saying_who_is_missing_and_where_to_name_them(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, preconditions=["contacts_named"]))
        with pytest.raises(ContactsMissingError) as caught, world.as_("vera") as scope:
            operations.submit(scope, duty_id=duty_id, typed=given.ANSWERS)
        assert caught.value.names == ("分管领导", "专门人员")
        assert "本单位" in str(caught.value)

    def test_one_of_the_two_is_not_enough(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, preconditions=["contacts_named"]))
        given.name_contacts(world, "V11", "leader_in_charge")
        with pytest.raises(ContactsMissingError) as caught, world.as_("vera") as scope:
            operations.submit_nil(scope, duty_id=duty_id)
        assert caught.value.names == ("专门人员",)

    def test_with_both_named_it_goes_through(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, preconditions=["contacts_named"]))
        given.name_contacts(world, "V11", "leader_in_charge", "designated_person")
        given.handed_in(world, duty_id)
        assert given.duty(world, duty_id).stands is DutyState.SUBMITTED


class TestNil:
    def test_counts_as_handed_in(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_("vera") as scope:
            operations.submit_nil(scope, duty_id=duty_id, note="本期无检查任务")
        duty = given.duty(world, duty_id)
        assert (duty.stands, duty.is_nil, duty.timeliness) == (DutyState.SUBMITTED, True, Timeliness.ON_TIME)

    def test_is_refused_where_not_allowed(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, nil_allowed=False))
        with pytest.raises(NilNotAllowedError), world.as_("vera") as scope:
            operations.submit_nil(scope, duty_id=duty_id)


class TestAttachments:
    def attach(self, world: World, duty_id, tmp_path: Path, name: str = "总结.txt") -> None:
        with world.as_("vera") as scope:
            store(
                scope,
                owner=operations.owner_of(queries.get_duty(scope, duty_id)),
                filename=name,
                stream=BytesIO("本季度检查两次。".encode()),
                into=open_store(f"file://{tmp_path}"),
                limit_bytes=1_000_000,
            )

    def test_a_required_one_is_asked_for(self, world: World, tmp_path: Path) -> None:
        duty_id = given.duty_id(world, given.issued(world, attachments_required=True))
        with pytest.raises(AttachmentMissingError):
            given.handed_in(world, duty_id)
        self.attach(world, duty_id, tmp_path)
        given.handed_in(world, duty_id)

    def test_every_version_keeps_its_own(self, world: World, tmp_path: Path) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        self.attach(world, duty_id, tmp_path, "第一稿.txt")
        given.handed_in(world, duty_id)
        given.returned(world, duty_id)
        self.attach(world, duty_id, tmp_path, "第二稿.txt")
        given.handed_in(world, duty_id)

        with world.as_("tom") as scope:
            first, second = queries.versions_of(scope, duty_id)
            files = list_of(scope, "submission", [first.id, second.id])
        assert [file.original_name for file in files[first.id]] == ["第一稿.txt"]
        assert [file.original_name for file in files[second.id]] == ["第一稿.txt", "第二稿.txt"]


class TestReview:
    @pytest.mark.parametrize(
        ("who", "refusal"),
        [
            ("vera", NotAllowedError),
            ("vic", NotFoundError),
            ("tina", NotFoundError),
            ("tess", NotAllowedError),
            ("eva", NotAllowedError),
            ("ewa", NotFoundError),
        ],
    )
    def test_is_refused_to_everyone_but_the_officer_above(self, world: World, who: str, refusal: type[Exception]) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        for act in (
            operations.accept,
            lambda scope, duty_id: operations.return_for_correction(scope, duty_id=duty_id, reason="x"),
        ):
            with pytest.raises(refusal), world.as_(who) as scope:
                act(scope, duty_id=duty_id)

    def test_nobody_reviews_their_own_work(self, world: World, engine) -> None:
        """Cora stands in for a village clerk and then turns to the review."""
        from datetime import date

        from duban.access.models import RoleGrant

        duty_id = given.duty_id(world, given.issued(world))
        with world.as_system() as scope:
            scope.add(
                RoleGrant(
                    person_id=world.people["tom"],
                    role="village.clerk",
                    unit_id=world.units["V11"],
                    line="territorial",
                    active_from=date(2000, 1, 1),
                )
            )
        given.handed_in(world, duty_id, "tom")

        with pytest.raises(OwnWorkError):
            given.accepted(world, duty_id, "tom")
        with world.as_("tom") as scope:
            assert queries.awaiting_review(scope).items == []

    def test_accepting_ends_the_duty(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        given.accepted(world, duty_id)
        assert given.duty(world, duty_id).stands is DutyState.ACCEPTED
        for again in (given.accepted, given.returned):
            with pytest.raises(DutyClosedError):
                again(world, duty_id)

    def test_returning_needs_a_reason(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        with pytest.raises(ReasonMissingError), world.as_("tom") as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="")

    def test_a_newer_version_is_not_judged_unread(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        given.returned(world, duty_id)
        given.handed_in(world, duty_id)
        with pytest.raises(StaleError), world.as_("tom") as scope:
            operations.accept(scope, duty_id=duty_id, number=1)

    def test_all_versions_are_kept_with_what_was_decided(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        given.returned(world, duty_id)
        given.handed_in(world, duty_id)
        given.accepted(world, duty_id)
        with world.as_("vera") as scope:
            versions = queries.versions_of(scope, duty_id)
        assert [(one.number, one.decided, one.reason) for one in versions] == [
            (1, Outcome.RETURNED, "请补充数据"),
            (2, Outcome.ACCEPTED, ""),
        ]

    def test_the_unit_hears_of_it(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        given.returned(world, duty_id)
        told = given.messages(world, subject_id=duty_id)
        assert ("vera", "退回修改：%(title)s，%(due)s。理由：%(reason)s") in [(who, text) for who, _, text in told]


class TestWhichVersionCounts:
    """Judged by the first acceptable submission, or by a resubmission within the correction time."""

    def story(self, world: World, correction_days: object, *, again: str) -> tuple[str, int]:
        duty_id = given.duty_id(world, given.issued(world, correction_days=correction_days))
        given.handed_in(world, duty_id, when=given.at("03-20", "09:00"))
        given.returned(world, duty_id, when=given.at("03-22", "09:00"))
        given.handed_in(world, duty_id, when=given.at(again, "23:59:59"))
        given.accepted(world, duty_id, when=given.at(again, "23:59:59") + timedelta(days=1))
        duty = given.duty(world, duty_id)
        return duty.timeliness, duty.late_days

    def test_a_correction_in_time_keeps_the_first_time(self, world: World) -> None:
        assert self.story(world, 3, again="03-25") == (Timeliness.ON_TIME, 0)

    def test_a_correction_too_late_counts_by_its_own(self, world: World) -> None:
        assert self.story(world, 3, again="03-26") == (Timeliness.LATE, 6)

    def test_without_correction_days_the_accepted_version_counts(self, world: World) -> None:
        assert self.story(world, "", again="03-23") == (Timeliness.LATE, 3)

    def test_a_slow_reviewer_makes_nobody_missing(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id, when=given.at("03-20", "09:00"))
        given.returned(world, duty_id, when=given.at("04-20", "09:00"))
        with world.as_system(at=given.at("04-21")) as scope:
            assert operations.sweep_missing(scope) == 1  # the other village, which handed in nothing
        given.handed_in(world, duty_id, when=given.at("04-23", "23:00"))
        assert given.duty(world, duty_id).timeliness == Timeliness.ON_TIME
