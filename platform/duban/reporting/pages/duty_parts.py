"""What further parts of the duty's page need: each part brings its own names, its own template is included by duty.html."""

from collections.abc import Callable, Mapping
from typing import Any

from duban.kernel.scope import Scope
from duban.reporting.pages import entering, from_below
from duban.reporting.pages.dates import dates_part
from duban.reporting.pages.duty_review import review_part
from duban.reporting.queries import DutyLine

Part = Callable[[Scope, DutyLine], Mapping[str, object]]

PARTS: tuple[Part, ...] = (dates_part, from_below.part, review_part, entering.part)
"""One line each: a function of the part's own page module, and one include in duty.html."""


def parts_of(scope: Scope, line: DutyLine) -> dict[str, Any]:
    """Gather what the parts need. Costs: theirs."""
    found: dict[str, Any] = {}
    for part in PARTS:
        found.update(part(scope, line))
    return found
