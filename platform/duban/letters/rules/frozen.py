"""
The frozen text of a letter: one canonical string that page, paper and Word file are all drawn from, and its digest.

What people sign is this string and nothing else. Each line says what it is by its first characters:
`# ` title, `## ` clause heading, `: ` a line of the head (`: 编号|望安责〔2011〕3号`), `| ` a table row whose cells are
parted by ` | ` (the first row of a run is its heading), anything else a paragraph. Anybody can check the digest of the
downloaded text with `sha256sum`.
Source: docs/rules/decomposition.md, section 8.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

ALGORITHM = "sha256/duban-letter-1"


class BlockKind(StrEnum):
    """What a part of a letter is."""

    TITLE = "title"
    HEAD = "head"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    TABLE = "table"


@dataclass(frozen=True)
class Block:
    """One part of a letter; `rows` only in tables and heads (a head is one row of label and value)."""

    kind: BlockKind
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def canonical(text: str) -> str:
    """
    Bring a text into the one form that is digested.

    Gives: composed characters (NFC), line feeds only, no blank at a line's end, no empty lines, one line feed last.
           Canonical text stays as it is.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (line.rstrip() for line in composed.split("\n"))
    return "\n".join(line for line in lines if line) + "\n"


def digest_of(text: str) -> str:
    """Digest a canonical text: SHA-256 of its UTF-8 bytes, 64 hexadecimal characters."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def is_intact(text: str, *, digest: str, algorithm: str) -> bool:
    """Whether a stored text is still the one that was digested; an unknown algorithm vouches for nothing."""
    return algorithm == ALGORITHM and hmac.compare_digest(digest_of(text), digest)


def seal_of(*, text_digest: str, side: str, person_id: str, name: str, post: str, signed_at: str) -> str:
    """
    Bind a signature to the text it was given for and to who gave it, when and in which post.

    Takes:  `signed_at` as an ISO instant in UTC.
    Gives:  64 hexadecimal characters; changing text, name, post or time afterwards changes it.
    """
    parts = (text_digest, side, person_id, name, post, signed_at)
    # Lengths first, so that moving a character from one part to its neighbour is seen.
    framed = "".join(f"{len(part.encode('utf-8'))}:{part}" for part in parts)
    return hashlib.sha256(framed.encode("utf-8")).hexdigest()


def write(blocks: Sequence[Block]) -> str:
    """Write blocks as canonical text; a line break or a bar inside a cell becomes a blank, so no cell can forge a row."""
    return canonical("\n".join(line for block in blocks for line in _lines_of(block)))


def _lines_of(block: Block) -> list[str]:
    if block.kind is BlockKind.TITLE:
        return ["# " + _one_line(block.text)]
    if block.kind is BlockKind.HEADING:
        return ["## " + _one_line(block.text)]
    if block.kind is BlockKind.HEAD:
        return [": " + "|".join(_cell(part) for part in row) for row in block.rows]
    if block.kind is BlockKind.TABLE:
        return ["| " + " | ".join(_cell(part) or "—" for part in row) for row in block.rows]
    return [_unmarked(_one_line(block.text))]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _one_line(text.replace("|", " "))


def _unmarked(text: str) -> str:
    """Keep a paragraph from reading as another kind of block by putting a blank character nobody sees before a mark."""
    return "\u3000" + text if text.startswith(("#", ":", "|")) else text


def read(text: str) -> tuple[Block, ...]:
    """Take a canonical text apart again; rows that follow each other form one table."""
    blocks: list[Block] = []
    for line in text.splitlines():
        block = _block_of(line)
        last = blocks[-1] if blocks else None
        if last is not None and block.kind is last.kind and block.kind in {BlockKind.TABLE, BlockKind.HEAD}:
            blocks[-1] = Block(last.kind, rows=(*last.rows, *block.rows))
        else:
            blocks.append(block)
    return tuple(blocks)


def _block_of(line: str) -> Block:
    if line.startswith("## "):
        return Block(BlockKind.HEADING, line[3:])
    if line.startswith("# "):
        return Block(BlockKind.TITLE, line[2:])
    if line.startswith(": "):
        return Block(BlockKind.HEAD, rows=(tuple(line[2:].split("|")),))
    if line.startswith("| "):
        return Block(BlockKind.TABLE, rows=(tuple(line[2:].split(" | ")),))
    return Block(BlockKind.PARAGRAPH, line)
