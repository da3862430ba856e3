"""The scenes of every feature, in the order they are played."""

from collections.abc import Callable

from tests.cast import World
from tests.fuzz.scenes.accounts import access, small_things
from tests.fuzz.scenes.forms import forms
from tests.fuzz.scenes.matters import matters, meetings
from tests.fuzz.scenes.organisation import organisation
from tests.fuzz.scenes.work import assessments, dispatches, documents, letters, programmes, requirements, reviews, targets
from tests.fuzz.stage import Stage


def build(world: World, *more: Callable[[Stage], None]) -> Stage:
    """Set the stage. Costs: some 100 requests."""
    stage = Stage(world)
    for act in (
        documents,
        dispatches,
        programmes,
        requirements,
        reviews,
        forms,
        letters,
        targets,
        assessments,
        matters,
        meetings,
        organisation,
        access,
        small_things,
        *more,
    ):
        act(stage)
    return stage
