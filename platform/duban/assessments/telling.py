"""Whom an assessment tells what, and where the message leads."""

from collections.abc import Iterable, Sequence

from duban.access.checks import holders, superiors
from duban.assessments import steps
from duban.assessments.models import Assessment, ResultProposal, Scorecard, VetoDecision
from duban.assessments.states import STEP_LABELS, ProposalState, StepKind
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.notifications.operations import BOTH, tell
from duban.notifications.states import Channel

ASKED: dict[StepKind, str] = {
    StepKind.CLOSE: N_("%(who)s 提议封存“%(name)s”的结果，请核对并确认。"),
    StepKind.PUBLISH: N_("%(who)s 提议公布“%(name)s”的结果，请核对并确认。"),
    StepKind.CORRECT: N_("%(who)s 提议更正“%(name)s”中的一个结果，请核对并确认。"),
    StepKind.LIFT: N_("%(who)s 提议撤销“%(name)s”中的一项一票否决，请核对并确认。"),
}
ANSWERED: dict[ProposalState, str] = {
    ProposalState.CONFIRMED: N_("%(who)s 已确认：%(step)s（%(name)s）。"),
    ProposalState.DECLINED: N_("%(who)s 未同意：%(step)s（%(name)s）。"),
    ProposalState.WITHDRAWN: N_("%(who)s 受您委托撤回：%(step)s（%(name)s）。"),
}


def self_scoring_began(scope: Scope, assessment: Assessment, cards: Sequence[Scorecard]) -> None:
    """Ask each unit's people for its own score."""
    for card in cards:
        _tell(
            scope, card, holders(scope, "scorecard", "self_score", card.path),
            N_("“%(name)s”开始自评，请在 %(due)s 前填报自评分。"), link=f"/scorecards/{card.id}/self",
            name=assessment.name, due=assessment.self_due_on,
        )  # fmt: skip


def scoring_began(scope: Scope, assessment: Assessment, cards: Sequence[Scorecard]) -> None:
    """Tell the evaluators that the grid is open."""
    evaluators = {person for card in cards[:1] for person in superiors(scope, "scorecard", "score", card.path)}
    tell(
        scope, recipients=evaluators, template=N_("“%(name)s”开始考核评分，共 %(count)s 个单位。"), subject_kind="assessment",
        subject_id=assessment.id, params={"name": assessment.name, "count": len(cards)},
        link=f"/assessments/{assessment.id}/grid",
    )  # fmt: skip


def self_score_handed_in(scope: Scope, assessment: Assessment, card: Scorecard) -> None:
    """Tell those who run the assessment, in the inbox only: one mail per unit would bury the others."""
    _tell(
        scope, card, holders(scope, "assessment", "manage", assessment.path), N_("%(unit)s 已提交自评，自评 %(total)s 分。"),
        link=f"/scorecards/{card.id}", channels=(Channel.IN_APP,), unit=card.unit_name, total=card.self_total,
    )  # fmt: skip


def veto_proposed(scope: Scope, _assessment: Assessment, card: Scorecard, decision: VetoDecision) -> None:
    """Ask the people who may confirm, the proposer left out."""
    _tell(
        scope, card, set(superiors(scope, "veto", "confirm", card.path)) - {PersonId(decision.proposed_by)},
        N_("%(who)s 提议对 %(unit)s 一票否决（%(document)s），请确认。"), link=f"/scorecards/{card.id}/veto",
        who=decision.proposed_name, unit=card.unit_name, document=decision.document,
    )  # fmt: skip


def veto_confirmed(scope: Scope, assessment: Assessment, card: Scorecard, decision: VetoDecision) -> None:
    """Tell the unit and those who run the assessment."""
    _tell(
        scope, card, _concerned(scope, assessment, card), N_("%(unit)s 在“%(name)s”中被一票否决，依据：%(document)s。"),
        link=f"/scorecards/{card.id}/veto", unit=card.unit_name, name=assessment.name, document=decision.document,
    )  # fmt: skip


def veto_lifted(scope: Scope, assessment: Assessment, card: Scorecard, decision: VetoDecision) -> None:
    """Tell the same people that it no longer applies."""
    _tell(
        scope, card, _concerned(scope, assessment, card), N_("%(unit)s 在“%(name)s”中的一票否决已撤销，依据：%(document)s。"),
        link=f"/scorecards/{card.id}/veto", unit=card.unit_name, name=assessment.name, document=decision.lift_document,
    )  # fmt: skip


def published(scope: Scope, assessment: Assessment, cards: Sequence[Scorecard]) -> None:
    """Tell every assessed unit."""
    for card in cards:
        _tell(
            scope, card, holders(scope, "scorecard", "read", card.path), N_("“%(name)s”结果已公布，请查看得分和排名。"),
            link=f"/assessments/{assessment.id}/ranking", name=assessment.name,
        )  # fmt: skip


def corrected(scope: Scope, assessment: Assessment, cards: Sequence[Scorecard]) -> None:
    """Tell the unit whose published result was put right."""
    for card in cards:
        _tell(
            scope, card, holders(scope, "scorecard", "read", card.path),
            N_("“%(name)s”中 %(unit)s 的结果已更正为第 %(version)s 版。"),
            link=f"/scorecards/{card.id}", name=assessment.name, unit=card.unit_name, version=assessment.frozen_version,
        )  # fmt: skip


def step_proposed(scope: Scope, assessment: Assessment, proposal: ResultProposal, cards: Sequence[Scorecard]) -> None:
    """Ask those who may confirm."""
    asked = {PersonId(person.id) for person in steps.second_persons(scope, proposal, cards)}
    _tell_step(scope, assessment, proposal, asked, ASKED[proposal.kind], who=proposal.proposed_name)


def step_answered(scope: Scope, assessment: Assessment, proposal: ResultProposal) -> None:
    """Tell the proposer what became of it; who withdraws their own knows."""
    if steps.is_proposers(scope, proposal):
        return
    said = ANSWERED[proposal.state]
    _tell_step(
        scope, assessment, proposal, {PersonId(proposal.proposed_by)}, said, who=proposal.decided_name,
        step=Text(STEP_LABELS[proposal.kind]),
    )  # fmt: skip


def _tell_step(
    scope: Scope, assessment: Assessment, proposal: ResultProposal, recipients: Iterable[PersonId], said: str, **params: object
) -> None:
    pages = {
        StepKind.CLOSE: f"/assessments/{assessment.id}",
        StepKind.PUBLISH: f"/assessments/{assessment.id}/ranking",
        StepKind.CORRECT: f"/scorecards/{proposal.scorecard_id}",
        StepKind.LIFT: f"/scorecards/{proposal.scorecard_id}/veto",
    }
    tell(
        scope, recipients=recipients, template=said, subject_kind="result_proposal", subject_id=proposal.id,
        params={"name": assessment.name, **params}, link=pages[proposal.kind],
    )  # fmt: skip


def _concerned(scope: Scope, assessment: Assessment, card: Scorecard) -> set[PersonId]:
    return {*holders(scope, "scorecard", "read", card.path), *holders(scope, "assessment", "manage", assessment.path)}


def _tell(
    scope: Scope,
    card: Scorecard,
    recipients: Iterable[PersonId],
    template: str,
    *,
    link: str,
    channels: Sequence[Channel] = BOTH,
    **params: object,
) -> None:
    tell(
        scope, recipients=recipients, template=template, subject_kind="scorecard", subject_id=card.id, params=params, link=link,
        channels=channels,
    )  # fmt: skip
