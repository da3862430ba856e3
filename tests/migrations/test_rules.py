"""What a migration may not do to tables people are working in. Small rules of our own, after those of squawk."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))
BEFORE_RELEASE = "20261122_0107_data.py"
"""The newest migration of the first release: up to it nobody has data. What locks or breaks is forbidden from here on."""
CONTRACT = "Contract:"
"""A module docstring with this word says since which release no code uses what is dropped."""
VOLATILE = re.compile(r"gen_random_uuid|clock_timestamp|random\(|nextval|timeofday", re.IGNORECASE)
MAKES = {"create_table", "create_tenant_table"}


def argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def table_of(call: ast.Call, position: int) -> str:
    first = call.args[position] if len(call.args) > position else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else "?"


def problems(source: str, *, released: bool) -> list[str]:
    """Name what is wrong with a migration's `upgrade`. Takes: whether there may be data already."""
    module = ast.parse(source)
    docstring = ast.get_docstring(module) or ""
    upgrade = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade")
    calls = [node for node in ast.walk(upgrade) if isinstance(node, ast.Call)]
    new = {table_of(call, 0) for call in calls if name_of(call) in MAKES}
    found = [
        f"imports {node.module}: a migration must do tomorrow what it did today"
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("duban")
    ]
    for call in calls:
        found += _always(call)
        if released:
            found += _released(call, new, docstring)
    return found


def _always(call: ast.Call) -> list[str]:
    name, found = name_of(call), []
    if name == "add_column":
        columns = [node for node in ast.walk(call) if isinstance(node, ast.Call) and name_of(node) == "Column"]
        for column in columns:
            default = argument(column, "server_default")
            required = argument(column, "nullable")
            is_computed = any(isinstance(node, ast.Call) and name_of(node) == "Computed" for node in ast.walk(column))
            if isinstance(required, ast.Constant) and required.value is False and default is None and not is_computed:
                found.append("a required column without a default fails on a table with rows")
            if default is not None and VOLATILE.search(ast.unparse(default)):
                found.append("a default that differs per row rewrites the table under lock")
    return found


def _released(call: ast.Call, new: set[str], docstring: str) -> list[str]:
    name, text = name_of(call), ast.unparse(call)
    if name in {"drop_column", "drop_table", "rename_table"} and CONTRACT not in docstring:
        return [f"{name} breaks the code still running; expand first, and say in the docstring since when nobody uses it"]
    if name == "alter_column" and {"type_", "new_column_name"} & {keyword.arg for keyword in call.keywords}:
        return ["changing a column's type or name rewrites or breaks; add a new one"]
    if name == "alter_column" and "nullable=False" in text:
        return ["SET NOT NULL reads the whole table under lock; add a CHECK NOT VALID, validate it, then set"]
    is_old = table_of(call, 0 if name == "index" else 1) not in new
    if name in {"create_index", "index"} and is_old and "postgresql_concurrently=True" not in text:
        return ["an index on a table with rows stops its writers; CONCURRENTLY, in an autocommit block"]
    constraints = {"create_foreign_key", "create_check_constraint", "create_unique_constraint"}
    if name in constraints and is_old and "postgresql_not_valid=True" not in text:
        return ["a constraint reads the whole table under lock; NOT VALID first, VALIDATE in the next migration"]
    no_change = re.search(r"\bGRANT\b|\bLIMIT\b|CREATE (CONSTRAINT )?TRIGGER (?:(?!;).)*$", text, re.DOTALL)
    if name == "execute" and re.search(r"\b(UPDATE|DELETE)\b(?!\s+ON)", text) and not no_change:
        return ["changes rows in one statement; in batches, outside the schema's migration"]
    return []


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_migrations_keep_the_rules(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8"), released=path.name > BEFORE_RELEASE) == []


BAD = {
    "required without default": 'op.add_column("duty", sa.Column("x", sa.Text, nullable=False))',
    "volatile default": 'op.add_column("duty", sa.Column("x", sa.Uuid, server_default=sa.text("gen_random_uuid()")))',
    "drop column": 'op.drop_column("duty", "x")',
    "drop table": 'op.drop_table("duty")',
    "rename table": 'op.rename_table("duty", "task")',
    "rename column": 'op.alter_column("duty", "x", new_column_name="y")',
    "type": 'op.alter_column("duty", "x", type_=sa.Integer)',
    "not null": 'op.alter_column("duty", "x", nullable=False)',
    "index": 'op.create_index("ix", "duty", ["x"])',
    "index by our helper": 'index("duty", "x")',
    "foreign key": 'op.create_foreign_key("fk", "duty", "unit", ["x"], ["id"])',
    "check": 'op.create_check_constraint("ck", "duty", "x > 0")',
    "update": 'op.execute("UPDATE duty SET x = 1 WHERE true")',
    "delete": 'op.execute("DELETE FROM duty")',
}
GOOD = {
    "nullable": 'op.add_column("duty", sa.Column("x", sa.Text))',
    "constant default": 'op.add_column("duty", sa.Column("x", sa.Text, nullable=False, server_default=sa.text("\'\'")))',
    "index on its own table": 'create_tenant_table("mine", sa.Column("x", sa.Text))\n    index("mine", "x")',
    "concurrently": 'op.create_index("ix", "duty", ["x"], postgresql_concurrently=True)',
    "not valid": 'op.create_check_constraint("ck", "duty", "x > 0", postgresql_not_valid=True)',
    "grant": 'op.execute("GRANT SELECT, INSERT, UPDATE ON duty TO duban_app")',
}


def migration(body: str, docstring: str = "x") -> str:
    return f'"""{docstring}"""\nfrom alembic import op\n\ndef upgrade() -> None:\n    {body}\n'


def test_the_rules_see_what_is_bad_and_let_pass_what_is_good() -> None:
    """The control."""
    caught = [name for name, body in BAD.items() if problems(migration(body), released=True)]
    passed = [name for name, body in GOOD.items() if not problems(migration(body), released=True)]
    assert caught == list(BAD)
    assert passed == list(GOOD)
    assert problems(migration(BAD["drop column"], "Contract: nobody since 0.3"), released=True) == []
    assert problems(migration("pass") + "from duban.kernel import db\n", released=False)
    print(
        f"{len(caught)} of {len(BAD)} bad migrations caught, {len(passed)} of {len(GOOD)} good ones let pass, {len(VERSIONS)} read"
    )
