"""What a ladder of the tenant's would do, by an example: the first units of the tree, something due in ten days, nothing done."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from duban.access import checks as access
from duban.calendar.ladder_presets import DISPATCHES, MATTERS
from duban.calendar.ladders import LEADER, RESPONSIBLE, Course, Event, Ladder, Party, Recipient, Step, planned
from duban.identity.models import Person
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, owned
from duban.reporting.queries.ladders import LadderPreview, PreviewStep, Told
from duban.reporting.queries.requirements import working_calendar
from duban.reporting.recipients import REVIEWS, WRITES, people_at
from duban.tree import paths
from duban.tree.models import Unit
from duban.tree.queries import children, root

DUE_IN = timedelta(days=10)
ACTS: Mapping[str, Mapping[Party, tuple[str, str]]] = {
    MATTERS.code: {
        Party.OWN: ("matter", "answer"), Party.CO: ("matter", "answer"), Party.ISSUER: ("matter", "assign"),
        Party.ABOVE: ("matter", "assign"),
    },
    DISPATCHES.code: {Party.OWN: ("dispatch", "send"), Party.ISSUER: ("dispatch", "send")},
}  # fmt: skip
"""Who does the work at each place, by the policy; of duties who hands in and who reviews."""
OF_DUTIES: Mapping[Party, tuple[str, str]] = {Party.OWN: WRITES, Party.ISSUER: REVIEWS, Party.ABOVE: REVIEWS}


def example_of(scope: Scope, ladder: Ladder) -> LadderPreview | None:
    """
    Say who would get what on which day, the unit at the top asking; under the leave of the caller. None without units below.

    Costs: three queries, two for each kind of recipient, one for the names.
    """
    top = root(scope)
    first = children(scope, top)[:2]
    if not first:
        return None
    below = children(scope, first[0])[:2]
    # of a matter somebody stands between: who is told "one level above" is seen
    units = below if below and ladder.code == MATTERS.code else first
    unit, co, due_on = units[0], units[1:], scope.today + DUE_IN
    events = {Event.SENT: scope.today} if ladder.code == DISPATCHES.code else {}
    course = Course(since=scope.today, zone=scope.zone, calendar=working_calendar(scope), due_on=due_on, events=events)
    days = {call.step.code: call.planned_on for call in planned(ladder, course)}
    everybody = {one for step in ladder.steps for one in step.everybody}
    people = {one: _people(scope, ladder, one, _places(one, unit, co, top), unit) for one in everybody}
    wanted = {person for found in people.values() for person in found}
    names = {row.id: row.name for row in scope.session.scalars(owned(scope, Person).where(Person.id.in_(wanted)))}

    def shown(step: Step) -> PreviewStep:
        both = [(one, False) for one in step.to] + [(one, True) for one in step.copies]
        told = [Told(one, sorted({names[person] for person in people[one]}), is_copy) for one, is_copy in both]
        on = days.get(step.code)
        return PreviewStep(step, on, on is None and ladder.family(step) is None, told)

    return LadderPreview(unit, due_on, len(units), [shown(step) for step in ladder.steps])


def _places(one: Recipient, unit: Unit, co: Sequence[Unit], top: Unit) -> list[str]:
    if one.party is Party.ABOVE:
        above = paths.ancestors(unit.path)
        return [above[-one.levels]] if len(above) >= one.levels else []
    return {Party.OWN: [unit.path], Party.CO: [row.path for row in co], Party.ISSUER: [top.path]}[one.party]


def _people(scope: Scope, ladder: Ladder, one: Recipient, places: Sequence[str], unit: Unit) -> Iterable[PersonId]:
    acts = ACTS.get(ladder.code, OF_DUTIES)
    if not places:
        return ()
    found: Mapping[str, Sequence[PersonId]]
    if ladder.code == MATTERS.code and one == Recipient(Party.ISSUER, LEADER):
        found = access.holders_at(scope, "matter", "decide", places)
    elif one.who != RESPONSIBLE:
        found = people_at(scope, one.who, places)
    elif ladder.code not in ACTS and one.party is not Party.OWN:
        return access.superiors_at(scope, *REVIEWS, unit.path, places[0])
    else:
        found = access.holders_at(scope, *acts[one.party], places)
    return [person for people in found.values() for person in people]
