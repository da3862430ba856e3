"""An office above hands in in a unit's stead （代报）: who may, where, what stands against it, and what it says afterwards."""

from datetime import date
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from duban.audit.models import AuditRecord
from duban.files.operations import store
from duban.files.queries import list_of
from duban.files.storage import open_store
from duban.kernel.errors import NotAllowedError, NotFoundError, RuleBrokenError
from duban.kernel.scope import owned
from duban.notifications.models import Effect
from duban.reporting import operations
from duban.reporting.entering import Office
from duban.reporting.errors import (
    ContentError,
    DutyLockedError,
    EnteringFilesError,
    NilNotAllowedError,
    OwnWorkError,
    UnitAtWorkError,
)
from duban.reporting.handing_in import SUBMISSION_FILES
from duban.reporting.locks import LockReason
from duban.reporting.models import Draft, Duty, Requirement, Submission
from duban.reporting.queries.answering import DUTY_FILES
from duban.reporting.queries.duties import get_duty
from duban.reporting.queries.entering import a_duty_to_enter, enterable, may_enter, require_office
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.requirements import ANSWERS, at
from tests.integration.reporting.test_review_in_a_line import in_the_sector

VILLAGES = {"scope": "subtree", "levels": ["village"]}


def of_county(world: World, **changes: object) -> UUID:
    """Asked by the county of all villages: D1 has no part in it, the townships stand between."""
    return given.issued(world, "cora", "C", **{"targets": VILLAGES, "superiors_may_enter": True, **changes})


def entered(world: World, duty_id: UUID, who: str = "tom", **more: object) -> Submission:
    with world.as_(who) as scope:
        return operations.enter(scope, duty_id=duty_id, typed=ANSWERS, **more)


class TestWho:
    @pytest.mark.parametrize("who", ["cora", "tom", "tina", "tess", "lena", "eva", "dora", "vera", "vlad", "vic"])
    def test_the_issuer_and_offices_between_one_by_one_and_in_a_list(self, world: World, who: str) -> None:
        office = {"cora": "望江县", "tom": "城东镇"}.get(who)
        requirement_id = of_county(world)
        duty_id = given.duty_id(world, requirement_id)
        with world.as_(who) as scope:
            duty = given.duty(world, duty_id)
            requirement = scope.session.scalars(owned(scope, Requirement).where(Requirement.id == requirement_id)).one()
            listed = scope.session.scalars(
                select(Duty.id).where(Duty.tenant_id == scope.tenant_id, enterable(scope, requirement), Duty.id == duty_id)
            ).all()
            assert bool(listed) is (office is not None)
            assert may_enter(scope, duty, requirement) is (office is not None)
            assert (a_duty_to_enter(scope, requirement) is not None) is (who in {"cora", "tom", "tina"})
            if office is None:
                with pytest.raises((NotAllowedError, NotFoundError)):
                    require_office(scope, duty, requirement)
            else:
                assert require_office(scope, duty, requirement) == Office(world.paths["C" if who == "cora" else "T1"], office)

    def test_nobody_above_the_issuer(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, superiors_may_enter=True))
        with pytest.raises(NotAllowedError, match="不由您这一级代报"):
            entered(world, duty_id, "cora")
        assert entered(world, duty_id, "tom").number == 1

    @pytest.mark.parametrize("who", ["tom", "cora"])
    def test_only_where_the_requirement_allows_it(self, world: World, who: str) -> None:
        duty_id = given.duty_id(world, of_county(world, superiors_may_enter=False))
        with pytest.raises(NotAllowedError, match="没有允许上级代报"):
            entered(world, duty_id, who)
        with world.as_(who) as scope, pytest.raises(NotAllowedError):
            operations.enter_nil(scope, duty_id=duty_id)

    def test_the_office_that_receives(self, world: World) -> None:
        requirement_id = given.issued(
            world, "cora", "C", targets=VILLAGES, superiors_may_enter=True, receiver_id=str(world.units["D1"])
        )
        assert entered(world, given.duty_id(world, requirement_id), "dora").office_name == "交通局"


class TestWhatItSays:
    def test_by_whom_for_whom_everywhere(self, world: World) -> None:
        duty_id = given.duty_id(world, of_county(world))
        with world.as_("tom") as scope:
            operations.enter_nil(scope, duty_id=duty_id, note="本期无事")
        with world.as_system() as scope:
            (version,) = scope.session.scalars(owned(scope, Submission)).all()
            assert (version.submitter_name, version.office_name, version.office_path) == ("唐安", "城东镇", world.paths["T1"])
            assert version.is_for_unit
            (told,) = scope.session.scalars(
                select(AuditRecord).where(AuditRecord.tenant_id == scope.tenant_id, AuditRecord.act == "submission.entered")
            ).all()
            assert (told.actor_name, told.details["office"], told.unit_path) == ("唐安", "城东镇", world.paths["V11"])
            effects = scope.session.scalars(owned(scope, Effect).where(Effect.subject_id == duty_id)).all()
            assert {one.recipient_id for one in effects if "代您单位报送" in one.template} == {world.people["vera"]}
            assert world.people["cora"] in {one.recipient_id for one in effects if "待审核：%(office)s代%(unit)s" in one.template}
        page = world.client("vera").get(f"/duties/{duty_id}").text
        assert "第 1 次由唐安（城东镇代报）代您单位提交" in page
        assert "请求退回" in page
        assert "由城东镇代东一村报送（唐安）" in world.client("cora").get(f"/duties/{duty_id}/review").text
        (api,) = world.client("vera").get(f"/api/v1/duties/{duty_id}/versions").get_json()
        assert (api["submitter"], api["for_unit_by"]) == ("唐安", "城东镇")

    def test_the_unit_has_it_back_and_puts_it_right(self, world: World) -> None:
        duty_id = given.duty_id(world, of_county(world))
        entered(world, duty_id)
        with world.as_("vera") as scope:
            operations.ask_return(scope, duty_id=duty_id, reason="数字不对")
        with world.as_("cora") as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="请村里核对")
        with world.as_("vera") as scope:
            mine = operations.submit(scope, duty_id=duty_id, typed=ANSWERS)
            assert (mine.number, mine.office_name, mine.is_for_unit) == (2, "", False)

    def test_reminders_of_the_unit_stop_those_of_its_neighbour_go_on(self, world: World) -> None:
        requirement_id = of_county(world)
        duty_id = given.duty_id(world, requirement_id)
        entered(world, duty_id)
        for days in (8, 11, 12):
            with world.as_system(at=world.later(days=days)) as scope:
                operations.climb_ladders(scope)
        with world.as_system() as scope:
            subjects = [duty_id, given.duty_id(world, requirement_id, "V12")]
            written = owned(scope, Effect).where(Effect.subject_id.in_(subjects), Effect.created_at > scope.now)
            told = {row.subject_id for row in scope.session.scalars(written)}
        assert told == {subjects[1]}


class TestNotByOneHand:
    def test_whoever_entered_does_not_accept_a_colleague_or_the_next_level_does(self, world: World) -> None:
        duty_id = given.duty_id(world, of_county(world))
        entered(world, duty_id, "cora")
        for act in (operations.accept, operations.return_for_correction):
            with world.as_("cora") as scope, pytest.raises(OwnWorkError):
                act(scope, duty_id=duty_id, **({"reason": "x"} if act is operations.return_for_correction else {}))

    def test_level_by_level_its_only_reviewer_is_passed_over(self, world: World) -> None:
        duty_id = given.duty_id(world, of_county(world, review_mode="by_level"))
        entered(world, duty_id, "tom")
        assert given.duty(world, duty_id).at_path == world.paths["C"]
        with world.as_("cora") as scope:
            operations.accept(scope, duty_id=duty_id)


class TestLocks:
    def refused(self, world: World, duty_id: UUID, reason: LockReason, **when: object) -> None:
        with world.as_("tom", **when) as scope, pytest.raises(DutyLockedError) as error:
            operations.enter(scope, duty_id=duty_id, typed=ANSWERS, anyway=True)
        assert error.value.reason is reason

    def test_hold_as_for_the_unit(self, world: World) -> None:
        shut = of_county(world, opens="before_due", opens_days="2", late_until_days="1")
        duty_id = given.duty_id(world, shut)
        self.refused(world, duty_id, LockReason.NOT_OPEN)
        self.refused(world, duty_id, LockReason.CLOSED, at=at("03-25"))
        duty_id = given.duty_id(world, of_county(world))
        entered(world, duty_id)
        self.refused(world, duty_id, LockReason.UNDER_REVIEW)
        with world.as_("cora") as scope:
            operations.accept(scope, duty_id=duty_id)
        self.refused(world, duty_id, LockReason.ACCEPTED)

    def test_what_is_wrong_with_the_answers_or_the_rules(self, world: World) -> None:
        duty_id = given.duty_id(world, of_county(world, nil_allowed=False))
        with world.as_("tom") as scope, pytest.raises(ContentError):
            operations.enter(scope, duty_id=duty_id, typed={"checks": "很多"})
        with world.as_("tom") as scope, pytest.raises(NilNotAllowedError):
            operations.enter_nil(scope, duty_id=duty_id)
        with pytest.raises(EnteringFilesError):
            entered(world, given.duty_id(world, of_county(world, attachments_required=True)))

    def test_what_waits_for_those_below_waits_here_too(self, world: World) -> None:
        both = {"scope": "subtree", "levels": ["township", "village"]}
        requirement_id = of_county(world, targets=both, waits_below="block")
        with pytest.raises(RuleBrokenError, match="才能上报"):
            entered(world, given.duty_id(world, requirement_id, "T1"), "cora")


class TestTheUnitsOwn:
    def test_a_draft_stands_against_it_and_stays(self, world: World) -> None:
        duty_id = given.duty_id(world, of_county(world))
        with world.as_("vera") as scope:
            operations.save_draft(scope, duty_id=duty_id, typed={"answer.done": "我写的"})
        with pytest.raises(UnitAtWorkError, match="自己已在"):
            entered(world, duty_id)
        assert entered(world, duty_id, anyway=True).number == 1
        with world.as_system() as scope:
            (draft,) = scope.session.scalars(owned(scope, Draft)).all()
            assert draft.typed == {"answer.done": "我写的"}
        page = world.client("vera").get(f"/duties/{duty_id}").text
        assert "我写的" in page
        assert "我写的" not in world.client("tom").get(f"/duties/{duty_id}").text

    def test_a_blank_one_does_not(self, world: World) -> None:
        duty_id = given.duty_id(world, of_county(world))
        with world.as_("vera") as scope:
            operations.save_draft(scope, duty_id=duty_id, typed={"answer.done": " "})
        assert entered(world, duty_id).number == 1

    def test_files_it_attached_are_not_handed_in(self, world: World, tmp_path: Path) -> None:
        photo = {"key": "photo", "label": "照片", "kind": "attachment", "required": True}
        duty_id = given.duty_id(world, of_county(world, fields=[*given.FIELDS, photo]))
        with world.as_("vera") as scope:
            owner = operations.owner_of_field(get_duty(scope, duty_id), "photo")
            store(
                scope, owner=owner, filename="a.txt", stream=BytesIO(b"x"), into=open_store(f"file://{tmp_path}"), limit_bytes=100
            )
        with pytest.raises(ContentError):
            entered(world, duty_id)
        duty_id = given.duty_id(world, of_county(world, fields=[*given.FIELDS, {**photo, "required": False}]))
        with world.as_("vera") as scope:
            store(scope, owner=operations.owner_of(get_duty(scope, duty_id)), filename="a.txt", stream=BytesIO(b"x"), into=open_store(f"file://{tmp_path}"), limit_bytes=100)  # fmt: skip
            operations.save_draft(scope, duty_id=duty_id, typed={"note": " "})
        version = entered(world, duty_id)
        with world.as_system() as scope:
            assert list_of(scope, SUBMISSION_FILES, [version.id]) == {}
            assert len(list_of(scope, DUTY_FILES, [duty_id])[duty_id]) == 1

    def test_a_request_for_a_later_day(self, world: World) -> None:
        duty_id = given.duty_id(world, of_county(world))
        with world.as_("vera") as scope:
            operations.ask_extension(scope, duty_id=duty_id, wanted_on=date(2026, 3, 31), reason="暴雨")
        with pytest.raises(UnitAtWorkError, match="申请延期到"):
            entered(world, duty_id)
        entered(world, duty_id, anyway=True)


def test_in_a_second_line_by_its_issuer_and_the_levels_that_review(world: World) -> None:
    """C → D1 → V11 in the line; the township of the primary line has no part in it."""
    in_the_sector(world)
    wanted = {"targets": VILLAGES, "review_mode": "by_level", "superiors_may_enter": True}
    requirement_id = given.issued(world, "ed", "C", line="sector", **wanted)
    duty_id = given.duty_id(world, requirement_id)
    for who, may in (("ed", True), ("dora", True), ("tom", False), ("cora", False)):
        with world.as_(who) as scope:
            requirement = scope.session.scalars(owned(scope, Requirement).where(Requirement.id == requirement_id)).one()
            listed = select(Duty.id).where(Duty.tenant_id == scope.tenant_id, enterable(scope, requirement), Duty.id == duty_id)
            assert bool(scope.session.scalars(listed).all()) is may, who
            assert may_enter(scope, given.duty(world, duty_id), requirement) is may, who
    assert entered(world, duty_id, "dora").office_name == "交通局"
