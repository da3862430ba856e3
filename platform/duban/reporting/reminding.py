"""
What a called step says, and to whom: one message to each person at the unit, one for all units together to each person above.

Kinds of subject: `duty`; `collective`, whose subject is the requirement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select

from duban.calendar.climbing import LOOK, PREFIX, Look
from duban.calendar.ladders import Colour, Event, Ladder, Party, Recipient, Step, TriggerKind
from duban.calendar.words import days_left, due_date
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.notifications.operations import Message, tell_many
from duban.reporting.climbing import due_of, ladder_of, stage_of
from duban.reporting.models import Duty, Extension, Requirement
from duban.reporting.queries.duties import DutyLine
from duban.reporting.recipients import Recipients
from duban.reporting.states import UNIT_TO_ACT, DutyState, ExtensionState
from duban.reporting.telling import SUPERIOR_TEXT, title_of
from duban.tenancy.kinds_reading import Name
from duban.tree.models import Unit

COLLECTIVE = "collective"
NAMED = 5
"""How many units a message for many of them names."""

BEFORE_TEXT = N_("提醒：%(title)s，%(left)s，%(due)s")
AFTER_TEXT = N_("逾期催报：%(title)s，%(left)s，%(due)s，请立即报送")
OWN_TEXT = N_("%(head)s：%(title)s，%(left)s，%(due)s")
OWN_TEXT_MORE = N_("%(head)s：%(title)s，%(left)s，%(due)s。%(text)s")
OWN_TEXT_OTHER = N_("%(head)s：%(title)s")
OWED_TEXT = N_("%(head)s：%(title)s，%(total)s 个单位中有 %(n)s 个尚未报送：%(units)s")
WAITING_TEXT = N_("%(head)s：%(title)s，%(n)s 份报送等待您审核：%(units)s")
ASKED_TEXT = N_("%(head)s：%(title)s，%(n)s 个单位的延期申请等待答复：%(units)s")
BELOW = {True: N_("下级逾期"), False: N_("下级未报")}


@dataclass(frozen=True)
class Called:
    """A duty whose ladder was looked at, and what that found."""

    line: DutyLine
    ladder: Ladder
    look: Look


@dataclass(frozen=True)
class Group:
    """The duties below one place that have reached the same step on the same day."""

    requirement: Requirement
    period: str
    step: Step
    place: str
    planned_on: date

    @property
    def stage(self) -> str:
        """Name it in the ledger."""
        return f"{PREFIX}{self.step.code}:{self.period}:{self.planned_on:%Y%m%d}:{self.place}"


def of_steps(scope: Scope, called: Sequence[Called]) -> int:
    """
    Write what the called steps say. Gives how many new rows.

    Costs: one query for each kind of recipient at all the units, one for each place above, one statement for a thousand
    rows.
    """
    people = Recipients(scope, [one.line.duty for one in called])
    messages: list[Message] = []
    above: dict[Group, tuple[DutyLine, set[PersonId]]] = {}
    for one in called:
        for call in one.look.calls.now:
            own = {person for r in call.step.everybody if r.party is Party.OWN for person in people.own(r, one.line.duty)}
            messages.append(_to_own(scope, one, call.step, own, call.planned_on))
            for recipient in _upward(call.step):
                place, found = people.above(recipient, one.line.duty)
                group = Group(one.line.requirement, one.line.duty.period_code, call.step, place, call.planned_on)
                above.setdefault(group, (one.line, set()))[1].update(found)
    messages += [_to_above(group, line, recipients) for group, (line, recipients) in above.items()]
    return tell_many(scope, messages)


def _upward(step: Step) -> Iterable[Recipient]:
    return [one for one in (*step.to, *step.copies) if one.party is not Party.OWN]


def _to_own(scope: Scope, one: Called, step: Step, people: Iterable[PersonId], planned_on: date) -> Message:
    duty = one.line.duty
    return Message(
        recipients=tuple(people),
        template=own_template(one.ladder, step),
        params=own_words(scope, one.line, step),
        subject_kind="duty",
        subject_id=duty.id,
        stage=stage_of(step, duty, planned_on),
        due_version=duty.due_version,
        link=f"/duties/{duty.id}",
        urgent=step.colour is Colour.RED,
    )


def _to_above(group: Group, line: DutyLine, people: Iterable[PersonId]) -> Message:
    words = {"title": title_of(line.duty, group.requirement), "head": head_of(group.step, overdue=False), "units": line.unit.name}
    facts = {"step": group.step.code, "period": group.period, "place": group.place, "n": 1, "total": 1}
    return Message(
        recipients=tuple(people),
        template=OWED_TEXT,
        params={**words, **facts},
        subject_kind=COLLECTIVE,
        subject_id=group.requirement.id,
        stage=group.stage,
        link=f"/requirements/{group.requirement.id}?period={group.period}",
        urgent=group.step.colour is Colour.RED,
    )


def own_template(ladder: Ladder, step: Step) -> str:
    """Choose the sentence for the unit itself."""
    if ladder.family(step) in {Event.SUBMITTED, Event.EXTENSION_ASKED}:
        return OWN_TEXT_OTHER
    if step.text.zh:
        return OWN_TEXT_MORE
    if step.colour is Colour.NONE and step.trigger.kind is TriggerKind.DUE:
        return AFTER_TEXT if step.trigger.days > 0 else BEFORE_TEXT
    return OWN_TEXT


def own_words(scope: Scope, line: DutyLine, step: Step) -> dict[str, object]:
    """Give the values of the sentence, as of today."""
    day = due_of(line.duty)
    return {
        "head": head_of(step, overdue=day < scope.today),
        "title": title_of(line.duty, line.requirement),
        "due": due_date(day, scope.today),
        "left": days_left(day, scope.today),
        "unit": line.unit.name,
        "text": Name(step.text.zh, step.text.en or step.text.zh),
    }


def head_of(step: Step, *, overdue: bool) -> object:
    """Give the word a message begins with: a coloured sheet's name, else what has come to pass."""
    if step.colour is Colour.NONE and step.trigger.kind is TriggerKind.DUE:
        return Text(BELOW[overdue])
    return Name(step.name.zh, step.name.en or step.name.zh)


# --- what a message to somebody above is about, counted when it is sent ---------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How many units still have reached a step, of how many; the first of them by name, and one of their duties."""

    n: int
    total: int
    units: Sequence[str]
    first: Duty | None


def standing_of_group(scope: Scope, requirement: Requirement, *, step: Step, period: str, place: str) -> Standing:
    """Count what a message to somebody above is about, as it is now. Costs: two queries over one period of one requirement."""
    below = [Duty.tenant_id == scope.tenant_id, Duty.requirement_id == requirement.id, Duty.period_code == period]
    if place:
        below += [Duty.path.startswith(place, autoescape=True), Duty.path != place]
    reached = and_(
        _in_family(ladder_of(requirement).family(step)),
        Duty.climbed["told"].has_key(step.code),
        Duty.next_step_at.is_distinct_from(LOOK),
    )
    n, total = scope.session.execute(
        select(func.count().filter(reached), func.count()).where(*below, Duty.state != DutyState.CANCELLED.value)
    ).one()
    if not n:
        return Standing(0, total, (), None)
    rows = scope.session.execute(
        owned(scope, Duty)
        .where(*below, reached)
        .join(Unit, and_(Unit.tenant_id == Duty.tenant_id, Unit.id == Duty.unit_id))
        .add_columns(Unit.short_name)
        .order_by(Duty.path, Duty.id)
        .limit(NAMED)
    ).all()
    return Standing(n, total, [name for _, name in rows], rows[0][0])


def _in_family(event: Event | None) -> ColumnElement[bool]:
    if event is Event.SUBMITTED:
        return Duty.at_path.is_not(None)
    if event is Event.EXTENSION_ASKED:
        return (
            select(Extension.id)
            .where(
                Extension.tenant_id == Duty.tenant_id,
                Extension.duty_id == Duty.id,
                Extension.state == ExtensionState.ASKED.value,
            )
            .exists()
        )
    if event is Event.RETURNED:
        return Duty.state == DutyState.RETURNED.value
    return Duty.state.in_([state.value for state in UNIT_TO_ACT])


def said_above(scope: Scope, requirement: Requirement, step: Step, standing: Standing) -> tuple[str, dict[str, object], str]:
    """Put a standing into words. Gives: the template, its values and the link to the one thing to do."""
    duty = standing.first
    if duty is None:
        raise ValueError("nothing to say")
    family = ladder_of(requirement).family(step)
    names = "、".join(standing.units) + ("……" if standing.n > len(standing.units) else "")
    overdue = due_of(duty) < scope.today
    words: dict[str, object] = {
        "head": head_of(step, overdue=overdue), "title": title_of(duty, requirement),
        "n": standing.n, "total": standing.total, "units": names,
    }  # fmt: skip
    alone = standing.n == 1
    if family is Event.SUBMITTED:
        return WAITING_TEXT, words, f"/duties/{duty.id}/review" if alone else "/reviews"
    link = f"/duties/{duty.id}" if alone else f"/requirements/{requirement.id}?period={duty.period_code}&state={duty.state}"
    if family is Event.EXTENSION_ASKED:
        return ASKED_TEXT, words, link
    if alone and overdue and step.colour is Colour.NONE and step.trigger.kind is TriggerKind.DUE:
        due, left = due_date(duty.due_on, scope.today), days_left(duty.due_on, scope.today)
        return SUPERIOR_TEXT, {**words, "unit": names, "due": due, "left": left}, link
    return OWED_TEXT, words, link
