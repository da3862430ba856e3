"""A worker or clock without the address of a queue ends with a sentence, not with a traceback."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from duban import clock_process, worker
from duban.kernel.settings import Settings


@pytest.mark.parametrize("process", [worker, clock_process])
def test_a_process_without_a_queue_says_what_to_set(process: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    without = replace(Settings(database_url="postgresql+psycopg://nobody@/nothing"), redis_url="")
    monkeypatch.setattr(process, "read_settings", lambda: without)
    with pytest.raises(SystemExit, match=r"DUBAN_REDIS_URL is not set\. Point it at"):
        process.main()
