"""Figures for the monitoring: right, guarded, and silent about tenants."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from duban.app import create_app, db
from duban.embedded.services import environment_for
from duban.kernel import figures
from duban.kernel.clock import SetClock
from duban.kernel.runtime import Runtime
from duban.kernel.scope import open_session
from duban.kernel.settings import ROOT
from duban.tenancy.queries import list_tenants
from duban.watch.counting import MinuteCount, totals_of
from duban.web.metrics import is_admitted_with
from tests.cast import PEOPLE
from tests.conftest import NOW
from tests.embedded.test_up import free_port

TOKEN = "token-of-the-monitoring-of-32-characters"


def value(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"{name} is not in\n{text[:3000]}"
    return float(found.group(1))


@pytest.fixture
def watched(settings):
    app = create_app(replace(settings, metrics_token=TOKEN), clock=SetClock(NOW))
    yield app
    with app.app_context():
        db.engine.dispose()


def read(app) -> str:
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return answer.text


def test_only_the_token_opens_it(watched, app):
    refused = 0
    for header in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN}):
        assert watched.test_client().get("/metrics", headers=header).status_code == 404
        refused += 1
    for header in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}"}):
        assert app.test_client().get("/metrics", headers=header).status_code == 404  # no token is set there
        refused += 1
    assert refused == 7
    assert not is_admitted_with("", "Bearer ")


def test_counts_requests_by_endpoint_and_status_not_by_address(watched):
    name = 'duban_requests_total{endpoint="health.healthz",method="GET",status="200"}'
    watched.test_client().get("/healthz")
    before = value(read(watched), name)
    for _ in range(3):
        watched.test_client().get("/healthz?who=somebody")
    watched.test_client().get("/no/such/person/somebody-else")
    text = read(watched)
    assert value(text, name) == before + 3
    assert value(text, 'duban_request_seconds_count{endpoint="health.healthz"}') >= 4
    assert "somebody" not in text
    assert value(text, "duban_db_connections_in_use") >= 0


def test_totals_are_counted_over_all_tenants_and_name_none(watched, world, engine, settings):
    counter = MinuteCount(Runtime(settings=settings, engine=engine, clock=SetClock(NOW)))
    with open_session(engine, None) as session:
        tenants = list_tenants(session)
    counter.look(tenants)
    counter.look([])  # within the minute nothing is counted again
    known = figures.read_figures(engine)
    with world.as_system() as scope:
        own = totals_of(scope, idle_minutes=30)
    assert own["people_active"] == len(PEOPLE) and own["units"] == 7
    assert known["people_active"][0] >= own["people_active"] + 2  # the stranger's tenant too
    assert known["tenants"][0] == len(tenants) >= 2
    text = read(watched)
    assert value(text, 'duban_total{of="people_active"}') == float(known["people_active"][0])
    for secret in (world.tenant.slug, world.tenant.name, str(world.tenant.id), "魏文书"):
        assert secret not in text


def test_says_what_is_wrong(watched, engine):
    figures.note_figures(engine, {figures.EFFECTS_LATENESS_SECONDS: Decimal(999)}, NOW)
    text = read(watched)
    figures.note_figures(engine, {figures.EFFECTS_LATENESS_SECONDS: Decimal(0)}, NOW)
    assert value(text, 'duban_up{part="database"}') == 1
    assert value(text, 'duban_alarm{code="messages_late",critical="false"}') == 1


def test_four_workers_of_gunicorn_answer_with_one_sum(settings, tmp_path):
    port = free_port()
    environment = environment_for(replace(settings, metrics_token=TOKEN, data_dir=str(tmp_path), anchor_file=str(tmp_path / "a")))
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "config/gunicorn.conf.py"), "--workers", "4"]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--chdir", str(ROOT), "--bind", f"127.0.0.1:{port}", "wsgi:app"], env=environment, stderr=log, stdout=log
        )

    def get(path: str, token: str = TOKEN) -> str:
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.read().decode()

    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                get("/healthz")
                break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.2)
        name = 'duban_requests_total{endpoint="health.healthz",method="GET",status="200"}'
        before = value(get("/metrics"), name)
        for _ in range(60):
            get("/healthz")
        seen = {value(get("/metrics"), name) for _ in range(12)}  # whichever worker answers
        assert seen == {before + 60}
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get("/metrics", token="x")
        children = [int(word) for word in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()]
        assert len(children) == 4
        os.kill(children[0], signal.SIGKILL)  # what a worker counted stays when it dies
        time.sleep(1)
        assert value(get("/metrics"), name) == before + 60
    finally:
        server.terminate()
        server.wait(timeout=30)
    print("60 requests over 4 workers, one of them killed: 12 answers, each the same sum")
