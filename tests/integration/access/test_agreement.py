"""
One question, four answers that must be equal: an oracle that knows neither paths nor Casbin, Casbin asked row by row,
the memoised decision, and the rows PostgreSQL returns. Every world has a row at every unit, labels that are prefixes of each other,
and objects without any rule.
"""

import itertools
import os
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Computed, Engine, Integer, MetaData, Table, Text, insert, select

from duban.access import decisions
from duban.access.policy import Policy
from duban.access.relations import LATTICE, Grant, relation

WORLDS = int(os.environ.get("DUBAN_TEST_WORLDS", "300"))
LABELS = ("a", "ab", "a0", "b", "1", "10")
ROLES = ("clerk", "officer", "chief")
SCOPES = ("own", "children", "below", "subtree", "ancestors", "issued_to_me")
OBJECTS = ("duty", "letter")
ACTS = ("read", "write")

rows = Table(
    "agreement_row", MetaData(),
    Column("id", Integer, primary_key=True),
    Column("path", Text(collation="C")),
    Column("to_path", Text(collation="C")),
    Column("depth", Integer, Computed("length(path) - length(replace(path, '.', ''))", persisted=True)),
    prefixes=["TEMPORARY"],
)  # fmt: skip


@dataclass(frozen=True)
class Tree:
    """Parents by number; the root is 0. Paths are only for the code under test."""

    parents: tuple[int | None, ...]
    paths: tuple[str, ...]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    parents: list[int | None] = [None]
    paths = [f"{draw(st.sampled_from(LABELS))}."]
    for _ in range(draw(st.integers(0, 9))):
        parent = draw(st.integers(0, len(parents) - 1))
        path = f"{paths[parent]}{draw(st.sampled_from(LABELS))}."
        if path not in paths:
            parents.append(parent)
            paths.append(path)
    return Tree(tuple(parents), tuple(paths))


p_lines = st.lists(
    st.tuples(st.sampled_from(ROLES), st.sampled_from(SCOPES), st.sampled_from(OBJECTS), st.sampled_from(ACTS)),
    min_size=1,
    max_size=8,
)
inheritance = st.lists(st.sampled_from([("officer", "clerk"), ("chief", "officer")]), max_size=2, unique=True)


def oracle(tree, lines, inherits, grants, obj, act, row, addressee):
    """Walk parent pointers and read the policy lines as a person would."""
    above = []
    node = tree.parents[row]
    while node is not None:
        above.append(node)
        node = tree.parents[node]
    for role, at in grants:
        held, grew = {role}, True
        while grew:
            more = {lower for upper, lower in inherits if upper in held} - held
            held, grew = held | more, bool(more)
        below_grant = []
        node = tree.parents[at]
        while node is not None:
            below_grant.append(node)
            node = tree.parents[node]
        standing = {
            "own": row == at,
            "children": tree.parents[row] == at,
            "below": at in above,
            "subtree": row == at or at in above,
            "ancestors": row in below_grant,
            "issued_to_me": addressee == at,
        }
        if any(line[0] in held and line[2:] == (obj, act) and standing[line[1]] for line in lines):
            return True
    return False


@pytest.fixture(scope="module")
def connection(engine: Engine):
    with engine.connect() as opened:
        rows.metadata.create_all(opened)
        yield opened
        opened.rollback()


def policy_text(lines, inherits):
    return "\n".join([*(f"p, {', '.join(line)}" for line in lines), *(f"g, {', '.join(pair)}" for pair in inherits)])


counts = {"worlds": 0, "decisions": 0}


def check_world(connection, tree, lines, inherits, held) -> None:
    grants = [(role, at % len(tree.parents)) for role, at in held]
    policy = Policy(policy_text(lines, inherits))
    given_grants = [Grant(role, tree.paths[at]) for role, at in grants]
    connection.execute(rows.delete())
    count = len(tree.parents)
    exhaustive = [(number, None) for number in range(count)] + [(number, (number * 7 + 3) % count) for number in range(count)]
    connection.execute(
        insert(rows),
        [
            {"id": key, "path": tree.paths[at], "to_path": None if to is None else tree.paths[to]}
            for key, (at, to) in enumerate(exhaustive)
        ],
    )
    for obj, act in itertools.product((*OBJECTS, "unknown"), ACTS):
        wanted = {key for key, (at, to) in enumerate(exhaustive) if oracle(tree, lines, inherits, grants, obj, act, at, to)}
        in_python = {
            key
            for key, (at, to) in enumerate(exhaustive)
            if decisions.can(policy, given_grants, obj, act, tree.paths[at], None if to is None else tree.paths[to])
        }
        row_by_row = {
            key
            for key, (at, to) in enumerate(exhaustive)
            if any(
                policy._enforce(grant.role, rel, obj, act)
                for grant in given_grants
                for rel in {relation(grant.path, tree.paths[at])}
                | ({"issued"} if to is not None and tree.paths[to] == grant.path else set())
                if rel != "other"
            )
        }
        in_sql = set(
            connection.execute(select(rows.c.id).where(decisions.where(policy, given_grants, obj, act, rows.c))).scalars()
        )
        assert wanted == in_python == row_by_row == in_sql
        counts["decisions"] += len(exhaustive)
    counts["worlds"] += 1


@settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    tree=trees(),
    lines=p_lines,
    inherits=inheritance,
    held=st.lists(st.tuples(st.sampled_from(ROLES), st.integers(0, 9)), max_size=3),
)
def test_oracle_casbin_memo_and_sql_agree(connection, tree, lines, inherits, held) -> None:
    check_world(connection, tree, lines, inherits, held)


def test_figures_are_printed_and_not_of_nothing(connection, capsys) -> None:
    with capsys.disabled():
        print(
            f"\naccess agreement: {counts['worlds']} worlds, {counts['decisions']} decisions, each answered four ways, 0 differences"
        )
    assert counts["worlds"] >= min(WORLDS, 100)


class TestPositiveControls:
    """Break it on purpose: the property must notice."""

    def _goes_red(self, connection) -> bool:
        @settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(
            tree=trees(),
            lines=p_lines,
            inherits=inheritance,
            held=st.lists(st.tuples(st.sampled_from(ROLES), st.integers(0, 9)), max_size=3),
        )
        def run(tree, lines, inherits, held):
            check_world(connection, tree, lines, inherits, held)

        try:
            run()
        except BaseException:
            return True
        return False

    def test_a_prefix_without_its_dot(self, connection, monkeypatch) -> None:
        def blunt(grant_path: str, path: str) -> str:
            return (
                relation(grant_path[:-1] + "." if path.startswith(grant_path) else grant_path, path)
                if not path.startswith(grant_path[:-1])
                else ("self" if path == grant_path else "child")
            )

        monkeypatch.setattr(decisions, "relation", blunt)
        assert self._goes_red(connection)

    def test_a_range_too_wide(self, connection, monkeypatch) -> None:
        monkeypatch.setattr(decisions.paths, "upper_bound", lambda path: path[:-1] + "~")
        assert self._goes_red(connection)

    def test_a_memo_that_forgets_the_act(self, connection, monkeypatch) -> None:
        original = Policy.allowed
        monkeypatch.setattr(Policy, "allowed", lambda self, role, obj, _act: original(self, role, obj, "read"))
        assert self._goes_red(connection)

    def test_a_lattice_without_deep(self, connection, monkeypatch) -> None:
        monkeypatch.setattr("duban.access.policy.LATTICE", tuple(pair for pair in LATTICE if pair != ("deep", "subtree")))
        assert self._goes_red(connection)
