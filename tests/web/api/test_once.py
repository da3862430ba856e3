"""Asked twice, done once: keys of programs, numbers of forms; kept answers, refusals, secrets, other people, sweeping."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from duban.access.models import RoleGrant
from duban.kernel.scope import owned
from duban.organisation.operations import units
from duban.programmes.models import Document
from duban.tenancy.models import Catalogue
from duban.tenancy.queries import catalogue
from duban.web import replies
from duban.web.replies import KEPT, KeptReply
from tests.cast import World
from tests.conditions import as_read


def register(browser: Any, world: World, key: str | None = "k-1", **changes: Any) -> Any:
    body = {"unit_id": str(world.units["C"]), "title": "安全生产责任制", "issuer": "县政府办"} | changes
    return browser.post("/api/v1/documents", json=body, headers={"Idempotency-Key": key} if key else {})


def documents(world: World) -> int:
    with world.as_("cora") as scope:
        return scope.session.scalar(select(func.count()).where(Document.tenant_id == scope.tenant_id)) or 0


def documents_of(world: World) -> int:
    """Count as the system: nobody's rights are needed."""
    with world.as_system() as scope:
        return scope.session.scalar(select(func.count()).where(Document.tenant_id == scope.tenant_id)) or 0


def kept(world: World) -> list[KeptReply]:
    with world.as_("cora") as scope:
        return list(scope.session.scalars(select(KeptReply).where(KeptReply.tenant_id == scope.tenant_id)))


class TestKeys:
    def test_a_retried_creation_makes_one_thing_and_gives_the_same_answer(self, world: World) -> None:
        browser = world.client("cora")
        first = register(browser, world)
        again = [register(browser, world) for _ in range(5)]
        assert first.status_code == 201
        assert "Idempotency-Replayed" not in first.headers
        for answer in again:
            assert (answer.status_code, answer.data, answer.headers["ETag"], answer.mimetype) == (
                201, first.data, first.headers["ETag"], first.mimetype,
            )  # fmt: skip
            assert answer.headers["Idempotency-Replayed"] == "true"
        assert documents(world) == 1

    def test_without_a_key_every_request_is_another(self, world: World) -> None:
        browser = world.client("cora")
        assert {register(browser, world, key=None).status_code for _ in range(2)} == {201}
        assert documents(world) == 2
        assert not kept(world)

    def test_a_key_is_for_one_request_only(self, world: World) -> None:
        browser = world.client("cora")
        assert register(browser, world).status_code == 201
        refused = register(browser, world, title="另一份")
        assert (refused.status_code, refused.json["code"]) == (422, "key-reused")
        assert documents(world) == 1

    def test_a_key_is_one_persons(self, world: World) -> None:
        assert register(world.client("cora"), world).status_code == 201
        assert register(world.client("ewa"), world, unit_id=str(world.units["other-C"])).status_code == 201
        assert register(world.client("vera"), world).status_code == 403

    def test_a_refusal_is_not_kept(self, world: World) -> None:
        browser = world.client("cora")
        assert register(browser, world, title="").status_code == 422
        assert register(browser, world).status_code == 201
        assert documents(world) == 1

    @pytest.mark.parametrize("key", ["", " " * 0, "x" * 201, "é"])
    def test_what_is_no_key_is_refused(self, world: World, key: str) -> None:
        answer = world.client("cora").post("/api/v1/documents", json={}, environ_overrides={"HTTP_IDEMPOTENCY_KEY": key})
        assert answer.status_code == 422
        assert "Idempotency-Key" in answer.json["errors"]

    def test_what_fails_after_the_effect_leaves_neither_effect_nor_answer(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser = world.client("cora")

        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("lost between effect and answer")

        with monkeypatch.context() as patch:
            patch.setattr(replies, "_keep", broken)
            with pytest.raises(RuntimeError):
                register(browser, world)
        assert documents(world) == 0
        assert register(browser, world).status_code == 201
        assert documents(world) == 1

    def test_changes_can_be_retried_too(self, world: World) -> None:
        browser = world.client("cora")
        made = register(browser, world, key=None)
        body = {"unit_id": str(world.units["C"]), "document_id": made.json["id"], "title": "方案", "year": 2026}
        programme = browser.post("/api/v1/programmes", json=body)
        headers = {"If-Match": programme.headers["ETag"], "Idempotency-Key": "stage"}
        address = f"/api/v1/programmes/{programme.json['id']}/stages"
        stage = {"name": "排查", "wording": "4月底至11月上旬"}
        first, again = (browser.post(address, json=stage, headers=headers) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.data == again.data
        assert len(browser.get(f"/api/v1/programmes/{programme.json['id']}").json["stages"]) == 1

    def test_a_secret_is_not_kept(self, world: World) -> None:
        browser = world.client("tom")
        body = {"unit_id": str(world.units["V12"]), "role": "village.leader", "login": "ou", "details": {"name": "欧阳明"}}
        first = browser.post("/api/v1/people/", json=body, headers={"Idempotency-Key": "slip"})
        again = browser.post("/api/v1/people/", json=body, headers={"Idempotency-Key": "slip"})
        assert (first.status_code, again.status_code, again.json["code"]) == (201, 409, "shown-once")
        (row,) = kept(world)
        assert row.body == b""
        assert first.json["password"] not in repr([row.headers, row.key_digest, row.request_digest])

    def test_at_once_one_executes_and_the_others_get_its_answer(self, world: World) -> None:
        browsers = [world.client("cora") for _ in range(8)]
        answers: list[Any] = []
        threads = [threading.Thread(target=lambda one=one: answers.append(register(one, world))) for one in browsers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.data for answer in answers}) == 1
        assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
        assert documents(world) == 1

    def test_kept_for_two_days(self, world: World) -> None:
        register(world.client("cora"), world)
        with world.as_system(at=world.now + KEPT) as scope:
            assert replies.sweep(scope) == 0
        with world.as_system(at=world.now + KEPT + timedelta(seconds=1)) as scope:
            assert replies.sweep(scope) == 1
        assert not kept(world)


class TestRights:
    """An answer is from before today's rights: it is not shown again to who has lost them, however short ago."""

    def lose_role(self, world: World) -> None:
        with world.as_system() as scope:
            (grant,) = scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.person_id == world.people["cora"]))
            grant.active_to = scope.today

    def lose_policy(self, world: World) -> None:
        with world.as_system() as scope:
            text = "\n".join(line for line in catalogue(scope, "policy")["text"].splitlines() if ", document, " not in line)
            scope.add(Catalogue(part="policy", version=2, active_from=scope.today, body={"text": text}))

    def test_the_same_rights_get_the_same_answer(self, world: World) -> None:
        browser = world.client("cora")
        assert register(browser, world).data == register(browser, world).data

    @pytest.mark.parametrize("loss", ["lose_role", "lose_policy"])
    def test_lost_rights_get_none_of_it(self, world: World, loss: str) -> None:
        browser = world.client("cora")
        body = register(browser, world, original_text="绝密文字内容").json
        getattr(self, loss)(world)
        again = register(browser, world, original_text="绝密文字内容")
        assert (again.status_code, again.json["code"]) == (409, "rights-changed")
        assert body["id"] not in again.text
        assert "绝密" not in again.text
        assert "Location" not in again.headers
        assert documents_of(world) == 1

    @pytest.mark.parametrize("before", ["what was held before the view ran", None])
    def test_what_was_held_before_counts(self, world: World, monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
        """A loss between effect and answer is one; an answer that names no rights (from before they were kept) is not shown."""
        browser = world.client("cora")
        with monkeypatch.context() as patch:
            named = iter([before, "after"])
            patch.setattr(replies, "_rights_now", lambda _scope: next(named))
            assert register(browser, world).status_code == 201
            assert register(browser, world).status_code == 409

    def test_control_without_the_comparison_the_whole_document_is_shown(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Positive control: what the first release did."""
        browser = world.client("cora")
        monkeypatch.setattr(replies, "_rights_now", lambda _scope: "always the same")
        register(browser, world, original_text="绝密文字内容")
        self.lose_role(world)
        again = register(browser, world, original_text="绝密文字内容")
        assert again.status_code == 201
        assert "绝密" in again.text


class TestForms:
    def form(self, world: World, browser: Any) -> dict[str, str]:
        page = browser.get(f"/documents/new?unit_id={world.units['C']}").text
        (number,) = set(re.findall(r'name="once" value="([^"]+)"', page))
        return {"once": number, "unit_id": str(world.units["C"]), "title": "文件", "issuer": "县政府办", "number": ""}

    def test_pressed_twice_is_done_once_and_leads_to_the_same_page(self, world: World) -> None:
        browser = world.client("cora")
        form = self.form(world, browser)
        first, again = (browser.post("/documents/new", data=form) for _ in range(2))
        assert (first.status_code, again.status_code) == (302, 302), first.text
        assert first.location == again.location
        assert documents(world) == 1

    def test_control_the_same_form_without_its_number_is_done_twice(self, world: World) -> None:
        browser = world.client("cora")
        form = self.form(world, browser) | {"once": ""}
        for _ in range(2):
            assert browser.post("/documents/new", data=form).status_code == 302
        assert documents(world) == 2

    def test_a_form_corrected_after_a_refusal_is_taken(self, world: World) -> None:
        browser = world.client("cora")
        form = self.form(world, browser)
        for _ in range(2):
            assert browser.post("/documents/new", data=form | {"title": ""}).status_code == 422
        assert browser.post("/documents/new", data=form).status_code == 302
        assert documents(world) == 1

    def test_gone_back_and_changed_is_another_act(self, world: World) -> None:
        browser = world.client("cora")
        form = self.form(world, browser)
        for title in ("一", "二"):
            assert browser.post("/documents/new", data=form | {"title": title}).status_code == 302
        assert documents(world) == 2


class TestVersions:
    def test_a_stale_change_of_what_counts_no_versions_is_refused(self, world: World) -> None:
        browser = world.client("adam")
        address = f"/api/v1/units/{world.units['V11']}"
        seen = as_read(browser, address)
        with world.as_("adam") as scope:
            units.rename_unit(scope, unit_id=world.units["V11"], name="朝阳村")
        assert browser.patch(address, json={"name": "迟来村"}, headers=seen).status_code == 412
        assert browser.patch(address, json={"name": "晨光村"}, headers=as_read(browser, address)).status_code == 200
        assert browser.get(address).json["name"] == "晨光村"
