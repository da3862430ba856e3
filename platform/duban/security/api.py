"""The same for programs."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate

from duban.identity.guard import limits
from duban.identity.queries import get_person
from duban.identity.rules.passwords import POLICIES
from duban.security import operations, queries
from duban.security.leave import require_keeping
from duban.web.api import ApiBlueprint, CleanString, InputSchema
from duban.web.requests import current_scope, work

blp = ApiBlueprint("api-security", __name__, url_prefix="/api/v1/security", description="Accounts of others")
_ENDS = "what has ended cannot be ended by mistake again"


class KeptSessionSchema(Schema):
    """One signed-in device."""

    id = fields.UUID(required=True)
    started_at = fields.AwareDateTime(required=True)
    seen_at = fields.AwareDateTime(required=True)
    address = fields.String(required=True)
    device = fields.String(required=True)


class AccountSchema(Schema):
    """One person's account as its keeper sees it."""

    person_id = fields.UUID(required=True)
    login = fields.String(required=True)
    active = fields.Boolean(required=True)
    privileged = fields.Boolean(required=True)
    enrolled_at = fields.AwareDateTime(required=True, allow_none=True)
    locked_until = fields.AwareDateTime(required=True, allow_none=True)
    sessions = fields.List(fields.Nested(KeptSessionSchema), required=True)


class PasswordPolicySchema(InputSchema):
    """The tenant's password policy."""

    password_policy = CleanString(required=True, validate=validate.OneOf(sorted(POLICIES)))


@blp.get("/people/<uuid:person_id>")
@blp.response(200, AccountSchema)
def show_account(person_id: UUID) -> ResponseReturnValue:
    """Show one person's account."""
    scope = current_scope()
    found = get_person(scope, person_id)
    require_keeping(scope, found, alone=False)
    account = queries.account(scope, found.id, limits())
    names = ("id", "started_at", "seen_at", "address", "device")
    return {
        "person_id": found.id,
        "login": found.login,
        "active": found.active,
        "privileged": account.privileged,
        "enrolled_at": account.enrolled_at,
        "locked_until": account.locked_until,
        "sessions": [{name: getattr(one, name) for name in names} for one in account.sessions],
    }


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
