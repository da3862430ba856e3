"""
Entering for a unit below （代报）: which offices may, and what of the unit's own stands against it. Pure.

Why: docs/decisions/0056.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from duban.access.relations import Grant
from duban.calendar.words import full_date
from duban.kernel.text import N_, Text
from duban.reporting.models import Draft, Duty, Extension, Requirement


@dataclass(frozen=True)
class Office:
    """Who hands in in a unit's stead: where the role that allows it is held, and what the unit there is called."""

    path: str
    name: str


def fits_office(grant: Grant, duty: Duty, requirement: Requirement) -> bool:
    """
    Say whether a role that may enter for the unit is held at the issuer or between it and the unit; nobody above the issuer has
    a part in it. In a second line between are the levels that review.
    """
    if duty.work_line is None:
        return grant.path.startswith(requirement.path)
    return grant.path == requirement.path or grant.path in (duty.review_chain or ())


def is_begun(draft: Draft | None) -> bool:
    """Say whether the unit itself has typed something; an officer keeps no draft there, so any is the unit's own."""
    return draft is not None and any(text.strip() for text in draft.typed.values())


def begun(saved_at: datetime, zone: ZoneInfo) -> Text:
    """Say that the unit itself is at it."""
    day = full_date(saved_at.astimezone(zone).date())
    return Text(N_("这个单位自己已在%(day)s开始填写，没有代报。确要代报，请选“仍要代报”，该单位的草稿会保留。"), {"day": day})


def asked_for_longer(wanted_on: date) -> Text:
    """Say that the unit waits for an answer."""
    day = full_date(wanted_on)
    return Text(N_("这个单位申请延期到%(day)s，还没有答复，没有代报。确要代报，请选“仍要代报”，申请随即撤回。"), {"day": day})


def against(draft: Draft | None, waiting: Extension | None, zone: ZoneInfo) -> list[Text]:
    """List what of the unit's own an officer would pass over by handing in."""
    found = [begun(draft.saved_at, zone)] if draft is not None and is_begun(draft) else []
    return found + ([asked_for_longer(waiting.wanted_on)] if waiting is not None else [])
