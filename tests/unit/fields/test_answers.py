"""A whole form read: names of a page and JSON alike, checks, conditions, comparison with the last period."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.fields import problems
from duban.fields.answers import read_form
from duban.fields.forms import FormSpec, form_from_json, form_to_json
from duban.fields.quantities import NOT_APPLICABLE, Qualifier, Quantity
from duban.fields.shapes import SpecError
from duban.fields.values import from_stored, to_stored, typed_answers

FORM = form_from_json(
    {
        "fields": [
            {"key": "found", "label": "发现", "label_en": "Found", "kind": "integer", "required": True, "qualifiers": True, "flag_percent": "30"},
            {"key": "closed", "label": "整改", "kind": "integer", "na_allowed": True},
            {"key": "spent", "label": "投入", "kind": "money", "unit": "万元"},
            {"key": "late", "label": "逾期", "kind": "yes_no"},
            {"key": "reason", "label": "原因", "kind": "text"},
            {"key": "means", "label": "方式", "kind": "multi_choice", "options": [{"code": "visit", "label": "走访"}, {"code": "meeting", "label": "会议"}]},
            {"key": "cases", "label": "案例", "kind": "table", "max_rows": 3, "columns": [
                {"key": "place", "label": "地点", "kind": "text", "required": True},
                {"key": "n", "label": "数", "kind": "integer"},
                {"key": "twice", "label": "两倍", "kind": "computed", "places": 0, "formula": "n * 2"},
            ]},
            {"key": "photos", "label": "照片", "kind": "attachment", "max_rows": 2},
            {"key": "left", "label": "未整改", "kind": "computed", "places": 0, "formula": "found - closed"},
            {"key": "in_cases", "label": "案例数", "kind": "computed", "places": 0, "formula": "sum(cases.twice)"},
        ],
        "checks": [
            {"kind": "compare", "code": "not_more", "left": "closed", "op": "<=", "right": "found"},
            {"kind": "compare", "code": "many", "left": "found", "op": "<", "right": "1000", "message": "太多了，100%？", "message_en": "Too many", "blocking": False},
            {"kind": "required_if", "code": "why", "key": "reason", "when": "late"},
        ],
    }
)  # fmt: skip


def test_names_of_a_page() -> None:
    typed = {
        "found": "１，２００", "closed": "不适用", "spent": "12,500元", "late": "no", "means.meeting": "on", "means.visit": "",
        "cases.0.place": "工地", "cases.0.n": "3", "cases.2.place": "", "cases.2.n": "", "cases.7.place": "市场", "cases.7.n": "", "left": "999",
    }  # fmt: skip
    reading = read_form(FORM, typed, attached={"photos": ["a1", "b2"]})
    assert reading.problems == {}
    assert reading.values == {
        "found": 1200, "closed": NOT_APPLICABLE, "spent": Decimal("1.25"), "late": False, "reason": None, "means": ("meeting",),
        "cases": ({"place": "工地", "n": 3, "twice": 6}, {"place": "市场", "n": None, "twice": None}),
        "photos": ("a1", "b2"), "left": NOT_APPLICABLE, "in_cases": 6,
    }  # fmt: skip
    assert {key: str(text) for key, text in reading.warnings.items()} == {"many": "太多了，100%？"}
    assert reading.unexplained({}) == ["many"]
    assert reading.unexplained({"many": "集中排查"}) == []


def test_json_and_what_is_stored_read_alike() -> None:
    sent = {"found": {"n": "750", "q": ">"}, "means": ["visit"], "cases": [{"place": "工地", "n": 3}], "closed": {"na": True}}
    reading = read_form(FORM, sent)
    assert reading.is_sound
    assert reading.values["found"] == Quantity(Decimal(750), Qualifier.MORE)
    stored = {key: to_stored(value) for key, value in reading.values.items()}
    assert {spec.key: from_stored(spec, stored[spec.key]) for spec in FORM.fields} == reading.values
    typed: dict[str, str] = {}
    for spec in FORM.fields:
        typed |= typed_answers(spec, reading.values[spec.key])
    assert read_form(FORM, typed).values == reading.values


@pytest.mark.parametrize(
    ("changed", "places"),
    [
        ({"closed": "13"}, {"closed"}), ({"found": ""}, {"found"}), ({"found": "many", "closed": "1"}, {"found"}), ({"late": "yes"}, {"reason"}), ({"late": "yes", "reason": "雨"}, set()),
        ({"cases.0.n": "1"}, {"cases.0.place"}), ({"cases.0.place": "a", "cases.0.n": "x"}, {"cases.0.n"}), ({"cases.0.other": "a", "cases.0.place": "a"}, {"cases.0.other"}), ({f"cases.{n}.place": "a" for n in range(4)}, {"cases"}),
        ({"means.other": "on"}, {"means"}), ({"slipped": "x"}, {"slipped"}), ({"found.x": "1"}, {"found.x"}), ({"cases.x.place": "a"}, {"cases.x.place"}), ({"cases": "text"}, {"cases"}), ({"cases": [1]}, {"cases"}),
        ({"spent": "约3万元"}, {"spent"}), ({"spent": "3.001万元"}, {"spent"}), ({"late": "不适用"}, {"late"}), ({"photos": ["slipped-in"]}, set()),
    ],
)  # fmt: skip
def test_names_every_place_that_is_wrong(changed: dict[str, Any], places: set[str]) -> None:
    assert set(read_form(FORM, {"found": "12"} | changed).problems) == places


def test_too_many_files_and_the_comparison_say_their_figures() -> None:
    reading = read_form(FORM, {"found": "12", "closed": "13"}, attached={"photos": ["a", "b", "c"]})
    assert str(reading.problems["photos"]) == "最多上传 2 个附件，现在有 3 个"
    assert str(reading.problems["closed"]) == "应当 “整改” ≤ “发现”，现在是 13 和 12"


def test_a_draft_may_be_blank_but_not_wrong() -> None:
    assert read_form(FORM, {}, is_draft=True).problems == {}
    assert set(read_form(FORM, {"cases.0.n": "x", "late": "yes"}, is_draft=True).problems) == {"cases.0.n"}
    assert read_form(FORM, {"found": "9", "closed": "2"}, is_draft=True).computed["left"] == 7


@pytest.mark.parametrize(
    ("before", "now", "flagged", "words"),
    [
        (100, "130", False, "比上期（100）增加 30.0%"), (100, "131", True, "比上期（100）增加 31.0%，超过 30%，请说明原因"), (100, "69", True, "比上期（100）减少 31.0%，超过 30%，请说明原因"),
        (0, "1", True, "上期为 0，本期为 1，算不出增幅，请说明原因"), (0, "0", False, "与上期相同，都是 0"), (None, "9", False, "上期没有这项数据，不作比较"), (7, "7", False, "与上期（7）相同"),
        (Quantity(Decimal(750), Qualifier.MORE), ">762", False, "比上期（>750）增加 1.6%"), (NOT_APPLICABLE, "9", False, "上期没有这项数据，不作比较"),
    ],
)  # fmt: skip
def test_beside_the_last_period(before: Any, now: str, flagged: bool, words: str) -> None:
    reading = read_form(FORM, {"found": now}, previous={"found": before})
    assert str(reading.comparisons["found"].said) == words
    assert ("found" in reading.warnings) is flagged
    assert reading.is_sound


def test_without_any_last_period_nothing_is_compared() -> None:
    assert str(read_form(FORM, {"found": "3"}).comparisons["found"].said) == "上期没有这项数据，不作比较"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["n", "q", "na", "place", "0"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [spec.key for spec in FORM.fields] + ["cases.0.n", "cases.1.place", "cases.0.twice", "means.visit", "x", "cases."]
)


@given(raw=st.dictionaries(NAMES, JUNK, max_size=8), files=JUNK)
def test_nothing_sent_raises_and_what_is_sound_survives_storage(raw: dict[str, object], files: Any) -> None:
    reading = read_form(FORM, raw, attached={"photos": files} if isinstance(files, list) else None)
    for spec in FORM.fields:
        if spec.key in reading.values:
            value = reading.values[spec.key]
            assert from_stored(spec, to_stored(value)) == value


@given(parts=st.lists(st.none() | st.integers(0, 50), min_size=1, max_size=5), total=st.integers(0, 100))
def test_a_breakdown_agrees_with_adding_up(parts: list[int | None], total: int) -> None:
    form = breakdown(len(parts))
    raw: dict[str, object] = {f"p{at}": part for at, part in enumerate(parts)} | {"total": total}
    given_parts = [part for part in parts if part is not None]
    said = read_form(form, raw).problems.get("total")
    assert (said is not None) is (bool(given_parts) and sum(given_parts) != total)
    if said is not None:
        assert said.params["difference"] == str(abs(sum(given_parts) - total))


def breakdown(parts: int) -> FormSpec:
    fields: list[dict[str, Any]] = [
        {"key": key, "label": key, "kind": "integer"} for key in ["total", *(f"p{at}" for at in range(parts))]
    ]
    check = {"kind": "breakdown", "code": "sum", "total": "total", "parts": [f"p{at}" for at in range(parts)]}
    return form_from_json({"fields": fields, "checks": [check]})


def test_a_total_left_blank_is_asked_for_with_the_sum() -> None:
    assert str(read_form(breakdown(2), {"p0": 3, "p1": 4}).problems["total"]) == "各分项合计为 7，请填写总数"
    assert read_form(breakdown(2), {"p0": 3, "p1": 4, "total": "x"}).problems == {"total": problems.NOT_A_NUMBER}


@pytest.mark.parametrize(
    ("check", "where"),
    [
        ({"kind": "breakdown", "code": "x", "total": "gone", "parts": ["found"]}, "checks[0].total"), ({"kind": "breakdown", "code": "x", "total": "found", "parts": []}, "checks[0].parts"), ({"kind": "breakdown", "code": "x", "total": "found", "parts": ["reason"]}, "checks[0].parts[0]"),
        ({"kind": "compare", "code": "x", "left": "found", "op": "=>", "right": "1"}, "checks[0].op"), ({"kind": "compare", "code": "x", "left": "found >", "op": ">", "right": "1"}, "checks[0].left"), ({"kind": "required_if", "code": "x", "key": "left", "when": "late"}, "checks[0].key"),
        ({"kind": "required_if", "code": "x", "key": "reason", "when": "found"}, "checks[0].when"), ({"kind": "loud", "code": "x"}, "checks[0].kind"), ({"kind": "compare", "code": "found", "left": "1", "op": ">", "right": "1"}, "checks[0].code"), ({"kind": "compare", "code": "x", "left": "1", "op": ">", "right": "1", "colour": "red"}, "checks[0].colour"),
        ({"kind": "compare", "code": "x", "left": "1", "op": ">", "right": "1", "blocking": "no"}, "checks[0].blocking"), ([], "checks[0]"),
    ],
)  # fmt: skip
def test_names_the_check_that_is_wrong(check: Any, where: str) -> None:
    with pytest.raises(SpecError) as refusal:
        form_from_json(form_to_json(FORM) | {"checks": [check]})
    assert refusal.value.where == where


def test_the_form_goes_to_json_and_back() -> None:
    assert form_from_json(form_to_json(FORM)) == FORM
