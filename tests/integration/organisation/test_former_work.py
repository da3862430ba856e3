"""
After a move a unit's own pages show what it began where it stood before: duties, targets, letters, the counts of its overview.

Its new superior sees none of that, its old one nothing that came after.
"""

from uuid import UUID

import pytest

from duban.access.places import places_of
from duban.dashboards import benches, overview, standing
from duban.kernel.ids import UnitId
from duban.organisation.operations.reorganising import decide
from duban.organisation.rules.changes import Merge, Move
from duban.targets import queries as targets
from duban.targets.errors import GridRefusedError
from duban.tree.changes import hold_tree, move_subtree
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.letters.cast_letters import issue_all, sign
from tests.integration.organisation.duties import issue_to_villages
from tests.integration.targets.cast_targets import YEAR, accept, define, hand_down, issue, split


@pytest.fixture
def begun(world: World) -> World:
    """T1 has handed down targets, asked a duty and had a letter signed by V11."""
    hand_down(world)
    split(world, {"deaths": {"V11": "2", "V12": "1"}}, who="tom", at="T1")
    issue(world, who="tom", at="T1")
    accept(world, "vlad", "V11")
    letters = issue_all(world, who="tom", at="T1")
    sign(world, "vlad", letters["V11"])
    issue_to_villages(world)
    return world


def move(world: World, unit: str, parent: str) -> None:
    with world.as_("adam") as scope:
        assert decide(scope, change=Move(world.units[unit], world.units[parent]), basis="依据", effective_on=scope.today)


def shown(world: World, who: str, unit: str) -> tuple[int, int, int]:
    """How many duties, targets and letters somebody finds on a unit's page."""
    with world.as_(who) as scope:
        page = standing.build(scope, get_unit(scope, world.units[unit]))
        return len(page.duties), len(page.tallies), len(page.letters)


def test_a_moved_unit_keeps_its_work_before_its_eyes(begun: World) -> None:
    assert shown(begun, "vera", "V11") == (1, 1, 1)
    move(begun, "V11", "T2")

    assert shown(begun, "vera", "V11") == (1, 1, 1)
    assert shown(begun, "cora", "V11") == (1, 1, 1)
    assert shown(begun, "tina", "V11") == (0, 0, 0), "the new superior begins on the day of the move"
    with begun.as_("vera") as scope:
        assert len(benches.clerk(scope, after=None).duties.items) == 1
    with begun.as_("vlad") as scope:
        assert [letter.lower_id for letter in benches.clerk(scope, after=None).letters] == []
    page = begun.client("vlad").get("/targets/").get_data(as_text=True)
    assert "死亡人数" in page
    assert "东一村" in begun.client("vlad").get("/letters/").get_data(as_text=True)


def test_an_assessment_finds_the_targets_of_a_moved_unit(begun: World) -> None:
    move(begun, "V11", "T2")
    unit = UnitId(begun.units["V11"])
    with begun.as_system() as scope:
        assert [one.indicator_code for one in targets.standing(scope, unit_ids=[unit], year=YEAR)[unit]] == ["deaths"]


def test_a_moved_unit_is_held_to_the_number_it_was_told(begun: World) -> None:
    """Found by the play of reorganisations: the new superior's grid broke on the unit's share of the same indicator."""
    accept(begun, "tina", "T2")
    move(begun, "V11", "T2")
    with pytest.raises(GridRefusedError) as refusal:
        split(begun, {"deaths": {"V11": "1", "V21": "1"}}, who="tina", at="T2")
    [text] = [str(text) for texts in refusal.value.fields.values() for text in texts]
    assert "东一村" in text
    assert "原上级" in text
    split(begun, {"deaths": {"V21": "1"}}, who="tina", at="T2")
    split(begun, {"deaths": {"V11": None, "V21": "2"}}, who="tina", at="T2")


def test_an_heir_finds_the_letters_of_the_unit_it_took_over(begun: World) -> None:
    with begun.as_("adam") as scope:
        decide(scope, change=Merge((begun.units["V11"],), into=begun.units["V12"]), basis="依据", effective_on=scope.today)
    assert shown(begun, "vic", "V12")[2] == 2


def test_an_overview_counts_what_was_asked_where_the_unit_stood(begun: World) -> None:
    """Townships only stand below the county here, so the move is made in the tree itself."""

    def count() -> tuple[int, dict[UUID, int]]:
        with begun.as_("tess") as scope:
            page = overview.build(scope, get_unit(scope, begun.units["T1"]))
            return page.overview.total.pending, {row.unit.id: row.sums.pending for row in page.rows}

    before = count()
    assert before == (2, {begun.units["V11"]: 1, begun.units["V12"]: 1})
    with begun.as_system() as scope:
        hold_tree(scope)
        moved = move_subtree(scope, get_unit(scope, begun.units["T1"]), get_unit(scope, begun.units["T2"]), on=scope.today)
        assert moved.units == 3
    assert count() == before


def test_only_the_present_path_would_lose_it(begun: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what the pages did before."""
    move(begun, "V11", "T2")
    for module in ("duban.targets.counting", "duban.letters.queries"):
        monkeypatch.setattr(f"{module}.places_of", lambda _scope, unit, _obj, **_more: [unit.path])
    assert shown(begun, "vera", "V11") == (1, 0, 0)


def test_places_are_the_readers(begun: World) -> None:
    define(begun, "own", "1", who="tom", at="T1")
    before = begun.paths["V11"]
    move(begun, "V11", "T2")
    found = {}
    for who in ("vera", "cora", "tina", "tom", "vic"):
        with begun.as_(who) as scope:
            unit = get_unit(scope, begun.units["V11"])
            found[who] = [path == before for path in places_of(scope, unit, "duty")]
    print(found)
    assert found == {"vera": [False, True], "cora": [False, True], "tina": [False], "tom": [True], "vic": []}
