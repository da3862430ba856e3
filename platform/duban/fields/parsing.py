"""
From what somebody typed (or sent as JSON) to a value, or to a problem they can act on.

Never raises for input, however hostile. A blank gives None unless the field is required.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from duban.fields import problems
from duban.fields.figures import HALF_WIDTH, LONGEST_SHORT, read_figure
from duban.fields.formulas import evaluate
from duban.fields.problems import Problem
from duban.fields.quantities import NOT_APPLICABLE, NotApplicable, Quantity, Value, as_value, rounded
from duban.fields.references import computed_order
from duban.fields.shapes import FieldSpec, Kind
from duban.kernel.days import EARLIEST_YEAR, LATEST_YEAR

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DIRECTION = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_DATES = (
    re.compile(r"(?P<y>[0-9]{4})(?P<s>[-/.])(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})"),
    re.compile(r"(?P<y>[0-9]{4}) ?年 ?(?P<m>[0-9]{1,2}) ?月 ?(?P<d>[0-9]{1,2}) ?[日号]?"),
    re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
)
_YES = frozenset({"yes", "true", "1", "on", "是", "有"})
_NO = frozenset({"no", "false", "0", "off", "否", "无"})
_SEPARATORS = re.compile(r"[、,，;；/|\n]+")
_FILE = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
_NA_WORDS = frozenset({"不适用", "无此项", "n/a", "na", "/", "not applicable"})
_MAY_NOT_APPLY = frozenset({Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.CHOICE, Kind.MULTI_CHOICE})


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

    Takes:  text from a form, or a JSON value (text, number, true/false, null, list; see duban.fields.values), or a value.
    Gives:  the value of the spec's kind; None for a blank that is allowed; else the problem.
    """
    if isinstance(raw, str):
        if _SURROGATE.search(raw) or _CONTROL.search(raw.replace("\r\n", "\n").replace("\r", "\n")):
            return problems.BROKEN_CHARACTERS
        raw = raw.strip()
    if raw is None or raw == "":
        return problems.MISSING if spec.required else None
    if spec.kind in _MAY_NOT_APPLY and _does_not_apply(spec, raw):
        return NOT_APPLICABLE if spec.na_allowed else problems.MUST_APPLY
    return _PARSERS[spec.kind](spec, raw)


def _does_not_apply(spec: FieldSpec, raw: object) -> bool:
    if isinstance(raw, NotApplicable) or (isinstance(raw, Mapping) and dict(raw) == {"na": True}):
        return True
    if not isinstance(raw, str) or len(raw) > LONGEST_SHORT or raw.translate(HALF_WIDTH).strip().lower() not in _NA_WORDS:
        return False
    # where it is not offered, a text is just these words; and an option may be called so
    return (spec.kind is not Kind.TEXT or spec.na_allowed) and isinstance(_option_code(spec, raw), Problem)


def parse_form(specs: Sequence[FieldSpec], raw: Mapping[str, object]) -> Form:
    """Read all answers; a key no spec has is a problem, so nothing can be slipped in beside the form."""
    values: dict[str, Value] = {}
    wrong: dict[str, Problem] = {}
    for spec in specs:
        # what a page shows as computed may come back with the form; only what we compute ourselves counts
        result = None if spec.kind is Kind.COMPUTED else parse(spec, raw.get(spec.key))
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
    found = read_figure(spec, raw)
    if isinstance(found, Problem):
        return found
    if isinstance(raw, float) or found.number != found.number.to_integral_value():
        return problems.NOT_WHOLE
    whole = Quantity(Decimal(int(found.number)), found.qualifier)
    return _out_of_range(spec, found.number) or as_value(whole, whole=True)


def _parse_decimal(spec: FieldSpec, raw: object) -> Value | Problem:
    found = read_figure(spec, raw)
    if isinstance(found, Problem):
        return found
    number = found.number
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and (exponent > 0 or -exponent > spec.places):
        trimmed = number.quantize(Decimal(1).scaleb(-max(spec.places, 0) if exponent < 0 else 0))
        if trimmed != number:
            return problems.too_many_places(spec.places)
        number = trimmed
    return _out_of_range(spec, number) or as_value(Quantity(number, found.qualifier))


def _parse_computed(spec: FieldSpec, raw: object) -> Value | Problem:  # noqa: ARG001 -- one shape for all kinds
    return problems.IS_COMPUTED


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
    if not isinstance(raw, str) or len(raw) > LONGEST_SHORT:
        return problems.NOT_A_DATE
    plain = raw.translate(HALF_WIDTH).strip()
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
    return _option_code(spec, raw)


def _option_code(spec: FieldSpec, raw: object) -> str | Problem:
    if not isinstance(raw, str):
        return problems.NOT_AN_OPTION
    by_code = next((option.code for option in spec.options if option.code == raw), None)
    # A spreadsheet holds labels, a form holds codes; a code wins where one option's label is another's code.
    by_label = next((option.code for option in spec.options if raw in (option.label, option.label_en)), None)
    return by_code or by_label or problems.NOT_AN_OPTION


def _parse_multi_choice(spec: FieldSpec, raw: object) -> Value | Problem:
    chosen: set[str] = set()
    for one in _chosen(spec, raw):
        code = _option_code(spec, one)
        if isinstance(code, Problem):
            return code
        chosen.add(code)
    if not chosen:
        return problems.MISSING if spec.required else None
    return tuple(option.code for option in spec.options if option.code in chosen)


def _chosen(spec: FieldSpec, raw: object) -> Sequence[object]:
    """Give the single answers: of a list, of ticked boxes by code, of a text with 、 or commas between them."""
    if isinstance(raw, Mapping):
        return [code for code, ticked in raw.items() if ticked not in (None, "", False)]
    if isinstance(raw, str) and isinstance(_option_code(spec, raw), Problem):
        return [part.strip() for part in _SEPARATORS.split(raw) if part.strip()]
    return raw if isinstance(raw, list | tuple) else [raw]


def _parse_attachment(spec: FieldSpec, raw: object) -> Value | Problem:
    files = [part for part in raw.split(",") if part] if isinstance(raw, str) else raw
    if not isinstance(files, list | tuple) or not all(isinstance(one, str) and _FILE.fullmatch(one) for one in files):
        return problems.NOT_A_FILE
    ids = tuple(dict.fromkeys(str(one) for one in files))
    if not ids:
        return problems.MISSING if spec.required else None
    return _wrong_count(spec, len(ids), problems.too_few_files, problems.too_many_files) or ids


def _wrong_count(
    spec: FieldSpec, count: int, too_few: Callable[[int, int], Problem], too_many: Callable[[int, int], Problem]
) -> Problem | None:
    if count > spec.max_rows:
        return too_many(spec.max_rows, count)
    return too_few(spec.min_rows, count) if count < spec.min_rows else None


def _parse_table(spec: FieldSpec, raw: object) -> Value | Problem:
    if not isinstance(raw, list | tuple) or not all(isinstance(row, Mapping) for row in raw):
        return problems.NOT_ROWS
    rows, wrong = parse_rows(spec, list(enumerate(raw)))
    for place, problem in wrong.items():
        row, _, key = place.partition(".")
        column = next((column.label for column in spec.columns if column.key == key), key)
        return problems.in_row(int(row) + 1, column, problem) if row else problem
    return rows


def parse_rows(
    spec: FieldSpec, raw: Sequence[tuple[int, Mapping[str, object]]]
) -> tuple[tuple[Mapping[str, Value], ...], dict[str, Problem]]:
    """
    Read the rows of a table; a row in which nothing is typed is none.

    Takes:  rows with the numbers they have on the page.
    Gives:  the sound rows with computed columns; problems under "row.column", of the table as a whole under "".
    """
    given = [(number, row) for number, row in raw if any(cell not in (None, "") for cell in row.values())]
    if len(given) > spec.max_rows:
        return (), {"": problems.too_many_rows(spec.max_rows, len(given))}
    if not given and (spec.required or spec.min_rows):
        return (), {"": problems.MISSING}
    wrong: dict[str, Problem] = {}
    if len(given) < spec.min_rows:
        wrong[""] = problems.too_few_rows(spec.min_rows, len(given))
    rows: list[Mapping[str, Value]] = []
    for number, row in given:
        form = parse_form(spec.columns, row)
        computed, too_big = compute(spec.columns, form.values)
        wrong |= {f"{number}.{key}": problem for key, problem in {**form.problems, **too_big}.items()}
        rows.append({**form.values, **computed})
    return tuple(rows), wrong


def compute(specs: Sequence[FieldSpec], values: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Problem]]:
    """Work out the computed fields, each rounded to its places before others read it."""
    found: dict[str, Value] = {}
    wrong: dict[str, Problem] = {}
    for spec, node in computed_order(specs):
        result = evaluate(node, {**values, **found})
        if isinstance(result, Quantity):
            try:
                result = rounded(result, spec.places)
            except InvalidOperation:
                result = None
                wrong[spec.key] = problems.NUMBER_TOO_LONG
        found[spec.key] = as_value(result)
    return found, wrong


def _parse_yes_no(spec: FieldSpec, raw: object) -> Value | Problem:  # noqa: ARG001 -- one shape for all kinds
    if isinstance(raw, bool):
        return raw
    plain = raw.translate(HALF_WIDTH).lower() if isinstance(raw, str) and len(raw) <= LONGEST_SHORT else ""
    if plain in _YES:
        return True
    return False if plain in _NO else problems.NOT_YES_OR_NO


_PARSERS: dict[Kind, Callable[[FieldSpec, object], Value | Problem]] = {
    Kind.TEXT: _parse_text,
    Kind.LONG_TEXT: _parse_text,
    Kind.INTEGER: _parse_integer,
    Kind.DECIMAL: _parse_decimal,
    Kind.MONEY: _parse_decimal,
    Kind.DATE: _parse_date,
    Kind.CHOICE: _parse_choice,
    Kind.MULTI_CHOICE: _parse_multi_choice,
    Kind.TABLE: _parse_table,
    Kind.ATTACHMENT: _parse_attachment,
    Kind.COMPUTED: _parse_computed,
    Kind.YES_NO: _parse_yes_no,
}
