"""The addresses of the pages of assessments."""

from flask import Blueprint

from duban.access.checks import may_somewhere
from duban.assessments.pages import cards, grid, proposals, ranking, rounds, self_score, vetoes
from duban.kernel.text import N_
from duban.web.navigation import NavEntry

bp = Blueprint(
    "assessments", __name__, template_folder="templates", static_folder="static", static_url_path="/assessments/static"
)

NAV = (
    NavEntry(
        label=N_("考核"), endpoint="assessments.index", icon="trophy", group=N_("考核"), order=60, prefix="assessments.",
        condition=lambda scope: may_somewhere(scope, "assessment", "read"),
    ),
)  # fmt: skip

bp.add_url_rule("/assessments", "index", rounds.index)
bp.add_url_rule("/assessments/new", "new", rounds.new, methods=["GET", "POST"])
bp.add_url_rule("/assessments/<uuid:assessment_id>", "show", rounds.show)
bp.add_url_rule("/assessments/<uuid:assessment_id>/step", "advance", rounds.advance, methods=["POST"])
bp.add_url_rule("/assessments/<uuid:assessment_id>/grid", "grid", grid.grid)
bp.add_url_rule("/assessments/<uuid:assessment_id>/grid", "save_grid", grid.save_grid, methods=["POST"])
bp.add_url_rule("/assessments/<uuid:assessment_id>/ranking", "ranking", ranking.ranking)
bp.add_url_rule("/scorecards/<uuid:card_id>", "show_card", cards.show_card)
bp.add_url_rule("/scorecards/<uuid:card_id>/marks", "save_mark", grid.save_mark, methods=["POST"])
bp.add_url_rule("/scorecards/<uuid:card_id>/correction", "correct_card", cards.correct_card, methods=["POST"])
bp.add_url_rule("/scorecards/<uuid:card_id>/self", "show_self_score", self_score.show_self_score)
bp.add_url_rule("/scorecards/<uuid:card_id>/self", "save_self_score", self_score.save_self_score, methods=["POST"])
bp.add_url_rule("/scorecards/<uuid:card_id>/self/submit", "submit_self_score", self_score.submit, methods=["POST"])
bp.add_url_rule("/scorecards/<uuid:card_id>/veto", "show_vetoes", vetoes.show_vetoes)
bp.add_url_rule("/scorecards/<uuid:card_id>/veto", "propose_veto", vetoes.propose, methods=["POST"])
bp.add_url_rule("/vetoes/<uuid:decision_id>", "answer_veto", vetoes.answer, methods=["POST"])
bp.add_url_rule("/proposals/<uuid:proposal_id>", "answer_proposal", proposals.answer, methods=["POST"])
