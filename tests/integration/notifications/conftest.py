"""Delivering in tests: a courier on the test's clock, and a real mail server inside the test process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from duban.kernel.clock import SetClock
from duban.kernel.runtime import Runtime
from duban.kernel.settings import Settings
from duban.notifications.tasks import Courier
from duban.web.i18n import load_translations
from tests.mailbox import Mailbox, mailbox_running


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server on the loopback interface that keeps what it is sent."""
    with mailbox_running() as running:
        yield running


@pytest.fixture
def make_courier(engine: Engine, settings: Settings, clock: SetClock) -> Callable[..., Courier]:
    """Build a courier, by default without a mail server."""

    def make(*, smtp_url: str = "", **changes: Any) -> Courier:
        runtime = Runtime(
            settings=replace(settings, smtp_url=smtp_url, mail_from="督办 <duban@example.org>"), engine=engine, clock=clock
        )
        return Courier(runtime=runtime, translations=lambda locale: load_translations(locale).gettext, **changes)

    return make
