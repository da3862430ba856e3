"""Pages of documents: what is shown, what comes back as typed, who may."""

import io
import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from duban.programmes import queries
from tests.attack.files.corpus import EICAR, pdf, word
from tests.cast import World
from tests.integration.programmes.conftest import TEXT

Make = Callable[..., UUID]
TYPED = {
    "title": "城东镇实施方案",
    "issuer": "城东镇",
    "number": "东政〔2026〕3号",
    "issued_on": "2026-03-01",
    "original_text": "一、总体要求。,\n二、",
}


class TestRegister:
    def test_keeps_the_text_and_shows_it_beside_the_facts(self, world: World) -> None:
        browser = world.client("tom")
        answer = browser.post("/documents/new", data=TYPED, follow_redirects=True)
        assert answer.status_code == 200
        for words in ("城东镇实施方案", "东政〔2026〕3号", "一、总体要求。,\n二、", "文件已登记"):
            assert words in answer.text

    def test_takes_files_in_the_same_step(self, world: World) -> None:
        browser = world.client("tom")
        sent = TYPED | {"files": [(io.BytesIO(pdf()), "红头 扫描件.pdf"), (io.BytesIO(word()), "附表.docx")]}
        answer = browser.post("/documents/new", data=sent, content_type="multipart/form-data", follow_redirects=True)
        assert "红头 扫描件.pdf" in answer.text
        assert browser.get(re.search(r'href="(/files/[0-9a-f-]+)"', answer.text)[1]).status_code == 200

    def test_a_mistake_brings_back_what_was_typed_with_a_summary(self, world: World) -> None:
        answer = world.client("tom").post("/documents/new", data=TYPED | {"title": "", "issued_on": "2026-02-30"})
        assert answer.status_code == 422
        assert 'href="#title"' in answer.text
        assert "没有这一天，请检查月和日" in answer.text
        assert "东政〔2026〕3号" in answer.text
        assert "一、总体要求。,\n二、" in answer.text

    def test_a_refused_file_registers_nothing(self, world: World) -> None:
        sent = TYPED | {"files": [(io.BytesIO(pdf()), "好.pdf"), (io.BytesIO(EICAR), "坏.txt")]}
        answer = world.client("tom").post("/documents/new", data=sent, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert "坏.txt" in answer.text
        with world.as_("tom") as scope:
            assert queries.list_documents(scope).items == []

    def test_a_number_already_registered_is_said_above(self, world: World, document_of: Make) -> None:
        document_of("tom", "T1", number="东政[2026]3号")
        answer = world.client("tom").post("/documents/new", data=TYPED)
        assert answer.status_code == 409
        assert "本单位已登记过" in answer.text

    @pytest.mark.parametrize(
        ("who", "status"), [("tom", 200), ("vera", 200), ("dora", 200), ("lena", 403), ("tess", 403), ("adam", 403)]
    )
    def test_is_open_to_whoever_does_the_paperwork(self, world: World, who: str, status: int) -> None:
        assert world.client(who).get("/documents/new").status_code == status


class TestShow:
    def test_marks_the_numbers_the_original_names_and_links_the_registered(self, world: World, document_of: Make) -> None:
        above = document_of()
        below = document_of("tom", "T1", number="", parent=above, title="城东镇意见")
        page = world.client("vera").get(f"/documents/{below}").text
        assert f'<mark><a href="/documents/{above}"' in page
        assert "府办发[2011]68号" in page
        chain = page[page.index('class="chain"') :]
        assert chain.index("实施意见") < chain.index("城东镇意见")

    def test_escapes_what_was_typed(self, world: World) -> None:
        browser = world.client("tom")
        hostile = "<script>alert(1)</script>"
        answer = browser.post(
            "/documents/new", data=TYPED | {"title": hostile, "original_text": hostile, "note": hostile}, follow_redirects=True
        )
        assert hostile not in answer.text
        assert "&lt;script&gt;alert(1)" in answer.text
        assert hostile not in browser.get("/documents").text

    @pytest.mark.parametrize(
        ("who", "status"), [("vera", 200), ("tom", 200), ("cora", 200), ("vic", 404), ("ewa", 404), ("adam", 404)]
    )
    def test_is_for_those_who_may_read(self, world: World, document_of: Make, who: str, status: int) -> None:
        document_id = document_of("vera", "V11", number="")
        assert world.client(who).get(f"/documents/{document_id}").status_code == status

    def test_offers_buttons_only_to_those_who_may(self, world: World, document_of: Make) -> None:
        document_id = document_of()
        assert "更正登记项" in world.client("cora").get(f"/documents/{document_id}").text
        assert "更正登记项" not in world.client("tom").get(f"/documents/{document_id}").text

    def test_reads_in_english(self, world: World, document_of: Make) -> None:
        document_id = document_of()
        page = world.client("cora").get(f"/documents/{document_id}?lang=en").text
        assert "Original text" in page
        assert "据此制定的方案" not in page


class TestCorrect:
    def test_saves_and_leaves_the_original(self, world: World, document_of: Make) -> None:
        document_id = document_of()
        browser = world.client("cora")
        sent = {"title": "更正后的标题", "issuer": "县政府办", "version": "1", "original_text": "篡改"}
        page = browser.post(f"/documents/{document_id}/edit", data=sent, follow_redirects=True).text
        assert "更正后的标题" in page
        assert "篡改" not in page
        with world.as_("cora") as scope:
            assert queries.get_document(scope, document_id).original_text == TEXT

    def test_on_an_old_version_keeps_what_was_typed(self, world: World, document_of: Make) -> None:
        document_id = document_of()
        browser = world.client("cora")
        for title, status in (("先到", 302), ("后到", 412)):
            answer = browser.post(f"/documents/{document_id}/edit", data={"title": title, "issuer": "县政府办", "version": "1"})
            assert answer.status_code == status
        assert "后到" in answer.text

    @pytest.mark.parametrize(("who", "status"), [("tom", 403), ("ewa", 404)])
    def test_is_refused_to_others(self, world: World, document_of: Make, who: str, status: int) -> None:
        document_id = document_of()
        for answer in (
            world.client(who).get(f"/documents/{document_id}/edit"),
            world.client(who).post(f"/documents/{document_id}/edit", data=TYPED | {"version": "1"}),
        ):
            assert answer.status_code == status


class TestFiles:
    def test_are_added_and_removed(self, world: World, document_of: Make) -> None:
        document_id = document_of()
        browser = world.client("cora")
        sent = {"files": (io.BytesIO(word()), "补充.docx")}
        page = browser.post(
            f"/documents/{document_id}/files", data=sent, content_type="multipart/form-data", follow_redirects=True
        ).text
        assert "补充.docx" in page
        remove = re.search(rf'action="(/documents/{document_id}/files/[0-9a-f-]+/remove)"', page)[1]
        assert "补充.docx" not in browser.post(remove, follow_redirects=True).text

    @pytest.mark.parametrize(
        ("sent", "words"), [({}, "请先选择文件"), ({"files": (io.BytesIO(b"<html>"), "照片.jpg")}, "内容与扩展名不符")]
    )
    def test_a_refusal_is_said_at_the_field(self, world: World, document_of: Make, sent: dict, words: str) -> None:
        document_id = document_of()
        answer = world.client("cora").post(f"/documents/{document_id}/files", data=sent, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert words in answer.text
        assert 'href="#files"' in answer.text

    def test_of_others_are_left_alone(self, world: World, document_of: Make) -> None:
        document_id = document_of()
        sent = {"files": (io.BytesIO(pdf()), "a.pdf")}
        assert (
            world.client("tom").post(f"/documents/{document_id}/files", data=sent, content_type="multipart/form-data").status_code
            == 403
        )
        assert world.client("cora").post(f"/documents/{document_id}/files/{uuid4()}/remove").status_code == 404


class TestList:
    def test_teaches_when_empty_and_finds_by_address(self, world: World, document_of: Make) -> None:
        browser = world.client("cora")
        assert "登记第一份文件" in browser.get("/documents").text
        document_of(title="第一份")
        document_of(number="", title="第二份")
        found = browser.get("/documents?q=府办发[2011]68号").text
        assert "第一份" in found
        assert "第二份" not in found
        assert "没有找到符合条件的文件" in browser.get("/documents?q=教育").text

    def test_is_paged_by_cursor(self, world: World, document_of: Make) -> None:
        for place in range(52):
            document_of(number="", title=f"文件{place:02d}")
        browser = world.client("cora")
        first = browser.get("/documents").text
        after = re.search(r'href="/documents\?(after=[^"]+)"', first)[1]
        second = browser.get(f"/documents?{after}").text
        assert len(set(re.findall(r"文件\d\d", first)) | set(re.findall(r"文件\d\d", second))) == 52
        assert browser.get("/documents?after=nonsense").status_code == 422
