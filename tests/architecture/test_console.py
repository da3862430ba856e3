"""The operator sees no tenant's content: the console opens a tenant in few, named places, and imports no feature's reads."""

import ast
from pathlib import Path

CONSOLE = Path(__file__).parents[2] / "platform" / "duban" / "console"
OPENS_A_TENANT = {
    "exporting.py": "copies rows and files into an archive that no page shows",
    "importing.py": "copies them back",
    "erasing.py": "counts and deletes",
    "operations/founding.py": "makes a tenant in which there is nobody yet",
    "measuring.py": "counts in what a tenant's policy differs from its kind's: a number",
}
"""The only files that may bind a transaction to a tenant, and why the operator learns nothing of it."""
HOLDS_ROWS = {
    "archives.py": "copies rows without looking at them",
    "desk.py": "names its own context",
    "door.py": "names the console's context",
    "steward.py": "passes ids on",
    "measuring.py": "is run by the clock in the tenant, and keeps four figures",
    "tables.py": "reads the catalogue",
}
CONTENT = {
    *("duban.programmes", "duban.targets", "duban.letters", "duban.reporting", "duban.assessments", "duban.dashboards"),
    *("duban.notifications", "duban.auditing"),
}
"""Features whose rows are what tenants do; the console has no business with any of them."""


def modules() -> dict[str, ast.Module]:
    return {str(path.relative_to(CONSOLE)): ast.parse(path.read_text()) for path in sorted(CONSOLE.rglob("*.py"))}


def openings(tree: ast.AST) -> list[str]:
    """Name every call that binds a transaction to something else than nothing or the console."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        bound = node.args[1] if len(node.args) > 1 else None
        harmless = (isinstance(bound, ast.Name) and bound.id == "CONSOLE") or (
            isinstance(bound, ast.Constant) and bound.value is None
        )
        if name in {"unit_of_work", "work", "current_scope"} or (name in {"open_session", "bind"} and not harmless):
            found.append(f"{name} at line {node.lineno}")
    return found


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def test_a_tenant_is_opened_in_the_named_files_only() -> None:
    found = {name: openings(tree) for name, tree in modules().items()}
    guilty = {name: calls for name, calls in found.items() if calls and name not in OPENS_A_TENANT}
    print(f"{len(found)} files, {sum(bool(calls) for calls in found.values())} of them open a tenant")
    assert guilty == {}
    assert all(found[name] for name in OPENS_A_TENANT), "a listed file opens none: take it off the list"


def test_the_check_would_notice() -> None:
    for bad in ("open_session(engine, tenant_id)", "unit_of_work(engine, tenant=t)", "bind(connection, tenant.id)", "work()"):
        assert openings(ast.parse(bad)), bad
    assert openings(ast.parse("open_session(engine, CONSOLE)\nopen_session(engine, None)\nbind(connection, CONSOLE)")) == []


def test_no_feature_with_content_is_imported() -> None:
    guilty = {
        name: sorted(one for one in imported(tree) if any(one == part or one.startswith(part + ".") for part in CONTENT))
        for name, tree in modules().items()
    }
    assert {name: found for name, found in guilty.items() if found} == {}


def test_models_of_tenants_stay_out_of_pages_and_reads() -> None:
    """What shows something to operators may know the register of tenants, and none of their tables."""
    known = {"duban.tenancy.models.Tenant", "duban.tenancy.models.TenantUsage", "duban.tenancy.models.TenantQuota"}
    guilty = {}
    for name, tree in modules().items():
        if name in OPENS_A_TENANT or name in HOLDS_ROWS or name == "models.py":
            continue
        models = {one for one in imported(tree) if ".models." in one and not one.startswith("duban.console.")}
        if models - known:
            guilty[name] = sorted(models - known)
    assert guilty == {}
