from dataclasses import replace
from datetime import date

from duban.letters.rules.clauses import Parties, TargetLine, Wording, _numeral, chinese_date, compose
from duban.letters.rules.frozen import BlockKind, read

PARTIES = Parties(
    upper="望城县人民政府",
    lower="高塘岭镇人民政府",
    year=2011,
    number="望安责〔2011〕1号",
    from_on=date(2011, 1, 1),
    to_on=date(2011, 12, 31),
)
WORDING = Wording(
    title="%(year)s年度安全生产目标管理责任书",
    preamble="%(upper)s与%(lower)s签订本责任书。100%完成。",
    duties=("落实属地管理责任。", "每月召开例会。"),
    assessment=("年终由%(upper)s考核。",),
    veto=("突破死亡控制指标的,实行一票否决。",),
    closing=("本责任书一式两份。",),
)
DEATHS = TargetLine("生产安全事故死亡人数", "人", "不超过 2")


def test_names_the_parties_and_the_year() -> None:
    text = compose(PARTIES, WORDING, controls=[DEATHS], works=[TargetLine("持证上岗率", "%", "100")])

    blocks = read(text)
    assert blocks[0].text == "2011年度安全生产目标管理责任书"
    assert blocks[1].rows == (("编号", "望安责〔2011〕1号"), ("下达单位", "望城县人民政府"), ("责任单位", "高塘岭镇人民政府"))
    assert "望城县人民政府与高塘岭镇人民政府签订本责任书。100%完成。" in text


def test_shows_every_target_in_a_table() -> None:
    text = compose(PARTIES, WORDING, controls=[DEATHS], works=[TargetLine("持证上岗率", "%", "100")])

    tables = [block for block in read(text) if block.kind is BlockKind.TABLE]
    assert tables[0].rows[1] == ("1", "生产安全事故死亡人数", "人", "不超过 2")
    assert tables[1].rows[1] == ("1", "持证上岗率", "%", "100")


def test_numbering_closes_up_over_a_clause_without_content() -> None:
    text = compose(PARTIES, WORDING, controls=[DEATHS], works=[])

    headings = [block.text for block in read(text) if block.kind is BlockKind.HEADING]
    assert headings == ["一、责任期限", "二、安全生产控制指标", "三、主要工作职责", "四、考核与奖惩", "五、一票否决", "六、附则"]


def test_several_items_are_numbered_one_is_not() -> None:
    text = compose(PARTIES, WORDING, controls=[DEATHS], works=[])

    assert "（一）落实属地管理责任。" in text
    assert "\n年终由望城县人民政府考核。" in text


def test_a_leading_sentence_has_no_number() -> None:
    wording = replace(WORDING, veto=("有下列情形之一的，实行一票否决：", "突破指标的；", "瞒报的。"))

    text = compose(PARTIES, wording, controls=[DEATHS], works=[])

    assert "\n有下列情形之一的，实行一票否决：\n（一）突破指标的；\n（二）瞒报的。\n" in text


def test_chinese_numerals_and_dates() -> None:
    assert [_numeral(n) for n in (1, 10, 11, 20, 21)] == ["一", "十", "十一", "二十", "二十一"]
    assert chinese_date(date(2011, 3, 5)) == "2011年3月5日"
