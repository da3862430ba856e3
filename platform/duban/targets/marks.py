"""How states and levels look on a page: word, icon and tone together, never colour alone."""

from duban.targets.states import LEVEL_LABELS, STATE_LABELS, Level, ShareState

Mark = tuple[str, str, str]
"""Word (a msgid), icon, tone."""

_LEVEL_LOOKS: dict[Level, tuple[str, str]] = {
    Level.PENDING: ("circle-dashed", "off"),
    Level.KEPT: ("circle-check", "done"),
    Level.WARNED: ("alert-triangle", "warn"),
    Level.EXCEEDED: ("alert-octagon", "late"),
    Level.BEHIND: ("progress", "todo"),
    Level.UNREPORTED: ("circle-dashed", "off"),
    Level.REACHED: ("circle-check", "done"),
}
_STATE_LOOKS: dict[ShareState, tuple[str, str]] = {
    ShareState.PROPOSED: ("pencil", "off"),
    ShareState.ISSUED: ("send", "todo"),
    ShareState.ACCEPTED: ("signature", "done"),
}

LEVEL_MARKS: dict[Level, Mark] = {level: (LEVEL_LABELS[level], *look) for level, look in _LEVEL_LOOKS.items()}
STATE_MARKS: dict[ShareState, Mark] = {state: (STATE_LABELS[state], *look) for state, look in _STATE_LOOKS.items()}
