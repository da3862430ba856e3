"""Level by level through the middle levels of every kind: each takes its step, in order, and nobody takes another's."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import Engine

from duban.access.models import RoleGrant
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.reporting import operations, queries
from duban.reporting.errors import DutyClosedError, OtherLevelError
from duban.reporting.states import DutyState
from tests.cast import World
from tests.conftest import NOW
from tests.integration.reporting import requirements as given
from tests.integration.reporting.chains import POSTS, PRIMARY, chain_world
from tests.integration.reporting.test_review_by_level import queue, steps

WAYS = {
    "expressway": ("E11", ("V11", "T1", "C"), ()),
    "province": ("V11", ("T1", "C", "U", "P"), ()),
    # a village's posts do the paperwork of the village and review nobody: the township is the first who may
    "county": ("E11", ("T1", "C"), ("V11",)),
}
"""By kind: who hands in, who reviews from below, and which levels nobody reviews at."""
LEVEL_OF = {"expressway": "section", "province": "village", "county": "enterprise"}
REFUSALS = (NotAllowedError, NotFoundError, OtherLevelError, DutyClosedError)


@pytest.fixture
def chain(engine: Engine, request: pytest.FixtureRequest) -> World:
    return chain_world(engine, request.param, now=NOW, web=request)


def asked_by_the_top(world: World, kind: str, **changes: object) -> UUID:
    """A requirement of the top to the lowest level, reviewed level by level; what the lowest unit owes."""
    top = WAYS[kind][1][-1]
    targets = {"scope": "subtree", "levels": [LEVEL_OF[kind]]}
    plain: dict[str, object] = {"targets": targets, "review_mode": "by_level", "line": PRIMARY[kind], **changes}
    return given.duty_id(world, given.issued(world, top, top, **plain), WAYS[kind][0])


def refused_to(world: World, duty_id: UUID, people: Sequence[str]) -> None:
    """Nobody of these may accept, return or hand over."""
    for who in people:
        with pytest.raises(REFUSALS), world.as_(who) as scope:
            operations.accept(scope, duty_id=duty_id)
        with pytest.raises(REFUSALS), world.as_(who) as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="x")
        with pytest.raises(REFUSALS), world.as_(who) as scope:
            operations.hand_over(scope, duty_id=duty_id, receiver_id=world.people[who], until=scope.today)


@pytest.mark.parametrize(("chain", "kind"), [(kind, kind) for kind in WAYS], indirect=["chain"])
class TestEveryKind:
    def test_goes_up_every_level_and_nobody_takes_anothers_step(self, chain: World, kind: str) -> None:
        unit, levels, _ = WAYS[kind]
        duty_id = asked_by_the_top(chain, kind)
        refused_to(chain, duty_id, tuple(POSTS[kind]))
        given.handed_in(chain, duty_id, unit)
        for level in levels:
            found = given.duty(chain, duty_id)
            assert (found.at_path, found.accepted_version) == (chain.paths[level], None)
            assert {who for who in POSTS[kind] if queue(chain, who)} == {level}
            refused_to(chain, duty_id, [who for who in POSTS[kind] if who != level])
            given.accepted(chain, duty_id, level)
        found = given.duty(chain, duty_id)
        assert (found.stands, found.at_path, found.accepted_version) == (DutyState.ACCEPTED, None, 1)
        refused_to(chain, duty_id, tuple(POSTS[kind]))

    def test_what_nobody_could_review_is_told_as_passed_over(self, chain: World, kind: str) -> None:
        unit, levels, nobody = WAYS[kind]
        duty_id = asked_by_the_top(chain, kind)
        given.handed_in(chain, duty_id, unit)
        for level in levels:
            given.accepted(chain, duty_id, level)
        took = [(level, outcome) for level, _, outcome in steps(chain, duty_id)]
        passed = [(level, "passed") for level in levels[:-1]]
        assert took == [*((level, "skipped") for level in nobody), *passed, (levels[-1], "accepted")]

    def test_a_return_from_the_top_goes_through_every_level_again(self, chain: World, kind: str) -> None:
        unit, levels, _ = WAYS[kind]
        duty_id = asked_by_the_top(chain, kind)
        given.handed_in(chain, duty_id, unit)
        for level in levels[:-1]:
            given.accepted(chain, duty_id, level)
        given.returned(chain, duty_id, levels[-1])
        given.handed_in(chain, duty_id, unit)
        assert given.duty(chain, duty_id).at_path == chain.paths[levels[0]]
        refused_to(chain, duty_id, levels[1:])

    def test_in_one_step_no_middle_level_finishes_what_the_top_asked(self, chain: World, kind: str) -> None:
        unit, levels, _ = WAYS[kind]
        duty_id = asked_by_the_top(chain, kind, review_mode="one_step")
        given.handed_in(chain, duty_id, unit)
        refused_to(chain, duty_id, levels[:-1])
        assert {who for who in POSTS[kind] if queue(chain, who)} == {levels[-1]}
        given.accepted(chain, duty_id, levels[-1])

    def test_the_track_names_who_has_it_at_every_level(self, chain: World, kind: str) -> None:
        unit, levels, _ = WAYS[kind]
        duty_id = asked_by_the_top(chain, kind)
        given.handed_in(chain, duty_id, unit)
        for level in levels:
            with chain.as_(unit) as scope:
                line = queries.line_of(scope, queries.get_duty(scope, duty_id))
                stops = queries.track_of(scope, line.duty, line.requirement, line.unit, queries.steps_of(scope, duty_id))
            (here,) = [stop for stop in stops if stop.state == "here"]
            assert here.people == (level,), "the officer of that level, nobody beside"
            given.accepted(chain, duty_id, level)


@pytest.mark.parametrize("chain", ["expressway"], indirect=True)
def test_a_middle_level_may_press_units_further_below(chain: World) -> None:
    """A supervision office urges the sections under its contractors, and nobody above."""
    section = asked_by_the_top(chain, "expressway")
    later = chain.later(days=12)
    with chain.as_("T1", at=later) as scope:
        requirement_id = queries.get_duty(scope, section).requirement_id
        assert operations.urge(scope, requirement_id=requirement_id) == 2


@pytest.mark.parametrize("chain", ["expressway"], indirect=True)
def test_a_level_with_only_an_inspector_of_another_line_is_passed_over(chain: World) -> None:
    """What goes up the project line is not held for ever where only the special line has somebody."""
    with chain.as_system() as scope:
        held = owned(scope, RoleGrant).where(RoleGrant.person_id == chain.people["T1"])
        scope.session.scalars(held).one().active_to = date(2026, 1, 1)
    duty_id = asked_by_the_top(chain, "expressway")
    given.handed_in(chain, duty_id, "E11")
    given.accepted(chain, duty_id, "V11")
    assert given.duty(chain, duty_id).at_path == chain.paths["C"]
    refused_to(chain, duty_id, ["T1-inspector", "V11"])
    given.accepted(chain, duty_id, "C")
