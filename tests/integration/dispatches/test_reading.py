"""Nobody but those it was sent to and those above the sender: documents, notes, answers, counts and files."""

import io
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from duban.dispatches import queries
from duban.dispatches.leave import get_dispatch, get_receipt
from duban.dispatches.operations.answering import answer_receipt, open_receipt, reply_owner
from duban.dispatches.operations.ending import withdraw
from duban.dispatches.operations.sending import file_owner
from duban.files import operations as files
from duban.files.queries import get_readable
from duban.files.storage import open_store
from duban.kernel.errors import NotFoundError
from duban.programmes.operations import documents
from duban.programmes.queries import find_by_numbers, get_document, list_documents
from duban.programmes.rules import number_key
from tests.cast import World
from tests.integration.dispatches.conftest import Send, receipt_of

Make = Callable[..., UUID]
EVERYBODY = (
    "cora",
    "lena",
    "eva",
    "adam",
    "sara",
    "otto",
    "tom",
    "tess",
    "tina",
    "tito",
    "dora",
    "vera",
    "vlad",
    "vic",
    "wanda",
    "ewa",
    "erik",
)


def who_reads(world: World, read: Callable[..., object]) -> set[str]:
    found = set()
    for who in EVERYBODY:
        with world.as_(who) as scope:
            try:
                read(scope)
            except NotFoundError:
                continue
            found.add(who)
    return found


@pytest.fixture
def chain(world: World, document_of: Make, send_to: Send, tmp_path: Path) -> dict[str, UUID]:
    """C sends a document to T1 alone, T1 to V11 alone; files at the document, at both notes and at an answer."""
    store = open_store(f"file://{tmp_path}")
    keep = {"into": store, "limit_bytes": 10_000}
    made: dict[str, UUID] = {"document": document_of(number="府办发〔2026〕8号")}

    def add(name: str, who: str, owner: Callable[..., object]) -> None:
        with world.as_(who) as scope:
            stored = files.store(
                scope,
                owner=owner(scope),
                filename=f"{name}.txt",
                stream=io.BytesIO(name.encode()),
                **keep,  # type: ignore[arg-type]
            )
            made[name] = stored.id

    add("of document", "cora", lambda scope: documents.file_owner(get_document(scope, made["document"])))
    made["above"] = send_to(made["document"], "cora", "C", "T1", note="县里意见")
    add("of above", "cora", lambda scope: file_owner(get_dispatch(scope, made["above"])))
    made["below"] = send_to(made["document"], "tom", "T1", "V11", note="镇里意见")
    add("of below", "tom", lambda scope: file_owner(get_dispatch(scope, made["below"])))
    with world.as_("vera") as scope:
        receipt = receipt_of(world, made["below"], "V11").id
        made["reply"] = answer_receipt(scope, receipt_id=receipt, text="收到", has_files=False).id
    add(
        "of reply",
        "vera",
        lambda scope: reply_owner(queries.replies_to(scope, [receipt])[receipt][0]),
    )
    made["receipt"] = receipt
    return made


COUNTY, TOWN, VILLAGE = {"cora", "lena", "eva"}, {"tom", "tess"}, {"vera", "vlad"}


class TestWhoReads:
    @pytest.mark.parametrize(
        ("name", "people"),
        [
            ("of document", COUNTY | TOWN | VILLAGE),
            ("of above", COUNTY | TOWN | VILLAGE),
            ("of below", COUNTY | TOWN | VILLAGE),
            ("of reply", COUNTY | TOWN | VILLAGE),
        ],
    )
    def test_files(self, world: World, chain: dict[str, UUID], name: str, people: set[str]) -> None:
        assert who_reads(world, lambda scope: get_readable(scope, chain[name])) == people

    def test_the_document(self, world: World, chain: dict[str, UUID]) -> None:
        assert who_reads(world, lambda scope: get_document(scope, chain["document"])) == COUNTY | TOWN | VILLAGE
        for who in set(EVERYBODY) - COUNTY - TOWN - VILLAGE:
            with world.as_(who) as scope:
                assert list_documents(scope).items == []
                assert find_by_numbers(scope, [number_key("府办发〔2026〕8号")]) == {}
        for who in COUNTY | TOWN | VILLAGE:
            with world.as_(who) as scope:
                assert [row.id for row in list_documents(scope).items] == [chain["document"]]

    def test_a_dispatch_as_its_sender_sees_it(self, world: World, chain: dict[str, UUID]) -> None:
        assert who_reads(world, lambda scope: get_dispatch(scope, chain["above"])) == COUNTY
        assert who_reads(world, lambda scope: get_dispatch(scope, chain["below"])) == COUNTY | TOWN

    def test_a_receipt_with_its_answer(self, world: World, chain: dict[str, UUID]) -> None:
        assert who_reads(world, lambda scope: get_receipt(scope, chain["receipt"])) == COUNTY | TOWN | VILLAGE
        town = receipt_of(world, chain["above"], "T1").id
        assert who_reads(world, lambda scope: get_receipt(scope, town)) == COUNTY | TOWN

    def test_another_branch_finds_nothing_in_its_lists_and_counts(self, world: World, chain: dict[str, UUID]) -> None:
        for who in ("tina", "tito", "dora", "vic", "wanda", "ewa", "erik"):
            with world.as_(who) as scope:
                assert queries.inbox(scope).items == []
                assert queries.inbox(scope, words="实施").items == []
                assert queries.sent(scope).items == []
                assert queries.count_waiting(scope) == 0
                assert queries.list_waiting(scope) == []


class TestTakenBack:
    def test_files_are_read_by_who_had_opened_it_alone(
        self, world: World, document_of: Make, send_to: Send, tmp_path: Path
    ) -> None:
        store = open_store(f"file://{tmp_path}")
        document = document_of()
        with world.as_("cora") as scope:
            owner = documents.file_owner(get_document(scope, document))
            stored = files.store(scope, owner=owner, filename="表.txt", stream=io.BytesIO(b"1"), into=store, limit_bytes=100).id
        dispatch = send_to(document, "cora", "C")
        with world.as_("tom") as scope:
            open_receipt(scope, receipt_id=receipt_of(world, dispatch, "T1").id)
        with world.as_("cora") as scope:
            withdraw(scope, dispatch_id=dispatch, reason="发错")
        assert who_reads(world, lambda scope: get_readable(scope, stored)) == COUNTY | TOWN


def test_what_was_published_is_read_below_as_ever(world: World, document_of: Make) -> None:
    document = document_of(closed=False)
    readers = who_reads(world, lambda scope: get_document(scope, document))
    assert readers == set(EVERYBODY) - {"adam", "sara", "otto", "ewa", "erik"}
