"""The console's pages: closed to everybody else, whole for the operator, and silent about what tenants do."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pyotp
import pytest
from sqlalchemy import select

from duban.console.desk import CONSOLE
from duban.console.door import BEARER
from duban.console.models import OperatorOrder
from duban.console.queries import find_by_slug, list_acts, list_orders
from duban.identity.models import Credential
from duban.identity.passwords import matches
from duban.kernel.scope import SYSTEM, open_session, owned, unit_of_work
from duban.tenancy.models import Tenant
from duban.tenancy.queries import as_info
from tests.cast import World
from tests.conftest import NOW
from tests.operators import OPERATOR_PASSWORD as PASSWORD
from tests.operators import come


def form(**changes) -> dict[str, str]:
    return {
        "kind": "county",
        "name": "望城区安全督办",
        "slug": f"t-{uuid4().hex[:12]}",
        "time_zone": "Asia/Shanghai",
        "source": "division",
        "division": "430112",
        "admin_login": "admin",
        "admin_name": "王管理",
        "people_limit": "300",
        "storage_limit": "2.5",
    } | changes


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">', page))


def pressing(app, browser, sent: dict[str, str]) -> str:
    """One of two presses at the same moment, each with a connection of its own."""
    twin = app.test_client()
    twin.environ_base.update(browser.environ_base)
    return twin.post("/operator/tenants/new", data=sent).get_data(as_text=True)


class TestTheDoor:
    def test_people_of_a_tenant_are_strangers_here(self, app, world: World, app_clock) -> None:
        browser, tried = world.client("adam"), 0
        for rule in app.url_map.iter_rules():
            if not rule.rule.startswith(("/operator", "/api/v1/operator")) or rule.endpoint in {
                "console.sign_in",
                "operator-session.start",
            }:
                continue
            address = re.sub(r"<[^>]+>", str(uuid4()), rule.rule)
            for method in sorted(rule.methods & {"GET", "POST", "PUT", "DELETE"}):
                answer = browser.open(address, method=method)
                refused = answer.status_code == 401 or (answer.status_code == 302 and "/operator/sign-in" in answer.location)
                assert refused, f"{method} {address}: {answer.status_code}"
                tried += 1
        print(f"{tried} doors of the console tried as a tenant's administrator: all closed")
        assert tried >= 20

    def test_an_operator_is_a_stranger_to_tenants(self, operator) -> None:
        browser = operator()
        for address in ("/", "/people", "/units", "/files/" + str(uuid4())):
            answer = browser.get(address)
            assert answer.status_code == 302
            assert "/sign-in" in answer.location

    def test_a_browser_signs_in_with_both_factors_and_a_form_token(self, app, operator) -> None:
        known = operator()
        browser = app.test_client()
        page = browser.get("/operator/sign-in").get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
        typed = {"login": known.login, "password": PASSWORD, "code": pyotp.TOTP(known.secret).at(NOW)}
        assert browser.post("/operator/sign-in", data=typed).status_code == 400
        assert browser.post("/operator/sign-in", data=typed | {"csrf_token": token, "code": ""}).status_code == 400
        answer = browser.post("/operator/sign-in", data=typed | {"csrf_token": token})
        assert answer.status_code == 302
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert browser.get("/operator/").status_code == 200

    def test_a_strangers_guesses_lock_strangers_out_but_not_the_operators_own_browser(self, app, operator, app_clock) -> None:
        known, own, stranger = operator(), app.test_client(), app.test_client()

        def enter(browser, *, login=known.login, password=PASSWORD, seconds=0):
            page = browser.get("/operator/sign-in").get_data(as_text=True)
            token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
            code = pyotp.TOTP(known.secret).at(NOW + timedelta(seconds=seconds))
            return browser.post(
                "/operator/sign-in", data={"csrf_token": token, "login": login, "password": password, "code": code}
            )

        assert enter(own).status_code == 302
        own.delete_cookie("duban-operator")
        said = {
            login: [enter(stranger, login=login, password="wrong") for _ in range(6)] for login in (known.login, "nobody-at-all")
        }
        texts = [[re.sub(r"\s+", " ", one.text.replace(login, "*")) for one in found] for login, found in said.items()]
        assert [one.status_code for one in said[known.login]] == [one.status_code for one in said["nobody-at-all"]]
        assert [("锁定" in one) for one in texts[0]] == [("锁定" in one) for one in texts[1]]
        assert "锁定" in texts[0][-1]
        app_clock.at = NOW + timedelta(seconds=60)
        assert enter(stranger, seconds=60).status_code == 400
        assert enter(own, seconds=60).status_code == 302

    def test_the_first_steps_come_first(self, app, engine, app_clock) -> None:
        app_clock.at = NOW
        new = come(engine, now=NOW)
        browser = app.test_client()
        browser.environ_base |= {"HTTP_AUTHORIZATION": f"Bearer {BEARER}{new.token}", "HTTP_ACCEPT": "text/html"}
        assert browser.get("/operator/").location.endswith("/operator/password")
        changed = browser.post("/operator/password", data={"old": new.password, "new": PASSWORD, "again": PASSWORD})
        assert changed.status_code == 302
        assert browser.get("/operator/").location.endswith("/operator/second-factor")
        page = browser.get("/operator/second-factor").get_data(as_text=True)
        assert "<svg" in page
        secret = re.search(r"<code>([A-Z2-7]+)</code>", page)[1]
        assert browser.post("/operator/second-factor", data={"code": "000000"}).status_code == 422
        assert browser.post("/operator/second-factor", data={"code": pyotp.TOTP(secret).at(NOW)}).status_code == 302
        assert browser.get("/operator/").status_code == 200


class TestMakingATenant:
    def test_from_a_division_by_trial_slip_and_first_sign_in(self, app, operator) -> None:
        browser, typed = operator(), form()
        page = browser.post("/operator/tenants/new", data=typed).get_data(as_text=True)
        assert "试建成功" in page
        assert ">160<" in page.replace("\n", "")
        with open_session(browser.application.extensions["duban"].engine, None) as session:
            assert session.scalars(select(Tenant).where(Tenant.slug == typed["slug"])).first() is None
        slip = browser.post("/operator/tenants/new", data=hidden(page)).get_data(as_text=True)
        password = re.search(r'id="one-time-password">([^<]+)<', slip)[1]
        assert typed["slug"] in slip
        person = app.test_client()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', person.get("/sign-in").get_data(as_text=True))[1]
        entered = person.post(
            "/sign-in", data={"slug": typed["slug"], "login": "admin", "password": password, "csrf_token": token}
        )
        assert entered.status_code == 302
        assert person.get("/units").location.endswith("/password")

    def test_pressed_twice_is_made_once_and_shows_the_same_slip(self, app, operator, app_clock) -> None:
        browser, other, typed = operator(), operator(), form()
        sent = hidden(browser.post("/operator/tenants/new", data=typed).get_data(as_text=True))
        with ThreadPoolExecutor(2) as both:
            one, two = both.map(lambda _: pressing(app, browser, sent), range(2))
        late = browser.post("/operator/tenants/new", data=sent)
        found = [re.search(r'id="one-time-password">([^<]+)<', page)[1] for page in (one, two, late.get_data(as_text=True))]
        assert len(set(found)) == 1
        with open_session(browser.application.extensions["duban"].engine, None) as session:
            tenants = session.scalars(select(Tenant).where(Tenant.slug == typed["slug"])).all()
        assert len(tenants) == 1
        with unit_of_work(app.extensions["duban"].engine, tenant=as_info(tenants[0]), actor=SYSTEM, now=NOW) as scope:
            [kept] = scope.session.scalars(owned(scope, Credential)).all()
            assert matches(kept.password_hash, found[0])
        assert "one-time-password" not in other.post("/operator/tenants/new", data=sent).get_data(as_text=True)
        changed = browser.post("/operator/tenants/new", data=sent | {"admin_name": "别人"})
        assert (changed.status_code, "one-time-password" in changed.text) == (422, False)
        app_clock.at = NOW + timedelta(minutes=31)
        assert "one-time-password" not in browser.post("/operator/tenants/new", data=sent).get_data(as_text=True)

    def test_a_file_travels_through_the_preview(self, operator) -> None:
        import io

        browser = operator()
        units = "代码,名称,级别,上级代码\nA1,城东镇,乡镇,R1\n".encode()
        typed = form(source="file", division="", root_code="R1", root_name="望江县")
        page = browser.post("/operator/tenants/new", data=typed | {"file": (io.BytesIO(units), "units.csv")}).get_data(
            as_text=True
        )
        assert "试建成功" in page
        made = browser.post("/operator/tenants/new", data=hidden(page)).get_data(as_text=True)
        assert "one-time-password" in made

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"division": "430112001"}, "division"),
            ({"slug": "1-bad"}, "slug"),
            ({"people_limit": "1.5"}, "people_limit"),
            ({"storage_limit": "NaN"}, "storage_limit"),
            ({"storage_limit": "1e999"}, "storage_limit"),
            ({"source": "file"}, "file"),
            ({"time_zone": "x"}, "time_zone"),
            ({"kind": "nothing"}, "division"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(self, operator, changes, field) -> None:
        typed = form(**changes)
        answer = operator().post("/operator/tenants/new", data=typed)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert f'href="#{field}"' in page
        assert typed["name"] in page

    def test_the_picker_finds_counties(self, operator) -> None:
        found = operator().get("/operator/divisions?q=望城").get_json()
        assert found[0] | {"note": ""} == {"id": "430112", "name": "望城区", "note": ""}


class TestSuspension:
    def test_everybody_is_refused_at_once_and_told_why_and_comes_back(self, operator, world: World, app) -> None:
        people = {who: world.client(who) for who in ("vera", "tom", "adam")}
        assert {browser.get("/").status_code for browser in people.values()} == {200}
        stranger = world.client("ewa")
        browser = operator()
        with open_session(world.engine, CONSOLE) as session:
            address = f"/operator/tenants/{find_by_slug(session, world.tenant.slug).id}"
        assert browser.post(f"{address}/suspend", data={"reason": "系统升级，预计两小时"}).status_code == 302
        for person in people.values():
            answer = person.get("/")
            assert answer.status_code == 403
            assert "系统升级，预计两小时" in answer.get_data(as_text=True)
            assert "<h1>系统已暂停使用" in answer.get_data(as_text=True)
            api = person.get("/api/v1/units/?q=a")
            assert (api.status_code, api.get_json()["code"]) == (403, "tenant-suspended")
        assert stranger.get("/").status_code == 200
        fresh = app.test_client()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', fresh.get("/sign-in").get_data(as_text=True))[1]
        typed = {"slug": world.tenant.slug, "login": "vera", "password": "supervise-1949", "csrf_token": token}
        refused = fresh.post("/sign-in", data=typed)
        assert refused.status_code == 403
        assert "系统升级，预计两小时" in refused.get_data(as_text=True)
        assert "系统升级，预计两小时" in browser.get(address).get_data(as_text=True)
        browser.post(f"{address}/resume")
        assert {person.get("/").status_code for person in people.values()} == {200}

    def test_it_needs_a_reason(self, operator, world: World) -> None:
        browser = operator()
        browser.post(f"/operator/tenants/{world.tenant.id}/suspend", data={"reason": "  "})
        assert world.client("vera").get("/").status_code == 200


class TestOrders:
    def test_deletion_takes_the_code_the_suspension_and_a_second_hand(self, operator, world: World) -> None:
        ann, bob, address = operator(), operator(), f"/operator/tenants/{world.tenant.id}"

        def orders() -> list[OperatorOrder]:
            with open_session(world.engine, CONSOLE) as session:
                return list(session.scalars(select(OperatorOrder).where(OperatorOrder.tenant_id == world.tenant.id)))

        ann.post(f"{address}/delete", data={"slug": world.tenant.slug})
        assert orders() == []  # not suspended
        ann.post(f"{address}/suspend", data={"reason": "合同到期"})
        ann.post(f"{address}/delete", data={"slug": "another"})
        assert orders() == []  # not its code
        ann.post(f"{address}/delete", data={"slug": world.tenant.slug})
        [order] = orders()
        assert order.begins_at == NOW + timedelta(days=7)
        ann.post(f"/operator/orders/{order.id}/confirm", data={"slug": world.tenant.slug})
        assert orders()[0].confirmed_by is None  # not the same hand
        ann.post(f"{address}/resume")
        with open_session(world.engine, CONSOLE) as session:
            assert find_by_slug(session, world.tenant.slug).is_suspended  # not while its deletion is ordered
        bob.post(f"/operator/orders/{order.id}/confirm", data={"slug": world.tenant.slug})
        assert orders()[0].begins_at == NOW
        assert bob.get("/operator/orders").status_code == 200
        bob.post(f"/operator/orders/{order.id}/cancel")
        assert orders()[0].state == "cancelled"

    def test_an_export_waits_for_the_other_operators_one_button(self, operator, world: World) -> None:
        ann, bob = operator(), operator()
        ann.post(f"/operator/tenants/{world.tenant.id}/export")
        with open_session(world.engine, CONSOLE) as session:
            (order,) = list_orders(session, tenant_id=world.tenant.id)
        address = f"/operator/orders/{order.id}/confirm"
        page = ann.get("/operator/orders").text
        assert "等待另一名运维人员确认后执行" in page
        assert address not in page
        ann.post(address)
        assert address in bob.get("/operator/orders").text
        bob.post(address)
        with open_session(world.engine, CONSOLE) as session:
            (order,) = list_orders(session, tenant_id=world.tenant.id)
            done = [one.act for one in list_acts(session, subject_id=world.tenant.id)]
        assert order.confirmed_by not in {None, order.ordered_by}
        assert done[:2] == ["export.confirmed", "export.ordered"]

    def test_every_page_opens_in_both_languages(self, operator, world: World) -> None:
        browser, seen = operator(), 0
        browser.post(f"/operator/tenants/{world.tenant.id}/export")
        for address in ("/", "/tenants/new", f"/tenants/{world.tenant.id}", "/orders", "/record", "/password"):
            for language in ("zh", "en"):
                answer = browser.get(f"/operator{address}?lang={language}")
                assert answer.status_code == 200, address
                if language == "en":
                    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
                    assert "No limit" in text or "operator" in text.lower()
                seen += 1
        print(f"{seen} pages opened")


def test_a_broken_kind_hides_no_tenant(operator, world: World, monkeypatch) -> None:
    from duban.tenancy.kinds_reading import KindError, Problem

    def broken() -> None:
        raise KindError([Problem("street/policy.csv", 1, "scope", "is not a scope")])

    monkeypatch.setattr("duban.console.pages.tenants.load_all", broken)
    browser = operator()
    assert world.tenant.name in browser.get(f"/operator/?q={world.tenant.slug}").get_data(as_text=True)
    assert browser.get(f"/operator/tenants/{world.tenant.id}").status_code == 200
    assert browser.get("/operator/tenants/new").status_code == 302
