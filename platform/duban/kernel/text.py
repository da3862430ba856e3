"""Texts for people, carried untranslated through the lower layers; the edge puts them into the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from typing_extensions import override


def N_(msgid: str) -> str:  # noqa: N802 - gettext's customary name, known to the extractor
    """Mark a Chinese source text for translation and give it back unchanged."""
    return msgid


@dataclass(frozen=True)
class Text:
    """
    A marked Chinese template with its values, e.g. Text(N_("超出 %(excess)s"), {"excess": 3}).

    A value may itself be a Text: it is translated first.
    """

    template: str
    params: Mapping[str, object] = field(default_factory=dict)

    @override
    def __str__(self) -> str:
        """Give the Chinese text: for logs and for tests."""
        return self.template % {key: str(value) for key, value in self.params.items()} if self.params else self.template


@dataclass(frozen=True)
class Authored(Text):
    """Words an author wrote, in one language or both: never looked up, only chosen between."""

    english: str = ""

    @override
    def __str__(self) -> str:
        """Give the Chinese words, whatever signs they hold."""
        return self.template
