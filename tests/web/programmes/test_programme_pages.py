"""Pages of programmes: from a document to an issued programme to the one a township derives."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest

from duban.programmes import queries
from duban.programmes.states import State
from tests.cast import World

Make = Callable[..., UUID]


def version_on(page: str) -> str:
    return re.search(r'name="version" value="(\d+)"', page)[1]


def programme_at(location: str) -> str:
    return re.search(r"/programmes/([0-9a-f-]{36})", location)[1]


class TestFromDocumentToSubordinate:
    def test_whole_way(self, world: World, document_of: Make) -> None:
        cora, tom = world.client("cora"), world.client("tom")
        document_id = document_of()
        opened = cora.post(
            f"/documents/{document_id}/programmes/new", data={"title": "安全生产年方案", "year": "2011", "goal": "零事故"}
        )
        programme_id = programme_at(opened.headers["Location"])
        edit = f"/programmes/{programme_id}/edit"

        page = cora.get(edit).text
        for address, data in (
            ("stages", {"name": "部署", "wording": "2011年4月底"}),
            ("groups", {"name": "一、责任"}),
            (
                "tasks/new",
                {
                    "number": "",
                    "title": "签订责任书",
                    "text": "逐级签订",
                    "lead_id": str(world.units["D1"]),
                    "unit_ids": [str(world.units["T1"])],
                    "tags": "三项建设",
                },
            ),
        ):
            answer = cora.post(f"/programmes/{programme_id}/{address}", data=data | {"version": version_on(page)})
            assert answer.status_code == 302, answer.text
            page = cora.get(edit).text
        assert "2011年4月30日" in page
        assert tom.get(f"/programmes/{programme_id}").status_code == 404

        issued = cora.post(f"/programmes/{programme_id}/issue", data={"version": version_on(page)}, follow_redirects=True)
        assert "方案已下发" in issued.text
        assert "0 / 3 个下级承接" in issued.text

        seen = tom.get(f"/programmes/{programme_id}").text
        assert "制定本级方案" in seen
        assert "交通局（牵头）" in seen
        derive = tom.get(f"/programmes/{programme_id}/derive").text
        task_id = re.search(r'name="task_ids" value="([0-9a-f-]{36})" checked', derive)[1]
        made = tom.post(f"/programmes/{programme_id}/derive", data={"title": "城东镇方案", "year": "2011", "task_ids": [task_id]})
        own_id = programme_at(made.headers["Location"])
        own = tom.get(f"/programmes/{own_id}").text
        assert "承接上级第 1 项：签订责任书" in own
        assert tom.get(f"/programmes/{programme_id}/derive").headers["Location"].endswith(own_id)

        tom.post(f"/programmes/{own_id}/issue", data={"version": version_on(tom.get(f"/programmes/{own_id}/edit").text)})
        above = cora.get(f"/programmes/{programme_id}").text
        assert "3 个下级中已有 1 个制定本级方案" in above
        assert "1 / 3 个下级承接" in above


class TestOpen:
    def test_a_mistake_comes_back_as_typed(self, world: World, document_of: Make) -> None:
        document_id = document_of()
        answer = world.client("cora").post(f"/documents/{document_id}/programmes/new", data={"title": "方案甲", "year": "201x"})
        assert answer.status_code == 422
        assert "方案甲" in answer.text
        assert 'href="#year"' in answer.text

    @pytest.mark.parametrize(("who", "status"), [("tom", 200), ("vera", 200), ("lena", 403), ("ewa", 404), ("adam", 404)])
    def test_is_for_those_who_write_programmes(self, world: World, document_of: Make, who: str, status: int) -> None:
        assert world.client(who).get(f"/documents/{document_of()}/programmes/new").status_code == status


class TestCompose:
    def test_offers_the_days_the_original_names(self, world: World, draft_of: Make) -> None:
        assert "5月20日前" in world.client("cora").get(f"/programmes/{draft_of()}/edit").text

    @pytest.mark.parametrize(
        ("address", "data", "words"),
        [
            ("stages", {"name": "", "wording": "4月底"}, "请填写此项"),
            ("stages", {"name": "部署", "start_on": "2011-05-02", "end_on": "2011-05-01"}, "结束日期不能早于开始日期"),
            ("groups", {"name": ""}, "请填写此项"),
            ("edit", {"title": "", "year": "2011"}, "请填写此项"),
            ("tasks/new", {"title": ""}, "请填写此项"),
            ("tasks/new", {"title": "甲任务", "number": "1"}, "任务编号 1 已经用过"),
            ("tasks/new", {"title": "甲任务", "unit_ids": "x"}, "请从给出的选项中选择"),
        ],
    )
    def test_a_mistake_is_said_and_nothing_is_lost(
        self, world: World, draft_of: Make, address: str, data: dict, words: str
    ) -> None:
        programme_id = draft_of()
        answer = world.client("cora").post(f"/programmes/{programme_id}/{address}", data=data | {"version": "4"})
        assert answer.status_code in {409, 422}
        assert words in answer.text
        for typed in data.values():
            assert typed in answer.text or typed == "x"

    def test_every_small_form_does_its_work(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of(tasks=2)
        browser = world.client("cora")
        base = f"/programmes/{programme_id}"

        def send(address: str, **data: str) -> None:
            version = version_on(browser.get(f"{base}/edit").text)
            answer = browser.post(f"{base}/{address}", data=data | {"version": version})
            assert answer.status_code == 302, answer.text

        with world.as_("cora") as scope:
            tasks = queries.tasks_of(scope, programme_id)
        send("groups", name="一、责任")
        send("stages", name="部署", end_on="2011-04-30")
        with world.as_("cora") as scope:
            stage, group = queries.stages_of(scope, programme_id)[0], queries.groups_of(scope, programme_id)[0]
        send(f"stages/{stage.id}", name="安排部署", wording="4月底")
        send(f"groups/{group.id}", name="二、督查")
        send(f"tasks/{tasks[1].id}/raise")
        send(f"tasks/{tasks[0].id}", title="改过的任务", number="一")
        send("edit", title="新名称", year="2012")
        page = browser.get(base).text
        for words in ("安排部署", "二、督查", "改过的任务", "新名称"):
            assert words in page
        send(f"tasks/{tasks[1].id}/remove")
        send(f"groups/{group.id}/remove")
        send(f"stages/{stage.id}/remove")
        with world.as_("cora") as scope:
            assert [task.title for task in queries.tasks_of(scope, programme_id)] == ["改过的任务"]

    def test_a_form_filled_in_before_somebody_elses_change_is_refused(self, world: World, draft_of: Make) -> None:
        programme_id = draft_of()
        answer = world.client("cora").post(f"/programmes/{programme_id}/tasks/new", data={"title": "迟到的任务", "version": "1"})
        assert answer.status_code == 412
        assert "迟到的任务" in answer.text

    @pytest.mark.parametrize(("who", "status"), [("lena", 403), ("tom", 404), ("ewa", 404)])
    def test_is_closed_to_others(self, world: World, draft_of: Make, who: str, status: int) -> None:
        programme_id = draft_of()
        browser = world.client(who)
        assert browser.get(f"/programmes/{programme_id}/edit").status_code == status
        assert browser.post(f"/programmes/{programme_id}/stages", data={"name": "a", "version": "4"}).status_code == status

    def test_of_an_issued_programme_is_locked_and_says_why(self, world: World, issued_by: Make) -> None:
        answer = world.client("cora").get(f"/programmes/{issued_by()}/edit")
        assert answer.status_code == 409
        assert "方案已下发，内容不能再改" in answer.text


class TestStates:
    def test_recall_and_close(self, world: World, issued_by: Make) -> None:
        programme_id = issued_by()
        browser = world.client("cora")
        refused = browser.post(f"/programmes/{programme_id}/recall", data={"version": "5", "reason": ""})
        assert (refused.status_code, "请填写原因" in refused.text) == (422, True)
        assert browser.post(f"/programmes/{programme_id}/recall", data={"version": "5", "reason": "漏项"}).status_code == 302
        assert browser.post(f"/programmes/{programme_id}/issue", data={"version": "6"}).status_code == 302
        closed = browser.post(
            f"/programmes/{programme_id}/close", data={"version": "7", "reason": "全部完成"}, follow_redirects=True
        )
        assert "全部完成" in closed.text
        with world.as_("cora") as scope:
            assert queries.get_programme(scope, programme_id).state is State.CLOSED

    @pytest.mark.parametrize("act", ["issue", "recall", "close"])
    @pytest.mark.parametrize(("who", "status"), [("lena", 403), ("tom", 403), ("ewa", 404)])
    def test_are_changed_by_nobody_else(self, world: World, issued_by: Make, act: str, who: str, status: int) -> None:
        programme_id = issued_by()
        assert (
            world.client(who).post(f"/programmes/{programme_id}/{act}", data={"version": "5", "reason": "x"}).status_code
            == status
        )

    def test_an_empty_draft_is_not_issued(self, world: World, draft_of: Make) -> None:
        answer = world.client("cora").post(f"/programmes/{draft_of(tasks=0)}/issue", data={"version": "1"})
        assert answer.status_code == 409
        assert "方案还没有任务" in answer.text


def test_what_has_to_be_handed_in_is_one_step_away(world: World, issued_by: Make) -> None:
    programme_id = issued_by()
    page = world.client("cora").get(f"/programmes/{programme_id}").text
    assert f'href="/requirements?programme_id={programme_id}"' in page
    assert f'href="/requirements/new?programme_id={programme_id}"' in page
    assert "/requirements/new" not in world.client("vera").get(f"/programmes/{programme_id}").text
    for address in (f"/requirements?programme_id={programme_id}", f"/requirements/new?programme_id={programme_id}"):
        assert world.client("cora").get(address).status_code == 200


class TestDerive:
    def test_without_a_task_comes_back_as_typed(self, world: World, issued_by: Make) -> None:
        answer = world.client("tom").post(f"/programmes/{issued_by()}/derive", data={"title": "城东镇甲案", "year": "2011"})
        assert answer.status_code == 422
        assert "请至少选择一项上级任务" in answer.text
        assert "城东镇甲案" in answer.text
        assert " checked" not in answer.text

    @pytest.mark.parametrize(
        ("who", "status"), [("tom", 200), ("vera", 200), ("dora", 200), ("cora", 403), ("tess", 403), ("ewa", 404)]
    )
    def test_is_for_units_below(self, world: World, issued_by: Make, who: str, status: int) -> None:
        assert world.client(who).get(f"/programmes/{issued_by()}/derive").status_code == status


def test_the_list_filters_in_the_address_and_teaches_when_empty(world: World, issued_by: Make) -> None:
    browser = world.client("cora")
    assert "还没有工作方案" in browser.get("/programmes").text
    issued_by()
    assert "活动方案" in browser.get("/programmes?year=2011&state=issued&q=安全生产年").text
    for query in ("year=2012", "state=closed", "q=教育"):
        assert "没有找到符合条件的方案" in browser.get(f"/programmes?{query}").text
    assert browser.get("/programmes?year=x&state=x").status_code == 200


def test_pages_read_in_english(world: World, issued_by: Make, draft_of: Make) -> None:
    browser = world.client("cora")
    assert "Tasks" in browser.get(f"/programmes/{issued_by()}?lang=en").text
    assert "Add task" in browser.get(f"/programmes/{draft_of()}/edit?lang=en").text
