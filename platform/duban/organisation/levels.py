"""How the levels of a kind are written in files."""

from duban.kernel.scope import Scope
from duban.tenancy.kinds_in_force import structure


def levels_by_name(scope: Scope) -> dict[str, str]:
    """Give levels by every word that names them in a file: code, Chinese and English name, parts of "乡镇（街道）"."""
    names: dict[str, str] = {}
    for level in structure(scope).levels:
        written = level.name.zh
        parts = written.replace("）", "").replace("、", "（").split("（")
        for word in (level.code, written, level.name.en, *parts):
            names.setdefault(word.lower(), level.code)
    return names
