"""
Shapes of what programs send and get, and how a body is read: refused unless it is exactly what the document says.

JSON has its own truth values, numbers and texts; none is taken for another.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Request
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from typing_extensions import override
from webargs import flaskparser

from duban.kernel.days import EARLIEST_YEAR, LATEST_YEAR
from duban.kernel.errors import InvalidInputError
from duban.kernel.paging import LONGEST_PAGE, PAGE
from duban.kernel.text import N_, Text

OUT_OF_YEARS = "Year out of range."

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
    OUT_OF_YEARS: N_("年份应在 1900 至 2200 之间"),
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
    (re.compile(r"Must be one of: (?P<choices>.{1,2000})\."), N_("应为其中之一：%(choices)s")),
)
"""The same for what it says with values."""


LONGEST_TEXT = 200_000
"""Characters: more than any document people type or paste, less than what would hurt."""


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


class Exact(fields.Decimal):
    """A number as text, so that no digit is lost on the way: "98.50", never 98.5 nor "1e3"."""

    PATTERN = r"^-?[0-9]{1,14}(\.[0-9]{1,6})?$"

    def __init__(self, **more: Any) -> None:
        super().__init__(as_string=True, allow_nan=False, **more)
        self.metadata = {**self.metadata, "type": "string", "pattern": self.PATTERN, "example": "98.5"}

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(self.PATTERN.strip("^$"), value, re.ASCII):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)

    @override
    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else f"{Decimal(value):f}"


def _within_the_years(day: date) -> None:
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise ValidationError(OUT_OF_YEARS)


class InputSchema(Schema):
    """What comes in: a key nobody asked for is refused; so are 1.9 for an integer and "yes" for a truth value."""

    class Meta:
        unknown = RAISE

    TYPE_MAPPING = Schema.TYPE_MAPPING | {str: CleanString}

    @override
    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Give every text a longest length, so that no field is a store for megabytes, and every day a year people mean."""
        is_text = isinstance(field_obj, fields.String) and not isinstance(field_obj, fields.UUID)
        if is_text and not any(isinstance(one, validate.Length | validate.OneOf) for one in field_obj.validators):
            field_obj.validators.append(validate.Length(max=LONGEST_TEXT))
        if isinstance(field_obj, fields.Date):
            field_obj.validators.append(_within_the_years)


class PageArgs(InputSchema):
    """The query of every list. Subclass it to add filters."""

    after = CleanString(load_default=None, metadata={"description": "The `next` of the page before."})
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LONGEST_PAGE))


def paged(item: type[Schema]) -> type[Schema]:
    """Give the schema of a page of these items."""
    parts: dict[str, fields.Field[Any]] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(allow_none=True),
    }
    page = Schema.from_dict(parts, name=f"{item.__name__.removesuffix('Schema')}Page")
    page.__module__ = item.__module__  # its feature is part of its name in the document
    return page


def _wrong_types(schema: Schema, data: object) -> dict[str, Any]:
    """Name the fields of a JSON body whose JSON type is not the field's, which marshmallow would convert."""
    found: dict[str, Any] = {}
    for name, field in schema.fields.items() if isinstance(data, Mapping) else ():
        key = field.data_key or name
        value = data.get(key) if isinstance(data, Mapping) else None
        if value is not None and (wrong := _wrong_type(field, value)):
            found[key] = wrong
    return found


def _wrong_type(field: fields.Field[Any], value: object) -> Any:
    if isinstance(field, fields.Boolean):
        return [] if isinstance(value, bool) else ["Not a valid boolean."]
    if isinstance(field, fields.Integer):
        return [] if isinstance(value, int) and not isinstance(value, bool) else ["Not a valid integer."]
    if isinstance(field, fields.Nested):
        return _wrong_types(field.schema, value)
    if isinstance(field, fields.List) and isinstance(value, list):
        wrong = {index: _wrong_type(field.inner, one) for index, one in enumerate(value) if one is not None}
        return {index: one for index, one in wrong.items() if one}
    return []


class Parser(flaskparser.FlaskParser):
    """Reads arguments; refusals become our own errors, so that they look like every other."""

    @override
    def load_json(self, req: Request, schema: Schema) -> Any:
        """Read the body, refusing NaN and Infinity, which are no JSON."""
        if not req.is_json:
            return super().load_json(req, schema)
        try:
            data = json.loads(req.get_data(cache=True), parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(N_("请求正文不是有效的 JSON。")) from error
        if wrong := _wrong_types(schema, data):
            raise ValidationError(wrong)
        _refuse_unstorable(data, schema)
        return data

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


def _finite(digits: str) -> float:
    """Read a decimal; 1e400 is no number. Raises: ValueError."""
    number = float(digits)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(digits)
    return number


def _refuse_unstorable(data: object, schema: Schema) -> None:
    """
    Look into what has no schema of its own (answers to a requirement's fields, its rules): texts and numbers must be storable.

    Raises: ValidationError.
    """
    for key, value in data.items() if isinstance(data, Mapping) else ():
        field = schema.fields.get(str(key)) or next((one for one in schema.fields.values() if one.data_key == key), None)
        is_free = isinstance(field, fields.Dict | fields.List | fields.Nested)
        if is_free and (message := _unstorable(value)):
            raise ValidationError({str(key): [message]})


def _unstorable(value: object) -> str | None:
    if isinstance(value, Mapping):
        return next((found for pair in value.items() for one in pair if (found := _unstorable(one))), None)
    if isinstance(value, list):
        return next((found for one in value if (found := _unstorable(one))), None)
    if isinstance(value, str) and (len(value) > LONGEST_TEXT or _UNSTORABLE.search(value)):
        return N_("含有无法保存的字符，请删除后重新输入")
    if isinstance(value, int) and abs(value) > _LARGEST:
        return N_("应为数字")
    return None


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LARGEST = 10**18


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
