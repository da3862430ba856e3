"""The dates a due rule gives, worked out while it is typed: beside the form of whatever has a due rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duban.calendar.due_dates import Campaign, Occurrence
from duban.calendar.periods import Period
from duban.calendar.rule_json import due_rule_from_json
from duban.kernel.days import read_day
from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import Text
from duban.reporting import queries
from duban.reporting.windows import TimeWindow


@dataclass(frozen=True)
class DueBox:
    """
    The dates a rule gives, worked out while it is typed; `problem` says why there are none. `later`: periods that wait for the
    working days of `later_year`.
    """

    found: Sequence[Occurrence] = ()
    problem: Text | None = None
    later: Sequence[Period] = ()
    later_year: int | None = None


def due_box_of(scope: Scope, data: Mapping[str, Any]) -> DueBox:
    """Work out the dates. Takes: `due`, `active_from` and `active_until` as typed."""
    try:
        start = read_day(str(data.get("active_from") or scope.today.isoformat()))
        end = read_day(str(data["active_until"])) if data.get("active_until") else None
        rule = due_rule_from_json(data.get("due") or {})
        told = queries.falling_due(scope, rule, Campaign(start, end), TimeWindow())
        return DueBox(found=told.found, later=told.unknown, later_year=told.year)
    except InvalidInputError as error:
        first = next(iter(error.fields.values()), ())
        return DueBox(problem=first[0] if first else error.text)
    except RuleBrokenError as error:
        return DueBox(problem=error.text)
    except ValueError:
        return DueBox()
