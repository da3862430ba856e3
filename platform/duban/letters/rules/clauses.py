"""The wording of a responsibility letter: official clauses around the unit's own targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from duban.letters.rules.frozen import Block, BlockKind, write

_NUMERALS = "一二三四五六七八九十"
_TABLE_HEAD = ("序号", "指标名称", "计量单位", "责任数值")


@dataclass(frozen=True)
class TargetLine:
    """One row of a target table, already in words: `value` is "不超过 2", "100", "0"."""

    name: str
    unit_of_measure: str
    value: str


@dataclass(frozen=True)
class Wording:
    """
    What a tenant's kind says in its letters.

    Takes: paragraphs may name `%(year)s`, `%(upper)s`, `%(lower)s`; an unknown name stays as written.
    """

    title: str
    preamble: str
    duties: tuple[str, ...]
    assessment: tuple[str, ...]
    veto: tuple[str, ...]
    closing: tuple[str, ...]


@dataclass(frozen=True)
class Parties:
    """Who signs with whom, for which year, under which number and with which copies."""

    upper: str
    lower: str
    year: int
    number: str
    from_on: date
    to_on: date


def compose(parties: Parties, wording: Wording, *, controls: Sequence[TargetLine], works: Sequence[TargetLine]) -> str:
    """
    Write the canonical text of one letter.

    Gives:  text as `frozen.write` gives it; a clause without content is left out and the numbering closes up.
    """
    names = {"year": str(parties.year), "upper": parties.upper, "lower": parties.lower}
    blocks = [
        Block(BlockKind.TITLE, _fill(wording.title, names)),
        Block(
            BlockKind.HEAD,
            rows=(("编号", parties.number), ("下达单位", parties.upper), ("责任单位", parties.lower)),
        ),
        Block(BlockKind.PARAGRAPH, _fill(wording.preamble, names)),
    ]
    term = f"自{chinese_date(parties.from_on)}起至{chinese_date(parties.to_on)}止。"
    clauses: list[tuple[str, list[Block]]] = [
        ("责任期限", [Block(BlockKind.PARAGRAPH, term)]),
        ("安全生产控制指标", _table(controls)),
        ("安全生产工作目标", _table(works)),
        ("主要工作职责", _items(wording.duties, names)),
        ("考核与奖惩", _items(wording.assessment, names)),
        ("一票否决", _items(wording.veto, names)),
        ("附则", _items(wording.closing, names)),
    ]
    kept = [(heading, content) for heading, content in clauses if content]
    for numeral, (heading, content) in zip(_NUMERALS, kept, strict=False):
        blocks.append(Block(BlockKind.HEADING, f"{numeral}、{heading}"))
        blocks.extend(content)
    return write(blocks)


def chinese_date(day: date) -> str:
    """Write a date as letters do: 2011年1月1日."""
    return f"{day.year}年{day.month}月{day.day}日"


def _table(lines: Sequence[TargetLine]) -> list[Block]:
    if not lines:
        return []
    rows = [(str(place), line.name, line.unit_of_measure, line.value) for place, line in enumerate(lines, start=1)]
    return [Block(BlockKind.TABLE, rows=(_TABLE_HEAD, *rows))]


def _items(paragraphs: Sequence[str], names: Mapping[str, str]) -> list[Block]:
    """Number the items of a clause; a first sentence ending in a colon leads them in and has no number, nor has a lone one."""
    texts = [_fill(text, names) for text in paragraphs]
    lead = texts[:1] if texts and texts[0].endswith("：") else []
    items = texts[len(lead) :]
    if len(items) > 1:
        items = [f"（{_numeral(place)}）{text}" for place, text in enumerate(items, start=1)]
    return [Block(BlockKind.PARAGRAPH, text) for text in (*lead, *items)]


def _numeral(place: int) -> str:
    """Write 1..99 in Chinese numerals."""
    tens, ones = divmod(place, 10)
    head = "" if not tens else ("十" if tens == 1 else _NUMERALS[tens - 1] + "十")
    return head + (_NUMERALS[ones - 1] if ones else "")


def _fill(text: str, names: Mapping[str, str]) -> str:
    """Put names in one by one: wording is data of the tenant, and a stray percent sign in it must not fail a letter."""
    for key, value in names.items():
        text = text.replace(f"%({key})s", value)
    return text
