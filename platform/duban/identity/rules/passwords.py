"""
What a password must be: two policies, for two standards that contradict each other.

`mlps3` follows GB/T 22239-2019 level 3 as examiners read it (kinds of characters, regular change); `asvs` follows OWASP
ASVS 5.0 and NIST SP 800-63B-4 (length and lists, neither composition nor rotation). A tenant has one of them.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from duban.kernel.text import N_, Text

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 128
_NAME_LENGTH = 3
"""A login shorter than this is too common a piece of text to be looked for inside a password."""
_FEWEST_CHARACTERS = 4


@dataclass(frozen=True)
class PasswordPolicy:
    """`kinds` of characters wanted at least; `lives` and `idle` None: never; `remembered` passwords are not taken again."""

    code: str
    kinds: int
    lives: timedelta | None
    idle: timedelta | None
    remembered: int


MLPS3 = PasswordPolicy("mlps3", kinds=3, lives=timedelta(days=90), idle=timedelta(days=90), remembered=5)
ASVS = PasswordPolicy("asvs", kinds=1, lives=None, idle=None, remembered=1)
POLICIES = {policy.code: policy for policy in (MLPS3, ASVS)}
DEFAULT_POLICY = MLPS3

_KINDS = (str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum())
_LOOKALIKES = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_DATE = re.compile(r"(?:19|20)[0-9]{2}(?P<month>0[1-9]|1[0-2])?(?P<day>[0-2][0-9]|3[01])?")
_YEAR_DIGITS = 4
_SMALL_LETTER = re.compile(r"[a-z]")
_NOT_LETTERS = re.compile(r"[^a-z]+", re.ASCII)


@dataclass(frozen=True)
class Lists:
    """What nobody may use: the commonest passwords, and words everybody here would guess (all lower-case)."""

    common: Collection[str]
    context: Collection[str]


def kinds_used(password: str) -> int:
    """Count the kinds of characters: small and capital letters, digits, everything else. A letter without case counts as else."""
    plain = [character for character in password if not (character.isalpha() and not character.isascii())]
    found = sum(any(kind(character) for character in plain) for kind in _KINDS)
    return found + (len(plain) < len(password))


def core(password: str) -> str:
    """Give the letters a password is made around: `W4ngcheng@2026` gives `wangcheng`."""
    return _NOT_LETTERS.sub("", _between_letters(password.casefold()).translate(_LOOKALIKES))


def _between_letters(text: str) -> str:
    """Give the text from its first small letter to its last one."""
    first, last = _SMALL_LETTER.search(text), _SMALL_LETTER.search(text[::-1])
    return text[first.start() : len(text) - last.start()] if first and last else ""


def is_made_of(text: str, words: Collection[str]) -> bool:
    """Say whether `text` is nothing but these words one after the other."""
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(start in reached and text[start:end] in words for start in range(max(0, end - 20), end)):
            reached.add(end)
    return bool(text) and len(text) in reached


def is_made_of_dates(digits: str) -> bool:
    """Say whether digits are nothing but years, each perhaps with month or day behind it: 20252026, 19900101."""
    reached = {0}
    for start in range(len(digits)):
        if start in reached and (match := _DATE.match(digits, start)):
            reached |= {start + _YEAR_DIGITS, match.end()}
            if match["month"] or match["day"]:
                reached.add(start + _YEAR_DIGITS + 2)
    return bool(digits) and len(digits) in reached


def complaints(policy: PasswordPolicy, password: str, *, login: str, lists: Lists, own_words: Collection[str] = ()) -> list[Text]:
    """
    Say everything that is wrong with a password; nothing when it may be used.

    Takes: `own_words` lower-case, e.g. the tenant's and the person's names in pinyin.
    """
    if len(password) > LONGEST_PASSWORD:  # looked at no further: it may be of any length
        return [Text(N_("密码最多 %(count)s 位。"), {"count": LONGEST_PASSWORD})]
    found = []
    if len(password) < SHORTEST_PASSWORD:
        found.append(Text(N_("密码至少 %(count)s 位，建议 15 位以上。"), {"count": SHORTEST_PASSWORD}))
    if kinds_used(password) < policy.kinds:
        found.append(Text(N_("密码须包含大写字母、小写字母、数字、符号中的至少 %(count)s 类。"), {"count": policy.kinds}))
    if len(login) >= _NAME_LENGTH and login.casefold() in password.casefold():
        found.append(Text(N_("密码不能包含账号。")))
    if _is_guessable(password, lists, own_words):
        found.append(Text(N_("这个密码太常见，或由本系统、本单位、姓名、年份等容易猜到的词组成。请换一个。")))
    return found


def _is_guessable(password: str, lists: Lists, own_words: Collection[str]) -> bool:
    typed = password.casefold()
    if typed in lists.common or len(set(typed)) < _FEWEST_CHARACTERS:
        return True
    letters = core(password)
    if not letters:
        digits = re.sub(r"\D", "", typed, flags=re.ASCII)
        only_ascii = typed.isascii()
        return only_ascii and (digits in lists.common or is_made_of_dates(digits))
    if letters != typed and letters in lists.common:
        return True
    # a long phrase with one such word in it is fine; a password that is nothing else is not
    plain = _NOT_LETTERS.sub("", typed)
    known = {*lists.context, *own_words}
    return typed.isascii() and (is_made_of(letters, known) or is_made_of(plain, known))


def is_over(policy: PasswordPolicy, changed_at: datetime, now: datetime) -> bool:
    """Say whether a password must be changed by now because of its age."""
    return policy.lives is not None and now >= changed_at + policy.lives


def is_unused(policy: PasswordPolicy, last_used: datetime, now: datetime) -> bool:
    """Say whether an account has been left unused so long that it is to be locked."""
    return policy.idle is not None and now >= last_used + policy.idle
