"""What the clock does for the record: note the heads outside the database, and see that the chains are whole."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from duban.audit.anchors import Anchor, AnchorFileError, AnchorKind, shelf
from duban.audit.models import AuditCheck, AuditRecord
from duban.audit.operations import AT_ONCE
from duban.audit.queries import LOST, Mark, Verdict, head, last_check, last_of, lost_anchors, unvouched, verify
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

    A broken chain is not anchored: the file keeps saying what was right. Nor is one whose anchors are lost: only an operator
    says that it is to be believed as it stands (`duban audit reanchor`). Safe to run twice.
    """
    walk = _walks.setdefault(scope.tenant_id, _Walk(Mark()))
    starts_anew = walk.mark.seq == 0 and _is_due(scope, walk)
    file = shelf.afresh() if starts_anew else shelf.current()
    try:
        anchors = file.of(scope.tenant_id) if file else []
        last = last_of(anchors)
        lost = lost_anchors(file, last, known=_known(scope)) if file else ""
    except (OSError, AnchorFileError) as error:
        verdict = Verdict(head(scope).seq, 1, f"{LOST}{error}")
        _keep(scope, verdict, None, None)
        return verdict
    verdict = verify(scope, anchors, after=_before(scope, anchors))
    if verdict.bad_seq is None:
        verdict = _go_on(scope, walk, anchors) or verdict
    if verdict.bad_seq is None and lost:
        verdict = unvouched(verdict, last, lost)
    if verdict.bad_seq is None and (last is None or verdict.rows > last.seq):
        kind = AnchorKind.RESULT if file and is_hurried(scope) else AnchorKind.HEAD
        made = Anchor(at=scope.now, tenant_id=scope.tenant_id, seq=verdict.rows, hash=verdict.hash, kind=kind)
        if shelf.write(made):
            last = made
    _keep(scope, verdict, last, walk.whole_at)
    return verdict


def is_hurried(scope: Scope) -> bool:
    """
    Tell whether something careers hang on was recorded since the last anchor.

    Costs: one statement over the few records since; none where the chain is known to be broken, for it is not anchored.
    """
    kept = last_check(scope)
    try:
        last = last_of(shelf.file.of(scope.tenant_id)) if shelf.file else None
    except (OSError, AnchorFileError):
        return False
    if last is None or (kept is not None and kept.bad_seq is not None):
        return False
    hurried = select(AuditRecord.seq).where(
        AuditRecord.tenant_id == scope.tenant_id, AuditRecord.seq > last.seq, AuditRecord.act.in_(AT_ONCE)
    )
    return scope.session.scalars(hurried.limit(1)).first() is not None


def _known(scope: Scope) -> int:
    """How many records the database says were anchored. Who rewrites it gains nothing while the file is there."""
    kept = last_check(scope)
    return kept.anchored_seq if kept else 0


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


def _keep(scope: Scope, verdict: Verdict, last: Anchor | None, whole_at: datetime | None) -> None:
    values: dict[str, object] = {
        "checked_at": scope.now,
        "rows": verdict.rows,
        "bad_seq": verdict.bad_seq,
        "reason": verdict.reason,
    }
    if verdict.bad_seq is not None:
        log.error("audit broken", tenant=scope.tenant.slug, record=verdict.bad_seq, reason=verdict.reason)
    elif last is not None:
        # only ever said while the file agrees: what is lost afterwards is told by it
        values |= {"anchored_seq": last.seq, "anchored_at": last.at}
    if whole_at:
        values["whole_at"] = whole_at
    statement = insert(AuditCheck).values(tenant_id=scope.tenant_id, **{"anchored_seq": 0} | values)
    scope.session.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_=values))


def note_anchored(scope: Scope, anchor: Anchor) -> None:
    """Note that an operator settled where the chain is believed to stand, so that an older state is measured by it."""
    _keep(scope, Verdict(anchor.seq, hash=anchor.hash), anchor, None)
