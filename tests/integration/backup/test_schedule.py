"""When the clock makes a backup, and that it notices one that died."""

import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from duban.backup.making import backups
from duban.backup.schedule import DailyBackup, due_since, is_due
from duban.embedded.services import environment_for
from duban.kernel.backup_runs import note_run, standing
from duban.kernel.clock import SystemClock
from duban.kernel.settings import Settings, SettingsError, daily_time, read_settings
from tests.chaos.crew import child_of

NIGHT = "02:30 Asia/Shanghai"  # 18:30 UTC of the day before


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "since"),
    [
        (at(10, 18, 30), at(10, 18, 30)),
        (at(10, 18, 29), at(9, 18, 30)),
        (at(10, 23), at(10, 18, 30)),
        (at(11, 3), at(10, 18, 30)),
    ],
)
def test_the_last_appointed_time_is_in_the_zone_that_was_named(now, since):
    assert due_since(Settings(backup_at=NIGHT), now) == since


def test_none_is_appointed_where_none_is_set():
    assert due_since(Settings(), at(10, 1)) is None


@pytest.mark.parametrize("words", ["02:30", "25:00 Asia/Shanghai", "02:30 Mars/Base", "night"])
def test_a_time_nobody_can_read_stops_the_start(words):
    with pytest.raises(SettingsError, match="DUBAN_BACKUP_AT"):
        read_settings({"DUBAN_BACKUP_AT": words})
    assert daily_time(NIGHT).hour == 2


def test_one_is_due_once_a_night_and_again_an_hour_after_a_failure(installation):
    settings, engine = replace(installation.settings, backup_at=NIGHT), installation.engine
    assert is_due(settings, engine, at(10, 12))  # a new installation does not wait
    note_run(engine, started_at=at(10, 12), ended_at=at(10, 12, 5), place="x", size_bytes=1, reason="")
    assert not is_due(settings, engine, at(10, 18, 29))
    assert is_due(settings, engine, at(10, 18, 30))
    note_run(engine, started_at=at(10, 18, 30), ended_at=at(10, 18, 40), place="", size_bytes=0, reason="disk full")
    assert not is_due(settings, engine, at(10, 19, 39))
    assert is_due(settings, engine, at(10, 19, 40))
    note_run(engine, started_at=at(10, 19, 40), ended_at=at(10, 19, 45), place="x", size_bytes=1, reason="")
    assert not is_due(settings, engine, at(11, 18, 29))
    assert is_due(settings, engine, at(11, 18, 31))
    assert not is_due(installation.settings, engine, at(20, 1))


def look_until(daily: DailyBackup, engine, wanted, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not wanted(standing(engine)):
        assert time.monotonic() < deadline, standing(engine)
        time.sleep(0.1)
        daily.look(SystemClock().now())
    return standing(engine)


@pytest.fixture
def daily(installation, monkeypatch, capfd):
    """The clock's part, in the environment it has in production."""
    settings = replace(installation.settings, backup_at=NIGHT, owner_database_url="")
    for name, value in environment_for(settings).items():
        monkeypatch.setenv(name, value)
    with capfd.disabled():
        made = DailyBackup(settings, installation.engine)
        yield made
        made.stop()


def test_the_clock_makes_one_beside_its_rounds(installation, daily):
    began = time.monotonic()
    daily.look(SystemClock().now())
    assert time.monotonic() - began < 1.0  # a round is not held up
    found = look_until(daily, installation.engine, lambda state: state.good_at is not None)
    assert found.failed_at is None
    assert len(backups(installation.settings.resolved_backup_dir)) == 1


def test_one_that_is_killed_is_noted_as_failed(installation, daily):
    daily.look(SystemClock().now())
    deadline = time.monotonic() + 20
    while (victim := child_of(daily._running.keeper.pid)) is None:
        assert time.monotonic() < deadline
    os.kill(victim, signal.SIGKILL)
    found = look_until(daily, installation.engine, lambda state: state.failed_at is not None)
    assert "ended with code" in found.failed_because and found.good_at is None
    daily.look(SystemClock().now() + timedelta(hours=1, minutes=1))
    assert look_until(daily, installation.engine, lambda state: state.good_at is not None).failed_at is None
