"""Where the pages of this feature are, and their entries in the navigation."""

from flask import Blueprint

from duban.access.checks import may_somewhere
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.reporting import queries
from duban.reporting.pages import duties, requirements, reviews
from duban.reporting.pages.wording import words_for_templates
from duban.web.navigation import NavEntry

bp = Blueprint("reporting", __name__, template_folder="templates")
bp.context_processor(words_for_templates)

_FORM = ["GET", "POST"]

for _rule, _name, _page, _methods in (
    ("/duties", "list_open", duties.list_open, ["GET"]),
    ("/duties/done", "list_handed_in", duties.list_handed_in, ["GET"]),
    ("/duties/<uuid:duty_id>", "show_duty", duties.show, ["GET"]),
    ("/duties/<uuid:duty_id>/draft", "save_draft", duties.save_draft, ["POST"]),
    ("/duties/<uuid:duty_id>/submit", "submit", duties.submit, ["POST"]),
    ("/duties/<uuid:duty_id>/nil", "submit_nil", duties.submit_nil, ["POST"]),
    ("/duties/<uuid:duty_id>/files/<uuid:file_id>/remove", "remove_file", duties.remove_file, ["POST"]),
    ("/duties/<uuid:duty_id>/review", "show_review", reviews.show, ["GET"]),
    ("/duties/<uuid:duty_id>/accept", "accept", reviews.accept, ["POST"]),
    ("/duties/<uuid:duty_id>/return", "return_duty", reviews.return_for_correction, ["POST"]),
    ("/duties/<uuid:duty_id>/due-date", "change_due", reviews.change_due_date, ["POST"]),
    ("/reviews", "list_reviews", reviews.queue, ["GET"]),
    ("/overdue", "list_late", reviews.overdue, ["GET"]),
    ("/requirements", "list_requirements", requirements.list_requirements, ["GET"]),
    ("/requirements/new", "new_requirement", requirements.new, _FORM),
    ("/requirements/due-box", "due_box", requirements.due_box, ["POST"]),
    ("/requirements/<uuid:requirement_id>", "show_requirement", requirements.show, ["GET"]),
    ("/requirements/<uuid:requirement_id>/edit", "edit_requirement", requirements.edit, _FORM),
    ("/requirements/<uuid:requirement_id>/preview", "preview", requirements.preview, ["GET"]),
    ("/requirements/<uuid:requirement_id>/issue", "issue", requirements.issue, ["POST"]),
    ("/requirements/<uuid:requirement_id>/withdraw", "withdraw", requirements.withdraw, ["POST"]),
    ("/requirements/<uuid:requirement_id>/urge", "urge", requirements.urge, ["POST"]),
):
    bp.add_url_rule(_rule, _name, _page, methods=_methods)


def _soon_count(scope: Scope) -> int:
    return queries.counts(scope)["soon"]


def _review_count(scope: Scope) -> int:
    return queries.counts(scope)["review"]


NAV = (
    NavEntry(
        label=N_("我要报送"),
        endpoint="reporting.list_open",
        icon="clipboard-list",
        group=N_("工作"),
        order=20,
        prefix="reporting.list_open reporting.list_handed_in reporting.show_duty reporting.submit",
        condition=lambda scope: may_somewhere(scope, "submission", "write"),
        count=_soon_count,
    ),
    NavEntry(
        label=N_("我要审核"),
        endpoint="reporting.list_reviews",
        icon="eye-check",
        group=N_("工作"),
        order=30,
        prefix="reporting.list_reviews reporting.show_review",
        condition=lambda scope: may_somewhere(scope, "submission", "review"),
        count=_review_count,
    ),
    NavEntry(
        label=N_("下级逾期"),
        endpoint="reporting.list_late",
        icon="clock-exclamation",
        group=N_("督办"),
        order=30,
        prefix="reporting.list_late",
        condition=lambda scope: may_somewhere(scope, "duty", "urge"),
    ),
    NavEntry(
        label=N_("报送要求"),
        endpoint="reporting.list_requirements",
        icon="send",
        group=N_("督办"),
        order=20,
        prefix="reporting.list_requirements reporting.show_requirement reporting.new_ reporting.edit_ reporting.preview",
        condition=lambda scope: may_somewhere(scope, "requirement", "read"),
    ),
)
