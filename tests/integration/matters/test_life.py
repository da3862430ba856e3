"""A matter from its registration to the archive, and what each of its people may not do."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from duban.access.models import RoleGrant
from duban.access.operations import lend
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.ids import new_id
from duban.matters import operations, queries
from duban.matters.clockwork import coming_sheet
from duban.matters.errors import ExtensionError, FormError, MatterStateError, OwnReportError
from duban.matters.models import MatterParty
from duban.matters.queries import Filter
from duban.matters.states import ExtensionState, MatterState, Outcome, Question
from duban.matters.tasks import matter_still_owed
from duban.notifications.models import Effect
from tests.cast import World
from tests.integration.matters.stage import REASON, form, matter_of, register

ALL = list(Question)


def test_a_matter_runs_from_registration_to_the_archive(world: World) -> None:
    matter_id = register(world, co_ids=[world.units["D1"]])
    made = matter_of(world, matter_id)
    assert (made.number, made.due_on, made.state) == ("督办〔2026〕1号", date(2026, 3, 25), MatterState.ASSIGNED)
    with world.as_("tom") as scope:
        assert operations.sign_for(scope, matter_id=matter_id).state is MatterState.IN_HAND
    with world.as_("dora") as scope:
        operations.sign_for(scope, matter_id=matter_id)
        operations.report_share(scope, matter_id=matter_id, text="已派工程队")
    with world.as_("tom") as scope:
        operations.report_progress(scope, matter_id=matter_id, text="已封闭半幅")
        operations.finish(scope, matter_id=matter_id, text="已完成整治")
    with world.as_("cora") as scope:
        assert [one.number for one in queries.list_matters(scope, Filter("review")).items] == [made.number]
        operations.return_report(scope, matter_id=matter_id, unmet=[Question.FACTS], reason="缺少照片")
    assert matter_of(world, matter_id).redo_by == date(2026, 3, 13)
    with world.as_("tom") as scope:
        operations.finish(scope, matter_id=matter_id, text="已完成整治，附照片")
    with world.as_("cora") as scope:
        operations.close_matter(scope, matter_id=matter_id, met=ALL, conclusion="同意办结")
        operations.file_matter(scope, matter_id=matter_id, file_note="督办卷 2026-1")
        matter = queries.get_readable_matter(scope, matter_id)
        reports = queries.reports_of(scope, matter)
        steps = queries.steps_of(scope, matter)
    assert matter.state is MatterState.FILED
    assert [(one.number, one.outcome) for one in reports] == [
        (1, None), (2, None), (3, Outcome.RETURNED), (4, Outcome.ACCEPTED)
    ]  # fmt: skip
    assert reports[2].answers == {Question.FACTS.value: False}, "what nobody judged is not recorded as wanting"
    assert [one.number for one in steps] == list(range(1, 11))
    assert [one.what for one in steps] == [
        "registered", "signed", "signed", "shared", "reported", "finished", "returned", "finished", "closed", "filed",
    ]  # fmt: skip


class TestWhoMayWhat:
    def test_a_co_unit_sees_it_whole_and_shares_but_only_the_lead_reports(self, world: World) -> None:
        matter_id = register(world, co_ids=[world.units["D1"]])
        with world.as_("dora") as scope:
            assert queries.get_readable_matter(scope, matter_id).number
            assert len(queries.list_matters(scope, Filter("mine")).items) == 1
        with pytest.raises(NotAllowedError), world.as_("dora") as scope:
            operations.report_progress(scope, matter_id=matter_id, text="进展")
        with pytest.raises(NotAllowedError), world.as_("dora") as scope:
            operations.finish(scope, matter_id=matter_id, text="办结")

    @pytest.mark.parametrize("who", ["tina", "vera", "adam", "otto", "wanda"])
    def test_who_has_no_part_in_it_does_not_know_of_it(self, world: World, who: str) -> None:
        matter_id = register(world)
        with world.as_(who) as scope:
            with pytest.raises(NotFoundError):
                queries.get_readable_matter(scope, matter_id)
            assert queries.list_matters(scope, Filter("all", state="")).items == []
            assert queries.counts_by_colour(scope, Filter("all", state="")) == {}

    def test_the_township_above_a_lead_village_sees_it_and_decides_nothing(self, world: World) -> None:
        matter_id = register(world, lead="V11")
        with world.as_("tom") as scope:
            assert queries.get_readable_matter(scope, matter_id)
        with world.as_("vera") as scope:
            operations.finish(scope, matter_id=matter_id, text="办结")
        for act in (
            lambda scope: operations.close_matter(scope, matter_id=matter_id, met=ALL),
            lambda scope: operations.return_report(scope, matter_id=matter_id, unmet=ALL, reason=REASON),
            lambda scope: operations.withdraw_matter(scope, matter_id=matter_id, reason=REASON),
            lambda scope: operations.urge(scope, matter_id=matter_id),
        ):
            with pytest.raises(NotAllowedError), world.as_("tom") as scope:
                act(scope)

    def test_nobody_assigns_to_their_own_unit_above_or_beside(self, world: World) -> None:
        for who, unit, lead in (("cora", "C", "C"), ("tom", "T1", "C"), ("tom", "T1", "V21"), ("tom", "T1", "T2")):
            with pytest.raises(FormError) as caught, world.as_(who) as scope:
                operations.register_matter(scope, unit_id=world.units[unit], form=form(world, lead))
            assert "lead_id" in caught.value.fields

    def test_a_stranger_is_not_told_what_is_wrong_with_the_form(self, world: World) -> None:
        with pytest.raises(NotFoundError), world.as_("tina") as scope:
            operations.register_matter(scope, unit_id=world.units["C"], form=form(world, "C"))

    @pytest.mark.parametrize(("who", "error"), [("lena", NotAllowedError), ("tom", NotFoundError), ("ewa", NotFoundError)])
    def test_only_the_office_registers(self, world: World, who: str, error: type[Exception]) -> None:
        with pytest.raises(error), world.as_(who) as scope:
            operations.register_matter(scope, unit_id=world.units["C"], form=form(world))

    def test_a_unit_it_was_taken_from_sees_it_no_more_and_its_reports_stay(self, world: World) -> None:
        matter_id = register(world)
        with world.as_("tom") as scope:
            operations.report_progress(scope, matter_id=matter_id, text="不是本镇路段")
        with world.as_("cora") as scope:
            operations.reassign(scope, matter_id=matter_id, lead_id=world.units["T2"], reason="属城西镇路段")
        with pytest.raises(NotFoundError), world.as_("tom") as scope:
            queries.get_readable_matter(scope, matter_id)
        with world.as_("tina") as scope:
            matter = queries.get_readable_matter(scope, matter_id)
            assert (matter.state, matter.lead_name, matter.number) == (MatterState.ASSIGNED, "城西镇", "督办〔2026〕1号")
            assert [one.text for one in queries.reports_of(scope, matter)] == ["不是本镇路段"]
            parties = scope.session.scalars(select(MatterParty).where(MatterParty.tenant_id == scope.tenant_id)).all()
            assert {(one.unit_name, one.left_at is None) for one in parties} == {("城东镇", False), ("城西镇", True)}


class TestDisputes:
    def test_go_back_to_the_assigner_and_stop_the_clock(self, world: World) -> None:
        matter_id = register(world, co_ids=[world.units["D1"]])
        with world.as_("dora") as scope:
            operations.raise_dispute(scope, matter_id=matter_id, reason="不属交通局职责")
        disputed = matter_of(world, matter_id)
        assert disputed.state is MatterState.DISPUTED
        assert disputed.next_step_at is None
        with pytest.raises(MatterStateError), world.as_("tom") as scope:
            operations.finish(scope, matter_id=matter_id, text="办结")
        with world.as_("cora") as scope:
            assert [one.id for one in queries.list_matters(scope, Filter("review")).items] == [matter_id]
            operations.settle_dispute(scope, matter_id=matter_id, ruling="由城西镇牵头", lead_id=world.units["T2"])
        settled = matter_of(world, matter_id)
        assert (settled.state, settled.lead_name) == (MatterState.ASSIGNED, "城西镇")
        assert settled.next_step_at is not None


class TestExtensions:
    def ask(self, world: World, matter_id, wanted: date = date(2026, 4, 5), **when) -> None:
        with world.as_("tom", **when) as scope:
            operations.ask_extension(scope, matter_id=matter_id, wanted_on=wanted, reason="雨季无法施工", progress="已完成六成")

    def test_pass_the_office_and_the_leader(self, world: World) -> None:
        matter_id = register(world)
        before = matter_of(world, matter_id)
        self.ask(world, matter_id)
        with world.as_system() as scope:
            assert coming_sheet(scope, matter_of(world, matter_id)) is None, "no sheet while it waits"
        with pytest.raises(ExtensionError), world.as_("lena") as scope:
            operations.decide_extension(scope, matter_id=matter_id, grant=True)
        with world.as_("cora") as scope:
            operations.review_extension(scope, matter_id=matter_id, agree=True, words="情况属实")
        with pytest.raises(NotAllowedError), world.as_("cora") as scope:
            operations.decide_extension(scope, matter_id=matter_id, grant=True)
        with world.as_("lena") as scope:
            assert [one.id for one in queries.list_matters(scope, Filter("decide")).items] == [matter_id]
            operations.decide_extension(scope, matter_id=matter_id, grant=True)
        after = matter_of(world, matter_id)
        assert (after.due_on, after.due_version, after.extensions, after.first_due_on) == (
            date(2026, 4, 5), 2, 1, date(2026, 3, 25)
        )  # fmt: skip
        assert before.next_step_at is not None and after.next_step_at is not None
        assert after.next_step_at > before.next_step_at

    def test_are_not_asked_for_after_the_term(self, world: World) -> None:
        matter_id = register(world)
        self.ask(world, register(world), at=world.later(days=15))  # the last day itself
        with pytest.raises(ExtensionError):
            self.ask(world, matter_id, at=world.later(days=16))

    def test_refused_by_the_office_need_a_reason_and_leave_the_term(self, world: World) -> None:
        matter_id = register(world)
        self.ask(world, matter_id)
        with pytest.raises(FormError), world.as_("cora") as scope:
            operations.review_extension(scope, matter_id=matter_id, agree=False)
        with world.as_("cora") as scope:
            operations.review_extension(scope, matter_id=matter_id, agree=False, words="理由不充分")
        after = matter_of(world, matter_id)
        assert (after.due_on, after.has_pending) == (date(2026, 3, 25), False)
        assert after.next_step_at is not None

    def test_waiting_when_the_matter_is_reported_done_end_by_themselves(self, world: World) -> None:
        matter_id = register(world)
        self.ask(world, matter_id)
        with world.as_("tom") as scope:
            operations.finish(scope, matter_id=matter_id, text="提前完成")
            matter = queries.get_matter(scope, matter_id)
            assert [one.state for one in queries.extensions_of(scope, matter)] == [ExtensionState.LAPSED]
            steps = [one.what for one in queries.steps_of(scope, matter)]
            assert steps[-2:] == ["extension-lapsed", "finished"], "the history says what became of it"
        assert not matter_of(world, matter_id).has_pending

    def test_waiting_when_the_matter_is_taken_back_lapse_and_use_up_no_turn(self, world: World) -> None:
        matter_id = register(world)
        self.ask(world, matter_id)
        with world.as_("cora") as scope:
            operations.withdraw_matter(scope, matter_id=matter_id, reason="重复立项")
            matter = queries.get_matter(scope, matter_id)
            assert [(one.state, one.decided_by) for one in queries.extensions_of(scope, matter)] == [
                (ExtensionState.LAPSED, None)
            ]
            assert matter.extensions == 0

    @pytest.mark.parametrize("wanted", [date(2026, 3, 25), date(2026, 4, 25)])
    def test_have_a_day_that_can_be(self, world: World, wanted: date) -> None:
        with pytest.raises(FormError) as caught:
            self.ask(world, register(world), wanted)
        assert set(caught.value.fields) == {"wanted_on"}


class TestTwoHands:
    """Tom reports for his township and holds the county officer's role as well; tess of his township was lent it."""

    def both_posts(self, world: World, who: str, role: str = "county.officer") -> None:
        with world.as_system() as scope:
            scope.add(
                RoleGrant(
                    id=new_id(), person_id=world.people[who], role=role, unit_id=world.units["C"], line="territorial",
                    active_from=date(2000, 1, 1),
                )
            )  # fmt: skip

    def lent(self, world: World, giver: str, role: str) -> None:
        with world.as_(giver) as scope:
            lend(
                scope, receiver_id=world.people["tess"], unit_id=world.units["C"], role=role, active_from=scope.today,
                active_to=scope.today + timedelta(days=3), reason="出差",
            )  # fmt: skip

    def reported(self, world: World) -> UUID:
        matter_id = register(world)
        with world.as_("tom") as scope:
            operations.finish(scope, matter_id=matter_id, text="办结")
        return matter_id

    def asked(self, world: World, *, passed_on: bool = False) -> UUID:
        matter_id = register(world)
        TestExtensions().ask(world, matter_id)
        if passed_on:
            with world.as_("cora") as scope:
                operations.review_extension(scope, matter_id=matter_id, agree=True)
        return matter_id

    def test_who_reported_does_not_close(self, world: World) -> None:
        self.both_posts(world, "tom")
        matter_id = self.reported(world)
        with pytest.raises(OwnReportError), world.as_("tom") as scope:
            operations.close_matter(scope, matter_id=matter_id, met=ALL)

    def test_a_lent_role_does_not_close_for_ones_own_unit(self, world: World) -> None:
        self.lent(world, "cora", "county.officer")
        matter_id = self.reported(world)
        with pytest.raises(OwnReportError), world.as_("tess") as scope:
            operations.close_matter(scope, matter_id=matter_id, met=ALL)

    def test_who_asked_does_not_pass_on(self, world: World) -> None:
        self.both_posts(world, "tom")
        matter_id = self.asked(world)
        with pytest.raises(OwnReportError), world.as_("tom") as scope:
            operations.review_extension(scope, matter_id=matter_id, agree=True)

    def test_who_passed_on_does_not_decide(self, world: World) -> None:
        self.both_posts(world, "cora", "county.leader")
        matter_id = self.asked(world, passed_on=True)
        with pytest.raises(OwnReportError), world.as_("cora") as scope:
            operations.decide_extension(scope, matter_id=matter_id, grant=True)

    def test_a_late_report_says_why(self, world: World) -> None:
        matter_id = register(world)
        late = world.later(days=16)
        with pytest.raises(FormError) as caught, world.as_("tom", at=late) as scope:
            operations.finish(scope, matter_id=matter_id, text="办结")
        assert set(caught.value.fields) == {"late_reason"}
        with world.as_("tom", at=late) as scope:
            assert operations.finish(scope, matter_id=matter_id, text="办结", late_reason="连续降雨").late_reason

    def test_closing_needs_all_five(self, world: World) -> None:
        matter_id = register(world)
        with world.as_("tom") as scope:
            operations.finish(scope, matter_id=matter_id, text="办结")
        with pytest.raises(FormError), world.as_("cora") as scope:
            operations.close_matter(scope, matter_id=matter_id, met=ALL[:-1])
        with pytest.raises(FormError), world.as_("cora") as scope:
            operations.return_report(scope, matter_id=matter_id, unmet=[], reason="")


def test_an_overdue_duty_becomes_one_matter(world: World) -> None:
    from duban.reporting import operations as reporting
    from duban.reporting.forms import requirement_form
    from duban.reporting.models import Duty
    from tests.integration.reporting.requirements import data

    with world.as_("cora") as scope:
        plain = data(due={"kind": "fixed", "on": "2026-03-12"}, active_from="2026-03-01")
        made = reporting.create_requirement(scope, unit_id=world.units["C"], form=requirement_form(plain))
        scope.session.flush()
        reporting.issue(scope, requirement_id=made.id)
        duty = scope.session.scalars(
            select(Duty).where(Duty.tenant_id == scope.tenant_id, Duty.unit_id == world.units["T1"])
        ).one()
    more = {"source": "overdue_duty", "duty_id": duty.id}
    with pytest.raises(FormError), world.as_("cora") as scope:  # not overdue yet
        operations.register_matter(scope, unit_id=world.units["C"], form=form(world, **more))
    late = world.later(days=4)
    matter_id = register(world, at=late, **more)
    assert matter_of(world, matter_id).due_on == date(2026, 3, 20)  # five working days after Saturday 14 March
    with pytest.raises(FormError), world.as_("cora", at=late) as scope:
        operations.register_matter(scope, unit_id=world.units["C"], form=form(world, **more))
    with world.as_("cora", at=late) as scope:
        assert set(queries.find_of_duties(scope, [duty.id])) == {duty.id}


def test_messages_that_press_die_when_the_matter_moves_on(world: World) -> None:
    matter_id = register(world)
    with world.as_("cora") as scope:
        assert operations.urge(scope, matter_id=matter_id) > 0
        assert operations.urge(scope, matter_id=matter_id) == 0, "once an hour"

    def wanted() -> set[bool]:
        with world.as_system() as scope:
            found = select(Effect).where(
                Effect.tenant_id == scope.tenant_id, Effect.subject_id == matter_id, Effect.stage.startswith("urge:")
            )
            return {matter_still_owed(scope, effect) for effect in scope.session.scalars(found)}

    assert wanted() == {True}
    with world.as_("tom") as scope:
        operations.finish(scope, matter_id=matter_id, text="办结")
    assert wanted() == {False}


def test_what_was_issued_cannot_be_changed_even_by_hand(world: World) -> None:
    matter_id = register(world)
    with world.as_("cora") as scope:
        from duban.calendar.ladders import Colour

        operations.issue_sheet(scope, matter_id=matter_id, colour=Colour.BLUE, reason="进展缓慢")
    with pytest.raises(DBAPIError, match="was issued and cannot be changed"), world.as_system() as scope:
        scope.session.execute(text("UPDATE matter_paper SET body = 'x' WHERE tenant_id = :t"), {"t": scope.tenant_id})
