"""A photograph whose answer was lost on the way is sent again by the phone: it is attached once (ADR 25, 54)."""

from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, func, select

from duban.web.replies import key_digest, request_digest
from tests.cast import World
from tests.integration.reporting import requirements as given

NAME = "现场.txt"


def send(browser: Any, duty_id: UUID, once: str, content: bytes = b"x", name: str = NAME) -> Any:
    return browser.post(
        f"/duties/{duty_id}/draft",
        data={"attachments": (BytesIO(content), name), "once": once},
        headers={"X-Requested-With": "upload", "Accept": "application/json"},
    )


def attached(browser: Any, duty_id: UUID) -> int:
    return browser.get(f"/duties/{duty_id}").text.count(f"/duties/{duty_id}/files/")


@pytest.fixture
def duty_id(world: World) -> UUID:
    return given.duty_id(world, given.issued(world))


def test_it_is_attached_once_and_both_are_told_so(world: World, duty_id: UUID) -> None:
    browser = world.client("vera")
    answers = [send(browser, duty_id, "a" * 32) for _ in range(3)]
    assert [(answer.status_code, answer.json) for answer in answers] == [(200, {"errors": []})] * 3
    assert attached(browser, duty_id) == 1


def test_control_another_number_is_another_photograph(world: World, duty_id: UUID) -> None:
    browser = world.client("vera")
    for number in ("a" * 32, "b" * 32):
        assert send(browser, duty_id, number).status_code == 200
    assert attached(browser, duty_id) == 2


def test_what_was_refused_is_judged_anew(world: World, duty_id: UUID) -> None:
    browser = world.client("vera")
    for _ in range(2):
        refused = send(browser, duty_id, "a" * 32, b"MZ\x90\x00", "程序.exe")
        assert (refused.status_code, bool(refused.json["errors"])) == (422, True)
    assert attached(browser, duty_id) == 0


def test_while_the_first_is_being_taken_the_second_is_told_to_come_again(world: World, duty_id: UUID, app: Any) -> None:
    """The phone tries again after a 503; a 409 it would show to its person as a refusal, and forget the photograph."""
    sent = {"attachments": (BytesIO(b"x"), NAME), "once": "a" * 32}
    with app.test_request_context(f"/duties/{duty_id}/draft", method="POST", data=sent):
        key = f"form:{'a' * 32}:{request_digest('form:' + 'a' * 32)}"

    def impatient(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "pg_advisory_xact_lock" in statement:
            cursor.execute("SET LOCAL lock_timeout = '200ms'")

    with world.as_("vera") as first:
        first.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key_digest(first, key), 1))))
        event.listen(Engine, "before_cursor_execute", impatient)
        try:
            answer = send(world.client("vera"), duty_id, "a" * 32)
        finally:
            event.remove(Engine, "before_cursor_execute", impatient)
    assert (answer.status_code, answer.json["code"]) == (503, "still-running")
    assert int(answer.headers["Retry-After"]) > 0
    assert attached(world.client("vera"), duty_id) == 0
    assert send(world.client("vera"), duty_id, "a" * 32).status_code == 200
    assert attached(world.client("vera"), duty_id) == 1
