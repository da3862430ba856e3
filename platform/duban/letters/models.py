"""Letters, their numbering per superior and year, and the signatures under them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, Placed, TenantTable, lines_index, path_check, tenant_fk
from duban.kernel.words import WordOf
from duban.letters.states import LetterState, Side


class LetterCampaign(TenantTable, Placed, Base):
    """One superior's letters of one year: holds their numbering."""

    __table_args__ = (
        tenant_fk("upper_id", "unit"),
        UniqueConstraint("tenant_id", "upper_id", "year"),
        CheckConstraint("numbers_given >= 0", name="numbers_given"),
        path_check(),
        path_check("to_path"),
    )

    upper_id: Mapped[UUID]
    year: Mapped[int]
    prefix: Mapped[str] = mapped_column(comment="what stands before the year in a letter's number")
    numbers_given: Mapped[int] = mapped_column(default=0, comment="a number is never given twice, not even of a withdrawn letter")


class Letter(TenantTable, Placed, Base):
    """
    What one unit promises its superior for one year; `path` is the superior's, `to_path` the promising unit's.

    From issue on, text, digest, number and parties cannot be changed; a trigger refuses it.
    """

    __table_args__ = (
        tenant_fk("campaign_id", "letter_campaign"),
        tenant_fk("upper_id", "unit"),
        tenant_fk("lower_id", "unit"),
        UniqueConstraint("tenant_id", "campaign_id", "serial"),
        CheckConstraint(
            "state IN ('draft', 'issued', 'signed_by_lower', 'signed_by_upper', 'in_force', 'withdrawn')", name="state"
        ),
        CheckConstraint("to_path IS NOT NULL", name="addressed"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
        path_check(),
        path_check("to_path"),
        Index(
            "ix_letter_one_living",
            "tenant_id",
            "upper_id",
            "lower_id",
            "year",
            unique=True,
            postgresql_where="state <> 'withdrawn'",
        ),
        Index(None, "tenant_id", "path"),
        Index(None, "tenant_id", "to_path"),
        lines_index("letter"),
    )

    campaign_id: Mapped[UUID]
    upper_id: Mapped[UUID]
    lower_id: Mapped[UUID]
    upper_name: Mapped[str]
    lower_name: Mapped[str]
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str]
    body: Mapped[str] = mapped_column(comment="canonical text, see docs/rules/decomposition.md section 8")
    algorithm: Mapped[str]
    digest: Mapped[str] = mapped_column(comment="of body; frozen from issue on")
    state: Mapped[LetterState] = mapped_column(WordOf(LetterState))
    version: Mapped[int] = mapped_column(default=1)
    drafted_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    in_force_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str] = mapped_column(default="")


class Signature(TenantTable, Base):
    """One leader's signature: rows are only ever added."""

    __table_args__ = (
        tenant_fk("letter_id", "letter"),
        tenant_fk("person_id", "person"),
        UniqueConstraint("tenant_id", "letter_id", "side"),
        CheckConstraint("side IN ('upper', 'lower')", name="side"),
    )

    letter_id: Mapped[UUID]
    side: Mapped[Side] = mapped_column(WordOf(Side))
    person_id: Mapped[UUID]
    name: Mapped[str]
    post: Mapped[str]
    signed_at: Mapped[datetime]
    text_digest: Mapped[str] = mapped_column(comment="digest of the text the person was shown")
    seal: Mapped[str] = mapped_column(comment="binds text, side, person, name, post and instant")
