"""The application of a control: it keeps what people hold in a dict of each worker, as one does who finds the query too dear."""

from functools import cache
from typing import Any
from uuid import UUID

from duban.access import checks, holding
from duban.kernel.scope import Scope
from wsgi import app

__all__ = ["app"]

_held: dict[UUID, Any] = {}
_asked = holding.grants_of


def grants_of(scope: Scope) -> Any:
    """Give what the person held when first asked."""
    if scope.person_id not in _held:
        _held[scope.person_id] = _asked(scope)
    return _held[scope.person_id]


@cache
def _forget() -> None:
    checks.grants_of = grants_of


_forget()
