"""Every door asked by every role from every position, in every kind of tenant: what it answers is what is written."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from zlib import crc32

import pytest
from flask import Flask

from duban.access import checks
from duban.notifications.operations import read_all_notices
from duban.web.requests import work
from tests.matrix.judging import complaints, leaks
from tests.matrix.opening import locks, passages
from tests.matrix.rows import ALLOW, ANONYMOUS, CANNOT, HIDE, PART, Cell, Row, cells_of, of_this_part, rows
from tests.matrix.running import BEARER, COOKIE, TOKEN, Asker, Outcome
from tests.matrix.swapping import TestSwapping, TestSwappingControls
from tests.matrix.taking import (
    TestTakingAway,
    test_a_name_that_is_none_is_found,
    test_every_test_named_for_a_check_turns_red_without_it,
    test_what_is_idle_names_a_check_that_is_not,
    test_what_is_named_is_there,
    test_what_is_named_to_tell_is_a_test,
)
from tests.matrix.unchanged import TestUnchanged

__all__ = [  # found here by pytest: the worlds are made once for all of them
    "TestSwapping",
    "TestSwappingControls",
    "TestTakingAway",
    "TestUnchanged",
    "test_a_name_that_is_none_is_found",
    "test_every_test_named_for_a_check_turns_red_without_it",
    "test_what_is_idle_names_a_check_that_is_not",
    "test_what_is_named_is_there",
    "test_what_is_named_to_tell_is_a_test",
]

EVERY = int(os.environ.get("MATRIX_EVERY", "1"))
SHARES = {"county": 8 * EVERY, "expressway": 40 * EVERY, "street": 40 * EVERY}
"""Per commit one cell in so many, always the same ones; all of them, both ways in, nightly. MATRIX_EVERY=10 asks ten times fewer."""
counted: Counter[str] = Counter()
sampled: dict[str, list[str]] = {}
"""What was wrong with each row of the sample asked so far."""


def ways(cell: Cell, kind: str, *, whole: bool) -> tuple[str, ...]:
    """Choose how the person of a cell is known: one way in for the sample, both for the whole."""
    number = crc32(f"{kind} {cell}".encode())
    open_to = (BEARER, COOKIE, TOKEN) if cell.row.is_api and cell.row.by_token else (BEARER, COOKIE)
    if whole:
        return open_to
    return (open_to[number // SHARES[kind] % len(open_to)],) if number % SHARES[kind] == 0 else ()


def ask_row(row: Row, askers: dict[str, Asker], *, whole: bool) -> list[str]:
    """Ask a row's cells in every kind of tenant; give what is wrong."""
    wrong: list[str] = []
    for kind, asker in askers.items():
        if kind not in row.kinds:
            continue
        for cell in cells_of(row, asker.stage.own, asker.stage.foreign):
            if cell.expected == CANNOT:
                wrong.append(f"{kind}: {cell.row.rule} says nothing of {cell.who} {cell.position} {cell.place}")
                continue
            for auth in ways(cell, kind, whole=whole):
                outcome = asker.ask(cell, auth=auth)
                passages.note(kind, cell, auth)
                counted["cells"] += 1
                counted[f"by {auth}"] += 1
                counted[f"answered {outcome.answer}"] += 1
                counted["changes stopped at the commit"] += outcome.reached is not None
                wrong += [f"{kind}, {auth}: {problem}" for problem in complaints(cell, outcome, asker.stage)]
    return wrong


def ask_sample(row: Row, askers: dict[str, Asker]) -> list[str]:
    """Ask the sample of a row, once in a run: the checks to take away are found by it, too."""
    if row.id not in sampled:
        sampled[row.id] = ask_row(row, askers, whole=False)
    return sampled[row.id]


def said(wrong: list[str]) -> str:
    """Put what is wrong on lines, the first of it."""
    return "\n" + "\n".join(wrong[:40]) + f"\n{len(wrong)} wrong"


@pytest.fixture(scope="module", autouse=True)
def _locks_are_hung_in(app: Flask) -> Iterator[None]:
    """Every check of the program can be opened by a test of this module; see locks.py. Says at the end how much was asked."""
    locks.install()
    began = time.monotonic()
    yield
    locks.remove()
    print(f"\nmatrix: part {PART}, {time.monotonic() - began:.0f} s,", dict(sorted(counted.items())))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_row(row: Row, askers: dict[str, Asker]) -> None:
    wrong = ask_sample(row, askers)
    assert not wrong, said(wrong)


@pytest.mark.nightly
@pytest.mark.parametrize("row", of_this_part(rows()), ids=lambda row: row.id)
def test_row_whole(row: Row, askers: dict[str, Asker]) -> None:
    wrong = ask_row(row, askers, whole=True)
    assert not wrong, said(wrong)


class TestControls:
    """The matrix goes red when a door answers otherwise."""

    def test_a_wrong_expectation_is_told(self, askers: dict[str, Asker]) -> None:
        row = next(row for row in rows() if row.door == "reporting.show_duty")
        for who, wanted in (("village.clerk@V12", ALLOW), ("village.clerk@V11", HIDE), (ANONYMOUS, HIDE)):
            cell = Cell(row, "V11", who, "?", wanted)
            assert list(complaints(cell, askers["county"].ask(cell, auth=COOKIE), askers["county"].stage)), who

    def test_a_check_taken_away_is_told(self, askers: dict[str, Asker], monkeypatch: pytest.MonkeyPatch) -> None:
        row = next(row for row in rows() if row.door == "api-requirements.get_duty")
        monkeypatch.setattr(checks, "require", lambda *_: None)
        assert ask_row(row, {"county": askers["county"]}, whole=False)

    def test_a_title_out_of_place_is_told(self, askers: dict[str, Asker]) -> None:
        row = next(row for row in rows() if row.door == "reporting.list_open")
        stage = askers["county"].stage
        cell = Cell(row, None, "village.clerk@V11", "here", ALLOW)
        for body in (stage.foreign.title("unit", "C"), stage.own.title("subfile", "V12"), stage.own.title("reqdraft", "T1")):
            assert list(leaks(cell, Outcome(ALLOW, 200, body, {}), stage)), body
        assert not list(leaks(cell, Outcome(ALLOW, 200, stage.own.title("subfile", "V11"), {}), stage))

    def test_a_change_without_audit_is_told(self, askers: dict[str, Asker], monkeypatch: pytest.MonkeyPatch) -> None:
        row = next(row for row in rows() if row.door == "api-requirements.accept")
        monkeypatch.setattr("duban.reporting.operations.reviews.record", lambda *_, **__: None)
        wrong = ask_row(row, {"county": askers["county"]}, whole=True)
        assert wrong and all("without an audit row" in one for one in wrong)

    def test_a_reading_that_writes_is_told(self, askers: dict[str, Asker], monkeypatch: pytest.MonkeyPatch) -> None:
        row = next(row for row in rows() if row.door == "identity.change_password" and row.method == "GET")

        def marks_read() -> str:
            with work() as scope:
                read_all_notices(scope)
            return ""

        monkeypatch.setitem(askers["county"].app.view_functions, row.door, marks_read)
        assert any("a reading writes" in one for one in ask_row(row, {"county": askers["county"]}, whole=True))
