"""What each workbench shows, gathered in as few statements as the page allows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from duban.assessments.models import Assessment, Scorecard
from duban.assessments.queries import list_assessments, own_open_cards, readable_cards, sheets_of
from duban.assessments.sheets import Sheet, scheme_of
from duban.assessments.states import AssessmentState
from duban.dashboards.queries import MATRIX_ROWS, abilities, matrix_window, units_below
from duban.kernel.paging import Page
from duban.kernel.scope import Scope
from duban.letters.models import Letter
from duban.letters.queries import list_to_sign
from duban.reporting.queries import DutyLine, Matrix, counts, handed_in, matrix, open_duties, work_lists
from duban.targets.queries import Tally, unit_tallies
from duban.tree.models import Unit

CARDS = 20
LINES = 6
ROUNDS = 4
SelfScores = Sequence[tuple[Scorecard, Assessment]]


@dataclass(frozen=True)
class ClerkBench:
    """What somebody owes who only reports: most urgent first."""

    duties: Page[DutyLine]
    recent: Sequence[DutyLine]
    letters: Sequence[Letter]
    self_scores: SelfScores


def clerk(scope: Scope, *, after: str | None) -> ClerkBench:
    """Gather a clerk's page. Costs: seven queries, eight for who signs."""
    writes = abilities(scope).writes
    return ClerkBench(
        duties=open_duties(scope, after=after, limit=CARDS) if writes else Page(items=(), next=None),
        recent=handed_in(scope, limit=LINES).items if writes and not after else (),
        letters=list_to_sign(scope),
        self_scores=own_open_cards(scope) if writes else (),
    )


@dataclass(frozen=True)
class OfficerBench:
    """
    What an officer watches: below, waiting, upward, and the matrix.

    At the top of the tree nothing is owed upward: `tallies` (targets used up) and `late_units` stand in its place.
    """

    late: Sequence[DutyLine]
    review: Sequence[DutyLine]
    own: Sequence[DutyLine]
    counts: dict[str, int]
    matrix: Matrix
    more_units: bool
    letters: Sequence[Letter]
    self_scores: SelfScores
    tallies: Sequence[Tally] = field(default_factory=tuple)

    @cached_property
    def late_units(self) -> Sequence[tuple[Unit, int]]:
        """The units shown with their overdue duties, most first; those without any are left out."""
        found = {unit.id: 0 for unit in self.matrix.units}
        for (unit_id, _key), cell in self.matrix.cells.items():
            found[unit_id] += cell.is_overdue
        late = [(unit, found[unit.id]) for unit in self.matrix.units if found[unit.id]]
        return sorted(late, key=lambda pair: -pair[1])


def officer(scope: Scope, unit: Unit) -> OfficerBench:
    """Gather an officer's page. Costs: eight queries, ten at the top of the tree."""
    first, last = matrix_window(scope.today)
    units = units_below(scope, unit, limit=MATRIX_ROWS)
    lists = work_lists(scope, limit=LINES)
    is_top = unit.parent_id is None
    return OfficerBench(
        late=lists.late,
        review=lists.review,
        own=() if is_top else lists.open,
        counts=counts(scope),
        matrix=matrix(scope, units=units.items, due_from=first, due_until=last),
        more_units=units.next is not None,
        letters=list_to_sign(scope),
        self_scores=() if is_top else own_open_cards(scope),
        tallies=unit_tallies(scope, unit=unit, year=scope.today.year) if is_top else (),
    )


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
