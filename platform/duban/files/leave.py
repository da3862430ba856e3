"""
Leave to open a file that comes from something above: a document was sent to one's unit, so its attachments may be opened.

Files lie below the features that own them, so each feature registers what it lets through for its own kind of owner.
"""

from collections.abc import Callable
from typing import TypeAlias

from duban.access.checks import may, require
from duban.files.models import StoredFile
from duban.kernel.scope import Scope

Inherited: TypeAlias = Callable[[Scope, StoredFile], bool]
_inherited: dict[str, Inherited] = {}


def inherit(owner_kind: str, leave: Inherited) -> None:
    """Say when a file of this kind of owner may be opened although the policy alone does not allow it."""
    _inherited[owner_kind] = leave


def require_opening(scope: Scope, row: StoredFile) -> None:
    """Refuse whoever may not open a file. Raises: NotFoundError."""
    leave = _inherited.get(row.owner_kind)
    if leave is not None and not may(scope, row.access_object, "read", row) and leave(scope, row):
        return
    require(scope, row.access_object, "read", row)
