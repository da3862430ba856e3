"""Which tables belong to tenants and which to the installation; the tests compare it with the catalogue of the database."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

_FIRST_KEY = text(
    "SELECT c.relname::text, a.attname::text FROM pg_class c "
    "LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary "
    "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] "
    "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition"
)
_LINKS = text(
    "SELECT DISTINCT s.relname::text, t.relname::text FROM pg_constraint c JOIN pg_class s ON s.oid = c.conrelid "
    "JOIN pg_class t ON t.oid = c.confrelid WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace"
)

GLOBAL_TABLES: dict[str, str] = {
    "alembic_version": "the schema's revision",
    "audit_check": "when each chain of records was last checked, for the operator; written by the tenant only",
    "backup_run": "when the installation was backed up",
    "context_key": "keys of the tenant context, the owner's alone",
    "deletion_certificate": "what remains of deleted tenants; opens to the console's context only",
    "heartbeat": "signs of life of the background processes",
    "operator": "who runs the service; opens to the console's context only, as the next six",
    "operator_act": "what operators did, chained by hash",
    "operator_act_head": "the end of that chain",
    "operator_attempt": "guesses at the operator's door",
    "operator_order": "exports, imports and deletions ordered",
    "operator_session": "operators' signed-in devices",
    "service_figure": "what the installation tells its operator",
    "tenant": "the register of tenants, read before one is known; a row is changed by its own tenant and the console only",
    "tenant_quota": "how much a tenant may use; written by the console only",
    "tenant_usage": "figures of what a tenant uses, for the operator; written by that tenant only",
}
"""Every table without `tenant_id`, and why it may be: none of them holds a tenant's content."""

CONSOLE_TABLES = (
    "deletion_certificate",
    "operator",
    "operator_act",
    "operator_act_head",
    "operator_attempt",
    "operator_order",
    "operator_session",
    "tenant_quota",
)
"""Those of them that are the operator's: written, and but for the limits read, in the console's own context only."""


@dataclass(frozen=True)
class Tables:
    """
    How the tables lie on a database of many machines, read from the catalogue, each list in an order that keys allow.

    distributed: by `tenant_id`, a tenant's rows together on one machine. reference: pointed at by those, so on every machine.
    local: on the first machine only.
    """

    distributed: tuple[str, ...]
    reference: tuple[str, ...]
    local: tuple[str, ...]

    def as_sql(self) -> list[str]:
        """Give the statements that lay them out on Citus."""
        made = [f"SELECT create_reference_table('{name}');" for name in self.reference]
        for number, name in enumerate(self.distributed):
            beside = f", colocate_with => '{self.distributed[0]}'" if number else ""
            made.append(f"SELECT create_distributed_table('{name}', 'tenant_id'{beside});")
        return made


def lay_out(connection: Connection) -> Tables:
    """Read the layout from the database's catalogue. Costs: two queries."""
    keyed = {row[0]: row[1] for row in connection.execute(_FIRST_KEY)}
    links = [(row[0], row[1]) for row in connection.execute(_LINKS)]
    distributed = {name for name, first in keyed.items() if first == "tenant_id" and name not in GLOBAL_TABLES}
    reference = {target for source, target in links if source in distributed and target not in distributed}
    while more := {target for source, target in links if source in reference} - reference:
        reference |= more
    return Tables(
        distributed=_targets_first(distributed, links),
        reference=_targets_first(reference, links),
        local=tuple(sorted(keyed.keys() - distributed - reference)),
    )


def _targets_first(names: set[str], links: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Sort tables so that each comes after those it points at; where they point at each other, by name."""
    waiting = {name: {target for source, target in links if source == name and target != name} & names for name in names}
    ordered: list[str] = []
    while waiting:
        free = sorted(name for name, targets in waiting.items() if not targets & waiting.keys()) or [min(waiting)]
        ordered.extend(free)
        for name in free:
            del waiting[name]
    return tuple(ordered)
