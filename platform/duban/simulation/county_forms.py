"""The county's two monthly forms, from the village up: designed, renewed, in every state a form can be in, relative to today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from duban.simulation import acts
from duban.simulation.acts import Owed
from duban.simulation.answers import YEAR_TO_DATE
from duban.simulation.county_people import COUNTY, OFFICER
from duban.simulation.designed import design
from duban.simulation.stage import Diary, Stage

DAY = timedelta(days=1)
MONTHLY, VILLAGES = "hazard_statistics", "village_check"


@dataclass(frozen=True)
class CountyForms:
    """What becomes of the forms of the units a newcomer signs in as, and of those beside them."""

    stage: Stage
    diary: Diary
    today: date

    def bring(self, *, since: date) -> None:
        """Design both forms; publish them anew some weeks ago."""
        renewed = (self.today - timedelta(days=70)).replace(day=1)
        for code in (VILLAGES, MONTHLY):
            made = design(self.stage, OFFICER, COUNTY, self.stage.kind.requirement(code), since=since)
            self.diary.on(renewed - 5 * DAY, 9, 30, partial(made.renew, since=renewed))

    def villages(self, owed: Sequence[Owed], *, township: str) -> set[Owed]:
        """
        Tell what five villages do: half a draft, waiting, returned with a remark, accepted, asking for time.

        Gives: the duties this decides about.
        """
        reviewer = self.stage.clerks[township]
        units = list(dict.fromkeys(one.unit for one in owed))[:5]
        before, now = self._around(owed)
        told = {before[units[0]], *(now[unit] for unit in units)}
        self._accepted(before[units[0]], 0, reviewer)
        half = partial(acts.begin_draft, self.stage, now[units[0]], number=1)
        self.diary.on(self.today - DAY, 17, 10, half)
        self._waiting(now[units[1]], 1)
        self._returned(now[units[2]], 2, reviewer, "photos", "照片看不清隐患部位，请补拍整改前后各一张。")
        self._accepted(now[units[3]], 3, reviewer)
        self._asking(now[units[4]])
        return told

    def townships(self, owed: Sequence[Owed], units: Sequence[str]) -> set[Owed]:
        """
        Tell what townships do: the first has yet to fill in from its villages, the others are in the other states.

        Gives: the duties this decides about.
        """
        before, now = self._around(owed)
        told = {now[unit] for unit in units[:7]} | {before[unit] for unit in units[:4]}
        for number, unit in enumerate(units[:3]):
            self._accepted(before[unit], number, OFFICER)
        self._accepted(before[units[3]], 3, OFFICER, figures=True)
        self._waiting(now[units[2]], 2)
        self._returned(now[units[3]], 3, OFFICER, "hazards_closed", "台账上已整改的比这里少 2 项，请核对。")
        self._asking(now[units[4]])
        self.diary.on(self.today - DAY, 16, 40, partial(acts.begin_draft, self.stage, now[units[5]], number=5))
        self._accepted(now[units[6]], 6, OFFICER)
        return told

    def _around(self, owed: Sequence[Owed]) -> tuple[dict[str, Owed], dict[str, Owed]]:
        """Give each unit's last duty that fell due before today, and its next."""
        before: dict[str, Owed] = {}
        now: dict[str, Owed] = {}
        for one in sorted(owed, key=lambda one: one.due_on):
            if one.due_on < self.today:
                before[one.unit] = one
            else:
                now.setdefault(one.unit, one)
        return before, now

    def _day(self, owed: Owed, days: int) -> date:
        return min(owed.due_on, self.today) - days * DAY

    def _accepted(self, owed: Owed, number: int, reviewer: str, *, figures: bool = False) -> None:
        given = YEAR_TO_DATE if figures else {}
        self.diary.on(self._day(owed, 2), 10, number, partial(self._hand_in, owed, number, given))
        self.diary.on(self._day(owed, 1), 15, number, partial(acts.accept, self.stage, reviewer, owed))

    def _hand_in(self, owed: Owed, number: int, given: dict[str, str]) -> None:
        acts.photograph(self.stage, owed, number)
        acts.hand_in(self.stage, owed, number=number, given=given)

    def _waiting(self, owed: Owed, number: int) -> None:
        self.diary.on(self.today - DAY, 11, 20, partial(self._hand_in, owed, number, {}))

    def _returned(self, owed: Owed, number: int, reviewer: str, key: str, remark: str) -> None:
        self.diary.on(self.today - 2 * DAY, 9, 40, partial(self._hand_in, owed, number, {}))
        said = partial(acts.give_back, self.stage, reviewer, owed, "请按意见改正后重报。", {key: remark})
        self.diary.on(self.today - DAY, 15, 30, said)

    def _asking(self, owed: Owed) -> None:
        reason, progress = "本周防汛值班，两个组还没有查完。", "已查完六成，数据已录入一半。"
        wanted = partial(acts.ask_for_time, self.stage, owed, wanted_on=owed.due_on + 5 * DAY, reason=reason, progress=progress)
        self.diary.on(self.today - DAY, 14, 5, wanted)
