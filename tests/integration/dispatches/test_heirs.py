"""What becomes of documents on their way when the tree changes: heirs sign, closing asks for one."""

from collections.abc import Callable
from uuid import UUID

import pytest

from duban.dispatches import queries
from duban.dispatches.leave import get_dispatch
from duban.dispatches.operations.answering import sign_receipt
from duban.dispatches.states import Box
from duban.kernel.errors import NotFoundError
from duban.organisation.operations.reorganising import decide
from duban.organisation.rules.changes import Merge
from duban.programmes.queries import get_document
from tests.cast import World
from tests.integration.dispatches.conftest import Send, receipt_of

Make = Callable[..., UUID]


def test_the_heir_of_a_merged_unit_signs_for_what_was_sent_to_it(world: World, document_of: Make, send_to: Send) -> None:
    document = document_of("tom", "T1")
    dispatch = send_to(document, "tom", "T1", "V12")
    receipt = receipt_of(world, dispatch, "V12").id
    with world.as_("vera") as scope, pytest.raises(NotFoundError):
        get_document(scope, document)
    with world.as_("adam") as scope:
        change = Merge((world.units["V12"],), into=world.units["V11"])
        assert decide(scope, change=change, basis="并村", effective_on=scope.today)
    with world.as_("vera") as scope:
        assert [row.id for row in queries.inbox(scope, box=Box.WAITING).items] == [receipt]
        assert get_document(scope, document)
        sign_receipt(scope, receipt_id=receipt)
    with world.as_("tom") as scope:
        assert queries.counts_of(scope, [get_dispatch(scope, dispatch)])[dispatch].signed == 1
