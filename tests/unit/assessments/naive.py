"""
A second implementation, written from docs/rules/scoring.md alone: whole numbers of millionths, no Decimal, no shared code.

It reads the plain JSON of scheme and facts and gives the total and the set of rules that veto.
"""

MILLION = 1_000_000


def millionths(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    whole, _, rest = text.lstrip("-").partition(".")
    return sign * (int(whole) * MILLION + int((rest + "000000")[:6]))


def rounded(value: int, decimals: int, mode: str) -> int:
    step = 10 ** (6 - decimals)
    below = value // step * step
    rest = value - below
    if mode == "floor" or rest == 0:
        return below
    if mode == "ceiling" or rest * 2 > step:
        return below + step
    if rest * 2 < step:
        return below
    if mode == "half_even":
        return below if (below // step) % 2 == 0 else below + step
    return below + step if value > 0 else below


def naive_total(scheme: dict, facts: dict) -> int:
    counts = {row["code"]: int(row["value"]) for row in facts["counts"]}
    measures = {row["code"]: row for row in facts["measures"]}
    marks = {row["code"]: millionths(row["points"]) for row in facts["marks"]}
    rounding = scheme["rounding"]
    total = 0
    for item in scheme["items"]:
        moved = 0
        for rule in item["rules"]:
            amount = counts[rule["fact"]] * millionths(rule["each"])
            moved += min(amount, millionths(rule["cap"])) if rule["cap"] is not None else amount
        full = millionths(item["points"])
        if item["kind"] == "computed":
            points = full - moved
            if item["floor"] is not None:
                points = max(points, millionths(item["floor"]))
        elif item["kind"] == "evaluator":
            points = marks[item["code"]]
        elif item["kind"] == "limit":
            row = measures[item["measure"]]
            points = full if millionths(row["actual"]) <= millionths(row["limit"]) else 0
        else:
            if item["cap"] is not None:
                moved = min(moved, millionths(item["cap"]))
            points = moved if item["kind"] == "bonus" else -moved
        if rounding["stage"] == "item":
            points = rounded(points, rounding["decimals"], rounding["mode"])
        total += points
    total = max(total, millionths(scheme["floor"]))
    if scheme["cap"] is not None:
        total = min(total, millionths(scheme["cap"]))
    if rounding["stage"] == "total":
        total = rounded(total, rounding["decimals"], rounding["mode"])
    return total


def naive_vetoes(scheme: dict, facts: dict, total: int) -> set:
    counts = {row["code"]: int(row["value"]) for row in facts["counts"]}
    measures = {row["code"]: row for row in facts["measures"]}
    decided = {row["code"] for row in facts["decisions"]}
    found = set()
    for rule in scheme["vetoes"]:
        if rule["kind"] == "limit_exceeded":
            row = measures[rule["measure"]]
            applies = millionths(row["actual"]) > millionths(row["limit"])
        elif rule["kind"] == "count_reached":
            applies = counts[rule["fact"]] * MILLION >= millionths(rule["threshold"])
        elif rule["kind"] == "score_below":
            applies = total < millionths(rule["threshold"])
        else:
            applies = rule["code"] in decided
        if applies and rule["effect"] == "veto":
            found.add(rule["code"])
    return found


def naive_grade(scheme: dict, total: int, vetoes: set) -> str:
    if vetoes:
        return scheme["veto_grade"]
    for grade in scheme["grades"]:
        minimum = millionths(grade["minimum"])
        if total > minimum or (total == minimum and grade["inclusive"]):
            return grade["code"]
    raise AssertionError
