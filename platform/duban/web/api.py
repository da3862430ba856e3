"""
The frame of the JSON API under /api/v1: one OpenAPI document, one shape of errors, pages, versions.

A feature's `api.py` makes `blp = ApiBlueprint("things", __name__, url_prefix="/api/v1/things")` and describes each
operation with `@blp.arguments(Schema)`, `@blp.response(200, Schema)` and a docstring; `app` registers it.

Without a word from the feature every POST takes an Idempotency-Key, and every change of something that is there (PUT,
PATCH, DELETE, POST under a path with an id) needs If-Match: the operation calls `compare(...)` under the lock, or hands
`expected_version()` on; `@blp.unconditional("why")` is the exception. What can be changed is read with `headers=ETAG`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Blueprint, Flask, Response, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint

from duban.kernel.paging import Page
from duban.web.replies import LONGEST_KEY, answered_once, sent_key
from duban.web.requests import is_admitted
from duban.web.schemas import CleanString, Exact, InputSchema, PageArgs, Parser, ProblemSchema, paged
from duban.web.versions import compare, compare_row, expected_version, tag_of, tagged, was_compared

__all__ = (
    "CleanString", "Exact", "InputSchema", "PageArgs", "compare", "compare_row", "expected_version", "paged",
    "tag_of", "tagged",
)  # fmt: skip
"""From `duban.web.schemas` and `duban.web.versions`: every feature's door for programs needs some of them."""

View = TypeVar("View", bound=Callable[..., Any])
TITLE = "Duban API"
PREFIX = "/api/v1"
_CHANGING = frozenset({"PUT", "PATCH", "DELETE"})
ETAG: dict[str, Any] = {
    "ETag": {"required": True, "schema": {"type": "string"}, "description": "Send it back as If-Match with a change."}
}


def _schema_name(schema: Any) -> str:
    """Name a schema by its feature, so that two features may both have a Task."""
    found = resolve_schema_cls(schema)
    made = found[0] if isinstance(found, list) else found
    feature = made.__module__.removeprefix("duban.").split(".")[0]
    return f"{feature}.{made.__name__.removesuffix('Schema')}"


def page_body(page: Page[Any], as_item: Callable[[Any], object] = lambda item: item) -> dict[str, object]:
    """Give a page as `paged` describes it."""
    return {"items": [as_item(item) for item in page.items], "next": page.next}


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
    def of(cls, view: Callable[..., Any], rule: str, method: str, *, takes_keys: bool) -> "_Frame":
        why = getattr(view, _UNCONDITIONAL, "")
        security = getattr(view, "_apidoc", {}).get("manual_doc", {}).get("security")
        return cls(
            needs_match=not why and (method in _CHANGING or (method == "POST" and "<" in rule)),
            takes_key=takes_keys and method == "POST" and security != [],
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
    """
    A feature's operations; every one documents the refusals all share.

    Without `takes_keys` no POST promises to keep its answer: answers are kept with a tenant, and the operator stands outside.
    """

    ARGUMENTS_PARSER = Parser()

    def __init__(self, *args: Any, takes_keys: bool = True, **more: Any) -> None:
        super().__init__(*args, **more)
        self._takes_keys = takes_keys
        self._prepare_doc_cbks.append(_document_frame)

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Callable[..., Any] | None = None, **options: Any
    ) -> None:
        """Register an operation inside its frame."""
        if view_func is not None:
            (method,) = options.get("methods", ("GET",))
            frame = _Frame.of(view_func, f"{self.url_prefix or ''}{rule}", method, takes_keys=self._takes_keys)
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
        # 400: a cookie without a form token; 412: also where versions travel in the body; 413: too large
        statuses += [400, 409, 412, 413]
    if frame.needs_match:
        parameters.append(_IF_MATCH)
        statuses.append(428)
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
