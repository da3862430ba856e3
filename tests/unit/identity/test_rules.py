"""Rules of the door, as tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.identity.rules.attempts import FAILURES_ALLOWED, LOCK, WINDOW, Tally, is_locked, reserve
from duban.identity.rules.factors import is_code, plain_code, steps_around
from duban.identity.rules.sessions import FRESH_FOR, is_fresh, session_lives
from duban.identity.rules.tokens import may_use
from duban.identity.sealing import SealBrokenError, is_newest, seal, unseal

T = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KEYS = ("a" * 32, "b" * 32)


class TestAttempts:
    def test_the_fifth_closes_the_door_behind_itself(self) -> None:
        tally = None
        for number in range(1, FAILURES_ALLOWED + 1):
            assert not is_locked(tally, T)
            tally = reserve(tally, now=T, allowed=FAILURES_ALLOWED)
            assert tally.failures == number
        assert tally is not None
        assert is_locked(tally, T)
        assert is_locked(tally, T + LOCK - SECOND)
        assert not is_locked(tally, T + LOCK)

    def test_a_new_window_counts_from_one(self) -> None:
        old = Tally(4, T)
        assert reserve(old, now=T + WINDOW, allowed=5).failures == 5
        assert reserve(old, now=T + WINDOW + SECOND, allowed=5) == Tally(1, T + WINDOW + SECOND)

    def test_after_a_lock_counting_begins_again(self) -> None:
        locked = Tally(5, T, T + LOCK)
        assert reserve(locked, now=T + LOCK, allowed=5) == Tally(1, T + LOCK)


class TestSessions:
    @pytest.mark.parametrize(
        ("idle_seconds", "age_seconds", "ended", "lives"),
        [
            (0, 0, False, True),
            (1799, 1799, False, True),
            (1800, 1800, False, False),
            (0, 43199, False, True),
            (0, 43200, False, False),
            (0, 0, True, False),
        ],
    )
    def test_lives_to_the_second(self, idle_seconds: int, age_seconds: int, ended: bool, lives: bool) -> None:
        now = T + timedelta(seconds=age_seconds)
        assert lives == session_lives(
            started_at=T,
            seen_at=now - timedelta(seconds=idle_seconds),
            ended_at=T if ended else None,
            now=now,
            idle=timedelta(minutes=30),
            absolute=timedelta(hours=12),
        )

    def test_is_fresh_for_ten_minutes(self) -> None:
        assert is_fresh(T, T + FRESH_FOR - SECOND)
        assert not is_fresh(T, T + FRESH_FOR)


class TestCodes:
    @pytest.mark.parametrize(
        ("typed", "plain", "code"),
        [("123456", "123456", True), (" 123 456 ", "123456", True), ("12345", "12345", False), ("abcd-efgh-jkm2", "abcdefghjkm2", False),
         ("\uff11\uff12\uff13\uff14\uff15\uff16", "\uff11\uff12\uff13\uff14\uff15\uff16", False)],
    )  # fmt: skip
    def test_are_six_digits(self, typed: str, plain: str, code: bool) -> None:
        assert plain_code(typed) == plain
        assert is_code(typed) == code

    def test_a_half_minute_to_each_side_is_taken(self) -> None:
        assert steps_around(90) == (2, 3, 4)


class TestTokens:
    @pytest.mark.parametrize(
        ("scopes", "feature", "reads", "may"),
        [
            (["read"], "reporting", True, True),
            (["read"], "reporting", False, False),
            (["reporting"], "reporting", False, True),
            (["reporting"], "assessments", True, False),
            (["reporting", "read"], "assessments", True, True),
            (["reporting", "read"], "assessments", False, False),
            (["full"], "assessments", False, True),
            (["reporting"], "identity", True, True),
            (["reporting"], "identity", False, False),
            ([], "reporting", True, False),
        ],
    )
    def test_reach_as_far_as_their_scopes(self, scopes: list[str], feature: str, reads: bool, may: bool) -> None:
        assert may_use(scopes, feature=feature, reads=reads) == may


class TestSealing:
    @given(st.binary(min_size=1, max_size=32))
    def test_opens_for_its_owner_under_either_key(self, secret: bytes) -> None:
        old = seal(secret, owner="vera", keys=KEYS[1:])
        assert secret not in old.encode() or len(secret) < 6
        assert unseal(old, owner="vera", keys=KEYS) == secret
        assert not is_newest(old, KEYS)
        assert is_newest(seal(secret, owner="vera", keys=KEYS), KEYS)

    def test_two_seals_of_one_secret_differ(self) -> None:
        assert seal(b"x" * 20, owner="vera", keys=KEYS) != seal(b"x" * 20, owner="vera", keys=KEYS)

    def test_opens_for_nobody_else_and_not_when_changed(self) -> None:
        kept = seal(b"x" * 20, owner="vera", keys=KEYS)
        with pytest.raises(SealBrokenError):
            unseal(kept, owner="tom", keys=KEYS)
        with pytest.raises(SealBrokenError):
            unseal(kept, owner="vera", keys=("c" * 32,))
        head, body = kept.rsplit("$", 1)
        tried = 0
        for at in range(len(body) - 4):
            changed = f"{head}${body[:at]}{'A' if body[at] != 'A' else 'B'}{body[at + 1 :]}"
            with pytest.raises(SealBrokenError):
                unseal(changed, owner="vera", keys=KEYS)
            tried += 1
        print(f"{tried} single changes of a seal tried, 0 opened")

    def test_refuses_what_the_mask_does_not_cover(self) -> None:
        with pytest.raises(ValueError, match="32"):
            seal(b"x" * 33, owner="vera", keys=KEYS)
