"""The services a process needs, by default started here: settings in, the same settings with every URL filled in out."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from duban.embedded import postgres, redis
from duban.embedded.processes import refuse_if_in_use
from duban.kernel.settings import ROOT, Settings, SettingsError


def data_dir(settings: Settings) -> Path:
    """Give the folder of everything this installation keeps locally."""
    return Path(settings.data_dir).absolute()


@contextlib.contextmanager
def database(settings: Settings, *, say: Callable[[str], None] = lambda _line: None, alone: bool = False) -> Iterator[Settings]:
    """Have the database alone for the length of a block: the one the environment names, else the embedded one.

    Raises: EmbeddedServerError.
    """
    if settings.database_url or settings.owner_database_url:
        yield settings
        return
    say("PostgreSQL (embedded)")
    with postgres.running(data_dir(settings) / "postgres", alone=alone, programs=settings.postgres_bin) as server:
        yield dataclasses.replace(
            settings,
            database_url=server.app_url,
            owner_database_url=server.owner_url,
            backup_database_url=server.backup_url,
            context_key=settings.context_key or kept_secret(settings, "context_key"),
        )


@contextlib.contextmanager
def services(
    settings: Settings, *, say: Callable[[str], None] = lambda _line: None, alone: bool = False, queue: bool = True
) -> Iterator[Settings]:
    """Have database, queue and signing keys for the length of a block; what the environment names is used as it is.

    Takes: `alone` refuses to share servers that another process has started; `queue=False` leaves Redis alone.
    Raises: EmbeddedServerError.
    """
    with contextlib.ExitStack() as stack:
        settings = stack.enter_context(database(settings, say=say, alone=alone))
        if queue and not settings.redis_url:
            say("Redis (embedded)")
            server = stack.enter_context(redis.running(data_dir(settings) / "redis", alone=alone))
            settings = dataclasses.replace(settings, redis_url=server.url)
        yield dataclasses.replace(
            settings,
            secret_key=settings.secret_key or kept_secret(settings, "secret_key"),
            context_key=settings.context_key or kept_secret(settings, "context_key"),
            factor_key=settings.factor_key or kept_secret(settings, "factor_key"),
        )


def delete_local_data(settings: Settings) -> str:
    """Delete the local folder and say so; the embedded servers must not be in use. Raises: EmbeddedServerError."""
    folder = data_dir(settings)
    if not folder.exists():
        return f"There is nothing in {folder}."
    for name in ("postgres", "redis"):
        refuse_if_in_use(folder / name)
    shutil.rmtree(folder)
    return f"Deleted {folder}; the next start makes new data."


def require_owner_url(settings: Settings) -> str:
    """Give the owning role's URL for migrations. Raises: SettingsError when only the application's was set."""
    if not settings.owner_database_url:
        raise SettingsError(
            "DUBAN_OWNER_DATABASE_URL is not set: with a DUBAN_DATABASE_URL of your own, migrations need the URL of the "
            "role that owns the tables as well."
        )
    return settings.owner_database_url


def kept_secret(settings: Settings, name: str) -> str:
    """Read a key kept in the local folder, or make it at first use."""
    kept = data_dir(settings) / name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_name(f"{name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(fresh, kept)  # two processes at once: the first one's key holds
        fresh.unlink()
    return kept.read_text()


def require_context_key(settings: Settings) -> str:
    """Give the key that signs tenant contexts. Raises: SettingsError when there is none."""
    if not settings.context_key:
        raise SettingsError(
            "DUBAN_CONTEXT_KEY is not set: with a DUBAN_DATABASE_URL of your own, every process and `duban migrate` need the "
            'same key of at least 32 characters: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    return settings.context_key


def environment_for(settings: Settings) -> dict[str, str]:
    """Give a child process's environment: ours, with every setting spelled out."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DUBAN_")}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        text = str(int(value)) if isinstance(value, bool) else str(value)
        environment[f"DUBAN_{field.name.upper()}"] = text
    return environment | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT / "platform")}
