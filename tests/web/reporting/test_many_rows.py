"""Hundreds of units in one workbook: nothing lost, none doubled, in a time a person waits."""

import time
from datetime import date

import pytest
from openpyxl import Workbook

from duban.access.models import RoleGrant
from duban.kernel.ids import new_id
from duban.tree.models import Placement, Unit
from duban.tree.paths import label
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.web.reporting.test_workbooks import FIELDS, downloaded, edited, put, sent, submissions

UNITS = 400


@pytest.mark.nightly
def test_four_hundred_units_in_one_file(world: World) -> None:
    with world.as_system() as scope:
        for number in range(UNITS):
            path = f"{world.paths['T1']}{label(number + 100)}."
            unit = Unit(
                id=new_id(), code=f"N{number}", name=f"第{number}村", short_name=f"第{number}村", level="village", path=path,
                parent_id=world.units["T1"], position=number, active_from=date(2000, 1, 1),
            )  # fmt: skip
            scope.add(unit)
            scope.session.flush()
            scope.add(Placement(id=new_id(), unit_id=unit.id, line="territorial", parent_id=world.units["T1"], path=path, is_primary=True, active_from=date(2000, 1, 1)))  # fmt: skip
            scope.add(RoleGrant(person_id=world.people["vera"], role="village.clerk", unit_id=unit.id, line="territorial", active_from=date(2000, 1, 1)))  # fmt: skip
    duty_id = given.duty_id(world, given.issued(world, fields=FIELDS), "V11")

    def fill(book: Workbook) -> None:
        for row in range(5, 5 + UNITS):
            put(book, row, done=f"第{row}行", checks=row if row % 10 else "很多", hazards=">3", money="1,000元", how="走访")

    took, started = {}, time.monotonic()

    def lap(name: str) -> None:
        nonlocal started
        took[name] = round(time.monotonic() - started, 1)
        started = time.monotonic()

    template = downloaded(world, duty_id)
    lap("download")
    data = edited(template, fill)
    started = time.monotonic()
    assert "有错误" in sent(world, duty_id, data).text
    lap("check")
    presses = 1
    while "请继续" in sent(world, duty_id, data, "submit").text:
        presses += 1
        assert presses < 20
    lap("hand in")
    handed_in = submissions(world)
    print(f"{UNITS} units, {len(data) // 1024} KB: seconds {took}, {presses} presses, {len(handed_in)} handed in")
    assert len(handed_in) == len({one.duty_id for one in handed_in}) == UNITS - UNITS // 10
    sent(world, duty_id, data, "submit")
    assert len(submissions(world)) == len(handed_in)
    assert took["download"] < 20
    assert took["check"] < 20
