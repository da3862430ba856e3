"""Which tables are a tenant's, read from the database itself: a new one is exported, imported and deleted without a word here."""

from dataclasses import dataclass
from graphlib import TopologicalSorter

from sqlalchemy import Connection, text

# A tenant's table is one whose rows only that tenant sees, by the policy "tenant". Registers of the installation that have a row
# per tenant (figures, limits, checks) are read by everybody and belong to the operator.
_TABLES = text("""
    SELECT c.relname AS name,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                 ORDER BY a.attnum) AS columns,
           ARRAY(SELECT a.attname::text FROM unnest(i.indkey::smallint[]) WITH ORDINALITY k(attnum, place)
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum ORDER BY k.place) AS key,
           ARRAY(SELECT t.tgname::text FROM pg_trigger t
                 WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND (t.tgtype & 2) = 2 AND (t.tgtype & 4) = 4
                 ORDER BY t.tgname) AS guards_insert,
           ARRAY(SELECT t.tgname::text FROM pg_trigger t
                 WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND ((t.tgtype & 2) = 2 OR t.tgdeferrable) AND (t.tgtype & 8) = 8
                 ORDER BY t.tgname) AS guards_delete
    FROM pg_class c
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    JOIN pg_attribute first ON first.attrelid = c.oid AND first.attnum = i.indkey[0] AND first.attname = 'tenant_id'
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
      AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant')
""")
_LINKS = text("""
    SELECT c.conrelid::regclass::text AS child, c.confrelid::regclass::text AS parent
    FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND c.conrelid <> c.confrelid
""")
_REGISTERS = text("""
    SELECT DISTINCT c.conrelid::regclass::text AS name
    FROM pg_constraint c
    WHERE c.contype = 'f' AND c.confrelid = 'tenant'::regclass
      AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.conrelid AND p.polname = 'own_gone')
    ORDER BY 1
""")


@dataclass(frozen=True)
class Table:
    """A tenant table: its stored columns, its key, and the triggers that would refuse whole rows coming in or going out."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    guards_insert: tuple[str, ...]
    guards_delete: tuple[str, ...]

    @property
    def column_list(self) -> str:
        """The columns for a statement, quoted."""
        return ", ".join(f'"{column}"' for column in self.columns)

    @property
    def order(self) -> str:
        """The key for ORDER BY: one tenant's rows always come in the same order."""
        return ", ".join(f'"{column}"' for column in self.key)


def tenant_tables(connection: Connection) -> list[Table]:
    """List the tenant tables, those that others refer to first. Raises: graphlib.CycleError where tables refer to each other."""
    rows = connection.execute(_TABLES).all()
    found = {
        row.name: Table(row.name, tuple(row.columns), tuple(row.key), tuple(row.guards_insert), tuple(row.guards_delete))
        for row in rows
    }
    sorter: TopologicalSorter[str] = TopologicalSorter({name: set() for name in sorted(found)})
    for link in connection.execute(_LINKS):
        if link.child in found and link.parent in found:
            sorter.add(link.child, link.parent)
    return [found[name] for name in sorter.static_order()]


def registers(connection: Connection) -> list[str]:
    """List the installation's tables with a row per tenant that only this tenant's context may remove."""
    return list(connection.execute(_REGISTERS).scalars())
