"""What a kind's reporting calendar would ask of whom and when, without a database: `duban replay … --csv`."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from duban.calendar.due_dates import occurrences
from duban.calendar.working_days import WorkingCalendar
from duban.tenancy.kinds import Kind

COLUMNS = ("requirement", "period", "unit", "due_on")


@dataclass(frozen=True)
class DemoUnit:
    """A unit of a kind's demo folder."""

    code: str
    name: str
    level: str
    parent_code: str
    short_name: str = ""
    sector: str = ""


@dataclass(frozen=True)
class CalendarRow:
    """One thing one unit has to hand in. `period` is the period's code: 2011-Q2, once."""

    requirement: str
    period: str
    unit: str
    due_on: date


def demo_units(kind: Kind, file: str = "units.csv") -> Sequence[DemoUnit]:
    """Read the units of a kind's demo folder, in the order of the file."""
    text = (kind.folder / "demo" / file).read_text(encoding="utf-8-sig")
    return [DemoUnit(**{name: value or "" for name, value in row.items()}) for row in csv.DictReader(io.StringIO(text))]


def calendar_rows(kind: Kind, units: Sequence[DemoUnit], *, year: int) -> Iterator[CalendarRow]:
    """
    Go through everything the kind's requirements ask for in a year, by requirement, period and unit.

    Raises: UnknownYearError where a rule counts working days of a year no calendar is known for.
    """
    working_days = WorkingCalendar()
    for template in kind.requirements:
        found = occurrences(template.due_in(year), template.campaign_in(year), working_days)
        for occurrence in found:
            for unit in units:
                if unit.level in template.owed_by:
                    yield CalendarRow(template.code, occurrence.period.code, unit.name, occurrence.due_on)


def as_csv(rows: Iterator[CalendarRow]) -> str:
    """Write rows as CSV with a heading, lines ended by a plain newline."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((row.requirement, row.period, row.unit, row.due_on.isoformat()) for row in rows)
    return out.getvalue()
