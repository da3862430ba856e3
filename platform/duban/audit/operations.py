"""Recording acts."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from duban.audit.anchors import Anchor, AnchorKind, say
from duban.audit.chain import GENESIS, digest
from duban.audit.models import AuditHead, AuditRecord
from duban.kernel.scope import Scope


@dataclass(frozen=True)
class _Entry:
    act: str
    subject_kind: str
    subject_id: UUID
    unit_path: str | None
    details: dict[str, Any]


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"cannot be kept in the audit: {type(value).__name__}")


def record(scope: Scope, act: str, subject_kind: str, subject_id: UUID, unit_path: str | None = None, **details: object) -> None:
    """
    Record that the scope's actor did `act` to a subject.

    Rows are appended just before the commit, so that the chain's lock is held only for a moment; they are part of
    the same transaction: if they cannot be written, nothing is.
    Takes: `act` as `thing.verb` in the past, e.g. "submission.accepted"; details of plain values. What was allowed only by
    a delegation (`scope.memo["acting_for"]`, set where leave was asked, until the work ends) is recorded as done for its giver.
    """
    entries: list[_Entry] = scope.memo.setdefault("audit", [])
    if not entries:
        scope.before_commit.append(lambda: _append(scope, entries))
    if scope.memo.get("acting_for"):
        details["acting_for"] = scope.memo["acting_for"]
    plain = json.loads(json.dumps(details, default=_plain, ensure_ascii=False))
    entries.append(_Entry(act, subject_kind, subject_id, unit_path, plain))


def anchor_after_commit(scope: Scope) -> None:
    """
    Ask that the chain's new head be said in the log as soon as this work is committed, and anchored with the clock's next round.

    For acts careers hang on, such as publishing results. Call it beside `record`. The file itself is the clock's alone to write:
    the process people reach from outside must not be able to (docs/decisions/0044).
    """
    scope.memo["audit_anchored"] = True


AT_ONCE = ("assessment.frozen",)
"""Acts recorded beside `anchor_after_commit`: the clock looks for them every round."""


def _lock_head(scope: Scope) -> tuple[int, str]:
    statement = select(AuditHead.seq, AuditHead.hash).where(AuditHead.tenant_id == scope.tenant_id).with_for_update()
    row = scope.session.execute(statement).one_or_none()
    if row is None:
        # Two first writers: one inserts, the other waits on the key and then finds the row.
        scope.session.execute(
            pg_insert(AuditHead).values(tenant_id=scope.tenant_id, seq=0, hash=GENESIS).on_conflict_do_nothing()
        )
        row = scope.session.execute(statement).one()
    return row.seq, row.hash


def _append(scope: Scope, entries: list[_Entry]) -> None:
    scope.session.flush()
    seq, head = _lock_head(scope)
    rows = []
    for entry in entries:
        seq += 1
        row: dict[str, Any] = {
            "tenant_id": scope.tenant_id,
            "seq": seq,
            "at": scope.now,
            "actor_id": scope.actor.person_id,
            "actor_name": scope.actor.name,
            "act": entry.act,
            "subject_kind": entry.subject_kind,
            "subject_id": entry.subject_id,
            "unit_path": entry.unit_path,
            "details": entry.details,
        }
        row |= {"previous_hash": head, "hash": digest(previous=head, **row)}
        head = row["hash"]
        rows.append(row)
    scope.session.execute(insert(AuditRecord), rows)
    scope.session.execute(update(AuditHead).where(AuditHead.tenant_id == scope.tenant_id).values(seq=seq, hash=head))
    entries.clear()
    if scope.memo.pop("audit_anchored", False):
        made = Anchor(at=scope.now, tenant_id=scope.tenant_id, seq=seq, hash=head, kind=AnchorKind.RESULT)
        scope.after_commit(partial(say, made))
