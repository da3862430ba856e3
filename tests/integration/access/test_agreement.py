"""One question, four answers that must be equal, in hundreds of random worlds; and the answers of every policy line in the memo."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine

from duban.access.policy import Policy
from duban.access.relations import LATTICE, RELATIONS
from duban.tenancy.kinds import load_all
from duban.tenancy.kinds_policy import ACTIONS, included_roles
from tests.integration.access.worlds import check_world, row_table, worlds

WORLDS = int(os.environ.get("ACCESS_TEST_WORLDS", "220"))
NIGHTLY_WORLDS = 2000
counts = {"worlds": 0, "decisions": 0}
rows = row_table()


@pytest.fixture(scope="module")
def connection(engine: Engine):
    with engine.connect() as opened:
        rows.metadata.create_all(opened)
        yield opened
        opened.rollback()


def agree(connection, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(world=worlds())
    def run(world) -> None:
        counts["decisions"] += check_world(connection, rows, world)
        counts["worlds"] += 1

    run()


def test_oracle_casbin_memo_and_sql_agree(connection, capsys) -> None:
    counts.update(worlds=0, decisions=0)
    agree(connection, WORLDS)
    with capsys.disabled():
        print(f"\naccess agreement: {counts['worlds']} worlds, {counts['decisions']} decisions, four ways each, 0 differences")
    assert counts["worlds"] >= min(WORLDS, 100)
    assert counts["decisions"] > 10 * counts["worlds"]


@pytest.mark.nightly
def test_the_same_in_two_thousand_worlds(connection, capsys) -> None:
    counts.update(worlds=0, decisions=0)
    agree(connection, NIGHTLY_WORLDS)
    with capsys.disabled():
        print(f"\naccess agreement: {counts['worlds']} worlds, {counts['decisions']} decisions, four ways each, 0 differences")
    assert counts["worlds"] >= NIGHTLY_WORLDS // 2


@pytest.mark.parametrize("kind", sorted(load_all()))
def test_the_memo_holds_what_the_file_says(kind: str, capsys) -> None:
    """Every role, relation, object and act of the kinds we ship, against the CSV read as a person would."""
    policy = load_all()[kind].policy
    decided = Policy(policy.text)
    scopes = {relation: {scope for rel, scope in LATTICE if rel == relation} for relation in RELATIONS}
    compared = wrong = 0
    for role in sorted({line.role for line in policy.permissions} | {role for role, _ in policy.inherits}):
        held = included_roles(policy.inherits, role)
        for obj, acts in ACTIONS.items():
            for act in acts:
                wanted = {
                    relation
                    for relation in RELATIONS
                    if any(
                        p.role in held and (p.obj, p.act) == (obj, act) and p.scope in scopes[relation]
                        for p in policy.permissions
                    )
                }
                wrong += decided.allowed(role, obj, act) != wanted
                compared += len(RELATIONS)
    with capsys.disabled():
        print(f"\naccess memo of {kind}: {compared} answers compared with policy.csv, {wrong} differ")
    assert wrong == 0
    assert compared > 1000
