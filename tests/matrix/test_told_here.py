"""
Checks that nobody of the matrix meets alone: whoever is stopped by them there is stopped by another one, too.

Each of these turns red when its check is taken away (`told_by` in locks.yaml, run nightly). Wanda, a village's clerk, is made an
administrator of one township besides: she manages part of the tree, which no role of the kinds' trees does.
"""

import json
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import select

from duban.access import operations as lending
from duban.assessments.operations.vetoes import propose_veto
from duban.dashboards import queries as dashboards
from duban.dashboards.working_for import _open_at
from duban.files import operations as files
from duban.files.storage import open_store
from duban.identity.errors import SecondHandError
from duban.identity.models import Credential
from duban.identity.operations import resets
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import get_owned, owned
from duban.notifications.models import Effect
from duban.organisation.operations import people, units
from duban.organisation.operations.importing import check_units_file
from duban.organisation.queries.people import list_people
from duban.organisation.queries.units import child_counts
from duban.reporting import operations as reporting
from duban.reporting import queries
from duban.reporting.forms import requirement_form
from duban.security import operations as accounts
from duban.security import queries as security
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.assessments.stage import Round, counted
from tests.integration.files.test_operations import keep, owner_at
from tests.integration.reporting.requirements import at, data, issued
from tests.matrix.test_single_actors import also, lends
from tests.web.security.test_resets import KEYS, ask

NEW_PERSON = {"role": "village.leader", "login": "", "name": "欧阳明", "post": "支书", "phone": "", "email": ""}
NEW_UNIT = {"level": "village", "code": "V13", "name": "东三村"}


def places(world: World, role: str = "county.admin", at: str = "T1") -> None:
    """Make Wanda an administrator of one township."""
    also(world, "wanda", role, at)


class TestOperations:
    """Called by hand, past the pages that ask first."""

    @pytest.mark.parametrize("act", ["edit", "issue"])
    def test_what_was_issued_is_its_readers_to_read_only(self, world: World, act: str) -> None:
        requirement_id = issued(world)
        with pytest.raises(NotAllowedError), world.as_("vera") as scope:
            if act == "edit":
                form = requirement_form(data())
                reporting.edit_requirement(scope, requirement_id=requirement_id, form=form, version=0)
            else:
                reporting.issue(scope, requirement_id=requirement_id)

    def test_somebody_out_of_sight_is_not_there(self, world: World) -> None:
        with pytest.raises(NotFoundError), world.as_("tom") as scope:
            people.reset_password(scope, person_id=world.people["wanda"], keys=KEYS)

    @pytest.mark.parametrize("who", ["adam", "sara"])
    def test_nobody_is_the_second_hand_of_their_own_reset(self, world: World, who: str) -> None:
        _, reset = ask(world, "sara")
        with pytest.raises(SecondHandError), world.as_(who) as scope:
            resets.confirm_reset(scope, reset_id=reset.id, keys=KEYS)

    def test_a_place_in_a_line_needs_leave_at_both_ends(self, world: World) -> None:
        places(world)
        with world.as_("wanda") as scope:
            made = units.create_unit(scope, parent_id=world.units["T1"], level="enterprise", code="E1", name="企业").id
        with pytest.raises((NotAllowedError, NotFoundError)), world.as_("wanda") as scope:
            units.place_in_line(scope, unit_id=made, line="sector", parent_id=world.units["D1"])

    @pytest.mark.parametrize(("parent", "sound"), [("T1", True), ("T2", False)])
    def test_a_file_of_units_reaches_as_far_as_who_brings_it(self, world: World, parent: str, sound: bool) -> None:
        places(world)
        with world.as_("wanda") as scope:
            report = check_units_file(scope, data=f"code,name,level,parent\nX1,新村,village,{parent}\n".encode())
        assert report.is_sound == sound

    def test_two_people_may_lend_the_same_role_to_one(self, world: World) -> None:
        also(world, "tess", "township.officer", "T1")
        for giver in ("tom", "tess"):
            with world.as_(giver) as scope:
                lends(scope, world, role="township.officer", to="vera")

    def test_who_ends_a_lending_is_not_told_of_it(self, world: World) -> None:
        with world.as_("tom") as scope:
            lends(scope, world, role="township.officer", to="vera")
        with world.as_("tom") as scope:
            lent = scope.session.scalars(owned(scope, lending.Delegation)).one()
            lending.end_lending(scope, delegation_id=lent.id)
        with world.as_system() as scope:
            told = scope.session.scalars(
                select(Effect.recipient_id).where(Effect.tenant_id == scope.tenant_id, Effect.template.contains("收回"))
            )
            assert set(told) == {world.people["vera"]}

    def test_whose_reset_it_is_does_not_refuse_it(self, world: World) -> None:
        _, reset = ask(world, "sara")
        with pytest.raises(SecondHandError), world.as_("sara") as scope:
            accounts.refuse_reset(scope, reset_id=reset.id)

    def test_a_file_is_attached_only_where_one_may(self, world: World) -> None:
        store = open_store(f"memory://{uuid4()}")
        file_id = keep(world, "vera", owner_at(world, "V11"), store)
        with pytest.raises((NotAllowedError, NotFoundError)), world.as_("vera") as scope:
            files.link(scope, file_id=file_id, owner=owner_at(world, "T1"))


class TestQueries:
    """Lists and counts that no more than part of the tree may enter."""

    def test_an_administrator_of_a_township_sees_to_its_units(self, world: World) -> None:
        places(world)
        with world.as_("wanda") as scope:
            assert dashboards.set_up(scope).units == len(("T1", "V11", "V12"))

    def test_units_beside_are_not_counted(self, world: World) -> None:
        with world.as_("vera") as scope:
            township = get_unit(scope, world.units["T1"])
            assert child_counts(scope, [township]) == {township.id: 1}

    def test_a_line_of_the_list_shows_no_role_elsewhere(self, world: World) -> None:
        also(world, "vlad", "village.clerk", "V21")
        with world.as_("tom") as scope:
            held = {one.unit.code for line in list_people(scope).items for one in line.held}
        assert "V11" in held and "V21" not in held

    def test_a_table_of_duties_is_empty_for_who_reads_none(self, world: World) -> None:
        issued(world, "tina", "T2")
        found = {}
        for who in ("tom", "tina"):
            with world.as_(who) as scope:
                unit = get_unit(scope, world.units["V21"])
                table = queries.matrix(scope, units=[unit], due_from=date(2026, 1, 1), due_until=date(2026, 12, 31))
                found[who] = len(table.columns)
        assert found == {"tom": 0, "tina": 1}

    def test_what_is_late_is_to_be_urged_by_who_may(self, world: World) -> None:
        issued(world, "tina", "T2")
        found = {}
        for who in ("tina", "tito"):
            with world.as_(who, at=at("03-25")) as scope:
                unit = get_unit(scope, world.units["V21"])
                table = queries.matrix(scope, units=[unit], due_from=date(2026, 1, 1), due_until=date(2026, 12, 31))
                found[who] = [column.late for column in table.columns]
        assert found == {"tina": [1], "tito": [0]}

    def test_what_is_late_is_listed_for_who_may_urge(self, world: World) -> None:
        issued(world)
        found = {}
        for who in ("tess", "tom"):
            with world.as_(who, at=at("03-25")) as scope:
                found[who] = len(queries.work_lists(scope, limit=9).late)
        assert found == {"tess": 0, "tom": 2}

    def test_administrators_above_are_not_listed(self, world: World) -> None:
        places(world, "county.security")
        also(world, "vera", "county.auditor", "V11")
        with world.as_("wanda") as scope:
            found = {one.person.id for one in security.administrators(scope)}
        assert found == {world.people["vera"], world.people["wanda"]}

    def test_what_waits_is_counted_for_who_hands_it_in(self, world: World) -> None:
        issued(world)
        with world.as_("vlad") as scope:
            assert not _open_at(scope)
        with world.as_("vera") as scope:
            assert _open_at(scope) == {world.paths["V11"]: 1}


class TestPages:
    """What a page makes of an address or a code it is given."""

    @pytest.mark.parametrize(
        ("who", "page", "form"),
        [
            ("tom", "/people/new", NEW_PERSON | {"unit_id": "V21"}),
            ("wanda", "/units/new", NEW_UNIT | {"parent_id": "D1"}),
            ("wanda", "/units/{V11}/reorganise", {"kind": "move", "parent_id": "D1", "basis": "某号文"}),
        ],
    )
    def test_a_code_out_of_sight_is_no_unit(self, world: World, who: str, page: str, form: dict[str, str]) -> None:
        places(world)
        address = page.format(**world.units)
        unseen, unknown = (
            world.client(who).post(
                address, data={name: code if value in {"V21", "D1"} else value for name, value in form.items()}
            )
            for code in (form.get("unit_id") or form["parent_id"], "NOWHERE")
        )
        assert (unseen.status_code, unknown.status_code) == (422, 422)

    @pytest.mark.parametrize("page", ["/people/{vlad}", "/api/v1/people/{vlad}"])
    def test_a_role_elsewhere_is_not_shown(self, world: World, page: str) -> None:
        also(world, "vlad", "village.clerk", "V21")
        answer = world.client("tom").get(page.format(**world.people))
        assert answer.status_code == 200
        shown = json.dumps(answer.get_json(), ensure_ascii=False) if page.startswith("/api") else answer.text
        assert "东一村" in shown and "西一村" not in shown

    def test_who_reads_what_was_issued_gets_no_form(self, world: World) -> None:
        assert world.client("vera").get(f"/requirements/{issued(world)}/edit").status_code == 403

    def test_who_works_above_is_not_shown(self, world: World) -> None:
        page = f"/units/{world.units['T1']}"
        assert "谭镇长" in world.client("tess").get(page).text
        assert "谭镇长" not in world.client("vera").get(page).text

    def test_a_part_of_the_record_is_not_all_of_it(self, world: World) -> None:
        places(world, "county.auditor")
        assert "立即校验" in world.client("otto").get("/audit").text
        assert "立即校验" not in world.client("wanda").get("/audit").text

    def test_who_may_ask_nothing_gets_no_form(self, world: World) -> None:
        assert world.client("vera").get("/requirements/new").status_code in {403, 404}

    @pytest.mark.parametrize(("address", "status"), [("/people", 302), ("/api/v1/documents", 403)])
    def test_a_password_to_be_changed_is_changed_first(self, world: World, address: str, status: int) -> None:
        browser = world.client("vera")
        assert browser.get(address).status_code == 200
        with world.as_system() as scope:
            get_owned(scope, Credential, world.people["vera"]).must_change = True
        assert browser.get(address).status_code == status

    @pytest.mark.parametrize("what", ["card", "veto"])
    def test_a_stale_change_by_a_stranger_is_not_there(self, world: World, what: str) -> None:
        round_ = Round(world).scoring(T1=counted(world.units["T1"]), T2=counted(world.units["T2"]))
        address, body = f"/api/v1/scorecards/{round_.cards['T1']}/vetoes", {"rule": "V3", "document": "某号文", "reason": "瞒报"}
        if what == "veto":
            with world.as_("eva") as scope:
                made = propose_veto(scope, card_id=round_.cards["T1"], rule_code="V3", document="某号文", reason="瞒报").id
            address, body = f"/api/v1/vetoes/{made}/confirm", None
        headers = {"If-Match": '"99"', "Accept": "application/json"}
        assert world.client("wanda").post(address, json=body, headers=headers).status_code == 404
