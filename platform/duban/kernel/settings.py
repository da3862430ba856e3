"""Settings, read once from the environment. A bad value stops the start and is named."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SHORTEST_KEY = 32
ROOT = Path(__file__).resolve().parents[3]


class SettingsError(Exception):
    """An environment variable has a value that cannot be used; the message names it and says what is wanted."""


@dataclass(frozen=True)
class Settings:
    """
    Everything the environment can decide, as `DUBAN_<NAME>`; `DUBAN_<NAME>_FILE` reads it from a file (secrets).

    Units: seconds, bytes and ports are in the names.
    """

    database_url: str = ""
    """The application role's URL. Empty: the embedded server."""
    owner_database_url: str = ""
    """The owning role's URL, used by migrations only."""
    redis_url: str = ""
    """Empty: the embedded server."""
    files_url: str = ""
    """An fsspec URL for stored files; empty: a folder in `data_dir`."""
    data_dir: str = str(ROOT / ".data")
    anchor_file: str = ""
    """Where the heads of the audit chains are noted, best on another disk or host; empty: `audit-anchors.jsonl` in `data_dir`."""
    tenants_dir: str = str(ROOT / "tenants")
    secret_key: str = ""
    """
    At least 32 characters; signs sessions, tokens and forms. Several, newest first and parted by blanks or commas, while a
    new one takes over (`duban keys`). Required unless demo.
    """
    context_key: str = ""
    """At least 32 characters; signs the tenant of each transaction. The same for every process and for `duban migrate`."""
    factor_key: str = ""
    """At least 32 characters; seals second factors in the database. Several like `secret_key`. Empty: made from secret_key."""
    trusted_hosts: str = ""
    """Names this installation is called by, parted by commas. Empty: the host of `base_url`; in a demo any."""
    proxy_hops: int = 0
    """How many proxies of ours stand before the application; so many entries of X-Forwarded-For are believed, no more."""
    demo: bool = False
    """Show demo accounts at sign-in. Never on a real installation."""
    cookie_secure: bool = True
    base_url: str = "http://127.0.0.1:8000"
    """What links in e-mails start with."""
    smtp_url: str = ""
    """smtp://user:password@host:port; empty: e-mails are not sent and stay marked so."""
    smtp_plain_login: bool = False
    """Send the mail server's password without TLS where it offers none; only for a server on this machine."""
    mail_from: str = "duban@localhost"
    upload_limit_bytes: int = 20 * 1024 * 1024
    idle_minutes: int = 30
    idle_minutes_privileged: int = 10
    """The same for system, security and audit administrators."""
    session_hours: int = 12
    sweep_seconds: int = 20
    lease_seconds: int = 30
    """How long a worker may hold a message before another may take it; longer than the mail server's time-out of 10 s."""
    log_format: str = "json"
    """json or text."""
    postgres_bin: str = ""
    """A folder with PostgreSQL's programs (postgres, pg_dump, psql); empty: those on PATH that fit, else the wheel's."""
    backup_database_url: str = ""
    """The URL of the role that may read every row and change none; for `duban backup`, `restore` and the clock only."""
    backup_dir: str = ""
    """Where backups are kept; empty: `backups` in `data_dir`."""
    backup_at: str = ""
    """When the clock makes a backup each day: `HH:MM Zone`, e.g. `02:30 Asia/Shanghai`; empty: it makes none."""
    backup_keep: int = 14
    """How many good backups stay."""
    backup_max_age_hours: int = 26
    """An alarm is raised when the last good backup is older."""
    backup_key: str = ""
    """Signs backups; several like `secret_key`: the first signs, all are accepted. Empty: made from secret_key."""
    metrics_token: str = ""
    """At least 32 characters: who sends it as a bearer may read /metrics. Empty: there is no /metrics."""

    @property
    def backup_keys(self) -> tuple[str, ...]:
        """Give the keys that backups may be signed with, the one in use first."""
        return several(self.backup_key)

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Give the signing keys, newest first."""
        return several(self.secret_key)

    @property
    def factor_keys(self) -> tuple[str, ...]:
        """Give the keys that seal second factors, newest first."""
        return several(self.factor_key) or tuple(f"factor-{key}" for key in self.secret_keys)

    @property
    def hosts(self) -> list[str] | None:
        """Give the hosts that are believed; None for any."""
        if self.trusted_hosts:
            return list(several(self.trusted_hosts))
        host = urlsplit(self.base_url).hostname
        return None if self.demo or host is None else [host, "localhost", "127.0.0.1"]

    @property
    def resolved_files_url(self) -> str:
        """Give the files URL, falling back to a folder beside the embedded servers' data."""
        return self.files_url or f"file://{Path(self.data_dir).resolve() / 'files'}"

    @property
    def resolved_backup_dir(self) -> Path:
        """Give the folder of the backups."""
        return Path(self.backup_dir or Path(self.data_dir) / "backups").resolve()

    @property
    def resolved_anchor_file(self) -> Path:
        """Give the anchor file's path, falling back to one in the data folder."""
        return Path(self.anchor_file or Path(self.data_dir) / "audit-anchors.jsonl").resolve()


def several(text: str) -> tuple[str, ...]:
    """Split a setting of several values, parted by blanks, lines or commas."""
    return tuple(text.replace(",", " ").split())


_FLAGS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def _read(environ: Mapping[str, str], name: str) -> str | None:
    key = f"DUBAN_{name.upper()}"
    path = environ.get(f"{key}_FILE")
    if path is None:
        return environ.get(key)
    if key in environ:
        raise SettingsError(f"{key} and {key}_FILE are both set: keep one of them.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{key}_FILE: cannot read {path}: {error.strerror}.") from error


_MAY_BE_ZERO = frozenset({"proxy_hops"})


def _convert(name: str, kind: type, raw: str) -> Any:
    key = f"DUBAN_{name.upper()}"
    if kind is bool:
        if raw.lower() not in _FLAGS:
            raise SettingsError(f"{key}={raw!r}: write 1 or 0.")
        return _FLAGS[raw.lower()]
    if kind is int:
        least = 0 if name in _MAY_BE_ZERO else 1
        if not raw.isascii() or not raw.isdigit() or int(raw) < least:
            raise SettingsError(f"{key}={raw!r}: write {'a whole number above 0' if least else '0 or a whole number'}.")
        return int(raw)
    return raw


def daily_time(words: str) -> time:
    """Read `HH:MM Zone`. Gives: the time of day, aware of its zone. Raises: SettingsError."""
    clock, _, zone = words.partition(" ")
    try:
        return time.fromisoformat(clock).replace(tzinfo=ZoneInfo(zone.strip()))
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise SettingsError(f"DUBAN_BACKUP_AT={words!r}: write a time and a zone, as 02:30 Asia/Shanghai.") from error


def _check_keys(settings: Settings) -> None:
    keys = {
        "SECRET_KEY": several(settings.secret_key),
        "FACTOR_KEY": several(settings.factor_key),
        "CONTEXT_KEY": (settings.context_key,) if settings.context_key else (),
        "BACKUP_KEY": settings.backup_keys,
        "METRICS_TOKEN": (settings.metrics_token,) if settings.metrics_token else (),
    }
    for name, values in keys.items():
        for value in values:
            if len(value) < SHORTEST_KEY:
                raise SettingsError(f"DUBAN_{name}: {len(value)} characters; use at least {SHORTEST_KEY}.")


def _check(settings: Settings) -> None:
    prefixes = {
        "DUBAN_DATABASE_URL": (settings.database_url, ("postgresql+psycopg://",)),
        "DUBAN_OWNER_DATABASE_URL": (settings.owner_database_url, ("postgresql+psycopg://",)),
        "DUBAN_BACKUP_DATABASE_URL": (settings.backup_database_url, ("postgresql+psycopg://",)),
        "DUBAN_REDIS_URL": (settings.redis_url, ("redis://", "rediss://", "unix://")),
        "DUBAN_SMTP_URL": (settings.smtp_url, ("smtp://", "smtps://")),
        "DUBAN_BASE_URL": (settings.base_url, ("http://", "https://")),
    }
    for key, (value, allowed) in prefixes.items():
        if value and not value.startswith(allowed):
            raise SettingsError(f"{key}={value.split('@')[-1]!r}: must start with {' or '.join(allowed)}.")
    if settings.log_format not in {"json", "text"}:
        raise SettingsError(f"DUBAN_LOG_FORMAT={settings.log_format!r}: write json or text.")
    _check_keys(settings)
    if settings.backup_at:
        daily_time(settings.backup_at)
    if not Path(settings.tenants_dir).is_dir():
        raise SettingsError(f"DUBAN_TENANTS_DIR={settings.tenants_dir!r}: no such folder.")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """
    Read and check every setting.

    Raises: SettingsError naming the variable; also for an unknown DUBAN_ variable, which is most often a typing slip.
    """
    environ = os.environ if environ is None else environ
    known = {item.name: item for item in fields(Settings)}
    for key in environ:
        name = key.removeprefix("DUBAN_").lower()
        if key.startswith("DUBAN_") and not {name, name.removesuffix("_file")} & known.keys():
            raise SettingsError(f"{key} is not a setting. Known: {', '.join(f'DUBAN_{n.upper()}' for n in sorted(known))}.")
    values: dict[str, Any] = {}
    for name, item in known.items():
        raw = _read(environ, name)
        if raw is not None and raw.strip():
            # dataclass field types are classes here: no string annotations in this module
            values[name] = _convert(name, item.type if isinstance(item.type, type) else str, raw.strip())
    settings = Settings(**values)
    _check(settings)
    return settings
