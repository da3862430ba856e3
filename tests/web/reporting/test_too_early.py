"""A report of a period that has not begun is asked about once before it is taken; programs are not asked."""

import pytest

from duban.reporting import operations, queries
from duban.reporting.states import DutyState
from tests.cast import World
from tests.integration.reporting import requirements as given

QUESTION = "2026年4月还没有开始，确定现在就报吗？"
ANSWERS = {f"answer.{key}": text for key, text in given.ANSWERS.items()}


@pytest.fixture
def requirement_id(world: World) -> object:
    return given.issued(world, due=given.MONTHLY)


def test_a_nil_return_is_asked_about_once(world: World, requirement_id) -> None:
    duty_id = given.duty_id(world, requirement_id, period="2026-04")
    vera = world.client("vera")
    vera.post(f"/duties/{duty_id}/draft", data=ANSWERS | {"answer.done": "已经写了一半"})
    answer = vera.post(f"/duties/{duty_id}/nil")
    assert answer.status_code == 422
    assert QUESTION in answer.text
    assert "已经写了一半" in answer.text
    assert given.duty(world, duty_id).stands is DutyState.OPEN
    assert vera.post(f"/duties/{duty_id}/nil", data={"anyway": "1"}).status_code == 303
    assert given.duty(world, duty_id).is_nil


def test_figures_are_asked_about_once_and_kept(world: World, requirement_id) -> None:
    duty_id = given.duty_id(world, requirement_id, period="2026-04")
    vera, address = world.client("vera"), f"/duties/{duty_id}/submit"
    wrong = vera.post(address, data=ANSWERS | {"answer.checks": "很多"})
    assert QUESTION not in wrong.text  # what is wrong comes first
    answer = vera.post(address, data=ANSWERS)
    assert answer.status_code == 422
    assert QUESTION in answer.text
    assert ANSWERS["answer.done"] in answer.text
    assert given.duty(world, duty_id).stands is DutyState.OPEN
    assert vera.post(address, data=ANSWERS | {"anyway": "1"}).status_code == 303
    assert given.duty(world, duty_id).stands is DutyState.SUBMITTED


def test_a_period_that_has_begun_and_a_program_are_not_asked(world: World, requirement_id) -> None:
    begun = given.duty_id(world, requirement_id, period="2026-03")
    assert world.client("vera").post(f"/duties/{begun}/nil").status_code == 303
    later = given.duty_id(world, requirement_id, period="2026-04")
    with world.as_("vera") as scope:
        operations.submit_nil(scope, duty_id=later)
        assert queries.get_duty(scope, later).is_nil
