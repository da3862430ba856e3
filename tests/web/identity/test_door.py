"""The door, as a browser meets it: with a cookie and a form token."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from duban.identity import operations
from duban.identity.errors import LockedOutError, WrongPasswordError
from duban.kernel.clock import SetClock
from tests.cast import PASSWORD, World


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "the form carries no token"
    return found[1]


def sign_in(
    app: Flask, world: World, *, login: str = "vera", password: str = PASSWORD, slug: str | None = None
) -> tuple[FlaskClient, int, str]:
    browser = app.test_client()
    page = browser.get("/sign-in").get_data(as_text=True)
    answer = browser.post(
        "/sign-in", data={"slug": slug or world.tenant.slug, "login": login, "password": password, "csrf_token": token_in(page)}
    )
    return browser, answer.status_code, answer.get_data(as_text=True)


@pytest.fixture(autouse=True)
def _time(world: World, app_clock: SetClock) -> None:
    app_clock.at = world.now


class TestSigningIn:
    def test_opens_to_the_right_password(self, app: Flask, world: World) -> None:
        browser, status, _ = sign_in(app, world)
        assert status == 302
        assert browser.get("/password").status_code == 200

    @pytest.mark.parametrize(
        ("login", "password", "slug"),
        [
            ("vera", "wrong-password-1", None),
            ("nobody", PASSWORD, None),
            ("vera", PASSWORD, "nowhere"),
            ("ewa", PASSWORD, None),
        ],
    )
    def test_refuses_with_one_and_the_same_sentence(
        self, app: Flask, world: World, login: str, password: str, slug: str | None
    ) -> None:
        browser, status, page = sign_in(app, world, login=login, password=password, slug=slug)
        assert status == 400
        assert "系统、账号或密码不正确" in page
        assert browser.get("/password").status_code == 302

    def test_a_character_no_login_has_is_refused_before_anybody_is_looked_up(self, app: Flask, world: World) -> None:
        browser, status, _ = sign_in(app, world, login="ve\x00ra")
        assert status == 422
        assert browser.get("/password").status_code == 302

    def test_keeps_what_was_typed_except_the_password(self, app: Flask, world: World) -> None:
        _, _, page = sign_in(app, world, password="wrong-password-1")
        assert f'value="{world.tenant.slug}"' in page
        assert 'value="vera"' in page
        assert "wrong-password-1" not in page

    def test_locks_after_five_wrong_passwords_and_opens_again_later(self, app: Flask, world: World, app_clock: SetClock) -> None:
        for _ in range(5):
            sign_in(app, world, password="wrong-password-1")
        _, status, page = sign_in(app, world)
        assert (status, "账号已临时锁定" in page) == (400, True)
        app_clock.at = world.now + timedelta(minutes=15)
        assert sign_in(app, world)[1] == 302

    def test_does_not_send_people_to_foreign_sites(self, app: Flask, world: World) -> None:
        browser = app.test_client()
        page = browser.get("/sign-in?next=https://evil.example/").get_data(as_text=True)
        answer = browser.post(
            "/sign-in",
            data={
                "slug": world.tenant.slug,
                "login": "vera",
                "password": PASSWORD,
                "next": "//evil.example",
                "csrf_token": token_in(page),
            },
        )
        assert answer.headers["Location"] == "/"


class TestSessions:
    def test_a_dead_session_stays_dead(self, app: Flask, world: World) -> None:
        browser, _, _ = sign_in(app, world)
        cookie = browser.get_cookie("duban")
        assert cookie is not None
        browser.post("/sign-out", data={"csrf_token": token_in(browser.get("/password").get_data(as_text=True))})
        replay = app.test_client()
        replay.set_cookie("duban", cookie.value)
        assert replay.get("/password").status_code == 302

    def test_ends_after_thirty_idle_minutes_and_after_twelve_hours(self, app: Flask, world: World, app_clock: SetClock) -> None:
        browser, _, _ = sign_in(app, world)
        app_clock.at = world.now + timedelta(minutes=29, seconds=59)
        assert browser.get("/password").status_code == 200
        app_clock.at += timedelta(minutes=30)
        assert browser.get("/password").status_code == 302
        browser, _, _ = sign_in(app, world)
        start = app_clock.at
        while app_clock.at < start + timedelta(hours=11, minutes=50):
            app_clock.at += timedelta(minutes=20)
            assert browser.get("/password").status_code in {200, 302}
        app_clock.at = start + timedelta(hours=12)
        assert browser.get("/password").status_code == 302

    def test_a_token_of_one_tenant_is_nothing_in_another(self, app: Flask, world: World) -> None:
        browser, _, _ = sign_in(app, world)
        cookie = browser.get_cookie("duban")
        assert cookie is not None
        other = app.test_client()
        other.set_cookie("duban", f"{world.other.id.hex}.{cookie.value.partition('.')[2]}")
        assert other.get("/password").status_code == 302

    def test_a_disabled_person_is_out_on_the_next_request(self, app: Flask, world: World) -> None:
        browser, _, _ = sign_in(app, world)
        with world.as_("adam") as scope:
            operations.get_person(scope, world.people["vera"], lock=True).active = False
        assert browser.get("/password").status_code == 302

    def test_changes_need_the_form_token(self, app: Flask, world: World) -> None:
        browser, _, _ = sign_in(app, world)
        assert browser.post("/sign-out").status_code == 400


class TestPassword:
    def test_is_changed_by_who_knows_the_old_one_and_ends_every_session(self, app: Flask, world: World) -> None:
        browser, _, _ = sign_in(app, world)
        page = browser.get("/password").get_data(as_text=True)
        data = {"old": PASSWORD, "new": "until-done-2026", "again": "until-done-2026", "csrf_token": token_in(page)}
        assert browser.post("/password", data=data | {"old": "wrong-password-1"}).status_code == 422
        assert browser.post("/password", data=data | {"again": "something-else-1"}).status_code == 422
        assert browser.post("/password", data=data | {"new": "short1", "again": "short1"}).status_code == 422
        assert browser.post("/password", data=data).status_code == 302
        assert browser.get("/password").status_code == 302
        assert sign_in(app, world, password="until-done-2026")[1] == 302

    def test_guesses_at_it_lock_the_account_although_each_is_rolled_back(self, world: World) -> None:
        for _ in range(5):
            with pytest.raises(WrongPasswordError), world.as_("vera") as scope:
                operations.confirm_password(scope, password="wrong-password-1")
        with pytest.raises(LockedOutError), world.as_("vera") as scope:
            operations.confirm_password(scope, password=PASSWORD)


def test_the_door_remembers_where_this_device_signed_in(app: Flask, world: World) -> None:
    browser, _, _ = sign_in(app, world)
    browser.delete_cookie("duban")
    assert f'value="{world.tenant.slug}"' in browser.get("/sign-in").get_data(as_text=True)
