"""Reading and verifying the record."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from duban.audit.anchors import Anchor, AnchorFile, AnchorFileError, AnchorKind
from duban.audit.chain import GENESIS, digest
from duban.audit.models import AuditCheck, AuditHead, AuditRecord
from duban.kernel.scope import Scope
from duban.web.alarms import ANCHORS_LOST

_ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class Verdict:
    """
    What checking a chain found.

    `rows` were read; `bad_seq` is the first record that is not as it was written, with the reason in words.
    `notices` tell of what is no fault but must not be passed over: records an operator gave up, with the reason.
    """

    rows: int
    bad_seq: int | None = None
    reason: str = ""
    hash: str = GENESIS
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A place in a chain known to be good: the last sequence number and its hash."""

    seq: int = 0
    hash: str = GENESIS


def head(scope: Scope) -> Mark:
    """Give where the tenant's chain says it ends. Costs: one query."""
    row = scope.session.execute(select(AuditHead.seq, AuditHead.hash).where(AuditHead.tenant_id == scope.tenant_id)).one_or_none()
    return Mark(row.seq, row.hash) if row else Mark()


def verify(scope: Scope, anchors: Iterable[Anchor] = (), *, after: Mark | None = None, at_most: int | None = None) -> Verdict:
    """
    Recompute the tenant's chain and compare it with its head and with what was anchored outside the database.

    Takes:  the tenant's binding anchors (`AnchorFile.of`); `after`, a place known from outside the database to be good,
            to check only what follows; `at_most` records, to go in steps: the verdict's `rows` and `hash` are the next
            `after`, and the end is only judged when it is reached.
    Costs:  reads the records concerned, streamed.
    """
    start = after or Mark()
    bound = {anchor.seq: anchor for anchor in anchors if anchor.seq >= start.seq}
    notices = tuple(
        f"on {anchor.at.isoformat(timespec='minutes')} the records after {anchor.seq} were given up: {anchor.reason}"
        for anchor in bound.values()
        if anchor.kind is AnchorKind.RESET
    ) + tuple(
        f"on {anchor.at.isoformat(timespec='minutes')} the anchors were lost and the first {anchor.seq} records believed as they "
        f"stood: {anchor.reason}"
        for anchor in bound.values()
        if anchor.kind is AnchorKind.ANEW
    )
    columns = AuditRecord.__table__.columns
    statement = (
        select(*columns)
        .where(AuditRecord.tenant_id == scope.tenant_id, AuditRecord.seq > start.seq)
        .order_by(AuditRecord.seq)
        .limit(at_most)
    )
    rows = scope.session.execute(statement.execution_options(yield_per=_ROWS_AT_ONCE))
    try:
        walked = _walk(rows, start, bound)
    finally:
        rows.close()
    if walked.bad_seq is None and (at_most is None or walked.rows < start.seq + at_most):
        walked = _judge_end(walked, head(scope), bound)
    return Verdict(walked.rows, walked.bad_seq, walked.reason, walked.hash, notices)


def _walk(rows: Iterable[Row[Any]], start: Mark, bound: dict[int, Anchor]) -> Verdict:
    last, count, sure = start.hash, start.seq, start.seq
    if start.seq in bound and bound[start.seq].hash != last:
        return Verdict(count, start.seq, "is not the record that was anchored", last)
    for row in rows:
        if row.seq != count + 1:
            return Verdict(count, count + 1, "missing or repeated sequence number", last)
        count += 1
        if row.previous_hash != last:
            return Verdict(count, row.seq, "does not follow the record before it", last)
        last = digest(
            previous=last,
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
        if row.hash != last:
            return Verdict(count, row.seq, "content does not match its hash", last)
        if anchor := bound.get(count):
            if anchor.hash != last:
                said = f"written anew: the records {sure + 1} to {count} do not lead to what was anchored on"
                return Verdict(count, sure + 1, f"{said} {anchor.at.isoformat(timespec='minutes')}", last)
            sure = count
    return Verdict(count, hash=last)


def _judge_end(walked: Verdict, end: Mark, bound: dict[int, Anchor]) -> Verdict:
    furthest = max(bound.values(), key=lambda anchor: anchor.seq, default=None)
    if furthest and furthest.seq > walked.rows:
        said = f"missing: on {furthest.at.isoformat(timespec='minutes')} there were {furthest.seq} records"
        return Verdict(walked.rows, walked.rows + 1, said, walked.hash)
    if (end.seq, end.hash) != (walked.rows, walked.hash):
        return Verdict(walked.rows, walked.rows + 1, "the end of the chain is not where its head says", walked.hash)
    return walked


LOST = ANCHORS_LOST
"""How the reason begins where not the chain is at fault, but the file that would vouch for it."""


def lost_anchors(file: AnchorFile, last: Anchor | None, *, known: int) -> str:
    """
    Say why the file cannot vouch for a chain although nothing in it is wrong; "" where it can.

    Takes: the chain's last binding anchor, and how many records the database itself says were anchored.
    Raises: AnchorFileError, OSError.
    """
    if not file.is_begun():
        return f"{LOST}{file.path} is not there or empty"
    if (last.seq if last else 0) < known:
        found = f"knows of {last.seq}" if last else "knows of none"
        return f"{LOST}{known} records were anchored, {file.path} {found}"
    return ""


def judge(scope: Scope, file: AnchorFile) -> Verdict:
    """
    Walk the whole chain with the anchor file; a file that is gone, empty, older than it was or tampered with is a fault.

    Costs: reads every record.
    """
    try:
        anchors = file.of(scope.tenant_id)
        last = last_of(anchors)
        kept = last_check(scope)
        lost = lost_anchors(file, last, known=kept.anchored_seq if kept else 0)
    except (OSError, AnchorFileError) as error:
        return Verdict(0, 1, f"{LOST}{error}")
    found = verify(scope, anchors)
    return found if found.bad_seq is not None or not lost else unvouched(found, last, lost)


def last_of(anchors: Iterable[Anchor]) -> Anchor | None:
    """Give the furthest anchor."""
    return max(anchors, key=lambda anchor: anchor.seq, default=None)


def unvouched(found: Verdict, last: Anchor | None, lost: str) -> Verdict:
    """Turn a whole chain's verdict into a fault from the first record on that no anchor vouches for."""
    return replace(found, bad_seq=(last.seq if last else 0) + 1, reason=lost)


def checks(session: Session) -> Sequence[AuditCheck]:
    """List what the clock last found about every tenant's chain; needs no tenant. Costs: one query."""
    return session.scalars(select(AuditCheck).order_by(AuditCheck.tenant_id)).all()


def last_check(scope: Scope) -> AuditCheck | None:
    """Give what the clock last found about this tenant's chain."""
    return scope.session.get(AuditCheck, scope.tenant_id)


def acts_on(scope: Scope, subject_kind: str, subject_ids: Collection[UUID], act: str) -> Sequence[AuditRecord]:
    """List one act done to any of these subjects, newest first. Costs: one query."""
    return scope.session.scalars(
        select(AuditRecord)
        .where(
            AuditRecord.tenant_id == scope.tenant_id,
            AuditRecord.subject_kind == subject_kind,
            AuditRecord.subject_id.in_(list(subject_ids)),
            AuditRecord.act == act,
        )
        .order_by(AuditRecord.seq.desc())
    ).all()


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
