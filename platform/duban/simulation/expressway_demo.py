"""The demo expressway: an owner, two resident supervision offices, contractors and sections under plan 3 of source 001."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial

from sqlalchemy import Engine

from duban.calendar.due_dates import Campaign
from duban.calendar.due_rules import FixedDate
from duban.organisation.operations.units import place_in_line
from duban.reporting.forms import Targets, TargetScope
from duban.simulation import acts, goals
from duban.simulation.acts import Owed
from duban.simulation.designed import design
from duban.simulation.stage import ADMIN, Diary, Stage, hire_administrators, set_stage
from duban.tenancy.kinds import Kind

OWNER = "EJL"
INSPECTORS = {"EJL-Z1": ("z1.tunnel", "隧道专业监理工程师"), "EJL-Z2": ("z2.bridge", "桥梁专业监理工程师")}
SPECIAL = {"EJL-Z1": ("EJL-S05", "EJL-S06", "EJL-S07"), "EJL-Z2": ("EJL-S03", "EJL-S04")}
"""Sections whose tunnels and bridges one supervision office inspects for the whole project, in whoever's area they lie （条）."""
LEADER, OFFICER, EVALUATOR = "owner.leader", "owner.officer", "owner.evaluator"
DAY = timedelta(days=1)


class ExpresswayDemo:
    """Makes the project's year. `make` does all of it."""

    def __init__(self, engine: Engine, *, kind: Kind, today: date, password: str, say: Callable[[str], None]) -> None:
        """Set the stage; `today` is the date the demo is looked at."""
        self.kind, self.today, self.say = kind, today, say
        self.year = today.year if today.month >= 4 else today.year - 1
        name = "EJL1高速公路项目"
        self.stage = set_stage(engine, kind=kind, name=name, password=password, files=["units.csv"], on=date(self.year, 1, 6))
        self.diary = Diary(self.stage)

    def make(self) -> Stage:
        """Make everything. Gives: the stage, its tenant still hidden."""
        self.say("高速公路项目：人员、方案、目标")
        with self.stage.one_sitting():
            self._hire()
            hire_administrators(self.stage, OWNER)
        for office, sections in SPECIAL.items():
            self._place_in_line(office, sections)
        self._begin()
        self._special_goals()
        self.say("高速公路项目：报送与审核")
        self._reports()
        self._special_checks()
        self.diary.live(until=self.stage.at(self.today, 0, 0))
        self.stage.at(self.today, 0, 30)
        self.stage.tick()
        self.stage.deliver(recent_from=self.today - timedelta(days=21))
        return self.stage

    def _hire(self) -> None:
        stage = self.stage
        stage.hire(OWNER, "owner.leader", LEADER, post="项目总经理")
        stage.hire(OWNER, "owner.officer", OFFICER, post="安全总监")
        stage.hire(OWNER, "owner.evaluator", EVALUATOR, post="考核专员")
        stage.name_contacts(OWNER, leader_in_charge=LEADER, liaison_officer=OFFICER)
        roles = {"supervision_office": "officer", "contractor": "officer", "section": "clerk"}
        posts = {
            "supervision_office": ("安全监理工程师", "驻地监理工程师"),
            "contractor": ("安全部部长", "项目经理"),
            "section": ("专职安全员", "标段负责人"),
        }
        for code in stage.codes(*roles):
            level = stage.levels[code]
            short = code.removeprefix("EJL-").lower()
            clerk = stage.hire(code, f"{level}.{roles[level]}", short, post=posts[level][0])
            head = stage.hire(code, f"{level}.leader", f"{short}.head", post=posts[level][1])
            stage.clerks[code] = clerk
            if code != "EJL-S07":
                stage.name_contacts(code, principal=head, leader_in_charge=head, designated_person=clerk)

        for office, (login, post) in INSPECTORS.items():
            stage.hire(office, "supervision_office.inspector", login, post=post)

    def _place_in_line(self, office: str, sections: Sequence[str]) -> None:
        with self.stage.as_(ADMIN) as scope:
            for section in sections:
                place_in_line(scope, unit_id=self.stage.units[section], line="supervision", parent_id=self.stage.units[office])

    def _special_goals(self) -> None:
        """Each inspector sets a rate for the special works, hands it down the line and has the sections sign for it."""
        stage, year = self.stage, self.year
        stage.at(date(year, 1, 16), 9)
        for office, (login, _) in INSPECTORS.items():
            goals.adopt(stage, login, office, year=year, limits={"retraining_rate": "95"})
            goals.split(stage, login, office, year=year, line="supervision", shares={"retraining_rate": {}}, only=True)
            goals.write_letters(stage, login, office, year=year, prefix=f"{stage.unit_names[office][:2]}专监")
            goals.sign(stage, f"{login[:2]}.head", upper=office, year=year)
            first = SPECIAL[office][0]
            clerk = stage.clerks[first]
            goals.accept_targets(stage, clerk, first, year=year)
            goals.sign(stage, f"{clerk}.head", upper=office, year=year, lowers=[first])

    def _special_checks(self) -> None:
        """Tunnels and bridges are reported to the inspector, who reviews; the contractor sees it."""
        template = self.kind.requirement("hazard_statistics")
        for (office, (login, _)), works in zip(INSPECTORS.items(), ("隧道掘进", "桥梁高墩"), strict=True):
            self.stage.at(self.today - timedelta(days=40), 10)
            owed = acts.issue_requirement(
                self.stage, login, office, template, year=self.year, title=f"{works}专项隐患统计",
                campaign=Campaign(self.today - 38 * DAY, self.today + 40 * DAY), targets=Targets(TargetScope.CHILDREN),
                line="supervision",
            )  # fmt: skip
            for number, one in enumerate(owed):
                self._play(one, number, reviewer=login)

    def _begin(self) -> None:
        stage, year = self.stage, self.year
        plan = self.kind.plan("safety_year")
        stage.at(date(year, 1, 8), 9)
        text = acts.original_text(plan, year)
        document = acts.register(stage, OFFICER, OWNER, plan.document.in_year(year), text=text, issued_on=date(year, 1, 7))
        self.programme = acts.issue_plan(stage, OFFICER, OWNER, plan, year=year, document_id=document)
        stage.at(date(year, 1, 10), 9)
        limits = {"deaths": "0", "general_accidents": "3", "major_accidents": "0", "certificate_rate": "100"}
        goals.adopt(stage, OFFICER, OWNER, year=year, limits=limits)
        self._split(OWNER, OFFICER, {"general_accidents": {"EJL-Z1": 2, "EJL-Z2": 1}})
        for office, shares in (("EJL-Z1", {"EJL-C1": 1, "EJL-C2": 1}), ("EJL-Z2", {"EJL-C3": 1})):
            goals.accept_targets(stage, stage.clerks[office], office, year=year)
            self._split(office, stage.clerks[office], {"general_accidents": shares})
        for contractor in stage.codes("contractor")[:2]:
            goals.accept_targets(stage, stage.clerks[contractor], contractor, year=year)
        stage.at(date(year, 1, 15), 9)
        goals.write_letters(stage, OFFICER, OWNER, year=year, prefix="EJL1安责")
        goals.sign(stage, LEADER, upper=OWNER, year=year)
        goals.sign(stage, "z1.head", upper=OWNER, year=year, lowers=["EJL-Z1"])

    def _split(self, unit: str, login: str, shares: dict[str, dict[str, int]]) -> None:
        goals.split(self.stage, login, unit, year=self.year, line="project", shares=shares)

    def _reports(self) -> None:
        stage, kind, today = self.stage, self.kind, self.today
        stage.at(date(self.year, 1, 20), 9)
        plan = acts.issue_requirement(
            stage, OFFICER, OWNER, kind.requirement("plan"), year=self.year, programme_id=self.programme,
            due=FixedDate(on=date(self.year, 6, 25)),
        )  # fmt: skip
        first = max(stage.today, today - timedelta(days=100))
        monthly = design(stage, OFFICER, OWNER, kind.requirement("hazard_statistics"), since=date(self.year, 1, 1))
        renewed = (today - timedelta(days=60)).replace(day=1)
        self.diary.on(renewed - 5 * DAY, 9, 30, partial(monthly.renew, since=renewed))
        for code in ("hazard_statistics", "contractor_statistics", "quarterly_summary"):
            campaign = Campaign(first, today + 60 * DAY)
            owed = acts.issue_requirement(
                stage, OFFICER, OWNER, kind.requirement(code), year=self.year, programme_id=self.programme, campaign=campaign
            )
            for number, one in enumerate(owed):
                self._play(one, number)
        for number, one in enumerate(plan):
            if one.unit != "EJL-S07":
                self._play(one, number)

    def _play(self, owed: Owed, number: int, *, reviewer: str = OFFICER) -> None:
        ago = (self.today - owed.due_on).days
        hand_in = partial(acts.hand_in, self.stage, owed, number=number)
        if ago > 12 and number % 9 != 4:
            day = owed.due_on - DAY * (1 + number % 3)
            self.diary.on(day, 10, number % 60, hand_in)
            self.diary.on(day + DAY, 15, number % 60, partial(acts.accept, self.stage, reviewer, owed))
        elif 12 >= ago >= -8 and number % 3 != 2:
            self.diary.on(min(owed.due_on, self.today - DAY), 10, number % 60, hand_in)
