"""Which tables belong to tenants and which to the installation; the tests compare it with the catalogue of the database."""

GLOBAL_TABLES: dict[str, str] = {
    "alembic_version": "the schema's revision",
    "audit_check": "when each chain of records was last checked, for the operator; written by the tenant only",
    "backup_run": "when the installation was backed up",
    "context_key": "keys of the tenant context, the owner's alone",
    "heartbeat": "signs of life of the background processes",
    "service_figure": "what the installation tells its operator",
    "tenant": "the register of tenants, read before one is known; a row is changed by its own tenant only",
}
"""Every table without `tenant_id`, and why it may be: none of them holds a tenant's content."""
