"""The lives of a requirement and of a duty, as tables."""

from enum import StrEnum

from duban.kernel.text import N_


class RequirementState(StrEnum):
    """A requirement is drafted, issued once, and may be withdrawn; its duties then are cancelled."""

    DRAFT = "draft"
    ISSUED = "issued"
    WITHDRAWN = "withdrawn"


class DutyState(StrEnum):
    """
    Where a duty stands.

    MISSING: nothing acceptable came before the cut-off. What comes afterwards makes it MISSING_SUBMITTED and never
    brings it back.
    """

    OPEN = "open"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    MISSING = "missing"
    MISSING_SUBMITTED = "missing_submitted"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What can happen to a duty."""

    SUBMIT = "submit"
    RETURN = "return"
    ACCEPT = "accept"
    MISS = "miss"
    CANCEL = "cancel"
    CHANGE_DUE = "change_due"
    REOPEN = "reopen"
    FORWARD = "forward"
    GIVE_BACK = "give_back"


class Outcome(StrEnum):
    """What the reviewer decided about a version."""

    RETURNED = "returned"
    ACCEPTED = "accepted"


class ExtensionState(StrEnum):
    """
    What became of a request for a later day.

    WITHDRAWN: the unit took it back, or handed in. LAPSED: the date was moved, or the duty taken back, by another decision.
    """

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class DueChangeKind(StrEnum):
    """What a decision about a duty's time did: move its due date, or open it again though closed."""

    MOVED = "moved"
    REOPENED = "reopened"


class Precondition(StrEnum):
    """What must be so before a unit may hand in."""

    CONTACTS_NAMED = "contacts_named"


AFTER: dict[DutyState, dict[Act, DutyState]] = {
    DutyState.OPEN: {
        Act.SUBMIT: DutyState.SUBMITTED,
        Act.MISS: DutyState.MISSING,
        Act.CANCEL: DutyState.CANCELLED,
        Act.CHANGE_DUE: DutyState.OPEN,
    },
    DutyState.SUBMITTED: {
        Act.FORWARD: DutyState.SUBMITTED,
        Act.GIVE_BACK: DutyState.SUBMITTED,
        Act.RETURN: DutyState.RETURNED,
        Act.ACCEPT: DutyState.ACCEPTED,
        Act.CANCEL: DutyState.CANCELLED,
        Act.CHANGE_DUE: DutyState.SUBMITTED,
    },
    DutyState.RETURNED: {
        Act.SUBMIT: DutyState.SUBMITTED,
        Act.MISS: DutyState.MISSING,
        Act.CANCEL: DutyState.CANCELLED,
        Act.CHANGE_DUE: DutyState.RETURNED,
    },
    DutyState.ACCEPTED: {},
    DutyState.MISSING: {
        Act.SUBMIT: DutyState.MISSING_SUBMITTED,
        Act.CANCEL: DutyState.CANCELLED,
        Act.REOPEN: DutyState.OPEN,
    },
    DutyState.MISSING_SUBMITTED: {
        Act.FORWARD: DutyState.MISSING_SUBMITTED,
        Act.GIVE_BACK: DutyState.MISSING_SUBMITTED,
        Act.RETURN: DutyState.MISSING,
        Act.ACCEPT: DutyState.MISSING_SUBMITTED,
        Act.CANCEL: DutyState.CANCELLED,
    },
    DutyState.CANCELLED: {},
}
"""
State → act → next state; what is not listed is refused. REOPEN is a change of the due date to a day not yet missed.

FORWARD: a level below the issuer accepts, and the version goes to the level above; GIVE_BACK: a level sends it to the level
below.
"""


class ReviewMode(StrEnum):
    """Who reviews: the issuer alone, or every level between the unit and the issuer, from below."""

    ONE_STEP = "one_step"
    BY_LEVEL = "by_level"


class WaitsBelow(StrEnum):
    """Whether a unit's own submission waits until its subordinates' have passed it."""

    NO = "no"
    WARN = "warn"
    BLOCK = "block"


class WaitsUntil(StrEnum):
    """What those below must have come to, for a unit's own submission that waits for them."""

    PASSED = "passed"
    HANDED_IN = "handed_in"


class QuorumKind(StrEnum):
    """How many of the subordinates that is."""

    ALL = "all"
    PERCENT = "percent"
    NUMBER = "number"


class StepOutcome(StrEnum):
    """
    What a level did with a version.

    PASSED: accepted, on to the level above. ACCEPTED: accepted at the last level; it counts. RETURNED: to the unit.
    GIVEN_BACK: to the level below. SKIPPED: nobody there could review it, so it went on by itself.
    """

    PASSED = "passed"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    GIVEN_BACK = "given_back"
    SKIPPED = "skipped"


class CorrectionState(StrEnum):
    """
    Where the correction of something accepted stands.

    ASKED: the unit asks. OPEN: allowed, the unit is to hand in a new version. SUBMITTED: that version is under review; until
    it is accepted the old one counts. Over: DONE, REFUSED by the superior, DROPPED without a new version.
    """

    ASKED = "asked"
    OPEN = "open"
    SUBMITTED = "submitted"
    DONE = "done"
    REFUSED = "refused"
    DROPPED = "dropped"


class CorrectionAct(StrEnum):
    """What can happen to what was accepted."""

    ASK = "ask"
    ALLOW = "allow"
    REFUSE = "refuse"
    REOPEN = "reopen"
    DROP = "drop"
    SUBMIT = "submit"
    FORWARD = "forward"
    GIVE_BACK = "give_back"
    RETURN = "return"
    ACCEPT = "accept"


CORRECTION_AFTER: dict[CorrectionState | None, dict[CorrectionAct, CorrectionState]] = {
    None: {CorrectionAct.ASK: CorrectionState.ASKED, CorrectionAct.REOPEN: CorrectionState.OPEN},
    CorrectionState.ASKED: {
        CorrectionAct.ALLOW: CorrectionState.OPEN,
        CorrectionAct.REFUSE: CorrectionState.REFUSED,
        CorrectionAct.DROP: CorrectionState.DROPPED,
    },
    CorrectionState.OPEN: {CorrectionAct.SUBMIT: CorrectionState.SUBMITTED, CorrectionAct.DROP: CorrectionState.DROPPED},
    CorrectionState.SUBMITTED: {
        CorrectionAct.FORWARD: CorrectionState.SUBMITTED,
        CorrectionAct.GIVE_BACK: CorrectionState.SUBMITTED,
        CorrectionAct.RETURN: CorrectionState.OPEN,
        CorrectionAct.ACCEPT: CorrectionState.DONE,
    },
}
"""Correction under way (None: none) → act → next; what is not listed is refused."""

CORRECTION_OVER = frozenset({CorrectionState.DONE, CorrectionState.REFUSED, CorrectionState.DROPPED})

UNIT_TO_ACT = (DutyState.OPEN, DutyState.RETURNED, DutyState.MISSING)
"""The ball is with the unit."""
TO_REVIEW = (DutyState.SUBMITTED, DutyState.MISSING_SUBMITTED)
"""The ball may be with the reviewer; a MISSING_SUBMITTED duty whose version was accepted is over."""

REQUIREMENT_LABELS: dict[RequirementState, str] = {
    RequirementState.DRAFT: N_("草稿"),
    RequirementState.ISSUED: N_("已下达"),
    RequirementState.WITHDRAWN: N_("已撤销"),
}
REQUIREMENT_LOOKS: dict[RequirementState, tuple[str, str]] = {
    RequirementState.DRAFT: ("edit", "off"),
    RequirementState.ISSUED: ("send", "done"),
    RequirementState.WITHDRAWN: ("ban", "off"),
}

DUTY_LABELS: dict[DutyState, str] = {
    DutyState.OPEN: N_("待报送"),
    DutyState.SUBMITTED: N_("待审核"),
    DutyState.RETURNED: N_("退回修改"),
    DutyState.ACCEPTED: N_("已通过"),
    DutyState.MISSING: N_("漏报"),
    DutyState.MISSING_SUBMITTED: N_("漏报，事后补报"),
    DutyState.CANCELLED: N_("已取消"),
}
DUTY_LOOKS: dict[DutyState, tuple[str, str]] = {
    DutyState.OPEN: ("clock", "todo"),
    DutyState.SUBMITTED: ("hourglass", "warn"),
    DutyState.RETURNED: ("arrow-back-up", "warn"),
    DutyState.ACCEPTED: ("circle-check", "done"),
    DutyState.MISSING: ("circle-x", "late"),
    DutyState.MISSING_SUBMITTED: ("circle-x", "late"),
    DutyState.CANCELLED: ("ban", "off"),
}
"""Icon and tone of the interface kit."""

OUTCOME_LABELS: dict[Outcome, str] = {Outcome.RETURNED: N_("已退回"), Outcome.ACCEPTED: N_("已通过")}
PRECONDITION_LABELS: dict[Precondition, str] = {
    Precondition.CONTACTS_NAMED: N_("报送前须明确分管领导并指定专人"),
}
EXTENSION_LABELS: dict[ExtensionState, str] = {
    ExtensionState.ASKED: N_("等待答复"),
    ExtensionState.GRANTED: N_("已同意延期"),
    ExtensionState.REFUSED: N_("未同意延期"),
    ExtensionState.WITHDRAWN: N_("申请已撤回"),
    ExtensionState.LAPSED: N_("申请已失效"),
}
EXTENSION_LOOKS: dict[ExtensionState, tuple[str, str]] = {
    ExtensionState.ASKED: ("hourglass", "warn"),
    ExtensionState.GRANTED: ("checks", "done"),
    ExtensionState.REFUSED: ("circle-x", "late"),
    ExtensionState.WITHDRAWN: ("arrow-back-up", "off"),
    ExtensionState.LAPSED: ("ban", "off"),
}

REVIEW_MODE_LABELS: dict[ReviewMode, str] = {
    ReviewMode.ONE_STEP: N_("由本单位一次审核"),
    ReviewMode.BY_LEVEL: N_("逐级审核（先过中间各级，再到本单位）"),
}
WAITS_BELOW_LABELS: dict[WaitsBelow, str] = {
    WaitsBelow.NO: N_("不等下级"),
    WaitsBelow.WARN: N_("下级未齐时提醒，但可以上报"),
    WaitsBelow.BLOCK: N_("下级未齐时不能上报"),
}
WAITS_UNTIL_LABELS: dict[WaitsUntil, str] = {
    WaitsUntil.PASSED: N_("审核通过才算"),
    WaitsUntil.HANDED_IN: N_("交上来就算"),
}
QUORUM_LABELS: dict[QuorumKind, str] = {
    QuorumKind.ALL: N_("全部下级"),
    QuorumKind.PERCENT: N_("下级的百分之几"),
    QuorumKind.NUMBER: N_("下级中的若干个"),
}
STEP_LABELS: dict[StepOutcome, str] = {
    StepOutcome.PASSED: N_("审核通过，报上一级"),
    StepOutcome.ACCEPTED: N_("审核通过"),
    StepOutcome.RETURNED: N_("退回修改"),
    StepOutcome.GIVEN_BACK: N_("退回下一级复核"),
    StepOutcome.SKIPPED: N_("本级没有审核人，转上一级"),
}
CORRECTION_LABELS: dict[CorrectionState, str] = {
    CorrectionState.ASKED: N_("申请更正"),
    CorrectionState.OPEN: N_("更正中"),
    CorrectionState.SUBMITTED: N_("更正待审核"),
    CorrectionState.DONE: N_("已更正"),
    CorrectionState.REFUSED: N_("不同意更正"),
    CorrectionState.DROPPED: N_("更正已取消"),
}
