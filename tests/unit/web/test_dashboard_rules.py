"""Which workbench somebody gets, and the leader's sums."""

from decimal import Decimal

import pytest

from duban.dashboards.rules import Abilities, Counted, Face, add_up, face_of, ranked, rates_until, unmet_until, worst

ROWS = [
    Counted("a.b.", 1, "on_time", 3, 0),
    Counted("a.b.", 2, "late", 1, 1),
    Counted("a.c.", 1, "on_time", 1, 0),
    Counted("a.c.", 2, "overdue", 2, 0),
    Counted("a.c.", 2, "missing", 1, 0),
    Counted("a.d.", 3, "pending", 5, 0),
]


@pytest.mark.parametrize(
    ("abilities", "face"),
    [
        (Abilities(writes=True, reviews=True, urges=True, scores=True, sees_below=True), Face.OFFICER),
        (Abilities(scores=True, sees_below=True), Face.EVALUATOR),
        (Abilities(signs=True, sees_below=True), Face.LEADER),
        (Abilities(writes=True), Face.CLERK),
        (Abilities(signs=True), Face.CLERK),
        (Abilities(keeps_units=True), Face.ADMINISTRATOR),
        (Abilities(), Face.PLAIN),
    ],
)
def test_the_workbench_follows_from_what_one_may_do(abilities, face):
    assert face_of(abilities) is face


def test_sums_by_branch_and_month():
    overview = add_up(ROWS)
    assert (overview.total.judged, overview.total.pending, overview.total.unmet, overview.total.waiting) == (8, 5, 3, 1)
    assert overview.total.rate == Decimal("0.5")
    assert overview.by_branch["a.c."].unmet == 3
    assert overview.by_branch["a.d."].rate is None


def test_the_rate_runs_over_the_year_so_far():
    assert rates_until(add_up(ROWS), 3) == [Decimal("100.0"), Decimal("50.0"), Decimal("50.0")]
    assert rates_until(add_up([Counted("x.", 3, "on_time", 1, 0)]), 4) == [Decimal("100.0"), Decimal("100.0")]
    assert rates_until(add_up([]), 12) == []


def test_unmet_by_month():
    assert unmet_until(add_up(ROWS), 3) == [0, 3, 0]


def test_ranking_leaves_out_what_is_not_judged_and_lets_equals_share_a_place():
    rows = [*ROWS, Counted("a.e.", 1, "on_time", 6, 0), Counted("a.e.", 1, "late", 2, 0)]
    assert [(place, branch) for place, branch, _sums in ranked(add_up(rows).by_branch)] == [(1, "a.b."), (1, "a.e."), (3, "a.c.")]


def test_the_worst_are_those_with_something_unmet_or_late():
    assert [branch for branch, _sums in worst(add_up(ROWS).by_branch)] == ["a.c.", "a.b."]
    assert worst(add_up([Counted("x.", 1, "on_time", 9, 0)]).by_branch) == []
