"""
Watches every statement of the suite: one that touches a tenant table without binding its `tenant_id` fails on the spot.

Row-level security would still hide foreign rows; this keeps the statements fit for a database spread over machines. Each table of
a statement, in joins and subqueries too, must have its own `tenant_id` compared (with a value or with another table's): a mention
in the list of columns is not enough. What bulk inserts write must name the column.
"""

import re
from functools import lru_cache

from sqlalchemy import Engine, event

from duban.kernel.db import Base, TenantTable

DELIBERATE = "/* without tenant on purpose */"
# Words that follow a table's name and are no alias.
_WORDS = (
    "where|on|join|left|right|inner|outer|full|cross|group|order|limit|for|set|using|values|select|union|returning|offset|having|"
    "window|fetch|and|or|natural|when|do|default|except|intersect|tablesample|lateral|not|in|from"
)
_NAME = rf'(?:public\.)?"?([a-z_][a-z0-9_]*)"?(?:\s+(?:AS\s+)?(?!(?:{_WORDS})\b)"?([a-z_][a-z0-9_]*)"?)?'
_SOURCE = re.compile(
    rf"\b(?:FROM|JOIN|UPDATE|USING)\s+(?:LATERAL\s+)?(?:ONLY\s+)?{_NAME}((?:\s*,\s*(?:ONLY\s+)?{_NAME})*)", re.IGNORECASE
)
_MORE = re.compile(rf",\s*(?:ONLY\s+)?{_NAME}", re.IGNORECASE)
_INSERT = re.compile(r'\bINSERT\s+INTO\s+(?:public\.)?"?([a-z_][a-z0-9_]*)"?\s*(?:AS\s+\w+\s*)?(\([^)]*\))?', re.IGNORECASE)
_EXTRACT = re.compile(
    r"\b(extract|trim|substring|overlay|position)\s*\(\s*\w+\s+FROM\b|\bIS\s+(NOT\s+)?DISTINCT\s+FROM\b", re.IGNORECASE
)
_FOR_UPDATE = re.compile(r"\bFOR\s+(NO\s+KEY\s+)?UPDATE(\s+OF\s+\w+)?|\bDO\s+UPDATE\b", re.IGNORECASE)
_UNQUALIFIED = re.compile(r'(?<![.\w"])"?tenant_id"?\s*(?:=|IN\b)', re.IGNORECASE)
_NOTHING = re.compile(r"\bWHERE\s+false\s*(\)|ORDER\b|LIMIT\b|GROUP\b|$)", re.IGNORECASE)  # what who may read nothing asks
_ASSIGNED = re.compile(r"\bSET\s(?:(?!\bFROM\b|\bWHERE\b|\bRETURNING\b).)*", re.IGNORECASE | re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
checked = {"statements": 0, "different": 0, "tables": 0}


def tenant_tables() -> frozenset[str]:
    """Names of the tables that belong to tenants."""
    mapped = {mapper.local_table.name for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantTable)}
    return frozenset(mapped | {"audit_record", "audit_head"})


def occurrences(statement: str, tables: frozenset[str]) -> list[tuple[str, str]]:
    """List each tenant table a statement reads or changes, with the name it goes by there."""
    bare = _FOR_UPDATE.sub(" ", _EXTRACT.sub(" ", statement))
    found = []
    for match in _SOURCE.finditer(bare):
        names = [match.groups()[:2], *(more.groups() for more in _MORE.finditer(match.group(3) or ""))]
        for table, alias in names:
            if table.lower() in tables:
                found.append((table.lower(), (alias or table).lower()))
    return found


@lru_cache(maxsize=20_000)
def complaint(statement: str, tables: frozenset[str]) -> str | None:
    """Say what is wrong with a statement, None when nothing is."""
    if DELIBERATE in statement or _NOTHING.search(statement):
        return None
    bare = _ASSIGNED.sub(" SET ", _LITERAL.sub("''", statement))
    for table, columns in _INSERT.findall(bare):
        if table.lower() in tables and "tenant_id" not in columns:
            return f"no tenant_id is written into {table}: {statement[:600]}"
    read = occurrences(bare, tables)
    checked["different"] += 1
    checked["tables"] += len(read)
    unqualified = len(_UNQUALIFIED.findall(bare))  # raw SQL with one table per subquery need not say whose
    for table, name in read:
        qualified = rf'"?\b{name}\b"?\."?tenant_id"?'
        compared = re.search(
            rf"{qualified}\s*(=|IN\b)|=\s*{qualified}|\([^()]*{qualified}[^()]*\)\s*(=|IN\b)", bare, re.IGNORECASE
        )
        if compared:
            continue
        unqualified -= 1
        if unqualified < 0:
            return f"tenant_id of {table} ({name}) is not bound: {statement[:300]} … {statement[-900:]}"
    return None


def summary() -> str:
    """Give the figures in one line."""
    return (
        f"statements: {checked['statements']} checked, {checked['different']} different, {checked['tables']} tables in them bound"
    )


def watch() -> None:
    """Check every statement from now on."""
    tables = tenant_tables()

    @event.listens_for(Engine, "before_cursor_execute")
    def _check(connection, _cursor, statement, _parameters, _context, _many):  # noqa: ANN202
        if "duban_app" not in str(connection.engine.url):
            return
        checked["statements"] += 1
        problem = complaint(statement, tables)
        if problem:
            raise AssertionError(problem)
