"""`duban keys`: a new key beside the old, second factors sealed anew, the old key away."""

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from duban.cli import cli
from duban.identity import operations
from duban.identity.models import SecondFactor
from duban.identity.sealing import SealBrokenError, is_newest
from duban.kernel.scope import owned
from duban.kernel.settings import Settings, several
from tests.cast import World
from tests.integration.identity.test_second_factor import HALF_MINUTE, KEYS, enrol


def run(*words: str, fails: bool = False) -> str:
    done = CliRunner().invoke(cli, list(words))
    assert (done.exit_code != 0) == fails, done.output
    return done.output


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    for one in fields(Settings):
        monkeypatch.delenv(f"DUBAN_{one.name.upper()}", raising=False)
    monkeypatch.setenv("DUBAN_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DUBAN_CONTEXT_KEY", settings.context_key)
    monkeypatch.setenv("DUBAN_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path))
    (tmp_path / "secret_key").write_text("s" * 40)
    (tmp_path / "factor_key").write_text(KEYS[0])
    return tmp_path


def test_the_key_of_the_second_factors_changes_without_a_new_phone(world: World, folder: Path) -> None:
    totp, _ = enrol(world, "vera")
    run("keys", "rotate", "factor")
    both = several((folder / "factor_key").read_text())
    assert both[1:] == KEYS
    assert (folder / "factor_key").stat().st_mode & 0o777 == 0o600
    said = run("keys", "rewrap", world.tenant.slug)
    assert f"{world.tenant.slug}: 1 sealed anew" in said
    run("keys", "retire", "factor")
    assert several((folder / "factor_key").read_text()) == both[:1]
    with world.as_("vera", at=world.now + HALF_MINUTE) as scope:
        row = scope.session.scalars(owned(scope, SecondFactor)).one()
        assert is_newest(row.sealed_secret, both[:1])
        assert operations.use_code(scope, person_id=scope.person_id, code=totp.at(scope.now), keys=both[:1])


def test_a_lost_key_is_said_and_not_passed_over(world: World, folder: Path) -> None:
    enrol(world, "vera")
    (folder / "factor_key").write_text("x" * 40)
    assert f"{world.tenant.slug}: a second factor cannot be opened" in run("keys", "rewrap", world.tenant.slug, fails=True)
    with pytest.raises(SealBrokenError), world.as_("vera") as scope:
        operations.current_code(scope, person_id=scope.person_id, keys=("x" * 40,))


def test_what_stands_in_the_environment_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_SECRET_KEY", "e" * 40)
    assert "DUBAN_SECRET_KEY stands in the environment" in run("keys", "rotate", "secret", fails=True)
    assert (folder / "secret_key").read_text() == "s" * 40


def test_the_code_of_a_person_who_is_no_demo_account_is_not_told(world: World, folder: Path) -> None:
    enrol(world, "vera")
    assert "no demo tenant" in run("account", "demo-code", world.tenant.slug, "vera", fails=True)
