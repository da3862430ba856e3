"""Dead sessions stay dead: every change of credential, status or factor × every path × every process."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from socket import socket

import pyotp
import pytest
from sqlalchemy import update

from duban.access.models import RoleGrant
from duban.cli import cli
from duban.identity import operations
from duban.identity.door import session_key
from duban.identity.models import Person
from duban.kernel.clock import SystemClock
from duban.kernel.scope import SYSTEM, open_session, owned, unit_of_work
from duban.kernel.settings import ROOT, Settings
from duban.tenancy.models import Tenant
from tests.cast import PASSWORD, World, build_world

WORKERS = 4


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def ask(port: int, path: str, key: str) -> int:
    """Ask as a browser with a cookie; give the status."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Cookie": f"duban={key}", "Accept": "text/html"})
    try:
        with OPENER.open(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def environment(settings: Settings) -> dict[str, str]:
    given = {f"DUBAN_{one.name.upper()}": getattr(settings, one.name) for one in fields(Settings)}
    plain = {key: ("1" if value is True else "0" if value is False else str(value)) for key, value in given.items()}
    return {**{k: v for k, v in os.environ.items() if not k.startswith("DUBAN_")}, **{k: v for k, v in plain.items() if v not in {"", "0"}},
            "DUBAN_COOKIE_SECURE": "0", "DUBAN_LOG_FORMAT": "text", "PYTHONPATH": str(ROOT / "platform")}  # fmt: skip


@pytest.fixture(scope="module")
def workers(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """Four gunicorn processes of one worker each, so that each can be asked by name."""
    ports = [free_port() for _ in range(WORKERS)]
    log = (tmp_path_factory.mktemp("gunicorn") / "log").open("w")
    started = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "-w",
                "1",
                "--threads",
                "2",
                "--graceful-timeout",
                "2",
                "-b",
                f"127.0.0.1:{port}",
                "wsgi:app",
            ],
            cwd=ROOT,
            env=environment(settings),
            stdout=log,
            stderr=log,
        )
        for port in ports
    ]
    try:
        for port in ports:
            for _ in range(600):
                try:
                    with OPENER.open(f"http://127.0.0.1:{port}/healthz", timeout=5):
                        break
                except OSError:
                    time.sleep(0.1)
            else:
                pytest.fail(Path(log.name).read_text())
        yield ports
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        log.close()


@pytest.fixture
def today(engine: object, request: pytest.FixtureRequest, app_clock: object) -> World:
    """A cast of the real present: the processes asked have real clocks."""
    world = build_world(engine, now=SystemClock().now(), web=request)  # type: ignore[arg-type]
    app_clock.at = world.now  # type: ignore[attr-defined]
    return world


def key_of(world: World, who: str) -> str:
    app = world.web.getfixturevalue("app")
    with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=world.now) as scope:
        person = operations.get_person(scope, world.people[who])
        token = operations.start_session(scope, person=person, address="127.0.0.1", device="test", factor=True)
    with app.app_context():
        return session_key(world.tenant.id, token)


def cookie_browser(world: World, key: str):  # noqa: ANN201
    browser = world.client()
    browser.set_cookie("duban", key)
    return browser


def form_token(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page) or re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found
    return found[1]


def posted(world: World, key: str, path: str, data: dict[str, str] | None = None) -> None:
    browser = cookie_browser(world, key)
    token = form_token(browser.get("/account/devices").text)
    answer = browser.post(path, data={"csrf_token": token} | (data or {}))
    assert answer.status_code in {200, 201, 302}, answer.text


def called(
    world: World, who: str | None, method: str, path: str, json: object = None, key: str | None = None, *, match: bool = False
) -> None:
    browser = world.client(who)
    if key:
        browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    browser.environ_base["HTTP_ACCEPT"] = "application/json"
    headers = {"If-Match": browser.get(path.rpartition("/")[0]).headers["ETag"]} if match else {}
    answer = browser.open(path, method=method, json=json, headers=headers)
    assert answer.status_code in {200, 201, 204}, answer.text


def run_cli(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    from click.testing import CliRunner

    for key, value in environment(settings).items():
        if key.startswith("DUBAN_"):
            monkeypatch.setenv(key, value)
    monkeypatch.setenv("DUBAN_REDIS_URL", "redis://127.0.0.1:1/0")  # not asked by these commands; an embedded one is not wanted
    done = CliRunner().invoke(cli, [*arguments[:2], world.tenant.slug, *arguments[2:]])
    assert done.exit_code == 0, done.output


def enrol(world: World, who: str, key: str) -> None:
    browser = cookie_browser(world, key)
    page = browser.get("/account/factor").text
    proposal = re.search(r'name="proposal" value="([^"]+)"', page)[1]  # type: ignore[index]
    secret = re.search(r'class="num qr-secret">([^<]+)<', page)[1].replace(" ", "")  # type: ignore[index]
    answer = browser.post(
        "/account/factor", data={"csrf_token": form_token(page), "proposal": proposal, "code": pyotp.TOTP(secret).at(world.now)}
    )
    assert answer.status_code == 201, answer.text


def own_password(world: World, key: str) -> None:
    posted(world, key, "/password", {"old": PASSWORD, "new": "Plum-river-88", "again": "Plum-river-88"})


def session_id(world: World, who: str) -> str:
    browser = world.client("sara")
    browser.environ_base["HTTP_ACCEPT"] = "application/json"
    return str(browser.get(f"/api/v1/security/people/{world.people[who]}").json["sessions"][-1]["id"])


def merged(world: World) -> None:
    """Vera's two accounts are found to be one person's: the one that goes is signed out."""
    called(
        world,
        "adam",
        "POST",
        f"/api/v1/people/{world.people['vera']}/merge",
        {"kept_id": str(world.people["vlad"]), "different_names": True},
        match=True,
    )


def suspend(world: World) -> None:
    with open_session(world.engine, world.tenant.id) as session, session.begin():
        session.execute(update(Tenant).where(Tenant.id == world.tenant.id).values(active=False))


def disable_by_import_or_script(world: World) -> None:
    """What any import or script writes: the column, with no operation around it."""
    with world.as_system() as scope:
        scope.session.execute(
            update(Person).where(Person.tenant_id == world.tenant.id, Person.login == "vera").values(active=False)
        )


Run = Callable[[World, str, Callable[..., None]], None]
V = "/people/{vera}"
S = "/security/people/{vera}"
ENDS: dict[str, Run] = {
    "sign out · page": lambda w, key, cli: posted(w, key, "/sign-out"),
    "sign out · API": lambda w, key, cli: called(w, None, "DELETE", "/api/v1/session", key=key),
    "end from another device · page": lambda w, key, cli: posted(w, key_of(w, "vera"), "/account/devices/end-others"),
    "end from another device · API": lambda w, key, cli: called(w, "vera", "DELETE", "/api/v1/session/devices"),
    "own new password · page": lambda w, key, cli: own_password(w, key_of(w, "vera")),
    "password reset · page": lambda w, key, cli: posted(w, key_of(w, "adam"), f"/people/{w.people['vera']}/password"),
    "password reset · API": lambda w, key, cli: called(w, "adam", "POST", f"/api/v1/people/{w.people['vera']}/password", match=True),
    "password reset · CLI": lambda w, key, cli: cli("account", "reset-password", "vera"),
    "second factor set up · page": lambda w, key, cli: enrol(w, "vera", key_of(w, "vera")),
    "second factor reset · page": lambda w, key, cli: posted(w, key_of(w, "sara"), f"/security/people/{w.people['vera']}/factor/reset"),
    "second factor reset · API": lambda w, key, cli: called(w, "sara", "DELETE", f"/api/v1/security/people/{w.people['vera']}/factor"),
    "second factor reset · CLI": lambda w, key, cli: cli("account", "reset-factor", "vera"),
    "disabled · page": lambda w, key, cli: posted(w, key_of(w, "adam"), f"/people/{w.people['vera']}/active", {"active": "0"}),
    "disabled · CLI": lambda w, key, cli: cli("account", "disable", "vera"),
    "disabled · import or script": lambda w, key, cli: disable_by_import_or_script(w),
    "kicked everywhere · page": lambda w, key, cli: posted(w, key_of(w, "sara"), f"/security/people/{w.people['vera']}/sessions/end"),
    "kicked everywhere · API": lambda w, key, cli: called(w, "sara", "DELETE", f"/api/v1/security/people/{w.people['vera']}/sessions"),
    "kicked everywhere · CLI": lambda w, key, cli: cli("account", "end-sessions", "vera"),
    "kicked from one device · page": lambda w, key, cli: posted(w, key_of(w, "sara"), f"/security/sessions/{session_id(w, 'vera')}/end"),
    "kicked from one device · API": lambda w, key, cli: called(w, "sara", "DELETE", f"/api/v1/security/sessions/{session_id(w, 'vera')}"),
    "merged into another account · API": lambda w, key, cli: merged(w),
    "tenant suspended": lambda w, key, cli: suspend(w),
}  # fmt: skip
KEEPS_FACTOR = {name for name in ENDS if name.startswith("second factor reset")}
asked: list[str] = []


@pytest.mark.parametrize("name", list(ENDS))
def test_the_cookie_is_refused_by_every_process(
    today: World, workers: list[int], settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name in KEEPS_FACTOR:
        enrol(today, "vera", key_of(today, "vera"))
    key = key_of(today, "vera")
    assert [ask(port, "/account/devices", key) for port in workers] == [200] * WORKERS
    with monkeypatch.context() as patch:
        ENDS[name](today, key, lambda *words: run_cli(today, settings, patch, *words))
    refused = [ask(port, "/account/devices", key) for port in workers]
    asked.append(name)
    print(f"{len(asked)} of {len(ENDS)} ends: {name}: {refused.count(302)} of {WORKERS} processes refuse")
    assert refused == [302] * WORKERS


@pytest.mark.parametrize("path", ["page", "API"])
def test_a_role_taken_away_is_gone_on_every_process_while_the_session_lives(today: World, workers: list[int], path: str) -> None:
    key = key_of(today, "tom")
    assert [ask(port, f"/units/{today.units['V11']}", key) for port in workers] == [200] * WORKERS
    with today.as_system() as scope:
        grant = scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.person_id == today.people["tom"])).one().id
    if path == "page":
        posted(today, key_of(today, "sara"), f"/people/{today.people['tom']}/roles/{grant}/revoke")
    else:
        sara = today.client("sara")
        sara.environ_base["HTTP_ACCEPT"] = "application/json"
        match = sara.get(f"/api/v1/people/{today.people['tom']}").headers["ETag"]
        answer = sara.post(f"/api/v1/people/roles/{grant}/revoke", json={}, headers={"If-Match": match})
        assert answer.status_code in {200, 204}, answer.text
    assert [ask(port, f"/units/{today.units['V11']}", key) for port in workers] == [404] * WORKERS
    assert [ask(port, "/account/devices", key) for port in workers] == [200] * WORKERS


def test_control_a_session_that_nothing_ended_is_taken_by_every_process(today: World, workers: list[int]) -> None:
    key = key_of(today, "vera")
    posted(today, key_of(today, "tom"), "/sign-out")
    assert [ask(port, "/account/devices", key) for port in workers] == [200] * WORKERS


def test_control_without_the_epoch_a_script_would_leave_the_session_alive(
    today: World, workers: list[int], owner_url: str
) -> None:
    """The trigger off: a password written by a script ends nothing. That is what the trigger is for."""
    from sqlalchemy import create_engine, text

    key = key_of(today, "vera")
    owner = create_engine(owner_url)
    try:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE credential DISABLE TRIGGER moves_epoch"))
        with today.as_system() as scope:
            scope.session.execute(
                text("UPDATE credential SET password_hash = 'x' WHERE tenant_id = :tenant AND id = :person"),
                {"tenant": today.tenant.id, "person": today.people["vera"]},
            )
        assert [ask(port, "/account/devices", key) for port in workers] == [200] * WORKERS
    finally:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE credential ENABLE TRIGGER moves_epoch"))
        owner.dispose()
