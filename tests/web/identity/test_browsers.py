"""What browsers are told and asked: cookies, headers, form tokens, hosts. Over every address there is."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from duban.app import create_app, db
from duban.kernel.clock import SetClock
from duban.kernel.settings import Settings
from duban.web.headers import HEADERS
from tests.cast import PASSWORD, World
from tests.shares import by_commit, in_share

BASE = "https://duban.example"


@pytest.fixture
def site(settings: Settings, world: World) -> Iterator[Flask]:
    """As in real life: TLS only, one name."""
    app = create_app(replace(settings, cookie_secure=True, base_url=BASE), clock=SetClock(world.now))
    yield app
    with app.app_context():
        db.engine.dispose()


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    found = []
    for rule in app.url_map.iter_rules():
        values = {
            name: "00000000-0000-0000-0000-000000000000" if "UUID" in type(conv).__name__ else "1"
            for name, conv in rule._converters.items()
        }
        with app.test_request_context():
            path = app.url_for(rule.endpoint, _external=False, **values)
        path = path.removeprefix(BASE)
        methods = sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"})
        found += [(method, path, rule.endpoint) for method in methods]
    return found


def form_token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found
    return found[1]


def signed_in(site: Flask, world: World) -> tuple[FlaskClient, list[str]]:
    browser = site.test_client()
    cookies: list[str] = []
    page = browser.get("/sign-in?lang=zh", base_url=BASE)
    cookies += page.headers.getlist("Set-Cookie")
    data = {"slug": world.tenant.slug, "login": "vera", "password": PASSWORD, "csrf_token": form_token(page.text)}
    answer = browser.post("/sign-in", data=data, base_url=BASE)
    assert answer.status_code == 302
    return browser, cookies + answer.headers.getlist("Set-Cookie")


def lacking(answer: TestResponse, endpoint: str) -> list[str]:
    """Name the headers that are missing or weak."""
    missing = [name for name in HEADERS if name not in answer.headers]
    policy = answer.headers.get("Content-Security-Policy", "")
    for part in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        missing += [part] if part not in policy else []
    missing += ["unsafe-inline"] if "unsafe" in policy else []
    hsts = re.match(r"max-age=(\d+); includeSubDomains", answer.headers.get("Strict-Transport-Security", ""))
    missing += [] if hsts and int(hsts[1]) >= 31_536_000 else ["Strict-Transport-Security"]
    stored = "no-store" in answer.headers.get("Cache-Control", "")
    missing += [] if stored or (endpoint == "static" and answer.status_code == 200) else ["no-store"]
    return missing


def test_every_answer_carries_every_header(site: Flask, world: World) -> None:
    browser, _ = signed_in(site, world)
    stranger = site.test_client()
    counted, statuses, wrong = 0, set(), {}
    extra = [("GET", "/static/css/duban.css", "static"), ("GET", "/static/none.css", ""), ("GET", "/none", ""), ("BREW", "/", "")]
    for number, (method, path, endpoint) in enumerate([*addresses(site), *extra]):
        for who in (stranger, browser) if method == "GET" else ((stranger, browser)[number % 2],):
            answer = who.open(path, method=method, base_url=BASE)
            counted += 1
            statuses.add(answer.status_code)
            if lacking(answer, endpoint):
                wrong[method, path] = lacking(answer, endpoint)
    print(f"{counted} answers with statuses {sorted(statuses)}: {len(wrong)} lack a header")
    assert wrong == {}
    assert {200, 302, 400, 401, 404, 422} <= statuses


def test_control_without_the_hook_headers_would_be_missed(site: Flask) -> None:
    site.after_request_funcs[None].clear()
    answer = site.test_client().get("/none", base_url=BASE)
    assert {"no-store", "Content-Security-Policy", "Strict-Transport-Security"} <= set(lacking(answer, ""))


def test_every_cookie_is_as_strong_as_cookies_get(site: Flask, world: World) -> None:
    _, cookies = signed_in(site, world)
    names = {cookie.partition("=")[0] for cookie in cookies}
    print(f"{len(cookies)} cookies set: {sorted(names)}")
    assert {"__Host-duban", "__Host-duban-form", "__Host-duban-device", "__Host-tenant", "__Host-lang"} == names
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert word in cookie, cookie
        assert "Domain" not in cookie
        assert len(cookie) <= 4096


ELSEWHERE = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://duban.example.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)
"""What a browser says of a form that comes from another site."""


class TestForms:
    def refused(
        self, site: Flask, browser: FlaskClient, *, token: str | None, part: tuple[int, int] = (1, 0), **headers: str
    ) -> tuple[int, list[tuple[str, str, int]]]:
        tried, through = 0, []
        for method, path, endpoint in addresses(site):
            # the door for programs sets no cookie; the console has a door, cookies and tests of its own
            if not in_share(path, part[0], turn=part[1]):
                continue
            if method == "GET" or endpoint == "session.start" or path.startswith(("/operator", "/api/v1/operator")):
                continue
            sent = dict(headers) | ({"X-CSRFToken": token} if token else {})
            answer = browser.open(path, method=method, base_url=BASE, headers={"Referer": BASE + "/"} | sent)
            tried += 1
            if answer.status_code != 400:
                through.append((method, path, answer.status_code))
        return tried, through

    def test_without_a_token_of_ours_nothing_is_changed(self, site: Flask, world: World) -> None:
        browser, _ = signed_in(site, world)
        other, _ = signed_in(site, world)
        foreign = form_token(other.get("/password", base_url=BASE).text)
        for token in (None, "made-up", foreign):
            tried, through = self.refused(site, browser, token=token)
            print(f"{tried} changes with token {token and token[:10]!r}: {len(through)} let through")
            assert through == []
            assert tried > 80

    @by_commit(16)
    @pytest.mark.parametrize(("turn", "headers"), list(enumerate(ELSEWHERE)))
    def test_with_it_but_from_another_site_neither(
        self, site: Flask, world: World, turn: int, headers: dict[str, str], one_in: int
    ) -> None:
        browser, _ = signed_in(site, world)
        token = form_token(browser.get("/password", base_url=BASE).text)
        tried, through = self.refused(site, browser, token=token, part=(one_in, turn), **headers)
        print(f"{tried} changes with {headers}: {len(through)} let through")
        assert through == []
        assert tried * one_in > 80

    def test_control_with_it_and_from_here_it_works(self, site: Flask, world: World) -> None:
        browser, _ = signed_in(site, world)
        token = form_token(browser.get("/password", base_url=BASE).text)
        headers = {"Origin": BASE, "Sec-Fetch-Site": "same-origin", "X-CSRFToken": token, "Referer": BASE + "/"}
        assert browser.post("/account/devices/end-others", base_url=BASE, headers=headers).status_code == 302


@pytest.mark.parametrize("host", ["evil.example", "duban.example.evil.example", "duban.example@evil.example", "evil.example:80"])
def test_another_host_is_refused(site: Flask, host: str) -> None:
    answer = site.test_client().get("/sign-in", headers={"Host": host})
    assert answer.status_code == 400
    assert site.test_client().get("/sign-in", headers={"Host": "duban.example"}).status_code == 200
