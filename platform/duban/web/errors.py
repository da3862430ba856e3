"""The only place where a failure's meaning becomes a status, a page or a problem document."""

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from jinja2 import TemplateNotFound
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import ClientDisconnected, HTTPException, SecurityError

from duban.kernel.errors import (
    AnticipatedError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RuleBrokenError,
    StaleError,
    TooBusyError,
)
from duban.kernel.ids import new_id
from duban.kernel.logs import get_logger
from duban.kernel.text import N_, Authored, Text
from duban.web.addresses import page_above, page_behind
from duban.web.i18n import current_language
from duban.web.request_logs import short_path

log = get_logger(__name__)

RETRY_AFTER_SECONDS = 5
BUSY_SECONDS = 3

_STATUSES: tuple[tuple[type[AnticipatedError], int], ...] = (
    (NotFoundError, 404),
    (NotAllowedError, 403),
    (StaleError, 412),
    (InvalidInputError, 422),
    (TooBusyError, 503),
    (RuleBrokenError, 409),
    (AnticipatedError, 400),
)

_HTTP_TEXTS = {
    400: N_("请求不完整或已损坏。请返回上一页重试。"),
    408: N_("没有传完就断开了，什么也没有保存。您填写的内容还在上一页，请返回后重试。"),
    401: N_("请先登录。"),
    403: N_("您没有办理这一步的权限。请联系本单位管理员。"),
    404: N_("没有找到这个页面，或您无权查看。请从工作台重新进入。"),
    405: N_("这个地址不能这样使用。请从工作台重新进入。"),
    413: N_("提交的内容太大。请减小文件后重试。"),
    415: N_("不支持这种内容格式。"),
    428: N_("请求缺少 If-Match。请先读取这条记录，并带上它的 ETag。"),
    429: N_("操作太频繁。请稍等一会儿再试。"),
    500: N_("系统出了问题，您的操作没有保存。请稍后重试；如果一直这样，请把编号告诉管理员。"),
    503: N_("系统正忙，暂时无法办理。请稍后重试。"),
}


def translate(text: Text) -> str:
    """Put a text into the reader's language; texts among its values first, an author's own words as they wrote them."""
    if isinstance(text, Authored):
        return (text.english if current_language() == "en" else "") or text.template
    values = {key: translate(value) if isinstance(value, Text) else value for key, value in text.params.items()}
    return str(gettext(text.template, **values))


def status_of(error: AnticipatedError) -> int:
    """Give the HTTP status of a meaning."""
    return next(status for kind, status in _STATUSES if isinstance(error, kind))


def wants_json() -> bool:
    """Say whether a program asks: by address, or by what it accepts."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return request.path.startswith("/api/") or best == "application/json"


def problem(status: int, code: str, title: str, **more: Any) -> Response:
    """Build a problem document (RFC 9457). What was sent may be quoted in it, and be no text that can be sent back."""
    content = {"type": f"urn:duban:problem:{code}", "status": status, "code": code, "title": title} | more
    text = current_app.json.dumps(content).encode("utf-8", "replace")
    return Response(text, status=status, mimetype="application/problem+json")


def _page(status: int, message: str, code: str, number: str | None = None) -> ResponseReturnValue:
    said = {"message": message, "code": code, "status": status, "request_id": number}
    try:
        return render_template(f"errors/{status}.html", **said), status
    except TemplateNotFound:
        return render_template("errors/error.html", **said), status


def _anticipated(error: AnticipatedError) -> ResponseReturnValue:
    status, message = status_of(error), translate(error.text)
    log.info("refused", code=error.code, status=status, method=request.method, path=short_path())
    if wants_json():
        fields = getattr(error, "fields", {})
        errors = {name: [translate(item) for item in texts] for name, texts in fields.items()}
        return refused(problem(status, error.code, message, errors=errors), error)
    return refused(_page(status, message, error.code), error)


def refused(answer: ResponseReturnValue, error: AnticipatedError) -> Response:
    """Give the answer to a refusal the status of its meaning; where the trouble passes by itself, say when to come back."""
    response = make_response(answer)
    response.status_code = status_of(error)
    if isinstance(error, TooBusyError):
        response.headers["Retry-After"] = str(BUSY_SECONDS)
    return response


def _http(error: HTTPException) -> ResponseReturnValue:
    # what was cut off on its way may be sent again just so: no mistake of the sender's, and the outbox does it by itself
    status = HTTPStatus.REQUEST_TIMEOUT if isinstance(error, ClientDisconnected) else error.code or 500
    if status < 400 or error.response is not None:  # noqa: PLR2004 - redirects are exceptions too
        return error
    if isinstance(error, SecurityError):
        return problem(status, f"http-{status}", _HTTP_TEXTS[400])  # a host that is not ours: no page's address can be built
    if status == HTTPStatus.METHOD_NOT_ALLOWED and request.method == "GET" and not wants_json():
        # A form shown again stands at the address it was sent to; reloading it or switching the language lands here.
        query = request.query_string.decode("ascii", "ignore")
        return redirect(page_above(request.path) + (f"?{query}" if query else ""))
    message = gettext(_HTTP_TEXTS.get(status, _HTTP_TEXTS[400]))
    if isinstance(error, CSRFError):
        message = gettext(N_("页面停留太久，安全校验已失效。您的输入还在上一页：请返回、刷新后再提交。"))
    if wants_json():
        details = getattr(error, "data", None) or {}
        answer = make_response(problem(status, f"http-{status}", message, errors=details.get("messages", {})))
    else:
        try:
            answer = make_response(_page(status, message, f"http-{status}"))
        except (DBAPIError, PoolTimeoutError) as away:  # the frame of a page asks who reads it
            return answer_unavailable(away)
    for name, value in error.get_headers():  # e.g. Allow, Retry-After
        if name not in {"Content-Type", "Content-Length"}:
            answer.headers[name] = value
    return answer


def _database(error: DBAPIError) -> ResponseReturnValue:
    """A value the database cannot hold (e.g. a NUL) is the sender's; a lost connection is ours and passes."""
    if type(error.orig).__name__ in {"DataError", "NumericValueOutOfRange", "UntranslatableCharacter"}:
        return _anticipated(InvalidInputError(N_("内容里有系统无法保存的字符或数值。请检查后重试。")))
    if error.connection_invalidated or isinstance(error, OperationalError):
        return answer_unavailable(error)
    return answer_defect(error)


def answer_unavailable(error: Exception) -> ResponseReturnValue:
    """
    The database is away, restarting, locked for too long, or every connection is lent out: it passes by itself.

    The page is that of a stranger, for a signed-in person's frame would ask the database again.
    """
    number = new_id().hex[-8:]
    log.error("database unavailable", number=number, path=short_path(), reason=str(getattr(error, "orig", error)))
    for name in ("actor", "tenant", "read_scope"):
        g.pop(name, None)
    g._login_user = AnonymousUserMixin()  # noqa: SLF001 - else Flask-Login looks for the session once more, and fails again
    response = make_response(_defect(503, number))
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def answer_defect(error: Exception) -> ResponseReturnValue:
    """Log a defect and answer it, under one number."""
    number = new_id().hex[-8:]
    log.error("defect", number=number, path=short_path(), method=request.method, exc_info=error)
    return _defect(500, number)


def _defect(status: int, number: str) -> ResponseReturnValue:
    """Answer with the number that finds the line in the log again: the page asks the reader to pass it on."""
    message, code = gettext(_HTTP_TEXTS[status]), f"http-{status}"
    return problem(status, code, message, number=number) if wants_json() else _page(status, message, code, number)


def init_errors(app: Flask) -> None:
    """Answer every failure with a page or a problem document in the reader's language."""
    app.register_error_handler(AnticipatedError, _anticipated)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeoutError, answer_unavailable)
    if not app.config.get("PROPAGATE_DEFECTS"):
        app.register_error_handler(Exception, answer_defect)
    app.jinja_env.globals["tr"] = translate
    app.jinja_env.globals["page_behind"] = page_behind
