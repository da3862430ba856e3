"""The operator's door for programs."""

from uuid import uuid4

import pyotp

from duban.identity.passwords import matches
from tests.cast import World
from tests.conftest import NOW
from tests.operators import OPERATOR_PASSWORD as PASSWORD


def test_signing_in_takes_both_factors_and_gives_a_token_that_ends(app, operator) -> None:
    known, program = operator(), app.test_client()
    typed = {"login": known.login, "password": PASSWORD, "code": pyotp.TOTP(known.secret).at(NOW)}
    assert program.post("/api/v1/operator/session/", json=typed | {"code": "000000"}).get_json()["code"] == "sign-in-refused"
    token = program.post("/api/v1/operator/session/", json=typed).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert program.get("/api/v1/operator/tenants/", headers=headers).status_code == 200
    assert program.delete("/api/v1/operator/session/", headers=headers).status_code == 204
    assert program.get("/api/v1/operator/tenants/", headers=headers).status_code == 401


def test_nothing_is_held_while_an_operators_password_is_hashed(app, operator, monkeypatch) -> None:
    known, program, held = operator(), app.test_client(), []
    engine = app.extensions["duban"].engine

    def compared(kept: str | None, password: str) -> bool:
        held.append(engine.pool.checkedout())
        return matches(kept, password)

    monkeypatch.setattr("duban.console.operations.accounts.matches", compared)
    typed = {"login": known.login, "password": PASSWORD, "code": pyotp.TOTP(known.secret).at(NOW)}
    for sent in (typed | {"password": "wrong"}, typed | {"login": "nobody"}):
        assert program.post("/api/v1/operator/session/", json=sent).status_code == 400
    assert program.post("/api/v1/operator/session/", json=typed).status_code == 201
    assert held == [0, 0, 0]


def test_a_tenant_from_a_division_with_limits(operator) -> None:
    program, slug = operator(), f"t-{uuid4().hex[:12]}"
    made = program.post(
        "/api/v1/operator/tenants/",
        json={"kind": "county", "slug": slug, "division": "430112", "admin_name": "王管理", "people_limit": 9},
    )
    assert made.status_code == 201, made.get_json()
    body = made.get_json()
    assert body["units"] == {"county": 1, "township": 16, "village": 160}
    address = f"/api/v1/operator/tenants/{body['id']}"
    shown = program.get(address)
    assert (shown.get_json()["name"], shown.get_json()["people_limit"], shown.headers["ETag"]) == ("望城区", 9, '"1"')
    limits = {"people_limit": 12, "storage_limit_bytes": None}
    assert program.put(f"{address}/quota", json=limits).status_code == 428
    assert program.put(f"{address}/quota", json=limits, headers={"If-Match": '"7"'}).status_code == 412
    assert program.put(f"{address}/quota", json=limits, headers={"If-Match": '"1"'}).get_json()["people_limit"] == 12
    assert program.put(f"{address}/quota", json={"people_limit": 1.5}, headers={"If-Match": '"2"'}).status_code == 422
    listed = program.get(f"/api/v1/operator/tenants/?q={slug}").get_json()["items"]
    assert [one["slug"] for one in listed] == [slug]


def test_suspending_ordering_confirming_cancelling(operator, world: World) -> None:
    ann, bob, address = operator(), operator(), f"/api/v1/operator/tenants/{world.tenant.id}"
    slug = {"slug": world.tenant.slug}
    assert ann.post(f"{address}/deletion", json=slug).get_json()["code"] == "not-suspended"
    assert ann.post(f"{address}/suspension", json={"reason": "检修"}).status_code == 204
    assert ann.post(f"{address}/suspension", json={"reason": "检修"}).get_json()["code"] == "tenant-state"
    assert ann.post(f"{address}/deletion", json={"slug": "x"}).get_json()["code"] == "wrong-slug"
    order = ann.post(f"{address}/deletion", json=slug).get_json()
    assert order["state"] == "waiting"
    assert ann.post(f"/api/v1/operator/orders/{order['id']}/confirmation", json=slug).get_json()["code"] == "same-operator"
    assert ann.delete(f"{address}/suspension").get_json()["code"] == "order-open"
    confirmed = bob.post(f"/api/v1/operator/orders/{order['id']}/confirmation", json=slug).get_json()
    assert confirmed["confirmed_name"] == "值班员"
    assert bob.delete(f"/api/v1/operator/orders/{order['id']}").status_code == 204
    assert bob.get(f"/api/v1/operator/orders/{order['id']}").get_json()["state"] == "cancelled"
    assert ann.delete(f"{address}/suspension").status_code == 204
    sent = ann.post(f"{address}/exports").get_json()
    assert (sent["kind"], sent["confirmed_name"]) == ("export", "")
    assert ann.post(f"/api/v1/operator/orders/{sent['id']}/confirmation", json={}).get_json()["code"] == "same-operator"
    assert bob.post(f"/api/v1/operator/orders/{sent['id']}/confirmation", json={}).get_json()["confirmed_name"] == "值班员"
    assert bob.post(f"/api/v1/operator/orders/{sent['id']}/confirmation", json={}).get_json()["code"] == "order-over"
    assert ann.get("/api/v1/operator/orders/").get_json()["items"]
    assert ann.post("/api/v1/operator/imports/", json={"archive": "../x.zip"}).get_json()["code"] == "archive-refused"


def test_what_nobody_knows_is_not_found(operator) -> None:
    program, nowhere = operator(), uuid4()
    for address in (f"tenants/{nowhere}", f"orders/{nowhere}"):
        assert program.get(f"/api/v1/operator/{address}").status_code == 404
    assert program.post(f"/api/v1/operator/tenants/{nowhere}/exports").status_code == 404


def test_the_same_key_gives_the_same_answer_and_one_effect(operator, world: World) -> None:
    program, other, slug = operator(), operator(), f"k-{uuid4().hex[:12]}"
    sent = {"kind": "county", "slug": slug, "name": "甲县", "root_code": "1", "admin_login": "admin", "admin_name": "王"}
    headers = {"Idempotency-Key": uuid4().hex}

    def make(by, **changes):
        return by.post("/api/v1/operator/tenants/", json=sent | changes, headers=headers)

    first, second = make(program), make(program)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert make(program, name="乙县").get_json()["code"] == "key-reused"
    assert make(other).status_code == 422  # the code is taken; another operator's key is another key
    address = f"/api/v1/operator/tenants/{world.tenant.id}/exports"
    key = {"Idempotency-Key": uuid4().hex}
    orders = [program.post(address, headers=key).get_json()["id"] for _ in range(3)]
    assert len(set(orders)) == 1
    assert make(program).get_json() == first.get_json()
