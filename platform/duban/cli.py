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


def main() -> None:
    """Run the command line; a bad setting ends it with a sentence, not a stack trace."""
    try:
        cli()
    except SettingsError as error:
        click.echo(f"duban: {error}", err=True)
        sys.exit(2)
