"""Reads of letters: who owes one, how far signing has come, whether a text is still what was signed."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from duban.access.checks import Place, grants_of, may, policy, readable, require
from duban.access.places import places_of
from duban.access.relations import SELF
from duban.audit.models import AuditRecord
from duban.kernel.errors import NotFoundError
from duban.kernel.paging import at_most
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.tallies import Tally, count, keep, known, tally
from duban.letters.models import Letter, LetterCampaign, Signature
from duban.letters.rules import frozen
from duban.letters.rules.coverage import Coverage, total
from duban.letters.states import AFTER_SIGNATURE, LetterState, Side
from duban.tree import paths
from duban.tree.line_units import line_of_work, subtree_and_lines, units_in_lines_of
from duban.tree.models import Unit
from duban.tree.queries import children

AWAITING: dict[Side, tuple[LetterState, ...]] = {
    side: tuple(state for state, of in AFTER_SIGNATURE if of is side) for side in Side
}
"""The states in which a side has yet to sign."""


@dataclass(frozen=True)
class Owed:
    """
    A letter that should exist between two units; `letter` None where nobody wrote it yet, `line` the second line that joins
    them, None the primary one.
    """

    upper: Unit
    lower: Unit
    letter: Letter | None
    line: str | None = None

    @property
    def is_signed(self) -> bool:
        """Whether both have signed."""
        return self.letter is not None and self.letter.state is LetterState.IN_FORCE


@dataclass(frozen=True)
class LevelCoverage:
    """Coverage of one level of the tree: all letters between units of that depth and those directly below."""

    depth: int
    level: str
    coverage: Coverage
    by_upper: tuple[tuple[Unit, Coverage], ...]


@dataclass(frozen=True)
class Verification:
    """Whether text and signatures are still what they were when made."""

    text_is_intact: bool
    seals: Mapping[Side, bool]

    @property
    def is_intact(self) -> bool:
        """Whether nothing was changed."""
        return self.text_is_intact and all(self.seals.values())


def get_letter(scope: Scope, letter_id: UUID, *, lock: bool = False) -> Letter:
    """Get a letter. Raises: NotFoundError."""
    return get_owned(scope, Letter, letter_id, lock=lock)


def get_readable_letter(scope: Scope, letter_id: UUID) -> Letter:
    """
    Get a letter for reading: both units' people and those above see it, a draft only the side that writes it.

    Raises: NotFoundError.
    """
    letter = get_letter(scope, letter_id)
    require(scope, "letter", "read", letter)
    if letter.state is LetterState.DRAFT and not may(scope, "letter", "read", place_of_upper(letter)):
        raise NotFoundError
    return letter


def place_of_upper(letter: Letter) -> Place:
    """Give where the superior of a letter stands in it: having it addressed to one's unit counts for nothing there."""
    return Place(letter.path, lines=letter.lines, work_line=letter.work_line)


def list_signatures(scope: Scope, *, letter_ids: Collection[UUID]) -> dict[UUID, dict[Side, Signature]]:
    """Give the signatures under these letters. Costs: one query."""
    found: dict[UUID, dict[Side, Signature]] = defaultdict(dict)
    if letter_ids:
        for row in scope.session.scalars(owned(scope, Signature).where(Signature.letter_id.in_(set(letter_ids)))):
            found[row.letter_id][row.side] = row
    return found


def signing_paths(scope: Scope) -> frozenset[str]:
    """Give the places at which the actor signs for the unit itself: where a role of theirs may sign its own letters."""
    decided = policy(scope)
    return frozenset(grant.path for grant in grants_of(scope) if SELF in decided.allowed(grant.role, "letter", "sign"))


def side_of_actor(scope: Scope, letter: Letter) -> Side | None:
    """Say for which side the actor may sign; None where they lead neither unit."""
    at = signing_paths(scope)
    if letter.to_path in at:
        return Side.LOWER
    return Side.UPPER if letter.path in at else None


LISTED_TO_SIGN = 200
TO_SIGN = "letters.to_sign"


def list_to_sign(scope: Scope) -> Sequence[Letter]:
    """List the letters that wait for the actor's signature, oldest first. Costs: one query, none where none are known to."""
    at = signing_paths(scope)
    if not at or known(scope, TO_SIGN) == 0:
        return []
    statement = owned(scope, Letter).where(_awaits(at)).order_by(Letter.issued_at, Letter.id)
    found = scope.session.scalars(statement.limit(at_most(LISTED_TO_SIGN))).all()
    if len(found) < LISTED_TO_SIGN:
        keep(scope, TO_SIGN, len(found))  # the menu asks for the same number
    return found


def list_own(scope: Scope, *, unit: Unit, year: int | None = None) -> Sequence[Letter]:
    """List the letters a unit itself, or one it took over from, owes or owed its superiors wherever it stood, newest first."""
    statement = owned(scope, Letter).where(
        Letter.to_path.in_(places_of(scope, unit, "letter", inherited=True)),
        Letter.state != LetterState.DRAFT,
        readable(scope, Letter, "letter"),
    )
    if year is not None:
        statement = statement.where(Letter.year == year)
    return scope.session.scalars(statement.order_by(Letter.year.desc(), Letter.serial.desc()).limit(at_most(100))).all()


def to_sign_tally(scope: Scope) -> Tally:
    """Give the number of letters that wait for the actor's signature, for the menu; known for who signs nothing."""
    at = signing_paths(scope)
    if not at:
        return 0
    return tally(TO_SIGN, select(func.count()).select_from(Letter).where(Letter.tenant_id == scope.tenant_id, _awaits(at)))


def count_to_sign(scope: Scope) -> int:
    """Count the letters that wait for the actor's signature. Costs: one query, none for who signs nothing."""
    return count(scope, to_sign_tally(scope))


def _awaits(at: Collection[str]) -> ColumnElement[bool]:
    return or_(
        and_(Letter.path.in_(at), Letter.state.in_(AWAITING[Side.UPPER])),
        and_(Letter.to_path.in_(at), Letter.state.in_(AWAITING[Side.LOWER])),
    )


def years_with_letters(scope: Scope, *, upper_id: UUID) -> Sequence[int]:
    """List the years a superior has letters of, latest first."""
    statement = (
        select(LetterCampaign.year)
        .where(LetterCampaign.tenant_id == scope.tenant_id, LetterCampaign.upper_id == upper_id)
        .order_by(LetterCampaign.year.desc())
    )
    return scope.session.scalars(statement).all()


def find_campaign(scope: Scope, *, upper_id: UUID, year: int) -> LetterCampaign | None:
    """Find a superior's numbering of a year."""
    statement = owned(scope, LetterCampaign).where(LetterCampaign.upper_id == upper_id, LetterCampaign.year == year)
    return scope.session.scalars(statement).one_or_none()


def living_letters(scope: Scope, *, upper_id: UUID, year: int) -> dict[UUID, Letter]:
    """Give a superior's letters of a year that were not withdrawn, by the unit that owes them."""
    rows = scope.session.scalars(
        owned(scope, Letter).where(Letter.upper_id == upper_id, Letter.year == year, Letter.state != LetterState.WITHDRAWN)
    )
    return {letter.lower_id: letter for letter in rows}


def list_owed(scope: Scope, *, unit: Unit, year: int) -> tuple[Owed, ...]:
    """
    List every letter owed at and below a unit in a year, by superior in the tree's order; of the second lines only the
    unit's own: what a department has its enterprises sign is the department's, not its county's.

    Takes:  access is the caller's business: whoever may read the letters below the unit.
    Costs:  two queries.
    """
    units, found = subtree_and_lines(scope, unit)
    by_id = {one.id: one for one in units}
    in_lines = [(one, line) for line, below in found.items() for one in below if line_of_work(unit, one, line)]
    rows = scope.session.scalars(
        owned(scope, Letter).where(
            Letter.path >= unit.path,
            Letter.path < paths.upper_bound(unit.path),
            Letter.year == year,
            Letter.state != LetterState.WITHDRAWN,
        )
    )
    letters = {(letter.upper_id, letter.lower_id): letter for letter in rows}
    below = [
        Owed(by_id[one.parent_id], one, letters.get((one.parent_id, one.id)))
        for one in units
        if one.parent_id is not None and one.parent_id in by_id
    ]
    return tuple(below + [Owed(unit, one, letters.get((unit.id, one.id)), line) for one, line in in_lines])


def list_owed_in_lines(scope: Scope, *, uppers: Sequence[Unit], year: int) -> list[Owed]:
    """
    List the letters each of these units owes down its second lines in a year, as `list_owed` does for one of them.

    Takes:  access is the caller's business.
    Costs:  two queries, none where no level among them has subordinates in a second line.
    """
    joined = units_in_lines_of(scope, uppers)
    return _with_letters(scope, [(upper, one, line) for upper, one, line in joined if line_of_work(upper, one, line)], year)


def owed_by(scope: Scope, *, upper: Unit, year: int) -> Coverage | None:
    """
    Say how far signing has come with the units directly below, in all lines; None where there are none.

    Takes:  access is the caller's business.
    Costs:  three queries, whatever stands further below.
    """
    primary: list[tuple[Unit, Unit, str | None]] = [(upper, one, None) for one in children(scope, upper)]
    second = [(above, one, line) for above, one, line in units_in_lines_of(scope, [upper]) if line_of_work(above, one, line)]
    owed = _with_letters(scope, [*primary, *second], year)
    return Coverage(len(owed), sum(one.is_signed for one in owed)) if owed else None


def _with_letters(scope: Scope, pairs: Sequence[tuple[Unit, Unit, str | None]], year: int) -> list[Owed]:
    if not pairs:
        return []
    rows = scope.session.scalars(
        owned(scope, Letter).where(
            Letter.upper_id.in_({upper.id for upper, _, _ in pairs}),
            Letter.year == year,
            Letter.state != LetterState.WITHDRAWN,
        )
    )
    letters = {(letter.upper_id, letter.lower_id): letter for letter in rows}
    return [Owed(upper, one, letters.get((upper.id, one.id)), line) for upper, one, line in pairs]


def coverage_by_level(owed: Sequence[Owed]) -> tuple[LevelCoverage, ...]:
    """Count signed of owed per level and superior, uppermost level first."""
    by_upper: dict[UUID, list[Owed]] = defaultdict(list)
    for one in owed:
        by_upper[one.upper.id].append(one)
    levels: dict[int, list[tuple[Unit, Coverage]]] = defaultdict(list)
    for group in by_upper.values():
        upper = group[0].upper
        levels[upper.depth].append((upper, Coverage(len(group), sum(one.is_signed for one in group))))
    return tuple(
        LevelCoverage(depth, rows[0][0].level, total(coverage for _, coverage in rows), tuple(rows))
        for depth, rows in sorted(levels.items())
    )


def coverage(scope: Scope, *, unit: Unit, year: int) -> tuple[LevelCoverage, ...]:
    """Say how far signing has come at and below a unit, per level: for this feature's pages, assessments and the leader's."""
    return coverage_by_level(list_owed(scope, unit=unit, year=year))


def verify(scope: Scope, letter: Letter) -> Verification:
    """
    Check a letter against its digest, the digest against the audit record of its issue, and every seal against both.

    Costs: two queries.
    """
    recorded = scope.session.scalars(
        select(AuditRecord.details)
        .where(
            AuditRecord.tenant_id == scope.tenant_id,
            AuditRecord.subject_kind == "letter",
            AuditRecord.subject_id == letter.id,
            AuditRecord.act == "letter.issued",
        )
        .order_by(AuditRecord.seq)
        .limit(1)
    ).first()
    intact = frozen.is_intact(letter.body, digest=letter.digest, algorithm=letter.algorithm)
    if letter.issued_at is not None:
        intact = intact and recorded is not None and recorded.get("digest") == letter.digest
    signatures = list_signatures(scope, letter_ids=[letter.id]).get(letter.id, {})
    return Verification(intact, {side: _seal_holds(letter, one) for side, one in signatures.items()})


def _seal_holds(letter: Letter, signature: Signature) -> bool:
    return signature.text_digest == letter.digest and signature.seal == frozen.seal_of(
        text_digest=signature.text_digest,
        side=signature.side.value,
        person_id=str(signature.person_id),
        name=signature.name,
        post=signature.post,
        signed_at=signature.signed_at.astimezone(UTC).isoformat(),
    )
