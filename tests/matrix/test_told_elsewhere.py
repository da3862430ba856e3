"""
Checks that nobody of the matrix meets alone, continued: where a unit has moved, stands in a second line, or a policy says less.

A tenant's policy is data. Where no kind shipped today tells two checks apart, a line is taken out of the policy in force (or put
into it) and the check must still answer by itself. Each of these turns red when its check is taken away (`told_by` in locks.yaml).
"""

import io
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date

import pytest
from sqlalchemy import select

from duban.access import checks, explaining
from duban.access.models import RoleGrant
from duban.access.places import places_of
from duban.access.relations import CHILD, DEEP
from duban.assessments.queries import list_assessments
from duban.audit.models import AuditRecord
from duban.dashboards.behind import Asked, Which, list_behind
from duban.dashboards.gathering import table_of
from duban.dashboards.queries import count_below, units_below
from duban.files import operations as files
from duban.files.models import StoredFile
from duban.files.storage import open_store
from duban.identity import unsent
from duban.identity.operations import create_token
from duban.identity.queries import get_person
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.letters.operations.signing import sign_letter
from duban.letters.queries import list_own
from duban.matters.operations import register_matter, urge
from duban.organisation.making import add_grant
from duban.organisation.operations import people
from duban.organisation.operations.contacts import Named, set_contacts
from duban.organisation.operations.numbers import reveal_number
from duban.organisation.operations.reorganising import decide
from duban.organisation.queries.units import topmost
from duban.organisation.rules.changes import Rename
from duban.organisation.states import NumberOf
from duban.programmes.forms import DocumentForm
from duban.programmes.operations import documents
from duban.programmes.queries import find_by_numbers
from duban.reporting import operations as reporting
from duban.reporting import queries
from duban.reporting.models import Duty
from duban.security import operations as security_operations
from duban.security import queries as security
from duban.tree.queries import get_unit
from duban.web import replies
from duban.web.replies import KeptReply
from tests.attack.files.corpus import pdf
from tests.cast import PASSWORD, World
from tests.integration.access.line_checks import hand_down_by_township, hand_to_line
from tests.integration.access.lined import ask, line_up
from tests.integration.access.test_former_places import move_to_t2
from tests.integration.assessments.stage import Round, counted
from tests.integration.letters.cast_letters import issue_all, letter_of
from tests.integration.matters.stage import form as matter_form
from tests.integration.reporting.requirements import at, duty_id, handed_in, issued, name_contacts
from tests.integration.targets.cast_targets import YEAR
from tests.matrix.test_single_actors import also, lends
from tests.web.security.test_resets import ask as ask_reset


class TestPolicies:
    """Under a policy no shipped kind has."""

    @pytest.mark.parametrize("page", ["", "/grid"], ids=["round", "grid"])
    def test_a_round_is_not_opened_by_its_cards(self, world: World, saying: Callable[..., None], page: str) -> None:
        address = f"/assessments/{Round(world).scoring(T1=counted(world.units['T1']), T2=counted(world.units['T2'])).id}{page}"
        assert world.client("cora").get(address).status_code == 200
        saying("assessment", "read")
        assert world.client("cora").get(address).status_code == 404

    def test_rounds_are_not_listed_by_their_cards(self, world: World, saying: Callable[..., None]) -> None:
        Round(world)
        with world.as_("eva") as scope:
            assert len(list_assessments(scope)) == 1
        saying("assessment", "read")
        with world.as_("eva") as scope:
            assert list_assessments(scope) == []

    def test_what_nobody_may_open_is_not_counted(self, world: World, saying: Callable[..., None]) -> None:
        handed_in(world, duty_id(world, issued(world)))
        found = []
        for _ in range(2):
            with world.as_("tom") as scope:
                found.append(queries.counts(scope)["review"])
            saying("duty", "read")
        assert found == [1, 0]

    def test_ones_own_unit_is_shown_as_far_as_it_may_be_read(self, world: World, saying: Callable[..., None]) -> None:
        found = []
        for _ in range(2):
            with world.as_("tom") as scope:
                found.append([unit.code for unit in topmost(scope)])
            saying("unit", "read")
        assert found == [["T1"], []]

    @pytest.mark.parametrize(
        ("page", "before", "after"),
        [
            ("/overview?unit={T1}", 200, 404),
            ("/api/v1/access/why?login=tom&object=duty&act=read&unit_id={T1}", 200, 404),
            ("/access/why?login=tom&obj=duty&act=read&unit_id={T1}", 200, 422),
        ],
        ids=["overview", "api", "why"],
    )
    def test_a_unit_one_may_not_read_is_none(
        self, world: World, saying: Callable[..., None], page: str, before: int, after: int
    ) -> None:
        browser = world.client("sara" if "access" in page else "cora")
        assert browser.get(page.format(**world.units)).status_code == before
        saying("unit", "read")
        assert browser.get(page.format(**world.units)).status_code == after

    def test_targets_are_shown_to_who_may_read_them(self, world: World, saying: Callable[..., None]) -> None:
        lined = line_up(world)
        hand_down_by_township(lined, "road", "7", "2")
        address = f"/units/{lined.units['E1']}/supervision"
        assert "道路交通" in lined.client("tom").get(address).text
        saying("target", "read")
        assert "道路交通" not in lined.client("tom").get(address).text

    @pytest.mark.parametrize("way", ["page", "operation"])
    def test_who_may_sign_below_signs_for_neither_side(self, world: World, saying: Callable[..., None], way: str) -> None:
        letter = letter_of(world, issue_all(world, who="tom", at="T1")["V11"])
        saying("letter", "sign", CHILD, DEEP)
        if way == "page":
            assert world.client("lena").get(f"/letters/{letter.id}/sign").status_code == 403
            return
        with pytest.raises(NotAllowedError), world.as_("lena") as scope:
            sign_letter(scope, letter_id=letter.id, shown_digest=letter.digest, password=PASSWORD)


class TestLines:
    """A unit in two lines is not a way from the one into the other."""

    @pytest.mark.parametrize("page", ["/units/{}", "/units/{}/supervision"], ids=["unit", "supervision"])
    def test_the_way_up_leads_only_where_one_may_go(self, world: World, page: str) -> None:
        lined = line_up(world)
        found = {who: lined.client(who).get(page.format(lined.units["E1"])) for who in ("dan", "cora")}
        assert {who: answer.status_code for who, answer in found.items()} == {"dan": 200, "cora": 200}
        link = page.format(lined.units["T1"])
        assert {who: f'href="{link}"' in answer.text for who, answer in found.items()} == {"dan": False, "cora": True}

    def test_a_units_letters_of_another_line_are_not_listed(self, world: World) -> None:
        lined = line_up(world)
        hand_to_line(lined)
        issue_all(lined, who="dan", at="D1")
        hand_down_by_township(lined, "road", "7", "2")
        issue_all(lined, who="tom", at="T1")
        found = {}
        for who in ("tom", "ellen"):
            with lined.as_(who) as scope:
                found[who] = {letter.upper_name for letter in list_own(scope, unit=get_unit(scope, lined.units["E1"]))}
        assert found == {"tom": {"城东镇"}, "ellen": {"城东镇", "交通局"}}

    def test_a_units_work_is_not_counted_by_whom_it_answers_to_elsewhere(self, world: World) -> None:
        lined = line_up(world)
        ask(lined, "dan", "D1")
        found = {}
        for who in ("tom", "dan"):
            with lined.as_(who) as scope:
                found[who] = sum(one.count for one in count_below(scope, get_unit(scope, lined.units["D1"]), year=YEAR))
        assert found == {"tom": 0, "dan": 2}

    def test_who_may_not_at_all_is_not_told_that_it_is_there(self, world: World) -> None:
        with world.as_("wanda") as scope:
            unit = get_unit(scope, world.units["T1"])
            for lines in ((), {None}):
                with pytest.raises(NotFoundError):
                    checks.require_in_lines(scope, "letter", "issue", unit, lines)

    def test_a_matter_is_given_in_a_line_one_holds_a_role_in(self, world: World) -> None:
        lined = line_up(world)
        with lined.as_system() as scope:
            person, unit = get_person(scope, lined.people["dan"]), get_unit(scope, lined.units["C"])
            add_grant(scope, person=person, unit=unit, role="county.officer", line="sector", active_from=date(2000, 1, 1))
        for who in ("dan", "cora"):
            with nullcontext() if who == "cora" else pytest.raises(NotAllowedError), lined.as_(who) as scope:
                matter_id = register_matter(scope, unit_id=lined.units["C"], form=matter_form(lined)).id
        with pytest.raises(NotAllowedError), lined.as_("dan") as scope:
            urge(scope, matter_id=matter_id)
        with lined.as_("cora") as scope:
            urge(scope, matter_id=matter_id)

    def test_what_is_typed_for_a_duty_is_for_who_hands_it_in(self, world: World) -> None:
        address = f"/api/v1/duties/{duty_id(world, issued(world))}/draft"
        assert {who: world.client(who).get(address).status_code for who in ("vera", "tom", "wanda")} == {
            "vera": 200,
            "tom": 403,
            "wanda": 404,
        }


class TestMoves:
    """After a unit or a person has moved away."""

    def test_places_left_are_shown_to_whom_they_were_under(self, world: World) -> None:
        new = move_to_t2(world)
        found = {}
        for who in ("tina", "cora"):
            with world.as_(who) as scope:
                found[who] = places_of(scope, get_unit(scope, world.units["V11"]), "duty")
        assert found == {"tina": [new], "cora": [new, world.paths["V11"]]}

    def test_whom_to_ring_is_no_longer_shown_to_the_old_superior(self, world: World) -> None:
        page = f"/duties/{duty_id(world, issued(world))}"
        name_contacts(world, "V11", "leader_in_charge")
        shown = []
        for move in (True, False):
            shown.append(world.client("tom").get(page))
            if move:
                move_to_t2(world)
        assert [(answer.status_code, "张三" in answer.text) for answer in shown] == [(200, True), (200, False)]

    def test_who_has_left_for_elsewhere_is_not_there(self, world: World) -> None:
        also(world, "vlad", "village.leader", "V21")
        with world.as_system() as scope:
            statement = owned(scope, RoleGrant).where(
                RoleGrant.person_id == world.people["vlad"], RoleGrant.unit_id == world.units["V11"]
            )
            scope.session.scalars(statement).one().active_to = scope.today
        with pytest.raises(NotFoundError), world.as_("tom") as scope:
            people.set_active(scope, person_id=world.people["vlad"], active=False)


class TestLists:
    """Lists and counts, asked by hand for a unit whose work one knows in part."""

    def test_units_beside_are_not_in_the_table(self, world: World) -> None:
        with world.as_("wanda") as scope:
            assert [unit.code for unit in units_below(scope, get_unit(scope, world.units["C"])).items] == ["T2"]

    def test_work_below_is_not_counted_for_who_reads_only_the_units_own(self, world: World) -> None:
        issued(world)
        also(world, "wanda", "village.clerk", "T1")
        found = {}
        for who in ("wanda", "tom"):
            with world.as_(who) as scope:
                found[who] = sum(one.count for one in count_below(scope, get_unit(scope, world.units["T1"]), year=YEAR))
        assert found == {"wanda": 0, "tom": 2}

    def test_work_below_is_neither_listed_nor_gathered_for_who_reads_only_the_units_own(self, world: World) -> None:
        issued(world, "cora", "C", targets={"scope": "subtree", "levels": ["village"]})
        also(world, "wanda", "village.clerk", "C")
        first, last = date(YEAR, 1, 1), date(YEAR, 12, 31)
        found = {}
        for who in ("wanda", "cora", "lena"):
            with world.as_(who, at=at("03-25")) as scope:
                unit = get_unit(scope, world.units["C"])
                below = units_below(scope, unit).items
                listed, _counts = list_behind(scope, unit, Asked(first, last), Which.ALL, after=None)
                table = table_of(scope, unit, below, due_from=first, due_until=last)
                found[who] = (
                    {line.unit.code for line in listed.items} - {"V21"},
                    sum(one.total for one in table.gathered.values()),
                    sum(column.late for column in table.matrix.columns),
                    len(queries.overdue_below(scope).items),
                )
        assert found == {"wanda": (set(), 1, 0, 0), "cora": ({"V11", "V12"}, 3, 3, 3), "lena": ({"V11", "V12"}, 3, 0, 3)}

    def test_what_others_owe_is_not_on_ones_list(self, world: World) -> None:
        issued(world)
        found = {}
        for who in ("tom", "vera"):
            with world.as_(who) as scope:
                found[who] = len(queries.work_lists(scope, limit=9).open)
        assert found == {"tom": 0, "vera": 1}

    def test_a_document_named_is_found_where_it_may_be_read(self, world: World) -> None:
        number = "西政办〔2026〕5号"
        with world.as_("tina") as scope:
            form = DocumentForm(title="方案", issuer="西镇", number=number)
            documents.register_document(scope, unit_id=world.units["T2"], form=form, original_text="原文")
        found = {}
        for who in ("tom", "wanda"):
            with world.as_(who) as scope:
                found[who] = set(find_by_numbers(scope, [number]))
        assert found == {"tom": set(), "wanda": {number}}

    def test_tokens_of_accounts_one_keeps(self, world: World) -> None:
        also(world, "wanda", "county.security", "T1")
        for who in ("vera", "tina"):
            with world.as_(who) as scope:
                create_token(scope, name="程序", scopes=["full"], days=30, factor=True)
        found = {}
        for who in ("wanda", "sara"):
            with world.as_(who) as scope:
                found[who] = {person.login for _, person in security.living_tokens(scope)}
        assert found == {"wanda": {"vera"}, "sara": {"vera", "tina"}}

    def test_a_reset_does_not_wait_for_whose_it_is(self, world: World) -> None:
        ask_reset(world, "sara")
        found = {}
        for who in ("sara", "otto"):
            with world.as_(who) as scope:
                found[who] = len(security.waiting_resets(scope))
        assert found == {"sara": 0, "otto": 1}

    def test_nobody_is_offered_themselves(self, world: World) -> None:
        with world.as_("tom") as scope:
            assert [person.login for person, _ in explaining.receivers(scope, "t")] == ["tess"]

    def test_units_are_offered_where_one_gives_roles(self, world: World) -> None:
        found = world.client("tom").get("/units/search?act=appoint").get_json()["items"]
        assert {one["code"] for one in found} == {"V11", "V12"}

    @pytest.mark.parametrize("what", ["answer", "form"])
    def test_what_is_kept_for_another_is_not_given(self, world: World, what: str) -> None:
        found = {}
        for owner in ("vera", "tina"):
            with world.as_("vera") as scope:
                digest = replies.key_digest(scope, owner) if what == "answer" else unsent._digest(scope.person_id, owner)
            with world.as_(owner) as scope:
                scope.add(
                    KeptReply(
                        id=new_id(), person_id=scope.person_id, key_digest=digest, request_digest="x", status=200, headers="{}",
                        body=b"", made_at=scope.now,
                    )
                )  # fmt: skip
            with world.as_("vera") as scope:
                found[owner] = replies._claim(scope, digest) if what == "answer" else unsent.find_unsent(scope, owner)
        assert found["vera"] is not None and found["tina"] is None

    def test_who_is_no_second_hand_settles_no_reset(self, world: World) -> None:
        _, reset = ask_reset(world, "sara")
        with pytest.raises(NotAllowedError), world.as_("lena") as scope:
            security_operations.refuse_reset(scope, reset_id=reset.id)


def named(scope: Scope, world: World) -> None:
    set_contacts(scope, unit_id=world.units["V12"], named={"leader_in_charge": Named("张三")})


def revealed(scope: Scope, world: World) -> None:
    reveal_number(scope, kind=NumberOf.PERSON, row_id=world.people["vic"])


def urged(scope: Scope, world: World) -> None:
    statement = select(Duty.requirement_id).where(Duty.tenant_id == scope.tenant_id, Duty.unit_id == world.units["V12"])
    reporting.urge(scope, requirement_id=scope.session.scalars(statement).one())


class TestRecords:
    """Whose lent role was used is noted where leave is asked."""

    @pytest.mark.parametrize(
        ("attempt", "act"),
        [(named, "unit.contact"), (revealed, "person.contact-"), (urged, "duty.urged")],
        ids=["naming", "revealing", "urging"],
    )
    def test_what_is_done_with_a_lent_role_is_done_for_its_giver(
        self, world: World, attempt: Callable[[Scope, World], None], act: str
    ) -> None:
        issued(world)
        with world.as_("tom", at=at("03-24")) as scope:
            lends(scope, world, role="township.officer", to="vera")
        with world.as_("vera", at=at("03-25")) as scope:
            attempt(scope, world)
        with world.as_system() as scope:
            statement = select(AuditRecord.details).where(
                AuditRecord.tenant_id == scope.tenant_id,
                AuditRecord.actor_id == world.people["vera"],
                AuditRecord.act.startswith(act),
            )
            found = [details.get("acting_for", {}).get("name") for details in scope.session.scalars(statement)]
        assert found and set(found) == {"唐安"}


class TestPages:
    """What a page shows or takes beyond its buttons."""

    def test_a_draft_is_shown_to_who_writes_it(self, world: World) -> None:
        duty = duty_id(world, issued(world))
        with world.as_("vera") as scope:
            reporting.save_draft(scope, duty_id=duty, typed={"answer.done": "还没想好"})
        shown = {who: "还没想好" in world.client(who).get(f"/duties/{duty}").text for who in ("vera", "vlad", "tom")}
        assert shown == {"vera": True, "vlad": False, "tom": False}

    def test_a_planned_change_is_shown_to_who_decides_it(self, world: World) -> None:
        with world.as_("adam") as scope:
            change = Rename(world.units["V11"], "新名村", "新名村")
            decide(scope, change=change, basis="某号文", effective_on=date(2026, 6, 1))
        page = f"/units/{world.units['V11']}"
        assert {who: "已决定" in world.client(who).get(page).text for who in ("adam", "tom")} == {"adam": True, "tom": False}

    def test_an_empty_grid_is_not_taken_from_who_may_not_split(self, world: World) -> None:
        page = f"/targets/grid?unit={world.units['T1']}&year={YEAR}"
        assert {who: world.client(who).post(page).status_code for who in ("tess", "tom")} == {"tess": 403, "tom": 302}

    def test_a_file_stays_with_what_was_handed_in(self, world: World) -> None:
        duty = duty_id(world, issued(world))
        handed_in(world, duty)
        with world.as_("vera") as scope:
            row = scope.session.scalars(owned(scope, Duty).where(Duty.id == duty)).one()
            kept = files.store(
                scope, owner=reporting.owner_of(row), filename="表.pdf", stream=io.BytesIO(pdf()),
                into=open_store(f"memory://{new_id()}"), limit_bytes=1_000_000,
            ).id  # fmt: skip
        assert world.client("vera").post(f"/duties/{duty}/files/{kept}/remove").status_code == 403
        with world.as_("vera") as scope:
            assert scope.session.scalars(owned(scope, StoredFile).where(StoredFile.id == kept)).one().removed_at is None
