"""The register of documents: list, page with the original beside what is known, entering, correcting, files."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access.checks import may
from duban.files import operations as files
from duban.files.queries import list_of
from duban.files.receiving import file_items, keep, upload_limit, uploads
from duban.files.states import ACCEPT
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotAllowedError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.programmes import queries
from duban.programmes.beside import gather
from duban.programmes.forms import document_form, original_text
from duban.programmes.leave import may_read
from duban.programmes.models import Document
from duban.programmes.operations import documents
from duban.programmes.pages import choices_of, chosen_unit, explained, own_units, typed_version
from duban.programmes.rules import passages, references_in
from duban.programmes.states import LABELS, SIGNS
from duban.tree.queries import get_unit, units_by_id
from duban.web.requests import current_scope, work

bp = Blueprint("documents", __name__, url_prefix="/documents")
CHOICES = 100


@bp.get("")
def list_documents() -> str:
    """List the documents one may read."""
    scope = current_scope()
    page = queries.list_documents(scope, words=request.args.get("q", "").strip()[:100], after=request.args.get("after"))
    return render_template(
        "programmes/documents.html",
        page=page,
        units=units_by_id(scope, {row.unit_id for row in page.items}),
        may_register=bool(own_units(scope, "document", "register")),
    )


@bp.get("/<uuid:document_id>")
def show(document_id: UUID) -> str:
    """Show a document: original text beside the facts, its chain, its files, the programmes under it."""
    scope = current_scope()
    return _page(scope, queries.get_document(scope, document_id))


def _page(scope: Scope, document: Document, **more: Any) -> str:
    named = references_in(document.original_text)
    rows = list_of(scope, documents.OWNER_KIND, [document.id]).get(document.id, [])
    may_change = may(scope, "document", "register", document)
    remove_url = lambda row: url_for("programmes.documents.remove_file", document_id=document.id, file_id=row.id)  # noqa: E731
    above = queries.chain_above(scope, document)
    return render_template(
        "programmes/document.html",
        document=document,
        unit=get_unit(scope, document.unit_id),
        above=[(row, may_read(scope, row)) for row in above],
        below=queries.documents_below(scope, document),
        passages=passages(document.original_text),
        known=queries.find_by_numbers(scope, named),
        named=named,
        programmes=queries.programmes_under(scope, document),
        beside=gather(scope, document),
        labels=LABELS,
        signs=SIGNS,
        files=file_items(rows, remove_url if may_change else None),
        accept=ACCEPT,
        limit_bytes=upload_limit(),
        may_change=may_change,
        may_open=bool(own_units(scope, "programme", "manage")),
        **({"errors": {}} | more),
    )


@bp.route("/new", methods=["GET", "POST"])
def register() -> ResponseReturnValue:
    """Enter a document."""
    units = own_units(current_scope(), "document", "register")
    unit_id = chosen_unit(units)
    if unit_id is None:
        raise NotAllowedError
    if request.method == "GET":
        return _form(dict(request.args), document=None)
    try:
        form, text = document_form(request.form), original_text(request.form.get("original_text"))
        with work() as scope:
            document = documents.register_document(
                scope, unit_id=unit_id, form=form, original_text=text, addressed_only=request.form.get("addressed_only") == "1"
            )
            _store_all(scope, document)
    except AnticipatedError as error:
        shown, status = explained(error)
        return _form(request.form, document=None, **shown), status
    flash(_("文件已登记"), "success")
    return redirect(url_for("programmes.documents.show", document_id=document.id))


@bp.route("/<uuid:document_id>/edit", methods=["GET", "POST"])
def correct(document_id: UUID) -> ResponseReturnValue:
    """Correct what is known of a document."""
    document = queries.get_document(current_scope(), document_id)
    if not may(current_scope(), "document", "register", document):
        raise NotAllowedError
    if request.method == "GET":
        return _form(_typed(document), document=document)
    try:
        form = document_form(request.form)
        with work() as scope:
            documents.correct_document(scope, document_id=document_id, version=typed_version(), form=form)
    except AnticipatedError as error:
        shown, status = explained(error)
        return _form(request.form, document=document, **shown), status
    flash(_("修改已保存"), "success")
    return redirect(url_for("programmes.documents.show", document_id=document_id))


@bp.post("/<uuid:document_id>/files")
def add_files(document_id: UUID) -> ResponseReturnValue:
    """Attach files to a document."""
    try:
        with work() as scope:
            count = _store_all(scope, queries.get_document(scope, document_id), at_least=1)
    except InvalidInputError as error:
        shown, status = explained(error)
        shown["errors"] = {"files": [message for messages in shown["errors"].values() for message in messages]}
        scope = current_scope()
        return _page(scope, queries.get_document(scope, document_id), **shown), status
    flash(_("已上传 %(count)s 个文件", count=count), "success")
    return redirect(url_for("programmes.documents.show", document_id=document_id))


@bp.post("/<uuid:document_id>/files/<uuid:file_id>/remove")
def remove_file(document_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Take a file off a document."""
    with work() as scope:
        document = queries.get_document(scope, document_id)
        files.remove(scope, file_id=file_id, owner=documents.file_owner(document))
    flash(_("附件已移除"), "success")
    return redirect(url_for("programmes.documents.show", document_id=document_id))


def _store_all(scope: Scope, document: Document, *, at_least: int = 0) -> int:
    """Store the files of the request; all or none. Gives: how many. Raises: InvalidInputError where there are too few."""
    sent = uploads()
    if len(sent) < at_least:
        raise InvalidInputError(fields={"files": [Text(N_("请先选择文件"))]})
    for item in sent:
        keep(scope, documents.file_owner(document), item)
    return len(sent)


def _typed(document: Document) -> dict[str, Any]:
    names = ("number", "title", "issuer", "issued_on", "parent_id", "parent_reference", "note", "version")
    return {name: getattr(document, name) if getattr(document, name) is not None else "" for name in names}


def _form(typed: Mapping[str, Any], *, document: Document | None, **more: Any) -> str:
    scope = current_scope()
    choices = [row for row in queries.list_documents(scope, limit=CHOICES).items if document is None or row.id != document.id]
    return render_template(
        "programmes/document_form.html",
        typed=typed,
        document=document,
        choices=[(row.id, f"{row.number} {row.title}".strip()) for row in choices],
        units=(units := own_units(scope, "document", "register")),
        unit_choices=choices_of(units),
        accept=ACCEPT,
        limit_bytes=upload_limit(),
        **({"errors": {}, "general": None} | more),
    )
