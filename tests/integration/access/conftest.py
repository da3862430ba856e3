"""The county with a second line."""

import pytest

from tests.cast import World
from tests.integration.access.lined import line_up


@pytest.fixture
def lined(world: World) -> World:
    """The cast's county with three enterprises, two of them in a department's sector line."""
    return line_up(world)
