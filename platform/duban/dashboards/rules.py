"""Which workbench a person gets, and the sums behind the leader's numbers. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

WORST_SHOWN = 3
MONTHS = range(1, 13)


class Face(StrEnum):
    """The workbench somebody gets. What is on it follows from what they may do, never from a role's name."""

    OFFICER = "officer"
    EVALUATOR = "evaluator"
    LEADER = "leader"
    CLERK = "clerk"
    ADMINISTRATOR = "administrator"
    PLAIN = "plain"


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What somebody may do anywhere at all."""

    writes: bool = False
    reviews: bool = False
    urges: bool = False
    scores: bool = False
    signs: bool = False
    sees_below: bool = False
    keeps_units: bool = False
    runs_assessments: bool = False


def face_of(abilities: Abilities) -> Face:
    """Choose the workbench: whoever reviews is an officer even if they also write, score or sign."""
    choices = (
        (abilities.reviews, Face.OFFICER),
        (abilities.scores, Face.EVALUATOR),
        (abilities.sees_below and not abilities.writes, Face.LEADER),
        (abilities.writes or abilities.signs, Face.CLERK),
        (abilities.keeps_units, Face.ADMINISTRATOR),
    )
    return next((face for holds, face in choices if holds), Face.PLAIN)


@dataclass(frozen=True)
class Counted:
    """How many duties of one branch (a unit directly below and all beneath it), due in one month, stand so."""

    branch: str
    month: int
    timeliness: str
    count: int
    waiting: int


@dataclass
class Sum:
    """
    Duties added up. `judged` are those whose outcome is known: on time, late, missing or overdue by now.

    Late, missing and overdue all count against the rate: nothing came on time.
    """

    on_time: int = 0
    late: int = 0
    missing: int = 0
    overdue: int = 0
    pending: int = 0
    waiting: int = 0

    def add(self, row: Counted) -> None:
        """Add a row."""
        setattr(self, row.timeliness, getattr(self, row.timeliness) + row.count)
        self.waiting += row.waiting

    @property
    def judged(self) -> int:
        """Duties with a known outcome."""
        return self.on_time + self.late + self.missing + self.overdue

    @property
    def total(self) -> int:
        """All duties."""
        return self.judged + self.pending

    @property
    def unmet(self) -> int:
        """Duties past their date with nothing acceptable handed in."""
        return self.missing + self.overdue

    @property
    def rate(self) -> Decimal | None:
        """Share handed in on time, 0 to 1; None while nothing is judged."""
        return Decimal(self.on_time) / self.judged if self.judged else None


@dataclass
class Overview:
    """A year's duties below a unit: altogether, by month of the due date, by branch."""

    total: Sum = field(default_factory=Sum)
    by_month: dict[int, Sum] = field(default_factory=lambda: defaultdict(Sum))
    by_branch: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))


def add_up(rows: Iterable[Counted]) -> Overview:
    """Add the rows up in all three ways."""
    overview = Overview()
    for row in rows:
        for one in (overview.total, overview.by_month[row.month], overview.by_branch[row.branch]):
            one.add(row)
    return overview


def rates_until(overview: Overview, month: int) -> list[Decimal]:
    """Give the on-time rate in percent of the year so far, month by month up to `month`, from the first month with a duty on."""
    rates = []
    on_time = judged = 0
    for number in MONTHS[:month]:
        one = overview.by_month.get(number)
        if one is not None:
            on_time, judged = on_time + one.on_time, judged + one.judged
        if judged:
            rates.append((Decimal(100 * on_time) / judged).quantize(Decimal("0.1")))
    return rates


def unmet_until(overview: Overview, month: int) -> list[int]:
    """Give the number of unmet duties by the month they were due in, up to `month`."""
    return [overview.by_month[number].unmet if number in overview.by_month else 0 for number in MONTHS[:month]]


def ranked(by_branch: Mapping[str, Sum]) -> Sequence[tuple[int, str, Sum]]:
    """
    Rank branches by their on-time rate, then by fewer unmet duties; equals share a place.

    Gives: (place from 1, branch, sum); branches with nothing judged are left out.
    """
    known = sorted(
        ((-rate, one.unmet, branch, one) for branch, one in by_branch.items() if (rate := one.rate) is not None),
        key=lambda row: row[:3],
    )
    places: list[tuple[int, str, Sum]] = []
    last: tuple[Decimal, int] | None = None
    for number, (rate, unmet, branch, one) in enumerate(known, start=1):
        place = places[-1][0] if places and (rate, unmet) == last else number
        places.append((place, branch, one))
        last = (rate, unmet)
    return places


def worst(by_branch: Mapping[str, Sum], count: int = WORST_SHOWN) -> Sequence[tuple[str, Sum]]:
    """Give the branches to ask after: most unmet first, then most late; none that is all right."""
    in_trouble = [(branch, one) for branch, one in by_branch.items() if one.unmet or one.late]
    return sorted(in_trouble, key=lambda pair: (-pair[1].unmet, -pair[1].late, pair[0]))[:count]
