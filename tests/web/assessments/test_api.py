"""The JSON API takes a round through the same operations."""

import pytest

from tests.cast import World
from tests.conditions import as_read
from tests.integration.assessments.stage import Round, counted, counting

API = "/api/v1"


class Program:
    """A caller with a token, speaking JSON."""

    def __init__(self, world: World, who: str) -> None:
        self.browser = world.client(who)

    def ask(self, method: str, path: str, *, status: int = 200, version: int | None = None, read: str = "", **body: object):
        headers = {"Accept": "application/json"} | ({} if version is None else {"If-Match": f'"{version}"'})
        headers |= as_read(self.browser, f"{API}{read}") if read else {}
        answer = self.browser.open(f"{API}{path}", method=method, json=body or None, headers=headers)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json


@pytest.fixture
def round_(world: World) -> Round:
    return Round(world)


def test_a_round_from_opening_to_publication(world):
    cora, eva, lena, tom = (Program(world, who) for who in ("cora", "eva", "lena", "tom"))
    opened = cora.ask(
        "POST", "/assessments", status=201, unit_id=str(world.units["C"]), year=2026, levels=["township"], name="年度考核"
    )
    address = f"/assessments/{opened['id']}"
    with counting(**{world.units["T1"].hex: counted(world.units["T1"], late=1)}):
        cora.ask("POST", f"{address}/self-scoring", read=address, due_on="2026-03-20")
        cards = {card["unit_name"]: f"/scorecards/{card['id']}" for card in cora.ask("GET", f"{address}/scorecards")}
        first, second = cards["城东镇"], cards["城西镇"]
        tom.ask("PUT", f"{first}/self-marks", version=0, item="quality", value="60")
        tom.ask("POST", f"{first}/self-score", read=first)
        cora.ask("POST", f"{address}/scoring", read=address)
    assert eva.ask("PUT", f"{first}/marks", version=0, item="quality", value="55.5", reason="缺两月")["version"] == 1
    eva.ask("PUT", f"{first}/marks", status=412, version=0, item="quality", value="60")
    eva.ask("PUT", f"{first}/marks", status=428, item="quality", value="60")
    eva.ask("PUT", f"{second}/marks", version=0, item="quality", value="60")
    veto = eva.ask("POST", f"{second}/vetoes", read=second, status=201, rule="V3", document="望安委〔2026〕3号", reason="瞒报")
    eva.ask("POST", f"/vetoes/{veto['id']}/confirm", read=f"/vetoes/{veto['id']}", status=403)
    assert lena.ask("POST", f"/vetoes/{veto['id']}/confirm", read=f"/vetoes/{veto['id']}")["state"] == "confirmed"
    closing = cora.ask("POST", f"{address}/close", read=address, status=201)
    assert (closing["kind"], closing["state"]) == ("close", "waiting")
    here = f"/proposals/{closing['id']}"
    cora.ask("POST", f"{here}/confirm", read=here, status=409)
    eva.ask("GET", here, status=404)
    tom.ask("GET", here, status=404)
    assert [one["id"] for one in lena.ask("GET", f"{address}/proposals")] == [closing["id"]]
    assert eva.ask("GET", f"{address}/proposals") == []
    lena.ask("POST", f"{here}/confirm", status=428)
    assert lena.ask("POST", f"{here}/confirm", read=here)["state"] == "confirmed"
    assert lena.ask("GET", address)["version"] == 1
    tom.ask("GET", f"{address}/ranking", status=404)
    for answer, state in (("drop", "withdrawn"), ("confirm", "confirmed")):
        publishing = lena.ask("POST", f"{address}/publish", read=address, status=201)["id"]
        by = lena if answer == "drop" else cora
        assert by.ask("POST", f"/proposals/{publishing}/{answer}", read=f"/proposals/{publishing}")["state"] == state
    ranking = tom.ask("GET", f"{address}/ranking")
    mine = tom.ask("GET", first)

    assert [(row["unit_name"], row["place"], row["grade"]) for row in ranking["rows"]] == [
        ("城东镇", 1, "excellent"), ("城西镇", None, "unqualified"),
    ]  # fmt: skip
    assert (mine["result"]["total"], mine["self_total"], mine["version"]) == ("95", "99.5", 1)
    tom.ask("GET", second, status=404)
    lifting = eva.ask(
        "POST", f"/vetoes/{veto['id']}/lift", read=f"/vetoes/{veto['id']}", status=201, document="望政〔2026〕9号", reason="复核"
    )
    lena.ask("POST", f"/proposals/{lifting['id']}/confirm", read=f"/proposals/{lifting['id']}")
    right = {"item": "quality", "value": "58", "reason": "补交", "why": "申诉决定"}
    fixing = cora.ask("POST", f"{first}/corrections", read=first, status=201, **right)
    assert fixing["draft"] == right | {"rule": ""}
    lena.ask("POST", f"/proposals/{fixing['id']}/confirm", read=f"/proposals/{fixing['id']}")
    assert tom.ask("GET", first)["result"]["total"] == "97.5"
    assert tom.ask("GET", f"{address}/ranking")["version"] == 3


def test_refuses_foreigners_and_nonsense(world, round_):
    ewa, cora = Program(world, "ewa"), Program(world, "cora")
    ewa.ask("GET", f"/assessments/{round_.id}", status=404)
    ewa.ask("GET", f"/assessments/{round_.id}/scorecards", status=404)
    ewa.ask("GET", f"/scorecards/{round_.cards['T1']}", status=404)
    assert ewa.ask("GET", "/assessments") == []
    cora.ask("POST", "/assessments", status=422, unit_id="x", year=26, levels=[], name="")
    cora.ask("POST", f"/assessments/{round_.id}/close", read=f"/assessments/{round_.id}", status=409)
    round_.scoring()
    Program(world, "eva").ask(
        "PUT", f"/scorecards/{round_.cards['T1']}/marks", status=422, version=0, item="quality", value="abc"
    )


def test_hides_a_result_from_its_unit_until_published(world, round_):
    round_.scoring().closed()
    hidden = Program(world, "tom").ask("GET", f"/scorecards/{round_.cards['T1']}")

    assert (hidden["result"], hidden["facts"]) == (None, None)
    assert Program(world, "eva").ask("GET", f"/scorecards/{round_.cards['T1']}")["result"]["total"] == "95"
