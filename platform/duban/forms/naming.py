"""Formulas as people write them, in the names of the fields, and as they are kept, in their keys. Pure."""

import re
from collections.abc import Mapping, Sequence

from duban.fields.specs import FieldSpec
from duban.forms.designs import Row, option_codes

_NAMED = re.compile(r"【([^【】]*)】")
_IDENTIFIER = re.compile(r'"[^"]*"|\b[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?\b(?!\()', re.ASCII)


def keys_by_name(rows: Sequence[Row]) -> dict[str, str]:
    """Give keys by name; a column by "table.column"; keys stand for themselves."""
    found: dict[str, str] = {}
    for row in rows:
        key, label = str(row.get("key") or ""), str(row.get("label") or "").strip()
        found |= {key: key, label: key}
        for column in row.get("columns") or []:
            name, inner = str(column.get("label") or "").strip(), str(column.get("key") or "")
            found |= {f"{label}.{name}": f"{key}.{inner}", f"{key}.{inner}": f"{key}.{inner}"}
    return found


def codes_by_option(rows: Sequence[Row]) -> dict[str, str]:
    """Give the codes of all options by their labels."""
    found: dict[str, str] = {}
    for row in rows:
        found |= option_codes(row)
    return found


def in_keys(typed: str, names: Mapping[str, str], words: Mapping[str, str]) -> tuple[str, str]:
    """Turn a formula in the fields' names into one in their keys. Gives: the formula, and the first name no field has."""
    unknown = ""

    def key_of(match: re.Match[str]) -> str:
        nonlocal unknown
        name = match[1].strip()
        if name not in names:
            unknown = unknown or name
        return names.get(name, "unknown")

    text = _NAMED.sub(key_of, typed.replace("“", '"').replace("”", '"'))
    text = re.sub(r'"([^"]*)"', lambda match: f'"{words.get(match[1], match[1])}"', text)
    return re.sub(r"是(?=\s|$|\))", "yes", re.sub(r"否(?=\s|$|\))", "no", text)), unknown


def in_names(formula: str, fields: Sequence[FieldSpec]) -> str:
    """Turn a formula in keys into one in names."""
    names = {spec.key: spec.label for spec in fields}
    names |= {f"{spec.key}.{column.key}": f"{spec.label}.{column.label}" for spec in fields for column in spec.columns}

    def name_of(match: re.Match[str]) -> str:
        return f"【{names[match[0]]}】" if match[0] in names else match[0]

    return _IDENTIFIER.sub(name_of, formula)
