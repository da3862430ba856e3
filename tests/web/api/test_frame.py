"""The frame all operations share: the document, the door, refusals, versions, pages."""

import json

import pytest
from flask import Flask

from tests.cast import PASSWORD, World


@pytest.fixture
def document(world: World) -> dict:
    return world.client().get("/api/v1/openapi.json").json


class TestDocument:
    def test_is_openapi_3_and_public(self, document: dict) -> None:
        assert document["openapi"].startswith("3.")
        assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"

    def test_documents_every_operation(self, app: Flask, document: dict) -> None:
        for rule in app.url_map.iter_rules():
            if not rule.rule.startswith("/api/v1/") or rule.endpoint.startswith("api-docs."):
                continue
            path = rule.rule
            for converter in ("uuid:", "string:", "int:"):
                path = path.replace(f"<{converter}", "<")
            item = document["paths"][path.replace("<", "{").replace(">", "}")]
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                operation = item[method.lower()]
                assert operation["summary"], f"{method} {path} says nothing"
                assert set(operation["responses"]) - {"default"}, f"{method} {path} has no answer"
                assert "application/problem+json" in document["components"]["responses"]["DEFAULT_ERROR"]["content"]

    def test_has_no_reference_that_leads_nowhere(self, document: dict) -> None:
        def references(node: object) -> set[str]:
            if isinstance(node, dict):
                found = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
                return found.union(*[references(inner) for inner in node.values()])
            return set().union(*[references(inner) for inner in node]) if isinstance(node, list) else set()

        for reference in references(document):
            node = document
            for part in reference.removeprefix("#/").split("/"):
                node = node[part]

    def test_names_every_operation_once_and_every_path_parameter(self, document: dict) -> None:
        for path, item in document["paths"].items():
            for method in set(item) & {"get", "post", "put", "patch", "delete"}:
                named = {
                    entry["name"]
                    for entry in [*item.get("parameters", []), *item[method].get("parameters", [])]
                    if entry["in"] == "path"
                }
                assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


class TestDoor:
    def test_gives_a_token_that_works_and_ends(self, world: World) -> None:
        browser = world.client()
        answer = browser.post("/api/v1/session", json={"tenant": world.tenant.slug, "login": "vera", "password": PASSWORD})
        assert answer.status_code == 201
        bearer = {"Authorization": f"Bearer {answer.json['token']}"}
        assert browser.get("/api/v1/session", headers=bearer).json["name"] == "魏文书"
        assert "Set-Cookie" not in answer.headers

        assert browser.delete("/api/v1/session", headers=bearer).status_code == 204

        refusal = browser.get("/api/v1/session", headers=bearer)
        assert refusal.status_code == 401
        assert refusal.mimetype == "application/problem+json"

    @pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"login": "nobody"}, {"tenant": "nowhere"}])
    def test_says_the_same_whatever_is_wrong(self, world: World, wrong: dict) -> None:
        body = {"tenant": world.tenant.slug, "login": "tom", "password": PASSWORD} | wrong
        answer = world.client().post("/api/v1/session", json=body)
        assert answer.status_code in {400, 401, 403, 409}
        assert answer.json["code"] == world.client().post("/api/v1/session", json=body | {"tenant": "nowhere"}).json["code"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"login": "a", "password": "b"}, "tenant"), ({"tenant": 3, "login": "a", "password": "b"}, "tenant"), ({"tenant": "a", "login": None, "password": "b"}, "login"),
            ({"tenant": "a", "login": "b", "password": "c", "admin": True}, "admin"), ({"tenant": "a\x00", "login": "b", "password": "c"}, "tenant"), ([], "body"), ("text", "body")
        ],
    )  # fmt: skip
    def test_name_the_field_in_the_readers_language(self, world: World, body: object, field: str) -> None:
        answer = world.client().post("/api/v1/session", json=body)
        assert answer.status_code == 422
        assert answer.mimetype == "application/problem+json"
        assert answer.json["code"] == "invalid-input"
        assert field in answer.json["errors"], answer.json

    @pytest.mark.parametrize(
        "raw",
        [b"{", b'{"tenant": NaN}', b'{"tenant": -Infinity}', b"\xff\xfe", b"[" * 100_000, b'{"tenant": ' + b"9" * 5000 + b"}"],
    )
    def test_answer_broken_json(self, world: World, raw: bytes) -> None:
        answer = world.client().post("/api/v1/session", data=raw, content_type="application/json")
        assert answer.status_code in {400, 422}
        assert json.loads(answer.data)["code"]

    def test_answer_a_body_that_is_no_json(self, world: World) -> None:
        assert world.client().post("/api/v1/session", data="tenant=a").status_code in {415, 422}

    def test_an_unknown_address_is_a_problem_document(self, world: World) -> None:
        answer = world.client("vera").get("/api/v1/nothing")
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"


def test_a_bound_is_said_in_the_readers_language(world: World) -> None:
    answer = world.client("vera").get("/api/v1/duties?limit=100000")

    assert answer.status_code == 422
    assert answer.json["errors"] == {"limit": ["应在 1 至 200 之间"]}


@pytest.mark.parametrize(
    "path", ["/api/v1/duties/00000000-0000-0000-0000-000000000000/workbook/marked", "/sign-in", "/matters/new"]
)
@pytest.mark.parametrize("head", ['form-data; filename="a.xlsx"', "form-data"])
def test_a_part_of_a_form_without_a_name_is_refused(world: World, path: str, head: str) -> None:
    body = f"--x9\r\nContent-Disposition: {head}\r\n\r\nsomething\r\n--x9--\r\n"
    typed = {"data": body.encode(), "content_type": "multipart/form-data; boundary=x9"}
    assert world.client("cora").post(path, **typed).status_code == 400
    assert world.client().post(path, **typed).status_code < 500
