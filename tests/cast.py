"""
The cast of every test: one small county and a stranger's tenant, made afresh for each test.

    县 (county)                cora officer, lena leader, eva evaluator, ed second evaluator, adam system admin,
    │                        sara security admin, otto auditor
    ├─ T1 城东镇 (township)    tom officer, tess leader
    │   ├─ V11 东一村          vera clerk, vlad leader
    │   └─ V12 东二村          vic clerk
    ├─ T2 城西镇 (township)    tina officer, tito leader
    │   └─ V21 西一村          wanda clerk
    └─ D1 交通局 (department)  dora officer
    another county (ewa officer, erik clerk of its village), its names with a word of their own planted in them (tests/canary.py)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select

from duban.access.models import RoleGrant
from duban.identity.door import session_key
from duban.identity.models import Credential, Person
from duban.identity.operations import start_session
from duban.identity.passwords import hash_password
from duban.identity.queries import get_person
from duban.kernel.ids import PersonId, UnitId, new_id
from duban.kernel.scope import SYSTEM, Actor, Scope, TenantInfo, unit_of_work
from duban.tenancy.models import Catalogue
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from duban.tree.models import Placement, Unit
from duban.tree.paths import label
from tests.canary import planted_phone, planted_word, watch

PASSWORD = "supervise-1949"
TENANTS = Path(__file__).parents[1] / "tenants"

UNITS = (
    ("C", None, "county", "望江县"),
    ("T1", "C", "township", "城东镇"),
    ("T2", "C", "township", "城西镇"),
    ("D1", "C", "department", "交通局"),
    ("V11", "T1", "village", "东一村"),
    ("V12", "T1", "village", "东二村"),
    ("V21", "T2", "village", "西一村"),
)
PEOPLE = (
    ("cora", "陈科", "county.officer", "C"),
    ("lena", "李县长", "county.leader", "C"),
    ("eva", "何评", "county.evaluator", "C"),
    ("ed", "艾评", "county.evaluator", "C"),
    ("adam", "管理员", "county.admin", "C"),
    ("sara", "安全员", "county.security", "C"),
    ("otto", "审计员", "county.auditor", "C"),
    ("tom", "唐安", "township.officer", "T1"),
    ("tess", "谭镇长", "township.leader", "T1"),
    ("tina", "田安", "township.officer", "T2"),
    ("tito", "陶镇长", "township.leader", "T2"),
    ("dora", "杜通", "department.officer", "D1"),
    ("vera", "魏文书", "village.clerk", "V11"),
    ("vlad", "吴支书", "village.leader", "V11"),
    ("vic", "韦文书", "village.clerk", "V12"),
    ("wanda", "汪文书", "village.clerk", "V21"),
)
STRANGERS = (("ewa", "外县干部", "county.officer", "C"), ("erik", "外县文书", "village.clerk", "V11"))


@cache
def _hash() -> str:
    return hash_password(PASSWORD)


@cache
def _parts(kind: str) -> dict[str, dict[str, Any]]:
    """A kind's files, read once: half of what a world takes is reading them."""
    return read_parts(TENANTS / kind)


@dataclass
class World:
    """The cast at work. `as_("vera")` opens her unit of work; `client("vera")` is her browser."""

    engine: Engine
    tenant: TenantInfo
    other: TenantInfo
    now: datetime
    units: dict[str, UnitId]
    paths: dict[str, str]
    people: dict[str, PersonId]
    web: pytest.FixtureRequest
    names: dict[str, str] = field(default_factory=dict)

    def tenant_of(self, who: str) -> TenantInfo:
        """The tenant somebody belongs to."""
        return self.other if who in {name for name, *_ in STRANGERS} else self.tenant

    @contextmanager
    def as_(self, who: str, *, at: datetime | None = None) -> Iterator[Scope]:
        """Open a unit of work of one of the cast, committed at the end of the block."""
        actor = Actor(person_id=self.people[who], name=self.names[who])
        with unit_of_work(self.engine, tenant=self.tenant_of(who), actor=actor, now=at or self.now) as scope:
            yield scope

    @contextmanager
    def as_system(self, *, at: datetime | None = None) -> Iterator[Scope]:
        """Open a unit of work of the service itself."""
        with unit_of_work(self.engine, tenant=self.tenant, actor=SYSTEM, now=at or self.now) as scope:
            yield scope

    def client(self, who: str | None = None) -> FlaskClient:
        """A browser, signed in as one of the cast; form tokens are not asked of it."""
        app = self.web.getfixturevalue("app")
        clock = self.web.getfixturevalue("app_clock")
        clock.at = self.now
        browser = app.test_client()
        if who is not None:
            tenant = self.tenant_of(who)
            with unit_of_work(self.engine, tenant=tenant, actor=SYSTEM, now=self.now) as scope:
                # with the second factor shown: what a person without one may reach is tested in tests/web/identity
                person = get_person(scope, self.people[who])
                token = start_session(scope, person=person, address="127.0.0.1", device="test", factor=True)
            # As a bearer: everything a cookie does, without the form token that tests/web/identity checks on its own.
            with app.app_context():
                key = session_key(tenant.id, token)
            browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
            browser.environ_base["HTTP_ACCEPT"] = "text/html"
        return browser

    def later(self, **delta: float) -> datetime:
        """The test's time moved on, e.g. later(days=3)."""
        return self.now + timedelta(**delta)


def _make_units(
    scope: Scope, world_units: tuple[tuple[str, str | None, str, str], ...], line: str = "territorial"
) -> tuple[dict[str, UnitId], dict[str, str]]:
    made: dict[str, Unit] = {}
    for key, parent_key, level, name in world_units:
        parent = made.get(parent_key or "")
        if parent is not None:
            parent.children_made += 1
        made[key] = scope.add(
            Unit(
                id=new_id(),
                code=key,
                name=name,
                short_name=name,
                level=level,
                search=name,
                path=f"{parent.path if parent else ''}{label(parent.children_made if parent else 1)}.",
                children_made=0,
                position=len(made),
                parent_id=parent.id if parent else None,
                active_from=date(2000, 1, 1),
                sector="",
            )
        )
    scope.session.flush()
    for unit in made.values():
        scope.add(
            Placement(
                unit_id=unit.id,
                line=line,
                parent_id=unit.parent_id,
                path=unit.path,
                is_primary=True,
                active_from=date(2000, 1, 1),
            )
        )
    scope.session.flush()
    return {key: UnitId(unit.id) for key, unit in made.items()}, {key: unit.path for key, unit in made.items()}


def _make_people(
    scope: Scope, people: tuple[tuple[str, str, str, str], ...], units: dict[str, UnitId], word: str = ""
) -> dict[str, PersonId]:
    made = {}
    for login, name, role, _unit in people:
        person_id = new_id()
        phone = planted_phone(person_id)
        watch.learn(phone, scope.tenant_id)
        scope.add(
            Person(
                id=person_id,
                login=login,
                name=f"{name}{word}",
                post=f"{role}{word}",
                email=f"{login}{word}@example.org",
                phone=phone,
            )
        )
        made[login] = PersonId(person_id)
    scope.session.flush()
    for login, _name, role, unit in people:
        scope.add(Credential(id=made[login], password_hash=_hash(), must_change=False, changed_at=scope.now))
        scope.add(
            RoleGrant(person_id=made[login], role=role, unit_id=units[unit], line="territorial", active_from=date(2000, 1, 1))
        )
    scope.session.flush()
    return made


def build_world(engine: Engine, *, now: datetime, web: pytest.FixtureRequest, kind: str = "county") -> World:
    """Make both tenants with units and people, directly in the tables: operations are tested, not used as fixtures."""
    parts = _parts(kind)
    tenants = [
        provision(
            engine, slug=f"{name}-{uuid4().hex[:12]}", name=title, kind=kind, time_zone="Asia/Shanghai", parts=parts, now=now
        )
        for name, title in (("own", "望江县"), ("foreign", "外县"))
    ]
    tenant, other = tenants
    with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
        units, paths = _make_units(scope, UNITS)
        people = _make_people(scope, PEOPLE, units)
    word = planted_word(other.id)
    watch.learn(word, other.id)
    with unit_of_work(engine, tenant=other, actor=SYSTEM, now=now) as scope:
        foreign_units, _ = _make_units(scope, tuple((key, parent, level, f"{name}{word}") for key, parent, level, name in UNITS))
        strangers = _make_people(scope, STRANGERS, foreign_units, word)
    units |= {f"other-{key}": value for key, value in foreign_units.items()}
    names = {login: name for login, name, *_ in PEOPLE} | {login: f"{name}{word}" for login, name, *_ in STRANGERS}
    return World(
        engine=engine,
        tenant=tenant,
        other=other,
        now=now,
        units=units,
        paths=paths,
        people=people | strangers,
        web=web,
        names=names,
    )


def older_policy(
    world: World,
    *,
    lacks: str = "p, county.line_superior, line_below, phone, reveal",
    also: str = "",
    active_from: date | None = None,
) -> None:
    """Make the tenant one that took its kind over when this line was not in it yet; `also`: lines it has added itself."""
    text = "\n".join(line for line in _parts("county")["policy"]["text"].splitlines() if line != lacks) + "\n"
    roles = _parts("county")["roles"]["items"]
    bodies = {"policy": {"text": f"{text}{also}", "kind_text": text}, "roles": {"items": roles, "kind_items": roles}}
    with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=world.now) as scope:
        for part, body in bodies.items():
            last = scope.session.scalar(
                select(func.max(Catalogue.version)).where(Catalogue.tenant_id == scope.tenant_id, Catalogue.part == part)
            )
            since = active_from or date(1900, 1, 2)
            scope.add(Catalogue(id=new_id(), part=part, version=(last or 0) + 1, active_from=since, body=body))
