"""The frozen ranking of a group: chart, table, and the roll-up to the superior."""

from uuid import UUID

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.assessments import presenting, queries, steps
from duban.assessments.pages.proposals import banners
from duban.assessments.rules import results as results_format
from duban.assessments.rules.scheme import Treatment
from duban.assessments.sheets import scheme_of
from duban.assessments.states import LABELS, AssessmentState, StepKind
from duban.kernel.errors import NotFoundError
from duban.kernel.text import N_
from duban.tree.queries import get_unit
from duban.web.requests import current_scope

TREATMENTS: dict[Treatment, str] = {
    Treatment.KEEP: N_("被否决单位按原得分计入"),
    Treatment.CAP: N_("被否决单位最高按 %(cap)s 分计入"),
    Treatment.ZERO: N_("被否决单位按 0 分计入"),
    Treatment.LEAVE_OUT: N_("被否决单位不计入"),
}


def ranking(assessment_id: UUID) -> ResponseReturnValue:
    """Show the newest frozen ranking; to the assessed units only once it is published."""
    scope = current_scope()
    assessment = queries.get_assessment(scope, assessment_id)
    frozen = queries.frozen_ranking(scope, assessment) if queries.may_see_ranking(scope, assessment) else None
    if frozen is None:
        raise NotFoundError
    scheme = scheme_of(assessment)
    cards = {str(card.unit_id): card for card in queries.readable_cards(scope, [assessment.id]).get(assessment.id, [])}
    results = {row.scorecard_id: row for row in queries.frozen_results(scope, assessment.id).values()}
    details = {
        unit: {
            "card": card,
            "causes": presenting.causes(scheme, results_format.from_json(results[card.id].result)),
        }
        for unit, card in cards.items()
        if card.id in results
    }
    found = queries.waiting_proposals(scope, assessment.id)
    links = [
        url_for("assessments.show_card", card_id=cards[row["unit"]].id) if row["unit"] in cards else "" for row in frozen.rows
    ]
    return render_template(
        "assessments/ranking.html", assessment=assessment, scheme=scheme, frozen=frozen, details=details, present=presenting,
        labels=LABELS, looks=presenting.STATE_LOOKS, superior=get_unit(scope, assessment.unit_id), treatments=TREATMENTS,
        chart=presenting.ranking_chart(scheme, frozen.rows, score_word=_("得分"), links=links),
        group_names={weight.group: presenting.said(weight.name) for weight in scheme.roll_up.weights},
        proposals=banners(scope, assessment, found),
        may_publish=assessment.state is AssessmentState.CLOSED
        and not any(one.subject_id == assessment.id for one in found)
        and steps.may_propose(scope, StepKind.PUBLISH, assessment, list(cards.values())),
    )  # fmt: skip
