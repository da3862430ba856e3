"""Identifiers: UUIDs that sort by time of making, one type per kind so that swapped arguments fail the type check."""

from typing import NewType
from uuid import UUID

from uuid_utils.compat import uuid7

TenantId = NewType("TenantId", UUID)
PersonId = NewType("PersonId", UUID)
UnitId = NewType("UnitId", UUID)


def new_id() -> UUID:
    """Make a fresh identifier; later ones sort after earlier ones, which keeps index pages full."""
    return uuid7()
