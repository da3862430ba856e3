"""The scenes of the work itself: documents, programmes, requirements, letters, targets, assessments."""

from datetime import date
from typing import Any

from duban.access.models import RoleGrant
from tests.attack.files.corpus import pdf
from tests.cast import PASSWORD
from tests.fuzz.stage import API, Scene, Stage

DUE = {"kind": "fixed", "on": "2026-03-20"}
FIELDS = [
    {"key": "done", "label": "工作完成情况", "kind": "long_text", "required": True},
    {"key": "checks", "label": "检查次数", "kind": "integer", "unit": "次", "minimum": 0},
]
ANSWERS = {"done": "完成检查两次。", "checks": "2"}


def documents(stage: Stage) -> None:
    c, do, plan = stage.units["C"], stage.do, stage.plan
    new = {"unit_id": c, "title": "关于加强安全生产工作的意见", "issuer": "县政府办公室", "number": "望政办发〔2026〕3号"}
    made = [do("cora", "POST", "/documents", new | {"number": f"望政办发〔2026〕{number}号"})["id"] for number in (4, 5, 6)]
    stage.ids["document_id"] = made
    document = made[0]
    upload = Scene("cora", f"{API}/documents/{document}/files", files={"file": (pdf(), "红头文件.pdf")})
    kept = stage.send("POST", upload).json["id"]
    plan("GET /documents", "cora", "/documents")
    plan("POST /documents", "cora", "/documents", new)
    plan("GET /documents/{document_id}", "cora", f"/documents/{document}")
    plan("PUT /documents/{document_id}", "cora", f"/documents/{document}", {"title": "意见（修订）", "issuer": "县政府办公室"})
    plan("POST /documents/{document_id}/files", "cora", f"/documents/{document}/files", files=upload.files)
    plan("DELETE /documents/{document_id}/files/{file_id}", "cora", f"/documents/{document}/files/{kept}")
    plan("GET /files/{file_id}", "cora", f"/files/{kept}")
    plan("GET /files/{file_id}/content", "cora", f"/files/{kept}/content")


def dispatches(stage: Stage) -> None:
    c, do, plan = stage.units["C"], stage.do, stage.plan
    new = {"unit_id": c, "title": "关于汛期安全的通知", "issuer": "县政府办公室", "addressed_only": True}
    made: dict[str, Any] = {}
    for name in ("shown", "pressed", "taken back", "moved"):
        document = do("cora", "POST", "/documents", new | {"title": f"通知 {name}"})["id"]
        sending = {"unit_id": c, "document_id": document, "note": "请贯彻", "reply_by": "2026-03-25"}
        made[name] = do("cora", "POST", "/dispatches", sending)
    receipts = {row["unit_id"]: row["id"] for row in made["shown"]["receivers"]}
    own, other = receipts[stage.units["T1"]], receipts[stage.units["T2"]]
    answered = do("tina", "POST", f"/receipts/{other}/replies", {"text": "已部署"})
    shown = f"/dispatches/{made['shown']['id']}"
    fresh = do("cora", "POST", "/documents", new | {"title": "待发的通知"})["id"]
    sending = {
        "unit_id": c, "document_id": fresh, "to": "units", "unit_ids": [stage.units["T1"]], "levels": [], "line": "territorial",
        "number": "望安转〔2026〕1号", "note": "请贯彻", "reply_days": 5,
    }  # fmt: skip
    upload = {"file": (pdf(), "附件.pdf")}
    stage.ids["receipt_id"], stage.ids["dispatch_id"] = [own, other], [one["id"] for one in made.values()]
    plan("GET /dispatches", "cora", "/dispatches")
    plan("GET /receipts", "tom", "/receipts?box=waiting")
    plan("POST /dispatches", "cora", "/dispatches", sending)
    plan("GET /dispatches/{dispatch_id}", "cora", shown)
    plan("POST /dispatches/{dispatch_id}/files", "cora", f"{shown}/files", files=upload)
    plan("POST /dispatches/{dispatch_id}/urge", "cora", f"/dispatches/{made['pressed']['id']}/urge", {"receipt_ids": []})
    plan(
        "POST /dispatches/{dispatch_id}/withdraw", "cora", f"/dispatches/{made['taken back']['id']}/withdraw", {"reason": "有误"}
    )
    later = {"reply_by": "2026-03-30", "reason": "假期"}
    plan("POST /dispatches/{dispatch_id}/day", "cora", f"/dispatches/{made['moved']['id']}/day", later)
    plan("GET /receipts/{receipt_id}", "tom", f"/receipts/{own}")
    plan("POST /receipts/{receipt_id}/open", "tom", f"/receipts/{own}/open")
    plan("POST /receipts/{receipt_id}/sign", "tom", f"/receipts/{own}/sign")
    plan("POST /receipts/{receipt_id}/replies", "tom", f"/receipts/{own}/replies", {"text": "已部署"})
    reply = answered["replies"][0]["id"]
    files = f"/receipts/{other}/replies/{reply}/files"
    plan("POST /receipts/{receipt_id}/replies/{reply_id}/files", "tina", files, files=upload)
    plan("GET /documents/{document_id}/chain", "tom", f"/documents/{made['shown']['document_id']}/chain")


def programmes(stage: Stage) -> None:
    c, do, plan = stage.units["C"], stage.do, stage.plan
    document = stage.ids["document_id"][0]
    new = {"unit_id": c, "document_id": document, "title": "安全生产专项整治方案", "year": 2026, "goal": "零事故"}

    def drafted(title: str) -> tuple[str, dict[str, Any]]:
        made = do("cora", "POST", "/programmes", new | {"title": title})["id"]
        here = f"/programmes/{made}"
        do("cora", "POST", f"{here}/stages", {"name": "排查", "wording": "4月底至11月上旬"})
        do("cora", "POST", f"{here}/groups", {"name": "一、责任"})
        whole = do("cora", "POST", f"{here}/groups", {"name": "二、空组"})
        units = [stage.units["T1"], stage.units["T2"]]
        do("cora", "POST", f"{here}/tasks", {"title": "签订责任书", "group_id": whole["groups"][0]["id"], "unit_ids": units})
        return made, do("cora", "POST", f"{here}/tasks", {"title": "开展督查", "unit_ids": units})

    draft, whole = drafted("起草中的方案")
    here = f"/programmes/{draft}"
    first, second = (task["id"] for task in whole["tasks"])
    full, empty = (group["id"] for group in whole["groups"])
    step = whole["stages"][0]["id"]
    issued = {}
    for name in ("derive", "recall", "close"):
        issued[name], shown = drafted(f"已下发的方案 {name}")
        do("cora", "POST", f"/programmes/{issued[name]}/issue")
        stage.ids[f"tasks of {name}"] = [task["id"] for task in shown["tasks"]]
    plan("GET /programmes", "cora", "/programmes")
    plan("POST /programmes", "cora", "/programmes", new)
    plan("GET /programmes/{programme_id}", "cora", here)
    plan("PUT /programmes/{programme_id}", "cora", here, {"title": "方案二", "year": 2026, "goal": ""})
    plan("GET /programmes/{programme_id}/coverage", "cora", f"/programmes/{issued['derive']}/coverage")
    plan("POST /programmes/{programme_id}/stages", "cora", f"{here}/stages", {"name": "总结", "end_on": "2026-12-10"})
    plan("PUT /programmes/{programme_id}/stages/{stage_id}", "cora", f"{here}/stages/{step}", {"name": "实施"})
    plan("DELETE /programmes/{programme_id}/stages/{stage_id}", "cora", f"{here}/stages/{step}")
    plan("POST /programmes/{programme_id}/groups", "cora", f"{here}/groups", {"name": "三、保障"})
    plan("PUT /programmes/{programme_id}/groups/{group_id}", "cora", f"{here}/groups/{full}", {"name": "一、责任落实"})
    plan("DELETE /programmes/{programme_id}/groups/{group_id}", "cora", f"{here}/groups/{empty}")
    plan("POST /programmes/{programme_id}/tasks", "cora", f"{here}/tasks", {"title": "验收", "tags": ["验收"]})
    plan("PUT /programmes/{programme_id}/tasks/{task_id}", "cora", f"{here}/tasks/{first}", {"title": "签订", "number": "1"})
    plan("POST /programmes/{programme_id}/tasks/{task_id}/raise", "cora", f"{here}/tasks/{second}/raise")
    plan("DELETE /programmes/{programme_id}/tasks/{task_id}", "cora", f"{here}/tasks/{second}")
    plan("POST /programmes/{programme_id}/issue", "cora", f"/programmes/{drafted('待下发的方案')[0]}/issue")
    plan("POST /programmes/{programme_id}/recall", "cora", f"/programmes/{issued['recall']}/recall", {"reason": "漏项"})
    plan("POST /programmes/{programme_id}/close", "cora", f"/programmes/{issued['close']}/close", {"reason": "完成"})
    body = {"unit_id": stage.units["T1"], "title": "镇方案", "year": 2026, "task_ids": stage.ids["tasks of derive"]}
    plan("POST /programmes/{programme_id}/derive", "tom", f"/programmes/{issued['derive']}/derive", body)


def requirements(stage: Stage) -> None:
    do, plan = stage.do, stage.plan
    plain = {
        "title": "安全检查情况", "targets": {"scope": "children"}, "due": DUE, "active_from": "2026-03-01",
        "active_until": "2026-12-31", "fields": FIELDS, "nil_allowed": True, "correction_days": 3,
    }  # fmt: skip
    new = plain | {"unit_id": stage.units["T1"]}
    draft = do("tom", "POST", "/requirements", new)["id"]
    issued: dict[str, str] = {}
    duty: dict[str, str] = {}
    for name in ("open", "accept", "return", "withdraw"):
        issued[name] = do("tom", "POST", "/requirements", new | {"title": f"检查 {name}"})["id"]
        do("tom", "POST", f"/requirements/{issued[name]}/issue")
        rows = do("tom", "GET", f"/requirements/{issued[name]}/duties")["items"]
        duty[name] = next(row["id"] for row in rows if row["unit_id"] == stage.units["V11"])
    for name in ("accept", "return"):
        do("vera", "POST", f"/duties/{duty[name]}/submissions", {"content": ANSWERS})
    here = f"/requirements/{draft}"
    plan("GET /requirements", "tom", "/requirements")
    plan("POST /requirements", "tom", "/requirements", new)
    plan("GET /requirements/{requirement_id}", "tom", here)
    plan("PUT /requirements/{requirement_id}", "tom", here, plain)
    plan("GET /requirements/{requirement_id}/preview", "tom", f"{here}/preview")
    plan("GET /requirements/{requirement_id}/totals", "tom", f"/requirements/{issued['open']}/totals?unit={stage.units['T1']}")
    plan("GET /rates", "tom", f"/rates?unit={stage.units['T1']}&due_from=2026-01-01&due_until=2026-12-31")
    plan("GET /requirements/{requirement_id}/duties", "tom", f"/requirements/{issued['open']}/duties")
    plan("POST /requirements/{requirement_id}/issue", "tom", f"{here}/issue")
    plan(
        "POST /requirements/{requirement_id}/withdraw", "tom", f"/requirements/{issued['withdraw']}/withdraw", {"reason": "作废"}
    )
    ladder = {
        "code": "own", "name": {"zh": "自定"},
        "steps": [{"code": "near", "name": {"zh": "临近"}, "trigger": {"kind": "due", "days": -2}, "to": [{"party": "own"}]}],
    }  # fmt: skip
    plan("GET /requirements/{requirement_id}/ladder", "tom", f"/requirements/{issued['open']}/ladder")
    plan("PUT /requirements/{requirement_id}/ladder", "tom", f"/requirements/{issued['open']}/ladder", ladder)
    plan("GET /ladders", "adam", "/ladders")
    plan("GET /calendar/working-days", "adam", "/calendar/working-days")
    plan(
        "PUT /calendar/working-days/{year}",
        "adam",
        "/calendar/working-days/2031",
        {"days_off": ["2031-01-01"], "make_up_days": []},
    )
    plan("PUT /ladders", "adam", "/ladders", {"active_from": "2026-03-10", "items": [ladder]})
    plan("GET /duties", "vera", "/duties")
    plan("GET /duties/{duty_id}", "vera", f"/duties/{duty['open']}")
    plan("GET /duties/{duty_id}/versions", "tom", f"/duties/{duty['accept']}/versions")
    plan("GET /duties/{duty_id}/draft", "vera", f"/duties/{duty['open']}/draft")
    plan("PUT /duties/{duty_id}/draft", "vera", f"/duties/{duty['open']}/draft", {"typed": {"done": "写了一半"}})
    plan(
        "POST /duties/{duty_id}/submissions", "vera", f"/duties/{duty['open']}/submissions", {"content": ANSWERS, "note": "附记"}
    )
    book = stage.client("vera").get(f"{API}/duties/{duty['open']}/workbook").data
    plan("GET /duties/{duty_id}/workbook", "vera", f"/duties/{duty['open']}/workbook")
    for path in ("", "/marked"):
        files = {"file": (book, "填报表.xlsx")}
        plan(f"POST /duties/{{duty_id}}/workbook{path}", "vera", f"/duties/{duty['open']}/workbook{path}", files=files)
    plan("POST /duties/{duty_id}/accept", "tom", f"/duties/{duty['accept']}/accept", {"number": 1})
    plan("POST /duties/{duty_id}/return", "tom", f"/duties/{duty['return']}/return", {"number": 1, "reason": "缺附件"})
    later = {"due_on": "2026-03-25", "reason": "暴雨"}
    plan("POST /duties/{duty_id}/due-date", "tom", f"/duties/{duty['open']}/due-date", later)
    shut = new | {"title": "尚未开放", "opens": "before_due", "opens_days": 2}
    for name, body in (("shut", shut), *((one, new | {"title": one}) for one in ("ask", "grant", "refuse", "withdraw", "moved"))):
        made = do("tom", "POST", "/requirements", body)["id"]
        do("tom", "POST", f"/requirements/{made}/issue")
        rows = do("tom", "GET", f"/requirements/{made}/duties")["items"]
        duty[name] = next(row["id"] for row in rows if row["unit_id"] == stage.units["V11"])
        issued[name] = made
    wish = {"wanted_on": "2026-03-27", "reason": "连日暴雨", "progress": "已查三处"}
    asked = {name: do("vera", "POST", f"/duties/{duty[name]}/extensions", wish)["id"] for name in ("grant", "refuse", "withdraw")}
    plan("GET /duties/{duty_id}/lock", "vera", f"/duties/{duty['shut']}/lock")
    plan("GET /duties/{duty_id}/extensions", "vera", f"/duties/{duty['grant']}/extensions")
    plan("POST /duties/{duty_id}/extensions", "vera", f"/duties/{duty['ask']}/extensions", wish)
    plan("GET /extensions", "tom", "/extensions")
    plan("POST /extensions", "vera", "/extensions", {"duty_ids": [duty["ask"]], "days": 3, "reason": "连日暴雨"})
    plan("GET /calendar/duties", "vera", "/calendar/duties?year=2026")
    plan("GET /calendar/requirements", "tom", "/calendar/requirements?year=2026")
    plan("GET /extensions/{extension_id}", "tom", f"/extensions/{asked['grant']}")
    plan("POST /extensions/{extension_id}/grant", "tom", f"/extensions/{asked['grant']}/grant", {"due_on": "2026-03-26"})
    plan("POST /extensions/{extension_id}/refuse", "tom", f"/extensions/{asked['refuse']}/refuse", {"answer": "人手够"})
    plan("POST /extensions/{extension_id}/withdraw", "vera", f"/extensions/{asked['withdraw']}/withdraw")
    plan("POST /duties/{duty_id}/reopen", "tom", f"/duties/{duty['shut']}/reopen", {"until": "2026-03-26", "reason": "断电"})
    later = {"due_on": "2026-03-26", "reason": "防汛", "period": "once"}
    plan("POST /requirements/{requirement_id}/due-dates", "tom", f"/requirements/{issued['moved']}/due-dates", later)
    days = {"kind": "dates", "days": ["2026-03-05", "2026-12-20"]}
    urged = do("tom", "POST", "/requirements", new | {"title": "已经逾期", "due": days})["id"]
    do("tom", "POST", f"/requirements/{urged}/issue")
    plan("POST /requirements/{requirement_id}/urge", "tom", f"/requirements/{urged}/urge", {})


def reviews(stage: Stage) -> None:
    with stage.world.as_system() as scope:  # a second reviewer at the township, to hand a review over to
        tess, township = stage.world.people["tess"], stage.world.units["T1"]
        scope.add(
            RoleGrant(person_id=tess, role="township.officer", unit_id=township, line="territorial", active_from=date(2000, 1, 1))
        )
    do, plan = stage.do, stage.plan
    new = {
        "title": "逐级审核", "targets": {"scope": "children"}, "due": DUE, "active_from": "2026-03-01", "active_until": "2026-12-31",
        "fields": FIELDS, "nil_allowed": True, "unit_id": stage.units["T1"], "review_mode": "by_level",
    }  # fmt: skip
    names = ("many", "hand", "take", "back", "ask", "order", "allow", "refuse", "drop")
    duty: dict[str, str] = {}
    for name in names:
        made = do("tom", "POST", "/requirements", new | {"title": f"逐级 {name}"})["id"]
        do("tom", "POST", f"/requirements/{made}/issue")
        rows = do("tom", "GET", f"/requirements/{made}/duties")["items"]
        duty[name] = next(row["id"] for row in rows if row["unit_id"] == stage.units["V11"])
        do("vera", "POST", f"/duties/{duty[name]}/submissions", {"content": ANSWERS})
    for name in ("ask", "order", "allow", "refuse", "drop"):
        do("tom", "POST", f"/duties/{duty[name]}/accept", {"number": 1})
    for name in ("allow", "refuse", "drop"):
        do("vera", "POST", f"/duties/{duty[name]}/corrections", {"reason": "漏报一项"})
    both = {"scope": "subtree", "levels": ["township", "village"]}
    made = do("cora", "POST", "/requirements", new | {"unit_id": stage.units["C"], "targets": both, "waits_below": "block"})["id"]
    do("cora", "POST", f"/requirements/{made}/issue")
    rows = do("cora", "GET", f"/requirements/{made}/duties")["items"]
    waiting = next(row["id"] for row in rows if row["unit_id"] == stage.units["T1"])
    plan("POST /duties/{duty_id}/press-below", "tom", f"/duties/{waiting}/press-below")
    plan("POST /duties/{duty_id}/ask-return", "vera", f"/duties/{duty['back']}/ask-return", {"reason": "填错一项"})
    plan("GET /duties/{duty_id}/track", "vera", f"/duties/{duty['many']}/track")
    plan("POST /duties/accept-many", "tom", "/duties/accept-many", {"items": [{"id": duty["many"], "number": 1}]})
    colleague = {"receiver_id": stage.people["tess"], "until": "2026-03-12", "reason": "出差"}
    plan("POST /duties/{duty_id}/handover", "tom", f"/duties/{duty['hand']}/handover", colleague)
    plan("POST /duties/{duty_id}/handover/end", "tom", f"/duties/{duty['take']}/handover/end")
    plan("GET /duties/{duty_id}/corrections", "vera", f"/duties/{duty['allow']}/corrections")
    plan("POST /duties/{duty_id}/corrections", "vera", f"/duties/{duty['ask']}/corrections", {"reason": "漏报一项"})
    plan(
        "POST /duties/{duty_id}/corrections/order", "tom", f"/duties/{duty['order']}/corrections/order", {"reason": "与台账不符"}
    )
    plan("POST /duties/{duty_id}/corrections/allow", "tom", f"/duties/{duty['allow']}/corrections/allow", {"answer": ""})
    plan("POST /duties/{duty_id}/corrections/refuse", "tom", f"/duties/{duty['refuse']}/corrections/refuse", {"answer": "已汇总"})
    plan("POST /duties/{duty_id}/corrections/drop", "vera", f"/duties/{duty['drop']}/corrections/drop")


def letters(stage: Stage) -> None:
    c, do, plan = stage.units["C"], stage.do, stage.plan
    made = {one["lower_id"]: one for one in do("cora", "POST", "/letters", {"unit_id": c, "year": 2026})["items"]}
    first, second, third = (made[stage.units[key]] for key in ("T1", "T2", "D1"))
    do("cora", "POST", "/letters/issue", {"unit_id": c, "letter_ids": [first["id"], second["id"]]})
    shown = do("tess", "GET", f"/letters/{first['id']}")
    plan("GET /letters", "cora", f"/letters?unit_id={c}&year=2026")
    plan("POST /letters", "cora", "/letters", {"unit_id": c, "year": 2025})
    plan("GET /letters/coverage", "cora", f"/letters/coverage?unit_id={c}&year=2026")
    plan("GET /letters/to-sign", "tess", "/letters/to-sign")
    plan("GET /letters/{letter_id}", "cora", f"/letters/{first['id']}")
    plan("POST /letters/issue", "cora", "/letters/issue", {"unit_id": c, "letter_ids": [third["id"]]})
    signing = {"digest": shown["digest"], "password": PASSWORD}
    plan("POST /letters/{letter_id}/sign", "tess", f"/letters/{first['id']}/sign", signing)
    plan("POST /letters/{letter_id}/withdraw", "cora", f"/letters/{second['id']}/withdraw", {"reason": "重写"})


def targets(stage: Stage) -> None:
    c, do, plan = stage.units["C"], stage.do, stage.plan
    new = {
        "owner_id": c, "code": "rate", "name": "整改率", "kind": "work", "spread": "copy", "direction": "at_least",
        "unit_of_measure": "%", "year": 2026, "limit": "100",
    }  # fmt: skip
    place = {"unit_id": c, "year": 2026, "line": "territorial"}
    indicator = {
        code: do("cora", "POST", "/targets", new | {"code": code})["indicator_id"] for code in ("r1", "r2", "r3", "r4", "r5")
    }

    def split(code: str) -> dict[str, Any]:
        cell = {"indicator_id": indicator[code], "unit_id": stage.units["T1"], "value": "100"}
        return place | {"cells": [cell], "versions": [{"indicator_id": indicator[code], "version": 1}]}

    def share(code: str) -> dict[str, Any]:
        rows = do("tom", "GET", f"/targets?unit_id={stage.units['T1']}&year=2026")["items"]
        return next(row for row in rows if row["indicator_id"] == indicator[code])

    for code in ("r1", "r2"):
        do("cora", "PUT", "/targets/grid", split(code))
    do("cora", "POST", "/targets/issue", place)
    do("cora", "PUT", "/targets/grid", split("r3"))
    accepting = {"unit_id": stage.units["T1"], "year": 2026}
    told = [{"share_id": share(code)["share_id"], "version": share(code)["version"]} for code in ("r1", "r2")]
    do("tom", "POST", "/targets/accept", accepting | {"shares": told[1:]})
    plan("GET /targets", "cora", f"/targets?unit_id={c}&year=2026")
    plan("POST /targets", "cora", "/targets", new)
    plan("GET /targets/grid", "cora", f"/targets/grid?unit_id={c}&year=2026&line=territorial")
    plan("PUT /targets/grid", "cora", "/targets/grid", split("r4"))
    plan("PUT /targets/{indicator_id}/limit", "cora", f"/targets/{indicator['r5']}/limit", {"limit": "99"})
    stage.known = {f"/targets/{indicator['r5']}/limit": '"1"'}
    plan("POST /targets/issue", "cora", "/targets/issue", place)
    plan("POST /targets/accept", "tom", "/targets/accept", accepting | {"shares": told[:1]})
    month = {"share_id": told[1]["share_id"], "month": "2026-02-01", "value": "98", "source": "月报"}
    plan("POST /targets/actuals", "tom", "/targets/actuals", month)


def assessments(stage: Stage) -> None:
    c, do, plan = stage.units["C"], stage.do, stage.plan
    new = {"unit_id": c, "year": 2026, "levels": ["township"], "name": "年度考核"}

    def opened(year: int, until: str) -> tuple[str, dict[str, str]]:
        here = f"/assessments/{do('cora', 'POST', '/assessments', new | {'year': year})['id']}"
        for step, body in (("self-scoring", {"due_on": "2026-03-20"}), ("scoring", None)):
            if until in {step, "scoring"}:
                do("cora", "POST", f"{here}/{step}", body)
        rows = do("cora", "GET", f"{here}/scorecards") if until != "nothing" else []
        return here, {row["unit_id"]: f"/scorecards/{row['id']}" for row in rows}

    preparing, _ = opened(2022, "nothing")
    scoring_itself, _ = opened(2023, "self-scoring")
    _, own = opened(2020, "self-scoring")
    scoring, cards = opened(2024, "scoring")
    closing, closed_cards = opened(2025, "scoring")
    first, second = (cards[stage.units[key]] for key in ("T1", "T2"))
    items = do("eva", "GET", first)["missing"]
    stage.ids["item"] = items
    for here in closed_cards.values():
        for item in items:
            do("eva", "PUT", f"{here}/marks", {"item": item, "value": "5", "reason": "查阅台账"})
    veto = {"rule": "V3", "document": "望安委〔2026〕3号", "reason": "瞒报"}
    proposed = {name: do("eva", "POST", f"{card}/vetoes", veto)["id"] for name, card in (("confirm", first), ("reject", second))}
    lifted = do("eva", "POST", f"{closed_cards[stage.units['T2']]}/vetoes", veto)["id"]
    do("lena", "POST", f"/vetoes/{lifted}/confirm")
    proposed_close = do("cora", "POST", f"{closing}/close")["id"]
    do("lena", "POST", f"/proposals/{proposed_close}/confirm")
    plan("GET /assessments", "cora", "/assessments")
    plan("POST /assessments", "cora", "/assessments", new)
    plan("GET /assessments/{assessment_id}", "cora", scoring)
    plan("GET /assessments/{assessment_id}/ranking", "cora", f"{closing}/ranking")
    plan("GET /assessments/{assessment_id}/scorecards", "cora", f"{scoring}/scorecards")
    plan("POST /assessments/{assessment_id}/self-scoring", "cora", f"{preparing}/self-scoring", {"due_on": "2026-03-20"})
    plan("POST /assessments/{assessment_id}/scoring", "cora", f"{scoring_itself}/scoring")
    plan("POST /assessments/{assessment_id}/facts", "cora", f"{scoring}/facts")
    done, done_cards = opened(2021, "scoring")
    for here in done_cards.values():
        for item in items:
            do("eva", "PUT", f"{here}/marks", {"item": item, "value": "5", "reason": "查阅台账"})
    plan("POST /assessments/{assessment_id}/close", "cora", f"{done}/close")
    plan("POST /assessments/{assessment_id}/publish", "lena", f"{closing}/publish")
    asked = {}
    for year, name in ((2019, "confirm"), (2018, "drop")):
        agreeing, agreed_cards = opened(year, "scoring")
        for here in agreed_cards.values():
            for item in items:
                do("eva", "PUT", f"{here}/marks", {"item": item, "value": "5", "reason": "查阅台账"})
        asked[name] = f"/proposals/{do('cora', 'POST', f'{agreeing}/close')['id']}"
        plan("GET /assessments/{assessment_id}/proposals", "lena", f"{agreeing}/proposals")
    plan("GET /proposals/{proposal_id}", "lena", asked["confirm"])
    plan("POST /proposals/{proposal_id}/confirm", "lena", f"{asked['confirm']}/confirm")
    plan("POST /proposals/{proposal_id}/drop", "cora", f"{asked['drop']}/drop")
    mine = own[stage.units["T1"]]
    plan("GET /scorecards/{card_id}", "eva", first)
    plan("PUT /scorecards/{card_id}/marks", "eva", f"{first}/marks", {"item": items[0], "value": "5", "reason": "查阅台账"})
    plan(
        "PUT /scorecards/{card_id}/self-marks",
        "tom",
        f"{mine}/self-marks",
        {"item": items[0], "value": "5", "reason": "查阅台账"},
    )
    theirs = own[stage.units["T2"]]
    for item in items:
        do("tina", "PUT", f"{theirs}/self-marks", {"item": item, "value": "5", "reason": "查阅台账"})
    plan("POST /scorecards/{card_id}/self-score", "tina", f"{theirs}/self-score")
    fixed = {"item": items[0], "value": "6", "reason": "补交", "why": "申诉决定"}
    plan("POST /scorecards/{card_id}/corrections", "cora", f"{closed_cards[stage.units['T1']]}/corrections", fixed)
    plan("POST /scorecards/{card_id}/vetoes", "eva", f"{closed_cards[stage.units['T1']]}/vetoes", veto)
    plan("GET /vetoes/{decision_id}", "cora", f"/vetoes/{proposed['confirm']}")
    plan("POST /vetoes/{decision_id}/confirm", "lena", f"/vetoes/{proposed['confirm']}/confirm")
    plan("POST /vetoes/{decision_id}/reject", "lena", f"/vetoes/{proposed['reject']}/reject")
    plan("POST /vetoes/{decision_id}/lift", "lena", f"/vetoes/{lifted}/lift", {"document": "望政〔2026〕9号", "reason": "复核"})
