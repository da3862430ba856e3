"""Places in the second line （条） in the play of test_stateful, scripted; each control breaks the code and must be caught by the same checks."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from duban.access import decisions, relations
from duban.organisation import applying, considering
from duban.organisation.operations import units
from duban.organisation.rules.changes import Close, Merge, Move
from duban.tree import changes, lines
from tests.cast import World, build_world
from tests.conftest import NOW
from tests.integration.organisation.paperwork import define, hand_down, write_letters
from tests.integration.organisation.play import Play, line_up


@pytest.fixture
def make_world(engine: Engine, request: pytest.FixtureRequest) -> Callable[[], World]:
    return lambda: build_world(engine, now=NOW, web=request)


def line_script(play: Play) -> None:
    """Everything a mutant could get wrong with places in the second line."""
    units = play.world.units
    line_up(play)
    first, second = play.active("enterprise")
    other = next(key for key in play.active("department") if key != units["D1"])
    for unit in (other, first):
        play.grant(unit)
    play.check()
    play.issue(units["D1"])
    play.issue(units["C"])
    write_letters(play, units["D1"])
    define(play, units["D1"])
    hand_down(play, units["D1"])
    assert {made.kind for made in play.papers.values() if made.line} == {"duty", "letter", "share"}
    play.check()
    play.place(first, other)  # another department from here on; what was asked before stays the first one's
    play.issue(other)
    play.place(second, units["D1"])
    play.check()
    play.place(units["D1"], units["C"])  # the superior moves in the line itself: what hangs on it is further below the county
    play.check()
    play.leave(units["D1"])
    play.leave(second)
    play.leave(units["D1"])
    assert (play.done["leaving refused"], play.done["leave"]) == (1, 2)
    play.check()
    assert play.decide(Move(first, units["T2"])), "in the primary line only"
    play.place(second, units["D1"])
    assert not play.decide(Close(other, units["D1"])), "closed with units below it in the line"
    assert play.decide(Merge((other,), into=units["D1"]))
    play.check()
    mine = next(key for key, made in play.papers.items() if made.line and made.owner == first and made.in_sector == (other,))
    play.submit(mine)
    play.accept(mine)
    assert play.states[mine] == "accepted", "by whoever came after the department that asked"
    play.check()


def _forgets_who_stands_above_in_the_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(units, "refresh_lines", lambda _scope, _units: None)
    patch.setattr(changes, "refresh_lines", lambda _scope, _units: None)


def _forgets_those_further_below_in_the_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lines, "_REFRESH", text(str(lines._REFRESH).replace("above.distance < 32", "false")))


def _rewrites_who_stood_above_in_the_line(patch: pytest.MonkeyPatch) -> None:
    honest = changes.move_in_line

    def rewriting(scope, place, parent, base, *, on):  # type: ignore[no-untyped-def]
        moved = honest(scope, place, parent, base, on=on)
        statement = text("UPDATE duty SET lines = unit.lines FROM unit WHERE duty.tenant_id = :tenant AND unit.tenant_id = :tenant"
                         " AND unit.id = duty.unit_id AND duty.work_line IS NOT NULL")  # fmt: skip
        scope.session.execute(statement, {"tenant": scope.tenant_id})
        return moved

    patch.setattr(units, "move_in_line", rewriting)


def _the_heir_forgets_the_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(applying, "_adopt_in_lines", lambda *_args: None)


def _lets_go_of_a_line_with_units_below(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(units, "places_below", lambda _scope, _unit: [])


def _closes_with_units_below_in_the_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(considering, "places_below", lambda _scope, _unit: [])


def _judges_across_lines(patch: pytest.MonkeyPatch) -> None:
    """What the county asked of a department's enterprise is the department's to review."""
    honest = decisions.relations_of
    near = {relations.LINE_CHILD: relations.CHILD, relations.LINE_DEEP: relations.DEEP}

    def generous(*args: object) -> frozenset[str]:
        return frozenset(near.get(word, word) for word in honest(*args))  # type: ignore[arg-type]

    patch.setattr(decisions, "relations_of", generous)


LINE_MUTANTS = (
    _forgets_who_stands_above_in_the_line,
    _forgets_those_further_below_in_the_line,
    _rewrites_who_stood_above_in_the_line,
    _the_heir_forgets_the_line,
    _lets_go_of_a_line_with_units_below,
    _closes_with_units_below_in_the_line,
    _judges_across_lines,
)


def test_the_script_of_the_second_line_is_clean(make_world: Callable[[], World]) -> None:
    play = Play.begin(make_world())
    line_script(play)
    print(dict(play.done), dict(play.checked))
    assert play.checked["places in the line"] > 10


@pytest.mark.parametrize("mutant", LINE_MUTANTS, ids=lambda mutant: mutant.__name__.strip("_"))
def test_a_broken_second_line_is_caught(
    make_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, mutant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        line_script(Play.begin(make_world()))
