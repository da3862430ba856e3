"""Pages of due dates: locks, asking for a later day, deciding, opening again, many dates at once, the year, the feed."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from icalendar import Calendar
from sqlalchemy.exc import NoResultFound

from duban.identity.operations.revived import end_all_access
from duban.kernel.errors import NotAllowedError
from duban.reporting import operations, queries
from tests.cast import World
from tests.integration.reporting import requirements as given


def asked(world: World, duty_id, day: date = date(2026, 3, 27), who: str = "vera", at=None):
    with world.as_(who, at=at) as scope:
        made = operations.ask_extension(scope, duty_id=duty_id, wanted_on=day, reason="连日暴雨", progress="已查三处")
        return made.id


class TestExtension:
    def test_asked_on_the_page_and_shown_to_both(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        vera = world.client("vera")
        assert "申请延期" in vera.get(f"/duties/{duty_id}").text
        blank = vera.post(f"/duties/{duty_id}/extension", data={"wanted_on": "", "reason": " "}).text
        assert "请填写日期。" in blank and "请写明为什么需要延期。" in blank
        answer = vera.post(f"/duties/{duty_id}/extension", data={"wanted_on": "2026-03-27", "reason": "连日暴雨"})
        assert answer.status_code == 303
        page = vera.get(f"/duties/{duty_id}").text
        assert "等待答复" in page
        assert "撤回申请" in page
        tom = world.client("tom")
        listed = tom.get("/extensions").text
        assert "东一村" in listed
        assert "连日暴雨" in listed
        assert "等待答复" in tom.get(f"/duties/{duty_id}").text

    def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        answer = world.client("vera").post(
            f"/duties/{duty_id}/extension", data={"wanted_on": "2026-03-19", "reason": "", "progress": "写了一半"}
        )
        assert answer.status_code == 422
        assert "更晚的一天" in answer.text
        assert "为什么需要延期" in answer.text
        assert "写了一半" in answer.text

    def test_many_are_granted_at_once_and_what_cannot_be_is_told(self, world: World) -> None:
        requirement_id = given.issued(world)
        first, second = given.duty_id(world, requirement_id), given.duty_id(world, requirement_id, "V12")
        ids = [asked(world, first), asked(world, second, who="vic")]
        given.handed_in(world, second, "vic")
        tom = world.client("tom")
        answer = tom.post("/extensions/decide", data={"extension": ids, "decision": "grant", "due_on": "2026-03-30"})
        assert answer.status_code == 303
        page = tom.get("/extensions").text
        assert "没有等待答复的申请" in page
        assert given.duty(world, first).due_on == date(2026, 3, 30)
        assert given.duty(world, second).due_on == date(2026, 3, 20)

    def test_refused_with_a_reason_the_unit_reads(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        form = {"extension": asked(world, duty_id), "decision": "refuse", "answer": "人手足够"}
        assert world.client("tom").post("/extensions/decide", data=form).status_code == 303
        page = world.client("vera").get(f"/duties/{duty_id}").text
        assert "未同意延期到" in page
        assert "人手足够" in page

    def test_only_who_hands_in_is_offered_to_ask(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        for who, offered in (("vera", True), ("vlad", False), ("tom", False)):
            assert ("来不及" in world.client(who).get(f"/duties/{duty_id}").text) is offered, who

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            ({}, "请先勾选"),
            ({"extension": "x", "decision": "refuse"}, ""),
            ({"decision": "refuse"}, "请写明理由"),
            ({"decision": "grant", "due_on": "明天"}, "请填写日期"),
        ],
    )
    def test_a_decision_that_says_nothing_is_refused(self, world: World, form, said: str) -> None:
        asked(world, given.duty_id(world, given.issued(world)))
        answer = world.client("tom").post("/extensions/decide", data=form)
        assert answer.status_code == 422
        assert said in answer.text

    def test_a_day_that_cannot_be_keeps_everything_typed_and_is_said_at_its_field(self, world: World) -> None:
        requirement_id = given.issued(world)
        first, second = (
            asked(world, given.duty_id(world, requirement_id)),
            asked(world, given.duty_id(world, requirement_id, "V12"), who="vic"),
        )
        form = {"extension": [first], "decision": "grant", "due_on": "2026-03-09", "answer": "请抓紧"}
        answer = world.client("tom").post("/extensions/decide", data=form)
        assert answer.status_code == 422
        assert "新的截止日期不能早于今天" in answer.text.partition('id="due_on-error"')[2][:200]
        assert 'value="2026-03-09"' in answer.text
        assert "请抓紧" in answer.text
        ticks = [bool(row.partition(">")[0].count(" checked")) for row in answer.text.split('name="extension"')[1:]]
        assert sorted(ticks) == [False, True]
        assert f'value="{first}"' in answer.text and f'value="{second}"' in answer.text
        assert re.search(r'name="decision" value="grant" checked', answer.text)

    def test_only_those_that_were_refused_stay_ticked(self, world: World) -> None:
        near = given.duty_id(world, given.issued(world, title="甲"))
        far = given.duty_id(world, given.issued(world, title="乙", due={"kind": "fixed", "on": "2026-04-02"}))
        with world.as_("vera") as vera:
            ids = [
                str(operations.ask_extension(vera, duty_id=one, wanted_on=date(2026, 4, 9), reason="雨").id)
                for one in (near, far)
            ]
        form = {"extension": ids, "decision": "grant", "due_on": "2026-04-02"}
        answer = world.client("tom").post("/extensions/decide", data=form)
        assert answer.status_code == 422
        assert "已同意 1 份延期申请" in answer.text
        assert "新的日期与原来的相同" in answer.text
        assert re.findall(r'name="extension" value="([^"]+)"[^>]* checked', answer.text) == [ids[1]]
        assert ids[0] not in answer.text

    def test_withdrawn_by_the_unit(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        vera = world.client("vera")
        assert vera.post(f"/extensions/{asked(world, duty_id)}/withdraw").status_code == 303
        assert "来不及" in vera.get(f"/duties/{duty_id}").text


class TestLock:
    def test_not_open_yet_says_when_and_who(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, opens="before_due", opens_days="5"))
        page = world.client("vera").get(f"/duties/{duty_id}").text
        assert "还没有开放填报，2026年3月15日（周日）起可以填写" in page
        assert "城东镇" in page
        assert 'id="duty-form"' not in page
        said = world.client("vera").get(f"/api/v1/duties/{duty_id}/lock").json
        assert (said["locked"], said["reason"], said["opens_on"]) == (True, "not_open", "2026-03-15")

    def test_an_officer_opens_what_is_closed(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world, late_until_days="2"))
        world.now = given.at("03-23")
        vera, tom = world.client("vera"), world.client("tom")
        assert "已于2026年3月22日（周日） 24:00 关闭" in vera.get(f"/duties/{duty_id}").text
        assert "重新开放" in tom.get(f"/duties/{duty_id}").text
        assert tom.post(f"/duties/{duty_id}/reopen", data={"until": "2026-03-25", "reason": "断电"}).status_code == 303
        page = vera.get(f"/duties/{duty_id}").text
        assert 'id="duty-form"' in page
        assert "重新开放到 3月25日" in page

    def test_lists_say_what_is_shut_and_the_page_until_when(self, world: World) -> None:
        given.issued(world, title="早报", opens="before_due", opens_days="5")
        closing = given.duty_id(world, given.issued(world, title="晚报", grace_days="1", late_until_days="2"))
        assert "尚未开放" in world.client("vera").get("/duties").text
        page = world.client("vera").get(f"/duties/{closing}").text
        assert "3月21日（周六）" in page
        assert "3月22日（周日） 24:00" in page
        world.now = given.at("03-24")
        assert "已关闭" in world.client("vera").get("/duties").text

    def test_under_review_and_accepted(self, world: World) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        given.handed_in(world, duty_id)
        assert "正等待城东镇审核" in world.client("vera").get(f"/duties/{duty_id}").text
        given.accepted(world, duty_id)
        assert "内容已定稿" in world.client("vera").get(f"/duties/{duty_id}").text


class TestManyDates:
    def test_on_the_requirements_page(self, world: World) -> None:
        requirement_id = given.issued(world)
        tom = world.client("tom")
        assert "统一变更截止日期" in tom.get(f"/requirements/{requirement_id}").text
        assert ">2<" in tom.get(f"/requirements/{requirement_id}/due-dates").text
        answer = tom.post(f"/requirements/{requirement_id}/due-dates", data={"due_on": "2026-03-31", "reason": "防汛"})
        assert answer.status_code == 303
        assert {one.due_on for one in given.duties(world, requirement_id)} == {date(2026, 3, 31)}
        assert "2 项改到" in tom.get(f"/requirements/{requirement_id}/due-dates").text
        assert "已变更为 3月31日（周二）" in tom.get(f"/requirements/{requirement_id}").text

    def test_is_offered_to_who_issues_alone(self, world: World) -> None:
        requirement_id = given.issued(world)
        for who, offered in (("tom", True), ("tess", False), ("vera", False)):
            assert ("统一变更截止日期" in world.client(who).get(f"/requirements/{requirement_id}").text) is offered, who

    def test_what_is_wrong_is_said(self, world: World) -> None:
        requirement_id = given.issued(world)
        tom = world.client("tom")
        for data in ({"reason": "x"}, {"due_on": "2026-03-31"}, {"by_days": "x", "reason": "x"}):
            assert tom.post(f"/requirements/{requirement_id}/due-dates", data=data).status_code == 422
        said = tom.post(f"/requirements/{requirement_id}/due-dates", data={"due_on": "2020-01-01", "reason": ""}).text
        assert "请写明理由" in said
        assert "新的截止日期不能早于今天" in said


class TestYear:
    def test_of_a_clerk_a_unit_and_an_officer(self, world: World) -> None:
        given.issued(world, due=given.MONTHLY, title="月报")
        page = world.client("vera").get("/year").text
        assert page.count("月报") == 10
        tom = world.client("tom")
        below = tom.get("/year?below=1").text
        assert "通过 0 / 2" in below
        assert "月报" in tom.get(f"/year?unit={world.units['V11']}").text
        assert tom.get("/year?year=2025").status_code == 200
        assert world.client("tina").get(f"/year?unit={world.units['V11']}").status_code == 404

    def test_who_hands_in_nothing_sees_what_is_owed(self, world: World) -> None:
        given.issued(world, title="月报", due=given.MONTHLY)
        assert "通过 0 / 2" in world.client("tess").get("/year").text
        assert "月报" in world.client("tom").get("/year?below=1").text
        assert "月报" in world.client("tom").get("/year").text, "who owes nothing opens on what is owed to them"
        assert "月报" not in world.client("tom").get("/year?below=0").text
        given.issued(world, "cora", "C", title="镇报")
        mine = world.client("tom").get("/year").text
        assert "镇报" in mine and "月报" not in mine

    def test_who_reads_no_duty_sees_none(self, world: World) -> None:
        given.issued(world, "cora", "C", title="镇报")
        adam = world.client("adam")
        assert "镇报" not in adam.get("/year?below=1").text
        assert "镇报" not in adam.get(f"/year?unit={world.units['T1']}").text
        assert "镇报" in world.client("cora").get("/year?below=1").text


class TestFeed:
    def address(self, world: World, who: str = "vera") -> str:
        page = world.client(who).post("/calendar/renew")
        assert page.status_code == 201
        start = page.text.index("/calendar/duban.ics?key=")
        return page.text[start : page.text.index("<", start)].replace("&amp;", "&")

    def events(self, world: World, address: str):
        answer = world.client().get(address)
        assert answer.status_code == 200
        assert answer.mimetype == "text/calendar"
        return {str(one["uid"]): one for one in Calendar.from_ical(answer.data).walk("VEVENT")}, answer

    def test_shows_own_duties_only_and_follows_moves_and_withdrawals(self, world: World) -> None:
        requirement_id = given.issued(world)
        duty_id = given.duty_id(world, requirement_id)
        address = self.address(world)
        events, answer = self.events(world, address)
        (event,) = events.values()
        assert (event["dtstart"].dt, int(event["sequence"]), str(event["status"])) == (date(2026, 3, 20), 0, "CONFIRMED")
        assert "安全检查情况" in str(event["summary"])
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H\r\n" in answer.data

        with world.as_("tom") as scope:
            operations.change_due_date(scope, duty_id=duty_id, due_on=date(2026, 3, 25), reason="暴雨")
        moved, _ = self.events(world, address)
        assert moved.keys() == events.keys()
        (event,) = moved.values()
        assert (event["dtstart"].dt, int(event["sequence"])) == (date(2026, 3, 25), 2)

        with world.as_("tom") as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="重复")
        (event,) = self.events(world, address)[0].values()
        assert (str(event["status"]), int(event["sequence"]) > 2) == ("CANCELLED", True)

    def test_ends_when_renewed_revoked_or_the_account_ends(self, world: World) -> None:
        first = self.address(world)
        second = self.address(world)
        assert world.client().get(first).status_code == 404
        assert world.client().get(second).status_code == 200
        world.client("vera").post("/calendar/revoke")
        assert world.client().get(second).status_code == 404
        for key in ("", "x", "cal.x.y~z", second.split("key=")[1][:-1]):
            assert world.client().get("/calendar/duban.ics", query_string={"key": key}).status_code == 404

    def test_no_restored_backup_brings_it_back_to_life(self, world: World) -> None:
        address = self.address(world)
        with world.as_system() as scope:
            end_all_access(scope, because="restored")
        assert world.client().get(address).status_code == 404

    def test_its_key_is_in_no_log_line(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        address = self.address(world)
        key = address.split("key=")[1]
        assert world.client().get(address).status_code == 200
        assert world.client().get(address + "x").status_code == 404
        said = capsys.readouterr()
        assert "/calendar/duban.ics" in said.err + said.out
        assert key not in said.err + said.out

    def test_is_ones_own_alone(self, world: World) -> None:
        mine, other = self.address(world), self.address(world, "vic")
        assert [world.client().get(one).status_code for one in (mine, other)] == [200, 200]
        assert "换一个地址" not in world.client("tom").get("/calendar").text
        with world.as_("vera") as scope:
            feed = queries.feed_of(scope)
            world.client("vic").post("/calendar/revoke")
        assert [world.client().get(one).status_code for one in (mine, other)] == [200, 404]
        with pytest.raises(NoResultFound), world.as_("tom") as scope:
            operations.count_read(scope, feed_id=feed.id)

    @pytest.mark.parametrize("act", ["renew_feed", "revoke_feed", "count_read"])
    def test_the_clock_has_none(self, world: World, act: str) -> None:
        more = {"feed_id": uuid4()} if act == "count_read" else {}
        with pytest.raises(NotAllowedError), world.as_system() as scope:
            getattr(operations, act)(scope, **more)

    def test_is_read_so_often_and_no_oftener(self, world: World) -> None:
        address = self.address(world)
        answers = [world.client().get(address).status_code for _ in range(32)]
        assert answers == [200] * 30 + [429] * 2
        world.now += timedelta(minutes=6)
        assert world.client().get(address).status_code == 200


class TestPreview:
    def test_marks_days_and_warns(self, world: World) -> None:
        days = "2026-04-05 2026-05-09 2026-04-10"  # 清明, a Saturday worked in exchange, a Friday
        requirement_id = given.drafted(world, due={"kind": "dates", "days": days})
        page = world.client("tom").get(f"/requirements/{requirement_id}/preview").text
        for word in ("休息日", "调休上班", "工作日", "有 1 期在休息日截止", "周五"):
            assert word in page

    def test_a_rule_that_never_falls_due_is_refused_in_words(self, world: World) -> None:
        form = {"title": "季报", "targets.scope": "children", "due.kind": "from_end", "due.every": "quarter", "due.count": "2"}
        form |= {"due.side": "before", "active_from": "2026-04-01", "active_until": "2026-05-31"}
        answer = world.client("tom").post("/requirements/new", data=form)
        assert answer.status_code == 422
        assert "2026年6月30日" in answer.text
