"""English is complete: every Chinese text marked in code or templates has its translation in some feature's catalogue."""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

SOURCE = Path(__file__).parents[2] / "platform" / "duban"
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract"), ("**.txt", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "lazy_gettext": None}


def has_chinese(text: str) -> bool:
    """Words or punctuation: “（%(n)s）” is as Chinese as the words around it."""
    return any("\u4e00" <= char <= "\u9fff" or char in "，。、；：？！（）〔〕【】《》％" for char in text)


def within_texts() -> Iterator[tuple[str, str]]:
    """What is marked inside an f-string, where the extraction does not look."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Call) and getattr(inner.func, "id", "") in KEYWORDS:
                        texts = [arg.value for arg in inner.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
                        yield from ((f"{path.relative_to(SOURCE)}:{inner.lineno}", text) for text in texts if has_chinese(text))


MARKED = re.compile(r"""_\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
AS_IT_IS = {
    "letters/templates/letters/parts.html": "：",  # a letter is the Chinese document that is signed
    "web/templates/macros/ui.html": "：（）",  # so is a circular
    "forms/templates/forms/designer.html": "元万亿",  # units of money as they are kept
    "web/templates/base.html": "督",  # the seal
    "console/templates/console/frame.html": "督",
    "web/templates/identity/sign_in.html": "督一二三",
}
"""What stands on a page in both languages."""


def bare(template: str, allowed: str = "") -> list[str]:
    """List what is Chinese in a template outside the texts that are translated."""
    shown = MARKED.sub("_(", re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL))
    return [char for char in shown if has_chinese(char) and char not in allowed]


def test_pages_say_nothing_untranslated() -> None:
    found = {}
    for path in sorted([*SOURCE.rglob("*.html"), *SOURCE.rglob("*.txt")]):
        name = str(path.relative_to(SOURCE))
        if left := bare(path.read_text(), AS_IT_IS.get(name, "")):
            found[name] = "".join(left)
    assert found == {}
    assert bare('<p>{{ _("单位：") }}{{ name }}（{{ code }}）{# 注 #}</p>') == ["（", "）"], "the control"


def test_every_text_has_its_english() -> None:
    wanted = {}
    options = {"**.html": {"silent": "false"}}
    for name, line, message, *_ in extract_from_dir(str(SOURCE), METHODS, options, KEYWORDS):
        for text in message if isinstance(message, tuple) else (message,):
            if has_chinese(text):
                wanted.setdefault(text, f"{name}:{line}")
    for place, text in within_texts():
        wanted.setdefault(text, place)
    given: dict[str, tuple[str, Path]] = {}
    clashes = []
    for path in sorted(SOURCE.glob("*/translations/en/LC_MESSAGES/messages.po")):
        for message in read_po(BytesIO(path.read_bytes()), locale="en"):
            if message.id and message.string:
                key = message.id if isinstance(message.id, str) else message.id[0]
                english = message.string if isinstance(message.string, str) else message.string[0]
                if key in given and given[key][0] != english:
                    clashes.append(f"{key!r}: {given[key][0]!r} in {given[key][1].parts[-5]}, {english!r} in {path.parts[-5]}")
                given.setdefault(key, (english, path))
    missing = [f"{place}  {text}" for text, place in wanted.items() if text not in given]
    print(f"{len(wanted)} texts, {len(given)} translations")
    assert not clashes, "translated in two ways:\n" + "\n".join(clashes)
    assert not missing, f"{len(missing)} without English:\n" + "\n".join(missing[:80])
