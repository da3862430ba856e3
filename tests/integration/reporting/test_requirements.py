"""Drafting, previewing, issuing and withdrawing requirements."""

import pytest

from duban.kernel.errors import NotAllowedError, NotFoundError, StaleError
from duban.reporting import operations, queries
from duban.reporting.errors import NobodyOwesError, ReasonMissingError, RequirementStateError
from duban.reporting.forms import requirement_form
from duban.reporting.states import DutyState, RequirementState
from tests.cast import World
from tests.integration.reporting import requirements as given


class TestCreate:
    @pytest.mark.parametrize(
        ("who", "unit", "refusal"),
        [
            ("vera", "V11", NotAllowedError),
            ("tina", "T1", NotFoundError),
            ("tom", "T2", NotFoundError),
            ("tom", "C", NotAllowedError),
            ("adam", "C", NotFoundError),
            ("ewa", "T1", NotFoundError),
        ],
    )
    def test_only_officers_for_their_own_unit(self, world: World, who: str, unit: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal), world.as_(who) as scope:
            operations.create_requirement(scope, unit_id=world.units[unit], form=requirement_form(given.data()))

    def test_names_the_unit_as_recipient_where_none_is_given(self, world: World) -> None:
        assert given.requirement(world, given.drafted(world)).recipient == "城东镇"

    def test_a_draft_is_seen_by_its_unit_only(self, world: World) -> None:
        requirement_id = given.drafted(world)
        for who, sees in (("tom", True), ("vera", False), ("cora", False), ("tina", False)):
            with world.as_(who) as scope:
                assert (requirement_id in {row.id for row in queries.list_requirements(scope).items}) is sees, who
                if not sees:
                    with pytest.raises((NotFoundError, NotAllowedError)):
                        queries.get_requirement(scope, requirement_id)


class TestEdit:
    def test_rewrites_a_draft(self, world: World) -> None:
        requirement_id = given.drafted(world)
        with world.as_("tom") as scope:
            form = requirement_form(given.data(title="季度总结"))
            operations.edit_requirement(scope, requirement_id=requirement_id, form=form, version=1)
        assert given.requirement(world, requirement_id).title == "季度总结"

    def test_refuses_what_somebody_else_changed_meanwhile(self, world: World) -> None:
        requirement_id = given.drafted(world)
        form = requirement_form(given.data())
        with world.as_("tom") as scope:
            operations.edit_requirement(scope, requirement_id=requirement_id, form=form, version=1)
        with pytest.raises(StaleError), world.as_("tom") as scope:
            operations.edit_requirement(scope, requirement_id=requirement_id, form=form, version=1)

    def test_refuses_an_issued_one(self, world: World) -> None:
        requirement_id = given.issued(world)
        with pytest.raises(RequirementStateError), world.as_("tom") as scope:
            operations.edit_requirement(scope, requirement_id=requirement_id, form=requirement_form(given.data()), version=2)


class TestPreview:
    def test_says_who_what_and_when_and_makes_nothing(self, world: World) -> None:
        requirement_id = given.drafted(world, due=given.MONTHLY, active_until="2026-05-31")
        with world.as_("tom") as scope:
            found = queries.preview_of(scope, queries.get_requirement(scope, requirement_id))

        assert [unit.name for unit in found.units] == ["东一村", "东二村"]
        assert [one.due_on.isoformat() for one in found.occurrences] == ["2026-03-25", "2026-04-25", "2026-05-25"]
        assert found.duty_count == 6 == len(list(found.rows()))
        assert given.duties(world, requirement_id) == []

    @pytest.mark.parametrize(
        ("targets", "names"),
        [
            ({"scope": "children"}, ["城东镇", "城西镇", "交通局"]),
            ({"scope": "children", "levels": ["township"]}, ["城东镇", "城西镇"]),
            ({"scope": "subtree", "levels": ["village"]}, ["东一村", "东二村", "西一村"]),
            ({"scope": "subtree"}, ["城东镇", "城西镇", "交通局", "东一村", "东二村", "西一村"]),
        ],
    )
    def test_chooses_units(self, world: World, targets: dict[str, object], names: list[str]) -> None:
        requirement_id = given.drafted(world, "cora", "C", targets=targets)
        with world.as_("cora") as scope:
            found = queries.preview_of(scope, queries.get_requirement(scope, requirement_id))
        assert [unit.name for unit in found.units] == names

    def test_lists_only_units_below_even_when_others_are_named(self, world: World) -> None:
        listed = [str(world.units[key]) for key in ("V11", "V21", "T1", "C")]
        requirement_id = given.drafted(world, targets={"scope": "listed", "unit_ids": listed})
        with world.as_("tom") as scope:
            found = queries.preview_of(scope, queries.get_requirement(scope, requirement_id))
        assert [unit.name for unit in found.units] == ["东一村"]

    def test_points_out_dates_that_are_over(self, world: World) -> None:
        requirement_id = given.drafted(world, due=given.MONTHLY, active_from="2026-01-01", active_until="2026-06-30")
        with world.as_("tom") as scope:
            assert len(queries.preview_of(scope, queries.get_requirement(scope, requirement_id)).past) == 2


class TestIssue:
    def test_makes_one_duty_for_each_unit_and_period(self, world: World) -> None:
        requirement_id = given.issued(world, due=given.MONTHLY, active_until="2026-05-31")
        made = given.duties(world, requirement_id)

        assert [(one.path == world.paths["V11"], one.period_code) for one in made] == [
            (True, "2026-03"),
            (True, "2026-04"),
            (True, "2026-05"),
            (False, "2026-03"),
            (False, "2026-04"),
            (False, "2026-05"),
        ]
        first = made[0]
        assert first.due_at == given.at("03-26", "00:00")
        assert first.missing_at == given.at("04-05", "00:00")
        assert (first.stands, first.due_version, first.reporting_year) == (DutyState.OPEN, 1, 2026)
        assert first.to_path == world.paths["T1"]

    def test_twice_makes_nothing_twice(self, world: World) -> None:
        requirement_id = given.issued(world)
        with world.as_("tom") as scope:
            assert operations.issue(scope, requirement_id=requirement_id).created == 0
        assert len(given.duties(world, requirement_id)) == 2

    def test_tells_every_clerk_once_however_many_periods(self, world: World) -> None:
        requirement_id = given.issued(world, due=given.MONTHLY)
        told = given.messages(world, subject_id=requirement_id)
        assert sorted(login for login, _, _ in told) == ["vera", "vic"]

    def test_refuses_when_nobody_would_owe(self, world: World) -> None:
        requirement_id = given.drafted(world, targets={"scope": "children", "levels": ["enterprise"]})
        with pytest.raises(NobodyOwesError), world.as_("tom") as scope:
            operations.issue(scope, requirement_id=requirement_id)
        assert given.requirement(world, requirement_id).stands is RequirementState.DRAFT

    @pytest.mark.parametrize(("who", "refusal"), [("vera", NotAllowedError), ("tina", NotFoundError), ("ewa", NotFoundError)])
    def test_is_refused_to_others(self, world: World, who: str, refusal: type[Exception]) -> None:
        requirement_id = given.drafted(world)
        with pytest.raises((refusal, NotFoundError)), world.as_(who) as scope:
            operations.issue(scope, requirement_id=requirement_id)


class TestWithdraw:
    def test_cancels_what_is_not_over_and_keeps_what_was_accepted(self, world: World) -> None:
        requirement_id = given.issued(world)
        done, left = given.duty_id(world, requirement_id, "V11"), given.duty_id(world, requirement_id, "V12")
        given.handed_in(world, done)
        given.accepted(world, done)

        with world.as_("tom") as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="文件作废")

        assert given.duty(world, done).stands is DutyState.ACCEPTED
        assert given.duty(world, left).stands is DutyState.CANCELLED
        assert ("vic", "任务已撤销：%(title)s。理由：%(reason)s") in [(who, text) for who, _, text in given.messages(world)]

    def test_needs_a_reason(self, world: World) -> None:
        requirement_id = given.issued(world)
        with pytest.raises(ReasonMissingError), world.as_("tom") as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="  ")

    def test_nothing_can_be_handed_in_afterwards(self, world: World) -> None:
        requirement_id = given.issued(world)
        left = given.duty_id(world, requirement_id)
        with world.as_("tom") as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="文件作废")
        from duban.reporting.errors import DutyClosedError

        with pytest.raises(DutyClosedError), world.as_("vera") as scope:
            operations.submit(scope, duty_id=left, typed=given.ANSWERS)


class TestLinks:
    def test_a_programme_that_cannot_be_read_is_refused(self, world: World) -> None:
        from uuid import uuid4

        with pytest.raises(NotFoundError):
            given.drafted(world, programme_id=str(uuid4()))

    def test_a_task_without_its_programme_is_refused(self, world: World) -> None:
        from uuid import uuid4

        from duban.kernel.errors import InvalidInputError

        with pytest.raises(InvalidInputError):
            given.drafted(world, task_id=str(uuid4()))
