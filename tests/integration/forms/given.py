"""Forms for the tests: designed from plain rows, published."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from duban.forms import operations
from duban.forms.designs import Design
from duban.forms.models import Form
from tests.cast import World

HAZARDS: list[dict[str, Any]] = [
    {"key": "found", "label": "发现隐患", "kind": "integer", "unit": "项", "minimum": "0", "required": True, "qualifiers": True,
     "flag_percent": "50"},
    {"key": "fire", "label": "消防", "kind": "integer", "minimum": "0"},
    {"key": "traffic", "label": "交通", "kind": "integer", "minimum": "0", "na_allowed": True},
    {"key": "cases", "label": "重点隐患", "kind": "table", "max_rows": "5", "columns": [
        {"key": "place", "label": "地点", "kind": "text", "required": True},
        {"key": "number", "label": "数量", "kind": "integer"},
        {"key": "price", "label": "单价", "kind": "money"},
        {"key": "cost", "label": "金额", "kind": "computed", "formula": "【数量】 * 【单价】"},
    ]},
    {"key": "total", "label": "金额合计", "kind": "computed", "formula": "sum(【重点隐患.金额】)", "unit": "元"},
    {"key": "ways", "label": "排查方式", "kind": "multi_choice", "options": "自查\n抽查\n专家检查"},
    {"key": "photos", "label": "照片", "kind": "attachment"},
    {"key": "note", "label": "说明", "kind": "long_text"},
]  # fmt: skip
CHECKS: list[dict[str, Any]] = [
    {"code": "sum", "kind": "breakdown", "total": "found", "parts": ["fire", "traffic"], "blocking": True},
    {"code": "rows", "kind": "compare", "left_pick": "count(cases)", "op": "<=", "right": "3", "blocking": False,
     "message": "重点隐患超过三处"},
]  # fmt: skip


def design(**changes: Any) -> Design:
    return {"fields": HAZARDS, "checks": CHECKS} | changes  # type: ignore[return-value]


def published(
    world: World, who: str = "tom", unit: str = "T1", *, rows: Design | None = None, title: str = "隐患排查月报", code: str = ""
) -> UUID:
    """A form in force since January."""
    with world.as_(who) as scope:
        made = operations.create_form(scope, unit_id=world.units[unit], title=title, code=code, design=rows or design())
        operations.publish(scope, form_id=made.id, effective_from=date(2026, 1, 1), version=made.version)
        return made.id


def next_version(world: World, form_id: UUID, rows: Design, day: date, who: str = "tom") -> None:
    """Another version from a day on."""
    with world.as_(who) as scope:
        form = row(scope, form_id)
        operations.save_design(scope, form_id=form_id, design=rows, title=form.title, version=form.version)
        operations.publish(scope, form_id=form_id, effective_from=day, version=form.version)


def row(scope: Any, form_id: UUID) -> Form:
    return scope.session.scalars(select(Form).where(Form.tenant_id == scope.tenant_id, Form.id == form_id)).one()
