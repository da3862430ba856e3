"""What a unit of a demo answers: different from unit to unit, the same every time, and sensible together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from duban.fields.forms import Breakdown, FormSpec
from duban.fields.quantities import NOT_APPLICABLE
from duban.fields.specs import FieldSpec, Kind
from duban.fields.values import as_typed

MOVED = "本期集中排查整治，数量与上期相差较大，已逐项核对。"
"""What is said of a figure that moved far since the last period."""
OWN_CHECKS = "含本单位直接检查发现的部分，下级未统计。"
"""What is said of a figure that is more than those below come to."""
YEAR_TO_DATE = {
    "hazards_found": "1828", "no_equipment": "469", "illegal_building": "42", "extension": "315", "partitions": "387",
    "fire_hazards": "276", "flammables": "103", "chemicals": "3", "three_in_one": "233", "hazards_closed": "1790",
    "units_checked": "2100", "note": "本月开展出租房消防安全集中整治，逐栋逐户排查。",
}  # fmt: skip
"""The figures of source 004: eight categories that add up to 1,828."""


def answers(form: FormSpec, number: int, *, day: date, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """
    Answer a form, parts adding up to their total.

    Takes:  `day` dates are told from; `given` answers that stand as they are.
    Gives:  typed text by key, key.code and key.row.column.
    """
    typed: dict[str, str] = {}
    for place, spec in enumerate(form.fields):
        typed |= _rows(spec, number, day) if spec.kind is Kind.TABLE else _answer(spec, number, place, day)
    typed |= {key: text for key, text in (given or {}).items() if form.field(key.partition(".")[0])}
    for check in form.checks:
        if isinstance(check, Breakdown) and not set(check.parts) & set(given or {}):
            typed |= _dealt(int(typed[check.total]), check.parts, number)
    return typed


def _answer(spec: FieldSpec, number: int, place: int, day: date) -> dict[str, str]:
    kind, key = spec.kind, spec.key
    if kind is Kind.MULTI_CHOICE:
        return {f"{key}.{spec.options[number % len(spec.options)].code}": "on"}
    named = _NAMED.get(key, _TEXTS)
    texts: dict[Kind, Callable[[], str]] = {
        Kind.INTEGER: lambda: _whole(spec, number),
        Kind.DECIMAL: lambda: f"{number % 7}.{number % 10}",
        Kind.MONEY: lambda: as_typed(NOT_APPLICABLE) if spec.na_allowed and number % 7 == 0 else f"{number % 7}.{number % 10}",
        Kind.YES_NO: lambda: "no",
        Kind.DATE: (day + timedelta(days=7 + number % 20)).isoformat,
        Kind.CHOICE: lambda: spec.options[number % len(spec.options)].code,
        Kind.TEXT: lambda: named[(number + place) % len(named)],
        Kind.LONG_TEXT: lambda: named[(number + place) % len(named)],
    }
    return {key: texts[kind]()} if kind in texts else {}


def _whole(spec: FieldSpec, number: int) -> str:
    count = _count(spec.key, number)
    return f"约{count}0" if spec.qualifiers and spec.key not in _COUNTED and number % 3 == 1 else str(count)


def _rows(table: FieldSpec, number: int, day: date) -> dict[str, str]:
    typed: dict[str, str] = {}
    for row in range(max(table.min_rows, number % 3)):
        for place, column in enumerate(table.columns):
            cells = _answer(column, number + 3 * row, place, day)
            typed |= {f"{table.key}.{row}.{name}": text for name, text in cells.items()}
    return typed


def _dealt(total: int, keys: Sequence[str], number: int) -> dict[str, str]:
    """Deal a total out to its parts, unevenly and to others from unit to unit."""
    counts = dict.fromkeys(keys, 0)
    for one in range(total):
        counts[keys[(number * 3 + one * one) % len(keys)]] += 1
    return {key: str(count) for key, count in counts.items()}


def _count(key: str, number: int) -> int:
    found = number % 9 + 2
    return {
        "major_found": 0, "hazards_closed": found - number % 2, "hazards_found": found, "checks": 1 + number % 4,
        "found": 2 + number % 4, "closed": 1 + number % 2,
    }.get(key, 6 + number * 5 % 23)  # fmt: skip


def half(typed: Mapping[str, str]) -> dict[str, str]:
    """Take the first half, as of a form somebody was called away from."""
    return dict(list(typed.items())[: max(1, len(typed) // 2)])


def reasons(form: FormSpec, below: str) -> Iterator[tuple[str, str]]:
    """Give a word for everything that may ask for one; `below` is what the names of figures from below begin with."""
    for spec in form.fields:
        if spec.flag_percent is not None:
            yield spec.key, MOVED
        if spec.from_below:
            yield f"{below}{spec.key}", OWN_CHECKS


_COUNTED = frozenset({"hazards_found", "hazards", "documents"})
"""Figures others are parts of: nobody writes "about" there."""
_NAMED: dict[str, Sequence[str]] = {
    "name": ("华晟电子有限公司", "宏达机械厂", "旺旺食品厂", "金盾烟花专营店", "中铁三局项目部", "新康加油站"),
    "place": ("老街12号出租房", "村口小超市", "和平路自建房", "农机合作社仓库", "幼儿园旁饭馆", "汽修铺"),
    "responsible": ("刘建国", "张小兰", "周志强", "陈立新"),
    "section": ("K12+300 左侧边坡", "2号隧道进口", "跨河大桥3号墩", "拌和站料仓"),
}
_TEXTS = (
    "召开安全例会并传达上级要求，组织检查小作坊、出租房和在建工地，发现问题当场交办。",
    "落实领导带班检查，对重点单位逐户排查，建立隐患台账，明确整改责任人和时限。",
    "开展用电、消防和道路交通安全宣传，张贴告知书，走进农户和商铺面对面讲解。",
    "个别小企业安全管理人员流动大，培训不到位；老旧线路改造资金不足。",
    "继续跟踪未整改隐患，做到整改一项、销号一项，并做好汛期值班值守。",
    "组织应急演练一次，检验了预案，补充了灭火器材和应急照明。",
)
