"""The door for programs: a token is a server-side session like a browser's, and ends like one."""

from flask import g
from flask.typing import ResponseReturnValue
from flask_login import current_user
from marshmallow import Schema, fields

from duban.identity import operations
from duban.identity.door import try_sign_in
from duban.kernel.errors import AnticipatedError
from duban.web.api import ApiBlueprint, CleanString, InputSchema
from duban.web.requests import runtime, work

session_blp = ApiBlueprint("session", __name__, url_prefix="/api/v1/session", description="Signing in and out")


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


class WhoSchema(Schema):
    """Who the token stands for."""

    tenant = fields.String(required=True)
    person_id = fields.UUID(required=True)
    name = fields.String(required=True)


@session_blp.post("")
@session_blp.arguments(SignInSchema)
@session_blp.response(201, TokenSchema)
@session_blp.doc(security=[])
def start(body: dict[str, str]) -> ResponseReturnValue:
    """Sign in and get a token."""
    outcome = try_sign_in(body["tenant"], body["login"], body["password"])
    if isinstance(outcome, AnticipatedError):
        raise outcome
    settings = runtime().settings
    return {"token": outcome, "idle_seconds": settings.idle_minutes * 60, "lifetime_seconds": settings.session_hours * 3600}


@session_blp.get("")
@session_blp.response(200, WhoSchema)
def show() -> ResponseReturnValue:
    """Say who the token stands for."""
    return {"tenant": g.tenant.slug, "person_id": g.actor.person_id, "name": g.actor.name}


@session_blp.delete("")
@session_blp.unconditional("ends the session that asks; there is nothing in it to overwrite")
@session_blp.response(204)
def end() -> None:
    """Sign out: the token is dead at once, everywhere."""
    with work() as scope:
        operations.sign_out(scope, session_id=current_user.signed_in.session_id)
