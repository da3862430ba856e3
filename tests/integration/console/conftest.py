"""The steward's means on the test database, and operators who act."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from duban.console.desk import Desk, Hand, at_desk
from duban.console.models import Operator
from duban.console.operations.accounts import create_operator
from duban.console.steward import Means
from duban.files.storage import open_store
from duban.kernel.clock import SetClock
from duban.kernel.db import make_engine
from tests.binding import CONTEXT_KEY
from tests.integration.audit.beginning import begun


@pytest.fixture(scope="session")
def owner_engine(owner_url: str) -> Iterator[Engine]:
    made = make_engine(owner_url, context_key=CONTEXT_KEY)
    yield made
    made.dispose()


@pytest.fixture
def means(owner_engine: Engine, engine: Engine, clock: SetClock, tmp_path: Path) -> Means:
    return Means(
        owner=owner_engine,
        engine=engine,
        store=open_store(f"file://{tmp_path / 'files'}"),
        exports=tmp_path / "exports",
        clock=clock,
        anchors=begun(tmp_path / "anchors.jsonl").path,
    )


class Office:
    """The operators of a test: `at("ann")` opens ann's desk, making her at first use."""

    def __init__(self, engine: Engine, clock: SetClock) -> None:
        self.engine, self.clock, self.hands = engine, clock, {}

    def hand(self, who: str) -> Hand:
        if who not in self.hands:
            login = f"{who}-{uuid4().hex[:8]}"
            with self.desk(Hand(None, "terminal")) as desk:
                create_operator(desk, login=login, name=who)
                desk.session.flush()
                operator = desk.session.scalars(select(Operator).where(Operator.login == login)).one()
                self.hands[who] = Hand(operator.id, who)
        return self.hands[who]

    @contextmanager
    def desk(self, hand: Hand) -> Iterator[Desk]:
        with at_desk(self.engine, hand=hand, now=self.clock.at) as desk:
            yield desk

    @contextmanager
    def at(self, who: str) -> Iterator[Desk]:
        with self.desk(self.hand(who)) as desk:
            yield desk

    def later(self, **delta: float) -> None:
        self.clock.at += timedelta(**delta)


@pytest.fixture
def office(engine: Engine, clock: SetClock) -> Office:
    return Office(engine, clock)
