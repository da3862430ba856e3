"""Who answers for a unit's work: the contacts its level needs, beside a duty, for whoever has to ring somebody."""

from flask_babel import gettext as _

from duban.access.checks import may
from duban.kernel.scope import Scope
from duban.organisation.queries.units import contact_lines
from duban.tree.models import Unit
from duban.web.i18n import current_language


def responsible_people(scope: Scope, unit: Unit) -> list[tuple[str, str]]:
    """
    List the contacts a unit has named, capacity and name, for those who may see the unit; its page has their numbers.

    Costs: one query.
    """
    if not may(scope, "unit", "read", unit):
        return []
    english = current_language() == "en"
    named = [(line.kind.name, line.contact) for line in contact_lines(scope, unit) if line.contact is not None]
    return [
        (kind.en if english else kind.zh, contact.name + (_("（%(words)s）", words=contact.post) if contact.post else ""))
        for kind, contact in named
    ]
