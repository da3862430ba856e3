"""Names of background work. `duban.worker` binds each name to its task; a test proves the binding total."""

from enum import StrEnum


class JobName(StrEnum):
    """What can be asked of a worker; RQ carries only the name and identifiers, never the truth."""

    DELIVER = "deliver"
