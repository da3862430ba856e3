"""The command `duban`."""

import sys

import click

from duban.kernel.settings import SettingsError


@click.group()
def cli() -> None:
    """Duban (督办): supervise until done."""


@cli.command()
@click.option("--url", envvar="DUBAN_OWNER_DATABASE_URL", required=True, help="URL of the owning role.")
def migrate(url: str) -> None:
    """Bring the database to this version's schema."""
    from duban.kernel.migrating import upgrade

    upgrade(url)
    click.echo("The database is up to date.")


@cli.group()
def db() -> None:
    """The database's schema."""


@db.command("check")
def db_check() -> None:
    """Check on a throw-away server: one head, up, down, up again, and models equal to migrations."""
    import tempfile
    from pathlib import Path

    from sqlalchemy import create_engine

    from duban.app import import_models
    from duban.embedded import postgres
    from duban.kernel import migrating

    import_models()
    with tempfile.TemporaryDirectory() as folder, postgres.running(Path(folder) / "pg", durable=False) as server:
        migrating.upgrade(server.owner_url)
        migrating.downgrade(server.owner_url, "base")
        migrating.upgrade(server.owner_url)
        engine = create_engine(server.owner_url)
        differences = migrating.differences(engine)
        engine.dispose()
    for difference in differences:
        click.echo(f"models and migrations differ: {difference}", err=True)
    if differences:
        sys.exit(1)
    click.echo(f"Schema {migrating.newest_revision()}: one head, up, down and up again, models equal to migrations.")


@cli.group()
def audit() -> None:
    """The record of acts."""


@audit.command("verify")
@click.argument("slug", required=False)
def audit_verify(slug: str | None) -> None:
    """Recompute the hash chain of one tenant or of all; names the first bad record and ends with 1."""
    from duban.audit.queries import verify
    from duban.kernel.clock import SystemClock
    from duban.kernel.db import make_engine
    from duban.kernel.scope import SYSTEM, open_session, unit_of_work
    from duban.kernel.settings import read_settings
    from duban.tenancy.queries import list_tenants

    engine = make_engine(read_settings().database_url)
    with open_session(engine, None) as session:
        tenants = [tenant for tenant in list_tenants(session) if slug in {None, tenant.slug}]
    bad = 0
    for tenant in tenants:
        with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
            verdict = verify(scope)
        if verdict.bad_seq is None:
            click.echo(f"{tenant.slug}: {verdict.rows} records, unbroken")
        else:
            bad += 1
            click.echo(f"{tenant.slug}: record {verdict.bad_seq}: {verdict.reason}", err=True)
    if bad or not tenants:
        sys.exit(1)


def main() -> None:
    """Run the command line; a bad setting ends it with a sentence, not a stack trace."""
    try:
        cli()
    except SettingsError as error:
        click.echo(f"duban: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
