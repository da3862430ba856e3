"""From a total down to the submission it comes from: at the desk, and on a leader's phone."""

from playwright.sync_api import expect

from duban.reporting import operations
from tests.cast import World
from tests.integration.reporting import requirements as given

FIELDS = [
    {"key": "found", "label": "发现隐患", "kind": "integer", "unit": "处", "qualifiers": True, "na_allowed": True},
    {"key": "closed", "label": "完成整改", "kind": "integer", "unit": "处"},
    {"key": "money", "label": "投入资金", "kind": "decimal", "unit": "万元"},
]


def test_a_total_leads_down_to_the_submission(sign_in, world: World) -> None:
    made = given.issued(
        world,
        "cora",
        "C",
        title="隐患月报",
        fields=FIELDS,
        targets={"scope": "subtree"},
        due=given.MONTHLY,
        active_from="2026-01-01",
    )
    for period in ("2026-01", "2026-02", "2026-03"):
        for unit, who, found in (("V11", "vera", ">750"), ("V12", "vic", "12"), ("V21", "wanda", "5"), ("T1", "tom", "不适用")):
            row = given.duty_id(world, made, unit, period)
            with world.as_(who) as scope:
                operations.submit(scope, duty_id=row, typed={"found": found, "closed": "3", "money": "1.50"})
            given.accepted(world, row, "cora")
    cora = sign_in("cora")
    page = cora.go(f"/rollup/{made}?compare=previous")
    expect(page.locator("tr.total")).to_contain_text(">767")
    cora.check("rollup-desk")
    page.get_by_role("link", name="城东镇", exact=True).click()
    expect(page.locator("tr.total")).to_contain_text(">762")
    page.get_by_role("link", name="东一村", exact=True).click()
    expect(page.locator("h1")).to_contain_text("隐患月报")
    cora.go("/rollup/rates?until=2026-12-31")
    cora.check("rollup-rates-desk")
    tess = sign_in("tess", phone=True)
    page = tess.go(f"/rollup/{made}")
    expect(page.locator("tr.total")).to_contain_text(">762")
    tess.check("rollup-phone")
    page.locator("tr.total a.figure").first.click()
    expect(page.locator("h1")).to_contain_text("来源")
    tess.check("rollup-units-phone")
    tess.go("/rollup/rates?until=2026-12-31")
    tess.check("rollup-rates-phone")
