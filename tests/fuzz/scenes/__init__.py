"""The scenes of every feature, in the order they are played."""

from collections.abc import Callable

from tests.cast import World
from tests.fuzz.scenes.accounts import access, small_things
from tests.fuzz.scenes.organisation import organisation
from tests.fuzz.scenes.work import assessments, documents, letters, programmes, requirements, targets
from tests.fuzz.stage import Stage


def build(world: World, *more: Callable[[Stage], None]) -> Stage:
    """Set the stage. Costs: some 100 requests."""
    stage = Stage(world)
    for act in (documents, programmes, requirements, letters, targets, assessments, organisation, access, small_things, *more):
        act(stage)
    return stage
