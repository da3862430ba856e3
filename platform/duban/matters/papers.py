"""
The official text of sheets and circulars, always Chinese, as canonical text (letters.rules.frozen): page, paper and Word file
are all drawn from it.
"""

from dataclasses import dataclass
from datetime import date

from duban.calendar.ladders import Colour
from duban.letters.layout import Layout
from duban.letters.rules.clauses import chinese_date
from duban.letters.rules.frozen import Block, BlockKind, read, write
from duban.matters.models import Matter, MatterPaper
from duban.matters.states import PaperKind

_NUMBER, _ISSUER, _TO, _COPY, _DAY = "编号", "发文单位", "主送", "抄送", "日期"
TITLES = {
    Colour.BLUE: "督办事项提醒单（蓝单）",
    Colour.YELLOW: "督办事项预警单（黄单）",
    Colour.ORANGE: "督办事项警示单（橙单）",
    Colour.RED: "督办事项督促单（红单）",
}
_DEMANDS = {
    Colour.BLUE: "请对照交办要求抓紧办理，于%(answer)s前通过本系统报告进展情况。",
    Colour.YELLOW: "请分析进度滞后或质量不高的原因，采取措施赶上进度，于%(answer)s前报告改进情况。",
    Colour.ORANGE: "请立即组织办理，主要负责人亲自督促，于%(answer)s前报告进展、存在问题和办结时间。",
    Colour.RED: "请主要负责人牵头，限于%(answer)s前办结并书面说明原因。逾期未办结的，按规定问责，并作为年度考核依据。",
}


@dataclass(frozen=True)
class Facts:
    """
    What a paper says beside the matter itself. `others`: the other units; `reason`: why by hand; `words`: the ladder's own.

    `issuer`: the organ it is issued by, "" for the matter's unit.
    """

    today: date
    answer_by: date
    others: tuple[str, ...] = ()
    reason: str = ""
    words: str = ""
    copies: str = ""
    issuer: str = ""


def sheet_text(matter: Matter, colour: Colour, number: str, facts: Facts) -> str:
    """Write a sheet: one matter, one sheet."""
    table = [
        ("事项编号", matter.number),
        ("督办事项", matter.title),
        ("牵头单位", matter.lead_name),
        ("协办单位", "、".join(facts.others)),
        ("交办日期", chinese_date(matter.assigned_on)),
        ("办理期限", chinese_date(matter.due_on)),
        *([("补办期限", chinese_date(matter.redo_by))] if matter.redo_by else []),
        ("回复期限", chinese_date(facts.answer_by)),
    ]
    body = [Block(BlockKind.TABLE, rows=(("项目", "内容"), *table))]
    body += [_paragraph(text) for text in (_why(matter, colour, facts), facts.words, _demand(colour, facts.answer_by)) if text]
    return _document(matter, number, TITLES[colour], body, facts)


def circular_text(matter: Matter, number: str, facts: Facts, history: tuple[str, ...], opinion: str = "") -> str:
    """Write the circular of a matter that went red. Takes: `history` what was done about it, as sentences; "" number: a draft."""
    late = (facts.today - matter.counts_from).days
    said = f"，逾期{late}天" if late > 0 else ""
    issuer = facts.issuer or matter.unit_name
    redo = f"，办结报告被退回，补办期限为{chinese_date(matter.redo_by)}" if matter.redo_by else ""
    given = f"{chinese_date(matter.assigned_on)}，{issuer}以{matter.number}交由{matter.lead_name}{_with(facts.others)}"
    texts = [
        f"{given}办理“{matter.title}”，办理期限为{chinese_date(matter.due_on)}{redo}。",
        f"截至{chinese_date(facts.today)}，该事项仍未办结{said}。",
        *history,
        opinion.strip()
        or f"现对{matter.lead_name}予以通报。请立即整改，于{chinese_date(facts.answer_by)}前办结并报送书面说明；"
        "其他单位要引以为戒，严格按期办理督办事项。",
    ]
    title = f"关于“{matter.title}”督办事项逾期未办结的通报" if late > 0 else f"关于“{matter.title}”督办事项的通报"
    return _document(matter, number, title, [_paragraph(text) for text in texts], facts)


def _with(others: tuple[str, ...]) -> str:
    return f"牵头，{'、'.join(others)}协办，" if others else ""


def _why(matter: Matter, colour: Colour, facts: Facts) -> str:
    if facts.reason:
        return facts.reason
    days, term = (facts.today - matter.counts_from).days, "补办期限" if matter.redo_by else "办理期限"
    if days > 0:
        before = "，此前发出的督办单要求未落实" if colour is Colour.RED else ""
        return f"该事项已超过{term}{days}天仍未报结{before}。"
    if days == 0:
        return "该事项今天到期，尚未报结。"
    return f"该事项距{term}还有{-days}天，尚未报结。"


def _demand(colour: Colour, answer_by: date) -> str:
    return _DEMANDS[colour].replace("%(answer)s", chinese_date(answer_by))


def _paragraph(text: str) -> Block:
    return Block(BlockKind.PARAGRAPH, text)


def _document(matter: Matter, number: str, title: str, body: list[Block], facts: Facts) -> str:
    head = [(_ISSUER, facts.issuer or matter.unit_name), (_NUMBER, number), (_TO, "、".join((matter.lead_name, *facts.others)))]
    if facts.copies:
        head.append((_COPY, facts.copies))
    head.append((_DAY, chinese_date(facts.today)))
    return write([Block(BlockKind.TITLE, title), Block(BlockKind.HEAD, rows=tuple(head)), *body])


def lay_out(paper: MatterPaper) -> Layout:
    """Take a paper's text apart."""
    blocks = read(paper.body)
    head = {row[0]: row[-1] for block in blocks if block.kind is BlockKind.HEAD for row in block.rows}
    return Layout(
        issuer=head.get(_ISSUER, ""),
        number=head.get(_NUMBER, ""),
        title=next((block.text for block in blocks if block.kind is BlockKind.TITLE), ""),
        parties=(),
        body=tuple(block for block in blocks if block.kind not in {BlockKind.HEAD, BlockKind.TITLE}),
        signatures=(),
        digest=paper.digest,
        algorithm=paper.algorithm,
        addressee=head.get(_TO, ""),
        day=head.get(_DAY, ""),
        copies=head.get(_COPY, ""),
    )


def draft_note(paper: MatterPaper) -> str:
    """What a paper copy says where it is not issued yet."""
    return "（草稿，尚未印发）" if paper.kind is PaperKind.CIRCULAR and paper.issued_at is None else ""
