"""Records as lines of a table and as label–value pairs."""

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from duban.audit.models import AuditRecord
from duban.auditing.acts import SUBJECTS, words_of
from duban.kernel.text import N_
from duban.organisation.rules.masking import mask_email, mask_phone

DETAILS: dict[str, str] = {
    "address": N_("网络地址"),
    "login": N_("登录名"),
    "role": N_("角色"),
    "unit": N_("单位"),
    "unit_id": N_("单位"),
    "reason": N_("理由"),
    "why": N_("理由"),
    "title": N_("标题"),
    "name": N_("名称"),
    "version": N_("版本"),
    "digest": N_("摘要"),
    "line": N_("条线"),
    "records": N_("条数"),
    "where": N_("在哪里"),
    "whose": N_("谁的"),
    "of": N_("类别"),
    "count": N_("数量"),
    "before": N_("原值"),
    "after": N_("新值"),
    "active_from": N_("起"),
    "active_to": N_("止"),
}
"""Words for the keys operations use most; others are shown as they are recorded."""


def columns() -> list[str]:
    """Head the columns of an export."""
    return [
        _("序号"),
        _("时间"),
        _("操作人"),
        _("操作人编号"),
        _("操作"),
        _("操作代码"),
        _("对象"),
        _("对象编号"),
        _("单位路径"),
        _("详情"),
        _("前一条校验值"),
        _("校验值"),
    ]


def line(row: AuditRecord, *, zone: ZoneInfo) -> list[str | int | None]:
    """Give a record as a line under `columns`; the time in the tenant's zone, with its offset."""
    return [
        row.seq,
        row.at.astimezone(zone).isoformat(timespec="microseconds"),
        row.actor_name,
        str(row.actor_id or ""),
        _(words_of(row.act)),
        row.act,
        _(SUBJECTS.get(row.subject_kind, row.subject_kind)),
        str(row.subject_id),
        row.unit_path or "",
        json.dumps(masked(row.details), ensure_ascii=False, sort_keys=True),
        row.previous_hash,
        row.hash,
    ]


def shown_details(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the details as pairs of label and text, nested ones as JSON."""
    return [(_(DETAILS[key]) if key in DETAILS else key, _text(value)) for key, value in masked(details).items()]


def named_in(row: AuditRecord) -> str:
    """Name what a record is about by what was recorded of it: its number or title; empty where neither was."""
    names = (row.details.get(key) for key in ("number", "title", "name"))
    return next((name for name in names if isinstance(name, str) and name), "")


def masked(details: Mapping[str, Any]) -> dict[str, Any]:
    """Mask the numbers of people that older versions wrote into the record: an auditor reads who did what, not numbers."""
    return {key: _masked(key, value) for key, value in details.items()}


def _masked(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked(value)
    if not isinstance(value, str) or "*" in value:
        return value
    return mask_phone(value) if key == "phone" else mask_email(value) if key == "email" else value


def _text(value: object) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
