"""Standing and timing of a receipt, the day to reply by, trails."""

from datetime import UTC, date, datetime, timedelta

import pytest

from duban.calendar.errors import UnknownYearError
from duban.calendar.working_days import WorkingCalendar
from duban.dispatches.rules import (
    MOST_WORKING_DAYS,
    Progress,
    dispatches_of,
    label,
    reply_day,
)
from duban.dispatches.states import Standing, Timing
from duban.kernel.errors import InvalidInputError
from duban.kernel.ids import new_id

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
CALENDAR = WorkingCalendar()
SENT = date(2026, 3, 5)  # a Thursday


class TestProgress:
    @pytest.mark.parametrize(
        ("progress", "standing"),
        [
            (Progress(), Standing.DELIVERED),
            (Progress(opened_at=NOW), Standing.OPENED),
            (Progress(opened_at=NOW, signed_at=NOW), Standing.SIGNED),
            (Progress(opened_at=NOW, signed_at=NOW, replied_at=NOW), Standing.REPLIED),
            (Progress(opened_at=NOW, signed_at=NOW, replied_at=NOW, ended_at=NOW), Standing.ENDED),
        ],
    )
    def test_stands_at_the_last_thing_that_happened(self, progress: Progress, standing: Standing) -> None:
        assert progress.standing is standing

    @pytest.mark.parametrize(
        ("due", "replied", "timing"),
        [
            (None, None, Timing.NONE_WANTED),
            (None, NOW, Timing.NONE_WANTED),
            (AFTER, None, Timing.PENDING),
            (NOW, None, Timing.OVERDUE),
            (NOW, BEFORE, Timing.IN_TIME),
            (NOW, NOW, Timing.LATE),
            (BEFORE, None, Timing.OVERDUE),
            (BEFORE, NOW, Timing.LATE),
        ],
    )
    def test_the_instant_the_day_ends_is_too_late(self, due: datetime | None, replied: datetime | None, timing: Timing) -> None:
        assert Progress(reply_due_at=due, replied_at=replied).timing(NOW) is timing


class TestReplyDay:
    def test_working_days_do_not_count_the_day_of_sending(self) -> None:
        assert reply_day(sent_on=SENT, by=None, working_days=2, calendar=CALENDAR) == date(2026, 3, 9)

    def test_a_named_day_is_taken_as_it_is_also_today(self) -> None:
        assert reply_day(sent_on=SENT, by=SENT, working_days=None, calendar=CALENDAR) == SENT
        assert reply_day(sent_on=SENT, by=None, working_days=None, calendar=CALENDAR) is None

    @pytest.mark.parametrize(
        ("by", "days", "field"),
        [
            (SENT - timedelta(days=1), None, "reply_by"),
            (date(2036, 1, 1), None, "reply_by"),
            (SENT, 3, "reply_days"),
            (None, 0, "reply_days"),
            (None, MOST_WORKING_DAYS + 1, "reply_days"),
        ],
    )
    def test_refuses_what_nobody_means(self, by: date | None, days: int | None, field: str) -> None:
        with pytest.raises(InvalidInputError) as refused:
            reply_day(sent_on=SENT, by=by, working_days=days, calendar=CALENDAR)
        assert list(refused.value.fields) == [field]

    def test_in_a_year_no_calendar_knows_working_days_are_refused_not_guessed(self) -> None:
        with pytest.raises(UnknownYearError):
            reply_day(sent_on=date(2150, 1, 4), by=None, working_days=3, calendar=CALENDAR)


def test_a_trail_names_the_dispatches_it_leads_through() -> None:
    first, receipt, second = new_id(), new_id(), new_id()
    assert dispatches_of(label(first) + label(receipt) + label(second)) == [first, second]
    assert dispatches_of(label(first) + label(receipt)) == [first]
