"""Names: what a unit or a person can be found by, and which names and codes are sound."""

import re
import unicodedata
from functools import lru_cache
from itertools import chain

from pypinyin import Style, pinyin

from duban.kernel.text import N_, Text

LONGEST_NAME = 100
LONGEST_POST = 60
LONGEST_PHONE = 30
LONGEST_EMAIL = 200

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,39}", re.ASCII)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}", re.ASCII)
_PHONE = re.compile(r"[0-9+()（）\- ]{5,30}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def tidy(text: str) -> str:
    """Give the text without outer blanks, control characters and runs of blanks; full-width blanks count as blanks."""
    visible = "".join(
        " " if char.isspace() else char for char in text if unicodedata.category(char) not in {"Cc", "Cf", "Cs"} or char.isspace()
    )
    return " ".join(visible.split())


def _letters(other: str) -> list[str]:
    """What is not Chinese counts letter by letter: E1 is found by "e1"."""
    return list(other)


@lru_cache(maxsize=4096)
def search_text(name: str, short_name: str = "", code: str = "") -> str:
    """
    Give all a unit or person is found by: names, pinyin, initials, code; lower-case, blanks between.

    e.g. 高塘岭街道 → "高塘岭街道 gaotanglingjiedao gtljd".
    """
    parts: list[str] = []
    for written in dict.fromkeys((name, short_name)):
        if written:
            # the library's types forget that a handler may give several parts
            found = pinyin(written, style=Style.NORMAL, errors=_letters)  # type: ignore[arg-type]
            syllables = list(chain.from_iterable(found))
            parts += [written.lower(), "".join(syllables).lower(), "".join(part[:1] for part in syllables).lower()]
    return " ".join(dict.fromkeys([*parts, code.lower()])).strip()


def as_query(typed: str) -> str:
    """Give what was typed as it is looked for: tidy, lower-case, nothing between syllables ("gao tang" finds gaotangling)."""
    text = tidy(typed).lower()
    return text.replace(" ", "") if text.isascii() else text


def like(query: str) -> str:
    """Give the LIKE pattern that finds the query anywhere, its own wildcards taken literally."""
    escaped = query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def check_name(name: str) -> Text | None:
    """Say what is wrong with a unit's or person's name."""
    if not name:
        return Text(N_("请填写名称。"))
    if len(name) > LONGEST_NAME:
        return Text(N_("名称最多 %(limit)s 个字。"), {"limit": LONGEST_NAME})
    return None


def check_code(code: str) -> Text | None:
    """Say what is wrong with a unit's code."""
    if not code:
        return Text(N_("请填写单位代码。"))
    return None if _CODE.fullmatch(code) else Text(N_("代码只能用数字、字母、点和横线，最多 40 位。"))


def check_login(login: str) -> Text | None:
    """Say what is wrong with a name to sign in with."""
    if not login:
        return Text(N_("请填写登录名。"))
    return None if _LOGIN.fullmatch(login) else Text(N_("登录名用小写字母、数字、点和横线，2 至 40 位。"))


def check_phone(phone: str) -> Text | None:
    """Say what is wrong with a phone number; none is fine."""
    return None if not phone or _PHONE.fullmatch(phone) else Text(N_("电话号码只能有数字、加号、括号和横线，5 至 30 位。"))


def check_email(email: str) -> Text | None:
    """Say what is wrong with an e-mail address; none is fine."""
    sound = not email or (len(email) <= LONGEST_EMAIL and _EMAIL.fullmatch(email))
    return None if sound else Text(N_("电子邮箱写法不对，例如 zhang@example.cn。"))


def check_post(post: str) -> Text | None:
    """Say what is wrong with a post's name; none is fine."""
    return None if len(post) <= LONGEST_POST else Text(N_("职务最多 %(limit)s 个字。"), {"limit": LONGEST_POST})


def login_from(name: str) -> str:
    """Suggest a name to sign in with: 张建国 → zhangjianguo."""
    syllables = chain.from_iterable(pinyin(name, style=Style.NORMAL, errors="ignore"))
    latin = "".join(char for char in name.lower() if char.isascii() and char.isalnum())
    return ("".join(syllables) or latin)[:40]
