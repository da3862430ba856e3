"""
Random acts of random people: no version counts that a required level has not accepted, no version is ever lost or changed, the ball is
always with somebody, and no two hands are one.
"""

from collections import Counter
from random import Random
from uuid import UUID

import pytest

from duban.kernel.errors import AnticipatedError
from duban.kernel.scope import Scope
from duban.reporting import operations, queries
from duban.reporting.operations import ReturnTo
from duban.reporting.remarks import Remark
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_review_by_level import also

PEOPLE = ("vera", "vic", "tom", "tina", "cora", "tess", "lena", "dora")
LIKELY = {"submit": ("vera", "tom"), "nil": ("vera", "tom"), "ask": ("vera",), "drop": ("vera", "cora")}
"""Who would do it in earnest; for all else the reviewers. Every other act is by anybody, mostly refused."""
REVIEWERS = ("tom", "tess", "cora")
LEVELS = {"by_level": ("T1", "C"), "one_step": ("C",)}
IN_EARNEST = 0.7
SEEN: Counter[str] = Counter()


def _acts(dice: Random, world: World, number: int | None):  # noqa: ANN202 - a table
    typed = given.ANSWERS | {"checks": str(dice.randrange(90))}
    receiver = world.people[dice.choice(PEOPLE)]
    return {
        "submit": lambda scope, one: operations.submit(scope, duty_id=one, typed=typed),
        "nil": lambda scope, one: operations.submit_nil(scope, duty_id=one),
        "accept": lambda scope, one: operations.accept(scope, duty_id=one, number=number),
        "accept too": lambda scope, one: operations.accept(scope, duty_id=one, number=number),
        "accept also": lambda scope, one: operations.accept(scope, duty_id=one),
        "return": lambda scope, one: operations.return_for_correction(scope, duty_id=one, reason="改"),
        "pin": lambda scope, one: operations.return_for_correction(scope, duty_id=one, remarks=[Remark("checks", "核对")]),
        "give back": lambda scope, one: operations.return_for_correction(scope, duty_id=one, reason="改", to=ReturnTo.BELOW),
        "hand over": lambda scope, one: operations.hand_over(scope, duty_id=one, receiver_id=receiver, until=scope.today),
        "ask": lambda scope, one: operations.ask_correction(scope, duty_id=one, reason="错"),
        "allow": lambda scope, one: operations.allow_correction(scope, duty_id=one),
        "refuse": lambda scope, one: operations.refuse_correction(scope, duty_id=one, answer="不"),
        "reopen": lambda scope, one: operations.reopen_accepted(scope, duty_id=one, reason="错"),
        "drop": lambda scope, one: operations.drop_correction(scope, duty_id=one),
    }


def _check(scope: Scope, world: World, duty_id: UUID, mode: str, kept: dict[int, dict[str, object]]) -> None:
    duty = queries.get_duty(scope, duty_id)
    versions, steps = queries.versions_of(scope, duty_id), queries.steps_of(scope, duty_id)
    by_version = {version.number: version for version in versions}
    assert [version.number for version in versions] == list(range(1, duty.versions + 1)), "a version was lost"
    for number, content in kept.items():
        assert by_version[number].content == content, "a version was changed"
    kept |= {version.number: dict(version.content) for version in versions}
    hands = {person: login for login, person in world.people.items()}
    for step in steps:
        if step.decided_by is not None:
            by = by_version[step.number].submitted_by
            assert hands[step.decided_by] != hands.get(by), "reviewed by whoever handed it in"  # type: ignore[arg-type]
    if duty.accepted_version is not None:
        accepted = {
            step.level_path for step in steps if step.number == duty.accepted_version and step.outcome in {"passed", "accepted"}
        }
        skipped = {step.level_path for step in steps if step.number == duty.accepted_version and step.outcome == "skipped"}
        needed = {world.paths[level] for level in LEVELS[mode]}
        assert needed <= accepted | skipped, "a level was passed by"
        assert world.paths["C"] in accepted
        assert by_version[duty.accepted_version].outcome == "accepted"
        if skipped:  # only where nobody but the submitter could have reviewed
            SEEN["skipped"] += 1
            assert by_version[duty.accepted_version].submitted_by == world.people["tom"]
    waiting = duty.at_path is not None
    assert waiting == (
        duty.stands in {"submitted", "missing_submitted"} and duty.accepted_version is None or duty.correction == "submitted"
    )
    if waiting:
        assert by_version[duty.versions].outcome is None


def _play(world: World, dice: Random, rounds: int) -> None:
    mode = dice.choice(sorted(LEVELS))
    duty_id = given.duty_id(
        world, given.issued(world, "cora", "C", targets={"scope": "subtree", "levels": ["village"]}, review_mode=mode)
    )
    kept: dict[int, dict[str, object]] = {}
    for step in range(rounds):
        with world.as_system() as scope:
            number = scope.session.get_one(given.Duty, (scope.tenant_id, duty_id)).versions
        acts = _acts(dice, world, dice.choice([None, number, max(1, number - 1)]))
        name = dice.choice(sorted(acts))
        who = dice.choice(LIKELY.get(name, REVIEWERS) if dice.random() < IN_EARNEST else PEOPLE)
        try:
            with world.as_(who, at=world.later(minutes=step)) as scope:
                acts[name](scope, duty_id)
            SEEN[name] += 1
        except AnticipatedError:
            SEEN["refused"] += 1
            continue
        with world.as_("cora") as scope:
            _check(scope, world, duty_id, mode, kept)
    with world.as_("cora") as scope:
        duty = queries.get_duty(scope, duty_id)
        SEEN["accepted duties"] += duty.accepted_version is not None
        SEEN["corrected duties"] += duty.corrected_at is not None


def _posts(world: World) -> None:
    """People with two posts, so that one hand comes up."""
    also(world, "tom", "village.clerk", "V11")
    also(world, "tess", "township.officer", "T1")
    also(world, "vera", "county.officer", "C")


def test_no_version_counts_that_a_level_did_not_accept(world: World) -> None:
    _posts(world)
    for seed in range(3):
        _play(world, Random(seed), 60)
    print(dict(SEEN))
    assert SEEN["accepted duties"] > 0
    assert SEEN["submit"] + SEEN["nil"] > SEEN["accepted duties"]


@pytest.mark.nightly
def test_no_version_counts_that_a_level_did_not_accept_at_length(world: World) -> None:
    _posts(world)
    for seed in range(100, 160):
        _play(world, Random(seed), 150)
    print(dict(SEEN))
    assert SEEN["corrected duties"] > 5
    assert {"give back", "hand over", "drop", "refuse", "pin"} <= SEEN.keys()
