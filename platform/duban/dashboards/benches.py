"""What each workbench shows, gathered in as few statements as the page allows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from duban.access.checks import may_somewhere
from duban.assessments.models import Assessment, Scorecard
from duban.assessments.queries import list_assessments, own_open_cards, readable_cards, sheets_of
from duban.assessments.sheets import Sheet, scheme_of
from duban.assessments.states import AssessmentState
from duban.dashboards.gathering import Table, table_of
from duban.dashboards.queries import MATRIX_ROWS, abilities, matrix_window, units_below
from duban.dispatches.presenting import Line as Waiting
from duban.dispatches.presenting import lines_of as waiting_lines
from duban.dispatches.queries import list_waiting
from duban.kernel.paging import Page
from duban.kernel.scope import Scope
from duban.kernel.tallies import counted
from duban.letters.models import Letter
from duban.letters.queries import list_to_sign
from duban.matters.models import Matter
from duban.matters.queries import to_do as matters_to_do
from duban.reporting.queries import DutyLine, counts, handed_in, late_by_unit, open_duties, waiting_tally, work_lists
from duban.targets.queries import Tally, unit_tallies
from duban.tree.models import Unit

CARDS = 20
LINES = 6
DOCUMENTS = 6
ROUNDS = 4
SelfScores = Sequence[tuple[Scorecard, Assessment]]


def list_documents(scope: Scope) -> Sequence[Waiting]:
    """List the documents that wait to be signed for or answered, the day to reply by first. Costs: one query, four if any do."""
    return waiting_lines(scope, list_waiting(scope)[:DOCUMENTS])


@dataclass(frozen=True)
class ClerkBench:
    """What somebody owes who only reports: most urgent first."""

    duties: Page[DutyLine]
    recent: Sequence[DutyLine]
    letters: Sequence[Letter]
    documents: Sequence[Waiting]
    self_scores: SelfScores
    matters: Sequence[Matter]


def clerk(scope: Scope, *, after: str | None) -> ClerkBench:
    """Gather a clerk's page. Costs: nine queries, ten for who signs, three more where documents wait."""
    writes = abilities(scope).writes
    return ClerkBench(
        duties=open_duties(scope, after=after, limit=CARDS) if writes else Page(items=(), next=None),
        recent=handed_in(scope, limit=LINES).items if writes and not after else (),
        letters=list_to_sign(scope),
        documents=list_documents(scope),
        self_scores=own_open_cards(scope) if writes else (),
        matters=matters_to_do(scope, limit=LINES),
    )


@dataclass(frozen=True)
class OfficerBench:
    """
    What an officer watches: below, waiting, upward, and the matrix.

    At the top of the tree nothing is owed upward: `tallies` (targets used up) and `late_units`, who is late most often with what
    is owed to it, stand in its place.
    """

    late: Sequence[DutyLine]
    review: Sequence[DutyLine]
    own: Sequence[DutyLine]
    counts: dict[str, int]
    table: Table
    late_units: Sequence[tuple[Unit, int]]
    more_units: bool
    letters: Sequence[Letter]
    documents: Sequence[Waiting]
    self_scores: SelfScores
    tallies: Sequence[Tally] = field(default_factory=tuple)
    matters: Sequence[Matter] = field(default_factory=tuple)
    extensions: int = 0


def officer(scope: Scope, unit: Unit) -> OfficerBench:
    """Gather an officer's page. Costs: eleven queries, thirteen at the top of the tree, three more where documents wait."""
    first, last = matrix_window(scope.today)
    units = units_below(scope, unit, limit=MATRIX_ROWS)
    is_top = unit.parent_id is None
    numbers, lists = counts(scope), work_lists(scope, limit=LINES, owes=not is_top)
    return OfficerBench(
        late=lists.late,
        review=lists.review,
        own=lists.open,
        counts=numbers,
        table=table_of(scope, unit, units.items, due_from=first, due_until=last),
        late_units=late_by_unit(scope, limit=LINES) if is_top and numbers["late"] else (),
        more_units=units.next is not None,
        letters=list_to_sign(scope),
        documents=list_documents(scope),
        self_scores=() if is_top else own_open_cards(scope),
        tallies=unit_tallies(scope, unit=unit, year=scope.today.year) if is_top else (),
        matters=matters_to_do(scope, limit=LINES),
        extensions=extensions_to_answer(scope),
    )


def extensions_to_answer(scope: Scope) -> int:
    """Count the requests for a later day that wait for the reader. Costs: nothing where the menu has counted them."""
    return counted(scope, {"waiting": waiting_tally(scope)})["waiting"] if may_somewhere(scope, "duty", "change_due") else 0


@dataclass(frozen=True)
class Round:
    """An assessment under way with the cards the evaluator may see; `unscored` are those a mark is missing on."""

    assessment: Assessment
    sheets: Sequence[Sheet]

    @property
    def unscored(self) -> Sequence[Sheet]:
        """The sheets that cannot be scored yet."""
        return [sheet for sheet in self.sheets if sheet.missing]


@dataclass(frozen=True)
class EvaluatorBench:
    """Which rounds are open and which units still wait for marks; `past` are those closed or published."""

    open: Sequence[Round]
    past: Sequence[Assessment]


def evaluator(scope: Scope) -> EvaluatorBench:
    """Gather an evaluator's page. Costs: two queries, and two for each open round shown (at most four)."""
    found = list_assessments(scope)
    running = [one for one in found if one.state in {AssessmentState.SELF_SCORING, AssessmentState.SCORING}][:ROUNDS]
    cards = readable_cards(scope, [one.id for one in running])
    rounds = [Round(one, sheets_of(scope, scheme_of(one), cards.get(one.id, []))) for one in running]
    return EvaluatorBench(rounds, [one for one in found if one not in running][:LINES])
