"""A scheme that cannot work is refused with the field it fails at."""

import copy
from typing import Any

import pytest

from duban.assessments.rules.scheme_loader import SchemeError, load
from tests.unit.assessments.example_a import street_scheme, unit_scheme


def street() -> dict[str, Any]:
    return copy.deepcopy(street_scheme(quota={"grade": "excellent", "otherwise": "good", "basis": "top", "number": 2}).to_json())


def set_at(data: Any, path: list, value: object) -> None:
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value


@pytest.mark.parametrize("scheme", [street_scheme(), unit_scheme()])
def test_reads_what_it_writes(scheme):
    assert load(scheme.to_json()) == scheme
    assert load(scheme.to_json()).digest == scheme.digest


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (["items", 0, "rules", 0, "each"], 0.5, "items[0].rules[0].each"),
        (["items", 0, "rules", 0, "each"], "half", "items[0].rules[0].each"),
        (["items", 0, "rules", 0, "each"], "NaN", "items[0].rules[0].each"),
        (["items", 0, "rules", 0, "each"], "-1", "items[0].rules[0].each"),
        (["items", 0, "rules", 0, "each"], True, "items[0].rules[0].each"),
        (["items", 0, "rules", 0, "per"], "week", "items[0].rules[0].per"),
        (["items", 0, "rules", 0, "weight"], "1", "items[0].rules[0].weight"),
        (["items", 0, "rules"], "late", "items[0].rules"),
        (["items", 0, "rules"], [], "items[0].rules"),
        (["items", 0, "name", "en"], "", "items[0].name.en"),
        (["items", 0, "points"], "54", "items"),
        (["items", 0, "points"], "0", "items[0].points"),
        (["items", 0, "points"], "1.0000001", "items[0].points"),
        (["items", 0, "cap"], "5", "items[0].cap"),
        (["items", 1, "measure"], None, "items[1].measure"),
        (["items", 1, "kind"], "magic", "items[1].kind"),
        (["items", 3, "measure"], "deaths", "items[3].measure"),
        (["items", 4, "points"], "5", "items[4].points"),
        (["items", 3, "rules"], [{"code": "x", "name": {"zh": "x", "en": "x"}, "fact": "x", "each": 1}], "items[3].rules"),
        (["items", 1, "code"], "basic", "items"),
        (["grades", 1, "minimum"], "95", "grades[1].minimum"),
        (["grades", 3, "minimum"], "10", "grades[3].minimum"),
        (["grades", 3, "inclusive"], False, "grades[3].minimum"),
        (["grades", 3, "inclusive"], "no", "grades[3].inclusive"),
        (["grades"], [], "grades"),
        (["veto_grade"], "bad", "veto_grade"),
        (["quota", "otherwise"], "bad", "quota.otherwise"),
        (["quota", "number"], 0, "quota.number"),
        (["vetoes", 0, "measure"], None, "vetoes[0].measure"),
        (["vetoes", 0, "threshold"], "1", "vetoes[0].threshold"),
        (["vetoes", 1, "threshold"], None, "vetoes[1].threshold"),
        (["roll_up", "weights", 0, "weight"], "0.4", "roll_up.weights"),
        (["roll_up", "treatment"], "forget", "roll_up.treatment"),
        (["rounding", "decimals"], -1, "rounding.decimals"),
        (["rounding", "decimals"], "2", "rounding.decimals"),
        (["ties"], {"policy": "break"}, "ties.by"),
        (["ties"], {"policy": "keep", "by": [{"fact": "late"}]}, "ties.by"),
        (["cap"], "-1", "cap"),
        (["version"], "one", "version"),
        (["colour"], "red", "colour"),
        (["effects", "promotion_months"], -1, "effects.promotion_months"),
    ],
)
def test_names_the_field(path, value, field):
    data = street()
    set_at(data, path, value)

    with pytest.raises(SchemeError) as refusal:
        load(data)

    assert refusal.value.field == field
    assert str(refusal.value.text)


@pytest.mark.parametrize("data", [None, [], "scheme", 3])
def test_refuses_what_is_no_scheme_at_all(data):
    with pytest.raises(SchemeError):
        load(data)
