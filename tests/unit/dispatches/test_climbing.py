"""The usual ladder of documents calls what the clock always called, on the same days; what asks for nothing more is silent."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from duban.calendar.ladder_presets import DISPATCHES
from duban.calendar.ladders import Ladder
from duban.calendar.working_days import WorkingCalendar
from duban.dispatches import climbing
from duban.dispatches.models import Receipt

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkingCalendar()
SENT = date(2026, 3, 5)  # a Thursday


def receipt(reply_by: date | None = None, *, signed: bool = False, replied: bool = False) -> Receipt:
    done = datetime(2026, 3, 5, 3, tzinfo=UTC)
    row = Receipt(
        sent_on=SENT, reply_by=reply_by, due_version=1,
        signed_at=done if signed or replied else None, replied_at=done if replied else None,
    )  # fmt: skip
    climbing.begin(row, DISPATCHES, today=SENT, zone=ZONE, calendar=CALENDAR)
    return row


def at(day: date, hour: int = 8) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=ZONE)


def tick(row: Receipt, now: datetime, ladder: Ladder = DISPATCHES) -> str | None:
    """What the clock does with one row."""
    found = climbing.look(row, ladder, now=now, zone=ZONE, calendar=CALENDAR)
    row.climbed, row.next_step_at = found.standing.to_json(), found.next_at
    return found.call.step.code if found.call else None


def walked(row: Receipt) -> list[tuple[int, str | None]]:
    """Go from one instant to the next until nothing is left."""
    met = []
    while row.next_step_at is not None:
        now = row.next_step_at
        met.append(((now.astimezone(ZONE).date() - SENT).days, tick(row, now)))
        assert row.next_step_at is None or row.next_step_at > now
    return met


def test_signing_is_asked_for_on_the_first_and_third_working_day_at_eight() -> None:
    row = receipt()
    assert row.next_step_at == at(date(2026, 3, 6))
    assert walked(row) == [(1, "unsigned_1"), (5, "unsigned_3")]


def test_answering_three_and_one_day_before_and_the_day_after() -> None:
    row = receipt(date(2026, 3, 20), signed=True)
    assert walked(row) == [(12, "reply_3"), (14, "reply_1"), (16, "late_1")]


def test_a_clock_that_stood_still_says_the_latest_once() -> None:
    row = receipt(date(2026, 3, 20))
    assert tick(row, at(date(2026, 4, 20), 9)) == "late_1"
    assert (tick(row, at(date(2026, 4, 20), 9)), row.next_step_at) == (None, None)


def test_nothing_before_its_hour() -> None:
    row = receipt()
    assert tick(row, at(date(2026, 3, 6), 7)) is None
    assert row.next_step_at == at(date(2026, 3, 6))


def test_one_sent_before_there_were_ladders_goes_on_at_its_next_day_and_repeats_nothing() -> None:
    row = receipt(date(2026, 3, 20))
    row.climbed, row.next_step_at, row.next_step_on = None, None, date(2026, 3, 10)
    assert tick(row, at(date(2026, 3, 10))) == "unsigned_3"
    assert walked(row) == [(12, "reply_3"), (14, "reply_1"), (16, "late_1")]


def naive(reply_by: date | None, *, signed: bool, replied: bool) -> dict[date, str]:
    """What the clock called before ladders, day by day; of two on one day the later of the list."""
    working = [day for n in range(1, 8) if (day := SENT + timedelta(days=n)).weekday() < 5]
    days = [] if signed or replied else [(working[0], "unsigned_1"), (working[2], "unsigned_3")]
    if reply_by is not None and not replied:
        days += [(reply_by + timedelta(days=n), code) for n, code in ((-3, "reply_3"), (-1, "reply_1"), (1, "late_1"))]
    return {day: code for day, code in days if day > SENT}


@given(gap=st.one_of(st.none(), st.integers(0, 60)), signed=st.booleans(), replied=st.booleans())
def test_walking_from_step_to_step_calls_what_was_always_called(gap: int | None, signed: bool, replied: bool) -> None:
    reply_by = None if gap is None else SENT + timedelta(days=gap)
    met = walked(receipt(reply_by, signed=signed, replied=replied))
    wanted = naive(reply_by, signed=signed, replied=replied)
    assert [day for day, _ in met] == sorted((day - SENT).days for day in wanted)
    for day, code in met:
        same_day = SENT + timedelta(days=day)
        assert code == wanted[same_day] or code in {"unsigned_1", "unsigned_3"}, "two of one day: one of them"
