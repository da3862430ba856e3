"""Pages of documents sent and received: what each shows to whom, and what a press does."""

import io
from collections.abc import Callable
from uuid import UUID

import pytest
from openpyxl import load_workbook

from tests.cast import World
from tests.integration.dispatches.conftest import Send, receipt_of

Make = Callable[..., UUID]


@pytest.fixture
def way(world: World, document_of: Make, send_to: Send) -> dict[str, UUID]:
    document = document_of(number="望政办〔2026〕8号", title="关于汛期安全的通知")
    above = send_to(document, "cora", "C", "T1", note="县里意见", reply_by=world.later(days=9).date())
    return {"document": document, "above": above, "receipt": receipt_of(world, above, "T1").id}


def page(world: World, who: str, address: str) -> str:
    answer = world.client(who).get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    text: str = answer.get_data(as_text=True)
    return text


def test_the_sender_sees_who_will_be_reminded_when(world: World, way: dict[str, UUID], document_of: Make, send_to: Send) -> None:
    shown = page(world, "cora", f"/dispatches/{way['above']}")
    for words in (
        "到时怎样催",
        "3个工作日未签收",
        "收文单位 · 经办人（填报或审核）",
        "发文单位 · 经办人（填报或审核）（抄送）",
        "逾期1天未回复",
    ):
        assert words in shown
    assert "Answer one day overdue" in page(world, "cora", f"/dispatches/{way['above']}?lang=en")
    without = send_to(document_of(), "cora", "C", "T1")
    shown = page(world, "cora", f"/dispatches/{without}")
    assert "3个工作日未签收" in shown
    assert "逾期1天未回复" not in shown


class TestReceived:
    def test_is_a_list_with_one_page_per_document_and_one_button(self, world: World, way: dict[str, UUID]) -> None:
        shown = page(world, "tom", "/dispatches?box=waiting&q=汛期")
        assert "关于汛期安全的通知" in shown and "已送达，未打开" in shown
        assert "关于汛期安全的通知" not in page(world, "tom", "/dispatches?box=done")
        opened = page(world, "tom", f"/dispatches/received/{way['receipt']}")
        assert "签收这份文件" in opened and "县里意见" in opened
        assert receipt_of(world, way["above"], "T1").opened_at is None, "reading alone changes nothing"
        assert f'hx-post="/dispatches/received/{way["receipt"]}/open"' in opened
        noted = world.client("tom").post(f"/dispatches/received/{way['receipt']}/open")
        assert (noted.status_code, noted.headers["HX-Trigger"]) == (204, "duban:opened")  # what stands there is drawn again
        assert receipt_of(world, way["above"], "T1").opened_name == "唐安"

    def test_reading_along_shows_no_button_and_leaves_no_mark(self, world: World, way: dict[str, UUID]) -> None:
        for who in ("cora", "lena"):
            shown = page(world, who, f"/dispatches/received/{way['receipt']}")
            assert "签收这份文件" not in shown and "/open" not in shown
            assert world.client(who).post(f"/dispatches/received/{way['receipt']}/open").status_code == 204
        assert receipt_of(world, way["above"], "T1").opened_at is None

    def test_is_signed_for_and_answered_with_a_file(self, world: World, way: dict[str, UUID]) -> None:
        tom = world.client("tom")
        assert tom.post(f"/dispatches/received/{way['receipt']}/sign").status_code == 302
        assert tom.post(f"/dispatches/received/{way['receipt']}/reply", data={"text": " "}).status_code == 422
        sent = {"text": "已部署", "files": (io.BytesIO("情况".encode()), "情况.txt")}
        assert tom.post(f"/dispatches/received/{way['receipt']}/reply", data=sent).status_code == 302
        shown = page(world, "cora", f"/dispatches/received/{way['receipt']}")
        assert "已部署" in shown and "情况.txt" in shown and "按期回复" in shown

    def test_pressing_twice_says_who_has_signed(self, world: World, way: dict[str, UUID]) -> None:
        world.client("tess").post(f"/dispatches/received/{way['receipt']}/sign")
        answer = world.client("tom").post(f"/dispatches/received/{way['receipt']}/sign", follow_redirects=True)
        assert "已由 谭镇长 签收" in answer.get_data(as_text=True)


class TestSending:
    def test_goes_from_the_documents_page_over_the_form_to_the_list_of_receivers(
        self, world: World, way: dict[str, UUID]
    ) -> None:
        assert f"/documents/{way['document']}/send" in page(world, "tom", f"/documents/{way['document']}")
        form = page(world, "tom", f"/documents/{way['document']}/send")
        assert "东一村" in form and "西一村" not in form
        typed = {
            "unit_id": str(world.units["T1"]), "to": "units", "unit_ids": str(world.units["V11"]), "number": "城东发〔2026〕3号",
            "note": "镇里意见", "reply_days": "３", "files": (io.BytesIO(b"1"), "表.txt"),
        }  # fmt: skip
        answer = world.client("tom").post(f"/documents/{way['document']}/send", data=typed)
        assert answer.status_code == 302
        shown = page(world, "tom", answer.headers["Location"])
        assert "东一村" in shown and "0 / 1" in shown and "表.txt" in shown and "催办 1 个单位" in shown
        led = world.client("vera").get(answer.headers["Location"])
        assert "/dispatches/received/" in led.headers["Location"], "the receiver is led to its own copy"
        copy = page(world, "vera", led.headers["Location"])
        assert "县里意见" in copy and "镇里意见" in copy and "表.txt" in copy

    def test_who_has_it_already_is_marked_and_files_are_spoken_of_where_there_were_any(
        self, world: World, way: dict[str, UUID]
    ) -> None:
        form = page(world, "cora", f"/documents/{way['document']}/send")
        assert form.count("已发过") == 1
        assert "城东镇<small>已发过" in form
        again = {"unit_id": str(world.units["C"]), "to": "units", "unit_ids": str(world.units["T1"])}
        refused = world.client("cora").post(f"/documents/{way['document']}/send", data=again)
        assert refused.status_code in {409, 422}
        assert "没有保留" not in refused.get_data(as_text=True)
        with_file = again | {"files": (io.BytesIO(b"1"), "表.txt")}
        assert "没有保留" in world.client("cora").post(f"/documents/{way['document']}/send", data=with_file).get_data(
            as_text=True
        )

    def test_a_day_off_and_one_after_ones_own_are_warned_about(self, world: World, way: dict[str, UUID]) -> None:
        tom, at = world.client("tom"), f"/documents/{way['document']}/send"
        typed = {"unit_id": str(world.units["T1"]), "to": "units", "unit_ids": str(world.units["V11"]), "reply_by": "2026-04-05"}
        sent = tom.post(at, data=typed, follow_redirects=True).get_data(as_text=True)
        assert "4月5日（周日） 是休息日" in sent and "晚于本单位自己的回复期限3月19日" in sent
        typed |= {"unit_ids": str(world.units["V12"]), "reply_by": "2026-03-18"}
        assert "注意：" not in tom.post(at, data=typed, follow_redirects=True).get_data(as_text=True)

    def test_what_was_typed_comes_back_with_what_is_wrong(self, world: World, way: dict[str, UUID]) -> None:
        typed = {"to": "levels", "note": "不要丢", "reply_by": "2020-01-01"}
        answer = world.client("cora").post(f"/documents/{way['document']}/send", data=typed)
        assert answer.status_code == 422
        assert "不要丢" in answer.get_data(as_text=True) and "回复日期不能早于今天" in answer.get_data(as_text=True)

    def test_who_only_leads_sends_nothing(self, world: World, way: dict[str, UUID]) -> None:
        assert "转发给下级" not in page(world, "tess", f"/dispatches/received/{way['receipt']}")
        assert world.client("lena").get(f"/documents/{way['document']}/send").status_code == 403

    def test_the_sender_presses_moves_the_day_and_takes_back(self, world: World, way: dict[str, UUID]) -> None:
        cora, at = world.client("cora"), f"/dispatches/{way['above']}"
        assert "已催办 1 个单位" in cora.post(f"{at}/urge", follow_redirects=True).get_data(as_text=True)
        moved = cora.post(f"{at}/day", data={"reply_by": "2026-03-30", "reason": "延后"}, follow_redirects=True)
        assert "回复期限已调整" in moved.get_data(as_text=True)
        assert cora.post(f"{at}/day", data={"reply_by": "明天", "reason": "延后"}).status_code == 422
        assert cora.post(f"{at}/withdraw", data={"reason": ""}).status_code == 422
        assert "已撤回" in cora.post(f"{at}/withdraw", data={"reason": "有误"}, follow_redirects=True).get_data(as_text=True)
        shown = page(world, "tom", f"/dispatches/received/{way['receipt']}")
        assert "有误" in shown and "签收这份文件" not in shown and "撤回后不能再看正文和附件" in shown

    def test_a_replacement_is_named_at_the_old_one(self, world: World, way: dict[str, UUID], document_of: Make) -> None:
        new = document_of(title="修订通知")
        assert "一并作废" in page(world, "cora", f"/documents/{new}/send?replaces={way['above']}")
        world.client("cora").post(f"/documents/{new}/send", data={"replaces": str(way["above"])})
        assert "修订通知" in page(world, "tom", f"/dispatches/received/{way['receipt']}")
        assert "修订通知" in page(world, "cora", f"/dispatches/{way['above']}")


class TestTakenAway:
    def test_lists_are_workbooks_of_what_is_shown(self, world: World, way: dict[str, UUID]) -> None:
        for who, address, words in (
            ("tom", "/dispatches?box=unsigned&export=xlsx", ["关于汛期安全的通知", "望江县", "城东镇"]),
            ("cora", "/dispatches/sent?export=xlsx", ["关于汛期安全的通知"]),
            ("cora", f"/dispatches/{way['above']}?export=xlsx", ["城东镇"]),
        ):
            with world.client(who).get(address) as answer:
                sheet = load_workbook(io.BytesIO(answer.data)).active
            cells = [cell.value for row in sheet.iter_rows(min_row=2) for cell in row]  # type: ignore[union-attr]
            assert set(words) <= set(cells)
        empty = world.client("tom").get("/dispatches?box=done&export=xlsx", follow_redirects=True)
        assert "列表是空的" in empty.text


class TestChain:
    def test_goes_from_the_state_to_the_village(
        self,
        world: World,
        document_of: Make,
        send_to: Send,
    ) -> None:
        state = document_of(title="国务院通知", issuer="国务院", number="国发[2010]23号", parent_reference="某会议精神")
        district = document_of(title="区府意见", issuer="区政府办", number="府办发[2011]68号", parent_id=state)
        send_to(district, "cora", "C", "T1", number="县转〔2011〕1号")
        street = document_of("tom", "T1", title="街道意见", issuer="街道办", parent_id=district)
        send_to(street, "tom", "T1", "V11")
        plan = document_of("vera", "V11", title="社区方案", issuer="社区", parent_id=street)
        shown = page(world, "vera", f"/documents/{plan}/chain")
        places = [shown.index(word) for word in ("某会议精神", "国务院通知", "区府意见", "街道意见", "社区方案")]
        assert sorted(places[:-1]) == places[:-1]
        assert "城东镇" in shown, "by whom it was passed on"
        town = page(world, "tom", f"/documents/{street}/chain")
        assert "县转〔2011〕1号" in town and "东一村" in town and "0 / 1" in town
        assert world.client("vic").get(f"/documents/{street}/chain").status_code == 404

    def test_shows_another_branch_nothing(self, world: World, way: dict[str, UUID]) -> None:
        for address in (
            f"/documents/{way['document']}", f"/documents/{way['document']}/chain", f"/documents/{way['document']}/send",
            f"/dispatches/{way['above']}", f"/dispatches/received/{way['receipt']}", f"/dispatches/{way['above']}?export=csv",
        ):  # fmt: skip
            for who in ("tina", "vera", "dora", "ewa"):
                assert world.client(who).get(address).status_code in {403, 404}, (address, who)
        assert "汛期" not in page(world, "tina", "/dispatches")


def test_who_has_not_signed_and_who_has_not_answered_are_named_apart(world: World, document_of: Make, send_to: Send) -> None:
    document = document_of(number="望政办〔2026〕9号", title="防火通知")
    sent = send_to(document, "cora", "C", "T1", "T2", note="", reply_by=world.later(days=9).date())
    shown = page(world, "cora", f"/dispatches/{sent}")
    assert "未签收 2 个：" in shown and "已签收未回复" not in shown
    world.client("tom").post(f"/dispatches/received/{receipt_of(world, sent, 'T1').id}/sign")
    shown = page(world, "cora", f"/dispatches/{sent}")
    assert "未签收 1 个：" in shown and "已签收未回复 1 个：" in shown
