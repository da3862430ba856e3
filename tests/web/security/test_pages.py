"""The security administrator at work on others' accounts; who may not is refused."""

import pyotp
import pytest

from duban.identity import operations
from duban.identity.errors import LockedOutError
from duban.identity.models import ApiToken, LoginSession
from duban.identity.operations.factors import open_proposal, propose_secret
from duban.kernel.scope import SYSTEM, owned, unit_of_work
from tests.cast import PASSWORD, World

KEYS = ("k" * 40,)


def guess(world: World, login: str, password: str = "wrong-password-1") -> object:
    with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=world.now) as scope:
        return operations.sign_in(scope, login=login, password=password, address="10.0.0.9", device="")


def enrol(world: World, who: str) -> None:
    with world.as_(who) as scope:
        proposal = propose_secret(scope, keys=KEYS)
        code = pyotp.TOTP(open_proposal(scope, proposal, keys=KEYS)).at(world.now)
        session = operations.start_session(scope, person=operations.get_person(scope, scope.person_id), address="", device="")
        row = next(iter(scope.session.scalars(owned(scope, LoginSession).where(LoginSession.person_id == scope.person_id))), None)
        assert session
        assert row is not None
        operations.enrol(scope, proposal=proposal, code=code, session_id=row.id, keys=KEYS)


@pytest.fixture
def locked(world: World) -> World:
    for _ in range(5):
        guess(world, "vera")
    assert isinstance(guess(world, "vera", PASSWORD), LockedOutError)
    return world


class TestLocks:
    def test_are_listed_and_opened_by_the_security_administrator(self, locked: World) -> None:
        sara = locked.client("sara")
        page = sara.get("/security").text
        assert "魏文书" in page
        assert sara.post(f"/security/people/{locked.people['vera']}/unlock").status_code == 302
        assert isinstance(guess(locked, "vera", PASSWORD), str)
        assert "魏文书" not in sara.get("/security").text

    @pytest.mark.parametrize(("who", "status"), [("adam", 302), ("tom", 302), ("tina", 404), ("otto", 403), ("vic", 404)])
    def test_are_opened_by_whoever_manages_the_people_there(self, locked: World, who: str, status: int) -> None:
        assert locked.client(who).post(f"/security/people/{locked.people['vera']}/unlock").status_code == status
        assert isinstance(guess(locked, "vera", PASSWORD), str) == (status == 302)


class TestSessions:
    def test_of_others_are_seen_and_ended(self, world: World) -> None:
        vera, sara = world.client("vera"), world.client("sara")
        assert vera.get("/password").status_code == 200
        page = sara.get(f"/security/people/{world.people['vera']}").text
        assert "127.0.0.1" in page
        assert sara.post(f"/security/people/{world.people['vera']}/sessions/end").status_code == 302
        assert vera.get("/password").status_code == 302

    def test_of_another_tenant_are_not_there(self, world: World) -> None:
        assert world.client("sara").get(f"/security/people/{world.people['ewa']}").status_code == 404

    def test_of_oneself_are_not_ended_here(self, world: World) -> None:
        sara = world.client("sara")
        assert sara.post(f"/security/people/{world.people['sara']}/sessions/end").status_code == 409


class TestFactors:
    def test_are_reset_by_the_security_administrator_only(self, world: World) -> None:
        enrol(world, "adam")
        person = world.people["adam"]
        assert world.client("cora").post(f"/security/people/{person}/factor/reset").status_code == 403
        assert world.client("sara").post(f"/security/people/{person}/factor/reset").status_code == 302
        with world.as_("adam") as scope:
            assert operations.current_code(scope, person_id=person, keys=KEYS) is None


class TestTokens:
    def test_of_all_are_listed_and_revoked(self, world: World) -> None:
        with world.as_("tom") as scope:
            made = operations.create_token(scope, name="数据交换平台", scopes=["read"], days=30, factor=False)
        sara = world.client("sara")
        assert "数据交换平台" in sara.get("/security").text
        assert world.client("adam").post(f"/security/tokens/{made.row.id}/revoke").status_code == 403
        assert sara.post(f"/security/tokens/{made.row.id}/revoke").status_code == 302
        with world.as_("tom") as scope:
            assert scope.session.get(ApiToken, (world.tenant.id, made.row.id)).revoked_at == world.now


class TestPolicy:
    def test_is_chosen_by_the_security_administrator(self, world: World) -> None:
        assert world.client("adam").get("/security").status_code == 403
        assert world.client("adam").post("/security/policy", data={"password_policy": "asvs"}).status_code == 403
        sara = world.client("sara")
        assert sara.post("/security/policy", data={"password_policy": "asvs"}).status_code == 302
        with world.as_("vera") as scope:
            operations.set_password(
                scope, person=operations.get_person(scope, scope.person_id), password="plumtreeriverstone", must_change=False
            )
