"""What waits for a second person, as pages show it, and the answer to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.assessments import presenting, queries, steps
from duban.assessments.models import Assessment, ResultProposal
from duban.assessments.operations.proposals import confirm_proposal, drop_proposal
from duban.assessments.sheets import scheme_of
from duban.assessments.states import FROZEN, STEP_LABELS, ProposalState, StepKind
from duban.assessments.steps import Change
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.web.requests import current_scope, work

WORDS: dict[StepKind, str] = {
    StepKind.CLOSE: N_("结果已封存。核对排名后即可提出公布。"),
    StepKind.PUBLISH: N_("结果已公布，各单位已收到通知。"),
    StepKind.CORRECT: N_("已形成新版本，原版本保留。"),
    StepKind.LIFT: N_("一票否决已撤销，原得分和等次恢复。"),
}


@dataclass(frozen=True)
class Waiting:
    """
    A proposal as its banner shows it.

    `names` are those who may confirm it; `can_confirm` says whether the reader is one of them; `may_decline` whether they
    hold the right at all.
    """

    proposal: ResultProposal
    label: str
    unit: str
    item: str
    names: tuple[str, ...]
    is_own: bool
    can_confirm: bool
    may_decline: bool
    outdated: bool
    change: Change | None
    grades: tuple[str, str]


def banners(scope: Scope, assessment: Assessment, found: Sequence[ResultProposal]) -> list[Waiting]:
    """Prepare the banners for those who may propose or confirm such steps; for others there are none."""
    group = queries.cards_of(scope, [assessment.id]) if found else ()
    return [
        _banner(scope, assessment, one)
        for one in found
        if steps.may_propose(scope, one.kind, assessment, [card for card in group if one.scorecard_id in {None, card.id}])
    ]


def _banner(scope: Scope, assessment: Assessment, one: ResultProposal) -> Waiting:
    cards, group = steps.cards_of(scope, one), queries.cards_of(scope, [assessment.id])
    able, drops_as = steps.may_confirm(scope, one.kind, cards), steps.drops_as(scope, one, assessment, cards)
    outdated = steps.is_outdated(scope, one, assessment, group)
    corrects = one.kind is StepKind.CORRECT and assessment.state in FROZEN and not outdated
    change = steps.change_of(scope, one, assessment, group) if corrects else None
    scheme = scheme_of(assessment)
    return Waiting(
        proposal=one, label=STEP_LABELS[one.kind], unit=cards[0].unit_name if one.scorecard_id else "",
        item=presenting.said(scheme.item(one.draft["item"]).name) if one.kind is StepKind.CORRECT else "",
        names=tuple(person.name for person in steps.second_persons(scope, one, cards)),
        is_own=drops_as is ProposalState.WITHDRAWN,
        can_confirm=able and scope.person_id not in steps.not_second(scope, one),
        may_decline=drops_as is ProposalState.DECLINED, outdated=outdated, change=change,
        grades=(presenting.grade_name(scheme, change.before.grade), presenting.grade_name(scheme, change.ranked.grade))
        if change else ("", ""),
    )  # fmt: skip


def answer(proposal_id: UUID) -> ResponseReturnValue:
    """Take the second person's answer, or the proposer's withdrawal."""
    step = request.form.get("step", "")
    if step not in {"confirm", "drop"}:
        raise NotFoundError
    with work() as scope:
        if step == "confirm":
            kind = confirm_proposal(scope, proposal_id=proposal_id).kind
            words = _(WORDS[kind])
        else:
            drop_proposal(scope, proposal_id=proposal_id)
            words = _("提议已撤下，什么也没有改变。")
    flash(words, "success")
    return redirect(_page_of(queries.get_proposal(current_scope(), proposal_id)))


def _page_of(proposal: ResultProposal) -> str:
    if proposal.kind is StepKind.LIFT:
        return url_for("assessments.show_vetoes", card_id=proposal.scorecard_id)
    if proposal.kind is StepKind.CORRECT:
        return url_for("assessments.show_card", card_id=proposal.scorecard_id)
    return url_for("assessments.show", assessment_id=proposal.assessment_id)
