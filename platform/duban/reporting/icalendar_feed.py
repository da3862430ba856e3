"""
Duties as an iCalendar file (RFC 5545): an all-day event on each due date, for a person's own calendar program.

A moved date keeps its event (UID) under a higher SEQUENCE, what is taken back stays as CANCELLED, so that programs which
hold a copy put it right. Source: RFC 5545 3.8.1.11, 3.8.4.7, 3.8.7.4; RFC 7986 for the feed's name and refresh.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event, vDuration

PRODUCT = "-//Duban//Duties//ZH"
REFRESH = timedelta(hours=1)


@dataclass(frozen=True)
class DueEvent:
    """One duty as an event. `version` counts its published dates from 1; `is_off` where it is taken back."""

    uid: str
    version: int
    due_on: date
    changed_at: datetime
    title: str
    text: str
    link: str
    is_off: bool = False


def calendar_file(events: Sequence[DueEvent], *, name: str, zone: str) -> bytes:
    """Write the file. Takes: `name` shown by calendar programs, `zone` the tenant's, for programs that ask."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    for key in ("name", "x-wr-calname"):
        made.add(key, name)
    made.add("x-wr-timezone", zone)
    made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", vDuration(REFRESH))
    for one in events:
        made.add_component(_event(one))
    body: bytes = made.to_ical()
    return body


def _event(one: DueEvent) -> Event:
    event = Event()
    event.add("uid", one.uid)
    # A date moved is one step, taking back another: what a program holds is replaced by the higher number only.
    event.add("sequence", 2 * (one.version - 1) + one.is_off)
    event.add("dtstamp", one.changed_at)
    event.add("last-modified", one.changed_at)
    event.add("dtstart", one.due_on)
    event.add("dtend", one.due_on + timedelta(days=1))  # exclusive: the day itself is the whole event
    event.add("summary", one.title)
    event.add("description", one.text)
    event.add("url", one.link)
    event.add("status", "CANCELLED" if one.is_off else "CONFIRMED")
    event.add("transp", "TRANSPARENT")  # a due date keeps nobody busy all day
    return event
