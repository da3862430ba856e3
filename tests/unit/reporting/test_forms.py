"""A requirement as written: round trip, and every mistake named."""

from typing import Any

import pytest

from duban.fields.specs import spec_to_json
from duban.kernel.errors import InvalidInputError
from duban.reporting.forms import as_data, for_unit, requirement_form, targets_from_json

GOOD: dict[str, Any] = {
    "title": "季度工作总结",
    "targets": {"scope": "children", "levels": ["village"]},
    "due": {"kind": "from_end", "every": "quarter", "count": 2, "side": "before"},
    "active_from": "2011-04-30",
    "active_until": "2012-01-20",
}


def wrong(**changes: Any) -> set[str]:
    with pytest.raises(InvalidInputError) as caught:
        requirement_form({**GOOD, **changes})
    assert all(str(text) and "%(" not in str(text) for texts in caught.value.fields.values() for text in texts)
    return set(caught.value.fields)


def test_the_least_that_is_needed() -> None:
    form = requirement_form(GOOD)
    assert (form.missing_after_days, form.correction_days, form.nil_allowed, form.specs) == (10, None, False, ())
    assert for_unit(form, unit_name="城北街道").recipient == "城北街道"


def test_round_trip() -> None:
    full = {
        **GOOD,
        "recipient": "街道安委会办公室",
        "fields": [{"key": "done", "label": "完成情况", "kind": "long_text", "required": True}],
        "preconditions": ["contacts_named"],
        "late_model": "per_day",
        "late_points": "0.25",
        "correction_days": "5",
        "nil_allowed": "on",
        "attachments_required": True,
    }
    form = requirement_form(full)
    again = as_data(form) | {"fields": [spec_to_json(spec) for spec in form.specs]}
    assert requirement_form(again) == form
    assert targets_from_json(form.targets.to_json()) == form.targets


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": " "}, {"title"}),
        ({"title": "长" * 101}, {"title"}),
        ({"title": "零\x00"}, {"title"}),
        ({"due": None}, {"due.kind"}),
        ({"due": {"kind": "nth_day", "every": "month", "nth": 40, "which": "next"}}, {"due.nth"}),
        ({"active_from": ""}, {"active_from"}),
        ({"active_from": "四月底"}, {"active_from"}),
        ({"active_until": ""}, {"active_until"}),
        ({"active_until": "2011-01-01"}, {"active_until"}),
        ({"targets": {"scope": "all"}}, {"targets.scope"}),
        ({"targets": {"scope": "listed"}}, {"targets.unit_ids"}),
        ({"targets": {"scope": "listed", "unit_ids": ["x"]}}, {"targets.unit_ids"}),
        ({"late_points": "-1"}, {"late_points"}),
        ({"late_points": "NaN"}, {"late_points"}),
        ({"late_points": "1e9"}, {"late_points"}),
        ({"missing_after_days": "十"}, {"missing_after_days"}),
        ({"missing_after_days": "九"}, {"missing_after_days"}),
        ({"correction_days": "-1"}, {"correction_days"}),
        ({"late_model": "weekly"}, {"late_model"}),
        ({"programme_id": "12"}, {"programme_id"}),
        ({"fields": [{"key": "a", "label": "", "kind": "text"}]}, {"fields.0.label"}),
        ({"fields": [{"key": "a", "label": "甲", "kind": "choice"}]}, {"fields.0.options"}),
        ({"fields": "none"}, {"fields"}),
        ({"title": "", "active_from": "", "due": {}}, {"title", "active_from", "due.kind"}),
    ],
)
def test_names_what_is_wrong(changes: dict[str, Any], fields: set[str]) -> None:
    assert wrong(**changes) == fields


def test_a_fixed_date_needs_no_last_day() -> None:
    form = requirement_form({**GOOD, "due": {"kind": "fixed", "on": "2011-05-20"}, "active_until": ""})
    assert form.campaign.end is None


@pytest.mark.parametrize("written", ["80", "80%", "８０％", " 80 % "])
def test_a_share_is_read_with_its_sign(written: str) -> None:
    waiting = {"waits_below": "block", "quorum_kind": "percent"}
    assert requirement_form({**GOOD, **waiting, "quorum": written}).quorum.count == 80
    assert wrong(**waiting, quorum="101%") == {"quorum"}
    assert wrong(**waiting | {"quorum_kind": "number"}, quorum="80%") == {"quorum"}


def test_a_month_that_is_no_choice_is_said_so() -> None:
    with pytest.raises(InvalidInputError) as caught:
        requirement_form({**GOOD, "due": {"kind": "nth_day", "every": "month", "nth": "5", "which": "same", "month": "２"}})
    assert [str(text) for text in caught.value.fields["due.month"]] == ["每月报送时不用填第几个月，请留空。"]
