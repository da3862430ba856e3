"""Rules of the house that no tool checks."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "platform" / "duban"
MODULES = sorted(SOURCE.rglob("*.py"))


def calls(tree: ast.AST) -> set[str]:
    """Names of everything called in a piece of code."""
    return {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }


def test_source_root_is_not_a_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists(), "would shadow the standard library's platform"
    done = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.system())"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_unit_of_work_commits(module: Path) -> None:
    if module != SOURCE / "kernel" / "scope.py":
        assert "commit" not in calls(ast.parse(module.read_text()))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_file_is_named_for_nothing_or_too_long(module: Path) -> None:
    assert module.stem not in {"utils", "helpers", "common", "misc", "base", "manager", "constants"}
    assert len(module.read_text().splitlines()) <= 500
