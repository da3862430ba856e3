"""The scenes of roles, delegations, notices, sessions, tokens, audit and the security administrator."""

import base64
from collections.abc import Callable

from duban.notifications.tasks import deliver
from duban.web.requests import EXTENSION
from duban.worker import courier
from tests.cast import PASSWORD, older_policy
from tests.fuzz.stage import Stage


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
    older_policy(stage.world)
    shown = do("sara", "GET", "/access/policy")
    plan("GET /access/policy", "otto", "/access/policy")
    plan("POST /access/policy/adoption", "sara", "/access/policy/adoption", {"seen": shown["tag"], "active_from": "2026-03-12"})
    plan("POST /access/policy/withdrawal", "sara", "/access/policy/withdrawal")
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
    plan("GET /notices/choice", "vera", "/notices/choice")
    plan("PUT /notices/choice", "vera", "/notices/choice", {"email": "digest", "digest_at": "08:00", "workdays_only": True})
    plan("GET /notices/hours", "adam", "/notices/hours")
    plan(
        "PUT /notices/hours", "adam", "/notices/hours", {"quiet_from": "20:00", "quiet_to": "07:30", "active_from": "2026-03-10"}
    )
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
    plan("GET /files/limits", "adam", "/files/limits")
    most = {"person_bytes": 10**9, "person_files": 900, "unit_bytes": None, "unit_files": 5000}
    plan("PUT /files/limits", "adam", "/files/limits", most)
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
