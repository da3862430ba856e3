"""The same by commands, as on a server: create, list, suspend, export, delete, import."""

import re
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from duban.cli import cli
from duban.console.desk import CONSOLE, at_desk
from duban.console.models import OperatorOrder
from duban.console.operations import orders
from duban.kernel.scope import open_session
from tests.binding import CONTEXT_KEY
from tests.cast import older_policy


@pytest.fixture
def duban(app_url, owner_url, tmp_path, monkeypatch):
    for name, value in {
        "DATABASE_URL": app_url,
        "OWNER_DATABASE_URL": owner_url,
        "CONTEXT_KEY": CONTEXT_KEY,
        "DATA_DIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(f"DUBAN_{name}", value)

    def run(*arguments: str, ok: bool = True, typed: str = "") -> str:
        result = CliRunner().invoke(cli, arguments, input=typed)
        assert (result.exit_code == 0) is ok, result.output + repr(result.exception)
        return result.output

    return run


def test_an_operator_is_made_listed_and_stopped(duban) -> None:
    login = f"op-{uuid4().hex[:10]}"
    slip = duban("operator", "create", login, "--name", "值班员")
    assert re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", slip)
    assert "not set up" in next(line for line in duban("operator", "list").splitlines() if line.startswith(login))
    duban("operator", "create", login, "--name", "x", ok=False)
    assert "0 sealed anew" in duban("operator", "rewrap", login)  # no second factor yet
    duban("operator", "stop", login)
    assert "stopped" in next(line for line in duban("operator", "list").splitlines() if line.startswith(login))
    assert "unbroken" in duban("operator", "verify")


def test_a_tenant_is_made_closed_exported_deleted_and_brought_back(duban, engine, office) -> None:
    slug = f"t-{uuid4().hex[:12]}"
    made = duban("tenant", "create", slug, "--kind", "county", "--division", "430112", "--admin-name", "王管理", "--people", "50")
    assert "160 village" in made
    line = next(line for line in duban("tenant", "list").splitlines() if line.startswith(slug))
    assert "177 units" in line
    duban("tenant", "quota", slug, "--people", "0", "--storage-gb", "1.5")
    archive = duban("tenant", "export", slug).split()[-1]
    assert archive.endswith(".zip")
    assert "Nothing is due" in duban("tenant", "carry-out", slug)
    with open_session(engine, CONSOLE) as session:
        order = session.scalars(select(OperatorOrder).where(OperatorOrder.slug == slug, OperatorOrder.kind == "export")).one()
    with at_desk(engine, hand=office.hand("bob"), now=order.ordered_at) as desk:
        orders.confirm_order(desk, order_id=order.id)
    assert f"export {slug}: done" in duban("tenant", "carry-out", slug)
    duban("tenant", "delete", slug, typed=slug, ok=False)  # not suspended
    duban("tenant", "suspend", slug, "--reason", "合同到期")
    duban("tenant", "delete", slug, typed="another", ok=False)
    assert "Ordered" in duban("tenant", "delete", slug, typed=slug)
    assert "Nothing is due" in duban("tenant", "carry-out", slug)
    with open_session(engine, CONSOLE) as session:
        order = session.scalars(select(OperatorOrder).where(OperatorOrder.slug == slug, OperatorOrder.kind == "deletion")).one()
    with at_desk(engine, hand=office.hand("bob"), now=order.ordered_at) as desk:
        orders.confirm_order(desk, order_id=order.id, typed_slug=slug)
    assert f"deletion {slug}: done" in duban("tenant", "carry-out", slug)
    assert slug not in duban("tenant", "list")
    assert "import" in duban("tenant", "import", archive, "--slug", f"{slug}-b")
    assert "suspended" in next(line for line in duban("tenant", "list").splitlines() if line.startswith(f"{slug}-b"))
    duban("tenant", "resume", f"{slug}-b")
    duban("tenant", "import", archive, ok=False)


def test_says_which_tenants_have_not_adopted_their_kinds_newest_policy(duban, world) -> None:
    assert duban("tenant", "policies", world.tenant.slug).splitlines()[-1] == "0 of 1 behind"
    older_policy(world)
    line, total = duban("tenant", "policies", world.tenant.slug).splitlines()
    assert (line.startswith(world.tenant.slug), line.endswith("1 changes not adopted"), total) == (True, True, "1 of 1 behind")
