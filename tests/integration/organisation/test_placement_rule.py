"""
A unit that is open stands somewhere: without a primary place nobody would be reminded for it. The database says so, at commit.

Each way to break it is refused by name; with the rule asleep the very same way goes through (the control).
"""

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from sqlalchemy import create_engine, text, update
from sqlalchemy.exc import IntegrityError

from duban.access.checks import holders
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.organisation.operations.reorganising import decide
from duban.organisation.rules.changes import Close, Merge, Move
from duban.tree.models import Placement, Unit
from tests.cast import World


def _unit_alone(world: World, scope: Scope) -> None:
    scope.add(
        Unit(
            id=new_id(), code="LONE", name="孤村", short_name="孤村", level="village", search="", path=f"{world.paths['T1']}1y.",
            parent_id=world.units["T1"], children_made=0, position=9, active_from=date(2020, 1, 1), sector="",
        )
    )  # fmt: skip


def _place_elsewhere(world: World, scope: Scope) -> None:
    """A place, but not the one the unit's own path names."""
    _unit_alone(world, scope)
    scope.session.flush()
    unit = scope.session.query(Unit).filter_by(tenant_id=scope.tenant_id, code="LONE").one()
    scope.add(
        Placement(unit_id=unit.id, line="territorial", parent_id=unit.parent_id, path=f"{world.paths['T2']}1y.", is_primary=True,
                  active_from=date(2020, 1, 1))
    )  # fmt: skip


def _second_line_only(world: World, scope: Scope) -> None:
    _unit_alone(world, scope)
    scope.session.flush()
    unit = scope.session.query(Unit).filter_by(tenant_id=scope.tenant_id, code="LONE").one()
    scope.add(
        Placement(unit_id=unit.id, line="sector", parent_id=world.units["D1"], path=unit.path, is_primary=False,
                  active_from=date(2020, 1, 1))
    )  # fmt: skip


def _place_ended(world: World, scope: Scope) -> None:
    here = Placement.tenant_id == scope.tenant_id, Placement.unit_id == world.units["V11"]
    scope.session.execute(update(Placement).where(*here).values(active_to=date(2026, 1, 1)))


def _place_no_longer_primary(world: World, scope: Scope) -> None:
    here = Placement.tenant_id == scope.tenant_id, Placement.unit_id == world.units["V11"]
    scope.session.execute(update(Placement).where(*here).values(is_primary=False))


def _place_moved_alone(world: World, scope: Scope) -> None:
    here = Placement.tenant_id == scope.tenant_id, Placement.unit_id == world.units["V11"]
    scope.session.execute(update(Placement).where(*here).values(path=f"{world.paths['T2']}1y."))


def _unit_moved_alone(world: World, scope: Scope) -> None:
    here = Unit.tenant_id == scope.tenant_id, Unit.id == world.units["V11"]
    scope.session.execute(update(Unit).where(*here).values(path=f"{world.paths['T2']}1y."))


def _opened_again_alone(world: World, scope: Scope) -> None:
    decide(scope, change=Close(world.units["V21"]), basis="依据", effective_on=scope.today)
    scope.session.flush()
    here = Unit.tenant_id == scope.tenant_id, Unit.id == world.units["V21"]
    scope.session.execute(update(Unit).where(*here).values(active_to=None))


WAYS = (
    _unit_alone, _place_elsewhere, _second_line_only, _place_ended, _place_no_longer_primary, _place_moved_alone,
    _unit_moved_alone, _opened_again_alone,
)  # fmt: skip


def _rule(owner_url: str, how: str) -> None:
    owner = create_engine(owner_url)
    with owner.begin() as connection:
        for table in ("unit", "placement"):
            connection.execute(text(f"ALTER TABLE {table} {how} TRIGGER unit_stands"))
    owner.dispose()


@pytest.fixture
def _asleep(owner_url: str) -> Iterator[None]:
    """The rule taken away, as only the owner of the tables can, and put back."""
    _rule(owner_url, "DISABLE")
    yield
    _rule(owner_url, "ENABLE")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_no_way_leaves_an_open_unit_nowhere(world: World, way: Callable[[World, Scope], None]) -> None:
    with pytest.raises(IntegrityError, match="stands nowhere"), world.as_("adam") as scope:
        way(world, scope)


@pytest.mark.usefixtures("_asleep")
def test_without_the_rule_each_way_goes_through_and_nobody_is_reminded(world: World) -> None:
    with world.as_("adam") as scope:
        assert holders(scope, "submission", "write", world.paths["V11"]) == [world.people["vera"]]
    for way in (_place_moved_alone, _unit_alone, _opened_again_alone):
        with world.as_("adam") as scope:
            way(world, scope)
    with world.as_("adam") as scope:
        assert holders(scope, "submission", "write", world.paths["V11"]) == []


def test_what_people_do_is_never_refused(world: World) -> None:
    """Negative control: moving, merging and closing end places all the time."""
    units = world.units
    for change in (Move(units["V11"], units["T2"]), Merge((units["V12"],), into=units["V11"]), Close(units["V21"])):
        with world.as_("adam") as scope:
            decide(scope, change=change, basis="依据", effective_on=scope.today)
    with world.as_system() as scope:
        open_units = scope.session.query(Unit).filter(Unit.tenant_id == scope.tenant_id, Unit.active_to.is_(None)).count()
        open_places = scope.session.query(Placement).filter(
            Placement.tenant_id == scope.tenant_id, Placement.active_to.is_(None), Placement.is_primary
        )
        print(f"{open_units} open units, {open_places.count()} open primary places")
        assert open_units == open_places.count() == 5
