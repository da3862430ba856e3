"""Second factor, step-up, tokens, time-outs, keys: what a request must stand on before it gets anywhere."""

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from duban.app import create_app, db
from duban.audit.models import AuditRecord
from duban.identity import operations
from duban.identity.door import session_key
from duban.identity.guard import AT_ENROLMENT, AT_FACTOR, PUBLIC_ENDPOINTS
from duban.identity.models import ApiToken
from duban.identity.queries import SignedIn
from duban.identity.rules.sessions import FRESH_FOR
from duban.identity.weighty import NOT_BY_TOKEN, WEIGHTY
from duban.kernel.clock import SetClock
from duban.kernel.scope import SYSTEM, owned, unit_of_work
from duban.kernel.settings import Settings
from duban.tenancy.models import Tenant
from tests.cast import PASSWORD, World
from tests.shares import by_commit, in_share

HALF_MINUTE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
PRIVILEGED = ("adam", "sara", "otto")


@pytest.fixture(autouse=True)
def _time(world: World, app_clock: SetClock) -> None:
    app_clock.at = world.now


def form_token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "the form carries no token"
    return found[1]


def door(app: Flask, world: World, who: str, *, browser: FlaskClient | None = None) -> FlaskClient:
    """Come in through the door, as far as a password alone gets."""
    browser = browser or app.test_client()
    page = browser.get("/sign-in").text
    data = {"slug": world.tenant.slug, "login": who, "password": PASSWORD, "csrf_token": form_token(page)}
    assert browser.post("/sign-in", data=data).status_code == 302
    return browser


def enrol(browser: FlaskClient, world: World) -> pyotp.TOTP:
    page = browser.get("/account/factor").text
    proposal = re.search(r'name="proposal" value="([^"]+)"', page)[1]  # type: ignore[index]
    secret = re.search(r'class="num qr-secret">([^<]+)<', page)[1].replace(" ", "")  # type: ignore[index]
    assert "<svg" in page
    assert "style=" not in page
    totp = pyotp.TOTP(secret)
    data = {"csrf_token": form_token(page), "proposal": proposal, "code": totp.at(world.now)}
    answer = browser.post("/account/factor", data=data)
    assert answer.status_code == 201
    assert len(re.findall(r"<li>[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}</li>", answer.text)) == 10
    return totp


def routes(app: Flask) -> list[tuple[str, str, str]]:
    found = []
    for rule in app.url_map.iter_rules():
        # the operator's door is another one: a tenant's session is nothing there (tests/web/console)
        if rule.endpoint in PUBLIC_ENDPOINTS or rule.endpoint.startswith(("api-docs.", "console.", "api-console", "operator")):
            continue
        values = {
            name: "00000000-0000-0000-0000-000000000000" if "UUID" in type(conv).__name__ else "1"
            for name, conv in rule._converters.items()
        }
        with app.test_request_context():
            address = app.url_for(rule.endpoint, **values)
        found += [
            (method, address, rule.endpoint)
            for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"})
        ]
    return found


class TestSecondFactor:
    @by_commit(10)
    @pytest.mark.parametrize("who", PRIVILEGED)
    @pytest.mark.parametrize("way", ["cookie", "bearer"])
    def test_without_it_administrators_reach_nothing_but_its_setting_up(
        self, app: Flask, world: World, who: str, way: str, one_in: int
    ) -> None:
        turn = list(PRIVILEGED).index(who)
        browser = door(app, world, who)
        if way == "bearer":
            token = app.test_client().post(
                "/api/v1/session", json={"tenant": world.tenant.slug, "login": who, "password": PASSWORD}
            )
            assert token.json["next_step"] == "enrol"
            browser = app.test_client()
            browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token.json['token']}"
        else:
            token_field = form_token(browser.get("/account/factor").text)
            browser.environ_base["HTTP_X_CSRFTOKEN"] = token_field
        reached, tried = [], 0
        for method, address, endpoint in routes(app):
            if endpoint in AT_ENROLMENT or not in_share(f"{method} {address}", one_in, turn=turn):
                continue
            answer = browser.open(address, method=method, headers={"Accept": "text/html"})
            tried += 1
            stopped = (answer.status_code == 302 and answer.headers["Location"] == "/account/factor") or (
                answer.status_code == 403 and answer.json["code"] == "second-factor-needed"
            )
            if not stopped:
                reached.append((method, address, answer.status_code))
        print(f"{who} by {way}: {tried} addresses tried without a second factor, {len(reached)} reached")
        assert reached == []
        assert tried * one_in > 100

    @pytest.mark.parametrize("way", ["cookie", "bearer"])
    def test_half_through_nothing_but_the_code_is_asked(self, app: Flask, world: World, way: str) -> None:
        enrol(door(app, world, "vera"), world)
        if way == "cookie":
            browser = door(app, world, "vera")
            browser.environ_base["HTTP_X_CSRFTOKEN"] = form_token(browser.get("/account/code").text)
        else:
            browser = app.test_client()
            answer = browser.post("/api/v1/session", json={"tenant": world.tenant.slug, "login": "vera", "password": PASSWORD})
            assert answer.json["next_step"] == "second-factor"
            browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {answer.json['token']}"
        reached = []
        for method, address, endpoint in routes(app):
            if endpoint not in AT_FACTOR:
                answer = browser.open(address, method=method, headers={"Accept": "text/html"})
                if not (answer.status_code == 403 or answer.headers.get("Location") == "/account/code"):
                    reached.append((method, address, answer.status_code))
        assert reached == []

    def test_control_with_the_guard_off_they_would_reach_their_pages(
        self, app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(SignedIn, "factor_missing", property(lambda _: False))
        browser = door(app, world, "adam")
        reached = [path for path in ("/people", "/units", "/account/tokens") if browser.get(path).status_code == 200]
        assert len(reached) == 3

    def test_control_with_it_they_do_reach_their_pages(self, app: Flask, world: World) -> None:
        browser = door(app, world, "adam")
        enrol(browser, world)
        assert browser.get("/people").status_code == 200

    def test_the_code_opens_once_and_the_session_gets_a_new_id(self, app: Flask, world: World, app_clock: SetClock) -> None:
        totp = enrol(door(app, world, "adam"), world)
        browser, other = door(app, world, "adam"), door(app, world, "adam")
        assert browser.get("/people").headers["Location"] == "/account/code"
        before = browser.get_cookie("duban").value
        app_clock.at = world.now + HALF_MINUTE
        code = totp.at(app_clock.at)
        data = {"csrf_token": form_token(browser.get("/account/code").text), "code": code}
        assert browser.post("/account/code", data=data).status_code == 302
        assert browser.get_cookie("duban").value != before
        assert browser.get("/people").status_code == 200
        replay = app.test_client()
        replay.set_cookie("duban", before)
        assert replay.get("/account/code").headers["Location"].startswith("/sign-in")
        again = {"csrf_token": form_token(other.get("/account/code").text), "code": code}
        assert other.post("/account/code", data=again).status_code == 409

    @pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k1"}], ids=["plain", "with a key"])
    def test_by_api_the_same(self, app: Flask, world: World, app_clock: SetClock, key: dict[str, str]) -> None:
        totp = enrol(door(app, world, "adam"), world)
        browser = app.test_client()
        first = browser.post("/api/v1/session", json={"tenant": world.tenant.slug, "login": "adam", "password": PASSWORD}).json
        app_clock.at = world.now + HALF_MINUTE
        headers = {"Authorization": f"Bearer {first['token']}"}
        code = totp.at(app_clock.at)
        second = browser.post("/api/v1/session/second-factor", json={"code": code}, headers=headers | key)
        assert second.status_code == 200
        assert second.json["next_step"] == "none"
        assert second.json["idle_seconds"] == 600
        assert browser.get("/api/v1/people/", headers=headers).status_code == 401
        fresh = {"Authorization": f"Bearer {second.json['token']}"}
        assert browser.get("/api/v1/people/", headers=fresh).status_code == 200
        again = browser.post(
            "/api/v1/session/confirmation", json={"proof": PASSWORD}, headers=fresh | {name: "k2" for name in key}
        )
        assert (again.json["next_step"], again.json["idle_seconds"]) == ("none", 600)


class TestDemo:
    @pytest.mark.parametrize(("installation", "tenant", "said"), [(True, True, True), (True, False, False), (False, True, False)])
    def test_pages_say_the_code_only_where_all_is_show(
        self, world: World, settings: Settings, installation: bool, tenant: bool, said: bool
    ) -> None:
        with world.as_system() as scope:
            scope.session.execute(update(Tenant).where(Tenant.id == world.tenant.id).values(demo=tenant))
        app = create_app(replace(settings, demo=installation), clock=SetClock(world.now))
        browser = door(app, world, "adam")
        page = browser.get("/account/factor").text
        secret = re.search(r'class="num qr-secret">([^<]+)<', page)[1].replace(" ", "")  # type: ignore[index]
        assert (pyotp.TOTP(secret).at(world.now) in page) == said
        totp = enrol(browser, world)
        code = totp.at(world.now + HALF_MINUTE)
        assert (code in door(app, world, "adam").get("/account/code").text) == said
        with app.app_context():
            db.engine.dispose()


class TestFixation:
    def test_an_id_planted_before_signing_in_never_becomes_one(self, app: Flask, world: World) -> None:
        taken = 0
        for number in range(100):
            planted = f"dbn.{world.tenant.id.hex}.planted-{number}~signature"
            browser = app.test_client()
            browser.set_cookie("duban", planted)
            door(app, world, "vera", browser=browser)
            taken += browser.get_cookie("duban").value == planted
            thief = app.test_client()
            thief.set_cookie("duban", planted)
            taken += thief.get("/account/devices").status_code == 200
        print(f"100 planted ids, {taken} became a session")
        assert taken == 0


class TestTimeOuts:
    @pytest.mark.parametrize(("who", "minutes"), [("vera", 30), ("adam", 10), ("sara", 10), ("otto", 10)])
    def test_idle_to_the_second(self, world: World, app_clock: SetClock, who: str, minutes: int) -> None:
        browser = world.client(who)
        for _ in range(5):  # each use begins the time anew
            app_clock.at += timedelta(minutes=minutes) - SECOND
            assert browser.get("/account/devices").status_code == 200
        app_clock.at += timedelta(minutes=minutes)
        assert browser.get("/account/devices").status_code == 302

    def test_twelve_hours_to_the_second(self, world: World, app_clock: SetClock) -> None:
        browser = world.client("vera")
        while app_clock.at < world.now + timedelta(hours=11, minutes=40):
            app_clock.at += timedelta(minutes=20)
            assert browser.get("/account/devices").status_code == 200
        app_clock.at = world.now + timedelta(hours=12) - SECOND
        assert browser.get("/account/devices").status_code == 200
        app_clock.at = world.now + timedelta(hours=12)
        assert browser.get("/account/devices").status_code == 302


class TestAskingAgain:
    def test_every_name_on_the_lists_is_an_address(self, app: Flask) -> None:
        assert {*WEIGHTY, *NOT_BY_TOKEN} <= set(app.view_functions)

    def test_a_weighty_act_asks_again_and_loses_nothing(self, app: Flask, world: World, app_clock: SetClock) -> None:
        browser = door(app, world, "vera")
        token = form_token(browser.get("/account/tokens").text)
        data = {"csrf_token": token, "name": "数据交换平台", "scopes": ["read", "files"], "days": "7"}
        app_clock.at = world.now + FRESH_FOR - SECOND
        assert browser.post("/account/tokens/new", data=data).status_code == 201
        app_clock.at = world.now + FRESH_FOR
        before = browser.get_cookie("duban").value
        asked = browser.post("/account/tokens/new", data=data)
        assert asked.status_code == 403
        held = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', asked.text)
        assert [pair for pair in held if pair[0] in {"name", "scopes", "days"}] == [
            ("name", "数据交换平台"), ("scopes", "read"), ("scopes", "files"), ("days", "7")
        ]  # fmt: skip
        wrong = browser.post("/account/tokens/new", data=data | {"_proof": "wrong-password-1"})
        assert wrong.status_code == 409
        assert "数据交换平台" in wrong.text
        right = browser.post("/account/tokens/new", data=data | {"_proof": PASSWORD})
        assert right.status_code == 201
        assert browser.get_cookie("duban").value != before, "the id changes at step-up"
        replay = app.test_client()
        replay.set_cookie("duban", before)
        assert replay.get("/account/devices").status_code == 302
        assert browser.post("/account/tokens/new", data=data).status_code == 201

    def test_another_site_cannot_have_its_form_carried_along(self, app: Flask, world: World, app_clock: SetClock) -> None:
        browser = door(app, world, "vera")
        app_clock.at = world.now + FRESH_FOR
        answer = browser.post("/account/tokens/new", data={"name": "evil", "scopes": "full", "days": "7"})
        assert answer.status_code == 400
        assert "evil" not in answer.text

    def test_programs_are_told_where_to_prove_it(self, world: World, app_clock: SetClock) -> None:
        program = world.client("vera")
        program.environ_base["HTTP_ACCEPT"] = "application/json"
        app_clock.at = world.now + FRESH_FOR
        body = {"name": "x", "scopes": ["read"], "days": 1}
        refused = program.post("/api/v1/session/tokens", json=body)
        assert (refused.status_code, refused.json["code"]) == (403, "confirmation-needed")
        proved = program.post("/api/v1/session/confirmation", json={"proof": PASSWORD})
        assert proved.status_code == 200
        program.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {proved.json['token']}"
        assert program.post("/api/v1/session/tokens", json=body).status_code == 201

    @pytest.mark.parametrize("endpoint", sorted(WEIGHTY))
    def test_every_weighty_address_asks(self, app: Flask, world: World, app_clock: SetClock, endpoint: str) -> None:
        rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
        values = {name: "00000000-0000-0000-0000-000000000000" for name in rule.arguments}
        with app.test_request_context():
            address = app.url_for(endpoint, **values)
        method = next(iter(rule.methods - {"GET", "HEAD", "OPTIONS"}))
        program = world.client("cora")
        app_clock.at = world.now + FRESH_FOR
        answer = program.open(address, method=method, headers={"Accept": "application/json"}, json={})
        assert answer.status_code == 403
        assert answer.json["code"] == "confirmation-needed"


def token_client(app: Flask, world: World, who: str, scopes: list[str], *, days: int = 30) -> FlaskClient:
    with world.as_(who) as scope:
        made = operations.create_token(scope, name="程序", scopes=scopes, days=days, factor=False)
    with app.app_context():
        key = session_key(world.tenant.id, made.secret)
    program = app.test_client()
    program.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return program


class TestTokens:
    def test_reach_as_far_as_their_scopes_and_only_the_api(self, app: Flask, world: World) -> None:
        read = token_client(app, world, "tom", ["read"])
        assert read.get("/api/v1/people/").status_code == 200
        assert read.get("/people").status_code == 403
        assert read.post("/api/v1/units/", json={}).json["code"] == "not-by-token"
        letters = token_client(app, world, "tom", ["letters"])
        assert letters.get("/api/v1/people/").status_code == 403
        assert letters.get("/api/v1/session").json["name"] == "唐安"
        full = token_client(app, world, "tom", ["full"])
        assert full.post("/api/v1/units/", json={}).status_code == 422

    def test_do_nothing_weighty_however_wide(self, app: Flask, world: World) -> None:
        full = token_client(app, world, "adam", ["full"])
        stopped = full.get("/api/v1/people/")
        assert stopped.json["code"] == "second-factor-needed", "made without a second factor, it does not step round it"
        full = token_client(app, world, "cora", ["full"])
        answer = full.post(f"/api/v1/people/{world.people['tom']}/roles", json={}, headers={"If-Match": "*"})
        assert answer.json["code"] == "not-by-token"
        assert full.post("/api/v1/session/tokens", json={}).json["code"] == "not-by-token"
        assert full.post("/api/v1/session/confirmation", json={"proof": PASSWORD}).json["code"] == "not-by-token"

    def test_never_exceed_what_the_owner_may_now(self, app: Flask, world: World) -> None:
        from duban.access.models import RoleGrant

        program = token_client(app, world, "tom", ["read"])
        assert program.get(f"/api/v1/units/{world.units['V11']}").status_code == 200
        with world.as_system() as scope:
            scope.session.scalars(
                owned(scope, RoleGrant).where(RoleGrant.person_id == world.people["tom"])
            ).one().active_to = scope.today
        assert program.get(f"/api/v1/units/{world.units['V11']}").status_code == 404

    def test_end_by_themselves_to_the_second(self, app: Flask, world: World, app_clock: SetClock) -> None:
        program = token_client(app, world, "tom", ["read"], days=1)
        app_clock.at = world.later(days=1) - SECOND
        assert program.get("/api/v1/session").status_code == 200
        app_clock.at = world.later(days=1)
        assert program.get("/api/v1/session").status_code == 401

    def test_end_when_revoked_and_say_when_they_were_used(self, app: Flask, world: World, app_clock: SetClock) -> None:
        program = token_client(app, world, "tom", ["read"])
        app_clock.at = world.later(hours=3)
        assert program.get("/api/v1/session").status_code == 200
        tom = world.client("tom")
        tom.environ_base["HTTP_ACCEPT"] = "application/json"
        listed = tom.get("/api/v1/session/tokens").json["items"]
        assert listed[0]["last_used_at"].startswith("2026-03-10T05:00")
        assert tom.delete(f"/api/v1/session/tokens/{listed[0]['id']}").status_code == 204
        assert program.get("/api/v1/session").status_code == 401

    def test_of_others_are_not_theirs_to_see_or_end(self, app: Flask, world: World) -> None:
        token_client(app, world, "tom", ["read"])
        tom, vera = world.client("tom"), world.client("vera")
        for browser in (tom, vera):
            browser.environ_base["HTTP_ACCEPT"] = "application/json"
        number = tom.get("/api/v1/session/tokens").json["items"][0]["id"]
        assert vera.get("/api/v1/session/tokens").json["items"] == []
        assert vera.delete(f"/api/v1/session/tokens/{number}").status_code == 404

    def test_are_shown_once_and_kept_as_a_digest(self, app: Flask, world: World) -> None:
        browser = door(app, world, "vera")
        data = {"csrf_token": form_token(browser.get("/account/tokens").text), "name": "x", "scopes": "read", "days": "7"}
        secret = re.search(r'token-text">([^<]+)<', browser.post("/account/tokens/new", data=data).text)[1]  # type: ignore[index]
        assert secret not in browser.get("/account/tokens").text
        with world.as_system() as scope:
            kept = scope.session.execute(select(ApiToken.token_digest).where(
                ApiToken.tenant_id == scope.tenant_id)).scalar_one()  # fmt: skip
        assert kept not in secret


class TestBearerAndCookie:
    def test_the_token_names_who_acts_whatever_cookie_comes_along(self, app: Flask, world: World) -> None:
        browser = door(app, world, "vera")
        other = world.client("tom")
        headers = {"Authorization": other.environ_base["HTTP_AUTHORIZATION"], "Accept": "application/json"}
        assert browser.get("/api/v1/session", headers=headers).json["name"] == "唐安"
        assert browser.delete("/api/v1/session", headers=headers).status_code == 204
        with world.as_system() as scope:
            last = scope.session.scalars(owned(scope, AuditRecord).order_by(AuditRecord.seq.desc())).first()
        assert (last.act, last.actor_name) == ("session.ended", "唐安")
        assert browser.get("/api/v1/session", headers={"Accept": "application/json"}).json["name"] == "魏文书"

    @pytest.mark.parametrize("bearer", ["Bearer dead", "bearer dead", "Bearer "])
    def test_a_dead_token_does_not_fall_back_on_the_cookie(self, app: Flask, world: World, bearer: str) -> None:
        browser = door(app, world, "vera")
        assert browser.get("/api/v1/session", headers={"Authorization": bearer}).status_code == 401


class TestKeys:
    def other(self, settings: Settings, world: World, **changes: object) -> Flask:
        return create_app(replace(settings, **changes), clock=SetClock(world.now))

    def test_a_new_key_signs_nobody_out_and_the_old_one_taken_away_signs_everybody_out(
        self, app: Flask, world: World, settings: Settings
    ) -> None:
        new = "a-new-key-of-at-least-thirty-two-characters"
        people = ["vera", "tom", "cora", "lena", "eva"]
        cookies = {}
        for who in people:
            browser = door(app, world, who)
            cookies[who] = (browser.get_cookie("duban").value, browser.get_cookie("duban-form").value,
                            form_token(browser.get("/account/tokens").text))  # fmt: skip
        apps = {
            "both": self.other(settings, world, secret_key=f"{new}, {settings.secret_key}"),
            "new": self.other(settings, world, secret_key=new),
        }
        outcome = {}
        for name, one in apps.items():
            signed_in = forms = 0
            for who in people:
                browser = one.test_client()
                browser.set_cookie("duban", cookies[who][0])
                browser.set_cookie("duban-form", cookies[who][1])
                signed_in += browser.get("/account/devices").status_code == 200
                forms += browser.post(
                    "/account/devices/end-others", data={"csrf_token": cookies[who][2]}
                ).status_code == 302 and bool(signed_in)
            outcome[name] = (signed_in, forms)
            with one.app_context():
                db.engine.dispose()
        print(f"5 sessions and 5 open forms: with both keys {outcome['both']} live, with the new one alone {outcome['new']}")
        assert outcome == {"both": (5, 5), "new": (0, 0)}


class TestProxies:
    @pytest.mark.parametrize(("hops", "said", "believed"), [
        (0, "1.1.1.1", "127.0.0.1"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
    ])  # fmt: skip
    def test_believe_as_many_entries_as_there_are_proxies(
        self, world: World, settings: Settings, hops: int, said: str, believed: str
    ) -> None:
        app = create_app(replace(settings, proxy_hops=hops), clock=SetClock(world.now))
        headers = {"X-Forwarded-For": said, "X-Forwarded-Host": "evil.example"}
        app.test_client().post(
            "/api/v1/session", json={"tenant": world.tenant.slug, "login": "vera", "password": PASSWORD}, headers=headers
        )
        with world.as_system() as scope:
            last = scope.session.scalars(owned(scope, AuditRecord).order_by(AuditRecord.seq.desc())).first()
        assert last.details["address"] == believed
        with app.app_context():
            db.engine.dispose()


def test_leaving_a_session_open_elsewhere_is_seen_and_ended(app: Flask, world: World) -> None:
    here, there = door(app, world, "vera"), door(app, world, "vera")
    page = here.get("/account/devices").text
    number = re.search(r"/account/devices/([0-9a-f-]{36})/end", page)[1]  # type: ignore[index]
    assert here.post(f"/account/devices/{number}/end", data={"csrf_token": form_token(page)}).status_code == 302
    assert there.get("/account/devices").status_code == 302
    assert here.get("/account/devices").status_code == 200


def test_a_session_of_somebody_else_is_not_ended(world: World) -> None:
    tom = world.client("tom")
    tom.environ_base["HTTP_ACCEPT"] = "application/json"
    number = tom.get("/api/v1/session/devices").json["items"][0]["id"]
    vera = world.client("vera")
    assert vera.post(f"/account/devices/{number}/end").status_code == 404
    assert tom.get("/api/v1/session").status_code == 200


def test_signed_in_at_the_real_door_the_session_is_nobody_elses(app: Flask, world: World) -> None:
    with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=world.now) as scope:
        token = operations.start_session(scope, person=operations.get_person(scope, world.people["vera"]), address="", device="")
    with app.app_context():
        key = session_key(world.tenant.id, token)
    forged = app.test_client()
    forged.set_cookie("duban", key.rpartition("~")[0] + "~AAAA")
    assert forged.get("/account/devices").status_code == 302
    bare = app.test_client()
    bare.set_cookie("duban", f"{world.tenant.id.hex}.{token}")
    assert bare.get("/account/devices").status_code == 302
