"""What people do with requirements and duties; the names other features use are gathered here."""

from duban.reporting.handing_in import owner_of, owner_of_field
from duban.reporting.operations.asking_back import ask_return
from duban.reporting.operations.corrections import (
    allow_correction,
    ask_correction,
    drop_correction,
    refuse_correction,
    reopen_accepted,
)
from duban.reporting.operations.deadlines import SWEEP_BATCH, issue_waiting_periods, sweep_missing, urge
from duban.reporting.operations.due_dates import change_due_date, change_due_dates, reopen_duty
from duban.reporting.operations.entering import enter, enter_nil
from duban.reporting.operations.extensions import ask_extension, grant_extension, refuse_extension, withdraw_extension
from duban.reporting.operations.feeds import count_read, renew_feed, revoke_feed
from duban.reporting.operations.from_below import fill_from_below
from duban.reporting.operations.ladders import set_requirement_ladder, set_tenant_ladders
from duban.reporting.operations.pressing import press_below
from duban.reporting.operations.reminders import climb_ladders, plan_reminders
from duban.reporting.operations.requirements import (
    Issued,
    create_requirement,
    edit_requirement,
    issue,
    withdraw_requirement,
)
from duban.reporting.operations.reviews import (
    ReturnTo,
    accept,
    hand_over,
    return_for_correction,
    take_back_review,
)
from duban.reporting.operations.submissions import (
    copy_last_period,
    remove_duty_file,
    save_draft,
    submit,
    submit_nil,
)
from duban.reporting.operations.working_days import set_working_year

__all__ = [
    "SWEEP_BATCH",
    "Issued",
    "ReturnTo",
    "accept",
    "allow_correction",
    "ask_correction",
    "ask_extension",
    "ask_return",
    "change_due_date",
    "change_due_dates",
    "climb_ladders",
    "copy_last_period",
    "count_read",
    "create_requirement",
    "drop_correction",
    "edit_requirement",
    "enter",
    "enter_nil",
    "fill_from_below",
    "grant_extension",
    "hand_over",
    "issue",
    "issue_waiting_periods",
    "owner_of",
    "owner_of_field",
    "plan_reminders",
    "press_below",
    "refuse_correction",
    "refuse_extension",
    "remove_duty_file",
    "renew_feed",
    "reopen_accepted",
    "reopen_duty",
    "return_for_correction",
    "revoke_feed",
    "save_draft",
    "set_requirement_ladder",
    "set_tenant_ladders",
    "set_working_year",
    "submit",
    "submit_nil",
    "sweep_missing",
    "take_back_review",
    "urge",
    "withdraw_extension",
    "withdraw_requirement",
]
