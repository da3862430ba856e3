"""Names of messages about duties in the ledger: what asks for something dies when it is no longer true."""

from duban.calendar.climbing import PREFIX
from duban.reporting.models import Duty

URGE = "urge:"
ENOUGH = "enough:"
REVIEW = "review:"
"""Stages that ask a level to review what waits for it."""
ASKED = "correction-asked:"
"""Stages that ask whether something accepted may be corrected."""
BEFORE_LADDERS = frozenset({"before_7", "before_3", "before_1", "after_1", "after_3"})
"""Stages in ledgers from before ladders were data."""


def is_pressing(stage: str) -> bool:
    """Say whether a stage asks for something to be done, rather than telling of something done."""
    return stage in BEFORE_LADDERS or stage.startswith((PREFIX, URGE, ENOUGH, REVIEW, ASKED))


def review_stage(duty: Duty) -> str:
    """Name the wait of a version at a level, for messages that ask for its review: no two waits have one name."""
    return f"{REVIEW}{duty.versions}:{duty.waiting_since:%Y%m%dT%H%M%S.%f}"
