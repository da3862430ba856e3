"""
Units by the hundred thousand: copied into a table of the transaction, checked there all at once, placed by one statement each.

For a whole country's townships and villages, where reading every unit into Python would take gigabytes. Memory stays bounded:
rows are read one by one and never kept.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from duban.access.checks import require
from duban.audit.operations import record
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.organisation.errors import ImportRefusedError
from duban.organisation.levels import levels_by_name
from duban.organisation.rules.fast_pinyin import search_text_fast
from duban.organisation.rules.naming import check_code, check_name, tidy
from duban.organisation.rules.units_file import RowProblem, UnitRow
from duban.organisation.states import Column
from duban.tenancy.kinds_in_force import structure
from duban.tree.changes import bump, hold_tree
from duban.tree.queries import root

PROBLEMS_SHOWN = 200

_STAGE = (
    "CREATE TEMPORARY TABLE incoming_unit (line int NOT NULL, code text NOT NULL, name text NOT NULL, short_name text NOT NULL,"
    " level text NOT NULL, parent_code text NOT NULL, sector text NOT NULL, search text NOT NULL, id uuid NOT NULL)"
    " ON COMMIT DROP"
)
_COPY = "COPY incoming_unit (line, code, name, short_name, level, parent_code, sector, search, id) FROM STDIN"

# A label as tree.paths.label writes it: how many digits as a letter of the alphabet, then the digits in base 36.
_DIGITS = "'0123456789abcdefghijklmnopqrstuvwxyz'"


def _digit(power: int) -> str:
    return f"substr({_DIGITS}, (n / {36**power}) % 36 + 1, 1)"


_LABEL = (
    f"CASE WHEN n < 36 THEN '1' || {_digit(0)} WHEN n < 1296 THEN '2' || {_digit(1)} || {_digit(0)}"
    f" WHEN n < 46656 THEN '3' || {_digit(2)} || {_digit(1)} || {_digit(0)}"
    f" ELSE '4' || {_digit(3)} || {_digit(2)} || {_digit(1)} || {_digit(0)} END"
)

_COUNT_CHILDREN = (
    "CREATE TEMPORARY TABLE incoming_child ON COMMIT DROP AS"
    " SELECT parent_code, count(*) AS children FROM incoming_unit GROUP BY parent_code"
)
# Children are numbered after those the parent already had; then paths grow from the known parents downwards.
_PLACE = (
    "CREATE TEMPORARY TABLE placed_unit ON COMMIT DROP AS WITH RECURSIVE numbered AS ("  # noqa: S608 - no value of anybody's
    f" SELECT code, id, parent_code, n, {_LABEL} AS label FROM ("
    "  SELECT incoming.code, incoming.id, incoming.parent_code,"
    "   row_number() OVER (PARTITION BY incoming.parent_code ORDER BY incoming.line)::int + coalesce(known.children_made, 0) AS n"
    "  FROM incoming_unit AS incoming LEFT JOIN unit AS known ON known.tenant_id = :tenant AND known.code = incoming.parent_code"
    " ) AS counted),"
    " placed AS (SELECT numbered.code, numbered.id, numbered.n, known.id AS parent_id,"
    "  known.path || numbered.label || '.' AS path"
    "  FROM numbered JOIN unit AS known ON known.tenant_id = :tenant AND known.code = numbered.parent_code"
    " UNION ALL SELECT numbered.code, numbered.id, numbered.n, placed.id, placed.path || numbered.label || '.'"
    "  FROM numbered JOIN placed ON placed.code = numbered.parent_code)"
    " SELECT code, id, n, parent_id, path FROM placed"
)
_WRITE_UNITS = (
    "INSERT INTO unit (tenant_id, id, code, name, short_name, level, sector, search, parent_id, path, children_made, position,"
    " active_from)"
    " SELECT :tenant, placed.id, placed.code, incoming.name, incoming.short_name, incoming.level, incoming.sector,"
    " incoming.search, placed.parent_id, placed.path, coalesce(child.children, 0), placed.n, :active_from"
    " FROM placed_unit AS placed JOIN incoming_unit AS incoming ON incoming.id = placed.id"
    " LEFT JOIN incoming_child AS child ON child.parent_code = placed.code"
)
_WRITE_PLACES = (
    "INSERT INTO placement (tenant_id, id, unit_id, line, parent_id, path, is_primary, active_from)"
    " SELECT :tenant, gen_random_uuid(), id, :line, parent_id, path, true, :active_from FROM placed_unit"
)
_COUNT_AT_PARENTS = (
    "UPDATE unit SET children_made = unit.children_made + child.children FROM incoming_child AS child"
    " WHERE unit.tenant_id = :tenant AND unit.code = child.parent_code"
    " AND NOT EXISTS (SELECT FROM incoming_unit AS incoming WHERE incoming.code = unit.code)"
)

_WRONG: tuple[tuple[Column, str, str], ...] = (
    (
        Column.CODE,
        N_("代码 %(code)s 在文件中出现了不止一次，请改正。"),
        ("SELECT line, code FROM incoming_unit WHERE code IN (SELECT code FROM incoming_unit GROUP BY code HAVING count(*) > 1)"),
    ),
    (
        Column.CODE,
        N_("代码 %(code)s 已被其他单位使用。"),
        (
            "SELECT line, incoming.code FROM incoming_unit AS incoming JOIN unit AS known"
            " ON known.tenant_id = :tenant AND known.code = incoming.code"
        ),
    ),
    (
        Column.PARENT,
        N_("找不到代码为 %(code)s 的上级：系统中和文件中都没有，请核对或先补上这一行。"),
        (
            "SELECT line, parent_code FROM incoming_unit AS incoming"
            " WHERE NOT EXISTS (SELECT FROM incoming_unit AS above WHERE above.code = incoming.parent_code)"
            " AND NOT EXISTS (SELECT FROM unit AS known WHERE known.tenant_id = :tenant AND known.code = incoming.parent_code"
            "  AND (known.active_to IS NULL OR known.active_to > :today))"
        ),
    ),
    (
        Column.LEVEL,
        N_("级别与上级（代码 %(code)s）的级别不相配，请核对级别或上级代码。"),
        (
            "SELECT line, parent_code FROM incoming_unit AS incoming JOIN LATERAL ("
            "  SELECT level FROM incoming_unit AS above WHERE above.code = incoming.parent_code"
            "  UNION ALL SELECT level FROM unit AS known WHERE known.tenant_id = :tenant AND known.code = incoming.parent_code"
            " ) AS above ON true WHERE incoming.level || ' ' || above.level <> ALL (CAST(:fitting AS text[]))"
        ),
    ),
)
_CIRCLES = (
    "SELECT line, incoming.code FROM incoming_unit AS incoming"
    " WHERE NOT EXISTS (SELECT FROM placed_unit AS placed WHERE placed.id = incoming.id)"
)


@dataclass(frozen=True)
class BulkReport:
    """What copying did, or why it did nothing: at most PROBLEMS_SHOWN of the `wrong` rows are named in `problems`."""

    units: int
    wrong: int
    problems: tuple[RowProblem, ...]


def copy_units(scope: Scope, *, rows: Iterable[UnitRow], source: str) -> BulkReport:
    """
    Take units by the hundred thousand, all of them or none. This is what the bench calls.

    Takes:  rows in any order, parents in the file or in the tenant; `source` names the file in the audit record.
    Raises: ImportRefusedError where any row is wrong, after which the unit of work is to be given up; `check_copy` says which.
            NotFoundError, NotAllowedError for a person who does not manage units at the root; the service itself may.
    Costs:  about four times a bare COPY of the same rows; memory does not grow with them.
    """
    report = _require_and_stage(scope, rows)
    if report.problems:
        raise ImportRefusedError(report.wrong)
    values: dict[str, Any] = {
        "tenant": scope.tenant_id,
        "active_from": scope.today,
        "line": structure(scope).primary_line.code,
    }
    for statement in (_WRITE_UNITS, _WRITE_PLACES, _COUNT_AT_PARENTS):
        scope.session.execute(text(statement), values)
    bump(scope)
    scope.session.expire_all()
    top = root(scope)
    record(scope, "units.imported", "unit", top.id, top.path, count=report.units, file=source)
    return report


def check_copy(scope: Scope, *, rows: Iterable[UnitRow]) -> BulkReport:
    """
    Say what copying these rows would do, naming the wrong ones; the unit of work is to be given up afterwards.

    Raises: NotFoundError, NotAllowedError.
    """
    return _require_and_stage(scope, rows)


def _require_and_stage(scope: Scope, rows: Iterable[UnitRow]) -> BulkReport:
    hold_tree(scope)
    if scope.actor.person_id is not None:
        require(scope, "unit", "manage", root(scope))
    problems: list[RowProblem] = []
    levels = levels_by_name(scope)
    scope.session.execute(text("SET LOCAL statement_timeout = '20min'"))
    scope.session.execute(text(_STAGE))
    units, unsound = _copy(scope, rows, levels, problems)
    for statement in ("CREATE INDEX ON incoming_unit (code)", "ANALYZE incoming_unit"):
        scope.session.execute(text(statement))
    wrong = unsound + sum(_find(scope, column, template, sql, problems) for column, template, sql in _WRONG)
    if not wrong:
        for statement in (_COUNT_CHILDREN, _PLACE, "CREATE INDEX ON placed_unit (id)", "ANALYZE placed_unit"):
            scope.session.execute(text(statement), {"tenant": scope.tenant_id} if "unit AS known" in statement else {})
        wrong += _find(scope, Column.PARENT, N_("上级关系成了环，请核对上级代码。"), _CIRCLES, problems)
    return BulkReport(units, wrong, tuple(sorted(problems)[:PROBLEMS_SHOWN]))


def _copy(scope: Scope, rows: Iterable[UnitRow], levels: dict[str, str], problems: list[RowProblem]) -> tuple[int, int]:
    unsound = 0

    def written() -> Iterator[tuple[Any, ...]]:
        nonlocal unsound
        for row in rows:
            code, name, short_name = tidy(row.code), tidy(row.name), tidy(row.short_name) or tidy(row.name)
            level = levels.get(row.level.lower(), "")
            found = _unsound(row, code, name, level)
            unsound += len(found)
            problems.extend(found[: PROBLEMS_SHOWN - len(problems)])
            search = search_text_fast(name, short_name, code)
            yield row.line, code, name, short_name, level, tidy(row.parent_code), tidy(row.sector), search, new_id()

    driver = scope.session.connection().connection.driver_connection
    if driver is None:
        raise RuntimeError("no connection")
    count = 0
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for values in written():
            copy.write_row(values)
            count += 1
    return count, unsound


def _unsound(row: UnitRow, code: str, name: str, level: str) -> list[RowProblem]:
    found = [(Column.CODE, check_code(code)), (Column.NAME, check_name(name))]
    if not level:
        found.append((Column.LEVEL, Text(N_("“%(level)s”不是级别，请核对。"), {"level": row.level})))
    return [RowProblem(row.line, column.value, problem) for column, problem in found if problem is not None]


def _find(scope: Scope, column: Column, template: str, sql: str, problems: list[RowProblem]) -> int:
    """Count the rows a query finds wrong, and note the first of them."""
    known = structure(scope)
    line = known.primary_line.code
    fitting = [f"{level.code} {parent}" for level in known.levels for parent in level.under.get(line, ())]
    values = {"tenant": scope.tenant_id, "today": scope.today, "fitting": fitting}
    wanted = {name: value for name, value in values.items() if f":{name}" in sql}
    total = int(scope.session.scalar(text(f"SELECT count(*) FROM ({sql}) AS wrong"), wanted) or 0)  # noqa: S608 - our own SQL
    if total:
        rows = scope.session.execute(text(f"{sql} ORDER BY line LIMIT {PROBLEMS_SHOWN}"), wanted)
        problems.extend(RowProblem(line_number, column.value, Text(template, {"code": code})) for line_number, code in rows)
    return total
