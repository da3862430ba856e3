"""Moves, merges, splits and closings change the future: what was made before keeps its place, its people and its reviewer."""

from datetime import date

import pytest
from sqlalchemy import func, select

from duban.access.models import RoleGrant
from duban.audit.models import AuditRecord
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, RuleBrokenError
from duban.kernel.scope import owned
from duban.organisation.errors import ChangeRefusedError
from duban.organisation.operations.reorganising import cancel_planned, carry_out_planned, decide, preview
from duban.organisation.operations.units import create_unit, leave_line, place_in_line
from duban.organisation.queries.units import placement_in_line
from duban.organisation.rules.changes import Change, Close, Merge, Move, NewUnit, Part, Rename, Split, from_json, to_json
from duban.organisation.states import ChangeKind
from duban.reporting.models import Duty
from duban.tenancy.models import Tenant
from duban.tree.history import children_at, name_on, subtree_at
from duban.tree.models import Placement, Reorganisation, Succession, Unit
from duban.tree.queries import answering, children, get_unit, standings
from tests.cast import World
from tests.integration.organisation.duties import issue_to_villages

TODAY = date(2026, 3, 10)


def do(world: World, change: Change, *, days: int = 0, on: date | None = None, who: str = "adam") -> Reorganisation:
    with world.as_(who, at=world.later(days=days)) as scope:
        return decide(scope, change=change, basis="望政发〔2026〕3号", effective_on=on)


def check_tree(world: World, *, days: int = 0) -> int:
    """Every unit stands where its parent says, and its open place in the primary line says the same. Gives: how many units."""
    with world.as_system(at=world.later(days=days)) as scope:
        units = {unit.id: unit for unit in scope.session.scalars(owned(scope, Unit))}
        active = {key: unit for key, unit in units.items() if unit.active_to is None}
        places = {
            place.unit_id: place
            for place in scope.session.scalars(owned(scope, Placement).where(Placement.is_primary, Placement.active_to.is_(None)))
        }
        assert places.keys() == active.keys()
        for key, unit in active.items():
            assert places[key].path == unit.path
            assert places[key].parent_id == unit.parent_id
            if unit.parent_id is not None:
                parent = active[unit.parent_id]
                assert unit.path.startswith(parent.path)
                assert unit.path.count(".") == parent.path.count(".") + 1
        return len(active)


class TestMove:
    def test_takes_the_subtree_along_and_keeps_where_it_stood(self, world: World) -> None:
        with world.as_("adam") as scope:
            enterprise = create_unit(scope, parent_id=world.units["V11"], level="enterprise", code="E1", name="煤矿")
            before = (get_unit(scope, world.units["V11"]).path, enterprise.path)
        filed = do(world, Move(world.units["V11"], world.units["T2"]))
        assert check_tree(world) == 8
        assert filed.figures == {"units": 2, "people": 2}
        with world.as_("adam") as scope:
            assert {unit.code for unit in children(scope, get_unit(scope, world.units["T2"]))} == {"V21", "V11"}
            village, below = get_unit(scope, world.units["V11"]), get_unit(scope, enterprise.id)
            assert below.path.startswith(village.path)
            stood = {(place.path, place.current) for place in standings(scope, [village.id])[village.id]}
            assert stood == {(before[0], False), (village.path, True)}
            assert answering(scope, before) == {before[0]: [village.id], before[1]: [below.id]}

    def test_last_years_tree_stays_last_years(self, world: World) -> None:
        do(world, Move(world.units["V11"], world.units["T2"]))
        with world.as_("adam", at=world.later(days=1)) as scope:
            last_year, now = date(2025, 12, 31), date(2026, 3, 11)
            then = {stood.unit_id for stood in subtree_at(scope, world.units["T1"], last_year)}
            assert then == {world.units[key] for key in ("T1", "V11", "V12")}
            assert {stood.unit_id for stood in children_at(scope, world.units["T1"], now)} == {world.units["V12"]}
            assert {stood.unit_id for stood in children_at(scope, world.units["T2"], TODAY)} == {
                world.units["V21"],
                world.units["V11"],
            }

    def test_old_work_stays_with_the_superior_of_the_time(self, world: World) -> None:
        duty = issue_to_villages(world, "tom")["V11"]
        do(world, Move(world.units["V11"], world.units["T2"]))
        with world.as_system() as scope:
            kept = scope.session.scalars(owned(scope, Duty).where(Duty.id == duty)).one()
            assert (kept.path, kept.to_path) == (world.paths["V11"], world.paths["T1"])

    def test_twice_on_one_day_and_back_again_gives_new_labels(self, world: World) -> None:
        paths = set()
        for parent in ("T2", "T1", "T2", "T1"):
            do(world, Move(world.units["V11"], world.units[parent]))
            with world.as_system() as scope:
                paths.add(get_unit(scope, world.units["V11"]).path)
        assert len(paths | {world.paths["V11"]}) == 5
        assert check_tree(world) == 7
        with world.as_system() as scope:
            assert len(standings(scope, [world.units["V11"]])[world.units["V11"]]) == 5

    def test_may_be_dated_back_but_not_before_the_last_change(self, world: World) -> None:
        do(world, Move(world.units["V11"], world.units["T2"]), on=date(2026, 1, 1))
        with world.as_system() as scope:
            place = placement_in_line(scope, world.units["V11"], "territorial")
            assert place is not None
            assert place.active_from == date(2026, 1, 1)
        with pytest.raises(ChangeRefusedError, match="2026-01-01"):
            do(world, Move(world.units["V11"], world.units["T1"]), on=date(2025, 12, 1))

    @pytest.mark.parametrize(
        "unit, parent, why",
        [("V11", "T1", "已经在"), ("T1", "V11", "自己或它的下级"), ("T1", "T1", "自己或它的下级"), ("V11", "C", "不能设在"),
         ("C", "T1", "最上级"), ("V11", "D1", "不能设在")],
    )  # fmt: skip
    def test_refuses_what_the_tree_does_not_allow(self, world: World, unit: str, parent: str, why: str) -> None:
        with pytest.raises(ChangeRefusedError) as caught:
            do(world, Move(world.units[unit], world.units[parent]))
        assert any(why in str(text) for text in caught.value.obstacles)

    @pytest.mark.parametrize("who, refusal", [("tom", NotAllowedError), ("cora", NotAllowedError), ("wanda", NotFoundError), ("ewa", NotFoundError)])  # fmt: skip
    def test_is_the_administrators(self, world: World, who: str, refusal: type[Exception]) -> None:
        for change in (
            Move(world.units["V11"], world.units["T2"]),
            Merge((world.units["V12"],), into=world.units["V11"]),
            Close(world.units["V11"]),
        ):
            with pytest.raises(refusal), world.as_(who) as scope:
                preview(scope, change=change)
            with pytest.raises(refusal):
                do(world, change, who=who)

    def test_a_foreign_parent_is_not_there(self, world: World) -> None:
        with pytest.raises(NotFoundError):
            do(world, Move(world.units["V11"], world.units["other-T1"]))

    def test_asks_for_its_basis(self, world: World) -> None:
        with pytest.raises(InvalidInputError) as caught, world.as_("adam") as scope:
            decide(scope, change=Move(world.units["V11"], world.units["T2"]), basis=" ")
        assert set(caught.value.fields) == {"basis"}

    def test_places_of_other_lines_that_hang_on_it_go_along(self, world: World) -> None:
        with world.as_("adam") as scope:
            enterprise = create_unit(scope, parent_id=world.units["T1"], level="enterprise", code="E1", name="煤矿").id
            other = create_unit(scope, parent_id=world.units["C"], level="department", code="D2", name="住建局").id
            place_in_line(scope, unit_id=enterprise, line="sector", parent_id=world.units["D1"])
        with world.as_("adam", at=world.later(days=1)) as scope:
            place_in_line(scope, unit_id=enterprise, line="sector", parent_id=other)
            place = placement_in_line(scope, enterprise, "sector")
            assert place is not None
            assert place.path.startswith(get_unit(scope, other).path)
        with pytest.raises(ChangeRefusedError, match="其他管理线"):
            do(world, Close(other), days=2)
        with world.as_("adam", at=world.later(days=2)) as scope:
            leave_line(scope, unit_id=enterprise, line="sector")
        do(world, Close(other), days=3)
        assert check_tree(world, days=3) == 8

    def test_bumps_the_trees_version_and_is_audited(self, world: World) -> None:
        def version() -> int:
            with world.as_system() as scope:
                return scope.session.scalars(select(Tenant.tree_version).where(Tenant.id == scope.tenant_id)).one()

        before = version()
        do(world, Move(world.units["V11"], world.units["T2"]))
        assert version() > before
        with world.as_system() as scope:
            acts = scope.session.scalars(select(AuditRecord.act).where(AuditRecord.tenant_id == scope.tenant_id)).all()
        assert "unit.moved" in acts


class TestMerge:
    def test_the_heir_has_children_people_and_open_work(self, world: World) -> None:
        duties = issue_to_villages(world, "tom")
        filed = do(world, Merge((world.units["V12"],), into=world.units["V11"]))
        assert filed.figures["duty"] == 1
        assert filed.figures["people"] == 1
        assert check_tree(world) == 6
        with world.as_system() as scope:
            [inherited] = [row for row in standings(scope, [world.units["V11"]])[world.units["V11"]] if not row.current]
            assert inherited.path == world.paths["V12"]
            assert answering(scope, [world.paths["V12"]]) == {world.paths["V12"]: [world.units["V11"]]}
            duty = scope.session.get(Duty, (world.tenant.id, duties["V12"]))
            assert duty is not None
            assert duty.path == world.paths["V12"]
            held = scope.session.scalars(
                owned(scope, RoleGrant).where(RoleGrant.person_id == world.people["vic"], RoleGrant.active_to.is_(None))
            ).all()
        assert [grant.unit_id for grant in held] == [world.units["V11"]]

    def test_two_into_a_new_one(self, world: World) -> None:
        do(world, Merge((world.units["T1"], world.units["T2"]), new=NewUnit("T3", "新城镇", "township")))
        assert check_tree(world) == 6
        with world.as_("adam") as scope:
            heir = scope.session.scalars(owned(scope, Unit).where(Unit.code == "T3")).one()
            assert {unit.code for unit in children(scope, heir)} == {"V11", "V12", "V21"}
            rows = scope.session.scalars(owned(scope, Succession)).all()
            assert {(row.predecessor_id, row.successor_id, row.is_main) for row in rows} == {
                (world.units["T1"], heir.id, True), (world.units["T2"], heir.id, True)
            }  # fmt: skip

    def test_names_every_obstacle_at_once(self, world: World) -> None:
        with world.as_("adam") as scope:
            outlook = preview(scope, change=Merge((world.units["T1"],), into=world.units["D1"]))
        assert len([text for text in outlook.obstacles if "不能设在" in str(text)]) == 2
        with pytest.raises(ChangeRefusedError):
            do(world, Merge((world.units["T1"],), into=world.units["D1"]))
        assert check_tree(world) == 7

    @pytest.mark.parametrize("sources, into", [(("V11",), None), (("T1",), "V11"), (("C",), "T1"), ((), "V11")])
    def test_refuses_nonsense(self, world: World, sources: tuple[str, ...], into: str | None) -> None:
        change = Merge(
            tuple(world.units[key] for key in sources) or (world.units["V11"],), into=world.units[into] if into else None
        )
        with pytest.raises(ChangeRefusedError):
            do(world, change)


class TestSplit:
    def split(self, world: World, *, lives_on: bool) -> Split:
        with world.as_("adam") as scope:
            third = create_unit(scope, parent_id=world.units["T1"], level="village", code="V13", name="东三村").id
        new = Part((third,), new=NewUnit("T9", "东新镇", "township"))
        rest = Part(unit_id=world.units["T1"]) if lives_on else Part(new=NewUnit("T8", "城东新镇", "township"))
        return Split(world.units["T1"], (rest, new), main=0)

    def test_a_part_leaves_and_the_unit_lives_on(self, world: World) -> None:
        do(world, self.split(world, lives_on=True))
        assert check_tree(world) == 9
        with world.as_("adam") as scope:
            assert {unit.code for unit in children(scope, get_unit(scope, world.units["T1"]))} == {"V11", "V12"}
            [row] = scope.session.scalars(owned(scope, Succession)).all()
            assert not row.is_main
            assert len(standings(scope, [row.successor_id])[row.successor_id]) == 1

    def test_the_main_successor_inherits(self, world: World) -> None:
        issue_to_villages(world, "tom")
        do(world, self.split(world, lives_on=False))
        assert check_tree(world) == 9
        with world.as_("adam") as scope:
            heir = scope.session.scalars(owned(scope, Unit).where(Unit.code == "T8")).one()
            assert {unit.code for unit in children(scope, heir)} == {"V11", "V12"}
            assert answering(scope, [world.paths["T1"]]) == {world.paths["T1"]: [heir.id]}
            roles = scope.session.scalars(
                owned(scope, RoleGrant).where(RoleGrant.unit_id == heir.id, RoleGrant.active_to.is_(None))
            ).all()
            assert {grant.role for grant in roles} == {"township.officer", "township.leader"}


class TestClose:
    def test_is_refused_while_work_is_open_and_says_what_to_do(self, world: World) -> None:
        issue_to_villages(world, "tom")
        with pytest.raises(ChangeRefusedError, match="请指定承接单位"):
            do(world, Close(world.units["V11"]))
        do(world, Close(world.units["V11"], successor_id=world.units["V12"]))
        with world.as_system() as scope:
            assert answering(scope, [world.paths["V11"]]) == {world.paths["V11"]: [world.units["V12"]]}
        assert check_tree(world) == 6


class TestPlanned:
    def test_is_done_on_its_day_by_the_clock(self, world: World) -> None:
        do(world, Move(world.units["V11"], world.units["T2"]), on=date(2026, 4, 1))
        for days, done in ((0, 0), (21, 0), (22, 1), (23, 0)):  # 10 March + 22 days = 1 April
            with world.as_system(at=world.later(days=days)) as scope:
                assert carry_out_planned(scope) == done
        with world.as_system(at=world.later(days=30)) as scope:
            assert get_unit(scope, world.units["V11"]).parent_id == world.units["T2"]
            place = placement_in_line(scope, world.units["V11"], "territorial")
            assert place is not None
            assert place.active_from == date(2026, 4, 1)

    def test_can_be_cancelled_once(self, world: World) -> None:
        filed = do(world, Move(world.units["V11"], world.units["T2"]), on=date(2026, 4, 1))
        for who, refusal in (("tom", NotAllowedError), ("ewa", NotFoundError)):
            with pytest.raises(refusal), world.as_(who) as scope:
                cancel_planned(scope, reorganisation_id=filed.id)
        with world.as_("adam") as scope:
            cancel_planned(scope, reorganisation_id=filed.id)
        with pytest.raises(RuleBrokenError), world.as_("adam") as scope:
            cancel_planned(scope, reorganisation_id=filed.id)
        with world.as_system(at=world.later(days=30)) as scope:
            assert carry_out_planned(scope) == 0

    def test_what_the_tree_no_longer_allows_is_refused_and_the_rest_goes_on(self, world: World) -> None:
        impossible = do(world, Close(world.units["V11"]), on=date(2026, 4, 1))
        do(world, Rename(world.units["V12"], "朝阳村"), on=date(2026, 4, 1))
        issue_to_villages(world, "tom")
        with world.as_system(at=world.later(days=30)) as scope:
            assert carry_out_planned(scope) == 1
        with world.as_system(at=world.later(days=30)) as scope:
            refused = scope.session.get(Reorganisation, (world.tenant.id, impossible.id))
            assert refused is not None
            assert refused.state == "refused"
            assert "请指定承接单位" in refused.note
            assert get_unit(scope, world.units["V12"]).name == "朝阳村"
            assert name_on(scope, get_unit(scope, world.units["V12"]), date(2026, 3, 31)) == "东二村"


class TestValues:
    def test_every_change_survives_being_written_down(self, world: World) -> None:
        ids = list(world.units.values())
        new = NewUnit("x", "新", "village", "新")
        changes: list[Change] = [
            Move(ids[0], ids[1]), Merge((ids[0], ids[1]), new=new), Merge((ids[0],), into=ids[2]), Close(ids[0], ids[1]), Close(ids[0]),
            Split(ids[0], (Part((ids[1],), ids[0]), Part((ids[2],), new=new)), 0), Rename(ids[0], "甲", "乙", "丙"),
        ]  # fmt: skip
        for change in changes:
            assert from_json(ChangeKind(change.kind), to_json(change)) == change
        assert {change.kind for change in changes} == set(ChangeKind)

    def test_a_preview_changes_nothing(self, world: World) -> None:
        def rows() -> tuple[int | None, ...]:
            with world.as_system() as scope:
                return tuple(
                    scope.session.scalar(select(func.count()).select_from(model).where(model.tenant_id == scope.tenant_id))
                    for model in (Unit, Placement, Reorganisation, Succession, RoleGrant)
                )

        before = rows()
        with world.as_("adam") as scope:
            outlook = preview(scope, change=Merge((world.units["V11"], world.units["V12"]), new=NewUnit("n", "新村", "village")))
            assert outlook.is_possible
            assert len(outlook.effects) >= 3
        assert rows() == before
