"""The auditor's desk: what Otto sees, takes away and checks; what nobody else sees."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import create_engine, text

from duban.audit.anchors import Anchor, AnchorFile, shelf
from duban.audit.models import AuditCheck, AuditRecord
from duban.audit.operations import anchor_after_commit, record
from duban.audit.queries import head
from duban.audit.tasks import check
from duban.auditing.acts import GROUPS
from duban.auditing.tasks import watch
from duban.embedded.postgres import SUPERUSER
from duban.kernel.scope import owned
from duban.notifications.models import Effect
from tests.cast import World
from tests.integration.audit.beginning import begun


@pytest.fixture(autouse=True)
def anchors(tmp_path: Path, app):
    shelf.put(tmp_path / "anchors.jsonl")
    yield begun(tmp_path / "anchors.jsonl")
    shelf.put(None)


@pytest.fixture
def told(world: World) -> World:
    """A small history: two units, three people, four days."""
    for day, (who, act, unit) in enumerate(
        (
            ("cora", "requirement.issued", "C"),
            ("tom", "submission.accepted", "T1"),
            ("vera", "submission.handed_in", "V11"),
            ("tina", "submission.returned", "T2"),
        )
    ):
        with world.as_(who, at=world.now + timedelta(days=day)) as scope:
            record(scope, act, "duty", world.units[unit], world.paths[unit], title=f"=1+{day}")
    return world


def rows_of(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))


class TestReading:
    def test_the_auditor_sees_who_did_what(self, told: World) -> None:
        page = told.client("otto").get("/audit")
        assert page.status_code == 200
        for words in ("下达报送要求", "审核通过", "提交报送", "退回报送", "唐安", "魏文书", "东一村"):
            assert words in page.text, words

    def test_a_record_names_what_it_is_about(self, world: World) -> None:
        with world.as_("cora") as scope:
            record(scope, "matter.registered", "matter", world.units["C"], world.paths["C"], number="县督办〔2026〕3号")
        page = world.client("otto").get("/audit?group=matter").text
        assert "县督办〔2026〕3号" in page

    def test_no_two_choices_of_the_filter_read_the_same(self) -> None:
        assert len(set(GROUPS.values())) == len(GROUPS)

    def test_filters(self, told: World) -> None:
        browser = told.client("otto")
        asked = {
            "who=唐": ({"审核通过"}, {"提交报送"}),
            "group=submission": ({"审核通过", "提交报送", "退回报送"}, {"下达报送要求"}),
            f"unit_id={told.units['T1']}": ({"审核通过", "提交报送"}, {"退回报送"}),
            "since=2026-03-11&until=2026-03-11": ({"审核通过"}, {"提交报送", "下达报送要求"}),
            f"person_id={told.people['tina']}": ({"退回报送"}, {"审核通过"}),
            f"subject_id={told.units['V11']}": ({"提交报送"}, {"审核通过"}),
            "group=sub": (set(), {"审核通过"}),
            "who=%25": (set(), {"审核通过"}),
        }
        for query, (there, absent) in asked.items():
            body = browser.get(f"/audit?{query}").text.partition("</form>\n")[2]
            body = body[body.find("<table") :] if "<table" in body else ""
            assert all(words in body for words in there), query
            assert not any(words in body for words in absent), query

    def test_a_wrong_filter_is_named_and_kept(self, told: World) -> None:
        answer = told.client("otto").get("/audit?since=gestern&who=唐")
        assert answer.status_code == 422
        assert "请填写日期" in answer.text
        assert 'value="唐"' in answer.text
        assert "结束日期不能早于开始日期" in told.client("otto").get("/audit?since=2026-03-11&until=2026-03-10").text

    def test_one_record_shows_its_hash_and_neighbours(self, told: World) -> None:
        with told.as_("otto") as scope:
            row = scope.session.scalars(owned(scope, AuditRecord).where(AuditRecord.act == "submission.accepted")).one()
        page = told.client("otto").get(f"/audit/{row.seq}")
        assert page.status_code == 200
        assert row.hash in page.text
        assert "=1+1" in page.text

    @pytest.mark.parametrize("who", ["adam", "cora", "lena", "tom", "vera"])
    def test_nobody_else(self, told: World, who: str) -> None:
        browser = told.client(who)
        for address in ("/audit", "/audit/1", "/api/v1/audit/", "/api/v1/audit/1"):
            assert browser.get(address).status_code in {403, 404}, address
        for address in ("/audit/export", "/audit/check", "/api/v1/audit/check"):
            assert browser.post(address).status_code in {403, 404}, address
        assert "审计记录" not in browser.get("/").text

    def test_pages_of_a_long_record(self, world: World) -> None:
        with world.as_("cora") as scope:
            for n in range(120):
                record(scope, "unit.renamed", "unit", world.units["T1"], world.paths["T1"], n=n)
        browser, seen, after = world.client("otto"), [], None
        while True:
            answer = browser.get(
                "/api/v1/audit/", query_string={"limit": 50, "group": "unit"} | ({"after": after} if after else {})
            ).json
            seen += [item["seq"] for item in answer["items"]]
            after = answer["next"]
            if after is None:
                break
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == 120


class TestTakingAway:
    def test_csv_holds_every_column_and_no_formula(self, told: World) -> None:
        answer = told.client("otto").post("/audit/export", data={"form": "csv", "group": "submission"})
        assert answer.status_code == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        header, *rows = rows_of(answer)
        assert header[:3] == ["序号", "时间", "操作人"]
        assert [row[4] for row in rows] == ["审核通过", "提交报送", "退回报送"]
        assert all(row[-1].startswith("sha256:") for row in rows)
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)

    def test_xlsx(self, told: World) -> None:
        answer = told.client("otto").post("/audit/export", data={"form": "xlsx"})
        sheet = load_workbook(io.BytesIO(answer.data)).active
        answer.close()
        assert sheet is not None
        assert sheet.max_row >= 5
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)

    def test_taking_away_is_itself_recorded(self, told: World) -> None:
        told.client("otto").post("/audit/export", data={"form": "csv", "who": "唐"})
        with told.as_("otto") as scope:
            row = scope.session.scalars(owned(scope, AuditRecord).where(AuditRecord.act == "audit.exported")).one()
        assert (row.actor_name, row.details["records"], row.details["asked"]) == ("审计员", 1, {"who": "唐"})

    def test_too_much_for_one_file_is_said(self, told: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("duban.auditing.operations.TAKEN_AT_MOST", 2)
        answer = told.client("otto").post("/audit/export", data={"form": "csv"}, follow_redirects=True)
        assert "缩短日期范围" in answer.text


class TestBeingWhole:
    def test_check_now(self, told: World) -> None:
        answer = told.client("otto").post("/audit/check", follow_redirects=True)
        assert "链条完整" in answer.text
        found = told.client("otto").post("/api/v1/audit/check").json
        assert found["bad_seq"] is None
        assert found["rows"] >= 5

    def test_the_clock_checks_and_anchors(self, told: World, anchors: AnchorFile) -> None:
        with told.as_system() as scope:
            found = check(scope)
            kept = scope.session.get(AuditCheck, told.tenant.id)
        assert kept is not None
        assert (kept.rows, kept.bad_seq, kept.anchored_seq) == (found.rows, None, found.rows)
        assert [one.seq for one in anchors.of(told.tenant.id)] == [found.rows]
        with told.as_system() as scope:
            check(scope)
        assert len(anchors.of(told.tenant.id)) == 1  # nothing new, nothing to note
        assert "库外存证到第" in told.client("otto").get("/audit").text

    def test_the_process_people_reach_writes_nothing_but_says_the_head_in_the_log(
        self, told: World, anchors: AnchorFile, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = anchors.path.read_bytes()
        with told.as_("cora") as scope:
            record(scope, "assessment.frozen", "assessment", told.units["C"], told.paths["C"])
            anchor_after_commit(scope)
        with told.as_system() as scope:
            end = head(scope)
        said = [line for line in "".join(capsys.readouterr()).splitlines() if "audit anchored" in line]
        assert len(said) == 1
        assert end.hash in said[0]
        assert anchors.path.read_bytes() == before

    def test_check_now_says_that_the_file_is_gone(self, told: World, anchors: AnchorFile) -> None:
        anchors.path.unlink()
        answer = told.client("otto").post("/audit/check", follow_redirects=True)
        assert "not there or empty" in answer.text
        assert told.client("otto").post("/api/v1/audit/check").json["bad_seq"] == 1

    def test_a_break_is_told_to_the_auditors_once_and_shown(self, told: World, servers) -> None:
        with told.as_system() as scope:
            watch(scope)
        server, name = servers
        engine = create_engine(server.url(SUPERUSER, name))
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE audit_record SET actor_name = '别人' WHERE tenant_id = :t AND act = 'submission.accepted'"),
                {"t": told.tenant.id},
            )
        engine.dispose()
        # the walk over the whole chain was done a moment ago; a day later it comes round again
        for hours in (25, 26):
            with told.as_system(at=told.later(hours=hours)) as scope:
                watch(scope)
        with told.as_system() as scope:
            told_to = scope.session.scalars(owned(scope, Effect).where(Effect.subject_kind == "audit")).all()
            kept = scope.session.get(AuditCheck, told.tenant.id)
        assert {effect.recipient_id for effect in told_to} == {told.people["otto"]}
        assert len(told_to) == 2  # in-app and by e-mail, each once
        assert kept is not None
        assert kept.bad_seq is not None
        assert "有问题" in told.client("otto").get("/audit").text
        assert "有问题" in told.client("otto").post("/audit/check", follow_redirects=True).text

    def test_a_broken_chain_is_not_anchored(self, told: World, anchors: AnchorFile) -> None:
        with told.as_system() as scope:
            end = head(scope)
        anchors.append(Anchor(at=told.now, tenant_id=told.tenant.id, seq=end.seq + 3, hash="sha256:" + "1" * 64))
        with told.as_system() as scope:
            assert check(scope).bad_seq == end.seq + 1
        assert len(anchors.of(told.tenant.id)) == 1

    def test_a_damaged_anchor_file_is_a_break(self, told: World, anchors: AnchorFile) -> None:
        for _ in range(3):
            with told.as_("cora") as scope:
                record(scope, "unit.renamed", "unit", told.units["T1"])
            with told.as_system() as scope:
                check(scope)
        lines = anchors.path.read_bytes().splitlines(keepends=True)
        anchors.path.write_bytes(b"".join(lines[1:]))
        for _ in range(2):
            with told.as_system() as scope:
                found = check(scope)
            assert found.bad_seq is not None
            assert "anchor file" in found.reason


def test_the_person_on_duty_is_alarmed(told: World, anchors: AnchorFile, app) -> None:
    from duban.web.alarms import alarms
    from duban.web.requests import EXTENSION

    with told.as_system() as scope:
        end = head(scope)
        anchors.append(Anchor(at=told.now, tenant_id=told.tenant.id, seq=end.seq + 3, hash="sha256:" + "1" * 64))
        check(scope)
    assert str(told.tenant.id) in {
        str(alarm.text.params.get("tenant")) for alarm in alarms(app.extensions[EXTENSION]) if alarm.code == "audit"
    }
