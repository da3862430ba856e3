"""
The operator's unit of work: one transaction bound to the console itself, ending with its acts in the operators' chain.

A transaction bound to a tenant cannot see the console's tables, nor one of the console a tenant's: the database compares the
signed context (docs/decisions/0018).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from duban.audit.anchors import Anchor
from duban.audit.chain import GENESIS, digest
from duban.console.errors import DoneAlreadyError
from duban.console.models import OperatorAct, OperatorActHead
from duban.kernel.context import CONSOLE_CONTEXT, bind
from duban.kernel.scope import open_session

CONSOLE = CONSOLE_CONTEXT
"""The context that opens the console's tables; migration 0014 knows the same one and keeps tenants from having it."""


@dataclass(frozen=True)
class Hand:
    """Who acts: an operator, or (id None) somebody at the machine's own terminal, or the steward."""

    id: UUID | None
    name: str
    key: str = ""
    """Digest of the key the act was asked under: nothing is done twice under one."""
    asked: str = ""
    """Digest of the request itself."""


STEWARD = Hand(id=None, name="steward")


@dataclass(frozen=True)
class Desk:
    """One unit of work of an operator."""

    session: Session
    hand: Hand
    now: datetime
    acts: list[dict[str, Any]] = field(default_factory=list)

    def record(self, act: str, subject_kind: str, subject_id: UUID, **details: object) -> None:
        """Record what the hand did; written at the end of the work, in its transaction."""
        self.acts.append({"act": act, "subject_kind": subject_kind, "subject_id": subject_id, "details": _plain(details)})


def _plain(details: dict[str, object]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(details, ensure_ascii=False, default=str))
    return plain


@contextmanager
def at_desk(engine: Engine, *, hand: Hand, now: datetime) -> Iterator[Desk]:
    """Open the operator's unit of work; commits when the block ends well."""
    with open_session(engine, CONSOLE) as session, session.begin():
        desk = Desk(session=session, hand=hand, now=now)
        yield desk
        append_acts(desk)


@contextmanager
def desk_within(session: Session, *, hand: Hand, now: datetime) -> Iterator[Desk]:
    """
    Turn to the console's tables at the end of a tenant's own transaction, so that both happen or neither.

    The context stays the console's afterwards: nothing of the tenant may follow.
    """
    session.flush()
    bind(session.connection(), CONSOLE)
    desk = Desk(session=session, hand=hand, now=now)
    yield desk
    append_acts(desk)


def append_acts(desk: Desk) -> None:
    """Append the recorded acts to the chain. Costs: the head's lock until the end of the transaction."""
    if not desk.acts:
        return
    desk.session.flush()
    seq, head = _lock_head(desk.session)
    _refuse_second(desk)
    rows = []
    for act in desk.acts:
        if desk.hand.key:
            act["details"] |= {"key": desk.hand.key, "asked": desk.hand.asked}
        seq += 1
        row = act | {"seq": seq, "at": desk.now, "operator_id": desk.hand.id, "operator_name": desk.hand.name}
        row |= {"previous_hash": head, "hash": _digest(head, row)}
        head = row["hash"]
        rows.append(row)
    desk.session.execute(insert(OperatorAct), rows)
    desk.session.execute(update(OperatorActHead).where(OperatorActHead.id == 1).values(seq=seq, hash=head))
    desk.acts.clear()


def _refuse_second(desk: Desk) -> None:
    """Whoever comes second under a key finds the first under the head's lock. Raises: DoneAlreadyError."""
    if desk.hand.key:
        same = select(OperatorAct.seq).where(
            OperatorAct.operator_id == desk.hand.id, OperatorAct.details["key"].astext == desk.hand.key
        )
        if desk.session.scalars(same.limit(1)).first() is not None:
            raise DoneAlreadyError


def _digest(previous: str, row: dict[str, Any]) -> str:
    return digest(
        previous=previous,
        tenant_id=CONSOLE,
        seq=row["seq"],
        at=row["at"],
        actor_id=row["operator_id"],
        actor_name=row["operator_name"],
        act=row["act"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        unit_path=None,
        details=row["details"],
    )


def _lock_head(session: Session) -> tuple[int, str]:
    session.execute(pg_insert(OperatorActHead).values(id=1, seq=0, hash=GENESIS).on_conflict_do_nothing())
    head = session.execute(select(OperatorActHead.seq, OperatorActHead.hash).with_for_update()).one()
    return head.seq, head.hash


@dataclass(frozen=True)
class ChainVerdict:
    """What checking the operators' chain found: acts read, the last one's hash, the first bad one and why."""

    acts: int
    bad_seq: int | None = None
    reason: str = ""
    hash: str = GENESIS


def verify_acts(session: Session, anchors: Iterable[Anchor] = ()) -> ChainVerdict:
    """Recompute the operators' chain from its start and compare it with its head and its anchors. Costs: reads every act."""
    rows = session.execute(select(OperatorAct.__table__).order_by(OperatorAct.seq)).mappings()
    head = session.execute(select(OperatorActHead.seq, OperatorActHead.hash)).one_or_none()
    return _walk([dict(row) for row in rows], (head.seq, head.hash) if head else (0, GENESIS), {one.seq: one for one in anchors})


def _walk(rows: Iterable[dict[str, Any]], end: tuple[int, str], bound: Mapping[int, Anchor]) -> ChainVerdict:
    previous, count, sure = GENESIS, 0, 0
    for row in rows:
        count += 1
        if row["seq"] != count:
            return ChainVerdict(count, count, "missing or repeated sequence number")
        if row["previous_hash"] != previous:
            return ChainVerdict(count, count, "does not follow the act before it")
        previous = _digest(previous, row)
        if row["hash"] != previous:
            return ChainVerdict(count, count, "content does not match its hash")
        if anchor := bound.get(count):
            if anchor.hash != previous:
                return ChainVerdict(
                    count, sure + 1, f"written anew: the acts {sure + 1} to {count} do not lead to what was anchored"
                )
            sure = count
    furthest = max(bound, default=0)
    if furthest > count:
        return ChainVerdict(count, count + 1, f"missing: {furthest} acts were anchored")
    if (count, previous) != end:
        return ChainVerdict(count, count + 1, "the end of the chain is not where its head says")
    return ChainVerdict(count, hash=previous)
