"""Units by the thousand: the same tree as one by one, all or nothing, every kind of mistake named, memory bounded."""

import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook
from sqlalchemy import func, select

from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.organisation.commands import import_units
from duban.organisation.errors import ImportRefusedError
from duban.organisation.operations.bulk import check_copy, copy_units
from duban.organisation.operations.units import create_unit
from duban.organisation.rules.fast_pinyin import search_text_fast
from duban.organisation.rules.naming import search_text
from duban.organisation.rules.units_file import UnitRow
from duban.tree.models import Placement, Unit
from tests.binding import CONTEXT_KEY
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


HEADINGS = ["code", "name", "level", "parent_code"]


def _book(rows: list[list[str]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_command_tries_first_and_takes_all_or_nothing(
    world: World, tmp_path: Path, app_url: str, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    settings = SimpleNamespace(database_url=app_url, context_key=CONTEXT_KEY)
    monkeypatch.setattr("duban.organisation.commands.read_settings", lambda: settings)

    def run(rows: list[list[str]], *more: str) -> Result:
        file = tmp_path / f"units.{suffix}"
        text = "\n".join(",".join(row) for row in [HEADINGS, *rows])
        file.write_bytes(text.encode() if suffix == "csv" else _book([HEADINGS, *rows]))
        return CliRunner().invoke(import_units, [world.tenant.slug, str(file), *more])

    good = [["431", "城南镇", "township", "C"], ["43101", "南一村", "village", "431"]]
    tried = run(good, "--dry-run")
    assert (tried.exit_code, tried.output) == (0, "2 rows, nothing wrong.\n")
    assert check_tree(world) == 7
    wrong = run([*good, ["43102", "南二村", "village", "nowhere"]])
    assert wrong.exit_code == 1
    assert f"units.{suffix}:4: parent_code:" in wrong.output
    assert check_tree(world) == 7
    assert run(good).output == "2 units taken.\n"
    assert check_tree(world) == 9
    assert run(good, "--check").exit_code == 1, "they are there by now"
    assert CliRunner().invoke(import_units, [world.tenant.slug, str(tmp_path / "none.csv")]).exit_code == 2
    (tmp_path / "gbk.csv").write_bytes("code,name,level,parent_code\n431,城南镇,township,C\n".encode("gbk"))
    gbk = CliRunner().invoke(import_units, [world.tenant.slug, str(tmp_path / "gbk.csv"), "--dry-run"])
    assert "UTF-8" in gbk.output
    (tmp_path / "bad.xlsx").write_bytes(b"PK\x03\x04nothing")
    assert CliRunner().invoke(import_units, [world.tenant.slug, str(tmp_path / "bad.xlsx")]).exit_code == 2


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
