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


def read_part(folder: Path, part: str) -> dict[str, Any]:
    """
    Read one part: the policy as {"text": lines}, else the YAML file of that name; one that holds a list as {"items": [...]}.

    Numbers with a fraction become strings, so that Decimal reads them exactly.
    """
    if part == "policy":
        return {"text": (folder / "policy.csv").read_text(encoding="utf-8")}
    text = (folder / f"{part}.yaml").read_text(encoding="utf-8")
    body = _as_json(yaml.load(text, Loader=_LOADER))  # noqa: S506 - safe either way
    return {"items": body} if isinstance(body, list) else body


def read_parts(folder: Path) -> dict[str, dict[str, Any]]:
    """Read every YAML file of a kind and its policy, by file stem."""
    return {part: read_part(folder, part) for part in ("policy", *(path.stem for path in sorted(folder.glob("*.yaml"))))}
