"""Two versions beside each other."""

from typing import Any

from duban.fields.specs import specs_from_json
from duban.reporting.comparing import File, Mark, compare, compare_files

SPECS = specs_from_json(
    [
        {"key": "done", "label": "情况", "kind": "text"},
        {"key": "checks", "label": "次数", "kind": "integer"},
        {
            "key": "sites",
            "label": "明细",
            "kind": "table",
            "columns": [{"key": "name", "label": "单位", "kind": "text"}, {"key": "found", "label": "隐患", "kind": "integer"}],
        },
    ]
)


def say(_spec: object, stored: object) -> str:
    return "" if stored is None else str(stored)


def rows(*found: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"name": name, "found": count} for name, count in found]


def marks(now: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[tuple[str, int, str, str]]:
    (answer,) = [one for one in compare(SPECS, {"sites": now}, {"sites": before}, say) if one.cell.spec.key == "sites"]
    return [(row.mark.value, row.number, row.cells[0].now or row.cells[0].before, row.cells[1].mark.value) for row in answer.rows]


def test_changed_answers_say_old_and_new() -> None:
    found = compare(SPECS, {"done": "好", "checks": 5}, {"done": "好", "checks": 2}, say)
    assert [(one.cell.spec.key, one.changed, one.cell.before, one.cell.now) for one in found[:2]] == [
        ("done", False, "好", "好"),
        ("checks", True, "2", "5"),
    ]


def test_zero_and_no_answer_are_two_things() -> None:
    (_, checks, _) = compare(SPECS, {"checks": 0}, {"checks": None}, say)
    assert checks.cell.mark is Mark.CHANGED


def test_with_nothing_before_nothing_is_marked() -> None:
    found = compare(SPECS, {"checks": 5, "sites": rows(("甲", 1))}, None, say)
    assert not any(one.changed for one in found)
    assert len(found[2].rows) == 1


def test_a_row_put_in_the_middle_leaves_the_others_as_they_were() -> None:
    assert marks(rows(("甲", 1), ("丙", 9), ("乙", 2)), rows(("甲", 1), ("乙", 2))) == [
        ("same", 0, "甲", "same"),
        ("added", 1, "丙", "added"),
        ("same", 2, "乙", "same"),
    ]


def test_a_changed_cell_and_a_removed_row() -> None:
    assert marks(rows(("甲", 3)), rows(("甲", 1), ("乙", 2))) == [
        ("changed", 0, "甲", "changed"),
        ("removed", 1, "乙", "removed"),
    ]


def test_attachments_by_name_and_content() -> None:
    now = [File("a.pdf", "1"), File("b.pdf", "2"), File("d.pdf", "4")]
    before = [File("a.pdf", "1"), File("b.pdf", "9"), File("c.pdf", "3")]
    assert compare_files(now, before) == [
        ("a.pdf", Mark.SAME),
        ("b.pdf", Mark.CHANGED),
        ("d.pdf", Mark.ADDED),
        ("c.pdf", Mark.REMOVED),
    ]
