"""What was typed when a session ended under it comes back, to the person who typed it and to nobody else, and is not applied."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from typing_extensions import override
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from duban.identity import operations
from duban.identity.unsent import KEPT, MOST_BYTES, MOST_FORMS
from duban.identity.weighty import ASKS_FOR_PASSWORD
from duban.kernel.clock import SetClock
from duban.kernel.scope import owned
from duban.kernel.settings import ROOT
from duban.reporting.models import Draft, Requirement, Submission
from duban.web.replies import KeptReply
from tests.cast import PASSWORD, World
from tests.integration.assessments.stage import Round, counted
from tests.integration.letters.cast_letters import issue_all, letter_of
from tests.integration.reporting import requirements as given
from tests.web.identity.test_door import sign_in, token_in

TYPED = '甲 & <b>"乙"</b>'
LONG_TYPED = f"\n第一行 {TYPED}\r\n第二行"


@dataclass
class Form:
    """A form as a browser would send it."""

    action: str
    server: list[tuple[str, str]] = field(default_factory=list)
    shown: list[tuple[str, str]] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)


class Forms(HTMLParser):
    """Reads a page as a browser does: what each form would send as it stands. Nothing of the program's own reading."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.form: Form | None = None
        self.area: tuple[str, str] | None = None
        self.select = ""
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form(had.get("action", "")) if had.get("method") == "post" else None
            self.forms += [self.form] if self.form else []
        if self.form is None:
            return
        name, kind = had.get("name", ""), had.get("type", "text")
        if tag == "input" and kind == "hidden":
            self.form.server.append((name, had.get("value", "")))
        elif tag == "input" and kind in {"checkbox", "radio"}:
            self.form.kinds[name] = kind
            self.form.options.setdefault(name, []).append(had.get("value", "on"))
            self.form.shown += [(name, had.get("value", "on"))] if "checked" in had else []
        elif tag == "input" and kind not in {"file", "password", "submit"}:
            self.form.kinds[name] = kind
            self.form.shown.append((name, had.get("value", "")))
        elif tag == "textarea":
            self.form.kinds[name], self.area = "textarea", (name, "")
        elif tag == "select":
            self.form.kinds[name], self.select = "select", name
        elif tag == "option" and self.select:
            self.form.options.setdefault(self.select, []).append(had.get("value", ""))
            self.form.shown += [(self.select, had.get("value", ""))] if "selected" in had else []

    @override
    def handle_data(self, data: str) -> None:
        if self.area:
            self.area = (self.area[0], self.area[1] + data)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area and self.form:
            self.form.shown.append((self.area[0], self.area[1].removeprefix("\n")))
            self.area = None
        if tag == "select":
            self.select = ""
        if tag == "form":
            self.form = None


def typed_into(form: Form) -> list[tuple[str, str]]:
    """Something in every field: words, lines, the last choice, every second tick."""
    made: list[tuple[str, str]] = []
    for number, (name, kind) in enumerate(form.kinds.items()):
        if kind == "textarea":
            made.append((name, f"{LONG_TYPED} {number}"))
        elif kind in {"select", "radio"}:
            made.append((name, form.options.get(name, [""])[-1]))
        elif kind == "checkbox":
            made += [(name, value) for value in form.options[name][::2]]
        else:
            times = sum(1 for one, _ in form.shown if one == name)
            made += [(name, f"{TYPED} {number}.{turn}") for turn in range(times)]
    return made


def again(app: Flask, browser: FlaskClient, world: World, answer: TestResponse, login: str) -> TestResponse:
    """Sign in on the same browser where the door has sent it, and go where it leads."""
    assert answer.status_code == 302
    door = answer.headers["Location"]
    assert door.startswith("/sign-in?")
    page = browser.get(door).text
    going = re.search(r'name="next" value="([^"]*)"', page)
    assert going
    data = {"slug": world.tenant_of(login).slug, "login": login, "password": PASSWORD, "csrf_token": token_in(page)}
    opened = browser.post("/sign-in", data=data | {"next": going[1].replace("&amp;", "&")})
    assert opened.status_code == 302
    return browser.get(opened.headers["Location"], follow_redirects=True)


def counts(world: World) -> list[int]:
    with world.as_system() as scope:
        return [
            scope.session.scalar(select(func.count()).select_from(owned(scope, model).subquery())) or 0
            for model in (Requirement, Submission, Draft)
        ]


@pytest.fixture(autouse=True)
def _time(world: World, app_clock: SetClock) -> None:
    app_clock.at = world.now


@pytest.fixture
def duty(world: World) -> str:
    return f"/duties/{given.duty_id(world, given.issued(world))}"


def sent_too_late(
    app: Flask, world: World, app_clock: SetClock, login: str, address: str, *, pick: str = "", **more: object
) -> tuple[FlaskClient, TestResponse, list[tuple[str, str]], Form]:
    """Open a form, fill it in, take half an hour and a minute, press."""
    browser, status, _ = sign_in(app, world, login=login)
    assert status == 302
    form = next(one for one in Forms(browser.get(address).text).forms if (one.action or address).endswith(pick) and one.kinds)
    typed = typed_into(form)
    app_clock.at += timedelta(minutes=31)
    data: MultiDict[str, object] = MultiDict([*form.server, *typed, *more.items()])
    answer = browser.post(form.action or address, data=data, headers={"Referer": f"http://localhost{address}"})
    return browser, answer, typed, form


def comparable(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted((name, value.replace("\r\n", "\n")) for name, value in pairs)


class TestWhatWasTyped:
    @pytest.mark.parametrize(
        ("login", "address", "pick"),
        [
            ("tom", "/requirements/new", "/requirements/new"),
            ("vera", "duty", "/submit"),
            ("cora", "/assessments/new?unit={C}", "/new?unit={C}"),
            ("eva", "grid", "/grid"),
        ],
    )
    def test_is_all_there_again_and_nothing_was_applied(
        self, app: Flask, world: World, app_clock: SetClock, duty: str, login: str, address: str, pick: str
    ) -> None:
        if address == "grid":
            round_ = Round(world).scoring(T1=counted(world.units["T1"], late=2, missing=1))
            address = f"/assessments/{round_.id}/grid"
        address, pick = (duty if address == "duty" else address.format(**world.units)), pick.format(**world.units)
        before = counts(world)
        browser, answer, typed, form = sent_too_late(app, world, app_clock, login, address, pick=pick)
        assert len(typed) >= 3
        page = again(app, browser, world, answer, login)
        assert page.status_code == 200
        assert "data-unsent" in page.text
        assert "没有找到对应的栏目" not in page.text
        assert "附件要重新选择。" not in page.text
        back = next(one for one in Forms(page.text).forms if one.action == form.action and one.kinds)
        wanted = comparable([pair for pair in typed if pair[1]])
        assert [pair for pair in comparable(back.shown) if pair in wanted] == wanted
        assert counts(world) == before

    def test_a_letter_about_to_be_signed_comes_back_without_its_password(
        self, app: Flask, world: World, app_clock: SetClock
    ) -> None:
        """The tick is back, the password is kept nowhere and shown nowhere, and the letter is not signed."""
        letter = issue_all(world)["T1"]
        address, password = f"/letters/{letter}/sign", "Typed-too-late-1949"
        browser, answer, typed, form = sent_too_late(app, world, app_clock, "tess", address, pick="/sign", password=password)
        assert ("read", "1") in typed
        with world.as_system() as scope:
            (kept,) = scope.session.scalars(owned(scope, KeptReply).where(KeptReply.request_digest == "unsent form"))
            assert b'"read"' in kept.body
            assert password.encode() not in kept.body
        page = again(app, browser, world, answer, "tess").text
        assert "data-unsent" in page
        assert password not in page
        back = next(one for one in Forms(page).forms if one.action == form.action)
        assert ("read", "1") in back.shown
        assert letter_of(world, letter).state == "issued"
        done = browser.post(address, data=MultiDict([*back.server, *back.shown, ("password", PASSWORD)]))
        assert done.status_code == 302
        assert letter_of(world, letter).state == "signed_by_lower"

    def test_can_be_pressed_again_as_it_stands(self, app: Flask, world: World, app_clock: SetClock, duty: str) -> None:
        browser, _, _ = sign_in(app, world)
        form = next(one for one in Forms(browser.get(duty).text).forms if one.action.endswith("/submit"))
        typed = {"answer.done": "检查两次。\r\n无隐患。", "answer.checks": "2", "answer.money": "", "note": "夜里写的"}
        app_clock.at += timedelta(minutes=31)
        answer = browser.post(form.action, data=MultiDict([*form.server, *typed.items()]))
        page = again(app, browser, world, answer, "vera")
        back = next(one for one in Forms(page.text).forms if one.action == form.action)
        assert counts(world)[1] == 0
        assert browser.post(form.action, data=MultiDict([*back.server, *back.shown])).status_code == 303
        assert counts(world)[1] == 1

    def test_comes_back_without_its_files_and_says_so(self, app: Flask, world: World, app_clock: SetClock, duty: str) -> None:
        files = {"attachments": (BytesIO(b"\xff\xd8\xff"), "现场.jpg")}
        browser, answer, typed, _ = sent_too_late(app, world, app_clock, "vera", duty, pick="/submit", **files)
        page = again(app, browser, world, answer, "vera").text
        assert "附件要重新选择。" in page
        assert comparable(typed)[0] in [pair for one in Forms(page).forms for pair in comparable(one.shown)]

    @pytest.mark.parametrize("how", ["absolute", "administrator", "cookie gone"])
    def test_survives_every_end_of_a_session(self, app: Flask, world: World, app_clock: SetClock, duty: str, how: str) -> None:
        browser, _, _ = sign_in(app, world)
        form = next(one for one in Forms(browser.get(duty).text).forms if one.action.endswith("/submit"))
        if how == "absolute":
            app_clock.at += timedelta(hours=12, minutes=1)
        elif how == "administrator":
            with world.as_system() as scope:
                assert operations.end_sessions(scope, person_id=world.people["vera"]) == 1
        else:
            browser.delete_cookie("duban")
        answer = browser.post(form.action, data=MultiDict([*form.server, ("answer.done", TYPED)]))
        page = again(app, browser, world, answer, "vera").text
        assert ("answer.done", TYPED) in [pair for one in Forms(page).forms for pair in one.shown]

    def test_comes_back_when_the_browser_has_lost_its_form_token(self, app: Flask, world: World, duty: str) -> None:
        browser, _, _ = sign_in(app, world)
        form = next(one for one in Forms(browser.get(duty).text).forms if one.action.endswith("/submit"))
        browser.delete_cookie("duban-form")
        answer = browser.post(form.action, data=MultiDict([*form.server, ("answer.done", TYPED)]))
        assert (answer.status_code, counts(world)[1]) == (302, 0)
        page = browser.get(answer.headers["Location"]).text
        assert ("answer.done", TYPED) in [pair for one in Forms(page).forms for pair in one.shown]


class TestNobodyElse:
    @pytest.mark.parametrize("other", ["vlad", "tom", "ewa"])
    def test_gets_it(self, app: Flask, world: World, app_clock: SetClock, duty: str, other: str) -> None:
        browser, answer, _, _ = sent_too_late(app, world, app_clock, "vera", duty, pick="/submit")
        page = again(app, browser, world, answer, other)
        assert "data-unsent" not in page.text
        assert "甲 &amp;" not in page.text

    def test_can_have_words_put_into_anothers_form(self, app: Flask, world: World, app_clock: SetClock, duty: str) -> None:
        browser, _, _ = sign_in(app, world)
        form = next(one for one in Forms(browser.get(duty).text).forms if one.action.endswith("/submit"))
        number = dict(form.server)["once"]
        app_clock.at += timedelta(minutes=31)
        for made_up in ("", "x", number[:-2] + "AA", number.replace(world.people["vera"].hex, world.people["tom"].hex)):
            answer = browser.post(form.action, data={"once": made_up, "answer.done": TYPED})
            assert "_unsent" not in answer.headers["Location"]
        foreign = browser.post(
            form.action, data={"once": number, "answer.done": TYPED}, headers={"Origin": "https://evil.example"}
        )
        assert "_unsent" not in foreign.headers["Location"]
        with world.as_system() as scope:
            assert scope.session.scalars(owned(scope, KeptReply)).all() == []
        assert "_unsent" in browser.post(form.action, data={"once": number, "answer.done": TYPED}).headers["Location"]


class TestLimits:
    def test_kept_for_half_an_hour_a_few_and_not_too_large(
        self, app: Flask, world: World, app_clock: SetClock, duty: str
    ) -> None:
        browser, _, _ = sign_in(app, world)
        form = next(one for one in Forms(browser.get(duty).text).forms if one.action.endswith("/submit"))
        app_clock.at += timedelta(minutes=31)

        def send(words: str) -> TestResponse:
            return browser.post(form.action, data=MultiDict([*form.server, ("answer.done", words)]))

        assert "_unsent" not in send("长" * MOST_BYTES).headers["Location"]
        answers = [send(f"{TYPED} {turn}") for turn in range(MOST_FORMS + 2)]
        with world.as_system() as scope:
            kept = [one.body.decode() for one in scope.session.scalars(owned(scope, KeptReply))]
        assert len(kept) == MOST_FORMS
        app_clock.at += KEPT + timedelta(seconds=1)
        assert "data-unsent" not in again(app, browser, world, answers[-1], "vera").text


def test_every_page_outside_one_s_own_account_that_asks_for_a_password_is_on_the_list(app: Flask) -> None:
    """What such a field holds is never kept with an unsent form: its name stands in `ASKS_FOR_PASSWORD`."""
    asking = {}
    for template in (ROOT / "platform" / "duban").rglob("templates/**/*.html"):
        if template.parent.name not in {"identity", "console"}:
            found = re.findall(r'ui\.field\("(\w+)"[^}]*type="password"|name="(\w+)"[^>]*type="password"', template.read_text())
            asking |= {f"{template.parent.name}.{template.stem}": {one or other for one, other in found}} if found else {}
    assert asking == {"letters.sign": {"password"}}
    assert all(names <= set(ASKS_FOR_PASSWORD[endpoint]) for endpoint, names in asking.items())
