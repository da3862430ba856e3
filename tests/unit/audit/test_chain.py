"""The hash sees every change of every field, and no two rows look alike."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.audit.chain import GENESIS, digest

ROW = {
    "previous": GENESIS, "tenant_id": UUID(int=1), "seq": 1, "at": datetime(2026, 3, 1, tzinfo=UTC), "actor_id": UUID(int=2),
    "actor_name": "魏文书", "act": "submission.accepted", "subject_kind": "submission", "subject_id": UUID(int=3), "unit_path": "1a.1b.",
    "details": {"late_days": 1},
}  # fmt: skip
OTHER = {
    "previous": "sha256:" + "1" * 64, "tenant_id": UUID(int=9), "seq": 2, "at": datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC), "actor_id": None,
    "actor_name": "魏文書", "act": "submission.returned", "subject_kind": "duty", "subject_id": UUID(int=4), "unit_path": None,
    "details": {"late_days": "1"},
}  # fmt: skip


@pytest.mark.parametrize("field", ROW)
def test_every_field_counts(field: str) -> None:
    assert digest(**ROW) != digest(**(ROW | {field: OTHER[field]}))


@given(left=st.text(), right=st.text(), moved=st.text(min_size=1))
def test_moving_text_between_fields_is_seen(left: str, right: str, moved: str) -> None:
    one = digest(**(ROW | {"actor_name": left + moved, "act": right}))
    two = digest(**(ROW | {"actor_name": left, "act": moved + right}))
    assert one != two


def test_names_its_algorithm_and_does_not_depend_on_the_order_of_keys() -> None:
    assert digest(**(ROW | {"details": {"a": 1, "b": 2}})) == digest(**(ROW | {"details": {"b": 2, "a": 1}}))
    assert digest(**ROW).startswith("sha256:")
