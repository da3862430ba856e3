"""Pages of ladders: a requirement's with its preview, the tenant's, and the choice of how mail comes."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from duban.calendar.ladder_json import ladder_to_json
from duban.calendar.ladder_presets import SANMING
from duban.calendar.ladders import Colour, Party, Recipient
from duban.kernel.errors import InvalidInputError
from duban.notifications.models import NoticeChoice
from duban.reporting import operations
from duban.reporting.climbing import ladder_of
from duban.reporting.pages.choices import from_template
from duban.tenancy.ladders import duty_ladder, matters_ladder
from duban.tenancy.models import Catalogue
from duban.tenancy.queries import catalogue
from tests.cast import World
from tests.integration.reporting import requirements as given

STEP = {
    "step.0.code": "near", "step.0.name_zh": "临近", "step.0.kind": "due", "step.0.days": "-2", "step.0.hour": "09:00",
    "step.0.to.0.party": "own", "step.0.to.0.who": "responsible",
    "step.1.code": "late", "step.1.name_zh": "逾期", "step.1.kind": "due", "step.1.days": "1", "step.1.colour": "red",
    "step.1.to.0.party": "own", "step.1.to.0.who": "responsible",
    "step.1.to.1.party": "issuer", "step.1.to.1.who": "leader", "step.1.to.1.copy": "1",
}  # fmt: skip


class TestOfARequirement:
    def test_shows_who_gets_what_on_which_day(self, world: World) -> None:
        requirement_id = given.issued(world)
        page = world.client("tom").get(f"/requirements/{requirement_id}/ladder").text
        for words in ("3月13日", "3月17日", "3月19日", "3月21日", "3月23日", "魏文书"):
            assert words in page
        assert "已报送、等待审核满 3 个工作日" in page

    def test_another_of_the_tenants_can_be_taken_and_is_not_kept_before_it_is_saved(self, world: World) -> None:
        requirement_id = given.issued(world)
        page = world.client("tom").get(f"/requirements/{requirement_id}/ladder?from=sanming").text
        assert "橙色警示单" in page
        assert ladder_of(given.requirement(world, requirement_id)).code == "standard"

    def test_previews_what_is_typed_and_saves_it(self, world: World) -> None:
        requirement_id = given.issued(world)
        client, url = world.client("tom"), f"/requirements/{requirement_id}/ladder"
        typed = STEP | {"code": "own", "name_zh": "自定", "version": "2"}
        shown = client.post(url, data=typed | {"act": "preview"})
        assert shown.status_code == 200 and "3月18日" in shown.text and "09:00" in shown.text and "（抄送）" in shown.text
        saved = client.post(url, data=typed | {"act": "save"})
        assert saved.status_code == 302
        ladder = ladder_of(given.requirement(world, requirement_id))
        assert [(one.code, one.trigger.days, len(one.copies)) for one in ladder.steps] == [("near", -2, 0), ("late", 1, 1)]
        with world.as_system(at=given.at("03-10", "12:00")) as scope:
            operations.plan_reminders(scope)
        assert given.duty(world, given.duty_id(world, requirement_id)).next_step_at == given.at("03-18", "09:00")

    def test_a_mistake_is_named_at_its_field_and_nothing_typed_is_lost(self, world: World) -> None:
        requirement_id = given.issued(world)
        typed = STEP | {"code": "own", "name_zh": "自定", "version": "2", "act": "save", "step.1.days": "bald"}
        page = world.client("tom").post(f"/requirements/{requirement_id}/ladder", data=typed)
        assert page.status_code == 422
        assert 'href="#step.1.days"' in page.text and 'value="bald"' in page.text and "第 2 步（late）" in page.text

    def test_a_stale_save_is_refused(self, world: World) -> None:
        requirement_id = given.issued(world)
        typed = STEP | {"code": "own", "name_zh": "自定", "version": "1", "act": "save"}
        assert world.client("tom").post(f"/requirements/{requirement_id}/ladder", data=typed).status_code == 412

    def test_what_the_new_ladder_would_have_said_before_is_not_made_up_for(self, world: World) -> None:
        requirement_id = given.issued(world)
        duty_id = given.duty_id(world, requirement_id)
        with world.as_("tom", at=given.at("03-19", "12:00")) as scope:
            operations.set_requirement_ladder(scope, requirement_id=requirement_id, ladder=SANMING, version=2)
        with world.as_system(at=given.at("03-19", "12:01")) as scope:
            operations.plan_reminders(scope)
        assert [stage for _, stage, _ in given.messages(world, subject_id=duty_id) if stage.startswith("step:")] == []
        assert given.duty(world, duty_id).next_step_at == given.at("03-24", "08:00")  # orange: three working days from the 19th


class TestOfTheTenant:
    def test_is_edited_by_its_administrators_from_a_day_on(self, world: World) -> None:
        client = world.client("adam")
        assert "三色督办单（三明）" in client.get("/ladders").text
        assert client.get("/ladders/standard").status_code == 200
        typed = STEP | {"code": "standard", "name_zh": "本县提醒", "version": "1", "act": "save", "active_from": "2026-03-11"}
        assert client.post("/ladders/standard", data=typed).status_code == 302
        with world.as_system() as scope:
            rows = scope.session.execute(
                select(Catalogue.version, Catalogue.active_from)
                .where(Catalogue.tenant_id == scope.tenant_id, Catalogue.part == "ladder")
                .order_by(Catalogue.version)
            ).all()
        assert [(version, str(day)) for version, day in rows][1:] == [(2, "2026-03-11")]
        before = given.drafted(world)
        assert ladder_of(given.requirement(world, before)).name.zh == "按截止日期提醒"
        with world.as_("tom", at=given.at("03-11")) as scope:
            form = given.requirement_form(given.data())
            after = operations.create_requirement(scope, unit_id=world.units["T1"], form=form).id
        assert ladder_of(given.requirement(world, after)).name.zh == "本县提醒"

    def test_a_new_one_from_a_sample_and_the_first_of_all(self, world: World) -> None:
        client = world.client("adam")
        assert "蓝色：临近到期" in client.get("/ladders/new?preset=suqian").text
        typed = STEP | {
            "code": "mine",
            "name_zh": "自定",
            "version": "1",
            "act": "save",
            "active_from": "2026-03-10",
            "first": "1",
        }
        assert client.post("/ladders/new", data=typed).status_code == 302
        assert ladder_of(given.requirement(world, given.drafted(world))).code == "mine"

    def test_refuses_a_code_used_twice_a_past_day_and_an_empty_list(self, world: World) -> None:
        client = world.client("adam")
        typed = STEP | {"code": "sanming", "name_zh": "x", "version": "1", "act": "save", "active_from": "2026-03-10"}
        assert client.post("/ladders/new", data=typed).status_code == 422
        assert client.post("/ladders/new", data=typed | {"code": "y", "active_from": "2026-03-09"}).status_code == 422
        gone = client.put("/api/v1/ladders", json={"items": [], "active_from": "2026-03-10"}, headers={"If-Match": '"1"'})
        assert gone.status_code == 422

    def test_deletes_one(self, world: World) -> None:
        client = world.client("adam")
        assert (
            client.post("/ladders/suqian", data={"act": "remove", "version": "1", "active_from": "2026-03-10"}).status_code == 302
        )
        assert "宿迁）" not in client.get("/ladders").text.partition("新的提醒阶梯")[0]

    def test_is_closed_to_others(self, world: World) -> None:
        for who, status in (("tom", 404), ("vera", 404)):
            assert world.client(who).get("/ladders").status_code == status


class TestTheApi:
    def test_reads_and_sets_a_requirements_ladder(self, world: World) -> None:
        client, url = world.client("tom"), f"/api/v1/requirements/{given.issued(world)}/ladder"
        read = client.get(url)
        body = read.json
        assert body["code"] == "standard"
        body["steps"] = body["steps"][:1]
        written = client.put(url, json=body, headers={"If-Match": read.headers["ETag"]})
        assert written.status_code == 200 and [step["code"] for step in written.json["steps"]] == ["before_7"]
        assert client.put(url, json=body, headers={"If-Match": read.headers["ETag"]}).status_code == 412

    def test_names_the_step_that_is_wrong(self, world: World) -> None:
        client, url = world.client("tom"), f"/api/v1/requirements/{given.issued(world)}/ladder"
        read = client.get(url)
        body = read.json
        body["steps"][1]["to"] = [{"party": "own", "who": "nobody.at_all"}]
        refused = client.put(url, json=body, headers={"If-Match": read.headers["ETag"]})
        assert refused.status_code == 422 and "steps[1].to[0].who" in refused.text


class TestMail:
    def test_a_person_chooses(self, world: World) -> None:
        client = world.client("vera")
        page = client.get("/account/notices").text
        assert "每天汇总成一封" in page
        typed = {"email": "digest", "digest_at": "07:45", "quiet_from": "20:00", "quiet_to": "07:30", "version": "0"}
        assert client.post("/account/notices", data=typed | {"quiet_to": ""}).status_code == 422
        assert client.post("/account/notices", data=typed).status_code == 303
        assert client.post("/account/notices", data=typed).status_code == 412
        assert client.get("/api/v1/notices/choice").json["digest_at"] == "07:45"
        with world.as_system() as scope:
            row = scope.session.scalars(select(NoticeChoice).where(NoticeChoice.tenant_id == scope.tenant_id)).one()
            assert (row.email, row.quiet_from, row.version) == ("digest", "20:00", 1)

    def test_the_tenants_hours_hold_from_their_day(self, world: World) -> None:
        client = world.client("adam")
        typed = {"quiet_from": "20:00", "quiet_to": "07:30", "red_exempt": "1", "active_from": "2026-03-11", "version": "0"}
        assert client.post("/notices/hours", data=typed | {"active_from": "2026-03-01"}).status_code == 422
        assert client.post("/notices/hours", data=typed).status_code == 303
        assert client.get("/api/v1/notices/hours").json["active_from"] == str(date(2026, 3, 11))
        assert world.client("tom").get("/notices/hours").status_code == 404

    def test_reads_and_sets_the_tenants(self, world: World) -> None:
        client = world.client("adam")
        read = client.get("/api/v1/ladders")
        body = {"items": read.json["items"][1:], "active_from": "2026-03-10"}
        written = client.put("/api/v1/ladders", json=body, headers={"If-Match": read.headers["ETag"]})
        assert written.status_code == 200, written.json
        assert [one["code"] for one in client.get("/api/v1/ladders").json["items"]] == [
            "sanming",
            "suqian",
            "matters",
            "dispatches",
        ]
        again = client.put("/api/v1/ladders", json=body, headers={"If-Match": read.headers["ETag"]})
        assert again.status_code == 412


def test_the_duty_says_what_was_sent_and_what_is_next(world: World) -> None:
    requirement_id = given.issued(world)
    duty_id = given.duty_id(world, requirement_id)
    with world.as_("tom") as scope:
        operations.set_requirement_ladder(scope, requirement_id=requirement_id, ladder=SANMING, version=2)
    with world.as_system(at=given.at("03-17", "08:00")) as scope:
        operations.plan_reminders(scope)
    page = world.client("vera").get(f"/duties/{duty_id}").text
    shown = page[page.index('id="reminders"') :].partition("</section>")[0]
    assert "蓝色提醒单" in shown and "蓝色" in shown and "下一次提醒" in shown and "3月20日" in shown


def test_lists_show_the_colour_reached(world: World) -> None:
    requirement_id = given.issued(world)
    with world.as_("tom") as scope:
        operations.set_requirement_ladder(scope, requirement_id=requirement_id, ladder=SANMING, version=2)
    assert "蓝色" not in world.client("vera").get("/duties").text
    with world.as_system(at=given.at("03-17", "08:00")) as scope:
        operations.plan_reminders(scope)
    own, superior = world.client("vera"), world.client("tom")
    assert "蓝色" in own.get("/duties").text
    assert "蓝色" in own.get("/").text
    assert superior.get(f"/requirements/{requirement_id}").text.count("蓝色") == 2, "both units"
    given.handed_in(world, given.duty_id(world, requirement_id))
    assert superior.get(f"/requirements/{requirement_id}").text.count("蓝色") == 1, "handed in, no sheet presses"


def test_a_requirement_names_its_ladder(world: World) -> None:
    form = given.requirement_form(given.data() | {"ladder": "sanming"})
    with world.as_("tom") as scope:
        made = operations.create_requirement(scope, unit_id=world.units["T1"], form=form).id
    assert ladder_of(given.requirement(world, made)).code == "sanming"
    for wrong in ("nothing", "matters"):
        with pytest.raises(InvalidInputError), world.as_("tom") as scope:
            operations.create_requirement(
                scope, unit_id=world.units["T1"], form=given.requirement_form(given.data() | {"ladder": wrong})
            )
    with world.as_system() as scope:
        template = catalogue(scope, "requirements")["items"][0]
        assert from_template({**template, "ladder": "suqian"}, 2026)["ladder"] == "suqian"
    assert '<option value="sanming"' in world.client("tom").get("/requirements/new").text


class TestOfMatters:
    TYPED = STEP | {
        "code": "matters", "name_zh": "三色单", "version": "1", "act": "save", "active_from": "2026-03-10", "major_from": "red",
        "step.0.colour": "yellow", "step.0.answer_days": "2", "step.0.to.1.party": "co", "step.0.to.1.who": "responsible",
    }  # fmt: skip

    def test_is_edited_where_the_others_are(self, world: World) -> None:
        client = world.client("adam")
        page = client.get("/ladders/matters").text
        assert "协办单位" in page and "缺报进展" in page and "删除这个阶梯" not in page
        assert client.post("/ladders/matters", data=self.TYPED).status_code == 302
        with world.as_system() as scope:
            ladder = matters_ladder(scope)
            assert (ladder.major_from, ladder.steps[0].colour, ladder.steps[0].answer_days) == (Colour.RED, Colour.YELLOW, 2)
            assert Recipient(Party.CO) in ladder.steps[0].to
        assert "2 天内未回复，次日转下一步" in client.get("/ladders").text

    def test_what_only_matters_have_is_refused_elsewhere(self, world: World) -> None:
        client = world.client("adam")
        for more in ({}, {"step.0.to.1.party": "", "step.1.kind": "event", "step.1.event": "behind"}):
            page = client.post("/ladders/standard", data=self.TYPED | {"code": "standard"} | more)
            assert page.status_code == 422
            assert "只有督办事项才有" in page.text
        requirement_id = given.issued(world)
        page = world.client("tom").get(f"/requirements/{requirement_id}/ladder").text
        assert "督办事项三色单" not in page and "协办单位" not in page

    def test_a_step_for_missed_progress_kept_in_a_duties_ladder_is_passed_over(self) -> None:
        late = {
            "code": "late",
            "name": {"zh": "x"},
            "trigger": {"kind": "event", "days": 0, "event": "behind"},
            "to": [{"party": "own"}],
        }
        kept = ladder_to_json(SANMING)
        assert duty_ladder({**kept, "steps": [*kept["steps"], late]}) == SANMING
