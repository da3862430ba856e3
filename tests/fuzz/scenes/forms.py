"""The scenes of forms: designed, published, copied, tried, retired."""

from tests.fuzz.stage import Stage

SPEC = {
    "fields": [
        {
            "key": "found",
            "label": "发现隐患",
            "kind": "integer",
            "unit": "项",
            "minimum": 0,
            "required": True,
            "qualifiers": True,
        },
        {"key": "fire", "label": "消防", "kind": "integer", "minimum": 0},
        {"key": "traffic", "label": "交通", "kind": "integer", "minimum": 0},
        {
            "key": "cases",
            "label": "重点隐患",
            "kind": "table",
            "columns": [{"key": "place", "label": "地点", "kind": "text"}, {"key": "cost", "label": "资金", "kind": "money"}],
        },
        {"key": "share", "label": "消防占比", "kind": "computed", "formula": "fire / found * 100", "unit": "%"},
    ],
    "checks": [{"kind": "breakdown", "code": "parts", "total": "found", "parts": ["fire", "traffic"], "blocking": True}],
}


def forms(stage: Stage) -> None:
    c, do, plan = stage.units["C"], stage.do, stage.plan
    new = {"unit_id": c, "title": "隐患统计", "spec": SPEC}
    made = {name: do("cora", "POST", "/forms", new | {"title": f"表单 {name}"})["id"] for name in ("design", "out", "old")}
    for name in ("out", "old"):
        do("cora", "POST", f"/forms/{made[name]}/publish", {"effective_from": "2026-01-01"})
    here = f"/forms/{made['design']}"
    plan("GET /forms", "cora", "/forms")
    plan("POST /forms", "cora", "/forms", new)
    plan("GET /forms/{form_id}", "cora", here)
    plan("PUT /forms/{form_id}", "cora", here, {"title": "隐患统计（修订）", "spec": SPEC})
    plan("GET /forms/{form_id}/versions", "tom", f"/forms/{made['out']}/versions")
    plan("POST /forms/{form_id}/publish", "cora", f"{here}/publish", {"effective_from": "2026-03-01", "note": "新表"})
    plan("POST /forms/{form_id}/copy", "tom", f"/forms/{made['out']}/copy", {"unit_id": stage.units["T1"], "title": "本镇用"})
    plan("POST /forms/{form_id}/retire", "cora", f"/forms/{made['old']}/retire")
    plan("POST /forms/{form_id}/try", "cora", f"{here}/try", {"content": {"found": "7", "fire": "3", "traffic": "4"}})
