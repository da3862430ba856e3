"""The operators' own record says on their page when nothing vouches for it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from duban.audit.anchors import Anchor, shelf
from duban.console.desk import CONSOLE, verify_acts
from duban.kernel.scope import open_session
from tests.integration.audit.beginning import begun


@pytest.fixture(autouse=True)
def _own_file(tmp_path: Path, app, engine: Engine):
    before = shelf.file
    file = begun(tmp_path / "anchors.jsonl")
    with open_session(engine, CONSOLE) as session:  # other tests of the same database have had more of the chain anchored
        acts = verify_acts(session)
    file.append(Anchor(at=datetime(2026, 1, 2, tzinfo=UTC), tenant_id=CONSOLE, seq=acts.acts, hash=acts.hash))
    shelf.put(file.path)
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
