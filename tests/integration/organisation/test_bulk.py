"""Units by the thousand: the same tree as one by one, all or nothing, every kind of mistake named, memory bounded."""

import tracemalloc
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.organisation.errors import ImportRefusedError
from duban.organisation.operations.bulk import check_copy, copy_units
from duban.organisation.operations.units import create_unit
from duban.organisation.rules.fast_pinyin import search_text_fast
from duban.organisation.rules.naming import search_text
from duban.organisation.rules.units_file import UnitRow
from duban.tree.models import Placement, Unit
from tests.cast import World
from tests.integration.organisation.test_reorganising import check_tree


def township(number: int, line: int) -> UnitRow:
    return UnitRow(line, f"9{number:04}", f"第{number}镇", "township", "C")


def villages(towns: int, each: int) -> Iterator[UnitRow]:
    line = 1
    for town in range(towns):
        for number in range(each):  # villages first: the order of a file means nothing
            line += 1
            yield UnitRow(line, f"9{town:04}{number:04}", f"第{town}镇重庆村{number}", "村", f"9{town:04}", f"村{number}")
        line += 1
        yield township(town, line)


def test_the_tree_is_the_same_as_one_by_one(world: World) -> None:
    with world.as_("adam") as scope:
        report = copy_units(scope, rows=villages(3, 50), source="test")
    assert (report.units, report.wrong) == (153, 0)
    assert check_tree(world) == 7 + 153
    with world.as_("adam") as scope:
        made = {unit.code: unit for unit in scope.session.scalars(owned(scope, Unit))}
        parent = made["90002"]
        assert parent.children_made == 50
        assert made["900020049"].parent_id == parent.id
        # 49 of the parent's own 50: labels are counted as tree.paths.label counts them
        assert made["900020034"].path == f"{parent.path}1z."
        assert made["900020035"].path == f"{parent.path}210."
        assert "chongqing" in made["900020001"].search
        assert scope.session.scalars(owned(scope, Unit).where(Unit.code == "C")).one().children_made == 3 + 3
    with world.as_("adam") as scope:
        after = create_unit(scope, parent_id=parent.id, level="village", code="one-more", name="又一村")
        assert after.path == f"{parent.path}21f."
        assert (
            scope.session.scalar(select(func.count()).select_from(Placement).where(Placement.tenant_id == scope.tenant_id)) == 161
        )


def test_every_kind_of_mistake_is_named_and_nothing_is_taken(world: World) -> None:
    rows = [
        UnitRow(2, "A1", "甲镇", "township", "C"), UnitRow(3, "A1", "乙镇", "township", "C"), UnitRow(4, "T1", "丙镇", "township", "C"),
        UnitRow(5, "A2", "丁村", "village", "nowhere"), UnitRow(6, "A3", "戊村", "village", "C"), UnitRow(7, "A 4", " ", "nonsense", "C"),
    ]  # fmt: skip
    with world.as_("adam") as scope:
        report = check_copy(scope, rows=rows)
        scope.session.rollback()
    assert {(problem.line, problem.column) for problem in report.problems} >= {
        (2, "code"), (3, "code"), (4, "code"), (5, "parent_code"), (6, "level"), (7, "code"), (7, "name"), (7, "level")
    }  # fmt: skip
    with pytest.raises(ImportRefusedError), world.as_("adam") as scope:
        copy_units(scope, rows=rows, source="test")
    circle = [
        UnitRow(2, "R1", "甲村", "enterprise", "R2"),
        UnitRow(3, "R2", "乙村", "village", "R3"),
        UnitRow(4, "R3", "丙镇", "township", "R3"),
    ]
    with world.as_("adam") as scope:
        assert check_copy(scope, rows=circle).wrong > 0
        scope.session.rollback()
    assert check_tree(world) == 7


@pytest.mark.parametrize("who, refusal", [("tom", NotAllowedError), ("cora", NotAllowedError), ("ewa", NotAllowedError)])
def test_is_the_administrators(world: World, who: str, refusal: type[Exception]) -> None:
    with pytest.raises((refusal, NotFoundError)), world.as_(who) as scope:
        copy_units(scope, rows=villages(1, 1), source="test")
    assert check_tree(world) == 7


def test_memory_does_not_grow_with_the_rows(world: World) -> None:
    peaks = []
    for towns in (2, 40):
        tracemalloc.start()
        with world.as_("adam") as scope:
            check_copy(scope, rows=villages(towns, 250))
            peaks.append(tracemalloc.get_traced_memory()[1])
            scope.session.rollback()
        tracemalloc.stop()
    print(f"peaks of 500 and 10,000 rows: {peaks}")
    assert peaks[1] - peaks[0] < 2 * 1024 * 1024


def test_fast_pinyin_finds_what_pinyin_finds() -> None:
    names = [
        "高塘岭街道",
        "重庆市",
        "长沙县",
        "东一村民委员会",
        "六安市",
        "厦门市",
        "E1 标段",
        "望江县城东镇",
        "蚌埠市",
        "朝阳村",
        "中和街道",
        "都江堰市",
    ]
    same = [name for name in names if search_text_fast(name, "", "x") == search_text(name, "", "x")]
    print(f"{len(same)} of {len(names)} alike")
    assert len(same) >= len(names) - 1
