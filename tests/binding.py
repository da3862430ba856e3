"""Binding raw connections of tests to a tenant, as application or owner: SQL alone cannot do it."""

from uuid import UUID

from sqlalchemy import Connection

from duban.kernel import context

FACTOR_KEYS = ("factor-test-key-of-at-least-thirty-two-characters",)
"""What the settings of the tests (tests/conftest.py) derive from their signing key."""
CONTEXT_KEY = "context-key-of-the-tests-of-thirty-two-characters"


def bind(connection: Connection, tenant_id: UUID) -> None:
    """Let the rest of this transaction see the tenant's rows; for the owner too, whom row-level security binds as well."""
    context.bind(connection, tenant_id, key=context.ContextKey.of(CONTEXT_KEY))
