"""
`duban account …` and `duban keys …`: what the operator of the machine can do when nobody inside a tenant can any more.

Acts on accounts are recorded in the tenant's audit as done by the service itself.
"""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Engine

from duban.audit.operations import record
from duban.embedded.services import data_dir, services
from duban.identity import operations
from duban.identity.models import Person
from duban.identity.queries import find_by_login
from duban.identity.sealing import SealBrokenError
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.scope import SYSTEM, Scope, TenantInfo, open_session, unit_of_work
from duban.kernel.settings import SHORTEST_KEY, Settings, read_settings, several
from duban.tenancy.queries import list_tenants

KEY_NAMES = ("secret", "factor")


@contextmanager
def _engine() -> Iterator[tuple[Settings, Engine]]:
    with services(read_settings()) as settings:
        engine = make_engine(settings.database_url, context_key=settings.context_key)
        try:
            yield settings, engine
        finally:
            engine.dispose()


def _tenants(engine: Engine, slug: str | None = None) -> list[TenantInfo]:
    with open_session(engine, None) as session:
        return [tenant for tenant in list_tenants(session) if slug in {None, tenant.slug}]


@contextmanager
def _at(slug: str, login: str) -> Iterator[tuple[Scope, Person, Settings]]:
    with _engine() as (settings, engine):
        found = _tenants(engine, slug)
        if not found:
            raise click.ClickException(f"there is no tenant {slug!r}")
        with unit_of_work(engine, tenant=found[0], actor=SYSTEM, now=SystemClock().now()) as scope:
            person = find_by_login(scope, login)
            if person is None:
                raise click.ClickException(f"there is no account {login!r} in {slug}")
            yield scope, person, settings


@click.group()
def account() -> None:
    """Accounts, when nobody inside the tenant can help: recorded in its audit."""


def _act(name: str, words: str) -> Callable[[Callable[[Scope, Person], str]], click.Command]:
    def made(act: Callable[[Scope, Person], str]) -> click.Command:
        @account.command(name, help=words)
        @click.argument("tenant")
        @click.argument("login")
        def command(tenant: str, login: str) -> None:
            with _at(tenant, login) as (scope, person, _settings):
                said = act(scope, person)
            click.echo(said)

        return command

    return made


@_act("reset-password", "Give a new one-time password; sessions and tokens end.")
def reset_password(scope: Scope, person: Person) -> str:
    """Give a slip's words."""
    secret = operations.issue_first_secret(scope, person=person)
    record(scope, "person.password-reset", "person", person.id, by="operator")
    return f"{person.login}  {secret.password}  (once, until {secret.expires_at.astimezone(scope.zone):%Y-%m-%d %H:%M})"


@_act("disable", "Lock an account out; sessions and tokens end.")
def disable(scope: Scope, person: Person) -> str:
    """Lock somebody out."""
    person.active = False
    operations.end_sessions(scope, person_id=person.id)
    record(scope, "person.locked-out", "person", person.id, by="operator")
    return f"{person.login} is locked out."


@_act("enable", "Let a disabled account in again.")
def enable(scope: Scope, person: Person) -> str:
    """Let somebody in again."""
    person.active, person.let_in_at = True, scope.now
    record(scope, "person.let-in", "person", person.id, by="operator")
    return f"{person.login} may sign in again."


@_act("unlock", "Open an account locked after wrong entries.")
def unlock(scope: Scope, person: Person) -> str:
    """Open a lock."""
    was_locked = operations.unlock(scope, logins=[person.login], person_id=person.id)
    record(scope, "account.unlocked", "person", person.id, was_locked=was_locked, by="operator")
    return f"{person.login} was {'locked and is open now' if was_locked else 'not locked'}."


@_act("end-sessions", "Sign a person out everywhere.")
def end_sessions(scope: Scope, person: Person) -> str:
    """End all sessions."""
    ended = operations.end_sessions(scope, person_id=person.id)
    record(scope, "session.all-ended", "person", person.id, count=ended, by="operator")
    return f"{person.login}: {ended} sessions ended."


@_act("reset-factor", "Take a lost second factor away; it is set up again at the next sign-in.")
def reset_factor(scope: Scope, person: Person) -> str:
    """Take the second factor away."""
    if not operations.drop_factor(scope, person_id=person.id):
        return f"{person.login} has no second factor."
    record(scope, "factor.reset", "person", person.id, by="operator")
    return f"{person.login} sets up a new second factor at the next sign-in."


@account.command("demo-code")
@click.argument("tenant")
@click.argument("login")
def demo_code(tenant: str, login: str) -> None:
    """Say the code a demo account's phone would show; for demo tenants only."""
    with _at(tenant, login) as (scope, person, settings):
        if not operations.is_demo(scope):
            raise click.ClickException(f"{tenant} is no demo tenant: its codes are on its people's phones")
        code = operations.current_code(scope, person_id=person.id, keys=settings.factor_keys)
    click.echo(code or f"{login} has no second factor yet, or its codes of this minute are used up")


@click.group()
def keys() -> None:
    """Signing keys: a new one beside the old, then the old one away."""


def _key_file(name: str, path: str | None, settings: Settings) -> Path:
    """Find where the keys are kept. Raises: click.ClickException when they stand in the environment itself."""
    variable = f"DUBAN_{name.upper()}_KEY"
    if variable in os.environ and not path:
        raise click.ClickException(
            f"{variable} stands in the environment, where this command cannot change it. Put a new key, a comma and the old "
            f"value there yourself, or keep it in a file and set {variable}_FILE. A new key: {secrets.token_urlsafe(48)}"
        )
    given = path or os.environ.get(f"{variable}_FILE")
    return Path(given) if given else data_dir(settings) / f"{name}_key"


def _write(file: Path, values: tuple[str, ...]) -> None:
    fresh = file.with_name(f"{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text("\n".join(values) + "\n", encoding="utf-8")
    fresh.replace(file)


@keys.command("rotate")
@click.argument("name", type=click.Choice(KEY_NAMES))
@click.option("--file", "path", help="The key file (what DUBAN_<NAME>_KEY_FILE names); else the one in the data folder.")
def rotate(name: str, path: str | None) -> None:
    """Put a new key in front of the old ones: it signs from the next start on, the old ones are still believed."""
    settings = read_settings()
    file = _key_file(name, path, settings)
    old = several(file.read_text(encoding="utf-8")) if file.exists() else ()
    if not old and name == "factor":
        # until now they were derived from the signing keys; what is sealed must stay readable
        old = Settings(secret_key=_key_file("secret", None, settings).read_text(encoding="utf-8")).factor_keys
    _write(file, (secrets.token_urlsafe(48), *old))
    click.echo(f"{file}: {len(old) + 1} keys. Restart web, worker and clock; nobody is signed out.")
    if name == "factor":
        click.echo("Then: duban keys rewrap; duban operator rewrap")
    click.echo(f"When all is well: duban keys retire {name}, and restart again.")


@keys.command("rewrap")
@click.argument("slug", metavar="[TENANT]", required=False)
def rewrap(slug: str | None) -> None:
    """Seal every second factor, of one tenant or of all, under the newest key. Ends with 1 where one cannot be opened."""
    broken = False
    with _engine() as (settings, engine):
        for tenant in _tenants(engine, slug):
            try:
                with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
                    moved = operations.rewrap(scope, keys=settings.factor_keys)
                click.echo(f"{tenant.slug}: {moved} sealed anew")
            except SealBrokenError as error:
                broken = True
                click.echo(f"{tenant.slug}: a second factor cannot be opened with the keys given: {error}", err=True)
    if broken:
        sys.exit(1)


@keys.command("retire")
@click.argument("name", type=click.Choice(KEY_NAMES))
@click.option("--file", "path", help="The key file; else the one in the data folder.")
def retire(name: str, path: str | None) -> None:
    """Take all keys but the newest away: whatever was signed with them is refused from the next start on."""
    file = _key_file(name, path, read_settings())
    values = several(file.read_text(encoding="utf-8")) if file.exists() else ()
    if not values:
        raise click.ClickException(f"{file} holds no keys")
    if len(values[0]) < SHORTEST_KEY:
        raise click.ClickException(f"{file}: the first key is too short to stay")
    _write(file, values[:1])
    click.echo(f"{file}: 1 key stays, {len(values) - 1} retired. Restart web, worker and clock.")
