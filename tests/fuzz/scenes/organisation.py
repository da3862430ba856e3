"""The scenes of units, of their people and of their leading groups."""

import base64

from tests.fuzz.stage import Stage


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
