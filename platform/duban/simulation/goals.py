"""Targets, letters and assessments of a demo, each through the operation behind the page."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from duban.assessments.operations import freezing, marking, opening, proposals, vetoes
from duban.assessments.operations.marking import MarkDraft
from duban.assessments.queries import cards_of
from duban.kernel.scope import owned
from duban.letters.models import Letter
from duban.letters.operations.signing import sign_letter
from duban.letters.operations.writing import generate_letters, issue_letters
from duban.simulation.stage import Stage
from duban.targets import queries as targets
from duban.targets.operations.adopting import adopt_indicators
from duban.targets.operations.handing_down import accept_allocations, issue_allocations
from duban.targets.operations.recording import ActualInput, record_actual
from duban.targets.operations.splitting import GridInput, save_grid
from duban.targets.states import Spread
from duban.tree.queries import get_unit


def adopt(stage: Stage, login: str, unit: str, *, year: int, limits: Mapping[str, str]) -> None:
    """Set a unit's own indicators from the kind's catalogue."""
    with stage.as_(login) as scope:
        wanted = {code: Decimal(limit) for code, limit in limits.items()}
        adopt_indicators(scope, owner_id=stage.units[unit], year=year, limits=wanted)


def split(
    stage: Stage, login: str, unit: str, *, year: int, line: str, shares: Mapping[str, Mapping[str, int]], only: bool = False
) -> None:
    """
    Split a unit's numbers over the units below and tell them.

    Takes: shares by indicator code and unit code; units not named get nothing, rates are copied as they are. `only` to leave
    indicators that are not named out of it.
    """
    codes = stage.codes_by_id
    with stage.as_(login) as scope:
        grid = targets.grid(scope, unit=get_unit(scope, stage.units[unit]), year=year, line=line)
        cells: dict[tuple[UUID, UUID], Decimal | None] = {}
        columns = [column for column in grid.columns if not only or column.indicator.code in shares]
        for column in columns:
            own = column.share.value or Decimal(0)
            for below in grid.units:
                share = Decimal(shares.get(column.indicator.code, {}).get(codes[below.id], 0))
                cells[(column.indicator.id, below.id)] = own if column.indicator.spread is Spread.COPY else share
        versions = {column.indicator.id: column.share.version for column in columns}
        save_grid(
            scope, unit_id=stage.units[unit], year=year, line=line, typed=GridInput(cells=cells, reserves={}, versions=versions)
        )
        issue_allocations(scope, unit_id=stage.units[unit], year=year, line=line)


def accept_targets(stage: Stage, login: str, unit: str, *, year: int) -> None:
    """Accept everything the unit was told."""
    with stage.as_(login) as scope:
        held = targets.list_shares(scope, unit_id=stage.units[unit], year=year)
        accept_allocations(scope, unit_id=stage.units[unit], year=year, versions={share.id: share.version for _, share in held})


def record_number(stage: Stage, login: str, unit: str, *, year: int, code: str, month: date, value: str, source: str) -> None:
    """Record a month's number of a unit."""
    with stage.as_(login) as scope:
        held = targets.list_shares(scope, unit_id=stage.units[unit], year=year)
        [share] = [share for indicator, share in held if indicator.code == code]
        record_actual(scope, allocation_id=share.id, typed=ActualInput(month=month, value=Decimal(value), source=source))


def write_letters(stage: Stage, login: str, unit: str, *, year: int, prefix: str) -> None:
    """Write a letter for every unit directly below and put them before both leaders."""
    with stage.as_(login) as scope:
        letters = generate_letters(scope, upper_id=stage.units[unit], year=year, prefix=prefix)
        issue_letters(scope, upper_id=stage.units[unit], letter_ids=[letter.id for letter in letters])


def sign(stage: Stage, login: str, *, upper: str, year: int, lowers: Collection[str] | None = None) -> int:
    """Sign the letters of a superior for the unit one leads, all or those of some units. Gives: how many."""
    with stage.as_(login) as scope:
        rows = scope.session.scalars(
            owned(scope, Letter).where(Letter.upper_id == stage.units[upper], Letter.year == year).order_by(Letter.number)
        ).all()
        wanted = None if lowers is None else {stage.units[code] for code in lowers}
        chosen = [(row.id, row.digest) for row in rows if wanted is None or row.lower_id in wanted]
    for letter_id, digest in chosen:
        with stage.as_(login) as scope:
            sign_letter(scope, letter_id=letter_id, shown_digest=digest, password=stage.password)
    return len(chosen)


class Round:
    """One round of assessment, from its opening to its publishing."""

    def __init__(
        self, stage: Stage, login: str, unit: str, *, year: int, levels: Sequence[str], name: str, code: str = "annual"
    ) -> None:
        """Open it, as the officer `login`."""
        self.stage, self.login = stage, login
        with stage.as_(login) as scope:
            made = opening.open_assessment(scope, unit_id=stage.units[unit], year=year, levels=levels, name=name, round_code=code)
            scope.session.flush()  # its cards are read back
            self.id = made.id
            codes = stage.codes_by_id
            self.cards = {codes[card.unit_id]: card.id for card in cards_of(scope, [made.id])}

    def ask_units(self, *, due_on: date) -> None:
        """Ask the units for their own scores."""
        with self.stage.as_(self.login) as scope:
            opening.begin_self_scoring(scope, assessment_id=self.id, due_on=due_on)

    def self_score(self, unit: str, *, points: str, reason: str) -> None:
        """Hand in a unit's own score of the quality of its work."""
        login = self.stage.clerks[unit]
        with self.stage.as_(login) as scope:
            draft = MarkDraft(item_code="quality", value=Decimal(points), reason=reason)
            marking.enter_self_mark(scope, card_id=self.cards[unit], draft=draft)
            scope.session.flush()  # the sum reads the mark back
            marking.submit_self_score(scope, card_id=self.cards[unit])

    def begin(self) -> None:
        """Let the evaluators work."""
        with self.stage.as_(self.login) as scope:
            opening.begin_scoring(scope, assessment_id=self.id)

    def mark(self, evaluator: str, unit: str, *, points: str, reason: str, circulars: int = 0) -> None:
        """Mark the quality of a unit's work, and how often it was criticised."""
        with self.stage.as_(evaluator) as scope:
            card = self.cards[unit]
            marking.enter_mark(scope, card_id=card, draft=MarkDraft(item_code="quality", value=Decimal(points), reason=reason))
            drafts = MarkDraft(
                item_code="criticism",
                rule_code="circular",
                value=Decimal(circulars),
                reason="查阅通报存档" if circulars else "全年未被通报",
            )
            marking.enter_mark(scope, card_id=card, draft=drafts)

    def veto(self, proposer: str, confirmer: str, unit: str, *, rule: str, document: str, reason: str) -> None:
        """Propose a veto and have another person confirm it."""
        with self.stage.as_(proposer) as scope:
            made = vetoes.propose_veto(scope, card_id=self.cards[unit], rule_code=rule, document=document, reason=reason)
        with self.stage.as_(confirmer) as scope:
            vetoes.confirm_veto(scope, decision_id=made.id)

    def finish(self, proposer: str, second: str) -> None:
        """Freeze the results and publish them: one proposes, another confirms."""
        for act in (freezing.close, freezing.publish):
            with self.stage.as_(proposer) as scope:
                made = act(scope, assessment_id=self.id)
                scope.session.flush()  # the id is carried over
            with self.stage.as_(second) as scope:
                proposals.confirm_proposal(scope, proposal_id=made.id)
