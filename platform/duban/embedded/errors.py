"""What can keep an embedded server from starting, each with what to do about it."""

from __future__ import annotations

from pathlib import Path

LOG_TAIL_LINES = 15


class EmbeddedServerError(Exception):
    """An embedded server is missing, or did not come up; the message says what to do."""


def with_log_tail(message: str, log: Path) -> EmbeddedServerError:
    """Join a message with the last lines the server wrote, which usually name the cause."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:] if log.exists() else []
    return EmbeddedServerError("\n".join([message, *(f"    {line}" for line in lines), f"    (log: {log})"]))
