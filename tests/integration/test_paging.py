"""Pages of long lists: complete, without doubles, and unmoved by hostile cursors."""

import base64
import json

import pytest

from duban.kernel.errors import InvalidInputError
from duban.kernel.paging import page_of
from duban.kernel.scope import owned
from duban.tree.models import Unit
from tests.cast import World


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_pages_join_to_the_whole_list_in_order(world: World, limit: int, newest_first: bool) -> None:
    with world.as_("cora") as scope:
        names, after = [], None
        while True:
            page = page_of(scope, owned(scope, Unit), [Unit.level, Unit.id], after=after, limit=limit, newest_first=newest_first)
            names += [(unit.level, unit.id) for unit in page.items]
            after = page.next
            if after is None:
                break
    assert names == sorted(names, reverse=newest_first)
    assert len(set(names)) == 7


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


@pytest.mark.parametrize(
    "forged",
    ["x", "中文", "=" * 50, "A" * 5000, cursor(), cursor("a"), cursor("a", "b"), cursor("a", "b", "c"), cursor("a\x00", "018f0000-0000-7000-8000-000000000000"), cursor("\ud800", "018f0000-0000-7000-8000-000000000000"), cursor(["a"], {"b": 1}), base64.urlsafe_b64encode(b"[" * 900).decode(), base64.urlsafe_b64encode(b"3").decode()],
)  # fmt: skip
def test_a_forged_cursor_is_refused_or_only_moves_the_start(world: World, forged: str) -> None:
    with world.as_("cora") as scope:
        try:
            page = page_of(scope, owned(scope, Unit), [Unit.level, Unit.id], after=forged)
        except InvalidInputError:
            return
    assert len(page.items) <= 7
