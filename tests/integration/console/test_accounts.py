"""Operators' accounts: two factors, lockout that parallel guesses do not pass, a chain that notices, tables nobody else sees."""

import threading
from datetime import timedelta
from uuid import uuid4

import pyotp
import pytest
from sqlalchemy import Engine, select, text

from duban.console.desk import CONSOLE, Hand, at_desk, verify_acts
from duban.console.errors import CodeRefusedError, OperatorExistsError, OperatorLockedError, OperatorRefusedError
from duban.console.models import Operator, OperatorAct
from duban.console.operations import accounts
from duban.console.queries import find_at_work
from duban.console.rules import ABSOLUTE, FAILURES_ALLOWED, IDLE, SOURCE_FAILURES_ALLOWED
from duban.identity.errors import WeakPasswordError
from duban.identity.sealing import SealBrokenError
from duban.kernel.errors import AnticipatedError
from duban.kernel.scope import open_session
from tests.binding import FACTOR_KEYS
from tests.cast import World

TERMINAL = Hand(None, "terminal")
PASSWORD = "keep-the-lights-on-7"


def enter(engine, now, slip_login, password, code="", *, address="", known_device=None):
    arrival = accounts.Arrival(slip_login, password, code, address or uuid4().hex, "test", known_device)
    return accounts.enter(engine, arrival, keys=FACTOR_KEYS, now=now)


def at_work(engine, token, now):
    with open_session(engine, CONSOLE) as session:
        return find_at_work(session, token=token, now=now)


def new_operator(engine, now):
    with at_desk(engine, hand=TERMINAL, now=now) as desk:
        return accounts.create_operator(desk, login=f"op-{uuid4().hex[:10]}", name="值班员")


def settled(engine, now):
    """An operator who has changed the password and set up the second factor. Gives login, secret and a token."""
    slip = new_operator(engine, now)
    token = enter(engine, now, slip.login, slip.password)
    found = at_work(engine, token, now)
    with at_desk(engine, hand=Hand(found.id, found.name), now=now) as desk:
        accounts.change_password(desk, old=slip.password, new=PASSWORD, session_id=found.session_id)
        secret = accounts.begin_factor(desk, keys=FACTOR_KEYS)
    with at_desk(engine, hand=Hand(found.id, found.name), now=now) as desk:
        accounts.confirm_factor(desk, code=pyotp.TOTP(secret).at(now), session_id=found.session_id, keys=FACTOR_KEYS)
    return slip.login, secret, token


def test_the_first_session_opens_nothing_but_its_set_up(engine: Engine, clock) -> None:
    slip = new_operator(engine, clock.at)
    token = enter(engine, clock.at, slip.login, slip.password)
    assert isinstance(token, str)
    found = at_work(engine, token, clock.at)
    assert (found.must_change, found.is_proved) == (True, False)


def test_a_slip_ends(engine: Engine, clock) -> None:
    slip = new_operator(engine, clock.at)
    assert isinstance(enter(engine, slip.ends_at, slip.login, slip.password), OperatorRefusedError)
    assert isinstance(enter(engine, slip.ends_at - timedelta(seconds=1), slip.login, slip.password), str)


def test_weak_and_short_passwords_are_refused(engine: Engine, clock) -> None:
    slip = new_operator(engine, clock.at)
    found = at_work(engine, enter(engine, clock.at, slip.login, slip.password), clock.at)
    for weak in (
        "short-1",
        "alllowercaseletters",
        f"{slip.login}-1",
        slip.password,
        "Password1234",
        "Anquan-jiandu-2026",
        "20" * 200,
    ):
        with pytest.raises(WeakPasswordError), at_desk(engine, hand=Hand(found.id, ""), now=clock.at) as desk:
            accounts.change_password(desk, old=slip.password, new=weak, session_id=found.session_id)


def test_a_code_opens_the_door_once(engine: Engine, clock) -> None:
    login, secret, _ = settled(engine, clock.at)
    now = clock.at + timedelta(seconds=60)
    code = pyotp.TOTP(secret).at(now)
    assert isinstance(enter(engine, now, login, PASSWORD), OperatorRefusedError)
    assert isinstance(enter(engine, now, login, PASSWORD, code), str)
    assert isinstance(enter(engine, now, login, PASSWORD, code), OperatorRefusedError)
    later = now + timedelta(seconds=30)
    assert isinstance(enter(engine, later, login, PASSWORD, pyotp.TOTP(secret).at(later)), str)
    old = pyotp.TOTP(secret).at(now - timedelta(minutes=5))
    assert isinstance(enter(engine, later, login, PASSWORD, old), OperatorRefusedError)


def test_the_same_code_at_twenty_doors_opens_one(engine: Engine, clock) -> None:
    login, secret, _ = settled(engine, clock.at)
    now = clock.at + timedelta(seconds=60)
    code, outcomes = pyotp.TOTP(secret).at(now), []
    threads = [threading.Thread(target=lambda: outcomes.append(enter(engine, now, login, PASSWORD, code))) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    opened = [one for one in outcomes if isinstance(one, str)]
    print(f"{len(outcomes)} attempts with one code, {len(opened)} opened")
    assert len(opened) == 1


def test_parallel_guesses_do_not_pass_the_lock(engine: Engine, clock) -> None:
    login, secret, _ = settled(engine, clock.at)
    now, outcomes = clock.at + timedelta(seconds=60), []
    threads = [
        threading.Thread(target=lambda n=n: outcomes.append(enter(engine, now, login, f"wrong-password-{n}", "000000")))
        for n in range(20)
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    tried = sum(isinstance(one, OperatorRefusedError) for one in outcomes)
    print(f"{len(outcomes)} guesses side by side, {tried} were looked at")
    assert tried == FAILURES_ALLOWED
    assert isinstance(enter(engine, now, login, PASSWORD, pyotp.TOTP(secret).at(now)), OperatorLockedError)
    free = now + timedelta(minutes=16)
    assert isinstance(enter(engine, free, login, PASSWORD, pyotp.TOTP(secret).at(free)), str)


def test_an_operator_and_nobody_are_answered_alike(engine: Engine, clock) -> None:
    """Otherwise a stranger learns who the operators are."""
    login, _, _ = settled(engine, clock.at)
    now = clock.at + timedelta(seconds=60)
    said = {
        name: [type(enter(engine, now, name, f"wrong-{number}", "000000")).__name__ for number in range(FAILURES_ALLOWED + 2)]
        for name in (login, f"nobody-{uuid4().hex[:8]}")
    }
    print(said)
    first, second = said.values()
    assert first == second
    assert first == ["OperatorRefusedError"] * FAILURES_ALLOWED + ["OperatorLockedError"] * 2


def test_a_stranger_does_not_lock_an_operator_out(engine: Engine, clock) -> None:
    login, secret, _ = settled(engine, clock.at)
    now = clock.at + timedelta(seconds=60)
    for number in range(FAILURES_ALLOWED + 1):
        enter(engine, now, login, f"wrong-{number}", "000000")
    code = pyotp.TOTP(secret).at(now)
    assert isinstance(enter(engine, now, login, PASSWORD, code), OperatorLockedError)
    assert isinstance(enter(engine, now, login, PASSWORD, code, known_device="desk-3"), str)
    for number in range(FAILURES_ALLOWED):  # a stolen browser is stopped like anybody
        enter(engine, now, login, f"wrong-{number}", "000000", known_device="desk-3")
    assert isinstance(enter(engine, now, login, PASSWORD, "000000", known_device="desk-3"), OperatorLockedError)


def test_one_address_does_not_try_all_operators(engine: Engine, clock) -> None:
    said = [
        enter(engine, clock.at, f"nobody-{number}", "wrong", address="192.0.2.7") for number in range(SOURCE_FAILURES_ALLOWED + 1)
    ]
    assert sum(isinstance(one, OperatorRefusedError) for one in said) == SOURCE_FAILURES_ALLOWED
    with open_session(engine, CONSOLE) as session:
        acts = session.scalars(select(OperatorAct).where(OperatorAct.act == "door.locked")).all()
    assert [one.details["by"] for one in acts if one.details["address"] == "192.0.2.7"] == ["source"]


def test_names_made_up_do_not_fill_the_record(engine: Engine, clock) -> None:
    login, _, _ = settled(engine, clock.at)
    nobody, now = f"nobody-{uuid4().hex[:8]}", clock.at + timedelta(seconds=60)
    for name in (nobody, login):
        for number in range(FAILURES_ALLOWED):
            enter(engine, now, name, f"wrong-{number}", "000000")
        assert isinstance(enter(engine, now, name, "wrong", "000000"), OperatorLockedError)
    with open_session(engine, CONSOLE) as session:
        acts = session.scalars(select(OperatorAct).where(OperatorAct.act == "door.locked")).all()
    named = [one.details["login"] for one in acts if one.details["login"] in {nobody, login}]
    assert named == [login]  # the real one's lock is recorded, the control


def test_wrong_old_passwords_are_counted(engine: Engine, clock) -> None:
    login, _, token = settled(engine, clock.at)
    found = at_work(engine, token, clock.at)

    def change(old: str) -> str:
        try:
            with at_desk(engine, hand=Hand(found.id, ""), now=clock.at) as desk:
                accounts.change_password(desk, old=old, new="quiet-river-stone-9", session_id=found.session_id)
        except AnticipatedError as error:
            return type(error).__name__
        return "changed"

    assert [change(f"wrong-{number}") for number in range(FAILURES_ALLOWED)] == ["WrongPasswordError"] * FAILURES_ALLOWED
    assert change(PASSWORD) == "OperatorLockedError"


def test_sessions_end_by_idleness_age_and_being_stopped(engine: Engine, clock) -> None:
    login, _, token = settled(engine, clock.at)
    assert at_work(engine, token, clock.at + IDLE - timedelta(seconds=1)) is not None
    assert at_work(engine, token, clock.at + IDLE) is None
    assert at_work(engine, token, clock.at + ABSOLUTE) is None
    with at_desk(engine, hand=TERMINAL, now=clock.at) as desk:
        accounts.stop_operator(desk, login=login)
    assert at_work(engine, token, clock.at) is None


def test_names_are_taken_once_and_wrong_codes_confirm_nothing(engine: Engine, clock) -> None:
    slip = new_operator(engine, clock.at)
    with pytest.raises(OperatorExistsError), at_desk(engine, hand=TERMINAL, now=clock.at) as desk:
        accounts.create_operator(desk, login=slip.login, name="x")
    found = at_work(engine, enter(engine, clock.at, slip.login, slip.password), clock.at)
    with at_desk(engine, hand=Hand(found.id, ""), now=clock.at) as desk:
        accounts.begin_factor(desk, keys=FACTOR_KEYS)
    with pytest.raises(CodeRefusedError), at_desk(engine, hand=Hand(found.id, ""), now=clock.at) as desk:
        accounts.confirm_factor(desk, code="123", session_id=found.session_id, keys=FACTOR_KEYS)


def test_no_tenant_and_nobody_sees_the_operators_tables(engine: Engine, world: World, clock) -> None:
    new_operator(engine, clock.at)
    tables = (
        "operator",
        "operator_session",
        "operator_act",
        "operator_act_head",
        "operator_order",
        "deletion_certificate",
        "operator_attempt",
    )
    seen = 0
    for bound in (None, world.tenant.id, world.other.id):
        with open_session(engine, bound) as session:
            for table in tables:
                seen += session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
                if table not in {"deletion_certificate", "operator_attempt"}:
                    changed = session.execute(
                        text(f"UPDATE {table} SET id = id" if "act" not in table else "SELECT 1 WHERE false")
                    )
                    seen += changed.rowcount if "act" not in table else 0
    with open_session(engine, CONSOLE) as session:
        own = session.execute(text("SELECT count(*) FROM operator")).scalar_one()
    print(f"{len(tables)} tables × 3 contexts: {seen} rows seen or changed; the console sees {own} operators")
    assert seen == 0
    assert own > 0


def test_a_tenant_cannot_raise_its_own_limits_or_another_s_figures(engine: Engine, world: World) -> None:
    from sqlalchemy.exc import ProgrammingError

    with open_session(engine, world.tenant.id) as session:
        other = {"tenant": world.other.id}
        assert session.execute(text("UPDATE tenant_usage SET people = 0 WHERE tenant_id = :tenant"), other).rowcount == 0
        assert session.execute(text("UPDATE tenant SET name = 'x' WHERE id = :tenant"), other).rowcount == 0
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.execute(
                text("INSERT INTO tenant_quota (tenant_id, people_limit, version) VALUES (:tenant, 9, 1)"),
                {"tenant": world.tenant.id},
            )


def test_a_tenant_reads_its_own_limits_only(engine: Engine, world: World) -> None:
    limits = {"own": world.tenant.id, "other": world.other.id}
    with open_session(engine, CONSOLE) as session, session.begin():
        statement = "INSERT INTO tenant_quota (tenant_id, people_limit, version) VALUES (:own, 900, 1), (:other, 900, 1) ON CONFLICT DO NOTHING"
        session.execute(text(statement), limits)
    found = {}
    for name, bound in (("own", world.tenant.id), ("console", CONSOLE), ("none", None)):
        with open_session(engine, bound) as session:
            asked = "SELECT count(*) FROM tenant_quota WHERE tenant_id IN (:own, :other)"
            found[name] = session.execute(text(asked), limits).scalar_one()
    print(found)
    assert found == {"own": 1, "console": 2, "none": 0}


def test_the_chain_of_acts_notices_a_changed_and_a_missing_act(engine: Engine, owner_engine: Engine, clock) -> None:
    for _ in range(3):
        new_operator(engine, clock.at)
    with open_session(engine, CONSOLE) as session:
        whole = verify_acts(session)
    assert whole.bad_seq is None
    assert whole.acts >= 3
    with open_session(owner_engine, CONSOLE) as session:
        session.execute(text("UPDATE operator_act SET operator_name = 'somebody else' WHERE seq = 2"))
        assert verify_acts(session).bad_seq == 2
        session.rollback()
    with open_session(owner_engine, CONSOLE) as session:
        session.execute(text("DELETE FROM operator_act WHERE seq = (SELECT max(seq) FROM operator_act)"))
        assert verify_acts(session).bad_seq == whole.acts
        session.rollback()
    with open_session(engine, CONSOLE) as session:
        assert verify_acts(session) == whole


def test_a_refused_act_leaves_no_record(engine: Engine, clock) -> None:
    with open_session(engine, CONSOLE) as session:
        before = len(session.scalars(select(OperatorAct.seq)).all())
    with pytest.raises(RuntimeError), at_desk(engine, hand=TERMINAL, now=clock.at) as desk:
        accounts.create_operator(desk, login=f"op-{uuid4().hex[:10]}", name="x")
        raise RuntimeError
    with open_session(engine, CONSOLE) as session:
        assert len(session.scalars(select(OperatorAct.seq)).all()) == before
        assert session.scalars(select(Operator).where(Operator.name == "x")).first() is None


def test_a_secret_is_sealed_and_an_old_row_is_sealed_at_the_next_sign_in(engine, clock) -> None:
    """What is in the table opens nothing; a row from before, or under an older key, is read once more and sealed anew."""
    login, secret, _ = settled(engine, clock.at)

    def kept() -> str:
        with open_session(engine, CONSOLE) as session:
            return session.scalars(select(Operator.totp_secret).where(Operator.login == login)).one()

    assert secret not in kept()
    assert kept().startswith("hs1$")
    with open_session(engine, CONSOLE) as session, session.begin():
        session.execute(text("UPDATE operator SET totp_secret = :plain WHERE login = :login"), {"plain": secret, "login": login})
    later = clock.at + timedelta(minutes=2)
    assert isinstance(enter(engine, later, login, PASSWORD, pyotp.TOTP(secret).at(later)), str)
    assert kept().startswith("hs1$")
    with at_desk(engine, hand=TERMINAL, now=later) as desk:
        accounts.rewrap_factors(desk, keys=("a newer key of the test", *FACTOR_KEYS), login=login)
    with at_desk(engine, hand=TERMINAL, now=later) as desk:
        row = desk.session.scalars(select(Operator).where(Operator.login == login)).one()
        assert accounts.secret_of(row, keys=("a newer key of the test",)) == secret
        with pytest.raises(SealBrokenError):
            accounts.secret_of(row, keys=FACTOR_KEYS)
        accounts.rewrap_factors(desk, keys=(*FACTOR_KEYS, "a newer key of the test"), login=login)
