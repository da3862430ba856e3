"""The one shape every bench prints: what, ours, the floor, their ratio, the ratio promised, and whether it was kept."""

from collections.abc import Sequence
from dataclasses import dataclass

MISSED = "MISSED"


@dataclass(frozen=True)
class Row:
    """Times in milliseconds of the same work done twice in one run."""

    what: str
    ours_ms: float
    floor_ms: float
    promised: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return self.ours_ms / self.floor_ms

    @property
    def verdict(self) -> str:
        """`kept` or MISSED."""
        return "kept" if self.ratio <= self.promised else MISSED


def show(title: str, floor: str, rows: Sequence[Row]) -> None:
    """Print the table."""
    print(f"{title}\n{'':<46}{'ours ms':>12}{floor[:14] + ' ms':>18}{'ratio':>8}{'promised':>10}  verdict")
    for row in rows:
        print(
            f"{row.what:<46}{row.ours_ms:>12,.2f}{row.floor_ms:>18,.2f}{row.ratio:>8.2f}{'≤ ' + format(row.promised, 'g'):>10}  "
            f"{row.verdict}{'  ' + row.note if row.note else ''}"
        )
    print(flush=True)
