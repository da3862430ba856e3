"""Without a tenant nothing happens: requests, jobs, sessions (A7)."""

from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from duban import worker
from duban.kernel.errors import NotFoundError
from duban.kernel.jobs import JobName
from duban.kernel.queue import TASK
from duban.kernel.scope import open_session
from duban.web.requests import current_scope, work
from tests.cast import World
from tests.statements import DELIBERATE, tenant_tables


@pytest.fixture
def jobs(settings, monkeypatch) -> list[str]:
    """A worker of the test's installation; gives what it did."""
    done: list[str] = []
    monkeypatch.setattr(worker, "read_settings", lambda: settings)
    monkeypatch.setattr(worker, "JOBS", {name: lambda _runtime, tenant: done.append(tenant.slug) for name in JobName})
    return done


def test_a_session_without_tenant_reads_and_writes_nothing(world: World, engine: Engine) -> None:
    tables = sorted(tenant_tables())
    for table in tables:
        with open_session(engine, None) as session:
            assert session.execute(text(f"SELECT count(*) FROM {table} {DELIBERATE}")).scalar() == 0
            for change in (f"UPDATE {table} SET tenant_id = tenant_id {DELIBERATE}", f"DELETE FROM {table} {DELIBERATE}"):
                try:
                    with session.begin_nested():
                        assert session.execute(text(change)).rowcount == 0
                except DBAPIError as error:
                    assert "permission denied" in str(error)  # noqa: PT017
            with pytest.raises(DBAPIError, match="row-level security"):
                session.execute(text(f"INSERT INTO {table} (tenant_id) VALUES (:t)"), {"t": world.tenant.id})
    print(f"{len(tables)} tables without a tenant: 0 rows read, 0 written")
    assert len(tables) >= 36


def test_a_request_without_a_tenant_gets_no_scope(app: Flask) -> None:
    with app.test_request_context("/"):
        with pytest.raises(NotFoundError):
            current_scope()
        with pytest.raises(NotFoundError), work():
            pytest.fail("a stranger was given a unit of work")


@pytest.mark.parametrize("claim", ["header", "query", "cookie", "form", "json"])
def test_a_request_cannot_name_its_tenant(world: World, claim: str) -> None:
    """The tenant comes from the session alone; saying another changes nothing."""
    other = str(world.other.id)
    said = {
        "header": {
            "headers": {
                "X-Tenant": other,
                "X-Tenant-Id": other,
                "Tenant": world.other.slug,
                "X-Forwarded-Host": f"{world.other.slug}.example.org",
            }
        },
        "query": {"query_string": {"tenant": other, "tenant_id": other, "slug": world.other.slug}},
        "cookie": {"headers": {"Cookie": f"tenant={other}; tenant_id={other}; slug={world.other.slug}"}},
        "form": {"data": {"tenant": other, "tenant_id": other}},
        "json": {"json": {"tenant": other, "tenant_id": other}},
    }[claim]
    browser = world.client("cora")
    units = [rule for rule in browser.application.url_map.iter_rules() if not rule.arguments and "GET" in (rule.methods or ())]
    asked = 0
    for rule in units:
        answer = browser.get(rule.rule, **said)
        assert answer.status_code < 500 or rule.rule == "/readyz", rule.rule
        assert world.other.name.encode() not in answer.get_data(), rule.rule
        asked += 1
    print(f"{asked} pages asked with a foreign tenant by {claim}")
    assert asked >= 20


class TestJobs:
    def test_one_with_its_tenant_is_done(self, world: World, jobs: list[str]) -> None:
        worker.perform("deliver", str(world.tenant.id))
        assert jobs == [world.tenant.slug]

    @pytest.mark.parametrize("tenant", ["", "None", "null", "own", "*", "%", "00000000", "' OR true --", "\x00"])
    def test_one_without_a_tenant_is_refused(self, jobs: list[str], tenant: str) -> None:
        with pytest.raises(ValueError, match="UUID"):
            worker.perform("deliver", tenant)
        assert jobs == []

    def test_one_whose_tenant_is_missing_is_refused(self, jobs: list[str]) -> None:
        with pytest.raises(TypeError):
            worker.perform("deliver")
        assert jobs == [] and TASK == "duban.worker.perform"

    def test_one_for_a_tenant_that_is_not_there_does_nothing(self, jobs: list[str]) -> None:
        for _ in range(3):
            worker.perform("deliver", str(uuid4()))
        assert jobs == []

    def test_one_of_an_unknown_name_is_refused(self, world: World, jobs: list[str]) -> None:
        with pytest.raises(ValueError, match="JobName"):
            worker.perform("os.system", str(world.tenant.id))
        assert jobs == []
