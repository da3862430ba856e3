"""
From a design to a form and back. Pure.

What is wrong is said by box ("fields.2.options"), all of it at once; what is sound makes the form shown beside it meanwhile.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from duban.fields.forms import FormSpec, checks_to_json, form_from_json
from duban.fields.parsing import parse
from duban.fields.problems import Problem
from duban.fields.specs import FieldSpec, Kind, SpecError, spec_from_json, spec_to_json
from duban.forms.designs import (
    BREAKDOWN,
    COMPARE,
    IN_NO_TABLE,
    REQUIRED_IF,
    Design,
    Row,
    below_chosen,
    option_codes,
    option_lines,
    settled,
)
from duban.forms.naming import codes_by_option, in_keys, in_names, keys_by_name
from duban.kernel.text import N_, Text

NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})
CHOICES = frozenset({Kind.CHOICE, Kind.MULTI_CHOICE})
FIGURES = NUMBERS | {Kind.COMPUTED}
SHOWN: dict[Kind, frozenset[str]] = {
    Kind.TEXT: frozenset({"max_length", "na_allowed"}),
    Kind.LONG_TEXT: frozenset({"max_length"}),
    Kind.INTEGER: frozenset({"unit", "minimum", "maximum", "qualifiers", "na_allowed", "flag_percent", "roll_up", "from_below"}),
    Kind.DECIMAL: frozenset(
        {"unit", "places", "minimum", "maximum", "qualifiers", "na_allowed", "flag_percent", "roll_up", "from_below"}
    ),
    Kind.MONEY: frozenset(
        {"unit", "places", "minimum", "maximum", "qualifiers", "na_allowed", "flag_percent", "roll_up", "from_below"}
    ),
    Kind.DATE: frozenset({"minimum", "maximum", "na_allowed", "roll_up"}),
    Kind.CHOICE: frozenset({"options", "na_allowed", "roll_up"}),
    Kind.MULTI_CHOICE: frozenset({"options", "na_allowed", "roll_up"}),
    Kind.YES_NO: frozenset({"roll_up"}),
    Kind.TABLE: frozenset({"columns", "min_rows", "max_rows"}),
    Kind.ATTACHMENT: frozenset({"min_rows", "max_rows"}),
    Kind.COMPUTED: frozenset({"formula", "unit", "places", "flag_percent", "roll_up"}),
}
"""Which settings a kind has; those typed for another kind stay in the design and are left aside."""
NOT_OF_COLUMNS = frozenset({"flag_percent", "roll_up", "from_below"})
MOST_FILES = 30
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
GIVEN = "given"

FILL_IN = Text(N_("请填写此项"))
NO_NAME = N_("请填写填报项的名称。")
NO_OPTION = N_("选择题请至少列出一个选项，每行一个。")
SAME_NAME = N_("已有同名的填报项，请换一个名称。")
UNKNOWN_NAME = N_("没有名为“%(name)s”的填报项。")
NOT_READ = N_("算式看不懂，请检查括号和符号，例如：【已整改】 / 【排查】 * 100")
_WORDS: dict[str, str] = {
    "label": NO_NAME,
    "key": N_("填报项的代码重复或不合规。"),
    "kind": N_("请从给出的选项中选择"),
    "options": NO_OPTION,
    "columns": N_("表格请至少设一列。"),
    "maximum": N_("最大值不能小于最小值。"),
    "minimum": N_("这个数不合适，请检查。"),
    "max_rows": N_("最多不能少于最少。"),
    "flag_percent": N_("请填写大于 0 的百分数。"),
    "formula": NOT_READ,
    "weight": N_("请选择作为权数的数字项。"),
    "numerator": N_("请选择作为分子的数字项。"),
    "denominator": N_("请选择作为分母的数字项。"),
    "operator": N_("这类填报项不能这样汇总，请换一种汇总方式。"),
    "value": N_("请写出要计数的那个选项。"),
    "from_below": N_("请选择取下级的哪一项。"),
    "unit": N_("金额的单位只能是元、万元或亿元。"),
    "total": N_("请选择作为合计的数字项。"),
    "parts": N_("请至少勾选两个分项，且不能包括合计本身。"),
    "left": NOT_READ,
    "right": NOT_READ,
    "when": N_("条件看不懂，请检查，例如：【发现隐患】 > 0"),
    "op": N_("请从给出的选项中选择"),
}


@dataclass(frozen=True)
class Read:
    """A design read: `form` holds what is sound, `problems` by box what is not; without problems it can be published."""

    form: FormSpec
    problems: Mapping[str, Sequence[Text]] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Say whether it can be published."""
        return not self.problems


def read_design(design: Design) -> Read:
    """Read a whole design; give what can be shown and everything that is wrong. Never raises."""
    reader = _Reader(design)
    reader.fields()
    reader.checks()
    return reader.result()


class _Reader:
    """Takes the rows one by one and remembers by box what was wrong with each."""

    def __init__(self, design: Design) -> None:
        self.rows, self.check_rows = design["fields"], design["checks"]
        self.names = keys_by_name(self.rows)
        self.problems: dict[str, list[Text]] = {}
        self.sound: list[tuple[int, dict[str, Any]]] = []
        self.sound_checks: list[tuple[int, dict[str, Any]]] = []

    def wrong(self, box: str, words: str, **params: object) -> None:
        self.problems.setdefault(box, [Text(words, params)])

    def fields(self) -> None:
        seen: set[str] = set()
        for position, row in enumerate(self.rows):
            place = f"fields.{position}"
            data = self.row(row, place, self.names)
            label = str(data["label"])
            if label and label in seen:
                self.wrong(f"{place}.label", SAME_NAME)
            seen.add(label)
            self.try_spec(data, place)
            if not any(box.startswith(f"{place}.") for box in self.problems):
                self.sound.append((position, data))

    def try_spec(self, data: dict[str, Any], place: str) -> None:
        try:
            spec_from_json(data)
        except SpecError as error:
            self.refused(error, place)

    def refused(self, error: SpecError, place: str) -> None:
        """Say a refusal of the engine at the box it is about: "columns[1].options[0].label" → "columns.1.options"."""
        steps = re.sub(r"\[(\d+)\]", r".\1", error.where).replace("roll_up.", "").split(".")
        name = next((step for step in reversed(steps) if step in _WORDS and step != "columns"), steps[0])
        if "options" in steps:
            name = "options"
        inner = f"columns.{steps[1]}." if len(steps) > 2 and steps[0] == "columns" else ""  # noqa: PLR2004
        box = "counted" if name == "value" else name
        self.wrong(f"{place}.{inner}{box}", _WORDS.get(name, N_("这个填报项的设置不完整，请检查。")))

    def row(self, row: Row, place: str, names: Mapping[str, str], *, in_table: bool = False) -> dict[str, Any]:
        """Turn a row into the data `spec_from_json` reads."""
        try:
            kind = Kind(str(row.get("kind")))
        except ValueError:
            kind = Kind.TEXT
            self.wrong(f"{place}.kind", _WORDS["kind"])
        if in_table and kind in IN_NO_TABLE:
            self.wrong(f"{place}.kind", N_("表格里不能再放表格、附件或多行文字。"))
        data: dict[str, Any] = {"key": row.get("key") or "", "label": str(row.get("label") or "").strip(), "kind": kind.value}
        if not data["label"]:
            self.wrong(f"{place}.label", NO_NAME)
        data |= {name: text for name in ("label_en", "hint", "hint_en") if (text := str(row.get(name) or "").strip())}
        if row.get("required") and kind is not Kind.COMPUTED:
            data["required"] = True
        shown = SHOWN[kind] - (NOT_OF_COLUMNS if in_table else frozenset())
        data |= {name: True for name in ("qualifiers", "na_allowed") if name in shown and row.get(name)}
        self.numbers(row, place, kind, shown, data)
        if "options" in shown:
            self.options(row, place, data)
        if "columns" in shown:
            data["columns"] = self.columns(row, place)
        if "formula" in shown:
            data["formula"] = self.formula(row, f"{place}.formula", "formula", names)
        if "roll_up" in shown and row.get("operator"):
            data["roll_up"] = self.roll_up(row)
        if "from_below" in shown and row.get("from_below"):
            data["from_below"] = ".".join(part for part in below_chosen(row) if part)
        return data

    def numbers(self, row: Row, place: str, kind: Kind, shown: frozenset[str], data: dict[str, Any]) -> None:
        if "unit" in shown and row.get("unit"):
            data["unit"] = str(row["unit"]).strip()
        for name, most in (("places", 6), ("max_length", 20_000), ("min_rows", 1000), ("max_rows", 1000)):
            if name in shown and str(row.get(name) or "").strip():
                data[name] = self.whole(row[name], f"{place}.{name}", most)
        if kind is Kind.ATTACHMENT:
            data["max_rows"] = min(data.get("max_rows", MOST_FILES), MOST_FILES)
        for name in ("minimum", "maximum"):
            if name in shown and str(row.get(name) or "").strip():
                bound = Kind.DATE if kind is Kind.DATE else Kind.DECIMAL
                found = parse(FieldSpec(key="x", label="x", kind=bound, places=6), row[name])
                if isinstance(found, Problem):
                    self.problems.setdefault(f"{place}.{name}", [found])
                else:
                    data[name] = str(found)
        if "flag_percent" in shown and str(row.get("flag_percent") or "").strip():
            percent = parse(FieldSpec(key="x", label="x", kind=Kind.DECIMAL, unit="%", places=2), row["flag_percent"])
            if isinstance(percent, Problem):
                self.wrong(f"{place}.flag_percent", _WORDS["flag_percent"])
            else:
                data["flag_percent"] = str(percent)

    def whole(self, typed: object, box: str, most: int) -> int:
        number = parse(FieldSpec(key="x", label="x", kind=Kind.INTEGER), str(typed))
        if not isinstance(number, int) or not 0 <= number <= most:
            self.wrong(box, N_("请填写 0 至 %(most)s 的整数。"), most=most)
            return 0
        return number

    def options(self, row: Row, place: str, data: dict[str, Any]) -> None:
        codes, lines = option_codes(row), option_lines(row)
        if not lines:
            self.wrong(f"{place}.options", NO_OPTION)
        if len({label for label, _ in lines}) != len(lines):
            self.wrong(f"{place}.options", N_("有两个相同的选项。"))
        data["options"] = [
            {"code": codes.get(label, f"o{number}"), "label": label} | ({"label_en": english} if english else {})
            for number, (label, english) in enumerate(lines, 1)
        ]

    def columns(self, row: Row, place: str) -> list[dict[str, Any]]:
        rows = row.get("columns") or []
        if not rows:
            self.wrong(f"{place}.columns", _WORDS["columns"])
        names = keys_by_name(rows)
        return [self.row(column, f"{place}.columns.{number}", names, in_table=True) for number, column in enumerate(rows)]

    def roll_up(self, row: Row) -> dict[str, str]:
        operator = str(row["operator"])
        wanted = {"weighted_mean": ("weight",), "ratio": ("numerator", "denominator")}.get(operator, ())
        found = {"operator": operator} | {name: str(row.get(name) or "") for name in wanted}
        counted = str(row.get("counted") or "").strip()
        if operator == "count" and counted:
            codes = option_codes(row) | {"是": "yes", "否": "no"}
            found["value"] = codes.get(counted, counted)
        return found

    def formula(self, row: Row, box: str, name: str, names: Mapping[str, str]) -> str:
        typed = str(row.get(name) or "").strip()
        if not typed:
            self.wrong(box, FILL_IN.template)
            return ""
        text, unknown = in_keys(typed, names, codes_by_option(self.rows))
        if unknown:
            self.wrong(box, UNKNOWN_NAME, name=unknown)
        return text

    def checks(self) -> None:
        known = {str(row.get("key")): row for row in self.rows}
        for position, row in enumerate(self.check_rows):
            place = f"checks.{position}"
            data = self.check(row, place, known)
            if data and not any(box.startswith(f"{place}.") for box in self.problems):
                self.sound_checks.append((position, data))

    def check(self, row: Row, place: str, known: Mapping[str, Row]) -> dict[str, Any] | None:
        kind = row.get("kind")
        data: dict[str, Any] = {"code": row.get("code") or f"check{place}", "kind": kind}
        data |= {name: text for name in ("message", "message_en") if (text := str(row.get(name) or "").strip())}
        if kind == BREAKDOWN:
            parts = [key for key in row.get("parts") or [] if key != row.get("total")]
            if not row.get("total"):
                self.wrong(f"{place}.total", _WORDS["total"])
            if len(parts) < 2:  # noqa: PLR2004 - one part is no breakdown
                self.wrong(f"{place}.parts", _WORDS["parts"])
            return data | {"total": row.get("total") or "", "parts": parts, "blocking": bool(row.get("blocking"))}
        if kind == COMPARE:
            sides = {side: self.side(row, place, side) for side in ("left", "right")}
            if row.get("op") not in COMPARISONS:
                self.wrong(f"{place}.op", _WORDS["op"])
            return data | sides | {"op": row.get("op"), "blocking": bool(row.get("blocking"))}
        if kind == REQUIRED_IF:
            if row.get("key") not in known:
                self.wrong(f"{place}.key", FILL_IN.template)
            return data | {"key": row.get("key") or "", "when": self.condition(row, place, known)}
        self.wrong(f"{place}.kind", _WORDS["kind"])
        return None

    def side(self, row: Row, place: str, side: str) -> str:
        if not str(row.get(side) or "").strip() and row.get(f"{side}_pick"):
            return str(row[f"{side}_pick"])
        return self.formula(row, f"{place}.{side}", side, self.names)

    def condition(self, row: Row, place: str, known: Mapping[str, Row]) -> str:
        if str(row.get("when") or "").strip() or not row.get("when_field"):
            return self.formula(row, f"{place}.when", "when", self.names)
        key, sign, value = str(row["when_field"]), str(row.get("when_op") or "="), str(row.get("when_value") or "").strip()
        if sign == GIVEN:
            return f"given({key})"
        if not value or sign not in COMPARISONS:
            self.wrong(f"{place}.when_value", FILL_IN.template)
            return ""
        return f"{key} {sign} {self.operand(known.get(key, {}), value, f'{place}.when_value')}"

    def operand(self, row: Mapping[str, Any], value: str, box: str) -> str:
        kind = str(row.get("kind"))
        if kind == Kind.YES_NO.value:
            return {"是": "yes", "否": "no", "yes": "yes", "no": "no"}.get(value.lower(), "yes")
        if kind in {Kind.CHOICE.value, Kind.MULTI_CHOICE.value}:
            code = option_codes(row).get(value)
            if code is None:
                self.wrong(box, N_("选项里没有“%(name)s”。"), name=value)
            return f'"{code}"'
        number = parse(FieldSpec(key="x", label="x", kind=Kind.DECIMAL, places=6), value)
        if isinstance(number, Problem):
            self.problems.setdefault(box, [number])
        return str(number)

    def result(self) -> Read:
        """Put together what is sound; a row that only fails beside the others is named and left out."""
        fields, checks = list(self.sound), list(self.sound_checks)
        while True:
            try:
                data = {"fields": [one for _, one in fields], "checks": [one for _, one in checks]}
                return Read(form_from_json(data), self.problems)
            except SpecError as error:
                rows, kind = (checks, "checks") if error.where.startswith("checks") else (fields, "fields")
                match = re.match(r"(?:fields|checks)\[(\d+)\]\.?(.*)", error.where)
                number = int(match[1]) if match and int(match[1]) < len(rows) else len(rows) - 1
                if not rows:
                    return Read(FormSpec(fields=()), self.problems)
                position, _ = rows.pop(number)
                if self.is_whole(kind):
                    self.refused(SpecError(match[2] if match and match[2] else "label", error.what), f"{kind}.{position}")

    def is_whole(self, kind: str) -> bool:
        """Say whether nothing was left out yet: what only fails because another row is wrong is not blamed."""
        return kind == "fields" or not any(box.startswith("fields.") for box in self.problems)


def design_of(form: FormSpec) -> Design:
    """Give the design of a form, to begin another version or a copy."""
    fields = [_row_of(spec, form.fields) for spec in form.fields]
    picks = {spec.key for spec in form.fields if spec.kind in FIGURES}
    picks |= {f"sum({spec.key}.{column.key})" for spec in form.fields for column in spec.columns}
    picks |= {f"count({spec.key})" for spec in form.fields if spec.kind is Kind.TABLE}
    checks = []
    for check in form.checks:
        row = dict(checks_to_json([check])[0])
        for name in ("left", "right"):
            if row.get(name) in picks:
                row[f"{name}_pick"] = row.pop(name)
        for name in ("left", "right", "when"):
            if name in row:
                row[name] = in_names(row[name], form.fields)
        row.setdefault("blocking", row.get("kind") != REQUIRED_IF)
        checks.append(row)
    return settled({"fields": fields, "checks": checks})


def _row_of(spec: FieldSpec, beside: Sequence[FieldSpec]) -> Row:
    data = spec_to_json(spec)
    row: Row = {name: str(data[name]) for name in ("key", "label", "kind")} | {"was": spec.label}
    for name in ("label_en", "hint", "hint_en", "unit", "places", "max_length", "minimum", "maximum", "min_rows", "max_rows"):
        if name in data:
            row[name] = str(data[name])
    row |= {name: True for name in ("required", "qualifiers", "na_allowed") if data.get(name)}
    row |= {name: str(data[name]) for name in ("flag_percent", "from_below") if data.get(name)}
    if spec.options:
        row["options"] = "\n".join(f"{one.label} | {one.label_en}" if one.label_en else one.label for one in spec.options)
        row["codes"] = "\n".join(f"{one.code}={one.label}" for one in spec.options)
    if spec.columns:
        row["columns"] = [_row_of(column, spec.columns) for column in spec.columns]
    if spec.formula:
        row["formula"] = in_names(spec.formula, beside)
    if spec.roll_up:
        row |= {name: str(value) for name, value in data["roll_up"].items() if name != "value"}
        if spec.roll_up.value:
            labels = {one.code: one.label for one in spec.options} | {"yes": "是", "no": "否"}
            row["counted"] = labels.get(spec.roll_up.value, spec.roll_up.value)
    return row
