"""From the references in a trace to the pages they come from: every number is a door."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _

from duban.assessments.models import Scorecard
from duban.kernel.scope import Scope, owned
from duban.reporting.models import Duty
from duban.reporting.queries.duties import DutyLine, lines_of
from duban.tree.queries import units_by_id
from duban.web.filters import day_short, instant, link_to


@dataclass(frozen=True)
class Door:
    """Where a reference leads: its words, and the address when there is a page for it."""

    words: str
    url: str | None


def resolve(scope: Scope, refs: Collection[str], *, card: Scorecard, year: int) -> dict[str, Door]:
    """Give the doors of references, by reference; unknown kinds have none. Costs: at most four queries."""
    doors = _duties(scope, refs) | _units(scope, refs)
    for ref in refs:
        kind, _, _name = ref.partition(":")
        if kind == "indicator":
            doors[ref] = Door("", link_to("targets.index", unit=card.unit_id, year=year))
        elif kind == "mark":
            doors[ref] = Door("", url_for("assessments.show_card", card_id=card.id, _anchor="marks"))
    return doors


def _ids(refs: Collection[str], kind: str) -> dict[UUID, str]:
    return {UUID(ref.partition(":")[2]): ref for ref in refs if ref.startswith(f"{kind}:")}


def _duties(scope: Scope, refs: Collection[str]) -> dict[str, Door]:
    ids = _ids(refs, "duty")
    duties = scope.session.scalars(owned(scope, Duty).where(Duty.id.in_(ids))).all() if ids else ()
    return {
        ids[line.duty.id]: Door(_of_duty(line), link_to("reporting.show_duty", duty_id=line.duty.id))
        for line in lines_of(scope, duties)
    }


def _of_duty(line: DutyLine) -> str:
    """Name a duty; what was corrected after it had been counted says so, and the result that counted it stays as it is."""
    words: str = line.requirement.title + _("（%(words)s）", words=day_short(line.duty.due_on))
    if line.duty.corrected_at is None:
        return words
    flagged: str = _("%(what)s，%(day)s 已更正", what=words, day=instant(line.duty.corrected_at))
    return flagged


def _units(scope: Scope, refs: Collection[str]) -> dict[str, Door]:
    ids = _ids(refs, "unit")
    found = units_by_id(scope, ids)
    return {ids[unit_id]: Door(unit.name, link_to("organisation.unit", unit_id=unit_id)) for unit_id, unit in found.items()}
