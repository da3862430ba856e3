"""What both doors share, the page and the one for programs: trying a login and naming the session it opened."""

from flask import request

from duban.identity import operations
from duban.identity.errors import SignInRefusedError
from duban.kernel.errors import AnticipatedError
from duban.kernel.ids import TenantId
from duban.kernel.scope import SYSTEM, open_session, unit_of_work
from duban.tenancy.queries import find_tenant
from duban.web.requests import runtime


def session_key(tenant_id: TenantId, token: str) -> str:
    """Join what a device needs to find its session again: the tenant to bind and the token."""
    return f"{tenant_id.hex}.{token}"


def try_sign_in(slug: str, login: str, password: str) -> str | AnticipatedError:
    """Give the session key for a right tenant, login and password, or the error to show."""
    if "\x00" in slug + login + password:
        return SignInRefusedError()
    with open_session(runtime().engine, None) as session:
        tenant = find_tenant(session, slug)
    if tenant is None:
        return SignInRefusedError()
    with unit_of_work(runtime().engine, tenant=tenant, actor=SYSTEM, now=runtime().clock.now()) as scope:
        outcome = operations.sign_in(
            scope, login=login, password=password, address=request.remote_addr or "", device=request.user_agent.string
        )
    return outcome if isinstance(outcome, AnticipatedError) else session_key(tenant.id, outcome)
