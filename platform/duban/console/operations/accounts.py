"""Operators' own accounts: making them, signing in with two factors, passwords."""

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select, update

from duban.console.desk import CONSOLE, Desk, Hand, at_desk
from duban.console.errors import CodeRefusedError, OperatorExistsError, OperatorLockedError, OperatorRefusedError
from duban.console.factors import accepted_step, new_secret
from duban.console.models import Operator, OperatorSession
from duban.console.operations import guesses
from duban.console.queries import password_hash_of
from duban.console.rules import password_complaints
from duban.console.states import SLIP_LIVES
from duban.identity.errors import WeakPasswordError, WrongPasswordError
from duban.identity.passwords import hash_password, matches, one_time_password
from duban.identity.queries import token_digest
from duban.identity.sealing import SCHEME, is_newest, seal, unseal
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError
from duban.kernel.ids import new_id
from duban.kernel.scope import open_session
from duban.kernel.text import N_, Text

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}", re.ASCII)


@dataclass(frozen=True)
class OperatorSlip:
    """What a new operator is handed: shown once, kept nowhere."""

    login: str
    password: str
    ends_at: datetime


@dataclass(frozen=True)
class Arrival:
    """
    What somebody brings to the operator's door.

    `device` is what their browser calls itself, `known_device` the number of one this operator has signed in from before.
    """

    login: str
    password: str = field(repr=False)
    code: str = field(default="", repr=False)
    address: str = ""
    device: str = ""
    known_device: str | None = None


def create_operator(desk: Desk, *, login: str, name: str) -> OperatorSlip:
    """
    Make an operator with a first-time password that must be changed and ends after some days.

    Raises: InvalidInputError, OperatorExistsError. Costs: one password hash.
    """
    login, name = login.strip().lower(), name.strip()
    if not _LOGIN.fullmatch(login) or not name:
        raise InvalidInputError(fields={"login": [Text(N_("登录名用小写字母、数字、点和横线，2 至 40 位；姓名不能为空。"))]})
    if desk.session.scalars(select(Operator.id).where(Operator.login == login)).first() is not None:
        raise OperatorExistsError(login)
    password, ends_at = one_time_password(), desk.now + SLIP_LIVES
    operator = Operator(
        id=new_id(), login=login, name=name, password_hash=hash_password(password), slip_ends_at=ends_at, created_at=desk.now
    )
    desk.session.add(operator)
    desk.record("operator.created", "operator", operator.id, login=login, name=name)
    return OperatorSlip(login=login, password=password, ends_at=ends_at)


def _sealed(operator_id: UUID, secret: str, keys: Sequence[str]) -> str:
    return seal(base64.b32decode(secret), owner=f"operator.{operator_id.hex}", keys=keys)


def secret_of(operator: Operator, *, keys: Sequence[str]) -> str:
    """
    Give an operator's secret as an app takes it (base 32), empty for none.

    A row from before secrets were sealed is read as it is; `rewrap_factors`, or the next sign-in, seals it.
    Raises: SealBrokenError.
    """
    if not operator.totp_secret.startswith(f"{SCHEME}$"):
        return operator.totp_secret
    return base64.b32encode(unseal(operator.totp_secret, owner=f"operator.{operator.id.hex}", keys=keys)).decode()


def rewrap_factors(desk: Desk, *, keys: Sequence[str], login: str | None = None) -> int:
    """Seal every operator's secret, or one's, under the newest key. Gives: how many were not. Raises: SealBrokenError."""
    moved, statement = 0, select(Operator).where(Operator.totp_secret != "")
    if login is not None:
        statement = statement.where(Operator.login == login)
    for operator in desk.session.scalars(statement.with_for_update()):
        if not is_newest(operator.totp_secret, keys):
            operator.totp_secret = _sealed(operator.id, secret_of(operator, keys=keys), keys)
            moved += 1
    return moved


def ensure_demo_operator(desk: Desk, *, login: str, name: str, password: str, totp_secret: str, keys: Sequence[str]) -> None:
    """Have the operator of a demo, whose password and second factor are no secret."""
    if desk.session.scalars(select(Operator.id).where(Operator.login == login)).first() is not None:
        return
    operator_id = new_id()
    operator = Operator(
        id=operator_id,
        login=login,
        name=name,
        demo=True,
        must_change=False,
        password_hash=hash_password(password),
        totp_secret=_sealed(operator_id, totp_secret, keys),
        totp_confirmed_at=desk.now,
        created_at=desk.now,
    )
    desk.session.add(operator)
    desk.record("operator.created", "operator", operator.id, login=login, name=name, demo=True)


def stop_operator(desk: Desk, *, login: str) -> None:
    """Let an operator in no more; all their sessions end. Raises: NotFoundError."""
    operator = _by_login(desk, login)
    if operator is None:
        raise NotFoundError
    operator.active = False
    end_sessions(desk, operator.id)
    desk.record("operator.stopped", "operator", operator.id, login=operator.login)


def _by_login(desk: Desk, login: str) -> Operator | None:
    return desk.session.scalars(select(Operator).where(Operator.login == login.strip().lower()).with_for_update()).one_or_none()


def enter(engine: Engine, arrival: Arrival, *, keys: Sequence[str], now: datetime) -> str | AnticipatedError:
    """
    Come through the operator's door: counted, looked at, settled, each in a transaction of its own.

    Whoever has no second factor yet gets a session that opens nothing but its set-up.
    Gives: a fresh session token, or the error to show, the same whether there is such an operator or not.
    """
    guess = guesses.at_door(login=arrival.login, address=arrival.address, device=arrival.known_device)
    try:
        guesses.reserve(engine, guess, now=now)
    except OperatorLockedError as error:
        return error
    with open_session(engine, CONSOLE) as session:
        kept = password_hash_of(session, arrival.login)
    fits = matches(kept, arrival.password)  # no connection is held meanwhile
    with at_desk(engine, hand=Hand(id=None, name=arrival.login[:40]), now=now) as desk:
        outcome = _sign_in(desk, arrival, kept=kept, fits=fits, keys=keys)
    guesses.settle(engine, guess, right=isinstance(outcome, str), now=now, known=kept is not None)
    return outcome


def _sign_in(desk: Desk, arrival: Arrival, *, kept: str | None, fits: bool, keys: Sequence[str]) -> str | AnticipatedError:
    """Look at a try under the account's row lock, so that a code is used once. `fits`: the password to the hash `kept`."""
    operator = _by_login(desk, arrival.login)
    if operator is None or not operator.active:
        return OperatorRefusedError()
    step = _step(desk, operator, arrival.code, keys)
    if operator.password_hash != kept:  # changed meanwhile: what was checked is not what holds
        fits = False
    if not fits or step is None or _slip_is_over(desk, operator):
        desk.record("session.refused", "operator", operator.id, login=operator.login, address=arrival.address)
        return OperatorRefusedError()
    operator.totp_step = step
    if operator.totp_secret and not is_newest(operator.totp_secret, keys):
        operator.totp_secret = _sealed(operator.id, secret_of(operator, keys=keys), keys)
    return _start_session(desk, operator, address=arrival.address, device=arrival.device)


def _step(desk: Desk, operator: Operator, code: str, keys: Sequence[str]) -> int | None:
    if operator.totp_confirmed_at is None:
        return operator.totp_step
    return accepted_step(secret_of(operator, keys=keys), code, now=desk.now, after=operator.totp_step)


def _slip_is_over(desk: Desk, operator: Operator) -> bool:
    return operator.slip_ends_at is not None and operator.slip_ends_at <= desk.now


def _start_session(desk: Desk, operator: Operator, *, address: str, device: str) -> str:
    token = secrets.token_urlsafe(32)
    desk.session.add(
        OperatorSession(
            id=new_id(),
            operator_id=operator.id,
            token_digest=token_digest(token),
            started_at=desk.now,
            seen_at=desk.now,
            proved_at=desk.now if operator.totp_confirmed_at else None,
            address=address[:100],
            device=device[:200],
        )
    )
    desk.record("session.started", "operator", operator.id, login=operator.login, address=address)
    return token


def sign_out(desk: Desk, *, session_id: UUID) -> None:
    """End a session, on every worker at once."""
    session = desk.session.get_one(OperatorSession, session_id, with_for_update=True)
    session.ended_at = desk.now
    desk.record("session.ended", "operator", session.operator_id)


def touch_session(desk: Desk, *, session_id: UUID) -> None:
    """Note that a session is in use; no act of a person."""
    desk.session.execute(
        update(OperatorSession)
        .where(OperatorSession.id == session_id, OperatorSession.ended_at.is_(None))
        .values(seen_at=desk.now)
    )


def end_sessions(desk: Desk, operator_id: UUID, *, but: UUID | None = None) -> None:
    """End all sessions of an operator, save one."""
    statement = update(OperatorSession).where(OperatorSession.operator_id == operator_id, OperatorSession.ended_at.is_(None))
    if but is not None:
        statement = statement.where(OperatorSession.id != but)
    desk.session.execute(statement.values(ended_at=desk.now))


def _own(desk: Desk) -> Operator:
    if desk.hand.id is None:
        raise NotFoundError
    return desk.session.get_one(Operator, desk.hand.id, with_for_update=True, populate_existing=True)


def change_password(desk: Desk, *, old: str, new: str, session_id: UUID) -> None:
    """
    Change one's own password; all other sessions end. Wrong old ones are counted, and after some of them no more is looked at.

    Raises: OperatorLockedError, WrongPasswordError, WeakPasswordError.
    """
    operator, engine = _own(desk), desk.session.get_bind().engine
    guess = guesses.with_old_password(operator.id, login=operator.login)
    guesses.reserve(engine, guess, now=desk.now)
    right = matches(operator.password_hash, old)
    guesses.settle(engine, guess, right=right, now=desk.now)
    if not right:
        raise WrongPasswordError
    wrong = password_complaints(new, login=operator.login, name=operator.name)
    if not wrong and new == old:
        wrong = [Text(N_("新密码不能与原密码相同。"))]
    if wrong:
        raise WeakPasswordError(wrong)
    operator.password_hash, operator.must_change, operator.slip_ends_at = hash_password(new), False, None
    end_sessions(desk, operator.id, but=session_id)
    desk.record("operator.password-set", "operator", operator.id)


def begin_factor(desk: Desk, *, keys: Sequence[str]) -> str:
    """Give the secret to set up the second factor with: the same one until it is confirmed."""
    operator = _own(desk)
    if operator.totp_confirmed_at is not None:
        raise NotFoundError
    secret = secret_of(operator, keys=keys) or new_secret()
    operator.totp_secret = _sealed(operator.id, secret, keys)
    return secret


def confirm_factor(desk: Desk, *, code: str, session_id: UUID, keys: Sequence[str]) -> None:
    """
    Take the second factor into use by its first code; this session counts as proved.

    Raises: CodeRefusedError; NotFoundError where there is a confirmed one.
    """
    operator = _own(desk)
    if operator.totp_confirmed_at is not None:
        raise NotFoundError
    step = accepted_step(secret_of(operator, keys=keys), code, now=desk.now, after=operator.totp_step)
    if step is None:
        raise CodeRefusedError
    operator.totp_step, operator.totp_confirmed_at = step, desk.now
    session = desk.session.get_one(OperatorSession, session_id, with_for_update=True)
    session.proved_at = desk.now
    end_sessions(desk, operator.id, but=session_id)
    desk.record("operator.factor-set", "operator", operator.id)
