"""
Every page of a tenant, read by its people, in a database where two other tenants have rows in every table, a canary in every text (A10).

Twice: as installed, and with row-level security switched off, so that the conditions in the statements alone must keep tenants apart.
"""

import random
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import unescape

import pytest
from flask import Flask, Response, jsonify
from psycopg import sql
from sqlalchemy import text

from duban.app import create_app, db
from duban.embedded import postgres
from duban.kernel.clock import SetClock
from duban.kernel.db import make_engine
from duban.kernel.settings import Settings
from duban.web.requests import current_scope
from tests import canary
from tests.attack.isolation.seeding import TENANTS, Ground, prepared
from tests.binding import CONTEXT_KEY
from tests.cast import PEOPLE, World, build_world
from tests.conftest import NOW
from tests.integration.reporting.requirements import accepted, at, duty_id, handed_in, issued
from tests.statements import DELIBERATE

_HREF = re.compile(r'(?:href|hx-get|src)="(/[^"#]*)')
_LEAVE_ALONE = ("/static", "/sign-out", "/healthz", "/readyz", "/metrics", "/api/docs", "/api/v1/openapi", "/operator")
FEW = ("cora", "vera", "adam")
EVERYBODY = tuple(login for login, *_ in PEOPLE)


@dataclass
class Fixtures:
    """What the cast asks pytest for."""

    values: dict[str, object]

    def getfixturevalue(self, name: str) -> object:
        return self.values[name]


@dataclass
class Place:
    """The database, the application on it, and a tenant at work."""

    ground: Ground
    app: Flask
    world: World
    dice: random.Random = field(default_factory=lambda: random.Random(18))


def learn_neighbours(ground: Ground) -> int:
    """Note every id and word of the two tenants that have rows in every table."""
    with ground.root() as root:
        for table in ground.tables.values():
            if table.columns.get("id") == "uuid":
                rows = root.execute(sql.SQL("SELECT tenant_id, id FROM {}").format(sql.Identifier(table.name))).fetchall()
                for tenant_id, row_id in rows:
                    canary.watch.learn(str(row_id), tenant_id)
    for tenant_id in TENANTS.values():
        canary.watch.learn(canary.planted_word(tenant_id), tenant_id)
    return len(ground.tables)


@pytest.fixture(scope="module")
def place(servers, settings: Settings, tmp_path_factory: pytest.TempPathFactory, _canaries_are_watched: None) -> Iterator[Place]:
    server, name = servers
    for ground in prepared(server, f"{name}_crawl"):
        learn_neighbours(ground)
        url = server.url(postgres.APP_ROLE, ground.database)
        engine = make_engine(url, context_key=CONTEXT_KEY)
        clock = SetClock(NOW)
        home = tmp_path_factory.mktemp("crawl")
        app = create_app(replace(settings, database_url=url, data_dir=str(home)), clock=clock, propagate_defects=True)
        app.config["PROPAGATE_EXCEPTIONS"] = True
        world = build_world(engine, now=NOW, web=Fixtures({"app": app, "app_clock": clock}))
        issued(world, "cora", "C", title="季度工作总结", targets={"scope": "children"})
        town = issued(world, "tom", "T1", title="隐患排查月报")
        late = issued(world, "tom", "T1", title="消防台账", due={"kind": "fixed", "on": "2026-03-05"}, missing_after_days=10)
        handed_in(world, duty_id(world, town, "V11"))
        handed_in(world, duty_id(world, late, "V12"), "vic", when=at("03-04"))
        accepted(world, duty_id(world, late, "V12"), when=at("03-05"))
        yield Place(ground, app, world)
        engine.dispose()
        with app.app_context():
            db.engine.dispose()


def crawl(place: Place, who: str, *, follow: int) -> Counter[int]:
    """Read pages as somebody: every address without parameters, then some of those they lead to."""
    browser = place.world.client(who)
    starts = [rule.rule for rule in place.app.url_map.iter_rules() if not rule.arguments and "GET" in (rule.methods or ())]
    waiting, known, answers, followed = deque(starts), set(starts), Counter[int](), 0
    while waiting:
        address = waiting.popleft()
        if address.startswith(_LEAVE_ALONE):
            continue
        answer = browser.get(address, headers={"Accept": "application/json" if address.startswith("/api/") else "text/html"})
        answers[answer.status_code] += 1
        content = answer.get_data()
        answer.close()
        if answer.mimetype not in {"text/html", "application/json"}:
            continue
        found = [unescape(link) for link in _HREF.findall(content.decode()) if link.split("?")[0] not in known]
        for link in place.dice.sample(found, min(len(found), 8)):
            if followed < follow and link not in known:
                known |= {link, link.split("?")[0]}
                waiting.append(link)
                followed += 1
    return answers


def crawl_all(place: Place, people: tuple[str, ...], *, follow: int) -> tuple[Counter[int], list[str]]:
    answers: Counter[int] = Counter()
    with canary.watch.expecting_leaks() as leaks:
        for who in people:
            answers.update(crawl(place, who, follow=follow))
    return answers, leaks


@pytest.fixture
def without_row_level_security(place: Place) -> Iterator[None]:
    with place.ground.root() as root:
        for table in place.ground.tables:
            root.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(sql.Identifier(table)))
        yield
        for table in place.ground.tables:
            root.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(sql.Identifier(table)))


def check(what: str, people: tuple[str, ...], answers: Counter[int], leaks: list[str]) -> None:
    print(f"{what}: {len(people)} people read {answers.total()} pages {dict(answers)}: {len(leaks)} foreign canaries")
    assert leaks == []
    assert answers[200] > 20 * len(people)
    assert not any(status >= 500 for status in answers)


def test_statements_alone_keep_tenants_apart(place: Place, without_row_level_security: None, monkeypatch) -> None:
    answers, leaks = crawl_all(place, FEW, follow=10)
    check("row-level security off", FEW, answers, leaks)

    def careless() -> Response:
        return jsonify(current_scope().session.scalars(text(f"SELECT name FROM person {DELIBERATE}")).all())

    # Positive control: one page that lacks its condition is found, for everybody who opens it.
    monkeypatch.setitem(place.app.view_functions, "dashboards.home", careless)
    _, leaks = crawl_all(place, FEW[:1], follow=0)
    assert any(canary.planted_word(TENANTS["west"]) in leak for leak in leaks)


@pytest.mark.nightly
def test_no_page_of_anybody_holds_a_foreign_canary(place: Place) -> None:
    check("as installed", EVERYBODY, *crawl_all(place, EVERYBODY, follow=60))


@pytest.mark.nightly
def test_nor_with_row_level_security_off(place: Place, without_row_level_security: None) -> None:
    check("row-level security off", EVERYBODY, *crawl_all(place, EVERYBODY, follow=60))
