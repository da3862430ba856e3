"""The canary wrapper has teeth: broken on purpose, each of its watches turns red (A10)."""

import io
import logging
import zipfile
from pathlib import Path

import pytest
import structlog
from flask import Response, jsonify
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from duban.web.requests import current_scope
from tests import canary
from tests.cast import World
from tests.statements import DELIBERATE

ANY_PAGE = "dashboards.home"


def all_units() -> Response:
    """What a programmer who forgot the tenant would write."""
    rows = current_scope().session.execute(text(f"SELECT id, name FROM unit {DELIBERATE}"))
    return jsonify([[str(row.id), row.name] for row in rows])


@pytest.fixture
def careless(world: World, app, monkeypatch) -> World:
    monkeypatch.setitem(app.view_functions, ANY_PAGE, all_units)
    return world


def test_row_level_security_still_covers_a_careless_page(careless: World) -> None:
    with canary.watch.expecting_leaks() as leaks:
        page = careless.client("cora").get("/")
    assert page.status_code == 200 and len(page.json) == 7
    assert leaks == []


def test_control_a_careless_page_without_row_level_security_is_found(careless: World, servers) -> None:
    server, name = servers
    browser = careless.client("cora")
    with server.connect(database=name) as root:
        root.execute("ALTER TABLE unit DISABLE ROW LEVEL SECURITY")
        try:
            with canary.watch.expecting_leaks() as leaks:
                browser.get("/")
        finally:
            root.execute("ALTER TABLE unit ENABLE ROW LEVEL SECURITY")
    assert sum(canary.planted_word(careless.other.id) in leak for leak in leaks) == 1
    assert any(str(careless.units["other-T1"]) in leak for leak in leaks)
    assert not any(str(careless.units["T1"]) in leak for leak in leaks)


class TestControls:
    @pytest.fixture
    def foreign(self, world: World) -> str:
        return f"{world.names['ewa']} {world.units['other-C']}"

    def answer(self, world: World, app, monkeypatch, made) -> list[str]:
        monkeypatch.setitem(app.view_functions, ANY_PAGE, lambda: made)
        with canary.watch.expecting_leaks() as leaks:
            world.client("vera").get("/").get_data()
        return leaks

    def test_page(self, world: World, app, monkeypatch, foreign: str) -> None:
        assert len(self.answer(world, app, monkeypatch, foreign)) == 2

    def test_header(self, world: World, app, monkeypatch, foreign: str) -> None:
        assert self.answer(world, app, monkeypatch, Response("", headers={"Location": f"/units/{world.units['other-C']}"}))

    def test_stream(self, world: World, app, monkeypatch, foreign: str) -> None:
        assert self.answer(world, app, monkeypatch, Response(part.encode() for part in foreign))

    def test_packed_export(self, world: World, app, monkeypatch, foreign: str) -> None:
        book = io.BytesIO()
        with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/sharedStrings.xml", foreign)
        assert foreign.encode() not in book.getvalue()
        assert self.answer(world, app, monkeypatch, Response(book.getvalue()))

    def test_telephone_number(self, world: World, app, monkeypatch) -> None:
        assert self.answer(world, app, monkeypatch, canary.planted_phone(world.people["erik"]))
        assert not self.answer(world, app, monkeypatch, canary.planted_phone(world.people["tom"]))

    def test_nobody_is_shown_anything(self, world: World, app, monkeypatch) -> None:
        monkeypatch.setitem(app.view_functions, "health.healthz", lambda: str(world.units["C"]))
        with canary.watch.expecting_leaks() as leaks:
            world.client().get("/healthz")
        assert leaks

    def test_what_the_sender_named_is_no_leak(self, world: World) -> None:
        with canary.watch.expecting_leaks() as leaks:
            world.client("cora").get(f"/units/{world.units['other-C']}")
        assert leaks == []

    def test_log_line(self, world: World, foreign: str) -> None:
        for write in (
            lambda words: logging.getLogger("duban.test").warning(words),
            lambda words: structlog.get_logger("duban.test").warning("x", words=words),
        ):
            with canary.watch.expecting_leaks() as leaks:
                write(f"{foreign} {world.units['C']}")
            assert leaks
            with canary.watch.expecting_leaks() as leaks:
                write(foreign)
            assert leaks == []

    def test_redis(self, world: World, foreign: str) -> None:
        client = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.1)
        with canary.watch.expecting_leaks() as leaks:
            client.pipeline().set("key", f"{foreign} {world.units['C']}")
            with pytest.raises(RedisError):
                client.set("key", f"{foreign} {world.units['C']}")
        assert len(leaks) == 2

    def test_file(self, world: World, tmp_path: Path, foreign: str) -> None:
        (tmp_path / "mixed.csv").write_text(f"{foreign}\n{world.units['C']}")
        (tmp_path / "lines.log").write_text(f"{foreign}\n{world.units['C']}")
        stored = tmp_path / str(world.tenant.id) / "ab" / ("0" * 64)
        stored.parent.mkdir(parents=True)
        stored.write_text(foreign)
        with canary.watch.expecting_leaks() as leaks:
            canary.look_at_files(tmp_path)
        for path in tmp_path.rglob("*"):
            if path.is_file():
                path.unlink()
        assert sorted(leak.split()[0] for leak in leaks) == ["files", "stored", "stored"], leaks

    def test_mail(self, world: World, foreign: str) -> None:
        import smtplib

        from tests.mailbox import mailbox_running

        with (
            mailbox_running() as mailbox,
            canary.watch.expecting_leaks() as leaks,
            smtplib.SMTP("127.0.0.1", mailbox.port) as server,
        ):
            server.sendmail("a@example.org", ["b@example.org"], f"Subject: x\n\n{world.units['C']} {world.units['other-C']}")
        assert leaks
