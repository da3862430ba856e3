"""Tokens for programs: making, listing, ending one's own."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from duban.identity import operations
from duban.identity.door import session_key
from duban.identity.errors import TokenInputError
from duban.identity.guard import signed_in
from duban.identity.queries import tokens_of
from duban.identity.rules.sessions import LONGEST_TOKEN
from duban.identity.rules.tokens import FEATURES, FULL, READ
from duban.identity.states import SCOPE_LABELS
from duban.kernel.digits import whole
from duban.kernel.text import Text
from duban.web.requests import current_scope, work

LONGEST_LIFE = 10_000
"""Days; more is no life of a token."""


def tokens() -> ResponseReturnValue:
    """List one's tokens, with the form for a new one."""
    return _page({}, None)


def _page(errors: dict[str, list[Text]], secret: str | None) -> str:
    scope = current_scope()
    return render_template(
        "identity/tokens.html",
        tokens=tokens_of(scope, scope.person_id),
        labels=SCOPE_LABELS,
        reaches=(READ, FULL, *FEATURES),
        errors=errors,
        secret=secret,
        longest=LONGEST_TOKEN.days,
        typed=request.form,
        chosen=request.form.getlist("scopes"),
    )


def create() -> ResponseReturnValue:
    """Make a token and show it, once: not a redirect, for it is kept nowhere."""
    days = whole(request.form.get("days", ""))
    found = signed_in()
    try:
        with work() as scope:
            made = operations.create_token(
                scope,
                name=request.form.get("name", ""),
                scopes=request.form.getlist("scopes"),
                days=days if days is not None and days < LONGEST_LIFE else 0,
                factor=found.factor,
            )
    except TokenInputError as error:
        return _page({name: list(texts) for name, texts in error.fields.items()}, None), 422
    return _page({}, session_key(found.tenant.id, made.secret)), 201


def revoke(token_id: UUID) -> ResponseReturnValue:
    """End a token."""
    with work() as scope:
        operations.revoke_own_token(scope, token_id=token_id)
    flash(gettext("令牌已作废。"), "success")
    return redirect(url_for("identity.tokens"))
