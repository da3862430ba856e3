"""Every number is a door: from a line of the trace to the duty, the indicator, the unit it comes from."""

from decimal import Decimal

import pytest

from duban.assessments import queries
from duban.assessments.operations.marking import MarkDraft, enter_mark
from duban.assessments.operations.opening import begin_scoring, open_assessment
from tests.cast import World
from tests.integration.assessments.stage import SCHEME
from tests.integration.reporting import requirements as given
from tests.integration.targets import cast_targets as targets

JUNE = given.at("06-10")


@pytest.fixture
def card(world: World):
    """T1 handed its March report in five days late; its limit of deaths is an item of the scheme."""
    given.name_contacts(world, "T1", "leader_in_charge", "designated_person")
    requirement = given.issued(world, "cora", "C")
    given.handed_in(world, given.duty_id(world, requirement, "T1"), "tom", when=given.at("03-25"))
    targets.define(world)
    targets.split(world, {"deaths": {"T1": "1", "T2": "2"}})
    targets.issue(world)
    deaths = {"code": "deaths", "name": {"zh": "死亡人数", "en": "Deaths"}, "kind": "limit", "points": 10, "measure": "deaths"}
    letters = {
        "code": "letters", "name": {"zh": "责任书", "en": "Letters"}, "kind": "deduction",
        "rules": [{"code": "unsigned", "name": {"zh": "未签订", "en": "Unsigned"}, "fact": "letters_unsigned", "each": 1, "per": "item"}],
    }  # fmt: skip
    scheme = SCHEME | {"items": [*SCHEME["items"], deaths, letters], "full_score": 110}
    with world.as_("cora", at=JUNE) as scope:
        made = open_assessment(
            scope, unit_id=world.units["C"], year=2026, levels=["township"], name="2026 年度考核", scheme_data=scheme
        )
        begin_scoring(scope, assessment_id=made.id)
        found = next(each.id for each in queries.cards_of(scope, [made.id]) if each.unit_id == world.units["T1"])
    with world.as_("eva", at=JUNE) as scope:
        enter_mark(scope, card_id=found, draft=MarkDraft(item_code="quality", value=Decimal(60)))
    return found, given.duty_id(world, requirement, "T1")


def test_lead_to_duties_indicators_and_units(world, card):
    card_id, duty = card
    html = world.client("cora").get(f"/scorecards/{card_id}").get_data(as_text=True)

    assert f'href="/duties/{duty}"' in html
    assert "安全检查情况（3月20日）" in html
    assert f"/targets/?unit={world.units['T1']}&amp;year=2026" in html
    assert f'href="/units/{world.units["V11"]}"' in html
    assert f'href="/scorecards/{card_id}#marks"' in html


def test_open_for_the_one_who_looks(world, card):
    card_id, duty = card
    cora = world.client("cora")
    for address in (f"/duties/{duty}", f"/targets/?unit={world.units['T1']}&year=2026", f"/units/{world.units['V11']}"):
        assert cora.get(address).status_code == 200, address
    assert world.client("eva").get(f"/duties/{duty}").status_code == 200
    assert world.client("eva").get(f"/scorecards/{card_id}").status_code == 200
