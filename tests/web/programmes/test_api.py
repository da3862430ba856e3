"""The same work through the JSON API: versions as ETag, refusals as problem documents."""

import io
import json
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from tests.attack.files.corpus import pdf
from tests.cast import World
from tests.conditions import as_read

Make = Callable[..., UUID]


class TestDocuments:
    def test_are_registered_read_listed_and_corrected(self, world: World) -> None:
        browser = world.client("cora")
        body = {
            "unit_id": str(world.units["C"]),
            "title": "实施意见",
            "issuer": "县政府办",
            "number": "府办发[2011]68号",
            "issued_on": "2011-04-12",
            "original_text": "一、,",
        }
        made = browser.post("/api/v1/documents", json=body)
        assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
        address = f"/api/v1/documents/{made.json['id']}"
        assert browser.get(address).json["original_text"] == "一、,"
        assert [row["number"] for row in browser.get("/api/v1/documents?words=〔2011〕").json["items"]] == ["府办发[2011]68号"]
        changed = browser.put(address, json={"title": "新标题", "issuer": "县政府办"}, headers={"If-Match": '"1"'})
        assert (changed.status_code, changed.headers["ETag"], changed.json["title"]) == (200, '"2"', "新标题")

    def test_a_change_needs_the_version_it_was_meant_for(self, world: World, document_of: Make) -> None:
        address = f"/api/v1/documents/{document_of()}"
        body = {"title": "a", "issuer": "b"}
        browser = world.client("cora")
        assert browser.put(address, json=body).status_code == 428
        for sent in ('"7"', "x", '"1', "*"):
            status = browser.put(address, json=body, headers={"If-Match": sent}).status_code
            assert status == (200 if sent == '"1' else 412), sent

    def test_take_files(self, world: World, document_of: Make) -> None:
        address = f"/api/v1/documents/{document_of()}/files"
        browser = world.client("cora")
        made = browser.post(address, data={"file": (io.BytesIO(pdf()), "红头.pdf")}, content_type="multipart/form-data")
        assert (made.status_code, made.json["name"]) == (201, "红头.pdf")
        refused = browser.post(address, data={"file": (io.BytesIO(b"MZ"), "a.exe")}, content_type="multipart/form-data")
        assert (refused.status_code, refused.json["code"]) == (422, "file-refused")
        assert browser.post(address, data={}, content_type="multipart/form-data").status_code == 422
        as_it_is = as_read(browser, f"/api/v1/files/{made.json['id']}")
        assert browser.delete(f"{address}/{made.json['id']}", headers={"If-Match": '"x"'}).status_code == 412
        assert browser.delete(f"{address}/{made.json['id']}", headers=as_it_is).status_code == 204
        assert browser.delete(f"{address}/{made.json['id']}", headers=as_it_is).status_code == 404

    @pytest.mark.parametrize(
        ("change", "field"),
        [({"title": ""}, "title"), ({"title": 3}, "title"), ({"issued_on": "2011-02-30"}, "issued_on"), ({"parent_id": "x"}, "parent_id"), ({"tenant_id": str(uuid4())}, "tenant_id"), ({"path": "1."}, "path"), ({"version": 9}, "version"), ({"title": "a" * 201}, "title"), ({"note": "\ud800"}, "note")],
    )  # fmt: skip
    def test_refusals_name_the_field(self, world: World, change: dict, field: str) -> None:
        body = {"unit_id": str(world.units["C"]), "title": "a", "issuer": "b"} | change
        # written out, because the test client cannot send a lone surrogate as anything but an escape
        answer = world.client("cora").post("/api/v1/documents", data=json.dumps(body), content_type="application/json")
        assert answer.status_code == 422
        assert set(answer.json["errors"]) == {field}

    @pytest.mark.parametrize(("who", "status"), [("vera", 200), ("vic", 404), ("ewa", 404), (None, 401)])
    def test_are_read_by_whoever_may(self, world: World, document_of: Make, who: str | None, status: int) -> None:
        assert world.client(who).get(f"/api/v1/documents/{document_of('vera', 'V11', number='')}").status_code == status


class TestProgrammes:
    def test_whole_way(self, world: World, document_of: Make) -> None:
        cora, tom = world.client("cora"), world.client("tom")
        body = {"unit_id": str(world.units["C"]), "document_id": str(document_of()), "title": "方案", "year": 2011}
        made = cora.post("/api/v1/programmes", json=body)
        assert made.status_code == 201
        address = f"/api/v1/programmes/{made.json['id']}"

        def send(method: str, where: str, expected: int, body: dict | None = None):
            tag = cora.get(address).headers["ETag"]
            answer = cora.open(f"{address}{where}", method=method, json=body, headers={"If-Match": tag})
            assert answer.status_code == expected, answer.json
            return answer.json

        send("PUT", "", 200, {"title": "方案二", "year": 2011, "goal": "零事故"})
        stage = send("POST", "/stages", 201, {"name": "部署", "wording": "4月底至11月上旬"})["stages"][0]
        assert (stage["start_on"], stage["end_on"]) == ("2011-04-30", "2011-11-10")
        send("PUT", f"/stages/{stage['id']}", 200, {"name": "实施", "end_on": "2011-11-10"})
        group = send("POST", "/groups", 201, {"name": "一、"})["groups"][0]
        send("PUT", f"/groups/{group['id']}", 200, {"name": "一、责任"})
        units = [str(world.units["D1"]), str(world.units["T1"])]
        task = send("POST", "/tasks", 201, {"title": "签订", "group_id": group["id"], "tags": ["甲"], "unit_ids": units})[
            "tasks"
        ][0]
        assert (task["unit_ids"], task["tags"], task["number"]) == (units, ["甲"], "1")
        second = send("POST", "/tasks", 201, {"title": "督查"})["tasks"][1]
        send("PUT", f"/tasks/{second['id']}", 200, {"title": "督查二", "group_id": group["id"]})
        assert [row["title"] for row in send("POST", f"/tasks/{second['id']}/raise", 200)["tasks"]] == ["督查二", "签订"]
        send("DELETE", f"/tasks/{second['id']}", 200)
        send("DELETE", f"/stages/{stage['id']}", 200)
        send("DELETE", f"/groups/{group['id']}", 409)
        send("POST", "/issue", 200)
        send("POST", "/recall", 200, {"reason": "漏项"})
        assert send("POST", "/issue", 200)["state"] == "issued"

        derived = tom.post(
            f"{address}/derive",
            json={"unit_id": str(world.units["T1"]), "title": "镇方案", "year": 2011, "task_ids": [task["id"]]},
        )
        assert derived.status_code == 201
        assert derived.json["tasks"][0]["source_id"] == task["id"]
        coverage = cora.get(f"{address}/coverage").json
        assert (coverage["expected"], coverage["derived"]) == (3, 0)
        assert send("POST", "/close", 200, {"reason": "完成"})["state"] == "closed"
        assert [row["title"] for row in cora.get("/api/v1/programmes?year=2011&state=closed").json["items"]] == ["方案二"]

    def test_a_foreign_document_is_no_basis(self, world: World, issued_by: Make, document_of: Make) -> None:
        source, foreign = issued_by(), document_of("vic", "V12", number="")
        tasks = [row["id"] for row in world.client("cora").get(f"/api/v1/programmes/{source}").json["tasks"]]
        body = {
            "unit_id": str(world.units["V11"]),
            "title": "村方案",
            "year": 2011,
            "task_ids": tasks,
            "document_id": str(foreign),
        }
        assert world.client("vera").post(f"/api/v1/programmes/{source}/derive", json=body).status_code == 404

    @pytest.mark.parametrize("year", ["2011", 2011.5, True, 10**30, None, 1900])
    def test_a_year_is_a_whole_number_of_our_times(self, world: World, document_of: Make, year: object) -> None:
        body = {"unit_id": str(world.units["C"]), "document_id": str(document_of()), "title": "方案", "year": year}
        assert world.client("cora").post("/api/v1/programmes", json=body).status_code == 422

    @pytest.mark.parametrize(("who", "status"), [("tom", 404), ("ewa", 404), (None, 401)])
    def test_a_draft_is_not_there_for_others(self, world: World, draft_of: Make, who: str | None, status: int) -> None:
        address = f"/api/v1/programmes/{draft_of()}"
        for answer in (world.client(who).get(address), world.client(who).post(f"{address}/issue", headers={"If-Match": '"4"'})):
            assert answer.status_code == status
