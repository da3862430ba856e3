"""The command `duban`."""

import sys

import click

from duban.backup.commands import backup, restore_backup
from duban.backup.errors import BackupError
from duban.chain_commands import audit
from duban.console.anchoring import begin_with
from duban.console.commands import operator, tenant
from duban.console.demo import ensure_demo_account
from duban.embedded.errors import EmbeddedServerError
from duban.identity.commands import account, keys
from duban.kernel.clock import SystemClock
from duban.kernel.errors import UnfitDatabaseError
from duban.kernel.settings import SettingsError, read_settings
from duban.organisation.commands import import_units
from duban.supervise import StartError
from duban.tenancy.kinds_reading import KindError


@click.group()
def cli() -> None:
    """Duban (督办): supervise until done."""


cli.add_command(backup)
cli.add_command(account)
cli.add_command(keys)
cli.add_command(restore_backup)


@cli.command()
@click.option("--port", envvar="PORT", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--with-parent", is_flag=True, help="Stop too when the process that started this one ends.")
def up(port: int, with_parent: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Start everything in this terminal; Ctrl-C stops it."""
    from duban import supervise

    supervise.up(read_settings(), port=port, with_parent=with_parent)


@cli.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Delete the local data: embedded database, queue, files. Servers named in the environment are left alone."""
    from duban.embedded.services import delete_local_data

    settings = read_settings()
    if not yes:
        click.confirm(f"Delete everything in {settings.data_dir}?", abort=True)
    click.echo(delete_local_data(settings))


@cli.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    from duban.embedded.services import database, require_context_key, require_owner_url
    from duban.kernel.migrating import upgrade

    with database(read_settings()) as settings:
        upgrade(require_owner_url(settings), context_key=require_context_key(settings))
        begin_with(settings, now=SystemClock().now())
    click.echo("The database is up to date.")


@cli.command()
def demo() -> None:
    """Make the demo tenants where they are missing and print their accounts."""
    from importlib import import_module
    from importlib.util import find_spec

    from duban.embedded.services import services
    from duban.kernel.migrating import upgrade

    if find_spec("duban.simulation") is None or find_spec("duban.simulation.demo") is None:
        return
    with services(read_settings()) as settings:
        if settings.owner_database_url:
            upgrade(
                settings.owner_database_url, context_key=settings.context_key
            )  # on a fresh machine `make demo` comes before the first start
            begin_with(settings, now=SystemClock().now())
        click.echo(import_module("duban.simulation.demo").ensure_demo(settings, say=lambda line: click.echo(line, err=True)))
        click.echo(ensure_demo_account(settings))


@cli.command()
def smoke() -> None:
    """Load the application on its database and ask the first questions; ends with 1 where an answer is wrong."""
    from duban.app import create_app, db
    from duban.embedded.services import services
    from duban.web.alarms import standing_of

    with services(read_settings(), queue=False) as settings:
        app = create_app(settings)
        asked = {path: app.test_client().get(path).status_code for path in ("/healthz", "/sign-in", "/api/v1/docs")}
        with app.app_context():
            schema = standing_of(app.extensions["duban"]).checks.get("schema", "unreachable")
            db.engine.dispose()
    wrong = {path: status for path, status in asked.items() if status != 200}  # noqa: PLR2004
    click.echo(f"smoke: {len(asked) - len(wrong)} of {len(asked)} pages answer, schema {schema}", err=bool(wrong))
    if wrong or schema != "ok":
        click.echo(f"wrong: {wrong or schema}", err=True)
        sys.exit(1)


@cli.command()
def shell() -> None:
    """Open a Python shell with the application, its settings and engine."""
    import code

    from duban.app import create_app, db
    from duban.embedded.services import services

    with services(read_settings()) as settings:
        app = create_app(settings)
        with app.app_context():
            names = {"app": app, "settings": settings, "engine": db.engine}
            code.interact(banner=f"Duban shell: {', '.join(names)}", local=names, exitmsg="")


@cli.group()
def db() -> None:
    """The database's schema."""


@db.command("retire-context-keys")
def retire_context_keys() -> None:
    """Have the database accept DUBAN_CONTEXT_KEY only; for after every process has been restarted with it."""
    from sqlalchemy import create_engine

    from duban.embedded.services import database, require_context_key, require_owner_url
    from duban.kernel.context import ContextKey
    from duban.kernel.context_keys import retire_other_keys

    with database(read_settings()) as settings:
        engine = create_engine(require_owner_url(settings))
        try:
            with engine.begin() as owner:
                retired = retire_other_keys(owner, keep=ContextKey.of(require_context_key(settings)))
        finally:
            engine.dispose()
    click.echo(f"Retired: {', '.join(retired) or 'none'}.")


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


@db.command("tables")
@click.option("--sql", "as_sql", is_flag=True, help="Give the statements that lay the tables out on Citus.")
def db_tables(as_sql: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List which tables are distributed by tenant, which are on every machine, which on one; read from the database."""
    from duban.embedded.services import database
    from duban.kernel.db import make_engine
    from duban.kernel.table_lists import lay_out

    with database(read_settings()) as settings:
        engine = make_engine(settings.database_url, context_key="")
        with engine.connect() as connection:
            layout = lay_out(connection)
        engine.dispose()
    if as_sql:
        click.echo("\n".join(layout.as_sql()))
        return
    for title, names in (
        ("distributed by tenant_id", layout.distributed),
        ("reference, on every machine", layout.reference),
        ("local, on the first machine", layout.local),
    ):
        click.echo(f"{title} ({len(names)}): {', '.join(names)}")


@cli.group()
def kind() -> None:
    """Kinds of tenant: the folders in tenants/."""


@kind.command("check")
def kind_check() -> None:
    """Check every kind: each mistake with file, line and field; ends with 1 where there is any."""
    from duban.simulation.checking import check_kinds

    report = check_kinds()
    click.echo("\n".join(report.lines), err=not report.is_sound)
    if not report.is_sound:
        sys.exit(1)


@cli.command()
@click.argument("code", metavar="KIND")
@click.option("--year", type=click.IntRange(1990, 2200), required=True)
@click.option("--csv", "as_csv", is_flag=True, help="List what is due: requirement,period,unit,due_on.")
@click.option("--full", is_flag=True, help="Live the year through and tell it (street).")
def replay(code: str, year: int, as_csv: bool, full: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """See what a kind's calendar would do in a year, before it is issued; nothing is kept."""
    from duban.kernel.logs import configure_logs
    from duban.simulation.replay import LIVED, replay_csv, replay_street
    from duban.tenancy.kinds import load_all

    kinds = load_all()
    if code not in kinds:
        raise click.UsageError(f"{code} is not a kind; there are {', '.join(kinds)}.")
    if as_csv == full:
        raise click.UsageError("Say --csv or --full.")
    if as_csv:
        click.echo(replay_csv(kinds[code], year=year), nl=False)
        return
    if code not in LIVED:
        raise click.UsageError(f"--full is for {', '.join(LIVED)}; --csv works for every kind.")
    configure_logs("text", quiet=True)
    click.echo("\n".join(replay_street(kinds[code], year=year).lines).strip())


cli.add_command(audit)
cli.add_command(operator)
cli.add_command(tenant)
cli.add_command(import_units)


def main() -> None:
    """Run the command line; a bad setting ends it with a sentence, not a stack trace."""
    try:
        cli()
    except (SettingsError, EmbeddedServerError, StartError, KindError, UnfitDatabaseError, BackupError) as error:
        click.echo(f"duban: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
