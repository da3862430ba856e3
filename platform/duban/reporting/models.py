"""Tables of requirements, duties, drafts, versions and changed due dates."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.calendar.due_dates import Campaign
from duban.calendar.due_rules import DueRule
from duban.calendar.lateness import LateModel, LatePenalty, Timeliness
from duban.calendar.periods import Period, PeriodKind
from duban.calendar.rule_json import due_rule_from_json
from duban.fields.specs import FieldSpec, specs_from_json
from duban.kernel.db import Base, Number, Placed, TenantTable, lines_index, path_check, tenant_fk
from duban.reporting.states import DutyState, Outcome, Precondition, RequirementState


class Requirement(TenantTable, Placed, Base):
    """
    Something units have to hand in. `path` is the issuer's place.

    `due_rule`, `fields`, `targets` and `preconditions` are JSON as duban.calendar, duban.fields and rules.Targets write them.
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        tenant_fk("programme_id", "programme"),
        tenant_fk("task_id", "task"),
        path_check(),
        path_check("to_path"),
        CheckConstraint("state IN ('draft', 'issued', 'withdrawn')", name="state"),
        CheckConstraint("missing_after_days >= 0 AND (correction_days IS NULL OR correction_days >= 0)", name="days"),
        CheckConstraint("late_points <> 'NaN' AND missing_points <> 'NaN'", name="points"),
        Index(None, "tenant_id", "path"),
        Index(None, "tenant_id", "programme_id"),
        lines_index("requirement"),
    )

    unit_id: Mapped[UUID]
    title: Mapped[str]
    title_en: Mapped[str] = mapped_column(default="")
    instruction: Mapped[str] = mapped_column(default="")
    instruction_en: Mapped[str] = mapped_column(default="")
    recipient: Mapped[str] = mapped_column(default="")
    """Whom it is sent to, in words: 街道安委会办公室."""
    programme_id: Mapped[UUID | None]
    task_id: Mapped[UUID | None]
    line: Mapped[str] = mapped_column(default="territorial")
    targets: Mapped[dict[str, Any]] = mapped_column(JSONB)
    due_rule: Mapped[dict[str, Any]] = mapped_column(JSONB)
    active_from: Mapped[date]
    active_until: Mapped[date | None]
    """Last day of the campaign, itself included."""
    fields: Mapped[list[Any]] = mapped_column(JSONB)
    nil_allowed: Mapped[bool] = mapped_column(default=False)
    attachments_required: Mapped[bool] = mapped_column(default=False)
    preconditions: Mapped[list[str]] = mapped_column(JSONB)
    late_model: Mapped[str] = mapped_column(default=LateModel.PER_EVENT.value)
    late_points: Mapped[Number]
    missing_points: Mapped[Number]
    missing_after_days: Mapped[int]
    correction_days: Mapped[int | None]
    state: Mapped[str] = mapped_column(default=RequirementState.DRAFT.value)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    issued_at: Mapped[datetime | None]
    issued_by: Mapped[UUID | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str] = mapped_column(default="")

    @property
    def stands(self) -> RequirementState:
        """Its state as a word of the state table."""
        return RequirementState(self.state)

    @property
    def rule(self) -> DueRule:
        """Its due rule, read."""
        return due_rule_from_json(self.due_rule)

    @property
    def campaign(self) -> Campaign:
        """The days it is in force."""
        return Campaign(self.active_from, self.active_until)

    @property
    def specs(self) -> tuple[FieldSpec, ...]:
        """The fields it asks for, read."""
        return specs_from_json(self.fields)

    @property
    def needs(self) -> tuple[Precondition, ...]:
        """What must be so before a unit may hand in."""
        return tuple(Precondition(code) for code in self.preconditions)

    @property
    def penalty(self) -> LatePenalty:
        """What lateness costs."""
        return LatePenalty(model=LateModel(self.late_model), points=self.late_points, missing_points=self.missing_points)


class Duty(TenantTable, Placed, Base):
    """
    What one unit owes for one period. `path` is the unit's place when it was issued, `to_path` the issuer's.

    `due_at` is the first instant too late for `due_on`; `missing_at` the first at which nothing acceptable means missing.
    `counted_at` is the instant it is judged by; `due_version` counts the published due dates.
    """

    __table_args__ = (
        tenant_fk("requirement_id", "requirement"),
        tenant_fk("unit_id", "unit"),
        UniqueConstraint("tenant_id", "requirement_id", "unit_id", "period_code"),
        path_check(),
        path_check("to_path"),
        CheckConstraint(
            "state IN ('open', 'submitted', 'returned', 'accepted', 'missing', 'missing_submitted', 'cancelled')", name="state"
        ),
        CheckConstraint("timeliness IN ('pending', 'on_time', 'late', 'missing')", name="timeliness"),
        CheckConstraint("missing_at >= due_at", name="cut_off"),
        Index(None, "tenant_id", "path", "due_at"),
        Index(None, "tenant_id", "unit_id", "reporting_year"),
        Index("ix_duty_unmet", "tenant_id", "due_on", postgresql_where=text("state IN ('open', 'returned')")),
        # the whole tree's most urgent first (docs/decisions/0036)
        Index("ix_duty_to_act", "tenant_id", "due_at", "id", postgresql_where=text("state IN ('open', 'returned', 'missing')")),
        lines_index("duty"),
    )

    requirement_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    period_kind: Mapped[str]
    period_code: Mapped[str]
    period_start: Mapped[date]
    period_end: Mapped[date]
    reporting_year: Mapped[int]
    due_on: Mapped[date]
    due_at: Mapped[datetime]
    due_since: Mapped[date]
    due_version: Mapped[int] = mapped_column(default=1)
    missing_at: Mapped[datetime]
    correct_by: Mapped[date | None]
    """Last day for the correction asked for, while returned."""
    state: Mapped[str] = mapped_column(default=DutyState.OPEN.value)
    is_nil: Mapped[bool] = mapped_column(default=False)
    versions: Mapped[int] = mapped_column(default=0)
    """How many versions were handed in."""
    first_submitted_at: Mapped[datetime | None]
    last_submitted_at: Mapped[datetime | None]
    last_submitted_by: Mapped[UUID | None]
    counted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    timeliness: Mapped[str] = mapped_column(default=Timeliness.PENDING.value)
    late_days: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime]

    @property
    def stands(self) -> DutyState:
        """Its state as a word of the state table."""
        return DutyState(self.state)

    @property
    def period(self) -> Period:
        """The stretch of time it speaks about."""
        return Period(start=self.period_start, end=self.period_end, kind=PeriodKind(self.period_kind))


class Draft(TenantTable, Base):
    """What a unit has typed and not handed in: exactly as typed, however wrong. At most one per duty."""

    __table_args__ = (tenant_fk("duty_id", "duty"), UniqueConstraint("tenant_id", "duty_id"))

    duty_id: Mapped[UUID]
    typed: Mapped[dict[str, str]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(default=1)
    saved_at: Mapped[datetime]
    saved_by: Mapped[UUID | None]


class Submission(TenantTable, Placed, Base):
    """One version as handed in; kept for ever. `content` holds parsed values (duban.fields.values)."""

    __table_args__ = (
        tenant_fk("duty_id", "duty"),
        UniqueConstraint("tenant_id", "duty_id", "number"),
        path_check(),
        path_check("to_path"),
        CheckConstraint("outcome IS NULL OR outcome IN ('returned', 'accepted')", name="outcome"),
        lines_index("submission"),
    )

    duty_id: Mapped[UUID]
    number: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_nil: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(default="")
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[UUID | None]
    submitter_name: Mapped[str] = mapped_column(default="")
    outcome: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None]
    reviewer_name: Mapped[str] = mapped_column(default="")

    @property
    def decided(self) -> Outcome | None:
        """What the reviewer decided, if anything yet."""
        return Outcome(self.outcome) if self.outcome else None


class DueChange(TenantTable, Base):
    """A recorded decision that moved a published due date."""

    __table_args__ = (tenant_fk("duty_id", "duty"), UniqueConstraint("tenant_id", "duty_id", "due_version"))

    duty_id: Mapped[UUID]
    due_version: Mapped[int]
    before_on: Mapped[date]
    after_on: Mapped[date]
    reason: Mapped[str]
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decider_name: Mapped[str] = mapped_column(default="")
