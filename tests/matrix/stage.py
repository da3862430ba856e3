"""
The world the matrix plays in: every role at every unit of its level, and one of everything at every place, in two tenants.

What stands here is made through the operations, by whoever may make it; only people and units go straight into the tables.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine

from duban.access.models import Delegation, RoleGrant
from duban.identity.door import session_key
from duban.identity.models import Credential, Person
from duban.identity.operations import create_token, start_session
from duban.identity.queries import get_person
from duban.kernel.ids import PersonId, UnitId, new_id
from duban.kernel.scope import SYSTEM, Actor, Scope, TenantInfo, unit_of_work
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from tests.cast import TENANTS, _hash, _make_units
from tests.matrix.places import IN_LINE, PRIMARY, TREES, Tree

SPARE = "subject-spare"
"""A second one like those others manage, e.g. to be joined with the first."""
LENT = "~lent"
"""Ends the key of somebody without a role of their own who uses a lent one."""
NONE, FORMER, SUSPENDED, SUBJECT = "none", "former", "suspended", "subject"
"""People without a role: who never had one, who had all of it until yesterday, who is locked out; and whom others manage."""


@dataclass(frozen=True)
class Thing:
    """One object: its id, where it stands, to whom it is addressed, whose alone it is, and what a request needs of it."""

    id: UUID
    place: str
    to: str | None = None
    owner: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class House:
    """One tenant of the stage."""

    engine: Engine
    tenant: TenantInfo
    tree: Tree
    now: datetime
    mark: str
    data_dir: str
    units: dict[str, UnitId] = field(default_factory=dict)
    people: dict[str, PersonId] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    things: dict[tuple[str, str], Thing] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    """The line a role is held in, where it is not the primary one."""
    writers: dict[str, str] = field(default_factory=dict)
    leaders: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def as_(self, who: str, *, at: datetime | None = None) -> Iterator[Scope]:
        """Open a unit of work of somebody, e.g. `township.officer@T1`."""
        actor = Actor(person_id=self.people[who], name=self.names[who])
        with unit_of_work(self.engine, tenant=self.tenant, actor=actor, now=at or self.now) as scope:
            yield scope

    @contextmanager
    def as_system(self) -> Iterator[Scope]:
        """Open a unit of work of the service."""
        with unit_of_work(self.engine, tenant=self.tenant, actor=SYSTEM, now=self.now) as scope:
            yield scope

    def put(self, kind: str, place: str, thing_id: UUID, **where: Any) -> None:
        """Keep an object under its kind and the place it is called by."""
        more = {name: value for name, value in where.items() if name not in {"at", "to", "owner"}}
        at = where.get("at", place)
        self.things[kind, place] = Thing(thing_id, at, where.get("to"), where.get("owner"), more)

    def title(self, kind: str, place: str) -> str:
        """Give a text that tells a reader whose it is: looked for in every list."""
        return f"{kind}-{self.mark}-{place}."

    def below(self, place: str) -> list[str]:
        """List the units directly below a place."""
        return [key for key, parent in self.tree.parents.items() if parent == place]


@dataclass
class Stage:
    """Both tenants."""

    own: House
    foreign: House
    kind: str


def _people(house: House, roles: list[dict[str, Any]]) -> None:
    levels = {key: level for key, _, level in TREES[house.tree.kind]}
    house.lines = {role["code"]: role["line"] for role in roles if role.get("line")}
    with house.as_system() as scope:
        for role in roles:
            for place in [key for key, level in levels.items() if level in role["levels"]]:
                _person(house, scope, f"{role['code']}@{place}", role["code"], place)
                writes = role["code"].endswith((".officer", ".clerk"))
                leads = role["code"].endswith(".leader")
                if writes or leads:
                    (house.writers if writes else house.leaders)[place] = f"{role['code']}@{place}"
        for place, writer in sorted(house.writers.items()):
            _person(house, scope, f"{SUBJECT}@{place}", writer.partition("@")[0], place)
            _person(house, scope, f"{SPARE}@{place}", writer.partition("@")[0], place)
            house.put("spare", place, house.people[f"{SPARE}@{place}"])
        top = house.writers["C"].partition("@")[0]
        _person(house, scope, NONE, None, "C")
        if "T1" in house.writers:
            _person(house, scope, f"{house.writers['T1']}{LENT}", None, "T1")
        _person(house, scope, FORMER, top, "C", until=scope.today)
        _person(house, scope, SUSPENDED, top, "C")
        for who, person_id in house.people.items():
            person = get_person(scope, person_id)
            token = start_session(scope, person=person, address="127.0.0.1", device="matrix", factor=True)
            house.keys[who] = session_key(house.tenant.id, token)
        scope.session.flush()
    for who in house.people:
        with house.as_(who) as scope:
            secret = create_token(scope, name="matrix", scopes=["full"], days=30, factor=True).secret
            house.tokens[who] = session_key(house.tenant.id, secret)
    with house.as_system() as scope:
        get_person(scope, house.people[SUSPENDED], lock=True).active = False


def _lend(house: House) -> None:
    """
    Somebody at T1 acts for its officer and has no role of their own; another lending at V11 is there to be ended.

    The officer is who has proposed what the furniture holds, so who acts for them is answered as they are.
    """
    lendings = [
        ("T1", house.writers["T1"], f"{house.writers['T1']}{LENT}"),
        ("V11", f"{SUBJECT}@V11", f"{SUBJECT}@V12"),
    ]
    with house.as_system() as scope:
        for place, giver, receiver in [one for one in lendings if one[0] in house.writers]:
            made = scope.add(
                Delegation(
                    id=new_id(),
                    giver_id=house.people[giver],
                    receiver_id=house.people[receiver],
                    unit_id=house.units[place],
                    role=house.writers[place].partition("@")[0],
                    active_from=scope.today,
                    active_to=scope.today + timedelta(days=9),
                    reason="学习",
                    created_at=scope.now,
                )
            )
            if place == "V11":
                house.put("delegation", place, made.id, owner=giver)


def _person(house: House, scope: Scope, who: str, role: str | None, place: str, *, until: date | None = None) -> None:
    person = scope.add(
        Person(
            id=new_id(),
            login=f"p{len(house.people)}",
            name=house.title("person", who.replace(SPARE, SUBJECT)).replace("@", "-"),  # two accounts of one person, to be merged
            post=role or "",
            email="",
            phone="",
        )
    )
    scope.session.flush()
    scope.add(Credential(id=person.id, password_hash=_hash(), must_change=False, changed_at=scope.now))
    house.people[who], house.names[who] = PersonId(person.id), person.name
    if role is None:
        return
    grant = scope.add(
        RoleGrant(
            id=new_id(),
            person_id=person.id,
            role=role,
            unit_id=house.units[place],
            line=house.lines.get(role, PRIMARY[house.tree.kind]),
            active_from=date(2000, 1, 1),
            active_to=until,
        )
    )
    if who.startswith(f"{SUBJECT}@"):
        house.put("person", place, person.id, login=person.login)
        house.put("grant", place, grant.id)


def _house(engine: Engine, kind: str, mark: str, *, now: datetime, data_dir: str) -> House:
    parts = read_parts(TENANTS / kind)
    tenant = provision(
        engine,
        slug=f"{mark}-{uuid4().hex[:12]}",
        name=f"{mark} tenant",
        kind=kind,
        time_zone="Asia/Shanghai",
        parts=parts,
        now=now,
    )
    house = House(engine, tenant, Tree(kind, IN_LINE[kind]), now, mark, data_dir)
    rows = tuple((key, parent, level, house.title("unit", key)) for key, parent, level in TREES[kind])
    with house.as_system() as scope:
        house.units, _ = _make_units(scope, rows, PRIMARY[kind])
    house.put("tenant", "C", tenant.id)
    for key, unit_id in house.units.items():
        house.put("unit", key, unit_id, code=key, name=house.title("unit", key))
    _people(house, parts["roles"]["items"] if "items" in parts["roles"] else parts["roles"])
    _lend(house)
    return house


def build_stage(engine: Engine, *, kind: str, now: datetime, data_dir: str) -> Stage:
    """Make both tenants with everything in them. Costs: a few seconds; made once for a run."""
    from tests.matrix import furniture

    houses = [_house(engine, kind, mark, now=now, data_dir=data_dir) for mark in ("home", "away")]
    for house in houses:
        furniture.furnish(house)
    return Stage(own=houses[0], foreign=houses[1], kind=kind)


def later(house: House, **delta: float) -> datetime:
    """The stage's time moved on."""
    return house.now + timedelta(**delta)
