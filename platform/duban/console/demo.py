"""The operators of a demo: two accounts to try, since some orders take two; passwords and second factors are no secret."""

from duban.console.desk import Hand, at_desk
from duban.console.operations.accounts import ensure_demo_operator
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.settings import Settings

LOGINS = {"operator": "服务运维（演示）", "operator2": "第二运维（演示）"}
PASSWORD = "Duban-2026"  # noqa: S105 - of an account that exists to be tried
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - as above; the sign-in page of a demo shows the code


def ensure_demo_account(settings: Settings) -> str:
    """Have the demo's operators. Gives: the accounts, as lines for a terminal."""
    engine = make_engine(settings.database_url, context_key=settings.context_key, pool_size=1)
    try:
        with at_desk(engine, hand=Hand(id=None, name="demo"), now=SystemClock().now()) as desk:
            for login, name in LOGINS.items():
                made = {"login": login, "name": name, "password": PASSWORD, "totp_secret": TOTP_SECRET}
                ensure_demo_operator(desk, **made, keys=settings.factor_keys)
    finally:
        engine.dispose()
    logins = ", ".join(LOGINS)
    return f"  服务运维 / operator of the service · /operator\n    {logins:<21}动态口令见登录页 / its code is shown at sign-in"
