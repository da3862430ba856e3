"""
What was typed under one version of a form for a question that another version asks in another kind. Pure.

It is no answer to the new question: it is set apart under `answer.<key>.~…`, a name no form asks for, told and kept. A draft that
has such a name for a question has had it set apart already: what stands in the question's own boxes was typed for it.
"""

from collections.abc import Mapping

from duban.fields.forms import FormSpec
from duban.fields.specs import FieldSpec, Kind
from duban.forms.boxes import ANSWER

APART = "~"
_ALIKE = {Kind.LONG_TEXT: Kind.TEXT, Kind.DECIMAL: Kind.INTEGER}
"""Kinds that read each other's answers: a number with places is a number."""


def set_apart(before: FormSpec, asked: FormSpec, typed: Mapping[str, str]) -> dict[str, str]:
    """Give what was typed under `before` as the page of `asked` shows it."""
    done = _already(typed)
    return {_apart(name) if _is_other(before, asked, name) and _key(name) not in done else name: typed[name] for name in typed}


def saved_over(before: FormSpec, asked: FormSpec, *, kept: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    """
    Give what is to be kept where `typed` is saved over `kept`, which was begun under `before`.

    What was set apart stays; so does what is typed over now, if the page had not set it apart yet.
    """
    before_now, done = _already(kept), _already(typed)
    stays = {name: text for name, text in kept.items() if _is_apart(name) and _key(name) not in done}
    over = {
        _key(name)
        for name in {**kept, **typed}
        if _is_other(before, asked, name) and kept.get(name, "") != typed.get(name, "")
    } - before_now - done  # fmt: skip
    stays |= {_apart(name): text for name, text in kept.items() if _key(name) in over and _is_other(before, asked, name)}
    return {**{f"{ANSWER}{key}.{APART}": "" for key in over}, **typed, **stays}


def _already(typed: Mapping[str, str]) -> set[str]:
    return {_key(name) for name in typed if _is_apart(name)}


def _key(name: str) -> str:
    return name.removeprefix(ANSWER).partition(".")[0]


def _is_apart(name: str) -> bool:
    return name.startswith(ANSWER) and name.removeprefix(ANSWER).partition(".")[2].startswith(APART)


def _apart(name: str) -> str:
    key, dot, rest = name.removeprefix(ANSWER).partition(".")
    return f"{ANSWER}{key}.{APART}{dot}{rest}"


def _is_other(before: FormSpec, asked: FormSpec, name: str) -> bool:
    if not name.startswith(ANSWER) or _is_apart(name):
        return False
    old, new = before.field(_key(name)), asked.field(_key(name))
    if old is None or new is None or not (old.kind is new.kind is Kind.TABLE):
        return _differ(old, new)
    column = name.removeprefix(ANSWER).split(".")[2:3]
    return _differ(*(next((one for one in spec.columns if [one.key] == column), None) for spec in (old, new)))


def _differ(old: FieldSpec | None, new: FieldSpec | None) -> bool:
    return old is not None and new is not None and _ALIKE.get(old.kind, old.kind) is not _ALIKE.get(new.kind, new.kind)
