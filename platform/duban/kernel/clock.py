"""The one place that reads the machine's clock; everything below the edges is given the time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Something that tells the time."""

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the edge the rule points to


@dataclass
class SetClock:
    """A clock that stands where it was set: for replays and tests."""

    at: datetime

    def now(self) -> datetime:
        """Give the instant it was set to."""
        return self.at
