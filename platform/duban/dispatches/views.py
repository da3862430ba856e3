"""Where the pages of documents sent and received are, and their entry in the navigation."""

from flask import Blueprint

from duban.access.checks import may_somewhere
from duban.dispatches import beside, queries
from duban.dispatches.pages import chain, lists, receipts, sending, words_for_templates
from duban.kernel.text import N_
from duban.web.navigation import NavEntry

bp = Blueprint("dispatches", __name__, template_folder="templates")
bp.context_processor(words_for_templates)
beside.show_on_documents()

_FORM = ["GET", "POST"]

for _rule, _name, _page, _methods in (
    ("/dispatches", "received", lists.received, ["GET"]),
    ("/dispatches/sent", "sent", lists.sent, ["GET"]),
    ("/dispatches/received/<uuid:receipt_id>", "show_receipt", receipts.show, ["GET"]),
    ("/dispatches/received/<uuid:receipt_id>/open", "note_opened", receipts.note_opened, ["POST"]),
    ("/dispatches/received/<uuid:receipt_id>/sign", "sign", receipts.sign, ["POST"]),
    ("/dispatches/received/<uuid:receipt_id>/reply", "reply", receipts.reply, ["POST"]),
    ("/dispatches/<uuid:dispatch_id>", "show_sent", sending.show, ["GET"]),
    ("/dispatches/<uuid:dispatch_id>/urge", "urge", sending.press, ["POST"]),
    ("/dispatches/<uuid:dispatch_id>/withdraw", "withdraw", sending.take_back, ["POST"]),
    ("/dispatches/<uuid:dispatch_id>/day", "move_day", sending.move_day, ["POST"]),
    ("/documents/<uuid:document_id>/send", "forward", sending.forward, _FORM),
    ("/documents/<uuid:document_id>/chain", "chain", chain.show, ["GET"]),
):
    bp.add_url_rule(_rule, _name, _page, methods=_methods)

NAV = (
    NavEntry(
        label=N_("收发文"),
        endpoint="dispatches.received",
        icon="inbox",
        group=N_("工作"),
        order=35,
        condition=lambda scope: may_somewhere(scope, "dispatch", "read"),
        count=queries.waiting_tally,
    ),
)
