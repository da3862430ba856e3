"""Tables of forms and their published versions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.forms.states import FormState
from duban.kernel.db import Base, Placed, TenantTable, lines_index, path_check, tenant_fk


class Form(TenantTable, Placed, Base):
    """
    A form of a unit. `path` is the owner's place.

    `design` is the version being worked on, exactly as typed (duban.forms.designs); `version` counts changes of this row,
    `number` is that of the last published version, 0 before the first.
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        UniqueConstraint("tenant_id", "unit_id", "code"),
        path_check(),
        path_check("to_path"),
        CheckConstraint("state IN ('draft', 'published', 'retired')", name="state"),
        Index(None, "tenant_id", "path"),
        lines_index("form"),
    )

    unit_id: Mapped[UUID]
    code: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    title_en: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default=FormState.DRAFT.value)
    design: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(default=1)
    number: Mapped[int] = mapped_column(default=0)
    copied_from: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]
    changer_name: Mapped[str] = mapped_column(default="")

    @property
    def stands(self) -> FormState:
        """Its state as a word of the state table."""
        return FormState(self.state)


class FormVersion(TenantTable, Base):
    """One version as published; kept for ever, the application may not change it. `spec` is a form of duban.fields."""

    __table_args__ = (
        tenant_fk("form_id", "form"),
        UniqueConstraint("tenant_id", "form_id", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    form_id: Mapped[UUID]
    number: Mapped[int]
    effective_from: Mapped[date]
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB)
    note: Mapped[str] = mapped_column(default="")
    published_at: Mapped[datetime]
    published_by: Mapped[UUID | None]
    publisher_name: Mapped[str] = mapped_column(default="")
