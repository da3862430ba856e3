"""Where the console's pages are. They belong to no tenant, so they stand in no tenant's navigation."""

from typing import Any

from flask import Blueprint
from flask_babel import gettext as _

from duban.console.pages import accounts, orders, record, tenants
from duban.console.states import ACTS, ORDER_KINDS, ORDER_STATES
from duban.kernel.text import Text
from duban.web.errors import translate
from duban.web.filters import file_size

bp = Blueprint("console", __name__, url_prefix="/operator", template_folder="templates")

_FORM = ["GET", "POST"]


@bp.context_processor
def _words() -> dict[str, Any]:
    return {
        "acts_in_words": ACTS,
        "order_kinds": ORDER_KINDS,
        "order_states": ORDER_STATES,
        "failure_words": lambda outcome: translate(Text(outcome["template"], outcome.get("params", {}))),
        "archive_options": lambda archives: [
            (one.name, one.name + _("（%(words)s）", words=file_size(one.size_bytes))) for one in archives
        ],
    }


for _rule, _name, _page, _methods in (
    ("/sign-in", "sign_in", accounts.sign_in, _FORM),
    ("/sign-out", "sign_out", accounts.sign_out, ["POST"]),
    ("/password", "password", accounts.password, _FORM),
    ("/second-factor", "second_factor", accounts.second_factor, _FORM),
    ("/", "tenants", tenants.overview, ["GET"]),
    ("/tenants/new", "new_tenant", tenants.new, _FORM),
    ("/divisions", "divisions", tenants.divisions, ["GET"]),
    ("/tenants/<uuid:tenant_id>", "tenant", tenants.show, ["GET"]),
    ("/tenants/<uuid:tenant_id>/quota", "set_quota", tenants.quota, ["POST"]),
    ("/tenants/<uuid:tenant_id>/suspend", "suspend", tenants.suspend, ["POST"]),
    ("/tenants/<uuid:tenant_id>/resume", "resume", tenants.resume, ["POST"]),
    ("/tenants/<uuid:tenant_id>/export", "order_export", orders.export, ["POST"]),
    ("/tenants/<uuid:tenant_id>/delete", "order_deletion", orders.delete, ["POST"]),
    ("/orders", "orders", orders.index, ["GET"]),
    ("/orders/import", "order_import", orders.bring, ["POST"]),
    ("/orders/<uuid:order_id>/progress", "order_progress", orders.progress, ["GET"]),
    ("/orders/<uuid:order_id>/confirm", "confirm_order", orders.confirm, ["POST"]),
    ("/orders/<uuid:order_id>/cancel", "cancel_order", orders.cancel, ["POST"]),
    ("/record", "record", record.acts, ["GET"]),
    ("/certificates/<uuid:certificate_id>", "certificate", record.certificate, ["GET"]),
):
    bp.add_url_rule(_rule, _name, _page, methods=_methods)
