"""The pages in the browser: who sees what, nothing typed is lost, everything that is refused is said."""

import re
from datetime import date
from io import BytesIO
from uuid import UUID

import pytest

from duban.reporting import operations
from duban.reporting.remarks import Remark
from duban.reporting.states import DutyState, RequirementState
from tests.cast import World
from tests.integration.reporting import requirements as given

FORM = {
    "title": "季度工作总结",
    "targets.scope": "children",
    "due.kind": "from_end",
    "due.every": "quarter",
    "due.count": "2",
    "due.side": "before",
    "active_from": "2026-03-01",
    "active_until": "2026-12-31",
    "late_model": "per_event",
    "fields.0.label": "完成情况",
    "fields.0.kind": "long_text",
    "fields.0.required": "1",
    "fields.1.label": "检查次数",
    "fields.1.kind": "integer",
    "fields.1.unit": "次",
    "fields.2.label": "总体情况",
    "fields.2.kind": "choice",
    "fields.2.options": "平稳\n有较大隐患\n",
    "fields.3.label": "",
}
ANSWERS = {"answer.done": "完成检查两次。", "answer.checks": "２", "answer.money": "1,200.5", "note": "见附件"}


def errors_of(page: str) -> str:
    found = re.search(r'<div class="errors".*?</div>', page, re.DOTALL)
    return found[0] if found else ""


class TestTheClerksList:
    def test_shows_the_most_urgent_first_with_days_in_words(self, world: World) -> None:
        given.issued(world, title="晚报", due={"kind": "fixed", "on": "2026-03-28"})
        given.issued(world, title="早报", due={"kind": "fixed", "on": "2026-03-12"})
        page = world.client("vera").get("/duties").text
        assert page.index("早报") < page.index("晚报")
        assert "还有 2 天" in page
        assert "3月12日（周四）24:00 截止" in page

    def test_teaches_when_there_is_nothing(self, world: World) -> None:
        assert "没有要报送的任务" in world.client("vera").get("/duties").text
        assert "还没有报送过材料" in world.client("vera").get("/duties/done").text

    def test_shows_what_was_handed_in(self, world: World) -> None:
        given.handed_in(world, given.duty_id(world, given.issued(world)))
        page = world.client("vera").get("/duties/done").text
        assert "待审核" in page
        assert "按时" in page

    def test_speaks_english(self, world: World) -> None:
        given.issued(world, title_en="Safety check")
        page = world.client("vera").get("/duties?lang=en").text
        assert "Safety check" in page
        assert "To hand in" in page


def test_a_requirement_not_asked_of_ones_unit_says_so(world: World) -> None:
    page = f"/requirements/{given.issued(world, 'cora', 'C')}"
    said = "这项要求没有布置给您的单位"
    found = world.client("vera").get(page)
    assert found.status_code == 200
    assert said in found.text
    assert 'name="state"' not in found.text
    asked = world.client("tom").get(page).text
    assert said not in asked
    assert 'name="state"' in asked
    assert said not in world.client("cora").get(page).text


class TestTheDutyPage:
    @pytest.mark.parametrize(
        ("who", "status"),
        [
            ("vera", 200),
            ("vlad", 200),
            ("tom", 200),
            ("cora", 200),
            ("vic", 404),
            ("wanda", 404),
            ("tina", 404),
            ("adam", 404),
            ("ewa", 404),
            ("erik", 404),
        ],
    )
    def test_who_may_look(self, world: World, who: str, status: int) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        for address in (f"/duties/{duty_id}", f"/duties/{duty_id}/review"):
            assert world.client(who).get(address).status_code == status

    def test_the_clerk_gets_a_form_the_superior_none(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        assert 'name="answer.done"' in world.client("vera").get(f"/duties/{duty_id}").text
        assert 'name="answer.done"' not in world.client("tom").get(f"/duties/{duty_id}").text

    @pytest.mark.parametrize(("who", "status"), [("vic", 404), ("tom", 403), ("vlad", 403), ("ewa", 404)])
    def test_who_may_not_hand_in(self, world: World, who: str, status: int) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        for act in ("draft", "submit", "nil"):
            assert world.client(who).post(f"/duties/{duty_id}/{act}", data=ANSWERS).status_code == status

    def test_saves_as_typed_and_shows_it_again(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        browser = world.client("vera")
        saved = browser.post(
            f"/duties/{duty_id}/draft",
            data={"answer.checks": "十二", "note": "待核", "csrf_token": "x"},
            headers={"X-Requested-With": "autosave", "If-Match": '"0"'},
        )
        assert saved.json["version"] == 1
        page = browser.get(f"/duties/{duty_id}").text
        assert 'value="十二"' in page
        assert "待核" in page
        assert 'data-version="1"' in page

    def test_a_second_typist_is_told(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        quiet = {"X-Requested-With": "autosave", "If-Match": '"0"', "Accept": "application/json"}
        browser = world.client("vera")
        assert browser.post(f"/duties/{duty_id}/draft", data={"note": "一"}, headers=quiet).status_code == 200
        assert browser.post(f"/duties/{duty_id}/draft", data={"note": "二"}, headers=quiet).status_code == 412

    def test_hands_in(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        browser = world.client("vera")
        answer = browser.post(f"/duties/{duty_id}/submit", data=ANSWERS)
        assert answer.status_code == 303
        assert given.duty(world, duty_id).stands is DutyState.SUBMITTED
        page = browser.get(f"/duties/{duty_id}").text
        assert "已提交，等待审核" in page
        assert "1,200.50 万元" in page.replace("1,200.5 ", "1,200.50 ")

    def test_what_is_wrong_is_named_and_nothing_typed_is_lost(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        browser = world.client("vera")
        answer = browser.post(f"/duties/{duty_id}/submit", data={"answer.checks": "很多", "answer.money": "12", "note": "说明"})
        assert answer.status_code == 422
        assert 'href="#answer.done"' in errors_of(answer.text)
        assert 'href="#answer.checks"' in errors_of(answer.text)
        assert 'value="很多"' in answer.text
        assert 'value="很多"' in browser.get(f"/duties/{duty_id}").text

    def test_nil_return(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        assert world.client("vera").post(f"/duties/{duty_id}/nil").status_code == 303
        assert given.duty(world, duty_id).is_nil
        assert "零报告" in world.client("tom").get(f"/duties/{duty_id}/review").text

    def test_contacts_are_asked_for_before_typing_and_refused_after(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, preconditions=["contacts_named"]))
        browser = world.client("vera")
        assert "登记本单位的分管领导、专门人员" in browser.get(f"/duties/{duty_id}").text
        answer = browser.post(f"/duties/{duty_id}/submit", data=ANSWERS)
        assert answer.status_code == 409
        assert "分管领导和专门人员" in errors_of(answer.text)
        assert "完成检查两次。" in answer.text

    def test_attachments_come_with_the_form_and_can_be_removed(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, attachments_required=True))
        browser = world.client("vera")
        assert browser.post(f"/duties/{duty_id}/submit", data=ANSWERS).status_code == 422
        saved = browser.post(
            f"/duties/{duty_id}/draft", data={**ANSWERS, "attachments": (BytesIO("总结".encode()), "三月总结.txt")}
        )
        assert saved.status_code == 303
        page = browser.get(f"/duties/{duty_id}").text
        assert "三月总结.txt" in page
        remove = re.search(rf"/duties/{duty_id}/files/[0-9a-f-]+/remove", page)
        assert remove
        assert world.client("vic").post(remove[0]).status_code == 404
        assert browser.post(remove[0]).status_code == 303
        assert "三月总结.txt" not in browser.get(f"/duties/{duty_id}").text

    def test_a_refused_file_is_named_and_the_answers_stay(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        data = {**ANSWERS, "attachments": (BytesIO(b"MZ\x90\x00"), "程序.exe")}
        answer = world.client("vera").post(f"/duties/{duty_id}/submit", data=data)
        assert answer.status_code == 422
        assert 'href="#attachments"' in errors_of(answer.text)
        assert "完成检查两次。" in answer.text
        assert given.duty(world, duty_id).stands is DutyState.OPEN

    def test_a_returned_duty_begins_with_what_was_handed_in(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        given.returned(world, duty_id)
        page = world.client("vera").get(f"/duties/{duty_id}").text
        assert "唐安退回修改" in page
        assert "请补充数据" in page
        assert "3月20日（周五） 24:00 前重新提交" in page
        assert 'value="1200.50"' in page

    def test_a_return_nothing_was_done_about_is_asked_about_once(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        with world.as_("tom") as scope:
            pinned = [Remark("checks", "与台账不符"), Remark("money", "单位是万元")]
            operations.return_for_correction(scope, duty_id=duty_id, remarks=pinned)
        vera, address = world.client("vera"), f"/duties/{duty_id}/submit"
        same = {f"answer.{key}": text for key, text in given.ANSWERS.items()}
        answer = vera.post(address, data=same)
        assert answer.status_code == 422
        assert "2 条退回意见还没有改（检查次数、投入资金），仍要提交吗？" in answer.text
        answer = vera.post(address, data=same | {"answer.checks": "3"})
        assert "1 条退回意见还没有改（投入资金），仍要提交吗？" in answer.text
        assert given.duty(world, duty_id).stands is DutyState.RETURNED
        assert vera.post(address, data=same | {"answer.checks": "3", "anyway": "1"}).status_code == 303
        assert given.duty(world, duty_id).stands is DutyState.SUBMITTED

    def test_a_return_with_a_reason_alone_asks_where_nothing_at_all_is_new(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        given.returned(world, duty_id)
        vera, address = world.client("vera"), f"/duties/{duty_id}/submit"
        same = {f"answer.{key}": text for key, text in given.ANSWERS.items()}
        assert "完全相同，仍要提交吗？" in vera.post(address, data=same).text
        assert vera.post(address, data=same | {"note": "已电话核实"}).status_code == 303

    def test_what_was_typed_is_shown_as_text(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, title="<script>x</script>"))
        with world.as_("vera") as scope:
            operations.submit(scope, duty_id=duty_id, typed={"done": "<img src=x onerror=alert(1)>"})
        for who in ("vera", "tom"):
            page = world.client(who).get(f"/duties/{duty_id}/review").text
            assert "<script>x" not in page
            assert "<img src=x" not in page


class TestReviewing:
    def test_the_queue_leads_from_one_to_the_next(self, world: World) -> None:
        requirement_id = given.issued(world)
        first, second = given.duty_id(world, requirement_id, "V11"), given.duty_id(world, requirement_id, "V12")
        given.handed_in(world, first)
        given.handed_in(world, second, "vic", when=world.later(minutes=5))
        tom = world.client("tom")
        assert "2 份等待审核" in tom.get("/reviews").text

        answer = tom.post(f"/duties/{first}/accept", data={"number": "1"})
        assert answer.headers["Location"].endswith(f"/duties/{second}/review")
        assert "已通过东一村的材料。" in tom.get(f"/duties/{second}/review").text  # said on the next one's page
        answer = tom.post(f"/duties/{second}/return", data={"number": "1", "reason": "缺少数据"})
        assert answer.headers["Location"].endswith("/reviews")
        assert "已退回东二村的材料，对方会收到通知。" in tom.get("/reviews").text
        assert given.duty(world, first).stands is DutyState.ACCEPTED
        assert given.duty(world, second).stands is DutyState.RETURNED

    def test_returning_without_a_reason_is_refused_at_its_field(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        answer = world.client("tom").post(f"/duties/{duty_id}/return", data={"number": "1", "reason": " "})
        assert answer.status_code == 422
        assert 'href="#reason"' in errors_of(answer.text)

    def test_a_version_not_read_is_not_judged_and_the_reason_is_kept(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        given.returned(world, duty_id)
        given.handed_in(world, duty_id)
        answer = world.client("tom").post(f"/duties/{duty_id}/return", data={"number": "1", "reason": "写了很久的理由"})
        assert answer.status_code == 412
        assert "写了很久的理由" in answer.text

    def test_changes_are_marked_against_the_version_before(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        given.returned(world, duty_id)
        with world.as_("vera") as scope:
            operations.submit(scope, duty_id=duty_id, typed={**given.ANSWERS, "checks": "3"})
        page = world.client("tom").get(f"/duties/{duty_id}/review").text
        assert page.count("有改动") == 1
        assert "3 次" in page
        assert "上次退回的理由" in page
        assert "2 次" in world.client("tom").get(f"/duties/{duty_id}/review?version=1").text

    def test_the_figures_of_the_last_period_stand_beside_these(self, world: World) -> None:
        requirement_id = given.issued(world, due=given.MONTHLY)
        given.handed_in(world, given.duty_id(world, requirement_id, "V11", "2026-03"))
        april = given.duty_id(world, requirement_id, "V11", "2026-04")
        with world.as_("vera", at=given.at("04-01")) as scope:
            operations.submit(scope, duty_id=april, typed={**given.ANSWERS, "checks": "1828"})
        page = world.client("tom").get(f"/duties/{april}/review").text
        assert "上期：2 次 · " in page
        assert "增加 91,300.0%" in page
        assert "上期的数据（2026年3月）列在各项旁边。" in page

    def test_the_unit_itself_sees_no_buttons(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        page = world.client("vera").get(f"/duties/{duty_id}/review").text
        assert "/accept" not in page
        assert "/return" not in page

    def test_the_due_date_is_moved_with_a_reason(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        tom = world.client("tom")
        assert tom.post(f"/duties/{duty_id}/due-date", data={"due_on": "never", "reason": "x"}).status_code == 422
        assert tom.post(f"/duties/{duty_id}/due-date", data={"due_on": "2026-03-25", "reason": ""}).status_code == 422
        assert tom.post(f"/duties/{duty_id}/due-date", data={"due_on": "2026-03-25", "reason": "暴雨"}).status_code == 303
        assert given.duty(world, duty_id).due_on == date(2026, 3, 25)
        assert "截止日期由 3月20日 变更为 3月25日" in world.client("vera").get(f"/duties/{duty_id}").text

    @pytest.mark.parametrize(("who", "status"), [("vera", 403), ("vic", 404), ("tina", 404), ("ewa", 404)])
    def test_who_may_not(self, world: World, who: str, status: int) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        browser = world.client(who)
        assert browser.post(f"/duties/{duty_id}/accept").status_code == status
        assert browser.post(f"/duties/{duty_id}/return", data={"reason": "x"}).status_code == status
        assert browser.post(f"/duties/{duty_id}/due-date", data={"due_on": "2026-03-25", "reason": "x"}).status_code == status

    def test_overdue_ones_are_urged_one_by_one(self, world: World) -> None:
        requirement_id = given.issued(world, due={"kind": "fixed", "on": "2026-03-06"}, active_from="2026-02-01")
        duty_id = given.duty_id(world, requirement_id)
        tom = world.client("tom")
        page = tom.get("/overdue").text
        assert "逾期 4 天" in page
        answer = tom.post(f"/requirements/{requirement_id}/urge", data={"duty": str(duty_id), "back": "late"})
        assert answer.headers["Location"].endswith("/overdue")
        assert [who for who, stage, _ in given.messages(world) if stage.startswith("urge:")] == ["vera"]
        assert "逾期" in tom.get("/overdue?scope=all").text


class TestWritingRequirements:
    def test_days_in_which_one_can_neither_report_nor_be_missing_are_said(self, world: World) -> None:
        for late, said in ((5, True), (10, False), (None, False)):
            made = given.drafted(world, late_until_days=late)
            assert ("既不能报，也不算漏报" in world.client("tom").get(f"/requirements/{made}/preview").text) is said

    def test_a_first_due_date_too_near_is_said(self, world: World) -> None:
        monthly = {"kind": "nth_day", "every": "month", "nth": 12, "which": "same"}
        for due, said, then in (
            ({"kind": "fixed", "on": "2026-03-12"}, "截止日（3月12日（周四））只剩 2 天，更早的提醒来不及发", "请把截止日期改晚"),
            ({"kind": "fixed", "on": "2026-03-20"}, "", ""),
            (monthly, "第一个截止日（3月12日（周四））只剩 2 天，更早的提醒来不及发", "从下一期开始"),
        ):
            page = world.client("tom").get(f"/requirements/{given.drafted(world, due=due)}/preview").text
            assert (said in page, then in page, "来不及发" in page) == (True, True, bool(said))

    def test_from_form_over_preview_to_duties(self, world: World) -> None:
        tom = world.client("tom")
        assert tom.get("/requirements/new").status_code == 200
        made = tom.post("/requirements/new", data=FORM)
        assert made.status_code == 303
        preview = made.headers["Location"]
        page = tom.get(preview).text
        assert "2026年第二季度" in page
        assert "6月28日（周日）" in page
        assert "休息日" in page
        assert "东一村" in page
        assert "下达 8 项任务" in page

        assert (
            tom.post(preview.replace("/preview", "/edit"), data={**FORM, "title": "改过的月报", "version": "1"}).status_code
            == 303
        )
        unseen = tom.post(preview.replace("/preview", "/issue"), data={"version": "1"})
        assert unseen.status_code == 412
        assert "在您预览之后被别人修改过" in unseen.text
        assert "改过的月报" in unseen.text
        seen = re.search(r'name="version" value="(\d+)"', unseen.text)[1]
        issued = tom.post(preview.replace("/preview", "/issue"), data={"version": seen})
        assert issued.status_code == 303
        page = tom.get(issued.headers["Location"]).text
        assert "已下达，共生成 8 项任务" in page
        requirement_id = UUID(preview.split("/")[-2])
        specs = given.requirement(world, requirement_id).specs
        assert [(spec.key, spec.kind.value, spec.required) for spec in specs] == [
            ("f1", "long_text", True),
            ("f2", "integer", False),
            ("f3", "choice", False),
        ]
        assert [option.label for option in specs[2].options] == ["平稳", "有较大隐患"]

    def test_what_is_wrong_is_named_and_what_was_typed_stays(self, world: World) -> None:
        answer = world.client("tom").post("/requirements/new", data={**FORM, "title": "", "due.count": "很多"})
        assert answer.status_code == 422
        for name in ("title", "due.count"):
            assert f'href="#{name}"' in errors_of(answer.text)
            assert f'id="{name}"' in answer.text
        assert 'value="很多"' in answer.text
        assert "有较大隐患" in answer.text

    def test_dates_are_worked_out_while_typing(self, world: World) -> None:
        tom = world.client("tom")
        box = tom.post("/requirements/due-box", data=FORM).text
        assert "6月28日" in box
        assert "将有 4 期" in box
        assert (
            "2099"
            in tom.post(
                "/requirements/due-box",
                data={**FORM, "due.unit": "working_day", "active_from": "2099-01-01", "active_until": "2099-12-31"},
            ).text
        )

    @pytest.mark.parametrize(
        "typed",
        [
            {"due.kind": "fixed", "due.on": "0001-01-01", "due.before": "exclusive"},
            {"due.kind": "fixed", "due.on": "9999-12-31"},
            {"active_until": "9999-12-31"},
            {"active_from": "0001-01-01"},
        ],
    )
    def test_the_ends_of_the_calendar_are_no_days(self, world: World, typed: dict[str, str]) -> None:
        tom = world.client("tom")
        assert tom.post("/requirements/due-box", data=FORM | typed).status_code == 200
        answer = tom.post("/requirements/new", data=FORM | typed)
        assert (answer.status_code, "1900 至 2200" in errors_of(answer.text)) == (422, True)

    def test_a_template_of_the_kind_fills_the_form(self, world: World) -> None:
        page = world.client("tom").get("/requirements/new?template=village_check&year=2026").text
        assert "村（社区）安全检查月报" in page
        assert 'value="2026-12-31"' in page

    def test_editing_a_draft(self, world: World) -> None:
        requirement_id = given.drafted(world)
        tom = world.client("tom")
        page = tom.get(f"/requirements/{requirement_id}/edit").text
        assert "工作完成情况" in page
        assert tom.post(f"/requirements/{requirement_id}/edit", data={**FORM, "version": "1"}).status_code == 303
        assert given.requirement(world, requirement_id).title == "季度工作总结"
        stale = tom.post(f"/requirements/{requirement_id}/edit", data={**FORM, "version": "1", "title": "另一个标题"})
        assert stale.status_code == 412
        assert "另一个标题" in stale.text

    @pytest.mark.parametrize(("who", "status"), [("vera", 403), ("vlad", 403), ("adam", 404)])
    def test_who_may_not_write_any(self, world: World, who: str, status: int) -> None:
        assert world.client(who).get("/requirements/new").status_code == status
        assert world.client(who).post("/requirements/new", data=FORM).status_code == status

    @pytest.mark.parametrize(("who", "status"), [("tina", 404), ("vera", 403), ("cora", 403), ("ewa", 404)])
    def test_who_may_not_touch_anothers(self, world: World, who: str, status: int) -> None:
        draft, issued = given.drafted(world), given.issued(world)
        browser = world.client(who)
        for act in ("issue", "edit"):
            assert browser.post(f"/requirements/{draft}/{act}", data=FORM).status_code in {403, 404}
        answer = browser.post(f"/requirements/{issued}/withdraw", data={"reason": "x"})
        assert answer.status_code == status

    def test_withdrawing(self, world: World) -> None:
        requirement_id = given.issued(world)
        tom = world.client("tom")
        assert tom.post(f"/requirements/{requirement_id}/withdraw", data={"reason": ""}).status_code == 422
        assert tom.post(f"/requirements/{requirement_id}/withdraw", data={"reason": "作废"}).status_code == 303
        assert given.requirement(world, requirement_id).stands is RequirementState.WITHDRAWN
        duty_id = given.duty_id(world, requirement_id)
        assert "撤销了这项任务，不用再报" in world.client("vera").get(f"/duties/{duty_id}").text

    def test_issuing_to_nobody_is_explained(self, world: World) -> None:
        requirement_id = given.drafted(world, targets={"scope": "children", "levels": ["enterprise"]})
        answer = world.client("tom").post(f"/requirements/{requirement_id}/issue", data={"version": "1"})
        assert answer.status_code == 409
        assert "没有任何单位需要报送" in answer.text

    def test_a_year_without_calendar_is_said_on_the_preview(self, world: World) -> None:
        requirement_id = given.drafted(
            world, due={"kind": "fixed", "on": "2099-03-01", "shift": "next_working_day"}, active_until="2099-12-31"
        )
        page = world.client("tom").get(f"/requirements/{requirement_id}/preview")
        assert page.status_code == 200
        assert "2099" in page.text and "工作日历" in page.text
