"""A letter's frozen text laid out for reading: what page and Word file have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from duban.letters.models import Letter, Signature
from duban.letters.rules.frozen import Block, BlockKind, read
from duban.letters.states import Side

_NUMBER = "编号"


@dataclass(frozen=True)
class SignatureLine:
    """One line under a letter; `name` None where that side has not signed."""

    role: str
    unit: str
    name: str | None
    post: str
    at: datetime | None


@dataclass(frozen=True)
class Layout:
    """
    An official document as it is read: red head, number, title, parties, body, signatures, digest.

    A letter has parties and signatures; a sheet or circular has an addressee, a day for its seal, and copies.
    """

    issuer: str
    number: str
    title: str
    parties: tuple[tuple[str, ...], ...]
    body: tuple[Block, ...]
    signatures: tuple[SignatureLine, ...]
    digest: str
    algorithm: str
    addressee: str = ""
    day: str = ""
    copies: str = ""


def lay_out(letter: Letter, signatures: Mapping[Side, Signature]) -> Layout:
    """Lay out a letter: number, title, parties and body all come from the frozen text itself."""
    blocks = read(letter.body)
    head = [row for block in blocks if block.kind is BlockKind.HEAD for row in block.rows]
    return Layout(
        issuer=letter.upper_name,
        number=next((row[-1] for row in head if row[0] == _NUMBER), letter.number),
        title=next((block.text for block in blocks if block.kind is BlockKind.TITLE), ""),
        parties=tuple(row for row in head if row[0] != _NUMBER),
        body=tuple(block for block in blocks if block.kind not in {BlockKind.HEAD, BlockKind.TITLE}),
        signatures=(
            _line("下达单位负责人", letter.upper_name, signatures.get(Side.UPPER)),
            _line("责任单位负责人", letter.lower_name, signatures.get(Side.LOWER)),
        ),
        digest=letter.digest,
        algorithm=letter.algorithm,
    )


def _line(role: str, unit: str, signature: Signature | None) -> SignatureLine:
    if signature is None:
        return SignatureLine(role, unit, None, "", None)
    return SignatureLine(role, unit, signature.name, signature.post, signature.signed_at)
