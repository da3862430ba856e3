"""
A county where every operation of the API can succeed: for each, who does it, at which address, with which body.

Built through the API itself. `SCENES` is completed against the OpenAPI document by a test: an operation without a scene fails.
"""

import base64
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient

from duban.notifications.tasks import deliver
from duban.web.requests import EXTENSION
from duban.worker import courier
from tests.attack.files.corpus import pdf
from tests.cast import PASSWORD, World

API = "/api/v1"
JSON = {"Accept": "application/json"}
DUE = {"kind": "fixed", "on": "2026-03-20"}
FIELDS = [
    {"key": "done", "label": "工作完成情况", "kind": "long_text", "required": True},
    {"key": "checks", "label": "检查次数", "kind": "integer", "unit": "次", "minimum": 0},
]
ANSWERS = {"done": "完成检查两次。", "checks": "2"}
UNREAD = '"0"'

READ_AT: tuple[tuple[str, Callable[["Stage", re.Match[str]], str | None]], ...] = (
    (r"/duties/([^/]+)/draft", lambda _stage, m: f"/duties/{m[1]}/draft"),
    (r"/units/groups/([^/]+)", lambda _stage, m: f"/units/groups/{m[1]}"),
    (r"/units/([^/]+)/contacts", lambda _stage, m: f"/units/{m[1]}/contacts"),
    (r"/units/groups/([^/]+)", lambda _stage, m: f"/units/groups/{m[1]}"),
    (r"/documents/[^/]+/files/([^/]+)", lambda _stage, m: f"/files/{m[1]}"),
    (r"/people/roles/([^/]+)/revoke", lambda stage, m: f"/people/{stage.holder.get(m[1], m[1])}"),
    (r"/scorecards/[^/]+/(?:self-)?marks", lambda _stage, _m: None),
    (r"/targets/([^/]+)/limit", lambda stage, m: None),
    (r"/operator/tenants/([^/]+)(?:/.*)?", lambda _stage, m: f"/operator/tenants/{m[1]}"),
    (r"/(duties|requirements|units|people|letters|programmes|documents|assessments|scorecards|vetoes)/([^/]+)(?:/.*)?",
     lambda _stage, m: f"/{m[1]}/{m[2]}"),
)  # fmt: skip
"""Where the ETag for a change is read, by the address of the change; None: the version is known (0, 1)."""


OTHER_DOOR = "/operator/"
"""The operator's API has sessions of its own: see tests/fuzz/console_scenes.py."""


@dataclass
class Scene:
    """One request that succeeds."""

    who: str
    address: str
    body: Any = None
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)


class Stage:
    """The county, its clients by person, and the scenes by "METHOD /path/{template}"."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clients: dict[str, FlaskClient] = {}
        self.scenes: dict[str, Scene] = {}
        self.holder: dict[str, str] = {}
        self.ids: dict[str, list[str]] = {}
        self.units = {key: str(value) for key, value in world.units.items()}
        self.people = {key: str(value) for key, value in world.people.items()}
        self.console: Any = None

    def client(self, who: str) -> FlaskClient:
        """One client per person."""
        return self.clients[who] if who in self.clients else self.sign_in(who)

    def sign_in(self, who: str) -> FlaskClient:
        """A fresh session instead of the one there may be."""
        if who.startswith("op-"):
            return self.console.sign_in(who)
        self.clients[who] = self.world.client(who)
        return self.clients[who]

    def etag(self, who: str, address: str) -> str:
        """Read what a change at this address needs as If-Match."""
        path = address.removeprefix(API)
        for pattern, place in READ_AT:
            if match := re.fullmatch(pattern, path):
                where = place(self, match)
                if where is None:  # known beforehand
                    return self.known.get(path, UNREAD)
                return self.client(who).get(f"{API}{where}", headers=JSON).headers.get("ETag", UNREAD)
        return UNREAD

    known: dict[str, str] = {}

    def send(self, method: str, scene: Scene, **headers: str) -> Any:
        """Send a scene's request as it stands, with the right If-Match unless another is given."""
        given = JSON | {"If-Match": self.etag(scene.who, scene.address)} | headers
        if scene.files:
            data = {name: (io.BytesIO(content), filename) for name, (content, filename) in scene.files.items()}
            return self.client(scene.who).open(
                scene.address, method=method, data=data, content_type="multipart/form-data", headers=given
            )
        return self.client(scene.who).open(scene.address, method=method, json=scene.body, headers=given)

    def do(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """Take a step of the story; it must succeed."""
        answer = self.send(method, Scene(who, f"{API}{path}", body))
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json if answer.data else None

    def plan(self, operation: str, who: str, path: str, body: Any = None, **more: Any) -> None:
        """Keep a request for later: `operation` is "METHOD /path/{template}" without the prefix."""
        self.scenes[operation] = Scene(who, f"{API}{path}", body, **more)
        template = operation.split(" ", 1)[1]
        names = re.findall(r"{(\w+)}", template)
        found = re.fullmatch(re.sub(r"{\w+}", "([^/]+)", template), path.partition("?")[0])
        for name, value in zip(names, found.groups() if found else (), strict=True):
            if value not in self.ids.setdefault(name, []):
                self.ids[name].append(value)


def build(world: World, *more: Callable[[Stage], None]) -> Stage:
    """Set the stage. Costs: some 100 requests."""
    stage = Stage(world)
    for act in (documents, programmes, requirements, letters, targets, assessments, organisation, access, small_things, *more):
        act(stage)
    return stage


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
    plan("GET /requirements/{requirement_id}/duties", "tom", f"/requirements/{issued['open']}/duties")
    plan("POST /requirements/{requirement_id}/issue", "tom", f"{here}/issue")
    plan(
        "POST /requirements/{requirement_id}/withdraw", "tom", f"/requirements/{issued['withdraw']}/withdraw", {"reason": "作废"}
    )
    plan("GET /duties", "vera", "/duties")
    plan("GET /duties/{duty_id}", "vera", f"/duties/{duty['open']}")
    plan("GET /duties/{duty_id}/versions", "tom", f"/duties/{duty['accept']}/versions")
    plan("GET /duties/{duty_id}/draft", "vera", f"/duties/{duty['open']}/draft")
    plan("PUT /duties/{duty_id}/draft", "vera", f"/duties/{duty['open']}/draft", {"typed": {"done": "写了一半"}})
    plan(
        "POST /duties/{duty_id}/submissions", "vera", f"/duties/{duty['open']}/submissions", {"content": ANSWERS, "note": "附记"}
    )
    plan("POST /duties/{duty_id}/accept", "tom", f"/duties/{duty['accept']}/accept", {"number": 1})
    plan("POST /duties/{duty_id}/return", "tom", f"/duties/{duty['return']}/return", {"number": 1, "reason": "缺附件"})
    later = {"due_on": "2026-03-25", "reason": "暴雨"}
    plan("POST /duties/{duty_id}/due-date", "tom", f"/duties/{duty['open']}/due-date", later)
    urged = do("tom", "POST", "/requirements", new | {"title": "已经逾期", "due": {"kind": "fixed", "on": "2026-03-05"}})["id"]
    do("tom", "POST", f"/requirements/{urged}/issue")
    plan("POST /requirements/{requirement_id}/urge", "tom", f"/requirements/{urged}/urge", {})


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
    do("cora", "POST", f"{closing}/close")
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


def organisation(stage: Stage) -> None:
    do, plan = stage.do, stage.plan
    new = {"parent_id": stage.units["T1"], "level": "village", "code": "V13", "name": "东三村"}
    beside = new | {"parent_id": stage.units["T2"]}  # without duties that would keep them from being closed
    places = {"N1": new, "N2": beside, "N3": beside}
    unit = {code: do("adam", "POST", "/units/", at | {"code": code, "name": f"新村{code}"})["id"] for code, at in places.items()}
    works = new | {"level": "enterprise", "code": "E1", "name": "星火花炮厂"}
    factory = do("adam", "POST", "/units/", works)["id"]
    here = f"/units/{unit['N1']}"
    plan("GET /units/", "cora", "/units/")
    plan("POST /units/", "adam", "/units/", new)
    data = base64.b64encode("代码,名称,级别,上级代码\n431,城南镇,乡镇,C\n".encode()).decode()
    plan("POST /units/import", "adam", "/units/import", {"content": data})
    plan("GET /units/{unit_id}", "cora", here)
    plan("PATCH /units/{unit_id}", "adam", here, {"name": "朝阳村"})
    plan("POST /units/{unit_id}/close", "adam", f"/units/{unit['N2']}/close", {"reason": "撤并", "active_to": "2026-04-01"})
    plan("POST /units/{unit_id}/lines", "adam", f"/units/{factory}/lines", {"line": "sector", "parent_id": stage.units["D1"]})
    do("adam", "POST", f"/units/{unit['N3']}/close", {"reason": "撤并", "active_to": "2026-05-01"})
    planned = do("adam", "GET", "/reorganisations/?state=planned")["items"][0]["id"]
    plan("GET /reorganisations/", "adam", "/reorganisations/")
    plan("POST /reorganisations/{reorganisation_id}/cancel", "adam", f"/reorganisations/{planned}/cancel")
    plan("GET /units/{unit_id}/then", "adam", f"/units/{stage.units['C']}/then?on=2026-03-09")
    moving = {"parent_id": stage.units["T2"], "basis": "望政发〔2026〕3号", "confirmed": True}
    plan("POST /units/{unit_id}/move", "adam", f"{here}/move", moving)
    merging = {"unit_ids": [unit["N1"]], "into": stage.units["V21"], "basis": "合并"}
    plan("POST /units/merge", "adam", "/units/merge", merging)
    parts = [{"unit_id": stage.units["T2"]}, {"new": {"code": "T9", "name": "新镇", "level": "township"}}]
    plan("POST /units/{unit_id}/split", "adam", f"/units/{stage.units['T2']}/split", {"parts": parts, "basis": "拆分"})
    contacts = f"/units/{stage.units['V11']}/contacts"
    plan("GET /units/{unit_id}/contacts", "vera", contacts)
    named = {"contacts": {"leader_in_charge": {"name": "吴支书", "phone": "13800001234"}}}
    plan("PUT /units/{unit_id}/contacts", "vera", contacts, named)
    leading = {"name": "安全生产工作领导小组", "seats": [{"post": "chair", "name": "谭镇长"}]}
    made = do("tom", "POST", f"/units/{stage.units['T1']}/groups", leading)
    group = f"/units/groups/{made['id']}"
    plan("GET /units/groups/{group_id}", "vera", group)
    plan("PUT /units/groups/{group_id}", "tom", group, leading | {"seats": [{"post": "chair", "name": "唐安"}]})
    hired = {"unit_id": stage.units["V12"], "role": "village.leader", "login": "ou", "details": {"name": "欧阳明"}}
    person = {login: do("tom", "POST", "/people/", hired | {"login": login})["person_id"] for login in ("o1", "o2")}
    clerk = {"unit_id": stage.units["V11"], "role": "village.clerk"}
    grants = do("tom", "POST", f"/people/{person['o2']}/roles", clerk)["roles"]
    stage.holder = {grant["id"]: person["o2"] for grant in grants}
    plan("GET /people/", "adam", "/people/")
    plan("POST /people/", "tom", "/people/", hired)
    plan("GET /people/{person_id}", "tom", f"/people/{person['o1']}")
    plan("PATCH /people/{person_id}", "tom", f"/people/{person['o1']}", {"name": "欧阳亮"})
    plan("POST /people/{person_id}/password", "tom", f"/people/{person['o1']}/password")
    plan("POST /people/{person_id}/roles", "tom", f"/people/{person['o1']}/roles", clerk)
    plan("POST /people/roles/{grant_id}/revoke", "tom", f"/people/roles/{grants[0]['id']}/revoke", {})


def access(stage: Stage) -> None:
    do, plan = stage.do, stage.plan
    t1, t2 = stage.units["T1"], stage.units["T2"]
    lending = {
        "receiver_id": stage.people["tess"], "unit_id": t1, "role": "township.officer", "active_from": "2026-03-10",
        "active_to": "2026-03-12", "reason": "外出学习",
    }  # fmt: skip
    lent = do("tina", "POST", "/access/delegations", lending | {"receiver_id": stage.people["tito"], "unit_id": t2})["id"]
    plan("GET /access/delegations", "tom", "/access/delegations")
    plan("POST /access/delegations", "tom", "/access/delegations", lending)
    plan("POST /access/delegations/{delegation_id}/end", "tina", f"/access/delegations/{lent}/end")
    plan("GET /access/roles", "otto", "/access/roles")
    plan("GET /access/why", "sara", f"/access/why?login=tom&object=requirement&act=read&unit_id={t1}")
    plan("GET /units/vacancies/", "cora", "/units/vacancies/")
    group = {
        "name": "安全生产领导小组",
        "office": "办公室",
        "basis": "望政办发〔2026〕1号",
        "seats": [{"post": "chair", "name": "谭镇长"}],
    }
    ended = do("tom", "POST", f"/units/{t1}/groups", group)["id"]
    plan("GET /units/{unit_id}/groups", "tom", f"/units/{t1}/groups")
    plan("POST /units/{unit_id}/groups", "tom", f"/units/{t1}/groups", group | {"name": "森林防火领导小组"})
    lasting = do("tom", "POST", f"/units/{t1}/groups", group | {"name": "防汛领导小组"})["id"]
    plan("GET /units/groups/{group_id}", "tom", f"/units/groups/{lasting}")
    plan("PUT /units/groups/{group_id}", "tom", f"/units/groups/{lasting}", group | {"name": "防汛抗旱领导小组"})
    plan("POST /units/groups/{group_id}/end", "tom", f"/units/groups/{ended}/end")
    file = base64.b64encode("姓名,单位代码,角色,登录名\n张三,V12,village.clerk,zs\n".encode()).decode()
    plan("POST /people/numbers/{kind}/{row_id}", "tom", f"/people/numbers/person/{stage.people['vera']}")
    plan("POST /people/import", "tom", "/people/import", {"content": file})
    hired = {"unit_id": stage.units["V12"], "role": "village.clerk", "details": {"name": "欧阳明"}}
    kept, gone = (do("tom", "POST", "/people/", hired | {"login": login})["person_id"] for login in ("twin1", "twin2"))
    plan("POST /people/{person_id}/merge", "tom", f"/people/{gone}/merge", {"kept_id": kept})


def small_things(stage: Stage) -> None:
    plan, app = stage.plan, stage.world.web.getfixturevalue("app")
    deliver(courier(app.extensions[EXTENSION]), stage.world.tenant)  # what the worker would do
    notice = stage.do("vera", "GET", "/notices/")["items"][0]["id"]
    plan("GET /notices/", "vera", "/notices/")
    plan("POST /notices/{notice_id}/read", "vera", f"/notices/{notice}/read")
    plan("POST /notices/read", "vera", "/notices/read")
    sign_in = {"tenant": stage.world.tenant.slug, "login": "vera", "password": PASSWORD}
    plan("GET /session", "vera", "/session")
    plan("POST /session", "vera", "/session", sign_in)
    plan("DELETE /session", "vlad", "/session")
    do = stage.do

    def confirmed(who: str) -> None:
        fresh = do(who, "POST", "/session/confirmation", {"proof": PASSWORD})["token"]
        stage.client(who).environ_base["HTTP_AUTHORIZATION"] = f"Bearer {fresh}"

    confirmed("vic")
    program = {"name": "报表程序", "scopes": ["read"], "days": 30}
    made = do("vic", "POST", "/session/tokens", program)["id"]
    stage.world.client("vic")  # another device
    devices = do("vic", "GET", "/session/devices")["items"]
    other = next(one["id"] for one in devices if not one["own"])
    plan("POST /session/confirmation", "wanda", "/session/confirmation", {"proof": PASSWORD})
    plan("POST /session/second-factor", "wanda", "/session/second-factor", {"code": "000000"})
    plan("GET /session/devices", "vic", "/session/devices")
    plan("DELETE /session/devices", "vic", "/session/devices")
    plan("DELETE /session/devices/{session_id}", "vic", f"/session/devices/{other}")
    plan("GET /session/tokens", "vic", "/session/tokens")
    plan("POST /session/tokens", "vic", "/session/tokens", program | {"name": "另一程序"})
    plan("DELETE /session/tokens/{token_id}", "vic", f"/session/tokens/{made}")
    lent = do("vic", "POST", "/session/tokens", program | {"name": "第三程序"})["id"]
    stage.client("tito")
    keep(stage, confirmed, lent)
    plan("GET /audit/", "otto", "/audit/")
    plan("GET /audit/{seq}", "otto", "/audit/1")
    plan("POST /audit/check", "otto", "/audit/check")


def keep(stage: Stage, confirmed: Callable[[str], None], token: str) -> None:
    """What the security administrator does with the accounts of others."""
    plan, person = stage.plan, f"/security/people/{stage.people['tito']}"
    confirmed("sara")
    living = stage.do("sara", "GET", person)["sessions"][0]["id"]
    plan("GET /security/people/{person_id}", "sara", person)
    plan("POST /security/people/{person_id}/unlock", "sara", f"{person}/unlock")
    plan("DELETE /security/people/{person_id}/sessions", "sara", f"{person}/sessions")
    plan("DELETE /security/sessions/{session_id}", "sara", f"/security/sessions/{living}")
    plan("DELETE /security/people/{person_id}/factor", "sara", f"/security/people/{stage.people['otto']}/factor")
    plan("DELETE /security/tokens/{token_id}", "sara", f"/security/tokens/{token}")
    for who in ("lena", "otto"):
        stage.do("adam", "POST", f"/people/{stage.people[who]}/password")
    waiting = {one["person_id"]: one["id"] for one in stage.do("sara", "GET", "/security/resets")["items"]}
    taken, refused = (f"/security/resets/{waiting[stage.people[who]]}" for who in ("lena", "otto"))
    plan("GET /security/resets", "sara", "/security/resets")
    plan("POST /security/resets/{reset_id}/confirm", "sara", f"{taken}/confirm")
    plan("POST /security/resets/{reset_id}/refuse", "sara", f"{refused}/refuse")
    plan("PUT /security/policy", "sara", "/security/policy", {"password_policy": "asvs"})
