"""What is handed over with the code: settings explained, locks without addresses, helpers that name themselves."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess

import pytest
import yaml

from duban.kernel.settings import ROOT, Settings, read_settings


def test_every_setting_is_in_the_example_and_no_other() -> None:
    text = (ROOT / "config/env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:# )?DUBAN_([A-Z_]+)=", text, re.MULTILINE))
    of_compose = {"OWNER_PASSWORD", "APP_PASSWORD", "BACKUP_PASSWORD", "REDIS_PASSWORD", "VERSION"}
    assert named - of_compose == {field.name.upper() for field in dataclasses.fields(Settings)}


def test_compose_gives_owner_and_backup_role_to_those_who_need_them_only() -> None:
    services = yaml.safe_load((ROOT / "config/compose.yaml").read_text(encoding="utf-8"))["services"]

    def holders(name: str) -> set[str]:
        return {service for service, one in services.items() if name in one.get("environment", {})}

    assert holders("DUBAN_OWNER_DATABASE_URL") == {"migrations", "operator", "steward"}
    assert holders("DUBAN_BACKUP_DATABASE_URL") == {"clock", "operator"}
    assert services["operator"]["profiles"] == ["tools"]  # runs for one command, by hand
    known = {f"DUBAN_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    assert {name for name in services["web"]["environment"] if name.startswith("DUBAN_")} <= known


FIXED_IN_THE_IMAGE = {
    "DATA_DIR": "a volume",
    "TENANTS_DIR": "part of the image",
    "POSTGRES_BIN": "part of the image",
    "ANCHOR_FILE": "a volume of its own",
    "DEMO": "never on a real installation",
}


def test_compose_hands_on_every_setting_the_example_offers() -> None:
    """What somebody writes into config/.env takes effect; an empty value is the default."""
    text = (ROOT / "config/compose.yaml").read_text(encoding="utf-8")
    handed = set(re.findall(r"^ *DUBAN_([A-Z_]+):", text, re.MULTILINE))
    offered = {field.name.upper() for field in dataclasses.fields(Settings)}
    print(f"{len(handed & offered)} of {len(offered)} settings are handed on")
    assert offered - handed - set(FIXED_IN_THE_IMAGE) == set()
    assert "IDLE_MINUTES" in handed
    blank = read_settings({f"DUBAN_{name}": "" for name in offered if name not in FIXED_IN_THE_IMAGE})
    assert blank == Settings(), "an empty value is the default"


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
    for target in (
        "help",
        "run",
        "test",
        "test-debian",
        "check",
        "nightly",
        "bench",
        "setup",
        "reset",
        "shell",
        "migrate",
        "demo",
    ):
        assert f"make {target} " in shown, target


def copied_into_the_image() -> set[str]:
    """What `COPY . .` brings, after .dockerignore: for checking that everything the image runs is there."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    plain = tuple(f"{one.rstrip('/')}/" for one in ignored if "*" not in one)
    return {path for path in tracked if path and not path.startswith(plain) and path not in ignored}


def test_the_image_finds_everything_it_names() -> None:
    files = copied_into_the_image()
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    named = set(re.findall(r"\b((?:config|migrations|tenants|platform)/[\w./-]+\.\w+)", dockerfile))
    copied = {name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.MULTILINE) for name in line.split()} - {
        "."
    }
    assert named >= {"config/bootstrap.py", "config/gunicorn.conf.py"}
    assert named | copied <= files | set(), (named | copied) - files
    assert {"wsgi.py", "alembic.ini", "migrations/env.py", "tenants/county/policy.csv", "pyproject.toml"} <= files
    assert not [path for path in files if path.startswith(("tests/", "bench/"))]


def test_compose_mounts_and_variables_exist() -> None:
    text = (ROOT / "config/compose.yaml").read_text(encoding="utf-8")
    compose = yaml.safe_load(text)
    volumes = [volume for service in compose["services"].values() for volume in service.get("volumes", ())]
    for volume in volumes:
        source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[0]
        assert source in compose["volumes"] or (ROOT / "config" / source).exists(), volume
    example = (ROOT / "config/env.example").read_text(encoding="utf-8")
    for name, default in re.findall(r"(?<!\$)\$\{(\w+)(:[-?])", text):
        assert re.search(rf"^(# )?{name}=", example, re.MULTILINE), f"{name} ({default}) is not explained in env.example"
