"""
What lists a page of ours shows, read from the page itself: the same columns, words and order, cell by cell. Pure.

A list is a table of the kit (class "list" or "matrix"), lines (`ul.lines`), duty cards (`ul.duty-list`) or the answers of a
report (`dl.answers`; a table among them is a list of its own, after them). What is there to be pressed (buttons, boxes to
tick, small forms) is no content. `data-value` on an element stands for what is in it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import unescape

from markupsafe import Markup

from duban.web.tables import Cell

ANSWERS = '<dl class="answers'
MARKS = ('<table class="list', '<table class="matrix', '<ul class="lines', '<ul class="duty-list', ANSWERS)
"""How a list that may be taken away begins; `data-not-taken` before the class makes it another's."""
_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:[^>"]|"[^"]*")*)>|([^<]+)')
_NUMBER = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_VOID = frozenset({"input", "br", "hr", "img", "use", "link", "meta", "col", "source", "wbr"})
_PRESSED = frozenset({"svg", "script", "style", "button", "select", "textarea", "nav", "template", "progress"})
_OWN_LINE = frozenset({"div", "p", "li", "br", "dt", "dd", "tr"})
_APART = frozenset({"small", "span", "time", "b", "a", "label"})
_CARD = {"what": 0, "title": 0, "when": 1, "note": 2}


@dataclass
class ShownList:
    """One list as a page shows it; `next` is the cursor of its next page, `paged` whether it has pages at all."""

    title: str
    heads: list[str] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    kind: str = "table"
    paged: bool = False
    next: str | None = None
    left_out: set[int] = field(default_factory=set)
    """Columns without a head: they hold buttons."""


@dataclass(frozen=True)
class ShownPage:
    """The heading of a page and the lists on it, in their order."""

    heading: str
    lists: Sequence[ShownList]


def not_taken(part: Markup) -> Markup:
    """Keep back the lists in a part of a page, a few rows of lists that have pages of their own."""
    changed = str(part)
    for mark in MARKS:
        changed = changed.replace(mark, mark.replace(" class=", " data-not-taken class="))
    return Markup(changed)  # noqa: S704 - it was markup, and in text a mark is escaped


def has_lists(page: str) -> bool:
    """Say whether a page, or a part of one, shows a list."""
    return any(mark in page for mark in MARKS)


def has_answers(page: str) -> bool:
    """Say whether what a page shows is a report."""
    return ANSWERS in page


def read_page(page: str) -> ShownPage:
    """Read the lists of a page that our templates drew: values in it are escaped, tags are closed."""
    start, end = page.find("<main"), page.rfind("</main>")
    reader = _Reader()
    for closing, tag, attributes, text in _tokens(page[max(start, 0) : end if end >= 0 else len(page)]):
        if not tag:
            reader.text(text)
        elif closing:
            reader.close(tag)
        else:
            reader.open(tag, attributes)
    return ShownPage(heading=reader.heading, lists=reader.lists)


def _tokens(page: str) -> Iterator[tuple[str, str, str, str]]:
    for found in _TOKEN.finditer(page):
        yield found[1] or "", found[2] or "", found[3] or "", found[4] or ""


def _attribute(attributes: str, name: str) -> str | None:
    found = re.search(rf'(?:^|\s){name}="([^"]*)"', attributes)
    return unescape(found[1]) if found else None


def _plain(pieces: Sequence[str]) -> str:
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def as_number(text: str) -> Cell:
    """Give a written number as one; anything else stays the text it is."""
    if not _NUMBER.fullmatch(text):
        return text
    plain = text.replace(",", "")
    return Decimal(plain) if "." in plain else int(plain)


class _Reader:
    """Walks the tags of a page; `open_tags` holds each open element with the part of a list it is."""

    def __init__(self) -> None:
        self.lists: list[ShownList] = []
        self.heading = ""
        self._panel = ""
        self._open: list[tuple[str, str]] = []
        self._skipping = 0
        self._list: ShownList | None = None
        self._last: ShownList | None = None
        self._row: list[Cell] | None = None
        self._around: tuple[ShownList, list[Cell] | None] | None = None
        self._pieces: list[list[str]] = []
        self._numeric = False
        self._wide = 1
        self._at: list[int] = []

    def open(self, tag: str, attributes: str) -> None:
        classes = (_attribute(attributes, "class") or "").split() if "class=" in attributes else []
        if tag == "nav" and "pager" in classes and self._last is not None and not self._skipping:
            self._last.paged, self._last.next = True, _attribute(attributes, "data-next") or None
        if self._skipping:
            if tag not in _VOID:
                self._open.append((tag, "skip"))
                self._skipping += 1
            return
        if tag in _OWN_LINE:
            self._say("\n")
        elif tag in _APART:
            self._say(" ")
        if tag in _VOID:
            self._box(tag, attributes)
            return
        part = self._part(tag, classes, attributes)
        self._open.append((tag, part))
        if part == "skip":
            self._skipping += 1

    def _box(self, tag: str, attributes: str) -> None:
        """A typed value is content, a tick or a hidden value is not."""
        if tag == "input" and _attribute(attributes, "type") not in {"checkbox", "radio", "hidden", "file", "submit"}:
            self._say(_attribute(attributes, "value") or "")

    def _part(self, tag: str, classes: Sequence[str], attributes: str) -> str:
        """Say what part of a list an element is, beginning it."""
        if self._is_pressed(tag, classes) or " data-not-taken" in attributes:
            return "skip"
        value = _attribute(attributes, "data-value") if "data-value=" in attributes else None
        if tag in {"h1", "h2", "caption"}:
            self._pieces.append([])
            return "words"
        if tag == "section" and "panel" in classes:
            self._panel = ""
        if self._list is None or (self._list.kind == "answers" and tag == "table" and "list" in classes):
            return self._begun(tag, classes)
        part = self._inner(tag, classes, attributes)
        if value is not None:
            self._say(value)
            if part in {"cell", "head"}:
                self._skipping += 1
                return f"{part}="
            return "skip"
        return part

    @staticmethod
    def _is_pressed(tag: str, classes: Sequence[str]) -> bool:
        if tag in _PRESSED:
            return "as-link" not in classes
        return "btn" in classes or "n" in classes or (tag == "details" and "confirm" in classes)

    def _begun(self, tag: str, classes: Sequence[str]) -> str:
        kind = ""
        if tag == "table" and ("list" in classes or "matrix" in classes):
            kind = "table"
        elif tag == "ul" and "lines" in classes:
            kind = "lines"
        elif tag == "ul" and "duty-list" in classes:
            kind = "cards"
        elif tag == "dl" and "answers" in classes:
            kind = "answers"
        if kind and self._list is not None:
            self._around = (self._list, self._row)
        if kind:
            self._list = ShownList(title=self._panel or self.heading, kind=kind)
        if self._list is not None and kind == "answers":
            self.lists.append(self._list)  # before the tables in it
        return "list" if kind else ""

    def _inner(self, tag: str, classes: Sequence[str], attributes: str) -> str:
        """Say what part of the open list an element is."""
        if self._list is not None and self._list.kind == "table":
            return self._inner_of_table(tag, classes, attributes)
        if self._list is not None and self._list.kind == "answers":
            if tag not in {"dt", "dd"}:
                return ""
            self._pieces.append([])
            return "label" if tag == "dt" else "answer"
        if tag == "li" and not self._at:
            self._pieces, self._at = [[], [], [], []], [3]
            return "line"
        if not self._at:
            return ""
        place = next((_CARD[name] for name in classes if name in _CARD), None)
        if place is None and tag == "small" and self._at[-1] == 0:
            place = 2
        if place is None:
            return ""
        self._at.append(place)
        return "place"

    def _inner_of_table(self, tag: str, classes: Sequence[str], attributes: str) -> str:
        if tag == "tr":
            self._row = []
            return "row"
        if tag not in {"td", "th"}:
            return ""
        self._pieces.append([])
        self._numeric = "num" in classes
        self._wide = int(_attribute(attributes, "colspan") or 1) if "colspan=" in attributes else 1
        return "head" if any(open_tag == "thead" for open_tag, _part in self._open[-3:]) else "cell"

    def close(self, tag: str) -> None:
        if not any(open_tag == tag for open_tag, _part in self._open[-6:]):
            return
        while self._open:
            open_tag, part = self._open.pop()
            if part == "skip" or part.endswith("="):
                self._skipping -= 1
            self._end(open_tag, part.rstrip("="))
            if open_tag == tag:
                break

    def _end(self, tag: str, part: str) -> None:
        if part in {"", "skip"}:
            if not self._skipping:
                self._say("\n" if tag in _OWN_LINE else " " if tag in _APART else "")
        elif part == "words":
            self._end_words(tag)
        elif part in {"cell", "head"}:
            self._end_cell(part)
        else:
            ends = {"row": self._end_row, "line": self._end_line, "list": self._end_list, "place": self._end_place}
            ends |= {"label": self._end_label, "answer": self._end_answer}
            ends[part]()

    def _end_label(self) -> None:
        self._row = [_plain(self._pieces.pop()).replace("\n", " ")]

    def _end_answer(self) -> None:
        if self._list is not None:
            self._list.rows.append([*(self._row or [""]), as_number(_plain(self._pieces.pop()))])

    def _end_place(self) -> None:
        self._at.pop()

    def _end_words(self, tag: str) -> None:
        words = _plain(self._pieces.pop()).replace("\n", " ")
        if tag == "h1":
            self.heading = words
        elif tag == "h2":
            self._panel = words
        elif self._list is not None:
            self._list.title = words

    def _end_cell(self, part: str) -> None:
        said = _plain(self._pieces.pop())
        if self._row is not None:
            self._row.append(as_number(said) if self._numeric and part == "cell" else said)
            self._row.extend([""] * (self._wide - 1))

    def _end_row(self) -> None:
        row, self._row = self._row, None
        if self._list is None or row is None:
            return
        if not self._list.heads and not self._list.rows and any(tag == "thead" for tag, _part in self._open[-2:]):
            self._list.left_out = {place for place, head in enumerate(row) if not head}
            self._list.heads = [str(head) for head in row if head]
        else:
            self._list.rows.append([cell for place, cell in enumerate(row) if place not in self._list.left_out])

    def _end_line(self) -> None:
        cells = [_plain(pieces) for pieces in self._pieces]
        self._pieces, self._at = [], []
        if self._list is not None:
            if not cells[0]:
                cells[0], cells[3] = cells[3], ""
            self._list.rows.append(list(cells))

    def _end_list(self) -> None:
        ended, self._list = self._list, None
        if ended is None:
            return
        if self._around is not None and ended is not self._around[0]:
            (self._list, self._row), self._around = self._around, None
        if ended.kind == "answers":
            return
        if ended.kind == "lines":
            ended.rows = [[row[0], row[2], row[3]] for row in ended.rows]
        self.lists.append(ended)
        self._last = ended

    def text(self, said: str) -> None:
        if not self._skipping and self._pieces:
            self._say(unescape(said).replace("\n", " "))

    def _say(self, said: str) -> None:
        if self._pieces:
            self._pieces[self._at[-1] if self._at else -1].append(said)
