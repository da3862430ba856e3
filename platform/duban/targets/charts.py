"""Charts of targets, as plain numbers for the drawing in the browser and for the table beside it."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from duban.kernel.ids import UnitId
from duban.kernel.text import N_
from duban.targets.counting import Tally
from duban.targets.marks import LEVEL_MARKS
from duban.targets.rules import HUNDRED, months_of
from duban.targets.states import Level, Spread
from duban.tree.models import Unit
from duban.web.i18n import gettext

_SHOWN_AT_MOST = 40


def _tone(tally: Tally) -> str:
    tone = LEVEL_MARKS[tally.progress.level][2]
    return "todo" if tone in {"off", "done"} else tone


def _used(tally: Tally) -> Decimal:
    """Percent of the limit for a bar; a limit of nought that was broken fills it."""
    if tally.progress.percent is not None:
        return tally.progress.percent
    return HUNDRED if tally.progress.level is Level.EXCEEDED else Decimal(0)


def used_chart(tallies: Sequence[Tally], *, warn_from: Decimal) -> dict[str, Any] | None:
    """How much of each limit is used up, in percent; None where there is nothing to draw."""
    drawn = [tally for tally in tallies if tally.progress.limit is not None][:_SHOWN_AT_MOST]
    if not drawn:
        return None
    return {
        "kind": "hbar",
        "categories": [tally.indicator.name for tally in drawn],
        "series": [
            {
                "name": gettext(N_("已用（%）")),
                "data": [_used(tally) for tally in drawn],
                "tones": [_tone(tally) for tally in drawn],
            }
        ],
        "unit": "%",
        "limit": 100,
        "min": 0,
        "max": max(Decimal(120), *(_used(tally) for tally in drawn)),
        "warn_from": warn_from,
    }


def months_chart(tally: Tally) -> dict[str, Any]:
    """A unit's months: for counts also the running sum against the limit."""
    indicator = tally.indicator
    months = months_of(counts_from=indicator.counts_from, counts_before=indicator.counts_before)
    values = [tally.counted.months.get(month) for month in months]
    series: list[dict[str, Any]] = [{"name": gettext(N_("当月")), "data": values, "tone": "off"}]
    if indicator.spread is Spread.SPLIT:
        sums: list[Decimal | None] = []
        running = Decimal(0)
        last = max((place for place, value in enumerate(values) if value is not None), default=-1)
        for place, value in enumerate(values):
            running += value or Decimal(0)
            sums.append(running if place <= last else None)
        series.append({"name": gettext(N_("累计")), "data": sums, "tone": _tone(tally)})
    return {
        "kind": "bar",
        "categories": [f"{month.year}-{month.month:02}" for month in months],
        "series": series,
        "unit": indicator.unit_of_measure,
        "limit": tally.progress.limit,
    }


def children_chart(tallies: Sequence[Tally], units: Mapping[UnitId, Unit], url: Callable[[Tally], str]) -> dict[str, Any]:
    """The units below: actual beside limit, worst first; at most forty are drawn, the table has all."""
    worst = sorted(tallies, key=_used, reverse=True)[:_SHOWN_AT_MOST]
    names = {tally.share.id: units[UnitId(tally.share.unit_id)].short_name for tally in worst}
    return {
        "kind": "hbar",
        "categories": [names[tally.share.id] for tally in worst],
        "series": [
            {
                "name": gettext(N_("实际")),
                "data": [tally.progress.actual or Decimal(0) for tally in worst],
                "tones": [_tone(tally) for tally in worst],
            },
            {"name": gettext(N_("控制数")), "data": [tally.progress.limit for tally in worst], "tone": "off"},
        ],
        "unit": worst[0].indicator.unit_of_measure if worst else "",
        "links": [url(tally) for tally in worst],
    }
