"""
Acts that hand out a password, give rights or open an account ask again who is there [C], lose nothing of what was typed, and are
not for a program's token.
"""

import html
import re
from base64 import b64encode
from datetime import timedelta
from io import BytesIO

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from duban.access.models import RoleGrant
from duban.identity.rules.sessions import FRESH_FOR
from duban.identity.rules.tokens import SCOPES
from duban.kernel.scope import get_owned, owned
from tests.cast import PASSWORD, World
from tests.conftest import SetClock
from tests.integration.organisation.test_people_files import GOOD, csv, people
from tests.web.identity.test_proofs import door, enrol, form_token, token_client

CODE = re.compile(r"<li>[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}</li>")
HELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
LONG_AGO = FRESH_FOR + timedelta(minutes=1)


def asked(answer: object) -> dict[str, str]:
    """What the page that asks carries along."""
    assert answer.status_code == 403
    assert 'name="_proof"' in answer.text
    return {name: html.unescape(value) for name, value in HELD.findall(answer.text)}


def stale(app: Flask, world: World, app_clock: SetClock, who: str) -> FlaskClient:
    app_clock.at = world.now
    browser = door(app, world, who)
    app_clock.at = world.now + LONG_AGO
    return browser


def test_a_new_account_is_made_once_its_maker_has_proved_to_be_there(app: Flask, world: World, app_clock: SetClock) -> None:
    browser = stale(app, world, app_clock, "tom")
    page = browser.get("/people/new").text
    typed = {"unit_id": str(world.units["V11"]), "role": "village.clerk", "login": "zs", "name": "张三"}
    held = asked(browser.post("/people/new", data=typed | {"csrf_token": form_token(page)}))
    assert typed.items() <= held.items()
    assert "zs" not in people(world)
    done = browser.post("/people/new", data=held | {"_proof": PASSWORD})
    assert done.status_code == 201
    assert "一次性密码" in done.text
    assert "zs" in people(world)


def test_a_file_of_people_is_looked_at_freely_and_taken_after_a_proof(app: Flask, world: World, app_clock: SetClock) -> None:
    browser = stale(app, world, app_clock, "tom")
    token = form_token(browser.get("/people/import").text)
    data = {"csrf_token": token, "file": (BytesIO(csv(*GOOD)), "people.csv")}
    looked = browser.post("/people/import", data=data)
    assert looked.status_code == 200, "a file cannot be carried along, so looking asks for nothing"
    content = HELD.findall(looked.text)
    sent = {"csrf_token": token, "content": next(value for name, value in content if name == "content")}
    held = asked(browser.post("/people/import/take", data=sent))
    assert "zs" not in people(world)
    done = browser.post("/people/import/take", data=held | {"_proof": PASSWORD})
    assert done.text.count('class="panel slip"') == 3
    assert "zs" in people(world)


def test_sending_a_role_back_is_taking_it(app: Flask, world: World, app_clock: SetClock) -> None:
    """The address takes any role, also one in force: without being asked it would be a way round revoking."""
    app_clock.at = world.now
    browser = world.client("sara")
    with world.as_system() as scope:
        [grant] = scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.person_id == world.people["vera"]))
        grant_id = grant.id
    app_clock.at = world.now + LONG_AGO - timedelta(minutes=2)
    assert browser.get("/people/roles").status_code == 200
    app_clock.at = world.now + LONG_AGO
    answer = browser.post(f"/people/roles/{grant_id}/refuse", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["code"]) == (403, "confirmation-needed")
    with world.as_system() as scope:
        assert get_owned(scope, RoleGrant, grant_id).active_to is None


def test_codes_for_paper_are_shown_after_a_proof(app: Flask, world: World, app_clock: SetClock) -> None:
    app_clock.at = world.now
    browser = door(app, world, "vera")
    totp = enrol(browser, world)
    app_clock.at = world.now + LONG_AGO
    token = form_token(browser.get("/account/factor").text)
    answer = browser.post("/account/factor/codes", data={"csrf_token": token})
    held = asked(answer)
    assert not CODE.findall(answer.text)
    wrong = browser.post("/account/factor/codes", data=held | {"_proof": "wrong-password-1"})
    assert not CODE.findall(wrong.text)
    right = browser.post("/account/factor/codes", data=held | {"_proof": totp.at(app_clock.at)})
    assert len(CODE.findall(right.text)) == 10


@pytest.mark.parametrize("who", ["vera", "sara"], ids=["by choice", "half through the door"])
def test_a_phone_is_bound_after_a_proof_and_its_owner_stays_in(app: Flask, world: World, app_clock: SetClock, who: str) -> None:
    app_clock.at = world.now
    browser = door(app, world, who)
    app_clock.at = world.now + timedelta(minutes=6)
    browser.get("/account/factor")
    app_clock.at = world.now + LONG_AGO
    page = browser.get("/account/factor").text
    secret = re.search(r'class="num qr-secret">([^<]+)<', page)[1].replace(" ", "")
    proposal = re.search(r'name="proposal" value="([^"]+)"', page)[1]
    code = pyotp.TOTP(secret).at(app_clock.at)
    held = asked(browser.post("/account/factor", data={"csrf_token": form_token(page), "proposal": proposal, "code": code}))
    bound = browser.post("/account/factor", data=held | {"_proof": PASSWORD})
    assert bound.status_code == 201
    assert len(CODE.findall(bound.text)) == 10
    assert browser.get("/account/devices").status_code == 200, "the key the phone brought is the one the browser keeps"


@pytest.mark.parametrize("scopes", [["organisation"], ["full"], sorted(SCOPES)], ids=["organisation", "full", "every scope"])
def test_no_token_makes_an_account_or_receives_its_password(app: Flask, world: World, scopes: list[str]) -> None:
    before = people(world).keys()
    program = token_client(app, world, "tom", scopes)
    file = b64encode(csv(*GOOD)).decode()
    bodies = {
        "/api/v1/people/": {
            "unit_id": str(world.units["V11"]), "role": "village.leader", "login": "ghost", "details": {"name": "张三"}
        },
        "/api/v1/people/import": {"content": file, "confirmed": True},
    }  # fmt: skip
    for address, body in bodies.items():
        answer = program.post(address, json=body)
        assert (answer.status_code, answer.json["code"]) == (403, "not-by-token")
    assert people(world).keys() == before
    assert program.get("/api/v1/people/").status_code == 200, "the control: it reads as it did"
    person = world.client("tom")
    person.environ_base["HTTP_ACCEPT"] = "application/json"
    for address, body in bodies.items():
        assert person.post(address, json=body).status_code in {200, 201}, "the control: its owner does both"
    assert people(world).keys() - before == {"ghost", "zs", "ouyangming", "ouyangming2"}
