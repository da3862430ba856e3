"""How a letter's state looks on a page: word, icon and tone together, never colour alone."""

from duban.letters.states import STATE_LABELS, LetterState

Mark = tuple[str, str, str]
"""Word (a msgid), icon, tone."""

_LOOKS: dict[LetterState, tuple[str, str]] = {
    LetterState.DRAFT: ("pencil", "off"),
    LetterState.ISSUED: ("writing", "todo"),
    LetterState.SIGNED_BY_LOWER: ("signature", "warn"),
    LetterState.SIGNED_BY_UPPER: ("signature", "warn"),
    LetterState.IN_FORCE: ("circle-check", "done"),
    LetterState.WITHDRAWN: ("ban", "off"),
}

STATE_MARKS: dict[LetterState, Mark] = {state: (STATE_LABELS[state], *look) for state, look in _LOOKS.items()}
