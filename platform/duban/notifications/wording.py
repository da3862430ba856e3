"""A notice in the words of the person who reads it now."""

from flask_babel import gettext

from duban.kernel.scope import Scope
from duban.notifications.models import Notice
from duban.notifications.rules import say
from duban.web.i18n import current_language


def words_of(scope: Scope, notice: Notice) -> str:
    """Say a notice in the language of the page."""
    return say(notice.template, notice.params, translate=gettext, locale=current_language(), zone=scope.zone)
