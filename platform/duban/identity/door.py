"""What both doors share, the page and the one for programs: trying a login, and naming the session or device it opened."""

import secrets
from hashlib import sha256
from uuid import UUID

from flask import request
from itsdangerous import BadSignature, Signer, URLSafeSerializer
from werkzeug.wrappers import Response

from duban.identity import operations
from duban.identity.doorway import PEOPLE
from duban.identity.errors import SignInRefusedError
from duban.identity.operations.attempts import login_subject
from duban.kernel.errors import AnticipatedError, TooBusyError
from duban.kernel.ids import TenantId
from duban.kernel.scope import SYSTEM, open_session, unit_of_work
from duban.tenancy.errors import TenantSuspendedError
from duban.tenancy.queries import find_tenant, refuse_suspended
from duban.web.cookies import cookie_name, put_cookie
from duban.web.requests import runtime

SESSION, DEVICE = "duban", "duban-device"
"""Cookies: the session; and which accounts have signed in from this browser before, which opens nothing."""
YEAR_SECONDS = 31_536_000
_DEVICES_KEPT = 4
_KEY_START = "dbn"


def _keys() -> list[str]:
    # itsdangerous signs with the last and tries all
    return list(reversed(runtime().settings.secret_keys))


def session_key(tenant_id: TenantId, token: str) -> str:
    """
    Join what a device or program needs to find its session or token again: the tenant to bind and the token, signed.

    The signature ties it to the installation's key: taking that key away puts everybody out at once.
    """
    return _signer().sign(f"{_KEY_START}.{tenant_id.hex}.{token}").decode()


def read_session_key(key: str) -> tuple[TenantId, str] | None:
    """Give tenant and token of a key this installation has signed."""
    try:
        start, tenant_hex, token = _signer().unsign(key.encode("utf-8", "surrogatepass")).decode().split(".")
        return (TenantId(UUID(hex=tenant_hex)), token) if start == _KEY_START else None
    except (BadSignature, ValueError):
        return None


def _signer() -> Signer:
    return secret_signer(b"duban.session")


def secret_signer(salt: bytes) -> Signer:
    """Give what signs an address or key of this installation; each purpose has a `salt` of its own."""
    return Signer(_keys(), salt=salt, sep=b"~", key_derivation="hmac", digest_method=sha256)


def _devices() -> dict[str, str]:
    sealed = request.cookies.get(cookie_name(DEVICE), "")
    try:
        found = _device_serializer().loads(sealed)
    except BadSignature:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _device_serializer() -> URLSafeSerializer:
    return URLSafeSerializer(_keys(), salt=b"duban.device", signer_kwargs={"key_derivation": "hmac", "digest_method": sha256})


def _account(slug: str, login: str) -> str:
    return login_subject(f"{slug.strip().lower()}/{login.strip().lower()}")[:24]


def remember_device(response: Response, *, slug: str, login: str) -> None:
    """Note on this browser that the account has signed in from it; the newest few accounts are kept."""
    devices = _devices()
    account = _account(slug, login)
    number = devices.pop(account, None) or secrets.token_urlsafe(12)
    kept = dict([*devices.items()][-(_DEVICES_KEPT - 1) :]) | {account: number}
    put_cookie(response, DEVICE, str(_device_serializer().dumps(kept)), max_age=YEAR_SECONDS)


def try_sign_in(slug: str, login: str, password: str) -> str | AnticipatedError:
    """Give the session key for a right tenant, login and password, or the error to show; a busy door lets nobody wait long."""
    device = _devices().get(_account(slug, login))
    try:
        with PEOPLE.passing(device):
            return _try_sign_in(slug, login, password, device)
    except TooBusyError as error:
        return error


def _try_sign_in(slug: str, login: str, password: str, device: str | None) -> str | AnticipatedError:
    if "\x00" in slug + login + password:
        return SignInRefusedError()
    with open_session(runtime().engine, None) as session:
        tenant = find_tenant(session, slug)
        try:
            refuse_suspended(session, slug=slug)
        except TenantSuspendedError as error:
            return error
    if tenant is None:
        operations.pretend(password)
        return SignInRefusedError()
    with unit_of_work(runtime().engine, tenant=tenant, actor=SYSTEM, now=runtime().clock.now()) as scope:
        outcome = operations.sign_in(
            scope,
            login=login,
            password=password,
            address=request.remote_addr or "",
            device=request.user_agent.string,
            known_device=device,
        )
    return outcome if isinstance(outcome, AnticipatedError) else session_key(tenant.id, outcome)
