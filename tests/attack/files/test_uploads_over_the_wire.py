"""Uploads as a network delivers them: cut off, lying about their length, too large. Goal D8: nothing is left behind."""

import io
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.serving import make_server

from duban.app import FILES_AT_ONCE
from duban.files.models import StoredFile
from duban.kernel.settings import Settings
from tests.attack.files.corpus import pdf
from tests.cast import World
from tests.integration.programmes.conftest import document_of

__all__ = ["document_of"]

BOUNDARY = "x9x9x9"


@pytest.fixture
def address(app: Flask, world: World) -> Iterator[tuple[str, int]]:
    """The application behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def part(content: bytes) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    )
    return head.encode() + content


def request_of(world: World, document_id: UUID, body: bytes, *, length: int) -> bytes:
    bearer = world.client("cora").environ_base["HTTP_AUTHORIZATION"]
    head = (
        f"POST /api/v1/documents/{document_id}/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
    )
    return head.encode() + body


def kept_files(world: World) -> int:
    with world.as_("cora") as scope:
        return scope.session.scalar(select(func.count()).where(StoredFile.tenant_id == scope.tenant_id)) or 0


def stored_bytes(settings: Settings, world: World) -> list[Path]:
    folder = Path(settings.resolved_files_url.removeprefix("file://"), str(world.tenant.id))
    return [path for path in folder.rglob("*") if path.is_file()]


def exchange(address: tuple[str, int], data: bytes) -> bytes:
    """Send, stop sending, and give what came back."""
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


class TestCutOff:
    @pytest.mark.parametrize("sent", [0.01, 0.5, 0.99])
    def test_upload_is_refused_and_leaves_neither_row_nor_bytes(
        self,
        world: World,
        address: tuple[str, int],
        document_of: Callable[..., UUID],
        settings: Settings,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        sent: float,
    ) -> None:
        body = part(pdf(b"x" * 3_000_000)) + f"\r\n--{BOUNDARY}--\r\n".encode()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # tests beside this one leave theirs elsewhere
        answer = exchange(address, request_of(world, document_of(), body[: int(len(body) * sent)], length=len(body)))
        assert answer.split(b" ", 2)[1][:1] == b"4", answer[:200]
        assert kept_files(world) == 0
        assert stored_bytes(settings, world) == []
        assert list(tmp_path.rglob("*")) == []

    def test_control_a_temporary_file_that_is_not_taken_away_is_seen(
        self,
        world: World,
        address: tuple[str, int],
        document_of: Callable[..., UUID],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        body = part(pdf(b"x" * 3_000_000))
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        monkeypatch.setattr(tempfile, "TemporaryFile", partial(tempfile.NamedTemporaryFile, delete=False))
        exchange(address, request_of(world, document_of(), body, length=len(body) + 100))
        assert len(list(tmp_path.rglob("*"))) == 1

    def test_whole_upload_over_the_same_wire_is_kept(
        self, world: World, address: tuple[str, int], document_of: Callable[..., UUID], settings: Settings
    ) -> None:
        body = part(pdf(b"x" * 3_000_000)) + f"\r\n--{BOUNDARY}--\r\n".encode()
        answer = exchange(address, request_of(world, document_of(), body, length=len(body)))
        assert answer.startswith((b"HTTP/1.1 201", b"HTTP/1.0 201")), answer[:300]
        assert kept_files(world) == 1
        assert len(stored_bytes(settings, world)) == 1

    def test_part_without_its_end_is_not_taken_for_a_file(
        self, world: World, address: tuple[str, int], document_of: Callable[..., UUID]
    ) -> None:
        body = part(pdf(b"x" * 1000))
        answer = exchange(address, request_of(world, document_of(), body, length=len(body)))
        assert answer.split(b" ", 2)[1] in {b"400", b"422"}, answer[:200]
        assert kept_files(world) == 0


class TestTooLarge:
    def test_body_is_refused_as_such(self, world: World, document_of: Callable[..., UUID], settings: Settings) -> None:
        claimed = FILES_AT_ONCE * settings.upload_limit_bytes + 2 * 1024 * 1024
        sent = {"file": (io.BytesIO(pdf(b"x")), "大.pdf")}
        answer = world.client("cora").post(
            f"/api/v1/documents/{document_of()}/files",
            data=sent,
            content_type="multipart/form-data",
            environ_overrides={"CONTENT_LENGTH": str(claimed)},
        )
        assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")
        assert "太大" in answer.json["title"]

    def test_file_a_little_above_its_limit_is_named(
        self, world: World, document_of: Callable[..., UUID], settings: Settings
    ) -> None:
        sent = {"file": (io.BytesIO(pdf(b"x" * settings.upload_limit_bytes)), "大.pdf")}
        answer = world.client("cora").post(
            f"/api/v1/documents/{document_of()}/files", data=sent, content_type="multipart/form-data"
        )
        assert answer.status_code == 422
        assert "“大.pdf”超过单个文件 20 MB 的上限" in answer.json["errors"]["file"][0]
        assert kept_files(world) == 0
