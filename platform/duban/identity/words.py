"""The lists of words nobody may use as a password, read once; and names as people type them."""

from functools import cache
from importlib.resources import files

from pypinyin import lazy_pinyin

from duban.identity.rules.passwords import Lists

COMMON, CONTEXT = "common_passwords.txt", "context_words.txt"


def read_list(name: str) -> frozenset[str]:
    """Read a list of the folder `data`: one entry a line, lines that begin with # are remarks."""
    text = (files("duban.identity") / "data" / name).read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def lists() -> Lists:
    """Give both lists. Costs: some 5,500 lines, read once per process."""
    return Lists(common=read_list(COMMON), context=read_list(CONTEXT))


def as_typed(*names: str) -> frozenset[str]:
    """
    Give the words people make of names: in full pinyin, syllable by syllable and by first letters; of a login, its parts.

    Only words of at least two letters: a single one is part of every password.
    """
    found: set[str] = set()
    for name in names:
        syllables = [part.casefold() for part in lazy_pinyin(name) if part.isascii() and part.isalpha()]
        found.update(syllables)
        found.add("".join(syllables))
        found.add("".join(part[0] for part in syllables))
        found.update(part for part in name.casefold().replace("-", ".").replace("_", ".").split(".") if part.isalpha())
    return frozenset(word for word in found if len(word) > 1 and word.isascii())
