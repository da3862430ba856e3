"""Packing a message's values for the ledger, putting the message into words, and when to try again. Pure."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from duban.kernel.text import Authored, Text
from duban.tenancy.kinds_reading import Name

MAX_TRIES = 5
"""Failed tries after which an effect is dead."""
MAX_CLAIMS = 40
"""Claims after which an effect is dead: what kills its process each time, before a try can fail, must not do so for ever."""
FIRST_PAUSE = timedelta(seconds=15)
BABEL_LOCALES = {"zh": "zh_Hans_CN", "en": "en"}


def pause_after(tries: int) -> timedelta:
    """Say how long to wait after the given number of failed tries (≥ 1): 15 s, 1, 4, 16 minutes."""
    return FIRST_PAUSE * int(4 ** (tries - 1))


def pack(value: object) -> Any:
    """Make a value plain JSON, keeping what is needed to say it in any language: dates, texts and names stay what they are."""
    if isinstance(value, Name | Authored):
        zh, en = (value.zh, value.en) if isinstance(value, Name) else (value.template, value.english or value.template)
        return {"name": {"zh": zh, "en": en}}
    if isinstance(value, Text):
        return {"text": value.template, "params": {key: pack(item) for key, item in value.params.items()}}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, bool | int | str):
        return value
    raise TypeError(f"cannot be said in a message: {type(value).__name__}")


def pack_all(params: Mapping[str, object]) -> dict[str, Any]:
    """Pack every value of a message."""
    return {key: pack(value) for key, value in params.items()}


def say(template: str, params: Mapping[str, Any], *, translate: Callable[[str], str], locale: str, zone: ZoneInfo) -> str:
    """
    Put a packed message into the reader's words.

    Takes: `locale` "zh" or "en"; `zone` in which instants are shown.
    """
    spoken = BABEL_LOCALES[locale]

    def unpack(value: Any) -> object:
        if not isinstance(value, dict):
            return value
        if "text" in value:
            return say(value["text"], value["params"], translate=translate, locale=locale, zone=zone)
        if "name" in value:
            return value["name"][locale]
        if "instant" in value:
            return format_datetime(datetime.fromisoformat(value["instant"]), "medium", tzinfo=zone, locale=spoken)
        return format_date(date.fromisoformat(value["date"]), "long", locale=spoken)

    words = translate(template)
    return words % {key: unpack(value) for key, value in params.items()} if params else words
