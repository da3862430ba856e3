"""
A requirement as somebody wrote it: read from plain data (a page's form or JSON), checked as a whole, written back. Pure.

Names of wrong fields are those of the plain data, joined by dots: `due.on`, `fields.2.label`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from duban.calendar.due_dates import Campaign
from duban.calendar.due_rules import DueRule, FixedDate, recurs
from duban.calendar.errors import InvalidDueRuleError
from duban.calendar.lateness import DEFAULT_MISSING_AFTER_DAYS, LateModel, LatePenalty
from duban.calendar.rule_json import due_rule_from_json
from duban.fields.forms import Check, FormSpec, form_from_json
from duban.fields.specs import FieldSpec, SpecError
from duban.forms.reading import read_design
from duban.kernel.days import read_day, wrong_day
from duban.kernel.digits import plain_digits, whole
from duban.kernel.errors import InvalidInputError
from duban.kernel.text import N_, Text
from duban.reporting.adding import Counting, Rule
from duban.reporting.levels import Quorum
from duban.reporting.rules import DEFAULT_CORRECTION_DAYS
from duban.reporting.states import Precondition, QuorumKind, ReviewMode, WaitsBelow, WaitsUntil
from duban.reporting.windows import Opens, TimeWindow, wrong_window

Choice = TypeVar("Choice", bound=StrEnum)

NO_QUORUM = Quorum()
LONGEST_TITLE = 100
LONGEST_INSTRUCTION = 5000
MOST_FIELDS = 60
TEMPLATE = "template:"
MOST_POINTS = Decimal(1000)
MOST_DAYS = 366
MOST_PERCENT = 100
MOST_UNITS = 100_000
LONGEST_NUMBER = 12
DEFAULT_PENALTY = LatePenalty(model=LateModel.PER_EVENT, points=Decimal("0.5"), missing_points=Decimal(1))


class TargetScope(StrEnum):
    """How the units that owe are chosen."""

    CHILDREN = "children"
    SUBTREE = "subtree"
    LISTED = "listed"


TARGET_LABELS: dict[TargetScope, str] = {
    TargetScope.CHILDREN: N_("本单位的直接下级"),
    TargetScope.SUBTREE: N_("本单位以下所有各级"),
    TargetScope.LISTED: N_("逐个选定的单位"),
}


@dataclass(frozen=True)
class Targets:
    """Who owes: `levels` narrows children or subtree (empty: all levels); `unit_ids` are the units listed one by one."""

    scope: TargetScope
    levels: tuple[str, ...] = ()
    unit_ids: tuple[UUID, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Give the shape `targets_from_json` reads."""
        return {"scope": self.scope.value, "levels": list(self.levels), "unit_ids": [str(unit_id) for unit_id in self.unit_ids]}


@dataclass(frozen=True, kw_only=True)
class RequirementForm:
    """Everything about a requirement that its author decides. Units: `missing_after_days`, `correction_days` in calendar days."""

    title: str
    targets: Targets
    due: DueRule
    campaign: Campaign
    title_en: str = ""
    instruction: str = ""
    instruction_en: str = ""
    recipient: str = ""
    line: str = ""
    """The line it works in; empty: the unit's own choice where it has only one, else the primary line."""
    programme_id: UUID | None = None
    task_id: UUID | None = None
    specs: tuple[FieldSpec, ...] = ()
    checks: tuple[Check, ...] = ()
    form_id: UUID | None = None
    """A form of duban.forms instead of questions of its own."""
    form_code: str = ""
    """A suggestion of the tenant's kind whose form is used, made where the unit has none of this code yet."""
    nil_allowed: bool = False
    attachments_required: bool = False
    superiors_may_enter: bool = False
    """Whether offices above may hand in for the units （代报）."""
    preconditions: tuple[Precondition, ...] = ()
    penalty: LatePenalty = DEFAULT_PENALTY
    missing_after_days: int = DEFAULT_MISSING_AFTER_DAYS
    correction_days: int | None = DEFAULT_CORRECTION_DAYS
    review_mode: ReviewMode = ReviewMode.ONE_STEP
    quorum: Quorum = NO_QUORUM
    counting: Counting = Counting.ACCEPTED
    counting_rule: Rule = Rule.AUTO
    waits_for_id: UUID | None = None
    """The requirement those below must have answered; None this one."""
    opens: Opens = Opens.ALWAYS
    opens_days: int = 0
    late_until_days: int | None = None
    grace_days: int = 0
    receiver_id: UUID | None = None
    """The unit that receives and reviews; None the issuer itself."""
    ladder: str = ""
    """Code of the tenant's ladder it reminds by; empty: the first, or the one a draft has."""

    @property
    def window(self) -> TimeWindow:
        """When it may be filled in, what is not yet late, until when it is taken."""
        return TimeWindow(self.opens, self.opens_days, self.late_until_days, self.grace_days, self.missing_after_days)


def targets_from_json(data: Mapping[str, Any]) -> Targets:
    """Read what `Targets.to_json` wrote."""
    return Targets(
        scope=TargetScope(data["scope"]),
        levels=tuple(data.get("levels", ())),
        unit_ids=tuple(UUID(unit_id) for unit_id in data.get("unit_ids", ())),
    )


def requirement_form(data: Mapping[str, Any]) -> RequirementForm:
    """
    Read a requirement.

    Raises: InvalidInputError with every field that is wrong.
    """
    reader = _Reader(data)
    form_id, form_code = reader.form_choice()
    asked = FormSpec() if form_id or form_code else reader.asked()
    due = reader.due()
    campaign = reader.campaign(due)
    targets = reader.targets()
    title = reader.text("title", longest=LONGEST_TITLE, required=True)
    penalty = LatePenalty(
        model=reader.choice("late_model", LateModel, LateModel.PER_EVENT),
        points=reader.points("late_points", Decimal("0.5")),
        missing_points=reader.points("missing_points", Decimal(1)),
    )
    opens = reader.choice("opens", Opens, Opens.ALWAYS)
    form = RequirementForm(
        title=title,
        targets=targets,
        due=due or FixedDate(on=date.min),
        campaign=campaign,
        title_en=reader.text("title_en", longest=LONGEST_TITLE),
        instruction=reader.text("instruction", longest=LONGEST_INSTRUCTION),
        instruction_en=reader.text("instruction_en", longest=LONGEST_INSTRUCTION),
        recipient=reader.text("recipient", longest=LONGEST_TITLE),
        line=reader.text("line", longest=LONGEST_TITLE),
        programme_id=reader.uuid("programme_id"),
        task_id=reader.uuid("task_id"),
        specs=asked.fields,
        checks=asked.checks,
        form_id=form_id,
        form_code=form_code,
        nil_allowed=reader.flag("nil_allowed"),
        attachments_required=reader.flag("attachments_required"),
        superiors_may_enter=reader.flag("superiors_may_enter"),
        preconditions=tuple(code for code in Precondition if code.value in reader.several("preconditions")),
        penalty=penalty,
        missing_after_days=reader.days("missing_after_days", DEFAULT_MISSING_AFTER_DAYS) or 0,
        correction_days=reader.days("correction_days", None),
        review_mode=reader.choice("review_mode", ReviewMode, ReviewMode.ONE_STEP),
        quorum=reader.quorum(),
        counting=reader.choice("counting", Counting, Counting.ACCEPTED),
        counting_rule=reader.choice("counting_rule", Rule, Rule.AUTO),
        waits_for_id=reader.uuid("waits_for_id"),
        opens=opens,
        opens_days=0 if opens is Opens.ALWAYS else reader.days("opens_days", 0) or 0,  # what is typed for the other kinds is left
        late_until_days=reader.days("late_until_days", None),
        grace_days=reader.days("grace_days", 0) or 0,
        receiver_id=reader.uuid("receiver_id"),
        ladder=reader.text("ladder", longest=LONGEST_TITLE),
    )
    reader.fields |= {name: [text] for name, text in wrong_window(form.window).items()}
    reader.check()
    return form


def as_data(form: RequirementForm) -> dict[str, Any]:
    """Give the plain data `requirement_form` reads back, JSON-able but for the field specs (see duban.fields)."""
    penalty = form.penalty
    return {
        "title": form.title,
        "title_en": form.title_en,
        "instruction": form.instruction,
        "instruction_en": form.instruction_en,
        "recipient": form.recipient,
        "line": form.line,
        "programme_id": str(form.programme_id) if form.programme_id else None,
        "task_id": str(form.task_id) if form.task_id else None,
        "targets": form.targets.to_json(),
        "due": form.due.to_json(),
        "active_from": form.campaign.start.isoformat(),
        "active_until": form.campaign.end.isoformat() if form.campaign.end else None,
        "nil_allowed": form.nil_allowed,
        "attachments_required": form.attachments_required,
        "superiors_may_enter": form.superiors_may_enter,
        "preconditions": [code.value for code in form.preconditions],
        "late_model": penalty.model.value,
        "late_points": format(penalty.points.normalize(), "f"),
        "missing_points": format(penalty.missing_points.normalize(), "f"),
        "missing_after_days": form.missing_after_days,
        "correction_days": form.correction_days,
        "review_mode": form.review_mode.value,
        "waits_below": form.quorum.waits.value,
        "quorum_kind": form.quorum.kind.value,
        "quorum": form.quorum.count or None,
        "counting": form.counting.value,
        "counting_rule": form.counting_rule.value,
        "waits_until": form.quorum.until.value,
        "waits_for_id": str(form.waits_for_id) if form.waits_for_id else None,
        "opens": form.opens.value,
        "opens_days": form.opens_days,
        "late_until_days": form.late_until_days,
        "grace_days": form.grace_days,
        "receiver_id": str(form.receiver_id) if form.receiver_id else None,
    }


def for_unit(form: RequirementForm, *, unit_name: str, office_name: str = "") -> RequirementForm:
    """Name whom it is sent to where the author named nobody: the office that receives, else the issuing unit."""
    if office_name and form.recipient in {"", unit_name}:
        return replace(form, recipient=office_name)
    return form if form.recipient else replace(form, recipient=unit_name)


class _Reader:
    """Takes values out one by one and remembers what was wrong with each, so that all of it is said at once."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.fields: dict[str, Sequence[Text]] = {}

    def wrong(self, name: str, template: str, **params: object) -> None:
        self.fields[name] = [Text(template, params)]

    def check(self) -> None:
        if self.fields:
            raise InvalidInputError(fields=self.fields)

    def text(self, name: str, *, longest: int, required: bool = False) -> str:
        written = self.data.get(name)
        text = str(written).strip() if written is not None else ""
        if required and not text:
            self.wrong(name, N_("请填写此项"))
        if len(text) > longest:
            self.wrong(name, N_("最多 %(limit)s 个字，现在有 %(length)s 个"), limit=longest, length=len(text))
        if "\x00" in text:
            self.wrong(name, N_("含有无法保存的字符，请删除后重新输入"))
        return text

    def several(self, name: str) -> list[str]:
        written = self.data.get(name) or []
        return [str(item) for item in written] if isinstance(written, list | tuple) else [str(written)]

    def flag(self, name: str) -> bool:
        return str(self.data.get(name, "")).lower() in {"true", "1", "on", "yes"}

    def choice(self, name: str, choices: type[Choice], default: Choice) -> Choice:
        try:
            return choices(str(self.data.get(name) or default))
        except ValueError:
            self.wrong(name, N_("请从给出的选项中选择"))
            return default

    def uuid(self, name: str) -> UUID | None:
        written = self.data.get(name)
        if not written:
            return None
        try:
            return UUID(str(written))
        except ValueError:
            self.wrong(name, N_("请从给出的选项中选择"))
            return None

    def day(self, name: str) -> date | None:
        written = self.data.get(name)
        if not written:
            return None
        try:
            return read_day(str(written))
        except ValueError as error:
            words = wrong_day(error, N_("“%(text)s”不是日期，请写成 2011-05-20 的样子。"))
            self.wrong(name, words, text=str(written)[:LONGEST_TITLE])
            return None

    def days(self, name: str, default: int | None) -> int | None:
        written = str(self.data.get(name) if self.data.get(name) is not None else "").strip()
        if not written:
            return default
        number = whole(written)
        if number is None or number > MOST_DAYS:
            self.wrong(name, N_("请填写 0 至 %(most)s 的整数。"), most=MOST_DAYS)
            return default
        return number

    def points(self, name: str, default: Decimal) -> Decimal:
        written = str(self.data.get(name) if self.data.get(name) is not None else "").strip()
        if not written:
            return default
        try:
            points = Decimal(plain_digits(written)) if len(written) <= LONGEST_NUMBER else Decimal("NaN")
        except InvalidOperation:
            points = Decimal("NaN")
        if not points.is_finite() or not 0 <= points <= MOST_POINTS:
            self.wrong(name, N_("请填写 0 至 %(most)s 的分值。"), most=MOST_POINTS)
            return default
        return points

    def quorum(self) -> Quorum:
        waits = self.choice("waits_below", WaitsBelow, WaitsBelow.NO)
        kind = self.choice("quorum_kind", QuorumKind, QuorumKind.ALL)
        until = self.choice("waits_until", WaitsUntil, WaitsUntil.PASSED)
        if waits is WaitsBelow.NO or kind is QuorumKind.ALL:
            return Quorum(waits, until=until)  # what is typed for the other kinds is left
        most = MOST_PERCENT if kind is QuorumKind.PERCENT else MOST_UNITS
        written = str(self.data.get("quorum") if self.data.get("quorum") is not None else "").strip()
        number = whole(plain_digits(written).removesuffix("%") if kind is QuorumKind.PERCENT else written)
        if number is None or not 1 <= number <= most:
            self.wrong("quorum", N_("请填写 1 至 %(most)s 的整数。"), most=most)
            return Quorum(waits, until=until)
        return Quorum(waits, kind, number, until)

    def due(self) -> DueRule | None:
        written = self.data.get("due")
        try:
            return due_rule_from_json(written if isinstance(written, Mapping) else {})
        except InvalidDueRuleError as error:
            self.fields |= {f"due.{name}": texts for name, texts in error.fields.items()}
            return None

    def campaign(self, due: DueRule | None) -> Campaign:
        start, end = self.day("active_from"), self.day("active_until")
        if start is None and "active_from" not in self.fields:
            self.wrong("active_from", N_("请填写日期。"))
        if end is None and "active_until" not in self.fields and due is not None and recurs(due):
            self.wrong("active_until", N_("周期性报送必须写明截止到哪一天。"))
        if start is not None and end is not None and end < start:
            self.wrong("active_until", N_("结束日期不能早于开始日期。"))
        return Campaign(start or date.min, end)

    def targets(self) -> Targets:
        written = self.data.get("targets")
        data = written if isinstance(written, Mapping) else {}
        try:
            scope = TargetScope(str(data.get("scope") or TargetScope.CHILDREN))
        except ValueError:
            self.wrong("targets.scope", N_("请从给出的选项中选择"))
            return Targets(TargetScope.CHILDREN)
        try:
            unit_ids = tuple(dict.fromkeys(UUID(str(item)) for item in data.get("unit_ids") or ()))
        except ValueError:
            self.wrong("targets.unit_ids", N_("请从给出的选项中选择"))
            unit_ids = ()
        if scope is TargetScope.LISTED and not unit_ids and "targets.unit_ids" not in self.fields:
            self.wrong("targets.unit_ids", N_("请至少选定一个单位。"))
        return Targets(scope=scope, levels=tuple(str(level) for level in data.get("levels") or ()), unit_ids=unit_ids)

    def form_choice(self) -> tuple[UUID | None, str]:
        """Read which form is asked: one by its id, or "template:<code>" for the one a suggestion brings."""
        written = str(self.data.get("form_id") or "")
        if written.startswith(TEMPLATE):
            return None, written.removeprefix(TEMPLATE)[:LONGEST_TITLE]
        return self.uuid("form_id"), ""

    def asked(self) -> FormSpec:
        """Read the questions of its own: as designed on the page, or as JSON."""
        if "design" in self.data:
            read = read_design(self.data["design"])
            self.fields |= read.problems
            return read.form
        written = self.data.get("fields") or []
        if not isinstance(written, list) or len(written) > MOST_FIELDS:
            self.wrong("fields", N_("最多 %(limit)s 个填报项。"), limit=MOST_FIELDS)
            return FormSpec()
        try:
            return form_from_json({"fields": written, "checks": self.data.get("checks") or []})
        except SpecError as error:
            # "fields[2].options[0].label" → "fields.2.label": the box on the page that has to be put right
            place = error.where.replace("[", ".").replace("]", "").split(".")
            text = _SPEC_TEXTS.get(place[-1], N_("这个填报项的设置不完整，请检查。"))
            self.wrong(".".join(place[:3]), text)
            return FormSpec()


_SPEC_TEXTS = {
    "label": N_("请填写填报项的名称。"),
    "options": N_("选择题请至少列出一个选项，每行一个。"),
    "maximum": N_("最大值不能小于最小值。"),
    "key": N_("填报项的代码重复或不合规。"),
}
