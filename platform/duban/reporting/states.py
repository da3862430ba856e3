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


class Outcome(StrEnum):
    """What the reviewer decided about a version."""

    RETURNED = "returned"
    ACCEPTED = "accepted"


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
        Act.RETURN: DutyState.MISSING,
        Act.ACCEPT: DutyState.MISSING_SUBMITTED,
        Act.CANCEL: DutyState.CANCELLED,
    },
    DutyState.CANCELLED: {},
}
"""State → act → next state; what is not listed is refused. REOPEN is a change of the due date to a day not yet missed."""

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
