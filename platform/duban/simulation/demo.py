"""The demo tenants: made once, shown whole, never half."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from sqlalchemy import Engine

from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.scope import open_session
from duban.kernel.settings import Settings
from duban.simulation.county_demo import CountyDemo
from duban.simulation.expressway_demo import ExpresswayDemo
from duban.simulation.stage import Stage, open_doors
from duban.simulation.street_year import StreetYear
from duban.tenancy.kinds import Kind, load_all
from duban.tenancy.queries import find_tenant

PASSWORD = "Duban-2026"  # noqa: S105 - of accounts that exist to be tried; they are made only when asked for
STREET_YEAR = 2011
SLUGS = ("wangcheng", "chengbei", "ejl1")

Say = Callable[[str], None]


@dataclass(frozen=True)
class DemoAccount:
    """An account to try, as the sign-in page and the terminal show it."""

    tenant: str
    tenant_name: str
    role: str
    role_en: str
    login: str
    password: str


_ACCOUNTS = (
    ("wangcheng", "望城区", "村（社区）安全员", "Village clerk", "v001001"),
    ("wangcheng", "望城区", "乡镇安全干部", "Township officer", "o001"),
    ("wangcheng", "望城区", "乡镇领导", "Township leader", "l001"),
    ("wangcheng", "望城区", "县安委办干部", "County officer", "county.officer"),
    ("wangcheng", "望城区", "县考核员", "County evaluator", "county.evaluator"),
    ("wangcheng", "望城区", "县领导", "County leader", "county.leader"),
    ("wangcheng", "望城区", "部门安全干部", "Department officer", "od02"),
    ("wangcheng", "望城区", "系统管理员", "Administrator", "admin"),
    ("chengbei", "城北街道（2011年）", "街道安办干部", "Street officer", "officer"),
    ("ejl1", "EJL1高速公路", "业主安全干部", "Owner's officer", "owner.officer"),
    ("ejl1", "EJL1高速公路", "标段安全员", "Section clerk", "s01"),
)


def demo_accounts() -> tuple[DemoAccount, ...]:
    """List the accounts to try, in the order of the tour: clerk, officer, leader, evaluator …"""
    return tuple(DemoAccount(*account, PASSWORD) for account in _ACCOUNTS)


def ensure_demo(settings: Settings, say: Say = lambda _line: None) -> str:
    """
    Make the demo tenants that are not there yet; those that are stay as they are.

    Takes:  settings with a migrated database; `say` is told what is being made.
    Gives:  the accounts, as lines for a terminal.
    Costs:  under a minute when all are made, milliseconds when none is.
    """
    engine = make_engine(settings.database_url)
    try:
        wanted = [slug for slug in SLUGS if not _exists(engine, slug)]
        kinds = load_all() if wanted else {}
        for slug in wanted:
            began = monotonic()
            stage = _MAKERS[slug](engine, kinds[_KINDS[slug]], say)
            open_doors(stage, slug)
            say(f"{stage.tenant.name}：{len(stage.units)} 个单位、{len(stage.players)} 人，用时 {monotonic() - began:.0f} 秒")
    finally:
        engine.dispose()
    return accounts_in_words()


def accounts_in_words() -> str:
    """Write the accounts as lines for a terminal."""
    lines = [f"演示账号 / demo accounts（密码 / password：{PASSWORD}）"]
    for tenant in SLUGS:
        mine = [account for account in demo_accounts() if account.tenant == tenant]
        lines.append(f"  {mine[0].tenant_name} · {tenant}")
        lines += [f"    {account.login:<17}{account.role} / {account.role_en}" for account in mine]
    return "\n".join(lines)


def _exists(engine: Engine, slug: str) -> bool:
    with open_session(engine, None) as session:
        return find_tenant(session, slug) is not None


def _wangcheng(engine: Engine, kind: Kind, say: Say) -> Stage:
    today = SystemClock().now().astimezone(kind.zone).date()
    return CountyDemo(engine, kind=kind, today=today, password=PASSWORD, say=say).make()


def _chengbei(engine: Engine, kind: Kind, say: Say) -> Stage:
    say("城北街道：2011年全年")
    year = StreetYear(engine, kind=kind, year=STREET_YEAR, password=PASSWORD)
    year.run()
    return year.stage


def _ejl1(engine: Engine, kind: Kind, say: Say) -> Stage:
    today = SystemClock().now().astimezone(kind.zone).date()
    return ExpresswayDemo(engine, kind=kind, today=today, password=PASSWORD, say=say).make()


_MAKERS: dict[str, Callable[[Engine, Kind, Say], Stage]] = {
    "wangcheng": _wangcheng,
    "chengbei": _chengbei,
    "ejl1": _ejl1,
}
_KINDS = {"wangcheng": "county", "chengbei": "street", "ejl1": "expressway"}
