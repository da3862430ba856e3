"""Registering documents and correcting what was registered about them."""

from uuid import UUID

from duban.access.checks import Place, require
from duban.audit.operations import record
from duban.files.operations import FileOwner
from duban.kernel.errors import InvalidInputError, NotFoundError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.programmes.errors import ChainCircleError, NumberTakenError
from duban.programmes.forms import DocumentForm
from duban.programmes.leave import CHANGES, object_of
from duban.programmes.models import Document
from duban.programmes.queries import chain_above, find_own_by_number, get_document
from duban.programmes.rules import number_key, parts_of
from duban.tree.queries import get_unit

OWNER_KIND = "document"


def file_owner(document: Document) -> FileOwner:
    """Say whose leave the files of a document need."""
    obj = object_of(document)
    return FileOwner(kind=OWNER_KIND, id=document.id, placed=document, obj=obj, act=CHANGES[obj])


def register_document(
    scope: Scope, *, unit_id: UUID, form: DocumentForm, original_text: str, addressed_only: bool = False
) -> Document:
    """
    Enter a document into a unit's register.

    Takes:  `original_text` kept letter for letter from here on; `addressed_only` for one that of all units below only those read
            it was sent to: said once, for what was published cannot be taken back.
    Raises: NotFoundError, NotAllowedError, NumberTakenError, InvalidInputError for a superior document not to be seen.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "document", "register", Place(unit.path))
    key = number_key(form.number)
    _check_number(scope, unit_id, key, form.number, itself=None)
    _check_parent(scope, form)
    document = scope.add(
        Document(
            id=new_id(),
            unit_id=unit_id,
            path=unit.path,
            lines=unit.lines,
            number=form.number,
            number_key=key,
            title=form.title,
            issuer=form.issuer,
            issued_on=form.issued_on,
            dated_on=form.issued_on or scope.today,
            parent_id=form.parent_id,
            parent_reference=form.parent_reference,
            original_text=original_text,
            note=form.note,
            addressed_only=addressed_only,
            registered_by=scope.actor.person_id,
            registered_at=scope.now,
            version=1,
        )
    )
    scope.session.flush()  # files and programmes made in the same work refer to it
    record(scope, "document.registered", "document", document.id, unit.path, number=form.number, title=form.title)
    return document


def correct_document(scope: Scope, *, document_id: UUID, version: int, form: DocumentForm) -> Document:
    """
    Correct what is known of a document. The original text is not among it.

    Raises: NotFoundError, NotAllowedError, StaleError, NumberTakenError, ChainCircleError.
    """
    document = get_document(scope, document_id, lock=True)
    require(scope, "document", "register", document)
    if document.version != version:
        raise StaleError
    key = number_key(form.number)
    _check_number(scope, document.unit_id, key, form.number, itself=document)
    parent = _check_parent(scope, form)
    if parent is not None and document.id in {parent.id, *(above.id for above in chain_above(scope, parent))}:
        raise ChainCircleError
    before = {
        name: getattr(document, name)
        for name in ("number", "title", "issuer", "issued_on", "parent_id", "parent_reference", "note")
    }
    document.number, document.number_key = form.number, key
    document.title, document.issuer = form.title, form.issuer
    document.issued_on = form.issued_on
    document.dated_on = form.issued_on or document.registered_at.astimezone(scope.zone).date()
    document.parent_id, document.parent_reference = form.parent_id, form.parent_reference
    document.note = form.note
    document.version += 1
    changed = {
        name: {"from": old, "to": getattr(document, name)} for name, old in before.items() if getattr(document, name) != old
    }
    record(scope, "document.corrected", "document", document.id, document.path, changed=changed)
    return document


def _check_number(scope: Scope, unit_id: UUID, key: str, number: str, *, itself: Document | None) -> None:
    """Refuse a second registration of a whole number; numbers with gaps (国发[]23号) cannot be told apart."""
    if parts_of(number) is None:
        return
    found = find_own_by_number(scope, unit_id, key)
    if found is not None and (itself is None or found.id != itself.id):
        raise NumberTakenError(number)


def _check_parent(scope: Scope, form: DocumentForm) -> Document | None:
    if form.parent_id is None:
        return None
    try:
        return get_document(scope, form.parent_id)
    except NotFoundError as error:
        raise InvalidInputError(fields={"parent_id": [Text(N_("没有找到这份上级文件，请重新选择"))]}) from error
