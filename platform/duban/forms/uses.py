"""Who asks a form now. Features above register a counter; forms itself knows none of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from duban.forms.models import FormVersion
from duban.forms.queries import in_force
from duban.kernel.scope import Scope


@dataclass(frozen=True)
class Use:
    """How much hangs on a form: issued requirements, and by the day whose version counts (day, open duties, drafts)."""

    requirements: int = 0
    days: tuple[tuple[date, int, int], ...] = ()


Counter = Callable[[Scope, UUID], Use]
COUNTERS: list[Counter] = []


def use_of(scope: Scope, form_id: UUID) -> Use:
    """Count all who ask a form now. Costs: those of the counters."""
    found = [counter(scope, form_id) for counter in COUNTERS]
    return Use(sum(use.requirements for use in found), tuple(day for use in found for day in use.days))


def touched(use: Use, versions: Sequence[FormVersion], effective_from: date) -> Mapping[str, int]:
    """
    Say what publishing another version from a day on would change: open duties and drafts that would then ask it.

    Pure: a new version wins on every day from its own until a later one that is there already.
    """
    duties = drafts = 0
    for day, open_duties, begun in use.days:
        now = in_force(versions, day)
        would = effective_from <= day and (now is None or now.effective_from > day or now.effective_from <= effective_from)
        if would:
            duties, drafts = duties + open_duties, drafts + begun
    return {"requirements": use.requirements, "duties": duties, "drafts": drafts}
