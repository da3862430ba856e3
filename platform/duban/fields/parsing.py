"""
From what somebody typed (or sent as JSON) to a value, or to a problem they can act on.

Never raises for input, however hostile. A blank gives None unless the field is required.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from duban.fields import problems
from duban.fields.problems import Problem
from duban.fields.specs import WHOLE_DIGITS, FieldSpec, Kind
from duban.kernel.days import EARLIEST_YEAR, LATEST_YEAR

Value = str | int | Decimal | date | bool | None


# Full-width forms of ASCII, as a Chinese input method types them. Not NFKC: that would also turn ² and ① into digits.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2212: 0x2D, 0xA0: 0x20}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DIRECTION = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_NUMBER = re.compile(r"[+-]?(?:(?P<grouped>[0-9]{1,3}(?:,[0-9]{3})+)|(?P<whole>[0-9]+))(?:\.(?P<part>[0-9]+))?")
_LOOSE_NUMBER = re.compile(r"[+-]?[0-9][0-9,]*(?:\.[0-9]+)?")
_EXPONENT = re.compile(r"[+-]?[0-9.]+[eE][+-]?[0-9]+")
_DATES = (
    re.compile(r"(?P<y>[0-9]{4})(?P<s>[-/.])(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})"),
    re.compile(r"(?P<y>[0-9]{4}) ?年 ?(?P<m>[0-9]{1,2}) ?月 ?(?P<d>[0-9]{1,2}) ?[日号]?"),
    re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
)
_YES = frozenset({"yes", "true", "1", "on", "是", "有"})
_NO = frozenset({"no", "false", "0", "off", "否", "无"})
# Longer than any number or date can be: refused before a pattern or int() sees it.
_LONGEST_SHORT = 100


@dataclass(frozen=True)
class Form:
    """A whole form read: `values` holds every key of the specs that has no problem, `problems` the rest and unknown keys."""

    values: Mapping[str, Value]
    problems: Mapping[str, Problem] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Tell whether every answer was accepted."""
        return not self.problems


def parse(spec: FieldSpec, raw: object) -> Value | Problem:
    """
    Read one answer.

    Takes:  text from a form, or a JSON value (text, number, true/false, null).
    Gives:  the value of the spec's kind; None for a blank that is allowed; else the problem.
    """
    if isinstance(raw, str):
        if _SURROGATE.search(raw) or _CONTROL.search(raw.replace("\r\n", "\n").replace("\r", "\n")):
            return problems.BROKEN_CHARACTERS
        raw = raw.strip()
    if raw is None or raw == "":
        return problems.MISSING if spec.required else None
    return _PARSERS[spec.kind](spec, raw)


def parse_form(specs: Sequence[FieldSpec], raw: Mapping[str, object]) -> Form:
    """Read all answers; a key no spec has is a problem, so nothing can be slipped in beside the form."""
    values: dict[str, Value] = {}
    wrong: dict[str, Problem] = {}
    for spec in specs:
        result = parse(spec, raw.get(spec.key))
        if isinstance(result, Problem):
            wrong[spec.key] = result
        else:
            values[spec.key] = result
    known = {spec.key for spec in specs}
    wrong |= {str(key): problems.UNKNOWN_FIELD for key in raw if key not in known}
    return Form(values=values, problems=wrong)


def parse_draft(specs: Sequence[FieldSpec], raw: Mapping[str, object]) -> Form:
    """Read answers of a form still being filled in: like `parse_form`, but what is blank or not sent yet is no problem."""
    form = parse_form(specs, raw)
    blank = {key for key, problem in form.problems.items() if problem is problems.MISSING}
    return Form(
        values=dict(form.values) | dict.fromkeys(blank),
        problems={key: problem for key, problem in form.problems.items() if key not in blank},
    )


def _parse_text(spec: FieldSpec, raw: object) -> Value | Problem:
    if not isinstance(raw, str):
        return problems.NOT_TEXT
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    if _DIRECTION.search(text):
        return problems.HIDDEN_DIRECTION
    if spec.kind is Kind.TEXT and "\n" in text:
        return problems.ONE_LINE
    if len(text) > spec.longest:
        return problems.too_long(spec.longest, len(text))
    return text


def _parse_integer(spec: FieldSpec, raw: object) -> Value | Problem:
    number = _number(spec, raw)
    if isinstance(number, Problem):
        return number
    if isinstance(raw, float) or number != number.to_integral_value():
        return problems.NOT_WHOLE
    return _out_of_range(spec, number) or int(number)


def _parse_decimal(spec: FieldSpec, raw: object) -> Value | Problem:
    number = _number(spec, raw)
    if isinstance(number, Problem):
        return number
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > spec.places:
        trimmed = number.quantize(Decimal(1).scaleb(-spec.places))
        if trimmed != number:
            return problems.too_many_places(spec.places)
        number = trimmed
    return _out_of_range(spec, number) or number


def _number(spec: FieldSpec, raw: object) -> Decimal | Problem:
    """Read a finite number of sane length; a float stands for the shortest decimal that means it, so 0.1 stays 0.1."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return problems.NOT_A_NUMBER
    if isinstance(raw, int):
        return problems.NUMBER_TOO_LONG if abs(raw) >= 10**WHOLE_DIGITS else Decimal(raw)
    if isinstance(raw, float):
        raw = Decimal(repr(raw))
    if isinstance(raw, Decimal):
        return _checked(raw)
    return _number_in(raw, unit=spec.unit)


def _checked(number: Decimal) -> Decimal | Problem:
    if not number.is_finite():
        return problems.NOT_A_NUMBER
    if number.adjusted() >= WHOLE_DIGITS or number.adjusted() < -_LONGEST_SHORT:
        return problems.NUMBER_TOO_LONG
    return Decimal(format(number, "f"))


def _number_in(text: str, *, unit: str) -> Decimal | Problem:
    if len(text) > _LONGEST_SHORT:
        return problems.NUMBER_TOO_LONG
    plain = text.translate(_HALF_WIDTH).strip()
    half_unit = unit.translate(_HALF_WIDTH)
    if half_unit:
        plain = plain.removesuffix(half_unit).rstrip()
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
    return problems.NOT_A_NUMBER


def _out_of_range(spec: FieldSpec, number: Decimal) -> Problem | None:
    if isinstance(spec.minimum, Decimal) and number < spec.minimum:
        return problems.below(format(spec.minimum, "f"))
    if isinstance(spec.maximum, Decimal) and number > spec.maximum:
        return problems.above(format(spec.maximum, "f"))
    return None


def _parse_date(spec: FieldSpec, raw: object) -> Value | Problem:
    # A datetime is a date to isinstance; taking its day would depend on a zone nobody named.
    if type(raw) is date:
        return _day_in_range(spec, raw)
    if not isinstance(raw, str) or len(raw) > _LONGEST_SHORT:
        return problems.NOT_A_DATE
    plain = raw.translate(_HALF_WIDTH).strip()
    match = next((found for pattern in _DATES if (found := pattern.fullmatch(plain))), None)
    if match is None:
        return problems.NOT_A_DATE
    year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return problems.YEAR_OUT_OF_RANGE
    try:
        return _day_in_range(spec, date(year, month, day))
    except ValueError:
        return problems.NO_SUCH_DAY


def _day_in_range(spec: FieldSpec, day: date) -> date | Problem:
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        return problems.YEAR_OUT_OF_RANGE
    if isinstance(spec.minimum, date) and day < spec.minimum:
        return problems.before(spec.minimum.isoformat())
    if isinstance(spec.maximum, date) and day > spec.maximum:
        return problems.after(spec.maximum.isoformat())
    return day


def _parse_choice(spec: FieldSpec, raw: object) -> Value | Problem:
    if not isinstance(raw, str):
        return problems.NOT_AN_OPTION
    by_code = next((option.code for option in spec.options if option.code == raw), None)
    # A spreadsheet holds labels, a form holds codes; a code wins where one option's label is another's code.
    by_label = next((option.code for option in spec.options if raw in (option.label, option.label_en)), None)
    return by_code or by_label or problems.NOT_AN_OPTION


def _parse_yes_no(spec: FieldSpec, raw: object) -> Value | Problem:  # noqa: ARG001 -- one shape for all kinds
    if isinstance(raw, bool):
        return raw
    plain = raw.translate(_HALF_WIDTH).lower() if isinstance(raw, str) and len(raw) <= _LONGEST_SHORT else ""
    if plain in _YES:
        return True
    return False if plain in _NO else problems.NOT_YES_OR_NO


_PARSERS: dict[Kind, Callable[[FieldSpec, object], Value | Problem]] = {
    Kind.TEXT: _parse_text,
    Kind.LONG_TEXT: _parse_text,
    Kind.INTEGER: _parse_integer,
    Kind.DECIMAL: _parse_decimal,
    Kind.DATE: _parse_date,
    Kind.CHOICE: _parse_choice,
    Kind.YES_NO: _parse_yes_no,
}
