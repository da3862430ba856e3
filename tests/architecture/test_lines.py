"""Whoever makes a row that stands in the tree says who stood above it in second lines: a row without would be lost to the line."""

import ast
from pathlib import Path

from duban.app import import_models
from duban.kernel.db import Base, Placed

CODE = Path(__file__).parents[2] / "platform" / "duban"


def placed_models() -> set[str]:
    import_models()
    return {mapper.class_.__name__ for mapper in Base.registry.mappers if issubclass(mapper.class_, Placed)}


def makings(source: str, models: set[str]) -> list[tuple[int, str, bool]]:
    """List the calls that make a placed row: line, model, whether `lines` is given."""
    return [
        (call.lineno, call.func.id, "lines" in {keyword.arg for keyword in call.keywords})
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in models
        if "path" in {keyword.arg for keyword in call.keywords}  # docx has a Document too
    ]


def test_every_placed_row_is_made_with_its_lines(capsys) -> None:
    models = placed_models()
    found = [(path.name, *one) for path in sorted(CODE.rglob("*.py")) for one in makings(path.read_text(), models)]
    silent = [one for one in found if not one[3]]
    with capsys.disabled():
        print(f"\nplaced rows: {len(models)} models, made in {len(found)} places, {len(silent)} without lines")
    assert len(models) >= 15
    assert len(found) >= 15
    assert not silent


def test_one_without_is_seen() -> None:
    assert makings("Duty(path=unit.path)\nDuty(path=unit.path, lines=unit.lines)", {"Duty"}) == [
        (1, "Duty", False), (2, "Duty", True),
    ]  # fmt: skip
