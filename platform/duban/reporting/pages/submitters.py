"""Who handed a version in, in words: the unit's own clerk, or an office above in the unit's stead."""

from flask_babel import gettext as _

from duban.reporting.models import Submission


def said_submitter(version: Submission) -> str:
    """Name whoever handed a version in; of an office above, that it did so for the unit （代报）."""
    if not version.is_for_unit:
        return version.submitter_name
    return str(_("%(who)s（%(office)s代报）", who=version.submitter_name, office=version.office_name))
