"""
How long `duban up` takes the second time, beside the floor of starting its database server alone, in one run.

The promise to a newcomer is ten seconds.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from parts.table import Row, show

from duban.embedded import postgres

PROMISE_SECONDS = 10


def start(data_dir: Path) -> float:
    environment = os.environ | {"DUBAN_DATA_DIR": str(data_dir), "PORT": "8765"}
    process = subprocess.Popen([sys.executable, "-m", "duban.cli", "up"], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seconds = 0.0
    for line in process.stdout:
        found = re.search(r"ready after ([\d.]+) s", line)
        if found:
            seconds = float(found[1])
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return seconds


with tempfile.TemporaryDirectory() as folder:
    home = Path(folder)
    first, second = start(home), start(home)
    started = time.perf_counter()
    with postgres.running(home / "postgres"):
        alone = time.perf_counter() - started
note = f"first start {first:.1f} s (makes the demo), PostgreSQL alone {alone:.1f} s"
show("duban up, the second time", "10 s promised", [Row("second start", second * 1000, PROMISE_SECONDS * 1000, 1, note)])
