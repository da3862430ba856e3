"""The life of a responsibility letter."""

from enum import StrEnum

from duban.kernel.text import N_


class LetterState(StrEnum):
    """Where a letter stands between its draft and both signatures."""

    DRAFT = "draft"
    ISSUED = "issued"
    SIGNED_BY_LOWER = "signed_by_lower"
    SIGNED_BY_UPPER = "signed_by_upper"
    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"


class Side(StrEnum):
    """Who signs: the unit that sets the targets, or the unit that takes them on."""

    UPPER = "upper"
    LOWER = "lower"


# A letter in force is never withdrawn: a changed target needs a supplementary letter beside it.
NEXT_STATES: dict[LetterState, frozenset[LetterState]] = {
    LetterState.DRAFT: frozenset({LetterState.ISSUED, LetterState.WITHDRAWN}),
    LetterState.ISSUED: frozenset({LetterState.SIGNED_BY_LOWER, LetterState.SIGNED_BY_UPPER, LetterState.WITHDRAWN}),
    LetterState.SIGNED_BY_LOWER: frozenset({LetterState.IN_FORCE, LetterState.WITHDRAWN}),
    LetterState.SIGNED_BY_UPPER: frozenset({LetterState.IN_FORCE, LetterState.WITHDRAWN}),
    LetterState.IN_FORCE: frozenset(),
    LetterState.WITHDRAWN: frozenset(),
}

# What a signature of either side makes of a letter; a state or a side missing here cannot be signed.
AFTER_SIGNATURE: dict[tuple[LetterState, Side], LetterState] = {
    (LetterState.ISSUED, Side.LOWER): LetterState.SIGNED_BY_LOWER,
    (LetterState.ISSUED, Side.UPPER): LetterState.SIGNED_BY_UPPER,
    (LetterState.SIGNED_BY_LOWER, Side.UPPER): LetterState.IN_FORCE,
    (LetterState.SIGNED_BY_UPPER, Side.LOWER): LetterState.IN_FORCE,
}

STATE_LABELS: dict[LetterState, str] = {
    LetterState.DRAFT: N_("草稿"),
    LetterState.ISSUED: N_("待双方签字"),
    LetterState.SIGNED_BY_LOWER: N_("责任单位已签"),
    LetterState.SIGNED_BY_UPPER: N_("下达单位已签"),
    LetterState.IN_FORCE: N_("已生效"),
    LetterState.WITHDRAWN: N_("已撤回"),
}
SIDE_LABELS: dict[Side, str] = {Side.UPPER: N_("下达单位"), Side.LOWER: N_("责任单位")}
