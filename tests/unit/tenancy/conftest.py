import shutil
from pathlib import Path

import pytest

from duban.kernel.settings import ROOT


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The street kind in a folder of its own, to be spoilt."""
    return Path(shutil.copytree(ROOT / "tenants" / "street", tmp_path / "kinds" / "street"))
