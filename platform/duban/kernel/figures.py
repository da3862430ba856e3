"""Totals over all tenants, counted by the clock, read by metrics and alarms. No tenant's name or content is in them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base

EFFECTS_DUE = "effects_due"
"""Messages that should have gone out by now and have not."""
EFFECTS_LATENESS_SECONDS = "effects_lateness_seconds"
"""How long the oldest of them has waited."""
EFFECTS_DEAD = "effects_dead"
"""Messages given up after five tries."""
OPERATOR_ACTS_BAD = "operator_acts_bad"
"""The first act of the operators' chain that is not as it was written or that no anchor vouches for; 0 while all is well."""
OPERATOR_ACTS_ANCHORED = "operator_acts_anchored"
"""How many of the operators' acts are anchored outside the database."""


class ServiceFigure(Base):
    """One total and when it was counted. Global: it belongs to the installation."""

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Decimal]
    counted_at: Mapped[datetime]


def note_figures(engine: Engine, figures: Mapping[str, Decimal], now: datetime) -> None:
    """Keep totals in place of the last ones. Costs: one small transaction."""
    if not figures:
        return
    statement = insert(ServiceFigure).values(
        [{"name": name, "value": value, "counted_at": now} for name, value in sorted(figures.items())]
    )
    with engine.begin() as connection:
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"value": statement.excluded.value, "counted_at": statement.excluded.counted_at}
            )
        )


def read_figures(engine: Engine) -> dict[str, tuple[Decimal, datetime]]:
    """Give every total with the instant it was counted."""
    with engine.connect() as connection:
        rows = connection.execute(select(ServiceFigure.name, ServiceFigure.value, ServiceFigure.counted_at))
        return {row.name: (row.value, row.counted_at) for row in rows}
