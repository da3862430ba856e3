"""What was accepted is frozen; a correction stands beside it until it is accepted, and is flagged wherever the old one counted."""

from uuid import UUID

import pytest

from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.reporting import operations, queries
from duban.reporting.errors import CorrectionStateError, DutyClosedError, OwnWorkError, ReasonMissingError
from duban.reporting.states import CorrectionState, DutyState
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_review_by_level import also, by_level, queue, steps

NEW = given.ANSWERS | {"checks": "5"}


def accepted(world: World, **changes: object) -> UUID:
    duty_id = given.duty_id(world, by_level(world, **changes))
    given.handed_in(world, duty_id)
    given.accepted(world, duty_id, "tom")
    given.accepted(world, duty_id, "cora")
    return duty_id


def asked(world: World, duty_id: UUID) -> None:
    with world.as_("vera") as scope:
        operations.ask_correction(scope, duty_id=duty_id, reason="漏了三次检查")


def reopened(world: World, duty_id: UUID) -> None:
    with world.as_("cora") as scope:
        operations.reopen_accepted(scope, duty_id=duty_id, reason="与台账不符")


def corrects(world: World, duty_id: UUID) -> None:
    with world.as_("vera", at=world.later(days=1)) as scope:
        operations.submit(scope, duty_id=duty_id, typed=NEW)


def test_what_was_accepted_takes_nothing_more(world: World) -> None:
    duty_id = accepted(world)
    with pytest.raises(DutyClosedError):
        given.handed_in(world, duty_id)
    with pytest.raises(DutyClosedError), world.as_("vera") as scope:
        operations.save_draft(scope, duty_id=duty_id, typed={"done": "x"})
    with pytest.raises(DutyClosedError):
        given.accepted(world, duty_id, "cora")
    with pytest.raises(DutyClosedError):
        given.returned(world, duty_id, "cora")


@pytest.mark.parametrize("who", ["lena", "vera"])
def test_who_may_not_review_is_told_so_and_not_that_it_is_over(world: World, who: str) -> None:
    duty_id = accepted(world)
    with pytest.raises(NotAllowedError):
        given.accepted(world, duty_id, who)


@pytest.mark.parametrize("by_unit", [True, False])
def test_the_old_version_counts_until_the_new_one_is_accepted(world: World, by_unit: bool) -> None:
    duty_id = accepted(world)
    before = given.duty(world, duty_id)
    if by_unit:
        asked(world, duty_id)
        with world.as_("cora") as scope:
            operations.allow_correction(scope, duty_id=duty_id)
    else:
        reopened(world, duty_id)
    with world.as_("vera") as scope:
        assert [line.duty.id for line in queries.open_duties(scope).items] == [duty_id]
        assert queries.counts(scope)["open"] == queries.counts(scope)["soon"] == 1
    corrects(world, duty_id)
    waiting = given.duty(world, duty_id)
    assert (waiting.stands, waiting.accepted_version, waiting.versions, waiting.correcting) == (
        DutyState.ACCEPTED,
        1,
        2,
        CorrectionState.SUBMITTED,
    )
    assert waiting.at_path == world.paths["T1"]
    assert queue(world, "tom") == 1
    given.returned(world, duty_id, "tom")
    assert given.duty(world, duty_id).correcting is CorrectionState.OPEN
    corrects(world, duty_id)
    given.accepted(world, duty_id, "tom")
    assert given.duty(world, duty_id).accepted_version == 1
    given.accepted(world, duty_id, "cora", when=world.later(days=2))
    after = given.duty(world, duty_id)
    assert (after.accepted_version, after.correcting, after.at_path, after.versions) == (3, None, None, 3)
    assert (after.timeliness, after.counted_at, after.accepted_at) == (before.timeliness, before.counted_at, before.accepted_at)
    with world.as_("cora") as scope:
        (found,) = queries.corrected(scope, [duty_id]).values()
        assert queries.corrected(scope, [duty_id], since=world.later(days=3)) == {}
        counted = queries.counted_version(scope, duty_id)
        kept = queries.versions_of(scope, duty_id)
    assert (found.from_version, found.to_version, found.was("checks"), found.after["checks"]) == (1, 3, 2, 5)
    assert found.changed == {"checks"}
    assert counted is not None
    assert counted.number == 3
    assert [(version.number, version.outcome) for version in kept] == [(1, "accepted"), (2, "returned"), (3, "accepted")]
    assert [number for _, number, _ in steps(world, duty_id)] == [1, 1, 2, 3, 3]
    assert {who for who, _, text in given.messages(world, subject_id=duty_id) if text.startswith("已更正")} == {"tom"}


def test_a_refusal_leaves_everything_and_may_be_asked_again(world: World) -> None:
    duty_id = accepted(world)
    asked(world, duty_id)
    with pytest.raises(CorrectionStateError):
        asked(world, duty_id)
    with pytest.raises(ReasonMissingError), world.as_("cora") as scope:
        operations.refuse_correction(scope, duty_id=duty_id, answer=" ")
    with world.as_("cora") as scope:
        operations.refuse_correction(scope, duty_id=duty_id, answer="已上报市里")
    with pytest.raises(DutyClosedError):
        corrects(world, duty_id)
    assert given.duty(world, duty_id).correction is None
    asked(world, duty_id)


@pytest.mark.parametrize("who", ["vera", "cora"])
def test_given_up_before_it_was_handed_in(world: World, who: str) -> None:
    duty_id = accepted(world)
    reopened(world, duty_id)
    with world.as_(who) as scope:
        operations.drop_correction(scope, duty_id=duty_id)
    found = given.duty(world, duty_id)
    assert (found.correction, found.correct_by, found.accepted_version) == (None, None, 1)
    with pytest.raises(DutyClosedError):
        corrects(world, duty_id)


ACTS = {
    "ask": lambda scope, duty_id: operations.ask_correction(scope, duty_id=duty_id, reason="x"),
    "allow": lambda scope, duty_id: operations.allow_correction(scope, duty_id=duty_id),
    "refuse": lambda scope, duty_id: operations.refuse_correction(scope, duty_id=duty_id, answer="x"),
    "reopen": lambda scope, duty_id: operations.reopen_accepted(scope, duty_id=duty_id, reason="x"),
    "drop": lambda scope, duty_id: operations.drop_correction(scope, duty_id=duty_id),
}


@pytest.mark.parametrize(
    ("act", "who", "refusal"),
    [
        ("ask", "tom", NotAllowedError),
        ("ask", "vlad", NotAllowedError),
        ("ask", "vic", NotFoundError),
        ("allow", "vera", NotAllowedError),
        ("allow", "tom", NotAllowedError),  # the township has its say about the version, the issuer about opening it again
        ("allow", "lena", NotAllowedError),
        ("refuse", "tom", NotAllowedError),
        ("refuse", "ewa", NotFoundError),
        ("reopen", "tom", NotAllowedError),
        ("reopen", "vera", NotAllowedError),
        ("reopen", "tina", NotFoundError),
        ("drop", "tom", NotAllowedError),
        ("drop", "vlad", NotAllowedError),
        ("drop", "wanda", NotFoundError),
    ],
)
def test_is_refused_to_others(world: World, act: str, who: str, refusal: type[Exception]) -> None:
    duty_id = accepted(world)
    if act in {"allow", "refuse", "drop"}:
        asked(world, duty_id)
    with pytest.raises(refusal), world.as_(who) as scope:
        ACTS[act](scope, duty_id)


@pytest.mark.parametrize("act", ["allow", "refuse", "drop"])
def test_there_must_be_something_to_decide(world: World, act: str) -> None:
    duty_id = accepted(world)
    with pytest.raises(CorrectionStateError), world.as_("cora") as scope:
        ACTS[act](scope, duty_id)


@pytest.mark.parametrize("act", ["ask", "reopen"])
def test_only_what_was_accepted(world: World, act: str) -> None:
    duty_id = given.duty_id(world, by_level(world))
    given.handed_in(world, duty_id)
    with pytest.raises(CorrectionStateError), world.as_("vera" if act == "ask" else "cora") as scope:
        ACTS[act](scope, duty_id)


def test_nobody_decides_about_their_own(world: World) -> None:
    also(world, "vera", "county.officer", "C")
    duty_id = accepted(world)
    with pytest.raises(OwnWorkError), world.as_("vera") as scope:
        operations.reopen_accepted(scope, duty_id=duty_id, reason="x")
    asked(world, duty_id)
    for act in ("allow", "refuse"):
        with pytest.raises(OwnWorkError), world.as_("vera") as scope:
            ACTS[act](scope, duty_id)


def test_a_nil_return_stays_nil_until_the_correction_is_accepted(world: World) -> None:
    duty_id = given.duty_id(world, by_level(world))
    with world.as_("vera") as scope:
        operations.submit_nil(scope, duty_id=duty_id)
    for who in ("tom", "cora"):
        given.accepted(world, duty_id, who)
    reopened(world, duty_id)
    corrects(world, duty_id)
    assert given.duty(world, duty_id).is_nil
    for who in ("tom", "cora"):
        given.accepted(world, duty_id, who)
    assert not given.duty(world, duty_id).is_nil
