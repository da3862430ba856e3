"""
The answers of several units to one field, made one. For small sets and as the measure of the roll-up done in SQL.

What is missing is left out and is not zero; what does not apply is left out too. Where nothing is left, the total is missing
as long as one unit still is, else not applicable. Qualifiers are carried. Rounding comes last.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from duban.fields import quantities
from duban.fields.formulas import summed
from duban.fields.quantities import NOT_APPLICABLE, Figure, NotApplicable, Quantity, Value, as_value, figure, rounded
from duban.fields.shapes import FieldSpec, Kind, Operator, RollUp

_HUNDRED = Quantity(Decimal(100))


def total_of(spec: FieldSpec, rows: Sequence[Mapping[str, Value]]) -> Value:
    """
    Give the total of a field over the answers of units, in the order of their periods.

    Gives: rounded to the field's places (half up) where dividing made more; a ratio times 100 where the unit is %.
    """
    roll_up = spec.roll_up or RollUp(Operator.SUM)
    main = roll_up.numerator if roll_up.operator is Operator.RATIO else spec.key
    other = roll_up.denominator or roll_up.weight
    found = combine(
        roll_up.operator,
        [row.get(main) for row in rows],
        beside=[row.get(other) for row in rows] if other else (),
        counted=roll_up.value,
    )
    if not isinstance(found, Quantity):
        return found
    if roll_up.operator is Operator.RATIO and spec.unit == "%":
        found = quantities.times(found, _HUNDRED)
    divides = roll_up.operator in {Operator.MEAN, Operator.WEIGHTED_MEAN, Operator.RATIO}
    return as_value(rounded(found, spec.places) if divides else found, whole=spec.kind is Kind.INTEGER)


def combine(
    operator: Operator | str, values: Sequence[Value], *, beside: Sequence[Value] = (), counted: str = ""
) -> Quantity | Value:
    """
    Combine values without rounding.

    Takes:  `beside`, in step with `values`: the weights of a weighted mean, the denominators of a ratio (whose `values` are
            the numerators); a pair counts only where both are given. `counted` is the answer a count counts.
    Gives:  a Quantity for numbers (also exact ones), int for a count (nothing answered is no zero),
            the value itself for the last one.
    """
    operator = Operator(operator)
    if operator is Operator.COUNT:
        return _counted(values, counted)
    if operator is Operator.LAST:
        return _last(values)
    if operator in {Operator.RATIO, Operator.WEIGHTED_MEAN}:
        return _paired(operator, values, beside)
    found = [figure(value) for value in values]
    given = _given(found)
    if not given:
        return _nothing(found)
    if operator is Operator.MIN:
        return quantities.smallest(given)
    if operator is Operator.MAX:
        return quantities.largest(given)
    total = summed(given)
    return total if operator is Operator.SUM else quantities.divided(total, Quantity(Decimal(len(given))))


def _given(found: Iterable[Figure]) -> list[Quantity]:
    return [one for one in found if isinstance(one, Quantity)]


def _nothing(found: Sequence[Figure]) -> Figure:
    return NOT_APPLICABLE if found and None not in found else None


def _counted(values: Sequence[Value], counted: str) -> Value:
    if all(_is_open(value) for value in values):
        return NOT_APPLICABLE if values and all(isinstance(value, NotApplicable) for value in values) else None
    return sum(1 for value in values if _counts(value, counted))


def _is_open(value: Value) -> bool:
    return value is None or value == () or isinstance(value, NotApplicable)


def _counts(value: Value, counted: str) -> bool:
    if _is_open(value):
        return False
    if not counted:
        return True
    if isinstance(value, bool):
        return value is (counted == "yes")
    return counted in value if isinstance(value, tuple) else value == counted


def _last(values: Sequence[Value]) -> Quantity | Value:
    answered = [value for value in values if value is not None]
    given = [value for value in answered if not isinstance(value, NotApplicable)]
    if not given:
        return NOT_APPLICABLE if answered and len(answered) == len(values) else None
    number = figure(given[-1])
    return given[-1] if number is None else number


def _paired(operator: Operator, values: Sequence[Value], beside: Sequence[Value]) -> Figure:
    pairs = [(figure(one), figure(other)) for one, other in zip(values, beside, strict=True)]
    both = [(one, other) for one, other in pairs if isinstance(one, Quantity) and isinstance(other, Quantity)]
    if not both:
        return _nothing([None if None in pair else NOT_APPLICABLE for pair in pairs])
    if operator is Operator.WEIGHTED_MEAN:
        tops = [quantities.times(one, other) for one, other in both]
    else:
        tops = [one for one, _ in both]
    return quantities.divided(summed(tops), summed([other for _, other in both]))
