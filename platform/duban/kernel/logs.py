"""Structured logs: one event, one line, whatever people typed."""

import json
import logging
import re
import sys
from typing import Any

import structlog

_BREAKERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _one_line(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Write line breaks and terminal commands out: in JSON they are so already."""
    return {
        key: _BREAKERS.sub(lambda found: f"\\x{ord(found[0]):02x}", value) if isinstance(value, str) else value
        for key, value in event.items()
    }


def _json_line(event: Any, **options: Any) -> str:
    """Write JSON with every character that some reader takes for a line's end written out, not only those JSON asks for."""
    return _BREAKERS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(event, **options))


def configure_logs(log_format: str, *, quiet: bool = False) -> None:
    """Send every log line to standard error as JSON (or readable text), with time, level and context; warnings only if quiet."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(_json_line, ensure_ascii=False)
        if log_format == "json"
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([] if log_format == "json" else [_one_line]),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING if quiet else logging.INFO)
    # Casbin tells its whole policy at every load.
    logging.getLogger("casbin").setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Give a logger; values go in as keywords, never into the event's name."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
