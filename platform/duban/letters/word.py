"""An official document as a Word file in the layout of official documents (GB/T 9704: A4, margins, type sizes, page numbers)."""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from duban.letters.layout import Layout, SignatureLine
from duban.letters.rules.clauses import chinese_date
from duban.letters.rules.frozen import Block, BlockKind

_RED = RGBColor(0xC8, 0x16, 0x1D)
_SONG, _FANG, _HEI = "方正小标宋简体", "仿宋_GB2312", "黑体"
_BODY, _TITLE, _HEAD, _TABLE = Pt(16), Pt(22), Pt(36), Pt(14)
_LINE = Pt(28)


def write_docx(layout: Layout, *, zone: ZoneInfo, note: str) -> bytes:
    """
    Write the file.

    Takes:  `note` a line saying that the letter is not in force, "" where it is. Instants are shown in `zone`.
    """
    document = Document()
    _set_page(document)
    _paragraph(document, layout.issuer, font=_SONG, size=_HEAD, colour=_RED, centred=True)
    _paragraph(document, layout.number, centred=True, before=Pt(10))
    _red_rule(document)
    if note:
        _paragraph(document, note, font=_HEI, size=Pt(14), colour=_RED, centred=True)
    _paragraph(document, layout.title, font=_SONG, size=_TITLE, centred=True, before=Pt(18), after=Pt(14))
    for row in layout.parties:
        _paragraph(document, "：".join(row))
    if layout.addressee:
        _paragraph(document, f"{layout.addressee}：")
    for block in layout.body:
        _write_block(document, block)
    if layout.signatures:
        _signatures(document, layout.signatures, zone)
    else:
        _sealed(document, layout)
    _paragraph(document, f"文本摘要（{layout.algorithm}）：{layout.digest}", font="Consolas", size=Pt(9), before=Pt(18))
    _page_numbers(document)
    document.core_properties.title = layout.title
    document.core_properties.subject = layout.number
    document.core_properties.author = layout.issuer
    document.core_properties.keywords = layout.digest
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _set_page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin, section.bottom_margin = Cm(3.7), Cm(3.5)
    section.left_margin, section.right_margin = Cm(2.8), Cm(2.6)
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FANG, _BODY
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FANG)


def _paragraph(
    document: Any,
    text: str,
    *,
    font: str = _FANG,
    size: Pt = _BODY,
    colour: RGBColor | None = None,
    centred: bool = False,
    indent: Pt | None = None,
    before: Pt | None = None,
    after: Pt | None = None,
) -> Any:
    paragraph = document.add_paragraph()
    shape = paragraph.paragraph_format
    shape.space_before, shape.space_after = before or Pt(0), after or Pt(0)
    # Fixed line pitch as official documents have it, but never less than the type needs.
    shape.line_spacing_rule = WD_LINE_SPACING.EXACTLY if size <= _BODY else WD_LINE_SPACING.SINGLE
    if size <= _BODY:
        shape.line_spacing = _LINE
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indent is not None:
        shape.first_line_indent = indent
    _run(paragraph, text, font=font, size=size, colour=colour)
    return paragraph


def _run(paragraph: Any, text: str, *, font: str, size: Pt, colour: RGBColor | None = None) -> None:
    run = paragraph.add_run(text)
    run.font.name, run.font.size = font, size
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)  # noqa: SLF001 - python-docx has no other way to set the Chinese font
    if colour is not None:
        run.font.color.rgb = colour


def _red_rule(document: Any) -> None:
    paragraph = document.add_paragraph()
    borders = OxmlElement("w:pBdr")
    bottom = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "18"), ("space", "1"), ("color", "C8161D")):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    paragraph._p.get_or_add_pPr().append(borders)  # noqa: SLF001 - borders are not in python-docx's interface


def _write_block(document: Any, block: Block) -> None:
    if block.kind is BlockKind.HEADING:
        _paragraph(document, block.text, font=_HEI, indent=Pt(32))
    elif block.kind is BlockKind.TABLE:
        _table(document, block.rows)
    else:
        _paragraph(document, block.text, indent=Pt(32))


def _table(document: Any, rows: Sequence[tuple[str, ...]]) -> None:
    table = document.add_table(rows=len(rows), cols=max(len(row) for row in rows))
    table.style, table.alignment = "Table Grid", WD_TABLE_ALIGNMENT.CENTER
    for place, row in enumerate(rows):
        for cell, text in zip(table.rows[place].cells, row, strict=False):
            paragraph = cell.paragraphs[0]
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            _run(paragraph, text, font=_HEI if place == 0 else _FANG, size=_TABLE)
    _widths(table, (Cm(1.6), Cm(8.0), Cm(2.4), Cm(3.6)))
    heading = table.rows[0]._tr.get_or_add_trPr()  # noqa: SLF001 - repeating a heading row is not in python-docx's interface
    heading.append(OxmlElement("w:tblHeader"))


def _widths(table: Any, widths: Sequence[Cm]) -> None:
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=False):
            cell.width = width


def _signatures(document: Any, lines: Sequence[SignatureLine], zone: ZoneInfo) -> None:
    _paragraph(document, "", before=Pt(14))
    table = document.add_table(rows=1, cols=len(lines))
    for cell, line in zip(table.rows[0].cells, lines, strict=True):
        texts = [f"{line.unit}（盖章）", f"{line.role}：{_signed(line)}", _when(line.at, zone)]
        for place, text in enumerate(texts):
            paragraph = cell.paragraphs[0] if place == 0 else cell.add_paragraph()
            paragraph.paragraph_format.line_spacing = _LINE
            _run(paragraph, text, font=_FANG, size=_TABLE)


def _sealed(document: Any, layout: Layout) -> None:
    """Close a document nobody signs: issuer and day at the right where the seal goes, copies below."""
    for text, before in ((layout.issuer, Pt(28)), (layout.day, Pt(0))):
        closing = _paragraph(document, text, before=before)
        closing.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if layout.copies:
        _paragraph(document, f"抄送：{layout.copies}", size=_TABLE, before=Pt(18))


def _signed(line: SignatureLine) -> str:
    if line.name is None:
        return "____________"
    return f"{line.name}（{line.post}）" if line.post else line.name


def _when(at: datetime | None, zone: ZoneInfo) -> str:
    if at is None:
        return "        年    月    日"
    here = at.astimezone(zone)
    return f"{chinese_date(here.date())} {here:%H:%M}"


def _page_numbers(document: Any) -> None:
    paragraph = document.sections[0].footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, "— ", font="宋体", size=Pt(14))
    run = paragraph.add_run()
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)  # noqa: SLF001 - fields are not in python-docx's interface
    _run(paragraph, " —", font="宋体", size=Pt(14))
