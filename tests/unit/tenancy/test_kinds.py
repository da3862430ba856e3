"""The kinds that come with the service load, and say what the rest of it relies on."""

from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from duban.calendar.due_dates import occurrences
from duban.calendar.ladder_presets import DISPATCHES, MATTERS, PRESETS
from duban.calendar.ladders import Party, Recipient
from duban.calendar.working_days import WorkingCalendar
from duban.kernel.settings import ROOT
from duban.tenancy.kinds import Kind, kind_of, load_all, load_kind
from duban.tenancy.kinds_policy import ACTIONS, JUDGING, SCOPES
from duban.tenancy.kinds_structure import Structure, structure_of
from duban.tenancy.parts import read_parts

FOLDER = ROOT / "tenants"
SEEN_BY_ALL_THREE = {("unit", "read"), ("person", "read"), ("policy", "read")}
KINDS = load_all(FOLDER)


def test_four_kinds_come_with_the_service() -> None:
    assert set(KINDS) == {"county", "street", "expressway", "province"}
    assert kind_of("street").name.zh == "街道"


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
class TestEveryKind:
    def test_has_roles_for_every_level(self, kind: Kind) -> None:
        assert all(kind.roles_at(level.code) for level in kind.levels)

    def test_lets_no_role_judge_its_own_unit(self, kind: Kind) -> None:
        judging = [p for p in kind.policy.permissions if (p.obj, p.act) in JUDGING]

        assert judging
        assert not [p for p in judging if p.scope in {"own", "subtree", "ancestors"}]
        # what an office receives for its superior; a check of the database keeps work from being addressed to its own unit
        received = {(p.obj, p.act) for p in judging if p.scope == "issued_to_me"}
        assert received <= {("submission", "review")}

    def test_lets_somebody_do_everything(self, kind: Kind) -> None:
        done = {(p.obj, p.act) for p in kind.policy.permissions}

        assert done == {(obj, act) for obj, acts in ACTIONS.items() for act in acts}
        assert {p.scope for p in kind.policy.permissions} <= SCOPES

    def test_keeps_administrators_away_from_the_work(self, kind: Kind) -> None:
        admin = f"{kind.root_level.code}.admin"

        assert {p.obj for p in kind.policy.permissions_of(admin)} == {"unit", "person", "phone", "tenant", "policy"}

    def test_has_three_administrators_who_share_no_power(self, kind: Kind) -> None:
        top = kind.root_level.code
        does = {
            role: {(p.obj, p.act) for p in kind.policy.permissions_of(f"{top}.{role}") if (p.obj, p.act) not in SEEN_BY_ALL_THREE}
            for role in ("admin", "security", "auditor")
        }

        assert does == {
            "admin": {("unit", "manage"), ("person", "manage"), ("phone", "read"), ("tenant", "manage")},
            "security": {("phone", "reveal"), ("grant", "manage"), ("session", "manage")},
            "auditor": {("audit", "read")},
        }

    def test_reminds_on_the_five_days(self, kind: Kind) -> None:
        assert kind.ladders == (*PRESETS, MATTERS, DISPATCHES)
        standard = [step for step in kind.ladders[0].steps if step.of is None]
        assert [step.trigger.days for step in standard] == [-7, -3, -1, 1, 3]
        assert all((Recipient(Party.ISSUER) in step.to) == (step.trigger.days > 0) for step in standard)

    def test_has_a_plan_whose_windows_can_be_read(self, kind: Kind) -> None:
        for plan in kind.plans:
            windows = [stage.window_in(2011) for stage in plan.stages]
            assert all(window.end.year in {2011, 2012} for window in windows)
            assert "{" not in plan.title_in(2011).zh + plan.document.in_year(2011).number

    def test_gives_due_dates_for_every_requirement(self, kind: Kind) -> None:
        for template in kind.requirements:
            assert occurrences(template.due_in(2026), template.campaign_in(2026), WorkingCalendar())


def test_the_county_has_the_twelve_tasks() -> None:
    tasks = [task for group in KINDS["county"].plan("annual").groups for task in group.tasks]

    assert [task.number for task in tasks] == list(range(1, 13))
    assert [len(group.tasks) for group in KINDS["county"].plan("annual").groups] == [4, 4, 4]


def test_the_street_asks_for_what_example_b_lists() -> None:
    days = {
        template.code: [
            found.due_on for found in occurrences(template.due_in(2011), template.campaign_in(2011), WorkingCalendar())
        ]
        for template in KINDS["street"].requirements
    }

    assert days == {
        "plan": [date(2011, 5, 20)],
        "quarterly_summary": [date(2011, 6, 28), date(2011, 9, 28), date(2011, 12, 29)],
        "annual_summary": [date(2012, 1, 6)],
    }


def test_the_stages_of_the_street_are_those_of_example_b() -> None:
    windows = [stage.window_in(2011) for stage in KINDS["street"].plan("safety_year").stages]

    assert [(window.start, window.end) for window in windows] == [
        (None, date(2011, 4, 30)),
        (date(2011, 4, 30), date(2011, 11, 10)),
        (date(2011, 11, 11), date(2011, 12, 20)),
        (date(2011, 12, 21), date(2012, 1, 20)),
    ]


def test_the_expressway_plan_is_due_after_its_stage_has_ended() -> None:
    kind = KINDS["expressway"]
    [due] = occurrences(kind.requirement("plan").due_in(2011), kind.requirement("plan").campaign_in(2011), WorkingCalendar())

    assert due.due_on == date(2011, 6, 25)
    assert kind.plan("safety_year").stages[0].window_in(2011).end == date(2011, 5, 10)


class TestLevels:
    def test_say_what_may_stand_under_what(self) -> None:
        county = KINDS["county"]

        assert county.may_stand_under("village", "township", line="territorial")
        assert not county.may_stand_under("village", "county", line="territorial")
        assert county.may_stand_under("enterprise", "department", line="sector")
        assert {level.code for level in county.levels_under("county", line="territorial")} == {"township", "department", "park"}
        assert county.primary_line.code == "territorial"
        assert county.root_level.code == "county"

    def test_name_the_contacts_a_plan_needs(self) -> None:
        assert set(KINDS["street"].level("village").contacts) == {"leader_in_charge", "designated_person"}


class TestReloading:
    def test_gives_the_same_kinds_while_no_file_changes(self) -> None:
        assert load_all(FOLDER) is load_all(FOLDER)

    def test_the_digest_follows_the_files(self, copied: Path) -> None:
        before = load_kind(copied).digest
        (copied / "ladder.yaml").write_text((copied / "ladder.yaml").read_text() + "\n# a note\n")

        assert load_kind(copied).digest != before


def test_roles_of_the_middle_inherit_from_both_sides() -> None:
    policy = KINDS["county"].policy
    may = {(p.scope, p.obj, p.act) for p in policy.permissions_of("township.officer")}

    assert ("own", "submission", "write") in may
    assert ("below", "submission", "review") in may
    assert ("ancestors", "requirement", "read") in may
    assert ("own", "submission", "review") not in may
    assert "g, township.officer, county.manager" in policy.text


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_a_tenants_copy_says_the_same_as_the_folder(kind: Kind) -> None:
    parts = read_parts(kind.folder)
    copied = structure_of(parts["kind"], parts["roles"]["items"])

    assert all(getattr(copied, field.name) == getattr(kind, field.name) for field in fields(Structure))
