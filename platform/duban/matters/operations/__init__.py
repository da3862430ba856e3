"""What people and the clock do with matters and meetings."""

from duban.matters.operations.circulars import issue_circular
from duban.matters.operations.closing import close_matter, file_matter, reopen_matter, return_report, settle_dispute
from duban.matters.operations.extensions import ask_extension, decide_extension, review_extension
from duban.matters.operations.handling import finish, raise_dispute, report_progress, report_share, sign_for
from duban.matters.operations.meetings import (
    change_meeting,
    end_rhythm,
    note_meeting,
    resolve,
    set_rhythm,
    strike_meeting,
    sweep_meetings,
)
from duban.matters.operations.registering import MatterForm, reassign, register_matter, urge, withdraw_matter
from duban.matters.operations.sheets import issue_sheet, sweep

__all__ = [
    "MatterForm",
    "ask_extension",
    "change_meeting",
    "close_matter",
    "decide_extension",
    "end_rhythm",
    "file_matter",
    "finish",
    "issue_circular",
    "issue_sheet",
    "note_meeting",
    "raise_dispute",
    "reassign",
    "register_matter",
    "reopen_matter",
    "report_progress",
    "report_share",
    "resolve",
    "return_report",
    "review_extension",
    "set_rhythm",
    "settle_dispute",
    "sign_for",
    "strike_meeting",
    "sweep",
    "sweep_meetings",
    "urge",
    "withdraw_matter",
]
