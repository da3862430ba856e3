"""One-vote vetoes of a unit: propose, answer by the second person, lift."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access.checks import may
from duban.assessments import presenting, queries, steps
from duban.assessments.operations.vetoes import confirm_veto, lift_veto, propose_veto, reject_veto
from duban.assessments.pages.cards import load
from duban.assessments.pages.proposals import banners
from duban.assessments.rules.effects import months_later
from duban.assessments.rules.scheme import Effect, VetoKind
from duban.assessments.states import LABELS, VETO_LABELS, AssessmentState, StepKind, VetoState
from duban.kernel.errors import InvalidInputError, NotFoundError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import Text
from duban.web.errors import status_of, translate
from duban.web.requests import current_scope, work

Errors = Mapping[str, Sequence[Text]]


def show_vetoes(card_id: UUID) -> ResponseReturnValue:
    """Show what was decided about a unit, and the form of the next step."""
    return _page(current_scope(), card_id, {}, {})


def _page(scope: Scope, card_id: UUID, errors: Errors, typed: Mapping[str, str], general: str | None = None) -> str:
    assessment, card, scheme, sheet = load(scope, card_id)
    above = queries.stands_above(scope, card)
    found = queries.waiting_proposals(scope, assessment.id, card.id) if above else ()
    shown = [each for each in sheet.decisions if above or each.state in {VetoState.CONFIRMED, VetoState.LIFTED}]
    decided_on = {each.id: each.decided_at.astimezone(scope.zone).date() for each in shown if each.decided_at}
    sees = queries.may_see_scores(scope, assessment, card)
    computed = [found for found in (sheet.result.findings if sheet.result and sees else ()) if found.effect is Effect.VETO]
    return render_template(
        "assessments/veto.html", assessment=assessment, card=card, scheme=scheme, decisions=list(reversed(shown)), errors=errors,
        typed=typed, general=general, rules=presenting.decision_rules(scheme), present=presenting, labels=LABELS,
        veto_labels=VETO_LABELS, veto_looks=presenting.VETO_LOOKS, actor_id=scope.actor.person_id,
        may_propose=assessment.state is not AssessmentState.PREPARING and may(scope, "veto", "propose", card),
        may_confirm=may(scope, "veto", "confirm", card),
        proposals=banners(scope, assessment, [one for one in found if one.kind is StepKind.LIFT]),
        lifting={one.subject_id for one in found},
        may_lift=steps.may_propose(scope, StepKind.LIFT, assessment, [card]),
        computed=[each for each in presenting.causes(scheme, sheet.result) if each.is_veto] if computed and sheet.result else [],
        automatic=[rule for rule in scheme.vetoes if rule.kind is not VetoKind.DECISION],
        until={key: months_later(day, scheme.effects.promotion_months) for key, day in decided_on.items()},
        plan_by={key: months_later(day, scheme.effects.rectification_months) for key, day in decided_on.items()},
    )  # fmt: skip


def propose(card_id: UUID) -> ResponseReturnValue:
    """Take a proposal."""
    fields = {name: request.form.get(name, "").replace("\x00", "") for name in ("rule", "document", "reason")}
    try:
        with work() as scope:
            propose_veto(scope, card_id=card_id, rule_code=fields["rule"], document=fields["document"], reason=fields["reason"])
    except InvalidInputError as refusal:
        return _page(current_scope(), card_id, refusal.fields, fields), 422
    except RuleBrokenError as refusal:
        return _page(current_scope(), card_id, {}, fields, translate(refusal.text)), status_of(refusal)
    flash(_("已提出，等待另一人确认后生效。"), "success")
    return redirect(url_for("assessments.show_vetoes", card_id=card_id))


def answer(decision_id: UUID) -> ResponseReturnValue:
    """Take the second person's answer, or the proposal to lift."""
    step = request.form.get("step", "")
    try:
        with work() as scope:
            card_id = queries.get_decision(scope, decision_id).scorecard_id
            if step == "confirm":
                confirm_veto(scope, decision_id=decision_id)
                words = _("一票否决已生效，等次为最低一级。")
            elif step == "reject":
                reject_veto(scope, decision_id=decision_id)
                words = _("提议未采纳，不影响得分。")
            elif step == "lift":
                document, reason = (request.form.get(name, "").replace("\x00", "") for name in ("document", "reason"))
                lift_veto(scope, decision_id=decision_id, document=document, reason=reason)
                words = _("已提出，可以确认的人已收到通知，确认后撤销。")
            else:
                raise NotFoundError
    except InvalidInputError as refusal:
        scope_again = current_scope()
        card_id = queries.get_decision(scope_again, decision_id).scorecard_id
        fields = {f"lift-{name}": texts for name, texts in refusal.fields.items()}
        return _page(scope_again, card_id, fields, request.form), 422
    flash(words, "success")
    return redirect(url_for("assessments.show_vetoes", card_id=card_id))
