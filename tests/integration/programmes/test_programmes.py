"""Programmes: drafted, issued, derived, closed; who may, and in which state."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, StaleError
from duban.notifications.models import Effect
from duban.programmes import queries
from duban.programmes.coverage import coverage_of, sources_of, taken_up
from duban.programmes.errors import (
    AlreadyDerivedError,
    GroupInUseError,
    LockedError,
    NotBelowError,
    NothingToIssueError,
    TaskNumberTakenError,
    TransitionRefusedError,
)
from duban.programmes.forms import ProgrammeForm, StageForm, TaskForm
from duban.programmes.operations import drafting, issuing
from duban.programmes.states import State
from tests.cast import World

Make = Callable[..., UUID]
OWN = ProgrammeForm(title="本级方案", year=2011)


def version_of(world: World, programme_id: UUID, who: str = "cora") -> int:
    with world.as_(who) as scope:
        return queries.get_programme(scope, programme_id).version


def derive(world: World, who: str, unit: str, source_id: UUID, *, count: int = 2) -> UUID:
    with world.as_(who) as scope:
        tasks = [task.id for task in queries.tasks_of(scope, source_id)][:count]
        return issuing.derive_programme(scope, source_id=source_id, unit_id=world.units[unit], task_ids=tasks, form=OWN).id


class TestDraft:
    @pytest.mark.parametrize(
        ("who", "unit", "refusal"),
        [
            ("tom", "T1", None),
            ("vera", "V11", None),
            ("tom", "V11", NotAllowedError),
            ("tess", "T1", NotAllowedError),
            ("vera", "V12", NotFoundError),
            ("adam", "C", NotFoundError),
        ],
    )
    def test_is_opened_by_whoever_does_the_units_paperwork(
        self, world: World, document_of: Make, who: str, unit: str, refusal: type[Exception] | None
    ) -> None:
        document_id = document_of()
        with world.as_(who) as scope:
            if refusal:
                with pytest.raises(refusal):
                    drafting.open_programme(scope, unit_id=world.units[unit], document_id=document_id, form=OWN)
            else:
                assert (
                    drafting.open_programme(scope, unit_id=world.units[unit], document_id=document_id, form=OWN).state
                    is State.DRAFT
                )

    def test_under_a_document_one_cannot_see_is_refused(self, world: World, document_of: Make) -> None:
        foreign = document_of("vic", "V12", number="")
        with world.as_("vera") as scope, pytest.raises(NotFoundError):
            drafting.open_programme(scope, unit_id=world.units["V11"], document_id=foreign, form=OWN)

    def test_is_seen_in_its_own_unit_alone_until_issued(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of()
        for who in ("tom", "vera", "ewa"):
            with world.as_(who) as scope:
                assert queries.list_programmes(scope).items == []
                with pytest.raises(NotFoundError):
                    queries.get_programme(scope, programme_id)
        for who in ("cora", "lena"):
            with world.as_(who) as scope:
                assert [row.id for row in queries.list_programmes(scope).items] == [programme_id]

    def test_of_a_subordinate_is_not_seen_above(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of("tom", "T1")
        with world.as_("cora") as scope, pytest.raises(NotFoundError):
            queries.get_programme(scope, programme_id)

    def test_reads_the_days_of_a_stage_from_its_wording(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of(tasks=0)
        wordings = [
            ("安排部署", "2011年4月底"),
            ("全面实施", "4月底至11月上旬"),
            ("督促检查", "11月中旬至12月中旬"),
            ("总结提高", "12月下旬至次年1月中旬"),
            ("其他", "择机开展"),
        ]
        for version, (name, wording) in enumerate(wordings, start=1):
            with world.as_("cora") as scope:
                drafting.add_stage(scope, programme_id=programme_id, version=version, form=StageForm(name=name, wording=wording))
        with world.as_("cora") as scope:
            stages = queries.stages_of(scope, programme_id)
        assert [(stage.start_on, stage.end_on) for stage in stages] == [
            (None, date(2011, 4, 30)), (date(2011, 4, 30), date(2011, 11, 10)), (date(2011, 11, 11), date(2011, 12, 20)), (date(2011, 12, 21), date(2012, 1, 20)), (None, None),
        ]  # fmt: skip
        assert [stage.wording for stage in stages] == [wording for _, wording in wordings]

    def test_parts_are_changed_moved_and_removed(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of(tasks=2)
        with world.as_("cora") as scope:
            go = {"programme_id": programme_id}
            group = drafting.add_group(scope, **go, version=3, name="一、责任")
            task, other = queries.tasks_of(scope, programme_id)
            form = TaskForm(
                title="签订责任书",
                number="（一）",
                text="逐级签订",
                group_id=group.id,
                post="分管领导",
                tags=["三项建设"],
                unit_ids=[world.units["D1"], world.units["T1"]],
            )
            drafting.change_task(scope, **go, task_id=task.id, version=4, form=form)
            with pytest.raises(GroupInUseError):
                drafting.remove_group(scope, **go, group_id=group.id, version=5)
            drafting.change_task(scope, **go, task_id=other.id, version=5, form=TaskForm(title="督查", group_id=group.id))
            drafting.raise_task(scope, **go, task_id=other.id, version=6)
        with world.as_("cora") as scope:
            tasks = queries.tasks_of(scope, programme_id)
            assert [row.title for row in tasks] == ["督查", "签订责任书"]
            assert queries.task_units(scope, [row.id for row in tasks]) == {task.id: [world.units["D1"], world.units["T1"]]}
            drafting.remove_task(scope, **go, task_id=task.id, version=7)
            drafting.change_group(scope, **go, group_id=group.id, version=8, name="二、督查")
            stage = drafting.add_stage(scope, **go, version=9, form=StageForm(name="部署"))
            drafting.change_stage(
                scope, **go, stage_id=stage.id, version=10, form=StageForm(name="总结", end_on=date(2011, 12, 31))
            )
            drafting.remove_stage(scope, **go, stage_id=stage.id, version=11)
            drafting.change_programme(scope, **go, version=12, form=ProgrammeForm(title="新名", year=2012))
        with world.as_("cora") as scope:
            programme = queries.get_programme(scope, programme_id)
            assert (programme.title, programme.year, programme.version) == ("新名", 2012, 13)
            assert [row.number for row in queries.tasks_of(scope, programme_id)] == ["2"]
            assert queries.stages_of(scope, programme_id) == []

    def test_a_number_used_twice_is_refused(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of(tasks=2)
        with world.as_("cora") as scope, pytest.raises(TaskNumberTakenError):
            drafting.add_task(scope, programme_id=programme_id, version=3, form=TaskForm(title="a", number="2"))

    def test_the_part_of_another_programme_is_not_found_in_this_one(self, world: World, draft_of: Make) -> None:
        one, two = draft_of(tasks=1), draft_of(tasks=1)
        with world.as_("cora") as scope:
            foreign = queries.tasks_of(scope, two)[0].id
            with pytest.raises(NotFoundError):
                drafting.change_task(scope, programme_id=one, task_id=foreign, version=2, form=TaskForm(title="a"))

    def test_a_change_on_an_old_version_is_refused(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of(tasks=1)
        with world.as_("cora") as scope, pytest.raises(StaleError):
            drafting.add_task(scope, programme_id=programme_id, version=1, form=TaskForm(title="a"))

    def test_a_unit_the_tenant_does_not_have_is_refused(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of(tasks=0)
        with world.as_("cora") as scope, pytest.raises(NotFoundError):
            drafting.add_task(
                scope, programme_id=programme_id, version=1, form=TaskForm(title="a", unit_ids=[world.units["other-T1"]])
            )


class TestIssue:
    def test_tells_those_directly_below_and_opens_it_to_all_below(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of()
        with world.as_("cora") as scope:
            issuing.issue_programme(scope, programme_id=programme_id, version=4)
        with world.as_("cora") as scope:
            told = set(
                scope.session.scalars(
                    select(Effect.recipient_id).where(Effect.tenant_id == scope.tenant_id, Effect.subject_id == programme_id)
                )
            )
        assert told == {world.people[who] for who in ("tom", "tina", "dora")}
        for who in ("tom", "vera", "wanda", "dora"):
            with world.as_(who) as scope:
                assert queries.get_programme(scope, programme_id).state is State.ISSUED

    def test_without_a_task_is_refused(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of(tasks=0)
        with world.as_("cora") as scope, pytest.raises(NothingToIssueError):
            issuing.issue_programme(scope, programme_id=programme_id, version=1)

    def test_happens_once(self, world: World, issued_by: Make) -> None:
        programme_id = issued_by()
        with world.as_("cora") as scope, pytest.raises(TransitionRefusedError):
            issuing.issue_programme(scope, programme_id=programme_id, version=5)

    @pytest.mark.parametrize(("who", "refusal"), [("lena", NotAllowedError), ("tom", NotFoundError), ("ewa", NotFoundError)])
    def test_is_refused_to_whoever_may_not(self, world: World, draft_of: Make, who: str, refusal: type[Exception]) -> None:
        programme_id = draft_of()
        with world.as_(who) as scope, pytest.raises(refusal):
            issuing.issue_programme(scope, programme_id=programme_id, version=4)

    def test_fixes_the_content(self, world: World, issued_by: Make) -> None:
        programme_id = issued_by()
        with world.as_("cora") as scope, pytest.raises(LockedError):
            drafting.add_task(scope, programme_id=programme_id, version=5, form=TaskForm(title="补充"))


class TestRecallAndClose:
    def test_recall_needs_a_reason_and_nobody_having_derived(self, world: World, issued_by: Make) -> None:
        programme_id = issued_by()
        with world.as_("cora") as scope, pytest.raises(InvalidInputError):
            issuing.recall_programme(scope, programme_id=programme_id, version=5, reason=" ")
        with world.as_("cora") as scope:
            issuing.recall_programme(scope, programme_id=programme_id, version=5, reason="漏了一项任务")
            issuing.issue_programme(scope, programme_id=programme_id, version=6)
        derive(world, "tom", "T1", programme_id)
        with world.as_("cora") as scope, pytest.raises(AlreadyDerivedError):
            issuing.recall_programme(scope, programme_id=programme_id, version=7, reason="再改")

    def test_close_ends_it(self, world: World, issued_by: Make) -> None:
        programme_id = issued_by()
        with world.as_("cora") as scope:
            closed = issuing.close_programme(scope, programme_id=programme_id, version=5, reason="任务完成")
            assert (closed.state, closed.closing_note) == (State.CLOSED, "任务完成")
        with world.as_("cora") as scope, pytest.raises(TransitionRefusedError):
            issuing.recall_programme(scope, programme_id=programme_id, version=6, reason="x")
        with world.as_("tom") as scope, pytest.raises(NotFoundError):
            issuing.derive_programme(scope, source_id=programme_id, unit_id=world.units["T1"], task_ids=[], form=OWN)


class TestDerive:
    def test_copies_chosen_tasks_groups_and_stages_and_keeps_the_links(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of(tasks=3)
        with world.as_("cora") as scope:
            group = drafting.add_group(scope, programme_id=programme_id, version=4, name="一、责任")
            drafting.add_group(scope, programme_id=programme_id, version=5, name="二、未选")
            drafting.add_stage(scope, programme_id=programme_id, version=6, form=StageForm(name="部署", wording="4月底"))
            tasks = queries.tasks_of(scope, programme_id)
            drafting.change_task(
                scope,
                programme_id=programme_id,
                task_id=tasks[1].id,
                version=7,
                form=TaskForm(title="签订责任书", group_id=group.id, tags=["三项建设"]),
            )
            issuing.issue_programme(scope, programme_id=programme_id, version=8)
        with world.as_("tom") as scope:
            own = issuing.derive_programme(
                scope, source_id=programme_id, unit_id=world.units["T1"], task_ids=[tasks[1].id, tasks[2].id], form=OWN
            )
        with world.as_("tom") as scope:
            copies = queries.tasks_of(scope, own.id)
            assert [(copy.number, copy.title, copy.source_id) for copy in copies] == [
                ("1", "签订责任书", tasks[1].id),
                ("2", "任务3", tasks[2].id),
            ]
            assert [group.name for group in queries.groups_of(scope, own.id)] == ["一、责任"]
            assert [(stage.name, stage.end_on) for stage in queries.stages_of(scope, own.id)] == [("部署", date(2011, 4, 30))]
            assert {task.id for task in sources_of(scope, copies).values()} == {tasks[1].id, tasks[2].id}
            drafting.change_task(
                scope, programme_id=own.id, task_id=copies[0].id, version=1, form=TaskForm(title="本镇签订责任书")
            )
        with world.as_("tom") as scope:
            assert queries.tasks_of(scope, own.id)[0].source_id == tasks[1].id

    @pytest.mark.parametrize(
        ("who", "unit", "refusal"),
        [
            ("cora", "C", NotBelowError),
            ("tom", "V11", NotAllowedError),
            ("tess", "T1", NotAllowedError),
            ("vera", "V12", NotFoundError),
            ("ewa", "other-C", NotFoundError),
        ],
    )
    def test_is_for_units_below_by_those_who_may(
        self, world: World, issued_by: Make, who: str, unit: str, refusal: type[Exception]
    ) -> None:
        programme_id = issued_by()
        with world.as_("cora") as scope:
            tasks = [task.id for task in queries.tasks_of(scope, programme_id)]
        with world.as_(who) as scope, pytest.raises(refusal):
            issuing.derive_programme(scope, source_id=programme_id, unit_id=world.units[unit], task_ids=tasks, form=OWN)

    def test_happens_once_per_unit_and_needs_tasks_of_that_programme(self, world: World, issued_by: Make, draft_of: Make) -> None:
        programme_id = issued_by()
        other = draft_of()
        with world.as_("cora") as scope:
            foreign = [task.id for task in queries.tasks_of(scope, other)]
        for chosen in ([], foreign[:1]):
            with world.as_("tom") as scope, pytest.raises(InvalidInputError):
                issuing.derive_programme(scope, source_id=programme_id, unit_id=world.units["T1"], task_ids=chosen, form=OWN)
        derive(world, "tom", "T1", programme_id)
        with pytest.raises(AlreadyDerivedError):
            derive(world, "tom", "T1", programme_id)

    def test_from_a_draft_is_not_found(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of()
        with world.as_("tom") as scope, pytest.raises(NotFoundError):
            issuing.derive_programme(scope, source_id=programme_id, unit_id=world.units["T1"], task_ids=[], form=OWN)


class TestCoverage:
    def test_counts_units_below_that_issued_their_own(self, world: World, issued_by: Make) -> None:
        programme_id = issued_by()
        own = derive(world, "tom", "T1", programme_id)
        derive(world, "tina", "T2", programme_id, count=1)
        with world.as_("cora") as scope:
            coverage = coverage_of(scope, queries.get_programme(scope, programme_id))
            assert (coverage.derived, coverage.expected) == (0, 3)
        with world.as_("tom") as scope:
            issuing.issue_programme(scope, programme_id=own, version=1)
        with world.as_("cora") as scope:
            programme = queries.get_programme(scope, programme_id)
            coverage = coverage_of(scope, programme)
            assert (coverage.derived, coverage.expected) == (1, 3)
            assert {row.unit.name: row.is_done for row in coverage.rows} == {"城东镇": True, "城西镇": False, "交通局": False}
            tasks = queries.tasks_of(scope, programme_id)
            assert taken_up(scope, programme) == {tasks[0].id: 1, tasks[1].id: 1}

    def test_shows_a_subordinate_nothing_of_its_neighbours(self, world: World, issued_by: Make) -> None:
        programme_id = issued_by()
        derive(world, "tina", "T2", programme_id)
        with world.as_("tom") as scope:
            rows = coverage_of(scope, queries.get_programme(scope, programme_id)).rows
            assert {row.unit.name for row in rows} <= {"城东镇"}


def test_lists_filter_by_year_state_and_words(world: World, issued_by: Make, draft_of: Make) -> None:
    issued, draft = issued_by(), draft_of()
    with world.as_("cora") as scope:
        assert {row.id for row in queries.list_programmes(scope, year=2011).items} == {issued, draft}
        assert [row.id for row in queries.list_programmes(scope, state=State.ISSUED).items] == [issued]
        assert queries.list_programmes(scope, words="教育").items == []
        assert queries.years_in_use(scope) == [2011]
        assert version_of(world, draft) == 4
