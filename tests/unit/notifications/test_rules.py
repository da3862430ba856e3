"""Messages in words, their values in the ledger, and when to try again."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from duban.kernel.text import Authored, Text
from duban.notifications.rules import MAX_TRIES, pack, pack_all, pause_after, say

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENGLISH = {"%(unit)s 应于 %(due_on)s 报送%(what)s": "%(unit)s owes %(what)s by %(due_on)s", "月报": "the monthly report"}


def in_english(msgid: str) -> str:
    return ENGLISH.get(msgid, msgid)


class TestSay:
    PARAMS = pack_all({"unit": "东一村", "due_on": date(2026, 6, 28), "what": Text("月报")})

    def test_keeps_dates_and_texts_for_each_reader(self) -> None:
        template = "%(unit)s 应于 %(due_on)s 报送%(what)s"
        zh = say(template, self.PARAMS, translate=str, locale="zh", zone=SHANGHAI)
        en = say(template, self.PARAMS, translate=in_english, locale="en", zone=SHANGHAI)

        assert zh == "东一村 应于 2026年6月28日 报送月报"
        assert en == "东一村 owes the monthly report by June 28, 2026"

    def test_an_author_s_words_are_chosen_between_wherever_they_stand(self) -> None:
        period = Text("%(title)s（%(period)s）", {"title": Authored("月报 50%", english="Monthly report"), "period": "3月"})
        params = pack_all({"title": period, "alone": Authored("只有中文")})
        assert say("%(title)s，%(alone)s", params, translate=str, locale="zh", zone=SHANGHAI) == "月报 50%（3月），只有中文"
        assert say("%(title)s，%(alone)s", params, translate=str, locale="en", zone=SHANGHAI) == "Monthly report（3月），只有中文"

    def test_shows_instants_in_the_tenants_zone(self) -> None:
        params = pack_all({"at": datetime(2026, 6, 27, 16, 30, tzinfo=UTC)})
        assert "2026年6月28日 00:30" in say("%(at)s", params, translate=str, locale="zh", zone=SHANGHAI)

    def test_leaves_a_message_without_values_alone(self) -> None:
        assert say("完成 100%", {}, translate=str, locale="zh", zone=SHANGHAI) == "完成 100%"

    def test_never_reads_a_value_as_a_template(self) -> None:
        params = pack_all({"title": "%(secret)s %s 50%"})
        assert say("《%(title)s》", params, translate=str, locale="zh", zone=SHANGHAI) == "《%(secret)s %s 50%》"


class TestPack:
    def test_gives_plain_json(self) -> None:
        packed = pack_all({"n": 3, "score": Decimal("97.50"), "nested": Text("%(d)s", {"d": date(2026, 1, 2)})})
        assert json.loads(json.dumps(packed)) == packed
        assert packed["score"] == "97.50"

    @pytest.mark.parametrize("value", [1.5, object(), None, ["a"]])
    def test_refuses_what_has_no_words(self, value: object) -> None:
        with pytest.raises(TypeError):
            pack(value)


def test_pauses_grow() -> None:
    pauses = [pause_after(tries) for tries in range(1, MAX_TRIES)]
    assert pauses == [timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=4), timedelta(minutes=16)]
