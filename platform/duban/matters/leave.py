"""
Leave to act on a matter.

Who assigned decides at the matter's own place; who answers does so at the place of the party; reading goes by any of them.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from duban.access import checks as access
from duban.access.holding import own_places
from duban.kernel.errors import NotAllowedError
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, owned
from duban.matters.errors import OwnReportError
from duban.matters.models import Matter, MatterParty, Meeting, MeetingUnit
from duban.matters.states import PartyRole


def place_of_assigner(matter: Matter) -> access.Place:
    """Give where the unit that assigned it stands: having it addressed to one's unit counts for nothing there."""
    return access.Place(matter.path, lines=matter.lines, work_line=matter.work_line)


def parties_of(scope: Scope, matter: Matter, *, left: bool = False) -> Sequence[MatterParty]:
    """List the units that answer for a matter, the lead first; with `left` those it was taken from as well. Costs: one query."""
    statement = owned(scope, MatterParty).where(MatterParty.matter_id == matter.id)
    if not left:
        statement = statement.where(MatterParty.left_at.is_(None))
    return scope.session.scalars(statement.order_by(MatterParty.role.desc(), MatterParty.unit_name, MatterParty.id)).all()


def require_readable(scope: Scope, matter: Matter) -> None:
    """Refuse who may read neither the matter nor any of its parties. Raises: NotFoundError."""
    places: list[access.Place | MatterParty] = [place_of_assigner(matter), *parties_of(scope, matter)]
    place = next((one for one in places if access.may(scope, "matter", "read", one)), places[0])
    access.require(scope, "matter", "read", place)


def require_assigner(scope: Scope, matter: Matter, act: str) -> None:
    """
    Refuse who may not do this for the unit that assigned the matter, in the line it works in.

    Raises: NotFoundError, NotAllowedError.
    """
    require_readable(scope, matter)
    place = place_of_assigner(matter)
    if not access.may(scope, "matter", act, place):
        raise NotAllowedError
    access.require_in_lines(scope, "matter", act, place, {matter.work_line})


def is_assigner(scope: Scope, matter: Matter, act: str) -> bool:
    """Say whether `require_assigner` would let the actor; for buttons."""
    return matter.work_line in access.lines_of(scope, "matter", act, place_of_assigner(matter))


def require_party(scope: Scope, matter: Matter, *, lead_only: bool = False) -> MatterParty:
    """
    Find the party the actor answers for, the lead before the others.

    Raises: NotFoundError, NotAllowedError.
    """
    require_readable(scope, matter)
    parties = [one for one in parties_of(scope, matter) if one.role is PartyRole.LEAD or not lead_only]
    party = next((one for one in parties if access.granted(scope, "matter", "answer", one)), None)
    if party is None:
        raise NotAllowedError
    return party


def party_of_actor(scope: Scope, matter: Matter) -> MatterParty | None:
    """Find the party the actor answers for, None where there is none; for pages."""
    return next((one for one in parties_of(scope, matter) if access.may(scope, "matter", "answer", one)), None)


def require_second_hand(scope: Scope, matter: Matter, did: Sequence[tuple[UUID | None, datetime]]) -> None:
    """
    Refuse who did one of these things themselves, or by a role they were lent would judge their own unit.

    Takes: who did what is judged, and when. Raises: OwnReportError.
    """
    for by, at in did:
        if by is not None and access.is_same_hand(scope, PersonId(by), {at.astimezone(scope.zone).date()}):
            raise OwnReportError
    if is_lent_judge(scope, matter):
        raise OwnReportError


def is_lent_judge(scope: Scope, matter: Matter) -> bool:
    """Say whether the actor's right at the assigning unit is only lent, while their own unit answers for the matter."""
    if not {one.path for one in parties_of(scope, matter)} & own_places(scope):
        return False
    return matter.path not in own_places(scope)


def require_meeting(scope: Scope, meeting: Meeting) -> None:
    """
    Refuse who may not read a meeting; a place of one of the units called to it will do as well.

    Raises: NotFoundError, NotAllowedError.
    """
    place: Meeting | MeetingUnit | None = meeting
    if not access.may(scope, "meeting", "read", meeting):
        units = scope.session.scalars(owned(scope, MeetingUnit).where(MeetingUnit.meeting_id == meeting.id))
        place = next((one for one in units if access.may(scope, "meeting", "read", one)), None)
    access.require(scope, "meeting", "read", place or meeting)
