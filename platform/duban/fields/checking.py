"""What does not fit together in a form's answers, and what has moved far since the last period."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from duban.fields import problems
from duban.fields.forms import COMPARISONS, Breakdown, Check, Compare, FormSpec, RequiredIf, formulas_of
from duban.fields.formulas import compare, evaluate, holds, names_in, read_formula, summed
from duban.fields.problems import Problem
from duban.fields.quantities import SIGNS, Figure, Quantity, Value, figure, minus, rounded
from duban.fields.shapes import FieldSpec
from duban.kernel.text import N_, Authored, Text

_KEY = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


@dataclass(frozen=True)
class Failure:
    """A check that does not hold: `key` is the field to point at (the check's code where it names no single field)."""

    check: Check
    key: str
    problem: Problem


@dataclass(frozen=True)
class Comparison:
    """
    A figure beside the last period's.

    Units: `percent` of the last period's value, one decimal; None where that was nothing or zero. `said` is the sentence.
    """

    before: Value
    now: Value
    percent: Decimal | None
    said: Text
    is_flagged: bool


def failures(form: FormSpec, values: Mapping[str, Value], *, wrong: Collection[str], is_draft: bool = False) -> Iterator[Failure]:
    """
    Give the checks that do not hold.

    Takes:  `wrong` keys without a value because what was typed is a problem already: checks that read them wait, and in a
            draft those that read what is not typed yet.
    """
    for check in form.checks:
        nodes = [read_formula(formula) for formula in formulas_of(check)]
        names = [name.key for node in nodes for name in names_in(node)]
        if not set(wrong).isdisjoint(names):
            continue
        if isinstance(check, RequiredIf):
            if not is_draft and check.key not in wrong and holds(nodes[0], values) and values.get(check.key) in (None, ()):
                yield Failure(check, check.key, _words(check) or problems.MISSING)
            continue
        found = [evaluate(node, values) for node in nodes]
        if is_draft and None in found:
            continue
        problem = _breakdown(found) if isinstance(check, Breakdown) else _compare(check, found, form)
        if problem is not None:
            yield Failure(check, names[0] if names else check.code, _words(check) or problem)


def _words(check: Check) -> Problem | None:
    """Give the author's own words; a breakdown's follow the figures, which are always said."""
    if not check.message or isinstance(check, Breakdown):
        return None
    return Problem("%(words)s", {"words": Authored(check.message, english=check.message_en)})


def _breakdown(found: Sequence[Figure]) -> Problem | None:
    total, parts = found[0], found[1:]
    given = [part for part in parts if isinstance(part, Quantity)]
    if total is None:
        return Problem(N_("各分项合计为 %(parts)s，请填写总数"), {"parts": said_number(summed(given))}) if given else None
    if not isinstance(total, Quantity) or not given:
        return None  # where no part was typed: whether they must be is the parts' own affair
    added = summed(given)
    if compare("=", added, total) is not False:
        return None
    difference = minus(total, added) if total.number >= added.number else minus(added, total)
    figures = {"parts": said_number(added), "total": said_number(total), "difference": said_number(difference)}
    blank = sum(part is None for part in parts)
    if blank:
        return Problem(
            N_("各分项合计为 %(parts)s，总数为 %(total)s，相差 %(difference)s；还有 %(blank)s 个分项没有填"),
            figures | {"blank": blank},
        )
    return Problem(N_("各分项合计为 %(parts)s，总数为 %(total)s，相差 %(difference)s"), figures)


def _compare(check: Compare, found: Sequence[Figure], form: FormSpec) -> Problem | None:
    left, right = found
    if compare(check.op, left, right) is not False or not isinstance(left, Quantity) or not isinstance(right, Quantity):
        return None
    params = {
        "left": _said(check.left, form),
        "a": said_number(left),
        "op": COMPARISONS[check.op],
        "right": _said(check.right, form),
        "b": said_number(right),
    }
    return Problem(N_("应当 %(left)s %(op)s %(right)s，现在是 %(a)s 和 %(b)s"), params)


def _said(formula: str, form: FormSpec) -> Text:
    """Name a side of a comparison: by the field's label, or the formula with labels for keys."""
    labels = {spec.key: (spec.label, spec.label_en or spec.label) for spec in form.fields}

    def named(place: int) -> str:
        return _KEY.sub(lambda match: f"“{labels[match[0]][place]}”" if match[0] in labels else match[0], formula)

    return Authored(named(0), english=named(1))


def said_number(number: Quantity) -> str:
    """Write a number in a message: ">1,828"."""
    return f"{SIGNS[number.qualifier]}{number.number:,f}"


@dataclass(frozen=True)
class Moved:
    """How far a figure is from an earlier one, said to who judges it. Units: `percent` of the earlier one, never negative."""

    percent: Decimal
    said: Text


def moved(value: Value, before: Value) -> Moved | None:
    """Say how far a figure is from an earlier one; None where either is no number. From zero it is infinitely far."""
    now, then = figure(value), figure(before)
    if not isinstance(now, Quantity) or not isinstance(then, Quantity):
        return None
    if now.number == then.number:
        return Moved(Decimal(0), Text(N_("没有变化")))
    if then.number == 0:
        return Moved(Decimal("Infinity"), Text(N_("从无到有")))
    exact = _percent(now, then)
    shown = {"percent": f"{abs(rounded(Quantity(exact), 1).number):,f}"}
    return Moved(abs(exact), Text(N_("增加 %(percent)s%%") if exact > 0 else N_("减少 %(percent)s%%"), shown))


def _percent(now: Quantity, before: Quantity) -> Decimal:
    return (now.number - before.number) / abs(before.number) * 100


def compared(spec: FieldSpec, value: Value, previous: Mapping[str, Value] | None) -> Comparison | None:
    """
    Put a figure beside the last period's.

    Gives: None where the field asks for no comparison, or holds no number now.
    """
    now = figure(value)
    if spec.flag_percent is None or not isinstance(now, Quantity):
        return None
    before_value = previous.get(spec.key) if previous else None
    before = figure(before_value)
    if not isinstance(before, Quantity):
        return Comparison(before_value, value, None, Text(N_("上期没有这项数据，不作比较")), is_flagged=False)
    if before.number == 0:
        if now.number == 0:
            return Comparison(before_value, value, None, Text(N_("与上期相同，都是 0")), is_flagged=False)
        said = Text(N_("上期为 0，本期为 %(now)s，算不出增幅，请说明原因"), {"now": said_number(now)})
        return Comparison(before_value, value, None, said, is_flagged=True)
    exact = _percent(now, before)
    percent = rounded(Quantity(exact), 1).number
    is_flagged = abs(exact) > spec.flag_percent
    return Comparison(before_value, value, percent, _change(spec, before, percent, is_flagged=is_flagged), is_flagged)


def _change(spec: FieldSpec, before: Quantity, percent: Decimal, *, is_flagged: bool) -> Text:
    limit = format((spec.flag_percent or Decimal(0)).normalize(), "f")
    params = {"before": said_number(before), "percent": f"{abs(percent):,f}", "limit": limit}
    if not percent and not is_flagged:
        return Text(N_("与上期（%(before)s）相同"), params)
    if is_flagged and percent > 0:
        return Text(N_("比上期（%(before)s）增加 %(percent)s%%，超过 %(limit)s%%，请说明原因"), params)
    if is_flagged:
        return Text(N_("比上期（%(before)s）减少 %(percent)s%%，超过 %(limit)s%%，请说明原因"), params)
    if percent > 0:
        return Text(N_("比上期（%(before)s）增加 %(percent)s%%"), params)
    return Text(N_("比上期（%(before)s）减少 %(percent)s%%"), params)
