"""Trees of other kinds than the cast's, one unit deep at every level, to follow a report up: made straight in the tables."""

from datetime import date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from duban.access.models import RoleGrant
from duban.identity.models import Credential, Person
from duban.kernel.ids import PersonId, new_id
from duban.kernel.scope import SYSTEM, unit_of_work
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from tests.cast import TENANTS, World, _hash, _make_units

UNITS = {
    "county": (("C", None, "county"), ("T1", "C", "township"), ("V11", "T1", "village"), ("E11", "V11", "enterprise")),
    "expressway": (
        ("C", None, "owner"), ("T1", "C", "supervision_office"), ("V11", "T1", "contractor"), ("E11", "V11", "section"),
        ("E12", "V11", "section"),
    ),
    "province": (
        ("P", None, "province"), ("U", "P", "city"), ("C", "U", "county"), ("T1", "C", "township"), ("V11", "T1", "village"),
    ),
}  # fmt: skip
PRIMARY = {"county": "territorial", "expressway": "project", "province": "territorial"}
POSTS = {
    "county": {
        "C": "county.officer", "T1": "township.officer", "T1-leader": "township.leader", "V11": "village.clerk",
        "E11": "enterprise.clerk",
    },
    "expressway": {
        "C": "owner.officer", "T1": "supervision_office.officer", "T1-inspector": "supervision_office.inspector",
        "T1-leader": "supervision_office.leader", "V11": "contractor.officer", "E11": "section.clerk", "E12": "section.clerk",
    },
    "province": {
        "P": "province.officer", "U": "province_city.officer", "U-leader": "province_city.leader", "C": "province_county.officer",
        "T1": "province_township.officer", "V11": "province_village.clerk",
    },
}  # fmt: skip
"""Who holds what, by login: the key of their unit, and what they are where two stand there."""


def chain_world(engine: Engine, kind: str, *, now: datetime, web: pytest.FixtureRequest) -> World:
    """Make a tenant of a kind with one officer at every level; a person is called by the key of their unit."""
    tenant = provision(
        engine,
        slug=f"chain-{uuid4().hex[:12]}",
        name=kind,
        kind=kind,
        time_zone="Asia/Shanghai",
        parts=read_parts(TENANTS / kind),
        now=now,
    )
    people = {login: PersonId(new_id()) for login in POSTS[kind]}
    with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
        named = tuple((key, parent, level, f"{level} {key}") for key, parent, level in UNITS[kind])
        units, paths = _make_units(scope, named, PRIMARY[kind])
        for login, person_id in people.items():
            scope.add(Person(id=person_id, login=login, name=login, post=POSTS[kind][login], email=f"{login}@example.org"))
        scope.session.flush()
        for person_id in people.values():
            scope.add(Credential(id=person_id, password_hash=_hash(), must_change=False, changed_at=now))
        for login, role in POSTS[kind].items():
            line = "supervision" if role.endswith(".inspector") else PRIMARY[kind]
            unit_id = units[login.partition("-")[0]]
            scope.add(RoleGrant(person_id=people[login], role=role, unit_id=unit_id, line=line, active_from=date(2000, 1, 1)))
    names = {login: login for login in people}
    return World(engine, tenant, tenant, now, units, paths, people, web, names)
