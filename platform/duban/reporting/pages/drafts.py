"""The same draft on two devices: which version this page had seen, and what stands on the other one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import request

from duban.fields.specs import FieldSpec
from duban.kernel.scope import Scope
from duban.reporting import queries
from duban.reporting.models import Duty
from duban.web.filters import instant
from duban.web.i18n import current_language
from duban.web.i18n import gettext as _

_LONGEST_NUMBER = 9


@dataclass(frozen=True)
class OtherDraft:
    """What another device saved meanwhile. `rows`: label, what stands there, what stands here."""

    who: str
    device: str
    saved_at: datetime
    rows: Sequence[tuple[str, str, str]]


def version_seen() -> int | None:
    """Give the version of the draft the page was shown with; None where a page of old does not say."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


def said_withdrawal(scope: Scope, duty: Duty) -> str:
    """Say by whom, when and why a duty was withdrawn; nothing where it stands. Costs: two queries where it was."""
    found = queries.withdrawal_of(scope, duty)
    if found is None:
        return ""
    words = (
        _("%(who)s于%(at)s撤销了这项任务，不用再报。", who=found.who, at=instant(found.at))
        if found.who
        else _("任务已撤销，不用再报。")
    )
    return words + (_("理由：%(reason)s", reason=found.reason) if found.reason else "")


def other_draft(scope: Scope, duty: Duty, specs: Sequence[FieldSpec], typed: Mapping[str, str]) -> OtherDraft | None:
    """Compare what was typed here with what is saved; None where nothing is saved. Costs: two queries."""
    found = queries.draft_seen(scope, duty)
    if not found["version"]:
        return None
    names = sorted({*found["typed"], *typed}, key=_place_in(specs))
    rows = [
        (_label(specs, name), found["typed"].get(name, ""), typed.get(name, ""))
        for name in names
        if _plain(found["typed"].get(name, "")) != _plain(typed.get(name, ""))
    ]
    return OtherDraft(who=found["saved_by_name"], device=found["device"], saved_at=found["saved_at"], rows=rows)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _place_in(specs: Sequence[FieldSpec]) -> "_Place":
    return _Place({spec.key: number for number, spec in enumerate(specs)})


@dataclass(frozen=True)
class _Place:
    """Sorts names as the form asks: questions in their order, rows of a table in theirs, the rest last."""

    numbers: Mapping[str, int]

    def __call__(self, name: str) -> tuple[int, str, int, str]:
        key, rest = _split(name)
        row = rest.partition(".")[0]
        return self.numbers.get(key, len(self.numbers)), key, int(row) if row.isdecimal() else 0, rest


def _split(name: str) -> tuple[str, str]:
    """Take "answer.rooms.3.count" apart: the question, and the place in it."""
    _prefix, dot, inner = name.partition(".")
    key, _dot, rest = inner.partition(".") if dot else (name, "", "")
    return key, rest


def _label(specs: Sequence[FieldSpec], name: str) -> str:
    key, rest = _split(name)
    spec = next((one for one in specs if one.key == key), None)
    if spec is None:
        return _("补充说明") if name == "note" else name
    words = [(current_language() == "en" and spec.label_en) or spec.label]
    row, _dot, column = rest.partition(".")
    if row.isdecimal():
        words.append(_("第 %(n)s 行", n=int(row) + 1))
        inner = next((one for one in getattr(spec, "columns", ()) if one.key == column), None)
        words += [(current_language() == "en" and inner.label_en) or inner.label] if inner else []
    elif rest:
        option = next((one for one in spec.options if one.code == rest), None)
        words += [(current_language() == "en" and option.label_en) or option.label] if option else []
    return " · ".join(words)
