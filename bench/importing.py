"""
Importing China's 41,352 townships and 620,573 villages into a tenant: the import (leave, every row checked, paths, audit) against
COPY of the same finished rows into the same two tables, with their keys, checks and indexes.

    PYTHONPATH=platform python bench/importing.py [rows]
"""

import sys
import time
from collections.abc import Iterator

from parts.national import FIRST_DAY, NOW, ROOT, Country, UnitRow, copy_unit_rows, country, divisions, say
from parts.table import Row, show

from duban.kernel.ids import new_id
from duban.kernel.scope import SYSTEM, unit_of_work
from duban.organisation.operations.bulk import copy_units
from duban.organisation.rules.units_file import UnitRow as FileRow
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from duban.tree.models import Placement, Unit
from duban.tree.paths import label

PLACEMENT_COLUMNS = "tenant_id, id, unit_id, line, parent_id, path, is_primary, active_from"


def wanted(count: int) -> list[UnitRow]:
    """Townships under the root and villages under their townships, parents first, with the paths they would have."""
    root = UnitRow(new_id(), "0", "中国", "county", None, f"{label(1)}.")
    by_id = {row.id: row for row in divisions()}
    placed, children, found = {}, {root.id: 0}, [root]
    for row in by_id.values():
        if row.level == "township" or (row.level == "village" and row.parent in placed):
            parent = root if row.level == "township" else placed[row.parent]
            number = children[parent.id] = children.get(parent.id, 0) + 1
            placed[row.id] = UnitRow(row.id, row.code, row.name, row.level, parent.id, f"{parent.path}{label(number)}.")
            found.append(placed[row.id])
            if len(found) > count:
                break
    return found


def file_rows(rows: list[UnitRow]) -> Iterator[FileRow]:
    codes = {row.id: row.code for row in rows}
    names = {"township": "township", "village": "village"}
    for line, row in enumerate(rows[1:], 2):
        yield FileRow(line, row.code, row.name, names[row.level], codes[row.parent], "", "")


def floor_ms(made: Country, rows: list[UnitRow]) -> float:
    """COPY the finished rows into a tenant of their own."""
    tenant = provision(
        made.engine,
        slug="floor",
        kind="county",
        name="底线",
        parts=read_parts(ROOT / "tenants" / "county"),
        now=NOW,
        time_zone="Asia/Shanghai",
    )
    begun = time.perf_counter()
    with made.superuser() as admin, admin.transaction():
        copy_unit_rows(admin, tenant, rows)
        with admin.cursor().copy(f"COPY placement ({PLACEMENT_COLUMNS}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row((tenant.id, new_id(), row.id, "territorial", row.parent, row.path, True, FIRST_DAY))
    return (time.perf_counter() - begun) * 1000


def ours_ms(made: Country, rows: list[UnitRow]) -> float:
    root = rows[0]
    with unit_of_work(made.engine, tenant=made.tenant, actor=SYSTEM, now=NOW) as scope:
        scope.add(
            Unit(
                id=root.id,
                code=root.code,
                name=root.name,
                short_name=root.name,
                level="county",
                path=root.path,
                active_from=FIRST_DAY,
            )
        )
        scope.session.flush()
        scope.add(Placement(unit_id=root.id, line="territorial", path=root.path, is_primary=True, active_from=FIRST_DAY))
    begun = time.perf_counter()
    with unit_of_work(made.engine, tenant=made.tenant, actor=SYSTEM, now=NOW) as scope:
        report = copy_units(scope, rows=file_rows(rows), source="bench")
    taken = (time.perf_counter() - begun) * 1000
    assert not report.problems, report.problems[:5]
    say(f"{report}"[:300])
    return taken


def main() -> None:
    rows = wanted(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    with country(units=False) as made:
        ours = ours_ms(made, rows)
        floor = floor_ms(made, rows)
    show(f"Importing {len(rows) - 1:,} units", "COPY", [Row(f"import, {len(rows) - 1:,} units", ours, floor, 4)])


if __name__ == "__main__":
    main()
