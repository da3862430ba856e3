"""The accounts of the demo tenants, for the sign-in page and the terminal. They exist only where a demo was asked for."""

from dataclasses import dataclass

from duban.kernel.text import N_

PASSWORD = "Duban-2026"  # noqa: S105 - of accounts that exist to be tried
SLUGS = ("wangcheng", "chengbei", "ejl1")
TENANT_NAMES = {"wangcheng": N_("望城区"), "chengbei": N_("城北街道（2011年）"), "ejl1": N_("EJL1高速公路")}


@dataclass(frozen=True)
class DemoAccount:
    """An account to try. `role` is a msgid."""

    tenant: str
    role: str
    role_en: str
    login: str
    password: str = PASSWORD


_ACCOUNTS = (
    DemoAccount("wangcheng", N_("村（社区）安全员"), "Village clerk", "v001001"),
    DemoAccount("wangcheng", N_("村（社区）负责人"), "Village leader", "b001005"),
    DemoAccount("wangcheng", N_("乡镇安全干部"), "Township officer", "o001"),
    DemoAccount("wangcheng", N_("乡镇领导"), "Township leader", "l001"),
    DemoAccount("wangcheng", N_("县安委办干部"), "County officer", "county.officer"),
    DemoAccount("wangcheng", N_("县考核员"), "County evaluator", "county.evaluator"),
    DemoAccount("wangcheng", N_("县领导"), "County leader", "county.leader"),
    DemoAccount("wangcheng", N_("部门安全干部"), "Department officer", "od01"),
    DemoAccount("wangcheng", N_("企业安全员（两条线）"), "Enterprise clerk (two lines)", "e03"),
    DemoAccount("wangcheng", N_("系统管理员"), "System administrator", "admin"),
    DemoAccount("wangcheng", N_("安全管理员"), "Security administrator", "security"),
    DemoAccount("wangcheng", N_("审计管理员"), "Audit administrator", "county.auditor"),
    DemoAccount("chengbei", N_("街道安办干部"), "Street officer", "officer"),
    DemoAccount("ejl1", N_("业主安全干部"), "Owner's officer", "owner.officer"),
    DemoAccount("ejl1", N_("专业监理工程师"), "Special inspector", "z1.tunnel"),
    DemoAccount("ejl1", N_("标段安全员"), "Section clerk", "s01"),
)


def demo_accounts() -> tuple[DemoAccount, ...]:
    """List the accounts to try, in the order of the tour: clerk, officer, leader, evaluator …"""
    return _ACCOUNTS


def for_sign_in() -> list[dict[str, str]]:
    """Give the accounts as the sign-in page shows them."""
    return [
        {
            "slug": account.tenant,
            "tenant_name": TENANT_NAMES[account.tenant],
            "login": account.login,
            "password": account.password,
            "name": "",
            "role": account.role,
        }
        for account in _ACCOUNTS
    ]


def accounts_in_words() -> str:
    """Write the accounts as lines for a terminal."""
    lines = [f"演示账号 / demo accounts（密码 / password：{PASSWORD}）"]
    for tenant in SLUGS:
        lines.append(f"  {TENANT_NAMES[tenant]} · {tenant}")
        lines += [f"    {one.login:<17}{one.role} / {one.role_en}" for one in _ACCOUNTS if one.tenant == tenant]
    return "\n".join(lines)
