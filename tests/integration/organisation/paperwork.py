"""What people do with letters, targets and scorecards in the play: by whoever may, by the model; nobody there, nothing done."""

from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import select

from duban.assessments.models import Assessment, FrozenResult, Scorecard
from duban.assessments.operations.freezing import close, publish
from duban.assessments.operations.marking import MarkDraft, enter_mark
from duban.assessments.operations.opening import begin_scoring, open_assessment
from duban.assessments.operations.proposals import confirm_proposal
from duban.assessments.queries import cards_of, get_assessment
from duban.assessments.states import StepKind
from duban.assessments.steps import may_propose
from duban.kernel.ids import PersonId
from duban.kernel.scope import owned
from duban.letters.errors import NothingToGenerateError
from duban.letters.models import Letter
from duban.letters.operations.signing import sign_letter
from duban.letters.operations.writing import generate_letters, issue_letters
from duban.targets.errors import GridRefusedError, NothingToIssueError
from duban.targets.models import Allocation, Indicator
from duban.targets.operations.defining import define_indicator
from duban.targets.operations.handing_down import accept_allocations, issue_allocations
from duban.targets.operations.splitting import GridInput, save_grid
from tests.cast import PASSWORD
from tests.integration.assessments.stage import SCHEME, YEAR, counting
from tests.integration.organisation.play import LEADERS, Play
from tests.integration.organisation.rights import SIGNERS
from tests.integration.targets.cast_targets import draft

LIMIT = "1000"
SHARES = {"township": Decimal(20), "village": Decimal(1)}
NEXT = {"lower": {"issued": "signed_by_lower", "signed_by_upper": "in_force"},
        "upper": {"issued": "signed_by_upper", "signed_by_lower": "in_force"}}  # fmt: skip


def write_letters(play: Play, upper: UUID) -> None:
    """Write a superior's letters and put them before both leaders."""
    officers = play.holding(upper)
    if not officers:
        return
    play.begins()
    try:
        with play.at_work(officers[0]) as scope:
            made = generate_letters(scope, upper_id=upper, year=YEAR)
            issue_letters(scope, upper_id=upper, letter_ids=[letter.id for letter in made])
    except NothingToGenerateError:
        play.done["no letters to write"] += 1
        return
    for letter in made:
        play.keep(
            "letter", letter.id, "issued", owner=upper, path=letter.path, to=letter.lower_id, to_path=letter.to_path,
            line=play.line_of(upper),
        )  # fmt: skip
    below = play.below_in_sector(upper) if play.line_of(upper) else play.children(upper)
    assert {letter.lower_id for letter in made} <= {*below}, "a letter for somebody else's unit"
    play.recorded(*[("letter.issued", letter.id) for letter in made])
    play.done["letters"] += len(made)


def sign(play: Play, letter: UUID) -> None:
    """Let a leader sign, for the lower side where they lead both by now."""
    paper = play.papers[letter]
    for side, unit in (("lower", paper.to), ("upper", paper.owner)):
        after = NEXT[side].get(play.states[letter])
        signers = [person for person in play.held if _leads(play, person, unit)]
        if side == "upper":
            signers = [person for person in signers if not _leads(play, person, paper.to)]
        if after is None or not signers:
            continue
        play.begins()
        with play.at_work(signers[0]) as scope:
            digest = scope.session.scalar(select(Letter.digest).where(Letter.tenant_id == scope.tenant_id, Letter.id == letter))
            sign_letter(scope, letter_id=letter, shown_digest=str(digest), password=PASSWORD)
        play.states[letter] = after
        play.recorded(("letter.signed", letter))
        play.done["sign"] += 1
        return


def _leads(play: Play, person: PersonId, unit: UUID | None) -> bool:
    return any(role in SIGNERS and unit in play.stands_for(held) for held, role in play.held[person])


def define(play: Play, unit: UUID) -> None:
    """Set a target at a unit."""
    officers = play.holding(unit)
    if not officers:
        return
    play.begins()
    with play.at_work(officers[0]) as scope:
        indicator = define_indicator(scope, owner_id=unit, draft=draft(f"i{uuid4().hex[:8]}", LIMIT, name="指标")).id
    _notice_shares(play)
    play.recorded(("indicator.defined", indicator))
    play.done["define"] += 1


def _notice_shares(play: Play, line: str | None = None) -> None:
    """Take up the shares that are new, handed down in this line, and how the others stand now."""
    with play.at_work(None) as scope:
        for share in scope.session.scalars(owned(scope, Allocation).order_by(Allocation.id)).all():
            if share.id not in play.papers:
                play.keep("share", share.id, share.state.value, owner=share.unit_id, path=share.path, line=line)
            play.states[share.id] = share.state.value


def held_by(play: Play, unit: UUID, state: str) -> list[UUID]:
    """List a unit's own shares in a state."""
    shares = ((key, made) for key, made in play.papers.items() if made.kind == "share" and made.owner == unit)
    return [key for key, _ in shares if play.states[key] == state]


def hand_down(play: Play, unit: UUID) -> None:
    """Split what a unit holds over the units below and tell them."""
    officers, held = play.holding(unit), held_by(play, unit, "accepted")
    line = play.line_of(unit)
    below = play.below_in_sector(unit) if line else [one for one in play.children(unit) if play.units[one].level in SHARES]
    if not officers or not held or not below:
        return
    play.begins()
    try:
        with play.at_work(officers[0]) as scope:
            shares = scope.session.scalars(owned(scope, Allocation).where(Allocation.id.in_(held))).all()
            typed = GridInput(
                cells={
                    (share.indicator_id, child): SHARES.get(play.units[child].level, Decimal(1))
                    for share in shares[:2]
                    for child in below
                },
                reserves={},
                versions={share.indicator_id: share.version for share in shares[:2]},
            )
            save_grid(scope, unit_id=unit, year=YEAR, line=line or "territorial", typed=typed)
            issue_allocations(scope, unit_id=unit, year=YEAR, line=line or "territorial")
    except (GridRefusedError, NothingToIssueError) as error:
        play.done[f"hand down: {type(error).__name__}"] += 1
        return
    _notice_shares(play, line)
    play.recorded(("target.split", unit), ("target.issued", unit))
    play.done["hand down"] += 1


def take_on(play: Play, unit: UUID) -> None:
    """Accept what a unit was told."""
    told = held_by(play, unit, "issued")
    people = [*play.holding(unit), *play.holding(unit, LEADERS)]
    if not told or not people:
        return
    play.begins()
    with play.at_work(people[0]) as scope:
        shares = scope.session.scalars(
            owned(scope, Allocation)
            .join(Indicator, (Indicator.tenant_id == Allocation.tenant_id) & (Indicator.id == Allocation.indicator_id))
            .where(Allocation.id.in_(told), Indicator.tenant_id == scope.tenant_id)
        ).all()
        accept_allocations(scope, unit_id=unit, year=YEAR, versions={share.id: share.version for share in shares})
    _notice_shares(play)
    play.recorded(("target.accepted", unit))
    play.done["take on"] += 1


def assess(play: Play, unit: UUID) -> None:
    """Open a round over the units directly below and let it be scored."""
    officers = play.holding(unit)
    level = {"county": "township", "township": "village"}[play.units[unit].level]
    if not officers or not [child for child in play.children(unit) if play.units[child].level == level]:
        return
    play.begins()
    with play.at_work(officers[0]) as scope, counting():
        opened = open_assessment(
            scope, unit_id=unit, year=YEAR, levels=(level,), name="考核", round_code=uuid4().hex[:8], scheme_data=SCHEME
        ).id
        begin_scoring(scope, assessment_id=opened)
    with play.at_work(None) as scope:
        for card in scope.session.scalars(owned(scope, Scorecard).where(Scorecard.assessment_id == opened)).all():
            play.keep("card", card.id, "open", owner=card.unit_id, path=card.path)
            play.rounds.setdefault(opened, []).append(card.id)
    play.recorded(("assessment.opened", opened), ("assessment.scoring", opened))
    play.done["assess"] += 1


def may_prepare(play: Play, person: PersonId, opened: UUID) -> bool:
    """Say who may propose to freeze a round: who decides about it, or does its paperwork."""
    with play.at_work(person) as scope:
        return may_propose(scope, StepKind.CLOSE, get_assessment(scope, opened), cards_of(scope, [opened]))


def finalise(play: Play, opened: UUID) -> None:
    """Mark every card and freeze the round, however much has been reorganised since it was opened."""
    cards = play.rounds[opened]
    scorers = {card: play.whoever(card, "scorecard", "score") for card in cards}
    deciders = [person for person in play.held if all(person in play.whoever(card, "scorecard", "decide") for card in cards)]
    proposer = next((person for person in play.held if person not in deciders[:1] and may_prepare(play, person, opened)), None)
    if not deciders or proposer is None or not all(scorers.values()):
        return
    play.begins()
    for card, people in scorers.items():
        with play.at_work(people[0]) as scope:
            enter_mark(scope, card_id=card, draft=MarkDraft(item_code="quality", value=Decimal(50), reason="台账不全"))
    for act in (close, publish):
        with play.at_work(proposer) as scope:
            made = act(scope, assessment_id=opened).id
        with play.at_work(deciders[0]) as scope:
            confirm_proposal(scope, proposal_id=made)
    del play.rounds[opened]
    with play.at_work(None) as scope:
        state = scope.session.scalar(
            select(Assessment.state).where(Assessment.tenant_id == scope.tenant_id, Assessment.id == opened)
        )
        rows = select(
            FrozenResult.scorecard_id, FrozenResult.path, FrozenResult.total, FrozenResult.result_digest, FrozenResult.version
        )
        for row in scope.session.execute(
            rows.where(FrozenResult.tenant_id == scope.tenant_id, FrozenResult.assessment_id == opened)
        ):
            play.results[row.scorecard_id] = tuple(row)
    assert str(state) == "published"
    assert {*cards} <= play.results.keys(), "a card without a result"
    play.recorded(("assessment.frozen", opened), ("assessment.published", opened))
    play.done["finalise"] += 1
