"""One number for the superior out of the results of its groups: the weighted mean, with its trace."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from duban.assessments.rules.numbers import ZERO, Json, difference, digest, number_text, rounded_fraction, total_of
from duban.assessments.rules.ranking import Ranked
from duban.assessments.rules.results import Result
from duban.assessments.rules.scheme import GroupWeight, Name, RollUpRule, Treatment

MEAN_DECIMALS = 4
AMOUNT_DECIMALS = 5


@dataclass(frozen=True)
class Changed:
    """A vetoed unit that does not count with its own points; `counted` None: left out."""

    unit: str
    total: Decimal
    counted: Decimal | None


@dataclass(frozen=True)
class GroupMean:
    """
    One group's part. `mean` (4 places) and `amount` (5 places) are shown roundings of the exact values.

    Units: `weight` a share of 1, already enlarged if another group had nothing to count.
    """

    group: str
    units: int
    total: Decimal
    mean: Decimal
    weight: Decimal
    amount: Decimal
    changed: tuple[Changed, ...]


@dataclass(frozen=True)
class Composite:
    """The superior's number. The amounts of `groups` plus `rounding` are `total` exactly."""

    groups: tuple[GroupMean, ...]
    left_out_groups: tuple[str, ...]
    rounding: Decimal
    total: Decimal

    def to_json(self) -> dict[str, Json]:
        """Give plain data; equal composites give equal canonical bytes."""
        return {
            "groups": [
                {
                    "group": part.group,
                    "units": part.units,
                    "total": number_text(part.total),
                    "mean": number_text(part.mean),
                    "weight": number_text(part.weight),
                    "amount": number_text(part.amount),
                    "changed": [
                        {
                            "unit": each.unit,
                            "total": number_text(each.total),
                            "counted": None if each.counted is None else number_text(each.counted),
                        }
                        for each in part.changed
                    ],
                }
                for part in self.groups
            ],
            "left_out_groups": list(self.left_out_groups),
            "rounding": number_text(self.rounding),
            "total": number_text(self.total),
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form."""
        return digest(self.to_json())


def roll_up(groups: Mapping[str, Sequence[Result | Ranked]], rule: RollUpRule) -> Composite | None:
    """
    Join the groups of one superior. Quotients are kept exact and rounded once, at the end.

    A scheme without weights has one group, which is the whole. A group of the rule that has nothing to count is left out,
    and its weight goes to the others in proportion.
    Gives: None when no group has anything to count. Raises: ValueError for a group the rule has no weight for.
    Source: docs/rules/roll-up.md.
    """
    rule = _with_weights(rule, groups)
    unknown = set(groups) - {weight.group for weight in rule.weights}
    if unknown:
        raise ValueError(f"no weight for {sorted(unknown)}")
    counted = {weight.group: _counted(groups.get(weight.group, ()), rule) for weight in rule.weights}
    present = [weight for weight in rule.weights if counted[weight.group][0]]
    if not present:
        return None
    shares = _shares(present)
    means = {code: Fraction(total_of(counted[code][0])) * Fraction(1, len(counted[code][0])) for code in shares}
    exact = sum((means[code] * shares[code] for code in shares), Fraction(0))
    parts = tuple(_part(code, counted[code], means[code], shares[code], rule) for code in shares)
    total = rounded_fraction(exact, decimals=rule.decimals, mode=rule.mode)
    return Composite(
        groups=parts,
        left_out_groups=tuple(weight.group for weight in rule.weights if weight.group not in shares),
        rounding=difference(total, total_of([part.amount for part in parts])),
        total=total,
    )


def _with_weights(rule: RollUpRule, groups: Iterable[str]) -> RollUpRule:
    only = list(groups)
    if rule.weights or len(only) != 1:
        return rule
    return replace(rule, weights=(GroupWeight(only[0], Name(zh=only[0], en=only[0]), Decimal(1)),))


def _shares(present: Iterable[GroupWeight]) -> dict[str, Fraction]:
    given = {weight.group: Fraction(weight.weight) for weight in present}
    together = sum(given.values(), Fraction(0))
    return {code: weight * Fraction(together.denominator, together.numerator) for code, weight in given.items()}


def _counted(results: Iterable[Result | Ranked], rule: RollUpRule) -> tuple[list[Decimal], tuple[Changed, ...]]:
    totals: list[Decimal] = []
    changed: list[Changed] = []
    for result in sorted(results, key=lambda each: each.unit):
        counts = _treated(result.total, rule) if result.is_vetoed else result.total
        if counts is not None:
            totals.append(counts)
        if counts != result.total:
            changed.append(Changed(result.unit, result.total, counts))
    return totals, tuple(changed)


def _treated(total: Decimal, rule: RollUpRule) -> Decimal | None:
    return {
        Treatment.KEEP: total,
        Treatment.CAP: min(total, rule.cap),
        Treatment.ZERO: ZERO,
        Treatment.LEAVE_OUT: None,
    }[rule.treatment]


def _part(
    code: str, counted: tuple[list[Decimal], tuple[Changed, ...]], mean: Fraction, share: Fraction, rule: RollUpRule
) -> GroupMean:
    totals, changed = counted
    return GroupMean(
        group=code,
        units=len(totals),
        total=total_of(totals),
        mean=rounded_fraction(mean, decimals=MEAN_DECIMALS, mode=rule.mode),
        weight=rounded_fraction(share, decimals=MEAN_DECIMALS, mode=rule.mode),
        amount=rounded_fraction(mean * share, decimals=AMOUNT_DECIMALS, mode=rule.mode),
        changed=changed,
    )
