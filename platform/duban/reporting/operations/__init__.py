"""What people do with requirements and duties; the names other features use are gathered here."""

from duban.reporting.operations.deadlines import change_due_date, plan_reminders, sweep_missing, urge
from duban.reporting.operations.requirements import (
    Issued,
    create_requirement,
    edit_requirement,
    issue,
    withdraw_requirement,
)
from duban.reporting.operations.reviews import accept, return_for_correction
from duban.reporting.operations.submissions import owner_of, save_draft, submit, submit_nil

__all__ = [
    "Issued",
    "accept",
    "change_due_date",
    "create_requirement",
    "edit_requirement",
    "issue",
    "owner_of",
    "plan_reminders",
    "return_for_correction",
    "save_draft",
    "submit",
    "submit_nil",
    "sweep_missing",
    "urge",
    "withdraw_requirement",
]
