"""Reading ladders from JSON, YAML or a form's values: every mistake is named by step and field, all of them at once."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import time
from enum import StrEnum
from typing import Any, TypeVar

from duban.calendar.due_rules import DayUnit
from duban.calendar.errors import InvalidLadderError
from duban.calendar.ladders import (
    LEADER,
    MORNING,
    RESPONSIBLE,
    Colour,
    Event,
    Ladder,
    Party,
    Recipient,
    Step,
    Trigger,
    TriggerKind,
    Words,
)
from duban.kernel.digits import plain_digits
from duban.kernel.text import N_, Text

Choice = TypeVar("Choice", bound=StrEnum)

OF_DISPATCHES = "dispatches"
"""The code of the ladder documents sent down climb."""
MOST_STEPS = 20
MOST_RECIPIENTS = 10
MOST_DAYS = 400
MOST_LEVELS = 9
LONGEST_NAME = 50
LONGEST_TEXT = 300

_CODE = re.compile(r"[a-z][a-z0-9_]{0,29}", re.ASCII)
_WHO = re.compile(r"[a-z][a-z0-9_.-]{0,59}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,4}", re.ASCII)
_HOUR = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)

_ONLY_DOCUMENTS = N_("只有下发的文件才要签收。")

_LADDER_KEYS = frozenset({"code", "name", "steps", "major_from"})
_STEP_KEYS = frozenset({"code", "name", "text", "colour", "trigger", "to", "copies", "answer_days"})
_TRIGGER_KEYS = frozenset({"kind", "days", "unit", "hour", "event"})
_RECIPIENT_KEYS = frozenset({"party", "who", "levels"})


def ladder_from_json(data: object, *, roles: Collection[str] | None = None, for_duties: bool = False) -> Ladder:
    """
    Read a ladder as `ladder_to_json` writes it.

    Takes:  `roles`, the codes a recipient may name; None takes any. `for_duties`: refuse what only supervised matters and
            documents sent down have; else the ladder's code says which of the two it is for.
    Raises: InvalidLadderError with every mistake, keyed like "steps[2].trigger.days", each text naming the step.
    """
    reader = _Reader(roles)
    found = reader.ladder(data)
    if for_duties:
        reader.check_for_duties(found)
    elif found.code == OF_DISPATCHES:
        reader.check_for_dispatches(found)
    else:
        reader.check_for_matters(found)
    reader.check()
    return found


def ladder_to_json(ladder: Ladder) -> dict[str, Any]:
    """Write a ladder as plain JSON; what is as usual is left out."""
    written = {"code": ladder.code, "name": _words(ladder.name), "steps": [step_to_json(step) for step in ladder.steps]}
    return written if ladder.major_from is Colour.NONE else {**written, "major_from": ladder.major_from.value}


def step_to_json(step: Step) -> dict[str, Any]:
    """Write one step."""
    written: dict[str, Any] = {"code": step.code, "name": _words(step.name), "trigger": _trigger(step.trigger)}
    if step.colour is not Colour.NONE:
        written["colour"] = step.colour.value
    if step.text != Words():
        written["text"] = _words(step.text)
    if step.answer_days is not None:
        written["answer_days"] = step.answer_days
    written["to"] = [_recipient(one) for one in step.to]
    if step.copies:
        written["copies"] = [_recipient(one) for one in step.copies]
    return written


def _words(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _trigger(trigger: Trigger) -> dict[str, Any]:
    written: dict[str, Any] = {"kind": trigger.kind.value, "days": trigger.days}
    if trigger.event is not None:
        written["event"] = trigger.event.value
    if trigger.unit is not DayUnit.DAY:
        written["unit"] = trigger.unit.value
    if trigger.hour != MORNING:
        written["hour"] = f"{trigger.hour:%H:%M}"
    return written


def _recipient(one: Recipient) -> dict[str, Any]:
    written: dict[str, Any] = {"party": one.party.value}
    if one.who != RESPONSIBLE:
        written["who"] = one.who
    if one.levels != 1:
        written["levels"] = one.levels
    return written


class _Reader:
    """Takes a ladder apart and notes what is wrong, where."""

    def __init__(self, roles: Collection[str] | None) -> None:
        self.roles = None if roles is None else frozenset({*roles, RESPONSIBLE, LEADER})
        self.fields: dict[str, list[Text]] = {}
        self.place = Text("")

    def check(self) -> None:
        if self.fields:
            raise InvalidLadderError(self.fields)

    def complain(self, where: str, what: str, **params: object) -> None:
        said = Text(what, params) if params else Text(what)
        if self.place.template:
            said = Text(N_("%(step)s：%(problem)s"), {"step": self.place, "problem": said})
        self.fields.setdefault(where, []).append(said)

    def ladder(self, data: object) -> Ladder:
        values = self._mapping(data, "", _LADDER_KEYS)
        code = self._code(values, "code")
        name = self._names(values, "name", longest=LONGEST_NAME, required=True)
        written = self._list(values.get("steps"), "steps", most=MOST_STEPS)
        if not written and "steps" not in self.fields:
            self.complain("steps", N_("至少要有一步。"))
        steps = tuple(self._step(item, number) for number, item in enumerate(written))
        self.place = Text("")
        self._check_order(steps)
        major_from = self._choice(values, "major_from", Colour, Colour.NONE)
        return Ladder(code=code, name=name, steps=steps, major_from=major_from)

    def check_for_matters(self, ladder: Ladder) -> None:
        """Note what would never come to pass with a supervised matter."""
        for number, step in enumerate(ladder.steps):
            self._stand_at(number, step.code)
            if step.of is Event.SENT:
                self.complain(f"steps[{number}].trigger.event", _ONLY_DOCUMENTS)
        self.place = Text("")

    def check_for_dispatches(self, ladder: Ladder) -> None:
        """Note what would never come to pass with a document sent down: it goes from one unit to one other, without sheets."""
        for number, step in enumerate(ladder.steps):
            self._stand_at(number, step.code)
            if step.of not in {None, Event.SENT}:
                self.complain(f"steps[{number}].trigger.event", N_("下发文件只有“发出、尚未签收”这一事项。"))
            if step.colour is not Colour.NONE or step.answer_days is not None:
                field = "colour" if step.colour is not Colour.NONE else "answer_days"
                self.complain(f"steps[{number}].{field}", N_("下发文件不发有颜色的单，也没有回复期限。"))
            for which, people in (("to", step.to), ("copies", step.copies)):
                for place, one in enumerate(people):
                    if one.party not in {Party.OWN, Party.ISSUER}:
                        self.complain(f"steps[{number}].{which}[{place}].party", N_("下发文件只提醒收文单位和发文单位。"))
        self.place = Text("")

    def check_for_duties(self, ladder: Ladder) -> None:
        """Note what would never come to pass with a duty: it has no co-units and no rhythm of progress reports."""
        for number, step in enumerate(ladder.steps):
            self._stand_at(number, step.code)
            if step.of is Event.BEHIND:
                self.complain(f"steps[{number}].trigger.event", N_("只有督办事项才有定期进展报告。"))
            if step.of is Event.SENT:
                self.complain(f"steps[{number}].trigger.event", _ONLY_DOCUMENTS)
            for which, people in (("to", step.to), ("copies", step.copies)):
                for place, one in enumerate(people):
                    if one.party is Party.CO:
                        self.complain(f"steps[{number}].{which}[{place}].party", N_("只有督办事项才有协办单位。"))
        self.place = Text("")

    def _stand_at(self, number: int, code: object) -> None:
        self.place = Text(N_("第 %(n)s 步（%(code)s）"), {"n": number + 1, "code": str(code or "—")})

    def _step(self, data: object, number: int) -> Step:
        where = f"steps[{number}]"
        said = data.get("code") if isinstance(data, Mapping) else None
        self._stand_at(number, said)
        values = self._mapping(data, where, _STEP_KEYS)
        to = self._recipients(values, f"{where}.to")
        if not to and f"{where}.to" not in self.fields:
            self.complain(f"{where}.to", N_("至少要提醒一个对象。"))
        return Step(
            code=self._code(values, f"{where}.code"),
            trigger=self._trigger(values.get("trigger"), f"{where}.trigger"),
            to=to,
            copies=self._recipients(values, f"{where}.copies"),
            colour=self._choice(values, f"{where}.colour", Colour, Colour.NONE),
            name=self._names(values, f"{where}.name", longest=LONGEST_NAME, required=True),
            text=self._names(values, f"{where}.text", longest=LONGEST_TEXT, required=False),
            answer_days=self._optional(values, f"{where}.answer_days", highest=MOST_DAYS),
        )

    def _trigger(self, data: object, where: str) -> Trigger:
        values = self._mapping(data, where, _TRIGGER_KEYS)
        kind = self._choice(values, f"{where}.kind", TriggerKind, None)
        event = None
        if kind is TriggerKind.EVENT:
            event = self._choice(values, f"{where}.event", Event, None)
        elif values.get("event"):
            self.complain(f"{where}.event", N_("只有“事项发生后”才填写事项。"))
        lowest = {TriggerKind.DUE: -MOST_DAYS, TriggerKind.EVENT: 0, TriggerKind.UNMET: 1}[kind]
        return Trigger(
            kind=kind,
            days=self._whole(values, f"{where}.days", lowest=lowest, highest=MOST_DAYS),
            unit=self._choice(values, f"{where}.unit", DayUnit, DayUnit.DAY),
            hour=self._hour(values, f"{where}.hour"),
            event=event,
        )

    def _recipients(self, values: Mapping[str, object], where: str) -> tuple[Recipient, ...]:
        found: list[Recipient] = []
        for number, item in enumerate(self._list(values.get(where.rpartition(".")[2]), where, most=MOST_RECIPIENTS)):
            here = f"{where}[{number}]"
            one = self._mapping(item, here, _RECIPIENT_KEYS)
            party = self._choice(one, f"{here}.party", Party, None)
            who = str(one.get("who") or RESPONSIBLE)
            if not _WHO.fullmatch(who) or (self.roles is not None and who not in self.roles):
                self.complain(f"{here}.who", N_("没有“%(role)s”这个角色。"), role=who[:LONGEST_NAME])
            levels = self._optional(one, f"{here}.levels", highest=MOST_LEVELS) or 1
            recipient = Recipient(party=party, who=who, levels=levels if party is Party.ABOVE else 1)
            if recipient in found:
                self.complain(here, N_("同一对象写了两次。"))
            found.append(recipient)
        return tuple(found)

    def _check_order(self, steps: Sequence[Step]) -> None:
        for number, step in enumerate(steps):
            self._stand_at(number, step.code)
            if step.code and any(step.code == other.code for other in steps[:number]):
                self.complain(f"steps[{number}].code", N_("代码与前面的步骤相同。"))
            if step.trigger.kind is TriggerKind.UNMET and not number:
                self.complain(f"steps[{number}].trigger.kind", N_("第一步前面没有步骤，不能写“上一步未落实”。"))
            before = [
                other.trigger.days
                for other in steps[:number]
                if (other.trigger.kind, other.trigger.event, other.trigger.unit)
                == (step.trigger.kind, step.trigger.event, step.trigger.unit)
            ]
            if step.trigger.kind is not TriggerKind.UNMET and before and step.trigger.days < max(before):
                self.complain(f"steps[{number}].trigger.days", N_("早于前面的步骤，请按先后排列。"))
        self.place = Text("")

    def _mapping(self, data: object, where: str, known: frozenset[str]) -> Mapping[str, object]:
        if not isinstance(data, Mapping):
            self.complain(where or "ladder", N_("请逐项填写。"))
            return {}
        for name in sorted(str(key) for key in data if key not in known):
            self.complain(f"{where}.{name}" if where else name, N_("没有“%(name)s”这一项。"), name=name[:LONGEST_NAME])
        return {str(key): value for key, value in data.items()}

    def _list(self, data: object, where: str, *, most: int) -> Sequence[object]:
        if data is None:
            return ()
        if not isinstance(data, Sequence) or isinstance(data, str):
            self.complain(where, N_("请逐条列出。"))
            return ()
        if len(data) > most:
            self.complain(where, N_("最多 %(most)s 条。"), most=most)
        return data[:most]

    def _code(self, values: Mapping[str, object], where: str) -> str:
        written = str(values.get("code") or "")
        if not _CODE.fullmatch(written):
            self.complain(where, N_("代码用小写英文字母、数字和下划线，以字母开头，最长 30 个字符。"))
            return ""
        return written

    def _names(self, values: Mapping[str, object], where: str, *, longest: int, required: bool) -> Words:
        written = values.get(where.rpartition(".")[2])
        if written is None and not required:
            return Words()
        both = self._mapping(written, where, frozenset({"zh", "en"}))
        zh, en = (" ".join(str(both.get(key) or "").replace("\x00", "").split()) for key in ("zh", "en"))
        if required and isinstance(written, Mapping) and not zh:
            self.complain(f"{where}.zh", N_("请填写名称。"))
        if max(len(zh), len(en)) > longest:
            self.complain(where, N_("最长 %(most)s 个字。"), most=longest)
        return Words(zh=zh, en=en)

    def _choice(self, values: Mapping[str, object], where: str, choices: type[Choice], default: Choice | None) -> Choice:
        written = values.get(where.rpartition(".")[2]) or default
        try:
            return choices(str(written))
        except ValueError:
            self.complain(where, N_("请从 %(allowed)s 中选择。"), allowed="、".join(choices))
            return next(iter(choices))

    def _whole(self, values: Mapping[str, object], where: str, *, lowest: int, highest: int) -> int:
        written = values.get(where.rpartition(".")[2])
        text = plain_digits(str(written)).strip() if isinstance(written, int | str) and not isinstance(written, bool) else ""
        if not _NUMBER.fullmatch(text) or not lowest <= int(text) <= highest:
            self.complain(where, N_("请填写 %(lowest)s 到 %(highest)s 之间的整数。"), lowest=lowest, highest=highest)
            return max(lowest, 0)
        return int(text)

    def _optional(self, values: Mapping[str, object], where: str, *, highest: int) -> int | None:
        written = values.get(where.rpartition(".")[2])
        return None if written is None or written == "" else self._whole(values, where, lowest=1, highest=highest)

    def _hour(self, values: Mapping[str, object], where: str) -> time:
        written = values.get("hour")
        if written is None or written == "":
            return MORNING
        found = _HOUR.fullmatch(plain_digits(str(written)).strip())
        if not found:
            self.complain(where, N_("时间请写成 08:00 的样子。"))
            return MORNING
        return time(int(found[1]), int(found[2]))
