"""
How answers of many units become one figure: what is counted, in which part of the tree, by which operator. Pure.

SQL counts and adds (queries.totals); what it found for a branch is a `Part`. Parts of branches join to the part of their node,
and a part says its figure. Why so: docs/decisions/0049.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from duban.fields import quantities
from duban.fields.quantities import NOT_APPLICABLE, Figure, Qualifier, Quantity
from duban.fields.shapes import FieldSpec, Kind, Operator, RollUp
from duban.kernel.text import N_

NOTHING = Decimal(0)
BITS: dict[Qualifier, int] = {
    Qualifier.MORE: 1,
    Qualifier.AT_LEAST: 2,
    Qualifier.LESS: 4,
    Qualifier.AT_MOST: 8,
    Qualifier.ABOUT: 16,
}
"""A set of qualifiers as the database gathers it with bit_or."""


class Rule(StrEnum):
    """
    What counts where a unit and units below it both hand in.

    AUTO: by field. What a unit fills in from below holds those below already, so its figure stands for them; everything else is
    the unit's own part and is added.
    """

    AUTO = "auto"
    ADD = "add"
    PARENT = "parent"
    LOWEST = "lowest"


class Counting(StrEnum):
    """Which versions count."""

    ACCEPTED = "accepted"
    SUBMITTED = "submitted"


RULE_LABELS: dict[Rule, str] = {
    Rule.AUTO: N_("按填报项：由下级汇总填入的，以上级所报为准；其余各报各的，相加"),
    Rule.ADD: N_("上下级各报各的，相加"),
    Rule.PARENT: N_("上级报了的，以上级所报为准，其下级不再计入"),
    Rule.LOWEST: N_("只计最末一级，有下级报送的单位不计入"),
}
COUNTING_LABELS: dict[Counting, str] = {
    Counting.ACCEPTED: N_("只计已通过的"),
    Counting.SUBMITTED: N_("已报送的也计入"),
}
OPERATOR_LABELS: dict[Operator, str] = {
    Operator.SUM: N_("合计"),
    Operator.MEAN: N_("平均"),
    Operator.WEIGHTED_MEAN: N_("加权平均"),
    Operator.MIN: N_("最小"),
    Operator.MAX: N_("最大"),
    Operator.LAST: N_("期末数合计"),
    Operator.RATIO: N_("合计之比"),
    Operator.COUNT: N_("计数"),
}


@dataclass(frozen=True)
class Measure:
    """
    One column of totals: a field, or a column of a table field (`table` names it), with its operator.

    `rule` is never AUTO. `by` are the fields its operator needs beside or instead of its own: the weight, or numerator and
    denominator.
    """

    spec: FieldSpec
    roll_up: RollUp
    rule: Rule = Rule.ADD
    table: str = ""
    by: tuple[FieldSpec, ...] = ()
    mixed: bool = False
    """Whether an older version of the form asked something else under its key, so that what is stored may be no number."""
    inside: FieldSpec | None = None
    """The table it is a column of."""

    @property
    def key(self) -> str:
        """What it is known by: "found", "cases.amount"."""
        return f"{self.table}.{self.spec.key}" if self.table else self.spec.key

    @property
    def operator(self) -> Operator:
        """How it adds up."""
        return self.roll_up.operator

    @property
    def unit(self) -> str:
        """The word after its figure; a count counts units."""
        return "" if self.operator is Operator.COUNT else self.spec.unit

    @property
    def places(self) -> int:
        """How many decimals its figure shows."""
        if self.operator is Operator.COUNT or (self.spec.kind is Kind.INTEGER and self.operator not in _DIVIDING):
            return 0
        return self.spec.places


_DIVIDING = frozenset({Operator.MEAN, Operator.WEIGHTED_MEAN, Operator.RATIO})


def default_roll_up(spec: FieldSpec) -> RollUp | None:
    """
    Say how a field adds up whose author said nothing: numbers are summed unless they are percentages, yes is counted.

    A computed field without an operator is not added: whether its sum means anything only the author knows.
    """
    if spec.kind in {Kind.INTEGER, Kind.MONEY, Kind.DECIMAL} and spec.unit not in {"%", "‰", "％"}:
        return RollUp(Operator.SUM)
    return RollUp(Operator.COUNT, value="yes") if spec.kind is Kind.YES_NO else None


def measures_of(specs: Sequence[FieldSpec], rule: Rule = Rule.AUTO) -> tuple[Measure, ...]:
    """List what of a form can be added up, in its order."""
    pairs = _fields(specs)
    beside = {(table, spec.key): spec for table, spec in pairs}
    tables = {spec.key: spec for spec in specs}
    found = []
    for table, spec in pairs:
        roll_up = spec.roll_up or default_roll_up(spec)
        if roll_up is None or not _can_add(spec, roll_up):
            continue
        needed = [beside.get((table, key)) for key in _keys_beside(roll_up)]
        by = tuple(one for one in needed if one is not None)
        found.append(Measure(spec, roll_up, _rule_of(spec, rule), table, by, inside=tables.get(table)))
    return tuple(found)


def _keys_beside(roll_up: RollUp) -> tuple[str, ...]:
    if roll_up.operator is Operator.RATIO:
        return roll_up.numerator, roll_up.denominator
    return (roll_up.weight,) if roll_up.operator is Operator.WEIGHTED_MEAN else ()


def _can_add(spec: FieldSpec, roll_up: RollUp) -> bool:
    return spec.is_number or roll_up.operator is Operator.COUNT


def _fields(specs: Sequence[FieldSpec]) -> list[tuple[str, FieldSpec]]:
    return [
        pair
        for spec in specs
        for pair in ([(spec.key, column) for column in spec.columns] if spec.kind is Kind.TABLE else [("", spec)])
    ]


def _rule_of(spec: FieldSpec, rule: Rule) -> Rule:
    if rule is not Rule.AUTO:
        return rule
    return Rule.PARENT if spec.from_below else Rule.ADD


Bounds = Mapping[int, Decimal]
"""The outermost number under each qualifier's bit, 0 for exact ones."""


@dataclass(frozen=True)
class Part:
    """
    What was found of one measure in one branch.

    `answered` counts answers with a number (for a count any answer, for a ratio or a weighted mean both), of them `zero` zeros;
    `blank` the versions counted in which nothing was answered, `not_applicable` those that say it does not apply. `total` is the
    sum, of a weighted mean that of the products; `beside` the sum of the weights or denominators. `bits`: the qualifiers met.
    """

    answered: int = 0
    zero: int = 0
    blank: int = 0
    not_applicable: int = 0
    total: Decimal = NOTHING
    bits: int = 0
    lowest: Bounds = field(default_factory=dict)
    highest: Bounds = field(default_factory=dict)
    beside: Decimal = NOTHING
    beside_bits: int = 0
    matched: int = 0

    def with_(self, other: "Part") -> "Part":
        """Join two parts that share no answer."""
        return Part(
            answered=self.answered + other.answered,
            zero=self.zero + other.zero,
            blank=self.blank + other.blank,
            not_applicable=self.not_applicable + other.not_applicable,
            total=quantities.PRECISE.add(self.total, other.total),
            bits=self.bits | other.bits,
            lowest=_outermost(self.lowest, other.lowest, highest=False),
            highest=_outermost(self.highest, other.highest, highest=True),
            beside=quantities.PRECISE.add(self.beside, other.beside),
            beside_bits=self.beside_bits | other.beside_bits,
            matched=self.matched + other.matched,
        )


def _outermost(one: Bounds, other: Bounds, *, highest: bool) -> Bounds:
    choose = max if highest else min
    return {bit: choose(found[bit] for found in (one, other) if bit in found) for bit in {*one, *other}}


def joined(parts: Iterable[Part]) -> Part:
    """Join the parts of branches to that of their node."""
    whole = Part()
    for part in parts:
        whole = whole.with_(part)
    return whole


@dataclass(frozen=True)
class Total:
    """
    A measure's figure with the counts behind it. `figure`: None where nobody answered, NOT_APPLICABLE where it applies nowhere.

    A mean and a ratio show what was divided: `numerator` and `denominator`.
    """

    figure: Figure
    part: Part
    numerator: Quantity | None = None
    denominator: Quantity | None = None


def totals_of(measures: Sequence[Measure], parts: Mapping[str, Part]) -> dict[str, Total]:
    """Give every measure's figure from its part."""
    return {one.key: total_of(one, parts.get(one.key, Part())) for one in measures}


def total_of(measure: Measure, part: Part) -> Total:
    """Give the figure of what was found, as `duban.fields.totals.total_of` does over answers: a property test compares them."""
    if not part.answered:
        return Total(NOT_APPLICABLE if part.not_applicable and not part.blank else None, part)
    if measure.operator is Operator.COUNT:
        return Total(Quantity(Decimal(part.matched)), part)
    pair = _pair(measure, part)
    if pair is not None:
        return _divided(measure, part, *pair)
    if measure.operator is Operator.MIN:
        return Total(quantities.smallest(_quantities(part.lowest)), part)
    if measure.operator is Operator.MAX:
        return Total(quantities.largest(_quantities(part.highest)), part)
    return Total(Quantity(part.total, qualifier_of(part.bits)), part)


def _pair(measure: Measure, part: Part) -> tuple[Quantity, Quantity] | None:
    """Give what is divided by what, where anything is."""
    whole, beside = Quantity(part.total, qualifier_of(part.bits)), Quantity(part.beside, qualifier_of(part.beside_bits))
    match measure.operator:
        case Operator.MEAN:
            return whole, Quantity(Decimal(part.answered))
        case Operator.RATIO | Operator.WEIGHTED_MEAN:
            return whole, beside
        case _:
            return None


def _divided(measure: Measure, part: Part, above: Quantity, below: Quantity) -> Total:
    found = quantities.divided(above, below)
    if found is not None and measure.spec.unit == "%" and measure.operator is Operator.RATIO:
        found = quantities.times(found, Quantity(Decimal(100)))
    return Total(quantities.rounded(found, measure.places) if found is not None else None, part, above, below)


def _quantities(found: Bounds) -> list[Quantity]:
    return [Quantity(number, _BY_BIT[bit]) for bit, number in found.items()]


_BY_BIT: dict[int, Qualifier] = {0: Qualifier.EXACT} | {bit: qualifier for qualifier, bit in BITS.items()}


def qualifier_of(bits: int) -> Qualifier:
    """Say what is known of a sum from the qualifiers met in it."""
    met = [Quantity(NOTHING, qualifier) for qualifier, bit in BITS.items() if bits & bit]
    whole = Quantity(NOTHING)
    for one in met:
        whole = quantities.plus(whole, one)
    return whole.qualifier
