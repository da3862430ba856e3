"""The set each role sees in random trees of up to 500 units against a naive recursive model: the county's real policy [B1]."""

import os
from random import Random

import pytest
from sqlalchemy import Engine, insert, select

from duban.access import decisions
from duban.access.policy import Policy
from duban.access.relations import Grant
from duban.tenancy.kinds import load_all
from duban.tenancy.kinds_policy import included_roles
from tests.integration.access.worlds import row_table

TREES = int(os.environ.get("ACCESS_TEST_TREES", "8"))
NIGHTLY_TREES = 1000
ASKED = (("unit", "read"), ("duty", "read"), ("submission", "review"), ("document", "read"))
rows = row_table()


@pytest.fixture(scope="module")
def connection(engine: Engine):
    with engine.connect() as opened:
        rows.metadata.create_all(opened)
        yield opened
        opened.rollback()


def plant(rng: Random) -> tuple[list[int | None], list[str]]:
    """Five levels at most, 500 units at most."""
    parents: list[int | None] = [None]
    found = ["1."]
    size = rng.randint(2, 500)
    while len(parents) < size:
        parent = rng.randrange(len(parents))
        if found[parent].count(".") < 5:
            parents.append(parent)
            found.append(f"{found[parent]}{rng.choice('1a')}{len(parents):x}.")
    return parents, found


def below(children: dict[int, list[int]], unit: int) -> set[int]:
    return {one for child in children.get(unit, []) for one in {child, *below(children, child)}}


def naive(parents, children, policy, role: str, at: int, obj: str, act: str) -> set[int]:
    above = set()
    node = parents[at]
    while node is not None:
        above.add(node)
        node = parents[node]
    standing = {
        "own": {at},
        "children": set(children.get(at, [])),
        "below": below(children, at),
        "subtree": {at, *below(children, at)},
        "ancestors": above,
    }
    held = included_roles(policy.inherits, role)
    scopes = [line.scope for line in policy.permissions if line.role in held and (line.obj, line.act) == (obj, act)]
    return {one for scope in scopes for one in standing.get(scope, set())}


def compare(connection, rng: Random) -> int:
    policy = load_all()["county"].policy
    decided = Policy(policy.text)
    parents, found = plant(rng)
    children: dict[int, list[int]] = {}
    for unit, parent in enumerate(parents):
        if parent is not None:
            children.setdefault(parent, []).append(unit)
    connection.execute(rows.delete())
    connection.execute(insert(rows), [{"world": 0, "id": number, "path": path, "lines": []} for number, path in enumerate(found)])
    compared = 0
    for role in sorted(decided.roles):
        at = rng.randrange(len(parents))
        grants = [Grant(role, found[at])]
        for obj, act in ASKED:
            wanted = naive(parents, children, policy, role, at, obj, act)
            in_python = {
                number for number, path in enumerate(found) if decisions.can(decided, grants, obj, act, (path, None, (), None))
            }
            condition = decisions.where(decided, grants, obj, act, rows.c)
            in_sql = set(connection.execute(select(rows.c.id).where(condition)).scalars())
            assert wanted == in_python == in_sql, (role, obj, act)
            compared += len(found)
    return compared


def test_visible_sets_are_those_of_the_naive_model(connection, capsys) -> None:
    compared = sum(compare(connection, Random(seed)) for seed in range(TREES))
    with capsys.disabled():
        print(f"\nvisible sets: {TREES} trees, {compared} answers three ways, 0 differences")
    assert compared > 1000


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_a_thousand_trees(connection, capsys) -> None:
    compared = sum(compare(connection, Random(seed)) for seed in range(NIGHTLY_TREES))
    with capsys.disabled():
        print(f"\nvisible sets: {NIGHTLY_TREES} trees, {compared} answers three ways, 0 differences")
    assert compared > 100_000


def test_a_model_that_forgets_grandchildren_is_noticed(connection, monkeypatch) -> None:
    monkeypatch.setattr("tests.integration.access.test_trees.below", lambda children, unit: set(children.get(unit, [])))
    with pytest.raises(AssertionError):
        for seed in range(5):
            compare(connection, Random(seed))
