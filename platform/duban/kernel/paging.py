"""
Lists that may grow long, read page by page: after a given row, never by counting rows off.

A cursor is opaque to callers: base64 of the last row's sort values. A forged one only changes where the list starts.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Date, DateTime, Integer, Numeric, Select, Text, Uuid, literal, tuple_
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.types import TypeEngine

from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import Scope
from duban.kernel.text import N_

Item = TypeVar("Item")
PAGE = 50
LONGEST_PAGE = 200
_LONGEST_CURSOR = 2000
MOST_TAKEN = 20_000
"""Rows of a list that is taken away in one file."""
_WHOLE_LISTS: ContextVar[int] = ContextVar("whole_lists", default=0)


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page; `next` is the cursor of the page after it, None on the last one."""

    items: Sequence[Item]
    next: str | None


@contextmanager
def longer_pages(rows: int) -> Iterator[None]:
    """Let lists that have pages come in pages of so many rows inside the block: a list that is taken away is read whole."""
    token = _WHOLE_LISTS.set(rows)
    try:
        yield
    finally:
        _WHOLE_LISTS.reset(token)


def are_whole() -> bool:
    """Say whether lists are read to be taken away."""
    return _WHOLE_LISTS.get() > 0


def at_most(shown: int) -> int:
    """Give how many rows are read of a list that a page cuts after `shown`: one more than a file takes when it is taken away."""
    return MOST_TAKEN + 1 if are_whole() else shown


def page_length(limit: int = PAGE) -> int:
    """Give how many rows a page of `limit` has now; a list of less than a page is a choice of few and stays one."""
    longer = _WHOLE_LISTS.get()
    return longer if longer and limit >= PAGE else max(1, min(limit, LONGEST_PAGE))


def page_of(
    scope: Scope,
    statement: Select[Item],
    keys: Sequence[QueryableAttribute[Any]],
    *,
    after: str | None = None,
    limit: int = PAGE,
    newest_first: bool = False,
) -> Page[Item]:
    """
    Read one page of a select of one entity.

    Takes:  `keys`, never-null columns of the entity that together are unique, the most significant first; one
            direction for all of them.
    Raises: InvalidInputError for a cursor that is not one of ours. Costs: one query.
    """
    limit = page_length(limit)
    if after:
        bound = tuple_(*[literal(value, key.type) for key, value in zip(keys, _read(after, keys), strict=True)])
        place = tuple_(*keys)
        statement = statement.where(place < bound if newest_first else place > bound)
    ordered = statement.order_by(*[key.desc() if newest_first else key.asc() for key in keys]).limit(limit + 1)
    rows = scope.session.scalars(ordered).all()
    more = len(rows) > limit
    return Page(items=rows[:limit], next=_write(rows[limit - 1], keys) if more else None)


def _write(row: object, keys: Sequence[QueryableAttribute[Any]]) -> str:
    values = [getattr(row, key.key) for key in keys]
    return base64.urlsafe_b64encode(json.dumps(values, default=str, ensure_ascii=False).encode()).decode().rstrip("=")


def _read(cursor: str, keys: Sequence[QueryableAttribute[Any]]) -> list[object]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor[:_LONGEST_CURSOR] + "=" * (-len(cursor) % 4)))
        return [_value(key.type, value) for key, value in zip(keys, list(values), strict=True)]
    except (ValueError, TypeError, ArithmeticError, binascii.Error, RecursionError) as error:
        raise InvalidInputError(N_("翻页位置无效，请从第一页重新查看。")) from error


def _value(kind: TypeEngine[Any], value: object) -> object:
    """Turn what JSON kept into the column's type. Raises: ValueError."""
    if isinstance(kind, Integer):
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
            raise ValueError("not a whole number")
        return value
    text = str(value)
    if "\x00" in text:
        raise ValueError("not text")
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(text)
    if isinstance(kind, Uuid):
        return UUID(text)
    if isinstance(kind, Date):
        return date.fromisoformat(text)
    if isinstance(kind, Numeric):
        return Decimal(text)
    if isinstance(kind, Text):
        return text.encode().decode()
    raise TypeError(f"cannot page by {kind!r}")
