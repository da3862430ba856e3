"""A form as a whole: its fields and the checks across them. Kept as JSON; a broken one is named exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from duban.fields.references import NUMBER, TRUTH, checked
from duban.fields.shapes import FieldSpec, Kind, SpecError
from duban.fields.specs import CODE_PATTERN, spec_to_json, specs_from_json

MOST_FIELDS = 200
MOST_CHECKS = 60
MOST_PARTS = 60
COMPARISONS: dict[str, str] = {"=": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
"""The comparisons with the sign people read."""


@dataclass(frozen=True)
class Breakdown:
    """The parts add up to the total; `total` and `parts` are formulas, most often plain keys or sum(table.column)."""

    code: str
    total: str
    parts: tuple[str, ...]
    message: str = ""
    message_en: str = ""
    blocking: bool = True


@dataclass(frozen=True)
class Compare:
    """Two formulas compared. Not `blocking`: what fails asks for a word of explanation instead of being refused."""

    code: str
    left: str
    op: str
    right: str
    message: str = ""
    message_en: str = ""
    blocking: bool = True


@dataclass(frozen=True)
class RequiredIf:
    """The field `key` must be answered where the condition `when` holds."""

    code: str
    key: str
    when: str
    message: str = ""
    message_en: str = ""


Check: TypeAlias = Breakdown | Compare | RequiredIf


@dataclass(frozen=True)
class FormSpec:
    """A form: what it asks, in order, and what must fit together."""

    fields: tuple[FieldSpec, ...] = ()
    checks: tuple[Check, ...] = ()

    def field(self, key: str) -> FieldSpec | None:
        """Give a field by its key; None for none."""
        return next((spec for spec in self.fields if spec.key == key), None)


_NAMES: dict[str, tuple[type[Breakdown] | type[Compare] | type[RequiredIf], tuple[str, ...]]] = {
    "breakdown": (Breakdown, ("code", "total", "parts", "message", "message_en", "blocking")),
    "compare": (Compare, ("code", "left", "op", "right", "message", "message_en", "blocking")),
    "required_if": (RequiredIf, ("code", "key", "when", "message", "message_en")),
}
_OPTIONAL = frozenset({"message", "message_en", "blocking"})


def form_from_json(data: object) -> FormSpec:
    """
    Read a form.

    Takes:  {"fields": [...], "checks": [...]}; a bare list is the fields of a form without checks.
    Raises: SpecError, its place as "fields[2].options[0].code" or "checks[1].left".
    """
    if isinstance(data, Mapping):
        for name in data:
            if name not in {"fields", "checks"}:
                raise SpecError(str(name), "unknown attribute; known are fields, checks")
        fields = specs_from_json(data.get("fields", []))
        return FormSpec(_bounded(fields), checks_from_json(data.get("checks", []), fields))
    return FormSpec(_bounded(specs_from_json(data)))


def _bounded(fields: tuple[FieldSpec, ...]) -> tuple[FieldSpec, ...]:
    if len(fields) > MOST_FIELDS:
        raise SpecError("fields", f"must be at most {MOST_FIELDS}")
    return fields


def checks_from_json(data: object, fields: Sequence[FieldSpec]) -> tuple[Check, ...]:
    """Read the checks of a form with these fields. Raises: SpecError."""
    if not isinstance(data, Sequence) or isinstance(data, str) or len(data) > MOST_CHECKS:
        raise SpecError("checks", f"must be a list of at most {MOST_CHECKS}")
    known = {spec.key: spec for spec in fields}
    checks: dict[str, Check] = {}
    for position, item in enumerate(data):
        where = f"checks[{position}]"
        check = _check(item, where)
        if check.code in checks or check.code in known:
            raise SpecError(f"{where}.code", f"{check.code} is used twice, or by a field")
        _check_names(check, known, where)
        checks[check.code] = check
    return tuple(checks.values())


def _check(item: object, where: str) -> Check:
    if not isinstance(item, Mapping):
        raise SpecError(where, "must be a mapping")
    if str(item.get("kind")) not in _NAMES:
        raise SpecError(f"{where}.kind", f"must be one of {', '.join(_NAMES)}")
    shape, names = _NAMES[str(item["kind"])]
    for name in item:
        if name not in {*names, "kind"}:
            raise SpecError(f"{where}.{name}", "unknown attribute")
    values: dict[str, Any] = {}
    for name in names:
        if name in _OPTIONAL and name not in item:
            continue
        values[name] = _attribute(name, item.get(name), f"{where}.{name}")
    return shape(**values)


def _attribute(name: str, value: object, where: str) -> object:
    if name == "blocking":
        if not isinstance(value, bool):
            raise SpecError(where, "must be true or false")
        return value
    if name == "parts":
        if not isinstance(value, Sequence) or isinstance(value, str) or not 0 < len(value) <= MOST_PARTS:
            raise SpecError(where, f"must be a list of 1 to {MOST_PARTS}")
        if not all(isinstance(part, str) for part in value):
            raise SpecError(where, "must be keys or formulas")
        return tuple(value)
    if not isinstance(value, str) or (name not in _OPTIONAL and not value.strip()):
        raise SpecError(where, "must be a text")
    if name == "code" and not CODE_PATTERN.fullmatch(value):
        raise SpecError(where, "must be lower-case letters, digits, dot, dash, underscore")
    if name == "op" and value not in COMPARISONS:
        raise SpecError(where, f"must be one of {' '.join(COMPARISONS)}")
    return value


def _check_names(check: Check, known: Mapping[str, FieldSpec], where: str) -> None:
    if isinstance(check, RequiredIf):
        if check.key not in known or known[check.key].kind is Kind.COMPUTED:
            raise SpecError(f"{where}.key", f"{check.key} is nothing this form asks")
        checked(check.when, known, TRUTH, f"{where}.when")
    elif isinstance(check, Compare):
        for name in ("left", "right"):
            checked(getattr(check, name), known, NUMBER, f"{where}.{name}")
    else:
        checked(check.total, known, NUMBER, f"{where}.total")
        for position, part in enumerate(check.parts):
            checked(part, known, NUMBER, f"{where}.parts[{position}]")


def form_to_json(form: FormSpec) -> dict[str, Any]:
    """Give the form as JSON-able data; `form_from_json` reads it back equal."""
    return {"fields": [spec_to_json(spec) for spec in form.fields], "checks": checks_to_json(form.checks)}


def checks_to_json(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Give checks as JSON-able data holding only what differs from the default."""
    return [_check_to_json(check) for check in checks]


def _check_to_json(check: Check) -> dict[str, Any]:
    kind, names = next((kind, names) for kind, (shape, names) in _NAMES.items() if isinstance(check, shape))
    plain: dict[str, Any] = {"kind": kind}
    for name in names:
        value = getattr(check, name)
        if name in _OPTIONAL and value in {"", True}:
            continue
        plain[name] = list(value) if name == "parts" else value
    return plain


def formulas_of(check: Check) -> list[str]:
    """Give the formulas of a check, the one it complains about first."""
    if isinstance(check, Breakdown):
        return [check.total, *check.parts]
    return [check.left, check.right] if isinstance(check, Compare) else [check.when]
