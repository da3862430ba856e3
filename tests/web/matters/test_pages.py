"""The pages of matters and meetings, as their people use them."""

import io
import re
import zipfile
from datetime import date
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from duban.calendar.ladders import Colour
from duban.matters import operations, queries
from duban.matters.leave import parties_of
from duban.matters.models import Matter, MatterReport, Meeting
from duban.matters.states import MatterState, Question
from duban.reporting import operations as reporting
from duban.reporting.forms import requirement_form
from tests.cast import World
from tests.integration.matters.stage import form, matter_of, register
from tests.integration.reporting.requirements import data

PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def only(world: World, model: type) -> object:
    with world.as_system() as scope:
        return scope.session.scalars(select(model).where(model.tenant_id == scope.tenant_id)).one()


class TestMatter:
    def test_from_the_form_to_the_archive(self, world: World) -> None:
        cora, tom = world.client("cora"), world.client("tom")
        assert "立项并交办" in cora.get("/matters/new").text
        answer = cora.post(
            "/matters/new",
            data={
                "title": "国道边坡整治", "term": "instruction.urgent", "lead_id": str(world.units["T1"]),
                "co_ids": [str(world.units["D1"])], "due_on": "2026-03-12", "cycle": "week", "source_note": "李县长批示",
            },
        )  # fmt: skip
        assert answer.status_code == 303
        page = answer.headers["Location"]
        assert "国道边坡整治" in cora.get(page).text
        assert "签收" in tom.get(page).text
        assert tom.post(f"{page}/sign").status_code == 303
        text = tom.post(
            f"{page}/progress",
            data={"text": "已封闭半幅", "attachments": [(io.BytesIO(b"a,b\n1,2\n"), "进度.csv")]},
            content_type="multipart/form-data",
        )
        assert text.status_code == 303, text.text
        assert "进度.csv" in cora.get(page).text
        assert tom.post(f"{page}/finish", data={"text": "完成"}).status_code == 303
        returned = cora.post(f"{page}/review", data={"verdict": "return", "reason": "缺照片"})
        assert "请勾选未达到的要求" in returned.text and "缺照片" in returned.text
        both = {"verdict": "return", "met": ["facts", "form"], "unmet": ["facts"], "reason": "缺照片"}
        assert "“事实清楚”既勾了达到，又勾了未达到" in cora.post(f"{page}/review", data=both).text
        returned = cora.post(f"{page}/review", data=both | {"met": ["form"]})
        assert returned.status_code == 303
        said = cora.get(page).text
        assert all(one in said for one in ("事实清楚：否", "格式规范：是", "问题解决：未判断", "任务完成：未判断"))
        assert "缺照片" in tom.get(page).text
        assert tom.post(f"{page}/finish", data={"text": "已补照片"}).status_code == 303
        five = ["facts", "problem", "tasks", "conclusion", "form"]
        assert cora.post(f"{page}/review", data={"verdict": "close", "met": five[:4]}).status_code == 422
        assert cora.post(f"{page}/review", data={"verdict": "close", "met": five}).status_code == 303
        refused = cora.post(f"{page}/reopen", data={"due_on": "2026-03-10", "reason": "又塌了"})
        assert (refused.status_code, "截止日期须晚于今天" in refused.text, "又塌了" in refused.text) == (422, True, True)
        assert cora.post(f"{page}/reopen", data={"due_on": "2026-04-20", "reason": "又塌了"}).status_code == 303
        assert "又塌了" in tom.get(page).text and "重新办理" in tom.get(page).text
        assert tom.post(f"{page}/finish", data={"text": "再次完成"}).status_code == 303
        assert cora.post(f"{page}/review", data={"verdict": "close", "met": five}).status_code == 303
        assert cora.post(f"{page}/archive", data={"file_note": "卷 1"}).status_code == 303
        assert "请重新立项" in cora.get(page).text
        assert only(world, Matter).state is MatterState.FILED
        (again,) = re.findall(r'href="(/matters/new[?][^"]*again=[^"]*)"', cora.get(page).text)
        form_again = cora.get(again.replace("&amp;", "&")).text
        assert "国道边坡整治" in form_again
        assert re.search(r"原督办〔2026〕\d+号归档后问题又出现", form_again)
        assert "城东镇" in form_again
        assert re.search(rf'value="{world.units["D1"]}"[^>]* checked', form_again)
        assert world.client("tina").get(again.replace("&amp;", "&")).status_code == 404

    def test_what_was_typed_stays_when_it_is_refused(self, world: World) -> None:
        answer = world.client("cora").post(
            "/matters/new", data={"title": "写了很久的事项", "term": "instruction.urgent", "due_on": "2026-05-01", "lead_id": ""}
        )
        assert answer.status_code == 422
        assert "写了很久的事项" in answer.text
        assert "请选择牵头单位" in answer.text

    def test_all_that_is_wrong_is_said_at_once(self, world: World) -> None:
        typed = {
            "title": "",
            "term": "document.normal",
            "due_on": "2020-01-01",
            "lead_id": "",
            "cycle": "week",
            "report_day": "9",
        }
        said = world.client("cora").post("/matters/new", data=typed).text
        for words in ("请填写督办事项", "请选择牵头单位", "截止日期须晚于今天", "每周报告填 1 至 7"):
            assert words in said, words
        page = f"/matters/{register(world)}"
        said = world.client("tom").post(f"{page}/extension", data={"wanted_on": "2020-01-01", "cause": "雨季", "progress": ""})
        assert said.status_code == 422
        assert "请填写目前的办理进展" in said.text
        assert 'value="2020-01-01"' in said.text
        assert said.text.count('class="error"') >= 2

    def test_a_report_after_the_term_is_only_for_what_is_open_then(self, world: World) -> None:
        plain = {"title": "国道边坡整治", "term": "document.normal", "lead_id": str(world.units["T1"]), "cycle": "month"}
        cora = world.client("cora")
        short = plain | {"term": "instruction.urgent", "report_day": "31"}
        page = cora.post("/matters/new", data=short).headers["Location"]
        assert "那时还没有办结才报" in cora.get(page).text
        page = cora.post("/matters/new", data=plain | {"cycle": "week", "report_day": "1"}).headers["Location"]
        assert "那时还没有办结才报" not in cora.get(page).text

    def test_a_form_that_cannot_be_is_not_shown_to_who_may_not(self, world: World) -> None:
        matter = {"unit_id": str(world.units["C"]), "title": "", "due_on": "x"}
        assert world.client("tina").post("/matters/new", data=matter).status_code == 404
        meeting = {"unit_id": str(world.units["C"]), "held_on": "x"}
        assert world.client("tina").post("/meetings/new", data=meeting).status_code == 404

    def test_the_name_of_a_unit_one_cannot_see_is_not_shown(self, world: World) -> None:
        typed = {"unit_id": str(world.units["T1"]), "title": "", "lead_id": str(world.units["V21"])}
        answer = world.client("tom").post("/matters/new", data=typed)
        assert answer.status_code == 422
        assert "西一村" not in answer.text

    def test_a_file_is_for_whoever_may_read_the_matter(self, world: World) -> None:
        matter_id = register(world, co_ids=[world.units["D1"]])
        sent = world.client("tom").post(
            f"/matters/{matter_id}/progress",
            data={"text": "进展", "attachments": [(io.BytesIO(b"a,b\n1,2\n"), "a.csv")]},
            content_type="multipart/form-data",
        )
        assert sent.status_code == 303
        (address,) = set(
            re.findall(rf"/matters/{matter_id}/files/[0-9a-f-]+", world.client("dora").get(f"/matters/{matter_id}").text)
        )
        assert world.client("dora").get(address).data == b"a,b\n1,2\n"
        assert world.client("tina").get(address).status_code == 404
        with world.as_("tom") as scope:
            other = queries.reports_of(scope, queries.get_matter(scope, register(world, lead="V21", title="别的")))
        assert other == []

    def test_a_refused_file_refuses_the_report_and_keeps_the_words(self, world: World) -> None:
        matter_id = register(world)
        answer = world.client("tom").post(
            f"/matters/{matter_id}/progress",
            data={"text": "写好的进展", "attachments": [(io.BytesIO(b"MZ" + b"0" * 99), "a.exe")]},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 422
        assert "写好的进展" in answer.text
        with world.as_system() as scope:
            assert not scope.session.scalars(select(MatterReport.id).where(MatterReport.tenant_id == scope.tenant_id)).all()

    def test_a_request_for_more_time_nobody_decided_is_not_called_refused(self, world: World) -> None:
        tom = world.client("tom")
        page = f"/matters/{register(world)}"
        asked = {"wanted_on": "2026-04-05", "cause": "雨季", "progress": "六成"}
        assert tom.post(f"{page}/extension", data=asked).status_code == 303
        assert tom.post(f"{page}/finish", data={"text": "提前完成"}).status_code == 303
        shown = tom.get(page).text
        assert "不同意延期" not in shown
        assert "申请已失效" in shown
        assert "已报告办结，不再需要延期。" in shown
        assert "Reported done: more time is no longer needed." in tom.get(f"{page}?lang=en").text

    def test_disputes_extensions_sheets_and_the_rest_behind_their_buttons(self, world: World) -> None:
        cora, tom, lena = (world.client(who) for who in ("cora", "tom", "lena"))
        page = f"/matters/{register(world)}"
        assert cora.post(f"{page}/urge", data={"urge_words": "抓紧"}).status_code == 303
        assert tom.post(f"{page}/dispute", data={"reason": "不属本镇"}).status_code == 303
        assert cora.post(f"{page}/settle", data={"ruling": "仍由城东镇办理"}).status_code == 303
        asked = {"wanted_on": "2026-04-05", "cause": "雨季", "progress": "六成"}
        assert tom.post(f"{page}/extension", data=asked | {"wanted_on": "x"}).status_code == 422
        assert tom.post(f"{page}/extension", data=asked).status_code == 303
        assert cora.post(f"{page}/extension/review", data={"verdict": "agree", "words": "属实"}).status_code == 303
        assert "属实" in lena.get(page).text
        assert lena.post(f"{page}/extension/decide", data={"verdict": "agree"}).status_code == 303
        assert cora.post(f"{page}/sheets", data={"colour": "green", "reason": "慢"}).status_code == 422
        assert cora.post(f"{page}/sheets", data={"colour": "blue", "reason": "慢"}).status_code == 303
        assert cora.post(f"{page}/reassign", data={"lead_id": str(world.units["T2"]), "why": "属城西"}).status_code == 303
        assert tom.get(page).status_code == 404
        assert cora.post(f"{page}/withdraw", data={"reason": "重复"}).status_code == 303

    def test_a_co_unit_shares(self, world: World) -> None:
        page = f"/matters/{register(world, co_ids=[world.units['D1']])}"
        dora = world.client("dora")
        assert "报告协办情况" in dora.get(page).text
        assert dora.post(f"{page}/share", data={"text": "已派员"}).status_code == 303
        assert dora.post(f"{page}/finish", data={"text": "办结"}).status_code == 403


class TestPapers:
    def red(self, world: World) -> tuple[UUID, UUID]:
        matter_id = register(world)
        with world.as_("cora") as scope:
            operations.issue_sheet(scope, matter_id=matter_id, colour=Colour.RED, reason="必须特办")
            papers = queries.papers_of(scope, queries.get_matter(scope, matter_id))
        return matter_id, papers[-1].id

    def test_a_circular_is_previewed_issued_and_taken_away_as_it_stands(self, world: World) -> None:
        matter_id, paper_id = self.red(world)
        page = f"/matters/{matter_id}/papers/{paper_id}"
        assert "草稿" in world.client("cora").get(page).text
        assert "印发通报" not in world.client("cora").get(page).text
        lena = world.client("lena")
        assert lena.post(f"{page}/issue", data={"opinion": "限三日内办结。"}).status_code == 303
        shown = world.client("tom").get(page).text
        assert "督办通报〔2026〕1号" in shown
        assert "限三日内办结。" in shown
        file = world.client("tom").get(f"{page}/docx")
        words = re.sub("<[^>]+>", "", zipfile.ZipFile(io.BytesIO(file.data)).read("word/document.xml").decode())
        for said in ("望江县安全生产委员会", "督办通报〔2026〕1号", "城东镇：", "限三日内办结。", "2026年3月10日"):
            assert said in words
        assert lena.post(f"{page}/issue").status_code == 409

    def test_a_sheet_prints_with_its_table(self, world: World) -> None:
        matter_id, _ = self.red(world)
        page = world.client("tom").get(f"/matters/{matter_id}").text
        address = re.findall(rf"/matters/{matter_id}/papers/[0-9a-f-]+", page)[0]
        assert "督办事项督促单（红单）" in world.client("tom").get(address).text

    def test_a_strange_matter_gives_no_paper(self, world: World) -> None:
        matter_id, paper_id = self.red(world)
        assert world.client("tina").get(f"/matters/{matter_id}/papers/{paper_id}").status_code == 404
        other = register(world, title="另一件")
        assert world.client("cora").get(f"/matters/{other}/papers/{paper_id}").status_code == 404


class TestLists:
    def test_filters_stay_and_colours_are_counted(self, world: World) -> None:
        register(world, title="甲事项")
        matter_id = register(world, title="乙事项")
        with world.as_("cora") as scope:
            operations.issue_sheet(scope, matter_id=matter_id, colour=Colour.ORANGE, reason="慢")
        cora = world.client("cora")
        both = cora.get("/matters?list=assigned").text
        assert "甲事项" in both and "乙事项" in both
        orange = cora.get("/matters?list=assigned&colour=orange").text
        assert "甲事项" not in orange and "乙事项" in orange
        assert "乙事项" not in cora.get("/matters?list=all&q=甲").text
        assert "甲事项" in world.client("tom").get("/matters?list=mine").text
        assert "甲事项" not in world.client("tina").get("/matters?list=all").text

    def test_the_menu_leads_to_what_its_number_counts(self, world: World) -> None:
        register(world, title="甲事项")
        register(world, "tom", "T1", title="乙事项", lead="V11")
        page = world.client("tom").get("/matters").text
        assert ("甲事项" in page, "乙事项" in page) == (True, False)
        assert re.search(r'aria-current="page">等我办理 <span class="n">1<', page)
        assert "乙事项" in world.client("tom").get("/matters?list=assigned").text
        assert re.search(r'aria-current="page">本单位交办<', world.client("cora").get("/matters").text)

    @pytest.mark.parametrize("query", ["list=x", "state=x", "colour=x"])
    def test_refuses_what_it_does_not_know(self, world: World, query: str) -> None:
        assert world.client("cora").get(f"/matters?{query}").status_code == 422


def test_what_waits_stands_on_the_workbench(world: World) -> None:
    matter_id = register(world, title="等办的事项")
    assert "等办的事项" in world.client("tom").get("/").text
    assert "等办的事项" not in world.client("tina").get("/").text
    with world.as_("tom") as scope:
        operations.finish(scope, matter_id=matter_id, text="办结")
    assert "等办的事项" in world.client("cora").get("/").text


def test_an_overdue_duty_is_made_a_matter_with_one_button(world: World) -> None:
    with world.as_("cora", at=world.later(days=-9)) as scope:
        plain = data(title="季度总结", due={"kind": "fixed", "on": "2026-03-05"}, active_from="2026-03-01")
        made = reporting.create_requirement(scope, unit_id=world.units["C"], form=requirement_form(plain))
        scope.session.flush()
        reporting.issue(scope, requirement_id=made.id)
    cora = world.client("cora")
    for page in ("/overdue", f"/requirements/{made.id}"):
        links = re.findall(r"/matters/new\?duty_id=[0-9a-f-]+", cora.get(page).text)
        assert links, page
    shown = cora.get(links[0]).text
    assert "限期报送：季度总结" in shown
    fields = dict(re.findall(r'<input type="hidden" name="(unit_id|duty_id)" value="([^"]+)"', shown))
    (lead,) = re.findall(r'name="lead_id" value="([^"]+)"', shown)
    typed = fields | {"title": "限期报送", "term": "overdue_duty.normal", "lead_id": lead}
    assert cora.post("/matters/new", data=typed).status_code == 303
    assert cora.post("/matters/new", data=typed).status_code == 422, "one duty, one matter"


class TestUnits:
    """Co-units from further below than the units that stand there to be ticked."""

    def test_are_picked_and_kept_when_a_dispute_is_settled(self, world: World) -> None:
        cora = world.client("cora")
        plain = {"title": "国道边坡整治", "term": "document.normal", "lead_id": str(world.units["T1"])}
        assert 'name="co_more"' in cora.get("/matters/new").text
        wrong = cora.post("/matters/new", data=plain | {"co_more": ["东一村"], "co_ids": [str(world.units["T2"])]})
        assert wrong.status_code == 422
        assert "请从查找结果中选择" in wrong.text and 'value="东一村"' in wrong.text
        made = cora.post(
            "/matters/new", data=plain | {"co_more": [str(world.units["V11"]), ""], "co_ids": [str(world.units["T2"])]}
        )
        assert made.status_code == 303
        page = made.headers["Location"]
        parties = {UUID(str(world.units[code])) for code in ("T1", "T2", "V11")}
        assert self.units(world, page) == parties
        assert world.client("tom").post(f"{page}/dispute", data={"reason": "分工不清"}).status_code == 303
        shown = cora.get(page).text
        assert f'name="co_more" value="{world.units["V11"]}"' in shown, "else settling would lose it"
        settled = {"ruling": "照办", "lead_id": str(world.units["T1"]), "co_ids": [str(world.units["T2"])]}
        assert cora.post(f"{page}/settle", data=settled | {"co_more": [str(world.units["V11"])]}).status_code == 303
        assert self.units(world, page) == parties

    @staticmethod
    def units(world: World, page: str) -> set[UUID]:
        with world.as_system() as scope:
            return {one.unit_id for one in parties_of(scope, queries.get_matter(scope, UUID(page.rpartition("/")[2])))}


class TestReportDay:
    def test_is_chosen_said_and_checked(self, world: World) -> None:
        cora = world.client("cora")
        plain = {"title": "国道边坡整治", "term": "document.normal", "lead_id": str(world.units["T1"]), "cycle": "week"}
        for wrong in ("8", "0", "周一"):
            assert cora.post("/matters/new", data=plain | {"report_day": wrong}).status_code == 422
        page = cora.post("/matters/new", data=plain | {"report_day": "1"}).headers["Location"]
        assert "每周报告（周一）" in cora.get(page).text
        assert matter_of(world, UUID(page.rpartition("/")[2])).report_due_on == date(2026, 3, 16)
        page = cora.post("/matters/new", data=plain | {"cycle": "month", "report_day": "25"}).headers["Location"]
        assert "每月报告（25 日）" in cora.get(page).text


class TestUploads:
    """Attachments by the API."""

    def test_to_ones_own_report_until_its_review(self, world: World) -> None:
        matter_id = register(world, co_ids=[world.units["D1"]])
        with world.as_("tom") as scope:
            report = operations.report_progress(scope, matter_id=matter_id, text="过半")
            final = operations.finish(scope, matter_id=matter_id, text="办结")
            ids = (report.id, final.id)
        other_id = register(world, co_ids=[world.units["D1"]])
        with world.as_("tom") as scope:
            elsewhere = operations.report_progress(scope, matter_id=other_id, text="另一件").id
        tom = world.client("tom")

        def send(client: FlaskClient, report_id: UUID, name: str = "进度.csv") -> TestResponse:
            files = {"file": (io.BytesIO(b"a,b\n1,2\n"), name)}
            here = f"/api/v1/matters/{matter_id}/reports/{report_id}/files"
            return client.post(here, data=files, content_type="multipart/form-data")

        sent = send(tom, ids[1])
        assert sent.status_code == 201, sent.text
        assert [len(one["files"]) for one in tom.get(f"/api/v1/matters/{matter_id}").json["reports"]] == [0, 1]
        content = f"/api/v1/matters/{matter_id}/files/{sent.json['id']}/content"
        assert world.client("cora").get(content).data == b"a,b\n1,2\n"
        assert world.client("tina").get(content).status_code == 404
        assert send(world.client("cora"), ids[1]).status_code == 403
        assert send(tom, matter_id).status_code == 404
        assert send(tom, elsewhere).status_code == 404, "a report of another matter"
        assert send(tom, ids[0], "恶意.exe").status_code == 422
        with world.as_("cora") as scope:
            operations.close_matter(scope, matter_id=matter_id, met=list(Question))
        assert send(tom, ids[1]).status_code == 409
        assert send(tom, ids[0]).status_code == 409, "the matter is over"

    def test_to_a_meeting_that_stands(self, world: World) -> None:
        cora = world.client("cora")
        words = {"kind": "regular", "title": "例会", "held_on": "2026-03-09", "chair": "张三"}
        meeting = cora.post("/api/v1/meetings", json=words | {"unit_id": str(world.units["C"])}).json["id"]

        def send(client: FlaskClient) -> TestResponse:
            files = {"file": (io.BytesIO(b"a,b\n1,2\n"), "纪要.csv")}
            return client.post(f"/api/v1/meetings/{meeting}/files", data=files, content_type="multipart/form-data")

        assert send(cora).status_code == 201
        assert "纪要.csv" in cora.get(f"/meetings/{meeting}").text
        assert send(world.client("tom")).status_code in {403, 404}
        with world.as_("cora") as scope:
            operations.strike_meeting(scope, meeting_id=UUID(meeting), reason="重复")
        assert send(cora).status_code == 409


class TestMeetings:
    def test_from_the_rule_to_the_matters(self, world: World) -> None:
        cora = world.client("cora")
        plain = {
            "unit_id": str(world.units["C"]), "kind": "committee", "title": "安委会全体会议",
            "due.kind": "from_end", "due.every": "quarter", "due.count": "0", "due.side": "before",
            "active_from": "2026-01-01", "active_until": "2026-12-31",
        }  # fmt: skip
        fifth = plain | {"title": "月度例会", "due.kind": "nth_day", "due.every": "month", "due.nth": "5", "due.which": "same"}
        assert 'href="#due.nth"' in cora.post("/meetings/rhythms", data=fifth | {"due.nth": "五"}).text
        assert cora.post("/meetings/rhythms", data=fifth).status_code == 303
        assert "每月的第 5 日" in cora.get("/meetings").text
        once = plain | {"due.kind": "fixed", "due.on": "2026-05-01"}
        assert "会议制度须是周期性的" in cora.post("/meetings/rhythms", data=once).text
        assert cora.post("/meetings/rhythms", data=plain | {"title": ""}).status_code == 422
        assert cora.post("/meetings/rhythms", data=plain).status_code == 303
        assert "每季度最后一日" in cora.get("/meetings").text
        noted = cora.post(
            "/meetings/new",
            data={
                "unit_id": str(world.units["C"]), "kind": "committee", "title": "第一次会议", "held_on": "2026-03-09",
                "chair": "李县长", "minutes": "议定两项", "came_ids": [str(world.units["T1"])],
                "attachments": [(io.BytesIO(b"a,b\n1,2\n"), "纪要.csv")],
            },
            content_type="multipart/form-data",
        )  # fmt: skip
        assert noted.status_code == 303, noted.text
        page = noted.headers["Location"]
        lead = str(world.units["T1"])
        refused = cora.post(f"{page}/resolve", data={"1.title": "甲", "1.lead_id": lead, "3.title": "乙", "3.lead_id": ""})
        assert refused.status_code == 422
        assert 'href="#3.lead_id"' in refused.text
        more = cora.post(f"{page}/resolve", data={"1.title": "甲", "2.title": "", "3.title": "乙", "act": "add"})
        assert more.status_code == 200, "another row, and nothing typed is lost"
        assert 'name="4.title"' in more.text and 'name="5.title"' not in more.text
        assert more.text.count('value="乙"') == 1
        done = cora.post(f"{page}/resolve", data={"1.title": "甲", "1.lead_id": lead, "3.title": "乙", "3.lead_id": lead})
        assert done.status_code == 303
        tom = world.client("tom").get(page).text
        assert "督办〔2026〕2号" in tom
        (address,) = set(re.findall(r"/meetings/[0-9a-f-]+/files/[0-9a-f-]+", tom))
        assert world.client("tom").get(address).data == b"a,b\n1,2\n"
        assert world.client("tina").get(address).status_code == 404
        assert "第一次会议" in world.client("tom").get(f"/matters/{self.one(world)}").text

    def one(self, world: World) -> UUID:
        with world.as_system() as scope:
            found = scope.session.scalars(select(Matter.id).where(Matter.tenant_id == scope.tenant_id)).all()
        return found[0]

    def test_is_corrected_struck_and_its_rule_ended(self, world: World) -> None:
        cora = world.client("cora")
        plain = {
            "unit_id": str(world.units["C"]), "kind": "regular", "title": "例会", "held_on": "2026-03-09", "chair": "李县长",
        }  # fmt: skip
        page = cora.post("/meetings/new", data=plain).headers["Location"]
        assert "例会" in cora.get(f"{page}/edit").text
        assert cora.post(f"{page}/edit", data=plain | {"title": "三月例会", "version": "1"}).status_code == 303
        assert cora.post(f"{page}/edit", data=plain | {"version": "1"}).status_code == 412
        assert cora.post(f"{page}/strike", data={"reason": "重复"}).status_code == 303
        assert only(world, Meeting).state == "struck"
        assert cora.get("/meetings?kind=x").status_code == 422
        rhythm = {
            "unit_id": str(world.units["C"]), "kind": "regular", "title": "例会",
            "due.kind": "from_end", "due.every": "month", "due.count": "0", "due.side": "before",
            "active_from": "2026-01-01", "active_until": "2026-12-31",
        }  # fmt: skip
        assert cora.post("/meetings/rhythms", data=rhythm).status_code == 303
        listed = cora.get("/meetings").text
        assert "2026年2月未召开" in listed
        (address,) = set(re.findall(r"/meetings/rhythms/[0-9a-f-]+/end", listed))
        assert cora.post(address).status_code == 303
        assert address not in cora.get("/meetings").text


def test_english_pages_have_no_chinese_of_ours(world: World) -> None:
    matter_id = register(world)
    cora = world.client("cora")
    cora.set_cookie("lang", "en")
    for address in ("/matters", "/matters/new", f"/matters/{matter_id}", "/meetings", "/meetings/new"):
        assert cora.get(address).status_code == 200
    assert matter_of(world, matter_id).title == form(world).title
