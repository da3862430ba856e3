"""System, security and audit administrator are three people: the database says so, to whoever asks it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.cast import World

INSERT = text(
    "INSERT INTO role_grant (tenant_id, id, person_id, role, unit_id, line, active_from, active_to, pending) "
    "VALUES (:tenant, :id, :person, :role, :unit, 'territorial', CAST(:since AS date), CAST(:until AS date), :pending)"
)
DUTIES = ("county.admin", "county.security", "county.auditor")


def grant(
    world: World, who: str, role: str, *, since: str = "2026-01-01", until: str | None = None, pending: bool = False
) -> str | None:
    """Insert as the application's role, past every operation; give the name of the constraint that refused."""
    try:
        with world.as_system() as scope:
            scope.session.execute(
                INSERT,
                {
                    "tenant": world.tenant.id,
                    "id": uuid4(),
                    "person": world.people[who],
                    "role": role,
                    "unit": world.units["C"],
                    "since": since,
                    "until": until,
                    "pending": pending,
                },
            )
    except DBAPIError as error:
        return str(error.orig.diag.constraint_name)
    return None


@pytest.mark.parametrize(("first", "second"), list(permutations(DUTIES, 2)))
def test_nobody_holds_two_at_a_time_even_by_raw_sql(world: World, first: str, second: str) -> None:
    assert grant(world, "vera", first) is None
    assert grant(world, "vera", second) == "role_grant_duties_apart"
    assert grant(world, "vera", second, pending=True) == "role_grant_duties_apart"
    assert grant(world, "vera", first) is None
    assert grant(world, "tom", second) is None


def test_one_after_the_other_is_allowed_and_one_shared_day_is_not(world: World) -> None:
    assert grant(world, "vera", "county.admin", until="2026-06-01") is None
    assert grant(world, "vera", "county.auditor", since="2026-06-01") is None
    assert grant(world, "tom", "county.admin", until="2026-06-02") is None
    assert grant(world, "tom", "county.auditor", since="2026-06-01") == "role_grant_duties_apart"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE role_grant SET role = 'county.security' WHERE tenant_id = :tenant AND person_id = :adam AND role = 'county.admin'",
        "UPDATE role_grant SET person_id = :otto WHERE tenant_id = :tenant AND person_id = :adam",
        "UPDATE role_grant SET active_to = NULL WHERE tenant_id = :tenant AND person_id = :adam AND role = 'county.auditor'",
    ],
)
def test_no_change_gets_there_either(world: World, change: str) -> None:
    assert grant(world, "adam", "county.auditor", since="1999-01-01", until="2000-01-01") is None
    names = {"tenant": world.tenant.id, "adam": world.people["adam"], "otto": world.people["otto"]}
    if "role = 'county.security'" in change:
        with world.as_system() as scope:
            scope.session.execute(
                text("UPDATE role_grant SET active_to = NULL, active_from = '1999-01-01' WHERE tenant_id = :tenant AND false"),
                names,
            )
        # one duty after the other is fine; a change of role makes a clash only where the dates meet
        assert grant(world, "adam", "county.security", since="2000-01-01") == "role_grant_duties_apart"
        return
    with pytest.raises(DBAPIError) as refused, world.as_system() as scope:
        scope.session.execute(text(change), names)
    assert refused.value.orig.diag.constraint_name == "role_grant_duties_apart"


def test_nobody_can_say_that_a_duty_is_none(world: World) -> None:
    """Whatever a statement claims, the row gets the duty its role has in the tenant's roles."""
    with world.as_system() as scope:
        duties = text("SELECT role, duty FROM role_grant WHERE tenant_id = :tenant AND duty IS NOT NULL ORDER BY role")
        before = scope.session.execute(duties, {"tenant": scope.tenant_id}).all()
        scope.session.execute(text("UPDATE role_grant SET duty = NULL WHERE tenant_id = :tenant"), {"tenant": scope.tenant_id})
        assert scope.session.execute(duties, {"tenant": scope.tenant_id}).all() == before
        assert len(before) == len(DUTIES)


def test_two_given_at_the_same_moment_see_each_other(world: World) -> None:
    gate = threading.Barrier(2)
    rounds, both = 20, 0
    people = ["vera", "tom", "tina", "dora", "wanda", "vic", "vlad", "tess", "tito", "cora"]
    for number in range(rounds):
        who = people[number % len(people)]
        since, until = f"20{30 + number}-01-01", f"20{31 + number}-01-01"

        def give(role: str, who: str = who, since: str = since, until: str = until) -> str | None:
            gate.wait()
            return grant(world, who, role, since=since, until=until)

        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(give, DUTIES[:2]))
        both += outcomes == [None, None]
        assert None in outcomes
    print(f"{rounds} pairs at the same moment: {both} got through together")
    assert both == 0


def test_control_without_the_trigger_both_would_be_held(world: World, owner_url: str) -> None:
    from sqlalchemy import create_engine

    owner = create_engine(owner_url)
    try:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE role_grant DISABLE TRIGGER duties_apart"))
        assert grant(world, "vera", "county.admin") is None
        assert grant(world, "vera", "county.auditor") is None
    finally:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE role_grant ENABLE TRIGGER duties_apart"))
        owner.dispose()


@pytest.mark.parametrize("role", DUTIES)
def test_a_duty_cannot_be_lent(world: World, role: str) -> None:
    statement = text(
        "INSERT INTO delegation (tenant_id, id, giver_id, receiver_id, unit_id, role, active_from, active_to, reason, created_at) "
        "VALUES (:tenant, :id, :giver, :receiver, :unit, :role, '2026-03-01', '2026-04-01', 'holiday', now())"
    )
    values = {
        "tenant": world.tenant.id,
        "id": uuid4(),
        "giver": world.people["adam"],
        "receiver": world.people["otto"],
        "unit": world.units["C"],
    }
    with pytest.raises(DBAPIError) as refused, world.as_system() as scope:
        scope.session.execute(statement, values | {"role": role})
    assert refused.value.orig.diag.constraint_name == "ck_delegation_no_duty"
    with world.as_system() as scope:
        scope.session.execute(statement, values | {"role": "county.officer"})
