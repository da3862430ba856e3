"""What the clock does for the record: note the heads outside the database, and see that the chains are whole."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from duban.audit.anchors import Anchor, AnchorFileError, shelf
from duban.audit.models import AuditCheck, AuditRecord
from duban.audit.queries import Mark, Verdict, head, verify
from duban.kernel.logs import get_logger
from duban.kernel.scope import Scope

log = get_logger(__name__)

EVERY = timedelta(minutes=3)
STEP = 50_000
"""Records of the whole walk in one round: a second or two, so that reminders do not wait."""
WHOLE_EVERY = timedelta(hours=24)


@dataclass
class _Walk:
    """How far the walk over a whole chain has come. In memory only: what lies in the database is what is being doubted."""

    mark: Mark
    whole_at: datetime | None = None


_walks: dict[UUID, _Walk] = {}


def check(scope: Scope) -> Verdict:
    """
    Check what was added since the last anchor, go on with the walk over the whole chain, then anchor the head.

    A broken chain is not anchored: the file keeps saying what was right. Safe to run twice.
    """
    walk = _walks.setdefault(scope.tenant_id, _Walk(Mark()))
    starts_anew = walk.mark.seq == 0 and _is_due(scope, walk)
    file = shelf.afresh() if starts_anew else shelf.file
    try:
        anchors = file.of(scope.tenant_id) if file else []
    except (OSError, AnchorFileError) as error:
        verdict = Verdict(head(scope).seq, 1, f"the anchor file cannot be trusted: {error}")
        _keep(scope, verdict, [], None)
        return verdict
    last = max(anchors, key=lambda anchor: anchor.seq, default=None)
    verdict = verify(scope, anchors, after=_before(scope, anchors))
    if verdict.bad_seq is None:
        verdict = _go_on(scope, walk, anchors) or verdict
    end = Mark(verdict.rows, verdict.hash)
    if verdict.bad_seq is None and (last is None or end.seq > last.seq):
        made = Anchor(at=scope.now, tenant_id=scope.tenant_id, seq=end.seq, hash=end.hash)
        if shelf.write(made):
            last = made
    _keep(scope, verdict, [last] if last else [], walk.whole_at)
    return verdict


def _before(scope: Scope, anchors: list[Anchor]) -> Mark | None:
    """Start at the last anchored record that is there, itself included, so that it is seen to be the same."""
    end = head(scope).seq
    last = max((anchor for anchor in anchors if anchor.seq <= end), key=lambda anchor: anchor.seq, default=None)
    if last is None or last.seq == 0:
        return None
    from_table = scope.session.execute(
        select(AuditRecord.previous_hash).where(AuditRecord.tenant_id == scope.tenant_id, AuditRecord.seq == last.seq)
    ).scalar()
    return Mark(last.seq - 1, from_table) if from_table else Mark(last.seq, last.hash)


def _is_due(scope: Scope, walk: _Walk) -> bool:
    return walk.whole_at is None or scope.now - walk.whole_at >= WHOLE_EVERY


def _go_on(scope: Scope, walk: _Walk, anchors: list[Anchor]) -> Verdict | None:
    """Take the next step of the whole walk; gives a verdict only where it found something."""
    if not _is_due(scope, walk):
        return None
    before = walk.mark.seq
    found = verify(scope, anchors, after=walk.mark, at_most=STEP)
    if found.bad_seq is not None:
        walk.mark = Mark()
        return found
    walk.mark = Mark(found.rows, found.hash)
    if found.rows - before < STEP:
        walk.mark, walk.whole_at = Mark(), scope.now
    return None


def _keep(scope: Scope, verdict: Verdict, anchored: list[Anchor], whole_at: datetime | None) -> None:
    values = {
        "checked_at": scope.now,
        "rows": verdict.rows,
        "anchored_seq": anchored[0].seq if anchored else 0,
        "anchored_at": anchored[0].at if anchored else None,
        "bad_seq": verdict.bad_seq,
        "reason": verdict.reason,
    } | ({"whole_at": whole_at} if whole_at else {})
    if verdict.bad_seq is not None:
        log.error("audit broken", tenant=scope.tenant.slug, record=verdict.bad_seq, reason=verdict.reason)
    statement = insert(AuditCheck).values(tenant_id=scope.tenant_id, **values)
    scope.session.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_=values))
