"""What one version of a form asks that another does not, in words. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from duban.fields.forms import FormSpec, checks_to_json
from duban.fields.specs import FieldSpec, spec_to_json
from duban.fields.words import CHECK_LABELS, KIND_LABELS, OPERATOR_LABELS
from duban.forms.naming import in_names
from duban.kernel.text import N_, Authored, Text


class Turn(StrEnum):
    """What happened to a question or a check."""

    ADDED = "added"
    GONE = "gone"
    CHANGED = "changed"
    MOVED = "moved"


TURN_LABELS: dict[Turn, str] = {
    Turn.ADDED: N_("新增"),
    Turn.GONE: N_("不再要求"),
    Turn.CHANGED: N_("有改动"),
    Turn.MOVED: N_("换了位置"),
}
TURN_LOOKS: dict[Turn, tuple[str, str]] = {
    Turn.ADDED: ("plus", "done"),
    Turn.GONE: ("x", "late"),
    Turn.CHANGED: ("pencil", "warn"),
    Turn.MOVED: ("selector", "off"),
}
ATTRIBUTES: dict[str, str] = {
    "label": N_("名称"),
    "label_en": N_("英文名称"),
    "kind": N_("类型"),
    "required": N_("必填"),
    "hint": N_("填报说明"),
    "hint_en": N_("英文说明"),
    "unit": N_("计量单位"),
    "places": N_("小数位数"),
    "max_length": N_("最多字数"),
    "minimum": N_("最小值"),
    "maximum": N_("最大值"),
    "options": N_("选项"),
    "qualifiers": N_("可写大于、约等"),
    "na_allowed": N_("可填“不适用”"),
    "formula": N_("算式"),
    "columns": N_("列"),
    "min_rows": N_("最少"),
    "max_rows": N_("最多"),
    "flag_percent": N_("变动提醒"),
    "roll_up": N_("汇总方式"),
    "from_below": N_("取自下级"),
    "total": N_("总数"),
    "parts": N_("分项"),
    "left": N_("左边"),
    "op": N_("比较"),
    "right": N_("右边"),
    "message": N_("提示"),
    "message_en": N_("英文提示"),
    "blocking": N_("不符合就不能提交"),
    "key": N_("哪一项"),
    "when": N_("条件"),
}
_UNSAID = frozenset({"key", "code"})
_MISSING: Any = object()


@dataclass(frozen=True)
class Difference:
    """One attribute before and after; empty where it was not set."""

    attribute: str
    before: Text
    after: Text


@dataclass(frozen=True)
class Change:
    """What became of one question or check."""

    turn: Turn
    name: Text
    differences: tuple[Difference, ...] = ()


def changes(before: FormSpec, after: FormSpec) -> list[Change]:
    """List what `after` asks otherwise than `before`: questions in their order, then checks."""
    return [*_of_fields(before, after), *_of_checks(before, after)]


def asks_otherwise(before: FormSpec, after: FormSpec) -> list[Change]:
    """List only what somebody who is filling in must know: what came, went or is asked otherwise."""
    return [change for change in changes(before, after) if change.turn is not Turn.MOVED]


def _of_fields(before: FormSpec, after: FormSpec) -> Iterator[Change]:
    old = {spec.key: spec for spec in before.fields}
    kept = [spec.key for spec in after.fields if spec.key in old]
    order = [key for key in old if key in kept]
    for spec in after.fields:
        name = Authored(spec.label, english=spec.label_en)
        if spec.key not in old:
            yield Change(Turn.ADDED, name, ())
        elif differences := tuple(_differences(_plain(old[spec.key], before), _plain(spec, after))):
            yield Change(Turn.CHANGED, name, differences)
        elif order.index(spec.key) != kept.index(spec.key):
            yield Change(Turn.MOVED, name)
    new = {spec.key for spec in after.fields}
    for spec in before.fields:
        if spec.key not in new:
            yield Change(Turn.GONE, Authored(spec.label, english=spec.label_en))


def _of_checks(before: FormSpec, after: FormSpec) -> Iterator[Change]:
    old = {str(data["code"]): data for data in _plain_checks(before)}
    new = {str(data["code"]): data for data in _plain_checks(after)}
    for code, data in new.items():
        name = _check_name(data)
        if code not in old:
            yield Change(Turn.ADDED, name)
        elif differences := tuple(_differences(old[code], data)):
            yield Change(Turn.CHANGED, name, differences)
    for code, data in old.items():
        if code not in new:
            yield Change(Turn.GONE, _check_name(data))


def _check_name(data: Mapping[str, Any]) -> Text:
    words = str(
        data.get("message") or data.get("total") or data.get("key") or f"{data.get('left')} {data.get('op')} {data.get('right')}"
    )
    return Text(N_("%(kind)s：%(what)s"), {"kind": Text(CHECK_LABELS[str(data["kind"])]), "what": words})


def _plain_checks(form: FormSpec) -> list[dict[str, Any]]:
    rows = []
    for data in checks_to_json(form.checks):
        row = dict(data)
        for name in ("total", "left", "right", "when", "key"):
            if name in row:
                row[name] = in_names(str(row[name]), form.fields)
        if "parts" in row:
            row["parts"] = [in_names(part, form.fields) for part in row["parts"]]
        rows.append(row)
    return rows


def _plain(spec: FieldSpec, form: FormSpec) -> dict[str, Any]:
    data = spec_to_json(spec)
    if spec.formula:
        data["formula"] = in_names(spec.formula, form.fields)
    return data


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        if name not in _UNSAID and before.get(name, _MISSING) != after.get(name, _MISSING):
            yield Difference(ATTRIBUTES.get(name, name), _said(name, before.get(name)), _said(name, after.get(name)))


def _said(name: str, value: Any) -> Text:
    if value is None or value == "":
        return Authored("")
    if isinstance(value, bool):
        return Text(N_("是") if value else N_("否"))
    if name == "kind":
        return Text(KIND_LABELS.get(value, str(value)))
    if name == "options":
        return Authored("、".join(str(option["label"]) for option in value))
    if name == "columns":
        return Authored("、".join(str(column["label"]) for column in value))
    if name == "roll_up":
        return Text(OPERATOR_LABELS.get(value["operator"], str(value["operator"])))
    return Authored("、".join(value) if isinstance(value, list) else str(value))
