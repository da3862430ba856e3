"""Who sends what to whom, how the chain goes on, and what the sender sees of it."""

from collections.abc import Callable
from uuid import UUID

import pytest

from duban.audit.queries import verify
from duban.dispatches import queries
from duban.dispatches.audience import Audience, offered_lines
from duban.dispatches.errors import NobodyToSendError, NotOursToSendError
from duban.dispatches.leave import get_dispatch, get_receipt, way_of
from duban.dispatches.operations.answering import sign_receipt
from duban.dispatches.operations.sending import Sending, send
from duban.dispatches.states import Box, To
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.notifications.models import Effect
from duban.programmes.queries import chain_above, get_document
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.dispatches.conftest import Send, dispatch_at, receipt_of
from tests.integration.organisation.test_former_work import move

Make = Callable[..., UUID]


class TestWho:
    @pytest.mark.parametrize(
        ("who", "unit", "refusal"),
        [("cora", "C", None), ("lena", "C", NotAllowedError), ("eva", "C", NotAllowedError), ("adam", "C", NotFoundError),
         ("tom", "C", NotFoundError), ("cora", "T1", NotAllowedError), ("ewa", "C", NotFoundError)],
    )  # fmt: skip
    def test_sends_is_who_does_the_units_paperwork(
        self, world: World, document_of: Make, send_to: Send, who: str, unit: str, refusal: type[Exception] | None
    ) -> None:
        document = document_of()
        if refusal is None:
            assert send_to(document, who, unit)
        else:
            with pytest.raises(refusal):
                send_to(document, who, unit)

    def test_a_document_that_was_not_sent_to_one_is_not_there_to_forward(
        self, world: World, document_of: Make, send_to: Send
    ) -> None:
        document = document_of()
        send_to(document, "cora", "C", "T2")
        with pytest.raises(NotFoundError):
            send_to(document, "tom", "T1")

    def test_a_superior_does_not_pass_on_what_a_unit_below_sent_to_named_units_alone(
        self, world: World, document_of: Make, send_to: Send
    ) -> None:
        document = document_of("tom", "T1")
        with pytest.raises(NotOursToSendError):
            send_to(document, "cora", "C")

    def test_a_published_document_is_passed_on_without_having_been_sent(self, document_of: Make, send_to: Send) -> None:
        assert send_to(document_of(closed=False), "tom", "T1")

    def test_the_units_below_are_the_only_ones_to_send_to(self, document_of: Make, send_to: Send) -> None:
        document = document_of("tom", "T1")
        for unit in ("V21", "T1", "C", "other-V11"):
            with pytest.raises(InvalidInputError):
                send_to(document, "tom", "T1", unit)
        with pytest.raises(NobodyToSendError):
            send_to(document_of("vera", "V11"), "vera", "V11")


class TestTo:
    def test_all_directly_below_or_all_of_a_level(self, world: World, document_of: Make) -> None:
        first, second = document_of(), document_of()
        with world.as_("cora") as scope:
            near = send(scope, document_id=first, unit_id=world.units["C"], sending=Sending())
            far = send(
                scope,
                document_id=second,
                unit_id=world.units["C"],
                sending=Sending(audience=Audience(To.LEVELS, levels=["village"])),
            )
            assert {row.to_path for row in queries.receipts_of(scope, near.id)} == {
                world.paths[one] for one in ("T1", "T2", "D1")
            }
            assert {row.to_path for row in queries.receipts_of(scope, far.id)} == {
                world.paths[one] for one in ("V11", "V12", "V21")
            }

    def test_who_has_it_from_the_same_sender_does_not_get_it_twice(self, world: World, document_of: Make, send_to: Send) -> None:
        document = document_of()
        send_to(document, "cora", "C", "T1")
        second = send_to(document, "cora", "C")
        with world.as_("cora") as scope:
            assert {row.unit_id for row in queries.receipts_of(scope, second)} == {world.units["T2"], world.units["D1"]}
        with pytest.raises(NobodyToSendError):
            send_to(document, "cora", "C")

    def test_the_day_to_answer_by_may_be_so_many_working_days(self, world: World, document_of: Make, send_to: Send) -> None:
        row = dispatch_at(world, send_to(document_of(), "cora", "C", reply_days=3))
        assert row.reply_by is not None and row.reply_by.weekday() < 5  # noqa: PLR2004 -- a weekday
        assert row.reply_due_at is not None and row.reply_due_at > world.later(days=2)

    def test_every_receiver_is_told_once_on_the_page_of_its_receipt(self, world: World, document_of: Make, send_to: Send) -> None:
        dispatch = send_to(document_of(), "cora", "C", "T1", reply_by=world.later(days=9).date())
        with world.as_system() as scope:
            told = scope.session.scalars(owned(scope, Effect).where(Effect.stage == "sent")).all()
        receipt = receipt_of(world, dispatch, "T1")
        assert {row.recipient_id for row in told} == {world.people["tom"]}
        assert {row.link for row in told} == {f"/dispatches/received/{receipt.id}"}


class TestTheChain:
    def test_goes_on_from_the_receipt_the_sender_was_reached_by(self, world: World, document_of: Make, send_to: Send) -> None:
        document = document_of(number="府办发〔2011〕68号")
        above = send_to(document, "cora", "C", note="县里意见")
        below = send_to(document, "tom", "T1", number="城东发〔2026〕3号", note="镇里意见", reply_by=world.later(days=9).date())
        assert dispatch_at(world, below).above_id == above
        assert receipt_of(world, above, "T1").signed_name == "唐安", "forwarding signs for it"
        with world.as_("vera") as scope:
            receipt = get_receipt(scope, receipt_of(world, below, "V11").id)
            assert [(row.unit_name, row.number, row.note) for row in way_of(scope, receipt.trail)] == [
                ("望江县", "", "县里意见"), ("城东镇", "城东发〔2026〕3号", "镇里意见"),
            ]  # fmt: skip
            assert get_document(scope, document).title == "实施意见"
        with world.as_("otto") as scope:
            assert verify(scope).bad_seq is None

    def test_the_sender_sees_the_whole_tree_below_as_counts_and_list(
        self, world: World, document_of: Make, send_to: Send
    ) -> None:
        document = document_of()
        above = send_to(document, "cora", "C")
        below = send_to(document, "tom", "T1")
        with world.as_("vera") as scope:
            sign_receipt(scope, receipt_id=receipt_of(world, below, "V11").id)
        with world.as_("cora") as scope:
            dispatch = get_dispatch(scope, above)
            tree = [
                (node.step, node.name, node.receipt.progress.standing.value) for node in queries.tree_under(scope, dispatch.trail)
            ]
            assert tree == [
                (1, "城东镇", "signed"), (2, "东一村", "signed"), (2, "东二村", "delivered"),
                (1, "城西镇", "delivered"), (1, "交通局", "delivered"),
            ]  # fmt: skip
            whole, direct = queries.count_under(scope, dispatch.trail), queries.counts_of(scope, [dispatch])[above]
            assert (whole.sent, whole.signed, direct.sent, direct.signed) == (5, 2, 3, 1)
        with world.as_("tom") as scope:
            own = receipt_of(world, above, "T1")
            assert [node.name for node in queries.tree_under(scope, own.trail)] == ["东一村", "东二村"]

    def test_down_a_second_line_the_department_sends_and_sees_what_became_of_it(
        self, lined: World, document_of: Make, send_to: Send
    ) -> None:
        document = document_of("dan", "D1")
        with lined.as_("dan") as scope:
            assert [line.code for line in offered_lines(scope, get_unit(scope, lined.units["D1"]))] == ["sector"]
        above = send_to(document, "dan", "D1", line="sector")
        with lined.as_("dan") as scope:
            assert {node.name for node in queries.tree_under(scope, get_dispatch(scope, above).trail)} == {"企业E1", "企业E2"}
        with lined.as_("ellen") as scope:
            assert [row.document_id for row in queries.inbox(scope).items] == [document]
            assert get_document(scope, document)
        for who in ("elsa", "tom", "tess", "vera"):
            with lined.as_(who) as scope:
                assert queries.inbox(scope).items == []
                with pytest.raises(NotFoundError):
                    get_document(scope, document)
                with pytest.raises(NotFoundError):
                    get_receipt(scope, receipt_of(lined, above, "E1").id)
        with pytest.raises(NotAllowedError):
            send_to(document, "dan", "D1")  # down the primary line, in which the role is not held

    def test_five_levels_from_outside_to_the_village(self, world: World, document_of: Make, send_to: Send) -> None:
        """国 → 省 → 区 → 街道 → 社区 of S002-01: the first two issuers are no units of the tenant."""
        state = document_of(title="国务院通知", issuer="国务院", number="国发[2010]23号", closed=False)
        province = document_of(title="省府通知", issuer="省政府办", number="府发电[]59号", parent_id=state, closed=False)
        district = document_of(title="区府意见", issuer="区政府办", number="府办发[2011]68号", parent_id=province)
        send_to(district, "cora", "C", "T1")
        street = document_of("tom", "T1", title="街道意见", issuer="街道办", parent_id=district)
        send_to(street, "tom", "T1", "V11")
        plan = document_of("vera", "V11", title="社区方案", issuer="社区", parent_id=street)
        with world.as_("vera") as scope:
            chain = chain_above(scope, get_document(scope, plan))
            assert [row.title for row in chain] == ["国务院通知", "省府通知", "区府意见", "街道意见"]


class TestMovedUnits:
    def test_what_was_sent_before_a_move_is_signed_after_it_by_the_same_people_and_seen_by_the_same_sender(
        self, world: World, document_of: Make, send_to: Send
    ) -> None:
        document = document_of("tom", "T1")
        dispatch = send_to(document, "tom", "T1")
        move(world, "V11", "T2")
        receipt = receipt_of(world, dispatch, "V11").id
        with world.as_("tina") as scope, pytest.raises(NotFoundError):
            get_receipt(scope, receipt)
        with world.as_("vera") as scope:
            assert [row.id for row in queries.inbox(scope, box=Box.WAITING).items] == [receipt]
            assert get_document(scope, document)
            sign_receipt(scope, receipt_id=receipt)
        with world.as_("tom") as scope:
            assert queries.counts_of(scope, [get_dispatch(scope, dispatch)])[dispatch].signed == 1
