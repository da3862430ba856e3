"""The first page of every role in a browser: accessible, quiet, fitting the screen, in both languages."""

import pytest

from tests.integration.reporting.requirements import accepted, at, duty_id, handed_in, issued, returned
from tests.shares import crossed

SCREENS, LANGUAGES = (False, True), ("zh-CN", "en")


@pytest.fixture
def busy(world):
    """Something in every state."""
    county = issued(world, "cora", "C", title="第一季度安全生产工作总结", title_en="First-quarter summary")
    fire = issued(world, "tom", "T1", title="消防安全台账", due={"kind": "fixed", "on": "2026-03-05"})
    monthly = issued(world, "tom", "T1", title="隐患排查治理月报", due={"kind": "fixed", "on": "2026-03-12"})
    plan = issued(world, "tom", "T1", title="年度工作计划", due={"kind": "fixed", "on": "2026-03-25"})
    handed_in(world, duty_id(world, county, "T2"), "tina")
    handed_in(world, duty_id(world, fire, "V12"), "vic", when=at("03-04"))
    accepted(world, duty_id(world, fire, "V12"), when=at("03-05"))
    handed_in(world, duty_id(world, monthly, "V11"))
    handed_in(world, duty_id(world, plan, "V12"), "vic")
    returned(world, duty_id(world, plan, "V12"))
    return world


@pytest.mark.parametrize(
    ("who", "phone", "language"), crossed(["vera", "tom", "cora", "lena", "eva", "adam"], SCREENS, LANGUAGES)
)
def test_the_first_page(busy, sign_in, who, phone, language):
    visitor = sign_in(who, phone=phone, language=language)
    visitor.page.wait_for_timeout(300)
    visitor.check(f"home-{who}-{language[:2]}-{'phone' if phone else 'desk'}")


@pytest.mark.parametrize("page", ["/matrix", "/overview"])
def test_pages_of_the_officer(busy, sign_in, page):
    visitor = sign_in("cora")
    visitor.go(page)
    visitor.check(f"county-{page.strip('/')}")
    visitor.go(f"/units/{busy.units['T1']}/supervision")
    visitor.check("county-unit")


@pytest.fixture
def broad(world):
    """More columns than a screen is wide, most cells empty."""
    for number in range(14):
        issued(
            world,
            "cora",
            "C",
            title=f"第{number + 1}项安全生产专项工作情况报告",
            targets={"scope": "listed", "unit_ids": [str(world.units["T1"])]},
            due={"kind": "fixed", "on": f"2026-03-{17 + number}"},
        )
    return world


@pytest.mark.parametrize("page", ["/", "/matrix"])
def test_a_broad_matrix_scrolls_by_itself(broad, sign_in, page):
    visitor = sign_in("cora")
    visitor.go(page)
    assert visitor.page.locator(".matrix thead th").count() >= 15
    assert visitor.page.locator(".matrix .cell.off .sr").count() >= 14
    assert visitor.page.evaluate("(at => at.scrollWidth > at.clientWidth)(document.querySelector('.matrix-wrap'))")
    visitor.check(f"broad-{page.strip('/') or 'home'}")


def test_the_clerks_first_page_is_light_on_a_phone_that_knows_nothing_yet(busy, sign_in):
    visitor = sign_in("vera", phone=True)
    visitor.page.context.clear_cookies(name="lang")
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    visitor.go("/")
    sizes = visitor.page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map(e => [e.name, e.transferSize])"
    )
    assert sum(size for _name, size in sizes) < 200_000, sizes


def test_english_all_the_way(busy, sign_in):
    visitor = sign_in("tom", language="en")
    assert visitor.page.evaluate("document.documentElement.lang") == "en"
    chrome = (
        visitor.page.inner_text(".db-side")
        + visitor.page.inner_text("h1")
        + " ".join(visitor.page.locator("h2").all_inner_texts())
    )
    assert not [char for char in chrome if "\u4e00" <= char <= "\u9fff"], chrome
