"""The register of documents: who enters what, the chain, what is kept letter for letter."""

from collections.abc import Callable
from datetime import date
from uuid import UUID, uuid4

import pytest

from duban.audit.queries import verify
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, StaleError
from duban.programmes import queries
from duban.programmes.errors import ChainCircleError, NumberTakenError
from duban.programmes.forms import DocumentForm
from duban.programmes.operations import documents
from tests.cast import World
from tests.integration.programmes.conftest import TEXT

FORM = DocumentForm(title="东一村实施方案", issuer="东一村")


class TestRegister:
    @pytest.mark.parametrize(
        ("who", "unit", "refusal"),
        [("cora", "C", None), ("tom", "T1", None), ("vera", "V11", None), ("vera", "V12", NotFoundError), ("tom", "V11", NotAllowedError), ("vera", "T1", NotAllowedError), ("lena", "C", NotAllowedError), ("adam", "C", NotFoundError), ("otto", "C", NotFoundError)],
    )  # fmt: skip
    def test_is_the_paperwork_of_the_own_unit(self, world: World, who: str, unit: str, refusal: type[Exception] | None) -> None:
        with world.as_(who) as scope:
            if refusal:
                with pytest.raises(refusal):
                    documents.register_document(scope, unit_id=world.units[unit], form=FORM, original_text="")
            else:
                assert (
                    documents.register_document(scope, unit_id=world.units[unit], form=FORM, original_text="").path
                    == world.paths[unit]
                )

    def test_of_another_tenants_unit_is_refused(self, world: World) -> None:
        with world.as_("ewa") as scope, pytest.raises(NotFoundError):
            documents.register_document(scope, unit_id=world.units["C"], form=FORM, original_text="")

    def test_keeps_the_original_letter_for_letter_through_corrections(
        self, world: World, document_of: Callable[..., UUID]
    ) -> None:
        document_id = document_of()
        with world.as_("cora") as scope:
            documents.correct_document(
                scope,
                document_id=document_id,
                version=1,
                form=DocumentForm(title="改过的标题", issuer="县政府办", issued_on=date(2011, 5, 6)),
            )
        with world.as_("vera") as scope:
            document = queries.get_document(scope, document_id)
            assert document.original_text == TEXT
            assert (document.title, document.dated_on, document.version) == ("改过的标题", date(2011, 5, 6), 2)
        with world.as_("otto") as scope:
            assert verify(scope).bad_seq is None

    def test_refuses_a_whole_number_twice_in_one_unit_whatever_its_brackets(
        self, world: World, document_of: Callable[..., UUID]
    ) -> None:
        document_of()
        with pytest.raises(NumberTakenError):
            document_of(number="府办发[2011]68号")
        document_of("tom", "T1", number="府办发[2011]68号")

    def test_takes_numbers_with_gaps_as_often_as_they_come(self, document_of: Callable[..., UUID]) -> None:
        assert document_of(number="国发[]23号") != document_of(number="国发[]23号")


class TestCorrect:
    def test_on_an_old_version_is_refused(self, world: World, document_of: Callable[..., UUID]) -> None:
        document_id = document_of()
        with world.as_("cora") as scope:
            documents.correct_document(scope, document_id=document_id, version=1, form=FORM)
        with world.as_("cora") as scope, pytest.raises(StaleError):
            documents.correct_document(scope, document_id=document_id, version=1, form=FORM)

    @pytest.mark.parametrize(("who", "refusal"), [("tom", NotAllowedError), ("vera", NotAllowedError), ("ewa", NotFoundError)])
    def test_is_the_registers_own(
        self, world: World, document_of: Callable[..., UUID], who: str, refusal: type[Exception]
    ) -> None:
        document_id = document_of()
        with world.as_(who) as scope, pytest.raises(refusal):
            documents.correct_document(scope, document_id=document_id, version=1, form=FORM)

    def test_never_closes_the_chain_to_a_circle(self, world: World, document_of: Callable[..., UUID]) -> None:
        top = document_of(number="")
        middle = document_of(number="", parent=top)
        bottom = document_of(number="", parent=middle)
        for target in (top, middle, bottom):
            with world.as_("cora") as scope, pytest.raises(ChainCircleError):
                documents.correct_document(
                    scope, document_id=top, version=1, form=DocumentForm(title="a", issuer="b", parent_id=target)
                )


class TestChain:
    def test_leads_from_the_state_council_down_to_the_village(self, world: World, document_of: Callable[..., UUID]) -> None:
        state = document_of(number="国发[]23号", title="通知")
        district = document_of(number="府办发〔2011〕68号", parent=state)
        street = document_of("tom", "T1", number="", parent=district)
        village = document_of("vera", "V11", number="", parent=street)
        with world.as_("vera") as scope:
            document = queries.get_document(scope, village)
            assert [above.id for above in queries.chain_above(scope, document)] == [state, district, street]
        with world.as_("cora") as scope:
            assert [below.id for below in queries.documents_below(scope, queries.get_document(scope, district))] == [street]
        with world.as_("tina") as scope:
            assert queries.documents_below(scope, queries.get_document(scope, district)) == []

    def test_a_superior_document_one_cannot_see_is_refused(self, world: World, document_of: Callable[..., UUID]) -> None:
        foreign = document_of("vic", "V12", number="")
        for parent in (foreign, uuid4()):
            with pytest.raises(InvalidInputError) as refusal:
                document_of("vera", "V11", number="", parent=parent)
            assert set(refusal.value.fields) == {"parent_id"}


class TestList:
    def test_shows_the_own_the_superiors_and_what_is_below(self, world: World, document_of: Callable[..., UUID]) -> None:
        made = {
            "C": document_of(number=""),
            "T1": document_of("tom", "T1", number=""),
            "T2": document_of("tina", "T2", number=""),
            "V11": document_of("vera", "V11", number=""),
        }
        expected = {
            "cora": {"C", "T1", "T2", "V11"},
            "tom": {"C", "T1", "V11"},
            "vera": {"C", "T1", "V11"},
            "vic": {"C", "T1"},
            "wanda": {"C", "T2"},
            "ewa": set(),
            "adam": set(),
        }
        for who, units in expected.items():
            with world.as_(who) as scope:
                assert {row.id for row in queries.list_documents(scope).items} == {made[unit] for unit in units}, who
                for unit, document_id in made.items():
                    if unit in units:
                        queries.get_document(scope, document_id)
                    else:
                        with pytest.raises(NotFoundError):
                            queries.get_document(scope, document_id)

    @pytest.mark.parametrize(
        ("words", "found"),
        [("68", 1), ("府办发[2011]", 1), ("（２０１１）", 1), ("县政府", 1), ("实施", 1), ("100%", 0), ("_", 0), ("教育", 0)],
    )
    def test_finds_by_number_title_and_issuer_taking_wildcards_literally(
        self, world: World, document_of: Callable[..., UUID], words: str, found: int
    ) -> None:
        document_of()
        with world.as_("cora") as scope:
            assert len(queries.list_documents(scope, words=words).items) == found

    def test_numbers_named_in_a_text_are_found_in_the_register(self, world: World, document_of: Callable[..., UUID]) -> None:
        document_id = document_of()
        with world.as_("vera") as scope:
            assert queries.find_by_numbers(scope, ["府办发〔2011〕68号", "国发〔〕23号"])["府办发〔2011〕68号"].id == document_id
            assert queries.find_by_numbers(scope, []) == {}
