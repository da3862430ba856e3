"""The tenant's ladders of documents sent down and of supervised matters: edited, previewed, refused where nothing would come of it."""

import re

from tests.cast import World

DOCUMENTS = {
    "version": "1", "active_from": "2026-03-10", "code": "dispatches", "name_zh": "签收和回复", "act": "save",
    "step.0.code": "unsigned_2", "step.0.name_zh": "两天未签收", "step.0.kind": "event", "step.0.event": "sent", "step.0.days": "2",
    "step.0.unit": "day", "step.0.hour": "14:30", "step.0.colour": "none", "step.0.to.0.party": "own", "step.0.to.0.who": "leader",
    "step.0.to.1.party": "issuer", "step.0.to.1.who": "responsible", "step.0.to.1.copy": "1",
}  # fmt: skip


def rows(page: str) -> dict[str, str]:
    """The preview's lines: step, and the day with who gets it."""
    table = page.partition('id="preview"')[2].partition("</table>")[0]
    lines = re.findall(r"<tr><th[^>]*>(.*?)</tr>", table, re.DOTALL)
    plain = [re.sub(r"<[^>]+>|\s+", " ", line).split() for line in lines]
    return {line[0]: " ".join(line[1:]) for line in plain}


def test_the_ladder_of_documents_is_edited_and_shows_who_gets_what_when(world: World) -> None:
    adam = world.client("adam")
    listed = adam.get("/ladders").text
    assert "下发文件的签收和回复" in listed and "文件发出、尚未签收满 3 个工作日" in listed and "收文单位" in listed
    page = adam.get("/ladders/dispatches").text
    found = rows(page)
    assert list(found) == ["1个工作日未签收", "3个工作日未签收", "提前3天提醒回复", "提前1天提醒回复", "逾期1天未回复"]
    assert "3月11日" in found["1个工作日未签收"] and "08:00" in found["1个工作日未签收"]
    assert "唐安" in found["1个工作日未签收"] and "3月13日" in found["3个工作日未签收"]
    assert "发文单位" in found["3个工作日未签收"] and "（抄送）" in found["3个工作日未签收"]
    assert "3月17日" in found["提前3天提醒回复"] and "3月21日" in found["逾期1天未回复"]
    assert 'name="act" value="remove"' not in page  # there is always one
    changed = rows(adam.post("/ladders/dispatches", data=DOCUMENTS | {"act": "preview"}).text)
    assert "3月12日" in changed["两天未签收"] and "14:30" in changed["两天未签收"] and "谭镇长" in changed["两天未签收"]
    assert adam.post("/ladders/dispatches", data=DOCUMENTS).status_code == 302
    items = adam.get("/api/v1/ladders").json["items"]
    assert [step["code"] for one in items if one["code"] == "dispatches" for step in one["steps"]] == ["unsigned_2"]


def test_what_would_never_come_to_pass_is_refused_at_its_field(world: World) -> None:
    adam = world.client("adam")
    for more, words in (
        ({"step.0.event": "submitted"}, "下发文件只有“发出、尚未签收”这一事项。"),
        ({"step.0.to.0.party": "above:1"}, "下发文件只提醒收文单位和发文单位。"),
        ({"step.0.colour": "red"}, "下发文件不发有颜色的单"),
        ({"step.0.answer_days": "3"}, "下发文件不发有颜色的单"),
    ):
        page = adam.post("/ladders/dispatches", data=DOCUMENTS | more)
        assert (page.status_code, words in page.text) == (422, True), more
    for code in ("standard", "matters"):
        page = adam.post(f"/ladders/{code}", data=DOCUMENTS | {"code": code})
        assert (page.status_code, "只有下发的文件才要签收。" in page.text) == (422, True), code


def test_the_ladder_of_matters_shows_who_gets_what_when(world: World) -> None:
    found = rows(world.client("adam").get("/ladders/matters").text)
    assert list(found)[:3] == ["蓝单：临近到期", "橙单：蓝单未落实", "红单：橙单未落实"]
    assert "3月17日" in found["蓝单：临近到期"] and "魏文书" in found["蓝单：临近到期"]
    assert "3月21日" in found["橙单：蓝单未落实"] and "唐安" in found["橙单：蓝单未落实"]  # the township stands between
    assert "3月24日" in found["红单：橙单未落实"]
    assert "报结后" in " ".join(found)
    other = rows(world.client("adam").get("/ladders/standard").text)
    assert "3月13日" in other["提前7天提醒"]
