"""Opening files over HTTP: the right bytes under the right name, nothing that can run, nobody who may not."""

import io
import re
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from werkzeug.http import parse_options_header

from duban.access.checks import Place
from duban.files import operations
from duban.files.models import StoredFile
from duban.files.operations import FileOwner
from duban.files.storage import open_store
from duban.kernel.scope import get_owned
from duban.kernel.settings import Settings
from tests.attack.files.corpus import jpeg, pdf, word
from tests.cast import World


@pytest.fixture
def kept(world: World, settings: Settings):
    def keep(name: str, content: bytes) -> UUID:
        owner = FileOwner(kind="document", id=uuid4(), placed=Place(world.paths["V11"]), obj="document", act="register")
        with world.as_("vera") as scope:
            into = open_store(settings.resolved_files_url)
            return operations.store(
                scope, owner=owner, filename=name, stream=io.BytesIO(content), into=into, limit_bytes=1_000_000
            ).id

    return keep


def test_a_document_is_saved_under_its_own_name(world: World, kept) -> None:
    answer = world.client("vera").get(f"/files/{kept('城北 方案(定稿).docx', sent := word())}?show=1")
    assert answer.status_code == 200
    assert answer.data == sent
    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert (kind, options["filename"]) == ("attachment", "城北 方案(定稿).docx")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("name", "content", "kind"), [("照片.jpg", jpeg(), "image/jpeg"), ("红头.pdf", pdf(), "application/pdf")]
)
def test_a_picture_or_pdf_is_shown_only_when_asked(world: World, kept, name: str, content: bytes, kind: str) -> None:
    browser, file_id = world.client("tom"), kept(name, content)
    assert browser.get(f"/files/{file_id}").headers["Content-Disposition"].startswith("attachment")
    shown = browser.get(f"/files/{file_id}?show=1")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.mimetype == kind
    assert shown.content_length == len(content)


@pytest.mark.parametrize("who", ["vic", "dora", "ewa", "adam"])
@pytest.mark.parametrize("address", ["/files/{}", "/files/{}?show=1", "/api/v1/files/{}", "/api/v1/files/{}/content"])
def test_whoever_may_not_read_the_owner_finds_nothing(world: World, kept, who: str, address: str) -> None:
    file_id = kept("报告.pdf", pdf())
    unknown_id = uuid4()
    refused = world.client(who).get(address.format(file_id))
    unknown = world.client(who).get(address.format(unknown_id))
    assert refused.status_code == unknown.status_code == 404
    assert _said(refused.text, file_id) == _said(unknown.text, unknown_id)


def _said(page: str, file_id: UUID) -> str:
    """A page without what differs each time: the form token and the address asked for."""
    return re.sub(r'(csrf[^>]*(?:content|value))="[^"]*"', r"\1", page).replace(str(file_id), "")


def test_the_api_describes_and_sends_a_file(world: World, kept) -> None:
    browser, file_id = world.client("vera"), kept("报告.pdf", pdf())
    about = browser.get(f"/api/v1/files/{file_id}").json
    assert (about["name"], about["size_bytes"], about["media_type"]) == ("报告.pdf", len(pdf()), "application/pdf")
    assert set(about) == {"id", "name", "size_bytes", "media_type", "digest", "uploaded_at"}
    assert browser.get(f"/api/v1/files/{file_id}/content").data == pdf()


def test_bytes_that_are_gone_are_said_to_be_gone(world: World, kept, settings: Settings) -> None:
    file_id = kept("报告.pdf", pdf())
    with world.as_("vera") as scope:
        key = get_owned(scope, StoredFile, file_id).storage_key
    Path(settings.resolved_files_url.removeprefix("file://"), key).unlink()
    answer = world.client("vera").get(f"/api/v1/files/{file_id}/content")
    assert (answer.status_code, answer.json["code"]) == (409, "file-gone")
