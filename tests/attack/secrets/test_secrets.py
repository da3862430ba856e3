"""
Secrets [C14]: passwords, tokens, seeds, codes, slips and keys that were really used stand nowhere as they are.

An installation of its own is worked in through its doors; then everything it has left is looked through: the dump of the database, Redis,
mails, the log, the backup, a tenant's archive, exports, files, and every answer but the one that is there to show a secret once.
"""

import re
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import flask
import pyotp
import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import Engine, select, text
from werkzeug.test import TestResponse

from duban.app import create_app, db
from duban.audit.models import AuditRecord
from duban.backup.making import make
from duban.backup.programs import find_programs, libpq
from duban.console.desk import Hand, at_desk
from duban.console.exporting import export_tenant
from duban.console.operations import accounts
from duban.embedded import postgres, redis
from duban.files.storage import open_store
from duban.kernel.clock import SetClock
from duban.kernel.ids import new_id
from duban.kernel.jobs import bell
from duban.kernel.migrating import upgrade
from duban.kernel.runtime import Runtime
from duban.kernel.settings import Settings
from duban.notifications.tasks import deliver
from duban.web.replies import KeptReply
from duban.worker import courier
from tests.attack.secrets.looking import Search
from tests.binding import CONTEXT_KEY
from tests.cast import PASSWORD, World, build_world
from tests.conftest import NOW, POSTGRES_BIN
from tests.integration.backup.conftest import quiet
from tests.integration.letters.cast_letters import issue_all, letter_of
from tests.integration.reporting.requirements import issued
from tests.mailbox import mailbox_running

NEW, WRONG, TYPED = "Plumtree-Canary-1949", "Wrong-Canary-guess-7", "Late-Canary-1949-pw"
KEYS = {
    "key of sessions": "canary-secret-key-of-at-least-32-characters",
    "key of factors": "canary-factor-key-of-at-least-32-characters",
    "key of backups": "canary-backup-key-of-at-least-32-characters",
    "key of metrics": "canary-metrics-token-of-at-least-32-chars",
}
SMTP = "canary-smtp-password"
ONCE = {"API token", "calendar address", "recovery code", "code used up", "slip", "seed", "operator's seed", "program's session"}
"""Shown by one answer, which is there for it."""


@dataclass
class Ground:
    """The installation and all that it answered and wrote down."""

    settings: Settings
    app: Flask
    world: World
    clock: SetClock
    owner_url: str
    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[str, int, bytes]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.world.engine

    def browser(self) -> FlaskClient:
        return self.app.test_client()


@contextmanager
def standing(servers: Any, home: Path, request: pytest.FixtureRequest) -> Iterator[Ground]:
    server, _ = servers
    name = f"duban_secrets_{uuid4().hex[:8]}"
    server.create_database(name)
    upgrade(server.url(postgres.OWNER_ROLE, name), context_key=CONTEXT_KEY)
    with redis.running(home / "redis") as queue:
        settings = Settings(
            database_url=server.url(postgres.APP_ROLE, name), owner_database_url=server.url(postgres.OWNER_ROLE, name),
            backup_database_url=server.url(postgres.BACKUP_ROLE, name), redis_url=queue.url, data_dir=str(home / "data"),
            backup_dir=str(home / "backups"), context_key=CONTEXT_KEY, secret_key=KEYS["key of sessions"],
            factor_key=KEYS["key of factors"], backup_key=KEYS["key of backups"], metrics_token=KEYS["key of metrics"],
            smtp_url=f"smtp://duban:{SMTP}@127.0.0.1:1", cookie_secure=False, postgres_bin=POSTGRES_BIN,
        )  # fmt: skip
        clock = SetClock(NOW)
        app = create_app(settings, clock=clock)
        with app.app_context():
            engine = db.engine
        ground = Ground(settings, app, build_world(engine, now=NOW, web=request), clock, settings.owner_database_url)

        def hear(_app: Flask, response: flask.Response, **_: object) -> None:
            asked = f"{flask.request.method} {flask.request.path}"
            ground.answers.append((asked, response.status_code, b"" if response.is_streamed else response.get_data()))

        try:
            with flask.request_finished.connected_to(hear, app):
                yield ground
        finally:
            bell.hang(None)
            engine.dispose()
    server.drop_database(name)


def token_of(page: TestResponse) -> str:
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]


def come_in(ground: Ground, who: str, password: str = PASSWORD, status: int = 302) -> FlaskClient:
    browser = ground.browser()
    form = {"csrf_token": token_of(browser.get("/sign-in")), "slug": ground.world.tenant.slug, "login": who, "password": password}
    assert browser.post("/sign-in", data=form).status_code == status
    return browser


def key_of(browser: FlaskClient) -> str:
    return browser.get_cookie("duban").value


def passwords_and_sessions(ground: Ground) -> None:
    come_in(ground, "vera", WRONG, status=400)
    vera = come_in(ground, "vera")
    ground.secrets["session"] = key_of(vera).split("~")[0]
    form = {"csrf_token": token_of(vera.get("/password")), "old": PASSWORD, "new": NEW, "again": NEW}
    assert vera.post("/password", data=form | {"again": TYPED}).status_code == 422
    assert vera.post("/password", data=form | {"old": WRONG}).status_code == 422
    assert vera.post("/password", data=form).status_code == 302
    vera = come_in(ground, "vera", NEW)
    tenant = ground.world.tenant.slug
    asked = {"tenant": tenant, "login": "vera", "password": NEW}
    program = ground.browser()
    assert program.post("/api/v1/session", json=asked | {"login": "nobody-here"}).status_code == 400
    assert program.post("/api/v1/session", json=asked | {"more": NEW}).status_code == 422
    assert program.post("/api/v1/session", data=f'{{"password": "{NEW}"', content_type="application/json").status_code == 422
    made = program.post("/api/v1/session", json=asked)
    bearer = {"Authorization": f"Bearer {made.json['token']}"}
    ground.secrets["program's session"] = made.json["token"].split("~")[0]
    body, key = {"name": "报表程序", "scopes": ["read"], "days": 30}, {"Idempotency-Key": "k1"}
    api = program.post("/api/v1/session/tokens", json=body, headers=bearer | key)
    ground.secrets["API token"] = api.json["token"].split("~")[0]
    assert program.post("/api/v1/session/tokens", json=body, headers=bearer | key).status_code == 409
    token = {"Authorization": f"Bearer {api.json['token']}"}
    assert program.get("/api/v1/units/", headers=token).status_code == 200
    assert (
        program.get("/api/v1/session/devices?x=1", headers={"Authorization": f"Bearer {api.json['token']}x"}).status_code == 401
    )
    feed = vera.post("/calendar/renew", data={"csrf_token": token_of(vera.get("/calendar"))})
    key = re.search(r"duban\.ics\?key=([^<\"]+)", feed.text)[1]
    ground.secrets["calendar address"] = key.split("~")[0]
    assert ground.browser().get(f"/calendar/duban.ics?key={key}").status_code == 200
    assert ground.browser().get(f"/calendar/duban.ics?key={key}x").status_code == 404


def factors(ground: Ground) -> None:
    """Sara sets up her second factor and proves herself with a code from paper."""
    sara = come_in(ground, "sara")
    page = sara.get("/account/factor")
    seed = re.search(r'qr-secret">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    form = {"csrf_token": token_of(page), "proposal": re.search(r'name="proposal" value="([^"]+)"', page.text)[1]}
    done = sara.post("/account/factor", data=form | {"code": pyotp.TOTP(seed).at(ground.clock.at)})
    assert done.status_code == 201, done.text[:500]
    codes = re.findall(r"<li[^>]*>(?:<[^>]+>)*([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})", done.text)
    ground.secrets |= {"seed": seed, "recovery code": codes[0], "code used up": codes[1]}
    again = come_in(ground, "sara")
    form = {"csrf_token": token_of(again.get("/account/code")), "code": codes[1]}
    assert again.post("/account/code", data=form).status_code == 302


def slips(ground: Ground) -> None:
    """A person is made and signs in with what is printed on the slip."""
    tom = come_in(ground, "tom")
    form = {"csrf_token": token_of(tom.get("/people/new")), "unit_id": str(ground.world.units["V11"]), "role": "village.clerk",
            "login": "newcomer", "name": "新人", "once": "once-1"}  # fmt: skip
    made = tom.post("/people/new", data=form)
    assert made.status_code in {200, 201}, made.text[:300]
    ground.secrets["slip"] = re.search(r"(?<![\w-])[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}(?![\w-])", made.text)[0]
    slip = come_in(ground, "newcomer", ground.secrets["slip"])
    assert slip.get("/").status_code == 302


def signing_too_late(ground: Ground) -> None:
    """A form with a password in it, sent after its session has ended: kept for its person, but for the password."""
    letter = issue_all(ground.world)["T1"]
    tess = come_in(ground, "tess")
    page = tess.get(f"/letters/{letter}/sign")
    once = re.search(r'name="once" value="([^"]+)"', page.text)[1]
    form = {"csrf_token": token_of(page), "once": once, "digest": letter_of(ground.world, letter).digest, "read": "1"}
    tess.delete_cookie("duban")
    late = tess.post(f"/letters/{letter}/sign", data=form | {"password": TYPED})
    assert "_unsent" in late.headers["Location"]
    tess = come_in(ground, "tess")
    page = tess.get(f"/letters/{letter}/sign")
    form |= {"csrf_token": token_of(page), "once": re.search(r'name="once" value="([^"]+)"', page.text)[1]}
    assert tess.post(f"/letters/{letter}/sign", data=form | {"password": WRONG}).status_code == 409
    assert tess.post(f"/letters/{letter}/sign", data=form | {"password": PASSWORD}).status_code == 302


def operators(ground: Ground) -> None:
    with at_desk(ground.engine, hand=Hand(None, "terminal"), now=ground.clock.at) as desk:
        slip = accounts.create_operator(desk, login="op-canary", name="值班员")
    ground.secrets["operator's slip"] = slip.password
    browser = ground.browser()
    form = {"csrf_token": token_of(browser.get("/operator/sign-in")), "login": slip.login, "code": ""}
    assert browser.post("/operator/sign-in", data=form | {"password": WRONG}).status_code == 400
    assert browser.post("/operator/sign-in", data=form | {"password": slip.password}).status_code == 302
    ground.secrets["operator's session"] = browser.get_cookie("duban-operator").value
    form = {
        "csrf_token": token_of(browser.get("/operator/password")),
        "old": slip.password,
        "new": NEW + "op",
        "again": NEW + "op",
    }
    assert browser.post("/operator/password", data=form).status_code == 302
    page = browser.get("/operator/second-factor")
    seed = re.search(r"<code>([A-Z2-7]{16,})<", page.text)[1].replace(" ", "")
    ground.secrets["operator's seed"] = seed
    form = {"csrf_token": token_of(page), "code": pyotp.TOTP(seed).at(ground.clock.at)}
    assert browser.post("/operator/second-factor", data=form).status_code == 302


def a_defect(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page breaks with a password in hand: its error page and its line in the log."""

    def broken(*_: object, **given: object) -> None:
        raise RuntimeError("the program is wrong")

    with monkeypatch.context() as patched:
        patched.setattr("duban.identity.operations.sign_in", broken)
        come_in(ground, "vera", NEW, status=500)


def worked_in(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use every secret as it is used in life."""
    ground.secrets |= KEYS | {"key of contexts": CONTEXT_KEY, "password of the mail server": SMTP}
    ground.secrets |= {"password": NEW, "first password": PASSWORD, "wrong guess": WRONG, "password sent too late": TYPED}
    passwords_and_sessions(ground)
    factors(ground)
    slips(ground)
    signing_too_late(ground)
    operators(ground)
    a_defect(ground, monkeypatch)
    issued(ground.world)
    for address in ("/nowhere", "/units/not-a-unit", "/api/v1/nowhere"):
        assert ground.browser().get(address).status_code in {302, 401, 404}


def mails_of(ground: Ground) -> list[bytes]:
    """Deliver once with the mail server away, then for real."""
    with mailbox_running() as mailbox:
        for url in (f"smtp://duban:{SMTP}@127.0.0.1:{mailbox.port}", mailbox.url):
            means = Runtime(settings=replace(ground.settings, smtp_url=url), engine=ground.engine, clock=ground.clock)
            deliver(courier(means), ground.world.tenant)
            ground.clock.at += timedelta(days=1)
    return [bytes(message) for message in mailbox.received]


def queue_of(ground: Ground) -> list[bytes]:
    client = Redis.from_url(ground.settings.redis_url)
    found = [key + b"=" + client.dump(key) for key in client.keys("*")]
    for key in client.keys("*"):
        kind = client.type(key)
        if kind == b"hash":
            found += [part for pair in client.hgetall(key).items() for part in pair]
        elif kind == b"string":
            found.append(client.get(key))
        elif kind == b"list":
            found += client.lrange(key, 0, -1)
        elif kind == b"set":
            found += list(client.smembers(key))
        elif kind == b"zset":
            found += client.zrange(key, 0, -1)
        else:
            found += [repr(client.xrange(key)).encode()]
    client.close()
    return found


def dump_of(ground: Ground) -> bytes:
    with ground.engine.connect() as connection:
        major = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    where, environment = libpq(ground.settings.backup_database_url)
    command = [
        str(find_programs(ground.settings.postgres_bin, server_major=major).pg_dump),
        "--format=plain",
        "--inserts",
        f"--dbname={where}",
    ]
    return subprocess.run(command, capture_output=True, check=True, env=dict(environment)).stdout


def exports_of(ground: Ground, home: Path) -> None:
    store = open_store(ground.settings.resolved_files_url)
    export_tenant(
        ground.engine, tenant_id=ground.world.tenant.id, store=store, into=home / "exports" / "one.zip", now=ground.clock.at
    )
    make(ground.settings, now=ground.clock.at, say=quiet, tick=quiet)


def looked_through(ground: Ground, home: Path) -> Search:
    """Search every place for every secret."""
    search = Search.for_secrets(ground.secrets)
    for mail in mails_of(ground):
        search.look("mails", mail)
    exports_of(ground, home)
    for part in queue_of(ground):
        search.look("parts of Redis", part, where=repr(part[:40]))
    for line in dump_of(ground).split(b";\n"):
        search.look("statements of the dump", line, where=line[:80].decode(errors="replace"))
    with ground.world.as_system() as scope:
        rows = scope.session.scalars(select(AuditRecord).where(AuditRecord.tenant_id == scope.tenant_id)).all()
    for row in rows:
        search.look(
            "audit records", repr({key: value for key, value in vars(row).items() if key[0] != "_"}).encode(), where=row.act
        )
    search.look_at_folder("files of the backup", Path(ground.settings.backup_dir))
    search.look_at_folder("archives", home / "exports")
    search.look_at_folder("files in the data folder", Path(ground.settings.data_dir))
    for event in ground.log:
        search.look("log events", repr(event).encode(), where=str(event.get("event")))
    return search


@pytest.fixture
def ground(servers: Any, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with structlog.testing.capture_logs() as events, standing(servers, tmp_path, request) as made:
        made.log = events
        worked_in(made, monkeypatch)
        yield made


@pytest.mark.nightly
def test_no_secret_stands_anywhere_as_it_is(ground: Ground, tmp_path: Path) -> None:
    search = looked_through(ground, tmp_path)
    answers = Search.for_secrets(ground.secrets)
    shown: dict[str, set[str]] = {}
    for asked, status, body in ground.answers:
        for name in answers.look("error pages" if status >= 400 else "other answers", body, where=f"{asked} → {status}"):
            shown.setdefault(name, set()).add(f"{asked} → {status}")
    print(search.said(), answers.said(), f"shown once, where it is due: {shown}", sep="\n")
    assert search.found == []
    assert [line for line in answers.found if line.startswith("error pages")] == []
    assert set(shown) <= ONCE
    assert all(len(places) == 1 for places in shown.values()), shown
    assert min(search.looked_at.values()) > 0
    assert {
        "mails",
        "parts of Redis",
        "statements of the dump",
        "audit records",
        "files of the backup",
        "archives",
        "log events",
    } <= set(search.looked_at)
    assert len(search.looked_at) + len(answers.looked_at) >= 9
    planted(ground, tmp_path, search)


def planted(ground: Ground, home: Path, before: Search) -> None:
    """Positive control: put one secret into each kind of place, and it is found there."""
    client = Redis.from_url(ground.settings.redis_url)
    client.hset("rq:job:planted", mapping={"data": zlib.compress(f'["{NEW}"]'.encode())})
    client.close()
    with ground.world.as_system() as scope:
        scope.add(
            KeptReply(
                id=new_id(), person_id=ground.world.people["tess"], key_digest="planted", request_digest="planted", status=200,
                headers="{}", body=f"x {TYPED} y".encode(), made_at=scope.now,
            )
        )  # fmt: skip
        scope.session.execute(
            text("UPDATE person SET post = :post WHERE tenant_id = :tenant AND login = 'vic'"),
            {"post": f"x{ground.secrets['seed']}", "tenant": scope.tenant_id},
        )
    ground.log.append({"event": "planted", "url": f"smtp://x:{SMTP}@y"})
    (home / "exports" / "planted").write_bytes(ground.secrets["API token"].encode().hex().encode())
    ground.clock.at += timedelta(hours=1)
    found = looked_through(ground, home).found
    kinds = {
        line.split(" holds the ")[1]: {
            one.split(" holds")[0].split(" ")[0] for one in found if one.endswith(line.split(" holds the ")[1])
        }
        for line in found
    }
    print("planted and found:", kinds)
    assert set(kinds) == {"password", "password sent too late", "seed", "password of the mail server", "API token"}
    assert {"parts", "statements", "files", "archives", "log"} <= set().union(*kinds.values())
