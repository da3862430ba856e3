"""Indicators, each unit's share of them, and what was counted month by month."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, Placed, TenantTable, lines_index, path_check, tenant_fk
from duban.kernel.words import WordOf
from duban.programmes.models import Programme
from duban.targets.states import Direction, Kind, ShareState, Spread


class Indicator(TenantTable, Placed, Base):
    """One number of one year, owned by the unit that sets it; `path` is the owner's."""

    __table_args__ = (
        tenant_fk("owner_id", "unit"),
        tenant_fk("total_id", "indicator"),
        tenant_fk("programme_id", Programme.__tablename__),
        UniqueConstraint("tenant_id", "owner_id", "year", "code"),
        CheckConstraint("kind IN ('control', 'work')", name="kind"),
        CheckConstraint("direction IN ('at_most', 'at_least')", name="direction"),
        CheckConstraint("spread IN ('split', 'copy')", name="spread"),
        CheckConstraint("places BETWEEN 0 AND 4", name="places"),
        CheckConstraint("counts_before > counts_from", name="counted"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "year"),
        Index(None, "tenant_id", "path"),
    )

    owner_id: Mapped[UUID]
    year: Mapped[int]
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[Kind] = mapped_column(WordOf(Kind))
    spread: Mapped[Spread] = mapped_column(WordOf(Spread))
    direction: Mapped[Direction] = mapped_column(WordOf(Direction))
    unit_of_measure: Mapped[str]
    places: Mapped[int] = mapped_column(comment="decimals a share may have, 0..4")
    total_id: Mapped[UUID | None] = mapped_column(comment="the indicator this one is a part of; parts add up to it")
    programme_id: Mapped[UUID | None] = mapped_column(comment="the programme whose task this is")
    counts_from: Mapped[date] = mapped_column(comment="first day of the indicator's year")
    counts_before: Mapped[date] = mapped_column(comment="exclusive end of the indicator's year")
    position: Mapped[int] = mapped_column(default=0)
    basis: Mapped[str] = mapped_column(default="", comment="the document or rule it rests on")


class Allocation(TenantTable, Placed, Base):
    """
    One unit's share of an indicator in one line; the owner's own row holds the limit itself, in no line ("").

    `value` is what the superior works on, `issued_value` what the unit was told and is held to.
    """

    __table_args__ = (
        tenant_fk("indicator_id", "indicator"),
        tenant_fk("unit_id", "unit"),
        tenant_fk("parent_id", "allocation"),
        UniqueConstraint("tenant_id", "indicator_id", "unit_id", "line"),
        CheckConstraint("state IN ('proposed', 'issued', 'accepted')", name="state"),
        CheckConstraint("value >= 0 AND value <> 'NaN'", name="value"),
        CheckConstraint("issued_value >= 0 AND issued_value <> 'NaN'", name="issued_value"),
        CheckConstraint("reserve >= 0 AND reserve <> 'NaN'", name="reserve"),
        CheckConstraint("(parent_id IS NULL) = (line = '')", name="owner"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "path"),
        Index(None, "tenant_id", "unit_id"),
        Index(None, "tenant_id", "parent_id"),
        lines_index("allocation"),
    )

    indicator_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    line: Mapped[str]
    parent_id: Mapped[UUID | None]
    value: Mapped[Decimal | None] = mapped_column(comment="None: pending")
    issued_value: Mapped[Decimal | None]
    reserve: Mapped[Decimal] = mapped_column(default=Decimal(0), comment="kept back by this unit when splitting further")
    state: Mapped[ShareState] = mapped_column(WordOf(ShareState))
    version: Mapped[int] = mapped_column(default=1, comment="of this share and of its split over the units below")
    issued_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str] = mapped_column(default="", comment="name and post as at acceptance")


class Actual(TenantTable, Placed, Base):
    """What a unit came to in one month. A correction is a new revision beside the old one."""

    __table_args__ = (
        tenant_fk("allocation_id", "allocation"),
        tenant_fk("reporter_id", "person"),
        UniqueConstraint("tenant_id", "allocation_id", "month", "revision"),
        CheckConstraint("value >= 0 AND value <> 'NaN'", name="value"),
        CheckConstraint("extract(day FROM month) = 1", name="month"),
        CheckConstraint("revision >= 1", name="revision"),
        path_check(),
        path_check("to_path"),
        Index(
            "ix_actual_current",
            "tenant_id",
            "allocation_id",
            "month",
            unique=True,
            postgresql_where="is_current",
        ),
    )

    allocation_id: Mapped[UUID]
    month: Mapped[date] = mapped_column(comment="first day of the month")
    revision: Mapped[int]
    is_current: Mapped[bool]
    value: Mapped[Decimal]
    source: Mapped[str] = mapped_column(comment="where the number comes from, as typed")
    reason: Mapped[str] = mapped_column(default="", comment="why an earlier number was corrected")
    reporter_id: Mapped[UUID]
    reporter_name: Mapped[str]
    recorded_at: Mapped[datetime]
