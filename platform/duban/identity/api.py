"""The door for programs: a token is a server-side session like a browser's, and ends like one."""

from contextlib import nullcontext
from typing import Any
from uuid import UUID

from flask import g
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate

from duban.audit.operations import record
from duban.identity import operations
from duban.identity.door import read_session_key, session_key, try_sign_in
from duban.identity.guard import limits, signed_in
from duban.identity.queries import SignedIn, find_signed_in, living_sessions, tokens_of
from duban.identity.rules.sessions import LONGEST_TOKEN
from duban.identity.rules.tokens import SCOPES
from duban.identity.schemas import SessionSchema
from duban.identity.step_up import prove
from duban.kernel.errors import AnticipatedError
from duban.kernel.scope import open_session
from duban.web.api import ApiBlueprint, CleanString, InputSchema
from duban.web.requests import current_scope, in_whole_request, runtime, work

session_blp = ApiBlueprint("session", __name__, url_prefix="/api/v1/session", description="Signing in and out")

NEXT_STEPS = ("none", "second-factor", "enrol", "password")


class SignInSchema(InputSchema):
    """Who wants in."""

    tenant = CleanString(required=True, metadata={"example": "wangcheng"})
    login = CleanString(required=True)
    password = CleanString(required=True)


class TokenSchema(Schema):
    """Send it as `Authorization: Bearer <token>`."""

    token = fields.String(required=True)
    idle_seconds = fields.Integer(required=True, metadata={"description": "Unused for so long, it ends."})
    lifetime_seconds = fields.Integer(required=True)
    next_step = fields.String(
        required=True,
        validate=validate.OneOf(NEXT_STEPS),
        metadata={
            "description": "What must come before anything else: `second-factor` here; `enrol` and `password` on the pages."
        },
    )


class CodeSchema(InputSchema):
    """A code of the second factor, or one from paper."""

    code = CleanString(required=True, validate=validate.Length(1, 40))


class ProofSchema(InputSchema):
    """The password, or a code of the second factor."""

    proof = CleanString(required=True, validate=validate.Length(1, 200))


class WhoSchema(Schema):
    """Who the token stands for."""

    tenant = fields.String(required=True)
    person_id = fields.UUID(required=True)
    name = fields.String(required=True)


class DeviceSchema(SessionSchema):
    """One signed-in device of one's own."""

    own = fields.Boolean(required=True, metadata={"description": "The one this request comes from."})


class DevicesSchema(Schema):
    """All of a person's signed-in devices."""

    items = fields.List(fields.Nested(DeviceSchema), required=True)


class NewApiTokenSchema(InputSchema):
    """A token for a program."""

    name = CleanString(required=True, validate=validate.Length(1, 60))
    scopes = fields.List(CleanString(validate=validate.OneOf(SCOPES)), required=True, validate=validate.Length(1, len(SCOPES)))
    days = fields.Integer(strict=True, required=True, validate=validate.Range(1, LONGEST_TOKEN.days))


class ApiTokenSchema(Schema):
    """A token for a program, without its secret."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True, allow_none=True)
    alive = fields.Boolean(required=True)


class CreatedApiTokenSchema(ApiTokenSchema):
    """A fresh token: the secret is shown this once."""

    token = fields.String(required=True)


class ApiTokensSchema(Schema):
    """A person's newest hundred tokens."""

    items = fields.List(fields.Nested(ApiTokenSchema), required=True)


def _next_step(found: SignedIn) -> str:
    if found.factor_missing and found.enrolled:
        return "second-factor"
    if found.must_change_password or found.password_over:
        return "password"
    return "enrol" if found.factor_missing else "none"


def _answer(key: str) -> dict[str, object]:
    read = read_session_key(key)
    if read is None:
        raise ValueError("a key just made is not readable")
    tenant_id, token = read
    bounds, now = limits(), runtime().clock.now()
    # With an Idempotency-Key the change is not committed before the answer: only the request itself sees its new token.
    reading = nullcontext(current_scope().session) if in_whole_request() else open_session(runtime().engine, tenant_id)
    with reading as session:
        found = find_signed_in(session, tenant_id=tenant_id, token=token, now=now, limits=bounds)
    if found is None:
        raise ValueError("a session just begun is not found")
    idle = bounds.idle_privileged if found.privileged else bounds.idle
    return {
        "token": key,
        "idle_seconds": int(idle.total_seconds()),
        "lifetime_seconds": int(bounds.absolute.total_seconds()),
        "next_step": _next_step(found),
    }


@session_blp.post("")
@session_blp.arguments(SignInSchema)
@session_blp.response(201, TokenSchema)
@session_blp.doc(security=[])
def start(body: dict[str, str]) -> ResponseReturnValue:
    """Sign in and get a token. With a second factor it opens only the next step, until that is taken."""
    outcome = try_sign_in(body["tenant"], body["login"], body["password"])
    if isinstance(outcome, AnticipatedError):
        raise outcome
    return _answer(outcome)


@session_blp.post("/second-factor")
@session_blp.arguments(CodeSchema)
@session_blp.response(200, TokenSchema)
@session_blp.shown_once
def second_factor(body: dict[str, str]) -> ResponseReturnValue:
    """Show the second factor. The session goes on under a new token; the old one is dead."""
    found = signed_in()
    with work() as scope:
        operations.check_code(scope, code=body["code"], keys=runtime().settings.factor_keys)
        token = operations.renew_session(scope, session_id=found.session_id, factor=True)
    return _answer(session_key(found.tenant.id, token))


@session_blp.post("/confirmation")
@session_blp.arguments(ProofSchema)
@session_blp.response(200, TokenSchema)
@session_blp.shown_once
def confirm(body: dict[str, str]) -> ResponseReturnValue:
    """Prove again to be there, before a weighty act. The session goes on under a new token; the old one is dead."""
    return _answer(prove(body["proof"]))


@session_blp.get("")
@session_blp.response(200, WhoSchema)
def show() -> ResponseReturnValue:
    """Say who the token stands for."""
    return {"tenant": g.tenant.slug, "person_id": g.actor.person_id, "name": g.actor.name}


@session_blp.delete("")
@session_blp.unconditional("ends the session that asks; there is nothing in it to overwrite")
@session_blp.response(204)
def end() -> None:
    """Sign out: the session or token is dead at once, everywhere."""
    found = signed_in()
    with work() as scope:
        if found.scopes is None:
            operations.sign_out(scope, session_id=found.session_id)
        else:
            operations.revoke_own_token(scope, token_id=found.session_id)


@session_blp.get("/devices")
@session_blp.response(200, DevicesSchema)
def list_devices() -> ResponseReturnValue:
    """List the devices one is signed in on."""
    scope, found = current_scope(), signed_in()
    items = living_sessions(scope, scope.person_id, limits(), privileged=found.privileged)
    return {"items": [_device(item, own=item.id == found.session_id) for item in items]}


def _device(item: object, *, own: bool) -> dict[str, object]:
    return {name: getattr(item, name) for name in SessionSchema().fields} | {"own": own}


@session_blp.delete("/devices/<uuid:session_id>")
@session_blp.response(204)
@session_blp.unconditional("what has ended cannot be ended by mistake again")
def end_one(session_id: UUID) -> None:
    """Sign one device out."""
    with work() as scope:
        operations.end_session(scope, session_id=session_id)


@session_blp.delete("/devices")
@session_blp.response(204)
@session_blp.unconditional("what has ended cannot be ended by mistake again")
def end_others() -> None:
    """Sign all devices out but the one this comes from."""
    with work() as scope:
        ended = operations.end_sessions(scope, person_id=scope.person_id, except_session=signed_in().session_id)
        record(scope, "session.others-ended", "person", scope.person_id, count=ended)


@session_blp.get("/tokens")
@session_blp.response(200, ApiTokensSchema)
def list_tokens() -> ResponseReturnValue:
    """List one's tokens for programs."""
    scope = current_scope()
    return {"items": [_token(row, alive=alive) for row, alive in tokens_of(scope, scope.person_id)]}


def _token(row: object, *, alive: bool) -> dict[str, object]:
    names = ("id", "name", "scopes", "created_at", "expires_at", "last_used_at")
    return {name: getattr(row, name) for name in names} | {"alive": alive}


@session_blp.post("/tokens")
@session_blp.arguments(NewApiTokenSchema)
@session_blp.response(201, CreatedApiTokenSchema)
@session_blp.shown_once
def create_token(body: dict[str, Any]) -> ResponseReturnValue:
    """Make a token for a program; the secret is in this answer and nowhere else. Needs a fresh confirmation."""
    found = signed_in()
    with work() as scope:
        made = operations.create_token(scope, name=body["name"], scopes=body["scopes"], days=body["days"], factor=found.factor)
        return _token(made.row, alive=True) | {"token": session_key(found.tenant.id, made.secret)}


@session_blp.delete("/tokens/<uuid:token_id>")
@session_blp.response(204)
@session_blp.unconditional("what has ended cannot be ended by mistake again")
def revoke_token(token_id: UUID) -> None:
    """End one of one's tokens."""
    with work() as scope:
        operations.revoke_own_token(scope, token_id=token_id)
