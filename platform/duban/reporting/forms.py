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
from duban.calendar.due_rules import DueRule, FixedDate
from duban.calendar.errors import InvalidDueRuleError
from duban.calendar.lateness import DEFAULT_MISSING_AFTER_DAYS, LateModel, LatePenalty
from duban.calendar.rule_json import due_rule_from_json
from duban.fields.specs import FieldSpec, SpecError, specs_from_json
from duban.kernel.days import read_day, wrong_day
from duban.kernel.errors import InvalidInputError
from duban.kernel.text import N_, Text
from duban.reporting.rules import DEFAULT_CORRECTION_DAYS
from duban.reporting.states import Precondition

Choice = TypeVar("Choice", bound=StrEnum)

LONGEST_TITLE = 100
LONGEST_INSTRUCTION = 5000
MOST_FIELDS = 60
MOST_POINTS = Decimal(1000)
MOST_DAYS = 366
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
    nil_allowed: bool = False
    attachments_required: bool = False
    preconditions: tuple[Precondition, ...] = ()
    penalty: LatePenalty = DEFAULT_PENALTY
    missing_after_days: int = DEFAULT_MISSING_AFTER_DAYS
    correction_days: int | None = DEFAULT_CORRECTION_DAYS


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
    specs = reader.specs()
    due = reader.due()
    campaign = reader.campaign(due)
    targets = reader.targets()
    title = reader.text("title", longest=LONGEST_TITLE, required=True)
    penalty = LatePenalty(
        model=reader.choice("late_model", LateModel, LateModel.PER_EVENT),
        points=reader.points("late_points", Decimal("0.5")),
        missing_points=reader.points("missing_points", Decimal(1)),
    )
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
        specs=specs,
        nil_allowed=reader.flag("nil_allowed"),
        attachments_required=reader.flag("attachments_required"),
        preconditions=tuple(code for code in Precondition if code.value in reader.several("preconditions")),
        penalty=penalty,
        missing_after_days=reader.days("missing_after_days", DEFAULT_MISSING_AFTER_DAYS) or 0,
        correction_days=reader.days("correction_days", None),
    )
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
        "preconditions": [code.value for code in form.preconditions],
        "late_model": penalty.model.value,
        "late_points": format(penalty.points.normalize(), "f"),
        "missing_points": format(penalty.missing_points.normalize(), "f"),
        "missing_after_days": form.missing_after_days,
        "correction_days": form.correction_days,
    }


def for_unit(form: RequirementForm, *, unit_name: str) -> RequirementForm:
    """Name the issuing unit as the recipient where the author named none."""
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
        if not (written.isascii() and written.isdigit() and len(written) < LONGEST_NUMBER and int(written) <= MOST_DAYS):
            self.wrong(name, N_("请填写 0 至 %(most)s 的整数。"), most=MOST_DAYS)
            return default
        return int(written)

    def points(self, name: str, default: Decimal) -> Decimal:
        written = str(self.data.get(name) if self.data.get(name) is not None else "").strip()
        if not written:
            return default
        try:
            points = Decimal(written) if len(written) <= LONGEST_NUMBER else Decimal("NaN")
        except InvalidOperation:
            points = Decimal("NaN")
        if not points.is_finite() or not 0 <= points <= MOST_POINTS:
            self.wrong(name, N_("请填写 0 至 %(most)s 的分值。"), most=MOST_POINTS)
            return default
        return points

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
        if end is None and "active_until" not in self.fields and due is not None and not isinstance(due, FixedDate):
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

    def specs(self) -> tuple[FieldSpec, ...]:
        written = self.data.get("fields") or []
        if not isinstance(written, list) or len(written) > MOST_FIELDS:
            self.wrong("fields", N_("最多 %(limit)s 个填报项。"), limit=MOST_FIELDS)
            return ()
        try:
            return specs_from_json(written)
        except SpecError as error:
            # "fields[2].options[0].label" → "fields.2.label": the box on the page that has to be put right
            place = error.where.replace("[", ".").replace("]", "").split(".")
            text = _SPEC_TEXTS.get(place[-1], N_("这个填报项的设置不完整，请检查。"))
            self.wrong(".".join(place[:3]), text)
            return ()


_SPEC_TEXTS = {
    "label": N_("请填写填报项的名称。"),
    "options": N_("选择题请至少列出一个选项，每行一个。"),
    "maximum": N_("最大值不能小于最小值。"),
    "key": N_("填报项的代码重复或不合规。"),
}
