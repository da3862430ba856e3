"""Background work by name. `duban.worker` binds each name to its task; a test proves the binding total."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from duban.kernel.ids import TenantId
from duban.kernel.scope import Scope


class JobName(StrEnum):
    """What can be asked of a worker; RQ carries only the name and identifiers, never the truth."""

    DELIVER = "deliver"


@dataclass(frozen=True)
class Periodic:
    """Work the clock does in every tenant again and again: it looks for what is due and must be harmless when repeated."""

    name: str
    every: timedelta
    run: Callable[[Scope], object]
    batch: int | None = None
    """How much one run does at most; a run that gives as much is followed by another at once, in a transaction of its own."""


class Bell:
    """Wakes a worker, if this process has been given the means; a ring that is not heard loses time, nothing else."""

    def __init__(self) -> None:
        self._ringer: Callable[[JobName, TenantId], None] | None = None

    def hang(self, ringer: Callable[[JobName, TenantId], None] | None) -> None:
        """Give the process its means, at its start."""
        self._ringer = ringer

    def ring(self, name: JobName, tenant_id: TenantId) -> None:
        """Ask for work in a tenant. Call it after the commit only."""
        if self._ringer is not None:
            self._ringer(name, tenant_id)


bell = Bell()
