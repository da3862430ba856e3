"""Both password policies, as tables; the lists, word by word."""

import pytest

from duban.identity.passwords import _hasher, hash_password, matches, one_time_password
from duban.identity.rules.passwords import ASVS, MLPS3, PasswordPolicy, complaints, core, is_made_of, is_made_of_dates
from duban.identity.words import COMMON, CONTEXT, as_typed, lists, read_list

OWN = as_typed("望城区应急管理局", "wangcheng", "魏文书", "v001001")


def fine(policy: PasswordPolicy, password: str, login: str = "vera") -> bool:
    return complaints(policy, password, login=login, lists=lists(), own_words=OWN) == []


@pytest.mark.parametrize(
    ("password", "mlps3", "asvs"),
    [
        ("supervise-1949", True, True),
        ("Kuaiji9#plum", True, True),
        ("correct horse battery staple", False, True),  # two kinds of characters, but long
        ("plumtreeriverstone", False, True),
        ("Plumtreeriver7", True, True),
        ("Pt7#rs1", False, False),  # seven characters
        ("Pt7#rs12", True, True),  # eight
        ("梅花香自苦寒来呀", False, True),  # eight Chinese characters: one kind
        ("梅花香自苦寒来A7", True, True),
        ("x7#" * 21 + "k", True, True),  # 64
        ("Qp7#wm" * 21 + "zk", True, True),  # 128
        ("Qp7#wm" * 21 + "zkj", False, False),  # 129
        ("Password1!", False, False),
        ("P@ssw0rd2026", False, False),
        ("Duban@2026", False, False),
        ("W4ngcheng!2026", False, False),
        ("WangchengQu#88", False, False),
        ("Weiwenshu_66", False, False),
        ("Anquan_Jiandu88", False, False),
        ("Admin@123", False, False),
        ("Qwerty123!", False, False),
        ("vera-river-Stone9", False, False),  # contains the login
        ("20260628", False, False),
        ("2026-2027", False, False),
        ("aaaaaaaa1", False, False),
        ("duban river stone 9 plums", True, True),  # a phrase may hold such a word
    ],
)
def test_table_of_both_policies(password: str, mlps3: bool, asvs: bool) -> None:
    assert (fine(MLPS3, password), fine(ASVS, password)) == (mlps3, asvs)


def test_every_common_password_is_refused_by_both() -> None:
    common = read_list(COMMON)
    long_enough = [word for word in common if len(word) >= 8]
    assert len(common) >= 3000
    assert len(long_enough) >= 3000
    taken = [word for word in common for policy in (MLPS3, ASVS) if fine(policy, word, login="somebody-else")]
    shouted = [word for word in long_enough if fine(ASVS, word.upper(), login="somebody-else")]
    dressed = [word for word in long_enough if word.isalpha() and fine(MLPS3, f"{word.capitalize()}2026!", login="somebody-else")]
    print(f"{len(common)} common passwords ({len(long_enough)} of 8 or more) × 2 policies: {len(taken)} taken;")
    print(f"in capitals {len(shouted)} taken; dressed up as Xxxx2026! {len(dressed)} taken")
    assert (taken, shouted, dressed) == ([], [], [])


def test_every_word_of_the_context_is_refused() -> None:
    context = read_list(CONTEXT)
    assert len(context) >= 200
    dressings = ("{}@2026", "{}_12345678", "20111111{}", "{0}{0}#77")
    made = [dressing.format(word.capitalize()) for word in context for dressing in dressings]
    long_enough = [password for password in made if len(password) >= 8]
    taken = [password for password in long_enough for policy in (MLPS3, ASVS) if fine(policy, password, login="somebody-else")]
    print(f"{len(context)} words in {len(long_enough)} passwords × 2 policies: {len(taken)} taken")
    assert taken == []


def test_control_without_the_lists_they_would_be_taken() -> None:
    empty = type(lists())(common=frozenset(), context=frozenset())
    taken = [word for word in read_list(COMMON) if not complaints(ASVS, word, login="x", lists=empty)]
    assert len(taken) > 2500


def test_everything_wrong_is_said_at_once() -> None:
    assert len(complaints(MLPS3, "vera", login="vera", lists=lists())) == 3


def test_no_character_is_cut_off() -> None:
    for length in (64, 128):
        password = ("Qp7#wm" * 22)[:length]
        kept = hash_password(password)
        assert matches(kept, password)
        assert not matches(kept, password[:-1])
        assert not matches(kept, password[:-1] + ("x" if password[-1] != "x" else "y"))


def test_hashing_costs_what_owasp_asks_for() -> None:
    assert _hasher.type.name == "ID"
    assert (_hasher.memory_cost, _hasher.time_cost, _hasher.parallelism) >= (19 * 1024, 2, 1)


def test_the_core_of_a_password_is_what_it_is_made_around() -> None:
    assert core("W4ngcheng@2026") == "wangcheng"
    assert core("2026!!") == ""
    assert is_made_of("anquanjiandu", {"anquan", "jiandu"})
    assert not is_made_of("anquanxjiandu", {"anquan", "jiandu"})


@pytest.mark.parametrize(
    ("digits", "expected"),
    [("2026", True), ("20252026", True), ("202612", True), ("202631", True), ("20261231", True), ("19900101202612", True),
     ("2026123", False), ("18991231", False), ("20261399", False), ("202", False), ("", False)],
)  # fmt: skip
def test_dates_are_told_from_other_digits(digits: str, expected: bool) -> None:
    assert is_made_of_dates(digits) is expected


def test_what_is_too_long_is_looked_at_no_further() -> None:
    found = complaints(MLPS3, "20" * 200_000 + "7!@", login="vera", lists=lists())
    assert len(found) == 1


def test_slips_are_all_different_and_readable() -> None:
    slips = {one_time_password() for _ in range(1000)}
    assert len(slips) == 1000
    assert not set("".join(slips)) & set("0O1lI")
