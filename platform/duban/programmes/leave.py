"""
Who may read a document: whom the policy lets, and whom a feature above has given leave, e.g. by sending it to their unit.

An ordinary document is published: everybody below its unit reads it. One that is `addressed_only` stands like what is sent: its
unit and those above read it, of those below only whom it was sent to.
"""

from collections.abc import Callable
from typing import TypeAlias

from sqlalchemy import ColumnElement, and_, or_, select

from duban.access.checks import granted, may, readable
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope
from duban.programmes.models import Document

PUBLISHED, ADDRESSED = "document", "dispatch"
CHANGES = {PUBLISHED: "register", ADDRESSED: "send"}
"""By the policy's object a document is read as: the act that allows changing it."""

Leave: TypeAlias = Callable[[Scope], ColumnElement[bool]]
_given: list[Leave] = []


def give(leave: Leave) -> None:
    """Let a feature above say which documents may be read besides. Takes: a condition in SQL on Document, of this tenant."""
    _given.append(leave)


def object_of(document: Document) -> str:
    """Give the policy's object a document is read as."""
    return ADDRESSED if document.addressed_only else PUBLISHED


def shown(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL which documents the actor may read; the same rule as `may_read`."""
    published = and_(~Document.addressed_only, readable(scope, Document, PUBLISHED))
    addressed = and_(Document.addressed_only, readable(scope, Document, ADDRESSED))
    return or_(published, addressed, *[leave(scope) for leave in _given])


def was_given(scope: Scope, document: Document) -> bool:
    """Say whether a feature above lets the actor read it. Costs: one query."""
    if not _given:
        return False
    statement = select(Document.id).where(
        Document.tenant_id == scope.tenant_id, Document.id == document.id, or_(*[leave(scope) for leave in _given])
    )
    return scope.session.scalar(statement) is not None


def may_read(scope: Scope, document: Document) -> bool:
    """Say whether the actor may read a document. Costs: one query where the policy alone does not let them."""
    return may(scope, object_of(document), "read", document) or was_given(scope, document)


def require_reading(scope: Scope, document: Document) -> None:
    """Refuse whoever may not read a document. Raises: NotFoundError."""
    if not (granted(scope, object_of(document), "read", document) or was_given(scope, document)):
        raise NotFoundError
