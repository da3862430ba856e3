"""The people a unit has named: its contacts and its leading groups."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable, tenant_fk
from duban.kernel.words import WordOf
from duban.organisation.states import GroupPost


class UnitContact(TenantTable, Base):
    """
    Who answers for a unit in one capacity (分管领导, 专人 …) during a half-open period.

    A name, not an account: the leader in charge of a village may never sign in.
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        CheckConstraint("active_to IS NULL OR active_to > active_from", name="dates"),
        CheckConstraint("name <> ''", name="named"),
        Index(None, "tenant_id", "unit_id", "kind", unique=True, postgresql_where=text("active_to IS NULL")),
    )

    unit_id: Mapped[UUID]
    kind: Mapped[str]
    name: Mapped[str]
    post: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    basis: Mapped[str] = mapped_column(default="")
    """The document of the appointment."""
    active_from: Mapped[date]
    active_to: Mapped[date | None]


class LeadingGroup(TenantTable, Base):
    """A leading group (领导小组) of a unit during a half-open period, and the body its office (办公室) is at."""

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        CheckConstraint("active_to IS NULL OR active_to >= active_from", name="dates"),
        CheckConstraint("name <> ''", name="named"),
        Index(None, "tenant_id", "unit_id"),
    )

    unit_id: Mapped[UUID]
    name: Mapped[str]
    office: Mapped[str] = mapped_column(default="")
    basis: Mapped[str] = mapped_column(default="")
    active_from: Mapped[date]
    active_to: Mapped[date | None]


class GroupMember(TenantTable, Base):
    """Somebody's seat in a leading group during a half-open period; with an account where they have one."""

    __table_args__ = (
        tenant_fk("group_id", "leading_group"),
        tenant_fk("person_id", "person"),
        CheckConstraint("active_to IS NULL OR active_to >= active_from", name="dates"),
        CheckConstraint("name <> ''", name="named"),
        CheckConstraint("post IN ('chair', 'deputy', 'member', 'office_head', 'office_member')", name="post"),
        Index(None, "tenant_id", "group_id"),
        Index(None, "tenant_id", "person_id"),
    )

    group_id: Mapped[UUID]
    post: Mapped[GroupPost] = mapped_column(WordOf(GroupPost))
    person_id: Mapped[UUID | None]
    name: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    active_from: Mapped[date]
    active_to: Mapped[date | None]
