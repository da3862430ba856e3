"""The scenes of supervised matters and meetings."""

from tests.attack.files.corpus import pdf
from tests.fuzz.stage import API, Scene, Stage

DUE = {"kind": "from_end", "every": "quarter", "count": 0, "side": "before"}
FIVE = ["facts", "problem", "tasks", "conclusion", "form"]


def matters(stage: Stage) -> None:
    c, t1, t2, do, plan = stage.units["C"], stage.units["T1"], stage.units["T2"], stage.do, stage.plan
    new = {"unit_id": c, "lead_id": t1, "title": "国道边坡隐患整治", "source": "instruction", "source_note": "领导批示"}

    def made(title: str) -> str:
        return str(do("cora", "POST", "/matters", new | {"title": title})["id"])

    asked = {"wanted_on": "2026-04-05", "reason": "雨季", "progress": "六成"}
    final = {"kind": "final", "text": "已完成整治"}
    plan("GET /matters", "cora", "/matters?list=assigned&state=any")
    plan("POST /matters", "cora", "/matters", new)
    plan("GET /matters/{matter_id}", "cora", f"/matters/{made('看')}")
    for act, who, body in (
        ("sign", "tom", None),
        ("reports", "tom", {"kind": "progress", "text": "已封闭半幅"}),
        ("dispute", "tom", {"reason": "不属本镇"}),
        ("reassign", "cora", {"lead_id": t2, "reason": "属城西"}),
        ("urge", "cora", {"words": "抓紧"}),
        ("withdraw", "cora", {"reason": "重复"}),
        ("extension", "tom", asked),
        ("sheets", "cora", {"colour": "blue", "reason": "进展缓慢"}),
    ):
        plan(f"POST /matters/{{matter_id}}/{act}", who, f"/matters/{made(act)}/{act}", body)
    disputed, reported, closed, waiting, passed, red = (made(title) for title in ("争", "报", "结", "延", "批", "红"))
    again = made("又")
    do("tom", "POST", f"/matters/{disputed}/dispute", {"reason": "分工不清"})
    plan("POST /matters/{matter_id}/settle", "cora", f"/matters/{disputed}/settle", {"ruling": "由城东镇办理"})
    for one in (reported, closed, again):
        do("tom", "POST", f"/matters/{one}/reports", final)
    for one in (closed, again):
        do("cora", "POST", f"/matters/{one}/review", {"met": FIVE})
    more = {"reason": "又塌了", "due_on": "2026-04-20"}
    plan("POST /matters/{matter_id}/reopen", "cora", f"/matters/{again}/reopen", more)
    plan("POST /matters/{matter_id}/review", "cora", f"/matters/{reported}/review", {"met": FIVE, "reason": "同意"})
    plan("POST /matters/{matter_id}/archive", "cora", f"/matters/{closed}/archive", {"words": "卷一"})
    for one in (waiting, passed):
        do("tom", "POST", f"/matters/{one}/extension", asked)
    do("cora", "POST", f"/matters/{passed}/extension/review", {"agree": True, "words": "属实"})
    here = f"/matters/{waiting}/extension/review"
    plan("POST /matters/{matter_id}/extension/review", "cora", here, {"agree": True})
    there = f"/matters/{passed}/extension/decide"
    plan("POST /matters/{matter_id}/extension/decide", "lena", there, {"agree": True})
    do("cora", "POST", f"/matters/{red}/sheets", {"colour": "red", "reason": "必须特办"})
    paper = stage.client("lena").get(f"/api/v1/matters/{red}", headers={"Accept": "application/json"}).json["papers"][-1]["id"]
    issue = f"/matters/{red}/papers/{paper}/issue"
    plan("POST /matters/{matter_id}/papers/{paper_id}/issue", "lena", issue, {"opinion": "限三日内办结。"})
    with_files = made("附")
    report = do("tom", "POST", f"/matters/{with_files}/reports", {"kind": "progress", "text": "进展"})["id"]
    upload = {"file": (pdf(), "附件.pdf")}
    files = f"/matters/{with_files}/reports/{report}/files"
    sent = stage.send("POST", Scene("tom", f"{API}{files}", files=upload)).json["id"]
    plan("POST /matters/{matter_id}/reports/{report_id}/files", "tom", files, files=upload)
    plan("GET /matters/{matter_id}/files/{file_id}/content", "cora", f"/matters/{with_files}/files/{sent}/content")


def meetings(stage: Stage) -> None:
    c, t1, do, plan = stage.units["C"], stage.units["T1"], stage.do, stage.plan
    words = {"kind": "committee", "title": "安委会全体会议", "held_on": "2026-03-02", "chair": "李县长"}
    rule = {
        "unit_id": c, "kind": "committee", "title": "全体会议", "due": DUE, "active_from": "2026-01-01",
        "active_until": "2026-12-31",
    }  # fmt: skip
    rhythm = do("cora", "POST", "/meetings/rhythms", rule)["id"]
    held, struck, resolved = (
        do("cora", "POST", "/meetings", words | {"unit_id": c, "title": title})["id"] for title in ("一", "二", "三")
    )
    plan("GET /meetings", "cora", "/meetings")
    plan("POST /meetings", "cora", "/meetings", words | {"unit_id": c, "came_ids": [t1]})
    plan("GET /meetings/rhythms", "cora", "/meetings/rhythms")
    plan("POST /meetings/rhythms", "cora", "/meetings/rhythms", rule)
    plan("POST /meetings/rhythms/{rhythm_id}/end", "cora", f"/meetings/rhythms/{rhythm}/end")
    plan("GET /meetings/{meeting_id}", "cora", f"/meetings/{held}")
    plan("POST /meetings/{meeting_id}/files", "cora", f"/meetings/{held}/files", files={"file": (pdf(), "纪要.pdf")})
    plan("PUT /meetings/{meeting_id}", "cora", f"/meetings/{held}", words | {"minutes": "议定一项"})
    plan("POST /meetings/{meeting_id}/strike", "cora", f"/meetings/{struck}/strike", {"reason": "记错"})
    one = {"title": "整治边坡", "lead_id": t1}
    plan("POST /meetings/{meeting_id}/resolutions", "cora", f"/meetings/{resolved}/resolutions", {"resolutions": [one]})
