"""The matrix's world, made once for a run: nothing that runs in it is ever committed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine

from duban.access.policy import Policy
from duban.embedded import postgres
from duban.kernel.clock import SetClock
from duban.kernel.settings import Settings
from tests.conftest import NOW
from tests.matrix.running import Asker, asking
from tests.matrix.stage import Stage, build_stage
from tests.web.console.conftest import operator

__all__ = ["operator"]


@pytest.fixture(scope="session")
def stages(engine: Engine, app: Flask, app_clock: SetClock, settings: Settings) -> dict[str, Stage]:
    """The worlds by kind of tenant."""
    app_clock.at = NOW
    kinds = ("county", "expressway", "street")
    with app.app_context():
        return {kind: build_stage(engine, kind=kind, now=NOW, data_dir=settings.data_dir) for kind in kinds}


@pytest.fixture(scope="session")
def askers(app: Flask, stages: dict[str, Stage]) -> Iterator[dict[str, Asker]]:
    """Whoever asks in these worlds, by kind of tenant; what they change is stopped at the commit."""
    with ExitStack() as stack:
        yield {kind: stack.enter_context(asking(app, stage)) for kind, stage in stages.items()}


@pytest.fixture(scope="session")
def every_row(servers: tuple[postgres.PostgresServer, str]) -> Iterator[Engine]:
    """As whoever makes the backups: sees the rows of all tenants, and changes none."""
    server, name = servers
    made = create_engine(server.url(postgres.BACKUP_ROLE, name))
    yield made
    made.dispose()


@pytest.fixture
def saying(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let every policy say something else of one object and act: no relations at all, or these besides."""

    def say(obj: str, act: str, *more: str) -> None:
        whole = Policy.allowed

        def allowed(self: Policy, role: str, asked: str, done: str) -> frozenset[str]:
            found = whole(self, role, asked, done)
            return found if (asked, done) != (obj, act) else found | set(more) if more and found else frozenset()

        monkeypatch.setattr(Policy, "allowed", allowed)

    return say
