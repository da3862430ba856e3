"""Meetings: how often they are held, what was said at one, and its resolutions as matters in one act."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from duban.access import checks as access
from duban.audit.operations import record
from duban.calendar.due_dates import Campaign, forecast
from duban.calendar.errors import InvalidDueRuleError, OpenEndedWindowError, TooManyPeriodsError, UnknownYearError
from duban.calendar.periods import RECURRING
from duban.calendar.rule_json import due_rule_from_json
from duban.files.operations import FileOwner
from duban.kernel.errors import AnticipatedError, NotFoundError, StaleError
from duban.kernel.ids import UnitId, new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.matters import telling
from duban.matters.errors import FormError, MeetingError, given, missing
from duban.matters.models import Matter, Meeting, MeetingResolution, MeetingRhythm, MeetingUnit
from duban.matters.operations.registering import MatterForm, register_matter
from duban.matters.queries.meetings import MEETING_FILES, NOTED, STRUCK, get_meeting, get_rhythm, unmet_periods
from duban.matters.rules import morning
from duban.matters.settings import settings_of
from duban.matters.states import MINUTES
from duban.reporting.queries import working_calendar
from duban.tree.queries import get_unit, units_by_id

SWEEP_BATCH = 200
MOST_RESOLUTIONS = 50
MOST_UNITS = 500
LONGEST_MINUTES = 100_000


@dataclass(frozen=True)
class MeetingForm:
    """What is typed about a meeting. `period_code` of the rhythm's period it counts for, "" the one `held_on` lies in."""

    kind: str
    title: str
    held_on: date | None
    chair: str
    place: str = ""
    present: str = ""
    absent: str = ""
    minutes: str = ""
    number: str = ""
    rhythm_id: UUID | None = None
    period_code: str = ""
    came_ids: Sequence[UUID] = field(default_factory=tuple)
    absent_ids: Sequence[UUID] = field(default_factory=tuple)


def owner_of(meeting: Meeting) -> FileOwner:
    """Say what the files of a meeting hang on, and under whose leave."""
    return FileOwner(kind=MEETING_FILES, id=meeting.id, placed=meeting, obj="meeting", act="hold")


def for_minutes(scope: Scope, *, meeting_id: UUID) -> FileOwner:
    """Say what a file that follows a meeting's record hangs on. Raises: NotFoundError, NotAllowedError, MeetingError."""
    return owner_of(_locked_meeting(scope, meeting_id))


def set_rhythm(
    scope: Scope, *, unit_id: UUID, kind: str, title: str, due: Mapping[str, Any], active_from: date, active_until: date
) -> MeetingRhythm:
    """
    Set how often a unit holds meetings of a kind (会议制度).

    Takes:  `due` a recurring due rule as duban.calendar reads it.
    Raises: NotFoundError, NotAllowedError, FormError, InvalidDueRuleError.
    """
    unit = get_unit(scope, unit_id)
    access.require(scope, "meeting", "hold", unit)
    _check_kind(scope, kind, title)
    _check_rule(scope, due, active_from, active_until)
    row = scope.add(
        MeetingRhythm(
            id=new_id(),
            unit_id=unit.id,
            kind=kind,
            title=title.strip(),
            due_rule=due_rule_from_json(due).to_json(),
            active_from=active_from,
            active_until=active_until,
            version=1,
            path=unit.path,
            to_path=None,
            lines=unit.lines,
        )
    )
    scope.session.flush()
    _wind(scope, row)
    record(scope, "meeting.rhythm-set", "meeting_rhythm", row.id, row.path, title=row.title, due=row.due_rule)
    return row


def end_rhythm(scope: Scope, *, rhythm_id: UUID) -> MeetingRhythm:
    """End a rule of meetings; a second time changes nothing. Raises: NotFoundError, NotAllowedError."""
    row = get_rhythm(scope, rhythm_id, lock=True)
    access.require(scope, "meeting", "hold", row)
    if row.ended_at is None:
        row.ended_at, row.next_step_at = scope.now, None
        row.version += 1
        record(scope, "meeting.rhythm-ended", "meeting_rhythm", row.id, row.path, title=row.title)
    return row


def note_meeting(scope: Scope, *, unit_id: UUID, form: MeetingForm) -> Meeting:
    """
    Note a meeting that was held, with who came and the minutes.

    Raises: NotFoundError, NotAllowedError, FormError.
    """
    unit = get_unit(scope, unit_id)
    access.require(scope, "meeting", "hold", unit)
    held_on = _checked(scope, form)
    rhythm = _rhythm(scope, unit.id, form.rhythm_id)
    meeting = scope.add(
        Meeting(
            id=new_id(),
            unit_id=unit.id,
            rhythm_id=rhythm.id if rhythm else None,
            period_code=_period(scope, rhythm, form, held_on),
            kind=form.kind,
            held_on=held_on,
            state=NOTED,
            struck_reason="",
            version=1,
            noted_at=scope.now,
            noted_by=scope.actor.person_id,
            noter_name=scope.actor.name,
            path=unit.path,
            to_path=None,
            lines=unit.lines,
            **_words(form),
        )
    )
    scope.session.flush()
    _call_units(scope, meeting, form)
    if rhythm is not None:
        _wind(scope, rhythm)
    record(scope, "meeting.noted", "meeting", meeting.id, meeting.path, title=meeting.title, held_on=held_on)
    return meeting


def change_meeting(scope: Scope, *, meeting_id: UUID, form: MeetingForm, version: int | None = None) -> Meeting:
    """
    Correct what was noted about a meeting; its units, rhythm and resolutions stay.

    Takes:  `version` the writer had seen. Raises: NotFoundError, NotAllowedError, MeetingError, StaleError, FormError.
    """
    meeting = _locked_meeting(scope, meeting_id)
    if version is not None and version != meeting.version:
        raise StaleError
    meeting.held_on, meeting.kind = _checked(scope, form), form.kind
    for name, words in _words(form).items():
        setattr(meeting, name, words)
    meeting.version += 1
    record(scope, "meeting.changed", "meeting", meeting.id, meeting.path, title=meeting.title, held_on=meeting.held_on)
    return meeting


def strike_meeting(scope: Scope, *, meeting_id: UUID, reason: str) -> Meeting:
    """
    Strike what was noted by mistake; it stays to be seen, and its period is unmet again.

    Raises: NotFoundError, NotAllowedError, MeetingError, FormError.
    """
    meeting = _locked_meeting(scope, meeting_id)
    reason = given(reason)
    if scope.session.scalar(select(func.count()).select_from(MeetingResolution).where(*_of(scope, meeting))):
        raise MeetingError(N_("这次会议的议定事项已转为督办事项，不能作废。请先撤销相关督办事项或更正会议记录。"))
    meeting.state, meeting.struck_reason = STRUCK, reason
    meeting.version += 1
    scope.session.flush()
    if meeting.rhythm_id is not None:
        _wind(scope, get_rhythm(scope, meeting.rhythm_id, lock=True))
    record(scope, "meeting.struck", "meeting", meeting.id, meeting.path, reason=meeting.struck_reason)
    return meeting


def resolve(scope: Scope, *, meeting_id: UUID, forms: Sequence[MatterForm]) -> Sequence[Matter]:
    """
    Make matters of a meeting's resolutions, all in one act: each with its number, units and term.

    Raises: NotFoundError, NotAllowedError, MeetingError, FormError (fields by place: "1.title").
    """
    meeting = _locked_meeting(scope, meeting_id)
    if not forms:
        raise missing(resolutions=N_("请至少填写一项议定事项。"))
    given = scope.session.scalar(select(func.max(MeetingResolution.number)).where(*_of(scope, meeting))) or 0
    if given + len(forms) > MOST_RESOLUTIONS:
        raise FormError({"resolutions": [Text(N_("一次会议最多 %(n)s 项议定事项。"), {"n": MOST_RESOLUTIONS})]})
    made: list[Matter] = []
    for place, form in enumerate(forms, start=1):
        wanted = replace(form, source=MINUTES, source_note=form.source_note or _named(meeting), duty_id=None)
        try:
            matter = register_matter(scope, unit_id=meeting.unit_id, form=wanted, meeting_id=meeting.id)
        except FormError as error:
            raise FormError({f"{place}.{name}": texts for name, texts in error.fields.items()}) from None
        scope.add(
            MeetingResolution(id=new_id(), meeting_id=meeting.id, number=given + place, text=matter.title, matter_id=matter.id)
        )
        made.append(matter)
    meeting.version += 1
    numbers = [one.number for one in made]
    record(scope, "meeting.resolved", "meeting", meeting.id, meeting.path, title=meeting.title, matters=numbers)
    return made


def sweep_meetings(scope: Scope) -> int:
    """
    Tell of meetings that were not held in time. For the clock: acts as the service itself.

    Gives: how many rhythms were looked at. Costs: one query by what is due, two more each.
    """
    _require_service(scope)
    statement = (
        owned(scope, MeetingRhythm)
        .where(MeetingRhythm.next_step_at.is_not(None), MeetingRhythm.next_step_at <= scope.now)
        .order_by(MeetingRhythm.next_step_at, MeetingRhythm.id)
        .limit(SWEEP_BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = scope.session.scalars(statement).all()
    for row in rows:
        found = unmet_periods(scope, row)
        if found.unmet:
            last = found.unmet[-1]
            record(scope, "meeting.overdue", "meeting_rhythm", row.id, row.path, title=row.title, period=last.period.code)
            telling.of_overdue_meeting(scope, row, last.period.label, last.due_on)
        _wind(scope, row)
    return len(rows)


def _require_service(scope: Scope) -> None:
    """The clock asks no leave because no person acts; a person must never get here."""
    if scope.actor.person_id is not None:
        raise PermissionError("for the clock only")


def _wind(scope: Scope, row: MeetingRhythm) -> None:
    """Set when the clock looks again: the morning after the next meeting is due."""
    coming = None if row.ended_at is not None else unmet_periods(scope, row).coming
    row.next_step_at = None if coming is None else morning(coming.due_on + timedelta(days=1), scope.zone)


def _locked_meeting(scope: Scope, meeting_id: UUID) -> Meeting:
    meeting = get_meeting(scope, meeting_id, lock=True)
    access.require(scope, "meeting", "hold", meeting)
    if meeting.state == STRUCK:
        raise MeetingError(N_("这次会议的记录已经作废。"))
    return meeting


def _of(scope: Scope, meeting: Meeting) -> tuple[Any, ...]:
    return MeetingResolution.tenant_id == scope.tenant_id, MeetingResolution.meeting_id == meeting.id


def _named(meeting: Meeting) -> str:
    return meeting.number or f"{meeting.held_on.year}年{meeting.held_on.month}月{meeting.held_on.day}日{meeting.title}"


def _words(form: MeetingForm) -> dict[str, str]:
    names = ("title", "place", "chair", "present", "absent", "minutes", "number")
    return {name: str(getattr(form, name)).strip()[:LONGEST_MINUTES] for name in names}


def _check_kind(scope: Scope, kind: str, title: str) -> None:
    problems: dict[str, list[Text]] = {}
    if kind not in settings_of(scope).meetings:
        problems["kind"] = [Text(N_("请选择会议类型。"))]
    if not title.strip():
        problems["title"] = [Text(N_("请填写会议名称。"))]
    if problems:
        raise FormError(problems)


def _checked(scope: Scope, form: MeetingForm) -> date:
    problems: dict[str, list[Text]] = {}
    try:
        _check_kind(scope, form.kind, form.title)
    except FormError as error:
        problems |= {name: list(texts) for name, texts in error.fields.items()}
    if form.held_on is None or form.held_on > scope.today:
        problems["held_on"] = [Text(N_("请填写召开日期，不能晚于今天。"))]
    if not form.chair.strip():
        problems["chair"] = [Text(N_("请填写主持人。"))]
    if len(form.came_ids) + len(form.absent_ids) > MOST_UNITS:
        problems["came_ids"] = [Text(N_("参会单位最多 %(n)s 个。"), {"n": MOST_UNITS})]
    if problems or form.held_on is None:
        raise FormError(problems)
    return form.held_on


def _check_rule(scope: Scope, due: Mapping[str, Any], active_from: date, active_until: date) -> None:
    """Raises: InvalidDueRuleError, FormError."""
    rule = due_rule_from_json(due)
    if rule.every not in RECURRING:
        raise InvalidDueRuleError({"kind": [Text(N_("会议制度须是周期性的，请选择每月、每季度等。"))]})
    if active_until < active_from:
        raise FormError({"active_until": [Text(N_("结束日期不能早于开始日期。"))]})
    try:
        told = forecast(rule, Campaign(active_from, active_until), working_calendar(scope))
        if told.year is not None and not told.found:
            raise UnknownYearError(told.year)  # noqa: TRY301 - one of the three that are said at the field
    except (UnknownYearError, TooManyPeriodsError, OpenEndedWindowError) as error:
        anticipated: AnticipatedError = error
        raise FormError({"active_until": [anticipated.text]}) from None


def _rhythm(scope: Scope, unit_id: UUID, rhythm_id: UUID | None) -> MeetingRhythm | None:
    if rhythm_id is None:
        return None
    rhythm = get_rhythm(scope, rhythm_id, lock=True)
    if rhythm.unit_id != unit_id or rhythm.ended_at is not None:
        raise NotFoundError
    return rhythm


def _period(scope: Scope, rhythm: MeetingRhythm | None, form: MeetingForm, held_on: date) -> str:
    """Find the period a meeting counts for: the one named, else the one it was held in."""
    if rhythm is None:
        return ""
    due = forecast(rhythm.rule, Campaign(rhythm.active_from, rhythm.active_until), working_calendar(scope)).found
    if form.period_code:
        found = next((one.period.code for one in due if one.period.code == form.period_code), None)
        if found is None:
            raise FormError({"period_code": [Text(N_("会议制度里没有这一期，请重新选择。"))]})
        return found
    return next((one.period.code for one in due if one.period.start <= held_on <= one.period.end), "")


def _call_units(scope: Scope, meeting: Meeting, form: MeetingForm) -> None:
    wanted = {UnitId(one): True for one in form.came_ids} | {UnitId(one): False for one in form.absent_ids}
    units = units_by_id(scope, list(wanted))
    if len(units) != len(wanted) or any(not access.may(scope, "unit", "read", one) for one in units.values()):
        raise FormError({"came_ids": [Text(N_("参会单位里有您无权查看或不存在的单位。"))]})
    for unit_id, unit in units.items():
        scope.add(
            MeetingUnit(
                id=new_id(),
                meeting_id=meeting.id,
                unit_id=unit.id,
                unit_name=unit.name,
                came=wanted[unit_id],
                path=unit.path,
                to_path=meeting.path,
                lines=unit.lines,
            )
        )
    scope.session.flush()
