"""The life of an assessment, of a unit's scorecard in it, and of a veto decision; and the words for them."""

from enum import StrEnum

from duban.kernel.text import N_


class AssessmentState(StrEnum):
    """Where a round of assessment stands. From `closed` on nothing of it can be written any more."""

    PREPARING = "preparing"
    SELF_SCORING = "self_scoring"
    SCORING = "scoring"
    CLOSED = "closed"
    PUBLISHED = "published"


class CardState(StrEnum):
    """Whether the unit has handed in its own score."""

    OPEN = "open"
    SELF_SCORED = "self_scored"


class Side(StrEnum):
    """Who a mark is from."""

    SELF = "self"
    EVALUATOR = "evaluator"


class VetoState(StrEnum):
    """A veto applies only while it is confirmed."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    LIFTED = "lifted"


class StepKind(StrEnum):
    """What one person proposes and another confirms."""

    CLOSE = "close"
    PUBLISH = "publish"
    CORRECT = "correct"
    LIFT = "lift"


class ProposalState(StrEnum):
    """Nothing happens before a proposal is confirmed; the proposer withdraws it, who may confirm declines it."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"


NEXT_STATES: dict[AssessmentState, frozenset[AssessmentState]] = {
    AssessmentState.PREPARING: frozenset({AssessmentState.SELF_SCORING, AssessmentState.SCORING}),
    AssessmentState.SELF_SCORING: frozenset({AssessmentState.SCORING}),
    AssessmentState.SCORING: frozenset({AssessmentState.CLOSED}),
    AssessmentState.CLOSED: frozenset({AssessmentState.PUBLISHED}),
    AssessmentState.PUBLISHED: frozenset(),
}
NEXT_VETO_STATES: dict[VetoState, frozenset[VetoState]] = {
    VetoState.PROPOSED: frozenset({VetoState.CONFIRMED, VetoState.REJECTED}),
    VetoState.CONFIRMED: frozenset({VetoState.LIFTED}),
    VetoState.REJECTED: frozenset(),
    VetoState.LIFTED: frozenset(),
}
NEXT_PROPOSAL_STATES: dict[ProposalState, frozenset[ProposalState]] = {
    ProposalState.WAITING: frozenset({ProposalState.CONFIRMED, ProposalState.WITHDRAWN, ProposalState.DECLINED}),
    ProposalState.CONFIRMED: frozenset(),
    ProposalState.WITHDRAWN: frozenset(),
    ProposalState.DECLINED: frozenset(),
}
FROZEN = frozenset({AssessmentState.CLOSED, AssessmentState.PUBLISHED})

LABELS: dict[AssessmentState, str] = {
    AssessmentState.PREPARING: N_("准备中"),
    AssessmentState.SELF_SCORING: N_("自评中"),
    AssessmentState.SCORING: N_("评分中"),
    AssessmentState.CLOSED: N_("已封存"),
    AssessmentState.PUBLISHED: N_("已公布"),
}
CARD_LABELS: dict[CardState, str] = {CardState.OPEN: N_("未自评"), CardState.SELF_SCORED: N_("已自评")}
SIDE_LABELS: dict[Side, str] = {Side.SELF: N_("自评"), Side.EVALUATOR: N_("考核评分")}
VETO_LABELS: dict[VetoState, str] = {
    VetoState.PROPOSED: N_("待确认"),
    VetoState.CONFIRMED: N_("已否决"),
    VetoState.REJECTED: N_("未采纳"),
    VetoState.LIFTED: N_("已撤销"),
}
STEP_LABELS: dict[StepKind, str] = {
    StepKind.CLOSE: N_("封存结果"),
    StepKind.PUBLISH: N_("公布结果"),
    StepKind.CORRECT: N_("更正"),
    StepKind.LIFT: N_("撤销一票否决"),
}
