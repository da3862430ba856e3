"""Neither the process's zone nor the database's moves a date: the same story told under each, 0 differences."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import product

import pytest
from sqlalchemy import Connection, Engine, event

from duban.reporting import operations, queries
from duban.reporting.icalendar_feed import DueEvent, calendar_file
from tests.cast import World
from tests.integration.reporting import requirements as given

PROCESS = ("UTC", "Asia/Shanghai", "America/New_York")
DATABASE = ("UTC", "Asia/Shanghai")


@contextmanager
def database_zone(engine: Engine, zone: str) -> Iterator[None]:
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL timezone = '{zone}'")

    event.listen(engine, "begin", begin)
    try:
        yield
    finally:
        event.remove(engine, "begin", begin)


def story(world: World) -> list[object]:
    """Issue, type too early, hand in at the edges, ask and grant, move many, sweep, and tell what came of it."""
    requirement_id = given.issued(world, opens="before_due", opens_days="3", late_until_days="20", grace_days="1")
    first, second = given.duty_id(world, requirement_id), given.duty_id(world, requirement_id, "V12")
    with world.as_("vic") as scope:
        made = operations.ask_extension(scope, duty_id=second, wanted_on=date(2026, 3, 25), reason="雨")
    with world.as_("tom") as scope:
        operations.grant_extension(scope, extension_id=made.id)
    given.handed_in(world, first, when=given.at("03-21", "23:59:59.999999"))
    told: list[object] = []
    for day, clock in (("04-04", "23:59:59.999999"), ("04-05", "00:00:00")):
        with world.as_system(at=given.at(day, clock)) as scope:
            told.append(operations.sweep_missing(scope))
    with world.as_("tom", at=given.at("04-05", "00:00:01")) as scope:
        decision = operations.change_due_dates(scope, requirement_id=requirement_id, due_on=date(2026, 4, 8), reason="汛")
        told.append(decision.duties)
        scope.session.expire_all()
        year = queries.year_below(scope, 2026)
    told.append([[(one.due_on, one.total, one.missing) for one in month] for month in year.months])
    for one in given.duties(world, requirement_id):
        told.append(
            (one.due_on, one.due_at, one.missing_at, one.opens_at, one.closes_at, one.state, one.timeliness, one.late_days)
        )
        at = one.due_at
        told.append(
            calendar_file([DueEvent("x", one.due_version, one.due_on, at, "t", "d", "l")], name="n", zone="Asia/Shanghai")
        )
    with world.as_("tom") as scope:
        operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="x")
    return told


def test_no_zone_but_the_tenants_plays_a_part(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {}
    for process, database in product(PROCESS, DATABASE):
        monkeypatch.setenv("TZ", process)
        time.tzset()
        with database_zone(world.engine, database):
            told[process, database] = story(world)
    monkeypatch.undo()
    time.tzset()
    first = told["UTC", "UTC"]
    assert [pair for pair, one in told.items() if one != first] == []
    assert first[0:2] == [0, 1]
    print(f"{len(told)} pairs of zones, 0 differences in {len(first)} figures each")


def test_the_control_a_zone_does_change_what_the_database_says(world: World) -> None:
    with database_zone(world.engine, "Asia/Shanghai"), world.as_system() as scope:
        assert scope.session.connection().exec_driver_sql("SHOW timezone").scalar() == "Asia/Shanghai"
