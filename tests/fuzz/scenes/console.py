"""The operator's door: its scenes, on tenants of their own, so that nothing of the county is closed or deleted."""

from uuid import uuid4

import pyotp
from flask.testing import FlaskClient

from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from tests.cast import TENANTS
from tests.conftest import NOW
from tests.fuzz.stage import Stage
from tests.operators import OPERATOR_PASSWORD, at_work

OPERATORS = ("op-ann", "op-bob", "op-leaving", "op-coming")
"""Names in scenes; their logins are made afresh, for all stages share a database."""


class Console:
    """Operators at their desks, and tenants to act on."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.app = stage.world.web.getfixturevalue("app")
        self.login, self.secret = "", ""
        self.slugs: dict[str, str] = {}
        for who in OPERATORS:
            self.sign_in(who)

    def sign_in(self, who: str) -> FlaskClient:
        """Another operator takes the place of the one whose session is over."""
        made = at_work(self.stage.world.engine, self.app, now=NOW)
        self.login, self.secret = made.login, made.secret
        self.stage.clients[who] = made.browser
        return made.browser

    def tenant(self) -> str:
        """A tenant with nothing in it; gives its id."""
        slug = f"t-{uuid4().hex[:12]}"
        kind = read_parts(TENANTS / "county")
        made = provision(
            self.stage.world.engine, slug=slug, name="空县", kind="county", time_zone="Asia/Shanghai", parts=kind, now=NOW
        )
        self.slugs[str(made.id)] = slug
        return str(made.id)


def console(stage: Stage) -> None:
    """Plan the scenes."""
    stage.console = here = Console(stage)
    do, plan, ann, bob = stage.do, stage.plan, OPERATORS[0], OPERATORS[1]
    quiet, open_one, closed, sent, leaving, doomed = (here.tenant() for _ in range(6))
    for tenant in (closed, leaving, doomed):
        do(ann, "POST", f"/operator/tenants/{tenant}/suspension", {"reason": "检修"})
    deletion = do(ann, "POST", f"/operator/tenants/{doomed}/deletion", {"slug": here.slugs[doomed]})["id"]
    waiting = do(ann, "POST", f"/operator/tenants/{quiet}/exports")["id"]
    signing = {"login": here.login, "password": OPERATOR_PASSWORD, "code": pyotp.TOTP(here.secret).at(NOW)}
    new = {
        "kind": "county",
        "slug": f"t-{uuid4().hex[:12]}",
        "root_code": "430112",
        "root_name": "望城区",
        "admin_name": "王管理",
    }
    plan("POST /operator/session/", OPERATORS[3], "/operator/session/", signing)
    plan("DELETE /operator/session/", OPERATORS[2], "/operator/session/")
    plan("GET /operator/tenants/", ann, "/operator/tenants/?limit=5")
    plan("POST /operator/tenants/", ann, "/operator/tenants/", new)
    plan("GET /operator/tenants/{tenant_id}", ann, f"/operator/tenants/{quiet}")
    limits = {"people_limit": 300, "storage_limit_bytes": 10**9}
    plan("PUT /operator/tenants/{tenant_id}/quota", ann, f"/operator/tenants/{quiet}/quota", limits)
    plan("POST /operator/tenants/{tenant_id}/suspension", ann, f"/operator/tenants/{open_one}/suspension", {"reason": "欠费"})
    plan("DELETE /operator/tenants/{tenant_id}/suspension", ann, f"/operator/tenants/{closed}/suspension")
    plan("POST /operator/tenants/{tenant_id}/exports", ann, f"/operator/tenants/{sent}/exports")
    deleting = {"slug": here.slugs[leaving]}
    plan("POST /operator/tenants/{tenant_id}/deletion", ann, f"/operator/tenants/{leaving}/deletion", deleting)
    plan("POST /operator/imports/", ann, "/operator/imports/", {"archive": "wangcheng-20260310.zip", "slug": "wangcheng"})
    plan("GET /operator/orders/", ann, "/operator/orders/")
    plan("GET /operator/orders/{order_id}", bob, f"/operator/orders/{waiting}")
    second = {"slug": here.slugs[doomed]}
    plan("POST /operator/orders/{order_id}/confirmation", bob, f"/operator/orders/{deletion}/confirmation", second)
    plan("DELETE /operator/orders/{order_id}", ann, f"/operator/orders/{waiting}")
