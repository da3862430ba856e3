"""A ladder as a form: rows of steps and recipients, what was typed as data, and mistakes at the fields they are about."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duban.calendar.ladder_json import MOST_RECIPIENTS, MOST_STEPS, ladder_to_json
from duban.calendar.ladders import Ladder, Party, Recipient, TriggerKind
from duban.kernel.text import Text

SPARE_RECIPIENTS = 1
STEP_FIELDS = (
    "code",
    "name_zh",
    "name_en",
    "text_zh",
    "text_en",
    "kind",
    "days",
    "unit",
    "hour",
    "event",
    "colour",
    "answer_days",
)
HIGHEST = 4
"""Levels up offered in the form; data may say more."""

_PLACE = re.compile(r"steps\[(\d+)\](?:\.(to|copies)\[(\d+)\])?(?:\.([a-z.]+))?")
_NAMES = {"name.zh": "name_zh", "name.en": "name_en", "name": "name_zh"}
_FIELDS = {**_NAMES, "text": "text_zh", "text.zh": "text_zh", "text.en": "text_en"}


@dataclass(frozen=True)
class TypedLadder:
    """What was typed: the rows to show again, the data to read, and where each part of the data stands in the form."""

    code: str
    name_zh: str
    name_en: str
    major_from: str
    rows: Sequence[Mapping[str, Any]]
    data: Mapping[str, Any]
    places: Mapping[str, str]

    def errors(self, fields: Mapping[str, Sequence[Text]]) -> dict[str, list[Text]]:
        """Put mistakes at the fields of the form."""
        found: dict[str, list[Text]] = {}
        for key, texts in fields.items():
            found.setdefault(self._field(key), []).extend(texts)
        return found

    def _field(self, key: str) -> str:
        match = _PLACE.fullmatch(key)
        if match is None:
            return _NAMES.get(key, key)
        row = self.places.get(f"steps[{match[1]}]", "step.0")
        if match[3] is not None:
            place = self.places.get(f"steps[{match[1]}].{match[2]}[{match[3]}]", f"{row}.to.0")
            return f"{place}.{'who' if match[4] == 'who' else 'party'}"
        field = (match[4] or "code").removeprefix("trigger.")
        if field in {"to", "copies"}:
            return f"{row}.to.0.party"
        return f"{row}.{_FIELDS.get(field, field)}"


def typed_ladder(form: Mapping[str, str]) -> TypedLadder:
    """Read what a browser sent. Steps without a code and recipients without a place are rows left blank."""
    rows, steps, places = list[dict[str, Any]](), list[dict[str, Any]](), dict[str, str]()
    for number in range(MOST_STEPS):
        prefix = f"step.{number}."
        row: dict[str, Any] = {name: form.get(prefix + name, "").strip() for name in STEP_FIELDS}
        row["recipients"] = _recipients(form, f"{prefix}to.")
        if not any(row[name] for name in ("code", "name_zh", "days")) and not row["recipients"]:
            continue
        here = f"steps[{len(steps)}]"
        places[here] = f"step.{len(rows)}"
        rows.append(row)
        steps.append(_step(row, here, places))
    name_zh, name_en = form.get("name_zh", "").strip(), form.get("name_en", "").strip()
    code = form.get("code", "").strip()
    major_from = form.get("major_from", "").strip()
    data = {"code": code, "name": {"zh": name_zh, "en": name_en}, "steps": steps, "major_from": major_from}
    return TypedLadder(code, name_zh, name_en, major_from, rows, data, places)


def _recipients(form: Mapping[str, str], prefix: str) -> list[dict[str, str]]:
    found = []
    for number in range(MOST_RECIPIENTS):
        here = f"{prefix}{number}."
        if form.get(f"{here}party"):
            found.append(
                {name: form.get(here + name, "").strip() for name in ("party", "who")}
                | {"for_information": form.get(f"{here}copy", "")}
            )
    return found


def _step(row: Mapping[str, Any], here: str, places: dict[str, str]) -> dict[str, Any]:
    lists: dict[str, list[dict[str, Any]]] = {"to": [], "copies": []}
    for number, one in enumerate(row["recipients"]):
        party, _, levels = one["party"].partition(":")
        which = "copies" if one["for_information"] else "to"
        places[f"{here}.{which}[{len(lists[which])}]"] = f"{places[here]}.to.{number}"
        lists[which].append({"party": party, "who": one["who"]} | ({"levels": levels} if levels else {}))
    trigger = {"kind": row["kind"], "days": row["days"], "unit": row["unit"], "hour": row["hour"]}
    if row["kind"] == TriggerKind.EVENT or row["event"]:
        trigger["event"] = row["event"] if row["kind"] == TriggerKind.EVENT else ""
    texts = {"name": {"zh": row["name_zh"], "en": row["name_en"]}, "text": {"zh": row["text_zh"], "en": row["text_en"]}}
    plain = {name: row[name] for name in ("code", "colour", "answer_days")}
    return {**plain, "trigger": trigger, **texts, **lists}


def form_of_ladder(ladder: Ladder) -> TypedLadder:
    """Give a ladder as the rows of the form."""
    rows = []
    for step in ladder.steps:
        trigger = step.trigger
        both = [(one, "") for one in step.to] + [(one, "1") for one in step.copies]
        rows.append(
            {
                "code": step.code,
                "name_zh": step.name.zh,
                "name_en": step.name.en,
                "text_zh": step.text.zh,
                "text_en": step.text.en,
                "kind": trigger.kind.value,
                "days": str(trigger.days),
                "unit": trigger.unit.value,
                "hour": f"{trigger.hour:%H:%M}",
                "event": trigger.event.value if trigger.event else "",
                "colour": step.colour.value,
                "answer_days": str(step.answer_days or ""),
                "recipients": [{"party": _place(one), "who": one.who, "for_information": copy} for one, copy in both],
            }
        )
    return TypedLadder(ladder.code, ladder.name.zh, ladder.name.en, ladder.major_from.value, rows, ladder_to_json(ladder), {})


def _place(one: Recipient) -> str:
    return f"{one.party}:{one.levels}" if one.party is Party.ABOVE else one.party.value
