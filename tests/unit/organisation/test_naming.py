"""What units and people are found by, and which names are sound."""

import pytest

from duban.organisation.rules import naming


class TestSearchText:
    @pytest.mark.parametrize("typed", ["高塘岭", "gaotang", "gao tang", "GTLJD", "gtl", "430112001", "街道"])
    def test_finds_a_unit_by_name_pinyin_initials_and_code(self, typed: str) -> None:
        kept = naming.search_text("高塘岭街道", "高塘岭", "430112001")

        assert naming.as_query(typed) in kept

    def test_keeps_letters_and_digits_of_mixed_names(self) -> None:
        assert naming.as_query("ejl1zjb") in naming.search_text("EJL1总监办")

    def test_wildcards_are_taken_literally(self) -> None:
        assert naming.like("50%_\\") == "%50\\%\\_\\\\%"


class TestTidy:
    @pytest.mark.parametrize(
        "typed, tidied",
        [
            ("  高塘岭\u3000街道 ", "高塘岭 街道"),
            ("东一村\u200b", "东一村"),
            ("a\tb\nc", "a b c"),
            ("\x00甲", "甲"),
            ("\u202e甲", "甲"),
            ("", ""),
        ],
    )
    def test_leaves_nothing_invisible(self, typed: str, tidied: str) -> None:
        assert naming.tidy(typed) == tidied


class TestChecks:
    @pytest.mark.parametrize("code", ["430112", "E-7", "ejl1.s3", "A_1"])
    def test_takes_codes(self, code: str) -> None:
        assert naming.check_code(code) is None

    @pytest.mark.parametrize("code", ["", "村", "-1", "a b", "x" * 41, "１２"])
    def test_refuses_other_codes(self, code: str) -> None:
        assert naming.check_code(code) is not None

    @pytest.mark.parametrize("login", ["", "a", "Zhang", "张", "a b", "-x", "x" * 41])
    def test_refuses_logins(self, login: str) -> None:
        assert naming.check_login(login) is not None

    @pytest.mark.parametrize(
        "phone, sound", [("", True), ("0731-88060001", True), ("13800001234", True), ("电话", False), ("12", False)]
    )
    def test_phones(self, phone: str, sound: bool) -> None:
        assert (naming.check_phone(phone) is None) == sound

    @pytest.mark.parametrize("email, sound", [("", True), ("a@b.cn", True), ("a@b", False), ("a b@c.cn", False), ("@", False)])
    def test_addresses(self, email: str, sound: bool) -> None:
        assert (naming.check_email(email) is None) == sound

    def test_names_and_posts_have_an_end(self) -> None:
        assert naming.check_name("名" * 100) is None
        assert naming.check_name("名" * 101) is not None
        assert naming.check_name("") is not None
        assert naming.check_post("职" * 60) is None
        assert naming.check_post("职" * 61) is not None


def test_a_login_is_suggested_from_the_name() -> None:
    assert naming.login_from("张建国") == "zhangjianguo"
    assert naming.login_from("Smith 2") == "smith2"
