"""Paths: order, bounds, ancestors; malformed ones are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.access.relations import relation
from duban.tree import paths

LABELS = st.text(alphabet="0123456789abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=3)
PATHS = st.lists(LABELS, min_size=1, max_size=5).map(lambda labels: ".".join(labels) + ".")


@given(PATHS, PATHS)
def test_the_half_open_range_is_exactly_the_subtree(one: str, two: str) -> None:
    assert (one <= two < paths.upper_bound(one)) == two.startswith(one)


@given(PATHS)
def test_ancestors_are_the_proper_prefixes(path: str) -> None:
    above = paths.ancestors(path)
    assert len(above) == paths.depth(path) - 1
    assert all(path.startswith(one) and relation(path, one) == "anc" for one in above)


def test_labels_of_running_numbers_never_repeat_and_keep_their_order() -> None:
    labels = [paths.label(number) for number in range(50_000)]
    assert len(set(labels)) == len(labels)
    assert labels == sorted(labels)


@pytest.mark.parametrize("bad", ["", ".", "a", "a..", "A.", "a.b", "a.%.", "甲."])
def test_malformed_paths_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        paths.check_path(bad)


def test_nobody_descends_from_or_is_above_the_empty_path() -> None:
    assert relation("a.", "") == "other"
