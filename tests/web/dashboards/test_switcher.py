"""Somebody with posts at several units chooses whose work to look at; what they may do stays the same everywhere."""

import re
from datetime import date

import pytest
from flask.testing import FlaskClient

from duban.access.checks import grants_of
from duban.access.holding import looking_from, own_places
from duban.access.models import Delegation, RoleGrant
from duban.reporting import queries
from duban.reporting.operations import submit
from tests.cast import World
from tests.integration.organisation.duties import issue_to_villages
from tests.integration.reporting.requirements import ANSWERS


def give(world: World, who: str, role: str, unit: str) -> None:
    with world.as_system() as scope:
        scope.add(
            RoleGrant(
                person_id=world.people[who],
                role=role,
                unit_id=world.units[unit],
                line="territorial",
                active_from=date(2020, 1, 1),
            )
        )


@pytest.fixture
def busy(world: World) -> World:
    """Vera writes for 东一村 and 西一村; both owe something."""
    give(world, "vera", "village.clerk", "V21")
    issue_to_villages(world)
    issue_to_villages(world, "tina", "T2")
    return world


def shown(browser: FlaskClient, address: str = "/") -> tuple[list[str], str, int]:
    """The switcher's words, the one chosen, and how many duties are on the page."""
    page = browser.get(address).get_data(as_text=True)
    bar = re.search(r'<nav class="tabs" aria-label="为哪个单位办理">(.*?)</nav>', page, re.DOTALL)
    links = re.findall(r"<a href=[^>]*?(aria-current=\"page\")?>(.*?)</a>", bar[1], re.DOTALL) if bar else []
    words = [re.sub(r"<[^>]+>|\s+", " ", text).split() for _, text in links]
    chosen = next((text[0] for (current, _), text in zip(links, words, strict=True) if current), "")
    return [" ".join(text) for text in words], chosen, page.count("安全检查情况")


def test_one_post_has_nothing_to_choose(busy: World) -> None:
    assert shown(busy.client("vic")) == ([], "", 1)


def test_all_is_shown_until_a_unit_is_chosen_and_the_choice_is_kept(busy: World) -> None:
    browser = busy.client("vera")
    assert shown(browser) == (["全部单位 2", "东一村 1", "西一村 1"], "全部单位", 2)
    assert shown(browser, f"/?unit={busy.units['V21']}")[1:] == ("西一村", 1)
    assert shown(browser)[1:] == ("西一村", 1), "kept for the next visit"
    assert "西一村" in browser.get("/").get_data(as_text=True)
    assert shown(browser, "/?unit=all")[1:] == ("全部单位", 2)
    assert shown(browser)[1:] == ("全部单位", 2)


def offered(page: str) -> tuple[list[str], str]:
    """What the header offers to choose from, once for wide and once for narrow windows, and what is chosen."""
    bars = re.findall(r'<details class="menu only-wide".*?</details>|<div class="only-narrow">.*?</div><hr>', page, re.DOTALL)
    words = [re.findall(r'<a href="/\?unit=[^>]*>.*?</svg>([^<]+)</a>', bar, re.DOTALL) for bar in bars]
    current = [re.findall(r'aria-current="true">.*?</svg>([^<]+)</a>', bar, re.DOTALL) for bar in bars]
    assert words[:1] * len(words) == words
    assert current[:1] * len(current) == current
    return (words[0], current[0][0]) if bars else ([], "")


def test_the_header_of_every_page_offers_the_posts(busy: World) -> None:
    browser = busy.client("vera")
    pages = ("/notices", "/duties", "/account/acting", f"/units/{busy.units['V11']}", "/")
    for page in pages:
        assert offered(browser.get(page).text) == (["全部单位", "东一村", "西一村"], "全部单位"), page
    browser.get(f"/?unit={busy.units['V21']}")
    for page in (*pages, f"/targets/?unit={busy.units['V11']}"):
        assert offered(browser.get(page).text)[1] == "西一村", page
    assert "All units" in offered(browser.get("/notices?lang=en").text)[0]
    assert offered(busy.client("vic").get("/notices").text) == ([], "")


@pytest.mark.parametrize("unit", ["V12", "other-V11", "T1"])
def test_somebody_elses_unit_is_no_choice(busy: World, unit: str) -> None:
    assert shown(busy.client("vera"), f"/?unit={busy.units[unit]}")[1:] == ("全部单位", 2)
    assert shown(busy.client("vera"), "/?unit=x'")[1:] == ("全部单位", 2)


def test_each_post_has_its_own_workbench(busy: World) -> None:
    give(busy, "tom", "village.clerk", "V21")
    browser = busy.client("tom")
    officer = browser.get(f"/?unit={busy.units['T1']}").get_data(as_text=True)
    clerk = browser.get(f"/?unit={busy.units['V21']}").get_data(as_text=True)
    assert "下级任务对照表" in officer
    assert "西一村" in clerk
    assert "下级任务对照表" not in clerk
    assert "东一村" not in clerk
    for page in (officer, clerk):
        assert 'href="/matrix"' in page, "the menu is the person's, whatever they look at"
    with busy.as_("tom") as scope:
        assert {grant.path for grant in grants_of(scope)} == {busy.paths["T1"], busy.paths["V21"]}
    assert browser.get(f"/matrix?unit={busy.units['T1']}").status_code == 200, "looking at one does not take the other away"


def test_who_acts_for_a_superior_is_not_offered_their_own_units_work(busy: World) -> None:
    """Judging own work stays out, though only the lent post is looked at."""
    duty = next(iter(issue_to_villages(busy).values()))
    with busy.as_system() as scope:
        scope.add(
            Delegation(
                giver_id=busy.people["tom"], receiver_id=busy.people["vera"], unit_id=busy.units["T1"], role="township.officer",
                active_from=date(2026, 3, 1), active_to=date(2026, 4, 1), reason="出差", created_at=scope.now,
            )
        )  # fmt: skip
    with busy.as_("vera") as scope:
        mine = [line.duty for line in queries.open_duties(scope).items if line.unit.code == "V11"]
        assert duty in {one.id for one in mine}
    give(busy, "vlad", "village.clerk", "V11")
    with busy.as_("vlad") as scope:
        submit(scope, duty_id=duty, typed=ANSWERS)
    with busy.as_("vera") as scope:
        seen = looking_from(scope, busy.paths["T1"])
        assert own_places(seen) == own_places(scope) == {busy.paths["V11"], busy.paths["V21"]}
        assert not queries.awaiting_review(seen).items
        seen.memo.pop("grants.all")
        seen.memo.pop("reporting.review")
        seen.memo.pop("readable")
        assert [line.duty.id for line in queries.awaiting_review(seen).items] == [duty], "the control"
