"""
Does the agreement notice? Each mutant is a small wrong edit of the code that decides, applied to its source and put in place;
the property must go red on it. A mutant whose text is no longer in the code fails too: it would prove nothing.
"""

import inspect
import sys
import textwrap
import time
from dataclasses import dataclass
from random import Random

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import NotSupportedError

from duban.access import decisions, policy, relations
from duban.tree import paths
from tests.integration.access.worlds import Prepared, prepare, random_world, row_table

WORLDS, NIGHTLY_WORLDS = 200, 400


@dataclass(frozen=True)
class Mutant:
    name: str
    module: object
    function: str
    old: str
    new: str


MUTANTS = (
    # the nineteen of the study, as this code would have them
    Mutant("prefix without its separator", relations, "relation", "path.startswith(grant_path)", "path.startswith(grant_path[:-1])"),
    Mutant("range without self", decisions, "_terms", "terms.append(and_(model.path >= grant.path", "terms.append(and_(model.path > grant.path"),
    Mutant("range too wide", paths, "upper_bound", '[:-1] + "/"', '[:-1] + "~"'),
    Mutant("children one deeper", decisions, "_by_depth", "model.depth == depth + 1", "model.depth == depth + 2"),
    Mutant("below includes self", decisions, "_by_depth", "model.depth > depth", "model.depth >= depth"),
    Mutant("ancestors include self", paths, "ancestors", "range(1, len(labels))", "range(1, len(labels) + 1)"),
    Mutant("ancestors without the root", paths, "ancestors", "range(1, len(labels))", "range(2, len(labels))"),
    Mutant("addressee missing in SQL", decisions, "_terms", "if ISSUED in allowed and", "if False and"),
    Mutant("addressee missing in the decision", relations, "relations_of", "if to_path == grant.path", "if False"),
    Mutant("memo forgets the act", policy.Policy, "allowed", "key = (role, obj, act)", 'key = (role, obj, "")'),
    Mutant("memo forgets the role", policy.Policy, "allowed", "key = (role, obj, act)", 'key = ("", obj, act)'),
    Mutant("and for or", decisions, "where", "or_(*terms)", "and_(*terms)"),
    Mutant("nothing allowed is everything", decisions, "where", 'else literal_column("false", Boolean)', 'else literal_column("true", Boolean)'),
    Mutant("a narrower grant is swallowed whatever it allows", decisions, "where", "allowed <= IN_RANGE and ", ""),
    Mutant("child as self", relations, "relation", "(SELF, CHILD)[below]", "(SELF, SELF)[below]"),
    Mutant("only the first grant", decisions, "can", "for grant in grants:", "for grant in list(grants)[:1]:"),
    Mutant("only the first grant in SQL", decisions, "where", "key=lambda item: len(item.path)):", "key=lambda item: len(item.path))[:1]:"),
    Mutant("everybody is everybody's superior", relations, "relation", "else OTHER", "else CHILD"),
    # the second line
    Mutant("a token without its line", relations, "relations_of", "tree_lines.token(grant.line, kind, grant.unit) in lines", 'any(word.endswith(f"{kind}.{grant.unit}") for word in lines)'),
    Mutant("a token of any superior", relations, "relations_of", "tree_lines.token(grant.line, kind, grant.unit) in lines", 'any(word.startswith(f"{grant.line}.{kind}") for word in lines)'),
    Mutant("whoever is above decides in every line", relations, "relations_of", "work_line == grant.line", "True"),
    Mutant("nobody decides in their own line", relations, "relations_of", "work_line == grant.line", "False"),
    *(
        Mutant(f"the short way of {way} {name}", decisions, way, old, new)
        for way in ("allows", "can")
        for name, old, new in (
            ("forgets the line of work", "and work_line is None", ""),
            ("forgets the grant's line", "grant.line is None and ", ""),
            ("asks a left place's ancestors", " and not grant.former", ""),
            ("forgets the addressee", "to_path == grant.path and ", "False and "),
            ("forgets superiors in lines", "path in grant.above", "False"),
            ("forgets where superiors stood", "path in grant.heights", "False"),
        )
    ),
    Mutant("who holds a line: whoever holds any role there", decisions, "lines_of", " if allows(policy, grant, obj, act, standing)", ""),
    Mutant("who holds a line: everybody holds the primary one", decisions, "lines_of", "frozenset(grant.line for", "frozenset(None for"),
    Mutant("who holds a line: the line the row works in", decisions, "lines_of", "frozenset(grant.line for", "frozenset(standing[3] for"),
    Mutant("SQL forgets the line of work inside", decisions, "_below", "and_(model.work_line.is_not_distinct_from(grant.line), place(grant, inside, model))", "place(grant, inside, model)"),
    Mutant("SQL forgets the line of work across", decisions, "_below", "and_(model.work_line.is_distinct_from(grant.line), place(grant, across, model))", "place(grant, across, model)"),
    Mutant("SQL compares the line of work with = and loses NULL", decisions, "_below", "model.work_line.is_distinct_from(grant.line)", "(model.work_line != grant.line)"),
    Mutant("a line's grant covers the subtree of its path", decisions, "_covers", "grant.line is None and ", ""),
    Mutant("a line's grant is swallowed by a wider range", decisions, "where", "grant.line is None and allowed", "allowed"),
    Mutant("a primary range covers what works elsewhere", decisions, "_covers", 'IN_RANGE if hasattr(model, "work_line") else {SELF, CHILD, DEEP}', "{SELF, CHILD, DEEP}"),
    Mutant("tokens of any distance", decisions, "_by_tokens", "for kind in sorted(kinds)", 'for kind in ("child", "deep")'),
    Mutant("tokens all wanted at once", decisions, "_by_tokens", ".overlap(", ".contains("),
    Mutant("line ancestors missing in SQL", decisions, "_terms", "if LINE_ANCESTOR in allowed else ()", "if False else ()"),
    Mutant("line ancestors missing in the decision", relations, "relations_of", "if path in grant.above", "if False"),
    Mutant("line ancestors for whoever sees ancestors", decisions, "_terms", "grant.above if LINE_ANCESTOR in allowed", "grant.above if ANCESTOR in allowed"),
    # places that were left
    Mutant("what superiors published where they stood before is lost", relations, "relations_of", "if path in grant.heights", "if False"),
    Mutant("the same in SQL", decisions, "_terms", ", *grant.heights]", "]"),
    Mutant("what is above a left place, in the decision", relations, "relations_of", " and not grant.former", ""),
    Mutant("what is above a left place, in SQL", decisions, "_terms", " and not grant.former", ""),
)  # fmt: skip
LATTICE_LOSSES = [pair for pair in relations.LATTICE if pair[1] in {"subtree", "below", "line_below"}]
rows = row_table()


def put_in_place(monkeypatch: pytest.MonkeyPatch, mutant: Mutant) -> None:
    original = getattr(mutant.module, mutant.function)
    source = textwrap.dedent(inspect.getsource(original))
    assert mutant.old in source, "the mutant's text is not in the code any more: adapt it"
    namespace = original.__globals__ if not inspect.isclass(mutant.module) else inspect.getmodule(mutant.module).__dict__
    made: dict[str, object] = {}
    exec(compile(source.replace(mutant.old, mutant.new, 1), f"<mutant {mutant.name}>", "exec"), namespace, made)
    # Modules that imported the name hold the original too.
    for module in (
        mutant.module,
        *(module for name, module in list(sys.modules.items()) if name.startswith(("duban.", "tests."))),
    ):
        if getattr(module, mutant.function, None) is original:
            monkeypatch.setattr(module, mutant.function, made[mutant.function])


@pytest.fixture(scope="module")
def connection(engine: Engine):
    with engine.connect() as opened:
        rows.metadata.create_all(opened)
        yield opened
        opened.rollback()


@pytest.fixture(scope="module")
def prepared(connection) -> list[Prepared]:
    """The same worlds for every mutant, with the oracle's answers: the mutants do not touch the oracle."""
    return prepare_worlds(connection, WORLDS)


def prepare_worlds(connection, count: int) -> list[Prepared]:
    rng = Random(20110520)
    made = [random_world(rng) for _ in range(count)]
    connection.execute(rows.delete())
    found = prepare(connection, rows, made)
    assert not any(one.goes_red(connection, rows) for one in found), "the unchanged code must be green"
    return found


def noticed(connection, prepared: list[Prepared]) -> bool:
    return any(one.goes_red(connection, rows) for one in prepared)


def run_mutants(connection, prepared, mutants) -> tuple[list[str], list[str]]:
    killed, survived = [], []
    for mutant in mutants:
        with pytest.MonkeyPatch.context() as patch:
            put_in_place(patch, mutant)
            (killed if noticed(connection, prepared) else survived).append(mutant.name)
    for pair in LATTICE_LOSSES if len(mutants) == len(MUTANTS) else LATTICE_LOSSES[:1]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("duban.access.policy.LATTICE", tuple(one for one in relations.LATTICE if one != pair))
            (killed if noticed(connection, prepared) else survived).append(f"lattice without {pair[0]} in {pair[1]}")
    return killed, survived


def say(capsys, killed, survived, seconds) -> None:
    with capsys.disabled():
        print(f"\naccess mutants: {len(killed)} of {len(killed) + len(survived)} killed in {seconds:.0f} s")


def test_a_sample_of_mutants_is_noticed(connection, prepared, capsys) -> None:
    """Every third, so that a commit stays quick; all of them by night."""
    began = time.monotonic()
    killed, survived = run_mutants(connection, prepared, MUTANTS[::3])
    say(capsys, killed, survived, time.monotonic() - began)
    assert not survived
    assert len(killed) > len(MUTANTS) // 3


def test_a_mutant_whose_text_is_gone_is_refused(monkeypatch) -> None:
    with pytest.raises(AssertionError, match="adapt it"):
        put_in_place(monkeypatch, Mutant("gone", relations, "relation", "no such text", ""))


def test_a_column_that_ignores_punctuation_does_no_harm_for_statements_name_their_collation(connection, prepared) -> None:
    with connection.begin_nested() as attempt:
        try:
            connection.execute(text("CREATE COLLATION pg_temp.shifted (provider = icu, locale = 'und-u-ka-shifted')"))
        except NotSupportedError:
            attempt.rollback()
            pytest.skip("this PostgreSQL is built without ICU; Debian's, which .ci/run uses, has it")
        connection.execute(text("ALTER TABLE agreement_row DROP COLUMN depth"))
        connection.execute(text("ALTER TABLE agreement_row ALTER path TYPE text COLLATE pg_temp.shifted"))
        connection.execute(
            text(
                "ALTER TABLE agreement_row ADD depth int GENERATED ALWAYS AS (length(path) - length(replace(path, '.', ''))) STORED"
            )
        )
        seen = noticed(connection, prepared)
        below = "SELECT 'a.b.' COLLATE {} < 'a/'"  # the upper end of the range below a.
        by_bytes, shifted = (connection.scalar(text(below.format(name))) for name in ('"C"', "pg_temp.shifted"))
        attempt.rollback()
    assert (by_bytes, shifted) == (True, False)  # control: this collation would lose everything below a unit
    assert not seen


@pytest.mark.nightly
def test_every_mutant_is_noticed(connection, capsys) -> None:
    began = time.monotonic()
    prepared = prepare_worlds(connection, NIGHTLY_WORLDS)
    killed, survived = run_mutants(connection, prepared, MUTANTS)
    say(capsys, killed, survived, time.monotonic() - began)
    assert not survived
    assert len(killed) == len(MUTANTS) + len(LATTICE_LOSSES)
