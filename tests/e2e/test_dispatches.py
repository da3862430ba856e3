"""A document on its way down in a real browser: the county sends it, the township signs on a phone and forwards, the village answers."""

import re
from uuid import UUID

from playwright.sync_api import expect

from duban.dispatches.queries import receipts_of
from duban.programmes.forms import DocumentForm
from duban.programmes.operations.documents import register_document


def test_from_the_county_over_the_township_to_the_village_and_back(world, sign_in):
    form = DocumentForm(title="关于做好汛期安全工作的通知", issuer="望江县安委会", number="望安〔2026〕8号")
    with world.as_("cora") as scope:
        document = register_document(
            scope, unit_id=world.units["C"], form=form, original_text="各乡镇：\n请认真贯彻落实。", addressed_only=True
        ).id
    county = sign_in("cora")
    page = county.go(f"/documents/{document}")
    page.get_by_role("link", name="转发给下级").click()
    page.get_by_label("指定的下级单位", exact=True).check()
    page.get_by_label("城东镇").check()
    page.get_by_label("转发意见").fill("请各镇逐村传达。")
    page.get_by_label("回复期限", exact=True).fill("2026-03-20")
    county.check("dispatch-send-desk")
    page.get_by_role("button", name="发出", exact=True).click()
    expect(page.locator(".tile").first).to_contain_text("0 / 1")
    sent = page.url

    township = sign_in("tom", phone=True)
    page = township.go("/")
    page.get_by_role("link", name="关于做好汛期安全工作的通知").click()
    expect(page.locator("#standing")).to_contain_text("唐安")  # who reads it is not told that nobody has opened it
    expect(page.locator("main")).not_to_contain_text("未打开")
    township.check("dispatch-receipt-phone")
    with world.as_("cora") as scope:
        (copy,) = receipts_of(scope, UUID(sent.rpartition("/")[2]))
        assert copy.opened_name == "唐安"
    page.get_by_role("button", name="签收这份文件").click()
    expect(page.locator("#flashes")).to_contain_text("已签收")
    page.get_by_role("link", name="转发给下级").click()
    page.get_by_label("本单位文号").fill("城东发〔2026〕3号")
    page.get_by_label("或几个工作日内").fill("3")
    township.check("dispatch-send-phone")
    page.get_by_role("button", name="发出", exact=True).click()
    expect(page.locator(".tile").first).to_contain_text("0 / 2")
    township.check("dispatch-sent-phone")

    village = sign_in("vera", phone=True)
    page = village.go("/dispatches")
    village.check("dispatch-inbox-phone")
    page.get_by_role("link", name="关于做好汛期安全工作的通知").click()
    expect(page.locator(".chain")).to_contain_text("请各镇逐村传达。")
    page.get_by_role("button", name="签收这份文件").click()
    page.get_by_label("回复内容").fill("已传达到每户。")
    page.get_by_role("button", name="发出回复").click()
    expect(page.locator("#flashes")).to_contain_text("回复已发出")
    village.check("dispatch-replied-phone")

    page = county.go(sent.replace(county.base, ""))
    expect(page.locator(".tile").first).to_contain_text("1 / 1")
    row = page.get_by_role("row", name=re.compile("东一村"))
    expect(row).to_contain_text("按期回复")
    expect(row).to_contain_text("魏文书")
    county.check("dispatch-sent-desk")
    county.go(f"/documents/{document}/chain")
    county.check("dispatch-chain-desk")
