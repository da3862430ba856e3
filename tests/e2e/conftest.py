"""A real browser (the system's Chromium, else Playwright's own) before a real server on the test database."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from duban.app import create_app, db
from duban.kernel.clock import SetClock
from tests.cast import PASSWORD, World
from tests.conftest import NOW

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = ROOT / "test-results"
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The same browser without its windows first: nobody looks at them, and they cost as much as the pages."""
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
WATCH_POLICY = "addEventListener('securitypolicyviolation', e => console.error('CSP violation: ' + e.violatedDirective + ' ' + e.blockedURI))"


@dataclass
class Visitor:
    """Somebody in front of a browser. `complaints` collects what a console would show in red."""

    context: BrowserContext
    page: Page
    base: str
    who: str
    expected: tuple[str, ...] = ()
    complaints: list[str] = field(default_factory=list)

    def go(self, address: str) -> Page:
        """Open a page and wait until it is quiet."""
        self.page.goto(self.base + address)
        self.page.wait_for_load_state("networkidle")
        # Scripts come as modules: nobody types before they run, not even a test on a busy machine.
        if self.page.locator('script[src*="/js/app.js"]').count():
            self.page.wait_for_selector("html[data-awake]", state="attached")
        return self.page

    def axe(self) -> list[str]:
        """Give the serious and critical findings of axe-core on the page shown."""
        if not AXE.exists():
            pytest.fail("node_modules/axe-core is missing: run `make setup`.")
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']} ({one['impact']}): {node['html'][:160]}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]

    def shot(self, name: str) -> None:
        """Keep a picture in test-results."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    def check(self, name: str) -> None:
        """Look at the page as it stands: picture, accessibility, no sideways scrolling, a quiet console."""
        self.shot(name)
        assert self.axe() == []
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        assert self.complaints == []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    system = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=system, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def server_clock() -> SetClock:
    """The clock of the server the browser talks to."""
    return SetClock(NOW)


@pytest.fixture(scope="session")
def address(settings, server_clock) -> Iterator[str]:
    """Serve the application on a free port."""
    app = create_app(settings, clock=server_clock)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def visit(browser, request):
    """Open browsers: visit(base, phone=…); everything is closed, and nothing may have complained, at the end."""
    opened: list[Visitor] = []

    def open_one(base: str, *, who: str = "", phone: bool = False, language: str = "zh-CN") -> Visitor:
        context = browser.new_context(viewport=PHONE if phone else DESK, locale=language, has_touch=phone, is_mobile=phone)
        context.add_init_script(WATCH_POLICY)
        page = context.new_page()
        visitor = Visitor(context, page, base, who)

        def heard(message) -> None:
            if message.type == "error" and not any(words in message.text for words in visitor.expected):
                visitor.complaints.append(f"{message.text} ({page.url})")

        page.on("console", heard)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        opened.append(visitor)
        return visitor

    yield open_one
    for visitor in opened:
        visitor.context.close()


@pytest.fixture
def sign_in(visit, address, world: World, server_clock):
    """Sign one of the cast in through the door, as a person does."""

    def enter(who: str, *, phone: bool = False, language: str = "zh-CN") -> Visitor:
        visitor = visit(address, who=who, phone=phone, language=language)
        page = visitor.go("/sign-in?lang=en" if language == "en" else "/sign-in")
        page.fill("#slug", world.tenant_of(who).slug)
        page.fill("#login", who)
        page.fill("#password", PASSWORD)
        page.click("main .btn-primary")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        if page.url.endswith("/account/factor"):
            # administrators set up a second factor before anything else
            secret = (page.locator(".qr-secret").text_content() or "").replace(" ", "")
            page.fill("#code", pyotp.TOTP(secret).at(server_clock.at))
            page.click("main .btn-primary")
            page.wait_for_selector("ul.codes")
            page.goto(f"{address}/")
        page.wait_for_url(f"{address}/")
        page.wait_for_load_state("networkidle")
        return visitor

    return enter
