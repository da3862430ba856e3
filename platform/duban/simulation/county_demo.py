"""
The demo county: Wangcheng's 177 real units with invented people, departments, parks and enterprises.

Last year is over and published, with one veto; this year is at work, everything relative to today.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial

from sqlalchemy import Engine

from duban.calendar.due_dates import Campaign
from duban.calendar.due_rules import FixedDate
from duban.calendar.periods import last_day_of_month
from duban.files.storage import Store
from duban.reporting.forms import Targets, TargetScope
from duban.reporting.operations import change_due_date, urge
from duban.simulation import acts, goals
from duban.simulation.acts import Owed
from duban.simulation.county_forms import CountyForms
from duban.simulation.county_people import (
    BUSY_TOWNSHIPS,
    COUNTY,
    EVALUATOR,
    LEADER,
    OFFICER,
    SECOND,
    UNNAMED,
    hire_everybody,
    place_in_sectors,
)
from duban.simulation.goals import Round
from duban.simulation.papers import hand_down_notice
from duban.simulation.stage import Diary, Stage, hire_administrators, set_stage
from duban.simulation.supervised import Supervised
from duban.tenancy.kinds import Kind

VETOED = "430112103"
DAY = timedelta(days=1)


class CountyDemo:
    """Makes the county's two years. `make` does all of it."""

    def __init__(
        self, engine: Engine, *, kind: Kind, today: date, password: str, say: Callable[[str], None], files: Store | None = None
    ) -> None:
        """Set the stage; `today` is the date the demo is looked at, `files` where photographs go."""
        self.kind, self.today, self.say = kind, today, say
        # Early in a year there is little to see of it: then the year before is the one at work.
        self.year = today.year if today.month >= 4 else today.year - 1
        self.begin = date(self.year - 1, 1, 6)
        self.stage = set_stage(
            engine,
            kind=kind,
            name="望城区安全生产委员会",
            password=password,
            files=["units.csv", "others.csv"],
            on=self.begin,
        )
        self.townships = self.stage.codes("township")
        self.parks = self.stage.codes("park")
        self.departments = self.stage.codes("department")
        self.villages = {
            township: [code for code in self.stage.codes("village") if code.startswith(township)] for township in BUSY_TOWNSHIPS
        }
        self.stage.files = files
        self.diary = Diary(self.stage)
        self.monthly = CountyForms(self.stage, self.diary, today)

    def make(self) -> Stage:
        """Make everything. Gives: the stage, its tenant still hidden."""
        self.say("望城：人员与联系人")
        with self.stage.one_sitting():
            hire_everybody(self.stage)
            hire_administrators(self.stage, COUNTY, auditor=None)
        place_in_sectors(self.stage)
        self.say("望城：上一年度")
        self._last_year()
        self.say("望城：本年度方案、目标、责任书")
        self._this_year()
        self.say("望城：报送与审核")
        self._reports()
        self._midyear()
        self.stage.at(self.today, 0, 30)
        self.stage.tick()
        self.stage.deliver(recent_from=self.today - timedelta(days=21))
        return self.stage

    def _head(self, unit: str) -> str:
        return self.stage.clerks[unit].replace("o", "l", 1)

    # --- last year --------------------------------------------------------------------------------------------------

    def _last_year(self) -> None:
        stage, year = self.stage, self.year - 1
        stage.at(date(year, 1, 10), 10)
        goals.adopt(stage, OFFICER, COUNTY, year=year, limits={"deaths": "14", "certificate_rate": "100"})
        shares = {
            "deaths": {code: 1 if place < 12 else 0 for place, code in enumerate(self.townships)}
            | {self.parks[0]: 1, self.parks[1]: 1}
        }
        goals.split(stage, OFFICER, COUNTY, year=year, line="territorial", shares=shares)
        stage.at(date(year, 1, 12), 10)
        for code in self.townships:
            goals.accept_targets(stage, stage.clerks[code], code, year=year)
        template = self.kind.requirement("quarterly_summary")
        owed = acts.issue_requirement(
            stage, OFFICER, COUNTY, template, year=year, targets=Targets(TargetScope.CHILDREN, levels=("township",))
        )
        for number, one in enumerate(owed):
            self._past(
                one,
                number,
                late=one.unit == self.townships[2 + one.due_on.month // 4],
                skipped=one.unit == VETOED and one.due_on.month > 9,
            )
        for month, unit, value in ((5, VETOED, "1"), (9, VETOED, "1"), (7, self.townships[4], "1"), (11, self.townships[1], "1")):
            self.diary.on(date(year, month, 20), 9, 0, partial(self._deaths, year, unit, date(year, month, 1), value))
        self.diary.on(date(year, 10, 15), 8, 30, self._tick)
        self.diary.on(date(year + 1, 1, 12), 8, 30, self._tick)
        self._last_assessment(year)
        self.diary.live()

    def _tick(self) -> None:
        self.stage.tick()

    def _deaths(self, year: int, unit: str, month: date, value: str) -> None:
        goals.record_number(
            self.stage, OFFICER, unit, year=year, code="deaths", month=month, value=value, source="生产安全事故快报"
        )

    def _past(self, owed: Owed, number: int, *, late: bool = False, skipped: bool = False, reviewer: str = OFFICER) -> None:
        """Plan a duty of the past: handed in in time and accepted, late, or not at all."""
        if skipped:
            return
        day = owed.due_on + 2 * DAY if late else owed.due_on - DAY * (1 + number % 4)
        self.diary.on(day, 9 + number % 8, number * 7 % 60, partial(self._hand_in, owed, number))
        self.diary.on(day + DAY, 15, number % 60, partial(self._accept, reviewer, owed))

    def _hand_in(self, owed: Owed, number: int) -> None:
        acts.hand_in(self.stage, owed, number=number)

    def _accept(self, reviewer: str, owed: Owed) -> None:
        acts.accept(self.stage, reviewer, owed)

    def _last_assessment(self, year: int) -> None:
        def begin() -> None:
            name = f"{year}年度乡镇（街道）安全生产目标责任考核"
            self.round = Round(self.stage, OFFICER, COUNTY, year=year, levels=["township"], name=name)
            self.round.ask_units(due_on=date(year + 1, 1, 18))

        def self_scores() -> None:
            for place, code in enumerate(self.townships):
                self.round.self_score(code, points=str(54 + place % 6), reason="对照责任书逐项自查，材料齐全")

        def marks() -> None:
            self.round.begin()
            for place, code in enumerate(self.townships):
                points = f"{46 + place * 7 % 13}.5"
                self.round.mark(
                    EVALUATOR, code, points=points, reason="查阅台账并现场抽查两个村", circulars=1 if place == 5 else 0
                )

        on = self.diary.on
        on(date(year + 1, 1, 14), 9, 0, begin)
        on(date(year + 1, 1, 16), 9, 0, self_scores)
        on(date(year + 1, 1, 20), 9, 0, marks)
        on(date(year + 1, 1, 26), 10, 0, lambda: self.round.finish(OFFICER, LEADER))

    # --- this year --------------------------------------------------------------------------------------------------

    def _this_year(self) -> None:
        stage, year = self.stage, self.year
        plan = self.kind.plan("annual")
        stage.at(date(year, 2, 3), 9)
        text = acts.original_text(plan, year)
        document = acts.register(stage, OFFICER, COUNTY, plan.document.in_year(year), text=text, issued_on=date(year, 2, 2))
        self.programme = acts.issue_plan(stage, OFFICER, COUNTY, plan, year=year, document_id=document)
        stage.at(date(year, 2, 10), 9)
        for code in BUSY_TOWNSHIPS:
            title = f"{stage.unit_names[code]}{year}年安全生产工作方案"
            acts.derive_plan(
                stage,
                stage.clerks[code],
                code,
                source_id=self.programme,
                title=title,
                year=year,
                numbers=["1", "4", "7", "9", "12"],
            )
        self._targets(year)
        self._letters(year)
        self._sector_goals(year)

    def _targets(self, year: int) -> None:
        stage = self.stage
        stage.at(date(year, 2, 12), 9)
        limits = {
            "deaths": "12", "deaths_industry": "4", "deaths_road": "6", "deaths_fire": "1", "deaths_farm": "1",
            "larger_accidents": "0", "certificate_rate": "100", "rectification_rate": "98",
        }  # fmt: skip
        goals.adopt(stage, OFFICER, COUNTY, year=year, limits=limits)
        parts = {
            "deaths_industry": {**dict.fromkeys(self.townships[:2], 1), **dict.fromkeys(self.parks, 1)},
            "deaths_road": dict.fromkeys(self.townships[2:8], 1),
            "deaths_fire": {self.townships[0]: 1},
            "deaths_farm": {self.townships[14]: 1},
        }
        whole: dict[str, int] = {}
        for shares in parts.values():
            for code, share in shares.items():
                whole[code] = whole.get(code, 0) + share
        goals.split(stage, OFFICER, COUNTY, year=year, line="territorial", shares={**parts, "deaths": whole})
        sectors = {
            "deaths_industry": {self.departments[1]: 2, self.departments[0]: 2},
            "deaths_road": {self.departments[2]: 6},
            "deaths_fire": {self.departments[3]: 1},
            "deaths_farm": {self.departments[4]: 1},
        }
        totals = {code: sum(shares.get(code, 0) for shares in sectors.values()) for code in self.departments}
        goals.split(stage, OFFICER, COUNTY, year=year, line="sector", shares={**sectors, "deaths": totals})
        stage.at(date(year, 2, 14), 10)
        for code in (*self.townships[:-2], *self.parks, *self.departments[:-1]):
            goals.accept_targets(stage, stage.clerks[code], code, year=year)
        stage.at(date(year, 2, 17), 10)
        for code, villages in self.villages.items():
            below = {key: {villages[place]: 1} for place, (key, shares) in enumerate(parts.items()) if shares.get(code)}
            total = {village: sum(shares.get(village, 0) for shares in below.values()) for village in villages}
            goals.split(stage, stage.clerks[code], code, year=year, line="territorial", shares={**below, "deaths": total})
            for village in villages[:-2]:
                goals.accept_targets(stage, stage.clerks[village], village, year=year)
        self._numbers(year)

    def _numbers(self, year: int) -> None:
        months = [date(year, month, 1) for month in range(1, 13) if last_day_of_month(year, month) < self.today]
        for place, month in enumerate(months):
            self.stage.at(last_day_of_month(month.year, month.month) + DAY, 10)
            if place % 3 == 1:
                unit = self.townships[2 + place % 6]
                for code in ("deaths", "deaths_road"):
                    goals.record_number(
                        self.stage, OFFICER, unit, year=year, code=code, month=month, value="1", source="道路交通事故快报"
                    )
            for unit in self.townships[:3]:
                for code, value in (("rectification_rate", 96 + (place + len(unit)) % 4), ("certificate_rate", 98 + place % 3)):
                    goals.record_number(
                        self.stage, self.stage.clerks[unit], unit, year=year, code=code, month=month, value=str(value),
                        source="隐患和持证台账",
                    )  # fmt: skip

    def _letters(self, year: int) -> None:
        stage = self.stage
        stage.at(date(year, 2, 18), 9)
        goals.write_letters(stage, OFFICER, COUNTY, year=year, prefix="望安责")
        stage.at(date(year, 2, 20), 9)
        goals.sign(stage, LEADER, upper=COUNTY, year=year)
        for code in (*self.townships[:13], *self.parks, *self.departments[:4]):
            goals.sign(stage, self._head(code), upper=COUNTY, year=year, lowers=[code])
        for code, villages in self.villages.items():
            goals.write_letters(stage, stage.clerks[code], code, year=year, prefix=f"{stage.unit_names[code][:2]}安责")
            goals.sign(stage, self._head(code), upper=code, year=year)
            for village in villages[:3]:
                goals.sign(stage, f"b{village[6:]}", upper=code, year=year, lowers=[village])

    def _sector_goals(self, year: int) -> None:
        """The departments hand their shares down the sector line （条） and have the enterprises sign for them."""
        stage = self.stage
        stage.at(date(year, 2, 21), 9)
        for department, enterprises, prefix in (
            ("WC-D01", ("WC-E03", "WC-E06"), "望应安责"),
            ("WC-D02", ("WC-E07",), "望住安责"),
        ):
            clerk = stage.clerks[department]
            shares = dict.fromkeys(enterprises, 1)
            parts = {"deaths": shares, "deaths_industry": shares, "certificate_rate": {}, "rectification_rate": {}}
            goals.split(stage, clerk, department, year=year, line="sector", shares=parts, only=True)
            goals.write_letters(stage, clerk, department, year=year, prefix=prefix)
            goals.sign(stage, self._head(department), upper=department, year=year)
            first = enterprises[0]
            goals.accept_targets(stage, stage.clerks[first], first, year=year)
            goals.sign(stage, f"p{first[-2:]}", upper=department, year=year, lowers=[first])

    # --- reports ----------------------------------------------------------------------------------------------------

    def _reports(self) -> None:
        self._county_reports()
        self._village_checks()
        self._sector_checks()
        supervised = Supervised(
            self.stage, self.diary, self.today, COUNTY, OFFICER, LEADER, self.townships[:5], self.departments[0]
        )
        supervised.plan()
        today = self.today
        for days in (120, 75, 45, 20, 8, 4, 2, 1):
            self.diary.on(today - days * DAY, 8, 30, self._tick)
        self.diary.live(until=self.stage.at(today, 0, 0))
        self._decisions()
        stage = self.stage
        stage.at(self.today, 0)
        hand_down_notice(stage, officer=OFFICER, county=COUNTY, townships=self.townships, busy=self.villages)

    def _window(self, days_before: int, days_after: int) -> Campaign:
        return Campaign(self.today - days_before * DAY, self.today + days_after * DAY)

    def _county_reports(self) -> None:
        stage, kind, today = self.stage, self.kind, self.today
        stage.at(max(date(self.year, 2, 24), today - timedelta(days=260)), 9)
        plan = acts.issue_requirement(
            stage, OFFICER, COUNTY, kind.requirement("annual_plan"), year=self.year, programme_id=self.programme,
            due=FixedDate(on=stage.today + 24 * DAY), campaign=Campaign(stage.today, date(self.year, 12, 31)),
        )  # fmt: skip
        for number, one in enumerate(plan):
            self._past(one, number, late=number == 7)
        first = max(stage.today, today - timedelta(days=150))
        self.monthly.bring(since=date(self.year, 1, 1))
        monthly = acts.issue_requirement(
            stage, OFFICER, COUNTY, kind.requirement("hazard_statistics"), year=self.year, programme_id=self.programme,
            campaign=Campaign(first, today + 40 * DAY),
        )  # fmt: skip
        told = self.monthly.townships(monthly, self.townships)
        self._play([one for one in monthly if one not in told], OFFICER)
        quarterly = acts.issue_requirement(
            stage, OFFICER, COUNTY, kind.requirement("quarterly_summary"), year=self.year, programme_id=self.programme,
            campaign=Campaign(first, today + 100 * DAY),
        )  # fmt: skip
        self._play(quarterly, OFFICER)
        stage.at(today - 16 * DAY, 9)
        special = acts.issue_requirement(
            stage, SECOND, COUNTY, kind.requirement("annual_plan"), year=self.year, programme_id=self.programme,
            due=FixedDate(on=today + 3 * DAY), campaign=Campaign(stage.today, today + 30 * DAY),
            title="冬季安全专项检查方案", title_en="Winter safety inspection plan",
        )  # fmt: skip
        self._play(special, SECOND)
        overdue = acts.issue_requirement(
            stage, SECOND, COUNTY, kind.requirement("quarterly_summary"), year=self.year,
            due=FixedDate(on=today - 2 * DAY), campaign=Campaign(stage.today, today + 30 * DAY),
            targets=Targets(TargetScope.CHILDREN, levels=("township", "park")),
            title="烟花爆竹专项整治小结", title_en="Fireworks campaign summary",
        )  # fmt: skip
        self._play(overdue, SECOND)

    def _village_checks(self) -> None:
        template = self.kind.requirement("village_check")
        for code in BUSY_TOWNSHIPS:
            self.stage.at(max(date(self.year, 2, 26), self.today - timedelta(days=100)), 10)
            owed = acts.issue_requirement(
                self.stage, self.stage.clerks[code], code, template, year=self.year, campaign=self._window(95, 40)
            )
            told = self.monthly.villages(owed, township=code) if code == BUSY_TOWNSHIPS[0] else set()
            self._play([one for one in owed if one not in told], self.stage.clerks[code])
        for code in self.parks:
            self.stage.at(self.today - timedelta(days=60), 11)
            self_check = self.kind.requirement("enterprise_self_check")
            owed = acts.issue_requirement(
                self.stage, self.stage.clerks[code], code, self_check, year=self.year, campaign=self._window(55, 30)
            )
            self._play(owed, self.stage.clerks[code])

    def _sector_checks(self) -> None:
        """Departments ask the enterprises of their sector, in the sector line: the townships and parks see it, they review it."""
        template = self.kind.requirement("enterprise_self_check")
        for department, title, title_en in (
            ("WC-D01", "危险物品企业行业自查", "Self-inspection of companies with dangerous goods"),
            ("WC-D02", "建筑施工企业行业自查", "Self-inspection of construction companies"),
        ):
            clerk = self.stage.clerks[department]
            self.stage.at(self.today - timedelta(days=50), 10)
            owed = acts.issue_requirement(
                self.stage, clerk, department, template, year=self.year, campaign=self._window(45, 30),
                targets=Targets(TargetScope.CHILDREN), title=title, title_en=title_en, line="sector",
            )  # fmt: skip
            self._play(owed, clerk)

    def _play(self, owed: Sequence[Owed], reviewer: str) -> None:
        """Plan what became of duties: everything long past is settled, what is near today is in every state."""
        for number, one in enumerate(owed):
            if one.unit in UNNAMED:
                continue
            ago = (self.today - one.due_on).days
            if ago > 12:
                self._past(one, number, late=number % 11 == 3, skipped=number % 17 == 5, reviewer=reviewer)
            elif ago >= -10:
                self._present(one, number, reviewer)

    def _present(self, owed: Owed, number: int, reviewer: str) -> None:
        last = min(owed.due_on, self.today - DAY)
        early = last - DAY * (number % 3)
        state = number % 7
        hand_in = partial(self._hand_in, owed, number)
        if state in {0, 1}:
            self.diary.on(early, 10, number % 60, hand_in)
            self.diary.on(early, 16, number % 60, partial(self._accept, reviewer, owed))
        elif state in {2, 3}:
            self.diary.on(self.today - DAY, 11, number % 60, hand_in)
        elif state == 4:
            reason = "数据与台账不一致，请核对隐患数和整改数后重报。"
            self.diary.on(early, 9, number % 60, hand_in)
            self.diary.on(self.today - DAY, 15, number % 60, partial(acts.give_back, self.stage, reviewer, owed, reason))
        elif state == 5:
            draft = partial(acts.begin_draft, self.stage, owed, number=number)
            self.diary.on(self.today - DAY, 17, number % 60, draft)

    def _decisions(self) -> None:
        """One due date moved by decision, and everybody late with one requirement urged: as a county does in a week."""
        stage = self.stage
        stage.at(self.today - DAY, 18)
        with stage.as_(SECOND) as scope:
            waiting = acts.open_duties_of(scope, stage.units[self.townships[9]])
            for duty in waiting[:1]:
                change_due_date(scope, duty_id=duty.id, due_on=self.today + 8 * DAY, reason="该镇正在防汛抢险，同意延期一周。")
        with stage.as_(SECOND) as scope:
            late = acts.late_requirements(scope)
            for requirement_id in late[:1]:
                urge(scope, requirement_id=requirement_id)

    # --- the assessment in progress -----------------------------------------------------------------------------------

    def _midyear(self) -> None:
        stage = self.stage
        stage.at(self.today - 6 * DAY, 9)
        half = "下半年" if self.today.month > 6 else "上半年"
        name = f"{self.year}年{half}乡镇（街道）安全生产考核"
        running = Round(stage, OFFICER, COUNTY, year=self.year, levels=["township"], name=name, code="interim")
        running.ask_units(due_on=self.today - 3 * DAY)
        stage.at(self.today - 5 * DAY, 10)
        for place, code in enumerate(self.townships[:14]):
            running.self_score(code, points=str(53 + place % 7), reason="对照半年任务自查")
        stage.at(self.today - 2 * DAY, 9)
        running.begin()
        for place, code in enumerate(self.townships[:9]):
            running.mark(EVALUATOR, code, points=f"{45 + place * 5 % 13}.5", reason="查阅半年台账，抽查重点企业")
        stage.at(self.today - DAY, 9)
        departments = Round(stage, OFFICER, COUNTY, year=self.year, levels=["department"], name=f"{self.year}年度部门考核")
        departments.ask_units(due_on=self.today + 7 * DAY)
