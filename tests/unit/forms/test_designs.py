"""A design changed by buttons, settled, and read into a form: what is wrong is said by box, codes last."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from duban.fields.forms import Breakdown, Compare, RequiredIf, form_from_json, form_to_json
from duban.fields.specs import FieldSpec, Kind
from duban.forms.below import Source, with_likely_fields
from duban.forms.comparing import Turn, changes
from duban.forms.designs import Design, below_chosen, blank, change, option_codes, posted_design, settled
from duban.forms.reading import design_of, read_design
from duban.forms.taken import taken_by


def design(*fields: dict[str, Any], checks: tuple[dict[str, Any], ...] = ()) -> Design:
    return settled({"fields": [dict(field) for field in fields], "checks": [dict(check) for check in checks]})


FOUND = {"label": "发现隐患", "kind": "integer", "required": True, "minimum": "0"}
FIXED = {"label": "已整改", "kind": "integer", "minimum": "0"}
WORKS = {"label": "危大工程", "kind": "choice", "options": "无\n深基坑 | Deep pit\n隧道"}
CASES = {
    "label": "重点隐患",
    "kind": "table",
    "columns": [
        {"label": "地点", "kind": "text"},
        {"label": "数量", "kind": "integer"},
        {"label": "单价", "kind": "money"},
        {"label": "金额", "kind": "computed", "formula": "【数量】 * 【单价】"},
    ],
}


class TestButtons:
    @pytest.mark.parametrize("kind", list(Kind))
    def test_every_kind_can_be_added(self, kind: Kind) -> None:
        changed, at = change(blank(), f"add:{kind.value}")
        assert at == "fields.0"
        assert changed["fields"][0]["kind"] == kind.value

    def test_moves_copies_and_removes(self) -> None:
        start = design(FOUND, FIXED, WORKS)
        moved, at = change(start, "down:fields.0")
        assert [row["label"] for row in moved["fields"]] == ["已整改", "发现隐患", "危大工程"]
        assert at == "fields.1"
        twice, at = change(moved, "copy:fields.1")
        assert len({row["key"] for row in twice["fields"]}) == 4
        less, _ = change(twice, "remove:fields.0")
        assert [row["label"] for row in less["fields"]] == ["发现隐患", "发现隐患", "危大工程"]

    def test_columns_are_changed_like_fields(self) -> None:
        start = design(CASES)
        added, at = change(start, "add:date:fields.0")
        assert at == "fields.0.columns.4"
        moved, at = change(added, "up:fields.0.columns.4")
        assert [column["kind"] for column in moved["fields"][0]["columns"]][3] == "date"
        assert at == "fields.0.columns.3"

    @pytest.mark.parametrize(
        "act",
        [
            "",
            "add",
            "add:x",
            "add:table:fields.0",
            "up:fields.9",
            "up:x",
            "remove:fields.0.columns.0.x",
            "burn:fields.0",
            "check:x",
        ],
    )
    def test_an_act_nobody_offered_changes_nothing(self, act: str) -> None:
        start = design(CASES)
        assert change(start, act) == (start, "")


class TestPosted:
    def test_rows_are_taken_in_their_order_and_strange_names_left(self) -> None:
        form = MultiDict(
            [
                ("fields.3.label", "乙"), ("fields.1.label", "甲"), ("fields.1.required", "1"), ("fields.1.evil", "x"),
                ("fields.1.columns.2.label", "列"), ("checks.0.kind", "breakdown"), ("checks.0.parts", "f1"), ("checks.0.parts", "f2"),
                ("fields.9999.label", "x"), ("title", "表"),
            ]
        )  # fmt: skip
        found = posted_design(form)
        assert [row["label"] for row in found["fields"]] == ["甲", "乙"]
        assert found["fields"][0] == {"label": "甲", "required": True, "columns": [{"label": "列"}]}
        assert found["checks"] == [{"kind": "breakdown", "parts": ["f1", "f2"]}]


class TestLastingCodes:
    def test_an_option_keeps_its_code_when_moved_or_renamed(self) -> None:
        before = design(WORKS)
        row = before["fields"][0]
        assert option_codes(row) == {"无": "o1", "深基坑": "o2", "隧道": "o3"}
        row["options"] = "隧道\n深基坑\n无"
        assert option_codes(settled(before)["fields"][0]) == {"隧道": "o3", "深基坑": "o2", "无": "o1"}
        row["options"] = "隧道\n深基坑工程\n无"
        again = settled(settled(before))
        assert option_codes(again["fields"][0])["深基坑工程"] == "o2"
        row["options"] = "高墩\n隧道\n深基坑\n无"
        assert option_codes(settled(before)["fields"][0])["高墩"] == "o4"

    def test_formulas_follow_a_renamed_field(self) -> None:
        share = {"label": "整改率", "kind": "computed", "formula": "【已整改】 / 【发现隐患】 * 100", "unit": "%"}
        start = design(FOUND, FIXED, share)
        start["fields"][1]["label"] = "整改完成"
        after = settled(start)
        assert after["fields"][2]["formula"] == "【整改完成】 / 【发现隐患】 * 100"
        assert read_design(after).is_sound


class TestReading:
    def test_a_whole_form(self) -> None:
        rows = design(
            FOUND,
            FIXED,
            WORKS,
            CASES,
            {"label": "整改率", "kind": "computed", "formula": "【已整改】 / 【发现隐患】 * 100", "unit": "%"},
            {"label": "责任人", "kind": "text"},
            checks=(
                {"kind": "compare", "left_pick": "f2", "op": "<=", "right_pick": "f1", "blocking": True},
                {"kind": "breakdown", "total": "f1", "parts": ["f1", "f2", "sum(f4.f2)"], "blocking": False},
                {"kind": "required_if", "key": "f6", "when_field": "f3", "when_op": "=", "when_value": "深基坑"},
                {"kind": "required_if", "key": "f6", "when": "【发现隐患】 > 0 and 【危大工程】 = “隧道”"},
            ),
        )
        read = read_design(rows)
        assert read.problems == {}
        form = read.form
        assert [spec.kind.value for spec in form.fields] == ["integer", "integer", "choice", "table", "computed", "text"]
        assert form.fields[4].formula == "f2 / f1 * 100"
        assert form.fields[3].columns[3].formula == "f2 * f3"
        compare, breakdown, required, worded = form.checks
        assert isinstance(compare, Compare)
        assert (compare.left, compare.op, compare.right) == ("f2", "<=", "f1")
        assert isinstance(breakdown, Breakdown)
        assert (breakdown.parts, breakdown.blocking) == (("f2", "sum(f4.f2)"), False)
        assert isinstance(required, RequiredIf)
        assert required.when == 'f3 = "o2"'
        assert isinstance(worded, RequiredIf)
        assert worded.when == 'f1 > 0 and f3 = "o3"'

    def test_designing_it_again_gives_it_again(self) -> None:
        rows = design(
            FOUND, FIXED, WORKS, CASES, {"label": "率", "kind": "computed", "formula": "【已整改】 / sum(【重点隐患.数量】)"}
        )
        form = read_design(rows).form
        assert len(form.fields) == 5
        assert read_design(design_of(form)).form == form

    @pytest.mark.parametrize(
        ("row", "box"),
        [
            ({"label": "", "kind": "text"}, "fields.1.label"),
            ({"label": "发现隐患", "kind": "text"}, "fields.1.label"),
            ({"label": "甲", "kind": "choice", "options": ""}, "fields.1.options"),
            ({"label": "甲", "kind": "choice", "options": "一\n一"}, "fields.1.options"),
            ({"label": "甲", "kind": "integer", "minimum": "5", "maximum": "３"}, "fields.1.maximum"),
            ({"label": "甲", "kind": "integer", "minimum": "五"}, "fields.1.minimum"),
            ({"label": "甲", "kind": "decimal", "places": "九"}, "fields.1.places"),
            ({"label": "甲", "kind": "money", "unit": "美元"}, "fields.1.unit"),
            ({"label": "甲", "kind": "integer", "flag_percent": "0"}, "fields.1.flag_percent"),
            ({"label": "甲", "kind": "integer", "operator": "ratio"}, "fields.1.numerator"),
            ({"label": "甲", "kind": "integer", "from_below": "不是"}, "fields.1.from_below"),
            ({"label": "甲", "kind": "computed", "formula": ""}, "fields.1.formula"),
            ({"label": "甲", "kind": "computed", "formula": "【没有】 + 1"}, "fields.1.formula"),
            ({"label": "甲", "kind": "computed", "formula": "【发现隐患】 + ("}, "fields.1.formula"),
            ({"label": "甲", "kind": "computed", "formula": "【甲】 + 1"}, "fields.1.formula"),
            ({"label": "甲", "kind": "table", "columns": []}, "fields.1.columns"),
            ({"label": "甲", "kind": "table", "columns": [{"label": "", "kind": "text"}]}, "fields.1.columns.0.label"),
            ({"label": "甲", "kind": "table", "columns": [{"label": "附", "kind": "attachment"}]}, "fields.1.columns.0.kind"),
            ({"label": "甲", "kind": "nonsense"}, "fields.1.kind"),
        ],
    )
    def test_says_what_is_wrong_at_its_box_and_shows_the_rest(self, row: dict[str, Any], box: str) -> None:
        read = read_design(design(FOUND, row))
        assert box in read.problems
        assert read.form.fields[0].label == "发现隐患"

    @pytest.mark.parametrize(
        ("check", "box"),
        [
            ({"kind": "breakdown", "parts": ["f2"]}, "checks.0.total"),
            ({"kind": "breakdown", "total": "f1", "parts": ["f1"]}, "checks.0.parts"),
            ({"kind": "compare", "left_pick": "f1", "op": "~", "right": "3"}, "checks.0.op"),
            ({"kind": "compare", "left_pick": "f1", "op": "=", "right": "【没有】"}, "checks.0.right"),
            ({"kind": "required_if", "key": "f9", "when": "f1 > 0"}, "checks.0.key"),
            (
                {"kind": "required_if", "key": "f2", "when_field": "f1", "when_op": ">", "when_value": "很多"},
                "checks.0.when_value",
            ),
            ({"kind": "required_if", "key": "f2"}, "checks.0.when"),
            ({"kind": "x"}, "checks.0.kind"),
        ],
    )
    def test_checks_too(self, check: dict[str, Any], box: str) -> None:
        assert box in read_design(design(FOUND, FIXED, checks=(check,))).problems


class TestComparing:
    def test_says_what_came_went_changed_and_moved(self) -> None:
        before = form_from_json({"fields": [
            {"key": "a", "label": "甲", "kind": "text"}, {"key": "b", "label": "乙", "kind": "integer", "unit": "项"},
            {"key": "c", "label": "丙", "kind": "text"}, {"key": "d", "label": "丁", "kind": "text"},
        ]})  # fmt: skip
        after = form_from_json({"fields": [
            {"key": "d", "label": "丁", "kind": "text"}, {"key": "b", "label": "乙", "kind": "integer", "unit": "个"},
            {"key": "a", "label": "甲", "kind": "text"}, {"key": "e", "label": "戊", "kind": "text"},
        ], "checks": [{"kind": "required_if", "code": "c1", "key": "a", "when": "b > 0"}]})  # fmt: skip
        found = {(change.turn, str(change.name)) for change in changes(before, after)}
        assert (Turn.ADDED, "戊") in found
        assert (Turn.GONE, "丙") in found
        assert (Turn.CHANGED, "乙") in found
        assert {turn for turn, name in found if name in {"甲", "丁"}} == {Turn.MOVED}
        (unit,) = next(change for change in changes(before, after) if change.turn is Turn.CHANGED).differences
        assert (str(unit.before), str(unit.after)) == ("项", "个")
        assert changes(before, before) == []


def test_a_source_below_is_chosen_apart_and_brings_the_field_of_the_same_name() -> None:
    found = FieldSpec("hazards", "发现隐患数", Kind.INTEGER)
    offered = [Source("village", "村月报", "", "某村", (FieldSpec("places", "检查场所数", Kind.INTEGER), found))]
    typed = {"fields": [{"key": "f1", "label": "发现隐患数", "kind": "integer", "from_below": "village"}], "checks": []}

    made = with_likely_fields(typed, offered)

    assert below_chosen(made["fields"][0]) == ("village", "hazards")
    assert read_design(made).form.fields[0].from_below == "village.hazards"
    assert below_chosen({"from_below": "village.hazards"}) == ("village", "hazards"), "as an older page wrote it"
    other = {"fields": [typed["fields"][0] | {"label": "别的"}], "checks": []}
    assert "fields.0.from_below" in read_design(with_likely_fields(other, offered)).problems, "which number is still to be said"


class TestCodesAreNeverGivenAgain:
    def test_the_key_of_a_deleted_field_is_not_given_to_a_new_one(self) -> None:
        before = design(
            FOUND, FIXED, WORKS, CASES, checks=({"kind": "compare", "left_pick": "f2", "op": "<=", "right_pick": "f1"},)
        )
        taken = taken_by([form_to_json(read_design(before).form)], blank())
        for act, name in (("fields.3", "fields"), ("checks.0", "checks")):
            fewer, _ = change(before, f"remove:{act}", taken)
            more, _ = change(fewer, "add:integer" if name == "fields" else "check:compare", taken)
            assert not _codes_of(more[name]) - _codes_of(fewer[name]) & _codes_of(before[name])
        fewer, _ = change(before, "remove:fields.3.columns.3", taken)
        for act in ("add:text:fields.3", "copy:fields.3.columns.0"):
            more, _ = change(fewer, act, taken)
            assert _codes_of(more["fields"][3]["columns"]) == {"f1", "f2", "f3", "f5"}
        fewer, _ = change(before, "remove:fields.3", taken)
        assert _codes_of(change(fewer, "copy:fields.0", taken)[0]["fields"]) == {"f1", "f2", "f3", "f5"}
        assert _codes_of(settled({"fields": [{"label": "新"}], "checks": []}, taken)["fields"]) == {"f5"}

    def test_a_new_option_gets_a_code_no_version_had(self) -> None:
        before = design(WORKS)
        taken = taken_by([form_to_json(read_design(before).form)], before)
        fewer = settled({"fields": [before["fields"][0] | {"options": "无\n深基坑"}], "checks": []}, taken)
        more = settled({"fields": [fewer["fields"][0] | {"options": "无\n深基坑\n桥梁"}], "checks": []}, taken)
        assert option_codes(more["fields"][0])["桥梁"] == "o4"

    def test_one_deleted_and_one_added_are_told_as_such(self) -> None:
        before = design(FOUND, FIXED)
        form = read_design(before).form
        taken = taken_by([form_to_json(form)], before)
        after, at = change(change(before, "remove:fields.1", taken)[0], "add:integer", taken)
        after["fields"][int(at[-1])]["label"] = "其中：企业"
        assert [one.turn for one in changes(form, read_design(settled(after, taken)).form)] == [Turn.ADDED, Turn.GONE]


def _codes_of(rows: list[dict[str, Any]]) -> set[str]:
    return {str(row.get("key") or row.get("code")) for row in rows}
