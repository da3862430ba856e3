"""What pages and programs are shown of receipts and dispatches, gathered in as few statements as may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from duban.dispatches import queries
from duban.dispatches.leave import own_receipts, way_of
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.states import LABELS, SIGNS, TIMING_LABELS, TIMING_SIGNS, Standing, Timing
from duban.kernel.scope import Scope
from duban.programmes.leave import may_read
from duban.programmes.models import Document
from duban.programmes.queries import chain_above, documents_below
from duban.tree.models import Unit

Mark = tuple[str, str, str]
"""Word (a msgid), icon, tone."""


def marks_of(receipt: Receipt, scope: Scope) -> list[Mark]:
    """Give a receipt's standing and, where an answer is asked for, how that stands to its day."""
    progress = receipt.progress
    found = [(LABELS[progress.standing], *SIGNS[progress.standing])]
    timing = progress.timing(scope.now)
    if timing is not Timing.NONE_WANTED and progress.standing is not Standing.ENDED:
        if progress.standing is Standing.REPLIED:
            found = []
        found.append((TIMING_LABELS[timing], *TIMING_SIGNS[timing]))
    return found


@dataclass(frozen=True)
class Line:
    """A receipt in a list, with the dispatch it came by and what it is of."""

    receipt: Receipt
    dispatch: Dispatch
    document: Document
    unit: Unit | None
    marks: Sequence[Mark]


def lines_of(scope: Scope, receipts: Sequence[Receipt]) -> list[Line]:
    """Give receipts with what a list says of them. Costs: one query, none for none."""
    origins = queries.origins_of(scope, [row.id for row in receipts])
    return [Line(row, *origins[row.id], marks_of(row, scope)) for row in receipts]


@dataclass(frozen=True)
class SentLine:
    """A dispatch in a list, with how far its direct receivers are."""

    dispatch: Dispatch
    document: Document
    count: queries.Count


def sent_lines(scope: Scope, dispatches: Sequence[Dispatch]) -> list[SentLine]:
    """Give dispatches with what a list says of them. Costs: two queries, none for none."""
    documents = queries.documents_named(scope, {row.document_id for row in dispatches})
    counts = queries.counts_of(scope, dispatches)
    return [SentLine(row, documents[row.document_id], counts.get(row.id, queries.Count())) for row in dispatches]


@dataclass(frozen=True)
class Link:
    """A document in the chain, and the dispatches by which it reached the reader's unit, the first sender's first."""

    document: Document
    may_read: bool
    way: Sequence[Dispatch]
    receipt: Receipt | None


@dataclass(frozen=True)
class Chain:
    """
    Where a document comes from and where it went, as far as the reader may know.

    `named` is the topmost superior document where it stands in no register. `below` are documents made under this one, `sent`
    the dispatches of the reader's own units with all they reached.
    """

    named: str
    above: Sequence[Link]
    here: Link
    below: Sequence[Document]
    sent: Sequence[tuple[SentLine, Sequence[queries.Node], queries.Count]]


def chain_of(scope: Scope, document: Document) -> Chain:
    """
    Gather a document's chain for whoever may read the document.

    Costs: a query per level above, two for the ways, one for what was made under it, six per dispatch of the own units.
    """
    above = chain_above(scope, document)
    receipts: dict[UUID, Receipt] = {}
    for row in own_receipts(scope, [one.id for one in (*above, document)]):
        receipts.setdefault(row.document_id, row)

    def link(one: Document, *, is_here: bool) -> Link:
        receipt = receipts.get(one.id)
        way = way_of(scope, receipt.trail) if receipt else ()
        return Link(one, is_here or may_read(scope, one), way, receipt)

    top = above[0] if above else document
    own = queries.sent_of(scope, document.id)
    return Chain(
        named="" if top.parent_id else top.parent_reference,
        above=[link(one, is_here=False) for one in above],
        here=link(document, is_here=True),
        below=documents_below(scope, document),
        sent=[
            (line, queries.tree_under(scope, line.dispatch.trail), queries.count_under(scope, line.dispatch.trail))
            for line in sent_lines(scope, own)
        ],
    )


def instead_of(scope: Scope, dispatches: Sequence[Dispatch]) -> Mapping[UUID, tuple[Dispatch, Document]]:
    """Say what stands in place of ended dispatches, also of those ended by one above them. Costs: two queries, none for none."""
    by_end = {row.id: row.ended_by_id for row in dispatches if row.ended_by_id}
    found = queries.replaced_by(scope, set(by_end.values()))
    documents = queries.documents_named(scope, {row.document_id for row in found.values()})
    return {own: (found[end], documents[found[end].document_id]) for own, end in by_end.items() if end in found}
