"""
Issuing a quarterly requirement to the villages of Hunan, about 100,000 duties: the operation (leave, periods, duties, messages,
audit) against one raw INSERT … SELECT of the same rows into the same table by the same role.

    PYTHONPATH=platform python bench/issuing.py
"""

import statistics
import time
from uuid import UUID

from parts.national import Country, country
from parts.table import Row, show
from sqlalchemy import text

from duban.kernel.scope import Actor
from duban.reporting import operations
from duban.reporting.forms import requirement_form

ROUNDS = 3
PROVINCE = "43"
RAW = text(
    "INSERT INTO duty (tenant_id, id, requirement_id, unit_id, path, to_path, period_kind, period_code, period_start, period_end, reporting_year, due_on, "
    "due_at, due_since, due_version, missing_at, state, is_nil, versions, timeliness, late_days, changed_at) "
    "SELECT d.tenant_id, gen_random_uuid(), :copy, d.unit_id, d.path, d.to_path, d.period_kind, d.period_code, d.period_start, d.period_end, d.reporting_year, "
    "d.due_on, d.due_at, d.due_since, 1, d.missing_at, 'open', false, 0, 'pending', 0, d.changed_at FROM duty d "
    "WHERE d.tenant_id = :tenant AND d.requirement_id = :made"
)


def form() -> dict[str, object]:
    return {
        "title": "季度安全检查情况",
        "targets": {"scope": "subtree", "levels": ["village"]},
        "due": {"kind": "nth_day", "every": "quarter", "nth": 25, "which": "same"},
        "active_from": "2026-01-01",
        "active_until": "2026-12-31",
        "fields": [{"key": "checks", "label": "检查次数", "kind": "integer"}],
    }


def drafted(made: Country, officer: Actor) -> UUID:
    with made.scope(officer) as scope:
        return operations.create_requirement(scope, unit_id=made.units[0].id, form=requirement_form(form())).id


def main() -> None:
    ours, raw, count = [], [], 0
    with country(within=PROVINCE) as made:
        officer = made.reader("0", "county.officer")
        for _ in range(ROUNDS):
            first, second = drafted(made, officer), drafted(made, officer)
            begun = time.perf_counter()
            with made.scope(officer) as scope:
                count = operations.issue(scope, requirement_id=first).created
            ours.append((time.perf_counter() - begun) * 1000)
            begun = time.perf_counter()
            with made.scope(officer) as scope:
                scope.session.execute(RAW, {"copy": second, "made": first, "tenant": made.tenant.id})
            raw.append((time.perf_counter() - begun) * 1000)
    show(
        f"Issuing {count:,} duties",
        "INSERT SELECT",
        [Row(f"issue, {count:,} duties", statistics.median(ours), statistics.median(raw), 3)],
    )


if __name__ == "__main__":
    main()
