"""A matter's request for more time that nobody decided lapses; it was called refused, though nobody had refused it."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import open_to_owner

revision = "0048_lapsed"
down_revision = "0047_ladder_of_dispatches"

STATE = "ck_matter_extension_state"
STATES = "state IN ('asked', 'passed_on', 'granted', 'refused'"
WORDS = {
    "已报告办结，延期申请自动终止。": "已报告办结，不再需要延期。",
    "督办事项已撤销，延期申请自动终止。": "督办事项已撤销，不再需要延期。",
}
"""What was written where the program itself ended a request, and what is written now."""
ENDED = sa.text(
    "UPDATE matter_extension SET state = 'lapsed', decided_words = :after"
    " WHERE state = 'refused' AND decided_by IS NULL AND decided_words = :before"
)


def upgrade() -> None:
    _replace(f"{STATES}, 'lapsed')")
    with open_to_owner("matter_extension"):
        for before, after in WORDS.items():
            op.get_bind().execute(ENDED, {"before": before, "after": after})


def downgrade() -> None:
    with open_to_owner("matter_extension"):
        op.execute("UPDATE matter_extension SET state = 'refused' WHERE state = 'lapsed'")
    _replace(f"{STATES})")


def _replace(condition: str) -> None:
    op.drop_constraint(op.f(STATE), "matter_extension")
    op.create_check_constraint(op.f(STATE), "matter_extension", condition, postgresql_not_valid=True)
    op.execute(f"ALTER TABLE matter_extension VALIDATE CONSTRAINT {STATE}")
