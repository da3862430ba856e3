"""Nothing is lost when a unit moves, closes or is taken over."""

import pytest

from duban.app import import_models
from duban.kernel.errors import NotFoundError
from duban.matters import operations, queries
from duban.matters.queries import Filter
from duban.matters.states import MatterState, Question
from duban.organisation.open_work import Work, count_open
from duban.organisation.operations.reorganising import decide
from duban.organisation.rules.changes import Close, Move
from tests.cast import World
from tests.integration.matters.stage import matter_of, register

import_models()


def reorganise(world: World, change) -> None:
    with world.as_("adam") as scope:
        decide(scope, change=change, basis="县编办文件", effective_on=scope.today)


def test_a_lead_that_moves_answers_on_and_its_assigner_decides_on(world: World) -> None:
    matter_id = register(world, "tom", "T1", lead="V11")
    reorganise(world, Move(world.units["V11"], world.units["T2"]))
    with world.as_("vera") as scope:
        assert [one.id for one in queries.list_matters(scope, Filter("mine")).items] == [matter_id]
        operations.finish(scope, matter_id=matter_id, text="办结")
    with pytest.raises(NotFoundError), world.as_("tina") as scope:  # what was asked before is not the new superior's
        operations.close_matter(scope, matter_id=matter_id, met=list(Question))
    with world.as_("tom") as scope:
        operations.close_matter(scope, matter_id=matter_id, met=list(Question))
    assert matter_of(world, matter_id).state is MatterState.CLOSED


def test_who_takes_a_unit_over_answers_for_its_matters(world: World) -> None:
    matter_id = register(world, "tom", "T1", lead="V11")
    reorganise(world, Close(world.units["V11"], successor_id=world.units["V12"]))
    with world.as_("vic") as scope:
        assert [one.id for one in queries.list_matters(scope, Filter("mine")).items] == [matter_id]
        operations.finish(scope, matter_id=matter_id, text="由接手单位办结")
    with world.as_("tom") as scope:
        operations.close_matter(scope, matter_id=matter_id, met=list(Question))


def test_who_changes_the_tree_is_told_how_many_are_open(world: World) -> None:
    register(world, co_ids=[world.units["D1"]])
    for unit in ("C", "T1", "D1"):
        with world.as_("adam") as scope:
            assert {one.work: one.count for one in count_open(scope, [world.paths[unit]])}[Work.MATTER] == 1
    with world.as_("adam") as scope:
        assert Work.MATTER not in {one.work for one in count_open(scope, [world.paths["T2"]])}
