"""Writing a superior's letters from its units' targets, issuing them, taking one back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from duban.access.checks import lines_of, may, require, require_in_lines
from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.letters import queries
from duban.letters.errors import LetterStateError, NothingToGenerateError, TamperedError
from duban.letters.models import Letter, LetterCampaign
from duban.letters.rules.clauses import Parties, TargetLine, Wording, compose
from duban.letters.rules.frozen import ALGORITHM, digest_of, is_intact
from duban.letters.states import NEXT_STATES, STATE_LABELS, LetterState
from duban.letters.telling import tell_issued
from duban.letters.wording import wording_of
from duban.targets.counting import is_told
from duban.targets.models import Allocation, Indicator
from duban.targets.queries import shares_of_units
from duban.targets.rules import plain
from duban.targets.states import Direction, Kind
from duban.tree.line_units import line_of_work, units_in_lines
from duban.tree.models import Unit
from duban.tree.queries import children, get_unit

_PREFIX_LENGTH = 20


@dataclass(frozen=True)
class Pair:
    """Who signs with whom, and the second line that joins them; None the primary one."""

    upper: Unit
    lower: Unit
    line: str | None


def generate_letters(scope: Scope, *, upper_id: UUID, year: int, prefix: str | None = None) -> Sequence[Letter]:
    """
    Write a letter for every unit directly below from the targets it was told; drafts are written anew, issued ones stay.

    Directly below means: in the lines the actor's role is held in. A unit that stands below in a second line gets a letter of
    that line, about the targets of that line.
    Takes:  `prefix` what stands before the year in the numbers ("望安责"); kept for the rest of the year.
    Raises: NotFoundError, NotAllowedError, InvalidInputError, NothingToGenerateError.
    Costs:  a lock on the year's numbering; six queries and one statement per kind of row.
    """
    upper = get_unit(scope, upper_id)
    require(scope, "letter", "issue", upper)
    units = _units_below(scope, upper)
    campaign = _campaign(scope, upper=upper, year=year, prefix=prefix)
    living = queries.living_letters(scope, upper_id=upper.id, year=year)
    due = [(unit, line) for unit, line in units if unit.id not in living or living[unit.id].state is LetterState.DRAFT]
    if not due:
        raise NothingToGenerateError(N_("没有需要生成的责任书：下级单位都已有下达的责任书，或本单位没有下级单位。"))
    shares = shares_of_units(scope, unit_ids=[unit.id for unit, _ in due], year=year)
    wording = wording_of(scope)
    letters = [
        _write(scope, campaign, Pair(upper, unit, line), living.get(unit.id), wording, shares.get(unit.id, []))
        for unit, line in due
    ]
    record(scope, "letter.drafted", "unit", upper.id, upper.path, year=year, letters=[letter.number for letter in letters])
    scope.session.flush()
    return letters


def _units_below(scope: Scope, upper: Unit) -> Sequence[tuple[Unit, str | None]]:
    """List the units directly below in the lines the actor issues letters in, each with its line."""
    lines = lines_of(scope, "letter", "issue", upper)
    every: list[tuple[Unit, str | None]] = [(unit, None) for unit in children(scope, upper)]
    for line, below in units_in_lines(scope, upper).items():
        every += [(unit, line) for unit in below if line_of_work(upper, unit, line) == line]
    found = [(unit, line) for unit, line in every if line in lines]
    if every and not found:
        raise NotAllowedError(N_("您的角色不在这条管理线上，不能在这条线上办理。"))
    return found


def _campaign(scope: Scope, *, upper: Unit, year: int, prefix: str | None) -> LetterCampaign:
    if prefix is not None and not 0 < len(prefix.strip()) <= _PREFIX_LENGTH:
        raise InvalidInputError(fields={"prefix": [Text(N_("请填写 1 到 %(n)s 个字的发文代字。"), {"n": _PREFIX_LENGTH})]})
    statement = owned(scope, LetterCampaign).where(LetterCampaign.upper_id == upper.id, LetterCampaign.year == year)
    campaign = scope.session.scalars(statement.with_for_update()).one_or_none()
    if campaign is not None:
        return campaign
    name = (prefix or default_prefix(upper)).strip()
    campaign = LetterCampaign(id=new_id(), path=upper.path, lines=upper.lines, upper_id=upper.id, year=year, prefix=name)
    campaign.numbers_given = 0
    scope.add(campaign)
    scope.session.flush()  # its letters refer to it; no relationship orders the two
    return campaign


def default_prefix(upper: Unit) -> str:
    """Suggest what stands before the year in a superior's numbers: 望安责 for 望城县."""
    return f"{upper.short_name[:1]}安责"


def _write(
    scope: Scope,
    campaign: LetterCampaign,
    pair: Pair,
    draft: Letter | None,
    wording: Wording,
    shares: Sequence[tuple[Indicator, Allocation]],
) -> Letter:
    upper, lower = pair.upper, pair.lower
    if draft is None:
        campaign.numbers_given += 1
    serial = draft.serial if draft else campaign.numbers_given
    parties = Parties(
        upper=upper.name,
        lower=lower.name,
        year=campaign.year,
        number=draft.number if draft else f"{campaign.prefix}〔{campaign.year}〕{serial}号",
        from_on=date(campaign.year, 1, 1),
        to_on=date(campaign.year, 12, 31),
    )
    told = [
        (indicator, share)
        for indicator, share in shares
        if is_told(share) and share.parent_id is not None and share.work_line == pair.line
    ]
    body = compose(
        parties,
        wording,
        controls=[_line(indicator, share) for indicator, share in told if indicator.kind is Kind.CONTROL],
        works=[_line(indicator, share) for indicator, share in told if indicator.kind is Kind.WORK],
    )
    if draft is not None:
        draft.body, draft.digest, draft.drafted_at = body, digest_of(body), scope.now
        draft.upper_name, draft.lower_name, draft.path, draft.to_path = upper.name, lower.name, upper.path, lower.path
        draft.lines, draft.work_line = upper.lines, pair.line
        draft.version += 1
        return draft
    return scope.add(
        Letter(
            id=new_id(),
            path=upper.path,
            to_path=lower.path,
            lines=upper.lines,
            work_line=pair.line,
            campaign_id=campaign.id,
            upper_id=upper.id,
            lower_id=lower.id,
            upper_name=upper.name,
            lower_name=lower.name,
            year=campaign.year,
            serial=serial,
            number=parties.number,
            body=body,
            algorithm=ALGORITHM,
            digest=digest_of(body),
            state=LetterState.DRAFT,
            drafted_at=scope.now,
        )
    )


def _line(indicator: Indicator, share: Allocation) -> TargetLine:
    name = f"其中：{indicator.name}" if indicator.total_id is not None else indicator.name
    if share.issued_value is None:
        return TargetLine(name, indicator.unit_of_measure, "另行下达")
    number = plain(share.issued_value)
    if indicator.direction is Direction.AT_LEAST:
        return TargetLine(name, indicator.unit_of_measure, f"不低于 {number}")
    return TargetLine(name, indicator.unit_of_measure, f"不超过 {number}" if share.issued_value else "0")


def issue_letters(scope: Scope, *, upper_id: UUID, letter_ids: Collection[UUID]) -> Sequence[Letter]:
    """
    Freeze drafts and put them before both leaders.

    Raises: NotFoundError, NotAllowedError, LetterStateError where one is no draft any more.
    """
    upper = get_unit(scope, upper_id)
    require(scope, "letter", "issue", upper)
    statement = owned(scope, Letter).where(Letter.id.in_(set(letter_ids)), Letter.upper_id == upper.id).order_by(Letter.id)
    letters = scope.session.scalars(statement.with_for_update().execution_options(populate_existing=True)).all()
    if not letters or len(letters) != len(set(letter_ids)):
        raise NotFoundError
    require_in_lines(scope, "letter", "issue", upper, {letter.work_line for letter in letters})
    for letter in letters:
        check_transition(letter, LetterState.ISSUED)
        if not is_intact(letter.body, digest=letter.digest, algorithm=letter.algorithm):
            raise TamperedError(number=letter.number)
        letter.state, letter.issued_at, letter.version = LetterState.ISSUED, scope.now, letter.version + 1
        record(
            scope,
            "letter.issued",
            "letter",
            letter.id,
            letter.path,
            number=letter.number,
            digest=letter.digest,
            to=letter.lower_name,
        )
    tell_issued(scope, letters=letters)
    return letters


def withdraw_letter(scope: Scope, *, letter_id: UUID, reason: str) -> Letter:
    """
    Take back a letter that is not in force yet; its number is not given again.

    Raises: NotFoundError, NotAllowedError, InvalidInputError without a reason, LetterStateError.
    """
    letter = queries.get_letter(scope, letter_id, lock=True)
    # Asked at the superior's own place: having the letter addressed to one's unit gives no say in taking it back.
    require(scope, "letter", "read", letter)
    at = queries.place_of_upper(letter)
    if not may(scope, "letter", "issue", at):
        raise NotAllowedError
    require_in_lines(scope, "letter", "issue", at, {letter.work_line})
    check_transition(letter, LetterState.WITHDRAWN)
    if not reason.strip():
        raise InvalidInputError(fields={"reason": [Text(N_("请写明撤回的原因。"))]})
    letter.state, letter.withdrawn_at, letter.withdrawn_reason = LetterState.WITHDRAWN, scope.now, reason.strip()
    letter.version += 1
    record(scope, "letter.withdrawn", "letter", letter.id, letter.path, number=letter.number, reason=letter.withdrawn_reason)
    return letter


def check_transition(letter: Letter, wanted: LetterState) -> None:
    """Refuse a step the letter's state does not allow. Raises: LetterStateError."""
    if wanted not in NEXT_STATES[letter.state]:
        raise LetterStateError(number=letter.number, state=Text(STATE_LABELS[letter.state]))
