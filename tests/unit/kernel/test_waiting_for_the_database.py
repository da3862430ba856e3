"""A process that starts while the database is away waits for it, and only where waiting helps."""

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from duban.kernel import runtime

REFUSED = "connection to server on socket failed: Connection refused"
RECOVERING = "FATAL:  the database system is in recovery mode"


def failing(times: int, words: str, tried: list[str]) -> Callable[[object], None]:
    def check(_engine: object) -> None:
        tried.append(words)
        if len(tried) <= times:
            raise OperationalError("SELECT 1", {}, psycopg.OperationalError(words))

    return check


@pytest.mark.parametrize("words", [REFUSED, RECOVERING])
def test_it_is_waited_for(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    tried: list[str] = []
    monkeypatch.setattr(runtime, "_check", failing(3, words, tried))
    monkeypatch.setattr(runtime, "TRY_AGAIN_SECONDS", 0)
    runtime.check_database(None)  # type: ignore[arg-type]
    assert len(tried) == 4


@pytest.mark.parametrize(
    ("words", "patience"),
    [
        (REFUSED, 0),
        ('FATAL:  password authentication failed for user "duban_app"', 30),
        ('FATAL:  database "x" does not exist', 30),
    ],
)
def test_not_for_ever_and_not_for_what_stays(monkeypatch: pytest.MonkeyPatch, words: str, patience: float) -> None:
    tried: list[str] = []
    monkeypatch.setattr(runtime, "_check", failing(3, words, tried))
    with pytest.raises(OperationalError):
        runtime.check_database(None, patience_seconds=patience)  # type: ignore[arg-type]
    assert len(tried) == 1
