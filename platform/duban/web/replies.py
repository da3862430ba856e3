"""
Doing a thing once although it is asked twice: a lost answer may be asked for again without a second effect.

A POST with `Idempotency-Key` keeps its answer in the transaction of its effect, so either both are there or neither. A
page's form carries the number of its rendering (`once`) for the same: pressing twice leads to where pressing once does.

An answer is shown again only to who still holds what they held when it was given: it is from before today's rights.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from hashlib import sha256
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, delete, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable, tenant_fk
from duban.kernel.errors import InvalidInputError, RuleBrokenError, TooBusyError
from duban.kernel.ids import new_id
from duban.kernel.jobs import Periodic
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.web.requests import has_changed, is_admitted, whole_request

KEPT = timedelta(hours=48)
"""At least a day is promised; a second one costs little and forgives a wrong clock."""
LONGEST_KEY = 200
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
HEADERS = ("ETag", "Location", "Content-Type")
_CHUNK = 256 * 1024
_FILE_ALONE = "upload"
"""What a script sends by itself is sent many times from one rendering (autosave) and no act; but a file that it sends is one."""


class KeptReply(TenantTable, Base):
    """
    The answer to one key of one person. The key itself is not kept, only its digest: it may be all that guards a secret.

    Of an answer with a secret only the fact is kept (status 0).
    """

    __table_args__ = (
        tenant_fk("person_id", "person"),
        UniqueConstraint("tenant_id", "person_id", "key_digest"),
        CheckConstraint("status = 0 OR status BETWEEN 200 AND 399", name="status"),
        Index(None, "tenant_id", "made_at"),
    )

    person_id: Mapped[UUID]
    key_digest: Mapped[str]
    request_digest: Mapped[str]
    status: Mapped[int] = mapped_column(comment="0: no answer is kept")
    headers: Mapped[str] = mapped_column(comment="JSON object")
    body: Mapped[bytes] = mapped_column(LargeBinary)
    rights: Mapped[str | None] = mapped_column(comment="digest of grants and policy; NULL: the answer is not shown again")
    made_at: Mapped[datetime]


class KeyReusedError(InvalidInputError):
    """The same key came with another request."""

    code = "key-reused"

    def __init__(self) -> None:
        super().__init__(N_("这个 Idempotency-Key 已用于另一项请求。请换一个新的。"))


class StillRunningError(TooBusyError):
    """The first request with this key has not ended yet: no refusal, whoever sent it asks again as it is."""

    code = "still-running"

    def __init__(self) -> None:
        super().__init__(N_("同一项请求正在办理，请稍等几秒再试；程序请仍用同一个 Idempotency-Key。"))


class ShownOnceError(RuleBrokenError):
    """The thing was done, but its answer held a secret and was not kept."""

    code = "shown-once"

    def __init__(self) -> None:
        super().__init__(N_("这一步已经办好。其中的一次性口令只显示一次，没有留存；如已丢失，请重新生成口令。"))


class RightsChangedError(RuleBrokenError):
    """The thing was done, but its answer was made for other rights than the asker has today."""

    code = "rights-changed"

    def __init__(self) -> None:
        super().__init__(N_("这一步已经办好。此后您的权限有变化，当时的答复不再显示；请重新打开查看。"))


_RIGHTS = "replies.rights"


def init_replies(app: Flask, rights: Callable[[Scope], str]) -> None:
    """Say how to name what the actor of a scope may do now: two equal names, and an answer made for one is for the other."""
    app.extensions[_RIGHTS] = rights


def _rights_now(scope: Scope) -> str:
    """Name what the actor holds as the database has it at this moment, whatever this work has read before."""
    return cast("Callable[[Scope], str]", current_app.extensions[_RIGHTS])(replace(scope, memo={}))


def sent_key() -> str | None:
    """Give the request's key. Raises: InvalidInputError for one that is none."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise InvalidInputError(fields={"Idempotency-Key": [Text(N_("应为 1 至 %(most)s 个 ASCII 字符"), {"most": LONGEST_KEY})]})
    return key


def request_digest(key: str) -> str:
    """
    Give a digest of what is asked: method, address, condition and body, whatever way the body was packed.

    Takes: the key, without which nobody can guess a password from the digest. Of a form, its protection is no content.
    """
    found = hmac.new(key.encode(), digestmod=sha256)
    for part in (request.method, request.full_path, request.headers.get("If-Match", "")):
        found.update(f"{len(part)}:{part}".encode("utf-8", "surrogatepass"))
    if request.mimetype in _FORMS:
        typed = sorted((name, value) for name, value in request.form.items(multi=True) if name != "csrf_token")
        found.update(json.dumps(typed).encode())
        for name, sent in sorted(request.files.items(multi=True)):
            found.update(json.dumps([name, sent.filename]).encode())
            while chunk := sent.stream.read(_CHUNK):
                found.update(chunk)
            sent.stream.seek(0)
    else:
        found.update(request.get_data(cache=True))
    return found.hexdigest()


def key_digest(scope: Scope, key: str) -> str:
    """Give what is kept of a key."""
    return sha256(f"{scope.tenant_id}:{scope.person_id}:{key}".encode()).hexdigest()


def _claim(scope: Scope, digest: str) -> KeptReply | None:
    """
    Wait for whoever does the same right now, then give what was kept, if anything.

    Raises: StillRunningError after the wait for locks. Costs: one advisory lock until the end of the work.
    """
    try:
        scope.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(digest, 1))))
    except OperationalError as error:
        if type(error.orig).__name__ == "LockNotAvailable":
            raise StillRunningError from error
        raise
    statement = owned(scope, KeptReply).where(KeptReply.person_id == scope.person_id, KeptReply.key_digest == digest)
    return scope.session.scalars(statement).one_or_none()


def _keep(scope: Scope, digest: str, asked: str, response: Response | None, rights: str | None) -> None:
    headers = {name: response.headers[name] for name in HEADERS if name in response.headers} if response else {}
    scope.add(
        KeptReply(
            id=new_id(),
            person_id=scope.person_id,
            key_digest=digest,
            request_digest=asked,
            status=response.status_code if response else 0,
            headers=json.dumps(headers),
            body=response.get_data() if response else b"",
            rights=rights,
            made_at=scope.now,
        )
    )
    scope.session.flush()


def _again(scope: Scope, kept: KeptReply, asked: str) -> Response:
    if not hmac.compare_digest(kept.request_digest, asked):
        raise KeyReusedError
    if kept.status == 0:
        raise ShownOnceError
    # Where a page leads says nothing: what is there is asked for anew.
    if kept.status < HTTPStatus.MULTIPLE_CHOICES and kept.rights != _rights_now(scope):
        raise RightsChangedError
    response = Response(kept.body, status=kept.status)
    response.headers.update(json.loads(kept.headers))
    response.headers["Idempotency-Replayed"] = "true"
    return response


def answered_once(key: str, view: Callable[[], ResponseReturnValue], *, secret: bool = False, is_page: bool = False) -> Response:
    """
    Answer the request of a signed-in person by its view, or with the answer kept from the first time.

    Takes:  `secret` for an answer that must not be kept; of a page only where it leads is kept, never what it shows.
    Raises: KeyReusedError, StillRunningError, ShownOnceError, RightsChangedError; what the view raises: no refusal is kept.
    """
    with whole_request() as scope:
        digest, asked = key_digest(scope, key), request_digest(key)
        kept = _claim(scope, digest)
        if kept is not None:
            return _again(scope, kept, asked)
        rights = None if is_page or secret else _rights_now(scope)  # before the view: what is taken away meanwhile counts
        response = current_app.make_response(cast("Response", view()))
        # What changed nothing may be asked for again, and has to be: a form shown again with its mistakes, a preview.
        if response.status_code < HTTPStatus.BAD_REQUEST and has_changed():
            _keep(scope, digest, asked, None if secret or (is_page and not response.location) else response, rights)
    return response


def pressed_once(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """
    Wrap a page's view: a form sent twice from one rendering takes effect once, and both senders are led on.

    Sent again with other content it is another act: somebody went back, changed it and means it.
    """

    @wraps(view)
    def pressed(*args: Any, **values: Any) -> ResponseReturnValue:
        number = sent_number() if is_admitted() else None
        if number is None:
            return view(*args, **values)
        key = f"{number}:{request_digest(number)}"
        return answered_once(key, lambda: view(*args, **values), is_page=_asked_how() is None)

    return pressed


def sent_number() -> str | None:
    """Give the number of the form's rendering, or of the file, where a page's form that carries one was sent."""
    if request.method != "POST" or request.mimetype not in _FORMS or "Idempotency-Key" in request.headers:
        return None
    number = request.form.get("once", "")
    return f"form:{number}" if 0 < len(number) <= LONGEST_KEY and _asked_how() in {None, _FILE_ALONE} else None


def _asked_how() -> str | None:
    return request.headers.get("X-Requested-With")


def sweep(scope: Scope) -> int:
    """Forget answers older than promised. Gives: how many."""
    old = delete(KeptReply).where(KeptReply.tenant_id == scope.tenant_id, KeptReply.made_at < scope.now - KEPT)
    return len(scope.session.scalars(old.returning(KeptReply.id)).all())


PERIODIC = (Periodic("replies.sweep", timedelta(hours=1), sweep),)
