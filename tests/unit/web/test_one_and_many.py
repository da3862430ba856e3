"""English has two forms of a counted thing: both are said right, in a page and in words of the rules."""

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale, gettext

from duban.calendar.due_rules import DayUnit, FromPeriodEnd, Side
from duban.calendar.periods import PeriodKind
from duban.calendar.rule_words import rule_in_words
from duban.kernel.text import Text
from duban.web.errors import translate
from duban.web.i18n import init_i18n


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.secret_key = "x" * 32
    init_i18n(app)
    return app


@pytest.mark.parametrize(
    ("language", "n", "said"),
    [("en", 1, "1 day left"), ("en", 2, "2 days left"), ("en", 0, "0 days left"), ("zh", 1, "还有 1 天"), ("zh", 2, "还有 2 天")],
)
def test_one_thing_and_many(app: Flask, language: str, n: int, said: str) -> None:
    with app.test_request_context(f"/?lang={language}"):
        assert translate(Text("还有 %(n)s 天", {"n": n})) == said
        assert gettext("还有 %(n)s 天", n=n) == said
        assert render_template_string("{{ _('还有 %(n)s 天', n=n) }}", n=n) == said


def test_a_due_rule_of_one_day(app: Flask) -> None:
    with app.test_request_context("/"), force_locale("en"):
        for count, said in ((1, "1 day before the end of"), (5, "5 days before the end of")):
            rule = FromPeriodEnd(every=PeriodKind.MONTH, side=Side.BEFORE, count=count, unit=DayUnit.DAY, counts_last_day=False)
            assert said in translate(rule_in_words(rule)[0])
