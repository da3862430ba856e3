"""
An upload cut off half-way over a real gunicorn socket: attachment, photo and workbook, closed or half closed, of known length or in
chunks. Nothing is stored by half, nothing typed before is lost, who still listens is told to try again.
"""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from duban.files.models import StoredFile
from duban.files.storage import open_store
from duban.kernel.clock import SystemClock
from duban.kernel.scope import owned
from duban.kernel.settings import ROOT, Settings
from duban.reporting.models import Draft, Submission
from duban.reporting.operations import save_draft
from duban.reporting.queries.duties import draft_of
from tests.attack.files.corpus import pdf, png
from tests.cast import World, build_world
from tests.integration.reporting import requirements as given
from tests.web.identity.test_ended_sessions import environment, form_token, free_port, key_of
from tests.web.reporting.test_workbooks import downloaded

BOUNDARY = "x9x9x9"
TYPED = {"answer.done": "写到一半的情况"}


def serve(settings: Settings, app: str, log: Path) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-w", "1", "-k", "gthread", "--threads", "4", "-b", f"127.0.0.1:{port}", app]
    given_there = environment(settings)
    given_there["PYTHONPATH"] += f":{ROOT}"
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=given_there, stdout=out, stderr=out)
        try:
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", port), 5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="module")
def port(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    yield from serve(settings, "wsgi:app", tmp_path_factory.mktemp("cut") / "log")


@pytest.fixture
def today(engine: object, request: pytest.FixtureRequest, app_clock: object) -> World:
    world = build_world(engine, now=SystemClock().now(), web=request)  # type: ignore[arg-type]
    app_clock.at = world.now  # type: ignore[attr-defined]
    return world


def multipart(field: str, name: str, content: bytes, **typed: str) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in typed.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
    return b"".join(parts) + head + content + f"\r\n--{BOUNDARY}--\r\n".encode()


class Door:
    """Vera's browser, as bytes on a socket."""

    def __init__(self, world: World, port: int) -> None:
        self.port, self.world = port, world
        due = {"kind": "fixed", "on": f"{world.now.year + 1}-12-20"}
        self.duty_id: UUID = given.duty_id(world, given.issued(world, due=due))
        self.cookie = f"duban={key_of(world, 'vera')}"
        page = self.ask(b"GET /duties HTTP/1.1", [], b"")
        self.token = form_token(page)
        self.cookie += "".join(f"; {found}" for found in re.findall(r"(?i)set-cookie: (duban-form=[^;]+)", page))

    def send(self, path: str, body: bytes, *, cut: int = 0, chunked: bool = False, half: bool = False, **headers: str) -> str:
        """Post all but the last `cut` bytes; then close, or only stop sending (`half`) and read what is answered."""
        headers = {"Content_Type": f"multipart/form-data; boundary={BOUNDARY}", "X_CSRFToken": self.token} | headers
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines.append("Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}")
        if chunked:
            body = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        return self.ask(
            f"POST {path} HTTP/1.1".encode(), lines, body[: len(body) - cut], half=half, closed=bool(cut) and not half
        )

    def ask(self, first: bytes, lines: list[str], body: bytes, *, half: bool = False, closed: bool = False) -> str:
        head = "\r\n".join(
            [f"Host: 127.0.0.1:{self.port}", f"Cookie: {self.cookie}", "Accept: text/html", "Connection: close", *lines]
        )
        with socket.create_connection(("127.0.0.1", self.port), 30) as line:
            line.sendall(first + b"\r\n" + head.encode() + b"\r\n\r\n" + body)
            if closed:
                time.sleep(0.1)
                return ""
            if half:
                line.shutdown(socket.SHUT_WR)
            found = b""
            while piece := line.recv(65536):
                found += piece
        return found.decode(errors="replace")

    def stored(self, settings: Settings) -> tuple[list[str], list[str], dict[str, str], int]:
        """Rows of files, bytes in the store, what is typed, what was handed in."""
        with self.world.as_system(at=SystemClock().now()) as scope:
            rows = [
                str(one) for one in scope.session.scalars(select(StoredFile.id).where(StoredFile.tenant_id == scope.tenant_id))
            ]
            typed = [one.typed for one in scope.session.scalars(owned(scope, Draft))]
            handed_in = len(scope.session.scalars(owned(scope, Submission)).all())
        keys = [key for key, _size in open_store(settings.resolved_files_url).keys(self.world.tenant.id)]
        return rows, keys, typed[0] if typed else {}, handed_in


def uploads(door: Door) -> dict[str, tuple[str, bytes, dict[str, str]]]:
    """What a village clerk sends: an attachment with the form, a photo as soon as it is chosen, a filled-in workbook."""
    duty = f"/duties/{door.duty_id}"
    attachment = multipart("attachments", "说明.pdf", pdf(b"x" * 200_000), **{"answer.done": "新写的", "once": "1" * 32})
    photo = multipart("attachments", "现场.png", png())
    workbook = multipart("file", "填报表.xlsx", downloaded(door.world, door.duty_id), step="submit")
    plain = b"once=" + b"2" * 32 + b"&answer.done=" + b"x" * 200 + b"&note=" + b"y" * 200
    return {
        "typed": (f"{duty}/draft", plain, {"Content_Type": "application/x-www-form-urlencoded"}),
        "attachment": (f"{duty}/submit", attachment, {}),
        "photo": (f"{duty}/draft", photo, {"X_Requested_With": "upload"}),
        "autosave": (f"{duty}/draft", attachment, {"X_Requested_With": "autosave"}),
        "workbook": (f"{duty}/workbook", workbook, {}),
    }


def save(door: Door) -> None:
    kept = door.send(f"/duties/{door.duty_id}/draft", multipart("nothing", "", b"", **TYPED), X_Requested_With="autosave")
    assert " 200 " in kept.partition("\r\n")[0], kept[:300]


def test_what_is_cut_off_changes_nothing(today: World, port: int, settings: Settings) -> None:
    door = Door(today, port)
    save(door)
    before = door.stored(settings)
    assert before[2] == TYPED
    for name, (path, body, headers) in uploads(door).items():
        for chunked in (False, True):
            for left in (3, len(body) // 2, len(body) - 40):
                said = door.send(path, body, cut=left, chunked=chunked, half=True, **headers)
                status = said.partition("\r\n")[0]
                assert " 408 " in status, (name, chunked, left, status)
                assert "没有传完就断开了，什么也没有保存" in said, (name, said[:600])
            door.send(path, body, cut=len(body) // 2, chunked=chunked, **headers)
    time.sleep(0.5)
    assert door.stored(settings) == before
    for name, (path, body, headers) in uploads(door).items():
        if name == "photo":
            assert " 200 " in door.send(path, body, **headers), "sent again, it arrives"
    assert len(door.stored(settings)[0]) == 1


def test_a_form_without_its_end_is_not_an_empty_form(world: World) -> None:
    """What lies between may take half for the whole and give it its length: the form is refused all the same."""
    duty_id = given.duty_id(world, given.issued(world))
    with world.as_("vera") as scope:
        save_draft(scope, duty_id=duty_id, typed=TYPED)
    body = multipart("attachments", "现场.png", png(), **{"answer.done": "新写的"})
    sending = {"content_type": f"multipart/form-data; boundary={BOUNDARY}", "headers": {"X-Requested-With": "autosave"}}
    for left in (3, len(body) // 2, len(body) - 40):
        answer = world.client("vera").post(f"/duties/{duty_id}/draft", data=body[:-left], **sending)
        assert answer.status_code == 400, left
    with world.as_("vera") as scope:
        assert draft_of(scope, duty_id).typed == TYPED
    assert world.client("vera").post(f"/duties/{duty_id}/draft", data=body, **sending).status_code == 200


@pytest.mark.nightly
@pytest.mark.parametrize(
    "taken, name", [("request alone", "autosave"), ("request alone", "typed"), ("request, half", "autosave")]
)
def test_control_without_that_care_what_was_typed_is_gone(
    today: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: str, name: str
) -> None:
    monkeypatch.setenv("TAKES_HALF_FORMS", taken)
    running = serve(settings, "tests.attack.files.careless:app", tmp_path / "log")
    door = Door(today, next(running))
    save(door)
    path, body, headers = uploads(door)[name]
    door.send(path, body, cut=len(body) // 2, half=True, **headers)
    assert door.stored(settings)[2] != TYPED, "half of a form was saved over what was typed"
    running.close()
