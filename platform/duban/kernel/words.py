"""Columns that hold one word of a StrEnum: text in the database, the enum in Python."""

from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

W = TypeVar("W", bound=StrEnum)


class WordOf(TypeDecorator[W], Generic[W]):
    """Text that is read back as a word of `words`; a value outside it fails when read, not silently later."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        super().__init__()
        self.words = words

    @override
    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Write the plain text."""
        return None if value is None else self.words(value).value

    @override
    def process_result_value(self, value: Any, _dialect: Dialect) -> W | None:
        """Read the word."""
        return None if value is None else self.words(value)
