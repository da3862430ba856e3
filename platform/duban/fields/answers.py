"""All answers of a form read at once: typed or sent, judged field by field, then together, then beside the last period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replaced

from duban.fields import problems
from duban.fields.checking import Comparison, compared, failures
from duban.fields.forms import FormSpec, RequiredIf
from duban.fields.formulas import names_in
from duban.fields.parsing import compute, parse, parse_rows
from duban.fields.problems import Problem
from duban.fields.quantities import Value
from duban.fields.references import computed_order
from duban.fields.shapes import FieldSpec, Kind
from duban.kernel.text import Text

_MOST_NAMES = 50_000
_LONGEST_ROW_NUMBER = 5


@dataclass(frozen=True)
class Reading:
    """
    What a form says.

    `values` holds every key without a problem, computed ones too; `problems` stand under a key, "table.row.column" or the code
    of a check; `warnings` under the code of a check or the key of a field that moved far, and need a word of explanation.
    """

    values: Mapping[str, Value]
    problems: Mapping[str, Problem] = field(default_factory=dict)
    warnings: Mapping[str, Text] = field(default_factory=dict)
    computed: Mapping[str, Value] = field(default_factory=dict)
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing has to be put right; warnings may still need their word."""
        return not self.problems

    def unexplained(self, explanations: Mapping[str, str]) -> list[str]:
        """Give the codes of the warnings nobody has said a word about."""
        return [code for code in self.warnings if not str(explanations.get(code, "")).strip()]


def read_form(
    form: FormSpec,
    raw: Mapping[str, object],
    *,
    previous: Mapping[str, Value] | None = None,
    attached: Mapping[str, Sequence[str]] | None = None,
    is_draft: bool = False,
) -> Reading:
    """
    Read a whole form.

    Takes:  `raw` under the names of a page (key, key.code, key.row.column) or as JSON (lists under the key), or both;
            `previous` the last period's values; `attached` file ids by field, the only source of attachments;
            `is_draft` while it is still being filled in: what is blank is no problem then.
    Gives:  never an exception for input, however hostile.
    """
    names, wrong = _sorted_names(form, raw)
    values: dict[str, Value] = {}
    for spec in form.fields:
        if spec.kind is Kind.COMPUTED:
            continue
        value, found = _answer(spec, names[spec.key], (attached or {}).get(spec.key, ()))
        if is_draft:
            found = {place: problem for place, problem in found.items() if problem is not problems.MISSING}
            value = None if isinstance(value, Problem) else value
        wrong |= found
        if not found and not isinstance(value, Problem):
            values[spec.key] = value
    computed, too_big = compute(form.fields, values)
    values |= computed
    return _judged(form, Reading(values, wrong | too_big, computed=computed), previous, is_draft=is_draft)


def _judged(form: FormSpec, reading: Reading, previous: Mapping[str, Value] | None, *, is_draft: bool) -> Reading:
    wrong, warnings = dict(reading.problems), {}
    unread = {key.partition(".")[0] for key in wrong}
    unread |= _touched(form, unread)
    for failure in failures(form, reading.values, wrong=unread, is_draft=is_draft):
        if isinstance(failure.check, RequiredIf) or failure.check.blocking:
            wrong.setdefault(failure.key, failure.problem)
        else:
            warnings[failure.check.code] = Text(failure.problem.template, failure.problem.params)
    comparisons = {
        spec.key: found for spec in form.fields if (found := compared(spec, reading.values.get(spec.key), previous)) is not None
    }
    warnings |= {key: found.said for key, found in comparisons.items() if found.is_flagged}
    return replaced(reading, problems=wrong, warnings=warnings, comparisons=comparisons)


def _touched(form: FormSpec, unread: set[str]) -> set[str]:
    """Give the computed fields that rest on an answer with a problem: they are not wrong, only not known yet."""
    touched = set(unread)
    for spec, node in computed_order(form.fields):
        if any(name.key in touched for name in names_in(node)):
            touched.add(spec.key)
    return touched


@dataclass
class _Raw:
    """What was sent for one field: directly under its key, and under longer names."""

    direct: object = None
    parts: dict[str, object] = field(default_factory=dict)


def _sorted_names(form: FormSpec, raw: Mapping[str, object]) -> tuple[dict[str, _Raw], dict[str, Problem]]:
    """Sort what was sent by field; a name no field has is a problem, so nothing can be slipped in beside the form."""
    found = {spec.key: _Raw() for spec in form.fields}
    with_parts = {spec.key for spec in form.fields if spec.kind in {Kind.TABLE, Kind.MULTI_CHOICE}}
    wrong: dict[str, Problem] = {}
    for name, value in raw.items():
        key, dot, rest = str(name).partition(".")
        if key not in found or (dot and key not in with_parts) or len(raw) > _MOST_NAMES:
            wrong[str(name)] = problems.UNKNOWN_FIELD
        elif dot:
            found[key].parts[rest] = value
        else:
            found[key].direct = value
    return found, wrong


def _answer(spec: FieldSpec, sent: _Raw, files: Sequence[str]) -> tuple[Value | Problem, dict[str, Problem]]:
    """Read one field. Gives: the value and the problems by their place."""
    if spec.kind is Kind.TABLE and (sent.parts or not isinstance(sent.direct, str)):
        return _table(spec, sent)
    raw = sent.direct
    if spec.kind is Kind.ATTACHMENT:
        raw = list(files)
    elif spec.kind is Kind.MULTI_CHOICE and sent.parts and raw in (None, ""):
        raw = sent.parts
    elif spec.kind is Kind.TABLE:
        raw = [] if not str(raw).strip() else raw
    value = parse(spec, raw)
    return value, {spec.key: value} if isinstance(value, Problem) else {}


def _table(spec: FieldSpec, sent: _Raw) -> tuple[Value | Problem, dict[str, Problem]]:
    if sent.direct is not None and not (
        isinstance(sent.direct, list | tuple) and all(isinstance(row, Mapping) for row in sent.direct)
    ):
        return problems.NOT_ROWS, {spec.key: problems.NOT_ROWS}
    rows: dict[int, dict[str, object]] = {}
    wrong: dict[str, Problem] = {}
    if isinstance(sent.direct, list | tuple):
        rows = {number: dict(row) for number, row in enumerate(sent.direct)}
    for place, cell in sent.parts.items():
        number, _, column = place.partition(".")
        if not (number.isascii() and number.isdigit() and len(number) <= _LONGEST_ROW_NUMBER and column):
            wrong[f"{spec.key}.{place}"] = problems.UNKNOWN_FIELD
            continue
        rows.setdefault(int(number), {})[column] = cell
    value, found = parse_rows(spec, sorted(rows.items()))
    return value, wrong | {f"{spec.key}.{place}".rstrip("."): problem for place, problem in found.items()}
