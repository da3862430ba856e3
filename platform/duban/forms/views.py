"""Where the pages of this feature are, and their entry in the navigation."""

from flask import Blueprint

from duban.access.checks import may_somewhere
from duban.forms import pages
from duban.forms.queries import MANAGE, OBJECT
from duban.forms.wording import words_for_templates
from duban.kernel.text import N_
from duban.web.navigation import NavEntry

bp = Blueprint("forms", __name__, template_folder="templates")
bp.context_processor(words_for_templates)

_FORM = ["GET", "POST"]

for _rule, _name, _page, _methods in (
    ("/forms", "list_forms", pages.list_forms, ["GET"]),
    ("/forms/new", "new", pages.new, _FORM),
    ("/forms/<uuid:form_id>", "show", pages.show, ["GET"]),
    ("/forms/<uuid:form_id>/design", "design", pages.design, _FORM),
    ("/forms/<uuid:form_id>/preview", "preview", pages.preview, ["POST"]),
    ("/forms/<uuid:form_id>/test", "test", pages.test, _FORM),
    ("/forms/<uuid:form_id>/publish", "publish", pages.publish, _FORM),
    ("/forms/<uuid:form_id>/compare", "compare", pages.compare, ["GET"]),
    ("/forms/<uuid:form_id>/copy", "copy", pages.copy, ["POST"]),
    ("/forms/<uuid:form_id>/retire", "retire", pages.retire, ["POST"]),
):
    bp.add_url_rule(_rule, _name, _page, methods=_methods)

NAV = (
    NavEntry(
        label=N_("表单库"),
        endpoint="forms.list_forms",
        icon="forms",
        group=N_("督办"),
        order=22,
        prefix="forms.",
        condition=lambda scope: may_somewhere(scope, OBJECT, MANAGE),
    ),
)
