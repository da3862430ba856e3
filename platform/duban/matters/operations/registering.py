"""Registering a matter with its number, giving it to other units, taking it back, pressing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import exists, select

from duban.access import checks as access
from duban.calendar.errors import UnknownYearError
from duban.calendar.ladder_json import ladder_to_json
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.matters import telling
from duban.matters.clockwork import wind
from duban.matters.errors import FormError, given
from duban.matters.history import lapse_extension, note
from duban.matters.leave import require_assigner
from duban.matters.models import Matter
from duban.matters.numbering import take_number
from duban.matters.parties import add_parties, change_parties, units_of
from duban.matters.queries.matters import get_matter
from duban.matters.rules import cycle_end, next_state
from duban.matters.settings import NamedTerm, settings_of
from duban.matters.states import DAYS_OF, OVERDUE_DUTY, Act, Cycle, MatterState, Series
from duban.reporting.queries import get_duty, working_calendar
from duban.reporting.states import UNIT_TO_ACT
from duban.tenancy.ladders import matters_ladder
from duban.tree.models import Unit
from duban.tree.queries import get_unit

MOST_CO_UNITS = 50
LONGEST_TITLE = 200
LATEST_DAYS = 366 * 2


@dataclass(frozen=True)
class MatterForm:
    """
    What is typed to register a matter.

    `report_day` of the week from Monday or of the month, None the Friday or the last day. `term` is a code of the source's
    terms, "" the usual one; `due_on` a day chosen by hand instead of the term's last.
    """

    title: str
    source: str
    lead_id: UUID | None
    body: str = ""
    source_note: str = ""
    term: str = ""
    due_on: date | None = None
    co_ids: Sequence[UUID] = field(default_factory=tuple)
    is_major: bool = False
    cycle: Cycle = Cycle.NONE
    report_day: int | None = None
    duty_id: UUID | None = None


def register_matter(scope: Scope, *, unit_id: UUID, form: MatterForm, meeting_id: UUID | None = None) -> Matter:
    """
    Register a matter under the year's next number and give it to its units (立项、交办).

    Takes:  `meeting_id` of a meeting the actor may read, for a resolution.
    Raises: NotFoundError, NotAllowedError, FormError. Costs: a lock on the year's numbering until the work ends.
    """
    unit = get_unit(scope, unit_id)
    access.require(scope, "matter", "assign", unit)
    term, due_on = _checked(scope, form)
    lead, others, line = units_of(scope, unit, form.lead_id, form.co_ids)
    access.require_in_lines(scope, "matter", "assign", unit, {line})
    duty_id = _duty(scope, form, lead)
    serial, number = take_number(scope, Series.MATTER, scope.today.year)
    matter = scope.add(
        Matter(
            id=new_id(),
            path=unit.path,
            to_path=lead.path,
            lines=unit.lines,
            work_line=line,
            unit_id=unit.id,
            unit_name=unit.name,
            lead_id=lead.id,
            lead_name=lead.name,
            year=scope.today.year,
            serial=serial,
            number=number,
            title=form.title.strip(),
            body=form.body.strip(),
            source=form.source,
            source_note=form.source_note.strip(),
            duty_id=duty_id,
            meeting_id=meeting_id,
            term=term.term.code,
            term_days=term.term.days,
            term_unit=term.term.unit,
            is_major=form.is_major,
            cycle=form.cycle,
            state=MatterState.ASSIGNED,
            assigned_on=scope.today,
            first_due_on=due_on,
            due_on=due_on,
            due_since=scope.today,
            due_version=1,
            extensions=0,
            has_pending=False,
            answered=False,
            reports_missed=0,
            ladder=ladder_to_json(matters_ladder(scope)),
            report_day=form.report_day if form.cycle in DAYS_OF else None,
            report_due_on=cycle_end(form.cycle, scope.today + timedelta(days=1), form.report_day),
            steps=0,
            version=1,
            registered_at=scope.now,
            registered_by=scope.actor.person_id,
            registrar_name=scope.actor.name,
            ending="",
            file_note="",
        )
    )
    scope.session.flush()  # its parties refer to it; no relationship orders them
    add_parties(scope, matter, lead, others)
    wind(scope, matter)
    names = [one.name for one in others]
    note(scope, matter, "registered", "matter.registered", lead.name, due_on=due_on, lead=lead.name, with_units=names)
    matter.version = 1
    scope.session.flush()
    telling.of_assignment(scope, matter)
    return matter


def reassign(scope: Scope, *, matter_id: UUID, lead_id: UUID, co_ids: Sequence[UUID] = (), reason: str) -> Matter:
    """
    Give a matter to other units (改派); the number, the term and what was reported stay.

    Raises: NotFoundError, NotAllowedError, MatterStateError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "assign")
    state = next_state(matter.state, Act.REASSIGN)
    reason = given(reason)
    change_parties(scope, matter, lead_id=lead_id, co_ids=co_ids)
    matter.state, matter.signed_at = state, None
    wind(scope, matter)
    note(scope, matter, "reassigned", "matter.reassigned", f"{matter.lead_name}：{reason}", reason=reason)
    return matter


def withdraw_matter(scope: Scope, *, matter_id: UUID, reason: str) -> Matter:
    """
    Take a matter back; its number is not given again.

    Raises: NotFoundError, NotAllowedError, MatterStateError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "assign")
    state = next_state(matter.state, Act.WITHDRAW)
    reason = given(reason)
    lapse_extension(scope, matter, N_("督办事项已撤销，不再需要延期。"))
    matter.state, matter.ending, matter.closed_at = state, reason, scope.now
    wind(scope, matter)
    note(scope, matter, "withdrawn", "matter.withdrawn", matter.ending, reason=matter.ending)
    telling.of_withdrawal(scope, matter)
    return matter


def urge(scope: Scope, *, matter_id: UUID, words: str = "") -> int:
    """
    Press the units (催办). Gives: how many messages were written, none where they were pressed in the same hour.

    Raises: NotFoundError, NotAllowedError, MatterStateError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "assign")
    next_state(matter.state, Act.URGE)
    note(scope, matter, "urged", "matter.urged", words.strip())
    return telling.of_urging(scope, matter, words.strip())


def _checked(scope: Scope, form: MatterForm) -> tuple[NamedTerm, date]:
    """Give the term and its last day. Raises: FormError with all that is wrong in what was typed."""
    problems: dict[str, Sequence[Text]] = {}
    if not form.title.strip():
        problems["title"] = [Text(N_("请填写督办事项。"))]
    elif len(form.title.strip()) > LONGEST_TITLE:
        problems["title"] = [Text(N_("最多 %(n)s 个字。"), {"n": LONGEST_TITLE})]
    if form.lead_id is None:
        problems["lead_id"] = [Text(N_("请选择牵头单位。"))]
    if len(form.co_ids) > MOST_CO_UNITS:
        problems["co_ids"] = [Text(N_("协办单位最多 %(n)s 个。"), {"n": MOST_CO_UNITS})]
    if form.report_day is not None and not 1 <= form.report_day <= DAYS_OF.get(form.cycle, form.report_day):
        problems["report_day"] = [Text(N_("每周报告填 1 至 7，每月报告填 1 至 31。"))]
    source = settings_of(scope).source(form.source)
    term, due_on = None, None
    if source is None:
        problems["source"] = [Text(N_("请选择来源。"))]
    else:
        term = source.term(form.term) if form.term else source.terms[0]
        if term is None:
            problems["term"] = [Text(N_("这种来源没有这个办理时限，请重新选择。"))]
    try:
        due_on = _due_on(scope, term, form.due_on) if term else None
    except FormError as error:
        problems |= error.fields
    if problems or term is None or due_on is None:
        raise FormError(problems)
    return term, due_on


def _due_on(scope: Scope, term: NamedTerm, chosen: date | None) -> date:
    calendar = working_calendar(scope)
    try:
        if chosen is None:
            return term.term.ends_on(scope.today, calendar)
        allowed = term.term.allows(scope.today, chosen, calendar)
    except UnknownYearError as error:
        raise FormError({"due_on": [error.text]}) from None
    if chosen > scope.today + timedelta(days=LATEST_DAYS):
        raise FormError({"due_on": [Text(N_("截止日期太远，请检查年份。"))]})
    if not allowed and term.term.least is not None:
        text = Text(N_("这种时限须在 %(least)s 至 %(most)s 天内。"), {"least": term.term.least, "most": term.term.days})
        raise FormError({"due_on": [text]})
    if not allowed:
        raise FormError({"due_on": [Text(N_("截止日期须晚于今天。"))]})
    return chosen


def _duty(scope: Scope, form: MatterForm, lead: Unit) -> UUID | None:
    """Check that the overdue duty may be read, is the lead's, still open and no matter yet. Raises: NotFoundError, FormError."""
    if form.duty_id is None:
        return None
    duty = get_duty(scope, form.duty_id, lock=True)  # two who make a matter of it at once wait for each other here
    is_late = duty.stands in UNIT_TO_ACT and duty.is_past_day(scope.now, scope.today)
    if form.source != OVERDUE_DUTY or duty.unit_id != lead.id or not is_late:
        raise FormError({"duty_id": [Text(N_("只有牵头单位逾期未报的任务才能转为督办事项。"))]})
    living = exists().where(Matter.tenant_id == scope.tenant_id, Matter.duty_id == duty.id, Matter.state != MatterState.WITHDRAWN)
    if scope.session.scalar(select(living)):
        raise FormError({"duty_id": [Text(N_("这项逾期任务已经转为督办事项。"))]})
    return duty.id
