"""
D1: the whole API under schemathesis as three roles. Never a 5xx, never an answer the document does not promise.

Fixed seeds for every commit; `make nightly` takes new ones. DUBAN_FUZZ_SEED=… repeats a run.
"""

import os
import random

import pytest

from tests.cast import World
from tests.fuzz.harness import Tally, fuzz
from tests.fuzz.stage import Stage

ROLES = {"clerk": "vera", "officer": "tom", "administrator": "adam"}
LEAST_PER_OPERATION = 50

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
together: dict[str, Tally] = {}


def seed_of(role: str) -> int:
    given = os.environ.get("DUBAN_FUZZ_SEED")
    return int(given) if given else 20261122 + list(ROLES).index(role)


@pytest.mark.parametrize("role", ROLES)
def test_every_operation_as(stage: Stage, document: dict, role: str) -> None:
    tally = fuzz(stage, document, ROLES[role], seed=seed_of(role), examples=17, limits=False)
    together[role] = tally
    print(tally.report())
    assert not tally.failures, f"{len(tally.failures)} failures, seed {tally.seed}:\n" + "\n\n".join(tally.failures[:12])


def test_every_operation_had_its_share_and_some_success(operations: dict) -> None:
    cases = {name: sum(sum(tally.answers[name].values()) for tally in together.values()) for name in operations}
    good = {name for name in operations for tally in together.values() if any(s < "3" for s in tally.answers[name])}
    print(
        f"{sum(cases.values())} cases, fewest {min(cases.values())} of an operation; {len(good)} of {len(cases)} succeeded at least once"
    )
    assert {name: count for name, count in cases.items() if count < LEAST_PER_OPERATION} == {}
    assert len(good) >= 0.7 * len(cases), f"never succeeded: {sorted(set(cases) - good)}"


def test_control_a_broken_answer_and_a_lax_door_are_found(
    county: World, stage: Stage, document: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same run on one operation, once answering what is not promised, once failing, once taking anything."""
    one = {**document, "paths": {path: item for path, item in document["paths"].items() if path.endswith("/notices/read")}}
    app = county.web.getfixturevalue("app")
    found = {}
    for name, broken in {
        "status": lambda: ({"count": 1}, 299),
        "shape": lambda: {"count": "many"},
        "defect": lambda: 1 / 0,
    }.items():
        with monkeypatch.context() as patch:
            patch.setitem(app.view_functions, "api-notices.read_all", lambda broken=broken: broken())
            found[name] = fuzz(stage, one, "vera", seed=1, examples=3).failures
    print({name: len(failures) for name, failures in found.items()})
    assert all(found.values())


@pytest.mark.nightly
@pytest.mark.parametrize("role", ROLES)
def test_nightly_twenty_thousand_cases_and_linked_calls(stage: Stage, document: dict, role: str) -> None:
    seed = int(os.environ.get("DUBAN_FUZZ_SEED") or random.SystemRandom().randrange(10**8))
    tally = fuzz(stage, document, ROLES[role], seed=seed, examples=80, sequences=700)
    print(tally.report())
    assert not tally.failures, f"{len(tally.failures)} failures, seed {seed}:\n" + "\n\n".join(tally.failures[:20])
    assert tally.cases >= 7000
