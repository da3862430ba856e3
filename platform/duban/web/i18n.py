"""Languages: Chinese is the source (msgids are the Chinese text), English comes from the features' catalogues.

Every feature keeps its own `translations/en/LC_MESSAGES/messages.po`; they are merged in memory at the first use, so there is
no compiled file to forget. A msgid needs one translation somewhere; a test refuses two different ones, here the first counts.
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, g, has_app_context, request
from flask_babel import Babel, Domain, get_locale
from markupsafe import Markup
from typing_extensions import override

from duban.web.cookies import cookie_name, put_cookie

PACKAGE = Path(__file__).parent.parent
LANGUAGES = {"zh": "中文", "en": "English"}
SOURCE_LANGUAGE = "zh"
BABEL_LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
COOKIE = "lang"
COOKIE_SECONDS = 31_536_000


def read_catalogues(language: str, root: Path = PACKAGE) -> Catalog:
    """Give one catalogue merged from `<root>/*/translations/<language>/LC_MESSAGES/messages.po`."""
    merged = Catalog(locale=language)
    for path in sorted(root.glob(f"*/translations/{language}/LC_MESSAGES/messages.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
        for message in catalogue:
            if message.id and message.string and not message.fuzzy and merged.get(message.id, message.context) is None:
                merged.add(message.id, message.string, context=message.context, flags=message.flags)
    return merged


@cache
def load_translations(language: str) -> NullTranslations:
    """Give the translations of `language`. Costs: reads every .po file once per process."""
    if language == SOURCE_LANGUAGE:
        return Translations()
    compiled = BytesIO()
    write_mo(compiled, read_catalogues(language))
    compiled.seek(0)
    return Translations(compiled)


class MergedDomain(Domain):  # type: ignore[misc]  # flask_babel has no types
    """Flask-Babel's domain, fed from the merged catalogues instead of .mo files in one folder."""

    @override
    def get_translations(self) -> NullTranslations:
        locale = get_locale()
        return load_translations(locale.language if locale is not None else SOURCE_LANGUAGE)

    @override
    def gettext(self, string: str, **variables: object) -> str:
        locale = get_locale()
        language = str(locale.language) if locale is not None else SOURCE_LANGUAGE
        said = _words(language, string, is_one=_is_one(variables))
        return said % variables if variables else said


def choose_language(preferred: Callable[[], str | None] = lambda: None) -> str:
    """Give the language of this request: ?lang=, then the cookie, the person's own setting, the browser's wish, Chinese."""
    wanted = (request.args.get("lang"), request.cookies.get(cookie_name(COOKIE)), preferred())
    known = next((language for language in wanted if language in LANGUAGES), None)
    return known or request.accept_languages.best_match(list(LANGUAGES)) or SOURCE_LANGUAGE


def current_language() -> str:
    """Give the code of the language the page is written in: "zh" or "en". Found once for a page, which says hundreds of words."""
    if not has_app_context():
        return SOURCE_LANGUAGE
    found: str | None = g.get("page_language")
    if found is None:
        locale = get_locale()
        found = g.page_language = str(locale.language) if locale is not None else SOURCE_LANGUAGE
    return found


def gettext(msgid: str, **values: object) -> str:
    """Give the words of a Chinese msgid in the page's language, with its values put in."""
    said = _words(current_language(), msgid, is_one=_is_one(values))
    return said % values if values else said


def _is_one(values: Mapping[str, object]) -> bool:
    """Say whether the words speak of one thing: their number is always called n or count."""
    return values.get("n", values.get("count")) == 1


@lru_cache(maxsize=20_000)
def _words(language: str, msgid: str, *, is_one: bool = False) -> str:
    """Give the words; where the language has two forms of them (Chinese has none, English “1 day”, “2 days”), the right one."""
    known = load_translations(language)
    counted = known.ungettext(msgid, msgid, 1 if is_one else 2)
    return str(known.ugettext(msgid) if counted == msgid else counted)


@lru_cache(maxsize=20_000)
def _whole(language: str, msgid: str) -> Markup:
    return Markup(_words(language, msgid)) % {}  # noqa: S704 - our own words; %% is a per cent sign here too


def _say(msgid: str, **values: object) -> Markup:
    """Give words for a template: `_`. Our words are HTML, the values put into them are escaped."""
    language = current_language()
    said = _words(language, msgid, is_one=_is_one(values))
    return Markup(said) % values if values else _whole(language, msgid)  # noqa: S704 - our own words


def keep_choice(response: Response) -> Response:
    """Remember ?lang= in a cookie, so that the next page speaks the same language."""
    chosen = request.args.get("lang")
    if chosen in LANGUAGES:
        put_cookie(response, COOKIE, chosen, max_age=COOKIE_SECONDS)
    return response


def init_i18n(app: Flask, *, preferred: Callable[[], str | None] = lambda: None) -> None:
    """Make `app` speak Chinese and English; `preferred` tells the signed-in person's setting or None."""
    babel = Babel()
    babel.init_app(
        app,
        default_locale=BABEL_LOCALES[SOURCE_LANGUAGE],
        default_timezone="Asia/Shanghai",
        locale_selector=lambda: BABEL_LOCALES[choose_language(preferred)],
        timezone_selector=lambda: g.get("zone_name"),
    )
    babel.domain_instance = MergedDomain()
    app.after_request(keep_choice)
    app.jinja_env.globals.update(current_language=current_language, LANGUAGES=LANGUAGES)
    app.jinja_env.globals.update({"_": _say, "gettext": _say})  # Jinja's own `_` takes four times as long
