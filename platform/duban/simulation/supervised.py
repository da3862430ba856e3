"""Supervised matters and meetings of a demo, relative to today: every colour and most states, each through its operation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from duban.kernel.scope import Scope
from duban.matters import operations
from duban.matters.operations import MatterForm
from duban.matters.operations.meetings import MeetingForm
from duban.matters.queries import get_matter, papers_of
from duban.matters.states import Cycle, Question
from duban.simulation.stage import Diary, Stage

DAY = timedelta(days=1)
QUARTERLY = {"kind": "from_end", "every": "quarter", "count": 0, "side": "before"}


@dataclass
class Supervised:
    """A unit's matters: `leads` at least five units directly below it, `co` another one."""

    stage: Stage
    diary: Diary
    today: date
    unit: str
    officer: str
    leader: str
    leads: Sequence[str]
    co: str
    made: dict[str, UUID] = field(default_factory=dict)

    def plan(self) -> None:
        """Put everything into the diary."""
        on = self.diary.on
        on(self._ago(95), 9, 0, self._rhythm)
        on(self._ago(50), 15, 0, self._meeting)
        on(self._ago(44), 10, 0, self._as(self.leads[1], self._finish("closed", "已完成全镇排查，建立台账，附清单。")))
        on(self._ago(43), 9, 30, self._as_login(self.officer, self._close("closed")))
        on(self._ago(38), 10, 0, self._as(self.leads[2], self._ask("extended")))
        on(self._ago(37), 9, 0, self._as_login(self.officer, self._pass_on("extended")))
        on(self._ago(37), 16, 0, self._as_login(self.leader, self._grant("extended")))
        on(self._ago(25), 9, 0, self._instruction)
        for days in (13, 9, 6, 1):
            on(self._ago(days), 8, 30, self._sweep)
        on(self._ago(5), 10, 0, self._as_login(self.leader, self._circular))
        on(self._ago(8), 9, 0, self._inspection)
        on(self._ago(6), 11, 0, self._as(self.leads[3], self._progress("running", "已约谈2家企业负责人，正在整改。")))
        on(self._ago(3), 9, 0, self._urgent)
        on(self._ago(1), 17, 0, self._as(self.leads[4], self._finish("urgent", "路口警示标志和减速带已安装到位。")))
        on(self._ago(2), 9, 0, self._unclear)
        on(self._ago(1), 10, 0, self._as(self.leads[1], self._dispute("disputed")))

    def _ago(self, days: int) -> date:
        return self.today - days * DAY

    def _as_login(self, login: str, act: Callable[[Scope], object]) -> Callable[[], None]:
        def acted() -> None:
            with self.stage.as_(login) as scope:
                act(scope)

        return acted

    def _as(self, unit: str, act: Callable[[Scope], object]) -> Callable[[], None]:
        return self._as_login(self.stage.clerks[unit], act)

    def _register(self, key: str, form: MatterForm) -> None:
        with self.stage.as_(self.officer) as scope:
            self.made[key] = operations.register_matter(scope, unit_id=self.stage.units[self.unit], form=form).id

    def _rhythm(self) -> None:
        with self.stage.as_(self.officer) as scope:
            operations.set_rhythm(
                scope,
                unit_id=self.stage.units[self.unit],
                kind="committee",
                title="安委会全体会议",
                due=QUARTERLY,
                active_from=scope.today.replace(month=1, day=1),
                active_until=self.today.replace(month=12, day=31),
            )

    def _meeting(self) -> None:
        units = [self.stage.units[code] for code in (*self.leads, self.co)]
        with self.stage.as_(self.officer) as scope:
            form = MeetingForm(
                "committee", "安委会全体（扩大）会议", scope.today, "县长", place="县政府三楼会议室", absent="无",
                minutes="会议通报近期安全生产形势，听取重点乡镇汇报，议定两项工作并明确牵头单位和时限。", came_ids=units,
            )  # fmt: skip
            meeting = operations.note_meeting(scope, unit_id=self.stage.units[self.unit], form=form)
            forms = [
                MatterForm("开展自建房和“三合一”场所排查", "minutes", self.stage.units[self.leads[1]]),
                MatterForm("完成临水临崖路段防护设施建设", "minutes", self.stage.units[self.leads[2]], cycle=Cycle.TEN_DAYS),
            ]
            made = operations.resolve(scope, meeting_id=meeting.id, forms=forms)
            self.made |= {"closed": made[0].id, "extended": made[1].id}

    def _instruction(self) -> None:
        form = MatterForm(
            "整治国道边坡滑塌隐患", "instruction", self.stage.units[self.leads[0]], source_note="分管副县长在信访件上批示",
            body="设置警示标志，限期完成边坡加固，整治前后拍照留存。",
        )  # fmt: skip
        self._register("red", form)

    def _inspection(self) -> None:
        form = MatterForm(
            "烟花爆竹零售点超量储存问题整改", "inspection", self.stage.units[self.leads[3]], co_ids=[self.stage.units[self.co]],
            source_note="县安委办第二督查组现场检查", cycle=Cycle.WEEK,
        )  # fmt: skip
        self._register("running", form)

    def _urgent(self) -> None:
        form = MatterForm(
            "学校门前路口加装减速带", "instruction", self.stage.units[self.leads[4]], term="urgent", source_note="县长批示",
            is_major=True,
        )  # fmt: skip
        self._register("urgent", form)

    def _unclear(self) -> None:
        form = MatterForm("跨镇水库大坝安全责任落实", "document", self.stage.units[self.leads[1]], source_note="市安委办通知")
        self._register("disputed", form)

    def _sweep(self) -> None:
        with self.stage.as_system() as scope:
            operations.sweep(scope)

    def _finish(self, key: str, text: str) -> Callable[[Scope], object]:
        return lambda scope: operations.finish(scope, matter_id=self.made[key], text=text)

    def _close(self, key: str) -> Callable[[Scope], object]:
        return lambda scope: operations.close_matter(scope, matter_id=self.made[key], met=list(Question), conclusion="同意办结。")

    def _progress(self, key: str, text: str) -> Callable[[Scope], object]:
        return lambda scope: operations.report_progress(scope, matter_id=self.made[key], text=text)

    def _ask(self, key: str) -> Callable[[Scope], object]:
        return lambda scope: operations.ask_extension(
            scope,
            matter_id=self.made[key],
            wanted_on=self._ago(4),
            reason="汛期水位高，无法下基础。",
            progress="已完成设计和材料采购，完成工程量六成。",
        )

    def _pass_on(self, key: str) -> Callable[[Scope], object]:
        return lambda scope: operations.review_extension(
            scope, matter_id=self.made[key], agree=True, words="情况属实，建议同意。"
        )

    def _grant(self, key: str) -> Callable[[Scope], object]:
        return lambda scope: operations.decide_extension(scope, matter_id=self.made[key], grant=True, words="同意，不得再延。")

    def _dispute(self, key: str) -> Callable[[Scope], object]:
        return lambda scope: operations.raise_dispute(
            scope, matter_id=self.made[key], reason="水库由两镇共管，且大坝在邻镇辖区，请明确牵头单位。"
        )

    def _circular(self, scope: Scope) -> None:
        draft = papers_of(scope, get_matter(scope, self.made["red"]))[-1]
        operations.issue_circular(scope, matter_id=self.made["red"], paper_id=draft.id)
