"""Who came in with a second factor can be told from the record, and who proved again to be there."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from duban.audit.models import AuditRecord
from tests.cast import World
from tests.web.identity.test_proofs import door, enrol, form_token


def acts(world: World) -> list[str]:
    with world.as_system() as scope:
        return list(
            scope.session.scalars(
                select(AuditRecord.act).where(AuditRecord.tenant_id == scope.tenant_id, AuditRecord.actor_id == world.people["sara"])
                .order_by(AuditRecord.seq)
            )
        )  # fmt: skip


@pytest.fixture
def half_in(world: World, app, app_clock):
    """Sara's second browser, past the password only, and her telephone."""
    app_clock.at = world.now
    phone = enrol(door(app, world, "sara"), world)
    app_clock.at = world.now + timedelta(minutes=2)
    return door(app, world, "sara"), phone


def test_on_the_page(world: World, app_clock, half_in) -> None:
    browser, phone = half_in
    before = acts(world)
    token = form_token(browser.get("/account/code").text)
    wrong = browser.post("/account/code", data={"csrf_token": token, "code": "000000"})
    assert wrong.status_code != 302
    assert acts(world)[len(before) :] == ["factor.refused"]
    answer = browser.post("/account/code", data={"csrf_token": token, "code": phone.at(app_clock.at)})
    assert answer.status_code == 302
    assert acts(world)[len(before) :] == ["factor.refused", "factor.passed"]


def test_by_the_api(world: World, app, app_clock, half_in) -> None:
    _, phone = half_in
    program = app.test_client()
    from tests.cast import PASSWORD

    begun = program.post("/api/v1/session", json={"tenant": world.tenant.slug, "login": "sara", "password": PASSWORD})
    assert begun.status_code == 201, begun.text
    before = acts(world)
    answer = program.post(
        "/api/v1/session/second-factor",
        json={"code": phone.at(app_clock.at)},
        headers={"Authorization": f"Bearer {begun.json['token']}"},
    )
    assert answer.status_code == 200, answer.text
    assert acts(world)[len(before) :] == ["factor.passed"]
