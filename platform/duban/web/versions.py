"""
Versions in requests: ETag on what is read, If-Match on what is changed, so that no stale save overwrites a newer one.

A row that counts its changes gives its number; anything else gives a digest of what is shown, which changes with it.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import cast

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import inspect
from werkzeug.exceptions import PreconditionRequired

from duban.kernel.db import TenantTable
from duban.kernel.errors import StaleError
from duban.kernel.scope import Scope

_LONGEST_NUMBER = 9
_DIGEST_CHARACTERS = 24


def tag_of(*shown: object) -> str:
    """
    Give the value of an ETag for what is shown: rows of tables, or data as the schema dumped it.

    One row with a column `version` gives that number. Costs: no query for loaded rows.
    """
    version = getattr(shown[0], "version", None) if len(shown) == 1 else None
    if isinstance(version, int):
        return str(version)
    text = json.dumps([_plain(one) for one in shown], sort_keys=True, ensure_ascii=True, default=str)
    return sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def _plain(shown: object) -> object:
    if isinstance(shown, TenantTable):
        state = inspect(shown)
        return {column.key: getattr(shown, column.key) for column in state.mapper.column_attrs}
    if isinstance(shown, Mapping):
        return {str(key): _plain(value) for key, value in shown.items()}
    if isinstance(shown, Sequence) and not isinstance(shown, str | bytes):
        return [_plain(one) for one in shown]
    return shown


def tagged(body: object, tag: int | str, status: int = 200) -> ResponseReturnValue:
    """Answer with the version as ETag, which a later change must send back as If-Match."""
    return cast("ResponseReturnValue", (body, status, {"ETag": f'"{tag}"'}))


def sent_tag() -> str:
    """Give the tag of If-Match. Raises: PreconditionRequired without one."""
    sent = request.headers.get("If-Match", "").strip()
    if not sent:
        raise PreconditionRequired
    return sent.removeprefix("W/").strip('"')


def expected_version() -> int:
    """
    Give the version the sender read, for the operation to compare.

    Raises: PreconditionRequired without If-Match, StaleError for one that is no version.
    """
    number = sent_tag()
    g.if_match_compared = True
    if not (number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER):
        raise StaleError
    return int(number)


def compare(*shown: object) -> None:
    """
    Refuse a change of something that is no longer as the sender read it.

    The caller holds the lock of what is compared until its change is made; otherwise two may pass at once.
    Raises: PreconditionRequired without If-Match, StaleError.
    """
    g.if_match_compared = True
    if sent_tag() != tag_of(*shown):
        raise StaleError


def compare_row(scope: Scope, row: TenantTable) -> None:
    """
    Lock a row the sender may read until the end of the work, then refuse where it is no longer as it was read.

    Raises: PreconditionRequired, StaleError. Costs: one query, fresh values.
    """
    scope.session.refresh(row, with_for_update=True)
    compare(row)


def was_compared() -> bool:
    """Say whether this request compared its If-Match with anything."""
    return bool(g.get("if_match_compared", False))
