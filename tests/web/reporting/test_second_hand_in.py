"""A second hand-in of the same report: nothing is to be corrected, and it is said once."""

from tests.cast import World
from tests.integration.reporting import requirements as given


def test_a_second_hand_in_says_once_that_nothing_was_taken(world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world))
    given.handed_in(world, duty_id)
    vera = world.client("vera")
    typed = {f"answer.{key}": text for key, text in given.ANSWERS.items()}
    for address in ("submit", "nil"):
        answer = vera.post(f"/duties/{duty_id}/{address}", data=typed)
        assert answer.status_code == 409
        assert "没有提交</h2>" in answer.text
        assert "有内容需要更正" not in answer.text
        assert answer.text.count("已经提交，正等待") == 1
    assert vera.get(f"/duties/{duty_id}").text.count("已经提交，正等待") == 1
    assert "Not handed in</h2>" in vera.post(f"/duties/{duty_id}/submit?lang=en", data=typed).text
