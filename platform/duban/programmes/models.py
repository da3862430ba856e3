"""Documents, programmes and their parts."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, JsonList, Placed, TenantTable, path_check, tenant_fk
from duban.kernel.words import WordOf
from duban.programmes.states import State


class Document(TenantTable, Placed, Base):
    """
    A document somebody issued, in the register of the unit that entered it.

    `original_text` is kept letter for letter, slips included: no operation changes it. The superior document is either
    in the register (`parent_id`) or only named (`parent_reference`).
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        tenant_fk("parent_id", "document"),
        tenant_fk("registered_by", "person"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_own_parent"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "path"),
        Index(None, "tenant_id", "number_key"),
        Index(None, "tenant_id", "parent_id"),
        Index(None, "tenant_id", "dated_on", "id"),
    )

    unit_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(comment="as printed; empty for a document without one")
    number_key: Mapped[str] = mapped_column(comment="half-width, standard brackets: for finding")
    title: Mapped[str]
    issuer: Mapped[str]
    issued_on: Mapped[date | None]
    dated_on: Mapped[date] = mapped_column(comment="issued_on, else the day of registration: for sorting")
    parent_id: Mapped[UUID | None]
    parent_reference: Mapped[str] = mapped_column(comment="the superior document as named, where it is not in the register")
    original_text: Mapped[str]
    note: Mapped[str] = mapped_column(comment="known slips of the original and other remarks")
    addressed_only: Mapped[bool] = mapped_column(
        default=False,
        server_default=text("false"),
        comment="read by its own unit, those above it and those it was sent to; not by everybody below",
    )
    registered_by: Mapped[UUID | None]
    registered_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Programme(TenantTable, Placed, Base):
    """One unit's programme of work for a year under a document; `parent_id` is the superior's it was derived from."""

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        tenant_fk("document_id", "document"),
        tenant_fk("parent_id", "programme"),
        tenant_fk("made_by", "person"),
        UniqueConstraint("tenant_id", "unit_id", "parent_id"),
        CheckConstraint("state IN ('draft', 'issued', 'closed')", name="state"),
        CheckConstraint("year BETWEEN 1949 AND 2200", name="year"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_own_parent"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "path"),
        Index(None, "tenant_id", "document_id"),
        Index(None, "tenant_id", "parent_id"),
        Index(None, "tenant_id", "year", "id"),
    )

    unit_id: Mapped[UUID]
    document_id: Mapped[UUID]
    parent_id: Mapped[UUID | None]
    year: Mapped[int]
    title: Mapped[str]
    goal: Mapped[str]
    state: Mapped[State] = mapped_column(WordOf(State), default=State.DRAFT)
    made_by: Mapped[UUID | None]
    issued_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closing_note: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)


class Stage(TenantTable, Base):
    """
    A stage with its days, both belonging to it. A document may say only until when; it never binds a due date (S001-82).

    `wording` is the document's own ("4月底至11月上旬").
    """

    __table_args__ = (
        tenant_fk("programme_id", "programme"),
        CheckConstraint("start_on IS NULL OR end_on IS NULL OR start_on <= end_on", name="days"),
        Index(None, "tenant_id", "programme_id"),
    )

    programme_id: Mapped[UUID]
    position: Mapped[int]
    name: Mapped[str]
    wording: Mapped[str]
    start_on: Mapped[date | None]
    end_on: Mapped[date | None]


class TaskGroup(TenantTable, Base):
    """A heading tasks stand under: 二、深化企业主体责任落实."""

    __table_args__ = (tenant_fk("programme_id", "programme"), Index(None, "tenant_id", "programme_id"))

    programme_id: Mapped[UUID]
    position: Mapped[int]
    name: Mapped[str]


class Task(TenantTable, Base):
    """A numbered task; `source_id` is the superior's task it carries out."""

    __table_args__ = (
        tenant_fk("programme_id", "programme"),
        tenant_fk("group_id", "task_group"),
        tenant_fk("source_id", "task"),
        UniqueConstraint("tenant_id", "programme_id", "number"),
        Index(None, "tenant_id", "group_id"),
        Index(None, "tenant_id", "source_id"),
    )

    programme_id: Mapped[UUID]
    group_id: Mapped[UUID | None]
    position: Mapped[int]
    number: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    post: Mapped[str] = mapped_column(comment="the responsible post, in words")
    tags: Mapped[JsonList]
    source_id: Mapped[UUID | None]


class TaskUnit(TenantTable, Base):
    """A unit responsible for a task; `leads` for the first of several."""

    __table_args__ = (
        tenant_fk("task_id", "task"),
        tenant_fk("unit_id", "unit"),
        UniqueConstraint("tenant_id", "task_id", "unit_id"),
        Index(None, "tenant_id", "unit_id"),
    )

    task_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    leads: Mapped[bool]
