"""Units come in from a file: a dry run says what would happen, then all or nothing."""

from pathlib import Path

import pytest

from duban.audit.queries import verify
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.settings import ROOT
from duban.organisation.errors import ImportRefusedError
from duban.organisation.operations.importing import check_units_file, import_units
from duban.organisation.queries.units import search_units
from duban.tree.queries import subtree
from tests.cast import World

HEAD = "单位代码,单位名称,级别,上级单位代码\n"
SOUND = (HEAD + "431,城南镇,乡镇,C\n43101,南一村,村（社区）,431\nT1,城东镇,乡镇（街道）,C\n").encode("gbk")
WANGCHENG = Path(ROOT / "tenants/county/demo/units.csv")


def test_a_dry_run_changes_nothing(world: World) -> None:
    with world.as_("adam") as scope:
        report = check_units_file(scope, data=SOUND)

    assert [row.code for row in report.new] == ["431", "43101"]
    assert [row.code for row in report.unchanged] == ["T1"]
    assert not report.done
    with world.as_("adam") as scope:
        assert not search_units(scope, "城南镇")


def test_an_import_sets_up_what_the_dry_run_said(world: World) -> None:
    with world.as_("adam") as scope:
        report = import_units(scope, data=SOUND)

    assert report.done
    with world.as_("cora") as scope:
        [village] = search_units(scope, "nyc")
        [township] = search_units(scope, "城南镇")
    assert village.path.startswith(township.path)
    assert village.level == "village"
    with world.as_("adam") as scope:
        assert import_units(scope, data=SOUND).new == ()
        assert verify(scope).bad_seq is None


def test_one_bad_row_stops_all(world: World) -> None:
    with pytest.raises(ImportRefusedError), world.as_("adam") as scope:
        import_units(scope, data=(HEAD + "431,城南镇,乡镇,C\n432,城北镇,乡镇,nowhere\n").encode())
    with world.as_("adam") as scope:
        assert not search_units(scope, "城南镇")


@pytest.mark.parametrize("who, refusal", [("cora", NotAllowedError), ("tom", NotAllowedError), ("vera", NotAllowedError)])
def test_is_the_administrators(world: World, who: str, refusal: type[Exception]) -> None:
    for act in (check_units_file, import_units):
        with pytest.raises(refusal), world.as_(who) as scope:
            act(scope, data=SOUND)


def test_the_other_tenant_sees_its_own_units_only(world: World) -> None:
    with pytest.raises((NotAllowedError, NotFoundError)), world.as_("ewa") as scope:
        check_units_file(scope, data=SOUND)


def test_the_real_county_comes_in_whole(world: World) -> None:
    data = (
        WANGCHENG.read_bytes()
        .replace(b"430112,\xe6\x9c\x9b\xe5\x9f\x8e\xe5\x8c\xba,county,\r\n", b"")
        .replace(b",430112\r\n", b",C\r\n")
    )
    with world.as_("adam") as scope:
        report = import_units(scope, data=data)
        count = len(subtree(scope, world.paths["C"]))

    assert len(report.new) == 176
    assert count == 176 + 7
