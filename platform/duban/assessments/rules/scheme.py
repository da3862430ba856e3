"""
A scoring scheme (考核细则) as data: what is worth how many points, what a grade takes, what vetoes.

A scheme is never changed once an assessment was opened under it: the assessment keeps its own copy with the digest.
Source: docs/rules/scoring.md.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from duban.assessments.rules.numbers import ZERO, Json, RoundingMode, digest, number_text


class ItemKind(StrEnum):
    """Where the points of an item come from."""

    COMPUTED = "computed"  # full points less what counted events cost
    LIMIT = "limit"  # all or nothing: full points while the actual does not exceed the limit
    EVALUATOR = "evaluator"  # marked by a person, with a reason
    DEDUCTION = "deduction"  # starts at 0 and takes from the total
    BONUS = "bonus"  # starts at 0 and adds to the total


STARTS_FULL = frozenset({ItemKind.COMPUTED, ItemKind.LIMIT, ItemKind.EVALUATOR})
HAS_RULES = frozenset({ItemKind.COMPUTED, ItemKind.DEDUCTION, ItemKind.BONUS})


class Per(StrEnum):
    """What one occurrence of a counted fact is."""

    EVENT = "event"
    DAY = "day"
    HOUR = "hour"
    PERSON = "person"
    ITEM = "item"


class Entry(StrEnum):
    """How a fact comes in: counted from the records, or entered by an evaluator with a reason."""

    COUNTED = "counted"
    ENTERED = "entered"


class Stage(StrEnum):
    """When numbers are rounded: each item, or only the total. The two give different totals."""

    ITEM = "item"
    TOTAL = "total"


class VetoKind(StrEnum):
    """What a veto rule looks at."""

    LIMIT_EXCEEDED = "limit_exceeded"
    COUNT_REACHED = "count_reached"
    SCORE_BELOW = "score_below"
    DECISION = "decision"


class Effect(StrEnum):
    """A veto makes the grade unqualified; a warning (黄牌) is shown and changes nothing."""

    VETO = "veto"
    WARNING = "warning"


class TiePolicy(StrEnum):
    """Equal totals share a place, or are told apart by further facts."""

    KEEP = "keep"
    BREAK = "break"


class Order(StrEnum):
    """Which end of a fact ranks first."""

    FEWEST = "fewest"
    MOST = "most"


class Basis(StrEnum):
    """How many may have the best grade: a number, or a share of the group."""

    TOP = "top"
    PERCENT = "percent"


class Treatment(StrEnum):
    """What a vetoed unit counts for in its superior's mean."""

    KEEP = "keep"
    CAP = "cap"
    ZERO = "zero"
    LEAVE_OUT = "leave_out"


@dataclass(frozen=True)
class Name:
    """A name in both languages of the service."""

    zh: str
    en: str


@dataclass(frozen=True)
class Rule:
    """`each` points per occurrence of `fact`, at most `cap` together (None: no limit of its own)."""

    code: str
    name: Name
    fact: str
    each: Decimal
    per: Per = Per.EVENT
    cap: Decimal | None = None
    entry: Entry = Entry.COUNTED


@dataclass(frozen=True)
class Item:
    """
    One line of the scoring table. Which fields count depends on `kind`: the loader refuses the others.

    `floor`: the item never falls below it (None: it may). `cap`: most a deduction or bonus item may come to.
    """

    code: str
    name: Name
    kind: ItemKind
    points: Decimal = ZERO
    floor: Decimal | None = ZERO
    cap: Decimal | None = None
    measure: str | None = None
    rules: tuple[Rule, ...] = ()
    guide: Name | None = None


@dataclass(frozen=True)
class Grade:
    """Reached from `minimum` points; 以上含本数 is `inclusive`."""

    code: str
    name: Name
    minimum: Decimal
    inclusive: bool = True


@dataclass(frozen=True)
class Rounding:
    """When, how and to how many places."""

    stage: Stage = Stage.TOTAL
    mode: RoundingMode = RoundingMode.HALF_UP
    decimals: int = 2


@dataclass(frozen=True)
class VetoRule:
    """A one-vote veto (一票否决) or a yellow card; `threshold` counts from (count) or below (score)."""

    code: str
    name: Name
    kind: VetoKind
    effect: Effect = Effect.VETO
    measure: str | None = None
    fact: str | None = None
    threshold: Decimal | None = None


@dataclass(frozen=True)
class TieBreak:
    """One further fact by which equal totals are told apart."""

    fact: str
    order: Order = Order.FEWEST


@dataclass(frozen=True)
class Ties:
    """How equal totals are ranked; what still is equal after all of `by` shares the place."""

    policy: TiePolicy = TiePolicy.KEEP
    by: tuple[TieBreak, ...] = ()


@dataclass(frozen=True)
class Quota:
    """
    How many units of a group may have `grade`; the others that reached it get `otherwise`.

    Units for which a fact of `without` is above 0 cannot have it; the next in rank takes their seat only if `move_up`.
    """

    grade: str
    otherwise: str
    basis: Basis
    number: Decimal
    uplift: Decimal = ZERO
    mode: RoundingMode = RoundingMode.FLOOR
    without: tuple[str, ...] = ()
    move_up: bool = False


@dataclass(frozen=True)
class GroupWeight:
    """The share of one group of units in the superior's composite."""

    group: str
    name: Name
    weight: Decimal


@dataclass(frozen=True)
class RollUpRule:
    """How results join into one number for the superior. `cap` is used by Treatment.CAP only."""

    treatment: Treatment = Treatment.KEEP
    cap: Decimal = Decimal("59.9")
    mode: RoundingMode = RoundingMode.HALF_UP
    decimals: int = 2
    weights: tuple[GroupWeight, ...] = ()


@dataclass(frozen=True)
class Effects:
    """What a veto brings with it, in months from the decision (or from the circular)."""

    promotion_months: int = 12
    rectification_months: int = 1


@dataclass(frozen=True)
class Scheme:
    """A whole scoring table, one version. `cap` None: bonuses may lift the total above `full_score`."""

    code: str
    version: int
    name: Name
    full_score: Decimal
    items: tuple[Item, ...]
    grades: tuple[Grade, ...]
    veto_grade: str
    floor: Decimal = ZERO
    cap: Decimal | None = None
    rounding: Rounding = field(default_factory=Rounding)
    vetoes: tuple[VetoRule, ...] = ()
    ties: Ties = field(default_factory=Ties)
    quota: Quota | None = None
    roll_up: RollUpRule = field(default_factory=RollUpRule)
    effects: Effects = field(default_factory=Effects)

    def item(self, code: str) -> Item:
        """Get an item. Raises: KeyError."""
        return {item.code: item for item in self.items}[code]

    def grade(self, code: str) -> Grade:
        """Get a grade. Raises: KeyError."""
        return {grade.code: grade for grade in self.grades}[code]

    def veto(self, code: str) -> VetoRule:
        """Get a veto rule. Raises: KeyError."""
        return {rule.code: rule for rule in self.vetoes}[code]

    def counted_facts(self) -> tuple[str, ...]:
        """Name every fact that must be counted from records before scoring, sorted."""
        of_items = {rule.fact for item in self.items for rule in item.rules if rule.entry is Entry.COUNTED}
        of_vetoes = {rule.fact for rule in self.vetoes if rule.fact is not None}
        of_ties = {tie.fact for tie in self.ties.by}
        barring = set(self.quota.without) if self.quota else set()
        entered = {rule.fact for item in self.items for rule in item.rules if rule.entry is Entry.ENTERED}
        return tuple(sorted((of_items | of_vetoes | of_ties | barring) - entered))

    def measures(self) -> tuple[str, ...]:
        """Name every actual-against-limit pair the scheme asks for, sorted."""
        of_items = {item.measure for item in self.items if item.measure is not None}
        return tuple(sorted(of_items | {rule.measure for rule in self.vetoes if rule.measure is not None}))

    def to_json(self) -> dict[str, Json]:
        """Give plain data that `scheme_loader.load` turns back into an equal scheme; points are texts."""
        plain = _plain(self)
        if not isinstance(plain, dict):
            raise TypeError(plain)
        return plain

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form: names the version beyond doubt."""
        return digest(self.to_json())


def _plain(value: object) -> Json:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    names: list[str] = list(vars(value))
    return {name: _plain(getattr(value, name)) for name in names}
