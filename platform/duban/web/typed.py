"""What people typed must be text that can be stored, whatever page it was typed on: looked at once, before any page."""

import re
from typing import IO, Any

from flask import Request, request
from typing_extensions import override
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser

from duban.kernel.errors import InvalidInputError
from duban.kernel.text import N_, Text
from duban.web.schemas import LONGEST_TEXT

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_FILES_AS_TEXT = frozenset({"content"})
"""A checked file that comes back with the confirmation, as base64; its page knows its longest length."""


class _WholeFormParser(FormDataParser):
    """
    A form whose end is missing is no empty form: saved as one, it would take away what was typed before. A part of it without
    a name is nothing that was typed anywhere.
    """

    @override
    def parse(self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any = None) -> Any:
        self.silent = False
        try:
            found = super().parse(stream, mimetype, content_length, options)
        except ValueError as error:
            raise BadRequest from error
        if any(name is None for part in found[1:] for name in part):
            raise BadRequest
        return found


class WholeRequest(Request):
    """A request that is read whole or refused: half of a form would be saved as if the other half were blank."""

    form_data_parser_class = _WholeFormParser

    def __init__(self, environ: dict[str, Any], *positional: Any, **named: Any) -> None:
        """Hold the sender to the length that was announced; where the server ends the body, a broken line looks like its end."""
        if environ.get("CONTENT_LENGTH"):
            environ.pop("wsgi.input_terminated", None)
        super().__init__(environ, *positional, **named)


def refuse_unstorable() -> None:
    """
    Refuse a query or form with a NUL, half a character or an endless text.

    People type none of these; programs that try are told which field. Raises: InvalidInputError.
    """
    if request.endpoint is None or request.endpoint == "static":
        return
    typed = [*request.args.items(multi=True)]
    if request.method == "POST" and not request.is_json:
        typed += request.form.items(multi=True)
    wrong = {name: _said(name, value) for name, value in typed}
    if found := {name: [said] for name, said in wrong.items() if said}:
        raise InvalidInputError(fields=found)


def _said(name: str, value: str) -> Text | None:
    if _UNSTORABLE.search(value) or _UNSTORABLE.search(name):
        return Text(N_("含有无法保存的字符，请删除后重新输入"))
    if len(value) > LONGEST_TEXT and name not in _FILES_AS_TEXT:
        return Text(N_("长度最多 %(most)s"), {"most": LONGEST_TEXT})
    return None
