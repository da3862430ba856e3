import hashlib
import io
import re
from datetime import date
from uuid import UUID

import pytest
from docx import Document
from docx.oxml.ns import qn
from sqlalchemy import create_engine, event, select, text

from duban.audit.models import AuditRecord
from duban.kernel.ids import new_id
from duban.organisation.models import UnitContact
from duban.organisation.operations.reorganising import decide
from duban.organisation.rules.changes import Move
from tests.binding import bind
from tests.cast import PASSWORD, World
from tests.conditions import as_read
from tests.integration.letters.cast_letters import generate, issue_all, letter_of, sign
from tests.integration.targets.cast_targets import YEAR, hand_down


def sign_form(world: World, letter: UUID, **more: str) -> dict[str, str]:
    return {"digest": letter_of(world, letter).digest, "read": "1", "password": PASSWORD} | more


class TestIndex:
    def test_shows_coverage_per_level_and_every_letter(self, world: World) -> None:
        letters = issue_all(world)
        sign(world, "tess", letters["T1"])
        sign(world, "lena", letters["T1"])

        page = world.client("cora").get("/letters/").get_data(as_text=True)

        assert "已签 1 / 应签 6" in page
        assert "16.67%" in page
        assert "望安责〔2026〕1号" in page
        assert "谭镇长" in page

    def test_the_way_from_nothing_to_issued(self, world: World) -> None:
        hand_down(world)
        browser = world.client("cora")
        assert "尚未生成" in browser.get("/letters/").get_data(as_text=True)

        browser.post(f"/letters/generate?unit={world.units['C']}&year={YEAR}", data={"prefix": "望政安责"})
        page = browser.get("/letters/").get_data(as_text=True)
        assert "望政安责〔2026〕1号" in page
        chosen = re.findall(r'name="letter" value="([^"]+)"', page)
        assert len(chosen) == 3
        browser.post(f"/letters/issue?unit={world.units['C']}&year={YEAR}", data={"letter": chosen})

        page = browser.get("/letters/").get_data(as_text=True)
        assert page.count("待双方签字") == 3

    @pytest.mark.parametrize(
        ("who", "unit", "status"),
        [
            ("cora", "T1", 200),
            ("tom", "T1", 200),
            ("vera", "V11", 200),
            ("tina", "T1", 404),
            ("vera", "T1", 404),
            ("ewa", "C", 404),
            ("adam", "C", 404),
            ("cora", "other-C", 404),
        ],
    )
    @pytest.mark.parametrize("page", ["", "unsigned"])
    def test_is_for_the_unit_and_those_above(self, world: World, page: str, who: str, unit: str, status: int) -> None:
        assert world.client(who).get(f"/letters/{page}?unit={world.units[unit]}").status_code == status

    @pytest.mark.parametrize(("who", "status"), [("lena", 403), ("tom", 404), ("ewa", 404)])
    def test_writing_is_the_officers_business(self, world: World, who: str, status: int) -> None:
        assert world.client(who).post(f"/letters/generate?unit={world.units['C']}&year={YEAR}").status_code == status

    def test_lists_who_has_not_signed(self, world: World) -> None:
        letters = issue_all(world)
        sign(world, "tess", letters["T1"])
        sign(world, "lena", letters["T1"])
        page = world.client("cora").get("/letters/unsigned").get_data(as_text=True)
        assert "城西镇" in page
        assert "共 5 份" in page

    def test_costs_the_same_however_many_letters_there_are(self, world: World) -> None:
        generate(world, who="tom", at="T1")
        few = count_queries(world, "/letters/")
        issue_all(world)
        issue_all(world, who="tina", at="T2")
        assert count_queries(world, "/letters/") <= few + 1, "one more for the signatures"


def count_queries(world: World, address: str) -> int:
    browser = world.client("cora")
    browser.get(address)
    app = world.web.getfixturevalue("app")
    seen: list[str] = []
    listener = lambda *args: seen.append(args[2])  # noqa: E731
    engine = app.extensions["duban"].engine
    event.listen(engine, "before_cursor_execute", listener)
    try:
        assert browser.get(address).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", listener)
    return len(seen)


class TestShow:
    def test_shows_the_letter_and_that_it_holds(self, world: World) -> None:
        hand_down(world)
        letter = issue_all(world)["T1"]
        sign(world, "tess", letter)

        page = world.client("lena").get(f"/letters/{letter}").get_data(as_text=True)

        assert "不超过 5" in page
        assert "校验通过" in page
        assert letter_of(world, letter).digest in page
        assert "谭镇长" in page
        assert "（待签）" in page
        assert all(f'href="/letters/{letter}/{face}"' in page for face in ("docx", "text"))

    @pytest.mark.parametrize("page", ["", "/docx", "/text"])
    @pytest.mark.parametrize(
        ("who", "status"),
        [
            ("cora", 200),
            ("lena", 200),
            ("tom", 200),
            ("tess", 200),
            ("tina", 404),
            ("tito", 404),
            ("vera", 404),
            ("ewa", 404),
            ("adam", 404),
        ],
    )
    def test_is_for_both_units_and_those_above(self, world: World, page: str, who: str, status: int) -> None:
        letter = issue_all(world)["T1"]
        assert world.client(who).get(f"/letters/{letter}{page}").status_code == status

    @pytest.mark.parametrize(("who", "status"), [("cora", 200), ("tess", 404), ("tom", 404)])
    def test_a_draft_is_the_superiors_alone(self, world: World, who: str, status: int) -> None:
        letter = generate(world)[0].id
        assert world.client(who).get(f"/letters/{letter}").status_code == status

    def test_says_in_red_that_a_text_was_changed(self, world: World, owner_url: str) -> None:
        hand_down(world)
        letter = issue_all(world)["T1"]
        sign(world, "tess", letter)
        owner = create_engine(owner_url)
        with owner.begin() as connection:
            bind(connection, world.tenant.id)
            connection.execute(text("ALTER TABLE letter DISABLE TRIGGER stays_as_issued"))
            connection.execute(
                text("UPDATE letter SET body = replace(body, '不超过 5', '不超过 9') WHERE id = :id"), {"id": letter}
            )
            connection.execute(text("ALTER TABLE letter ENABLE TRIGGER stays_as_issued"))
        owner.dispose()

        page = world.client("lena").get(f"/letters/{letter}").get_data(as_text=True)
        assert "校验不通过" in page
        assert world.client("lena").post(f"/letters/{letter}/sign", data=sign_form(world, letter)).status_code == 409

    def test_the_text_is_given_byte_for_byte(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        content = world.client("tess").get(f"/letters/{letter}/text").data
        assert hashlib.sha256(content).hexdigest() == letter_of(world, letter).digest

    def test_the_superior_withdraws_with_a_reason(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        browser = world.client("cora")
        browser.post(f"/letters/{letter}/withdraw", data={"reason": "指标有误"})
        assert "指标有误" in browser.get(f"/letters/{letter}").get_data(as_text=True)

    @pytest.mark.parametrize(("who", "status"), [("lena", 403), ("tess", 403), ("tina", 404), ("ewa", 404)])
    def test_nobody_else_withdraws(self, world: World, who: str, status: int) -> None:
        letter = issue_all(world)["T1"]
        assert world.client(who).post(f"/letters/{letter}/withdraw", data={"reason": "x"}).status_code == status


class TestSign:
    def test_read_confirm_signed(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        browser = world.client("tess")
        assert "城东镇" in browser.get("/letters/to-sign").get_data(as_text=True)
        page = browser.get(f"/letters/{letter}/sign").get_data(as_text=True)
        assert f'name="digest" value="{letter_of(world, letter).digest}"' in page

        assert browser.post(f"/letters/{letter}/sign", data=sign_form(world, letter)).status_code == 302

        assert letter_of(world, letter).state == "signed_by_lower"
        assert "没有等待您签字的责任书" in browser.get("/letters/to-sign").get_data(as_text=True)
        assert "已由 谭镇长" in browser.get(f"/letters/{letter}/sign").get_data(as_text=True)

    @pytest.mark.parametrize(
        ("change", "status", "words"),
        [
            ({"password": "wrong-password-1"}, 409, "密码不正确"),
            ({"read": ""}, 422, "请先阅读全文并勾选确认"),
            ({"digest": "0" * 64}, 409, "不一致，没有签字"),
            ({"digest": "别的"}, 409, "不一致，没有签字"),
        ],
    )
    def test_says_what_stands_in_the_way(self, world: World, change: dict[str, str], status: int, words: str) -> None:
        letter = issue_all(world)["T1"]
        answer = world.client("tess").post(f"/letters/{letter}/sign", data=sign_form(world, letter, **change))
        assert answer.status_code == status
        assert words in answer.get_data(as_text=True)
        assert letter_of(world, letter).state == "issued"

    @pytest.mark.parametrize("method", ["get", "post"])
    @pytest.mark.parametrize(
        ("who", "status"), [("tom", 403), ("cora", 403), ("tito", 404), ("tina", 404), ("vlad", 404), ("ewa", 404)]
    )
    def test_is_for_the_two_leaders_alone(self, world: World, method: str, who: str, status: int) -> None:
        letter = issue_all(world)["T1"]
        browser = world.client(who)
        answer = (
            browser.get(f"/letters/{letter}/sign")
            if method == "get"
            else browser.post(f"/letters/{letter}/sign", data=sign_form(world, letter))
        )
        assert answer.status_code == status
        assert letter_of(world, letter).state == "issued"


class TestDocx:
    def open(self, world: World, letter: UUID, who: str = "cora"):
        answer = world.client(who).get(f"/letters/{letter}/docx")
        assert answer.status_code == 200
        assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
        return Document(io.BytesIO(answer.data))

    def test_says_everything_the_frozen_text_says(self, world: World) -> None:
        hand_down(world)
        letter = issue_all(world)["T1"]
        sign(world, "tess", letter)
        sign(world, "lena", letter)

        document = self.open(world, letter)

        row = letter_of(world, letter)
        cells = [cell.text for table in document.tables for line in table.rows for cell in line.cells]
        words = "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
        for line in row.body.splitlines():
            for part in re.split(r" \| |\|", re.sub(r"^(#+|:|\|) ", "", line)):
                assert part in words or part == "编号", part
        assert row.digest in words
        assert row.number in words
        assert "谭镇长（township.leader）" in words
        assert "2026年3月10日 10:00" in words
        assert "未生效" not in words

    def test_looks_official(self, world: World) -> None:
        document = self.open(world, issue_all(world)["T1"])
        section = document.sections[0]
        assert (round(section.page_width.cm, 1), round(section.top_margin.cm, 1)) == (21.0, 3.7)
        fonts = {
            run._element.rPr.rFonts.get(qn("w:eastAsia"))
            for paragraph in document.paragraphs
            for run in paragraph.runs
            if run.text
        }
        assert {"方正小标宋简体", "仿宋_GB2312", "黑体"} <= fonts
        assert "PAGE" in section.footer.paragraphs[0]._p.xml

    def test_a_copy_that_is_not_in_force_says_so(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        words = "\n".join(paragraph.text for paragraph in self.open(world, letter).paragraphs)
        assert "未生效" in words


class TestApi:
    def test_the_whole_way(self, world: World) -> None:
        cora, tess, lena = (world.client(who) for who in ("cora", "tess", "lena"))
        made = cora.post("/api/v1/letters", json={"unit_id": str(world.units["C"]), "year": YEAR})
        assert made.status_code == 201, made.get_json()
        ids = [item["id"] for item in made.get_json()["items"]]
        assert cora.post("/api/v1/letters/issue", json={"unit_id": str(world.units["C"]), "letter_ids": ids}).status_code == 200
        (waiting,) = tess.get("/api/v1/letters/to-sign").get_json()["items"]
        for browser in (tess, lena):
            here, typed = f"/api/v1/letters/{waiting['id']}", {"digest": waiting["digest"], "password": PASSWORD}
            signed = browser.post(f"{here}/sign", json=typed, headers=as_read(browser, here))
            assert signed.status_code == 201, signed.get_json()
        letter = cora.get(f"/api/v1/letters/{waiting['id']}").get_json()
        assert (letter["state"], letter["is_intact"], len(letter["signatures"])) == ("in_force", True, 2)
        assert hashlib.sha256(letter["body"].encode()).hexdigest() == letter["digest"]
        coverage = cora.get(f"/api/v1/letters/coverage?unit_id={world.units['C']}&year={YEAR}").get_json()
        assert [(level["owed"], level["signed"], level["percent"]) for level in coverage["levels"]] == [
            (3, 1, "33.33"),
            (3, 0, "0.00"),
        ]
        assert (
            cora.post(f"/api/v1/letters/{waiting['id']}/withdraw", json={"reason": "x"}, headers=as_read(cora, here)).status_code
            == 409
        )

    @pytest.mark.parametrize(("who", "status"), [("tito", 404), ("ewa", 404), ("vera", 404)])
    def test_tells_strangers_nothing(self, world: World, who: str, status: int) -> None:
        letter = issue_all(world)["T1"]
        browser = world.client(who)
        assert browser.get(f"/api/v1/letters/{letter}").status_code == status
        assert browser.post(f"/api/v1/letters/{letter}/sign", json={"digest": "x", "password": PASSWORD}).status_code == status


class TestContacts:
    """Whom to call at both units of a letter, where the reader may read the unit; numbers as everywhere."""

    @pytest.fixture
    def letter(self, world: World) -> UUID:
        made = issue_all(world, who="tom", at="T1")["V11"]
        with world.as_system() as scope:
            for unit, kind, name in (
                ("T1", "leader_in_charge", "镇分管"), ("V11", "liaison_officer", "村联络"), ("V11", "designated_person", "村专人"),
            ):  # fmt: skip
                scope.add(
                    UnitContact(
                        id=new_id(), unit_id=world.units[unit], kind=kind, name=name, phone="13911112222", active_from=date(2020, 1, 1),
                    )
                )  # fmt: skip
        return made

    def test_are_shown_with_numbers_as_the_reader_may_see_them(self, world: World, letter: UUID) -> None:
        pages = {who: world.client(who).get(f"/letters/{letter}").text for who in ("tom", "vera", "cora")}
        for page in pages.values():
            assert ("镇分管" in page, "村联络" in page, "村专人" in page) == (True, True, False)
        assert "tel:13911112222" in pages["tom"], "an officer calls those below"
        assert ("13911112222" in pages["vera"], "显示号码" in pages["vera"]) == (True, True), (
            "her own unit's whole, the superior's on demand"
        )
        assert "Liaison officer" in world.client("tom").get(f"/letters/{letter}?lang=en").text
        with world.as_system() as scope:
            read = select(AuditRecord.actor_name).where(
                AuditRecord.tenant_id == scope.tenant_id, AuditRecord.act == "person.contact-read"
            )
            assert world.names["tom"] in set(scope.session.scalars(read)), "a number shown whole is recorded"

    def test_of_a_unit_that_has_gone_elsewhere_are_not_shown(self, world: World, letter: UUID) -> None:
        with world.as_("adam") as scope:
            decide(scope, change=Move(world.units["V11"], world.units["T2"]), basis="依据", effective_on=scope.today)
        page = world.client("tom").get(f"/letters/{letter}").text
        assert ("镇分管" in page, "村联络" in page) == (True, False)
