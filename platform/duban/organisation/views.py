"""Where the pages of this feature are, and their entries in the navigation."""

from flask import Blueprint

from duban.access.checks import may_somewhere
from duban.kernel.text import N_
from duban.organisation.pages import grants, groups, imports, numbers, people, reorganising, units
from duban.web.navigation import NavEntry

bp = Blueprint("organisation", __name__, template_folder="templates")

_FORM = ["GET", "POST"]

for _rule, _name, _page, _methods in (
    ("/units", "tree", units.tree, ["GET"]),
    ("/units/search", "search", units.search, ["GET"]),
    ("/units/new", "new_unit", units.new, _FORM),
    ("/units/import", "import_units", imports.units, _FORM),
    ("/units/import/template.csv", "units_template", imports.units_template, ["GET"]),
    ("/units/<uuid:unit_id>", "unit", units.show, ["GET"]),
    ("/units/<uuid:unit_id>/children", "children", units.children, ["GET"]),
    ("/units/<uuid:unit_id>/rename", "rename_unit", units.rename, _FORM),
    ("/units/<uuid:unit_id>/reorganise", "reorganise", reorganising.change, _FORM),
    ("/units/<uuid:unit_id>/then", "tree_then", reorganising.then, ["GET"]),
    ("/units/reorganisations", "reorganisations", reorganising.listing, ["GET"]),
    ("/units/reorganisations/<uuid:reorganisation_id>/cancel", "cancel_reorganisation", reorganising.cancel, ["POST"]),
    ("/units/<uuid:unit_id>/contacts", "contacts", units.contacts, _FORM),
    ("/units/<uuid:unit_id>/lines", "place_unit", units.place, ["POST"]),
    ("/units/<uuid:unit_id>/lines/<line>/leave", "leave_line", units.leave, ["POST"]),
    ("/units/vacancies", "vacancies", groups.vacancies, ["GET"]),
    ("/units/<uuid:unit_id>/groups/new", "new_group", groups.new, _FORM),
    ("/units/groups/<uuid:group_id>", "group", groups.group, _FORM),
    ("/units/groups/<uuid:group_id>/end", "end_group", groups.end, ["POST"]),
    ("/people", "people", people.people, ["GET"]),
    ("/people/new", "new_person", people.new, _FORM),
    ("/people/import", "import_people", imports.people, _FORM),
    ("/people/import/take", "take_people", imports.take_people, ["POST"]),
    ("/people/import/template.csv", "people_template", imports.people_template, ["GET"]),
    ("/people/duplicates", "duplicates", people.duplicates, ["GET"]),
    ("/people/<uuid:person_id>/merge", "merge_person", people.merge, ["POST"]),
    ("/people/me", "own_page", people.own_page, ["GET"]),
    ("/people/<uuid:person_id>", "person", people.show, ["GET"]),
    ("/people/<uuid:person_id>/edit", "edit_person", people.edit, _FORM),
    ("/people/<uuid:person_id>/roles", "grant_role", people.grant, ["POST"]),
    ("/people/<uuid:person_id>/roles/<uuid:grant_id>/revoke", "revoke_role", people.revoke, ["POST"]),
    ("/people/numbers/<kind>/<uuid:row_id>", "reveal_number", numbers.reveal, ["POST"]),
    ("/people/roles", "grants", grants.grants, ["GET"]),
    ("/people/roles/<uuid:grant_id>/confirm", "confirm_grant", grants.confirm, ["POST"]),
    ("/people/roles/<uuid:grant_id>/refuse", "refuse_grant", grants.refuse, ["POST"]),
    ("/people/roles/<uuid:grant_id>/end", "move_grant_end", grants.move_end, ["POST"]),
    ("/people/<uuid:person_id>/password", "reset_password", people.reset, ["POST"]),
    ("/people/<uuid:person_id>/active", "activate_person", people.activate, ["POST"]),
):
    bp.add_url_rule(_rule, _name, _page, methods=_methods)

bp.after_app_request(numbers.record_what_is_shown)

NAV = (
    NavEntry(
        label=N_("单位"),
        endpoint="organisation.tree",
        icon="sitemap",
        group=N_("组织"),
        order=10,
        prefix="organisation.tree organisation.unit organisation.new_unit organisation.import_units organisation.contacts"
        " organisation.reorganis organisation.vacancies organisation.group",
        condition=lambda scope: may_somewhere(scope, "unit", "read"),
    ),
    NavEntry(
        label=N_("人员"),
        endpoint="organisation.people",
        icon="users",
        group=N_("组织"),
        order=20,
        prefix="organisation.people organisation.person organisation.new_person organisation.edit_person organisation.own_page"
        " organisation.import_people organisation.take_people organisation.duplicates",
        condition=lambda scope: may_somewhere(scope, "person", "read"),
    ),
    NavEntry(
        label=N_("授权"),
        endpoint="organisation.grants",
        icon="shield-check",
        group=N_("组织"),
        order=30,
        prefix="organisation.grants",
        condition=lambda scope: may_somewhere(scope, "grant", "manage"),
    ),
)
