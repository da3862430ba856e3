"""Opening, signing for, answering; what a sender does afterwards: pressing, taking back, replacing, moving the day."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from duban.dispatches import queries
from duban.dispatches.errors import AlreadySignedError, EndedError, NoReplyWantedError, NothingToUrgeError
from duban.dispatches.leave import get_dispatch, get_receipt
from duban.dispatches.operations.answering import answer_receipt, get_for_files, open_receipt, sign_receipt
from duban.dispatches.operations.ending import move_reply_day, urge, withdraw
from duban.dispatches.states import Box, Standing, Timing
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.notifications.models import Effect
from duban.programmes.queries import get_document
from tests.cast import World, older_policy
from tests.integration.dispatches.conftest import Send, dispatch_at, receipt_of
from tests.matrix.test_single_actors import also

Make = Callable[..., UUID]


@pytest.fixture
def sent(world: World, document_of: Make, send_to: Send) -> UUID:
    return send_to(document_of(), "cora", "C", reply_by=world.later(days=9).date())


def told(world: World, stage: str) -> set[str]:
    with world.as_system() as scope:
        people = {row.recipient_id for row in scope.session.scalars(owned(scope, Effect)) if row.stage.startswith(stage)}
    return {name for name, person in world.people.items() if person in people}


class TestOpening:
    def test_is_noted_the_first_time_and_by_whom(self, world: World, sent: UUID) -> None:
        receipt = receipt_of(world, sent, "T1").id
        for who in ("tom", "tess"):
            with world.as_(who, at=world.later(hours=len(who))) as scope:
                open_receipt(scope, receipt_id=receipt)
        row = receipt_of(world, sent, "T1")
        assert (row.opened_name, row.opened_at) == ("唐安", world.later(hours=3))
        assert row.progress.standing is Standing.OPENED

    def test_leaves_no_mark_where_the_sender_looks_or_somebody_above(
        self, world: World, document_of: Make, send_to: Send
    ) -> None:
        dispatch = send_to(document_of("tom", "T1"), "tom", "T1")
        receipt = receipt_of(world, dispatch, "V11").id
        for who in ("tom", "cora", "lena"):
            with world.as_(who) as scope:
                open_receipt(scope, receipt_id=receipt)
        assert receipt_of(world, dispatch, "V11").opened_at is None


class TestSigning:
    @pytest.mark.parametrize(
        ("who", "refusal"),
        [("tom", None), ("tess", None), ("cora", NotAllowedError), ("lena", NotAllowedError), ("tina", NotFoundError), ("vera", NotFoundError), ("adam", NotFoundError), ("ewa", NotFoundError)],
    )  # fmt: skip
    def test_is_the_receiving_units(self, world: World, sent: UUID, who: str, refusal: type[Exception] | None) -> None:
        receipt = receipt_of(world, sent, "T1").id
        with world.as_(who) as scope:
            if refusal is None:
                assert sign_receipt(scope, receipt_id=receipt).signed_name == world.names[who]
            else:
                with pytest.raises(refusal):
                    sign_receipt(scope, receipt_id=receipt)

    def test_twice_is_refused_with_the_name_of_who_did(self, world: World, sent: UUID) -> None:
        receipt = receipt_of(world, sent, "T1").id
        with world.as_("tom") as scope:
            sign_receipt(scope, receipt_id=receipt)
        with world.as_("tess") as scope, pytest.raises(AlreadySignedError, match="唐安"):
            sign_receipt(scope, receipt_id=receipt)


class TestAnswering:
    def test_signs_as_well_and_the_first_answer_is_judged_by_the_day(self, world: World, sent: UUID) -> None:
        receipt = receipt_of(world, sent, "T1").id
        with world.as_("tom", at=world.later(days=1)) as scope:
            answer_receipt(scope, receipt_id=receipt, text="已部署")
        with world.as_("tom", at=world.later(days=30)) as scope:
            answer_receipt(scope, receipt_id=receipt, text="补充")
        row = receipt_of(world, sent, "T1")
        assert row.progress.standing is Standing.REPLIED
        assert row.progress.timing(world.later(days=40)) is Timing.IN_TIME
        with world.as_("cora") as scope:
            assert [one.text for one in queries.replies_to(scope, [receipt])[receipt]] == ["已部署", "补充"]
        assert "cora" in told(world, "event:")

    def test_without_a_word_or_a_file_is_refused(self, world: World, sent: UUID) -> None:
        with world.as_("tom") as scope, pytest.raises(InvalidInputError):
            answer_receipt(scope, receipt_id=receipt_of(world, sent, "T1").id, text=" \n")

    def test_after_the_day_is_late_and_its_lack_is_overdue(self, world: World, sent: UUID) -> None:
        after = world.later(days=20)
        with world.as_("tom", at=after) as scope:
            assert [row.dispatch_id for row in queries.inbox(scope, box=Box.OVERDUE).items] == [sent]
            answer_receipt(scope, receipt_id=receipt_of(world, sent, "T1").id, text="迟了")
            assert queries.inbox(scope, box=Box.OVERDUE).items == []
            assert queries.inbox(scope, box=Box.DONE).items
        assert receipt_of(world, sent, "T1").progress.timing(after) is Timing.LATE
        with world.as_("cora", at=after) as scope:
            count = queries.counts_of(scope, [get_dispatch(scope, sent)])[sent]
            assert (count.sent, count.replied, count.overdue) == (3, 1, 2)


class TestWhoseHand:
    def test_a_sender_signs_for_nobody_whatever_the_policy_lets_it_do_at_home(self, world: World, sent: UUID) -> None:
        older_policy(world, also="p, county.reporter, own, dispatch, answer\n")
        with world.as_("cora") as scope, pytest.raises(NotAllowedError):
            sign_receipt(scope, receipt_id=receipt_of(world, sent, "T1").id)

    def test_a_file_goes_to_an_answer_of_the_very_receipt(self, world: World, sent: UUID) -> None:
        with world.as_("tina") as scope:
            other = answer_receipt(scope, receipt_id=receipt_of(world, sent, "T2").id, text="好").id
        with world.as_("tom") as scope, pytest.raises(NotFoundError):
            get_for_files(scope, receipt_id=receipt_of(world, sent, "T1").id, reply_id=other)

    def test_who_sends_for_two_units_replaces_nothing_of_the_one_by_the_other(
        self, world: World, document_of: Make, send_to: Send, sent: UUID
    ) -> None:
        also(world, "cora", "township.officer", "T1")
        with pytest.raises(NotFoundError):
            send_to(document_of(closed=False), "cora", "T1", replaces_id=sent)
        assert dispatch_at(world, sent).ended_at is None


class TestUrging:
    def test_presses_those_who_have_not_signed_or_not_answered_once_an_hour(self, world: World, sent: UUID) -> None:
        with world.as_("tom") as scope:
            answer_receipt(scope, receipt_id=receipt_of(world, sent, "T1").id, text="好")
        with world.as_("tina") as scope:
            sign_receipt(scope, receipt_id=receipt_of(world, sent, "T2").id)
        for _ in range(2):
            with world.as_("cora") as scope:
                assert urge(scope, dispatch_id=sent) == 2
        assert told(world, "urge:") == {"tina", "dora"}
        with world.as_system() as scope:
            urging = [row for row in scope.session.scalars(owned(scope, Effect)) if row.stage.startswith("urge:")]
            assert len(urging) == 4, "two people, two channels, once"

    def test_where_all_is_done_there_is_nothing_to_press(self, world: World, document_of: Make, send_to: Send) -> None:
        dispatch = send_to(document_of(), "cora", "C", "T1")
        with world.as_("tom") as scope:
            sign_receipt(scope, receipt_id=receipt_of(world, dispatch, "T1").id)
        with world.as_("cora") as scope, pytest.raises(NothingToUrgeError):
            urge(scope, dispatch_id=dispatch)

    @pytest.mark.parametrize(("who", "refusal"), [("lena", NotAllowedError), ("tom", NotFoundError), ("ewa", NotFoundError)])
    def test_is_the_senders(self, world: World, sent: UUID, who: str, refusal: type[Exception]) -> None:
        with world.as_(who) as scope, pytest.raises(refusal):
            urge(scope, dispatch_id=sent)


class TestTakingBack:
    def test_ends_all_that_was_forwarded_and_tells_everybody_it_reached(
        self, world: World, document_of: Make, send_to: Send
    ) -> None:
        document = document_of()
        above = send_to(document, "cora", "C", "T1")
        below = send_to(document, "tom", "T1")
        with world.as_("vera") as scope:
            open_receipt(scope, receipt_id=receipt_of(world, below, "V11").id)
        with world.as_("cora") as scope:
            withdraw(scope, dispatch_id=above, reason="数字有误")
        assert dispatch_at(world, below).ended_by_id == above
        assert {receipt_of(world, below, unit).progress.standing for unit in ("V11", "V12")} == {Standing.ENDED}
        assert told(world, "ended") == {"tom", "vera", "vic"}
        with world.as_("vera") as scope:
            assert get_document(scope, document), "who had opened it still reads it"
            with pytest.raises(EndedError):
                sign_receipt(scope, receipt_id=receipt_of(world, below, "V11").id)
            assert queries.count_waiting(scope) == 0
        with world.as_("vic") as scope:
            assert get_receipt(scope, receipt_of(world, below, "V12").id).ended_at, "that it was taken back is seen"
            with pytest.raises(NotFoundError):
                get_document(scope, document)
        with world.as_("tom") as scope, pytest.raises(EndedError):
            withdraw(scope, dispatch_id=below, reason="再撤")

    def test_needs_a_reason_and_the_senders_hand(self, world: World, sent: UUID) -> None:
        with world.as_("cora") as scope, pytest.raises(InvalidInputError):
            withdraw(scope, dispatch_id=sent, reason=" ")
        for who, refusal in (("lena", NotAllowedError), ("tom", NotFoundError)):
            with world.as_(who) as scope, pytest.raises(refusal):
                withdraw(scope, dispatch_id=sent, reason="有误")

    def test_a_replacement_names_what_stands_instead(self, world: World, document_of: Make, send_to: Send) -> None:
        old = send_to(document_of(), "cora", "C")
        new = send_to(document_of(title="修订后的意见"), "cora", "C", replaces_id=old)
        assert dispatch_at(world, old).ended_at and "修订后的意见" in dispatch_at(world, old).ended_reason
        with world.as_("tom") as scope:
            assert queries.replaced_by(scope, [old])[old].id == new
            assert [row.dispatch_id for row in queries.list_waiting(scope)] == [new]
        with pytest.raises(EndedError):
            send_to(document_of(), "cora", "C", replaces_id=old)
        with pytest.raises(NotFoundError):
            send_to(document_of("tom", "T1"), "tom", "T1", replaces_id=new)


class TestMovingTheDay:
    def test_tells_those_who_have_not_answered_and_judges_by_the_new_day(self, world: World, sent: UUID) -> None:
        with world.as_("tom", at=world.later(days=12)) as scope:
            answer_receipt(scope, receipt_id=receipt_of(world, sent, "T1").id, text="来了")
        assert receipt_of(world, sent, "T1").progress.timing(world.now) is Timing.LATE
        with world.as_("cora", at=world.later(days=13)) as scope:
            move_reply_day(scope, dispatch_id=sent, reply_by=world.later(days=20).date(), reason="假期")
        assert receipt_of(world, sent, "T1").progress.timing(world.now) is Timing.IN_TIME
        assert told(world, "new-day") == {"tina", "dora"}

    def test_where_no_answer_was_asked_for_there_is_none(self, world: World, document_of: Make, send_to: Send) -> None:
        dispatch = send_to(document_of(), "cora", "C")
        with world.as_("cora") as scope, pytest.raises(NoReplyWantedError):
            move_reply_day(scope, dispatch_id=dispatch, reply_by=world.later(days=20).date(), reason="假期")
        with world.as_("cora") as scope, pytest.raises(InvalidInputError):
            dispatch = send_to(document_of(), "cora", "C", reply_by=world.now.date() + timedelta(days=3))
            move_reply_day(scope, dispatch_id=dispatch, reply_by=world.now.date() - timedelta(days=3), reason="早")
