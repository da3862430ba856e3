"""Reading and verifying the record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from duban.audit.chain import GENESIS, digest
from duban.audit.models import AuditHead, AuditRecord
from duban.kernel.scope import Scope


@dataclass(frozen=True)
class Verdict:
    """What checking a chain found: rows read, and the first bad sequence number with the reason, if any."""

    rows: int
    bad_seq: int | None = None
    reason: str = ""


def verify(scope: Scope) -> Verdict:
    """
    Recompute the tenant's chain from its start and compare it with the head.

    Costs: reads every audit row of the tenant, streamed.
    """
    statement = select(AuditRecord).where(AuditRecord.tenant_id == scope.tenant_id).order_by(AuditRecord.seq)
    rows = scope.session.scalars(statement.execution_options(yield_per=1000))
    try:
        verdict, head = _walk(rows)
    finally:
        rows.close()
    if verdict.bad_seq is not None:
        return verdict
    last = scope.session.execute(
        select(AuditHead.seq, AuditHead.hash).where(AuditHead.tenant_id == scope.tenant_id)
    ).one_or_none()
    if (last.seq, last.hash) != (verdict.rows, head) if last else verdict.rows:
        return Verdict(verdict.rows, verdict.rows + 1, "the end of the chain is not where its head says")
    return verdict


def _walk(rows: Iterable[AuditRecord]) -> tuple[Verdict, str]:
    head, count = GENESIS, 0
    for row in rows:
        count += 1
        if row.seq != count:
            return Verdict(count, count, "missing or repeated sequence number"), head
        if row.previous_hash != head:
            return Verdict(count, row.seq, "does not follow the row before it"), head
        head = digest(
            previous=head,
            tenant_id=row.tenant_id,
            seq=row.seq,
            at=row.at,
            actor_id=row.actor_id,
            actor_name=row.actor_name,
            act=row.act,
            subject_kind=row.subject_kind,
            subject_id=row.subject_id,
            unit_path=row.unit_path,
            details=row.details,
        )
        if row.hash != head:
            return Verdict(count, row.seq, "content does not match its hash"), head
    return Verdict(count), head


def history(scope: Scope, subject_kind: str, subject_id: UUID, *, limit: int = 100) -> Sequence[AuditRecord]:
    """List what was done to one subject, newest first."""
    return scope.session.scalars(
        select(AuditRecord)
        .where(
            AuditRecord.tenant_id == scope.tenant_id,
            AuditRecord.subject_kind == subject_kind,
            AuditRecord.subject_id == subject_id,
        )
        .order_by(AuditRecord.seq.desc())
        .limit(limit)
    ).all()
