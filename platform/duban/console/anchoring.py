"""
The operators' chain in the anchor file, under the console's own id as a tenant's under the tenant's; and the file's first line.

What is found is kept as two figures of the installation, which hold no content.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from duban.audit.anchors import Anchor, AnchorFile, AnchorFileError, AnchorKind, shelf
from duban.audit.chain import GENESIS
from duban.audit.queries import LOST, last_of, lost_anchors
from duban.console.desk import CONSOLE, ChainVerdict, verify_acts
from duban.console.models import OperatorActHead, OperatorOrder
from duban.console.states import OrderKind, OrderState
from duban.kernel.db import make_engine
from duban.kernel.errors import UnfitDatabaseError
from duban.kernel.figures import OPERATOR_ACTS_ANCHORED, OPERATOR_ACTS_BAD, note_figures, read_figures
from duban.kernel.logs import get_logger
from duban.kernel.scope import open_session
from duban.kernel.settings import Settings
from duban.tenancy.queries import registered_tenants

log = get_logger(__name__)

WHOLE_EVERY = timedelta(hours=24)


def begin(engine: Engine, file: AnchorFile, *, now: datetime) -> bool:
    """
    Write the file's first line where nothing at all is recorded yet. Gives: whether it was written.

    An installation with tenants or operators' acts and no file has lost it, which only an operator settles.
    Raises: OSError, AnchorFileError.
    """
    if file.is_begun():
        return False
    with open_session(engine, None) as session:
        if registered_tenants(session):
            return False
    with open_session(engine, CONSOLE) as session:
        if session.scalars(select(OperatorActHead.seq)).one_or_none():
            return False
    file.append(Anchor(at=now, tenant_id=CONSOLE, seq=0, hash=GENESIS, kind=AnchorKind.BEGUN))
    return True


def begin_with(settings: Settings, *, now: datetime) -> None:
    """Begin the file the settings name, if it may be; where this process may not write it, the clock does at its start."""
    engine = make_engine(settings.database_url, context_key=settings.context_key, pool_size=1, application_name="duban-anchors")
    try:
        begin(engine, AnchorFile(settings.resolved_anchor_file), now=now)
    except (OSError, AnchorFileError, SQLAlchemyError, UnfitDatabaseError) as error:
        # a migration does not fail for it: without its first line the file's alarm says what is missing
        log.warning("anchor file not begun", reason=str(error))
    finally:
        engine.dispose()


def being_deleted(engine: Engine) -> set[UUID]:
    """List the tenants the steward is deleting: a chain half gone on purpose is no broken one. Costs: one query."""
    orders = select(OperatorOrder.tenant_id).where(
        OperatorOrder.kind == OrderKind.DELETION.value, OperatorOrder.state == OrderState.RUNNING.value
    )
    with open_session(engine, CONSOLE) as session:
        return {tenant_id for tenant_id in session.scalars(orders) if tenant_id is not None}


def judge_acts(engine: Engine, file: AnchorFile) -> ChainVerdict:
    """Walk the operators' chain with the anchor file, which must be what it was. Costs: reads every act."""
    known, _ = read_figures(engine).get(OPERATOR_ACTS_ANCHORED, (Decimal(0), None))
    try:
        anchors = file.of(CONSOLE)
        last = last_of(anchors)
        lost = lost_anchors(file, last, known=int(known))
    except (OSError, AnchorFileError) as error:
        return ChainVerdict(0, 1, f"{LOST}{error}")
    with open_session(engine, CONSOLE) as session:
        found = verify_acts(session, anchors)
    return replace(found, bad_seq=(last.seq if last else 0) + 1, reason=lost) if lost and found.bad_seq is None else found


class Watch:
    """The clock's eye on the operators' chain: checked when it has grown, and once a day from its first act."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._whole_at: datetime | None = None
        self._seen: tuple[int, str] | None = None

    def look(self, now: datetime) -> None:
        """Check and anchor what was added; what is broken or unvouched for is kept for the alarm and not anchored."""
        file = shelf.current()
        if file is None:
            return
        is_due = self._whole_at is None or now - self._whole_at >= WHOLE_EVERY
        with open_session(self._engine, CONSOLE) as session:
            row = session.execute(select(OperatorActHead.seq, OperatorActHead.hash)).one_or_none()
        end = (row.seq, row.hash) if row else (0, GENESIS)
        if not is_due and end == self._seen and file.path.exists():
            return
        file = (shelf.afresh() or file) if is_due else file
        found = judge_acts(self._engine, file)
        if found.bad_seq is not None:
            log.error("operators' audit broken", record=found.bad_seq, reason=found.reason)
            note_figures(self._engine, {OPERATOR_ACTS_BAD: Decimal(found.bad_seq)}, now)
            self._seen = None
            return
        last = last_of(file.of(CONSOLE))
        if last is None or found.acts > last.seq:
            last = Anchor(at=now, tenant_id=CONSOLE, seq=found.acts, hash=found.hash)
            if not shelf.write(last):
                return
        self._seen, self._whole_at = end, now if is_due else self._whole_at
        note_figures(self._engine, {OPERATOR_ACTS_BAD: Decimal(0), OPERATOR_ACTS_ANCHORED: Decimal(last.seq)}, now)
