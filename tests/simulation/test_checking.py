"""`duban kind check` goes as far as the scoring engine."""

import shutil
from pathlib import Path

from click.testing import CliRunner

from duban.cli import cli
from duban.kernel.settings import ROOT
from duban.simulation.checking import check_kinds


def test_the_kinds_that_come_with_the_service_are_sound() -> None:
    report = check_kinds(ROOT / "tenants")

    assert report.is_sound
    assert len(report.lines) == 4


def test_a_scheme_the_engine_refuses_is_named_with_its_line(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "tenants", tmp_path / "tenants"))
    scheme = folder / "street" / "scheme.yaml"
    text = scheme.read_text(encoding="utf-8")
    scheme.write_text(text.replace('each: "0.5"', 'each: "-1"'), encoding="utf-8")
    line = text[: text.index('each: "0.5"')].count("\n") + 1

    report = check_kinds(folder)

    assert not report.is_sound
    assert report.lines[0].startswith(f"street/scheme.yaml:{line}: items[0].rules[0].each: ")


def test_a_broken_kind_ends_the_command_with_the_place(tmp_path: Path, monkeypatch) -> None:
    folder = Path(shutil.copytree(ROOT / "tenants", tmp_path / "tenants"))
    (folder / "county" / "ladder.yaml").write_text("- {code: x}\n")
    monkeypatch.setenv("DUBAN_TENANTS_DIR", str(folder))

    done = CliRunner().invoke(cli, ["kind", "check"])

    assert done.exit_code == 1
    assert "county/ladder.yaml:1: [0].steps: 至少要有一步" in done.output


def test_the_command_says_what_it_checked() -> None:
    done = CliRunner().invoke(cli, ["kind", "check"])

    assert done.exit_code == 0
    assert "street: 街道 / Street office" in done.output


def test_replay_writes_eighty_rows() -> None:
    done = CliRunner().invoke(cli, ["replay", "street", "--year", "2011", "--csv"])

    assert done.exit_code == 0
    assert len(done.output.splitlines()) == 81
    assert done.output.splitlines()[1] == "plan,once,东风社区,2011-05-20"


def test_replay_refuses_what_it_cannot_do() -> None:
    for arguments in (
        ["replay", "moon", "--year", "2011", "--csv"],
        ["replay", "street", "--year", "2011"],
        ["replay", "county", "--year", "2011", "--full"],
    ):
        assert CliRunner().invoke(cli, arguments).exit_code == 2
