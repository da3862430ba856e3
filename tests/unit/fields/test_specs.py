import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from duban.fields.specs import FieldSpec, Kind, Option, SpecError, spec_from_json, spec_to_json, specs_from_json

EVERY_KIND: list[dict[str, Any]] = [
    {
        "key": "subject",
        "label": "主题",
        "kind": "text",
        "required": True,
        "max_length": 80,
        "hint": "一句话",
        "hint_en": "One sentence",
    },
    {"key": "body", "label": "正文", "label_en": "Text", "kind": "long_text"},
    {"key": "deaths", "label": "死亡人数", "kind": "integer", "unit": "人", "minimum": "0"},
    {"key": "rate", "label": "整改率", "kind": "decimal", "unit": "%", "places": 1, "minimum": "0", "maximum": "100"},
    {"key": "held_on", "label": "召开日期", "kind": "date", "minimum": "2011-01-01", "maximum": "2011-12-31"},
    {
        "key": "trend",
        "label": "趋势",
        "kind": "choice",
        "options": [{"code": "up", "label": "上升", "label_en": "Up"}, {"code": "down", "label": "下降"}],
    },
    {"key": "done", "label": "是否完成", "kind": "yes_no", "roll_up": {"operator": "count", "value": "yes"}},
    {
        "key": "cost",
        "label": "投入",
        "kind": "money",
        "unit": "万元",
        "qualifiers": True,
        "na_allowed": True,
        "flag_percent": "30",
    },
    {
        "key": "means",
        "label": "方式",
        "kind": "multi_choice",
        "options": [{"code": "visit", "label": "走访"}, {"code": "meeting", "label": "会议"}],
        "roll_up": {"operator": "count", "value": "visit"},
    },
    {
        "key": "cases",
        "label": "案例",
        "kind": "table",
        "min_rows": 1,
        "max_rows": 50,
        "columns": [
            {"key": "place", "label": "地点", "kind": "text", "required": True},
            {"key": "found", "label": "发现", "kind": "integer"},
            {"key": "closed", "label": "整改", "kind": "integer"},
            {"key": "left", "label": "未整改", "kind": "computed", "places": 0, "formula": "found - closed"},
        ],
    },
    {"key": "photos", "label": "照片", "kind": "attachment", "max_rows": 9},
    {"key": "twice", "label": "两倍", "kind": "computed", "formula": "deaths * 2", "from_below": "monthly.deaths"},
]


@pytest.mark.parametrize("data", EVERY_KIND, ids=lambda data: data["kind"])
def test_every_kind_goes_to_json_and_back_unchanged(data: dict[str, Any]) -> None:
    spec = spec_from_json(data)
    assert spec_to_json(spec) == data
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


def test_the_examples_cover_every_kind() -> None:
    assert {Kind(data["kind"]) for data in EVERY_KIND} == set(Kind)


def test_reads_what_each_attribute_means() -> None:
    rate = spec_from_json(EVERY_KIND[3])
    assert rate == FieldSpec(
        key="rate", label="整改率", kind=Kind.DECIMAL, unit="%", places=1, minimum=Decimal(0), maximum=Decimal(100)
    )
    assert spec_from_json(EVERY_KIND[4]).minimum == date(2011, 1, 1)
    assert spec_from_json(EVERY_KIND[5]).options == (Option("up", "上升", "Up"), Option("down", "下降"))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"key": "1x"}, "key"), ({"key": None}, "key"), ({"key": "Ünit"}, "key"), ({"label": " "}, "label"), ({"label": 3}, "label"), ({"kind": "float"}, "kind"), ({"kind": None}, "kind"),
        ({"required": "yes"}, "required"), ({"max_length": 5}, "max_length"), ({"options": []}, "options"), ({"colour": "red"}, "colour"), ({"places": 7}, "places"), ({"places": True}, "places"), ({"places": -1}, "places"),
        ({"minimum": 0.5}, "minimum"), ({"minimum": "NaN"}, "minimum"), ({"minimum": "many"}, "minimum"), ({"maximum": "1e99"}, "maximum"), ({"minimum": "9", "maximum": "8"}, "maximum"), ({"minimum": True}, "minimum"),
        ({"kind": "integer", "minimum": "0.5"}, "minimum"), ({"kind": "date", "minimum": "soon"}, "minimum"), ({"kind": "date", "minimum": 3}, "minimum"), ({"kind": "date", "minimum": "2012-01-01", "maximum": "2011-01-01"}, "maximum"),
        ({"kind": "choice"}, "options"), ({"kind": "choice", "options": "ab"}, "options"), ({"kind": "choice", "options": ["a"]}, "options[0]"), ({"kind": "choice", "options": [{"code": "a b", "label": "x"}]}, "options[0].code"),
        ({"kind": "choice", "options": [{"code": "a", "label": ""}]}, "options[0].label"), ({"kind": "choice", "options": [{"code": "a", "label": "x"}, {"code": "a", "label": "y"}]}, "options"),
    ],
)  # fmt: skip
def test_names_the_attribute_that_is_wrong(change: dict[str, Any], where: str) -> None:
    base: dict[str, Any] = {"key": "x", "label": "x", "kind": "decimal"}
    with pytest.raises(SpecError) as refusal:
        spec_from_json(base | change)
    assert refusal.value.where == where


def test_a_form_names_the_position_and_refuses_a_key_twice() -> None:
    with pytest.raises(SpecError) as refusal:
        specs_from_json([EVERY_KIND[0], EVERY_KIND[1] | {"kind": "loud"}])
    assert refusal.value.where == "fields[1].kind"
    with pytest.raises(SpecError) as refusal:
        specs_from_json([EVERY_KIND[0], EVERY_KIND[0]])
    assert refusal.value.where == "fields[1].key"


@pytest.mark.parametrize("data", [None, "text", {"key": "x"}, 3])
def test_a_form_must_be_a_list(data: object) -> None:
    with pytest.raises(SpecError):
        specs_from_json(data)


def test_a_field_must_be_a_mapping() -> None:
    with pytest.raises(SpecError):
        spec_from_json(["key"])
