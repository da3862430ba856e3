"""Reorganising units, adding people by the file and naming a leading group, in a browser, in both languages, at a desk and on a phone."""

from pathlib import Path

import pytest

from duban.organisation.rules.changes import Merge, Move, Rename
from tests.integration.organisation.duties import issue_to_villages
from tests.integration.organisation.test_people_files import csv
from tests.integration.organisation.test_reorganising import do
from tests.web.dashboards.test_switcher import give

ROWS = (
    ["欧阳明", "V11", "village.clerk", "", "支书", "13800000001", ""],
    ["欧阳明", "V12", "village.clerk", "", "", "13800000001", ""],
)


@pytest.fixture
def people_file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(csv(*ROWS))
    return path


@pytest.mark.parametrize(("phone", "language"), [(False, "en"), (True, "zh-CN")], ids=["desk-en", "phone-zh"])
def test_every_page_of_reorganising_is_fit_to_be_seen(world, sign_in, phone, language):
    issue_to_villages(world, "tom")
    do(world, Move(world.units["V11"], world.units["T2"]))
    do(world, Merge((world.units["V12"],), into=world.units["V21"]))
    do(world, Rename(world.units["T1"], "城东街道"), on=world.now.date().replace(day=20))
    visitor = sign_in("adam", phone=phone, language=language)
    name = f"organisation-{language[:2]}-{'phone' if phone else 'desk'}"
    pages = {
        "unit": f"/units/{world.units['V21']}",
        "move": f"/units/{world.units['V11']}/reorganise",
        "merge": f"/units/{world.units['V11']}/reorganise?kind=merge",
        "split": f"/units/{world.units['T2']}/reorganise?kind=split",
        "close": f"/units/{world.units['V11']}/reorganise?kind=close",
        "decided": "/units/reorganisations",
        "then": f"/units/{world.units['C']}/then?on=2026-03-01",
        "import": "/units/import",
        "people-import": "/people/import",
        "duplicates": "/people/duplicates",
        "vacancies": "/units/vacancies",
    }
    for page, address in pages.items():
        visitor.go(address)
        visitor.check(f"{name}-{page}")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_village_is_moved_by_hand(world, sign_in, phone):
    issue_to_villages(world, "tom")
    visitor = sign_in("adam", phone=phone)
    visitor.expected = ("409",)
    page = visitor.go(f"/units/{world.units['V11']}")
    page.click("text=调整")
    page.wait_for_load_state("networkidle")
    page.locator("#parent_id").press_sequentially("城西")
    page.get_by_role("option", name="城西镇").click()
    page.fill("#basis", "望政发〔2026〕3号")
    page.click("button:has-text('看影响')")
    page.wait_for_selector("text=办理后会怎样")
    visitor.check(f"organisation-move-shown-{'phone' if phone else 'desk'}")
    page.click("button:has-text('确认办理')")
    page.wait_for_url(f"{visitor.base}/units/{world.units['V11']}")
    assert "城西镇" in page.inner_text("main")
    page = visitor.go(f"/units/{world.units['V12']}/reorganise?kind=close")
    page.fill("#basis", "撤并")
    page.click("button:has-text('看影响')")
    page.wait_for_selector("text=请指定承接单位")
    visitor.check(f"organisation-close-refused-{'phone' if phone else 'desk'}")


def test_people_come_from_a_file_and_get_their_slips(world, sign_in, people_file):
    visitor = sign_in("tom")
    page = visitor.go("/people")
    page.click("text=批量添加")
    page.set_input_files("#file", people_file)
    page.click("main button:has-text('核对')")
    page.wait_for_selector("text=ouyangming2")
    visitor.check("organisation-people-checked")
    page.click("text=添加这 2 人")
    page.wait_for_selector("text=打印全部凭条")
    visitor.check("organisation-people-slips")
    page = visitor.go("/people/duplicates")
    page.click("summary:has-text('保留这个') >> nth=0")
    visitor.check("organisation-people-merge")
    page.click("form.confirm-box >> nth=0 >> button:has-text('保留这个')")
    page.wait_for_selector("text=没有重复账号")


def test_a_leading_group_is_named(world, sign_in):
    visitor = sign_in("tom", phone=True)
    page = visitor.go(f"/units/{world.units['T1']}/groups/new")
    page.fill("#name", "安全生产工作领导小组")
    page.fill("#seat_0_name", "谭镇长")
    page.fill("#seat_1_name", "唐安")
    visitor.check("organisation-group")
    page.click("button:has-text('保存')")
    page.wait_for_url(f"{visitor.base}/units/{world.units['T1']}")
    assert "组长 谭镇长" in page.inner_text("main")
    visitor.check("organisation-unit-with-group")


@pytest.mark.parametrize("phone, language", [(False, "en"), (True, "zh-CN")], ids=["desk-en", "phone-zh"])
def test_who_has_two_posts_chooses_whose_work_to_see(world, sign_in, phone, language):
    give(world, "vera", "village.clerk", "V21")
    issue_to_villages(world)
    issue_to_villages(world, "tina", "T2")
    visitor = sign_in("vera", phone=phone, language=language)
    page = visitor.go("/")
    bar = page.locator("nav.tabs[aria-label='Working for'], nav.tabs[aria-label='为哪个单位办理']")
    assert bar.locator("a").count() == 3
    assert {"东一村", "西一村"} <= {
        text.strip() for text in page.locator(".duty-list").inner_text().replace("·", "\n").split("\n")
    }
    visitor.check(f"workbench-two-posts-{'phone' if phone else 'desk'}")
    bar.get_by_text("西一村").click()
    page.wait_for_load_state("networkidle")
    assert page.locator(".duty-list > li").count() == 1
    visitor.check(f"workbench-one-post-{'phone' if phone else 'desk'}")


def test_only_roles_that_fit_the_chosen_unit_are_listed(world, sign_in):
    visitor = sign_in("sara")
    page = visitor.go(f"/people/{world.people['vera']}")
    offered = page.locator("select#role option")
    before = offered.count()
    page.locator("#unit_id").press_sequentially("东二")
    page.get_by_role("option", name="东二村").click()
    assert {offered.nth(place).get_attribute("value") for place in range(offered.count())} == {
        "",
        "village.clerk",
        "village.leader",
    }
    page.fill("#unit_id", "")
    page.locator("#unit_id").press_sequentially("城东")
    assert offered.count() == before
    visitor.check("organisation-person-grant")


@pytest.mark.nightly
@pytest.mark.parametrize("phone, language", [(False, "zh-CN"), (True, "en")], ids=["desk-zh", "phone-en"])
def test_an_administrator_walks_through_a_year_of_changes(world, sign_in, people_file, phone, language):
    """Set up, rename, merge, split, accounts by the file with printed slips: each page looked at."""
    name = f"walk-{'phone' if phone else 'desk'}"
    visitor = sign_in("adam", phone=phone, language=language)
    page = visitor.go(f"/units/new?parent_id={world.units['T1']}")
    visitor.check(f"{name}-1-new")
    page.fill("#code", "V13")
    page.fill("#name", "东三村")
    page.locator("main form .btn-primary").last.click()
    page.wait_for_load_state("networkidle")
    page = visitor.go(f"/units/{world.units['V11']}/rename")
    page.fill("#name", "朝阳村")
    visitor.check(f"{name}-2-rename")
    page.locator("main form .btn-primary").last.click()
    page.wait_for_url(f"{visitor.base}/units/{world.units['V11']}")
    assert "朝阳村" in page.inner_text("main")
    visitor.check(f"{name}-3-renamed")
    page = visitor.go(f"/units/{world.units['V11']}/reorganise?kind=merge")
    page.locator("input[name=others]").first.check()
    page.locator("input[name=target][value=self]").check()
    page.fill("#basis", "合并")
    page.locator("main form .btn-primary").last.click()
    page.wait_for_selector("input[name=confirmed]", state="attached")
    visitor.check(f"{name}-4-merge-shown")
    page.locator("form:has(input[name=confirmed]) .btn-primary").click()
    page.wait_for_url(f"{visitor.base}/units/{world.units['V11']}")
    visitor.check(f"{name}-5-merged")
    page = visitor.go(f"/units/{world.units['T2']}/reorganise?kind=split")
    page.locator("#lives_on").check()
    page.fill("#code_1", "T9")
    page.fill("#name_1", "城北镇")
    page.fill("#basis", "拆分")
    page.locator("main form .btn-primary").last.click()
    page.wait_for_selector("input[name=confirmed]", state="attached")
    visitor.check(f"{name}-6-split-shown")
    page.locator("form:has(input[name=confirmed]) .btn-primary").click()
    page.wait_for_url(f"{visitor.base}/units/{world.units['T2']}")
    visitor = sign_in("tom", phone=phone, language=language)
    people_file.write_bytes(
        csv(["欧阳明", "V11", "village.clerk", "", "支书", "", ""], ["司马光", "V11", "village.leader", "", "", "", ""])
    )
    page = visitor.go("/people/import")
    page.set_input_files("#file", people_file)
    page.locator("main form .btn-primary").first.click()
    page.wait_for_selector("form[action$=take]")
    page.locator("form[action$=take] .btn-primary").click()
    page.wait_for_selector(".slip >> nth=1")
    visitor.check(f"{name}-7-slips")
    page.emulate_media(media="print")
    visitor.shot(f"{name}-8-slips-on-paper")
    assert not page.locator(".db-side, .no-print, .btn").filter(visible=True).count(), "paper has no buttons"
