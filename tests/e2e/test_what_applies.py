"""The form of a requirement shows what can apply to what is chosen, and loses nothing by hiding the rest."""

from playwright.sync_api import Locator, Page, expect

from tests.cast import World
from tests.integration.forms import given as forms

WAITING = ("waits_for_id", "waits_until", "quorum_kind")


def box(page: Page, name: str) -> Locator:
    return page.locator(f"[id='{name}']")


def test_what_cannot_apply_is_not_asked(sign_in, world: World) -> None:
    form_id = forms.published(world)
    tom = sign_in("tom")
    page = tom.go("/requirements/new")
    for name in (*WAITING, "quorum"):
        expect(box(page, name)).to_be_hidden()
    page.select_option("#waits_below", "block")
    for name in WAITING:
        expect(box(page, name)).to_be_visible()
    expect(box(page, "quorum")).to_be_hidden()
    page.select_option("#quorum_kind", "percent")
    page.fill("#quorum", "8o")
    page.select_option("#waits_below", "no")
    expect(box(page, "quorum")).to_be_hidden()
    page.select_option("#waits_below", "block")
    expect(box(page, "quorum")).to_have_value("8o")  # hidden is not forgotten

    own = page.locator("details[data-when='form_id:']")
    expect(own).to_be_visible()
    page.select_option("#form_id", str(form_id))
    expect(own).to_be_hidden()
    page.select_option("#form_id", "")
    expect(own).to_be_visible()

    listed = page.locator("details[data-when='targets.scope:listed']")
    expect(listed).to_be_hidden()
    page.check("input[name='targets.scope'][value='listed']")
    expect(listed).to_be_visible()
    expect(listed).to_have_attribute("open", "")
    expect(page.locator("[id='targets.levels']")).to_be_hidden()

    page.select_option("[id='due.kind']", "after")
    expect(box(page, "due.count")).to_be_visible()
    expect(box(page, "due.event")).to_be_hidden()
    page.select_option("[id='due.since']", "event")
    expect(box(page, "due.event")).to_be_visible()
    assert tom.complaints == []


def test_a_complaint_is_never_hidden(sign_in, world: World) -> None:
    tom = sign_in("tom")
    page = tom.go("/requirements/new")
    page.fill("#title", "月报")
    page.select_option("#waits_below", "block")
    page.select_option("#quorum_kind", "percent")
    page.fill("#quorum", "800")
    page.click(".form-acts .btn-primary")
    said = page.locator("[id='quorum-error']")
    expect(said).to_be_visible()
    page.select_option("#waits_below", "no")
    expect(said).to_be_visible()
    expect(box(page, "waits_until")).to_be_hidden()


def test_only_levels_below_are_offered(sign_in, world: World) -> None:
    page = sign_in("tom").go("/requirements/new")  # a township: no county, no township, no park below it
    offered = page.locator("[name='targets.levels']").evaluate_all("boxes => boxes.map(box => box.value)")
    assert offered == ["village", "enterprise"]
