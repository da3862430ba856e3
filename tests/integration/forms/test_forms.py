"""Forms: designed, published, versions in force, copied, retired; who may; what was published stays."""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from duban.fields.forms import form_from_json
from duban.forms import operations, queries
from duban.forms.errors import CodeTakenError, DesignError, FormStateError, NothingNewError
from duban.forms.states import FormState
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, StaleError
from duban.kernel.scope import get_owned
from duban.tree.models import Unit
from tests.cast import World
from tests.integration.forms import given

NOT_THE_DESIGNER = [("vera", NotAllowedError), ("tess", NotAllowedError), ("cora", NotAllowedError), ("tina", NotFoundError), ("ewa", NotFoundError), ("adam", NotFoundError)]  # fmt: skip


class TestDesigning:
    def test_what_is_designed_is_kept_however_wrong_and_seen_by_nobody_else(self, world: World) -> None:
        with world.as_("tom") as scope:
            made = operations.create_form(scope, unit_id=world.units["T1"], title="月报")
            rows = {"fields": [{"kind": "integer", "label": "", "minimum": "五"}], "checks": []}
            operations.save_design(scope, form_id=made.id, design=rows, title="月报", version=made.version)
        with world.as_("tom") as scope:
            assert given.row(scope, made.id).design["fields"][0]["minimum"] == "五"
            with pytest.raises(DesignError) as refused:
                operations.publish(scope, form_id=made.id, effective_from=date(2026, 1, 1), version=made.version)
        assert set(refused.value.fields) == {"fields.0.label", "fields.0.minimum"}
        for who in ("vera", "tess", "cora", "ewa"):
            with world.as_(who) as scope, pytest.raises(NotFoundError):
                queries.get_form(scope, made.id)
        for who, seen in (("tom", 1), ("vera", 0), ("cora", 0), ("tina", 0), ("ewa", 0)):
            with world.as_(who) as scope:
                assert len(queries.list_forms(scope).items) == seen

    def test_two_designers_notice_each_other(self, world: World) -> None:
        form_id = given.published(world)
        with world.as_("tom") as scope:
            version = given.row(scope, form_id).version
            operations.save_design(scope, form_id=form_id, design=given.design(), title="月报", version=version)
        with world.as_("tom") as scope, pytest.raises(StaleError):
            operations.save_design(scope, form_id=form_id, design=given.design(), title="月报", version=version)

    @pytest.mark.parametrize(("who", "error"), NOT_THE_DESIGNER)
    def test_only_who_issues_for_the_unit_designs(self, world: World, who: str, error: type[Exception]) -> None:
        form_id = given.published(world)
        with world.as_(who) as scope:
            if error is not NotFoundError:
                assert queries.get_form(scope, form_id).title == "隐患排查月报"
            with pytest.raises(error):
                operations.save_design(scope, form_id=form_id, design=given.design(), title="x", version=3)

    def test_a_code_is_the_units_own_and_fixed_once_published(self, world: World) -> None:
        form_id = given.published(world, code="hazards")
        with world.as_("tom") as scope, pytest.raises(CodeTakenError):
            operations.create_form(scope, unit_id=world.units["T1"], title="又一张", code="hazards")
        with world.as_("tom") as scope, pytest.raises(InvalidInputError):
            operations.create_form(scope, unit_id=world.units["T1"], title="又一张", code="隐患")
        with world.as_("tom") as scope:
            form = given.row(scope, form_id)
            operations.save_design(scope, form_id=form_id, design=given.design(), title="x", code="other", version=form.version)
            assert form.code == "hazards"


class TestVersions:
    def test_the_version_in_force_on_a_day(self, world: World) -> None:
        form_id = given.published(world)
        less = given.design(fields=given.HAZARDS[:3], checks=given.CHECKS[:1])
        given.next_version(world, form_id, less, date(2026, 4, 1))
        given.next_version(world, form_id, given.design(), date(2026, 2, 1))
        with world.as_("tom") as scope:
            versions = queries.versions_of(scope, form_id)
            days = ("2025-06-30", "2026-01-31", "2026-02-01", "2026-03-31", "2026-04-01", "2030-01-01")
            found = [queries.in_force(versions, date.fromisoformat(day)) for day in days]
        assert [version.number for version in found if version] == [1, 1, 3, 3, 2, 2]
        assert queries.in_force([], date(2026, 1, 1)) is None

    def test_the_same_again_is_no_version(self, world: World) -> None:
        form_id = given.published(world)
        with world.as_("tom") as scope, pytest.raises(NothingNewError):
            version = given.row(scope, form_id).version
            operations.publish(scope, form_id=form_id, effective_from=date(2026, 1, 1), version=version)

    @pytest.mark.parametrize("statement", ["UPDATE form_version SET note = 'x'", "DELETE FROM form_version"])
    def test_what_was_published_cannot_be_changed_by_the_application(self, world: World, statement: str) -> None:
        given.published(world)
        with pytest.raises(ProgrammingError), world.as_("tom") as scope:
            scope.session.execute(text(f"{statement} WHERE tenant_id = :tenant"), {"tenant": scope.tenant_id})


class TestCopiesAndEnd:
    def test_a_unit_below_copies_what_it_may_read(self, world: World) -> None:
        form_id = given.published(world, "cora", "C")
        with world.as_("tom") as scope:
            twin = operations.copy_form(scope, form_id=form_id, unit_id=world.units["T1"])
            assert (twin.state, twin.number, twin.copied_from) == (FormState.DRAFT, 0, "隐患排查月报")
            assert [row["label"] for row in twin.design["fields"]] == [row["label"] for row in given.HAZARDS]
        with world.as_("ewa") as scope, pytest.raises(NotFoundError):
            operations.copy_form(scope, form_id=form_id, unit_id=world.units["other-C"])

    def test_a_retired_form_is_chosen_no_more(self, world: World) -> None:
        form_id = given.published(world)
        with world.as_("tom") as scope:
            assert [form.id for form in queries.choosable(scope, world.paths["T1"])] == [form_id]
            operations.retire(scope, form_id=form_id, version=given.row(scope, form_id).version)
            assert queries.choosable(scope, world.paths["T1"]) == []
        with world.as_("tom") as scope, pytest.raises(FormStateError):
            operations.retire(scope, form_id=form_id, version=given.row(scope, form_id).version)

    def test_forms_of_those_above_are_offered_and_of_those_beside_not(self, world: World) -> None:
        above = given.published(world, "cora", "C")
        given.published(world, "tina", "T2")
        with world.as_("tom") as scope:
            assert [form.id for form in queries.choosable(scope, world.paths["T1"])] == [above]
            assert [form.id for form in queries.list_forms(scope).items] == [above]


def test_the_form_of_a_suggestion_is_given_to_who_asks_for_the_unit_only(world: World) -> None:
    spec = form_from_json({"fields": [{"key": "a", "label": "甲", "kind": "text"}]})
    given.published(world, code="monthly")
    for who in ("vera", "cora", "tina"):
        with world.as_(who) as scope, pytest.raises((NotAllowedError, NotFoundError)):
            unit = get_owned(scope, Unit, world.units["T1"])
            operations.ready_form(
                scope, unit=unit, code="monthly", title="月报", title_en="", spec=spec, effective_from=date(2026, 1, 1)
            )
