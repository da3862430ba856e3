"""`duban audit …`: the chains of tenants and of the operators seen from the terminal, with the anchor file."""

import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial

import click
from sqlalchemy import Engine

from duban.audit.anchors import Anchor, AnchorFile, AnchorFileError, AnchorKind
from duban.audit.operations import record
from duban.audit.queries import LOST, Verdict, head, judge
from duban.audit.tasks import note_anchored
from duban.console.anchoring import judge_acts
from duban.console.desk import CONSOLE, Hand, at_desk, verify_acts
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.figures import OPERATOR_ACTS_ANCHORED, OPERATOR_ACTS_BAD, note_figures
from duban.kernel.scope import SYSTEM, TenantInfo, open_session, unit_of_work
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


def _operators(engine: Engine, file: AnchorFile) -> Verdict:
    found = judge_acts(engine, file)
    return Verdict(found.acts, found.bad_seq, found.reason, found.hash)


@audit.command("verify")
@click.argument("slug", required=False)
def audit_verify(slug: str | None) -> None:
    """Recompute the chain of one tenant, or all and the operators', compare with the anchor file; ends with 1 for a bad one."""
    with _tenants(slug) as (settings, engine, tenants):
        file, bad = AnchorFile(settings.resolved_anchor_file), 0
        for tenant in tenants:
            with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
                bad += _tell(tenant.slug, judge(scope, file))
        if slug is None:
            bad += _tell("operators", _operators(engine, file))
            bad += _gone(file, {tenant.id for tenant in tenants})
    if bad or not tenants:
        sys.exit(1)


def _tell(name: str, verdict: Verdict) -> bool:
    """Say what was found. Gives: whether it is bad."""
    for notice in verdict.notices:
        click.echo(f"{name}: note: {notice}")
    if verdict.bad_seq is None:
        click.echo(f"{name}: {verdict.rows} records, unbroken")
        return False
    click.echo(f"{name}: record {verdict.bad_seq}: {verdict.reason}", err=True)
    if verdict.reason.startswith(LOST):
        click.echo(
            f"{name}: nothing outside the database vouches for these records. Find out who removed the file and look for a copy "
            "of it; only then: duban audit reanchor --reason …",
            err=True,
        )
    return True


def _gone(file: AnchorFile, known: set[object]) -> int:
    """Name tenants the anchor file knows and the database does not, unless the operator deleted them."""
    gone = 0
    try:
        for tenant_id in file.tenants():
            last = file.of(tenant_id)[-1]
            if tenant_id not in known | {CONSOLE} and last.kind is not AnchorKind.CLOSED:
                gone += 1
                click.echo(f"{tenant_id}: anchored with {last.seq} records, and not in the database", err=True)
    except (OSError, AnchorFileError) as error:
        click.echo(f"the anchor file cannot be trusted: {error}", err=True)
        return 1
    return gone


def _require_begun(file: AnchorFile) -> None:
    try:
        is_begun = file.is_begun()
    except (OSError, AnchorFileError) as error:
        raise click.ClickException(f"The anchor file cannot be trusted ({error}): duban audit reanchor --reason …") from error
    if not is_begun:
        raise click.ClickException(f"{file.path} is not there or empty: duban audit reanchor --reason …")


@audit.command("reset")
@click.argument("slug", required=False)
@click.option("--operators", is_flag=True, help="The operators' own chain.")
@click.option(
    "--reason", required=True, help="Why the records after the present end are given up, e.g. which backup was restored."
)
def audit_reset(slug: str | None, operators: bool, reason: str) -> None:  # noqa: FBT001 - click passes flags by name
    """After restoring a backup: note in the anchor file, with the reason, that later records are given up."""
    if (slug is None) is not operators:
        raise click.UsageError("Say which tenant, or --operators.")
    with _tenants(slug) as (settings, engine, tenants):
        if not tenants and not operators:
            raise click.UsageError(f"There is no tenant {slug}.")
        now, file = SystemClock().now(), AnchorFile(settings.resolved_anchor_file)
        _require_begun(file)
        if operators:
            _settle_operators(engine, file, AnchorKind.RESET, reason, now)
        else:
            _settle(engine, tenants[0], file, AnchorKind.RESET, reason, now)
    click.echo(f"noted in {settings.resolved_anchor_file}")


@audit.command("reanchor")
@click.option("--reason", required=True, help="What became of the anchor file, and why the chains are believed as they stand.")
def audit_reanchor(reason: str) -> None:
    """
    After the anchor file was lost or damaged: believe every whole chain as it stands now, and say so in record and file for ever.

    A damaged file is kept beside the new one. A chain that is broken in itself is not anchored, and the command ends with 1.
    """
    with _tenants(None) as (settings, engine, tenants):
        now, file = SystemClock().now(), AnchorFile(settings.resolved_anchor_file)
        try:
            file.is_begun()
        except (OSError, AnchorFileError) as error:
            click.echo(f"{error}: kept as {file.set_aside(now)}")
            file = AnchorFile(settings.resolved_anchor_file)
        # All are judged before the first line is written: with it the file is there again.
        found: dict[TenantInfo, Verdict] = {}
        for tenant in tenants:
            with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
                found[tenant] = judge(scope, file)
        of_operators = _operators(engine, file)
        bad = 0
        bad += _reanchored("operators", of_operators, partial(_settle_operators, engine, file, AnchorKind.ANEW, reason, now))
        for tenant, verdict in found.items():
            bad += _reanchored(tenant.slug, verdict, partial(_settle, engine, tenant, file, AnchorKind.ANEW, reason, now))
    if bad:
        sys.exit(1)


def _reanchored(name: str, verdict: Verdict, settle: Callable[[], None]) -> bool:
    if verdict.bad_seq is None:
        click.echo(f"{name}: its anchors are there; nothing to do")
        return False
    if not verdict.reason.startswith(LOST):
        return _tell(name, verdict)
    settle()
    return False


def _settle(engine: Engine, tenant: TenantInfo, file: AnchorFile, kind: AnchorKind, reason: str, now: datetime) -> None:
    """Record what an operator decides about a tenant's chain, and anchor its end: both or neither."""
    with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
        end = head(scope)
        lost = max((anchor.seq for anchor in file.of(scope.tenant_id)), default=end.seq) - end.seq
        record(
            scope, "audit.reset" if kind is AnchorKind.RESET else "audit.reanchored", "audit", scope.tenant_id,
            reason=reason, kept=end.seq, lost_at_least=max(lost, 0),
        )  # fmt: skip
        anchor = Anchor(at=now, tenant_id=tenant.id, seq=end.seq, hash=end.hash, kind=kind, reason=reason)
        note_anchored(scope, anchor)
        file.append(anchor)
    _said(tenant.slug, end.seq, max(lost, 0), kind)


def _settle_operators(engine: Engine, file: AnchorFile, kind: AnchorKind, reason: str, now: datetime) -> None:
    """The same for the operators' chain, as an act of whoever sits at the terminal."""
    act = "audit.reset" if kind is AnchorKind.RESET else "audit.reanchored"
    with at_desk(engine, hand=Hand(id=None, name=f"终端 {getpass.getuser()}"), now=now) as desk:
        found = verify_acts(desk.session)
        if found.bad_seq is not None:
            raise click.ClickException(f"operators: act {found.bad_seq}: {found.reason}")
        lost = max((anchor.seq for anchor in file.of(CONSOLE)), default=found.acts) - found.acts
        desk.record(act, "audit", CONSOLE, reason=reason, kept=found.acts, lost_at_least=max(lost, 0))
        file.append(Anchor(at=now, tenant_id=CONSOLE, seq=found.acts, hash=found.hash, kind=kind, reason=reason))
    note_figures(engine, {OPERATOR_ACTS_BAD: Decimal(0), OPERATOR_ACTS_ANCHORED: Decimal(found.acts)}, now)
    _said("operators", found.acts, max(lost, 0), kind)


def _said(name: str, kept: int, lost: int, kind: AnchorKind) -> None:
    if kind is AnchorKind.RESET:
        click.echo(f"{name}: {kept} records kept, at least {lost} given up")
    else:
        click.echo(f"{name}: {kept} records believed as they stand")
