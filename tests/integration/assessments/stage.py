"""A round of assessment of the cast's county over its two townships, with facts set by hand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from uuid import UUID

from duban.assessments import facts as facts_module
from duban.assessments import queries
from duban.assessments.models import ResultProposal
from duban.assessments.operations.freezing import close, publish
from duban.assessments.operations.marking import MarkDraft, enter_mark
from duban.assessments.operations.opening import begin_scoring, begin_self_scoring, open_assessment
from duban.assessments.operations.proposals import confirm_proposal
from duban.assessments.rules.facts import Count, Facts, Measure
from tests.cast import World

YEAR = 2026


def _name(zh: str, en: str) -> dict:
    return {"zh": zh, "en": en}


SCHEME: dict = {
    "code": "annual",
    "version": 1,
    "name": _name("乡镇年度考核细则", "Annual scheme for townships"),
    "full_score": 100,
    "items": [
        {
            "code": "submissions",
            "name": _name("按时报送", "On-time submission"),
            "kind": "computed",
            "points": 40,
            "rules": [
                {"code": "late", "name": _name("逾期", "Late"), "fact": "duties_late", "each": "0.5"},
                {"code": "missing", "name": _name("未报", "Missing"), "fact": "duties_missing", "each": 1},
            ],
        },
        {
            "code": "quality",
            "name": _name("工作质量", "Quality of work"),
            "kind": "evaluator",
            "points": 60,
            "guide": _name("查阅台账", "Read the ledgers"),
        },
        {
            "code": "criticism",
            "name": _name("通报批评", "Criticism"),
            "kind": "deduction",
            "cap": 10,
            "rules": [
                {"code": "circular", "name": _name("被通报", "Circular"), "fact": "circulars", "each": 2, "entry": "entered"},
            ],
        },
    ],
    "grades": [
        {"code": "excellent", "name": _name("优秀", "Excellent"), "minimum": 90},
        {"code": "good", "name": _name("良好", "Good"), "minimum": 80},
        {"code": "qualified", "name": _name("合格", "Qualified"), "minimum": 60},
        {"code": "unqualified", "name": _name("不合格", "Unqualified"), "minimum": 0},
    ],
    "veto_grade": "unqualified",
    "vetoes": [
        {
            "code": "V1",
            "name": _name("死亡人数超过控制指标", "Deaths above the limit"),
            "kind": "limit_exceeded",
            "measure": "deaths",
        },
        {"code": "V3", "name": _name("瞒报事故", "Concealed accident"), "kind": "decision"},
    ],
    "roll_up": {"treatment": "cap"},
}


def counted(unit_id: UUID, *, late: int = 0, missing: int = 0, deaths: int = 0, limit: int | None = 1) -> Facts:
    """Facts as the records would give them."""
    return Facts(
        unit=str(unit_id),
        counts=(
            Count("duties_late", Decimal(late), ("duty:00000000-0000-7000-8000-000000000001",) * bool(late)),
            Count("duties_missing", Decimal(missing)),
        ),
        measures=() if limit is None else (Measure("deaths", Decimal(deaths), Decimal(limit)),),
        absent=("deaths",) if limit is None else (),
    )


@contextmanager
def counting(**by_unit: Facts) -> Iterator[None]:
    """Let the records say this, by unit id in hex."""
    before, codes = facts_module.count, facts_module.COUNTED
    facts_module.COUNTED = frozenset({"duties_late", "duties_missing"})
    facts_module.count = lambda _scope, _scheme, *, superior, units, year: {
        unit: by_unit.get(unit.hex, counted(unit)) for unit in units
    }
    try:
        yield
    finally:
        facts_module.count, facts_module.COUNTED = before, codes


class Round:
    """One opened assessment and its cards by unit key (T1, T2)."""

    def __init__(
        self, world: World, *, scheme: dict | None = None, levels: tuple[str, ...] = ("township",), year: int = YEAR
    ) -> None:
        self.world = world
        with world.as_("cora") as scope, counting():
            self.id = open_assessment(
                scope,
                unit_id=world.units["C"],
                year=year,
                levels=levels,
                name=f"{year} 年度乡镇考核",
                scheme_data=scheme or SCHEME,
            ).id
            by_unit = {card.unit_id: card.id for card in queries.cards_of(scope, [self.id])}
        self.cards = {key: by_unit[unit] for key, unit in world.units.items() if unit in by_unit}

    def self_scoring(self, **facts: Facts) -> "Round":
        with self.world.as_("cora") as scope, counting(**self._by_hex(facts)):
            begin_self_scoring(scope, assessment_id=self.id, due_on=date(2026, 3, 20))
        return self

    def scoring(self, **facts: Facts) -> "Round":
        with self.world.as_("cora") as scope, counting(**self._by_hex(facts)):
            begin_scoring(scope, assessment_id=self.id)
        return self

    def _by_hex(self, facts: dict[str, Facts]) -> dict[str, Facts]:
        return {self.world.units[key].hex: each for key, each in facts.items()}

    def mark(
        self,
        who: str,
        card: str,
        value: str,
        *,
        reason: str = "台账不全",
        item: str = "quality",
        rule: str = "",
        version: int = 0,
    ):
        with self.world.as_(who) as scope:
            draft = MarkDraft(item_code=item, rule_code=rule, value=Decimal(value), reason=reason, version=version)
            return enter_mark(scope, card_id=self.cards[card], draft=draft)

    def closed(self, **values: str) -> "Round":
        """Scored by eva, frozen by cora and lena; T1 55 and T2 50 unless said otherwise."""
        for card in self.cards:
            self.mark("eva", card, values.get(card, {"T1": "55", "T2": "50"}.get(card, "60")))
        return self.agreed(close)

    def published(self) -> "Round":
        return self.agreed(publish)

    def agreed(self, act: Callable[..., ResultProposal], **given: object) -> "Round":
        """What cora proposes and lena confirms."""
        with self.world.as_("cora") as scope:
            made = act(scope, **given or {"assessment_id": self.id}).id
        with self.world.as_("lena") as scope:
            confirm_proposal(scope, proposal_id=made)
        return self
