"""
The second line （条）: a department asks the enterprises of its sector and decides about it; the township they stand in sees it.

E1 (城东镇) and E2 (城西镇) stand under 交通局 in the sector line, E3 (城东镇) does not.
"""

from datetime import date

import pytest

from duban.access import checks as access
from duban.access.holding import grants_of
from duban.access.models import RoleGrant
from duban.dashboards.queries import count_below
from duban.files.models import StoredFile
from duban.identity.models import Person
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.ids import new_id
from duban.kernel.scope import owned
from duban.organisation.operations import units as organisation
from duban.organisation.operations.reorganising import decide
from duban.organisation.rules.changes import Merge
from duban.reporting import operations, queries, telling
from duban.reporting.forms import requirement_form
from duban.reporting.models import Duty, Requirement, Submission
from duban.tree.models import Placement, Unit
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.access.lined import ask
from tests.integration.reporting.requirements import data, drafted, issued


def duty_of(world: World, requirement: Requirement, unit: str) -> Duty:
    with world.as_system() as scope:
        return scope.session.scalars(
            owned(scope, Duty).where(Duty.requirement_id == requirement.id, Duty.unit_id == world.units[unit])
        ).one()


def test_units_carry_who_stands_above_in_lines(lined: World) -> None:
    with lined.as_system() as scope:
        found = {code: get_unit(scope, lined.units[code]).lines for code in ("E1", "E2", "E3", "D1", "T1")}
    token = f"sector.child.{lined.units['D1']}"
    assert found == {"E1": [token], "E2": [token], "E3": [], "D1": [], "T1": []}


def test_recipients_are_the_line_s_subtree_and_the_duty_names_the_line(lined: World) -> None:
    requirement = ask(lined, "dan", "D1")
    with lined.as_system() as scope:
        rows = scope.session.scalars(owned(scope, Duty).where(Duty.requirement_id == requirement.id)).all()
    assert requirement.line == requirement.work_line == "sector"
    assert {row.unit_id for row in rows} == {lined.units["E1"], lined.units["E2"]}
    assert {row.path for row in rows} == {lined.paths["E1"], lined.paths["E2"]}, "a row stands once, at its unit's place"
    assert all(row.work_line == "sector" and row.lines for row in rows)


# who, sees, reviews, urges, writes
DUTY_OF_THE_LINE = (
    ("ellen", True, False, False, True),  # its own duty, among its others
    ("dan", True, True, True, False),  # who issued it decides
    ("dirk", True, False, False, False),
    ("tom", True, False, False, False),  # the township sees, and does not decide
    ("tess", True, False, False, False),
    ("cora", True, False, False, False),
    ("tina", False, False, False, False),
    ("elsa", False, False, False, False),
    ("emil", False, False, False, False),
    ("dora", False, False, False, False),  # the same post held in the territorial line only
)


def test_a_duty_of_the_sector_line(lined: World) -> None:
    duty = duty_of(lined, ask(lined, "dan", "D1"), "E1")
    acts = (("duty", "read"), ("submission", "review"), ("duty", "urge"), ("submission", "write"))
    for who, *expected in DUTY_OF_THE_LINE:
        with lined.as_(who) as scope:
            assert [access.may(scope, obj, act, duty) for obj, act in acts] == expected, who
            for (obj, act), wanted in zip(acts, expected, strict=True):
                rows = scope.session.scalars(owned(scope, Duty).where(access.readable(scope, Duty, obj, act))).all()
                assert (duty.id in {row.id for row in rows}) == wanted, (who, obj, act)


def test_what_the_township_asks_the_department_sees_and_does_not_decide(lined: World) -> None:
    duty = duty_of(lined, ask(lined, "tom", "T1"), "E1")
    for who, sees, reviews in (("dan", True, False), ("tom", True, True), ("ellen", True, False), ("tina", False, False)):
        with lined.as_(who) as scope:
            assert access.may(scope, "duty", "read", duty) == sees, who
            assert access.may(scope, "submission", "review", duty) == reviews, who


def test_the_whole_way_in_the_line(lined: World) -> None:
    requirement = ask(lined, "dan", "D1")
    duty = duty_of(lined, requirement, "E1")
    with lined.as_("ellen") as scope:
        assert [line.duty.id for line in queries.open_duties(scope).items] == [duty.id]
        assert queries.get_requirement(scope, requirement.id).title == "自查", "what a superior in the line asks can be read"
        operations.submit(scope, duty_id=duty.id, typed={}, note="已自查")
    with lined.as_("tom") as scope:
        assert not queries.awaiting_review(scope).items
        with pytest.raises(NotAllowedError):
            operations.accept(scope, duty_id=duty.id)
    with lined.as_("dan") as scope:
        assert telling.reviewers(scope, queries.get_duty(scope, duty.id)) == [lined.people["dan"]]
        assert [line.duty.id for line in queries.awaiting_review(scope).items] == [duty.id]
        handed_in = scope.session.scalars(owned(scope, Submission).where(Submission.duty_id == duty.id)).one()
        assert (handed_in.lines, handed_in.work_line) == (duty.lines, "sector")
        operations.accept(scope, duty_id=duty.id)
    assert duty_of(lined, requirement, "E1").state == "accepted"


def test_nodes_are_counted_once_though_seen_from_two_lines(lined: World) -> None:
    ask(lined, "dan", "D1")
    ask(lined, "tom", "T1", title_en="own")
    with lined.as_("cora") as scope:
        counted = count_below(scope, get_unit(scope, lined.units["C"]), year=2026)
    by_branch: dict[str, int] = {}
    for one in counted:
        by_branch[one.branch] = by_branch.get(one.branch, 0) + one.count
    # E1 and E2 for the department, E1 and E3 for the township: four duties, each under the branch its unit stands in
    assert by_branch == {lined.paths["T1"]: 3, lined.paths["T2"]: 1}


def test_the_department_sees_its_enterprises_units_and_people_not_their_neighbours(lined: World) -> None:
    with lined.as_("dan") as scope:
        units = {unit.code for unit in scope.session.scalars(owned(scope, Unit).where(access.readable(scope, Unit, "unit")))}
        seen = {login for login in ("ellen", "elsa", "tom") if access.may(scope, "person", "read", unit_of(scope, lined, login))}
    assert units == {"C", "D1", "E1", "E2"}
    assert seen == {"ellen"}


def unit_of(scope, world: World, login: str) -> Unit:
    return get_unit(scope, world.units[{"ellen": "E1", "elsa": "E3", "tom": "T1"}[login]])


def test_only_who_holds_the_line_issues_in_it(lined: World) -> None:
    for who, unit in (("cora", "C"), ("tom", "T1")):
        with pytest.raises(InvalidInputError):
            ask(lined, who, unit, line="sector")
    with pytest.raises(NotAllowedError):
        ask(lined, "dirk", "D1")


def test_leaving_the_line_ends_the_view_and_keeps_what_was_asked(lined: World) -> None:
    requirement = ask(lined, "dan", "D1")
    later = lined.later(days=1)
    with lined.as_("adam", at=later) as scope:
        organisation.leave_line(scope, unit_id=lined.units["E1"], line="sector")
    duty = duty_of(lined, requirement, "E1")
    with lined.as_("dan", at=later) as scope:
        assert access.may(scope, "submission", "review", duty), "what was asked then is still theirs to settle"
        with pytest.raises(NotFoundError):
            access.require(scope, "unit", "read", get_unit(scope, lined.units["E1"]))
    with lined.as_("ellen", at=later) as scope:
        assert access.may(scope, "submission", "write", duty)


def test_a_department_that_moves_keeps_its_line(lined: World) -> None:
    """Superiors are named by id: nothing of the enterprises has to be rewritten."""
    duty = duty_of(lined, ask(lined, "dan", "D1"), "E1")
    with lined.as_system() as scope:
        unit = get_unit(scope, lined.units["D1"])
        unit.path = f"{lined.paths['C']}1moved."
        scope.session.scalars(owned(scope, Placement).where(Placement.unit_id == unit.id)).one().path = unit.path
    with lined.as_("dan") as scope:
        assert {grant.line for grant in grants_of(scope)} == {"sector"}
        assert access.may(scope, "submission", "review", duty)


def test_people_of_a_merged_department_are_found_for_what_it_had_asked(lined: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows name who stood above them by id; after a merge the heir's people review them, and are the ones told."""
    before, other = ask(lined, "dan", "D1"), ask(lined, "tom", "T1")
    with lined.as_("adam") as scope:
        heir = organisation.create_unit(scope, parent_id=lined.units["C"], level="department", code="D9", name="交通运输局").id
        merged = decide(scope, change=Merge((lined.units["D1"],), into=heir), basis="机构改革", effective_on=scope.today)
        assert merged.state == "done"
    duty, towns = duty_of(lined, before, "E1"), duty_of(lined, other, "E1")
    with lined.as_system() as scope:
        found = access.superiors_of(scope, "submission", "review", duty)
        assert (found, access.superiors_of(scope, "submission", "review", towns)) == (
            [lined.people["dan"]],
            [lined.people["tom"]],
        )
    with lined.as_("dan") as scope:
        assert access.may(scope, "submission", "review", duty)
    monkeypatch.setattr("duban.access.people.heirs_of", lambda _scope, units: {unit: unit for unit in units})
    with lined.as_system() as scope:
        assert access.superiors_of(scope, "submission", "review", duty) == [], "the control: without heirs nobody is found"


def test_files_of_a_submission_follow_its_line(lined: World) -> None:
    duty = duty_of(lined, ask(lined, "dan", "D1"), "E1")
    with lined.as_system() as scope:
        for number, place in enumerate((duty, access.Place(lined.paths["E3"]))):
            scope.add(
                StoredFile(
                    owner_kind="duty", owner_id=new_id(), access_object="submission", original_name=f"{number}.txt",
                    storage_key=f"{new_id()}", size_bytes=1, media_type="text/plain", digest="0" * 64, uploaded_at=scope.now,
                    path=place.path, lines=list(place.lines), work_line=place.work_line,
                )
            )  # fmt: skip
    with lined.as_("dan") as scope:
        seen = scope.session.scalars(owned(scope, StoredFile).where(access.readable(scope, StoredFile, "submission"))).all()
    assert [row.original_name for row in seen] == ["0.txt"]


def test_deeper_in_the_line(lined: World) -> None:
    """A superior of the superior in the line is marked as deep, and refreshed with the units below."""
    with lined.as_("adam") as scope:
        organisation.place_in_line(scope, unit_id=lined.units["D1"], line="sector", parent_id=lined.units["C"])
    with lined.as_system() as scope:
        tokens = get_unit(scope, lined.units["E1"]).lines
        people = scope.session.scalars(owned(scope, Person).where(Person.login == "dan")).all()
    assert tokens == [f"sector.child.{lined.units['D1']}", f"sector.deep.{lined.units['C']}"]
    assert len(people) == 1


def test_the_department_s_pages(lined: World) -> None:
    """What the officer of the line clicks through: workbench, overview, the form that names the line, the requirement, the queue."""
    requirement = ask(lined, "dan", "D1")
    browser = lined.client("dan")
    assert {
        page: browser.get(page).status_code for page in ("/", "/overview", "/requirements", "/reviews", "/units")
    } == dict.fromkeys(("/", "/overview", "/requirements", "/reviews", "/units"), 200)
    form = browser.get("/requirements/new").text
    assert 'name="line" value="sector"' in form
    assert "行业（条）" in form
    assert "企业E1" in form
    shown = browser.get(f"/requirements/{requirement.id}").text
    assert ("行业（条）" in shown, "企业E1" in shown, "企业E2" in shown, "企业E3" in shown) == (True, True, True, False)
    duty = duty_of(lined, requirement, "E1")
    assert {who: lined.client(who).get(f"/duties/{duty.id}").status_code for who in ("ellen", "dan", "tom", "tina", "elsa")} == {
        "ellen": 200, "dan": 200, "tom": 200, "tina": 404, "elsa": 404,
    }  # fmt: skip
    assert lined.client("ellen").get(f"/requirements/{requirement.id}").status_code == 200


def test_a_colleague_in_another_line_neither_issues_nor_takes_back(lined: World) -> None:
    """
    As an inspector beside the officer of one supervision office: each answers for the requirements of the own line (found by the
    matrix). Whoever issues in a line reviews in it, so nobody else's hand may be in it.
    """
    with lined.as_system() as scope:
        post = {"person_id": lined.people["dirk"], "unit_id": lined.units["T1"], "line": "sector"}
        scope.add(RoleGrant(role="department.officer", active_from=date(2000, 1, 1), **post))
    sent, draft = issued(lined), drafted(lined)
    with pytest.raises(NotAllowedError), lined.as_("dirk") as scope:
        operations.withdraw_requirement(scope, requirement_id=sent, reason="重复")
    attempts = (
        lambda scope: operations.issue(scope, requirement_id=draft),
        lambda scope: operations.edit_requirement(scope, requirement_id=draft, form=requirement_form(data()), version=1),
        lambda scope: queries.get_requirement(scope, draft),
    )
    for attempt in attempts:
        with pytest.raises(NotFoundError), lined.as_("dirk") as scope:
            attempt(scope)
    listed = {}
    for who in ("tom", "dirk"):
        with lined.as_(who) as scope:
            listed[who] = draft in {row.id for row in queries.list_requirements(scope).items}
    assert listed == {"tom": True, "dirk": False}
    browser = lined.client("dirk")
    assert browser.get(f"/requirements/{draft}/preview").status_code == 404
    page = browser.get(f"/requirements/{sent}")
    assert (page.status_code, "撤销要求" in page.text) == (200, False)
    # the control: whose line it is
    assert "撤销要求" in lined.client("tom").get(f"/requirements/{sent}").text
    with lined.as_("tom") as scope:
        operations.withdraw_requirement(scope, requirement_id=sent, reason="重复")
        assert operations.issue(scope, requirement_id=draft).created > 0


def test_where_nobody_holds_the_line_any_more_a_colleague_takes_back(lined: World) -> None:
    """Else what is owed in it could be taken back by nobody."""
    requirement = ask(lined, "dan", "D1")
    with pytest.raises(NotAllowedError), lined.as_("dora") as scope:
        operations.withdraw_requirement(scope, requirement_id=requirement.id, reason="撤并")
    with lined.as_system() as scope:
        for grant in scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.unit_id == lined.units["D1"])):
            if grant.line == "sector":
                grant.active_to = scope.today
    shown = lined.client("dora").get(f"/requirements/{requirement.id}")
    assert (shown.status_code, "撤销要求" in shown.text) == (200, True)
    for who, refusal in (("ellen", NotAllowedError), ("tom", NotFoundError)):  # it is still the unit's own
        with pytest.raises(refusal), lined.as_(who) as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement.id, reason="撤并")
    with lined.as_("dora") as scope:
        operations.withdraw_requirement(scope, requirement_id=requirement.id, reason="撤并")


def test_nobody_drafts_in_a_line_they_hold_no_role_in(lined: World) -> None:
    """A post in a line in which the unit has nobody below is no post in the primary one."""
    with lined.as_system() as scope:
        post = {"person_id": lined.people["dirk"], "unit_id": lined.units["T1"], "line": "sector"}
        scope.add(RoleGrant(role="department.officer", active_from=date(2000, 1, 1), **post))
    for line in ("", "territorial"):
        form = requirement_form(data(line=line))
        with pytest.raises(InvalidInputError), lined.as_("dirk") as scope:
            operations.create_requirement(scope, unit_id=lined.units["T1"], form=form)
