"""
Doing an operator's act once although it is asked twice: what was done under a key stands in the operators' record, in the
transaction of its effect, and is led back to. A first administrator's password is derived from the key and kept nowhere.
"""

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TypeVar

from sqlalchemy import select

from duban.console.desk import Hand
from duban.console.door import hand, reading
from duban.console.models import OperatorAct
from duban.identity.passwords import password_from
from duban.kernel.errors import AnticipatedError
from duban.web.form_numbers import form_key
from duban.web.replies import KEPT, KeyReusedError, ShownOnceError, request_digest, sent_key
from duban.web.requests import runtime

Answer = TypeVar("Answer")
SLIP_SHOWN = timedelta(minutes=30)
"""How long the slip may be asked for again by the same press of the same operator."""


def pressing() -> Hand:
    """Give the operator of this request together with the key it was asked under, if any. Raises: InvalidInputError."""
    key = sent_key()
    number = None if key is not None else form_key()
    if number is not None:
        key = f"{number}:{request_digest(number)}"
    if key is None:
        return hand()
    known = hand()
    return replace(known, key=sha256(f"{known.id}:{key}".encode()).hexdigest(), asked=request_digest(key))


def done_once(act: Callable[[Hand], Answer], again: Callable[[OperatorAct], Answer]) -> Answer:
    """
    Do an act, or answer for what was done under the same key within 48 hours.

    Takes:  `again` gives the answer anew from what was recorded.
    Raises: KeyReusedError for another request under the key, and whatever the act raises.
    """
    who = pressing()
    done = _done(who)
    if done is not None:
        return again(done)
    try:
        return act(who)
    except AnticipatedError:
        done = _done(who)  # the other press was first
        if done is None:
            raise
        return again(done)


def _done(who: Hand) -> OperatorAct | None:
    if not who.key:
        return None
    wanted = (
        OperatorAct.operator_id == who.id,
        OperatorAct.details["key"].astext == who.key,
        OperatorAct.at >= runtime().clock.now() - KEPT,
    )
    with reading() as session:
        found = session.scalars(select(OperatorAct).where(*wanted).order_by(OperatorAct.seq).limit(1)).one_or_none()
        if found is not None:
            session.expunge(found)
    if found is not None and not hmac.compare_digest(str(found.details["asked"]), who.asked):
        raise KeyReusedError
    return found


def first_password(who: Hand) -> str | None:
    """Give the one-time password that belongs to this press, None where it came without a key."""
    if not who.key:
        return None
    return password_from(hmac.digest(runtime().settings.secret_keys[0].encode(), f"slip {who.key}".encode(), "sha256"))


def shown_again(done: OperatorAct, who: Hand) -> str:
    """Give the password of a slip whose answer was lost. Raises: ShownOnceError after half an hour."""
    password = first_password(who)
    if password is None or runtime().clock.now() - done.at > SLIP_SHOWN:
        raise ShownOnceError
    return password
