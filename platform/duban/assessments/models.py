"""Assessments, scorecards, marks, veto decisions, and the frozen results nobody can write any more."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.assessments.states import AssessmentState, CardState, ProposalState, Side, StepKind, VetoState
from duban.kernel.db import Base, Placed, TenantTable, lines_index, path_check, tenant_fk
from duban.kernel.words import WordOf


class Assessment(TenantTable, Placed, Base):
    """
    One round in which a superior unit scores one group of its subordinates; `path` is the superior's.

    It keeps its own copy of the scheme: what the tenant edits later does not reach it.
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        UniqueConstraint("tenant_id", "unit_id", "year", "round", "group_code"),
        CheckConstraint("state IN ('preparing', 'self_scoring', 'scoring', 'closed', 'published')", name="state"),
        CheckConstraint("(state IN ('closed', 'published')) = (closed_at IS NOT NULL)", name="closed"),
        CheckConstraint("(state = 'published') = (published_at IS NOT NULL)", name="published"),
        CheckConstraint("(closed_at IS NULL) = (frozen_version = 0)", name="frozen_version"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "path"),
    )

    unit_id: Mapped[UUID]
    year: Mapped[int]
    round: Mapped[str] = mapped_column(comment="annual, or the code of another round of the year")
    group_code: Mapped[str] = mapped_column(comment="the group of units, as the scheme's weights name it")
    name: Mapped[str]
    levels: Mapped[list[str]] = mapped_column(JSONB, comment="levels of unit this group consists of")
    scheme: Mapped[dict[str, Any]] = mapped_column(JSONB)
    scheme_digest: Mapped[str]
    state: Mapped[AssessmentState] = mapped_column(WordOf(AssessmentState))
    self_due_on: Mapped[date | None] = mapped_column(comment="last day for the units' own scores")
    opened_at: Mapped[datetime]
    opened_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    frozen_version: Mapped[int] = mapped_column(default=0, comment="newest frozen version, 0 while open")


class Scorecard(TenantTable, Placed, Base):
    """One assessed unit, at the path and under the name it had when the assessment was opened."""

    __table_args__ = (
        tenant_fk("assessment_id", "assessment"),
        tenant_fk("unit_id", "unit"),
        UniqueConstraint("tenant_id", "assessment_id", "unit_id"),
        CheckConstraint("state IN ('open', 'self_scored')", name="state"),
        CheckConstraint("(state = 'self_scored') = (self_scored_at IS NOT NULL)", name="self_scored"),
        CheckConstraint("self_total <> 'NaN'", name="self_total"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "path"),
        Index(None, "tenant_id", "assessment_id"),
        lines_index("scorecard"),
    )

    assessment_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    unit_name: Mapped[str]
    position: Mapped[int]
    state: Mapped[CardState] = mapped_column(WordOf(CardState))
    facts: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="what was counted from the records; marks are in item_mark"
    )
    facts_at: Mapped[datetime | None]
    self_total: Mapped[Decimal | None] = mapped_column(comment="points by the unit's own score")
    self_scored_at: Mapped[datetime | None]
    self_scored_by: Mapped[str] = mapped_column(default="", comment="name and post at the time")


class ItemMark(TenantTable, Base):
    """
    What a person says about an item: points of an evaluator item, or how often an entered rule applies (`rule_code`).

    The reason is required where the mark costs the unit something.
    """

    __table_args__ = (
        tenant_fk("scorecard_id", "scorecard"),
        tenant_fk("person_id", "person"),
        UniqueConstraint("tenant_id", "scorecard_id", "item_code", "rule_code", "side"),
        CheckConstraint("side IN ('self', 'evaluator')", name="side"),
        CheckConstraint("value >= 0 AND value <> 'NaN'", name="value"),
    )

    scorecard_id: Mapped[UUID]
    item_code: Mapped[str]
    rule_code: Mapped[str] = mapped_column(default="")
    side: Mapped[Side] = mapped_column(WordOf(Side))
    value: Mapped[Decimal | None]
    reason: Mapped[str] = mapped_column(default="")
    evidence: Mapped[str] = mapped_column(default="", comment="where the evidence is: file number, folder, page")
    version: Mapped[int] = mapped_column(default=1)
    person_id: Mapped[UUID]
    person_name: Mapped[str]
    updated_at: Mapped[datetime]


class VetoDecision(TenantTable, Placed, Base):
    """A one-vote veto by decision: one person proposes with a document, another confirms. `path` is the assessed unit's."""

    __table_args__ = (
        tenant_fk("scorecard_id", "scorecard"),
        tenant_fk("proposed_by", "person"),
        tenant_fk("confirmed_by", "person"),
        tenant_fk("lifted_by", "person"),
        CheckConstraint("state IN ('proposed', 'confirmed', 'rejected', 'lifted')", name="state"),
        CheckConstraint("confirmed_by <> proposed_by", name="two_people"),
        CheckConstraint("(state = 'proposed') = (confirmed_by IS NULL)", name="confirmed"),
        CheckConstraint("(state = 'lifted') = (lifted_by IS NOT NULL)", name="lifted"),
        CheckConstraint("document <> '' AND reason <> ''", name="grounds"),
        path_check(),
        path_check("to_path"),
        Index(
            "ix_veto_decision_standing", "tenant_id", "scorecard_id", "rule_code", unique=True,
            postgresql_where="state IN ('proposed', 'confirmed')",
        ),
        Index(None, "tenant_id", "path"),
    )  # fmt: skip

    scorecard_id: Mapped[UUID]
    rule_code: Mapped[str]
    document: Mapped[str] = mapped_column(comment="number and title of the document it rests on")
    reason: Mapped[str]
    state: Mapped[VetoState] = mapped_column(WordOf(VetoState))
    proposed_by: Mapped[UUID]
    proposed_name: Mapped[str]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[UUID | None] = mapped_column(comment="who answered the proposal, yes or no")
    confirmed_name: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    lifted_by: Mapped[UUID | None]
    lifted_name: Mapped[str] = mapped_column(default="")
    lifted_at: Mapped[datetime | None]
    lift_document: Mapped[str] = mapped_column(default="")
    lift_reason: Mapped[str] = mapped_column(default="")


class FrozenResult(TenantTable, Placed, Base):
    """One version of one unit's result with everything it came from. The database refuses every change and deletion."""

    __table_args__ = (
        tenant_fk("scorecard_id", "scorecard"),
        tenant_fk("assessment_id", "assessment"),
        UniqueConstraint("tenant_id", "scorecard_id", "version"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("total <> 'NaN'", name="total"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "assessment_id"),
    )

    scorecard_id: Mapped[UUID]
    assessment_id: Mapped[UUID]
    version: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    result: Mapped[dict[str, Any]] = mapped_column(JSONB)
    scheme_digest: Mapped[str]
    facts_digest: Mapped[str]
    result_digest: Mapped[str]
    total: Mapped[Decimal]
    grade: Mapped[str] = mapped_column(comment="after veto and quota")
    is_vetoed: Mapped[bool]
    place: Mapped[int | None] = mapped_column(comment="None for a vetoed unit: it takes no place")
    why: Mapped[str] = mapped_column(comment="why there is this version")
    frozen_at: Mapped[datetime]
    frozen_by: Mapped[str]


class FrozenRanking(TenantTable, Placed, Base):
    """One version of the whole group's ranking and roll-up, frozen like the results. `path` is the superior's."""

    __table_args__ = (
        tenant_fk("assessment_id", "assessment"),
        UniqueConstraint("tenant_id", "assessment_id", "version"),
        CheckConstraint("version >= 1", name="version"),
        path_check(),
        path_check("to_path"),
    )

    assessment_id: Mapped[UUID]
    version: Mapped[int]
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    composite: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    digest: Mapped[str]
    why: Mapped[str]
    frozen_at: Mapped[datetime]
    frozen_by: Mapped[str]


class ResultProposal(TenantTable, Base):
    """
    A step that decides about results, proposed by one person and waiting for another.

    `subject_id` is the assessment, scorecard or veto decision it is about; `basis` names what the proposer saw, so that
    nothing else is confirmed. What was proposed is never changed, by SQL either.
    """

    __table_args__ = (
        tenant_fk("assessment_id", "assessment"),
        tenant_fk("scorecard_id", "scorecard"),
        tenant_fk("proposed_by", "person"),
        tenant_fk("decided_by", "person"),
        CheckConstraint("kind IN ('close', 'publish', 'correct', 'lift')", name="kind"),
        CheckConstraint("state IN ('waiting', 'confirmed', 'withdrawn', 'declined')", name="state"),
        CheckConstraint("state NOT IN ('confirmed', 'declined') OR decided_by <> proposed_by", name="two_people"),
        CheckConstraint("(state = 'waiting') = (decided_by IS NULL)", name="decided"),
        Index(
            "ix_result_proposal_waiting", "tenant_id", "subject_id", unique=True, postgresql_where="state = 'waiting'"
        ),
        Index(None, "tenant_id", "assessment_id"),
    )  # fmt: skip

    assessment_id: Mapped[UUID]
    scorecard_id: Mapped[UUID | None]
    subject_id: Mapped[UUID]
    kind: Mapped[StepKind] = mapped_column(WordOf(StepKind))
    draft: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="the mark and its ground, or the grounds of lifting; texts")
    basis: Mapped[str] = mapped_column(comment="what the proposer saw: a digest, or the version of a frozen result")
    state: Mapped[ProposalState] = mapped_column(WordOf(ProposalState))
    proposed_by: Mapped[UUID]
    proposed_name: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
