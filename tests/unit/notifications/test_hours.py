"""When mail may go: quiet hours over midnight, working days with weekends worked in exchange, the mail of the day, DST."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duban.calendar.ladders import is_worked
from duban.calendar.working_days import WorkingCalendar
from duban.notifications.hours import Email, Hours, hours_from_json, is_digest, mail_at, own_hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkingCalendar()
NIGHT = Hours(quiet_from=time(20), quiet_to=time(7, 30))
WORKDAYS = Hours(workdays_only=True)
BOTH = Hours(quiet_from=time(20), quiet_to=time(7, 30), workdays_only=True)
DAILY = Hours(email=Email.DIGEST, digest_at=time(8))


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "now", "goes"),
    [
        (Hours(), "2026-03-13T23:30", "2026-03-13T23:30"),
        (NIGHT, "2026-03-13T19:59", "2026-03-13T19:59"),
        (NIGHT, "2026-03-13T20:00", "2026-03-14T07:30"),
        (NIGHT, "2026-03-14T00:10", "2026-03-14T07:30"),
        (NIGHT, "2026-03-14T07:29", "2026-03-14T07:30"),
        (NIGHT, "2026-03-14T07:30", "2026-03-14T07:30"),
        (Hours(quiet_from=time(12), quiet_to=time(14)), "2026-03-13T12:30", "2026-03-13T14:00"),
        (Hours(quiet_from=time(12), quiet_to=time(14)), "2026-03-13T11:59", "2026-03-13T11:59"),
        (WORKDAYS, "2026-03-14T10:00", "2026-03-16T08:00"),  # Saturday
        (BOTH, "2026-03-13T21:00", "2026-03-16T07:30"),  # Friday night
        (BOTH, "2026-02-13T21:00", "2026-02-14T07:30"),  # Saturday 14 February 2026 is worked for the Spring Festival
        (BOTH, "2026-02-14T21:00", "2026-02-24T07:30"),  # and then come nine days off
        (DAILY, "2026-03-13T07:59", "2026-03-13T08:00"),
        (DAILY, "2026-03-13T08:00", "2026-03-14T08:00"),
        (Hours(email=Email.DIGEST, digest_at=time(8), workdays_only=True), "2026-03-13T09:00", "2026-03-16T08:00"),
    ],
)
def test_a_message_goes(hours: Hours, now: str, goes: str) -> None:
    assert mail_at(hours, at(now), zone=SHANGHAI, calendar=CALENDAR) == at(goes)


def test_red_goes_at_any_hour_where_the_tenant_wants_so() -> None:
    night = at("2026-03-13T23:00")
    assert mail_at(NIGHT, night, zone=SHANGHAI, calendar=CALENDAR, urgent=True) == night
    strict = Hours(quiet_from=time(20), quiet_to=time(7, 30), red_exempt=False)
    assert mail_at(strict, night, zone=SHANGHAI, calendar=CALENDAR, urgent=True) == at("2026-03-14T07:30")
    assert not is_digest(DAILY, urgent=True) and is_digest(DAILY, urgent=False)


def test_a_persons_hours_go_before_the_tenants() -> None:
    tenant = hours_from_json({"quiet_from": "20:00", "quiet_to": "07:30", "workdays_only": True, "red_exempt": False})
    own = own_hours(tenant, email="digest", digest_at="09:15", quiet_from="", quiet_to="", workdays_only=False)
    assert (own.email, own.digest_at, own.quiet_from, own.workdays_only, own.red_exempt) == (
        Email.DIGEST, time(9, 15), time(20), True, False,
    )  # fmt: skip
    other = own_hours(tenant, email="at_once", digest_at="08:00", quiet_from="22:00", quiet_to="06:00", workdays_only=False)
    assert (other.quiet_from, other.quiet_to) == (time(22), time(6))


@pytest.mark.parametrize(
    ("now", "goes"),
    [
        ("2026-03-07T23:00", "2026-03-08T07:30"),  # the night clocks go forward: an hour less to wait
        ("2026-10-31T23:00", "2026-11-01T07:30"),
    ],
)
def test_where_clocks_are_changed(now: str, goes: str) -> None:
    new_york = ZoneInfo("America/New_York")
    assert mail_at(NIGHT, at(now, new_york), zone=new_york, calendar=CALENDAR) == at(goes, new_york)


CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0, fold=0))


@settings(max_examples=200)
@given(
    st.tuples(CLOCKS, CLOCKS),
    st.booleans(),
    st.sampled_from(list(Email)),
    st.integers(0, 360 * 24 * 60),
    st.sampled_from([SHANGHAI, ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")]),
)
def test_the_first_minute_that_is_allowed(
    quiet: tuple[time, time], workdays: bool, email: Email, minute: int, zone: ZoneInfo
) -> None:
    """Against somebody who looks at the clock: never early, never in a forbidden minute, and at once where it is allowed."""
    hours = Hours(email=email, digest_at=time(8), quiet_from=quiet[0], quiet_to=quiet[1], workdays_only=workdays)
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    goes = mail_at(hours, now, zone=zone, calendar=CALENDAR)

    def allowed(instant: datetime) -> bool:
        local = instant.astimezone(zone)
        if workdays and not is_worked(local.date(), CALENDAR):
            return False
        if email is Email.DIGEST or quiet[0] == quiet[1]:
            return True
        clock = local.time().replace(fold=0)
        inside = quiet[0] <= clock < quiet[1] if quiet[0] < quiet[1] else clock >= quiet[0] or clock < quiet[1]
        return not inside

    assert goes >= now
    assert goes - now < timedelta(days=14)
    if email is Email.DIGEST:
        assert goes.astimezone(zone).time() == time(8)
    elif allowed(now):
        assert goes == now
    local = goes.astimezone(zone)
    exists = local.replace(tzinfo=None) == local.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    assert not exists or allowed(goes) or local.utcoffset() != now.astimezone(zone).utcoffset()
