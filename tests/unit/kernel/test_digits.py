"""Whole numbers typed with a Chinese input method."""

import pytest

from duban.calendar.rule_json import due_rule_from_json
from duban.kernel.digits import plain_digits, whole
from duban.kernel.errors import InvalidInputError
from duban.reporting.forms import requirement_form
from duban.web.amounts import gigabytes, whole_number
from tests.integration.reporting import requirements as given

NUMBERS = ("opens_days", "late_until_days", "grace_days", "missing_after_days", "correction_days")


@pytest.mark.parametrize(
    ("typed", "number"),
    [("１２", 12), (" 3　", 3), ("0", 0), ("", None), ("²", None), ("一", None), ("－1", None), ("1" * 10, None)],
)
def test_whole(typed: str, number: int | None) -> None:
    assert whole(typed) == number


def test_signs_and_letters() -> None:
    assert plain_digits("２０２７－０１－０１，ａ") == "2027-01-01,a"


@pytest.mark.parametrize("name", NUMBERS)
def test_an_officers_form_takes_them(name: str) -> None:
    beside = {"grace_days": {"late_until_days": "９"}, "opens_days": {"opens": "before_due"}}.get(name, {})
    assert getattr(requirement_form(given.data(**{**beside, name: "１"})), name) == 1


def test_what_cannot_apply_is_left_whatever_is_typed_there() -> None:
    form = requirement_form(given.data(opens="always", opens_days="-3", waits_below="no", quorum_kind="percent", quorum="abc"))
    assert (form.opens_days, form.quorum.count) == (0, 0)


def test_an_officers_form_takes_points_and_quorums() -> None:
    form = requirement_form(
        given.data(late_points="０．５", review_mode="by_level", waits_below="block", quorum_kind="percent", quorum="８０")
    )
    assert (str(form.penalty.points), form.quorum.count) == ("0.5", 80)


def test_so_do_rules_ladders_and_limits() -> None:
    rule = {"kind": "nth_day", "every": "month", "nth": "２５", "which": "same"}
    assert due_rule_from_json(rule) == due_rule_from_json({**rule, "nth": 25})
    with pytest.raises(InvalidInputError):
        due_rule_from_json({**rule, "nth": "二十五"})
    assert (whole_number("limit", "５０"), gigabytes("size", "１")) == (50, 1024**3)
