"""The demo tenants, made once for all tests that look at them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from duban.kernel.settings import Settings
from duban.simulation.demo import ensure_demo
from duban.simulation.replay import scratch_database


@dataclass(frozen=True)
class Made:
    """A database with the demo tenants in it, and what was said while they were made."""

    engine: Engine
    settings: Settings
    said: list[str]
    accounts: str


@pytest.fixture(scope="session")
def made() -> Iterator[Made]:
    with scratch_database() as (engine, settings):
        said: list[str] = []
        yield Made(engine, settings, said, ensure_demo(settings, say=said.append))
