"""
Every check of the program taken away in turn: somebody must notice. Imported by test_matrix.py, which has asked its cells before.

What notices is a cell of the matrix; where none can, a test of the feature (`told_by` in locks.yaml, run with the check taken
away). A check that another one stands behind in every request is found out by taking both away. What is left has a reason.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import yaml

from duban.kernel.settings import ROOT
from tests.conftest import COLLECTED
from tests.matrix.judging import complaints
from tests.matrix.opening import Verdict, judge, locks, passages
from tests.matrix.rows import of_this_part, rows
from tests.matrix.running import Asker

OFTEN = 24
"""Per commit one check in so many, always the same ones; nightly all."""
UNHEARD = frozenset({"silent", "unmet"})


@cache
def named() -> dict[str, dict[str, Any]]:
    """Read locks.yaml: `told_by` a test of a feature; `idle` with the check `behind` it, `why` nothing is lost, a test for `both`."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "locks.yaml").read_text())
    return found


def take_sample(askers: dict[str, Asker]) -> dict[str, Verdict]:
    """Take the sample's checks away, those that a cell of the sample comes by and tells of."""
    unheard = set().union(*named().values())
    chosen = [key for key in locks.all if crc32(key.encode()) % OFTEN == 0 and key not in unheard and passages.by_lock.get(key)]
    return {key: judge(key, askers, passages, complaints, deep=False) for key in chosen}


def take_all(askers: dict[str, Asker]) -> dict[str, Verdict]:
    """Take every check of this part away that no test of a feature is named for."""
    chosen = of_this_part([key for key in locks.all if key not in named()["told_by"]])
    return {key: judge(key, askers, passages, complaints) for key in chosen}


def unheard_of(verdicts: dict[str, Verdict]) -> list[str]:
    """List the checks that can be taken away without anybody noticing, and for which nobody has written why."""
    return [
        f"{key} (line {locks.all[key].line}: {locks.all[key].text}): {verdict.word}"
        for key, verdict in verdicts.items()
        if verdict.word in UNHEARD and key not in named()["idle"]
    ]


def said(verdicts: dict[str, Verdict]) -> str:
    """Put the counts on a line, and the checks another one stands behind on lines of their own."""
    seconds = [
        f"  {key}: {verdict.by} refuses the same requests" for key, verdict in verdicts.items() if verdict.word == "second"
    ]
    return "\n".join([str(dict(Counter(verdict.word for verdict in verdicts.values()))), *seconds])


def counts(verdicts: dict[str, Verdict]) -> str:
    """Say what becomes of every check, each counted once."""
    listed = set().union(*named().values())
    words = Counter(verdict.word for key, verdict in verdicts.items() if key not in listed)
    return (
        f"{len(locks.all)} checks in the program: {words['told']} told by cells and {words['second']} with another one behind, "
        f"{len(named()['told_by'])} told by tests of their features, {len(named()['idle'])} idle, "
        f"{len(unheard_of(verdicts))} that nobody names"
    )


def told_by() -> dict[str, str]:
    """Give the tests named for a check, and for an idle one together with that behind it."""
    both = {f"{key} + {idle['behind']}": idle["both"] for key, idle in named()["idle"].items() if "both" in idle}
    return named()["told_by"] | both


def run_named(folder: Path) -> tuple[dict[str, str], str]:
    """Run the tests named, each with its check taken away; give those that turned red, and the output."""
    asked = folder / "told-by.json"
    asked.write_text(json.dumps(told_by()))
    command = [sys.executable, "-m", "pytest", "-p", "tests.matrix.telling", f"--told-by={asked}", "-q", "-s", "--timeout", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        [*command, *sorted(set(told_by().values()))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = Path(f"{asked}.found")
    return (json.loads(found.read_text()) if found.exists() else {}), done.stdout + done.stderr


@pytest.mark.timeout(1800)
class TestTakingAway:
    """The checks, one at a time."""

    @pytest.fixture(autouse=True)
    def _everybody_has_asked(self, askers: dict[str, Asker], request: pytest.FixtureRequest) -> None:
        """Who comes by which check is known from the sample, asked here if it has not been yet."""
        for row in rows():
            request.module.ask_sample(row, askers)

    def test_some_checks_taken_away_are_told(self, askers: dict[str, Asker]) -> None:
        verdicts = take_sample(askers)
        print(f"\n{len(locks.all)} checks in the program, {len(verdicts)} taken away: {said(verdicts)}")
        assert len(verdicts) >= 5  # noqa: PLR2004 - a handful per commit, all of them nightly
        assert not unheard_of(verdicts), "\n".join(unheard_of(verdicts))

    def test_a_check_that_stops_nobody_of_the_sample_is_named(
        self, askers: dict[str, Asker], request: pytest.FixtureRequest
    ) -> None:
        """Which check is told is found out by night; that nobody can tell of a new one is seen at once."""
        stops_nobody = {key for key in locks.all if not passages.held_by.get(key)}
        assert "identity/unsent.py:find_unsent self 1" in stops_nobody  # the control: without its name it would be found
        verdicts = {key: judge(key, askers, passages, complaints) for key in stops_nobody.difference(*named().values())}
        print(f"\n{len(stops_nobody)} checks stop nobody of the sample, {len(verdicts)} of them not named: {said(verdicts)}")
        assert request.module.EVERY > 1 or not unheard_of(verdicts), "\n".join(unheard_of(verdicts))

    @pytest.mark.nightly
    def test_every_check_taken_away_is_told(self, askers: dict[str, Asker]) -> None:
        began = time.monotonic()
        verdicts = take_all(askers)
        print("\n" + counts(verdicts))
        print(f"{len(verdicts)} taken away from the matrix in {time.monotonic() - began:.0f} s: {said(verdicts)}")
        found = {key: verdicts[key].word for key in named()["idle"] if key in verdicts}
        print(
            f"{len(found)} idle, of which cells tell:", *(key for key, word in found.items() if word not in UNHEARD), sep="\n  "
        )
        assert not unheard_of(verdicts), "\n".join(unheard_of(verdicts))

    def test_a_check_nobody_hears_of_is_listed(self, askers: dict[str, Asker], monkeypatch: pytest.MonkeyPatch) -> None:
        """The control: without the cells that are refused, the check of a duty's readers could go."""
        key = "reporting/queries/duties.py:get_duty leave 1"
        assert not unheard_of({key: judge(key, askers, passages, complaints, deep=False)})
        for found in (passages.first_by, passages.held_by):
            monkeypatch.setitem(found, key, [asked for asked in found[key] if asked[1].expected == "A"])
        assert unheard_of({key: judge(key, askers, passages, complaints, deep=False)})


def test_what_is_named_is_there() -> None:
    """A name in locks.yaml whose check is gone, or is heard of twice, is taken out. There is no place there for what nobody proved."""
    both = [key for part in named().values() for key in part]
    assert set(named()) == {"told_by", "idle"}
    assert sorted(set(both) - set(locks.all)) == []
    assert [key for key, times in Counter(both).items() if times > 1] == []


def test_what_is_idle_names_a_check_that_is_not() -> None:
    idle = named()["idle"]
    assert [key for key, entry in idle.items() if not entry["why"] or set(entry) - {"both"} != {"behind", "why"}] == []
    assert sorted({entry["behind"] for entry in idle.values()} - (set(locks.all) - set(idle))) == []


def lost(named: Iterable[str], collected: Collection[str], arguments: Iterable[str] = ()) -> list[str]:
    """List the tests named that are none, of the files that were collected whole."""
    in_part = {argument.split("::")[0] for argument in arguments if "::" in argument}
    whole = {test.split("::")[0] for test in collected} - in_part
    return sorted({test for test in named if test.split("::")[0] in whole}.difference(collected))


def test_what_is_named_to_tell_is_a_test(pytestconfig: pytest.Config) -> None:
    """One name that pytest does not find, and by night none of them is run."""
    collected = pytestconfig.stash[COLLECTED]
    files = {test.split("::")[0] for test in collected}
    seen = [test for test in told_by().values() if test.split("::")[0] in files]
    print(f"\n{len(seen)} of {len(told_by())} names looked up in what this run collected")
    assert lost(seen, collected, pytestconfig.args) == []


def test_a_name_that_is_none_is_found() -> None:
    """The control."""
    assert lost(["a.py::test[x]", "b.py::test"], {"a.py::test[y]"}) == ["a.py::test[x]"]
    assert lost(["a.py::test[x]"], {"a.py::test[y]"}, ["a.py::test[y]"]) == []


@pytest.mark.nightly
def test_every_test_named_for_a_check_turns_red_without_it(tmp_path: Path) -> None:
    told, output = run_named(tmp_path)
    print(f"\n{len(told)} of {len(told_by())} checks told by tests of their features")
    assert sorted(set(told_by()) - set(told)) == [], output[-3000:]
