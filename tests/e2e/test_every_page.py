"""Every page that needs no number in its address, as whoever may open it: accessible, quiet, fitting the screen."""

import pytest
from playwright.sync_api import Error as PlaywrightError

from tests.e2e.test_workbenches import busy  # noqa: F401
from tests.shares import by_commit, in_share

SAME_FOR_ALL = {"/password", "/people/me", "/sign-in"}
SKIPPED = {"static", "identity.sign_out", "health.healthz", "health.readyz", "health.metrics"}


def addresses(app) -> list[str]:
    """List the addresses of all pages without parameters."""
    rules = [
        rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments and rule.endpoint not in SKIPPED
    ]
    return sorted({rule.rule for rule in rules if not rule.rule.startswith("/api/")})


@by_commit(8)
@pytest.mark.parametrize(
    ("who", "phone"),
    [
        ("vera", True),
        ("tom", True),
        ("tom", False),
        ("cora", False),
        ("lena", True),
        ("eva", False),
        ("adam", False),
        ("otto", False),
    ],
)
def test_every_page_one_may_open(busy, app, sign_in, who, phone, one_in):  # noqa: F811
    visitor = sign_in(who, phone=phone)
    visitor.expected = ("the server responded with a status of 4",)
    wrong = {}
    for address in addresses(app):
        if address in SAME_FOR_ALL and who != "vera":
            continue
        # who sees most pages and who is no reader of manuals are asked for all of them at every commit
        if (who, phone) not in {("cora", False), ("vera", True)} and not in_share(f"{who} {phone} {address}", one_in):
            continue
        try:
            answer = visitor.page.goto(visitor.base + address)
        except PlaywrightError as error:
            if "Download is starting" not in str(error):
                raise
            continue  # a file, not a page
        assert answer.status < 500, address
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        if one_in == 1:  # a picture takes as long as the checks
            visitor.shot(f"page-{who}-{'phone' if phone else 'desk'}{address.replace('/', '-')}")
        findings = [*visitor.axe(), *visitor.complaints]
        if not visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            findings.append("scrolls sideways")
        visitor.complaints.clear()
        if findings:
            wrong[address] = findings
    assert wrong == {}
