"""Frozen years against raw SQL: as the application role and as the owner of the tables."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from duban.assessments.operations.freezing import close
from duban.assessments.operations.proposals import confirm_proposal
from duban.assessments.operations.vetoes import confirm_veto, lift_veto
from tests.binding import bind
from tests.cast import World
from tests.integration.assessments.stage import Round


@pytest.fixture
def frozen(world: World) -> Round:
    return Round(world).scoring().closed()


def refused(engine, world: World, statement: str, **values: object) -> str:
    """Give the database's message; the statement names the tenant and the transaction is bound to it, like the application's."""
    with pytest.raises(DBAPIError) as refusal, engine.connect() as connection:
        bind(connection, world.tenant.id)
        done = connection.execute(text(statement), values | {"tenant": world.tenant.id} if ":tenant" in statement else values)
        assert done.rowcount, "the statement must have met a row"
    return str(refusal.value.orig)


CHANGES = (
    "UPDATE frozen_result SET total = 100 WHERE assessment_id = :id AND tenant_id = :tenant",
    "UPDATE frozen_result SET result = '{}' WHERE assessment_id = :id AND tenant_id = :tenant",
    "DELETE FROM frozen_result WHERE assessment_id = :id AND tenant_id = :tenant",
    "UPDATE frozen_ranking SET rows = '[]' WHERE assessment_id = :id AND tenant_id = :tenant",
    "DELETE FROM frozen_ranking WHERE assessment_id = :id AND tenant_id = :tenant",
)
GUARDED = (
    "UPDATE assessment SET scheme = '{}' WHERE id = :id AND tenant_id = :tenant",
    "UPDATE assessment SET year = 1999 WHERE id = :id AND tenant_id = :tenant",
    "UPDATE assessment SET state = 'scoring', closed_at = NULL, frozen_version = 0 WHERE id = :id AND tenant_id = :tenant",
    "UPDATE assessment SET frozen_version = 0 WHERE id = :id AND tenant_id = :tenant",
    "UPDATE scorecard SET facts = '{}' WHERE assessment_id = :id AND tenant_id = :tenant",
    "UPDATE scorecard SET self_total = 100 WHERE assessment_id = :id AND tenant_id = :tenant",
    "UPDATE item_mark SET value = 60 WHERE scorecard_id IN (SELECT id FROM scorecard WHERE assessment_id = :id AND tenant_id = :tenant) AND tenant_id = :tenant",
    (
        "INSERT INTO item_mark (tenant_id, id, scorecard_id, item_code, rule_code, side, value, reason, evidence, version, person_id,"
        " person_name, updated_at) SELECT tenant_id, gen_random_uuid(), scorecard_id, 'x', '', side, 1, '', '', 1, person_id, '', updated_at"
        " FROM item_mark WHERE scorecard_id IN (SELECT id FROM scorecard WHERE assessment_id = :id AND tenant_id = :tenant) AND tenant_id = :tenant"
    ),
)


class TestFrozenYear:
    @pytest.mark.parametrize("statement", CHANGES)
    def test_cannot_be_written_by_the_application_role(self, world, engine, frozen, statement):
        message = refused(engine, world, statement, id=frozen.id)

        assert "permission denied" in message

    @pytest.mark.parametrize("statement", CHANGES)
    def test_cannot_be_written_by_the_owner_either(self, world, owner_url, frozen, statement):
        owner = create_engine(owner_url)
        message = refused(owner, world, statement, id=frozen.id)
        owner.dispose()

        assert "frozen" in message

    @pytest.mark.parametrize(
        "table", ["frozen_result", "frozen_ranking", "veto_decision", "item_mark", "scorecard", "assessment"]
    )
    def test_cannot_be_emptied(self, world, owner_url, frozen, table):
        owner = create_engine(owner_url)
        message = refused(owner, world, f"TRUNCATE {table} CASCADE")
        owner.dispose()

        assert "frozen" in message

    @pytest.mark.parametrize("statement", GUARDED)
    def test_keeps_its_assessment_cards_and_marks(self, world, engine, frozen, statement):
        assert "frozen" in refused(engine, world, statement, id=frozen.id)

    def test_refuses_even_with_the_right_granted(self, world, engine, owner_url, frozen):
        """Positive control of the trigger alone: the application role with UPDATE and DELETE is still refused."""
        owner = create_engine(owner_url)
        with owner.begin() as connection:
            connection.execute(text("GRANT UPDATE, DELETE ON frozen_result TO duban_app"))
        try:
            for statement in CHANGES[:3]:
                assert "frozen" in refused(engine, world, statement, id=frozen.id)
        finally:
            with owner.begin() as connection:
                connection.execute(text("REVOKE UPDATE, DELETE ON frozen_result FROM duban_app"))
            owner.dispose()


MOVES = {
    "a mark out of the closed year": "UPDATE item_mark SET scorecard_id = :open_card, value = 1 WHERE scorecard_id = :shut_card",
    "a mark into the closed year": "UPDATE item_mark SET scorecard_id = :shut_card, value = 1 WHERE scorecard_id = :open_card",
    "a mark from card to card of the closed year": "UPDATE item_mark SET scorecard_id = :other_card WHERE scorecard_id = :shut_card",
    "a scorecard out of the closed year": "UPDATE scorecard SET assessment_id = :opened, facts = '{}' WHERE id = :shut_card",
    "a scorecard into the closed year": "UPDATE scorecard SET assessment_id = :shut, facts = '{}' WHERE id = :open_card",
    "the closed year to another unit": "UPDATE assessment SET unit_id = :unit WHERE id = :shut",
    "the closed year to another key": "UPDATE assessment SET id = gen_random_uuid() WHERE id = :shut",
    "a veto to a card of the open year": "UPDATE veto_decision SET scorecard_id = :open_card WHERE scorecard_id = :shut_card",
    "a veto to a card of the closed year": "UPDATE veto_decision SET scorecard_id = :shut_card WHERE scorecard_id = :open_card",
    "a result to the open year": "UPDATE frozen_result SET assessment_id = :opened WHERE assessment_id = :shut",
    "a result to another card": "UPDATE frozen_result SET scorecard_id = :open_card WHERE scorecard_id = :shut_card",
    "a proposal to the open year": "UPDATE result_proposal SET subject_id = :opened WHERE assessment_id = :shut",
    "a ranking to the open year": "UPDATE frozen_ranking SET assessment_id = :opened WHERE assessment_id = :shut",
}
"""Rows whose place changes, in either direction: a guard that looks at the new row alone lets the first of each pair pass."""
GUARDS = text(
    "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
    " WHERE NOT tgisinternal AND p.prosrc LIKE '%''frozen: %'"
)


class TestMovedRows:
    @pytest.fixture
    def two_years(self, world: World) -> dict[str, object]:
        from tests.integration.assessments.test_operations import propose

        shut = Round(world).scoring()
        propose(shut)
        shut.closed()
        opened = Round(world, year=2027).scoring()
        opened.mark("eva", "T1", "55")
        propose(opened)
        return {
            "shut": shut.id,
            "opened": opened.id,
            "shut_card": shut.cards["T1"],
            "other_card": shut.cards["T2"],
            "open_card": opened.cards["T1"],
            "unit": world.units["T1"],
        }

    def test_are_refused_in_either_direction(self, world, owner_url, two_years):
        """As the owner, whose rights refuse nothing: what refuses is the trigger."""
        owner = create_engine(owner_url)
        said = {}
        for name, statement in MOVES.items():
            values = {key: value for key, value in two_years.items() if f":{key}" in statement}
            said[name] = refused(owner, world, f"{statement} AND tenant_id = :tenant", **values)
        owner.dispose()

        assert {name: message for name, message in said.items() if "frozen: " not in message} == {}

    def test_are_tried_on_every_table_a_guard_stands_at(self, engine):
        with engine.connect() as connection:
            guarded = set(connection.execute(GUARDS).scalars())

        assert guarded == {statement.split()[1] for statement in MOVES.values()}

    def test_of_two_open_years_pass(self, world, engine, two_years):
        """Negative control: the guard refuses because one of the years is closed."""
        third = Round(world, year=2028).scoring()
        with engine.begin() as connection:
            bind(connection, world.tenant.id)
            moved = connection.execute(
                text("UPDATE item_mark SET scorecard_id = :to WHERE scorecard_id = :card AND tenant_id = :tenant"),
                {"to": third.cards["T1"], "card": two_years["open_card"], "tenant": world.tenant.id},
            )
            assert moved.rowcount == 1

    def test_of_a_guard_that_looks_at_the_new_row_only_would_pass(self, world, owner_url, two_years):
        """Positive control: with the guard of the first release the same statement moves the mark, so the list above can fail."""
        third = Round(world, year=2028).scoring()
        owner = create_engine(owner_url)
        with owner.connect() as connection:
            connection.execute(text(NEW_ROW_ONLY))
            bind(connection, world.tenant.id)
            moved = connection.execute(
                text(f"{MOVES['a mark out of the closed year']} AND item_code = 'quality' AND tenant_id = :tenant"),
                {"open_card": third.cards["T1"], "shut_card": two_years["shut_card"], "tenant": world.tenant.id},
            )
            assert moved.rowcount == 1
            connection.rollback()
        owner.dispose()


NEW_ROW_ONLY = """
    CREATE OR REPLACE FUNCTION guard_closed_mark() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM public.scorecard c JOIN public.assessment a ON a.tenant_id = c.tenant_id AND a.id = c.assessment_id
                   WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.scorecard_id AND a.closed_at IS NOT NULL) THEN
            RAISE EXCEPTION 'frozen: refused';
        END IF;
        RETURN NEW;
    END $$
"""


def test_an_open_assessment_can_be_written(world, engine):
    """Negative control: the guards refuse because it is closed, not always."""
    opened = Round(world).scoring()
    opened.mark("eva", "T1", "55")
    with engine.begin() as connection:
        bind(connection, world.tenant.id)
        for statement in GUARDED[4:7]:
            assert connection.execute(text(statement), {"id": opened.id, "tenant": world.tenant.id}).rowcount


class TestVetoRow:
    @pytest.fixture
    def decision(self, world, engine):
        from tests.integration.assessments.test_operations import propose

        return propose(Round(world).scoring())

    def test_refuses_one_person_for_both_by_check(self, world, engine, decision):
        statement = "UPDATE veto_decision SET state = 'confirmed', confirmed_by = proposed_by, decided_at = now() WHERE id = :id AND tenant_id = :tenant"

        assert "two_people" in refused(engine, world, statement, id=decision)

    def test_refuses_a_confirmation_without_a_person(self, world, engine, decision):
        assert "confirmed" in refused(
            engine, world, "UPDATE veto_decision SET state = 'confirmed' WHERE id = :id AND tenant_id = :tenant", id=decision
        )

    @pytest.mark.parametrize("change", ["document = 'x'", "reason = 'x'", "rule_code = 'V1'", "proposed_name = 'x'"])
    def test_keeps_its_grounds(self, world, engine, decision, change):
        assert "frozen" in refused(
            engine, world, f"UPDATE veto_decision SET {change} WHERE id = :id AND tenant_id = :tenant", id=decision
        )

    @pytest.mark.parametrize("change", ["state = 'rejected'", "confirmed_name = 'x'", "decided_at = now()"])
    def test_keeps_its_confirmation(self, world, engine, decision, change):
        with world.as_("lena") as scope:
            confirm_veto(scope, decision_id=decision)

        assert "frozen" in refused(
            engine, world, f"UPDATE veto_decision SET {change} WHERE id = :id AND tenant_id = :tenant", id=decision
        )

    @pytest.mark.parametrize("change", ["lift_reason = 'x'", "state = 'confirmed', lifted_by = NULL"])
    def test_keeps_its_lifting(self, world, engine, decision, change):
        with world.as_("lena") as scope:
            confirm_veto(scope, decision_id=decision)
        with world.as_("eva") as scope:
            made = lift_veto(scope, decision_id=decision, document="望政〔2026〕1号", reason="复核").id
        with world.as_("lena") as scope:
            confirm_proposal(scope, proposal_id=made)

        assert "frozen" in refused(
            engine, world, f"UPDATE veto_decision SET {change} WHERE id = :id AND tenant_id = :tenant", id=decision
        )


class TestProposalRow:
    @pytest.fixture
    def proposal(self, world, engine):
        scoring = Round(world).scoring()
        for card in scoring.cards:
            scoring.mark("eva", card, "55")
        with world.as_("cora") as scope:
            return close(scope, assessment_id=scoring.id).id

    def test_refuses_one_person_for_both_by_check(self, world, engine, proposal):
        for answer in ("confirmed", "declined"):
            change = f"state = '{answer}', decided_by = proposed_by, decided_at = now()"
            statement = f"UPDATE result_proposal SET {change} WHERE id = :id AND tenant_id = :tenant"
            assert "two_people" in refused(engine, world, statement, id=proposal)

    @pytest.mark.parametrize(
        "change", ["proposed_by = gen_random_uuid()", 'draft = \'{"value": "60"}\'', "basis = 'x'", "kind = 'publish'"]
    )
    def test_keeps_what_was_proposed(self, world, engine, proposal, change):
        assert "frozen" in refused(
            engine, world, f"UPDATE result_proposal SET {change} WHERE id = :id AND tenant_id = :tenant", id=proposal
        )

    def test_keeps_its_answer(self, world, engine, proposal):
        with world.as_("lena") as scope:
            confirm_proposal(scope, proposal_id=proposal)
        for change in ("decided_name = 'x'", "state = 'waiting', decided_by = NULL"):
            assert "frozen" in refused(
                engine, world, f"UPDATE result_proposal SET {change} WHERE id = :id AND tenant_id = :tenant", id=proposal
            )
