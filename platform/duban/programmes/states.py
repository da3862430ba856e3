"""The life of a programme."""

from enum import StrEnum

from duban.kernel.text import N_


class State(StrEnum):
    """Draft: seen by its own unit alone. Issued: seen by all below, fixed. Closed: over."""

    DRAFT = "draft"
    ISSUED = "issued"
    CLOSED = "closed"


NEXT_STATES: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.ISSUED}),
    # back to draft only while nobody has derived from it: see rules.check_recall
    State.ISSUED: frozenset({State.CLOSED, State.DRAFT}),
    State.CLOSED: frozenset(),
}

LABELS: dict[State, str] = {
    State.DRAFT: N_("起草中"),
    State.ISSUED: N_("已下发"),
    State.CLOSED: N_("已结束"),
}

SIGNS: dict[State, tuple[str, str]] = {
    State.DRAFT: ("pencil", "warn"),
    State.ISSUED: ("send", "todo"),
    State.CLOSED: ("circle-check", "off"),
}
"""Icon and tone of each state."""
