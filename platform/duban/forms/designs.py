"""
A form as its designer types it: rows of plain text, kept however wrong, changed by the buttons of the page. Pure.

A design is `{"fields": [row, …], "checks": [row, …]}`. A row of a field has the names of `SETTINGS` and `TICKS`; `options` is one
line each ("深基坑 | Deep pit"), `codes` what the lines stood for before ("o1=深基坑"), `columns` rows again. Formulas are
written with the fields' names: 【已整改】 / 【排查】 * 100. `duban.forms.reading` makes a form of it.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from copy import deepcopy
from typing import Any, TypeAlias

from werkzeug.datastructures import MultiDict

from duban.fields.specs import Kind

Row: TypeAlias = dict[str, Any]
Design: TypeAlias = dict[str, list[Row]]

SETTINGS = (
    "key", "label", "was", "label_en", "kind", "hint", "hint_en", "unit", "places", "max_length", "minimum", "maximum", "options",
    "codes", "formula", "min_rows", "max_rows", "flag_percent", "operator", "weight", "numerator", "denominator", "counted",
    "from_below", "from_below_key",
)  # fmt: skip
TICKS = ("required", "qualifiers", "na_allowed")
CHECK_SETTINGS = (
    "code", "kind", "total", "left", "left_pick", "op", "right", "right_pick", "message", "message_en", "key", "when",
    "when_field", "when_op", "when_value",
)  # fmt: skip
BREAKDOWN, COMPARE, REQUIRED_IF = "breakdown", "compare", "required_if"
CHECK_KINDS = (BREAKDOWN, COMPARE, REQUIRED_IF)
MOST_FIELDS = 200
MOST_COLUMNS = 30
MOST_CHECKS = 60
LONGEST_SETTING = 5000
IN_NO_TABLE = frozenset({Kind.TABLE, Kind.ATTACHMENT, Kind.LONG_TEXT})
_PLACE = re.compile(r"(?P<list>fields|checks)\.(?P<row>[0-9]{1,3})(?:\.columns\.(?P<column>[0-9]{1,2}))?")
_BOX = re.compile(_PLACE.pattern + r"\.(?P<name>[a-z_]+)")


def blank() -> Design:
    """Begin a form."""
    return {"fields": [], "checks": []}


def posted_design(form: MultiDict[str, str]) -> Design:
    """Take the rows out of a posted page; what the page does not ask is left out. Never raises."""
    found: dict[str, dict[int, Row]] = {"fields": {}, "checks": {}}
    columns: dict[tuple[int, int], Row] = {}
    for name in form:
        match = _BOX.fullmatch(name)
        if match is None:
            continue
        if match["column"] is not None:
            if match["list"] == "fields":
                row = columns.setdefault((int(match["row"]), int(match["column"])), {})
                _put(row, match["name"], form, name, SETTINGS, TICKS)
        elif match["list"] == "fields":
            _put(found["fields"].setdefault(int(match["row"]), {}), match["name"], form, name, SETTINGS, TICKS)
        else:
            row = found["checks"].setdefault(int(match["row"]), {})
            _put(row, match["name"], form, name, CHECK_SETTINGS, ("blocking",))
            if match["name"] == "parts":
                row["parts"] = [text[:LONGEST_SETTING] for text in form.getlist(name)][:MOST_FIELDS]
    for row_number, column_number in sorted(columns):
        table = found["fields"].get(row_number, {})
        table.setdefault("columns", []).append(columns[row_number, column_number])
    return {
        "fields": [found["fields"][number] for number in sorted(found["fields"])][:MOST_FIELDS],
        "checks": [found["checks"][number] for number in sorted(found["checks"])][:MOST_CHECKS],
    }


def _put(row: Row, name: str, form: MultiDict[str, str], box: str, texts: Sequence[str], ticks: Sequence[str]) -> None:
    if name in texts:
        row[name] = form[box].replace("\r\n", "\n")[:LONGEST_SETTING]
    elif name in ticks:
        row[name] = form[box] == "1"


def without_blanks(design: Design) -> Design:
    """Leave out fields nobody has given a name, options or columns: rows added and not used."""
    return {
        "fields": [row for row in design["fields"] if any(row.get(name) for name in ("label", "options", "columns", "formula"))],
        "checks": design["checks"],
    }


def change(design: Design, act: str, taken: AbstractSet[str] = frozenset()) -> tuple[Design, str]:
    """
    Do what a button says: "add:integer", "add:integer:fields.2" (a column), "check:breakdown", "up:fields.1", "down:…", "copy:…",
    "remove:…", "retype:…" (nothing moves, the card shows the settings of what was chosen).

    Takes:  the codes given out before (duban.forms.taken): none of them is given to something new.
    Gives:  the changed design and the place to look at now ("fields.3"); an act nobody offered changes nothing.
    """
    design = deepcopy(design)
    verb, _, rest = act.partition(":")
    if verb == "add":
        kind, _, table = rest.partition(":")
        return design, _add(design, kind, table, taken)
    if verb == "check" and rest in CHECK_KINDS and len(design["checks"]) < MOST_CHECKS:
        design["checks"].append(
            {"kind": rest, "code": _free(design["checks"], "code", "check", taken, "#"), "blocking": True, "op": "<="}
        )
        return design, f"checks.{len(design['checks']) - 1}"
    rows, position, prefix = _found(design, rest)
    if rows is None or verb not in {"copy", *_ACTS}:
        return design, ""
    position = _copy(rows, position, taken, _inside(design, rest)) if verb == "copy" else _ACTS[verb](rows, position)
    return design, f"{prefix}.{position}" if rows else ""


def _add(design: Design, kind: str, table: str, taken: AbstractSet[str]) -> str:
    if kind not in set(Kind):
        return ""
    if not table:
        rows, most, prefix = design["fields"], MOST_FIELDS, "fields"
    else:
        outer, position, _ = _found(design, table)
        if outer is None or outer[position].get("kind") != Kind.TABLE.value or Kind(kind) in IN_NO_TABLE:
            return ""
        rows, most, prefix = outer[position].setdefault("columns", []), MOST_COLUMNS, f"{table}.columns"
    if len(rows) >= most:
        return ""
    row: Row = {
        "key": _free(rows, "key", "f", taken, _inside(design, f"{table}.columns.0") if table else ""),
        "kind": kind,
        "label": "",
    }
    if kind in {Kind.INTEGER.value, Kind.DECIMAL.value, Kind.MONEY.value}:
        row |= {"minimum": "0"} | ({} if table else {"operator": "sum"})
    if kind == Kind.TABLE.value:
        row["columns"] = [{"key": "f1", "kind": Kind.TEXT.value, "label": ""}]
    rows.append(row)
    return f"{prefix}.{len(rows) - 1}"


def _found(design: Design, place: str) -> tuple[list[Row] | None, int, str]:
    """Find the list and position a place names ("fields.2", "fields.2.columns.0", "checks.1")."""
    match = _PLACE.fullmatch(place)
    if match is None:
        return None, 0, ""
    rows, position, prefix = design[match["list"]], int(match["row"]), match["list"]
    if match["column"] is not None:
        if position >= len(rows):
            return None, 0, ""
        prefix = f"fields.{position}.columns"
        rows, position = rows[position].setdefault("columns", []), int(match["column"])
    return (rows, position, prefix) if position < len(rows) else (None, 0, "")


def _up(rows: list[Row], position: int) -> int:
    above = max(position - 1, 0)
    rows[above], rows[position] = rows[position], rows[above]
    return above


def _down(rows: list[Row], position: int) -> int:
    below = min(position + 1, len(rows) - 1)
    rows[below], rows[position] = rows[position], rows[below]
    return below


def _inside(design: Design, place: str) -> str:
    """Give what the names of codes given out at a place begin with: "" of fields, "f3." of a table's columns, "#" of checks."""
    match = _PLACE.fullmatch(place)
    if match is None or match["list"] == "checks":
        return "#"
    return f"{design['fields'][int(match['row'])].get('key')}." if match["column"] is not None else ""


def _copy(rows: list[Row], position: int, taken: AbstractSet[str], inside: str) -> int:
    twin = deepcopy(rows[position])
    name = "code" if "code" in twin else "key"
    twin[name] = _free(rows, name, "check" if name == "code" else "f", taken, inside)
    rows.insert(position + 1, twin)
    return position + 1


def _remove(rows: list[Row], position: int) -> int:
    del rows[position]
    return min(position, max(len(rows) - 1, 0))


def _stay(_rows: list[Row], position: int) -> int:
    return position


_ACTS = {"retype": _stay, "up": _up, "down": _down, "remove": _remove}


def _free(rows: Sequence[Row], name: str, letter: str, taken: AbstractSet[str] = frozenset(), inside: str = "") -> str:
    """Give a code no row has, and none ever had that was saved or published."""
    codes = [str(row.get(name, "")) for row in rows] + [one.removeprefix(inside) for one in taken if one.startswith(inside)]
    numbers = [int(found[1]) for code in codes if (found := re.fullmatch(rf"{letter}([0-9]+)", code))]
    return f"{letter}{max(numbers, default=0) + 1}"


def settled(design: Design, taken: AbstractSet[str] = frozenset()) -> Design:
    """
    Give every row its lasting code: a field its key, an option the code it had before, however it was renamed or moved.

    So answers of an earlier version still mean the same. Formulas keep up with renamed fields. `taken` as with `change`.
    """
    design = deepcopy(design)
    _settle(design["fields"], taken, "")
    for row in design["fields"]:
        _settle(row.get("columns") or [], taken, f"{row['key']}.")
    for check in design["checks"]:
        check["code"] = check.get("code") or _free(design["checks"], "code", "check", taken, "#")
    _follow_names(design)
    for rows in (design["fields"], *(row.get("columns") or [] for row in design["fields"])):
        for row in rows:
            row["was"] = str(row.get("label") or "").strip()
    return design


def _settle(rows: Sequence[Row], taken: AbstractSet[str], inside: str) -> None:
    for row in rows:
        row["key"] = str(row.get("key") or "").strip() or _free(rows, "key", "f", taken, inside)
        options = f"{inside}{row['key']}="
        row["codes"] = _codes(row, {one.removeprefix(options) for one in taken if one.startswith(options)})


def below_chosen(row: Mapping[str, Any]) -> tuple[str, str]:
    """Give the source a row names, and the field of it: chosen apart, or written as one text by an older page."""
    code, _, key = str(row.get("from_below") or "").strip().partition(".")
    return code, key or str(row.get("from_below_key") or "").strip()


def option_lines(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the options as typed: label and, behind a bar, English."""
    lines = [line.strip() for line in str(row.get("options") or "").split("\n")]
    split = [re.split(r"\s*[|｜]\s*", line, maxsplit=1) for line in lines if line]
    return [(parts[0], parts[1] if len(parts) > 1 else "") for parts in split]


def option_codes(row: Mapping[str, Any]) -> dict[str, str]:
    """Give the code of each option by its label."""
    pairs = [line.partition("=") for line in str(row.get("codes") or "").split("\n") if "=" in line]
    return {label: code for code, _, label in pairs}


def _codes(row: Row, given_out: AbstractSet[str]) -> str:
    """Keep the code of an option that only moved, or that was renamed in its place; a new one gets one nobody had."""
    known = option_codes(row)
    labels = [label for label, _ in option_lines(row)]
    before = list(known)
    given: dict[str, str] = {label: known[label] for label in labels if label in known}
    taken = set(known.values()) | given_out
    for position, label in enumerate(labels):
        if label in given:
            continue
        renamed = before[position] if len(before) == len(labels) and before[position] not in labels else ""
        code = known.get(renamed) or next(f"o{n}" for n in range(1, len(taken) + 2) if f"o{n}" not in taken)
        given[label] = code
        taken.add(code)
    return "\n".join(f"{given[label]}={label}" for label in dict.fromkeys(labels))


def _follow_names(design: Design) -> None:
    """Write the new name of a renamed field into the formulas that name it."""
    renamed = _renamed(design["fields"])
    for row in design["fields"]:
        inner = _renamed(row.get("columns") or [])
        for old, new in inner.items():
            renamed[f"{row.get('was') or row.get('label')}.{old}"] = f"{row.get('label')}.{new}"
        for column in row.get("columns") or []:
            _rename_in(column, ("formula",), inner)
        old_table, new_table = row.get("was") or "", row.get("label") or ""
        if old_table and old_table != new_table:
            for column in row.get("columns") or []:
                name = column.get("was") or column.get("label")
                renamed.setdefault(f"{old_table}.{name}", f"{new_table}.{column.get('label')}")
    for row in design["fields"]:
        _rename_in(row, ("formula",), renamed)
    for row in design["checks"]:
        _rename_in(row, ("left", "right", "when"), renamed)


def _renamed(rows: Sequence[Row]) -> dict[str, str]:
    labels = {str(row.get("label") or "").strip() for row in rows}
    return {
        str(row["was"]): str(row["label"]).strip()
        for row in rows
        if row.get("was") and row.get("label") and row["was"] != str(row["label"]).strip() and row["was"] not in labels
    }


def _rename_in(row: Row, names: Sequence[str], renamed: Mapping[str, str]) -> None:
    for name in names:
        if row.get(name):
            row[name] = _NAMED.sub(lambda found: f"【{renamed.get(found[1].strip(), found[1])}】", str(row[name]))


_NAMED = re.compile(r"【([^【】]*)】")
