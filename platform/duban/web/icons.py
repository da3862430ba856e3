"""Builds `static/img/icons.svg`, the one sprite all pages take their icons from.

Why a sprite and not Tabler's web font: the font is 800 kB, the icons we use are 15 kB over the wire, and an icon that is
missing shows in a test instead of as an empty box. Run after adding a name to icons.txt (needs `npm install @tabler/icons`):

    PYTHONPATH=platform python -m duban.web.icons node_modules/@tabler/icons/icons/outline
"""

import re
import sys
from pathlib import Path

SPRITE = Path(__file__).parent / "static" / "img" / "icons.svg"
BLANK = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'
NAMES = Path(__file__).with_name("icons.txt")


def build_sprite(folder: Path) -> str:
    """Give the sprite's SVG text made of the outline icons in `folder`; a missing icon is a FileNotFoundError naming it."""
    symbols = []
    for name in sorted(NAMES.read_text(encoding="utf-8").split()):
        source = (folder / f"{name}.svg").read_text(encoding="utf-8")
        body = source[source.index(">") + 1 : source.rindex("</svg>")].replace(BLANK, "")
        compact = re.sub(r"\s+", " ", body).replace("> <", "><").strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{compact}</symbol>')
    notice = "<!-- Tabler Icons, MIT licence, https://tabler.io/icons -->"
    return f'<svg xmlns="http://www.w3.org/2000/svg">{notice}{"".join(symbols)}</svg>\n'


if __name__ == "__main__":
    SPRITE.write_text(build_sprite(Path(sys.argv[1])), encoding="utf-8")
