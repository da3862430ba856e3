"""Failures become pages and problem documents, in the reader's language; every answer carries its headers."""

import re

from flask import Flask

from duban.web import errors
from tests.cast import World


def test_a_missing_page_says_so_in_both_languages(app: Flask, world: World) -> None:
    browser = world.client("vera")
    zh, en = browser.get("/no-such-page"), browser.get("/no-such-page?lang=en")
    assert (zh.status_code, en.status_code) == (404, 404)
    assert "没有找到" in zh.get_data(as_text=True)
    assert "does not exist" in en.get_data(as_text=True)


def test_a_program_gets_a_problem_document(world: World) -> None:
    answer = world.client("vera").get("/api/v1/no-such-thing", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "http-404"


def test_a_stranger_gets_401_from_the_api(world: World) -> None:
    answer = world.client().get("/api/v1/units/", headers={"Accept": "application/json"})
    assert answer.status_code in {401, 404}


def test_every_answer_carries_its_headers(world: World) -> None:
    browser = world.client("vera")
    for path in ("/", "/no-such-page", "/password", "/healthz", "/sign-in"):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy, path
        assert "object-src 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff", path


def test_the_session_cookie_is_closed_to_scripts(app: Flask, world: World) -> None:
    browser = app.test_client()
    answer = browser.get("/sign-in")
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_a_form_shown_again_can_be_reloaded_or_read_in_another_language(world: World) -> None:
    """It stands at the address it was sent to, which opens no page: the reader is led to the page above."""
    answer = world.client("vera").get("/notices/read?lang=en")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/notices?lang=en"


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(app: Flask, world: World) -> None:
    answer = app.test_client().post("/notices/read", headers={"Referer": "http://localhost/notices?state=unread"})
    assert answer.headers["Location"].endswith("next=/notices?state%3Dunread")
    foreign = app.test_client().post("/notices/read", headers={"Referer": "http://elsewhere.example/x"})
    assert foreign.headers["Location"].endswith("next=/notices")


def test_a_defect_tells_the_number_its_line_in_the_log_has(app: Flask) -> None:
    with app.test_request_context("/"):
        answer = app.make_response(errors.answer_defect(ValueError("broken")))
    assert answer.status_code == 500
    assert re.search(r"编号 [0-9a-f]{8}", answer.get_data(as_text=True))
