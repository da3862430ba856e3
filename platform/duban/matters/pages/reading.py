"""Reading what was typed on the pages of this feature."""

from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from duban.files.operations import FileOwner
from duban.files.receiving import keep, uploads
from duban.kernel.days import read_day, wrong_day
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.matters.errors import FormError
from duban.web.i18n import gettext
from duban.web.requests import work

Word = TypeVar("Word", bound=StrEnum)


def day(name: str, *, required: bool = True) -> date | None:
    """Read a day of the form; None where it is blank and need not be there. Raises: FormError."""
    typed = request.form.get(name, "").strip()
    if not typed and not required:
        return None
    try:
        return read_day(typed)
    except ValueError as error:
        raise FormError({name: [Text(wrong_day(error, N_("请填写日期。")))]}) from None


def uuid_of(text: str) -> UUID | None:
    """Read an id; None for blank or for what is none."""
    try:
        return UUID(text.strip()) if text.strip() else None
    except ValueError:
        return None


def ids_of(names: Sequence[str]) -> list[UUID]:
    """Read the ids of fields that may stand several times."""
    found = [uuid_of(value) for name in names for value in request.form.getlist(name)]
    return [one for one in dict.fromkeys(found) if one is not None]


def word(words: type[Word], name: str) -> Word:
    """Read a word of the form. Raises: FormError."""
    try:
        return words(request.form.get(name, ""))
    except ValueError:
        raise FormError({name: [Text(N_("请选择。"))]}) from None


def words_of(words: type[Word], name: str) -> list[Word]:
    """Read ticked words; strangers are left out."""
    known = {one.value for one in words}
    return [words(value) for value in request.form.getlist(name) if value in known]


def asked_word(name: str, known: Sequence[str], default: str) -> str:
    """Read a choice of the address. Raises: InvalidInputError for what is none."""
    value = request.args.get(name, default)
    if value not in known:
        raise InvalidInputError(fields={name: [Text(N_("没有这个选项，请重新选择。"))]})
    return value


def keep_files(scope: Scope, owner: FileOwner, field: str = "attachments") -> None:
    """Store what came with the form, in the same work: a refused file refuses the form. Raises: InvalidInputError."""
    for upload in uploads(field):
        try:
            keep(scope, owner, upload)
        except NotFoundError:
            raise
        except AnticipatedError as error:
            raise FormError({field: [error.text]}) from None


def do(
    act: Callable[[Scope], object], *, said: str, to: str, again: Callable[[AnticipatedError], ResponseReturnValue]
) -> ResponseReturnValue:
    """Do one thing and go on; where it is refused, show the page again with what was typed."""
    try:
        with work() as scope:
            act(scope)
    except (InvalidInputError, RuleBrokenError) as error:
        return again(error)
    flash(gettext(said), "success")
    return redirect(to, 303)
