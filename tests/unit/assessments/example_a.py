"""Example A of the rule book: a district of 8 sub-districts, 18 departments and 24 enterprises, in the scheme language."""

from decimal import Decimal

from duban.assessments.rules.facts import Count, Facts, Measure
from duban.assessments.rules.facts import Mark as Marked
from duban.assessments.rules.scheme import Scheme
from duban.assessments.rules.scheme_loader import load

NAME_OF_NOTHING = {"zh": "项目", "en": "Item"}
GRADES = [
    {"code": "excellent", "name": {"zh": "优秀", "en": "Excellent"}, "minimum": "90"},
    {"code": "good", "name": {"zh": "良好", "en": "Good"}, "minimum": "80"},
    {"code": "qualified", "name": {"zh": "合格", "en": "Qualified"}, "minimum": "60"},
    {"code": "unqualified", "name": {"zh": "不合格", "en": "Unqualified"}, "minimum": "0"},
]
VETOES = [
    {
        "code": "V1",
        "name": {"zh": "死亡人数超过控制指标", "en": "Deaths above the limit"},
        "kind": "limit_exceeded",
        "measure": "deaths",
    },
    {
        "code": "V2",
        "name": {"zh": "重大以上事故", "en": "Major accident"},
        "kind": "count_reached",
        "fact": "major",
        "threshold": 1,
    },
    {
        "code": "V3",
        "name": {"zh": "瞒报事故", "en": "Concealed accident"},
        "kind": "count_reached",
        "fact": "concealed",
        "threshold": 1,
    },
    {"code": "V4", "name": {"zh": "年度考核不合格", "en": "Unqualified"}, "kind": "score_below", "threshold": 60},
    {"code": "V5", "name": {"zh": "集体研究决定", "en": "By decision"}, "kind": "decision"},
]
WEIGHTS = [
    {"group": "SD", "name": {"zh": "街道", "en": "Sub-districts"}, "weight": "0.5"},
    {"group": "D", "name": {"zh": "部门", "en": "Departments"}, "weight": "0.3"},
    {"group": "E", "name": {"zh": "企业", "en": "Enterprises"}, "weight": "0.2"},
]


def rule(code: str, zh: str, each: str, **more: object) -> dict:
    return {"code": code, "name": {"zh": zh, "en": code}, "fact": code, "each": each, **more}


def bonus_item() -> dict:
    return {
        "code": "bonus",
        "name": {"zh": "加分", "en": "Bonus"},
        "kind": "bonus",
        "rules": [
            rule("province", "省级表彰", "1", entry="entered"),
            rule("city", "市级表彰", "0.5", entry="entered"),
        ],
    }


def whole(code: str, items: list, **more: object) -> dict:
    return {
        "code": code,
        "version": 1,
        "name": {"zh": "年度考核细则", "en": "Annual scheme"},
        "full_score": 100,
        "items": items,
        "grades": GRADES,
        "veto_grade": "unqualified",
        "vetoes": VETOES,
        "roll_up": {"weights": WEIGHTS},
        **more,
    }


def street_scheme(**more: object) -> Scheme:
    """Basic 55 with its own floor, accidents 20 + 15 all or nothing, assigned work 10, criticism −2, bonus."""
    items = [
        {
            "code": "basic",
            "name": {"zh": "基础工作", "en": "Basic work"},
            "kind": "computed",
            "points": 55,
            "rules": [
                rule("late", "逾期报送", "0.5"),
                rule("missing", "未报送", "1"),
                rule("unsigned", "责任书未签订", "1", per="item"),
                rule("meeting", "季度例会缺开", "1"),
                rule("overdue", "隐患逾期未整改", "0.5", per="item"),
            ],
        },
        {"code": "deaths", "name": {"zh": "死亡人数", "en": "Deaths"}, "kind": "limit", "points": 20, "measure": "deaths"},
        {
            "code": "larger",
            "name": {"zh": "较大事故", "en": "Larger accidents"},
            "kind": "limit",
            "points": 15,
            "measure": "larger",
        },
        {"code": "assigned", "name": {"zh": "交办工作", "en": "Assigned work"}, "kind": "evaluator", "points": 10},
        {
            "code": "criticism",
            "name": {"zh": "通报批评", "en": "Criticism"},
            "kind": "deduction",
            "rules": [rule("criticised", "被上级通报批评", "2", entry="entered")],
        },
        bonus_item(),
    ]
    return load(whole("street", items, **more))


def unit_scheme(**more: object) -> Scheme:
    """Departments and enterprises: 100 − 0.5·Late − Missing − Absent − 2·Criticism − 0.5·Overdue + Bonus."""
    items = [
        {
            "code": "work",
            "name": {"zh": "工作", "en": "Work"},
            "kind": "computed",
            "points": 100,
            "rules": [
                rule("late", "逾期报送", "0.5"),
                rule("missing", "未报送", "1"),
                rule("absent", "缺席会议", "1", per="person"),
                rule("criticised", "通报批评", "2", entry="entered"),
                rule("overdue", "隐患逾期未整改", "0.5", per="item"),
            ],
        },
        {
            "code": "bonus",
            "name": {"zh": "加分", "en": "Bonus"},
            "kind": "bonus",
            "rules": [rule("half", "半分", "0.5", entry="entered")],
        },
    ]
    return load(whole("unit", items, **more))


# unit: late, missing, unsigned, meeting, overdue, deaths, limit, larger accidents, assigned, criticised, bonus, TOTAL, grade by points
STREETS = {
    "SD1": (1, 0, 1, 0, 0, 1, 2, 0, "10", 0, "1", "99.5", "excellent"),
    "SD2": (0, 0, 2, 0, 0, 1, 2, 0, "9", 0, "0", "97", "excellent"),
    "SD3": (2, 1, 0, 0, 0, 3, 2, 1, "10", 0, "0", "63", "qualified"),
    "SD4": (4, 1, 0, 1, 0, 1, 1, 0, "8", 0, "0", "94", "excellent"),
    "SD5": (0, 0, 3, 2, 4, 1, 1, 0, "7", 0, "0", "90", "excellent"),
    "SD6": (3, 2, 4, 1, 6, 0, 2, 0, "6", 1, "0", "82.5", "good"),
    "SD7": (0, 0, 0, 0, 0, 0, 1, 0, "9.5", 0, "0.5", "100", "excellent"),
    "SD8": (2, 0, 2, 0, 0, 0, 1, 0, "8.5", 0, "0", "95.5", "excellent"),
}

# unit: late, missing, absent, criticised, overdue, bonus, SCORE
UNITS = {
    "D01": (2, 0, 0, 0, 0, "0", "99"), "D02": (0, 1, 1, 0, 0, "2", "100"), "D03": (1, 0, 0, 0, 8, "0", "95.5"),
    "D04": (5, 2, 2, 0, 5, "0.5", "91.5"), "D05": (2, 0, 0, 1, 1, "0", "96.5"), "D06": (0, 2, 0, 0, 2, "0", "97"),
    "D07": (1, 2, 0, 0, 0, "0.5", "98"), "D08": (3, 1, 1, 1, 0, "2", "96.5"), "D09": (1, 0, 2, 0, 5, "0", "95"),
    "D10": (1, 1, 2, 2, 1, "0", "92"), "D11": (3, 2, 0, 0, 0, "0", "96.5"), "D12": (4, 0, 1, 0, 8, "0", "93"),
    "D13": (0, 0, 1, 0, 5, "0", "96.5"), "D14": (3, 1, 0, 0, 1, "0", "97"), "D15": (0, 1, 0, 1, 2, "2", "98"),
    "D16": (1, 1, 1, 0, 5, "0.5", "95.5"), "D17": (2, 0, 1, 1, 0, "0.5", "96.5"), "D18": (0, 0, 0, 0, 0, "0", "100"),
    "E01": (5, 0, 1, 0, 5, "2", "96"), "E02": (0, 0, 2, 0, 3, "0", "96.5"), "E03": (1, 1, 1, 0, 0, "1", "98.5"),
    "E04": (2, 0, 2, 0, 2, "0.5", "96.5"), "E05": (1, 2, 0, 2, 0, "0", "93.5"), "E06": (5, 0, 2, 0, 8, "0.5", "92"),
    "E07": (1, 1, 0, 1, 4, "0", "94.5"), "E08": (3, 0, 0, 2, 8, "0", "90.5"), "E09": (1, 0, 0, 2, 0, "0.5", "96"),
    "E10": (1, 1, 0, 1, 0, "2", "98.5"), "E11": (5, 0, 0, 2, 3, "2", "94"), "E12": (6, 6, 5, 5, 12, "0", "70"),
    "E13": (1, 0, 2, 0, 0, "2", "99.5"), "E14": (2, 1, 0, 0, 8, "0", "94"), "E15": (0, 0, 1, 0, 3, "1", "98.5"),
    "E16": (1, 2, 1, 0, 0, "0.5", "97"), "E17": (0, 0, 2, 0, 8, "2", "96"), "E18": (5, 0, 0, 0, 0, "2", "99.5"),
    "E19": (0, 2, 1, 0, 0, "1", "98"), "E20": (8, 9, 6, 7, 20, "0", "57"), "E21": (3, 0, 0, 0, 1, "1", "99"),
    "E22": (3, 0, 0, 0, 0, "0", "98.5"), "E23": (5, 0, 1, 0, 1, "0", "96"), "E24": (1, 0, 1, 2, 8, "0", "90.5"),
}  # fmt: skip
DEATHS = {"D05": (3, 2), "E07": (3, 0)}


def counts(**values: int) -> tuple[Count, ...]:
    return tuple(Count(code, Decimal(value)) for code, value in values.items())


def street_facts(unit: str) -> Facts:
    late, missing, unsigned, meeting, overdue, deaths, limit, larger, assigned, criticised, bonus, _, _ = STREETS[unit]
    return Facts(
        unit=unit,
        counts=counts(
            late=late, missing=missing, unsigned=unsigned, meeting=meeting, overdue=overdue, criticised=criticised,
            province=int(bonus == "1"), city=int(bonus == "0.5"), major=0, concealed=0,
        ),
        measures=(Measure("deaths", Decimal(deaths), Decimal(limit)), Measure("larger", Decimal(larger), Decimal(0))),
        marks=(Marked("assigned", Decimal(assigned), "现场查看"),),
    )  # fmt: skip


def unit_facts(unit: str) -> Facts:
    late, missing, absent, criticised, overdue, bonus, _ = UNITS[unit]
    deaths, limit = DEATHS.get(unit, (0, 0))
    halves = int(Decimal(bonus) * 2)
    return Facts(
        unit=unit,
        counts=counts(
            late=late, missing=missing, absent=absent, criticised=criticised, overdue=overdue, half=halves, major=0, concealed=0
        ),
        measures=(Measure("deaths", Decimal(deaths), Decimal(limit)),),
    )
