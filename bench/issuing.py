"""
Issuing a monthly form to all 661,925 townships and villages of China, every province a tenant: the operation (leave, periods, duties,
messages, audit) against one raw INSERT … SELECT of the same rows into the same table by the same role, tenant by tenant in one run.

    PYTHONPATH=platform python bench/issuing.py
"""

import time
from uuid import UUID

from parts.national import Country, province_tenants, say
from parts.table import Row, show
from sqlalchemy import text

from duban.kernel.scope import Actor
from duban.reporting import operations
from duban.reporting.forms import requirement_form

RAW = text(
    "INSERT INTO duty (tenant_id, id, requirement_id, unit_id, path, to_path, period_kind, period_code, period_start, period_end, reporting_year, due_on, "
    "due_at, due_since, due_version, missing_at, state, is_nil, versions, timeliness, late_days, changed_at) "
    "SELECT d.tenant_id, gen_random_uuid(), :copy, d.unit_id, d.path, d.to_path, d.period_kind, d.period_code, d.period_start, d.period_end, d.reporting_year, "
    "d.due_on, d.due_at, d.due_since, 1, d.missing_at, 'open', false, 0, 'pending', 0, d.changed_at FROM duty d "
    "WHERE d.tenant_id = :tenant AND d.requirement_id = :made"
)


def form() -> dict[str, object]:
    return {
        "title": "安全检查月报",
        "targets": {"scope": "subtree", "levels": ["township", "village"]},
        "due": {"kind": "nth_day", "every": "month", "nth": 25, "which": "same"},
        "active_from": "2026-03-01",
        "active_until": "2026-03-31",
        "fields": [{"key": "checks", "label": "检查次数", "kind": "integer"}],
    }


def drafted(made: Country, officer: Actor) -> UUID:
    with made.scope(officer) as scope:
        return operations.create_requirement(scope, unit_id=made.units[0].id, form=requirement_form(form())).id


def issued(made: Country, officer: Actor, requirement: UUID) -> tuple[float, int]:
    """Issue. Gives: milliseconds, duties."""
    begun = time.perf_counter()
    with made.scope(officer) as scope:
        count = operations.issue(scope, requirement_id=requirement).created
    return (time.perf_counter() - begun) * 1000, count


def inserted(made: Country, officer: Actor, copy: UUID, of: UUID) -> float:
    """Copy the duties of one requirement to another. Gives: milliseconds."""
    begun = time.perf_counter()
    with made.scope(officer) as scope:
        scope.session.execute(RAW, {"copy": copy, "made": of, "tenant": made.tenant.id})
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    ours, raw, counts = [], [], []
    with province_tenants() as tenants:
        for number, made in enumerate(tenants):
            officer = made.reader(made.units[0].code, "province.officer")
            warm, first, second = (drafted(made, officer) for _ in range(3))
            issued(made, officer, warm)  # the rows the floor copies; the table has grown before either is measured
            for turn in (number % 2, 1 - number % 2):  # who goes first changes, for the second finds the table larger
                if turn:
                    raw.append(inserted(made, officer, second, warm))
                else:
                    taken, count = issued(made, officer, first)
                    ours.append(taken)
                    counts.append(count)
            say(f"{made.tenant.name}: {counts[-1]:,} duties, {ours[-1]:,.0f} ms, raw {raw[-1]:,.0f} ms")
    largest = counts.index(max(counts))
    show(
        f"Issuing a monthly form to {sum(counts):,} townships and villages of {len(counts)} provinces, each a tenant",
        "INSERT SELECT",
        [
            Row(f"issue, all {sum(counts):,} duties", sum(ours), sum(raw), 3),
            Row(f"issue, largest tenant: {max(counts):,} duties", ours[largest], raw[largest], 3),
        ],
    )


if __name__ == "__main__":
    main()
