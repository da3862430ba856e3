"""English is complete: every Chinese text marked in code or templates has its translation in some feature's catalogue."""

from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

SOURCE = Path(__file__).parents[2] / "platform" / "duban"
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract"), ("**.txt", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "lazy_gettext": None}


def has_chinese(text: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in text)


def test_every_text_has_its_english() -> None:
    wanted = {}
    options = {"**.html": {"silent": "false"}}
    for name, line, message, *_ in extract_from_dir(str(SOURCE), METHODS, options, KEYWORDS):
        for text in message if isinstance(message, tuple) else (message,):
            if has_chinese(text):
                wanted.setdefault(text, f"{name}:{line}")
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
