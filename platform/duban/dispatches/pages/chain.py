"""The chain of a document: from the state down to the village, and where one's own unit sent it; made to be printed."""

from uuid import UUID

from flask import render_template

from duban.dispatches.presenting import chain_of, marks_of
from duban.programmes.queries import get_document
from duban.web.requests import current_scope


def show(document_id: UUID) -> str:
    """Show where a document comes from and where it went."""
    scope = current_scope()
    document = get_document(scope, document_id)
    chain = chain_of(scope, document)
    marks = {node.receipt.id: marks_of(node.receipt, scope) for _line, nodes, _count in chain.sent for node in nodes}
    return render_template("dispatches/chain.html", document=document, chain=chain, marks=marks)
