"""Document numbers, references between documents, and what the state of a programme allows. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from duban.kernel.text import N_
from duban.programmes.errors import AlreadyDerivedError, LockedError, NothingToIssueError, TransitionRefusedError
from duban.programmes.states import NEXT_STATES, State

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_BRACKETS = str.maketrans("[【〔(", "〔〔〔〔") | str.maketrans("]】〕)", "〕〕〕〕")
_OPEN, _CLOSE = r"[〔\[【（(［]", r"[〕\]】）)］]"
_ISSUER = r"[\u4e00-\u9fff]{1,12}?"
_GAP = r"\s{0,4}"
"""Bounded, as every gap in a pattern here: with a page of blanks in a text, two that may share it take hours."""
_YEAR, _SERIAL = rf"(?:[0-9０-９]{{4}}{_GAP}年?|年?)", rf"第?{_GAP}[0-9０-９]{{1,5}}{_GAP}号"
_REFERENCE = re.compile(rf"(?<![\u4e00-\u9fff]){_ISSUER}{_GAP}{_OPEN}{_GAP}{_YEAR}{_CLOSE}{_GAP}{_SERIAL}")
_NUMBER = re.compile(r"(?P<issuer>.+?)〔(?P<year>[0-9]{4})〕第?(?P<serial>[0-9]{1,5})号")


@dataclass(frozen=True)
class NumberParts:
    """A document number taken apart: 府办发〔2011〕68号."""

    issuer: str
    year: int
    serial: int


@dataclass(frozen=True)
class Passage:
    """A piece of a text; `number` is set where the piece is a document number, in its standard form."""

    text: str
    number: str | None = None


def number_key(number: str) -> str:
    """
    Give the form under which two spellings of a number are the same: half-width, 〔〕 for every bracket, no spaces.

    Source: GB/T 9704-2012, 7.2.5 prescribes 〔〕; documents found in practice use [], () and 【】.
    """
    return re.sub(r"\s+", "", number.translate(_HALF_WIDTH)).translate(_BRACKETS)


def parts_of(number: str) -> NumberParts | None:
    """Take a number apart; None where it has no year or serial, as in 国发[]23号."""
    match = _NUMBER.fullmatch(number_key(number))
    return NumberParts(issuer=match["issuer"], year=int(match["year"]), serial=int(match["serial"])) if match else None


def passages(text: str) -> Sequence[Passage]:
    """Cut a text into passages so that every document number in it is one; joined, they are the text again, unchanged."""
    found: list[Passage] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        if match.start() > at:
            found.append(Passage(text[at : match.start()]))
        found.append(Passage(match[0], number=number_key(match[0])))
        at = match.end()
    if at < len(text):
        found.append(Passage(text[at:]))
    return found


def references_in(text: str) -> Sequence[str]:
    """List the document numbers a text names, each once, in standard form, in order."""
    return list(dict.fromkeys(passage.number for passage in passages(text) if passage.number))


def check_transition(*, current: State, wanted: State) -> None:
    """Refuse a change of state the table does not have. Raises: TransitionRefusedError."""
    if wanted not in NEXT_STATES[current]:
        raise TransitionRefusedError(current=current, wanted=wanted)


def check_editable(state: State) -> None:
    """Refuse to change an issued programme. Raises: LockedError."""
    if state is not State.DRAFT:
        raise LockedError


def check_issue(*, current: State, tasks: int) -> None:
    """Refuse to issue what is no draft or has no task. Raises: TransitionRefusedError, NothingToIssueError."""
    check_transition(current=current, wanted=State.ISSUED)
    if not tasks:
        raise NothingToIssueError


def check_recall(*, current: State, derived: int) -> None:
    """Refuse to take back what subordinates already build on. Raises: TransitionRefusedError, AlreadyDerivedError."""
    check_transition(current=current, wanted=State.DRAFT)
    if derived:
        raise AlreadyDerivedError(N_("已有 %(count)s 个下级单位据此制定了方案，不能撤回。请另行下发补充方案"), count=derived)


def next_number(numbers: Sequence[str]) -> str:
    """Give the number after the highest plain number in use."""
    plain = [int(number) for number in numbers if number.isascii() and number.isdigit() and len(number) < 7]  # noqa: PLR2004 -- sane
    return str(max(plain, default=0) + 1)


def tags_from(text: str) -> list[str]:
    """Read tags typed with commas, 、, semicolons or new lines; each once, in order."""
    parts = (part.strip() for part in re.split(r"[,，、;；\n]", text))
    return list(dict.fromkeys(part for part in parts if part))
