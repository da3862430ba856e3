"""An anchor file as every installation has one from its first minute."""

from datetime import UTC, datetime
from pathlib import Path

from duban.audit.anchors import Anchor, AnchorFile, AnchorKind
from duban.audit.chain import GENESIS
from duban.console.desk import CONSOLE


def begun(path: Path) -> AnchorFile:
    """Begin an anchor file by hand, for tests that share a database in which something is recorded already."""
    file = AnchorFile(path)
    file.append(Anchor(at=datetime(2026, 1, 1, tzinfo=UTC), tenant_id=CONSOLE, seq=0, hash=GENESIS, kind=AnchorKind.BEGUN))
    return file
