"""Totals by place and by line, after a move, after a merger; and only of what the reader may read."""

from datetime import date
from uuid import UUID

import pytest

from duban.access.models import RoleGrant
from duban.fields.quantities import Qualifier, Quantity
from duban.fields.shapes import FieldSpec, Kind
from duban.identity.models import Credential
from duban.kernel.ids import PersonId
from duban.organisation.making import Details, add_person
from duban.organisation.operations.reorganising import decide
from duban.organisation.rules.changes import Merge, Move
from duban.reporting import operations
from duban.reporting.adding import Rule, measures_of
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.totals import Source, node_of, totals
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.access.lined import ask, line_up
from tests.integration.reporting import requirements as given

FOUND = FieldSpec("found", "发现隐患", Kind.INTEGER, qualifiers=True)
FIELDS = [{"key": "found", "label": "发现隐患", "kind": "integer", "qualifiers": True}]


def asked(world: World) -> UUID:
    return given.issued(world, "cora", "C", title="隐患月报", fields=FIELDS, targets={"scope": "subtree"})


def answer(world: World, requirement_id: UUID, unit: str, who: str, by: str, found: str) -> None:
    row = given.duty_id(world, requirement_id, unit)
    with world.as_(who) as scope:
        operations.submit(scope, duty_id=row, typed={"found": found})
    given.accepted(world, row, by)


def seen(world: World, who: str, unit: str, requirement_id: UUID, line: str | None = None) -> tuple[str, dict[str, str]]:
    """The total at a node and of each branch, in words."""
    with world.as_(who) as scope:
        node = node_of(scope, get_unit(scope, world.units[unit]), line)
        found = totals(scope, source=Source((requirement_id,)), node=node, measures=measures_of([FOUND]))
        branches = {one.name + ("（本级）" if one.is_own else ""): str(one.totals["found"].figure) for one in found.branches}
        return str(found.totals["found"].figure), branches


@pytest.fixture
def filled(world: World) -> UUID:
    requirement_id = asked(world)
    for unit, who, found in (("V11", "vera", ">750"), ("V12", "vic", "12"), ("V21", "wanda", "5"), ("T1", "tom", "1")):
        answer(world, requirement_id, unit, who, "cora", found)
    return requirement_id


def test_more_than_750_and_12_are_more_than_762(world: World, filled: UUID) -> None:
    """Example D of the domain."""
    total, branches = seen(world, "cora", "T1", filled)
    assert branches == {"城东镇（本级）": "1", "东一村": ">750", "东二村": "12"}
    assert total == ">763"
    with world.as_("cora") as scope:
        villages = [
            scope.session.get_one(type(get_unit(scope, world.units[one])), (scope.tenant_id, world.units[one]))
            for one in ("V11", "V12")
        ]
        sums = [
            totals(scope, source=Source((filled,)), node=node_of(scope, one), measures=measures_of([FOUND]))
            .totals["found"]
            .figure
            for one in villages
        ]
    assert sums == [Quantity(750, Qualifier.MORE), Quantity(12)]


def test_after_a_move_figures_stay_where_they_were_reported(world: World, filled: UUID) -> None:
    with world.as_("adam") as scope:
        assert decide(scope, change=Move(world.units["V11"], world.units["T2"]), basis="依据", effective_on=scope.today)
    assert seen(world, "cora", "T1", filled)[0] == ">763"
    assert seen(world, "cora", "T2", filled) == ("5", {"城西镇（本级）": "None", "西一村": "5"})
    assert seen(world, "tom", "T1", filled)[1]["东一村"] == ">750", "the old superior still adds up what was handed in to it"
    assert seen(world, "vera", "V11", filled)[0] == ">750"


def test_after_a_merger_the_successor_adds_up_what_it_took_over(world: World, filled: UUID) -> None:
    with world.as_("adam") as scope:
        change = Merge((world.units["T1"],), into=world.units["T2"])
        assert decide(scope, change=change, basis="依据", effective_on=scope.today)
    total, branches = seen(world, "cora", "C", filled)
    assert total == ">768"
    assert (branches["城东镇"], branches["城西镇"]) == (">763", "5")
    assert seen(world, "tina", "T2", filled)[0] == ">768", "the main successor reads its predecessor's history"


def test_a_line_is_added_up_by_itself(world: World) -> None:
    line_up(world)
    made = ask(world, "dan", "D1", line="sector", specs=(FOUND,)).id
    other = ask(world, "cora", "C", specs=(FOUND,)).id
    for requirement_id, by, factor in ((made, "dan", 1), (other, "cora", 100)):
        for unit, who, found in (("E1", "ellen", 3), ("E2", "emil", 4)):
            answer(world, requirement_id, unit, who, by, str(found * factor))
    assert seen(world, "dan", "D1", made, "sector") == ("7", {"企业E1": "3", "企业E2": "4"})
    assert seen(world, "dan", "D1", other, "sector") == ("700", {"企业E1": "300", "企业E2": "400"}), (
        "what others ask of them, apart"
    )
    assert seen(world, "cora", "C", made) == ("7", {"城东镇": "3", "城西镇": "4"}), "the same duties by place"
    assert seen(world, "cora", "D1", made, "sector")[0] == "7"
    assert seen(world, "tom", "T1", made) == ("3", {"企业E1": "3"})
    client = world.client("dan")
    page = client.get(f"/rollup/{made}").text
    assert "交通局合计" in page
    assert "企业E2" in page


def test_who_stands_above_whom_is_told_by_the_line_looked_at(world: World) -> None:
    """E2 stands below E1 in the department's line, in townships beside each other by place."""
    line_up(world)
    made = ask(world, "dan", "D1", line="sector", specs=(FOUND,)).id
    for unit, who, found in (("E1", "ellen", "10"), ("E2", "emil", "4")):
        answer(world, made, unit, who, "dan", found)
    with world.as_system() as scope:
        row = scope.session.get_one(Duty, (scope.tenant_id, given.duty_id(world, made, "E2")))
        row.lines = [f"sector.child.{world.units['E1']}", f"sector.deep.{world.units['D1']}"]
    sums = {}
    for line in (None, "sector"):
        with world.as_("cora") as scope:
            node = node_of(scope, get_unit(scope, world.units["D1" if line else "C"]), line)
            for rule in (Rule.ADD, Rule.PARENT, Rule.LOWEST):
                found = totals(scope, source=Source((made,)), node=node, measures=measures_of([FOUND], rule))
                sums[line, rule] = str(found.totals["found"].figure)
    assert sums == {
        (None, Rule.ADD): "14", (None, Rule.PARENT): "14", (None, Rule.LOWEST): "14",
        ("sector", Rule.ADD): "14", ("sector", Rule.PARENT): "10", ("sector", Rule.LOWEST): "4",
    }  # fmt: skip
    assert seen(world, "dan", "D1", made, "sector")[1] == {"企业E1": "14"}


def hired(world: World, login: str, *posts: tuple[str, str]) -> None:
    """Somebody with these roles, put straight into the table: no operation gives them together, a tenant's own policy may."""
    with world.as_system() as scope:
        person = add_person(scope, login=login, details=Details(login))
        scope.session.flush()
        scope.add(Credential(id=person.id, password_hash="none", must_change=False, changed_at=scope.now))
        for role, unit in posts:
            grant = RoleGrant(
                person_id=person.id, role=role, unit_id=world.units[unit], line="territorial", active_from=date(2000, 1, 1)
            )
            scope.add(grant)
        world.people[login], world.names[login] = PersonId(person.id), login


class TestLeave:
    """Whoever reads a node need not read all below it."""

    @pytest.fixture
    def cleo(self, world: World, filled: UUID) -> World:
        """A clerk of the township: reads its own work, not the villages'."""
        hired(world, "cleo", ("village.clerk", "T1"))
        return world

    def test_figures_are_of_what_one_may_read(self, cleo: World, filled: UUID) -> None:
        assert seen(cleo, "cleo", "T1", filled) == ("1", {"城东镇（本级）": "1"})

    def test_units_behind_a_figure(self, cleo: World, filled: UUID) -> None:
        page = cleo.client("cleo").get(f"/rollup/{filled}/units?field=found").text
        assert "750" not in page
        assert "东一村" not in page

    def test_rates(self, cleo: World, filled: UUID) -> None:
        client = cleo.client("cleo")
        page = client.get("/rollup/rates?until=2026-12-31").text
        assert "（1/1）" in page
        assert "东一村" not in page
        assert "东一村" not in client.get("/rollup/rates/units?until=2026-12-31").text

    def test_periods(self, cleo: World) -> None:
        villages = given.issued(cleo, "tom", "T1", title="村月报", fields=FIELDS, due=given.MONTHLY)
        assert "2026-03" in cleo.client("tess").get(f"/rollup/{villages}").text
        assert "2026-03" not in cleo.client("cleo").get(f"/rollup/{villages}").text

    def test_the_way_up_leads_only_where_one_may_go(self, world: World, filled: UUID) -> None:
        for page in (f"/rollup/{filled}", "/rollup/rates"):
            assert f"unit={world.units['C']}" not in world.client("tess").get(page).text
            assert f"unit={world.units['C']}" in world.client("cora").get(f"{page}?unit={world.units['T1']}").text

    def test_one_begins_at_a_unit_whose_work_one_reads(self, world: World, filled: UUID) -> None:
        hired(world, "two", ("county.admin", "C"), ("village.clerk", "V11"))
        assert world.client("two").get("/rollup/rates?until=2026-12-31").status_code == 200

    def test_requirements_with_the_same_form(self, world: World) -> None:
        made = {}
        for who, unit, title in (("tom", "T1", "东镇月报"), ("tina", "T2", "西镇月报")):
            made[unit] = given.issued(world, who, unit, title=title, fields=FIELDS)
        form = same_form_for(world, *made.values())
        assert form
        page = world.client("tess").get(f"/rollup/{made['T1']}?form_wide=1").text
        assert "西镇月报" not in page
        page = world.client("cora").get(f"/rollup/{made['T1']}?form_wide=1&unit={world.units['C']}").text
        assert "西镇月报" in page


def same_form_for(world: World, *requirement_ids: UUID) -> UUID:
    from duban.fields.forms import FormSpec
    from duban.forms.operations import ready_form

    with world.as_("cora") as scope:
        unit = get_unit(scope, world.units["C"])
        form = ready_form(
            scope, unit=unit, code="yh", title="隐患", title_en="", spec=FormSpec((FOUND,)), effective_from=date(2026, 1, 1)
        )
        for requirement_id in requirement_ids:
            scope.session.get_one(Requirement, (scope.tenant_id, requirement_id)).form_id = form.id
        return form.id
