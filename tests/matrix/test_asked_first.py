"""Operations that no door of the matrix leads to with the wrong person: each asks by itself, whoever calls it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import select

from duban.access.models import RoleGrant
from duban.auditing.queries import Wanted, stream_records
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.organisation.operations.bulk import check_copy
from duban.organisation.operations.importing import import_units
from duban.organisation.operations.people import fill_search
from duban.organisation.operations.people_import import import_people
from duban.organisation.operations.reorganising import carry_out_planned, decide
from duban.organisation.rules.changes import Move, Rename
from duban.reporting.operations.deadlines import issue_waiting_periods, sweep_missing
from duban.reporting.operations.reminders import climb_ladders, plan_reminders
from duban.targets.operations.adopting import adopt_indicators
from tests.cast import World

UNITS_FILE = "code,name,level,parent\nX1,新村,village,T1\n".encode()
PEOPLE_FILE = "姓名,单位代码,角色\n张三,V11,village.clerk\n".encode()

ASKED: dict[str, tuple[str, Callable[[Scope, World], object]]] = {
    "importing units": ("vera", lambda scope, _: import_units(scope, data=UNITS_FILE)),
    "importing people": ("vera", lambda scope, _: import_people(scope, data=PEOPLE_FILE)),
    "copying units": ("cora", lambda scope, _: check_copy(scope, rows=())),
    "reading the record": ("cora", lambda scope, _: list(stream_records(scope, Wanted()))),
    "adopting indicators": (
        "vera",
        lambda scope, world: adopt_indicators(scope, owner_id=world.units["V11"], year=2026, limits={}),
    ),
    "filling in what people are found by": ("adam", lambda scope, _: fill_search(scope)),
    "carrying out planned changes": ("adam", lambda scope, _: carry_out_planned(scope)),
    "marking what is missing": ("cora", lambda scope, _: sweep_missing(scope)),
    "issuing what waited": ("cora", lambda scope, _: issue_waiting_periods(scope)),
    "planning reminders": ("cora", lambda scope, _: plan_reminders(scope)),
    "climbing ladders": ("cora", lambda scope, _: climb_ladders(scope)),
    "deciding a change": (
        "tom",
        lambda scope, world: decide(scope, change=Rename(world.units["V11"], "新名村", "新名村"), basis="某号文"),
    ),
}


@contextmanager
def refused() -> Iterator[None]:
    """Hold that it is refused as not theirs, for whatever reason is given."""
    with pytest.raises((NotAllowedError, NotFoundError, PermissionError)):
        yield


@pytest.mark.parametrize("act", list(ASKED))
def test_refuses_whoever_may_not(world: World, act: str) -> None:
    who, attempt = ASKED[act]
    with refused(), world.as_(who) as scope:
        attempt(scope, world)


def test_taking_a_unit_away_needs_leave_where_it_is_taken_from(world: World) -> None:
    """Somebody who manages a village and the township it would go to, but not the one that loses it."""
    with world.as_system() as scope:
        for place in ("V11", "T2"):
            scope.add(
                RoleGrant(
                    id=new_id(), person_id=world.people["adam"], role="county.admin", unit_id=world.units[place], line="territorial",
                    active_from=date(2000, 1, 1),
                )
            )  # fmt: skip
        for grant in scope.session.scalars(
            select(RoleGrant).where(
                RoleGrant.tenant_id == scope.tenant_id,
                RoleGrant.person_id == world.people["adam"],
                RoleGrant.unit_id == world.units["C"],
            )
        ):
            grant.active_to = scope.today
    with refused(), world.as_("adam") as scope:
        decide(scope, change=Move(world.units["V11"], world.units["T2"]), basis="某号文")
