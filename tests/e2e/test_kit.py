"""The interface kit in a browser: accessible, quiet, small screens, and that the checks themselves would notice."""

import re
import threading

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from tests.e2e.gallery.app import make_gallery


@pytest.fixture(scope="module")
def gallery():
    app = make_gallery()

    @app.get("/wrong")
    def wrong():
        return """<!doctype html><html lang=zh><title>x</title><main><h1 style="color:red">x</h1><input><img src="/static/img/seal.svg">
        <script>window.ran = true</script></main>"""

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("page", ["/", "/sign-in", "/nowhere"])
def test_the_kit_is_accessible_and_quiet(visit, gallery, page, language, phone):
    visitor = visit(gallery, phone=phone, language=language)
    visitor.expected = ("404 (NOT FOUND)",) if page == "/nowhere" else ()
    visitor.go(page)
    visitor.page.wait_for_timeout(300)
    visitor.check(f"kit-{page.strip('/') or 'all'}-{language[:2]}-{'phone' if phone else 'desk'}")


def test_the_checks_would_notice(visit, gallery):
    visitor = visit(gallery)
    visitor.go("/wrong")
    findings = " ".join(visitor.axe())
    assert "label" in findings
    assert "image-alt" in findings
    assert visitor.page.evaluate("window.ran") is None, "the policy lets inline scripts run"
    complaints = " ".join(visitor.complaints)
    assert "style-src" in complaints
    assert "script-src" in complaints


def test_autosave_says_so_and_survives_a_broken_connection(visit, gallery):
    visitor = visit(gallery)
    visitor.expected = ("Failed to load resource",)
    page = visitor.go("/")
    page.fill("#text", "第一稿")
    page.wait_for_selector("[data-save-state].ok")
    assert re.fullmatch("已保存 10:42", page.inner_text("[data-save-state]"))
    visitor.context.route("**/save", lambda route: route.abort())
    page.fill("#text", "断网时写的")
    page.wait_for_selector("[data-save-state].bad")
    assert "网络已断开" in page.inner_text("[data-save-state]")
    visitor.go("/?again=1")
    assert page.input_value("#text") == "断网时写的"
    visitor.context.unroute("**/save")
    page.fill("#text", "断网时写的，又补了一句")
    page.wait_for_selector("[data-save-state].ok")
    visitor.go("/")
    assert page.input_value("#text") == "本月组织检查 12 次。", "once saved, nothing is kept in the browser"


def test_what_is_typed_before_the_script_arrives_is_saved_too(visit, gallery):
    visitor = visit(gallery)
    held = []
    visitor.context.route("**/autosave.js", lambda route: held.append(route))
    visitor.page.goto(gallery)
    visitor.page.fill("#text", "打字比网络快")
    expect(visitor.page.locator("[data-save-state]")).to_have_text("")
    visitor.page.wait_for_timeout(300)
    held[0].continue_()
    expect(visitor.page.locator("[data-save-state]")).to_contain_text("已保存")


def test_the_target_grid_counts_while_typing(visit, gallery):
    page = visit(gallery).go("/")
    assert "超出 1" in page.inner_text("[data-rest-of]")
    page.fill("[data-col=limit][data-row='3']", "0.3")
    assert "剩余 1.7" in page.inner_text("[data-rest-of]")
    page.focus("[data-col=limit][data-row='0']")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.row") == "1"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.col") == "cert"


def test_the_unit_picker_by_keyboard(visit, gallery):
    page = visit(gallery).go("/")
    page.fill("#unit", "铜官")
    page.wait_for_selector("[role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#unit") == "铜官街道"
    assert page.input_value("input[type=hidden][name=unit]") == "7"


SLOW_ANSWER = """
const read = Response.prototype.json;
Response.prototype.json = async function () {
  const answer = await read.call(this);
  if (new URL(this.url).searchParams.get("q") === "") await new Promise((done) => setTimeout(done, 600));
  return answer;
};
"""


def test_an_answer_that_comes_late_is_not_chosen_from(visit, gallery):
    """Its head was there in time, its body came after something else had been typed (found by a run under load)."""
    visitor = visit(gallery)
    visitor.context.add_init_script(SLOW_ANSWER)
    page = visitor.go("/")
    page.focus("#unit")
    page.wait_for_timeout(150)
    page.fill("#unit", "铜官")
    page.wait_for_selector("[role=option]")
    page.wait_for_timeout(800)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#unit") == "铜官街道"


def test_the_matrix_by_keyboard(visit, gallery):
    page = visit(gallery).go("/")
    page.focus(".matrix tbody tr:nth-child(2) td:nth-child(2) a")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 3


def test_confirm_asks_for_a_reason_and_closes_with_escape(visit, gallery):
    page = visit(gallery).go("/")
    page.click("summary:has-text('退回')")
    expect(page.locator("details.confirm.danger textarea")).to_be_focused()
    page.keyboard.press("Escape")
    assert page.locator("details.confirm.danger").get_attribute("open") is None


def test_charts_are_drawn_with_their_table_beside(visit, gallery):
    page = visit(gallery).go("/")
    page.wait_for_selector(".chart canvas")
    assert page.locator(".chart table").count() == 2


def test_a_page_of_a_phone_without_scripts_still_works(browser, gallery):
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(gallery)
    page.click(".db-tabs summary")
    assert page.locator(".db-tabs .menu-list a").first.is_visible()
    page.click("summary:has-text('退回')")
    assert page.locator("details.confirm[open] textarea").is_visible()
    context.close()
