"""Words that once misled: a state's name on a button, instants without their day, codes of steps, a table without its name."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from duban.reporting import operations
from tests.cast import World
from tests.integration.forms import given as forms
from tests.integration.reporting import requirements as given
from tests.web.reporting.test_filling import march, monthly

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def duty_id(world: World) -> UUID:
    return march(world, monthly(world, forms.published(world)))


def test_in_english_the_button_returns_and_the_state_is_returned(world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world))
    given.handed_in(world, duty_id)
    page = world.client("tom").get(f"/duties/{duty_id}/review?lang=en", headers=ENGLISH).text
    form = page.partition('id="return-form"')[2].partition("</form>")[0]
    assert re.search(r"</svg>\s*Return</button>", form), form[-300:]
    assert "Returned" not in form


def test_in_english_the_list_of_forms_is_forms(world: World) -> None:
    page = world.client("tom").get("/forms?lang=en", headers=ENGLISH).text
    assert re.search(r"<h1[^>]*>\s*Forms", page)
    assert re.search(r'href="/forms"[^>]*>(<svg.*?</svg>)?\s*Forms\s*<', page)


def test_on_a_phone_a_cell_says_that_it_is_required(world: World, duty_id: UUID) -> None:
    page = world.client("vera").get(f"/duties/{duty_id}").text
    assert re.findall(r'data-label="(地点[^"]*)"', page) == ["地点 必填"]
    assert re.findall(r'data-label="(数量[^"]*)"', page) == ["数量"]


def test_what_lies_ahead_and_what_was_told_carry_their_day_and_steps_their_names(world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world))
    page = world.client("vera").get(f"/duties/{duty_id}").text
    assert re.search(r"下一次提醒<small>\d+月\d+日 08:00", page)
    with world.as_system(at=given.at("03-13") + timedelta(hours=1)) as scope:
        operations.plan_reminders(scope)
    page = world.client("vera").get(f"/duties/{duty_id}").text
    (told,) = re.findall(r"提前7天提醒<small>([^<]*)</small>", page)
    assert told.startswith("3月13日 ")
    assert "before_7" not in page and "after_1" not in page
    issued = world.client("tom").get(f"/requirements/{given.duty(world, duty_id).requirement_id}").text
    assert re.search(r"下达时间</dt>\s*<dd[^>]*>\s*3月10日 10:00", issued)


def test_the_designer_of_ladders_names_steps_in_words(world: World) -> None:
    page = world.client("adam").get("/ladders/standard").text
    assert "提前7天提醒" in page
    assert not re.search(r">\s*(before_7|after_1)\s*<", page)


def test_beyond_the_limit_is_said_once_and_asked_at_the_box(world: World) -> None:
    requirement_id = monthly(world, forms.published(world))
    handed = {"answer.found": "2", "answer.fire": "2", "answer.traffic": "不适用"}
    vera, before = world.client("vera"), given.duty_id(world, requirement_id, "V11", "2026-02")
    assert vera.post(f"/duties/{before}/submit", data=handed).status_code == 303
    page = vera.post(f"/duties/{march(world, requirement_id)}/submit", data=handed | {"answer.found": "9", "answer.fire": "9"})
    assert page.status_code == 422
    said = "比上期（2）增加 350.0%，超过 50%，请说明原因"
    assert page.text.count(said) == 2  # in the summary, and at the box it leads to
    saved = vera.post(
        f"/duties/{march(world, requirement_id)}/draft",
        data=handed | {"answer.found": "9", "answer.fire": "9"},
        headers={"X-Requested-With": "autosave"},
    ).json
    assert (saved["explain"]["found"], saved["changes"]) == (said, {})
    saved = vera.post(
        f"/duties/{march(world, requirement_id)}/draft",
        data=handed | {"answer.found": "3", "answer.fire": "3"},
        headers={"X-Requested-With": "autosave"},
    ).json
    assert (saved["explain"], saved["changes"]) == ({}, {"found": "比上期（2）增加 50.0%"})
