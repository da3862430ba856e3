"""The operator of a demo: an account to try, whose password and second factor are no secret."""

from duban.console.desk import Hand, at_desk
from duban.console.operations.accounts import ensure_demo_operator
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.settings import Settings

LOGIN = "operator"
PASSWORD = "Duban-2026"  # noqa: S105 - of an account that exists to be tried
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - as above; the sign-in page of a demo shows the code


def ensure_demo_account(settings: Settings) -> str:
    """Have the demo's operator. Gives: the account, as lines for a terminal."""
    engine = make_engine(settings.database_url, context_key=settings.context_key, pool_size=1)
    try:
        with at_desk(engine, hand=Hand(id=None, name="demo"), now=SystemClock().now()) as desk:
            made = {"login": LOGIN, "name": "服务运维（演示）", "password": PASSWORD, "totp_secret": TOTP_SECRET}
            ensure_demo_operator(desk, **made, keys=settings.factor_keys)
    finally:
        engine.dispose()
    return f"  服务运维 / operator of the service · /operator\n    {LOGIN:<17}动态口令见登录页 / its code is shown at sign-in"
