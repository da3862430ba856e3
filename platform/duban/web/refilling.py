"""Puts values into a form of a finished page, as if they had been typed there: on the server, so that it needs no script."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from typing_extensions import override

Pairs = Sequence[tuple[str, str]]
GUARDS = frozenset({"csrf_token", "once"})
_UNTYPED = frozenset({"hidden", "file", "password", "submit", "button", "image", "reset"})
_TICKS = frozenset({"checkbox", "radio"})


@dataclass
class _Form:
    """A form of the page: where it may be sent, and what the server itself has put into it."""

    number: str = ""
    actions: set[str] = field(default_factory=set)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    buttons: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Refilled:
    """The page; whether it has the form; what found no place in it; whether the record has moved on since it was shown."""

    page: str
    found: bool
    left_over: tuple[tuple[str, str], ...]
    has_moved: bool


class _Reader(HTMLParser):
    """Walks over the page and knows in which form each control is."""

    def __init__(self, page: str, path: str) -> None:
        super().__init__(convert_charrefs=False)
        self.path, self.forms, self.by_number = path, list[_Form](), dict[str, _Form]()
        self.current: _Form | None = None
        self.feed(page)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urlsplit(given.get("action", "")).path or self.path
            self.current = _Form(given.get("id", ""), {action} if given.get("method", "").lower() == "post" else set())
            self.forms.append(self.current)
            self.by_number[self.current.number] = self.current
            return
        form = self.by_number.get(given["form"]) if "form" in given else self.current
        if form is None or tag not in {"input", "textarea", "select", "button"}:
            return
        form.names.add(given.get("name", ""))
        if tag == "button" or given.get("type") in {"submit", "image"}:
            form.buttons.add(given.get("name", ""))
        if "formaction" in given:
            form.actions.add(urlsplit(given["formaction"]).path)
        if tag == "input" and given.get("type") == "hidden" and given.get("name") not in GUARDS:
            form.hidden.add((given.get("name", ""), given.get("value", "")))

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.current = None


class _Filler(HTMLParser):
    """Writes the page out again, with the values in the one form."""

    def __init__(self, number: int, form: _Form, values: Pairs) -> None:
        super().__init__(convert_charrefs=False)
        self.wanted, self.form, self.seen, self.inside = number, form, -1, False
        self.out, self.start = list[str](), 0
        self.left: list[tuple[str, str]] = [(name, value.replace("\r\n", "\n")) for name, value in values]
        self.sent_names = {name for name, _ in values}
        self.select: str | None = None
        self.muted = False

    def _take(self, name: str) -> str | None:
        found = next((one for one in self.left if one[0] == name), None)
        if found is None:
            return None
        self.left.remove(found)
        return found[1]

    def _is_ours(self, given: dict[str, str]) -> bool:
        return given["form"] == self.form.number if given.get("form") else self.inside

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        text, given = self.get_starttag_text() or "", {name: value or "" for name, value in attrs}
        if tag == "form":
            self.seen += 1
            self.inside = self.seen == self.wanted
        name = given.get("name", "")
        if tag == "option" and self.select is not None:
            text = self._option(given)
        elif name and self._is_ours(given):
            if tag == "input" and (given.get("type", "text").lower() not in _UNTYPED or _is_for_a_script(given)):
                text = self._input(name, given)
            elif tag == "select":
                self.select = name if name in self.sent_names else None
            elif tag == "textarea" and (value := self._take(name)) is not None:
                # the browser drops one line break after the tag
                self.out.append(text + "\n" + escape(value, quote=False))
                self.muted = True
                return
        self.out.append(text)

    handle_startendtag = handle_starttag

    def _input(self, name: str, given: dict[str, str]) -> str:
        if given.get("type", "").lower() in _TICKS:
            pair = (name, given.get("value", "on"))
            given.pop("checked", None)
            if pair in self.left:
                self.left.remove(pair)
                given["checked"] = ""
            return _tag("input", given)
        value = self._take(name)
        return _tag("input", given | {"value": value} if value is not None else given)

    def _option(self, given: dict[str, str]) -> str:
        if "value" not in given:
            return self.get_starttag_text() or ""  # says its value in its words; ours always have the attribute
        pair = (self.select or "", given["value"])
        given.pop("selected", None)
        if pair in self.left:
            self.left.remove(pair)
            given["selected"] = ""
        return _tag("option", given)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.muted = False
        if tag == "select":
            self.select = None
        if tag == "form":
            self.inside = False
        self.out.append(f"</{tag}>")

    def _write(self, text: str) -> None:
        if not self.muted:
            self.out.append(text)

    @override
    def handle_data(self, data: str) -> None:
        self._write(data)

    @override
    def handle_entityref(self, name: str) -> None:
        self._write(f"&{name};")

    @override
    def handle_charref(self, name: str) -> None:
        self._write(f"&#{name};")

    @override
    def handle_comment(self, data: str) -> None:
        self._write(f"<!--{data}-->")

    @override
    def handle_decl(self, decl: str) -> None:
        self._write(f"<!{decl}>")


def _is_for_a_script(given: dict[str, str]) -> bool:
    """A hidden field the server left empty is filled by a script with what somebody chose."""
    return given.get("type", "").lower() == "hidden" and given["name"] not in GUARDS and not given.get("value")


def _tag(tag: str, given: dict[str, str]) -> str:
    return f"<{tag}" + "".join(f' {name}="{escape(value)}"' if value else f" {name}" for name, value in given.items()) + ">"


def refill(page: str, *, path: str, action: str, values: Pairs) -> Refilled:
    """
    Fill the form that is sent to `action`; of several, the one whose hidden fields agree best with what was sent.

    Takes: the page's own path; values in the order they were sent. A hidden field keeps what the server says today.
    """
    forms = _Reader(page, path).forms
    fitting = [(number, form) for number, form in enumerate(forms) if action in form.actions]
    typed = [(name, value) for name, value in values if name not in GUARDS]
    if not fitting:
        return Refilled(page, False, tuple(pair for pair in typed if pair[1].strip()), has_moved=False)
    sent = set(typed)
    number, form = max(fitting, key=lambda one: (len(one[1].hidden & sent), len(one[1].names & {name for name, _ in sent})))
    filler = _Filler(number, form, typed)
    filler.feed(page)
    filler.close()
    hidden = {name for name, _ in form.hidden}
    moved = any(name == "version" and (name, value) not in form.hidden for name, value in typed if name in hidden)
    untyped = hidden | form.buttons  # the button is pressed again, not typed
    return Refilled("".join(filler.out), found=True, left_over=_words(filler.left, untyped), has_moved=moved)


def _words(left: Pairs, untyped: set[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in left if name not in untyped and value.strip())
