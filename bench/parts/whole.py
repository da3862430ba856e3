"""
Every bench one after the other, and then one table with a verdict per row: what `make bench` runs.

    PYTHONPATH=platform python bench/parts/whole.py [name …]

Ends with an error when a bench did not run to its end; a ratio that was missed is said, for on a busy machine it may be the machine's.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import KEPT_IN, MISSED, Row, head, lines

BENCHES = Path(__file__).parents[1]


def main() -> None:
    chosen = sys.argv[1:] or sorted(path.stem for path in BENCHES.glob("*.py"))
    broken, taken = [], {}
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "rows"
        kept.touch()
        for name in chosen:
            print(f"== bench/{name}.py", flush=True)
            begun = time.monotonic()
            done = subprocess.run(
                [sys.executable, str(BENCHES / f"{name}.py")], env=os.environ | {KEPT_IN: str(kept)}, check=False
            )
            taken[name] = time.monotonic() - begun
            broken += [name] if done.returncode else []
        rows = [Row(**json.loads(line)) for line in kept.read_text(encoding="utf-8").splitlines()]
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(head(f"All benches on {os.cpu_count()} cores, load at the end {load}", "floor"), *lines(rows), sep="\n")
    print("seconds: " + ", ".join(f"{name} {seconds:.0f}" for name, seconds in taken.items()))
    missed = sum(row.verdict == MISSED or MISSED in row.note for row in rows)  # a row's note may hold a second promise
    promised = sum(row.promised is not None for row in rows)
    print(f"{promised - missed} of {promised} promises kept, {missed} missed; {len(broken)} benches broken {broken or ''}")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
