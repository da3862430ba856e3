"""What the form library offers next: where something is missing, what follows while trying, issuing with it."""

import re

from tests.cast import World
from tests.integration.forms import given
from tests.web.forms.test_pages import START, begun

TWO = {
    "fields.0.key": "f1", "fields.0.label": "发现", "fields.0.kind": "integer",
    "fields.1.key": "f2", "fields.1.label": "两倍", "fields.1.kind": "computed", "fields.1.formula": "f1 * 2",
}  # fmt: skip


def test_what_is_left_names_its_question_and_leads_there(world: World) -> None:
    here, browser = begun(world), world.client("tom")
    wrong = TWO | {"fields.2.key": "f3", "fields.2.label": "", "fields.2.kind": "integer"}
    page = browser.post(f"{here}/preview", data=START | wrong).text
    assert "还有 1 处" in page
    assert '<a href="#fields.2.label">第 3 个填报项：' in page


def test_a_trial_works_out_what_follows_while_typing(world: World) -> None:
    here, browser = begun(world), world.client("tom")
    browser.post(f"{here}/design", data=START | TWO | {"act": "save"})
    assert f'data-try="{here}/test"' in browser.get(f"{here}/test").text
    answer = browser.post(f"{here}/test", data={"answer.f1": "２１"}, headers={"X-Requested-With": "try"})
    assert answer.json["computed"] == {"f2": "42.00"}


def test_a_published_form_leads_to_a_requirement_that_asks_it(world: World) -> None:
    form_id = given.published(world)
    page = world.client("tom").get(f"/forms/{form_id}").text
    assert f'href="/requirements/new?form_id={form_id}"' in page
    asked = world.client("tom").get(f"/requirements/new?form_id={form_id}").text
    assert f'value="{form_id}" selected' in asked
    assert re.search(r'name="title"[^>]*value="[^"]+"', asked), "it begins with the form's name"
    assert "/requirements/new?form_id" not in world.client("vera").get(f"/forms/{form_id}").text
