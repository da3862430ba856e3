"""
Roll-up of one monthly form: over a county of about 600 units and over the 62,074 villages of Shandong in one tenant of five levels, read
by an officer of each: leave, the tree of the time, figures and counts of every field by branch. Against the bare SQL sums of the same
JSONB: the same join of duties and their accepted versions, one sum for each number field, nothing else.

Same run, in turn, each round in an order of its own.

    PYTHONPATH=platform python bench/roll_up.py
"""

import random
import statistics
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from parts.national import NOW, Country, UnitRow, country, say
from parts.table import Row, show
from sqlalchemy import text

from duban.fields.shapes import FieldSpec, Kind, Operator, RollUp
from duban.kernel.ids import new_id
from duban.kernel.scope import Actor
from duban.reporting.adding import measures_of
from duban.reporting.queries.adding_sql import Branching, Counted, statement_of
from duban.reporting.queries.totals import Source, node_of, totals
from duban.tree.queries import find_by_code

ROUNDS = 15
PROVINCE = "37"
NEAR = 600
BIG = 10_000
"""Below this many rows leave and names cost more than the sums: said, not promised."""
PERIODS = ("2026-01", "2026-02")
PLAIN = (
    FieldSpec("found", "发现隐患", Kind.INTEGER),
    FieldSpec("closed", "完成整改", Kind.INTEGER),
    FieldSpec("money", "投入资金", Kind.DECIMAL),
    FieldSpec("rate", "整改率", Kind.COMPUTED, roll_up=RollUp(Operator.RATIO, numerator="closed", denominator="found")),
)
RICH = (
    FieldSpec("found", "发现隐患", Kind.INTEGER, qualifiers=True, na_allowed=True),
    FieldSpec("closed", "完成整改", Kind.INTEGER, na_allowed=True),
    FieldSpec("money", "投入资金", Kind.DECIMAL, roll_up=RollUp(Operator.MEAN)),
    FieldSpec("rate", "整改率", Kind.COMPUTED, roll_up=RollUp(Operator.RATIO, numerator="closed", denominator="found")),
)
FROM = (
    "FROM duty d JOIN submission s ON s.tenant_id = d.tenant_id AND s.duty_id = d.id AND s.number = d.versions "
    "WHERE d.tenant_id = :tenant AND s.tenant_id = :tenant AND d.requirement_id = :requirement AND d.period_code = :period "
    "AND d.accepted_at IS NOT NULL AND d.path >= :path AND d.path < :upper"
)
SUM_PLAIN = "SELECT " + ", ".join(f"sum((s.content->>'{key}')::numeric)" for key in ("found", "closed", "money")) + f" {FROM}"
SUM_RICH = (
    "SELECT sum(coalesce(s.content->'found'->>'n', s.content->>'found')::numeric), "
    "sum(CASE WHEN NOT s.content->'closed' ? 'na' THEN (s.content->>'closed')::numeric END), sum((s.content->>'money')::numeric) "
    f"{FROM}"
)


def requirement(made: Country, unit: UnitRow) -> UUID:
    found = new_id()
    with made.superuser() as admin:
        admin.execute(
            "INSERT INTO requirement (tenant_id, id, unit_id, path, title, title_en, instruction, instruction_en, recipient, line, targets, due_rule, "
            "active_from, fields, nil_allowed, attachments_required, preconditions, late_model, late_points, missing_points, missing_after_days, state, "
            "version, created_at, withdrawn_reason) VALUES (%s, %s, %s, %s, '隐患月报', '', '', '', '', 'territorial', '{}', '{}', '2026-01-01', '[]', true, false, "
            "'[]', 'per_event', 0.5, 1, 10, 'issued', 1, %s, '')",
            [made.tenant.id, found, unit.id, unit.path, NOW],
        )
    return found


def filled(made: Country, requirement_id: UUID, where: str, values: list[Any], *, rich: bool) -> int:
    """Every unit of the condition has handed in for two months: 94 of 100 accepted, 2 waiting, 1 returned, 3 missing; some nil returns."""
    found = "n.n % 900"
    if rich:
        found = "CASE WHEN n.n % 50 = 7 THEN jsonb_build_object('n', (n.n % 900)::text, 'q', '>') ELSE to_jsonb(n.n % 900) END"
    closed = "CASE WHEN n.n % 40 = 3 THEN '{\"na\": true}'::jsonb ELSE to_jsonb(n.n % 700) END" if rich else "n.n % 700"
    with made.superuser() as admin:
        for period in PERIODS:
            admin.execute(
                "INSERT INTO duty (tenant_id, id, requirement_id, unit_id, path, to_path, period_kind, period_code, period_start, period_end, reporting_year, "
                "due_on, due_at, due_since, due_version, missing_at, state, is_nil, versions, timeliness, late_days, changed_at, accepted_at, accepted_version, at_path, waiting_since) "
                "SELECT u.tenant_id, gen_random_uuid(), %s, u.id, u.path, p.path, 'month', %s, (%s || '-01')::date, (%s || '-28')::date, 2026, (%s || '-25')::date, "
                "(%s || '-26')::date, '2026-01-01', 1, (%s || '-28')::date, "
                "CASE WHEN k.k < 94 THEN 'accepted' WHEN k.k < 96 THEN 'submitted' WHEN k.k = 96 THEN 'returned' ELSE 'missing' END, false, "
                "CASE WHEN k.k < 97 THEN 1 ELSE 0 END, CASE WHEN k.k < 90 THEN 'on_time' WHEN k.k < 97 THEN 'late' ELSE 'missing' END, 0, %s, "
                "CASE WHEN k.k < 94 THEN %s::timestamptz END, CASE WHEN k.k < 94 THEN 1 END, CASE WHEN k.k IN (94, 95) THEN p.path END, "
                "CASE WHEN k.k IN (94, 95) THEN %s::timestamptz END "
                "FROM (SELECT u.id, row_number() OVER (ORDER BY md5(u.code)) AS n FROM unit u WHERE " + where + ") n "
                "JOIN unit u ON u.id = n.id JOIN unit p ON p.id = u.parent_id CROSS JOIN LATERAL (SELECT n.n %% 100 AS k) k",
                [requirement_id, *[period] * 6, NOW, NOW, NOW, *values],
            )
        admin.execute(
            "INSERT INTO submission (tenant_id, id, duty_id, number, content, is_nil, note, submitted_at, submitter_name, reason, reviewer_name, path, to_path) "
            "SELECT n.tenant_id, gen_random_uuid(), n.id, 1, CASE WHEN n.n %% 33 = 0 THEN '{}'::jsonb ELSE jsonb_build_object("
            f"'found', {found.replace('%', '%%')}, 'closed', {closed.replace('%', '%%')}, 'money', (n.n %% 9999)::text || '.50', 'rate', '0.75', "
            "'done', repeat('检查企业三家，发现隐患若干，已责令限期整改。', 5)) END, n.n %% 33 = 0, '', %s, '', '', '', n.path, n.to_path "
            "FROM (SELECT d.*, row_number() OVER (ORDER BY md5(d.id::text)) AS n FROM duty d WHERE d.requirement_id = %s AND d.versions = 1) n",
            [NOW, requirement_id],
        )
        row = admin.execute("SELECT count(*) FROM duty WHERE requirement_id = %s", [requirement_id]).fetchone()
    return int(row[0]) if row else 0


def county_of(made: Country) -> tuple[UnitRow, int]:
    """Find the county with about 600 units below it."""
    places = {row.id: row for row in made.units}
    below: dict[UUID, int] = {}
    for row in made.units:
        above = row.parent
        while above is not None:
            below[above] = below.get(above, 0) + 1
            above = places[above].parent
    counties = [row for row in made.units if len(row.code) == 6 and row.id in below]
    chosen = min(counties, key=lambda row: abs(below[row.id] - NEAR))
    return chosen, below[chosen.id]


def measure(
    made: Country, who: Actor, what: str, at: UnitRow, requirement_id: UUID, specs: tuple[FieldSpec, ...], bare: str
) -> list[Row]:
    upper = at.path[:-1] + "/"
    values = {"tenant": made.tenant.id, "requirement": requirement_id, "period": PERIODS[1], "path": at.path, "upper": upper}
    source, measures = Source((requirement_id,), (PERIODS[1],)), measures_of(specs)

    def ours() -> Any:
        with made.scope(who) as scope:
            unit = find_by_code(scope, at.code)
            assert unit is not None
            return totals(scope, source=source, node=node_of(scope, unit), measures=measures)

    def floor() -> Any:
        with made.scope(who) as scope:
            return scope.session.execute(text(bare), values).one()

    with made.scope(who) as scope:
        unit = find_by_code(scope, at.code)
        assert unit is not None
        head = node_of(scope, unit)
        statement = statement_of(
            scope,
            Counted(source.requirement_ids, source.periods, submitted=False),
            Branching(unit.id, head.paths, None),
            measures,
            nested=False,
        )

    def alone() -> Any:
        with made.scope(who) as scope:
            return scope.session.execute(statement).all()

    found, sums = ours(), floor()
    assert found.totals["found"].figure.number == sums[0], (found.totals["found"], sums)
    assert found.totals["closed"].figure.number == sums[1]
    ways: list[tuple[str, Callable[[], Any]]] = [("ours", ours), ("alone", alone), ("floor", floor)]
    taken: dict[str, list[float]] = {name: [] for name, _ in ways}
    dice = random.Random(20261122)
    for _ in range(ROUNDS):
        dice.shuffle(ways)
        for name, way in ways:
            begun = time.perf_counter()
            way()
            taken[name].append((time.perf_counter() - begun) * 1000)
    note = f"{found.counts.expected:,} duties, {found.counts.counted:,} counted, {len(found.branches)} branches, 发现隐患 {found.totals['found'].figure}"
    middle = {name: statistics.median(times) for name, times in taken.items()}
    whole = middle["ours"]
    return [
        Row(f"{what}: the statement", middle["alone"], middle["floor"], 2, note),
        Row(
            f"{what}: with leave and names",
            whole,
            middle["floor"],
            2 if len(found.branches) and sums and found.counts.expected > BIG else None,
        ),
    ]


def main() -> None:
    rows = []
    with country(within=PROVINCE) as made:
        province = next(row for row in made.units if row.code == PROVINCE)
        county, size = county_of(made)
        say(f"{county.name}: {size} units")
        plain, rich, small = (requirement(made, at) for at in (province, province, county))
        count = filled(made, plain, "u.level = 'village'", [], rich=False)
        filled(made, rich, "u.level = 'village'", [], rich=True)
        filled(made, small, "u.path > %s AND u.path < %s", [county.path, county.path[:-1] + "/"], rich=False)
        say(f"{count:,} duties of each form in the province, two months")
        with made.superuser() as admin:
            admin.execute("VACUUM ANALYZE")
        leader = made.reader(PROVINCE, "county.leader")
        officer = made.reader(county.code, "county.officer")
        rows.extend(measure(made, officer, f"a county, {size} units", county, small, PLAIN, SUM_PLAIN))
        rows.extend(measure(made, leader, "Shandong, 62,074 villages", province, plain, PLAIN, SUM_PLAIN))
        rows.extend(measure(made, leader, "Shandong, with qualifiers and 不适用", province, rich, RICH, SUM_RICH))
        rows.extend(measure(made, officer, f"{county.name} within Shandong's form", county, plain, PLAIN, SUM_PLAIN))
    show("Roll-up of one form, three numbers and a ratio", "bare SQL sum", rows)


if __name__ == "__main__":
    main()
