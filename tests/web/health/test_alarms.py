"""The alarm of a silent process, of missing backups and of late messages; and that it is quiet when all is well."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text

from duban.app import create_app
from duban.kernel import backup_runs, figures
from duban.kernel.clock import SetClock
from duban.kernel.db import make_engine
from duban.kernel.heartbeats import beat
from duban.kernel.migrating import upgrade
from duban.kernel.runtime import Runtime
from duban.web.alarms import SILENCE_ALLOWED, alarms, standing_of
from tests.conftest import NOW


@pytest.fixture
def means(servers, settings):
    """An installation with nothing wrong, on a database of its own: its heartbeats are nobody else's."""
    server, name = servers
    own = f"{name}_alarms"  # not copied from the worker's own database: a copy needs it to be left by everybody
    server.drop_database(own)
    server.create_database(own)
    upgrade(server.url("duban_owner", own), context_key=settings.context_key)
    url = server.url("duban_app", own)
    engine = make_engine(url, context_key=settings.context_key)
    made = Runtime(settings=replace(settings, database_url=url), engine=engine, clock=SetClock(NOW))
    owner = create_engine(server.url("duban_owner", own))
    with owner.begin() as connection:
        for table in ("heartbeat", "backup_run", "service_figure"):
            connection.execute(text(f"DELETE FROM {table}"))
    owner.dispose()
    for part in ("clock", "worker"):
        beat(engine, part, NOW)
    backup_runs.note_run(engine, started_at=NOW, ended_at=NOW, place="here", size_bytes=1, reason="")
    yield made
    engine.dispose()
    server.drop_database(own)


def codes(means: Runtime) -> list[str]:
    return [alarm.code for alarm in alarms(means)]


def test_all_well_is_quiet(means):
    assert codes(means) == []
    assert set(standing_of(means).checks.values()) == {"ok"}


@pytest.mark.parametrize("part", ["clock", "worker"])
def test_a_silent_process_is_alarmed_within_90_seconds(means, part):
    other = {"clock": "worker", "worker": "clock"}[part]
    for seconds in range(0, 91, 10):
        means.clock.at = NOW + timedelta(seconds=seconds)
        beat(means.engine, other, means.clock.at)
        assert codes(means) == ([part] if timedelta(seconds=seconds) >= SILENCE_ALLOWED else []), seconds
    (alarm,) = alarms(means)
    assert alarm.is_critical and alarm.since == NOW


def test_readyz_turns_red_and_names_the_culprit_and_the_time(means):
    app = create_app(means.settings, clock=means.clock)
    assert app.test_client().get("/readyz").status_code == 200
    means.clock.at = NOW + SILENCE_ALLOWED
    beat(means.engine, "worker", means.clock.at)
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["clock"] == "silent"
    assert answer.json["alarms"] == [{"code": "clock", "critical": True, "since": NOW.isoformat()}]
    with app.app_context():
        app.extensions["duban"].engine.dispose()


def test_a_stale_failed_or_missing_backup_is_alarmed_but_serving_goes_on(means):
    means.clock.at = NOW + timedelta(hours=27)
    for part in ("clock", "worker"):
        beat(means.engine, part, means.clock.at)
    assert codes(means) == ["backup_stale"]
    backup_runs.note_run(
        means.engine, started_at=NOW, ended_at=NOW + timedelta(hours=1), place="here", size_bytes=0, reason="disk full"
    )
    assert codes(means) == ["backup_failed", "backup_stale"]
    assert standing_of(means).is_ready
    demo = Runtime(settings=replace(means.settings, demo=True), engine=means.engine, clock=means.clock)
    assert codes(demo) == []


def test_a_real_installation_without_any_backup_is_told(means, servers):
    server, name = servers
    owner = create_engine(server.url("duban_owner", f"{name}_alarms"))
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM backup_run"))
    owner.dispose()
    assert codes(means) == ["backup_missing"]


def test_late_and_dead_messages_are_told(means):
    figures.note_figures(means.engine, {figures.EFFECTS_LATENESS_SECONDS: Decimal(301), figures.EFFECTS_DEAD: Decimal(2)}, NOW)
    assert codes(means) == ["messages_late", "messages_dead"]
    figures.note_figures(means.engine, {figures.EFFECTS_LATENESS_SECONDS: Decimal(0), figures.EFFECTS_DEAD: Decimal(0)}, NOW)
    assert codes(means) == []


def test_a_database_that_is_gone_is_said_not_raised(means):
    gone = create_engine("postgresql+psycopg://duban_app@/nowhere?host=/nonexistent")
    found = standing_of(Runtime(settings=means.settings, engine=gone, clock=means.clock))
    assert found.checks["database"] == "unreachable" and not found.is_ready
    dead_queue = replace(means.settings, redis_url="unix:///nonexistent/redis.sock")
    assert codes(Runtime(settings=dead_queue, engine=means.engine, clock=means.clock)) == ["redis"]
