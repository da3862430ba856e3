"""
The minute-by-minute sweep (missing, reminders) over 10,000, 100,000 and 1,000,000 open duties of one tenant: a minute in which
nothing is due, and one in which 500 reminders fall due. Each size is compared with the smallest: it must cost what is due now.

    PYTHONPATH=platform python bench/sweep.py [most duties]
"""

import statistics
import sys
import time
from collections.abc import Callable
from uuid import UUID

from parts.national import NOW, Country, country, say
from parts.table import Row, show

from duban.kernel.ids import new_id
from duban.kernel.scope import SYSTEM, Scope, open_session
from duban.reporting import operations

SIZES = (10_000, 100_000, 1_000_000)
DUE = 500
ROUNDS, DUE_ROUNDS = 60, 7
PROMISED = 1.3
PROVINCE = "43"

REQUIREMENT = """
INSERT INTO requirement (tenant_id, id, unit_id, path, title, title_en, instruction, instruction_en, recipient, line, targets, due_rule,
    active_from, fields, nil_allowed, attachments_required, preconditions, late_model, late_points, missing_points,
    missing_after_days, state, version, created_at, withdrawn_reason)
VALUES (%s, %s, %s, %s, '月报', '', '', '', '', 'territorial', '{}', '{}', '2026-01-01', '[]', true, false, '[]', 'per_event', 0.5, 1, 10,
    'issued', 1, %s, '')
"""
# Due over the next years: nothing of them is next within the minutes that are measured.
DUTIES = """
INSERT INTO duty (tenant_id, id, requirement_id, unit_id, path, to_path, period_kind, period_code, period_start, period_end,
    reporting_year, due_on, due_at, due_since, due_version, missing_at, state, is_nil, versions, timeliness, late_days, changed_at,
    climbed, next_step_at)
SELECT u.tenant_id, gen_random_uuid(), %(requirement)s, u.id, u.path, p.path, 'month', 'p' || k, '2026-03-01', '2026-03-31', 2026,
    d.due_on, d.due_on + interval '16 hours', '2026-01-01', 1, d.due_on + interval '20 days', 'open', false, 0, 'pending', 0, %(now)s,
    '{"key": "1.0.owed", "since": "2026-01-01"}', d.due_on - interval '7 days'
FROM (SELECT *, row_number() OVER (ORDER BY path) AS n FROM unit WHERE level = 'village') u
JOIN unit p ON p.id = u.parent_id
CROSS JOIN generate_series(0, %(most)s / 10000) k
CROSS JOIN LATERAL (SELECT date '2026-04-01' + ((u.n * 7 + k * 13) %% 700)::int AS due_on) d
WHERE u.n <= 10000 AND k * 10000 + u.n > %(have)s AND k * 10000 + u.n <= %(most)s
"""
CLERKS = """
WITH chosen AS (SELECT id, row_number() OVER (ORDER BY path) AS n FROM unit WHERE level = 'village' ORDER BY path LIMIT %(due)s),
people AS (
    INSERT INTO person (tenant_id, id, login, name, post, phone, email, locale, active, search)
    SELECT %(tenant)s, gen_random_uuid(), 'v' || n, '文书', '', '', '', 'zh', true, '' FROM chosen RETURNING id, login)
INSERT INTO role_grant (tenant_id, id, person_id, role, unit_id, line, active_from, pending)
SELECT %(tenant)s, gen_random_uuid(), people.id, 'village.clerk', chosen.id, 'territorial', '2020-01-01', false
FROM chosen JOIN people ON people.login = 'v' || chosen.n
"""
MAKE_DUE = """
UPDATE duty SET next_step_at = %(now)s, due_on = '2026-03-17', due_at = '2026-03-17 16:00+00', missing_at = '2026-03-27 16:00+00'
WHERE period_code = 'p0' AND unit_id IN (SELECT id FROM unit WHERE level = 'village' ORDER BY path LIMIT %(due)s)
"""


def minute(scope: Scope) -> int:
    """Do what the clock does in a tenant."""
    missing = operations.sweep_missing(scope)
    reminders = operations.plan_reminders(scope)
    scope.session.flush()
    return missing + reminders


def median_ms(made: Country, rounds: int, check: Callable[[int], bool]) -> float:
    """Time minutes, each undone, so that all meet the same rows; the first warms up."""
    taken: list[float] = []
    for number in range(rounds + 1):
        with open_session(made.engine, made.tenant.id) as session:  # never committed: closing it undoes the minute
            begun = time.perf_counter()
            done = minute(Scope(session=session, tenant=made.tenant, actor=SYSTEM, now=NOW))
            if number:
                taken.append((time.perf_counter() - begun) * 1000)
        if not check(done):
            raise SystemExit(f"the minute did not do what it was measured for, but {done}")
    return statistics.median(taken)


def fill(made: Country, requirement: UUID, have: int, most: int) -> None:
    """Add open duties up to a number, all of them far off."""
    begun = time.monotonic()
    with made.superuser() as admin:
        admin.execute("SET session_replication_role = replica")  # no foreign keys are checked: building is not what is measured
        admin.execute(DUTIES, {"requirement": requirement, "now": NOW, "have": have, "most": most})
        admin.execute("COMMIT")
        admin.autocommit = True
        admin.execute("VACUUM ANALYZE duty")
    say(f"{most:,} duties in {time.monotonic() - begun:.1f} s")


def due_in(made: Country, *, count: int) -> None:
    """Let some reminders fall due now, or none."""
    with made.superuser() as admin:
        if count:
            admin.execute(MAKE_DUE, {"now": NOW, "due": count})
        else:
            admin.execute("UPDATE duty SET next_step_at = '2027-01-01', due_on = '2027-01-08' WHERE next_step_at <= %s", [NOW])


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1]
    idle: dict[int, float] = {}
    busy: dict[int, float] = {}
    requirement = new_id()
    with country(within=PROVINCE) as made:
        root = made.units[0]
        with made.superuser() as admin:
            admin.execute(REQUIREMENT, [made.tenant.id, requirement, root.id, root.path, NOW])
            admin.execute(CLERKS, {"tenant": made.tenant.id, "due": DUE})
        have = 0
        for size in [one for one in SIZES if one <= most]:
            fill(made, requirement, have, size)
            have = size
            due_in(made, count=0)
            idle[size] = median_ms(made, ROUNDS, lambda done: done == 0)
            due_in(made, count=DUE)
            busy[size] = median_ms(made, DUE_ROUNDS, lambda done: done == 2 * DUE)
    first = min(idle)
    rows = [Row(f"a minute with nothing due, {size:,} open", idle[size], idle[first], PROMISED) for size in idle]
    rows += [Row(f"a minute with {DUE} due, {size:,} open", busy[size], busy[first], PROMISED) for size in busy]
    show("The sweep over open duties", f"at {first:,}", rows)


if __name__ == "__main__":
    main()
