"""A department's work down its line, as `line_checks` has it; and that each check notices when the code stops doing it."""

import time
from collections.abc import Callable

import pytest

from duban.access import checks as access_checks
from duban.dashboards import queries as dashboards
from duban.letters import queries as letter_queries
from duban.letters.operations import writing
from duban.targets import counting, telling
from duban.targets import queries as target_queries
from duban.targets.operations import handing_down, recording, splitting
from duban.tree import line_units
from tests.cast import World, build_world
from tests.conftest import NOW
from tests.integration.access.line_checks import (
    CHECKS,
    check_counting,
    check_deep_tallies,
    check_letter_refusals,
    check_letters,
    check_tallies,
    check_target_refusals,
    check_targets,
    hand_to_line,
)
from tests.integration.access.lined import ask, line_up
from tests.integration.access.test_mutants import Mutant, put_in_place
from tests.integration.letters.cast_letters import issue_all
from tests.integration.targets.cast_targets import YEAR

Check = Callable[[World], None]


@pytest.mark.parametrize("check", CHECKS)
def test_down_the_line(lined: World, check: Check) -> None:
    check(lined)


def test_pages(lined: World) -> None:
    """What the department's officer and its enterprises click through."""
    hand_to_line(lined)
    ids = issue_all(lined, who="dan", at="D1")
    ask(lined, "dan", "D1")
    browser, other, unit = lined.client("dan"), lined.client("dora"), lined.units["D1"]
    grid = f"/targets/grid?unit={unit}&year={YEAR}"
    for address in ("/overview", "/matrix", "/", grid, f"/letters/?year={YEAR}"):
        page = browser.get(address).text
        assert ("企业E1" in page, "企业E2" in page, "企业E3" in page) == (True, True, False), address
    assert ('name="then"' in browser.get(grid).text, 'name="then"' in other.get(grid).text) == (True, False)
    assert "行业（条）" in browser.get(f"/letters/?year={YEAR}").text
    assert "行业（条）" in lined.client("ellen").get(f"/targets/?year={YEAR}").text
    actuals = f"/targets/actuals?unit={lined.units['E1']}&year={YEAR}&month={YEAR}-02"
    assert ('name="value-' in browser.get(actuals).text, 'name="value-' in lined.client("tom").get(actuals).text) == (True, False)
    codes = {who: lined.client(who).get(f"/letters/{ids['E1']}").status_code for who in ("dan", "ellen", "cora", "tina", "elsa")}
    assert codes == {"dan": 200, "ellen": 200, "cora": 200, "tina": 404, "elsa": 404}
    standing = browser.get(f"/units/{lined.units['E1']}/supervision")
    assert (standing.status_code, "自查" in standing.text) == (200, True)
    own = browser.get(f"/units/{unit}/supervision?lang=en").text
    assert ("Letters unsigned (below)" in own, "0 signed of 2 owed" in own) == (True, True)


MUTANTS: tuple[tuple[Mutant, Check], ...] = (
    (Mutant("a share forgets its line of work", splitting, "_new_share", "work_line=line_of_work(grid.unit, unit, grid.line)", "work_line=None"), check_targets),
    (Mutant("every child works in the line its level names", line_units, "line_of_work", "None if unit.parent_id == superior.id else line", "line"), check_counting),
    (Mutant("nobody asks which line the splitter holds", splitting, "save_grid", "grid.work_lines({one.id for one in grid.units}) or {None}", "()"), check_target_refusals),
    (Mutant("nobody asks which line the issuer holds", handing_down, "issue_allocations", "{share.work_line for share in due}", "()"), check_target_refusals),
    (Mutant("the grid leaves out the line's units", target_queries, "lines_below", "units_in_lines(scope, unit).items()", "()"), check_targets),
    (Mutant("any superior of the primary line is told", telling, "tell_accepted", "if share.work_line is not None", "if False"), check_targets),
    (Mutant("a record forgets its line", recording, "_write", "work_line=share.work_line,", ""), check_counting),
    (Mutant("only what stands below the path is counted", counting, "hands_down_in_lines", "unit.parent_id is not None and bool(second_lines_under(scope, unit))", "False"), check_counting),
    (Mutant("any role that allows it holds every line", access_checks, "require_in_lines", "if not lines_of(scope, obj, act, placed) >= set(lines):", "if False:"), check_target_refusals),
    (Mutant("letters to all lines by whoever issues", writing, "_units_below", " if line in lines]", "]"), check_letter_refusals),
    (Mutant("letters to the primary line only", writing, "_units_below", "units_in_lines(scope, upper).items()", "()"), check_letters),
    (Mutant("a letter takes every line's targets", writing, "_write", " and share.work_line == pair.line", ""), check_letters),
    (Mutant("a letter forgets its line", writing, "_write", "work_line=pair.line,", ""), check_letters),
    (Mutant("whoever may issue may issue in every line", writing, "issue_letters", "{letter.work_line for letter in letters}", "()"), check_letter_refusals),
    (Mutant("whoever may issue may withdraw in every line", writing, "withdraw_letter", "at, {letter.work_line}", "at, ()"), check_letter_refusals),
    (Mutant("letters of the line are not owed", letter_queries, "list_owed", "for one in below if line_of_work(unit, one, line)", "for one in below if False"), check_letters),
    (Mutant("a department's unsigned letters count for nothing", letter_queries, "list_owed_in_lines", "units_in_lines_of(scope, uppers)", "()"), check_letters),
    (Mutant("how a unit stands leaves out its lines", letter_queries, "owed_by", "units_in_lines_of(scope, [upper])", "()"), check_letters),
    (Mutant("the table shows the primary line only", dashboards, "_directly_below", "or_(*second, Unit.parent_id == unit.id) if None in lines or not second else or_(*second)", "Unit.parent_id == unit.id"), check_tallies),
    (Mutant("the table shows every line to everybody", dashboards, "watched_lines", "known & at_home if at_home else known", "known"), check_tallies),
    (Mutant("the overview counts the primary line only", dashboards, "parts_below", 'if lines and may(scope, "duty", "read", unit):', "if False:"), check_tallies),
    (Mutant("what stands in both lines is counted twice", dashboards, "parts_below", "[*counted, Duty.path == unit.path]", "[Duty.path == unit.path]"), check_deep_tallies),
    (Mutant("further down is a branch of its own", dashboards, "_part_in_lines", "is_near = Duty.lines.overlap(near)", "is_near = Duty.lines.overlap([*near, *far])"), check_deep_tallies),
    (Mutant("the branch is the superior itself", dashboards, "_part_in_lines", "Duty.lines[above - 1]", "Duty.lines[above]"), check_deep_tallies),
)  # fmt: skip


@pytest.mark.nightly
def test_every_mutant_of_the_line_is_noticed(engine, request: pytest.FixtureRequest, capsys) -> None:
    began, killed, survived = time.monotonic(), [], []
    for mutant, check in MUTANTS:
        world = line_up(build_world(engine, now=NOW, web=request))
        with pytest.MonkeyPatch.context() as patch:
            put_in_place(patch, mutant)
            try:
                check(world)
            except (Exception, pytest.fail.Exception):  # the second: pytest's own "did not raise"
                killed.append(mutant.name)
            else:
                survived.append(mutant.name)
    with capsys.disabled():
        print(f"\nline mutants: {len(killed)} of {len(MUTANTS)} killed in {time.monotonic() - began:.0f} s")
    assert not survived
