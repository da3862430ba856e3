"""What a veto brings with it: no awards for the year, no promotion for a while, a plan to put things right."""

import calendar
from dataclasses import dataclass
from datetime import date

from duban.assessments.rules.results import Result
from duban.assessments.rules.scheme import Scheme


@dataclass(frozen=True)
class VetoEffects:
    """
    The consequences of one decision. `promotion_blocked_until` is the first day on which promotion is open again.

    Source: docs/rules/scoring.md (one year from the date of veto; plan within one month of the circular).
    """

    rules: tuple[str, ...]
    award_year: int
    promotion_blocked_until: date
    rectification_due_on: date

    def blocks_promotion(self, on: date) -> bool:
        """Answer the organisation department's question for one day."""
        return on < self.promotion_blocked_until

    def blocks_award(self, year: int) -> bool:
        """Say whether a nomination for that year must be refused."""
        return year == self.award_year


def effects_of(
    result: Result, scheme: Scheme, *, year: int, decided_on: date, circular_on: date | None = None
) -> VetoEffects | None:
    """Give the consequences; None when nothing vetoes (a yellow card has none of these)."""
    if not result.is_vetoed:
        return None
    vetoing = tuple(finding.rule for finding in result.findings if finding.effect == "veto")
    return VetoEffects(
        rules=vetoing,
        award_year=year,
        promotion_blocked_until=months_later(decided_on, scheme.effects.promotion_months),
        rectification_due_on=months_later(circular_on or decided_on, scheme.effects.rectification_months),
    )


def months_later(day: date, months: int) -> date:
    """Give the same day so many months on, or the last day of a shorter month (31 Jan → 28 Feb)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
