"""What pages and API say about a sheet: names in the reader's language, the trace with its doors, words for states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from duban.assessments.doors import Door
from duban.assessments.models import Assessment, FrozenResult
from duban.assessments.rules.facts import Facts
from duban.assessments.rules.results import Finding, Line, Result
from duban.assessments.rules.scheme import Effect, Entry, Item, ItemKind, Name, Scheme, VetoRule
from duban.assessments.sheets import Sheet
from duban.assessments.states import AssessmentState, VetoState
from duban.kernel.text import N_, Text
from duban.web.i18n import current_language

STEPS = (
    AssessmentState.PREPARING,
    AssessmentState.SELF_SCORING,
    AssessmentState.SCORING,
    AssessmentState.CLOSED,
    AssessmentState.PUBLISHED,
)
STATE_LOOKS: dict[AssessmentState, tuple[str, str]] = {
    AssessmentState.PREPARING: ("clock", "off"),
    AssessmentState.SELF_SCORING: ("writing", "todo"),
    AssessmentState.SCORING: ("list-check", "todo"),
    AssessmentState.CLOSED: ("lock", "warn"),
    AssessmentState.PUBLISHED: ("circle-check", "done"),
}
VETO_LOOKS: dict[VetoState, tuple[str, str]] = {
    VetoState.PROPOSED: ("clock", "warn"),
    VetoState.CONFIRMED: ("ban", "late"),
    VetoState.REJECTED: ("x", "off"),
    VetoState.LIFTED: ("history", "off"),
}
GRADE_TONES = ("done", "todo", "warn", "late")
KIND_WORDS: dict[ItemKind, str] = {
    ItemKind.COMPUTED: N_("系统计算"),
    ItemKind.LIMIT: N_("系统计算"),
    ItemKind.EVALUATOR: N_("考核员评分"),
    ItemKind.DEDUCTION: N_("扣分"),
    ItemKind.BONUS: N_("加分"),
}


@dataclass(frozen=True)
class Step:
    """One line of the trace as shown: what, in which words, how much, and the door to where it comes from."""

    what: str
    words: Text
    amount: Decimal
    door: str | None = None
    doors: tuple[Door, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Block:
    """The lines of one item; the last block holds what happened to the total."""

    code: str
    name: str
    kind: str
    points: Decimal
    full: Decimal | None
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Cause:
    """A veto or a yellow card as shown."""

    name: str
    words: Text
    is_veto: bool


def said(name: Name) -> str:
    """Give a scheme's name in the reader's language."""
    return name.en if current_language() == "en" else name.zh


def grade_name(scheme: Scheme, code: str) -> str:
    """Name a grade."""
    return said(scheme.grade(code).name)


def grade_tone(scheme: Scheme, code: str) -> str:
    """Colour a grade by its rank: the best green, the last red."""
    codes = [grade.code for grade in scheme.grades]
    place = codes.index(code)
    if place == len(codes) - 1:
        return "late"
    return GRADE_TONES[min(place, len(GRADE_TONES) - 2)]


def blocks(scheme: Scheme, result: Result, *, facts: Facts, doors: Mapping[str, Door]) -> tuple[Block, ...]:
    """Group the lines of a result by item, in the scheme's order; the amounts of all steps add up to the total."""
    points = dict(result.item_points)
    found = [
        Block(
            code=item.code,
            name=said(item.name),
            kind=KIND_WORDS[item.kind],
            points=points[item.code],
            full=item.points or None,
            steps=tuple(_step(item, line, facts, doors) for line in result.lines if line.item == item.code),
        )
        for item in scheme.items
    ]
    whole = [line for line in result.lines if not line.item]
    if whole:
        steps = tuple(Step("", _text(line.template, line.params), line.amount) for line in whole)
        found.append(Block("", "", "", sum((line.amount for line in whole), Decimal(0)), None, steps))
    return tuple(found)


def causes(scheme: Scheme, result: Result) -> tuple[Cause, ...]:
    """Put the findings into words."""
    return tuple(_cause(scheme.veto(finding.rule), finding) for finding in result.findings)


def lacking(scheme: Scheme, sheet: Sheet) -> tuple[str, ...]:
    """Name what a sheet still lacks."""
    names = {item.code: said(item.name) for item in scheme.items}
    names |= {rule.fact: said(rule.name) for item in scheme.items for rule in item.rules}
    names |= {item.measure: said(item.name) for item in scheme.items if item.measure is not None}
    names |= {rule.measure or rule.fact or "": said(rule.name) for rule in scheme.vetoes if rule.measure or rule.fact}
    return tuple(names.get(code, code) for code in sheet.missing)


def entered_rules(item: Item) -> tuple[str, ...]:
    """List the rules of an item that a person enters."""
    return tuple(rule.code for rule in item.rules if rule.entry is Entry.ENTERED)


def decision_rules(scheme: Scheme) -> tuple[VetoRule, ...]:
    """List the veto rules two people decide on."""
    return tuple(rule for rule in scheme.vetoes if rule.kind == "decision")


def counted_summary(scheme: Scheme, item: Item, facts: Facts) -> str:
    """Say in a few words what was counted for an item: 逾期 2 · 未报 1; only what is above 0."""
    found: list[str] = []
    for rule in item.rules:
        count = facts.count(rule.fact)
        if count is not None and count.value:
            found.append(f"{said(rule.name)} {count.value.normalize():f}")
    measure = facts.measure(item.measure) if item.measure else None
    if measure is not None:
        found.append(f"{measure.actual.normalize():f} / {measure.limit.normalize():f}")
    _ = scheme
    return " · ".join(found)


def states(assessment: Assessment) -> tuple[int, tuple[AssessmentState, ...]]:
    """Give the number of the current step, from 1, and all steps."""
    return STEPS.index(assessment.state) + 1, STEPS


def ranking_chart(
    scheme: Scheme, rows: Sequence[Mapping[str, object]], *, score_word: str, links: Sequence[str]
) -> dict[str, object]:
    """Give the numbers of the ranking's bar chart; the table beside it is made from the same rows."""
    return {
        "kind": "hbar",
        "categories": [row["unit_name"] for row in rows],
        "series": [
            {
                "name": score_word,
                "data": [Decimal(str(row["total"])) for row in rows],
                "tone": "todo",
                "tones": ["late" if row["is_vetoed"] else grade_tone(scheme, str(row["grade"])) for row in rows],
            }
        ],
        "max": scheme.full_score if all(Decimal(str(row["total"])) <= scheme.full_score for row in rows) else None,
        "links": list(links),
    }


def version_changes(versions: Sequence[FrozenResult]) -> list[dict[str, object]]:
    """Give the frozen versions of a card, newest first, for the time line."""
    return [
        {
            "version": row.version,
            "total": row.total,
            "grade": row.grade,
            "why": row.why,
            "at": row.frozen_at,
            "who": row.frozen_by,
        }
        for row in versions
    ]


def _cause(rule: VetoRule, finding: Finding) -> Cause:
    return Cause(said(rule.name), _text(finding.template, finding.params), is_veto=finding.effect is Effect.VETO)


def _text(template: str, params: Sequence[tuple[str, str]]) -> Text:
    return Text(template, dict(params))


def _step(item: Item, line: Line, facts: Facts, doors: Mapping[str, Door]) -> Step:
    rule = next((each for each in item.rules if each.code == line.rule), None)
    fact = facts.count(rule.fact) if rule is not None else None
    mark = facts.mark(item.code) if item.kind is ItemKind.EVALUATOR else None
    found = [doors[ref] for ref in line.refs if ref in doors]
    return Step(
        what=said(rule.name) if rule is not None else "",
        words=_text(line.template, line.params),
        amount=line.amount,
        # A door without words of its own is behind the line; records with names are listed under it.
        door=next((door.url for door in found if not door.words), None),
        doors=tuple(door for door in found if door.words),
        reason=fact.reason if fact is not None else mark.reason if mark is not None else "",
    )
