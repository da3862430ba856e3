"""Where a programme's stages lie on a line of months, for drawing. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from duban.calendar.periods import last_day_of_month
from duban.programmes.models import Stage

WIDTH = 1000
LEAD_DAYS = 20
"""How far to the left a stage without a beginning is drawn, fading in."""
MOST_MONTHS = 48


@dataclass(frozen=True)
class Bar:
    """A stage on the line. Units: `x` and `width` in thousandths of the line; `row` from 0; open bars say only until when."""

    stage: Stage
    row: int
    x: int
    width: int
    is_open: bool
    is_now: bool


@dataclass(frozen=True)
class Month:
    """A month on the line; `year` is set at the first month shown and at each January."""

    x: int
    first: date
    year: int | None


@dataclass(frozen=True)
class Line:
    """The whole drawing; `today` is None when it lies outside. No bars where no stage has a day."""

    bars: Sequence[Bar]
    months: Sequence[Month]
    today: int | None


def line_of(stages: Sequence[Stage], today: date) -> Line:
    """Place the stages that have an end on a line of whole months."""
    dated = [stage for stage in stages if stage.end_on is not None]
    if not dated:
        return Line(bars=[], months=[], today=None)
    first = min(_begin(stage) for stage in dated).replace(day=1)
    last_end = max(stage.end_on for stage in dated if stage.end_on)
    end = last_day_of_month(last_end.year, last_end.month) + timedelta(days=1)
    if (end - first).days > MOST_MONTHS * 31:
        return Line(bars=[], months=[], today=None)

    def place(day: date) -> int:
        return (day - first).days * WIDTH // (end - first).days

    bars = []
    for row, stage in enumerate(dated):
        begin, until = _begin(stage), (stage.end_on or first) + timedelta(days=1)
        is_now = (stage.start_on or begin) <= today < until
        bars.append(
            Bar(
                stage=stage,
                row=row,
                x=place(begin),
                width=max(place(until) - place(begin), 4),
                is_open=stage.start_on is None,
                is_now=is_now,
            )
        )
    return Line(bars=bars, months=_months(first, end, place), today=place(today) if first <= today < end else None)


def _begin(stage: Stage) -> date:
    if stage.start_on is not None:
        return stage.start_on
    return (stage.end_on or date.min) - timedelta(days=LEAD_DAYS)


def _months(first: date, end: date, place: Callable[[date], int]) -> list[Month]:
    months: list[Month] = []
    current = first
    while current < end:
        following = last_day_of_month(current.year, current.month) + timedelta(days=1)
        is_named = current.month == 1 or not months
        months.append(Month(x=place(current), first=current, year=current.year if is_named else None))
        current = following
    return months
