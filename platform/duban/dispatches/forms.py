"""What is asked when a document is sent on, answered, or its day moved; and the checked values that come out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from duban.dispatches.audience import Audience
from duban.dispatches.operations.sending import LONGEST_NOTE, LONGEST_NUMBER, Sending
from duban.dispatches.states import Box, To
from duban.fields.parsing import parse_form
from duban.fields.specs import FieldSpec, Kind
from duban.kernel.errors import InvalidInputError
from duban.kernel.text import N_, Text

SENDING = (
    FieldSpec(key="number", label=N_("本单位文号"), kind=Kind.TEXT, max_length=LONGEST_NUMBER),
    FieldSpec(key="note", label=N_("转发意见"), kind=Kind.LONG_TEXT, max_length=LONGEST_NOTE),
    FieldSpec(key="reply_by", label=N_("回复期限"), kind=Kind.DATE),
    FieldSpec(key="reply_days", label=N_("回复期限（工作日）"), kind=Kind.INTEGER),
)
DAY = (FieldSpec(key="reply_by", label=N_("回复期限"), kind=Kind.DATE, required=True),)
_CHOOSE = N_("请从给出的选项中选择")


def _values(specs: Sequence[FieldSpec], raw: Mapping[str, object]) -> dict[str, Any]:
    form = parse_form(specs, {spec.key: raw.get(spec.key) for spec in specs})
    if form.problems:
        raise InvalidInputError(fields={key: [problem] for key, problem in form.problems.items()})
    return dict(form.values)


def sending_form(raw: Mapping[str, object], *, levels: Sequence[str], unit_ids: Sequence[str]) -> Sending:
    """Read what is said with a document; its line is the caller's. Raises: InvalidInputError."""
    values = _values(SENDING, raw)
    try:
        to = To(str(raw.get("to") or To.CHILDREN.value))
    except ValueError as error:
        raise InvalidInputError(fields={"to": [Text(_CHOOSE)]}) from error
    sending = Sending(
        number=values["number"] or "",
        note=values["note"] or "",
        reply_by=values["reply_by"],
        reply_days=values["reply_days"],
    )
    return replace(sending, audience=Audience(to, levels=tuple(levels), unit_ids=_identifiers(unit_ids, "unit_ids")))


def new_day(raw: Mapping[str, object]) -> date:
    """Read the day a reply is moved to. Raises: InvalidInputError."""
    found: date = _values(DAY, raw)["reply_by"]
    return found


def chosen_box(typed: str) -> Box | None:
    """Read which receipts a list shows; None for all, also for a word that is none."""
    return Box(typed) if typed in {box.value for box in Box} else None


def identifier(typed: str, field: str) -> UUID | None:
    """Read an identifier as a form sends it; None for none. Raises: InvalidInputError."""
    found = _identifiers([typed] if typed else [], field)
    return found[0] if found else None


def _identifiers(typed: Sequence[str], field: str) -> tuple[UUID, ...]:
    try:
        return tuple(dict.fromkeys(UUID(value) for value in typed if value))
    except ValueError as error:
        raise InvalidInputError(fields={field: [Text(_CHOOSE)]}) from error
