"""Pinyin for hundreds of thousands of names: the library's dictionaries, longest phrase first, without its slower refinements."""

from functools import lru_cache

from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

LONGEST_PHRASE = 4
_TONES = str.maketrans("āáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜüńňǹḿê", "aaaaooooeeeeiiiiuuuuvvvvvnnnme")


def _plain(syllable: str) -> str:
    return syllable.translate(_TONES)


@lru_cache(maxsize=1)
def _phrases() -> dict[str, list[str]]:
    """Phrases that are read otherwise than their characters one by one: the others need no entry."""
    found = {}
    for phrase, readings in PHRASES_DICT.items():
        if len(phrase) <= LONGEST_PHRASE:
            plain = [_plain(reading[0]) for reading in readings]
            if plain != [_syllable(char) for char in phrase]:
                found[phrase] = plain
    return found


@lru_cache(maxsize=50_000)
def _syllable(char: str) -> str:
    return _plain(PINYIN_DICT[ord(char)].split(",")[0]) if ord(char) in PINYIN_DICT else char


def syllables(name: str) -> list[str]:
    """Give one syllable for each Chinese character, and every other character as it is."""
    phrases, found, start = _phrases(), [], 0
    while start < len(name):
        for length in range(min(LONGEST_PHRASE, len(name) - start), 1, -1):
            if name[start : start + length] in phrases:
                found += phrases[name[start : start + length]]
                start += length
                break
        else:
            found.append(_syllable(name[start]))
            start += 1
    return found


def search_text_fast(name: str, short_name: str = "", code: str = "") -> str:
    """Give what `rules.naming.search_text` gives, about thirty times faster, with rare readings less sure."""
    parts: list[str] = []
    for written in (name, short_name) if short_name and short_name != name else (name,):
        sounds = syllables(written)
        parts += [written.lower(), "".join(sounds).lower(), "".join(sound[:1] for sound in sounds).lower()]
    return " ".join(dict.fromkeys([*parts, code.lower()])).strip()
