"""Goal H7: whatever people type, one event is one line of the log, and nobody can write a line of their own into it."""

import json
import subprocess
import sys

import pytest

from duban.kernel.settings import ROOT

HOSTILE = [
    "a\nb", "a\r\nforged=1", "\x1b[2J\x1b[31mred", '"}\n{"event": "forged"}', "a\u2028b\u2029c", "a\x85b\x0bc\x0cd", "x=1 level=error",
    "\\n", "'\"`", "督\x00办", "\u202etxt.exe", "{}{0}%s%(name)s",
]  # fmt: skip
PROGRAM = """
import json, logging, sys
from duban.kernel.logs import configure_logs, get_logger
configure_logs(sys.argv[1])
log = get_logger("x")
for text in json.load(sys.stdin):
    log.info("refused", path=text, code=text)
    logging.getLogger("foreign").warning("said %s", text)
    try:
        raise ValueError(text)
    except ValueError as error:
        log.error("defect", number="1", exc_info=error)
"""


@pytest.mark.parametrize("kind", ["json", "text"])
def test_every_event_is_one_line(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind], input=json.dumps(HOSTILE), capture_output=True, text=True, check=True, cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "platform"), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    lines = done.stderr.removesuffix("\n").split("\n")
    print(f"{kind}: {3 * len(HOSTILE)} events, {len(lines)} lines")
    assert len(lines) == 3 * len(HOSTILE)
    assert len(done.stderr.splitlines()) == len(lines), "also for readers that end lines at U+0085 and U+2028"
    assert "\r" not in done.stderr
    assert "\x1b" not in done.stderr
    if kind == "json":
        events = [json.loads(line) for line in lines]
        assert {event["event"].split()[0] for event in events} == {"refused", "said", "defect"}
        assert [event["path"] for event in events[::3]] == HOSTILE
