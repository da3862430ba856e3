"""The designer's pages without a script: every button is a round trip, nothing typed is lost, nothing is published by accident."""

import re
from datetime import date

import pytest

from duban.forms import queries
from duban.forms.reading import read_design
from duban.kernel.scope import owned
from duban.reporting.models import Requirement
from tests.cast import World
from tests.integration.forms import given
from tests.integration.reporting import requirements

START = {"title": "隐患月报", "version": "1"}


def begun(world: World) -> str:
    """A blank form's address."""
    answer = world.client("tom").post("/forms/new", data={"title": "隐患月报"})
    assert answer.status_code == 303
    return answer.headers["Location"].removesuffix("/design")


class TestDesigner:
    def test_every_button_is_a_round_trip(self, world: World) -> None:
        here, browser = begun(world), world.client("tom")
        answer = browser.post(f"{here}/design", data=START | {"act": "add:integer"})
        assert answer.headers["Location"].endswith("/design?at=fields.0#fields.0")
        sent = {"fields.0.key": "f1", "fields.0.label": "发现", "fields.0.kind": "integer"}
        browser.post(f"{here}/design", data=START | sent | {"version": "2", "act": "add:table"})
        page = browser.get(f"{here}/design").text
        assert 'name="fields.1.columns.0.label"' in page
        assert 'value="发现"' in page
        # what the filler sees stands beside it
        assert 'name="answer.f1"' in page

    def test_a_kind_of_its_own_settings(self, world: World) -> None:
        here, browser = begun(world), world.client("tom")
        sent = {"fields.0.label": "方式", "fields.0.kind": "multi_choice", "fields.0.options": "自查\n抽查", "act": "retype"}
        browser.post(f"{here}/design", data=START | sent)
        page = browser.get(f"{here}/design?at=fields.0").text
        assert 'name="fields.0.options"' in page
        assert 'name="fields.0.unit"' not in page

    def test_saving_says_what_is_wrong_at_its_box_and_keeps_it(self, world: World) -> None:
        here, browser = begun(world), world.client("tom")
        sent = {"fields.0.label": "", "fields.0.kind": "integer", "fields.0.minimum": "五", "act": "save"}
        page = browser.post(f"{here}/design", data=START | sent, follow_redirects=True).text
        assert 'href="#fields.0.label"' in page
        assert 'href="#fields.0.minimum"' in page
        assert 'value="五"' in page
        assert browser.get(f"{here}/publish").headers["Location"].endswith("/design?check=1")

    def test_a_stale_design_is_shown_again_with_what_was_typed(self, world: World) -> None:
        here, browser = begun(world), world.client("tom")
        browser.post(f"{here}/design", data=START | {"act": "add:text"})
        answer = browser.post(f"{here}/design", data=START | {"fields.0.label": "我写的", "fields.0.kind": "text", "act": "save"})
        assert answer.status_code == 412
        assert 'value="我写的"' in answer.text

    def test_a_title_is_needed(self, world: World) -> None:
        here, browser = begun(world), world.client("tom")
        answer = browser.post(f"{here}/design", data={"title": "", "version": "1", "act": "add:text"})
        assert answer.status_code == 422
        assert 'href="#title"' in answer.text

    def test_begins_with_what_the_kind_suggests(self, world: World) -> None:
        browser = world.client("cora")
        assert 'value="隐患排查治理情况月报"' in browser.get("/forms/new?template=hazard_statistics").text
        answer = browser.post("/forms/new", data={"title": "隐患月报", "template": "hazard_statistics"})
        assert "隐患总数" in browser.get(answer.headers["Location"]).text

    @pytest.mark.parametrize("who", ["vera", "tess", "adam"])
    def test_who_asks_nothing_begins_nothing(self, world: World, who: str) -> None:
        assert world.client(who).get("/forms/new").status_code in {403, 404}
        assert world.client(who).post("/forms/new", data={"title": "x"}).status_code in {403, 404}
        with world.as_("tom") as scope:
            assert not queries.list_forms(scope).items


class TestTrying:
    def test_says_what_a_filler_would_be_told_and_keeps_nothing(self, world: World) -> None:
        form_id = given.published(world)
        browser = world.client("vera")
        sent = {"answer.found": "9", "answer.fire": "4", "answer.cases.0.place": "站", "answer.cases.0.number": "2"}
        sent |= {"answer.cases.0.price": "10"}
        page = browser.post(f"/forms/{form_id}/test", data=sent).text
        assert 'href="#answer.found"' in page
        assert "20.00" in page
        page = browser.post(f"/forms/{form_id}/test", data=sent | {"answer.fire": "9"}).text
        assert "可以提交" in page
        page = browser.post(f"/forms/{form_id}/test", data=sent | {"row": "add:cases"}).text
        assert 'name="answer.cases.1.place"' in page


class TestVersions:
    def test_publishing_shows_what_changes_for_open_drafts(self, world: World) -> None:
        form_id = given.published(world)
        due = requirements.MONTHLY
        requirement_id = requirements.issued(
            world, form_id=str(form_id), fields=[], due=due, active_from="2026-03-01", active_until="2026-04-30"
        )
        duty_id = requirements.duty_id(world, requirement_id, "V11", "2026-03")
        world.client("vera").post(f"/duties/{duty_id}/draft", data={"answer.fire": "1"})
        with world.as_("tom") as scope:
            version = given.row(scope, form_id).version
        browser = world.client("tom")
        sent = {
            "title": "隐患月报",
            "version": str(version),
            "fields.0.label": "新的一项",
            "fields.0.kind": "text",
            "act": "save",
        }
        browser.post(f"/forms/{form_id}/design", data=sent)
        page = browser.get(f"/forms/{form_id}/publish?effective_from=2026-03-01").text
        facts = re.sub(r"<[^>]+>|\s+", " ", page[page.index("对正在进行的填报") :])
        assert re.search(r"正在使用的要求 +1 +改用这一版的未报任务 +4 +其中已经动笔的 +1", facts), facts[:300]
        assert "发现隐患" in page
        assert "不再要求" in page
        later = browser.get(f"/forms/{form_id}/publish?effective_from=2026-04-15").text
        facts = re.sub(r"<[^>]+>|\s+", " ", later[later.index("对正在进行的填报") :])
        assert re.search(r"改用这一版的未报任务 +2 +其中已经动笔的 +0", facts), facts[:300]
        done = browser.post(
            f"/forms/{form_id}/publish", data={"effective_from": "2026-03-01", "version": str(version + 1)}, follow_redirects=True
        )
        assert "第 2 版已发布" in done.text
        assert "新增" in browser.get(f"/forms/{form_id}/compare?old=1&new=2").text

    def test_copying_and_retiring(self, world: World) -> None:
        form_id = given.published(world, "cora", "C")
        copied = world.client("tom").post(f"/forms/{form_id}/copy", follow_redirects=True)
        assert 'value="隐患排查月报（副本）"' in copied.text
        with world.as_("cora") as scope:
            version = given.row(scope, form_id).version
        page = world.client("cora").post(f"/forms/{form_id}/retire", data={"version": str(version)}, follow_redirects=True).text
        assert "已停用" in page
        given.published(world, "cora", "C", title="另一张")
        assert "隐患排查月报" not in world.client("cora").get("/requirements/new").text
        assert date(2026, 1, 1) < world.now.date()


class TestTakingFromBelow:
    def picked(self, world: World, who: str, **sent: str) -> str:
        """What the designer shows of a number after a button."""
        made = world.client(who).post("/forms/new", data={"title": "汇总月报"})
        here = made.headers["Location"].removesuffix("/design")
        data = {
            "title": "汇总月报",
            "version": "1",
            "fields.0.key": "f1",
            "fields.0.label": "发现隐患",
            "fields.0.kind": "integer",
        }
        answer = world.client(who).post(f"{here}/design", data=data | sent | {"act": "retype:fields.0"})
        return world.client(who).get(answer.headers["Location"]).text

    def test_offers_forms_and_requirements_of_those_below_by_name(self, world: World) -> None:
        given.published(world, code="yh")
        requirements.issued(
            world, "tom", "T1", title="一次性统计", fields=[{"key": "found", "label": "发现数", "kind": "integer"}]
        )
        page = self.picked(world, "cora")
        assert re.search(r'<option value="yh"[^>]*>隐患排查月报（城东镇）', page)
        assert "一次性统计（城东镇）" in page
        assert "from_below_key" not in page, "which figure is asked when it is known whose"
        # who is neither above nor below is offered nothing of it
        assert "隐患排查月报" not in self.picked(world, "tina")

    def test_the_field_of_the_same_name_is_chosen_and_kept(self, world: World) -> None:
        given.published(world, code="yh")
        page = self.picked(world, "cora", **{"fields.0.from_below": "yh"})
        assert '<option value="found" selected>发现隐患</option>' in page
        assert '<option value="note"' not in page, "only numbers"
        assert 'id="fields.0"' in page
        assert 'data-at="fields.0"' in page
        with world.as_("cora") as scope:
            [form] = [one for one in queries.list_forms(scope).items if one.title == "汇总月报"]
            assert read_design(form.design).form.fields[0].from_below == "yh.found"


class TestSavedByItself:
    AUTOSAVE = {"X-Requested-With": "autosave"}

    def test_what_is_typed_is_kept_and_the_next_version_told(self, world: World) -> None:
        here, browser = begun(world), world.client("tom")
        sent = START | {"fields.0.label": "发现", "fields.0.kind": "integer", "fields.0.minimum": "五"}
        answer = browser.post(f"{here}/design", data=sent, headers=self.AUTOSAVE)
        assert answer.status_code == 200
        assert answer.json["version"] == 2
        page = browser.get(f"{here}/design").text
        assert 'value="发现"' in page
        assert 'value="五"' in page, "kept however wrong"
        assert 'data-version="2"' in page
        assert "data-warn" in page
        assert "已保存，尚未发布" not in page, "nothing is announced that nobody pressed"

    def test_an_older_page_saves_over_nothing(self, world: World) -> None:
        here, browser = begun(world), world.client("tom")
        browser.post(f"{here}/design", data=START | {"act": "add:text"})
        answer = browser.post(f"{here}/design", data=START | {"fields.0.label": "旧"}, headers=self.AUTOSAVE)
        assert answer.status_code == 412
        assert 'value="旧"' not in browser.get(f"{here}/design").text

    def test_a_form_without_a_name_is_not_saved_by_itself(self, world: World) -> None:
        here = begun(world)
        answer = world.client("tom").post(f"{here}/design", data=START | {"title": ""}, headers=self.AUTOSAVE)
        assert answer.status_code == 422

    def test_a_requirement_half_written_comes_back_from_the_device_rows_and_all(self, world: World) -> None:
        """The script asks for the page with what was kept; that saves nothing."""
        sent = {"title": "临时统计", "fields.0.label": "检查家数", "fields.0.kind": "integer", "act": "restore"}
        answer = world.client("tom").post("/requirements/new", data=sent)
        assert answer.status_code == 200
        assert 'value="检查家数"' in answer.text
        assert 'data-keep="requirement:' in answer.text
        with world.as_("tom") as scope:
            assert not scope.session.scalars(owned(scope, Requirement)).all()


def test_fields_without_a_name_are_called_by_where_they_stand(world: World) -> None:
    here, browser = begun(world), world.client("tom")
    sent = {"fields.0.key": "f1", "fields.0.label": "发现", "fields.0.kind": "integer"}
    sent |= {"fields.1.key": "f2", "fields.1.label": "", "fields.1.kind": "integer"}
    sent |= {"fields.2.key": "f3", "fields.2.label": "", "fields.2.kind": "table"}
    browser.post(f"{here}/design", data=START | sent | {"act": "check:breakdown"})
    page = browser.get(f"{here}/design?at=checks.0").text
    ticks = page[page.index("哪些项加起来等于它") :]
    assert "第 2 项（未命名）" in ticks
    assert "第 3 项（未命名）的行数" in ticks
