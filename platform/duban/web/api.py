"""
The frame of the JSON API under /api/v1: one OpenAPI document, one shape of errors, pages, versions.

A feature's `api.py` makes `blp = ApiBlueprint("things", __name__, url_prefix="/api/v1/things")` and describes each
operation with `@blp.arguments(Schema)`, `@blp.response(200, Schema)` and a docstring; `app` registers it.

Without a word from the feature every POST takes an Idempotency-Key, and every change of something that is there (PUT,
PATCH, DELETE, POST under a path with an id) needs If-Match: the operation calls `compare(...)` under the lock, or hands
`expected_version()` on; `@blp.unconditional("why")` is the exception. What can be changed is read with `headers=ETAG`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Blueprint, Flask, Request, Response, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from typing_extensions import override
from webargs import flaskparser

from duban.kernel.errors import InvalidInputError
from duban.kernel.paging import LONGEST_PAGE, PAGE, Page
from duban.kernel.text import N_, Text
from duban.web.replies import LONGEST_KEY, answered_once, sent_key
from duban.web.requests import is_admitted
from duban.web.versions import compare, compare_row, expected_version, tag_of, tagged, was_compared

__all__ = ("compare", "compare_row", "expected_version", "tag_of", "tagged")
"""From `duban.web.versions`: every feature's door for programs needs both."""

View = TypeVar("View", bound=Callable[..., Any])
TITLE = "Duban API"
PREFIX = "/api/v1"
_CHANGING = frozenset({"PUT", "PATCH", "DELETE"})
ETAG: dict[str, Any] = {
    "ETag": {"required": True, "schema": {"type": "string"}, "description": "Send it back as If-Match with a change."}
}

MESSAGES: dict[str, str] = {
    "Missing data for required field.": N_("缺少这一项"),
    "Field may not be null.": N_("这一项不能为空值"),
    "Unknown field.": N_("没有这一项"),
    "Invalid value.": N_("值无效"),
    "Invalid type.": N_("类型不对"),
    "Invalid input type.": N_("请求正文应为 JSON 对象"),
    "Not a valid string.": N_("应为文字"),
    "Not a valid utf-8 string.": N_("应为文字"),
    "Not a valid integer.": N_("应为整数"),
    "Not a valid number.": N_("应为数字"),
    "Not a valid boolean.": N_("应为 true 或 false"),
    "Not a valid date.": N_("应为日期，例如 2026-06-28"),
    "Not a valid datetime.": N_("应为带时区的时间"),
    "Not a valid UUID.": N_("应为编号（UUID）"),
    "Not a valid list.": N_("应为列表"),
    "Special numeric values (nan or infinity) are not permitted.": N_("应为数字"),
}
"""What marshmallow says, as people here say it; anything else passes as it is."""

BOUNDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"Must be greater than or equal to (?P<least>\S+) and less than or equal to (?P<most>\S+)\."),
        N_("应在 %(least)s 至 %(most)s 之间"),
    ),
    (re.compile(r"Length must be between (?P<least>\d+) and (?P<most>\d+)\."), N_("长度应在 %(least)s 至 %(most)s 之间")),
    (re.compile(r"Longer than maximum length (?P<most>\d+)\."), N_("长度最多 %(most)s")),
    (re.compile(r"Shorter than minimum length (?P<least>\d+)\."), N_("长度至少 %(least)s")),
    (re.compile(r"Must be one of: (?P<choices>.+)\."), N_("应为其中之一：%(choices)s")),
)
"""The same for what it says with values."""


class ProblemSchema(Schema):
    """A refusal (RFC 9457)."""

    type = fields.String(required=True, metadata={"example": "urn:duban:problem:invalid-input"})
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; programs may act on it."})
    title = fields.String(required=True, metadata={"description": "In the reader's language."})
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), metadata={"description": "Per field."})


class CleanString(fields.String):
    """Text that can be stored: no NUL, no lone surrogates."""

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise ValidationError(N_("含有无法保存的字符，请删除后重新输入"))
        return text


class InputSchema(Schema):
    """What comes in: a key nobody asked for is refused; so are 1.9 for an integer and "yes" for a truth value."""

    class Meta:
        unknown = RAISE

    TYPE_MAPPING = Schema.TYPE_MAPPING | {str: CleanString}


class PageArgs(InputSchema):
    """The query of every list. Subclass it to add filters."""

    after = CleanString(load_default=None, metadata={"description": "The `next` of the page before."})
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LONGEST_PAGE))


class NoContent(Schema):
    """Nothing."""


def paged(item: type[Schema]) -> type[Schema]:
    """Give the schema of a page of these items."""
    parts: dict[str, fields.Field[Any]] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(allow_none=True),
    }
    page = Schema.from_dict(parts, name=f"{item.__name__.removesuffix('Schema')}Page")
    page.__module__ = item.__module__  # its feature is part of its name in the document
    return page


def _schema_name(schema: Any) -> str:
    """Name a schema by its feature, so that two features may both have a Task."""
    found = resolve_schema_cls(schema)
    made = found[0] if isinstance(found, list) else found
    feature = made.__module__.removeprefix("duban.").split(".")[0]
    return f"{feature}.{made.__name__.removesuffix('Schema')}"


def page_body(page: Page[Any], as_item: Callable[[Any], object] = lambda item: item) -> dict[str, object]:
    """Give a page as `paged` describes it."""
    return {"items": [as_item(item) for item in page.items], "next": page.next}


class _Parser(flaskparser.FlaskParser):
    """Reads arguments; refusals become our own errors, so that they look like every other."""

    @override
    def load_json(self, req: Request, schema: Schema) -> Any:
        """Read the body, refusing NaN and Infinity, which are no JSON."""
        if not req.is_json:
            return super().load_json(req, schema)
        try:
            return json.loads(req.get_data(cache=True), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(N_("请求正文不是有效的 JSON。")) from error

    @override
    def handle_error(
        self, error: ValidationError, req: Request, schema: Schema, *, error_status_code: int | None, error_headers: Any
    ) -> Any:
        """Raise ours, with one list of texts per field."""
        _ = (req, schema, error_status_code, error_headers)
        found: dict[str, list[Text]] = {}
        # the outer key is the part of the request: json, query, form
        for part in error.messages.values() if isinstance(error.messages, Mapping) else [error.messages]:
            _collect(part, "", found)
        raise InvalidInputError(fields=found) from error


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _collect(messages: object, place: str, found: dict[str, list[Text]]) -> None:
    """Flatten marshmallow's nested messages to `items.3.title` → texts."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            where = place if key == "_schema" else f"{place}.{key}".strip(".")
            _collect(inner, where, found)
        return
    texts = messages if isinstance(messages, Sequence) and not isinstance(messages, str) else [messages]
    found.setdefault(place or "body", []).extend(_said(str(text)) for text in texts)


def _said(text: str) -> Text:
    """Say a message of marshmallow's as people here say it."""
    for pattern, words in BOUNDS:
        if match := pattern.fullmatch(text):
            return Text(words, match.groupdict())
    # "%" in a foreign message must not be read as a place for a value
    return Text(MESSAGES.get(text, text.replace("%", "%%")))


class _NotComparedError(RuntimeError):
    """A defect: an operation changed something without comparing If-Match with anything."""


@dataclass(frozen=True)
class _Frame:
    """What the frame does around an operation's own code."""

    needs_match: bool
    takes_key: bool
    is_secret: bool
    is_public: bool
    why_unconditional: str

    @classmethod
    def of(cls, view: Callable[..., Any], rule: str, method: str) -> "_Frame":
        why = getattr(view, _UNCONDITIONAL, "")
        security = getattr(view, "_apidoc", {}).get("manual_doc", {}).get("security")
        return cls(
            needs_match=not why and (method in _CHANGING or (method == "POST" and "<" in rule)),
            takes_key=method == "POST" and security != [],
            is_secret=getattr(view, _SHOWN_ONCE, False),
            is_public=security == [],
            why_unconditional=why,
        )

    def around(self, view: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the view: the condition must be there, and the same key gives the same answer."""

        def compared(*args: Any, **values: Any) -> ResponseReturnValue:
            answer: ResponseReturnValue = view(*args, **values)
            if self.needs_match and not was_compared():
                raise _NotComparedError(f"{view.__module__}.{view.__name__}: call compare(...) under the lock")
            return answer

        @wraps(view)
        def framed(*args: Any, **values: Any) -> ResponseReturnValue:
            key = sent_key() if self.takes_key and is_admitted() else None
            if key is None:
                return compared(*args, **values)
            return answered_once(key, lambda: compared(*args, **values), secret=self.is_secret)

        return framed


_UNCONDITIONAL = "_duban_unconditional"
_SHOWN_ONCE = "_duban_shown_once"
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string"},
    "description": "The ETag of what is changed, as it was read.",
}
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
    "description": "A random text of one's own. Sent again with the same request within 48 hours it gives the same answer.",
}


class ApiBlueprint(SmorestBlueprint):  # type: ignore[misc]
    """A feature's operations; every one documents the refusals all share."""

    ARGUMENTS_PARSER = _Parser()

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._prepare_doc_cbks.append(_document_frame)

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Callable[..., Any] | None = None, **options: Any
    ) -> None:
        """Register an operation inside its frame."""
        if view_func is not None:
            (method,) = options.get("methods", ("GET",))
            frame = _Frame.of(view_func, f"{self.url_prefix or ''}{rule}", method)
            framed = frame.around(view_func)
            framed._apidoc = dict(getattr(view_func, "_apidoc", {})) | {"frame": frame}  # type: ignore[attr-defined]  # noqa: SLF001
            endpoint, view_func = endpoint or view_func.__name__, framed
        super().add_url_rule(rule, endpoint, view_func, **options)

    @staticmethod
    def unconditional(why: str) -> Callable[[View], View]:
        """Say why a change needs no If-Match, e.g. because it overwrites nothing."""

        def marked(view: View) -> View:
            setattr(view, _UNCONDITIONAL, why)
            return view

        return marked

    @staticmethod
    def shown_once(view: View) -> View:
        """Say that the answer holds a secret, which is not kept for a repeated key."""
        setattr(view, _SHOWN_ONCE, True)
        return view

    if TYPE_CHECKING:  # flask-smorest has no types; its decorators give back what they were given

        def get(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def post(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def put(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def patch(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def delete(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def arguments(self, schema: Any, *, location: str = "json", **options: Any) -> Callable[[View], View]: ...
        def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[View], View]: ...
        def doc(self, **options: Any) -> Callable[[View], View]: ...


def _document_frame(doc: dict[str, Any], doc_info: Mapping[str, Any], *, method: str, **_: Any) -> dict[str, Any]:
    """Write into the document what the frame asks and which refusals it and the operation can give."""
    frame: _Frame = doc_info["frame"]
    parameters = doc.setdefault("parameters", [])
    statuses = [401] if not frame.is_public else []
    statuses += [403, 404, 422]
    if method != "get":
        statuses += [400, 409, 413]  # 400: a cookie without a form token; 413: too large
    if frame.needs_match:
        parameters.append(_IF_MATCH)
        statuses += [412, 428]
    if frame.takes_key:
        parameters.append(_KEY)
    if frame.why_unconditional:
        doc["x-unconditional"] = frame.why_unconditional
    answers = doc.setdefault("responses", {})
    answers.pop("default", None)
    for status in [*sorted(statuses), "5XX"]:
        answers[status] = "DEFAULT_ERROR"
    return doc


class _DubanApi(Api):  # type: ignore[misc]
    """flask-smorest without its own error pages: `duban.web.errors` answers for the whole site."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        super()._register_responses()
        content = {"application/problem+json": {"schema": self.ERROR_SCHEMA}}
        refusal = {"description": "A refusal: what is wrong and what to do.", "content": content}
        self.spec.components.responses_lazy.pop("DEFAULT_ERROR")
        self.spec.components.response("DEFAULT_ERROR", refusal, lazy=True)

    def _register_redoc_rule(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/docs", endpoint="openapi_page", view_func=self._reference)

    def _reference(self) -> ResponseReturnValue:
        return render_template(
            "api/reference.html", operations=operations(self.spec.to_dict()), schemas=schemas(self.spec.to_dict())
        )

    def _openapi_json(self) -> Response:
        return cast("Response", current_app.json.response(self.spec.to_dict()))


def init_api(app: Flask) -> Api:
    """Set up the API; the caller registers the features' blueprints with what this gives."""
    app.config |= {
        "API_TITLE": TITLE,
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.0.3",
        "OPENAPI_URL_PREFIX": PREFIX,
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {
            "info": {"description": "The same operations as the pages. Changes need the version read before as If-Match."},
            "security": [{"bearer": []}],
        },
    }
    api = _DubanApi(app, spec_kwargs={"marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=_schema_name)})
    api.spec.components.security_scheme(
        "bearer", {"type": "http", "scheme": "bearer", "description": "From POST /api/v1/session"}
    )
    return api


def operations(document: Mapping[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """List the operations of an OpenAPI document by tag, for the reference page."""
    by_tag: dict[str, list[dict[str, Any]]] = {}
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                entry = operation | {
                    "path": path,
                    "method": method.upper(),
                    "parameters": [*item.get("parameters", []), *operation.get("parameters", [])],
                }
                by_tag.setdefault(next(iter(operation.get("tags", [])), ""), []).append(entry)
    return sorted(by_tag.items())


def schemas(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the named schemas of an OpenAPI document."""
    found: Mapping[str, Any] = document.get("components", {}).get("schemas", {})
    return found
