"""Example D of domain.md: figures as people report them, to the digit."""

from decimal import Decimal
from typing import Any

import pytest

from duban.fields.answers import Reading, read_form
from duban.fields.forms import FormSpec, form_from_json, form_to_json
from duban.fields.quantities import Qualifier, Quantity
from duban.fields.totals import total_of
from duban.fields.values import as_shown

RENTAL = {
    "no_fire": 469,
    "illegal": 42,
    "extended": 315,
    "divided": 387,
    "fire": 276,
    "flammable": 103,
    "chemical": 3,
    "mixed": 233,
}
SHARES = ["25.66", "2.30", "17.23", "21.17", "15.10", "5.63", "0.16", "12.75"]


def rental_form() -> FormSpec:
    fields: list[dict[str, Any]] = [{"key": "total", "label": "隐患总数", "kind": "integer", "unit": "项", "required": True}]
    fields += [{"key": key, "label": key, "kind": "integer"} for key in RENTAL]
    fields += [
        {"key": f"{key}_share", "label": key, "kind": "computed", "unit": "%", "formula": f"{key} / total * 100"}
        for key in RENTAL
    ]
    return form_from_json(
        {"fields": fields, "checks": [{"kind": "breakdown", "code": "all", "total": "total", "parts": [*RENTAL]}]}
    )


def test_eight_categories_are_1828_and_have_these_shares() -> None:
    reading = read_form(rental_form(), {"total": "1,828"} | {key: str(number) for key, number in RENTAL.items()})
    assert reading.is_sound
    assert [str(reading.computed[f"{key}_share"]) for key in RENTAL] == SHARES


@pytest.mark.parametrize(("misread", "added", "difference"), [("3", "1,516", "312"), ("15", "1,528", "300")])
def test_315_read_as_3_or_15_is_a_breakdown_error_with_both_sums_and_the_difference(
    misread: str, added: str, difference: str
) -> None:
    typed = {"total": "1828"} | {key: str(number) for key, number in RENTAL.items()} | {"extended": misread}
    problem = read_form(rental_form(), typed).problems["total"]
    assert str(problem) == f"各分项合计为 {added}，总数为 1,828，相差 {difference}"


def test_the_difference_to_a_total_above_something_is_above_something_too() -> None:
    """Found by a reader: 70 of >1,200 is said to differ by >1,130, not by 1,130."""
    parts = [{"key": key, "label": key, "kind": "integer"} for key in ("open", "closed")]
    total = {"key": "total", "label": "总数", "kind": "integer", "qualifiers": True}
    check = {"kind": "breakdown", "code": "all", "total": "total", "parts": ["open", "closed"]}
    form = form_from_json({"fields": [total, *parts], "checks": [check]})
    problem = read_form(form, {"total": ">1,200", "open": "40", "closed": "30"}).problems["total"]
    assert str(problem) == "各分项合计为 70，总数为 >1,200，相差 >1,130"


QUARTER = form_from_json(
    {
        "fields": [
            {"key": "inspections", "label": "检查次数", "kind": "integer", "roll_up": {"operator": "sum"}},
            {"key": "people", "label": "人次", "kind": "integer"},
            {"key": "units", "label": "单位", "kind": "integer"},
            {
                "key": "hazards",
                "label": "隐患",
                "kind": "integer",
                "unit": "项",
                "qualifiers": True,
                "roll_up": {"operator": "sum"},
            },
            {"key": "documents", "label": "文书", "kind": "integer"},
            {"key": "corrections", "label": "责令改正", "kind": "integer"},
            {"key": "opinions", "label": "监督意见", "kind": "integer"},
            {"key": "other", "label": "其他", "kind": "integer"},
            {"key": "people_each", "label": "每次人数", "kind": "computed", "formula": "people / inspections"},
            {"key": "units_each", "label": "每次单位", "kind": "computed", "formula": "units / inspections"},
            {"key": "per_unit", "label": "每单位隐患", "kind": "computed", "formula": "hazards / units"},
        ],
        "checks": [{"kind": "breakdown", "code": "papers", "total": "documents", "parts": ["corrections", "opinions", "other"]}],
    }
)
FIRST_QUARTER = {
    "inspections": "45", "people": "526", "units": "320", "hazards": ">750",
    "documents": "78", "corrections": "16", "opinions": "25", "other": "37",
}  # fmt: skip


def quarter(**changed: str) -> Reading:
    return read_form(QUARTER, FIRST_QUARTER | changed)


def test_the_quarter_and_what_is_derived_from_it() -> None:
    reading = quarter()
    assert reading.is_sound
    assert reading.values["hazards"] == Quantity(Decimal(750), Qualifier.MORE)
    assert [as_shown(spec, reading.computed[spec.key]) for spec in QUARTER.fields[-3:]] == ["11.69", "7.11", "≥2.34"]


def test_78_documents_need_all_three_parts() -> None:
    assert str(quarter(other="").problems["documents"]) == "各分项合计为 41，总数为 78，相差 37；还有 1 个分项没有填"


@pytest.mark.parametrize("written", [">750", "＞750", "＞７５０", "超过750项", "750余", "750余项", "750多项", "大于 750"])
def test_more_than_750_survives_addition(written: str) -> None:
    rows = [quarter(hazards=written).values, quarter(hazards="12").values]
    total = total_of(QUARTER.fields[3], rows)
    assert as_shown(QUARTER.fields[3], total) == ">762 项"


def test_letters_8_18_24_are_50() -> None:
    fields = [{"key": key, "label": key, "kind": "integer"} for key in ("letters", "a", "b", "c")]
    check = {"kind": "breakdown", "code": "letters_add_up", "total": "letters", "parts": ["a", "b", "c"]}
    form = form_from_json({"fields": fields, "checks": [check]})
    assert read_form(form, {"letters": "50", "a": "8", "b": "18", "c": "24"}).is_sound
    assert not read_form(form, {"letters": "50", "a": "8", "b": "18", "c": "23"}).is_sound


def test_forms_go_to_json_and_back() -> None:
    for form in (QUARTER, rental_form()):
        assert form_from_json(form_to_json(form)) == form
