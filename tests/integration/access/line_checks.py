"""
What must hold of a department's work down its line （条）, as functions of a world: run as tests, and by night against mutants.

The tree is test_second_line's: E1 (城东镇) and E2 (城西镇) stand under 交通局 in the sector line, E3 (城东镇) does not. Every question
about leave is asked twice, of the point decision and of the list.
"""

from datetime import date
from uuid import UUID

import pytest

from duban.access import checks as access
from duban.assessments import facts
from duban.assessments.rules.scheme_loader import load
from duban.dashboards.overview import build
from duban.dashboards.queries import count_below, units_below
from duban.dashboards.rules import add_up
from duban.identity.models import Credential
from duban.identity.queries import get_person
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.letters import queries as letters
from duban.letters.models import Letter
from duban.letters.operations.writing import generate_letters, issue_letters, withdraw_letter
from duban.letters.rules.coverage import Coverage
from duban.letters.states import LetterState
from duban.notifications.models import Effect
from duban.organisation.making import add_grant
from duban.organisation.operations import units as organisation
from duban.targets import queries as targets
from duban.targets.models import Actual, Allocation
from duban.targets.operations.recording import ActualInput, record_actual
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.access.lined import ask
from tests.integration.assessments.stage import SCHEME
from tests.integration.letters.cast_letters import generate, issue_all, letter_of, sign
from tests.integration.targets.cast_targets import YEAR, D, accept, define, issue, split

READERS = ("ellen", "elsa", "emil", "dan", "dirk", "dora", "tom", "tina", "cora", "lena")
FEBRUARY = date(YEAR, 2, 1)


def share_of(world: World, unit: str, line: str = "sector") -> Allocation:
    with world.as_system() as scope:
        found = owned(scope, Allocation).where(Allocation.unit_id == world.units[unit], Allocation.line == line)
        return scope.session.scalars(found).one()


def answers(world: World, model: type, obj: str, act: str, row: object) -> set[str]:
    """Who may do this to the row; the decision and the list must say the same."""
    may, listed = set(), set()
    for who in READERS:
        with world.as_(who) as scope:
            if access.may(scope, obj, act, row):
                may.add(who)
            rows = scope.session.scalars(owned(scope, model).where(access.readable(scope, model, obj, act)))
            if row.id in {one.id for one in rows}:
                listed.add(who)
    assert may == listed, (obj, act)
    return may


def hand_to_line(world: World) -> None:
    """The department sets twelve deaths, gives E1 five and E2 three, and tells them; E1 takes it on."""
    define(world, who="dan", at="D1")
    split(world, {"deaths": {"E1": "5", "E2": "3"}}, who="dan", at="D1", line="sector")
    issue(world, who="dan", at="D1", line="sector")
    accept(world, "ellen", "E1")


def hand_down_by_township(world: World, code: str, limit: str, share: str) -> None:
    define(world, code, limit, who="tom", at="T1")
    split(world, {code: {"E1": share}}, who="tom", at="T1")
    issue(world, who="tom", at="T1")


def check_targets(world: World) -> None:
    """Set, split, told, taken on, counted: by the department down its line, and nobody else's business."""
    hand_to_line(world)
    with world.as_("dan") as scope:
        grid = targets.grid(scope, unit=get_unit(scope, world.units["D1"]), year=YEAR, line="sector")
    assert ({unit.code for unit in grid.units}, grid.columns[0].split.remainder) == ({"E1", "E2"}, 4)
    share = share_of(world, "E1")
    assert (share.path, share.work_line, len(share.lines), share.issued_value) == (world.paths["E1"], "sector", 1, 5)
    assert answers(world, Allocation, "target", "read", share) == {"ellen", "dan", "dirk", "tom", "cora", "lena"}
    assert answers(world, Allocation, "target", "assign", share) == {"dan"}, "the township sees it and does not decide"
    hand_down_by_township(world, "deaths", "3", "2")
    townships = share_of(world, "E1", "territorial")
    assert townships.work_line is None
    assert answers(world, Allocation, "target", "assign", townships) == {"tom"}
    assert "dan" in answers(world, Allocation, "target", "read", townships), "what the township gave, the department sees"
    with world.as_system() as scope:
        rows = scope.session.scalars(owned(scope, Effect).where(Effect.template.like("%已签收%")))
        assert {row.recipient_id for row in rows} == {world.people["dan"]}, "who handed it down is told that it was taken on"


def check_target_refusals(world: World) -> None:
    """Only who holds the line splits down it, tells its units and records for them."""
    hand_to_line(world)
    for who in ("cora", "dora"):
        with pytest.raises(NotAllowedError):
            split(world, {"deaths": {"E1": "4"}}, who=who, at="D1", line="sector")
    with pytest.raises(NotFoundError):
        split(world, {"deaths": {"E3": "1"}}, who="dan", at="D1", line="sector")
    with pytest.raises(NotAllowedError):  # what is kept back is kept back from the line's units
        split(world, {"deaths": {}}, who="dora", at="D1", line="sector", reserves={"deaths": "1"})
    split(world, {"deaths": {"E1": "4"}}, who="dan", at="D1", line="sector")
    with pytest.raises(NotAllowedError):
        issue(world, who="dora", at="D1", line="sector")
    issue(world, who="dan", at="D1", line="sector")
    assert share_of(world, "E1").issued_value == 4
    with pytest.raises(NotAllowedError), world.as_("tom") as scope:
        record_actual(scope, allocation_id=share_of(world, "E1").id, typed=ActualInput(FEBRUARY, D(2), "事故快报"))


def check_counting(world: World) -> None:
    """County → department （条） → enterprise: counted once on the way up although the enterprises stand under townships."""
    define(world)
    split(world, {"deaths": {"D1": "6"}}, line="sector")
    issue(world, line="sector")
    accept(world, "dirk", "D1")
    split(world, {"deaths": {"E1": "4", "E2": "2"}}, who="dan", at="D1", line="sector")
    issue(world, who="dan", at="D1", line="sector")
    county, department = share_of(world, "D1"), share_of(world, "E1")
    assert (county.work_line, department.work_line) == (None, "sector"), "the county's own child works in the primary line"
    with world.as_("ellen") as scope:
        record_actual(scope, allocation_id=department.id, typed=ActualInput(FEBRUARY, D(3), "事故快报"))
    with world.as_("dan") as scope:
        record_actual(scope, allocation_id=share_of(world, "E2").id, typed=ActualInput(FEBRUARY, D(1), "事故快报"))
        scope.session.flush()
        assert {row.work_line for row in scope.session.scalars(owned(scope, Actual))} == {"sector"}
    with world.as_("cora") as scope:
        for unit in ("C", "D1"):
            [tally] = targets.unit_tallies(scope, unit=get_unit(scope, world.units[unit]), year=YEAR)
            assert (tally.progress.actual, tally.counted.line) == (4, "sector"), unit


def make_leader(world: World, login: str, unit: str) -> None:
    with world.as_system() as scope:
        person = get_person(scope, world.people[login])
        row = get_unit(scope, world.units[unit])
        add_grant(scope, person=person, unit=row, role="enterprise.leader", active_from=date(2000, 1, 1))
        known = get_owned_hash(scope, world.people["cora"])
        for one in (login, "dirk"):
            scope.session.get_one(Credential, (scope.tenant_id, world.people[one])).password_hash = known


def get_owned_hash(scope, person_id: UUID) -> str:
    return str(scope.session.get_one(Credential, (scope.tenant_id, person_id)).password_hash)


def check_letters(world: World) -> None:
    """Written from the line's targets, issued to the line's units, signed by both, counted by the department."""
    hand_to_line(world)
    ids = issue_all(world, who="dan", at="D1")
    assert ids.keys() == {"E1", "E2"}
    letter = letter_of(world, ids["E1"])
    assert (letter.path, letter.to_path, letter.work_line) == (world.paths["D1"], world.paths["E1"], "sector")
    assert "不超过 5" in letter.body
    assert answers(world, Letter, "letter", "read", letter) == {"ellen", "dan", "dirk", "dora", "cora", "lena"}
    assert answers(world, Letter, "letter", "sign", letter) == {"dirk"}
    hand_down_by_township(world, "road", "7", "2")
    township = letter_of(world, issue_all(world, who="tom", at="T1")["E1"])
    assert ("不超过 2" in township.body, "不超过 5" in township.body) == (True, False), "each letter holds its line's targets"
    assert township.work_line is None
    make_leader(world, "emil", "E1")
    sign(world, "emil", ids["E1"])
    sign(world, "dirk", ids["E1"])
    assert letter_of(world, ids["E1"]).state is LetterState.IN_FORCE
    with world.as_("dan") as scope:
        [level] = letters.coverage(scope, unit=get_unit(scope, world.units["D1"]), year=YEAR)
    assert (level.coverage.owed, level.coverage.signed) == (2, 1)
    with world.as_("cora") as scope:
        owed = letters.list_owed(scope, unit=get_unit(scope, world.units["C"]), year=YEAR)
    assert not any(one.upper.id == world.units["D1"] for one in owed), "the county counts its own line's letters"
    assert unsigned(world, "D1", "T1") == {"D1": {"E2"}, "T1": {"E1", "E3", "V11", "V12"}}
    with world.as_("cora") as scope:
        found = letters.owed_by(scope, upper=get_unit(scope, world.units["D1"]), year=YEAR)
    assert found == Coverage(2, 1)


def unsigned(world: World, *units: str) -> dict[str, set[str]]:
    """The letters each unit has not signed with those below it, as an assessment of the county counts them."""
    names = {f"unit:{unit_id}": code for code, unit_id in world.units.items()}
    scheme = load(SCHEME | {"ties": {"policy": "break", "by": [{"fact": "letters_unsigned"}]}})
    with world.as_("cora") as scope:
        above, ids = get_unit(scope, world.units["C"]), [world.units[code] for code in units]
        counted = facts.count(scope, scheme, superior=above, units=ids, year=YEAR)
    found = {code: counted[world.units[code]].count("letters_unsigned") for code in units}
    assert all(count is not None and count.value == len(count.refs) for count in found.values())
    return {code: {names[ref] for ref in count.refs} for code, count in found.items() if count}


def check_letter_refusals(world: World) -> None:
    """Only who holds the line writes, issues and withdraws its letters; a draft is the issuing side's alone."""
    with pytest.raises(NotAllowedError):
        generate(world, who="dora", at="D1")
    drafts = {letter.lower_id: letter for letter in generate(world, who="dan", at="D1")}
    draft = drafts[world.units["E1"]]
    with pytest.raises(NotAllowedError), world.as_("dora") as scope:
        issue_letters(scope, upper_id=world.units["D1"], letter_ids=[draft.id])
    for who in ("dan", "cora"):
        with world.as_(who) as scope:
            assert letters.get_readable_letter(scope, draft.id).id == draft.id
    with pytest.raises(NotFoundError), world.as_("ellen") as scope:
        letters.get_readable_letter(scope, draft.id)
    with world.as_("dan") as scope:
        issue_letters(scope, upper_id=world.units["D1"], letter_ids=[draft.id])
    for who in ("cora", "dora", "ellen"):
        with pytest.raises(NotAllowedError), world.as_(who) as scope:
            withdraw_letter(scope, letter_id=draft.id, reason="错")
    with world.as_("dan") as scope:
        withdraw_letter(scope, letter_id=draft.id, reason="错")
        again = generate_letters(scope, upper_id=world.units["D1"], year=YEAR)
    assert {letter.work_line for letter in again} == {"sector"}


def check_tallies(world: World) -> None:
    """The department's overview and table count the units of its line, what townships ask of them too, and nobody else's."""
    ask(world, "dan", "D1")
    ask(world, "tom", "T1")
    with world.as_("dan") as scope:
        unit = get_unit(scope, world.units["D1"])
        by_branch = add_up(count_below(scope, unit, year=YEAR)).by_branch
        shown = {one.code for one in units_below(scope, unit).items}
        page = build(scope, unit)
    # E1 owes the department and the township, E2 the department; E3 owes the township only and is not the department's
    assert {path: sums.total for path, sums in by_branch.items()} == {world.paths["E1"]: 2, world.paths["E2"]: 1}
    assert shown == {"E1", "E2"}
    assert {row.unit.code: row.sums.total for row in page.rows} == {"E1": 2, "E2": 1}
    with world.as_("dora") as scope:  # the post held in the territorial line watches nobody in the sector line
        assert not units_below(scope, get_unit(scope, world.units["D1"])).items
        assert not build(scope, get_unit(scope, world.units["D1"])).rows


def check_deep_tallies(world: World) -> None:
    """Further down a line it counts into the branch next below; what stands below in both lines is counted once."""
    with world.as_("adam") as scope:
        organisation.place_in_line(scope, unit_id=world.units["D1"], line="sector", parent_id=world.units["C"])
        upper = organisation.create_unit(scope, parent_id=world.units["C"], level="department", code="D2", name="行业总局")
        made = upper.id
    with world.as_system() as scope:  # no shipped kind puts a department under a department: the tokens are what counts
        for unit in ("E1", "E2"):
            row = get_unit(scope, world.units[unit])
            row.lines = [row.lines[0], f"sector.deep.{made}", *row.lines[1:]]
        elsa = get_person(scope, world.people["elsa"])
        add_grant(scope, person=elsa, unit=get_unit(scope, made), role="department.officer", active_from=date(2000, 1, 1))
        both = {"person": get_person(scope, world.people["ed"]), "unit": get_unit(scope, world.units["C"])}
        add_grant(scope, **both, role="county.leader", line="sector", active_from=date(2000, 1, 1))
    ask(world, "dan", "D1")
    with world.as_("ed") as scope:  # watches the county in both lines
        counted = add_up(count_below(scope, get_unit(scope, world.units["C"]), year=YEAR))
    assert {branch: sums.total for branch, sums in counted.by_branch.items()} == {world.paths["T1"]: 1, world.paths["T2"]: 1}
    with world.as_("elsa") as scope:
        counted = add_up(count_below(scope, get_unit(scope, made), year=YEAR))
    assert {branch: sums.total for branch, sums in counted.by_branch.items()} == {world.paths["D1"]: 2}


CHECKS = (
    check_targets, check_target_refusals, check_counting, check_letters, check_letter_refusals, check_tallies, check_deep_tallies,
)  # fmt: skip
