"""
The street office of source 002 through its year: what everybody does, and the story of it.

Dates, units and mishaps are those of the worked Example B; what it leaves open (names, texts, marks) is invented.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import Engine, func, select

from duban.assessments import queries as assessment_queries
from duban.calendar.climbing import PREFIX
from duban.calendar.lateness import TIMELINESS_LABELS, Timeliness
from duban.kernel.errors import AnticipatedError
from duban.kernel.scope import get_owned
from duban.notifications.models import Effect
from duban.reporting.models import Duty
from duban.simulation import acts, goals
from duban.simulation.acts import Owed
from duban.simulation.goals import Round
from duban.simulation.stage import Diary, Stage, hire_administrators, set_stage
from duban.tenancy.kinds import Kind

OFFICER, LEADER, EVALUATOR, AUDITOR = "officer", "leader", "evaluator", "auditor"
V3, V4, V5 = "CB23", "CB24", "CB05"
"""Late with Q3; hands in nothing for Q3; has not named its contacts."""
TO_THE_SECOND, A_SECOND_LATE = "CB21", "CB22"
RETURNED, NIL, VETOED, EXEMPLARY = "CB08", "CB03", "CB12", "CB11"
SECOND_OF_THE_LAST_MINUTE = 59
STAGE_WORDS: dict[str, str] = {
    "before_7": "提前7天",
    "before_3": "提前3天",
    "before_1": "提前1天",
    "after_1": "逾期1天（抄告上级）",
    "after_3": "逾期3天（抄告上级）",
    "review_3": "报送后3个工作日未审核",
}


@dataclass
class Story:
    """What happened, in order of time, one line each."""

    stage: Stage
    lines: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Say what happened at the clock's time."""
        at = self.stage.clock.at.astimezone(self.stage.tenant.zone)
        self.lines.append(f"{at:%Y-%m-%d %H:%M:%S}  {text}")

    def head(self, text: str) -> None:
        """Begin a new part of the story."""
        self.lines += ["", f"—— {text} ——"]


class StreetYear:
    """One year of the street office. `run` lives it."""

    def __init__(self, engine: Engine, *, kind: Kind, year: int, password: str) -> None:
        """Make the tenant, its units and its people, on the day before the notice."""
        self.year, self.kind = year, kind
        self.opened = date(year, 4, 29)
        self.stage = set_stage(engine, kind=kind, name="城北街道", password=password, files=["units.csv"], on=self.opened)
        self.story = Story(self.stage)
        self.diary = Diary(self.stage)
        self.units = self.stage.codes("community", "village")
        self.owed: list[Owed] = []
        self.reminders = 0
        with self.stage.one_sitting():
            self._hire()
            hire_administrators(self.stage, "CB", auditor=None)

    def name(self, unit: str) -> str:
        """Give a unit's name."""
        return self.stage.unit_names[unit]

    def _hire(self) -> None:
        stage = self.stage
        stage.hire("CB", "office.officer", OFFICER, post="安办主任")
        stage.hire("CB", "office.leader", LEADER, post="街道办主任")
        stage.hire("CB", "office.evaluator", EVALUATOR, post="考核组组长")
        stage.hire("CB", "office.auditor", AUDITOR, post="纪检监察员")
        stage.name_contacts("CB", leader_in_charge=LEADER, liaison_officer=OFFICER)
        for unit in self.units:
            number = unit.removeprefix("CB")
            village = stage.levels[unit] == "village"
            clerk = stage.hire(unit, "community.clerk", f"clerk{number}", post="安全员")
            head = stage.hire(unit, "community.leader", f"head{number}", post="村支书" if village else "社区书记")
            stage.clerks[unit] = clerk
            if unit != V5:
                stage.name_contacts(unit, leader_in_charge=head, designated_person=clerk)

    def run(self) -> Story:
        """Live the whole year, from the notice to the published ranking."""
        self._begin()
        self._plan_submissions()
        self.diary.every_day(date(self.year, 4, 30), date(self.year + 1, 1, 20), 8, 30, self._tick)
        self._plan_assessment()
        self.diary.live()
        self.story.head("结果")
        self._tell_totals()
        return self.story

    # --- the notice -------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        stage, story, year = self.stage, self.story, self.year
        story.head(f"{year}年4月：部署")
        plan = self.kind.plans[0]
        stage.at(self.opened, 9, 30)
        text = acts.original_text(plan, year)
        document = acts.register(stage, OFFICER, "CB", plan.document.in_year(year), text=text, issued_on=self.opened)
        story.tell(f"登记上级文件和本级文件：{plan.document.in_year(year).number}")
        stage.at(self.opened, 10, 0)
        self.programme = acts.issue_plan(stage, OFFICER, "CB", plan, year=year, document_id=document)
        tasks = sum(len(group.tasks) for group in plan.groups)
        story.tell(f"印发《{plan.title_in(year).zh}》：{len(plan.stages)}个阶段、{tasks}项任务")
        self._set_targets()
        stage.at(date(year, 4, 30), 8, 0)
        for template in self.kind.requirements:
            owed = acts.issue_requirement(stage, OFFICER, "CB", template, year=year, programme_id=self.programme)
            self.owed += owed
            days = sorted({one.due_on for one in owed})
            story.tell(f"下达报送要求《{template.title.zh}》：{len(owed)}项，截止 {'、'.join(map(str, days))}")
        story.tell(f"共 {len(self.owed)} 项报送任务，{len(self.units)}个单位")
        stage.deliver()

    def _set_targets(self) -> None:
        stage, year = self.stage, self.year
        stage.at(self.opened, 10, 30)
        goals.adopt(stage, OFFICER, "CB", year=year, limits={"deaths": "2", "larger_accidents": "0", "rectification_rate": "98"})
        shares = {"deaths": {"CB05": 1, "CB11": 1}}
        goals.split(stage, OFFICER, "CB", year=year, line="territorial", shares=shares)
        self.story.tell("分解控制指标：死亡人数不超过 2 人，较大事故 0 起，隐患整改率不低于 98%")
        stage.at(self.opened, 14, 0)
        for unit in self.units:
            goals.accept_targets(stage, stage.clerks[unit], unit, year=year)
        stage.at(self.opened, 15, 0)
        goals.write_letters(stage, OFFICER, "CB", year=year, prefix="城北安责")
        stage.at(self.opened, 15, 30)
        signed = goals.sign(stage, LEADER, upper="CB", year=year)
        for unit in self.units:
            goals.sign(stage, f"head{unit.removeprefix('CB')}", upper="CB", year=year, lowers=[unit])
        self.story.tell(f"签订安全生产目标管理责任书 {signed} 份，双方负责人均已签字")

    # --- submissions ------------------------------------------------------------------------------------------------

    def _plan_submissions(self) -> None:
        for number, owed in enumerate(self.owed):
            special = self._special(owed)
            if special is not None:
                special(owed, number)
            else:
                self._usual(owed, number)

    def _special(self, owed: Owed) -> Callable[[Owed, int], None] | None:
        return {
            ("plan", "once", V5): self._without_contacts,
            ("plan", "once", RETURNED): self._returned,
            ("quarterly_summary", f"{self.year}-Q3", V3): self._late,
            ("quarterly_summary", f"{self.year}-Q3", V4): self._missing,
            ("quarterly_summary", f"{self.year}-Q3", TO_THE_SECOND): self._to_the_second,
            ("quarterly_summary", f"{self.year}-Q3", A_SECOND_LATE): self._a_second_late,
            ("quarterly_summary", f"{self.year}-Q3", NIL): self._nil,
        }.get((owed.requirement, owed.period, owed.unit))

    def _usual(self, owed: Owed, number: int) -> None:
        day = owed.due_on - timedelta(days=1 + number % 6)
        self.diary.on(day, 9 + number % 8, number * 7 % 60, lambda: self._submit(owed, number))
        self.diary.on(owed.due_on, 16, number % 60, lambda: self._accept(owed))

    def _submit(self, owed: Owed, number: int, *, said: str = "") -> None:
        acts.hand_in(self.stage, owed, number=number)
        if said:
            self.story.tell(f"{self.name(owed.unit)}报送{self._title(owed)}：{said}（{self._timeliness(owed)}）")

    def _accept(self, owed: Owed) -> None:
        acts.accept(self.stage, OFFICER, owed)

    def _late(self, owed: Owed, number: int) -> None:
        day = owed.due_on + timedelta(days=1)
        self.diary.on(day, 8, 10, lambda: self._submit(owed, number, said="晚了一夜"))
        self.diary.on(day, 15, 0, lambda: self._accept(owed))

    def _to_the_second(self, owed: Owed, number: int) -> None:
        last = SECOND_OF_THE_LAST_MINUTE
        self.diary.on(owed.due_on, 23, 59, lambda: self._submit(owed, number, said="24时前最后一秒"), second=last)
        self.diary.on(owed.due_on + timedelta(days=1), 15, 5, lambda: self._accept(owed))

    def _a_second_late(self, owed: Owed, number: int) -> None:
        day = owed.due_on + timedelta(days=1)
        self.diary.on(day, 0, 0, lambda: self._submit(owed, number, said="过了零点"))
        self.diary.on(day, 15, 10, lambda: self._accept(owed))

    def _missing(self, owed: Owed, number: int) -> None:
        afterwards = owed.due_on + timedelta(days=14)
        self.diary.on(afterwards, 10, 0, lambda: self._submit(owed, number, said="过了漏报时限才补报，仍计漏报"))

    def _nil(self, owed: Owed, number: int) -> None:
        def act() -> None:
            acts.hand_in_nothing(self.stage, owed, note="本季度无新情况")
            self.story.tell(f"{self.name(owed.unit)}对{self._title(owed)}作零报告（{self._timeliness(owed)}）")

        self.diary.on(owed.due_on - timedelta(days=3), 11, number % 60, act)
        self.diary.on(owed.due_on, 17, 0, lambda: self._accept(owed))

    def _returned(self, owed: Owed, number: int) -> None:
        def give_back() -> None:
            acts.give_back(self.stage, OFFICER, owed, "未写明分管领导和完成时限，请补充后重报。")
            self.story.tell(f"街道安办退回{self.name(owed.unit)}的{self._title(owed)}：未写明分管领导和完成时限")

        self.diary.on(owed.due_on - timedelta(days=4), 10, 0, lambda: self._submit(owed, number, said="初稿"))
        self.diary.on(owed.due_on - timedelta(days=3), 9, 0, give_back)
        self.diary.on(owed.due_on - timedelta(days=1), 16, 0, lambda: self._submit(owed, number + 1, said="补充后重报"))
        self.diary.on(owed.due_on, 16, 30, lambda: self._accept(owed))

    def _without_contacts(self, owed: Owed, number: int) -> None:
        def refused() -> None:
            try:
                acts.hand_in(self.stage, owed, number=number)
            except AnticipatedError as error:
                self.story.tell(f"{self.name(owed.unit)}报送{self._title(owed)}被拒绝：{error.text}")

        def named() -> None:
            number = owed.unit.removeprefix("CB")
            self.stage.name_contacts(owed.unit, leader_in_charge=f"head{number}", designated_person=f"clerk{number}")
            self._submit(owed, 5, said="明确分管领导和专人后重新报送")

        self.diary.on(owed.due_on - timedelta(days=4), 9, 0, refused)
        self.diary.on(owed.due_on - timedelta(days=2), 9, 0, named)
        self.diary.on(owed.due_on, 16, 40, lambda: self._accept(owed))

    def _title(self, owed: Owed) -> str:
        title = self.kind.requirement(owed.requirement).title.zh
        return f"《{title}》" if owed.period == "once" else f"《{title}》（{owed.period}）"

    def _timeliness(self, owed: Owed) -> str:
        with self.stage.as_system() as scope:
            duty = get_owned(scope, Duty, owed.id)
            label = TIMELINESS_LABELS[Timeliness(duty.timeliness)]
            return f"{label} {duty.late_days} 天" if duty.late_days else label

    # --- the clock --------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        missing, reminders = self.stage.tick()
        if missing or reminders:
            self.stage.deliver()
        self.reminders += reminders
        if missing:
            self.story.tell(f"时限已过仍未报送：{missing} 项任务记为漏报")
        if reminders:
            self.story.tell(f"发出提醒 {reminders} 条：{self._stages_today()}")

    def _stages_today(self) -> str:
        with self.stage.as_system() as scope:
            told = select(Effect.stage).where(Effect.tenant_id == scope.tenant_id, Effect.created_at == scope.now).distinct()
            reached = {stage.split(":")[1] for stage in scope.session.scalars(told) if stage.startswith(PREFIX)}
        return "、".join(words for stage, words in STAGE_WORDS.items() if stage in reached)

    # --- the assessment ---------------------------------------------------------------------------------------------

    def _plan_assessment(self) -> None:
        after, on = self.year + 1, self.diary.on
        on(date(self.year, 10, 20), 10, 0, self._accident)
        on(date(after, 1, 9), 9, 0, self._open)
        for place, unit in enumerate(self.units):
            on(date(after, 1, 10), 9 + place % 8, place * 3, partial(self._self_score, unit, place))
        on(date(after, 1, 13), 9, 0, self._begin_scoring)
        for place, unit in enumerate(self.units):
            on(date(after, 1, 14), 9, place, partial(self._mark, unit, place))
        on(date(after, 1, 16), 10, 0, self._finish)

    def _accident(self) -> None:
        month = date(self.year, 10, 1)
        source = "生产安全事故快报"
        goals.record_number(self.stage, OFFICER, VETOED, year=self.year, code="deaths", month=month, value="1", source=source)
        self.story.tell(f"{self.name(VETOED)}发生一起生产安全事故，死亡 1 人，该单位指标为 0 人")

    def _open(self) -> None:
        self.story.head(f"{self.year + 1}年1月：考核")
        name = f"{self.year}年度安全生产目标责任考核"
        self.round = Round(self.stage, OFFICER, "CB", year=self.year, levels=["community", "village"], name=name)
        self.round.ask_units(due_on=date(self.year + 1, 1, 12))
        self.story.tell(f"开展{name}，{len(self.round.cards)} 个单位自评")

    def _self_score(self, unit: str, place: int) -> None:
        if unit != V4:
            self.round.self_score(unit, points=str(56 + place % 5), reason="对照任务清单逐项自查")

    def _begin_scoring(self) -> None:
        self.round.begin()
        self.story.tell("自评结束，考核组开始评分")

    def _mark(self, unit: str, place: int) -> None:
        points = {EXEMPLARY: "60", V4: "44", V3: "52"}.get(unit, f"{47 + place * 5 % 12}.5")
        reason = "查阅台账和现场抽查，材料齐全" if unit == EXEMPLARY else "查阅台账和现场抽查"
        self.round.mark(EVALUATOR, unit, points=points, reason=reason, circulars=1 if unit == V4 else 0)

    def _finish(self) -> None:
        self.round.finish(OFFICER, LEADER)
        self.story.tell("考核结果封存并公布")
        self.stage.deliver()

    # --- the end ----------------------------------------------------------------------------------------------------

    def _tell_totals(self) -> None:
        with self.stage.as_system() as scope:
            counted = scope.session.execute(
                select(Duty.timeliness, func.count())
                .where(Duty.tenant_id == scope.tenant_id)
                .group_by(Duty.timeliness)
                .order_by(Duty.timeliness)
            )
            words = "、".join(f"{TIMELINESS_LABELS[Timeliness(timeliness)]} {count}" for timeliness, count in counted)
        self.story.lines.append(f"报送任务 {len(self.owed)} 项：{words}；提醒 {self.reminders} 条")
        self.story.lines += ["", "名次  单位            总分    等次", *self._ranking()]

    def _ranking(self) -> Sequence[str]:
        with self.stage.as_(OFFICER) as scope:
            found = assessment_queries.standing(scope, assessment_queries.get_assessment(scope, self.round.id))
        grades = {grade.code: grade.name.zh for grade in found.scheme.grades}
        rules = {rule.code: rule.name.zh for rule in found.scheme.vetoes}
        vetoes = {
            sheet.result.unit: "、".join(rules[finding.rule] for finding in sheet.result.findings)
            for sheet in found.sheets
            if sheet.result is not None and sheet.result.is_vetoed
        }
        lines = []
        for ranked in found.ranking:
            name = self.stage.unit_names[self.stage.codes_by_id[UUID(ranked.unit)]]
            place = f"{ranked.place:>3}" if ranked.place is not None else "  —"
            veto = f"  一票否决：{vetoes[ranked.unit]}" if ranked.is_vetoed else ""
            lines.append(f"{place}   {name}{'　' * (8 - len(name))}{ranked.total:>6.2f}  {grades[ranked.grade]}{veto}")
        return lines
