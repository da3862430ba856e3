"""What the pages of documents sent and received share."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _

from duban.dispatches.states import BOX_LABELS, TO_LABELS


def _choices(labels: Mapping[Any, str]) -> Callable[[], list[tuple[StrEnum, str]]]:
    return lambda: [(value, _(word)) for value, word in labels.items()]


def words_for_templates() -> dict[str, Any]:
    """Give what templates offer to choose from, in the reader's language."""
    return {"box_choices": _choices(BOX_LABELS), "to_choices": _choices(TO_LABELS)}
