"""Reads of what was sent: what waits for one's own unit, what it sent itself, how far the receivers are, the tree below."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from duban.calendar.working_days import WorkingCalendar, year_table_from_json, year_tables
from duban.dispatches.leave import addressed_paths, sending_paths, under
from duban.dispatches.models import Dispatch, DispatchReply, Receipt
from duban.dispatches.states import Box
from duban.kernel.ids import UnitId
from duban.kernel.paging import Page, at_most, page_of
from duban.kernel.scope import Scope, owned
from duban.kernel.tallies import Tally, count, keep, known, tally
from duban.programmes.models import Document
from duban.programmes.rules import number_key
from duban.tenancy.queries import catalogue
from duban.tree.models import Unit
from duban.tree.queries import heirs_of, standings, units_by_id

MOST_SHOWN = 3000
"""Receipts a page or a file shows of one dispatch; a county's villages are fewer."""


def working_calendar(scope: Scope) -> WorkingCalendar:
    """Give the tenant's working calendar: the package's years and the tables of its catalogue (part `calendar`)."""
    tables = catalogue(scope, "calendar").get("items", [])
    return WorkingCalendar(year_tables(year_table_from_json(table) for table in tables))


def in_box(scope: Scope, box: Box) -> ColumnElement[bool]:
    """Say in SQL which receipts belong in a box; `rules.Progress` says the same of one."""
    living, unsigned = Receipt.ended_at.is_(None), Receipt.signed_at.is_(None)
    unreplied = and_(Receipt.reply_due_at.is_not(None), Receipt.replied_at.is_(None))
    match box:
        case Box.WAITING:
            return and_(living, or_(unsigned, unreplied))
        case Box.UNSIGNED:
            return and_(living, unsigned)
        case Box.UNREPLIED:
            return and_(living, unreplied)
        case Box.OVERDUE:
            return and_(living, unreplied, Receipt.reply_due_at <= scope.now)
        case Box.DONE:
            return and_(living, ~unsigned, ~unreplied)
        case Box.ENDED:
            return ~living


def _named(of: Any, scope: Scope, words: str) -> ColumnElement[bool]:
    """Say in SQL that a document or the dispatch it came by is called so."""
    key = number_key(words)
    document = exists(
        select(Document.id).where(
            Document.tenant_id == scope.tenant_id,
            Document.id == of.document_id,
            or_(
                Document.title.icontains(words, autoescape=True),
                Document.issuer.icontains(words, autoescape=True),
                Document.number_key.icontains(key, autoescape=True),
            ),
        )
    ).correlate(of)
    if of is Dispatch:
        return or_(document, Dispatch.number.icontains(words, autoescape=True))
    by = exists(
        select(Dispatch.id).where(
            Dispatch.tenant_id == scope.tenant_id,
            Dispatch.id == Receipt.dispatch_id,
            or_(Dispatch.number.icontains(words, autoescape=True), Dispatch.unit_name.icontains(words, autoescape=True)),
        )
    ).correlate(Receipt)
    return or_(document, by)


def _own(scope: Scope) -> Select[Receipt]:
    return owned(scope, Receipt).where(Receipt.to_path.in_(addressed_paths(scope)))


def inbox(scope: Scope, *, box: Box | None = None, words: str = "", after: str | None = None, limit: int = 50) -> Page[Receipt]:
    """List what was sent to the actor's own units, newest first. Costs: one query."""
    statement = _own(scope)
    if box is not None:
        statement = statement.where(in_box(scope, box))
    if words:
        statement = statement.where(_named(Receipt, scope, words))
    return page_of(scope, statement, [Receipt.id], after=after, limit=limit, newest_first=True)


def sent(scope: Scope, *, words: str = "", after: str | None = None, limit: int = 50) -> Page[Dispatch]:
    """List what the actor's own units sent, newest first. Costs: one query."""
    statement = owned(scope, Dispatch).where(Dispatch.path.in_(sending_paths(scope)))
    if words:
        statement = statement.where(_named(Dispatch, scope, words))
    return page_of(scope, statement, [Dispatch.id], after=after, limit=limit, newest_first=True)


def sent_of(scope: Scope, document_id: UUID) -> Sequence[Dispatch]:
    """List the actor's own units' dispatches of a document, oldest first. Costs: one query."""
    statement = owned(scope, Dispatch).where(Dispatch.document_id == document_id, Dispatch.path.in_(sending_paths(scope)))
    return scope.session.scalars(statement.order_by(Dispatch.id).limit(50)).all()


LISTED_TO_ANSWER = 200
TO_ANSWER = "dispatches.waiting"


def list_waiting(scope: Scope) -> Sequence[Receipt]:
    """
    List what the actor has yet to sign for or to answer for their own units, the day to reply by first.

    Costs: one query, none where nothing is known to wait.
    """
    at = addressed_paths(scope, "answer")
    if not at or known(scope, TO_ANSWER) == 0:
        return []
    statement = owned(scope, Receipt).where(Receipt.to_path.in_(at), in_box(scope, Box.WAITING))
    order = (Receipt.reply_due_at.asc().nulls_last(), Receipt.id)
    found = scope.session.scalars(statement.order_by(*order).limit(at_most(LISTED_TO_ANSWER))).all()
    if len(found) < LISTED_TO_ANSWER:
        keep(scope, TO_ANSWER, len(found))  # the menu asks for the same number
    return found


def waiting_tally(scope: Scope) -> Tally:
    """Give the number of what waits for the actor, for the menu; known for who answers nothing."""
    at = addressed_paths(scope, "answer")
    if not at:
        return 0
    mine = Receipt.tenant_id == scope.tenant_id, Receipt.to_path.in_(at)
    return tally(TO_ANSWER, select(func.count()).where(*mine, in_box(scope, Box.WAITING)))


def count_waiting(scope: Scope) -> int:
    """Count what waits for the actor. Costs: one query, none for who answers nothing."""
    return count(scope, waiting_tally(scope))


@dataclass(frozen=True)
class Count:
    """How far the receivers of a dispatch are; those whose copy was taken back are not counted."""

    sent: int = 0
    opened: int = 0
    signed: int = 0
    replied: int = 0
    overdue: int = 0

    @property
    def is_done(self) -> bool:
        """Whether everybody has signed."""
        return self.sent == self.signed


def _figures(scope: Scope) -> list[Any]:
    overdue = and_(Receipt.replied_at.is_(None), Receipt.reply_due_at <= scope.now)
    return [
        func.count(),
        func.count(Receipt.opened_at),
        func.count(Receipt.signed_at),
        func.count(Receipt.replied_at),
        func.count().filter(overdue),
    ]


def counts_of(scope: Scope, dispatches: Collection[Dispatch]) -> Mapping[UUID, Count]:
    """Count how far the direct receivers of dispatches are; an ended one is counted as it stood. Costs: one query or none."""
    if not dispatches:
        return {}
    statement = (
        select(Receipt.dispatch_id, *_figures(scope))
        .where(Receipt.tenant_id == scope.tenant_id, Receipt.dispatch_id.in_([row.id for row in dispatches]))
        .group_by(Receipt.dispatch_id)
    )
    return {row[0]: Count(*row[1:]) for row in scope.session.execute(statement)}


def _beyond(scope: Scope, trail: str) -> list[ColumnElement[bool]]:
    """Say in SQL that a receipt lies beyond a trail's end: where that is a receipt, itself left out."""
    return [Receipt.tenant_id == scope.tenant_id, under(trail), Receipt.trail != trail]


def count_under(scope: Scope, trail: str) -> Count:
    """Count how far everybody is that a dispatch reached, however far below. The caller may read the dispatch."""
    statement = select(*_figures(scope)).where(*_beyond(scope, trail), Receipt.ended_at.is_(None))
    return Count(*scope.session.execute(statement).one())


@dataclass(frozen=True)
class Node:
    """One receiver in the tree below a dispatch: `step` 1 for who got it directly; `forwarded` are its own dispatches."""

    receipt: Receipt
    unit: Unit | None
    step: int
    forwarded: Sequence[Dispatch]

    @property
    def name(self) -> str:
        """What the unit is called today."""
        return self.unit.name if self.unit else ""


def tree_under(scope: Scope, trail: str) -> Sequence[Node]:
    """
    List everybody a trail's end reached, each receiver before those it forwarded to, by the tree's order within one dispatch.

    The caller may read where the trail ends: what lies below is shown under that leave, names and states, never contents.
    Costs: three queries; at most MOST_SHOWN receivers.
    """
    rows = scope.session.scalars(
        owned(scope, Receipt).where(*_beyond(scope, trail)).order_by(Receipt.trail).limit(at_most(MOST_SHOWN))
    ).all()
    beneath = owned(scope, Dispatch).where(Dispatch.trail.startswith(trail), Dispatch.trail != trail).order_by(Dispatch.trail)
    made: dict[str, list[Dispatch]] = {}
    for row in scope.session.scalars(beneath):
        made.setdefault(_without_last(row.trail), []).append(row)
    units = units_by_id(scope, {row.unit_id for row in rows})
    begins = trail.count(".")
    nodes = [
        Node(row, units.get(UnitId(row.unit_id)), (row.trail.count(".") - begins + 1) // 2, made.get(row.trail, ()))
        for row in rows
    ]
    return _ordered(nodes, trail)


def _without_last(trail: str) -> str:
    return trail[: trail.rindex(".", 0, -1) + 1] if trail.count(".") > 1 else ""


def _ordered(nodes: Sequence[Node], trail: str) -> list[Node]:
    """Put receivers of one dispatch in the order of their places, each followed by its own receivers."""
    by_dispatch: dict[str, list[Node]] = {}
    for node in nodes:
        by_dispatch.setdefault(_without_last(node.receipt.trail), []).append(node)
    found: list[Node] = []

    def walk(at: str) -> None:
        for node in sorted(by_dispatch.get(at, ()), key=_place):
            found.append(node)
            for dispatch in node.forwarded:
                walk(dispatch.trail)

    if trail.count(".") % 2:  # ends in a dispatch
        walk(trail)
    else:  # ends in a receipt: what its unit forwarded
        for at in sorted({key for key in by_dispatch if _without_last(key) == trail}):
            walk(at)
    return found


def _place(node: Node) -> tuple[int, str]:
    return (node.unit.position if node.unit else 0, node.receipt.to_path or "")


def unit_of(scope: Scope, receipt: Receipt) -> Unit | None:
    """Give the unit that answers today for what was sent there; None where nobody does any more."""
    heirs = heirs_of(scope, [receipt.unit_id])
    return units_by_id(scope, heirs.values()).get(heirs[receipt.unit_id]) if heirs else None


def receipts_of(scope: Scope, dispatch_id: UUID) -> Sequence[Receipt]:
    """List the direct receivers of a dispatch. The caller may read it as its sender."""
    statement = owned(scope, Receipt).where(Receipt.dispatch_id == dispatch_id)
    return scope.session.scalars(statement.order_by(Receipt.to_path, Receipt.id).limit(MOST_SHOWN)).all()


def replies_to(scope: Scope, receipt_ids: Collection[UUID]) -> Mapping[UUID, Sequence[DispatchReply]]:
    """Give the replies to receipts, oldest first. The caller may read the receipts. Costs: one query, none for none."""
    found: dict[UUID, list[DispatchReply]] = {}
    if receipt_ids:
        statement = owned(scope, DispatchReply).where(DispatchReply.receipt_id.in_(set(receipt_ids)))
        for row in scope.session.scalars(statement.order_by(DispatchReply.id)):
            found.setdefault(row.receipt_id, []).append(row)
    return found


def forwarded_from(scope: Scope, receipts: Collection[Receipt]) -> Mapping[UUID, Sequence[Dispatch]]:
    """Give what the receiving units made of these receipts, oldest first. Costs: one query, none for none."""
    if not receipts:
        return {}
    by_trail = {row.trail: row.id for row in receipts}
    statement = owned(scope, Dispatch).where(Dispatch.above_id.in_({row.dispatch_id for row in receipts}))
    found: dict[UUID, list[Dispatch]] = {}
    for row in scope.session.scalars(statement.order_by(Dispatch.id)):
        if (of := by_trail.get(_without_last(row.trail))) is not None:
            found.setdefault(of, []).append(row)
    return found


def documents_named(scope: Scope, ids: Collection[UUID]) -> Mapping[UUID, Document]:
    """
    Give documents by id, for their numbers and titles: whoever reads a dispatch or a receipt is told what it is of.

    Costs: one query, none for none.
    """
    rows = scope.session.scalars(owned(scope, Document).where(Document.id.in_(set(ids)))) if ids else ()
    return {row.id: row for row in rows}


def origins_of(scope: Scope, receipt_ids: Collection[UUID]) -> Mapping[UUID, tuple[Dispatch, Document, Unit | None]]:
    """Give what receipts came by, what they are of and whose they are, by their ids. Costs: one query, none for none."""
    if not receipt_ids:
        return {}
    tenant = scope.tenant_id
    rows = scope.session.execute(
        select(Receipt.id, Dispatch, Document, Unit)
        .join(Dispatch, and_(Dispatch.tenant_id == Receipt.tenant_id, Dispatch.id == Receipt.dispatch_id))
        .join(Document, and_(Document.tenant_id == Receipt.tenant_id, Document.id == Receipt.document_id))
        .outerjoin(Unit, and_(Unit.tenant_id == tenant, Unit.id == Receipt.unit_id))
        .where(Receipt.tenant_id == tenant, Dispatch.tenant_id == tenant, Document.tenant_id == tenant)
        .where(Receipt.id.in_(set(receipt_ids)))
    )
    return {receipt_id: (dispatch, document, unit) for receipt_id, dispatch, document, unit in rows}


def dispatches_by_id(scope: Scope, ids: Collection[UUID]) -> Mapping[UUID, Dispatch]:
    """Give dispatches by id; the caller may read them or a receipt of each. Costs: one query, none for none."""
    rows = scope.session.scalars(owned(scope, Dispatch).where(Dispatch.id.in_(set(ids)))) if ids else ()
    return {row.id: row for row in rows}


def replaced_by(scope: Scope, dispatch_ids: Collection[UUID]) -> Mapping[UUID, Dispatch]:
    """Give what stands in place of dispatches, by the replaced one's id. Costs: one query, none for none."""
    if not dispatch_ids:
        return {}
    rows = scope.session.scalars(owned(scope, Dispatch).where(Dispatch.replaces_id.in_(set(dispatch_ids))).order_by(Dispatch.id))
    return {row.replaces_id: row for row in rows if row.replaces_id}


def places_of(scope: Scope, unit: Unit) -> list[str]:
    """List where the unit stands and stood, and where those did that it took over from."""
    return sorted({unit.path, *(place.path for place in standings(scope, [unit.id])[unit.id] if place.primary)})  # type: ignore[index]


def units_that_have(scope: Scope, sender: Unit, document: Document, *, replaced: Dispatch | None = None) -> set[UUID]:
    """Give the units that hold a living receipt of the document from this sender; what is to be replaced does not count."""
    statement = owned(scope, Receipt).where(
        Receipt.document_id == document.id, Receipt.path.in_(places_of(scope, sender)), Receipt.ended_at.is_(None)
    )
    return {row.unit_id for row in scope.session.scalars(statement) if replaced is None or row.dispatch_id != replaced.id}
