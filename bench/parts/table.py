"""The one shape every bench prints: what, ours, the floor, their ratio, the ratio promised, and whether it was kept."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MISSED = "MISSED"
KEPT_IN = "BENCH_ROWS"
"""Names the file where `bench/parts/whole.py` gathers the rows of all benches."""
_MS = 1000


@dataclass(frozen=True)
class Row:
    """Times in milliseconds of the same work done twice in one run. Without a promise it only informs."""

    what: str
    ours_ms: float
    floor_ms: float
    promised: float | None
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return self.ours_ms / self.floor_ms

    @property
    def verdict(self) -> str:
        """`kept` or MISSED."""
        return "—" if self.promised is None else "kept" if self.ratio <= self.promised else MISSED


def said(milliseconds: float) -> str:
    """Write a time in the unit that fits it."""
    if milliseconds < 1:
        return f"{milliseconds * _MS:,.2f} µs"
    return f"{milliseconds:,.2f} ms" if milliseconds < 10 * _MS else f"{milliseconds / _MS:,.1f} s"


def lines(rows: Sequence[Row]) -> list[str]:
    """Write a line for each row."""
    return [
        f"{row.what:<46}{said(row.ours_ms):>14}{said(row.floor_ms):>16}{row.ratio:>9.2f}"
        f"{'—' if row.promised is None else '≤ ' + format(row.promised, 'g'):>10}  {row.verdict}{'  ' + row.note if row.note else ''}"
        for row in rows
    ]


def head(title: str, floor: str) -> str:
    """Write the lines above the rows."""
    return f"{title}\n{'':<46}{'ours':>14}{floor[:15]:>16}{'ratio':>9}{'promised':>10}  verdict"


def show(title: str, floor: str, rows: Sequence[Row]) -> None:
    """Print the table, and leave its rows for the table of all benches."""
    print(head(title, floor), *lines(rows), "", sep="\n", flush=True)
    kept = os.environ.get(KEPT_IN)
    if kept:
        with Path(kept).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(row)) + "\n" for row in rows)
