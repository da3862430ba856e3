"""What a called step of a matter's ladder says and to whom, and whether it is still true when it is about to be sent."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import exists, select

from duban.access.checks import holders, superiors
from duban.calendar.climbing import PREFIX
from duban.calendar.ladders import LEADER, RESPONSIBLE, Colour, Event, Ladder, Party, Recipient, Step
from duban.calendar.words import days_left, due_date, short_date
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.matters.clockwork import ladder_of
from duban.matters.leave import parties_of
from duban.matters.models import Matter, MatterReport
from duban.matters.states import OWING, SHEET_LABELS, MatterState, PartyRole, ReportKind
from duban.matters.telling import at_assigner, tell_of
from duban.notifications.models import Effect
from duban.notifications.operations import Fresh
from duban.reporting.recipients import people_at
from duban.tenancy.kinds_reading import Name
from duban.tree import paths

FOR_ASSIGNER = (Event.SUBMITTED, Event.EXTENSION_ASKED)
"""What the assigner is slow with; the rest presses the units."""
SHEET_TEXT = N_("%(colour)s：%(number)s %(title)s（%(lead)s），%(left)s，请于%(answer)s前回复")
OWED_TEXT = N_("提醒：%(number)s %(title)s（%(lead)s），%(left)s，%(due)s")
EVENT_TEXT = N_("%(head)s：%(number)s %(title)s（%(lead)s）")
HAND = "sheet:"


def gives_sheet(ladder: Ladder, step: Step, matter: Matter) -> bool:
    """Say whether a step is a sheet: one matter, one sheet of a colour, and the colour only rises."""
    held = matter.colour.rank if matter.colour is not None else 0
    return ladder.family(step) not in FOR_ASSIGNER and step.colour.rank > held


def stage_of(step: Step, planned_on: date) -> str:
    """Name a reminder in the ledger."""
    return f"{PREFIX}{step.code}:{planned_on:%Y%m%d}"


def of_step(scope: Scope, matter: Matter, step: Step, stage: str) -> None:
    """Tell whom a step names."""
    template, params = said(scope, matter, step)
    urgent = step.colour is Colour.RED
    tell_of(scope, matter, everybody(scope, matter, step), template, params, stage, urgent=urgent)


def of_sheet_by_hand(scope: Scope, matter: Matter, colour: Colour, step: Step) -> None:
    """Tell of a sheet made by hand whom the ladder would tell at this colour."""
    people = everybody(scope, matter, step)
    tell_of(scope, matter, people, *_of_sheet(scope, matter, colour), f"{HAND}{colour}", urgent=colour is Colour.RED)


def said(scope: Scope, matter: Matter, step: Step) -> tuple[str, dict[str, object]]:
    """Give the sentence of a step and its values, as of today."""
    family = ladder_of(matter).family(step)
    if step.colour is not Colour.NONE and step.colour is matter.colour:
        return _of_sheet(scope, matter, step.colour)
    left, due = days_left(matter.counts_from, scope.today), due_date(matter.counts_from, scope.today)
    if family is None:
        return OWED_TEXT, {"lead": matter.lead_name, "left": left, "due": due}
    return EVENT_TEXT, {"lead": matter.lead_name, "head": Name(step.name.zh, step.name.en or step.name.zh)}


def _of_sheet(scope: Scope, matter: Matter, colour: Colour) -> tuple[str, dict[str, object]]:
    answer = short_date(matter.answer_by or scope.today, scope.today)
    left = days_left(matter.counts_from, scope.today)
    return SHEET_TEXT, {"colour": Text(SHEET_LABELS[colour]), "lead": matter.lead_name, "left": left, "answer": answer}


def everybody(scope: Scope, matter: Matter, step: Step) -> set[PersonId]:
    """List everybody a step stands for, copies included."""
    family = ladder_of(matter).family(step)
    return {person for one in step.everybody for person in people_of(scope, matter, one, family)}


def people_of(scope: Scope, matter: Matter, one: Recipient, family: Event | None = None) -> Iterable[PersonId]:
    """List the people of a recipient: at the lead, at the co-units, at the assigner, so many levels above the lead."""
    if one.party is Party.ISSUER:
        acts = {RESPONSIBLE: "review" if family in FOR_ASSIGNER else "assign", LEADER: "decide"}
        return at_assigner(scope, matter, acts[one.who]) if one.who in acts else _at(scope, one.who, [matter.path])
    if one.party is Party.ABOVE:
        return _above(scope, matter, one)
    role = PartyRole.LEAD if one.party is Party.OWN else PartyRole.CO
    places = [party.path for party in parties_of(scope, matter) if party.role is role]
    if one.who == RESPONSIBLE:
        return [person for place in places for person in holders(scope, "matter", "answer", place)]
    return _at(scope, one.who, places)


def _above(scope: Scope, matter: Matter, one: Recipient) -> Iterable[PersonId]:
    """List the people above the lead, where another than the assigner stands between."""
    above = paths.ancestors(matter.to_path or "")
    place = above[-one.levels] if len(above) >= one.levels else matter.path
    if matter.work_line is not None or matter.path.startswith(place):
        return []
    if one.who != RESPONSIBLE:
        return _at(scope, one.who, [place])
    return holders(scope, "matter", "assign", place) or superiors(scope, "duty", "urge", matter.to_path or "")


def _at(scope: Scope, who: str, places: list[str]) -> list[PersonId]:
    return [person for people in people_at(scope, who, places).values() for person in people]


# --- asked again when it is sent ------------------------------------------------------------------------------------------


def step_of_stage(matter: Matter, stage: str) -> Step | None:
    """Find the step of a reminder in the ledger; None for one of another kind or where the ladder has it no more."""
    return ladder_of(matter).step(stage.removeprefix(PREFIX).partition(":")[0]) if stage.startswith(PREFIX) else None


def stands(scope: Scope, matter: Matter, effect: Effect) -> bool:
    """
    Say whether a reminder still says what is so: the units owe, and have not reported since it was written; or the assigner is
    still asked. Takes: a matter that is held, and of the date the reminder was written for.
    """
    family = None
    if effect.stage.startswith(PREFIX):
        step = step_of_stage(matter, effect.stage)
        if step is None:
            return False
        family = ladder_of(matter).family(step)
        if family is None and matter.has_pending:
            return False
    if family is Event.SUBMITTED:
        return matter.state is MatterState.REPORTED
    if family is Event.EXTENSION_ASKED:
        return matter.has_pending
    if family is Event.RETURNED and matter.state is not MatterState.RETURNED:
        return False
    return matter.state in OWING and not _reported_since(scope, matter, effect)


def _reported_since(scope: Scope, matter: Matter, effect: Effect) -> bool:
    reported = exists().where(
        MatterReport.tenant_id == scope.tenant_id,
        MatterReport.matter_id == matter.id,
        MatterReport.kind != ReportKind.SHARE,
        MatterReport.reported_at >= effect.created_at,
    )
    return bool(scope.session.scalar(select(reported)))


def freshen(scope: Scope, matter: Matter, effect: Effect) -> Fresh | None:
    """Give a step's reminder as of now: one that was held back overnight says how many days are left this morning."""
    step = step_of_stage(matter, effect.stage)
    if step is None:
        return None
    template, params = said(scope, matter, step)
    return template, {"number": matter.number, "title": matter.title, **params}, effect.link
