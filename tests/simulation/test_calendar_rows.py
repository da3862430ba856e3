"""`duban replay street --year 2011 --csv` is Example B: 80 rows."""

import csv
import io
from collections import Counter

from duban.kernel.settings import ROOT
from duban.simulation.calendar_rows import as_csv, calendar_rows, demo_units
from duban.tenancy.kinds import load_all

KINDS = load_all(ROOT / "tenants")
EXAMPLE_B = {
    ("plan", "once", "2011-05-20"),
    ("quarterly_summary", "2011-Q2", "2011-06-28"),
    ("quarterly_summary", "2011-Q3", "2011-09-28"),
    ("quarterly_summary", "2011-Q4", "2011-12-29"),
    ("annual_summary", "once", "2012-01-06"),
}


def test_the_street_of_2011_owes_the_eighty_things_of_example_b() -> None:
    kind = KINDS["street"]
    text = as_csv(calendar_rows(kind, demo_units(kind), year=2011))
    rows = list(csv.DictReader(io.StringIO(text)))

    assert text.splitlines()[0] == "requirement,period,unit,due_on"
    assert len(rows) == 80
    assert {(row["requirement"], row["period"], row["due_on"]) for row in rows} == EXAMPLE_B
    assert set(Counter(row["unit"] for row in rows).values()) == {5}
    assert len({tuple(row.values()) for row in rows}) == 80


def test_every_kind_has_a_demo_that_fits_it() -> None:
    for kind in KINDS.values():
        units = [*demo_units(kind), *(demo_units(kind, "others.csv") if kind.code == "county" else [])]
        levels = {unit.code: unit.level for unit in units}
        assert len(levels) == len(units)
        for unit in units:
            if unit.parent_code:
                assert kind.may_stand_under(unit.level, levels[unit.parent_code], line=kind.primary_line.code), unit
        assert list(calendar_rows(kind, units, year=2026))


def test_the_county_has_its_177_units() -> None:
    assert Counter(unit.level for unit in demo_units(KINDS["county"])) == {"county": 1, "township": 16, "village": 160}
