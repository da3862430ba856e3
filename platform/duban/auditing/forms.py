"""Reading what an auditor asks for from an address or a form, the same for pages, exports and programs."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from duban.auditing.queries import Wanted
from duban.kernel.days import read_day, wrong_day
from duban.kernel.errors import InvalidInputError
from duban.kernel.text import N_, Text

NAMES = ("since", "until", "who", "group", "unit_id", "person_id", "subject_id")


def read_wanted(values: Mapping[str, str]) -> Wanted:
    """Read the filters; empty ones ask for everything. Raises: InvalidInputError naming each bad field."""
    errors: dict[str, list[Text]] = {}
    days = {name: _day(values.get(name, ""), name, errors) for name in ("since", "until")}
    ids = {name: _id(values.get(name, ""), name, errors) for name in ("unit_id", "person_id", "subject_id")}
    since, until = days["since"], days["until"]
    if since and until and until < since:
        errors["until"] = [Text(N_("结束日期不能早于开始日期。"))]
    if errors:
        raise InvalidInputError(fields=errors)
    return Wanted(
        since=since,
        until=until,
        who=values.get("who", "").replace("\x00", "").strip(),
        group=values.get("group", "").replace("\x00", "").strip(),
        unit_id=ids["unit_id"],
        person_id=ids["person_id"],
        subject_id=ids["subject_id"],
    )


def _day(text: str, name: str, errors: dict[str, list[Text]]) -> date | None:
    try:
        return read_day(text.strip()) if text.strip() else None
    except ValueError as error:
        errors[name] = [Text(wrong_day(error, N_("请填写日期，例如 2026-06-28。")))]
        return None


def _id(text: str, name: str, errors: dict[str, list[Text]]) -> UUID | None:
    try:
        return UUID(text.strip()) if text.strip() else None
    except ValueError:
        errors[name] = [Text(N_("应为编号（UUID）"))]
        return None
