"""What is handed over with the code: settings explained, locks without addresses, helpers that name themselves."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess

import pytest
import yaml

from duban.kernel.settings import ROOT, Settings


def test_every_setting_is_in_the_example_and_no_other() -> None:
    text = (ROOT / "config/env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:# )?DUBAN_([A-Z_]+)=", text, re.MULTILINE))
    of_compose = {"OWNER_PASSWORD", "APP_PASSWORD", "BACKUP_PASSWORD", "REDIS_PASSWORD", "VERSION"}
    assert named - of_compose == {field.name.upper() for field in dataclasses.fields(Settings)}


def test_compose_gives_the_owner_to_the_migrations_only() -> None:
    services = yaml.safe_load((ROOT / "config/compose.yaml").read_text(encoding="utf-8"))["services"]
    with_owner = {name for name, one in services.items() if "DUBAN_OWNER_DATABASE_URL" in one.get("environment", {})}
    assert with_owner == {"migrations"}
    known = {f"DUBAN_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    assert {name for name in services["web"]["environment"] if name.startswith("DUBAN_")} <= known


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-server.lock", "package-lock.json"])
def test_locks_name_no_registry(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "resolved" not in text
    assert not re.search(r"https?://(?!opencollective|github|www\.patreon)", text) or name == "package-lock.json"
    assert "index-url" not in text


def test_every_npm_package_is_locked_by_digest() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all(one["integrity"].startswith("sha512-") for path, one in packages.items() if path)


def test_the_server_lock_is_part_of_the_full_one() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9-]+==[^ \\]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("requirements-server.lock") <= pins("requirements.lock")


def test_make_explains_itself() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("help", "run", "test", "test-debian", "check", "nightly", "bench", "setup", "reset", "shell", "migrate", "demo"):
        assert f"make {target} " in shown, target
