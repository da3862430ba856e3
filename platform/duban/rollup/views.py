"""Where the pages of totals and rates are, and their entry in the navigation."""

from flask import Blueprint

from duban.access import checks as access
from duban.access.relations import CHILD, DEEP
from duban.forms.wording import words_for_templates as words_of_forms
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.reporting.pages.wording import words_for_templates
from duban.rollup.pages import rates, totals
from duban.rollup.pages.tabs import tabs_for_templates
from duban.web.navigation import NavEntry

bp = Blueprint("rollup", __name__, url_prefix="/rollup", template_folder="templates")

for _rule, _name, _page, _methods in (
    ("/", "list_all", totals.list_all, ["GET"]),
    ("/<uuid:requirement_id>", "show_totals", totals.show, ["GET"]),
    ("/<uuid:requirement_id>/units", "list_units", totals.list_units, ["GET"]),
    ("/<uuid:requirement_id>/rule", "set_rule", totals.set_rule, ["POST"]),
    ("/rates", "show_rates", rates.show, ["GET"]),
    ("/rates/units", "rate_units", rates.list_units, ["GET"]),
):
    bp.add_url_rule(_rule, _name, _page, methods=_methods)

bp.context_processor(words_of_forms)
bp.context_processor(words_for_templates)
bp.context_processor(tabs_for_templates)


def sees_below(scope: Scope) -> bool:
    """Say whether the actor reads what units below theirs hand in."""
    decided = access.policy(scope)
    return any(decided.allowed(grant.role, "submission", "read") & {CHILD, DEEP} for grant in access.grants_of(scope))


NAV = (NavEntry(label=N_("汇总"), endpoint="rollup.list_all", icon="sum", order=47, prefix="rollup.", condition=sees_below),)
