"""What a kind offers a new tenant to start from: requirements, indicators, reminder ladder, programmes."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from duban.calendar.due_dates import Campaign
from duban.calendar.due_rules import DueRule
from duban.calendar.errors import InvalidDueRuleError, InvalidLadderError, InvalidWindowError
from duban.calendar.ladder_json import ladder_from_json
from duban.calendar.ladder_presets import DISPATCHES, MATTERS
from duban.calendar.ladders import Ladder
from duban.calendar.rule_json import due_rule_from_json
from duban.calendar.windows import Window, window_from_text
from duban.fields.forms import Check, FormSpec, checks_from_json
from duban.fields.specs import FieldSpec, SpecError, specs_from_json
from duban.tenancy.kinds_reading import Name, Place, check_unique

# Any year does for checking: a leap year has every day a rule may name.
SAMPLE_YEAR = 2024
MOST_DAYS = 400

INDICATOR_KINDS = ("control", "work")
DIRECTIONS = ("at_most", "at_least")
SPREADS = ("split", "copy")

_SLOT = re.compile(r"\{(\w+)\}")


def in_year(text: str, year: int) -> str:
    """Fill in {year} and {next_year}; other braces stay."""
    values = {"year": str(year), "next_year": str(year + 1)}
    return _SLOT.sub(lambda match: values.get(match[1], match[0]), text)


def _name_in_year(name: Name, year: int) -> Name:
    return Name(zh=in_year(name.zh, year), en=in_year(name.en, year))


@dataclass(frozen=True)
class RequirementTemplate:
    """
    Something units hand in. `issued_by` and `owed_by` are levels, `recipient` a role, `ladder` a code of ladder.yaml.

    `needs_contacts`: a unit must have named its contacts before it hands this in (S002-47).
    """

    code: str
    title: Name
    text: Name
    issued_by: tuple[str, ...]
    owed_by: tuple[str, ...]
    recipient: str
    due: Mapping[str, str]
    starts: str
    ends: str
    nil_allowed: bool
    needs_contacts: bool
    fields: tuple[FieldSpec, ...]
    checks: tuple[Check, ...] = ()
    ladder: str = ""

    @property
    def form(self) -> FormSpec:
        """What it asks for and what must fit together."""
        return FormSpec(self.fields, self.checks)

    def due_in(self, year: int) -> DueRule:
        """Give the due rule for a year."""
        return due_rule_from_json({key: in_year(value, year) for key, value in self.due.items()})

    def campaign_in(self, year: int) -> Campaign:
        """Give the days it is in force for a year."""
        return Campaign(date.fromisoformat(in_year(self.starts, year)), date.fromisoformat(in_year(self.ends, year)))


@dataclass(frozen=True)
class IndicatorTemplate:
    """A number a unit is held to. `parts` are the codes of the indicators that add up to it."""

    code: str
    name: Name
    kind: str
    direction: str
    spread: str
    unit: Name
    places: int
    parts: tuple[str, ...]


@dataclass(frozen=True)
class DocumentTemplate:
    """The document a programme rests on, and the one that one rests on."""

    number: str
    issuer: Name
    title: Name
    parent: "DocumentTemplate | None"

    def in_year(self, year: int) -> "DocumentTemplate":
        """Fill in the year."""
        parent = self.parent.in_year(year) if self.parent else None
        return DocumentTemplate(in_year(self.number, year), self.issuer, _name_in_year(self.title, year), parent)


@dataclass(frozen=True)
class StageOfPlan:
    """A stage with its window as documents write it."""

    code: str
    title: Name
    window: str

    def window_in(self, year: int) -> Window:
        """Read the window for a year."""
        return window_from_text(in_year(self.window, year), year=year)


@dataclass(frozen=True)
class TaskOfPlan:
    """A numbered task; `owners` are the levels it falls to."""

    number: int
    title: Name
    text: Name
    owners: tuple[str, ...]


@dataclass(frozen=True)
class GroupOfPlan:
    """Tasks under one heading."""

    code: str
    title: Name
    tasks: tuple[TaskOfPlan, ...]


@dataclass(frozen=True)
class PlanTemplate:
    """A programme: document, goal, stages, groups of tasks."""

    code: str
    title: Name
    source: Name
    document: DocumentTemplate
    goal: Name
    stages: tuple[StageOfPlan, ...]
    groups: tuple[GroupOfPlan, ...]

    def title_in(self, year: int) -> Name:
        """Give the title for a year."""
        return _name_in_year(self.title, year)


def read_requirements(
    place: Place, *, levels: Collection[str], roles: Collection[str], ladders: Collection[str]
) -> tuple[RequirementTemplate, ...]:
    """Read requirements.yaml. Takes: the codes of the ladders a requirement may name."""
    found: list[tuple[str, Place]] = []
    templates: list[RequirementTemplate] = []
    for item in place.items():
        keys = item.mapping(
            required=("code", "title", "text", "issued_by", "owed_by", "recipient", "campaign", "due", "fields"),
            optional=("nil_allowed", "needs_contacts", "checks", "ladder"),
        )
        if "code" in keys:
            found.append((keys["code"].code(), keys["code"]))
        if "ladder" in keys:
            keys["ladder"].one_of(ladders, "a ladder for duties")
        template = _requirement(keys, levels, roles)
        if template is not None:
            templates.append(template)
    check_unique(found, "requirement")
    return tuple(templates)


def _requirement(keys: Mapping[str, Place], levels: Collection[str], roles: Collection[str]) -> RequirementTemplate | None:
    before = _problems(keys)
    title, text = _name(keys, "title"), _name(keys, "text")
    issued_by = keys["issued_by"].several_of(levels, "a level") if "issued_by" in keys else ()
    owed_by = keys["owed_by"].several_of(levels, "a level") if "owed_by" in keys else ()
    recipient = keys["recipient"].one_of(roles, "a role") if "recipient" in keys else ""
    starts, ends = _campaign(keys["campaign"]) if "campaign" in keys else ("", "")
    due = _due(keys["due"]) if "due" in keys else {}
    fields = _fields(keys["fields"]) if "fields" in keys else ()
    checks = _checks(keys["checks"], fields) if "checks" in keys and fields else ()
    nil_allowed = keys["nil_allowed"].flag() if "nil_allowed" in keys else False
    needs_contacts = keys["needs_contacts"].flag() if "needs_contacts" in keys else False
    if _problems(keys) != before or not {"code", "due", "campaign", "recipient"} <= keys.keys():
        return None
    return RequirementTemplate(
        code=keys["code"].text(),
        title=title,
        text=text,
        issued_by=issued_by,
        owed_by=owed_by,
        recipient=recipient,
        due=due,
        starts=starts,
        ends=ends,
        nil_allowed=nil_allowed,
        needs_contacts=needs_contacts,
        fields=fields,
        checks=checks,
        ladder=keys["ladder"].text() if "ladder" in keys else "",
    )


def _problems(keys: Mapping[str, Place]) -> int:
    return max((len(place.problems) for place in keys.values()), default=0)


def _name(keys: Mapping[str, Place], key: str) -> Name:
    return keys[key].name() if key in keys else Name("", "")


def _campaign(place: Place) -> tuple[str, str]:
    keys = place.mapping(required=("from", "to"))
    days: list[date] = []
    for key in ("from", "to"):
        if key in keys:
            try:
                days.append(date.fromisoformat(in_year(keys[key].text(), SAMPLE_YEAR)))
            except ValueError:
                keys[key].complain("must be a day like {year}-04-30")
    if len(days) == 2 and days[1] < days[0]:  # noqa: PLR2004 - both days were read
        keys["to"].complain("lies before from")
    return tuple(keys[key].text() if key in keys else "" for key in ("from", "to"))  # type: ignore[return-value]


def _due(place: Place) -> Mapping[str, str]:
    plain: Any = place.plain()
    if not isinstance(plain, dict):
        place.complain("must be a mapping of keys to values")
        return {}
    rule = {key: str(value) for key, value in plain.items()}
    try:
        due_rule_from_json({key: in_year(value, SAMPLE_YEAR) for key, value in rule.items()})
    except InvalidDueRuleError as error:
        for field, texts in error.fields.items():
            place.at(field).complain("; ".join(str(text) for text in texts))
    return rule


def _fields(place: Place) -> tuple[FieldSpec, ...]:
    try:
        return specs_from_json(place.plain())
    except SpecError as error:
        # specs_from_json calls the list "fields": what follows is the way from here.
        place.at(error.where.removeprefix("fields")).complain(error.what)
        return ()


def _checks(place: Place, fields: tuple[FieldSpec, ...]) -> tuple[Check, ...]:
    try:
        return checks_from_json(place.plain(), fields)
    except SpecError as error:
        place.at(error.where.removeprefix("checks")).complain(error.what)
        return ()


def read_indicators(place: Place) -> tuple[IndicatorTemplate, ...]:
    """Read indicators.yaml."""
    rows: list[tuple[IndicatorTemplate, Mapping[str, Place]]] = []
    for item in place.items():
        keys = item.mapping(required=("code", "name", "kind", "direction", "spread", "unit", "places"), optional=("parts",))
        rows.append((_indicator(keys), keys))
    check_unique([(row.code, keys["code"]) for row, keys in rows if "code" in keys], "indicator")
    codes = {row.code for row, _ in rows}
    for row, own in rows:
        if "parts" in own:
            own["parts"].several_of(codes - {row.code}, "another indicator")
    return tuple(row for row, _ in rows)


def _indicator(keys: Mapping[str, Place]) -> IndicatorTemplate:
    def choice(key: str, known: Collection[str]) -> str:
        return keys[key].one_of(known, f"a {key}") if key in keys else ""

    return IndicatorTemplate(
        code=keys["code"].code() if "code" in keys else "",
        name=_name(keys, "name"),
        kind=choice("kind", INDICATOR_KINDS),
        direction=choice("direction", DIRECTIONS),
        spread=choice("spread", SPREADS),
        unit=_name(keys, "unit"),
        places=keys["places"].whole(highest=4) if "places" in keys else 0,
        parts=tuple(part.text() for part in keys["parts"].items()) if "parts" in keys else (),
    )


def read_ladders(place: Place, *, roles: Collection[str]) -> tuple[Ladder, ...]:
    """Read ladder.yaml. Gives: the ladders in their order, the first of which new work takes."""
    ladders: list[Ladder] = []
    codes: list[tuple[str, Place]] = []
    for item in place.items():
        try:
            plain: Any = item.plain()
            of_others = isinstance(plain, dict) and plain.get("code") in {MATTERS.code, DISPATCHES.code}
            ladders.append(ladder_from_json(plain, roles=roles, for_duties=not of_others))
        except InvalidLadderError as error:
            for field, texts in error.fields.items():
                item.at(field).complain("; ".join(str(text) for text in texts))
        else:
            codes.append((ladders[-1].code, item.at("code")))
    check_unique(codes, "ladder")
    return tuple(ladders)


def read_plans(place: Place, *, levels: Collection[str]) -> tuple[PlanTemplate, ...]:
    """Read plan.yaml."""
    plans: list[PlanTemplate] = []
    codes: list[tuple[str, Place]] = []
    for item in place.items():
        keys = item.mapping(required=("code", "title", "source", "document", "goal", "stages", "groups"))
        if len(keys) < 7:  # noqa: PLR2004 - all seven are needed
            continue
        codes.append((keys["code"].code(), keys["code"]))
        plans.append(
            PlanTemplate(
                code=keys["code"].text(),
                title=keys["title"].name(),
                source=keys["source"].name(),
                document=_document(keys["document"]),
                goal=keys["goal"].name(),
                stages=_stages(keys["stages"]),
                groups=_groups(keys["groups"], levels),
            )
        )
    check_unique(codes, "plan")
    return tuple(plans)


def _document(place: Place) -> DocumentTemplate:
    keys = place.mapping(required=("number", "issuer", "title"), optional=("parent",))
    return DocumentTemplate(
        number=keys["number"].text() if "number" in keys else "",
        issuer=_name(keys, "issuer"),
        title=_name(keys, "title"),
        parent=_document(keys["parent"]) if "parent" in keys else None,
    )


def _stages(place: Place) -> tuple[StageOfPlan, ...]:
    stages: list[StageOfPlan] = []
    codes: list[tuple[str, Place]] = []
    for item in place.items():
        keys = item.mapping(required=("code", "title", "window"))
        if len(keys) < 3:  # noqa: PLR2004 - all three are needed
            continue
        stage = StageOfPlan(keys["code"].code(), keys["title"].name(), keys["window"].text())
        try:
            stage.window_in(SAMPLE_YEAR)
        except InvalidWindowError as error:
            keys["window"].complain(str(error.fields["window"][0]))
        codes.append((stage.code, keys["code"]))
        stages.append(stage)
    check_unique(codes, "stage")
    return tuple(stages)


def _groups(place: Place, levels: Collection[str]) -> tuple[GroupOfPlan, ...]:
    groups: list[GroupOfPlan] = []
    numbers: set[int] = set()
    for item in place.items():
        keys = item.mapping(required=("code", "title", "tasks"))
        if len(keys) < 3:  # noqa: PLR2004 - all three are needed
            continue
        tasks = tuple(task for place in keys["tasks"].items() if (task := _task(place, levels, numbers)) is not None)
        groups.append(GroupOfPlan(keys["code"].code(), keys["title"].name(), tasks))
    return tuple(groups)


def _task(place: Place, levels: Collection[str], numbers: set[int]) -> TaskOfPlan | None:
    keys = place.mapping(required=("number", "title", "text"), optional=("owners",))
    if not {"number", "title", "text"} <= keys.keys():
        return None
    number = keys["number"].whole(lowest=1, highest=999)
    if number in numbers:
        keys["number"].complain(f"task {number} is given twice")
    numbers.add(number)
    owners = keys["owners"].several_of(levels, "a level") if "owners" in keys else ()
    return TaskOfPlan(number, keys["title"].name(), keys["text"].name(), owners)
