"""Tables of requirements, duties, drafts, versions and changed due dates."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, FetchedValue, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.calendar.due_dates import Campaign
from duban.calendar.due_rules import DueRule
from duban.calendar.lateness import LateModel, LatePenalty, Timeliness
from duban.calendar.periods import Period, PeriodKind
from duban.calendar.rule_json import due_rule_from_json
from duban.fields.forms import FormSpec, checks_from_json
from duban.fields.specs import FieldSpec, specs_from_json
from duban.kernel.db import Base, Number, Placed, TenantTable, lines_index, path_check, tenant_fk
from duban.reporting.adding import Counting, Rule
from duban.reporting.deadline_models import CalendarFeed, DueDecision, Extension
from duban.reporting.review_models import Correction, Handover, ReviewStep
from duban.reporting.states import (
    CorrectionState,
    DueChangeKind,
    DutyState,
    Outcome,
    Precondition,
    QuorumKind,
    RequirementState,
    ReviewMode,
    WaitsBelow,
    WaitsUntil,
)
from duban.reporting.windows import Opens, TimeWindow

__all__ = [
    "CalendarFeed",
    "Correction",
    "Draft",
    "DueChange",
    "DueDecision",
    "Duty",
    "Extension",
    "Handover",
    "Requirement",
    "ReviewStep",
    "Submission",
]

UNCLIMBED = "climbed IS NULL AND next_step_at IS NULL AND state <> 'accepted' AND state <> 'cancelled'"


class Requirement(TenantTable, Placed, Base):
    """
    Something units have to hand in. `path` is the issuer's place.

    `due_rule`, `fields`, `targets` and `preconditions` are JSON as duban.calendar, duban.fields and rules.Targets write them.
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        tenant_fk("programme_id", "programme"),
        tenant_fk("task_id", "task"),
        tenant_fk("form_id", "form"),
        tenant_fk("receiver_id", "unit"),
        tenant_fk("waits_for_id", "requirement"),
        path_check(),
        path_check("to_path"),
        CheckConstraint("state IN ('draft', 'issued', 'withdrawn')", name="state"),
        CheckConstraint("counting_rule IN ('auto', 'add', 'parent', 'lowest')", name="counting_rule"),
        CheckConstraint("counting IN ('accepted', 'submitted')", name="counting"),
        CheckConstraint("missing_after_days >= 0 AND (correction_days IS NULL OR correction_days >= 0)", name="days"),
        CheckConstraint("opens IN ('always', 'before_due', 'before_period_end') AND opens_days >= 0", name="opening"),
        CheckConstraint("late_until_days IS NULL OR late_until_days >= grace_days", name="late_until"),
        CheckConstraint("grace_days >= 0", name="grace_days"),
        CheckConstraint("late_points <> 'NaN' AND missing_points <> 'NaN'", name="points"),
        CheckConstraint("review_mode IN ('one_step', 'by_level') AND waits_below IN ('no', 'warn', 'block')", name="review"),
        CheckConstraint("quorum_kind IN ('all', 'percent', 'number') AND quorum >= 0", name="quorum"),
        CheckConstraint("waits_until IN ('passed', 'handed_in') AND waits_for_id IS DISTINCT FROM id", name="waits_until"),
        Index(None, "tenant_id", "path"),
        Index(None, "tenant_id", "programme_id"),
        Index(None, "tenant_id", "waits_for_id", postgresql_where=text("waits_for_id IS NOT NULL")),
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
    """The questions of a form of its own; empty where `form_id` names one of duban.forms."""
    checks: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    form_id: Mapped[UUID | None]
    nil_allowed: Mapped[bool] = mapped_column(default=False)
    attachments_required: Mapped[bool] = mapped_column(default=False)
    superiors_may_enter: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether the issuer and the offices between may hand in for a unit (代报); see duban.reporting.entering."""
    preconditions: Mapped[list[str]] = mapped_column(JSONB)
    late_model: Mapped[str] = mapped_column(default=LateModel.PER_EVENT.value)
    late_points: Mapped[Number]
    missing_points: Mapped[Number]
    missing_after_days: Mapped[int]
    correction_days: Mapped[int | None]
    opens: Mapped[str] = mapped_column(default=Opens.ALWAYS.value, server_default=Opens.ALWAYS.value)
    opens_days: Mapped[int] = mapped_column(default=0, server_default="0")
    """How long before the due date or the period's end it may be filled in; see duban.reporting.windows."""
    late_until_days: Mapped[int | None]
    """How many days after the due date what is late is still taken; None: always."""
    grace_days: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many days after the due date do not count as late."""
    receiver_id: Mapped[UUID | None]
    """The unit that receives and reviews: an office of the issuer's; None the issuer itself."""
    counting_rule: Mapped[str] = mapped_column(default=Rule.AUTO.value, server_default=text("'auto'"))
    """What counts in totals where a unit and units below it both hand in."""
    counting: Mapped[str] = mapped_column(default=Counting.ACCEPTED.value, server_default=text("'accepted'"))
    """Which versions its totals count, where nobody asks for others."""
    review_mode: Mapped[str] = mapped_column(default=ReviewMode.ONE_STEP.value, server_default=ReviewMode.ONE_STEP.value)
    waits_below: Mapped[str] = mapped_column(default=WaitsBelow.NO.value, server_default=WaitsBelow.NO.value)
    """Whether a unit's own submission waits for those of the units below it."""
    waits_for_id: Mapped[UUID | None]
    """Under which requirement those below must have handed in, for periods inside its own; None: under the same."""
    waits_until: Mapped[str] = mapped_column(default=WaitsUntil.PASSED.value, server_default=WaitsUntil.PASSED.value)
    quorum_kind: Mapped[str] = mapped_column(default=QuorumKind.ALL.value, server_default=QuorumKind.ALL.value)
    quorum: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Of how many it waits: per cent or units, by `quorum_kind`."""
    ladder: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Who is reminded when, as calendar.ladder_json writes it; None: the tenant's first ladder."""
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
        """The fields of its own it asks for, read; none where it names a form: see queries.forms.form_of."""
        return specs_from_json(self.fields)

    @property
    def window(self) -> TimeWindow:
        """When it may be filled in, what is not yet late, until when it is taken."""
        return TimeWindow(Opens(self.opens), self.opens_days, self.late_until_days, self.grace_days, self.missing_after_days)

    @property
    def own_form(self) -> FormSpec:
        """The form of its own, read."""
        specs = self.specs
        return FormSpec(specs, checks_from_json(self.checks or [], specs))

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
    `at_path` is the unit whose review the version handed in waits for, since `waiting_since`; None while nothing waits.
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
        CheckConstraint("closes_at IS NULL OR closes_at >= due_at", name="closing"),
        CheckConstraint("to_path IS DISTINCT FROM path", name="addressed"),
        path_check("at_path"),
        CheckConstraint("(at_path IS NULL) = (waiting_since IS NULL)", name="waiting"),
        CheckConstraint("at_path IS NULL OR state IN ('submitted', 'missing_submitted', 'accepted')", name="under_review"),
        CheckConstraint(
            "correction IS NULL OR (correction IN ('asked', 'open', 'submitted') AND accepted_version IS NOT NULL)",
            name="correction",
        ),
        Index(None, "tenant_id", "path", "due_at"),
        Index(None, "tenant_id", "unit_id", "reporting_year"),
        Index("ix_duty_unmet", "tenant_id", "due_on", postgresql_where=text("state IN ('open', 'returned')")),
        # the whole tree's most urgent first (docs/decisions/0036)
        Index("ix_duty_to_act", "tenant_id", "due_at", "id", postgresql_where=text("state IN ('open', 'returned', 'missing')")),
        # totals of a requirement and period below a place
        Index("ix_duty_by_place", "tenant_id", "requirement_id", "period_code", "path"),
        # what waits for a unit's review, longest waiting first; a row is in it only while it waits (docs/decisions/0048)
        Index("ix_duty_waiting", "tenant_id", "at_path", "waiting_since", "id", postgresql_where=text("at_path IS NOT NULL")),
        # corrections under way, those the unit has asked for and those it is to hand in
        Index("ix_duty_correction", "tenant_id", "path", postgresql_where=text("correction IS NOT NULL")),
        # what the clock walks (docs/decisions/0050): what is next, what becomes missing, what nobody has looked at yet
        Index("ix_duty_next_step", "tenant_id", "next_step_at", "id", postgresql_where=text("next_step_at IS NOT NULL")),
        Index("ix_duty_to_miss", "tenant_id", "missing_at", "id", postgresql_where=text("state IN ('open', 'returned')")),
        Index("ix_duty_unclimbed", "tenant_id", "id", postgresql_where=text(UNCLIMBED)),
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
    opens_at: Mapped[datetime | None]
    """The first instant at which it may be filled in; None: any time."""
    closes_at: Mapped[datetime | None]
    """The first instant at which nothing is taken any more; None: never."""
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
    """When something was accepted first."""
    accepted_version: Mapped[int | None]
    """The number of the version that counts. A correction waits beside it until it is accepted."""
    at_path: Mapped[str | None] = mapped_column(Text(collation="C"))
    waiting_since: Mapped[datetime | None]
    review_chain: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    """The levels that review it, from below, as they stood when it was made; None where `path` and `to_path` say it."""
    reviewer_id: Mapped[UUID | None]
    """The colleague asked to review what waits, to the end of `reviewer_until`."""
    reviewer_until: Mapped[date | None]
    correction: Mapped[str | None]
    """How far the correction of what was accepted is; None: none under way."""
    corrected_at: Mapped[datetime | None]
    """When the last correction was accepted."""
    timeliness: Mapped[str] = mapped_column(default=Timeliness.PENDING.value)
    late_days: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime]
    climbed: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """How far its ladder was climbed, as reporting.climbing writes it; None: never looked at."""
    next_step_at: Mapped[datetime | None] = mapped_column(server_onupdate=FetchedValue())
    """When its ladder is to be looked at next. A trigger puts it into the past whenever the duty changes."""

    @property
    def stands(self) -> DutyState:
        """Its state as a word of the state table."""
        return DutyState(self.state)

    def is_past_day(self, now: datetime, today: date) -> bool:
        """Whether its day is over, and no correction asked for may still be handed in (queries.overdue says the same in SQL)."""
        return self.due_at <= now and (self.correct_by is None or self.correct_by < today)

    @property
    def correcting(self) -> CorrectionState | None:
        """How far a correction is, as a word of its table."""
        return CorrectionState(self.correction) if self.correction else None

    @property
    def period(self) -> Period:
        """The stretch of time it speaks about."""
        return Period(start=self.period_start, end=self.period_end, kind=PeriodKind(self.period_kind))


class Draft(TenantTable, Base):
    """What a unit has typed and not handed in: exactly as typed, however wrong. At most one per duty."""

    __table_args__ = (
        tenant_fk("duty_id", "duty"),
        tenant_fk("form_version_id", "form_version"),
        UniqueConstraint("tenant_id", "duty_id"),
    )

    duty_id: Mapped[UUID]
    typed: Mapped[dict[str, str]] = mapped_column(JSONB)
    form_version_id: Mapped[UUID | None]
    """The version of the form it was begun under; its form may have moved on since."""
    version: Mapped[int] = mapped_column(default=1)
    saved_at: Mapped[datetime]
    saved_by: Mapped[UUID | None]
    saved_device: Mapped[str] = mapped_column(default="", server_default="")
    """What the browser says of itself; empty for a program."""


class Submission(TenantTable, Placed, Base):
    """One version as handed in; kept for ever. `content` holds parsed values (duban.fields.values)."""

    __table_args__ = (
        tenant_fk("duty_id", "duty"),
        tenant_fk("form_version_id", "form_version"),
        UniqueConstraint("tenant_id", "duty_id", "number"),
        path_check(),
        path_check("to_path"),
        path_check("office_path"),
        CheckConstraint("outcome IS NULL OR outcome IN ('returned', 'accepted')", name="outcome"),
        CheckConstraint("to_path IS DISTINCT FROM path", name="addressed"),
        lines_index("submission"),
    )

    duty_id: Mapped[UUID]
    number: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    form_version_id: Mapped[UUID | None]
    """The version of the form it was handed in under; None where the requirement had questions of its own."""
    explanations: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    """A word for each flag and each check that asked for one, by check code or field key."""
    is_nil: Mapped[bool] = mapped_column(default=False)
    from_below: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What those below had handed in of each field that is filled in from them, when this was handed in."""
    note: Mapped[str] = mapped_column(default="")
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[UUID | None]
    submitter_name: Mapped[str] = mapped_column(default="")
    office_path: Mapped[str | None] = mapped_column(Text(collation="C"))
    """Where whoever handed it in for the unit held the role that let them; None: the unit handed it in itself."""
    office_name: Mapped[str] = mapped_column(default="", server_default="")
    """What the office was called then."""
    outcome: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None]
    reviewer_name: Mapped[str] = mapped_column(default="")

    @property
    def is_for_unit(self) -> bool:
        """Whether an office above handed it in in the unit's stead （代报）."""
        return self.office_path is not None

    @property
    def decided(self) -> Outcome | None:
        """What the reviewer decided, if anything yet."""
        return Outcome(self.outcome) if self.outcome else None


class DueChange(TenantTable, Base):
    """
    A recorded decision that moved a published due date, or opened a closed duty again until `after_on`.

    `extension_id` and `decision_id` name what it answered or was part of.
    """

    __table_args__ = (
        tenant_fk("duty_id", "duty"),
        tenant_fk("extension_id", "extension"),
        tenant_fk("decision_id", "due_decision"),
        UniqueConstraint("tenant_id", "duty_id", "due_version"),
        CheckConstraint("kind IN ('moved', 'reopened')", name="kind"),
    )

    duty_id: Mapped[UUID]
    due_version: Mapped[int]
    before_on: Mapped[date]
    after_on: Mapped[date]
    reason: Mapped[str]
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decider_name: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default=DueChangeKind.MOVED.value, server_default=DueChangeKind.MOVED.value)
    extension_id: Mapped[UUID | None]
    decision_id: Mapped[UUID | None]
