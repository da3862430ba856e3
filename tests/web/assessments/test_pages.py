"""The pages of a round, as each of the cast meets them."""

import re
from decimal import Decimal

import pytest

from duban.assessments import queries
from duban.assessments.operations.marking import MarkDraft, enter_self_mark
from duban.assessments.states import AssessmentState
from tests.cast import World
from tests.integration.assessments.stage import Round, counted, counting
from tests.integration.assessments.test_operations import propose


@pytest.fixture
def round_(world: World) -> Round:
    return Round(world)


@pytest.fixture
def scoring(round_: Round) -> Round:
    return round_.scoring(T1=counted(round_.world.units["T1"], late=2, missing=1))


def page(world: World, who: str, path: str, status: int = 200) -> str:
    answer = world.client(who).get(path)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


class TestList:
    def test_shows_a_round_to_those_who_run_it_and_to_its_units(self, world, round_):
        for who in ("cora", "lena", "eva", "tom", "tina"):
            assert "2026 年度乡镇考核" in page(world, who, "/assessments")
        # A village stands below the county, but has no part in the townships' round.
        for who in ("vera", "ewa"):
            assert "2026 年度乡镇考核" not in page(world, who, "/assessments")

    def test_leads_a_unit_to_its_self_score(self, world, round_):
        round_.self_scoring()

        assert f"/scorecards/{round_.cards['T1']}/self" in page(world, "tom", "/assessments")

    def test_teaches_when_there_is_nothing(self, world):
        assert "还没有考核" in page(world, "vera", "/assessments")


class TestNew:
    def test_opens_a_round_under_the_kinds_scheme(self, world):
        browser = world.client("cora")
        assert "按时报送" in browser.get("/assessments/new").get_data(as_text=True)
        answer = browser.post("/assessments/new", data={"year": "2026", "name": "年度考核", "levels": ["township"]})

        assert answer.status_code == 302
        with world.as_("cora") as scope:
            (made,) = queries.list_assessments(scope)
        assert (made.group_code, made.levels) == ("township", ["township"])

    def test_keeps_what_was_typed_when_something_is_wrong(self, world):
        answer = world.client("cora").post("/assessments/new", data={"year": "next", "name": "我的考核"})
        html = answer.get_data(as_text=True)

        assert answer.status_code == 422
        assert "我的考核" in html
        assert "请填写年度" in html
        assert "请至少选择一类被考核单位" in html

    def test_refuses_the_same_round_twice_on_the_form(self, world, round_):
        answer = world.client("cora").post("/assessments/new", data={"year": "2026", "name": "又一次", "levels": ["township"]})

        assert answer.status_code == 409
        assert "已经建立" in answer.get_data(as_text=True)

    def test_is_not_for_those_who_run_nothing(self, world):
        page(world, "vera", "/assessments/new", 404)
        page(world, "eva", "/assessments/new", 404)


def waiting(world: World, round_id):
    """What waits for a second person."""
    with world.as_system() as scope:
        return queries.waiting_proposals(scope, round_id)


class TestOverview:
    def test_takes_a_round_through_its_stages(self, world, round_):
        browser, address = world.client("cora"), f"/assessments/{round_.id}"
        with counting():
            assert browser.post(f"{address}/step", data={"step": "self_scoring", "due_on": "2026-03-20"}).status_code == 302
            assert "开始评分" in page(world, "cora", address)
            assert browser.post(f"{address}/step", data={"step": "scoring"}).status_code == 302
        for card in round_.cards:
            round_.mark("eva", card, "58")
        assert "封存结果" in page(world, "cora", address)
        for step, word in (("close", "封存结果"), ("publish", "公布结果")):
            assert word in page(world, "cora", address)
            assert browser.post(f"{address}/step", data={"step": step}).status_code == 302
            (proposal,) = waiting(world, round_.id)
            own, other = (page(world, who, address) for who in ("cora", "lena"))
            assert f"待另一人确认：{word}" in words(own)
            assert "可以确认的人：" in words(own)
            assert ("撤回提议" in own, 'value="confirm"' in own) == (True, False)
            assert ("不同意" in other, 'value="confirm"' in other) == (True, True)
            assert "待另一人确认" not in page(world, "eva", address)
            assert browser.post(f"/proposals/{proposal.id}", data={"step": "confirm"}).status_code == 409
            assert world.client("lena").post(f"/proposals/{proposal.id}", data={"step": "nonsense"}).status_code == 404
            assert world.client("lena").post(f"/proposals/{proposal.id}", data={"step": "confirm"}).status_code == 302
        with world.as_("cora") as scope:
            assert queries.get_assessment(scope, round_.id).state is AssessmentState.PUBLISHED

    def test_says_which_units_lack_what(self, world, scoring):
        scoring.mark("eva", "T1", "55")

        assert "还有 1 个单位没有评完" in page(world, "cora", f"/assessments/{scoring.id}")

    def test_leads_an_assessed_unit_to_its_card(self, world, round_):
        answer = world.client("tom").get(f"/assessments/{round_.id}")

        assert answer.headers["Location"].endswith(f"/scorecards/{round_.cards['T1']}")

    @pytest.mark.parametrize(("who", "status"), [("ewa", 404), ("vera", 404), ("adam", 404)])
    def test_is_hidden_from_others(self, world, round_, who, status):
        page(world, who, f"/assessments/{round_.id}", status)

    def test_refuses_the_step_to_those_who_may_not(self, world, round_):
        for who, status in (("eva", 403), ("tom", 403), ("ewa", 404)):
            assert world.client(who).post(f"/assessments/{round_.id}/step", data={"step": "scoring"}).status_code == status
        assert world.client("cora").post(f"/assessments/{round_.id}/step", data={"step": "nonsense"}).status_code == 404

    def test_asks_for_a_sensible_last_day(self, world, round_):
        browser = world.client("cora")
        for day in ("", "2020-01-01", "soon"):
            browser.post(f"/assessments/{round_.id}/step", data={"step": "self_scoring", "due_on": day})
        with world.as_("cora") as scope:
            assert queries.get_assessment(scope, round_.id).state is AssessmentState.PREPARING


class TestGrid:
    def save(self, world: World, who: str, card, **cell: str):
        return world.client(who).post(f"/scorecards/{card}/marks", json={"item": "quality", "version": "0", **cell})

    def test_shows_inputs_to_evaluators_only(self, world, scoring):
        assert "mark-value" in page(world, "eva", f"/assessments/{scoring.id}/grid")
        assert "mark-value" not in page(world, "cora", f"/assessments/{scoring.id}/grid")
        page(world, "tom", f"/assessments/{scoring.id}/grid", 404)
        page(world, "ewa", f"/assessments/{scoring.id}/grid", 404)

    def test_shows_what_was_counted_beside_the_cell(self, world, scoring):
        assert "逾期 2 · 未报 1" in words(page(world, "eva", f"/assessments/{scoring.id}/grid"))

    def test_saves_a_cell_as_typed_and_answers_the_total(self, world, scoring):
        answer = self.save(world, "eva", scoring.cards["T1"], value="５５．５", reason="台账缺两月")

        assert answer.status_code == 200
        assert answer.json == {"version": 1, "saved_at": "10:00", "total": "93.5", "grade": "优秀", "tone": "done", "lacking": []}

    def test_says_what_is_wrong_with_a_cell(self, world, scoring):
        answer = self.save(world, "eva", scoring.cards["T1"], value="55", reason="")

        assert answer.status_code == 422
        assert answer.json["errors"] == {"reason": ["未给满分的，请写明扣分理由。"]}

    def test_answers_a_conflict_with_what_the_other_wrote(self, world, scoring):
        scoring.mark("ed", "T1", "50", reason="缺会议记录")
        answer = self.save(world, "eva", scoring.cards["T1"], value="55", reason="台账缺两月")

        assert answer.status_code == 412
        assert answer.json["theirs"] == {"who": "艾评", "value": "50", "reason": "缺会议记录", "evidence": "", "version": 1}

    @pytest.mark.parametrize(("who", "status"), [("cora", 403), ("tom", 403), ("tina", 404), ("ewa", 404)])
    def test_refuses_marks_of_others(self, world, scoring, who, status):
        assert self.save(world, who, scoring.cards["T1"], value="60", reason="").status_code == status

    def test_saves_the_whole_form_without_javascript(self, world, scoring):
        first, second = (f"{scoring.cards[key]}/quality/" for key in ("T1", "T2"))
        form = {
            f"{first}/value": "58",
            f"{first}/reason": "缺一项",
            f"{first}/version": "0",
            f"{second}/value": "1",
            f"{second}/version": "0",
        }
        answer = world.client("eva").post(f"/assessments/{scoring.id}/grid", data=form, follow_redirects=True)
        html = answer.get_data(as_text=True)

        assert "已保存 1 格；未保存：城西镇 · 工作质量：未给满分的，请写明扣分理由。" in html
        with world.as_("eva") as scope:
            sheets = queries.standing(scope, queries.get_assessment(scope, scoring.id)).sheets
        assert [sheet.result.total if sheet.result else None for sheet in sheets] == [Decimal(96), None]


class TestCard:
    def test_shows_every_line_of_the_total(self, world, scoring):
        scoring.closed().published()
        html = page(world, "tom", f"/scorecards/{scoring.cards['T1']}")
        amounts = re.findall(r'<td class="num (?:tone-late)?">\s*\+?(-?[\d.]+)</td>', html)

        assert "为什么是这个分数" in html
        assert "2 次 × 每次 0.5 分" in html
        assert sum(Decimal(amount) for amount in amounts) == Decimal(93)

    def test_hides_marks_and_result_from_the_unit_until_published(self, world, scoring):
        scoring.closed()
        html = page(world, "tom", f"/scorecards/{scoring.cards['T1']}")

        assert "台账不全" not in html
        assert "公布后在这里查看" in html
        page(world, "tom", f"/assessments/{scoring.id}/ranking", 404)

    @pytest.mark.parametrize("who", ["tina", "vera", "ewa"])
    def test_is_hidden_from_others(self, world, scoring, who):
        scoring.closed().published()
        page(world, who, f"/scorecards/{scoring.cards['T1']}", 404)

    def test_keeps_old_versions_to_be_looked_at(self, world, scoring):
        scoring.closed().published()
        address = f"/scorecards/{scoring.cards['T1']}"
        form = {"item": "quality", "value": "58", "reason": "补交", "why": "申诉决定〔2026〕1号"}
        assert world.client("cora").post(f"{address}/correction", data=form).status_code == 302
        assert "第 2 版" not in page(world, "tom", address)
        assert "待另一人确认" not in page(world, "tom", address)
        shown = words(page(world, "lena", address))
        assert "得分：93 → 96" in shown
        assert "申诉决定〔2026〕1号" in shown
        (proposal,) = waiting(world, scoring.id)
        assert world.client("lena").post(f"/proposals/{proposal.id}", data={"step": "confirm"}).status_code == 302

        assert "第 2 版" in page(world, "tom", address)
        assert "已有更新的版本" in page(world, "tom", f"{address}?version=1")
        page(world, "tom", f"{address}?version=9", 404)

    def test_refuses_a_correction_without_grounds_and_keeps_it_typed(self, world, scoring):
        scoring.closed()
        address = f"/scorecards/{scoring.cards['T1']}/correction"
        form = {"item": "quality", "value": "58.5", "reason": "补交", "why": ""}
        answer = world.client("cora").post(address, data=form)

        assert answer.status_code == 422
        assert "58.5" in answer.get_data(as_text=True)
        assert world.client("tom").post(address, data=form | {"why": "x"}).status_code == 403
        assert world.client("eva").post(address, data=form | {"why": "x"}).status_code == 403


class TestSelfScore:
    def test_saves_as_typed_then_checks_then_hands_in(self, world, round_):
        round_.self_scoring(T1=counted(world.units["T1"], late=2))
        browser, address = world.client("tom"), f"/scorecards/{round_.cards['T1']}/self"
        typed = {
            "quality-value": "58.5",
            "quality-reason": "两份台账缺签字",
            "criticism-circular-value": "",
            "criticism-circular-reason": "",
        }
        saved = browser.post(address, data=typed, headers={"X-Requested-With": "autosave", "If-Match": '"0"'})
        checked = browser.post(address, data=typed | {"version": "1"})
        check = browser.get(f"{address}?check=1").get_data(as_text=True)
        handed_in = browser.post(f"{address}/submit", follow_redirects=True).get_data(as_text=True)

        assert (saved.status_code, saved.json) == (200, {"version": 1, "saved_at": "10:00", "errors": {}})
        assert checked.headers["Location"].endswith("/self?check=1")
        assert "97.5" in words(check)
        assert "确认提交自评" in check
        assert "已提交，97.5 分" in words(handed_in)
        assert "已于" in browser.get(address).get_data(as_text=True)

    def test_keeps_what_is_typed_and_names_the_field(self, world, round_):
        round_.self_scoring()
        browser, address = world.client("tom"), f"/scorecards/{round_.cards['T1']}/self"
        answer = browser.post(address, data={"quality-value": "61", "quality-reason": "都好"})
        html = answer.get_data(as_text=True)

        assert answer.status_code == 422
        assert "请填 0 到 60 之间的数" in html
        assert "都好" in html
        assert 'href="#quality-value"' in html
        empty = browser.post(address, data={"quality-value": "", "quality-reason": ""})
        assert "请填写“工作质量”的自评分" in empty.get_data(as_text=True)

    def test_does_not_overwrite_a_colleague(self, world, round_):
        round_.self_scoring()
        with world.as_("tom") as scope:
            enter_self_mark(scope, card_id=round_.cards["T1"], draft=MarkDraft(item_code="quality", value=Decimal(60)))
        answer = world.client("tom").post(
            f"/scorecards/{round_.cards['T1']}/self",
            data={"quality-value": "50", "quality-reason": "x"},
            headers={"X-Requested-With": "autosave", "If-Match": '"0"', "Accept": "application/json"},
        )

        assert answer.status_code == 412

    @pytest.mark.parametrize(("who", "status"), [("eva", 403), ("cora", 403), ("tina", 404), ("vera", 404), ("ewa", 404)])
    def test_is_for_the_unit_alone(self, world, round_, who, status):
        round_.self_scoring()
        page(world, who, f"/scorecards/{round_.cards['T1']}/self", status)
        answer = world.client(who).post(f"/scorecards/{round_.cards['T1']}/self", data={"quality-value": "60"})
        assert answer.status_code == status


class TestVetoPage:
    def test_takes_a_proposal_and_the_second_persons_answer(self, world, scoring):
        address = f"/scorecards/{scoring.cards['T1']}/veto"
        form = {"rule": "V3", "document": "望安委〔2026〕3号", "reason": "瞒报一起事故"}
        assert world.client("eva").post(address, data=form).status_code == 302
        with world.as_("eva") as scope:
            ((decision, _),) = queries.waiting_decisions(scope, scoring.id)
        assert "确认否决" not in page(world, "eva", address)
        assert "确认否决" in page(world, "lena", address)
        assert world.client("eva").post(f"/vetoes/{decision.id}", data={"step": "confirm"}).status_code == 403
        assert world.client("lena").post(f"/vetoes/{decision.id}", data={"step": "confirm"}).status_code == 302

        html = words(page(world, "lena", address))
        assert "主要负责人和分管领导在 2027年3月10日 前不得提拔" in html
        assert "2026年4月10日 前报送整改方案" in html
        # The unit is told of a confirmed veto at once, not of a mere proposal.
        assert "瞒报一起事故" in page(world, "tom", address)

    def test_hides_a_proposal_from_the_unit(self, world, scoring):
        propose(scoring)

        assert "瞒报" not in words(page(world, "tom", f"/scorecards/{scoring.cards['T1']}/veto")).replace("瞒报事故", "")

    def test_shows_the_unit_no_computed_veto_before_the_publication(self, world, round_):
        """What the scores lead to is work in progress until then; above, it is seen at once."""
        done = round_.scoring(T1=counted(world.units["T1"], deaths=3)).closed()
        address = f"/scorecards/{done.cards['T1']}/veto"
        found = "<b>死亡人数超过控制指标</b>"
        before = {who: found in page(world, who, address) for who in ("eva", "tom")}
        done.published()
        after = {who: found in page(world, who, address) for who in ("eva", "tom")}
        assert (before, after) == ({"eva": True, "tom": False}, {"eva": True, "tom": True})

    def test_lifts_only_with_grounds(self, world, scoring):
        decision = propose(scoring)
        lena = world.client("lena")
        lena.post(f"/vetoes/{decision}", data={"step": "confirm"})

        refused = lena.post(f"/vetoes/{decision}", data={"step": "lift", "document": "", "reason": "复核"})
        assert refused.status_code == 422
        assert "复核" in refused.get_data(as_text=True)
        grounds = {"step": "lift", "document": "望政〔2026〕1号", "reason": "复核"}
        assert world.client("eva").post(f"/vetoes/{decision}", data=grounds).status_code == 302
        (proposal,) = waiting(world, scoring.id)
        assert "已撤销" not in page(world, "lena", f"/scorecards/{scoring.cards['T1']}/veto")
        assert lena.post(f"/proposals/{proposal.id}", data={"step": "confirm"}).status_code == 302
        assert "已撤销" in page(world, "lena", f"/scorecards/{scoring.cards['T1']}/veto")

    def test_names_the_missing_grounds(self, world, scoring):
        answer = world.client("eva").post(f"/scorecards/{scoring.cards['T1']}/veto", data={"rule": "V3", "reason": "瞒报"})

        assert answer.status_code == 422
        assert 'href="#document"' in answer.get_data(as_text=True)

    @pytest.mark.parametrize(("who", "status"), [("tom", 403), ("tina", 404), ("ewa", 404)])
    def test_refuses_others(self, world, scoring, who, status):
        decision = propose(scoring)
        assert world.client(who).post(f"/vetoes/{decision}", data={"step": "confirm"}).status_code == status


class TestRanking:
    def test_is_for_all_units_once_published(self, world, round_):
        round_.scoring(T2=counted(world.units["T2"], deaths=2)).closed()
        assert "尚未公布" in page(world, "cora", f"/assessments/{round_.id}/ranking")
        page(world, "tom", f"/assessments/{round_.id}/ranking", 404)
        round_.published()
        html = page(world, "tom", f"/assessments/{round_.id}/ranking")

        assert "一票否决" in html
        assert "不合格" in html
        assert "data-chart=" in html
        # A unit sees how the others rank, not why; its own line is a door to its card.
        assert f"/scorecards/{round_.cards['T1']}" in html
        assert f"/scorecards/{round_.cards['T2']}" not in html

    def test_shows_the_roll_up_with_its_parts(self, world, scoring):
        scoring.closed()
        html = words(page(world, "cora", f"/assessments/{scoring.id}/ranking"))

        assert "计入望江县的综合得分" in html
        assert "91.5 × 1" in html  # T1 93, T2 90


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_speaks_the_language(world, scoring, language):
    propose(scoring)
    scoring.closed().published()
    card = scoring.cards["T1"]
    for path in ("/assessments", "/assessments/new", f"/assessments/{scoring.id}", f"/assessments/{scoring.id}/grid",
                 f"/assessments/{scoring.id}/ranking", f"/scorecards/{card}", f"/scorecards/{card}/veto"):  # fmt: skip
        html = page(world, "cora", f"{path}?lang={language}")
        assert ("Assessment" in html) or language == "zh"
    assert "Why this score" in page(world, "cora", f"/scorecards/{card}?lang=en")


def test_pages_carry_nothing_inline(world, scoring):
    for path in (f"/assessments/{scoring.id}", f"/assessments/{scoring.id}/grid", f"/scorecards/{scoring.cards['T1']}/veto"):
        html = page(world, "eva", path)
        assert not re.search(r"\sstyle=|\sonclick=|<style|<script>", html)
