"""Plain data to a scheme, with a message that names the field when it cannot be one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from duban.assessments.rules.numbers import ZERO, RoundingMode, total_of
from duban.assessments.rules.scheme import (
    HAS_RULES,
    STARTS_FULL,
    Basis,
    Effect,
    Effects,
    Entry,
    Grade,
    GroupWeight,
    Item,
    ItemKind,
    Name,
    Order,
    Per,
    Quota,
    RollUpRule,
    Rounding,
    Rule,
    Scheme,
    Stage,
    TieBreak,
    TiePolicy,
    Ties,
    Treatment,
    VetoKind,
    VetoRule,
)
from duban.kernel.text import N_, Text

Choice = TypeVar("Choice", bound=StrEnum)
Part = TypeVar("Part")

LARGEST_POINTS = Decimal(1_000_000)
MOST_DECIMALS = 6


class SchemeError(ValueError):
    """`field` is the place in the data (items[2].rules[0].each); `text` says what is wrong there."""

    def __init__(self, field: str, template: str, **params: object) -> None:
        self.field = field
        self.text = Text(template, params)
        super().__init__(f"{field}: {self.text}")


class _Place:
    """One value and where it stands, so that every complaint can name the field."""

    def __init__(self, value: object, path: str) -> None:
        self.value = value
        self.path = path

    def refuse(self, template: str, **params: object) -> SchemeError:
        return SchemeError(self.path, template, **params)

    def keys(self, *known: str) -> Mapping[str, object]:
        if not isinstance(self.value, Mapping):
            raise self.refuse(N_("这里应当是一组字段"))
        for key in self.value:
            if key not in known:
                raise SchemeError(
                    f"{self.path}.{key}".lstrip("."), N_("不认识这个字段，可用的字段：%(known)s"), known="、".join(known)
                )
        return self.value

    def at(self, key: str) -> "_Place":
        value = self.value.get(key) if isinstance(self.value, Mapping) else None
        return _Place(value, f"{self.path}.{key}".lstrip("."))

    def each(self, key: str) -> Iterator["_Place"]:
        place = self.at(key)
        value = () if place.value is None else place.value
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise place.refuse(N_("这里应当是一个列表"))
        for position, member in enumerate(value):
            yield _Place(member, f"{place.path}[{position}]")

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.refuse(N_("请填写文字"))
        return self.value

    def points(self) -> Decimal:
        if isinstance(self.value, float):
            raise self.refuse(N_('小数请写成带引号的文字，例如 "0.5"，以免失真'))
        if isinstance(self.value, bool) or not isinstance(self.value, str | int):
            raise self.refuse(N_("请填写数字"))
        try:
            number = Decimal(self.value)
        except InvalidOperation:
            raise self.refuse(N_("“%(value)s”不是数字"), value=self.value) from None
        exponent = number.as_tuple().exponent
        if not number.is_finite() or abs(number) > LARGEST_POINTS or not isinstance(exponent, int) or exponent < -MOST_DECIMALS:
            raise self.refuse(N_("数字过大或小数位过多：%(value)s"), value=self.value)
        return number

    def positive(self) -> Decimal:
        number = self.points()
        if number <= 0:
            raise self.refuse(N_("必须大于 0"))
        return number

    def whole(self) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 0:
            raise self.refuse(N_("请填写不小于 0 的整数"))
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refuse(N_("请填写 true 或 false"))
        return self.value

    def choice(self, kind: type[Choice]) -> Choice:
        if self.value not in {member.value for member in kind}:
            raise self.refuse(N_("只能是：%(known)s"), known="、".join(member.value for member in kind))
        return kind(str(self.value))

    def given(self, key: str, read: Callable[["_Place"], Part], default: Part) -> Part:
        """Read a field, or take the default when it is left out; an explicit null is read as null by optional fields."""
        if isinstance(self.value, Mapping) and key in self.value:
            return read(self.at(key))
        return default

    def optional(self, key: str, read: Callable[["_Place"], Part]) -> Part | None:
        place = self.at(key)
        return None if place.value is None else read(place)


def load(data: object) -> Scheme:
    """Read a scheme from plain data. Raises: SchemeError, naming the field."""
    top = _Place(data, "")
    top.keys(
        "code", "version", "name", "full_score", "items", "grades", "veto_grade", "floor", "cap", "rounding", "vetoes", "ties",
        "quota", "roll_up", "effects",
    )  # fmt: skip
    scheme = Scheme(
        code=top.at("code").text(),
        version=top.at("version").whole(),
        name=_name(top.at("name")),
        full_score=top.at("full_score").positive(),
        items=tuple(_item(place) for place in top.each("items")),
        grades=tuple(_grade(place) for place in top.each("grades")),
        veto_grade=top.at("veto_grade").text(),
        floor=top.given("floor", _Place.points, ZERO),
        cap=top.optional("cap", _Place.positive),
        rounding=top.given("rounding", _rounding, Rounding()),
        vetoes=tuple(_veto(place) for place in top.each("vetoes")),
        ties=top.given("ties", _ties, Ties()),
        quota=top.optional("quota", _quota),
        roll_up=top.given("roll_up", _roll_up, RollUpRule()),
        effects=top.given("effects", _effects, Effects()),
    )
    _check_whole(scheme)
    return scheme


def _name(place: _Place) -> Name:
    place.keys("zh", "en")
    return Name(zh=place.at("zh").text(), en=place.at("en").text())


def _item(place: _Place) -> Item:
    place.keys("code", "name", "kind", "points", "floor", "cap", "measure", "rules", "guide")
    item = Item(
        code=place.at("code").text(),
        name=_name(place.at("name")),
        kind=place.at("kind").choice(ItemKind),
        points=place.given("points", _Place.points, ZERO),
        floor=place.given("floor", _points_or_none, _USUAL_FLOOR),
        cap=place.optional("cap", _Place.positive),
        measure=place.optional("measure", _Place.text),
        rules=tuple(_rule(rule) for rule in place.each("rules")),
        guide=place.optional("guide", _name),
    )
    _check_item(item, place)
    return item


_USUAL_FLOOR: Decimal | None = ZERO


def _points_or_none(place: _Place) -> Decimal | None:
    return None if place.value is None else place.points()


def _check_item(item: Item, place: _Place) -> None:
    if item.kind in STARTS_FULL and item.points <= 0:
        raise place.at("points").refuse(N_("这类考核项必须有大于 0 的分值"))
    if item.kind not in STARTS_FULL and item.points != 0:
        raise place.at("points").refuse(N_("扣分项和加分项没有基础分值，请去掉"))
    if item.kind in HAS_RULES and not item.rules:
        raise place.at("rules").refuse(N_("请至少写一条计分规则"))
    if item.kind not in HAS_RULES and item.rules:
        raise place.at("rules").refuse(N_("这类考核项没有计分规则，请去掉"))
    if (item.kind is ItemKind.LIMIT) != (item.measure is not None):
        raise place.at("measure").refuse(N_("控制指标项（且只有它）要写明看哪个指标"))
    if item.cap is not None and item.kind in STARTS_FULL:
        raise place.at("cap").refuse(N_("只有扣分项和加分项可以设上限"))


def _rule(place: _Place) -> Rule:
    place.keys("code", "name", "fact", "each", "per", "cap", "entry")
    return Rule(
        code=place.at("code").text(),
        name=_name(place.at("name")),
        fact=place.at("fact").text(),
        each=place.at("each").positive(),
        per=place.given("per", lambda at: at.choice(Per), Per.EVENT),
        cap=place.optional("cap", _Place.positive),
        entry=place.given("entry", lambda at: at.choice(Entry), Entry.COUNTED),
    )


def _grade(place: _Place) -> Grade:
    place.keys("code", "name", "minimum", "inclusive")
    return Grade(
        code=place.at("code").text(),
        name=_name(place.at("name")),
        minimum=place.at("minimum").points(),
        inclusive=place.given("inclusive", _Place.flag, default=True),
    )


def _rounding(place: _Place) -> Rounding:
    place.keys("stage", "mode", "decimals")
    return Rounding(
        stage=place.given("stage", lambda at: at.choice(Stage), Stage.TOTAL),
        mode=place.given("mode", lambda at: at.choice(RoundingMode), RoundingMode.HALF_UP),
        decimals=place.given("decimals", _Place.whole, 2),
    )


_NEEDS = {
    VetoKind.LIMIT_EXCEEDED: {"measure"},
    VetoKind.COUNT_REACHED: {"fact", "threshold"},
    VetoKind.SCORE_BELOW: {"threshold"},
    VetoKind.DECISION: set[str](),
}


def _veto(place: _Place) -> VetoRule:
    given = place.keys("code", "name", "kind", "effect", "measure", "fact", "threshold")
    kind = place.at("kind").choice(VetoKind)
    for key in ("measure", "fact", "threshold"):
        if (given.get(key) is not None) != (key in _NEEDS[kind]):
            raise place.at(key).refuse(N_("这种否决规则需要的字段是：%(known)s"), known="、".join(sorted(_NEEDS[kind])) or "-")
    return VetoRule(
        code=place.at("code").text(),
        name=_name(place.at("name")),
        kind=kind,
        effect=place.given("effect", lambda at: at.choice(Effect), Effect.VETO),
        measure=place.optional("measure", _Place.text),
        fact=place.optional("fact", _Place.text),
        threshold=place.optional("threshold", _Place.points),
    )


def _ties(place: _Place) -> Ties:
    place.keys("policy", "by")
    ties = Ties(
        policy=place.at("policy").choice(TiePolicy),
        by=tuple(
            TieBreak(fact=tie.at("fact").text(), order=tie.given("order", lambda at: at.choice(Order), Order.FEWEST))
            for tie in place.each("by")
        ),
    )
    if (ties.policy is TiePolicy.BREAK) != bool(ties.by):
        raise place.at("by").refuse(N_("区分同分时（且只有那时）要写明按什么区分"))
    return ties


def _quota(place: _Place) -> Quota:
    place.keys("grade", "otherwise", "basis", "number", "uplift", "mode", "without", "move_up")
    return Quota(
        grade=place.at("grade").text(),
        otherwise=place.at("otherwise").text(),
        basis=place.at("basis").choice(Basis),
        number=place.at("number").positive(),
        uplift=place.given("uplift", _Place.points, ZERO),
        mode=place.given("mode", lambda at: at.choice(RoundingMode), RoundingMode.FLOOR),
        without=tuple(fact.text() for fact in place.each("without")),
        move_up=place.given("move_up", _Place.flag, default=False),
    )


def _roll_up(place: _Place) -> RollUpRule:
    place.keys("treatment", "cap", "mode", "decimals", "weights")
    default = RollUpRule()
    return RollUpRule(
        treatment=place.given("treatment", lambda at: at.choice(Treatment), default.treatment),
        cap=place.given("cap", _Place.points, default.cap),
        mode=place.given("mode", lambda at: at.choice(RoundingMode), default.mode),
        decimals=place.given("decimals", _Place.whole, default.decimals),
        weights=tuple(
            GroupWeight(weight.at("group").text(), _name(weight.at("name")), weight.at("weight").positive())
            for weight in place.each("weights")
        ),
    )


def _effects(place: _Place) -> Effects:
    place.keys("promotion_months", "rectification_months")
    default = Effects()
    return Effects(
        promotion_months=place.given("promotion_months", _Place.whole, default.promotion_months),
        rectification_months=place.given("rectification_months", _Place.whole, default.rectification_months),
    )


def _check_whole(scheme: Scheme) -> None:
    _check_unique("items", [item.code for item in scheme.items])
    _check_unique("grades", [grade.code for grade in scheme.grades])
    _check_unique("vetoes", [veto.code for veto in scheme.vetoes])
    _check_unique("items.rules", [rule.code for item in scheme.items for rule in item.rules])
    _check_unique("roll_up.weights", [weight.group for weight in scheme.roll_up.weights])
    together = total_of([item.points for item in scheme.items])
    if together != scheme.full_score:
        raise SchemeError("items", N_("各项分值合计 %(sum)s，与满分 %(full)s 不符"), sum=together, full=scheme.full_score)
    if scheme.cap is not None and scheme.cap < scheme.floor:
        raise SchemeError("cap", N_("上限低于下限"))
    _check_grades(scheme)
    weights = total_of([weight.weight for weight in scheme.roll_up.weights])
    if scheme.roll_up.weights and weights != 1:
        raise SchemeError("roll_up.weights", N_("各组权重合计 %(sum)s，应当等于 1"), sum=weights)


def _check_grades(scheme: Scheme) -> None:
    codes = [grade.code for grade in scheme.grades]
    if not codes:
        raise SchemeError("grades", N_("请至少写一个等次"))
    for position, (higher, lower) in enumerate(zip(scheme.grades, scheme.grades[1:], strict=False), start=1):
        if lower.minimum >= higher.minimum:
            raise SchemeError(f"grades[{position}].minimum", N_("等次要从高到低排列，分数线依次降低"))
    lowest = scheme.grades[-1]
    if lowest.minimum > scheme.floor or not lowest.inclusive:
        raise SchemeError(
            f"grades[{len(codes) - 1}].minimum", N_("最低等次要从 %(floor)s 分起（含），否则有的分数没有等次"), floor=scheme.floor
        )
    asked = {"veto_grade": scheme.veto_grade}
    if scheme.quota is not None:
        asked |= {"quota.grade": scheme.quota.grade, "quota.otherwise": scheme.quota.otherwise}
    for place, code in asked.items():
        if code not in codes:
            raise SchemeError(place, N_("没有这个等次：%(code)s"), code=code)


def _check_unique(place: str, codes: list[str]) -> None:
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise SchemeError(place, N_("代码重复：%(codes)s"), codes="、".join(twice))
