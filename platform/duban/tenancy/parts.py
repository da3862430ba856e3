"""A kind's folder as the parts a tenant copies: plain data, one part a file. `kinds.load_kind` validates them first."""

from pathlib import Path
from typing import Any

import yaml

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""The same language, read in C where the library has it: ten times as fast."""


def _as_json(value: Any) -> Any:
    """YAML reads dates and sets apart; the catalogue keeps plain JSON."""
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def read_parts(folder: Path) -> dict[str, dict[str, Any]]:
    """
    Read every YAML file of a kind and its policy.

    Gives: by file stem, a mapping; a file that holds a list becomes {"items": [...]}; the policy {"text": lines}.
    Numbers with a fraction become strings, so that Decimal reads them exactly.
    """
    parts: dict[str, dict[str, Any]] = {"policy": {"text": (folder / "policy.csv").read_text(encoding="utf-8")}}
    for path in sorted(folder.glob("*.yaml")):
        body = _as_json(yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER))  # noqa: S506 - safe either way
        parts[path.stem] = {"items": body} if isinstance(body, list) else body
    return parts
