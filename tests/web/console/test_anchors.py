"""The operators' own record says on their page when nothing vouches for it."""

from pathlib import Path

import pytest

from duban.audit.anchors import shelf
from tests.integration.audit.beginning import begun


@pytest.fixture(autouse=True)
def _own_file(tmp_path: Path, app):
    before = shelf.file
    shelf.put(begun(tmp_path / "anchors.jsonl").path)
    yield
    shelf.put(before.path if before else None)


def test_a_lost_anchor_file_is_said_on_the_page(operator) -> None:
    browser = operator()
    assert "记录链完整" in browser.get("/operator/record").text
    file = shelf.file
    assert file is not None
    file.path.unlink()
    page = browser.get("/operator/record").text
    assert "记录链完整" not in page
    assert "not there or empty" in page
