"""`duban audit …`: the chain seen from the terminal, with the anchor file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Engine

from duban.audit.anchors import Anchor, AnchorFile, AnchorFileError, AnchorKind
from duban.audit.operations import record
from duban.audit.queries import Verdict, head, verify
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.scope import SYSTEM, Scope, TenantInfo, open_session, unit_of_work
from duban.kernel.settings import Settings, read_settings
from duban.tenancy.queries import registered_tenants


@click.group()
def audit() -> None:
    """The record of acts."""


@contextmanager
def _tenants(slug: str | None) -> Iterator[tuple[Settings, Engine, list[TenantInfo]]]:
    settings = read_settings()
    engine = make_engine(settings.database_url, context_key=settings.context_key)
    with open_session(engine, None) as session:
        tenants = [tenant for tenant in registered_tenants(session) if slug in {None, tenant.slug}]
    try:
        yield settings, engine, tenants
    finally:
        engine.dispose()


def _verdict(scope: Scope, file: AnchorFile) -> Verdict:
    try:
        return verify(scope, file.of(scope.tenant_id))
    except (OSError, AnchorFileError) as error:
        return Verdict(0, 1, f"the anchor file cannot be trusted: {error}")


@audit.command("verify")
@click.argument("slug", required=False)
def audit_verify(slug: str | None) -> None:
    """Recompute the hash chain of one tenant or of all, compare with the anchor file; names the first bad record, ends with 1."""
    with _tenants(slug) as (settings, engine, tenants):
        file, bad = AnchorFile(settings.resolved_anchor_file), 0
        for tenant in tenants:
            with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
                verdict = _verdict(scope, file)
            for notice in verdict.notices:
                click.echo(f"{tenant.slug}: note: {notice}")
            if verdict.bad_seq is None:
                click.echo(f"{tenant.slug}: {verdict.rows} records, unbroken")
            else:
                bad += 1
                click.echo(f"{tenant.slug}: record {verdict.bad_seq}: {verdict.reason}", err=True)
        bad += _gone(file, {tenant.id for tenant in tenants}) if slug is None else 0
    if bad or not tenants:
        sys.exit(1)


def _gone(file: AnchorFile, known: set[object]) -> int:
    """Name tenants the anchor file knows and the database does not, unless the operator deleted them."""
    gone = 0
    for tenant_id in file.tenants():
        last = file.of(tenant_id)[-1]
        if tenant_id not in known and last.kind is not AnchorKind.CLOSED:
            gone += 1
            click.echo(f"{tenant_id}: anchored with {last.seq} records, and not in the database", err=True)
    return gone


@audit.command("reset")
@click.argument("slug")
@click.option(
    "--reason", required=True, help="Why the records after the present end are given up, e.g. which backup was restored."
)
def audit_reset(slug: str, reason: str) -> None:
    """After restoring a backup: note in the anchor file, with the reason, that later records are given up."""
    with _tenants(slug) as (settings, engine, tenants):
        if not tenants:
            raise click.UsageError(f"There is no tenant {slug}.")
        now = SystemClock().now()
        file = AnchorFile(settings.resolved_anchor_file)
        with unit_of_work(engine, tenant=tenants[0], actor=SYSTEM, now=now) as scope:
            end = head(scope)
            lost = max((anchor.seq for anchor in file.of(scope.tenant_id)), default=end.seq) - end.seq
            record(scope, "audit.reset", "audit", scope.tenant_id, reason=reason, kept=end.seq, lost_at_least=max(lost, 0))
        anchor = Anchor(at=now, tenant_id=tenants[0].id, seq=end.seq, hash=end.hash, kind=AnchorKind.RESET, reason=reason)
        file.append(anchor)
    click.echo(f"{slug}: {end.seq} records kept, at least {max(lost, 0)} given up; noted in {settings.resolved_anchor_file}")
