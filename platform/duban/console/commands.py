"""The commands `duban operator` and `duban tenant`: everything the console's pages do, for the machine's own terminal."""

import getpass
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import Engine, select

from duban.console import divisions
from duban.console.desk import Desk, Hand, at_desk, verify_acts
from duban.console.measuring import policies
from duban.console.models import Operator
from duban.console.operations import accounts, orders, tenants
from duban.console.operations.founding import NewTenant, found
from duban.console.queries import find_by_slug, get_order, list_tenants, open_orders_of
from duban.console.steward import carry_out, means_of
from duban.embedded.services import database, services
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.errors import AnticipatedError
from duban.kernel.settings import Settings, read_settings
from duban.tenancy.kinds import load_all

GIB = 1024**3


@contextmanager
def _engine() -> Iterator[tuple[Engine, Settings]]:
    with database(read_settings()) as settings:
        engine = make_engine(settings.database_url, context_key=settings.context_key, pool_size=2, application_name="duban-cli")
        try:
            yield engine, settings
        except AnticipatedError as error:
            fields = getattr(error, "fields", {})
            told = [f"{name}: {text}" for name, texts in fields.items() for text in texts] or [str(error)]
            raise click.ClickException("\n".join(told)) from error
        finally:
            engine.dispose()


@contextmanager
def _desk() -> Iterator[Desk]:
    hand = Hand(id=None, name=f"终端 {getpass.getuser()}")
    with _engine() as (engine, _), at_desk(engine, hand=hand, now=SystemClock().now()) as desk:
        yield desk


@click.group()
def operator() -> None:
    """People who run the service and sign in at /operator."""


@operator.command("create")
@click.argument("login")
@click.option("--name", required=True, help="Who it is, for the record of acts.")
def create_operator(login: str, name: str) -> None:
    """Make an operator and print the first-time slip: shown once, to be changed at the first sign-in."""
    with _desk() as desk:
        slip = accounts.create_operator(desk, login=login, name=name)
    click.echo(
        f"/operator/sign-in\n  {slip.login}\n  {slip.password}"
        f"\n  until {slip.ends_at:%Y-%m-%d %H:%M} UTC; then an own password and two-step codes"
    )


@operator.command("list")
def list_operators() -> None:
    """List the operators."""
    with _desk() as desk:
        for one in desk.session.scalars(select(Operator).order_by(Operator.login)):
            state = "stopped" if not one.active else "ready" if one.totp_confirmed_at else "not set up"
            click.echo(f"{one.login:<24}{state:<12}{one.name}")


@operator.command("rewrap")
@click.argument("login", required=False)
def rewrap_operators(login: str | None) -> None:
    """Seal the second factors of operators (of LOGIN) under the newest key, as `duban keys rewrap` does for tenants."""
    with services(read_settings(), queue=False) as settings:
        engine = make_engine(settings.database_url, context_key=settings.context_key, pool_size=1, application_name="duban-cli")
        try:
            with at_desk(engine, hand=Hand(None, "terminal"), now=SystemClock().now()) as desk:
                moved = accounts.rewrap_factors(desk, keys=settings.factor_keys, login=login)
        finally:
            engine.dispose()
    click.echo(f"{moved} sealed anew")


@operator.command("stop")
@click.argument("login")
def stop_operator(login: str) -> None:
    """Let an operator in no more, from their next request on."""
    with _desk() as desk:
        accounts.stop_operator(desk, login=login)
    click.echo(f"{login} is stopped.")


@operator.command("verify")
def verify_operators() -> None:
    """Recompute the chain of operators' acts by itself; `duban audit verify` compares it with the anchor file, too."""
    with _desk() as desk:
        verdict = verify_acts(desk.session)
    if verdict.bad_seq is not None:
        click.echo(f"act {verdict.bad_seq}: {verdict.reason}", err=True)
        sys.exit(1)
    click.echo(f"{verdict.acts} acts, unbroken")


@click.group()
def tenant() -> None:
    """The systems this installation serves."""


@tenant.command("list")
def tenant_list() -> None:
    """List tenants with what they use."""
    with _desk() as desk:
        lines, _ = list_tenants(desk.session, limit=10_000)
        for one in lines:
            state = "suspended" if one.is_suspended else "in use"
            size = f"{one.storage_bytes / 1024**2:.1f} MB"
            click.echo(
                f"{one.slug:<24}{one.kind:<12}{state:<11}{one.people:>7} people {one.units:>8} units {size:>12}  {one.name}"
            )


@tenant.command("policies")
@click.argument("slug", required=False)
def tenant_policies(slug: str | None) -> None:
    """Say, measured now, which tenants have not adopted their kind's newest policy; each one's security administrator does."""
    with _engine() as (engine, _):
        counted = list(policies(engine, now=SystemClock().now(), slug=slug))
    for one, count in counted:
        said = "its kind cannot be read" if count is None else f"{count} changes not adopted" if count else "as its kind"
        click.echo(f"{one.slug:<24}{one.kind:<12}{one.policy_digest[:8]}  {said}")
    click.echo(f"{sum(bool(count) for _, count in counted)} of {len(counted)} behind")


@tenant.command("create")
@click.argument("slug")
@click.option("--kind", required=True)
@click.option("--name", default="", help="By default the division's name.")
@click.option("--division", default="", help="County or street by code: its townships and villages become units.")
@click.option("--units", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of units, XLSX or CSV.")
@click.option("--root-code", default="", help="Code of the topmost unit; by default the division's, else the slug.")
@click.option("--time-zone", default="Asia/Shanghai", show_default=True)
@click.option("--admin-login", default="admin", show_default=True)
@click.option("--admin-name", required=True)
@click.option("--people", type=click.IntRange(min=1), help="Most active accounts.")
@click.option("--storage-gb", type=click.FloatRange(min=0, min_open=True), help="Most file storage.")
def tenant_create(
    slug: str,
    kind: str,
    name: str,
    division: str,
    units: Path | None,
    root_code: str,
    time_zone: str,
    admin_login: str,
    admin_name: str,
    people: int | None,
    storage_gb: float | None,
) -> None:
    """Make a tenant from a kind, and print its first administrator's slip."""
    data = units.read_bytes() if units else b""
    with _engine() as (engine, _):
        if division:
            root = divisions.root_of(kind, division)
            if root is None:
                raise click.ClickException(f"{division} is no division that a {kind} can be made from.")
            data, root_code, name = divisions.units_file(kind, root), root.full_code, name or root.name
        made = found(
            engine,
            new=NewTenant(
                kind=kind,
                name=name,
                slug=slug,
                time_zone=time_zone,
                root_code=root_code or slug,
                root_name="",
                admin_login=admin_login,
                admin_name=admin_name,
                units=data,
                people_limit=people,
                storage_limit_bytes=int(storage_gb * GIB) if storage_gb else None,
            ),
            kinds=load_all(),
            now=SystemClock().now(),
            hand=Hand(id=None, name=f"终端 {getpass.getuser()}"),
        )
    click.echo(", ".join(f"{count} {level}" for level, count in made.units.items()))
    click.echo(
        f"/sign-in/{made.tenant.slug}\n  {made.slip.login}\n  {made.slip.password}\n  once: must be changed at the first sign-in"
    )


@tenant.command("quota")
@click.argument("slug")
@click.option("--people", type=click.IntRange(min=0), required=True, help="Most active accounts; 0 for no limit.")
@click.option("--storage-gb", type=click.FloatRange(min=0), required=True, help="Most file storage; 0 for no limit.")
@click.option("--files", type=click.IntRange(min=0), default=0, help="Most files; 0 for no limit.")
def tenant_quota(slug: str, people: int, storage_gb: float, files: int) -> None:
    """Set how much a tenant may have."""
    with _desk() as desk:
        one = find_by_slug(desk.session, slug)
        tenants.set_quota(
            desk,
            tenant_id=one.id,
            people_limit=people or None,
            storage_limit_bytes=int(storage_gb * GIB) or None,
            files_limit=files or None,
        )
    click.echo(f"{slug}: set.")


@tenant.command("suspend")
@click.argument("slug")
@click.option("--reason", required=True, help="Its people are shown this.")
def tenant_suspend(slug: str, reason: str) -> None:
    """Close a tenant for everybody from their next request on; nothing is lost."""
    with _desk() as desk:
        tenants.suspend(desk, tenant_id=find_by_slug(desk.session, slug).id, reason=reason)
    click.echo(f"{slug} is suspended.")


@tenant.command("resume")
@click.argument("slug")
def tenant_resume(slug: str) -> None:
    """Open a suspended tenant again."""
    with _desk() as desk:
        tenants.resume(desk, tenant_id=find_by_slug(desk.session, slug).id)
    click.echo(f"{slug} is open.")


@tenant.command("export")
@click.argument("slug")
def tenant_export(slug: str) -> None:
    """Order a tenant's archive into the folder exports of the data folder; an operator confirms it at /operator/orders."""
    with _desk() as desk:
        name = orders.order_export(desk, tenant_id=find_by_slug(desk.session, slug).id).archive
    click.echo(f"Ordered; written once an operator has confirmed it: {name}")


@tenant.command("import")
@click.argument("archive")
@click.option("--slug", default="", help="Another code than in the archive.")
def tenant_import(archive: str, slug: str) -> None:
    """Bring a tenant back from an archive in the folder exports, suspended."""
    with _desk() as desk:
        order_id = orders.order_import(desk, archive=Path(archive).name, slug=slug).id
    _carry_out([order_id])


@tenant.command("delete")
@click.argument("slug")
def tenant_delete(slug: str) -> None:
    """Order a suspended tenant's deletion: an operator confirms it at /operator/orders, or it begins after seven days."""
    typed = click.prompt("Type the tenant's code again to make sure")
    with _desk() as desk:
        order = orders.order_deletion(desk, tenant_id=find_by_slug(desk.session, slug).id, typed_slug=typed)
        click.echo(f"Ordered; begins {order.begins_at:%Y-%m-%d %H:%M} UTC unless confirmed earlier or cancelled.")


@tenant.command("carry-out")
@click.argument("slug", required=False)
def tenant_carry_out(slug: str | None) -> None:
    """Carry out, as the owner of the tables, what is ordered and due (for SLUG): for a timer where no steward runs."""
    if slug is None:
        _carry_out()
        return
    with _desk() as desk:
        wanted = open_orders_of(desk.session, slug)
    _carry_out(wanted)


def _carry_out(only: Collection[UUID] | None = None) -> None:
    with database(read_settings()) as settings:
        means = means_of(settings)
        taken = carry_out(means, only=only)
        engine = means.engine
        with at_desk(engine, hand=Hand(None, "terminal"), now=SystemClock().now()) as desk:
            ended = [one for one in (get_order(desk.session, each) for each in taken) if one.ended_at is not None]
            told = [f"{one.kind} {one.slug}: {one.state} {one.outcome.get('error', '')}".rstrip() for one in ended]
            failed = any(one.state == "failed" for one in ended)
        for line in told:
            click.echo(line, err=failed)
        means.owner.dispose()
        engine.dispose()
    if failed:
        sys.exit(1)
    if not taken:
        click.echo("Nothing is due.")
