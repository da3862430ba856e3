"""From scheme and facts to a result. Every amount enters the total as a line that says where it comes from."""

from collections.abc import Iterable
from decimal import Decimal

from duban.assessments.rules.facts import Count, Facts, Measure
from duban.assessments.rules.numbers import ZERO, difference, number_text, product, rounded, total_of
from duban.assessments.rules.results import Finding, Line, Result
from duban.assessments.rules.scheme import Item, ItemKind, Order, Per, Rule, Scheme, Stage, VetoKind, VetoRule
from duban.kernel.text import N_

TIMES = {
    Per.EVENT: N_("%(times)s 次 × 每次 %(each)s 分"),
    Per.DAY: N_("%(times)s 天 × 每天 %(each)s 分"),
    Per.HOUR: N_("%(times)s 小时 × 每小时 %(each)s 分"),
    Per.PERSON: N_("%(times)s 人 × 每人 %(each)s 分"),
    Per.ITEM: N_("%(times)s 项 × 每项 %(each)s 分"),
}
RULE_CAP = N_("本条最多计 %(cap)s 分")
BASE = N_("基础分 %(points)s 分")
MARKED = N_("评分人评 %(points)s 分（满分 %(full)s 分）")
LIMIT_KEPT = N_("实际 %(actual)s，未超过控制数 %(limit)s，得满分 %(points)s 分")
LIMIT_BROKEN = N_("实际 %(actual)s，超过控制数 %(limit)s，本项不得分（满分 %(points)s 分）")
ITEM_FLOOR = N_("本项扣分不低于 %(floor)s 分")
ITEM_CAP = N_("本项最多计 %(cap)s 分")
ITEM_ROUNDED = N_("本项修约到 %(decimals)s 位小数")
TOTAL_FLOOR = N_("总分不低于 %(floor)s 分")
TOTAL_CAP = N_("总分不超过 %(cap)s 分")
TOTAL_ROUNDED = N_("总分修约到 %(decimals)s 位小数")
OVER_LIMIT = N_("实际 %(actual)s，超过控制数 %(limit)s")
COUNT_REACHED = N_("已有 %(times)s 起，达到 %(threshold)s 起")
SCORE_BELOW = N_("总分 %(total)s，低于 %(threshold)s 分")
DECIDED = N_("%(on)s 依据 %(document)s 决定：%(reason)s")


class UnscoredError(ValueError):
    """The facts do not hold all the scheme asks for. `missing` are the codes; nothing is ever taken as 0."""

    def __init__(self, missing: Iterable[str]) -> None:
        self.missing = tuple(sorted(missing))
        super().__init__("、".join(self.missing))


def missing_facts(scheme: Scheme, facts: Facts) -> tuple[str, ...]:
    """Name what has to be known before this unit can be scored: items without a mark, facts without a count."""
    marks = {item.code for item in scheme.items if item.kind is ItemKind.EVALUATOR and facts.mark(item.code) is None}
    asked = {rule.fact for item in scheme.items for rule in item.rules} | set(scheme.counted_facts())
    counts = {code for code in asked if facts.count(code) is None}
    # A unit without a limit cannot exceed it, but it cannot earn the points of keeping it either.
    needed = {item.measure for item in scheme.items if item.measure is not None}
    measures = {
        code for code in scheme.measures() if facts.measure(code) is None and (code in needed or code not in facts.absent)
    }
    return tuple(sorted(marks | counts | measures))


def score(scheme: Scheme, facts: Facts) -> Result:
    """
    Score one unit.

    Gives: a result whose lines add up to the total exactly. Raises: UnscoredError; ValueError for a mark outside its item.
    Source: docs/rules/scoring.md.
    """
    missing = missing_facts(scheme, facts)
    if missing:
        raise UnscoredError(missing)
    of_items = [(item.code, _item_lines(scheme, item, facts)) for item in scheme.items]
    lines = [line for _, item_lines in of_items for line in item_lines]
    lines += _whole_lines(scheme, total_of([line.amount for line in lines]))
    total = total_of([line.amount for line in lines])
    findings = tuple(found for rule in scheme.vetoes if (found := _finding(rule, facts, total)) is not None)
    score_grade = grade_of(scheme, total)
    result = Result(
        unit=facts.unit,
        scheme_digest=scheme.digest,
        facts_digest=facts.digest,
        item_points=tuple((code, total_of([line.amount for line in item_lines])) for code, item_lines in of_items),
        lines=tuple(lines),
        total=total,
        score_grade=score_grade,
        grade=score_grade,
        findings=findings,
        tie_values=_tie_values(scheme, facts),
        barred_by=tuple(code for code in (scheme.quota.without if scheme.quota else ()) if _count(facts, code).value > 0),
    )
    return _unqualified(result, scheme) if result.is_vetoed else result


def points_of(scheme: Scheme, item: Item, facts: Facts) -> Decimal:
    """Score one item alone. Raises: UnscoredError when the facts do not hold what it asks for."""
    return total_of([line.amount for line in _item_lines(scheme, item, facts)])


def grade_of(scheme: Scheme, total: Decimal) -> str:
    """Name the highest grade the points reach."""
    for grade in scheme.grades:
        if total > grade.minimum or (grade.inclusive and total == grade.minimum):
            return grade.code
    raise ValueError(f"no grade for {total}: the loader refuses such a scheme")


def _unqualified(result: Result, scheme: Scheme) -> Result:
    return Result(**{**vars(result), "grade": scheme.veto_grade})


def _item_lines(scheme: Scheme, item: Item, facts: Facts) -> list[Line]:
    lines = _KINDS[item.kind](item, facts)
    points = total_of([line.amount for line in lines])
    if item.kind is ItemKind.COMPUTED and item.floor is not None and points < item.floor:
        lines.append(_step(item.code, ITEM_FLOOR, difference(item.floor, points), floor=item.floor))
        points = item.floor
    if item.cap is not None and abs(points) > item.cap:
        allowed = item.cap if points > 0 else -item.cap
        lines.append(_step(item.code, ITEM_CAP, difference(allowed, points), cap=item.cap))
        points = allowed
    if scheme.rounding.stage is Stage.ITEM:
        lines += _rounding_line(scheme, item.code, points, ITEM_ROUNDED)
    return lines


def _whole_lines(scheme: Scheme, points: Decimal) -> list[Line]:
    lines = []
    if points < scheme.floor:
        lines.append(_step("", TOTAL_FLOOR, difference(scheme.floor, points), floor=scheme.floor))
        points = scheme.floor
    if scheme.cap is not None and points > scheme.cap:
        lines.append(_step("", TOTAL_CAP, difference(scheme.cap, points), cap=scheme.cap))
        points = scheme.cap
    if scheme.rounding.stage is Stage.TOTAL:
        lines += _rounding_line(scheme, "", points, TOTAL_ROUNDED)
    return lines


def _rounding_line(scheme: Scheme, item: str, points: Decimal, template: str) -> list[Line]:
    shown = rounded(points, decimals=scheme.rounding.decimals, mode=scheme.rounding.mode)
    moved = difference(shown, points)
    return [_step(item, template, moved, decimals=Decimal(scheme.rounding.decimals))] if moved else []


def _step(item: str, template: str, amount: Decimal, **params: Decimal) -> Line:
    return Line(item=item, rule="", template=template, params=_params(**params), amount=amount)


def _params(**params: Decimal) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, number_text(value)) for name, value in params.items()))


def _computed(item: Item, facts: Facts) -> list[Line]:
    base = Line(item.code, "", BASE, _params(points=item.points), item.points)
    return [base, *_deduction(item, facts)]


def _deduction(item: Item, facts: Facts) -> list[Line]:
    return [line for rule in item.rules for line in _rule_lines(item, rule, _count(facts, rule.fact), sign=-1)]


def _bonus(item: Item, facts: Facts) -> list[Line]:
    return [line for rule in item.rules for line in _rule_lines(item, rule, _count(facts, rule.fact), sign=1)]


def _rule_lines(item: Item, rule: Rule, count: Count, *, sign: int) -> list[Line]:
    points = product(rule.each, count.value)
    signed = product(Decimal(sign), points)
    lines = [Line(item.code, rule.code, TIMES[rule.per], _params(times=count.value, each=rule.each), signed, count.refs)]
    if rule.cap is not None and points > rule.cap:
        back = product(Decimal(sign), difference(rule.cap, points))
        lines.append(Line(item.code, rule.code, RULE_CAP, _params(cap=rule.cap), back))
    return lines


def _limit(item: Item, facts: Facts) -> list[Line]:
    measure = _measure(facts, item.measure)
    kept = measure.actual <= measure.limit
    params = _params(actual=measure.actual, limit=measure.limit, points=item.points)
    template = LIMIT_KEPT if kept else LIMIT_BROKEN
    return [Line(item.code, "", template, params, item.points if kept else ZERO, measure.refs)]


def _marked(item: Item, facts: Facts) -> list[Line]:
    mark = facts.mark(item.code)
    if mark is None:
        raise UnscoredError([item.code])
    if not ZERO <= mark.points <= item.points:
        raise ValueError(f"{item.code}: {mark.points} is not within 0..{item.points}")
    return [Line(item.code, "", MARKED, _params(points=mark.points, full=item.points), mark.points, (f"mark:{item.code}",))]


_KINDS = {
    ItemKind.COMPUTED: _computed,
    ItemKind.LIMIT: _limit,
    ItemKind.EVALUATOR: _marked,
    ItemKind.DEDUCTION: _deduction,
    ItemKind.BONUS: _bonus,
}


def _finding(rule: VetoRule, facts: Facts, total: Decimal) -> Finding | None:
    if rule.kind is VetoKind.LIMIT_EXCEEDED:
        if rule.measure in facts.absent and facts.measure(rule.measure or "") is None:
            return None
        measure = _measure(facts, rule.measure)
        params = _params(actual=measure.actual, limit=measure.limit)
        return Finding(rule.code, rule.effect, OVER_LIMIT, params) if measure.actual > measure.limit else None
    if rule.kind is VetoKind.DECISION:
        decided = facts.decision(rule.code)
        words = decided and (("document", decided.document), ("on", decided.decided_on), ("reason", decided.reason))
        return Finding(rule.code, rule.effect, DECIDED, words) if words else None
    threshold = ZERO if rule.threshold is None else rule.threshold
    if rule.kind is VetoKind.COUNT_REACHED:
        times = _count(facts, rule.fact or "").value
        return (
            Finding(rule.code, rule.effect, COUNT_REACHED, _params(times=times, threshold=threshold))
            if times >= threshold
            else None
        )
    return Finding(rule.code, rule.effect, SCORE_BELOW, _params(total=total, threshold=threshold)) if total < threshold else None


def _tie_values(scheme: Scheme, facts: Facts) -> tuple[Decimal, ...]:
    values = [(tie, _count(facts, tie.fact).value) for tie in scheme.ties.by]
    return tuple(value if tie.order is Order.FEWEST else difference(ZERO, value) for tie, value in values)


def _count(facts: Facts, code: str) -> Count:
    count = facts.count(code)
    if count is None:
        raise UnscoredError([code])
    return count


def _measure(facts: Facts, code: str | None) -> Measure:
    measure = facts.measure(code or "")
    if measure is None:
        raise UnscoredError([code or ""])
    return measure
