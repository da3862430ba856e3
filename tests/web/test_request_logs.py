"""A refusal and a defect can be traced: who asked, in which tenant, from where, under which number; and nothing else is said."""

import json
import re
from uuid import uuid4

import pytest
import structlog
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs

from duban.app import create_app, db
from duban.web.request_logs import ANSWERED, LONGEST_PATH
from tests.cast import PASSWORD, World


@pytest.fixture
def lines():
    """The events with what is bound to them, as they would be written."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as found:
        yield found


def of(lines: list[dict], event: str) -> list[dict]:
    return [line for line in lines if line["event"] == event]


def test_a_refusal_names_tenant_person_address_and_request(world: World, lines) -> None:
    browser = world.client("vera")
    answer = browser.get(f"/units/{uuid4()}", environ_base={"REMOTE_ADDR": "203.0.113.7"})
    assert answer.status_code == 404
    [refused], [answered] = of(lines, "refused"), of(lines, ANSWERED)
    for line in (refused, answered):
        assert line["tenant"] == world.tenant.slug
        assert line["tenant_id"] == str(world.tenant.id)
        assert line["person"] == str(world.people["vera"])
        assert line["address"] == "203.0.113.7"
        assert line["request"] == answer.headers["X-Request-ID"]
    assert (answered["status"], answered["method"], answered["endpoint"]) == (
        404,
        "GET",
        refused.get("endpoint", answered["endpoint"]),
    )
    assert isinstance(answered["ms"], int)


def test_nothing_is_left_for_the_next_request_of_the_thread(world: World, app, lines) -> None:
    world.client("vera").get("/")
    assert get_contextvars() == {}
    app.test_client().get("/sign-in")
    last = of(lines, ANSWERED)[-1]
    assert "person" not in last
    assert "tenant" not in last


def test_neither_query_nor_body_nor_secrets_stand_in_a_line(world: World, app, app_clock, lines) -> None:
    app_clock.at = world.now
    program = app.test_client()
    begun = program.post("/api/v1/session", json={"tenant": world.tenant.slug, "login": "tom", "password": PASSWORD})
    token = begun.json["token"]
    program.get("/api/v1/units/?name=查某人13812345678", headers={"Authorization": f"Bearer {token}"})
    world.client("tom").get("/people?q=张三丰&secret=s3cr3t")
    written = json.dumps(lines, default=str, ensure_ascii=False)
    assert len(of(lines, ANSWERED)) >= 3
    for secret in (PASSWORD, token, token.rpartition(".")[2], "13812345678", "查某人", "张三丰", "s3cr3t", "唐安"):
        assert secret not in written, secret


def test_one_line_for_each_answer_but_not_for_probes_and_styles(world: World, lines) -> None:
    browser = world.client("tom")
    for path in ("/", "/healthz", "/readyz", "/notices"):
        browser.get(path)
    paths = [line["path"] for line in of(lines, ANSWERED)]
    assert [path for path in paths if path in {"/", "/notices"}] == ["/", "/notices"]
    assert "/healthz" not in paths


def test_a_path_without_end_is_cut_off(app, lines) -> None:
    app.test_client().get("/" + "x" * 5000)
    [line] = of(lines, ANSWERED)
    assert len(line["path"]) == LONGEST_PATH + 1


@pytest.mark.parametrize("hops", [0, 1])
def test_a_number_is_taken_over_from_our_proxy_only(settings, hops: int) -> None:
    from dataclasses import replace

    made = create_app(replace(settings, proxy_hops=hops))
    answers = [
        made.test_client().get("/sign-in", headers={"X-Request-ID": number}).headers["X-Request-ID"]
        for number in ("req-0123456789", "forged=1 level=error", "a" * 65)
    ]
    with made.app_context():
        db.engine.dispose()
    assert (answers[0] == "req-0123456789") is bool(hops)
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in answers[1:])
