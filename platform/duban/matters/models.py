"""Tables of matters, their parties, reports, extensions, papers and history, and of meetings."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from duban.calendar.due_rules import DayUnit, DueRule
from duban.calendar.ladders import Colour
from duban.calendar.rule_json import due_rule_from_json
from duban.kernel.db import Base, Placed, TenantTable, lines_index, path_check, tenant_fk
from duban.kernel.words import WordOf
from duban.matters.rules import effective_due
from duban.matters.states import (
    Cycle,
    ExtensionState,
    MatterState,
    Origin,
    Outcome,
    PaperKind,
    PartyRole,
    ReportKind,
    Series,
)


class MatterNumbering(TenantTable, Base):
    """What was numbered last in a series of a year, the whole tenant together; its row is locked while a number is given."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "series", "year"),
        CheckConstraint("series IN ('matter', 'circular')", name="series"),
        CheckConstraint("given >= 0", name="given"),
    )

    series: Mapped[Series] = mapped_column(WordOf(Series))
    year: Mapped[int]
    given: Mapped[int]


class Meeting(TenantTable, Placed, Base):
    """A meeting that was held, at the unit that held it; `minutes` as typed, a file of them hangs on it."""

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        tenant_fk("rhythm_id", "meeting_rhythm"),
        path_check(),
        path_check("to_path"),
        CheckConstraint("state IN ('noted', 'struck')", name="state"),
        Index(None, "tenant_id", "path", "held_on"),
        Index(None, "tenant_id", "rhythm_id", "period_code"),
        lines_index("meeting"),
    )

    unit_id: Mapped[UUID]
    rhythm_id: Mapped[UUID | None]
    period_code: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    title: Mapped[str]
    held_on: Mapped[date]
    place: Mapped[str] = mapped_column(default="")
    chair: Mapped[str]
    present: Mapped[str] = mapped_column(default="", comment="people of one's own unit and guests, in words")
    absent: Mapped[str] = mapped_column(default="")
    minutes: Mapped[str] = mapped_column(default="")
    number: Mapped[str] = mapped_column(default="", comment="of the minutes, as their issuer writes it")
    state: Mapped[str] = mapped_column(default="noted")
    struck_reason: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    noted_at: Mapped[datetime]
    noted_by: Mapped[UUID | None]
    noter_name: Mapped[str] = mapped_column(default="")


class MeetingRhythm(TenantTable, Placed, Base):
    """How often a unit holds meetings of a kind: a due rule as duban.calendar writes it."""

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "path"),
        lines_index("meeting_rhythm"),
    )

    unit_id: Mapped[UUID]
    kind: Mapped[str]
    title: Mapped[str]
    due_rule: Mapped[dict[str, Any]] = mapped_column(JSONB)
    active_from: Mapped[date]
    active_until: Mapped[date]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    next_step_at: Mapped[datetime | None] = mapped_column(comment="when the clock looks again whether a meeting is overdue")

    @property
    def rule(self) -> DueRule:
        """Its due rule, read."""
        return due_rule_from_json(self.due_rule)


class MeetingUnit(TenantTable, Placed, Base):
    """A unit called to a meeting, at its own place: its people may read the minutes."""

    __table_args__ = (
        tenant_fk("meeting_id", "meeting"),
        tenant_fk("unit_id", "unit"),
        UniqueConstraint("tenant_id", "meeting_id", "unit_id"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "path"),
        lines_index("meeting_unit"),
    )

    meeting_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    unit_name: Mapped[str]
    came: Mapped[bool]


class Matter(TenantTable, Placed, Base):
    """
    One matter. `path` is the place of the unit that assigned it, `to_path` that of its lead unit.

    `due_on` is the last day of its term, `first_due_on` as first set; `redo_by` the day for putting a returned report right.
    `next_step_at` is the instant the clock has to look at it, None while the ball is not with the units.
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        tenant_fk("lead_id", "unit"),
        tenant_fk("duty_id", "duty"),
        tenant_fk("meeting_id", "meeting"),
        UniqueConstraint("tenant_id", "year", "serial"),
        UniqueConstraint("tenant_id", "number"),
        path_check(),
        path_check("to_path"),
        CheckConstraint(
            "state IN ('assigned', 'in_hand', 'disputed', 'reported', 'returned', 'closed', 'filed', 'withdrawn')", name="state"
        ),
        CheckConstraint("colour IS NULL OR colour IN ('blue', 'yellow', 'orange', 'red')", name="colour"),
        CheckConstraint("cycle IN ('none', 'week', 'ten_days', 'month')", name="cycle"),
        CheckConstraint("report_day BETWEEN 1 AND 31", name="report_day"),
        CheckConstraint("to_path IS NOT NULL", name="led"),
        Index(None, "tenant_id", "path", "state"),
        Index(None, "tenant_id", "to_path"),
        Index(None, "tenant_id", "meeting_id"),
        Index(
            "ix_matter_one_per_duty",
            "tenant_id",
            "duty_id",
            unique=True,
            postgresql_where=text("duty_id IS NOT NULL AND state <> 'withdrawn'"),
        ),
        Index("ix_matter_next_step", "tenant_id", "next_step_at", postgresql_where=text("next_step_at IS NOT NULL")),
        lines_index("matter"),
    )

    unit_id: Mapped[UUID]
    unit_name: Mapped[str]
    lead_id: Mapped[UUID]
    lead_name: Mapped[str]
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str]
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    source: Mapped[str]
    source_note: Mapped[str] = mapped_column(default="", comment="number of the document, who instructed, where it was found")
    duty_id: Mapped[UUID | None]
    meeting_id: Mapped[UUID | None]
    term: Mapped[str]
    term_days: Mapped[int]
    term_unit: Mapped[DayUnit] = mapped_column(WordOf(DayUnit))
    is_major: Mapped[bool] = mapped_column(default=False)
    cycle: Mapped[Cycle] = mapped_column(WordOf(Cycle), default=Cycle.NONE)
    report_day: Mapped[int | None] = mapped_column(SmallInteger, comment="of the week from Monday, or of the month")
    state: Mapped[MatterState] = mapped_column(WordOf(MatterState), default=MatterState.ASSIGNED)
    assigned_on: Mapped[date]
    first_due_on: Mapped[date]
    due_on: Mapped[date]
    due_since: Mapped[date]
    due_version: Mapped[int] = mapped_column(default=1)
    redo_by: Mapped[date | None]
    extensions: Mapped[int] = mapped_column(default=0, comment="granted so far")
    has_pending: Mapped[bool] = mapped_column(default=False, comment="an extension waits for its decision")
    colour: Mapped[Colour | None] = mapped_column(WordOf(Colour))
    sheet_on: Mapped[date | None]
    answer_by: Mapped[date | None]
    answered: Mapped[bool] = mapped_column(default=False, comment="the lead has reported since the last sheet")
    report_due_on: Mapped[date | None]
    report_told_on: Mapped[date | None]
    reports_missed: Mapped[int] = mapped_column(default=0)
    behind_since: Mapped[date | None] = mapped_column(comment="a progress report was missed, and none came since")
    ladder: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Who is told when, as calendar.ladder_json writes it; None: as every matter was before."""
    climbed: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """How far its ladder was climbed, as calendar.climbing writes it; None: kept in colour and sheet_on alone."""
    next_step_at: Mapped[datetime | None]
    steps: Mapped[int] = mapped_column(default=0, comment="numbers given in its history")
    version: Mapped[int] = mapped_column(default=1)
    registered_at: Mapped[datetime]
    registered_by: Mapped[UUID | None]
    registrar_name: Mapped[str] = mapped_column(default="")
    signed_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    filed_at: Mapped[datetime | None]
    ending: Mapped[str] = mapped_column(default="", comment="conclusion of the closure, or why it was withdrawn")
    file_note: Mapped[str] = mapped_column(default="", comment="where its papers are kept")

    @hybrid_property
    def counts_from(self) -> date:
        """The day page, lists and ladder count to."""
        return effective_due(self.due_on, self.redo_by)

    @counts_from.inplace.expression
    @classmethod
    def _counts_from(cls) -> ColumnElement[date]:
        return func.coalesce(cls.redo_by, cls.due_on)


class MatterParty(TenantTable, Placed, Base):
    """A unit that answers for a matter, at its own place; one that was replaced keeps its row, with the day it left."""

    __table_args__ = (
        tenant_fk("matter_id", "matter"),
        tenant_fk("unit_id", "unit"),
        UniqueConstraint("tenant_id", "matter_id", "unit_id"),
        path_check(),
        path_check("to_path"),
        CheckConstraint("role IN ('lead', 'co')", name="role"),
        Index(None, "tenant_id", "path"),
        lines_index("matter_party"),
    )

    matter_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    unit_name: Mapped[str]
    role: Mapped[PartyRole] = mapped_column(WordOf(PartyRole))
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[UUID | None]
    signer_name: Mapped[str] = mapped_column(default="")
    left_at: Mapped[datetime | None]


class MatterReport(TenantTable, Base):
    """What a unit reported about a matter, numbered within it; a final report carries what its review decided."""

    __table_args__ = (
        tenant_fk("matter_id", "matter"),
        tenant_fk("unit_id", "unit"),
        UniqueConstraint("tenant_id", "matter_id", "number"),
        CheckConstraint("kind IN ('progress', 'final', 'share')", name="kind"),
        CheckConstraint("outcome IS NULL OR outcome IN ('returned', 'accepted')", name="outcome"),
    )

    matter_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    unit_name: Mapped[str]
    number: Mapped[int]
    kind: Mapped[ReportKind] = mapped_column(WordOf(ReportKind))
    text: Mapped[str]
    late_reason: Mapped[str] = mapped_column(default="")
    reported_at: Mapped[datetime]
    reported_by: Mapped[UUID | None]
    reporter_name: Mapped[str] = mapped_column(default="")
    outcome: Mapped[Outcome | None] = mapped_column(WordOf(Outcome))
    answers: Mapped[dict[str, bool]] = mapped_column(JSONB, comment="the five questions of the review of closure")
    reason: Mapped[str] = mapped_column(default="")
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None]
    reviewer_name: Mapped[str] = mapped_column(default="")


class MatterExtension(TenantTable, Base):
    """A request for more time, its first review and its decision."""

    __table_args__ = (
        tenant_fk("matter_id", "matter"),
        tenant_fk("unit_id", "unit"),
        CheckConstraint("state IN ('asked', 'passed_on', 'granted', 'refused', 'lapsed')", name="state"),
        Index(
            "ix_matter_extension_one_pending",
            "tenant_id",
            "matter_id",
            unique=True,
            postgresql_where=text("state IN ('asked', 'passed_on')"),
        ),
        Index(None, "tenant_id", "matter_id"),
    )

    matter_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    state: Mapped[ExtensionState] = mapped_column(WordOf(ExtensionState), default=ExtensionState.ASKED)
    before_on: Mapped[date]
    wanted_on: Mapped[date]
    granted_on: Mapped[date | None]
    reason: Mapped[str]
    progress: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    asker_name: Mapped[str] = mapped_column(default="")
    first_at: Mapped[datetime | None]
    first_by: Mapped[UUID | None]
    first_name: Mapped[str] = mapped_column(default="")
    first_words: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decider_name: Mapped[str] = mapped_column(default="")
    decided_words: Mapped[str] = mapped_column(default="")


class MatterPaper(TenantTable, Base):
    """
    A sheet or a circular: official text, frozen from issue on (letters.rules.frozen).

    A circular begins as a draft without a number; a leader issues it. A trigger refuses changes to what was issued.
    """

    __table_args__ = (
        tenant_fk("matter_id", "matter"),
        UniqueConstraint("tenant_id", "matter_id", "ordinal"),
        CheckConstraint("kind IN ('sheet', 'circular')", name="kind"),
        CheckConstraint("colour IN ('blue', 'yellow', 'orange', 'red')", name="colour"),
        CheckConstraint("origin IN ('ladder', 'hand')", name="origin"),
    )

    matter_id: Mapped[UUID]
    ordinal: Mapped[int]
    kind: Mapped[PaperKind] = mapped_column(WordOf(PaperKind))
    colour: Mapped[Colour] = mapped_column(WordOf(Colour))
    origin: Mapped[Origin] = mapped_column(WordOf(Origin))
    number: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    body: Mapped[str]
    algorithm: Mapped[str]
    digest: Mapped[str]
    due_version: Mapped[int]
    answer_by: Mapped[date | None]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    maker_name: Mapped[str] = mapped_column(default="")
    issued_at: Mapped[datetime | None]
    issued_by: Mapped[UUID | None]
    issuer_name: Mapped[str] = mapped_column(default="")


class MatterStep(TenantTable, Base):
    """One line of a matter's numbered history; rows are only ever added."""

    __table_args__ = (
        tenant_fk("matter_id", "matter"),
        UniqueConstraint("tenant_id", "matter_id", "number"),
    )

    matter_id: Mapped[UUID]
    number: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    name: Mapped[str]
    what: Mapped[str] = mapped_column(comment="a word of wording.STEPS")
    words: Mapped[str] = mapped_column(default="")
    acting_for: Mapped[str] = mapped_column(default="")


class MeetingResolution(TenantTable, Base):
    """What a meeting resolved, numbered within it; `matter_id` the matter it became."""

    __table_args__ = (
        tenant_fk("meeting_id", "meeting"),
        tenant_fk("matter_id", "matter"),
        UniqueConstraint("tenant_id", "meeting_id", "number"),
    )

    meeting_id: Mapped[UUID]
    number: Mapped[int]
    text: Mapped[str]
    matter_id: Mapped[UUID | None]
