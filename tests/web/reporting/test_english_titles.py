"""A requirement with an English title is called by it wherever its reader reads English: messages and calendar too."""

from datetime import timedelta

from tests.cast import World
from tests.integration.delivery import delivered
from tests.integration.reporting.requirements import issued


def test_a_message_names_the_task_in_its_reader_s_language(world: World) -> None:
    issued(world, title="安全检查情况", title_en="Safety checks")
    delivered(world, world.now + timedelta(minutes=1))
    vera = world.client("vera")
    english, chinese = vera.get("/notices?lang=en").text, vera.get("/notices?lang=zh").text
    assert "Safety checks" in english and "安全检查情况" not in english
    assert "安全检查情况" in chinese and "Safety checks" not in chinese
