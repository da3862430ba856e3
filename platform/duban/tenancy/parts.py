"""A kind's folder as the parts a tenant copies: plain data, one part a file. `kinds.load_kind` validates them first."""

from pathlib import Path
from typing import Any

import yaml


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
        body = _as_json(yaml.safe_load(path.read_text(encoding="utf-8")))
        parts[path.stem] = {"items": body} if isinstance(body, list) else body
    return parts
