"""
Who asked, in every log line of a request, and one line for each answer: refusals and defects can be traced to tenant and person.

A line holds ids, never names, and of the address the path only: what somebody searched for, and any token, stands in the query,
the headers or the body, none of which is ever logged. Bound when the request begins, cleared when it ends, since threads serve
one request after the other.
"""

import re
import time

from flask import Flask, Response, current_app, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from duban.kernel.ids import new_id
from duban.kernel.logs import get_logger

log = get_logger(__name__)

ANSWERED = "request answered"
LONGEST_PATH = 200
OURS = re.compile(r"[0-9A-Za-z._-]{8,64}")
HEADER = "X-Request-ID"
_ASKED_ALL_THE_TIME = ("health.", "static")
"""Probes and styles answered well: a line each would bury the rest. Their failures are logged."""


def short_path() -> str:
    """Give the path asked for; what does not fit a line is cut off."""
    return request.path if len(request.path) <= LONGEST_PATH else f"{request.path[:LONGEST_PATH]}…"


def _begin() -> None:
    clear_contextvars()
    g.began = time.perf_counter()
    # The number our proxy gave is taken over, so that its log and ours meet; anything that does not look like one is not.
    said = request.headers.get(HEADER, "") if current_app.config["BEHIND_PROXY"] else ""
    g.request_id = said if OURS.fullmatch(said) else new_id().hex
    bind_contextvars(request=g.request_id, address=request.remote_addr or "")


def bind_person(*, tenant: str, tenant_id: object, person: object) -> None:
    """Say for the rest of this request's lines who asks and where."""
    bind_contextvars(tenant=tenant, tenant_id=str(tenant_id), person=str(person))


def bind_operator(operator_id: object) -> None:
    """Say that an operator of the service asks."""
    bind_contextvars(operator=str(operator_id))


def _tell(response: Response) -> Response:
    response.headers.setdefault(HEADER, g.get("request_id", ""))
    if response.status_code < 400 and (request.endpoint or "").startswith(_ASKED_ALL_THE_TIME):  # noqa: PLR2004 - HTTP's own
        return response
    began = g.get("began")
    log.info(
        ANSWERED,
        method=request.method,
        path=short_path(),
        endpoint=request.endpoint or "",
        status=response.status_code,
        ms=None if began is None else round((time.perf_counter() - began) * 1000),
    )
    return response


def _end(_error: BaseException | None = None) -> None:
    clear_contextvars()


def init_request_logs(app: Flask, *, behind_proxy: bool) -> None:
    """Call it before everything else that runs before a request: what others log then has its request, too."""
    app.config["BEHIND_PROXY"] = behind_proxy
    app.before_request(_begin)
    app.after_request(_tell)  # of these the first one given runs last
    app.teardown_request(_end)
