"""
The number of a form's rendering: pressing twice is known by it, and so is whom the form was shown to.

A form that comes back after its session has ended still says, under our signature, whose work it is.
"""

import secrets
from hashlib import sha256
from uuid import UUID

from flask import current_app, g, request
from itsdangerous import BadSignature, Signer

from duban.kernel.ids import PersonId, TenantId
from duban.web.requests import is_admitted

_LONGEST = 200


def _signer() -> Signer:
    # itsdangerous signs with the last and tries all
    keys = [*reversed(current_app.config.get("SECRET_KEY_FALLBACKS", [])), current_app.secret_key]
    return Signer(keys, salt=b"duban.form", sep=b"~", key_derivation="hmac", digest_method=sha256)


def form_number() -> str:
    """Make the number of a form's rendering: chance alone for a stranger, bound to the person who is signed in."""
    chance = secrets.token_urlsafe(16)
    if not is_admitted() or g.actor.person_id is None:
        return chance
    return _signer().sign(f"{chance}.{g.tenant.id.hex}.{g.actor.person_id.hex}").decode()


def form_key() -> str | None:
    """Give the number of the page's form that is being sent, as a key; None where none was sent."""
    number = request.form.get("once", "") if request.method == "POST" else ""
    return f"form:{number}" if 0 < len(number) <= _LONGEST else None


def shown_to() -> tuple[TenantId, PersonId] | None:
    """Say to whom the form that is being sent was shown, if it was one of ours and shown to somebody signed in."""
    try:
        read = _signer().unsign(request.form.get("once", "").encode("utf-8", "surrogatepass")).decode()
        _, tenant, person = read.rsplit(".", 2)
        return TenantId(UUID(hex=tenant)), PersonId(UUID(hex=person))
    except (BadSignature, ValueError):
        return None
