"""Filling in a duty whose form has every kind of question: over pages without a script, and what happens when it changes meanwhile."""

import re
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest

from duban.files.queries import list_of
from duban.forms.boxes import ANSWER
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.reporting import operations, queries
from duban.reporting.models import Submission
from duban.reporting.queries.forms import form_of, values_of
from tests.cast import World
from tests.integration.forms import given as forms
from tests.integration.reporting import requirements as given

PICTURE = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\5\0\1\xff"
    b"\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82"
)
SOUND = {
    "answer.found": ">７50", "answer.fire": "12", "answer.traffic": "不适用", "answer.cases.0.place": "加油站",
    "answer.cases.0.number": "2", "answer.cases.0.price": "1,200.50", "answer.cases.3.place": "市场",
    "answer.ways.o1": "on", "answer.ways.o3": "on", "answer.note": "无",
}  # fmt: skip
EXACT = SOUND | {"answer.found": "12"}


def monthly(world: World, form_id: UUID, **more: Any) -> UUID:
    return given.issued(
        world, form_id=str(form_id), fields=[], due=given.MONTHLY, active_from="2026-02-01", active_until="2026-04-30", **more
    )


def february(world: World, requirement_id: UUID, unit: str = "V11") -> UUID:
    return given.duty_id(world, requirement_id, unit, "2026-02")


def march(world: World, requirement_id: UUID, unit: str = "V11") -> UUID:
    return given.duty_id(world, requirement_id, unit, "2026-03")


def last(world: World, duty_id: UUID) -> Submission:
    with world.as_("vera") as scope:
        return queries.versions_of(scope, duty_id)[-1]


@pytest.fixture
def duty_id(world: World) -> UUID:
    return march(world, monthly(world, forms.published(world)))


class TestEveryKind:
    def test_the_page_asks_them_all(self, world: World, duty_id: UUID) -> None:
        page = world.client("vera").get(f"/duties/{duty_id}").text
        for name in (
            "answer.found",
            "answer.cases.0.place",
            "answer.cases.0.price",
            "answer.ways.o2",
            "files.photos",
            "answer.note",
        ):
            assert f'name="{name}"' in page
        assert 'data-computed="total"' in page
        assert 'data-computed="cases.0.cost"' in page
        assert page.count("不适用</span>") == 1

    def test_all_of_it_is_handed_in_as_it_was_meant(self, world: World, duty_id: UUID) -> None:
        sent = EXACT | {"files.photos": (BytesIO(PICTURE), "现场.png")}
        answer = world.client("vera").post(f"/duties/{duty_id}/submit", data=sent, content_type="multipart/form-data")
        assert answer.status_code == 303, answer.text
        content = last(world, duty_id).content
        assert content["found"] == 12
        assert content["traffic"] == {"na": True}
        assert content["cases"] == [
            {"place": "加油站", "number": 2, "price": "1200.50", "cost": "2401.00"},
            {"place": "市场", "number": None, "price": None, "cost": None},
        ]
        assert content["total"] == "2401.00"
        assert content["ways"] == ["o1", "o3"]
        assert len(content["photos"]) == 1
        page = world.client("tom").get(f"/duties/{duty_id}/review").text
        for words in ("加油站", "1,200.50 元", "2,401.00 元", "自查、专家检查", "现场.png", "不适用"):
            assert words in page
        assert page.count(">现场.png<") == 1
        # the reviewer sees the photograph itself, small
        shown = re.search(r'<img src="([^"]+)" alt="现场.png" loading="lazy"', page)
        assert shown
        with world.client("tom").get(shown.group(1)) as picture:
            assert (picture.status_code, picture.mimetype) == (200, "image/png")
            assert picture.headers["Content-Disposition"].startswith("inline")

    def test_a_qualifier_is_kept(self, world: World, duty_id: UUID) -> None:
        answer = world.client("vera").post(f"/duties/{duty_id}/submit", data=SOUND | {"answer.fire": ">750"})
        assert answer.status_code == 422
        answer = world.client("vera").post(f"/duties/{duty_id}/submit", data=SOUND | {"answer.fire": "755"})
        assert answer.status_code == 303, answer.text
        assert last(world, duty_id).content["found"] == {"n": "750", "q": ">"}
        assert "&gt;750 项" in world.client("vera").get(f"/duties/{duty_id}").text

    def test_a_broken_breakdown_is_said_at_the_total_and_loses_nothing(self, world: World, duty_id: UUID) -> None:
        sent = EXACT | {"answer.found": "20", "answer.note": "打了很久的字"}
        answer = world.client("vera").post(f"/duties/{duty_id}/submit", data=sent)
        assert answer.status_code == 422
        assert 'href="#answer.found"' in answer.text
        assert "相差 8" in answer.text
        again = world.client("vera").get(f"/duties/{duty_id}").text
        assert "打了很久的字" in again
        assert 'value="1,200.50"' in again
        with world.as_("vera") as scope:
            assert queries.versions_of(scope, duty_id) == []

    def test_a_wrong_cell_is_said_at_its_box(self, world: World, duty_id: UUID) -> None:
        answer = world.client("vera").post(f"/duties/{duty_id}/submit", data=EXACT | {"answer.cases.3.number": "两"})
        assert answer.status_code == 422
        assert 'href="#answer.cases.3.number"' in answer.text
        assert 'id="answer.cases.3.number-error"' in answer.text

    def test_rows_come_and_go_without_a_script(self, world: World, duty_id: UUID) -> None:
        browser = world.client("vera")
        answer = browser.post(f"/duties/{duty_id}/draft", data=EXACT | {"row": "add:cases"})
        assert answer.headers["Location"].endswith("#answer.cases")
        page = browser.get(f"/duties/{duty_id}").text
        assert 'name="answer.cases.4.place"' in page
        browser.post(f"/duties/{duty_id}/draft", data=EXACT | {"row": "remove:cases:0", "version": "1"})
        page = browser.get(f"/duties/{duty_id}").text
        assert "加油站" not in page
        assert "市场" in page

    def test_what_the_server_works_out_comes_with_every_saving(self, world: World, duty_id: UUID) -> None:
        saved = world.client("vera").post(f"/duties/{duty_id}/draft", data=EXACT, headers={"X-Requested-With": "autosave"})
        assert saved.json["computed"]["total"] == "2,401.00 元"
        assert saved.json["saved_at"]  # by the clock of the server, as beside it
        assert saved.json["computed"]["cases.0.cost"] == "2,401.00"


class TestWordsOfExplanation:
    def test_a_check_that_does_not_block_asks_for_one(self, world: World, duty_id: UUID) -> None:
        rows = {f"answer.cases.{row}.place": f"第{row}处" for row in range(4)}
        answer = world.client("vera").post(f"/duties/{duty_id}/submit", data=EXACT | rows)
        assert answer.status_code == 422
        assert "重点隐患超过三处" in answer.text
        said = EXACT | rows | {"explain.rows": "本月集中排查"}
        assert world.client("vera").post(f"/duties/{duty_id}/submit", data=said).status_code == 303
        assert last(world, duty_id).explanations == {"rows": "本月集中排查"}
        assert "本月集中排查" in world.client("tom").get(f"/duties/{duty_id}/review").text

    def test_a_figure_that_moved_far_too_and_last_period_stands_beside_it(self, world: World) -> None:
        requirement_id = monthly(world, forms.published(world))
        sent = {"answer.found": "10", "answer.fire": "10", "answer.cases.0.place": "码头", "answer.note": "二月"}
        first = world.client("vera").post(f"/duties/{february(world, requirement_id)}/submit", data=sent)
        assert first.status_code == 303, first.text
        duty_id = march(world, requirement_id)
        browser = world.client("vera")
        assert "上期：10 项" in browser.get(f"/duties/{duty_id}").text
        more = sent | {"answer.found": "16", "answer.fire": "16"}
        answer = browser.post(f"/duties/{duty_id}/submit", data=more)
        assert answer.status_code == 422
        assert "增加 60.0%" in answer.text
        assert browser.post(f"/duties/{duty_id}/submit", data=more | {"explain.found": "新设站点"}).status_code == 303

    def test_another_report_on_the_same_form_is_no_last_period(self, world: World) -> None:
        """Both run through March: what the one said in February is nothing to compare the other with."""
        form_id = forms.published(world)
        first, other = monthly(world, form_id), monthly(world, form_id, title="冬季燃气排查月报")
        few = {"answer.found": "10", "answer.fire": "10", "answer.cases.0.place": "码头", "answer.note": "二月"}
        assert world.client("vera").post(f"/duties/{february(world, first)}/submit", data=few).status_code == 303
        duty_id, browser = march(world, other), world.client("vera")
        assert "上期" not in browser.get(f"/duties/{duty_id}").text
        many = few | {"answer.found": "160", "answer.fire": "160"}
        assert browser.post(f"/duties/{duty_id}/submit", data=many).status_code == 303
        assert "上期" not in world.client("tom").get(f"/duties/{duty_id}/review").text
        assert browser.post(f"/duties/{march(world, first)}/submit", data=many).status_code == 422

    def test_last_years_requirement_goes_on_and_is_named(self, world: World) -> None:
        form_id = forms.published(world)
        today, world.now = world.now, given.at("02-20")
        last_year = given.issued(
            world, title="去年的月报", form_id=str(form_id), fields=[], due=given.MONTHLY,
            active_from="2026-02-01", active_until="2026-02-28",
        )  # fmt: skip
        sent = {"answer.found": "10", "answer.fire": "10", "answer.cases.0.place": "码头", "answer.note": "二月"}
        assert world.client("vera").post(f"/duties/{february(world, last_year)}/submit", data=sent).status_code == 303
        world.now = today
        this_year = given.issued(
            world, title="今年的月报", form_id=str(form_id), fields=[], due=given.MONTHLY,
            active_from="2026-03-01", active_until="2026-04-30",
        )  # fmt: skip
        duty_id, browser = march(world, this_year), world.client("vera")
        page = browser.get(f"/duties/{duty_id}").text
        assert "上期的数据（去年的月报，2026年2月）列在各项旁边。" in page
        assert "上期：10 项" in page
        more = sent | {"answer.found": "16", "answer.fire": "16"}
        assert browser.post(f"/duties/{duty_id}/submit", data=more).status_code == 422
        assert browser.post(f"/duties/{duty_id}/submit", data=more | {"explain.found": "新设站点"}).status_code == 303
        page = world.client("tom").get(f"/duties/{duty_id}/review").text
        assert "去年的月报，2026年2月" in page
        assert '<b class="far">增加 60.0%</b>' in page

    def test_blanks_are_filled_from_the_last_period_and_nothing_typed_is_changed(self, world: World) -> None:
        requirement_id = monthly(world, forms.published(world))
        world.client("vera").post(f"/duties/{february(world, requirement_id)}/submit", data=EXACT)
        duty_id = march(world, requirement_id)
        browser = world.client("vera")
        browser.post(f"/duties/{duty_id}/copy-last", data={"answer.fire": "5", "answer.note": "", "answer.cases.0.place": ""})
        with world.as_("vera") as scope:
            draft = queries.draft_of(scope, duty_id)
        assert draft is not None
        assert draft.typed["answer.fire"] == "5"
        assert draft.typed["answer.found"] == "12"
        assert draft.typed["answer.note"] == "无"
        assert draft.typed["answer.cases.0.place"] == "加油站"
        assert draft.typed["answer.ways.o3"] == "on"
        assert draft.typed["answer.traffic"] == "不适用"


class TestTheFormChanges:
    def test_under_an_open_draft_what_stays_is_kept_and_the_rest_shown(self, world: World) -> None:
        form_id = forms.published(world)
        duty_id = march(world, monthly(world, form_id))
        browser = world.client("vera")
        browser.post(f"/duties/{duty_id}/draft", data=EXACT)
        fields = [
            row | {"unit": "处"} if row["key"] == "found" else row for row in forms.HAZARDS if row["key"] not in {"note", "fire"}
        ]
        rows = forms.design(fields=[*fields, {"key": "leader", "label": "带队领导", "kind": "text", "required": True}], checks=[])
        forms.next_version(world, form_id, rows, date(2026, 3, 1))
        page = browser.get(f"/duties/{duty_id}").text
        for words in ("您开始填写以后，这张表单有变化", "带队领导", "不再要求", "项 → 处"):
            assert words in page
        assert 'name="answer.fire" rows="2" readonly>12<' in page.replace('class="form-control" id="answer.fire" ', "")
        assert 'value="1,200.50"' in page
        answer = browser.post(f"/duties/{duty_id}/submit", data=EXACT | {"version": "1"})
        assert answer.status_code == 422
        assert 'href="#answer.leader"' in answer.text
        assert ">12</textarea>" in answer.text
        answer = browser.post(f"/duties/{duty_id}/submit", data=EXACT | {"answer.leader": "王镇长", "version": "2"})
        assert answer.status_code == 303, answer.text
        version = last(world, duty_id)
        assert "fire" not in version.content
        with world.as_("tom") as scope:
            assert form_of(scope, version).field("leader") is not None
            assert values_of(scope, version)["leader"] == "王镇长"

    def test_a_version_from_a_later_day_changes_nothing(self, world: World) -> None:
        form_id = forms.published(world)
        duty_id = march(world, monthly(world, form_id))
        forms.next_version(world, form_id, forms.design(fields=forms.HAZARDS[:1], checks=[]), date(2026, 4, 1))
        assert 'name="answer.fire"' in world.client("vera").get(f"/duties/{duty_id}").text

    def test_what_was_handed_in_is_shown_in_its_own_form_and_corrected_in_the_new_one(self, world: World) -> None:
        form_id = forms.published(world)
        duty_id = march(world, monthly(world, form_id))
        world.client("vera").post(f"/duties/{duty_id}/submit", data=EXACT)
        forms.next_version(world, form_id, forms.design(fields=forms.HAZARDS[:1], checks=[]), date(2026, 3, 1))
        assert "加油站" in world.client("tom").get(f"/duties/{duty_id}/review").text
        with world.as_("tom") as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="请核对")
        page = world.client("vera").get(f"/duties/{duty_id}").text
        assert 'value="12"' in page
        assert "不再要求的内容" in page
        assert ">加油站</textarea>" in page


class TestToldAndNothingLost:
    def test_two_people_hand_in_at_once(self, world: World, duty_id: UUID) -> None:
        assert world.client("vera").post(f"/duties/{duty_id}/submit", data=EXACT).status_code == 303
        late = world.client("vera").post(
            f"/duties/{duty_id}/submit", data=EXACT | {"answer.note": "另一个人写的长说明", "version": "0"}
        )
        assert late.status_code in {409, 412}
        assert "另一个人写的长说明" in late.text
        assert "已于" in late.text
        assert last(world, duty_id).number == 1

    def test_a_duty_withdrawn_while_it_is_filled_in(self, world: World) -> None:
        requirement_id = monthly(world, forms.published(world))
        duty_id = march(world, requirement_id)
        browser = world.client("vera")
        browser.post(f"/duties/{duty_id}/draft", data=EXACT)
        with world.as_("tom") as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="并入季报")
        page = browser.get(f"/duties/{duty_id}").text
        assert "并入季报" in page
        assert "撤销了这项任务" in page
        assert "没有提交，也没有丢" in page
        assert "加油站" in page
        answer = browser.post(f"/duties/{duty_id}/submit", data=EXACT | {"answer.note": "正在写的", "version": "1"})
        assert answer.status_code == 409
        assert "正在写的" in answer.text
        assert "正在写的" in browser.get(f"/duties/{duty_id}").text
        seen = browser.get(f"/api/v1/duties/{duty_id}/draft").json
        assert "并入季报" in seen["withdrawn"]
        assert "撤销了这项任务" in seen["withdrawn"]
        quiet = {"X-Requested-With": "autosave", "If-Match": '"2"'}
        saved = browser.post(f"/duties/{duty_id}/draft", data=EXACT | {"answer.note": "600"}, headers=quiet)
        assert saved.status_code == 200
        assert "并入季报" in saved.json["withdrawn"]
        assert ">600</textarea>" in browser.get(f"/duties/{duty_id}").text
        with world.as_("vera") as scope:
            assert queries.versions_of(scope, duty_id) == []

    def test_nil_is_one_press(self, world: World, duty_id: UUID) -> None:
        page = world.client("vera").get(f"/duties/{duty_id}").text
        assert f'<form method="post" action="/duties/{duty_id}/nil">' in page
        assert world.client("vera").post(f"/duties/{duty_id}/nil").status_code == 303
        assert last(world, duty_id).is_nil


@pytest.mark.parametrize(
    ("who", "error"), [("tom", NotAllowedError), ("vlad", NotAllowedError), ("vic", NotFoundError), ("ewa", NotFoundError)]
)
def test_only_who_hands_in_copies_and_takes_files_off(world: World, duty_id: UUID, who: str, error: type[Exception]) -> None:
    sent = {"files.photos": (BytesIO(PICTURE), "现场.png"), "answer.fire": "1"}
    world.client("vera").post(f"/duties/{duty_id}/draft", data=sent, content_type="multipart/form-data")
    with world.as_("vera") as scope:
        (file,) = list_of(scope, "duty.photos", [duty_id])[duty_id]
    with world.as_(who) as scope, pytest.raises(error):
        operations.copy_last_period(scope, duty_id=duty_id, typed={})
    with world.as_(who) as scope, pytest.raises(error):
        operations.remove_duty_file(scope, duty_id=duty_id, file_id=file.id)
    page = world.client("vera").post(
        f"/duties/{duty_id}/files/{file.id}/remove", data={"answer.fire": "27"}, follow_redirects=True
    )
    assert "现场.png" not in page.text
    assert 'value="27"' in page.text


def test_a_suggestion_of_the_kind_brings_its_form(world: World) -> None:
    browser = world.client("cora")
    page = browser.get("/requirements/new?template=hazard_statistics").text
    assert 'value="template:hazard_statistics" selected' in page
    day = world.now.date()
    sent = {
        "title": "隐患月报", "targets.scope": "children", "due.kind": "fixed", "due.on": str(day + timedelta(days=20)),
        "active_from": str(day), "active_until": "2026-12-31", "form_id": "template:hazard_statistics",
    }  # fmt: skip
    for _twice in range(2):
        answer = browser.post("/requirements/new", data=sent)
        assert answer.status_code == 303, answer.text
    page = browser.get(answer.headers["Location"]).text
    assert "隐患总数" in page
    listed = browser.get("/forms").text
    assert listed.count("隐患排查治理情况月报") == 1


def test_rows_of_every_kind_are_designed_on_the_requirements_own_page(world: World) -> None:
    browser = world.client("tom")
    sent = {
        "title": "一次性调查", "targets.scope": "children", "due.kind": "fixed", "due.on": "2026-03-20", "active_from": "2026-03-01",
        "active_until": "2026-12-31", "fields.0.label": "地点", "fields.0.kind": "text", "act": "add:money",
    }  # fmt: skip
    page = browser.post("/requirements/new", data=sent)
    assert page.status_code == 200
    assert 'name="fields.1.kind"' in page.text
    assert 'value="一次性调查"' in page.text
    done = browser.post("/requirements/new", data={key: text for key, text in sent.items() if key != "act"})
    assert done.status_code == 303
    assert ANSWER == "answer."
