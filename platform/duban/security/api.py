"""The same for programs."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from duban.identity.guard import limits
from duban.identity.operations import FirstSecret
from duban.identity.queries import get_person
from duban.identity.rules.passwords import POLICIES
from duban.identity.schemas import SessionSchema
from duban.security import operations, queries
from duban.security.leave import require_keeping
from duban.web.api import ApiBlueprint, CleanString, InputSchema
from duban.web.requests import current_scope, runtime, work

blp = ApiBlueprint("api-security", __name__, url_prefix="/api/v1/security", description="Accounts of others")
_ENDS = "what has ended cannot be ended by mistake again"


class AccountSchema(Schema):
    """One person's account as its keeper sees it."""

    person_id = fields.UUID(required=True, attribute="person.id")
    login = fields.String(required=True, attribute="person.login")
    active = fields.Boolean(required=True, attribute="person.active")
    privileged = fields.Boolean(required=True)
    enrolled_at = fields.AwareDateTime(required=True, allow_none=True)
    locked_until = fields.AwareDateTime(required=True, allow_none=True)
    sessions = fields.List(fields.Nested(SessionSchema), required=True)


class WaitingResetSchema(Schema):
    """A password reset that waits for its second hand."""

    id = fields.UUID(required=True)
    person_id = fields.UUID(required=True, attribute="person.id")
    asked_by = fields.UUID(required=True, attribute="asked_by.id")
    asked_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)


class WaitingResetsSchema(Schema):
    """The resets that wait for one's hand."""

    items = fields.List(fields.Nested(WaitingResetSchema), required=True)


class SecondHalfSchema(Schema):
    """The second half of a new password; the first one is with who asked for it. Between them stands a hyphen."""

    person_id = fields.UUID(required=True)
    login = fields.String(required=True)
    password = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)


class PasswordPolicySchema(InputSchema):
    """The tenant's password policy."""

    password_policy = CleanString(required=True, validate=validate.OneOf(sorted(POLICIES)))


@blp.get("/people/<uuid:person_id>")
@blp.response(200, AccountSchema)
def show_account(person_id: UUID) -> queries.Account:
    """Show one person's account."""
    scope = current_scope()
    found = get_person(scope, person_id)
    require_keeping(scope, found, alone=False)
    return queries.account(scope, found.id, limits())


@blp.post("/people/<uuid:person_id>/unlock")
@blp.response(204)
@blp.unconditional("opens a lock; there is nothing in it to overwrite")
def unlock(person_id: UUID) -> None:
    """Open a lock before its time."""
    with work() as scope:
        operations.unlock_account(scope, person_id=person_id)


@blp.delete("/people/<uuid:person_id>/sessions")
@blp.response(204)
@blp.unconditional(_ENDS)
def end_all_sessions(person_id: UUID) -> None:
    """Sign a person out everywhere."""
    with work() as scope:
        operations.end_all_sessions(scope, person_id=person_id)


@blp.delete("/sessions/<uuid:session_id>")
@blp.response(204)
@blp.unconditional(_ENDS)
def end_session(session_id: UUID) -> None:
    """Sign a person out from one device."""
    with work() as scope:
        operations.end_session(scope, session_id=session_id)


@blp.delete("/people/<uuid:person_id>/factor")
@blp.response(204)
@blp.unconditional("takes away what is lost")
def reset_factor(person_id: UUID) -> None:
    """Take a lost second factor away. Needs a fresh confirmation."""
    with work() as scope:
        operations.reset_factor(scope, person_id=person_id)


@blp.get("/resets")
@blp.response(200, WaitingResetsSchema)
def list_resets() -> dict[str, object]:
    """List the password resets that wait for one's hand."""
    return {"items": queries.waiting_resets(current_scope())}


@blp.post("/resets/<uuid:reset_id>/confirm")
@blp.response(200, SecondHalfSchema)
@blp.shown_once
@blp.unconditional("settles a request once; nothing in it is overwritten")
def confirm_reset(reset_id: UUID) -> FirstSecret:
    """Be the second hand of a new password; answers with its second half, once. Needs a fresh confirmation."""
    with work() as scope:
        return operations.confirm_reset(scope, reset_id=reset_id, keys=runtime().settings.factor_keys)


@blp.post("/resets/<uuid:reset_id>/refuse")
@blp.response(204)
@blp.unconditional("settles a request once; nothing in it is overwritten")
def refuse_reset(reset_id: UUID) -> None:
    """Let a password reset come to nothing."""
    with work() as scope:
        operations.refuse_reset(scope, reset_id=reset_id)


@blp.delete("/tokens/<uuid:token_id>")
@blp.response(204)
@blp.unconditional(_ENDS)
def revoke_token(token_id: UUID) -> None:
    """End a program's token of somebody else."""
    with work() as scope:
        operations.revoke_token(scope, token_id=token_id)


@blp.put("/policy")
@blp.arguments(PasswordPolicySchema)
@blp.response(204)
@blp.unconditional("a choice of two; the last one holds")
def set_policy(body: dict[str, Any]) -> None:
    """Choose the password policy. Needs a fresh confirmation."""
    with work() as scope:
        operations.set_password_policy(scope, code=body["password_policy"])
