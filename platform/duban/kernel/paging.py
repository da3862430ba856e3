"""
Lists that may grow long, read page by page: after a given row, never by counting rows off.

A cursor is opaque to callers: base64 of the last row's sort values. A forged one only changes where the list starts.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Date, DateTime, Integer, Numeric, Select, Text, Uuid, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import Scope
from duban.kernel.text import N_

Item = TypeVar("Item")
PAGE = 50
LONGEST_PAGE = 200
_LONGEST_CURSOR = 2000


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page; `next` is the cursor of the page after it, None on the last one."""

    items: Sequence[Item]
    next: str | None


def page_of(
    scope: Scope,
    statement: Select[Item],
    keys: Sequence[InstrumentedAttribute[Any]],
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
    limit = max(1, min(limit, LONGEST_PAGE))
    if after:
        bound = tuple_(*[literal(value, key.type) for key, value in zip(keys, _read(after, keys), strict=True)])
        place = tuple_(*keys)
        statement = statement.where(place < bound if newest_first else place > bound)
    ordered = statement.order_by(*[key.desc() if newest_first else key.asc() for key in keys]).limit(limit + 1)
    rows = scope.session.scalars(ordered).all()
    more = len(rows) > limit
    return Page(items=rows[:limit], next=_write(rows[limit - 1], keys) if more else None)


def _write(row: object, keys: Sequence[InstrumentedAttribute[Any]]) -> str:
    values = [getattr(row, key.key) for key in keys]
    return base64.urlsafe_b64encode(json.dumps(values, default=str, ensure_ascii=False).encode()).decode().rstrip("=")


def _read(cursor: str, keys: Sequence[InstrumentedAttribute[Any]]) -> list[object]:
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
