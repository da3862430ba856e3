"""Frozen years against raw SQL: as the application role and as the owner of the tables."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

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

    @pytest.mark.parametrize("table", ["frozen_result", "frozen_ranking"])
    def test_cannot_be_emptied(self, world, owner_url, frozen, table):
        owner = create_engine(owner_url)
        message = refused(owner, world, f"TRUNCATE {table}")
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
        with world.as_("lena") as scope:
            lift_veto(scope, decision_id=decision, document="望政〔2026〕1号", reason="复核")

        assert "frozen" in refused(
            engine, world, f"UPDATE veto_decision SET {change} WHERE id = :id AND tenant_id = :tenant", id=decision
        )
