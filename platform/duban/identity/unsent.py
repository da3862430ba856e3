"""
What was typed when a session ended under it: kept for the person it was shown to, and put back into the form after signing
in. Nothing is applied: the person sees it again and presses again. See docs/decisions/0037.
"""

import json
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask, Response, g, render_template, request
from flask_login import current_user
from sqlalchemy import delete, select

from duban.identity.models import Person
from duban.identity.weighty import ASKS_FOR_PASSWORD
from duban.kernel.ids import PersonId, new_id
from duban.kernel.scope import SYSTEM, Scope, open_session, owned, unit_of_work
from duban.tenancy.queries import tenant_by_id
from duban.web.addresses import page_behind
from duban.web.form_numbers import shown_to
from duban.web.forms import is_foreign
from duban.web.refilling import GUARDS, refill
from duban.web.replies import KeptReply
from duban.web.requests import current_scope, is_admitted, runtime

UNSENT = "_unsent"
"""Names in an address the kept form that is to stand in the page."""
KEPT = timedelta(minutes=30)
MOST_BYTES = 512 * 1024
MOST_FORMS = 5
"""Of one person; the oldest goes first."""
_KIND = "unsent form"
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_PROOF = "_proof"


def keep_unsent() -> str | None:
    """
    Keep the form that is being sent by nobody, if it was shown to somebody, and say at which page it will stand again.

    Gives:  None where there is nothing to keep: no form of ours, one of one's own account (passwords, codes), too large.
    Costs:  one transaction.
    """
    whose = shown_to() if _is_page_form() else None
    kept = _packed() if whose else None
    if whose is None or kept is None:
        return None
    with open_session(runtime().engine, None) as session:
        tenant = tenant_by_id(session, whose[0])
    if tenant is None:
        return None
    number = new_id().hex
    with unit_of_work(runtime().engine, tenant=tenant, actor=SYSTEM, now=runtime().clock.now()) as scope:
        # one at a time for each person, so that there are never more than so many
        person = scope.session.scalars(
            owned(scope, Person).where(Person.id == whose[1]).with_for_update(key_share=True)
        ).one_or_none()
        if person is None:
            return None
        _make_room(scope, whose[1])
        scope.add(
            KeptReply(
                id=new_id(),
                person_id=whose[1],
                key_digest=_digest(whose[1], number),
                request_digest=_KIND,
                status=200,
                headers=json.dumps({"files": any(one.filename for one in request.files.values())}),
                body=kept,
                rights=None,
                made_at=scope.now,
            )
        )
    return _with_number(page_behind() or "/", number)


def _is_page_form() -> bool:
    if request.method != "POST" or request.mimetype not in _FORMS or is_foreign():
        return False
    by_script = request.headers.get("X-Requested-With") or request.headers.get("HX-Request")
    return not by_script and request.blueprint not in {None, "identity", "console"}


def _packed() -> bytes | None:
    secret = {_PROOF, *ASKS_FOR_PASSWORD.get(request.endpoint or "", ())}  # never kept anywhere: typed once more
    typed = [pair for pair in request.form.items(multi=True) if pair[0] not in GUARDS | secret]
    packed = json.dumps({"action": request.path, "typed": typed}).encode("utf-8")
    return packed if typed and len(packed) <= MOST_BYTES else None


def _digest(person: PersonId, number: str) -> str:
    return sha256(f"{_KIND}:{person}:{number}".encode()).hexdigest()


def _make_room(scope: Scope, person: PersonId) -> None:
    mine = (KeptReply.tenant_id == scope.tenant_id, KeptReply.person_id == person, KeptReply.request_digest == _KIND)
    newest = select(KeptReply.id).where(*mine).order_by(KeptReply.made_at.desc(), KeptReply.id.desc()).limit(MOST_FORMS - 1)
    scope.session.execute(delete(KeptReply).where(*mine, KeptReply.id.not_in(newest)))


def _with_number(page: str, number: str) -> str:
    split = urlsplit(page)
    query = [pair for pair in parse_qsl(split.query, keep_blank_values=True) if pair[0] != UNSENT]
    return f"{split.path}?{urlencode([*query, (UNSENT, number)])}"


def find_unsent(scope: Scope, number: str) -> KeptReply | None:
    """Give one's own kept form while it is kept; nobody else's."""
    if scope.person_id is None:
        return None
    statement = owned(scope, KeptReply).where(
        KeptReply.person_id == scope.person_id,
        KeptReply.key_digest == _digest(scope.person_id, number),
        KeptReply.made_at >= scope.now - KEPT,
    )
    return scope.session.scalars(statement).one_or_none()


def _put_back(response: Response) -> Response:
    """Put what was kept into the page that is shown to its owner, and say so."""
    number = request.args.get(UNSENT, "") if request.method == "GET" else ""
    if not number or not is_admitted() or g.get("half_through") or not current_user.is_authenticated:
        return response
    if response.location:
        return _lead_on(response, number)
    kept = find_unsent(current_scope(), number) if response.mimetype == "text/html" else None
    if kept is None or response.is_streamed:
        return response
    content = json.loads(kept.body)
    done = refill(response.get_data(as_text=True), path=request.path, action=content["action"], values=content["typed"])
    said = render_template(
        "identity/unsent.html",
        left_over=done.left_over,
        has_moved=done.has_moved,
        had_files=json.loads(kept.headers)["files"],
        is_back=done.found,
    )
    start, mark, rest = done.page.partition('<div id="flashes"')
    response.set_data(start + said + mark + rest)
    return response


def _lead_on(response: Response, number: str) -> Response:
    target = urlsplit(response.location or "")
    if target.netloc in {"", request.host} and response.status_code < 400:  # noqa: PLR2004 - a redirect
        response.location = _with_number(f"{target.path}?{target.query}", number)
    return response


def init_unsent(app: Flask) -> None:
    """Watch for pages asked for together with a kept form."""
    app.after_request(_put_back)
