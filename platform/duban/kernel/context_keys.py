"""
The keys the database accepts for tenant contexts: installed, listed and retired by the owner.

Rotation without standing still: install the new key (two are accepted), restart every process with it, retire the old one.
"""

from sqlalchemy import Column, Connection, DateTime, LargeBinary, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from duban.kernel.context import ContextKey, ContextRefusedError
from duban.kernel.db import Base
from duban.kernel.errors import UnfitDatabaseError

KEYS_AT_ONCE = 2

context_key = Table(
    "context_key",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("inner_pad", LargeBinary, nullable=False),
    Column("outer_pad", LargeBinary, nullable=False),
    Column("installed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""Keys the database accepts, readable by the owner alone. Pads, not secrets: HMAC's two halves, so that SQL need not XOR."""


class TooManyKeysError(UnfitDatabaseError):
    """A third key would be installed while two are accepted; retire one first."""


def installed_keys(owner: Connection) -> list[str]:
    """List the ids of the keys the database accepts, oldest first. Takes: a connection of the owner."""
    return list(owner.execute(select(context_key.c.id).order_by(context_key.c.installed_at, context_key.c.id)).scalars())


def install_key(owner: Connection, key: ContextKey) -> None:
    """
    Have the database accept a key, beside the one it accepts already. Harmless when repeated.

    Takes: a connection of the owner. Raises: TooManyKeysError.
    """
    known = installed_keys(owner)
    if key.id in known:
        return
    if len(known) >= KEYS_AT_ONCE:
        raise TooManyKeysError(f"The database accepts keys {' and '.join(known)} already: retire one before adding {key.id}.")
    inner, outer = key.pads()
    statement = insert(context_key).values(id=key.id, inner_pad=inner, outer_pad=outer)
    owner.execute(statement.on_conflict_do_nothing())  # two deploys at once install the same key


def retire_other_keys(owner: Connection, *, keep: ContextKey) -> list[str]:
    """
    Have the database accept this key only; processes still signing with another are refused from their next transaction.

    Gives: the ids retired. Raises: ContextRefusedError when `keep` is not installed: nobody could work any more.
    """
    known = installed_keys(owner)
    if keep.id not in known:
        raise ContextRefusedError(f"Key {keep.id} is not installed; install it before retiring others.")
    owner.execute(delete(context_key).where(context_key.c.id != keep.id))
    return [one for one in known if one != keep.id]
