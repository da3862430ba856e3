"""Numbers as people write them: full-width digits, thousands commas, units, 万元, and words such as "more than"."""

import re
from collections.abc import Mapping
from decimal import Decimal

from duban.fields import problems
from duban.fields.problems import Problem
from duban.fields.quantities import Qualifier, Quantity
from duban.fields.shapes import MONEY_UNITS, WHOLE_DIGITS, FieldSpec, Kind

# Full-width forms of ASCII, as a Chinese input method types them. Not NFKC: that would also turn ² and ① into digits.
HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2212: 0x2D, 0xA0: 0x20}
# Longer than any number or date can be: refused before a pattern or int() sees it.
LONGEST_SHORT = 100

_NUMBER = re.compile(r"[+-]?(?:(?P<grouped>[0-9]{1,3}(?:,[0-9]{3})+)|(?P<whole>[0-9]+))(?:\.(?P<part>[0-9]+))?")
_WITH_WORDS = re.compile(r"[+-]?[0-9][0-9,]*(?:\.[0-9]+)?\s*[A-Za-z一-鿿]{1,6}")
_LOOSE_NUMBER = re.compile(r"[+-]?[0-9][0-9,]*(?:\.[0-9]+)?")
_EXPONENT = re.compile(r"[+-]?[0-9.]+[eE][+-]?[0-9]+")

_M, _GE, _L, _LE, _AB = Qualifier.MORE, Qualifier.AT_LEAST, Qualifier.LESS, Qualifier.AT_MOST, Qualifier.ABOUT
_BEFORE: dict[str, Qualifier] = (
    dict.fromkeys((">", "超过", "大于", "多于", "高于", "逾", "超", "over", "more than"), _M)
    | dict.fromkeys((">=", "≥", "≧", "不少于", "不低于", "不小于", "至少", "最少", "at least"), _GE)
    | dict.fromkeys(("<", "小于", "少于", "低于", "不足", "不到", "不满", "under", "less than"), _L)
    | dict.fromkeys(("<=", "≤", "≦", "不超过", "不多于", "不大于", "不高于", "至多", "最多", "at most", "up to"), _LE)
    | dict.fromkeys(("~", "≈", "约", "约为", "大约", "大概", "近", "接近", "about"), _AB)
)
# 以上 holds the number itself, 以下 does not (Decree 493; domain.md Part 2).
_AFTER: dict[str, Qualifier] = (
    dict.fromkeys(("余", "多", "有余"), _M)
    | dict.fromkeys(("以上", "及以上", "+"), _GE)
    | dict.fromkeys(("以下",), _L)
    | dict.fromkeys(("及以下", "以内", "之内"), _LE)
    | dict.fromkeys(("左右", "上下"), _AB)
)
_PREFIX = re.compile("|".join(re.escape(word) for word in sorted(_BEFORE, key=len, reverse=True)), re.IGNORECASE)
_SUFFIX = re.compile("(?:" + "|".join(re.escape(word) for word in sorted(_AFTER, key=len, reverse=True)) + ")$")
_CURRENCY = re.compile(r"^(?:人民币|RMB|CNY)? ?[¥￥]? ?", re.IGNORECASE)
_SCALES = {"亿": 8, "万": 4}


def read_figure(spec: FieldSpec, raw: object) -> Quantity | Problem:
    """Read a finite number of sane length; a float stands for the shortest decimal that means it, so 0.1 stays 0.1."""
    if isinstance(raw, Quantity):
        return _allowed(spec, raw.qualifier, _checked(raw.number))
    if isinstance(raw, Mapping):
        return _from_json(spec, raw)
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return problems.NOT_A_NUMBER
    if isinstance(raw, str):
        return _from_text(spec, raw)
    if isinstance(raw, int):
        return problems.NUMBER_TOO_LONG if abs(raw) >= 10**WHOLE_DIGITS else Quantity(Decimal(raw))
    number = _checked(Decimal(repr(raw)) if isinstance(raw, float) else raw)
    return number if isinstance(number, Problem) else Quantity(number)


def _from_json(spec: FieldSpec, raw: Mapping[object, object]) -> Quantity | Problem:
    number, said = raw.get("n"), raw.get("q")
    if set(raw) != {"n", "q"} or not isinstance(said, str) or said not in set(Qualifier) - {Qualifier.EXACT}:
        return problems.NOT_A_NUMBER
    if isinstance(number, str):
        read = _number_in(number)
    elif isinstance(number, int | Decimal) and not isinstance(number, bool):
        read = (
            problems.NUMBER_TOO_LONG if isinstance(number, int) and abs(number) >= 10**WHOLE_DIGITS else _checked(Decimal(number))
        )
    else:
        read = problems.NOT_A_NUMBER
    return _allowed(spec, Qualifier(said), read)


def _checked(number: Decimal) -> Decimal | Problem:
    if not number.is_finite():
        return problems.NOT_A_NUMBER
    if number.adjusted() >= WHOLE_DIGITS or number.adjusted() < -LONGEST_SHORT:
        return problems.NUMBER_TOO_LONG
    return Decimal(format(number, "f"))


def _from_text(spec: FieldSpec, text: str) -> Quantity | Problem:
    if len(text) > LONGEST_SHORT:
        return problems.NUMBER_TOO_LONG
    before, plain = _without_prefix(text.translate(HALF_WIDTH).strip())
    after, plain = _without_suffix(plain)
    shift = 0
    if spec.kind is Kind.MONEY:
        shift, plain, between = _without_money_words(spec, plain)
    else:
        plain = plain.removesuffix(spec.unit.translate(HALF_WIDTH)).rstrip()
        between, plain = _without_suffix(plain)
    number = _number_in(plain)
    if isinstance(number, Decimal) and shift:
        number = number.scaleb(shift)
    said = {one for one in (before, after, between) if one is not Qualifier.EXACT}
    if len(said) > 1 and Qualifier.ABOUT not in said:
        return problems.NOT_A_NUMBER
    return _allowed(spec, Qualifier.ABOUT if len(said) > 1 else next(iter(said), Qualifier.EXACT), number)


def _allowed(spec: FieldSpec, qualifier: Qualifier, number: Decimal | Problem) -> Quantity | Problem:
    if isinstance(number, Problem):
        return number
    if qualifier is not Qualifier.EXACT and not spec.qualifiers:
        return problems.NOT_EXACT
    return Quantity(number, qualifier)


def _without_prefix(plain: str) -> tuple[Qualifier, str]:
    match = _PREFIX.match(plain)
    return (_BEFORE[match[0].lower()], plain[match.end() :].strip()) if match else (Qualifier.EXACT, plain)


def _without_suffix(plain: str) -> tuple[Qualifier, str]:
    match = _SUFFIX.search(plain)
    return (_AFTER[match[0]], plain[: match.start()].rstrip()) if match else (Qualifier.EXACT, plain)


def _without_money_words(spec: FieldSpec, plain: str) -> tuple[int, str, Qualifier]:
    """Take 元, 万 and 亿 off. Gives: how far to move the point for the spec's unit, the rest, and what 余 in between said."""
    written = plain.removesuffix("元").rstrip()
    between, written = _without_suffix(written)
    rest = _CURRENCY.sub("", written)
    scale = _SCALES.get(rest[-1:], 0)
    if plain == written and scale == 0:
        return 0, rest, between  # no unit written: the field's own
    if scale:
        rest = rest[:-1].rstrip()
    return scale - MONEY_UNITS.get(spec.money_unit, 0), rest, between


def _number_in(plain: str) -> Decimal | Problem:
    if len(plain) > LONGEST_SHORT:
        return problems.NUMBER_TOO_LONG
    match = _NUMBER.fullmatch(plain)
    if match is None:
        return _why_no_number(plain)
    whole = (match["grouped"] or match["whole"]).replace(",", "").lstrip("0")
    if len(whole) > WHOLE_DIGITS:
        return problems.NUMBER_TOO_LONG
    return Decimal(plain.replace(",", ""))


def _why_no_number(plain: str) -> Problem:
    if _EXPONENT.fullmatch(plain):
        return problems.NO_EXPONENT
    if _LOOSE_NUMBER.fullmatch(plain):
        return problems.WRONG_COMMAS
    if _WITH_WORDS.fullmatch(plain):
        return problems.WORDS_AFTER
    return problems.NOT_A_NUMBER
