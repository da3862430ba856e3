"""Every mistake in a kind is named by file, line and field, all of them in one go."""

import contextlib
from pathlib import Path

import pytest

from duban.kernel.settings import ROOT
from duban.tenancy.kinds import load_all, load_kind
from duban.tenancy.kinds_reading import KindError
from tests.shares import by_commit, in_share

STREET = ROOT / "tenants" / "street"


def line_of(file: str, beginning: str) -> int:
    for number, line in enumerate((STREET / file).read_text(encoding="utf-8").splitlines(), start=1):
        if beginning in line:
            return number
    raise LookupError(beginning)


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems(folder: Path) -> list[tuple[str, int, str, str]]:
    with pytest.raises(KindError) as caught:
        load_kind(folder)
    return [(p.file, p.line, p.field, p.text) for p in caught.value.problems]


# file, what stands there, what stands there instead, field, words of the message
MISTAKES = [
    ("kind.yaml", "code: street\n", "code: strasse\n", "code", "must be the name of the folder"),
    ("kind.yaml", "time_zone: Asia/Shanghai", "time_zone: Asia/Peking", "defaults.time_zone", "is not a time zone"),
    ("kind.yaml", "late_model: per_event", "late_model: per_week", "defaults.late_model", "per_day, per_event"),
    ("kind.yaml", "missing_after_days: 10", "missing_after_days: soon", "defaults.missing_after_days", "must be a number"),
    ("kind.yaml", "missing_after_days: 10", "missing_after_days: 2.5", "defaults.missing_after_days", "must be a whole number"),
    ("kind.yaml", "missing_after_days: 10", "missing_after_days: 0", "defaults.missing_after_days", "must be from 1 to 366"),
    ("kind.yaml", "    root: true", "    root: maybe", "levels[0].root", "must be true or false"),
    ("kind.yaml", "  - code: village", "  - code: community", "levels[2].code", "level 'community' is used twice"),
    ("kind.yaml", "  - code: village", "  - code: Dorf", "levels[2].code", "is not a code"),
    ("kind.yaml", "    under: {territorial: [office], sector: [office]}", "    under: {territorial: [district]}", "levels[3].under.territorial[0]", "is not a level"),
    ("kind.yaml", "    under: {territorial: [office], sector: [office]}", "    under: {diagonal: [office], territorial: [office]}", "levels[3].under.diagonal", "unknown key"),
    ("kind.yaml", "contacts: [principal, designated_person]", "contacts: [principal, cook]", "levels[3].contacts[1]", "is not a contact"),
    ("kind.yaml", "contacts: [principal, designated_person]", "contacts: [principal, principal]", "levels[3].contacts[1]", "is given twice"),
    ("kind.yaml", ", primary: true}", "}", "lines", "exactly one line must be primary"),
    ("roles.yaml", "- code: station.officer\n", "- code: station.leader\n", "[12].code", "is used twice"),
    ("roles.yaml", "- code: station.officer\n", "- code: station\n", "[11].code", "is not a role code"),
    ("roles.yaml", "  levels: [community, village]", "  levels: [community, hamlet]", "[13].levels[1]", "is not a level"),
    ("policy.csv", "p, street.member, own, target, read", "p, street.membre, own, target, read", "role", "is not a role of roles.yaml"),
    ("policy.csv", "p, street.member, own, target, read", "p, street.member, mine, target, read", "scope", "is not a scope"),
    ("policy.csv", "p, street.member, own, target, read", "p, street.member, own, goal, read", "object", "is not an object"),
    ("policy.csv", "p, street.member, own, target, read", "p, street.member, own, target, burn", "action", "is not an action on target"),
    ("policy.csv", "p, street.member, own, target, read", "p, street.member, own, target", "(line)", "has 4 values, wanted are 5"),
    ("policy.csv", "p, street.member, own, target, read", "q, street.member, own, target, read", "(line)", "wanted is p or g"),
    ("policy.csv", "p, street.member, own, target, read", "p, street.member, own, unit, read\np, street.member, own, unit, read", "(line)", "says the same as line"),
    ("policy.csv", "p, street.manager, below, submission, review", "p, street.manager, subtree, submission, review", "scope", "judges others"),
    ("policy.csv", "g, street.superior, street.member", "g, street.superior, street.superior", "inherited role", "a circle"),
    ("policy.csv", "g, street.superior, street.member", "g, street.superior, street.boss", "inherited role", "is not a role"),
    ("requirements.yaml", "  recipient: office.officer", "  recipient: office.cook", "[0].recipient", "is not a role"),
    ("requirements.yaml", "  recipient: office.officer", "  recipient: street.member", "[0].recipient", "is not a role"),
    ("requirements.yaml", "  owed_by: [community, village]", "  owed_by: [community, hamlet]", "[0].owed_by[1]", "is not a level"),
    ("requirements.yaml", 'due: {kind: fixed, on: "{year}-05-20", before: inclusive}', 'due: {kind: fixed, on: "{year}-05-32", before: inclusive}', "[0].due.on", "05-32"),
    ("requirements.yaml", 'due: {kind: fixed, on: "{year}-05-20", before: inclusive}', "due: {kind: whenever}", "[0].due.kind", ""),
    ("requirements.yaml", "count: 2, side: before", "count: 200, side: before", "[1].due.count", ""),
    ("requirements.yaml", "count: 2, side: before", "count: 2, side: under", "[1].due.side", ""),
    ("requirements.yaml", "count: 2, side: before", "count: 2, sides: 1, side: before", "[1].due.sides", ""),
    ("requirements.yaml", 'campaign: {from: "{year}-04-30", to: "{next_year}-01-20"}', 'campaign: {from: "{year}-04-30", to: "{year}-01-20"}', "[0].campaign.to", "lies before from"),
    ("requirements.yaml", 'campaign: {from: "{year}-04-30", to: "{next_year}-01-20"}', 'campaign: {from: "30 April", to: "{year}-05-20"}', "[0].campaign.from", "must be a day"),
    ("requirements.yaml", "{key: goals, label: 目标任务, label_en: Goals, kind: long_text, required: true}", "{key: goals, label: 目标任务, kind: novel}", "[0].fields[0].kind", "must be one of"),
    ("requirements.yaml", "- code: annual_summary", "- code: plan", "[2].code", "is used twice"),
    ("requirements.yaml", "  nil_allowed: true", "  nil_alowed: true", "[1].nil_alowed", "unknown key; known here are"),
    ("requirements.yaml", "  nil_allowed: true", "  ladder: matters", "[1].ladder", "is not a ladder for duties"),
    ("requirements.yaml", "total: documents", "total: papers", "[1].checks[0].total", "which the form does not have"),
    ("requirements.yaml", "formula: hazards / units", "formula: hazards_each / units", "[1].fields[10].formula", "waits for itself"),
    ("indicators.yaml", "spread: copy", "spread: butter", "[2].spread", "is not a spread"),
    ("indicators.yaml", "code: larger_accidents", "code: deaths", "[1].code", "is used twice"),
    ("scheme.yaml", "veto_grade: unqualified", "veto_grade: bad", "veto_grade", "is not a grade"),
    ("scheme.yaml", 'full_score: "100"', 'full_score: "90"', "full_score", "is not the sum of the items' points, 100"),
    ("scheme.yaml", "code: V3", "code: V1", "vetoes[1].code", "is used twice"),
    ("ladder.yaml", "kind: due, days: -3}, to: [{party: own}]}\n  - {code: before_1", "kind: due, days: -8}, to: [{party: own}]}\n  - {code: before_1", "[0].steps[1].trigger.days", "早于前面的步骤"),
    ("ladder.yaml", "days: -7}, to: [{party: own}]", "days: -7}, to: []", "[0].steps[0].to", "至少要提醒一个对象"),
    ("ladder.yaml", "copies: [{party: issuer}, {party: issuer, who: leader}]", "copies: [{party: issuer, who: village.cook}]", "[1].steps[2].copies[0].who", "没有“village.cook”这个角色"),
    ("ladder.yaml", "code: suqian", "code: standard", "[2].code", "is used twice"),
    ("ladder.yaml", "major_from: orange", "major_from: pink", "[3].major_from", "中选择"),
    ("ladder.yaml", "answer_days: 5", "answer_days: 0", "[3].steps[2].answer_days", "之间的整数"),
    ("ladder.yaml", "colour: blue, to: [{party: own}]}", "colour: blue, to: [{party: co}]}", "[1].steps[0].to[0].party", "只有督办事项才有协办单位"),
    ("ladder.yaml", "days: 1, event: returned}", "days: 1, event: behind}", "[2].steps[3].trigger.event", "只有督办事项才有定期进展报告"),
    ("plan.yaml", 'window: "{year}年11月中旬至12月中旬"', 'window: "in autumn"', "[0].stages[2].window", "in autumn"),
    ("plan.yaml", "        - number: 2", "        - number: 1", "[0].groups[0].tasks[1].number", "task 1 is given twice"),
    ("plan.yaml", "owners: [station]", "owners: [stations]", "[0].groups[1].tasks[1].owners[0]", "is not a level"),
    ("matters.yaml", "days: 5, least: 1, unit: day", "days: 5, least: 6, unit: day", "sources[2].terms[1].least", "is more than days"),
    ("matters.yaml", "unit: working_day}", "unit: week}", "sources[3].terms[0].unit", "is not a unit of days"),
    ("matters.yaml", "longest_days: 30", "longest_days: -1", "extension.longest_days", "must be from"),
    ("matters.yaml", "code: committee", "code: regular", "meetings[1].code", "regular"),
]  # fmt: skip


@pytest.mark.parametrize("file, old, new, field, words", MISTAKES, ids=[f"{m[0]}:{m[3]}:{n}" for n, m in enumerate(MISTAKES)])
def test_names_file_line_and_field(copied: Path, file: str, old: str, new: str, field: str, words: str) -> None:
    whole = (STREET / file).read_text(encoding="utf-8")
    where = whole[: whole.index(old)].count("\n") + 1
    # The mistake sits on a later line of the replacement where the first only repeats what was there.
    lines = {where, where + 1, where + len(new.splitlines()) - 1}
    spoil(copied, file, old, new)

    found = problems(copied)

    matching = [problem for problem in found if problem[0] == f"street/{file}" and problem[2] == field and words in problem[3]]
    assert matching, found
    if field != "lines" and "twice" not in words and field != "[0]":
        assert matching[0][1] in lines


def test_names_the_exact_line(copied: Path) -> None:
    spoil(copied, "requirements.yaml", "  nil_allowed: true", "  nil_alowed: true")

    assert problems(copied) == [
        (
            "street/requirements.yaml",
            line_of("requirements.yaml", "  nil_allowed: true"),
            "[1].nil_alowed",
            "unknown key; known here are campaign, checks, code, due, fields, issued_by, ladder, needs_contacts, nil_allowed, owed_by, recipient, text, title",
        )
    ]


def test_collects_the_mistakes_of_all_files(copied: Path) -> None:
    spoil(copied, "kind.yaml", "late_model: per_event", "late_model: x")
    spoil(copied, "policy.csv", "p, street.member, own, target, read", "p, street.member, own, target, burn")
    spoil(copied, "ladder.yaml", "days: -3}", "days: often}")
    spoil(copied, "plan.yaml", "owners: [station]", "owners: station")

    assert {problem[0] for problem in problems(copied)} == {f"street/{name}.yaml" for name in ("kind", "ladder", "plan")} | {
        "street/policy.csv"
    }


def test_reads_as_a_terminal_line(copied: Path) -> None:
    spoil(copied, "ladder.yaml", "days: -3}", "days: often}")

    with pytest.raises(KindError, match=r"^street/ladder\.yaml:11: \[0\]\.steps\[1\]\.trigger\.days: 第 2 步"):
        load_kind(copied)


@pytest.mark.parametrize(
    "name",
    ["kind.yaml", "roles.yaml", "policy.csv", "requirements.yaml", "indicators.yaml", "scheme.yaml", "ladder.yaml", "plan.yaml"],
)
class TestEveryFile:
    def test_is_asked_for_when_it_is_not_there(self, copied: Path, name: str) -> None:
        (copied / name).unlink()

        assert (f"street/{name}", 1, "(file)") in [problem[:3] for problem in problems(copied)]

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"- [\n", b"just words\n", b"[]\n", b"{}\n", b"a: 1\na: 2\n"])
    def test_may_hold_anything_without_a_crash(self, copied: Path, name: str, content: bytes) -> None:
        (copied / name).write_bytes(content)

        if content == b"[]\n" and name in {"ladder.yaml", "indicators.yaml", "plan.yaml", "requirements.yaml"}:
            return  # an empty list is a list
        assert problems(copied)


@by_commit(20)
def test_every_shortened_file_is_refused_or_loads(copied: Path, one_in: int) -> None:
    for path in sorted(path for path in copied.iterdir() if path.is_file()):
        whole = path.read_text(encoding="utf-8")
        lines = whole.splitlines(keepends=True)
        for position in range(len(lines)):
            if not in_share(f"{path.name} {position}", one_in):
                continue
            path.write_text("".join(lines[:position] + lines[position + 1 :]), encoding="utf-8")
            with contextlib.suppress(KindError):
                load_kind(copied)
        path.write_text(whole, encoding="utf-8")


def test_a_role_belongs_to_one_kind(copied: Path, tmp_path: Path) -> None:
    twin = tmp_path / "kinds" / "twin"
    twin.mkdir()
    for path in (path for path in copied.iterdir() if path.is_file()):
        (twin / path.name).write_text(path.read_text().replace("code: street\n", "code: twin\n", 1))

    with pytest.raises(KindError, match=r"role 'office\.leader' is also in kind street"):
        load_all(tmp_path / "kinds")


def test_a_folder_without_kinds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KindError, match="holds no kind"):
        load_all(tmp_path)
