"""
The signed tenant context: what tells row-level security whose rows a transaction may see, and what SQL cannot make up.

Row-level security asks `app_tenant_id()` (migration 0010). It answers only to a context signed with a key that lives in the
application and in the table `context_key`, which the application's role cannot read. Injected SQL may call `set_config` as
often as it likes: without the key it can name no other tenant. See docs/decisions/0014.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from duban.kernel.errors import UnfitDatabaseError
from duban.kernel.ids import TenantId

CONSOLE_CONTEXT = TenantId(UUID("00000000-0000-8000-8000-00000000c051"))
"""What opens the operators' tables and no tenant's; migration 0014 knows the same one and keeps tenants from having it."""
SETTING = "app.tenant"
ENGINE_OPTION = "duban_context_key"
"""The execution option under which an engine carries its key."""
LIFETIME_SECONDS = 60
"""How long after signing a transaction may begin with a context; a transaction that has begun is never cut short."""
SHORTEST_KEY = 32
_BLOCK = 64  # of SHA-256, in bytes

_BIND = text(f"SELECT set_config('{SETTING}', :context, true), app_tenant_id()")


class ContextRefusedError(UnfitDatabaseError):
    """The database does not accept what this process signs. Nothing is read or written; the message says what to do."""


@dataclass(frozen=True)
class ContextKey:
    """A signing key. `id` names it without giving it away."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, setting: str) -> "ContextKey":
        """Make it from the setting's text, of at least 32 characters. Raises: ValueError."""
        if len(setting) < SHORTEST_KEY:
            raise ValueError(f"a context key needs at least {SHORTEST_KEY} characters")
        secret = setting.encode()
        return cls(id=hashlib.sha256(b"duban context key\0" + secret).hexdigest()[:8], secret=secret)

    def pads(self) -> tuple[bytes, bytes]:
        """Give HMAC's inner and outer pad (RFC 2104)."""
        block = (hashlib.sha256(self.secret).digest() if len(self.secret) > _BLOCK else self.secret).ljust(_BLOCK, b"\0")
        return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


def new_key() -> str:
    """Make a key's setting."""
    return secrets.token_urlsafe(48)


def sign(key: ContextKey, tenant_id: UUID, *, backend_pid: int, now: float | None = None) -> str:
    """
    Make a context of 128 characters: key id (8), tenant (36), backend (10), end (10), signature (64).

    Takes: `now` in seconds since 1970, in real time: what is signed must end even where the business clock stands still.
    """
    ends_at = int(time.time() if now is None else now) + LIFETIME_SECONDS
    message = f"{key.id}{tenant_id}{backend_pid:010d}{ends_at:010d}"
    return message + hmac.new(key.secret, message.encode(), hashlib.sha256).hexdigest()


def bind(connection: Connection, tenant_id: UUID, *, key: ContextKey | None = None) -> None:
    """
    Tell row-level security the tenant, until this transaction ends.

    Takes: `key`, by default the engine's.
    Raises: ContextRefusedError, so that a wrong key is never taken for a tenant without rows. Costs: one round trip.
    """
    key = key or connection.get_execution_options().get(ENGINE_OPTION)
    if key is None:
        raise ContextRefusedError("This engine has no context key: give it one (DUBAN_CONTEXT_KEY).")
    driver: Any = connection.connection.driver_connection
    context = sign(key, tenant_id, backend_pid=driver.info.backend_pid)
    _, bound = connection.execute(_BIND, {"context": context}).one()
    if bound != tenant_id:
        raise ContextRefusedError(f"The database did not accept the tenant context signed with key {key.id}.")


def unbind(connection: Connection) -> None:
    """Bind no tenant, whatever the connection's last user may have left in it."""
    connection.execute(text(f"SELECT set_config('{SETTING}', '', true)"))


def check_key(connection: Connection, *, key: ContextKey | None = None) -> None:
    """Try the engine's key on the database. Raises: ContextRefusedError saying why not and what to do."""
    if connection.execute(text("SELECT to_regprocedure('app_tenant_id()')")).scalar() is None:
        raise ContextRefusedError("The database is older than this program: run `duban migrate` first.")
    try:
        bind(connection, TenantId(UUID(int=0)), key=key)
    except ContextRefusedError as error:
        theirs = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
        apart = abs(theirs - time.time())
        if apart > LIFETIME_SECONDS / 2:
            raise ContextRefusedError(f"The clocks of this machine and of the database are {apart:.0f} s apart.") from error
        raise ContextRefusedError(
            f"{error} Run `duban migrate` with the same DUBAN_CONTEXT_KEY; connect directly or through a pooler in session mode."
        ) from error
