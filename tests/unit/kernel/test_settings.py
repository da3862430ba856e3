"""A bad setting stops the start and is named."""

from dataclasses import fields
from pathlib import Path

import pytest

from duban.kernel.settings import Settings, SettingsError, read_settings

GOOD = {"DUBAN_DATABASE_URL": "postgresql+psycopg://duban_app@/duban"}


def test_reads_each_kind_of_value(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("k" * 40 + "\n")
    settings = read_settings(
        GOOD | {"DUBAN_SECRET_KEY_FILE": str(secret), "DUBAN_DEMO": "yes", "DUBAN_IDLE_MINUTES": "10", "PATH": "/bin"}
    )
    assert (settings.secret_key, settings.demo, settings.idle_minutes) == ("k" * 40, True, 10)


def test_a_setting_whose_own_name_ends_in_file_is_no_secret_file() -> None:
    assert read_settings({"DUBAN_ANCHOR_FILE": "/srv/anchors"}).anchor_file == "/srv/anchors"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DUBAN_DATABASE_URL", "sqlite:///x.db"),
        ("DUBAN_OWNER_DATABASE_URL", "postgres://x"),
        ("DUBAN_REDIS_URL", "localhost:6379"),
        ("DUBAN_SMTP_URL", "mail.example.org"),
        ("DUBAN_BASE_URL", "example.org"),
        ("DUBAN_DEMO", "perhaps"),
        ("DUBAN_IDLE_MINUTES", "-5"),
        ("DUBAN_IDLE_MINUTES", "1.5"),
        ("DUBAN_IDLE_MINUTES", "三十"),
        ("DUBAN_SECRET_KEY", "short"),
        ("DUBAN_LOG_FORMAT", "xml"),
        ("DUBAN_TENANTS_DIR", "no/such/folder"),
        ("DUBAN_DATABSE_URL", "a typing slip"),
        ("DUBAN_SECRET_KEY_FILE", "no/such/file"),
    ],
)
def test_names_what_is_wrong(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name.removesuffix("_FILE")):
        read_settings({name: value})


def test_does_not_print_a_password() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"DUBAN_SMTP_URL": "http://clerk:secret-word@mail.example.org"})
    assert "secret-word" not in str(caught.value)


def test_refuses_a_value_and_a_file_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="both set"):
        read_settings({"DUBAN_SECRET_KEY": "k" * 40, "DUBAN_SECRET_KEY_FILE": str(tmp_path / "key")})


def test_every_setting_may_be_handed_on_as_it_is() -> None:
    """`duban up` gives its own settings to its parts through the environment: each default must be readable again."""
    for item in fields(Settings):
        value = getattr(Settings(), item.name)
        if value != "":
            read = read_settings({f"DUBAN_{item.name.upper()}": str(int(value) if isinstance(value, bool) else value)})
            assert getattr(read, item.name) == value, item.name
