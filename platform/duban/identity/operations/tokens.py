"""Tokens for programs: named, cut down to scopes, ending by themselves, shown once and kept as a digest."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from duban.audit.operations import record
from duban.identity.errors import TokenInputError
from duban.identity.models import ApiToken, Credential
from duban.identity.queries import own_token, token_digest
from duban.identity.rules.sessions import LONGEST_TOKEN
from duban.identity.rules.tokens import unknown
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text

LONGEST_NAME = 60


@dataclass(frozen=True)
class NewToken:
    """A fresh token: `secret` is shown once and kept nowhere."""

    row: ApiToken
    secret: str


def create_token(scope: Scope, *, name: str, scopes: Sequence[str], days: int, factor: bool) -> NewToken:
    """
    Give the actor a token for a program.

    Takes:  `factor` whether the session it is made in has shown the second factor; the edge has asked for a fresh proof.
    Raises: TokenInputError.
    """
    fields: dict[str, list[Text]] = {}
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        fields["name"] = [Text(N_("请填写名称，最多 %(most)s 个字。"), {"most": LONGEST_NAME})]
    if not scopes or unknown(scopes):
        fields["scopes"] = [Text(N_("请选择令牌能做什么。"))]
    if not 1 <= days <= LONGEST_TOKEN.days:
        fields["days"] = [Text(N_("有效期为 1 至 %(most)s 天。"), {"most": LONGEST_TOKEN.days})]
    if fields:
        raise TokenInputError(fields=fields)
    secret = secrets.token_urlsafe(32)
    epoch = select(Credential.epoch).where(Credential.tenant_id == scope.tenant_id, Credential.id == scope.person_id)
    row = scope.add(
        ApiToken(
            id=new_id(),
            person_id=scope.person_id,
            name=name,
            token_digest=token_digest(secret),
            scopes=sorted(set(scopes)),
            epoch=scope.session.scalars(epoch).one(),
            factor_at=scope.now if factor else None,
            created_at=scope.now,
            expires_at=scope.now + timedelta(days=days),
        )
    )
    record(scope, "token.created", "person", scope.person_id, token=row.id, name=name, scopes=row.scopes, expires=row.expires_at)
    return NewToken(row, secret)


def revoke_own_token(scope: Scope, *, token_id: UUID) -> None:
    """End one of the actor's tokens. Raises: NotFoundError."""
    _revoke(scope, own_token(scope, token_id, lock=True))


def revoke_token(scope: Scope, *, token_id: UUID) -> ApiToken:
    """End anybody's token; the caller has asked leave. Raises: NotFoundError."""
    token = get_owned(scope, ApiToken, token_id, lock=True)
    _revoke(scope, token)
    return token


def token_owner(scope: Scope, *, token_id: UUID) -> UUID:
    """Say whose token it is. Raises: NotFoundError."""
    return get_owned(scope, ApiToken, token_id).person_id


def _revoke(scope: Scope, token: ApiToken) -> None:
    if token.revoked_at is None:
        token.revoked_at = scope.now
        record(scope, "token.revoked", "person", token.person_id, token=token.id, name=token.name)


def touch_token(scope: Scope, *, token_id: UUID) -> None:
    """Note that a token is in use."""
    scope.session.execute(
        update(ApiToken).where(ApiToken.tenant_id == scope.tenant_id, ApiToken.id == token_id).values(last_used_at=scope.now)
    )
