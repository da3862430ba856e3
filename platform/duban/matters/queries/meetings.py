"""Reads of meetings: what was held, what should have been, what was resolved and where those matters stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from duban.access.checks import readable
from duban.calendar.due_dates import Campaign, Occurrence, forecast
from duban.kernel.errors import NotFoundError
from duban.kernel.paging import PAGE, Page, at_most, page_of
from duban.kernel.scope import Scope, get_owned, owned
from duban.matters.leave import require_meeting
from duban.matters.models import Matter, Meeting, MeetingResolution, MeetingRhythm, MeetingUnit
from duban.reporting.queries import working_calendar

MEETING_FILES = "meeting"
NOTED, STRUCK = "noted", "struck"


@dataclass(frozen=True)
class Rhythm:
    """A rule of meetings with the periods that went by without one, and the next one due; `coming` None when it is over."""

    row: MeetingRhythm
    unmet: tuple[Occurrence, ...]
    coming: Occurrence | None


@dataclass(frozen=True)
class Resolved:
    """A resolution with the matter it became."""

    resolution: MeetingResolution
    matter: Matter | None


def get_meeting(scope: Scope, meeting_id: UUID, *, lock: bool = False) -> Meeting:
    """Get a meeting. Raises: NotFoundError."""
    return get_owned(scope, Meeting, meeting_id, lock=lock)


def get_readable_meeting(scope: Scope, meeting_id: UUID) -> Meeting:
    """Get a meeting for reading: at the unit that held it, above it, and at the units called to it. Raises: NotFoundError."""
    meeting = get_meeting(scope, meeting_id)
    require_meeting(scope, meeting)
    return meeting


def readable_meetings(scope: Scope) -> ColumnElement[bool]:
    """Give the SQL condition that keeps a list of meetings to those the actor may read."""
    called = select(MeetingUnit.meeting_id).where(
        MeetingUnit.tenant_id == scope.tenant_id, readable(scope, MeetingUnit, "meeting")
    )
    return or_(readable(scope, Meeting, "meeting"), Meeting.id.in_(called))


def list_meetings(scope: Scope, *, kind: str = "", after: str | None = None, limit: int = PAGE) -> Page[Meeting]:
    """List the meetings one may read, newest first. Costs: one query."""
    statement = owned(scope, Meeting).where(readable_meetings(scope))
    if kind:
        statement = statement.where(Meeting.kind == kind)
    return page_of(scope, statement, [Meeting.held_on, Meeting.id], after=after, limit=limit, newest_first=True)


def get_rhythm(scope: Scope, rhythm_id: UUID, *, lock: bool = False) -> MeetingRhythm:
    """Get a rule of meetings. Raises: NotFoundError."""
    return get_owned(scope, MeetingRhythm, rhythm_id, lock=lock)


def list_rhythms(scope: Scope) -> Sequence[Rhythm]:
    """List the rules of meetings one may read that were not ended, with what they miss. Costs: two queries."""
    rows = scope.session.scalars(
        owned(scope, MeetingRhythm)
        .where(MeetingRhythm.ended_at.is_(None), readable(scope, MeetingRhythm, "meeting"))
        .order_by(MeetingRhythm.path, MeetingRhythm.title, MeetingRhythm.id)
        .limit(at_most(PAGE))
    ).all()
    held = _held(scope, [row.id for row in rows])
    return [_standing(scope, row, held) for row in rows]


def unmet_periods(scope: Scope, row: MeetingRhythm) -> Rhythm:
    """Say what a rule of meetings misses. Costs: one query."""
    return _standing(scope, row, _held(scope, [row.id]))


def _held(scope: Scope, rhythm_ids: Sequence[UUID]) -> set[tuple[UUID, str]]:
    statement = select(Meeting.rhythm_id, Meeting.period_code).where(
        Meeting.tenant_id == scope.tenant_id, Meeting.rhythm_id.in_(rhythm_ids), Meeting.state == NOTED
    )
    return {(rhythm_id, code) for rhythm_id, code in scope.session.execute(statement) if rhythm_id is not None}


def _standing(scope: Scope, row: MeetingRhythm, held: set[tuple[UUID, str]]) -> Rhythm:
    due = forecast(row.rule, Campaign(row.active_from, row.active_until), working_calendar(scope)).found
    missing = [one for one in due if (row.id, one.period.code) not in held]
    return Rhythm(
        row=row,
        unmet=tuple(one for one in missing if one.due_on < scope.today),
        coming=next((one for one in missing if one.due_on >= scope.today), None),
    )


def units_called(scope: Scope, meeting: Meeting) -> Sequence[MeetingUnit]:
    """List the units called to a meeting. Takes: a meeting the actor may read."""
    statement = owned(scope, MeetingUnit).where(MeetingUnit.meeting_id == meeting.id)
    return scope.session.scalars(statement.order_by(MeetingUnit.path, MeetingUnit.id)).all()


def resolutions_of(scope: Scope, meeting: Meeting) -> Sequence[Resolved]:
    """List what a meeting resolved with the matters. Takes: a meeting the actor may read. Costs: two queries."""
    rows = scope.session.scalars(
        owned(scope, MeetingResolution).where(MeetingResolution.meeting_id == meeting.id).order_by(MeetingResolution.number)
    ).all()
    wanted = {row.matter_id for row in rows if row.matter_id is not None}
    matters = {one.id: one for one in scope.session.scalars(owned(scope, Matter).where(Matter.id.in_(wanted)))}
    return [Resolved(row, matters.get(row.matter_id) if row.matter_id else None) for row in rows]


def meeting_of_matter(scope: Scope, matter: Matter) -> tuple[Meeting, bool] | None:
    """Find the meeting a matter comes from, and whether the actor may open it; None where it comes from none."""
    if matter.meeting_id is None:
        return None
    meeting = get_meeting(scope, matter.meeting_id)
    try:
        require_meeting(scope, meeting)
    except NotFoundError:
        return meeting, False
    return meeting, True
