"""Where the pages of this feature are, and their entries in the navigation."""

from flask import Blueprint

from duban.access.checks import may_somewhere
from duban.forms.wording import words_for_templates as words_of_forms
from duban.kernel.text import N_
from duban.reporting import beside, queries
from duban.reporting.pages import (
    asking,
    corrections,
    dates,
    duties,
    duty_review,
    entering,
    feeds,
    from_below,
    ladders,
    reading_copies,
    requirements,
    reviews,
    workbooks,
    working_days,
    year,
)
from duban.reporting.pages.wording import words_for_templates
from duban.web.navigation import NavEntry

bp = Blueprint("reporting", __name__, template_folder="templates")
bp.context_processor(words_of_forms)
bp.context_processor(words_for_templates)
bp.context_processor(from_below.gaps_for_templates)
beside.show_on_documents()

_FORM = ["GET", "POST"]

for _rule, _name, _page, _methods in (
    ("/duties", "list_open", duties.list_open, ["GET"]),
    ("/duties/done", "list_handed_in", duties.list_handed_in, ["GET"]),
    ("/duties/<uuid:duty_id>", "show_duty", duties.show, ["GET"]),
    ("/duties/<uuid:duty_id>/draft", "save_draft", duties.save_draft, ["POST"]),
    ("/duties/<uuid:duty_id>/submit", "submit", duties.submit, ["POST"]),
    ("/duties/<uuid:duty_id>/copy-last", "copy_last", duties.copy_last, ["POST"]),
    ("/duties/<uuid:duty_id>/nil", "submit_nil", duties.submit_nil, ["POST"]),
    ("/duties/<uuid:duty_id>/files/<uuid:file_id>/remove", "remove_file", duties.remove_file, ["POST"]),
    ("/duties/<uuid:duty_id>/from-below", "fill_from_below", from_below.fill, ["POST"]),
    ("/duties/<uuid:duty_id>/enter", "enter", entering.show, ["GET"]),
    ("/duties/<uuid:duty_id>/enter", "enter_for_unit", entering.enter, ["POST"]),
    ("/duties/<uuid:duty_id>/workbook", "workbook", workbooks.show, ["GET"]),
    ("/duties/<uuid:duty_id>/workbook/file", "workbook_file", workbooks.download, ["GET"]),
    ("/duties/<uuid:duty_id>/workbook", "upload_workbook", workbooks.upload, ["POST"]),
    ("/duties/<uuid:duty_id>/review", "show_review", reviews.show, ["GET"]),
    ("/duties/<uuid:duty_id>/accept", "accept", reviews.accept, ["POST"]),
    ("/duties/<uuid:duty_id>/return", "return_duty", reviews.return_for_correction, ["POST"]),
    ("/duties/<uuid:duty_id>/due-date", "change_due", reviews.change_due_date, ["POST"]),
    ("/duties/<uuid:duty_id>/extension", "ask_extension", dates.ask, _FORM),
    ("/duties/<uuid:duty_id>/reopen", "reopen", dates.reopen, ["POST"]),
    ("/extensions", "list_extensions", dates.list_waiting, ["GET"]),
    ("/extensions/ask", "ask_extensions", asking.ask_many, _FORM),
    ("/extensions/decide", "decide_extensions", dates.decide, ["POST"]),
    ("/extensions/<uuid:extension_id>/withdraw", "withdraw_extension", dates.withdraw, ["POST"]),
    ("/requirements/<uuid:requirement_id>/due-dates", "change_due_dates", dates.change_many, _FORM),
    ("/year", "year", year.show, ["GET"]),
    ("/calendar", "calendar_feed", feeds.show, ["GET"]),
    ("/calendar/renew", "renew_calendar", feeds.renew, ["POST"]),
    ("/calendar/revoke", "revoke_calendar", feeds.revoke, ["POST"]),
    ("/calendar/duban.ics", "calendar_file", feeds.calendar, ["GET"]),
    ("/duties/<uuid:duty_id>/handover", "hand_over", reviews.hand_over, ["POST"]),
    ("/duties/<uuid:duty_id>/handover/end", "take_back_review", reviews.take_back, ["POST"]),
    ("/duties/<uuid:duty_id>/corrections", "ask_correction", corrections.ask, ["POST"]),
    ("/duties/<uuid:duty_id>/corrections/allow", "allow_correction", corrections.allow, ["POST"]),
    ("/duties/<uuid:duty_id>/corrections/refuse", "refuse_correction", corrections.refuse, ["POST"]),
    ("/duties/<uuid:duty_id>/corrections/drop", "drop_correction", corrections.drop, ["POST"]),
    ("/duties/<uuid:duty_id>/corrections/order", "reopen_accepted", corrections.reopen, ["POST"]),
    ("/reviews", "list_reviews", reviews.queue, ["GET"]),
    ("/reviews/accept", "accept_many", reviews.accept_many, ["POST"]),
    ("/overdue", "list_late", reviews.overdue, ["GET"]),
    ("/duties/<uuid:duty_id>/ask-return", "ask_return", duty_review.ask_return, ["POST"]),
    ("/duties/<uuid:duty_id>/press-below", "press_below", duty_review.press_below, ["POST"]),
    ("/requirements", "list_requirements", requirements.list_requirements, ["GET"]),
    ("/requirements/new", "new_requirement", requirements.new, _FORM),
    ("/requirements/due-box", "due_box", requirements.due_box, ["POST"]),
    ("/requirements/<uuid:requirement_id>", "show_requirement", requirements.show, ["GET"]),
    ("/requirements/<uuid:requirement_id>/answers", "answers_file", reading_copies.answers_file, ["GET"]),
    ("/requirements/<uuid:requirement_id>/edit", "edit_requirement", requirements.edit, _FORM),
    ("/requirements/<uuid:requirement_id>/preview", "preview", requirements.preview, ["GET"]),
    ("/requirements/<uuid:requirement_id>/issue", "issue", requirements.issue, ["POST"]),
    ("/requirements/<uuid:requirement_id>/withdraw", "withdraw", requirements.withdraw, ["POST"]),
    ("/requirements/<uuid:requirement_id>/ladder", "edit_ladder", ladders.of_requirement, _FORM),
    ("/working-days", "working_days", working_days.working_days, _FORM),
    ("/ladders", "list_ladders", ladders.of_tenant, ["GET"]),
    ("/ladders/<code>", "tenant_ladder", ladders.edit_of_tenant, _FORM),
    ("/requirements/<uuid:requirement_id>/urge", "urge", requirements.urge, ["POST"]),
):
    bp.add_url_rule(_rule, _name, _page, methods=_methods)


NAV = (
    NavEntry(
        label=N_("我要报送"),
        endpoint="reporting.list_open",
        icon="clipboard-list",
        group=N_("工作"),
        order=20,
        prefix="reporting.list_open reporting.list_handed_in reporting.show_duty reporting.submit "
        "reporting.workbook reporting.upload_workbook",
        condition=lambda scope: may_somewhere(scope, "submission", "write"),
        count=lambda scope: queries.work_tallies(scope)["soon"],
    ),
    NavEntry(
        label=N_("我要审核"),
        endpoint="reporting.list_reviews",
        icon="eye-check",
        group=N_("工作"),
        order=30,
        prefix="reporting.list_reviews reporting.show_review",
        condition=lambda scope: may_somewhere(scope, "submission", "review"),
        count=lambda scope: queries.work_tallies(scope)["decide"],
    ),
    NavEntry(
        label=N_("报送日历"),
        endpoint="reporting.year",
        icon="calendar-event",
        group=N_("工作"),
        order=40,
        prefix="reporting.year reporting.calendar_feed",
        condition=lambda scope: may_somewhere(scope, "submission", "write") or may_somewhere(scope, "duty", "urge"),
    ),
    NavEntry(
        label=N_("延期申请"),
        endpoint="reporting.list_extensions",
        icon="calendar-time",
        group=N_("督办"),
        order=31,
        prefix="reporting.list_extensions",
        condition=lambda scope: may_somewhere(scope, "duty", "change_due"),
        count=queries.waiting_tally,
    ),
    NavEntry(
        label=N_("下级逾期"),
        endpoint="reporting.list_late",
        icon="clock-exclamation",
        group=N_("督办"),
        order=30,
        prefix="reporting.list_late",
        condition=lambda scope: may_somewhere(scope, "duty", "urge"),
    ),
    NavEntry(
        label=N_("报送要求"),
        endpoint="reporting.list_requirements",
        icon="send",
        group=N_("督办"),
        order=20,
        prefix="reporting.list_requirements reporting.show_requirement reporting.new_ reporting.edit_ reporting.preview",
        condition=lambda scope: may_somewhere(scope, "requirement", "read"),
    ),
    NavEntry(
        label=N_("工作日历"),
        endpoint="reporting.working_days",
        icon="calendar",
        group=N_("系统"),
        order=36,
        prefix="reporting.working_days",
        condition=lambda scope: may_somewhere(scope, "tenant", "manage"),
    ),
    NavEntry(
        label=N_("提醒阶梯"),
        endpoint="reporting.list_ladders",
        icon="bell",
        group=N_("系统"),
        order=35,
        prefix="reporting.list_ladders reporting.tenant_ladder",
        condition=lambda scope: may_somewhere(scope, "tenant", "manage"),
    ),
)
