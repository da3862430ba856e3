"""Where the pages of this feature are, and their entries in the navigation."""

from flask import Blueprint

from duban.access.checks import may_somewhere
from duban.kernel.text import N_
from duban.matters import queries
from duban.matters.pages import lists, matters, meetings, papers, registering
from duban.matters.pages.words import words_for_templates
from duban.web.navigation import NavEntry

bp = Blueprint("matters", __name__, template_folder="templates")
bp.context_processor(words_for_templates)

_GET, _POST = ["GET"], ["POST"]

for _rule, _name, _page, _methods in (
    ("/matters", "list_matters", lists.list_matters, _GET),
    ("/matters/new", "new_matter", registering.new, _GET),
    ("/matters/new", "register", registering.register, _POST),
    ("/matters/<uuid:matter_id>", "show_matter", matters.show, _GET),
    ("/matters/<uuid:matter_id>/files/<uuid:file_id>", "download", matters.download, _GET),
    ("/matters/<uuid:matter_id>/sign", "sign", matters.sign, _POST),
    ("/matters/<uuid:matter_id>/progress", "progress", matters.progress, _POST),
    ("/matters/<uuid:matter_id>/finish", "finish", matters.finish, _POST),
    ("/matters/<uuid:matter_id>/share", "share", matters.share, _POST),
    ("/matters/<uuid:matter_id>/dispute", "dispute", matters.dispute, _POST),
    ("/matters/<uuid:matter_id>/settle", "settle", matters.settle, _POST),
    ("/matters/<uuid:matter_id>/reassign", "reassign", matters.reassign, _POST),
    ("/matters/<uuid:matter_id>/urge", "urge", matters.urge, _POST),
    ("/matters/<uuid:matter_id>/withdraw", "withdraw", matters.withdraw, _POST),
    ("/matters/<uuid:matter_id>/review", "review", matters.review, _POST),
    ("/matters/<uuid:matter_id>/reopen", "reopen", matters.reopen, _POST),
    ("/matters/<uuid:matter_id>/archive", "archive", matters.put_in_archive, _POST),
    ("/matters/<uuid:matter_id>/extension", "ask_extension", matters.ask_extension, _POST),
    ("/matters/<uuid:matter_id>/extension/review", "review_extension", matters.review_extension, _POST),
    ("/matters/<uuid:matter_id>/extension/decide", "decide_extension", matters.decide_extension, _POST),
    ("/matters/<uuid:matter_id>/sheets", "issue_sheet", matters.issue_sheet, _POST),
    ("/matters/<uuid:matter_id>/papers/<uuid:paper_id>", "show_paper", papers.show, _GET),
    ("/matters/<uuid:matter_id>/papers/<uuid:paper_id>/docx", "paper_docx", papers.docx, _GET),
    ("/matters/<uuid:matter_id>/papers/<uuid:paper_id>/issue", "issue_paper", papers.issue, _POST),
    ("/meetings", "list_meetings", meetings.list_meetings, _GET),
    ("/meetings/rhythms", "set_rhythm", meetings.set_rhythm, _POST),
    ("/meetings/rhythms/<uuid:rhythm_id>/end", "end_rhythm", meetings.end_rhythm, _POST),
    ("/meetings/new", "new_meeting", meetings.new, _GET),
    ("/meetings/new", "note_meeting", meetings.note, _POST),
    ("/meetings/<uuid:meeting_id>", "show_meeting", meetings.show, _GET),
    ("/meetings/<uuid:meeting_id>/edit", "edit_meeting", meetings.edit, _GET),
    ("/meetings/<uuid:meeting_id>/edit", "change_meeting", meetings.change, _POST),
    ("/meetings/<uuid:meeting_id>/strike", "strike_meeting", meetings.strike, _POST),
    ("/meetings/<uuid:meeting_id>/resolve", "resolve", meetings.resolve, _POST),
    ("/meetings/<uuid:meeting_id>/files/<uuid:file_id>", "download_minutes", meetings.download, _GET),
):
    bp.add_url_rule(_rule, _name, _page, methods=_methods)


NAV = (
    NavEntry(
        label=N_("督办事项"),
        endpoint="matters.list_matters",
        icon="flag-3",
        group=N_("督办"),
        order=34,
        prefix="matters.list_matters matters.show_matter matters.new_matter matters.register matters.show_paper",
        condition=lambda scope: may_somewhere(scope, "matter", "read"),
        count=queries.to_do_tally,
    ),
    NavEntry(
        label=N_("会议"),
        endpoint="matters.list_meetings",
        icon="users-group",
        group=N_("督办"),
        order=36,
        prefix="matters.list_meetings matters.show_meeting matters.new_meeting matters.note_meeting matters.edit_meeting",
        condition=lambda scope: may_somewhere(scope, "meeting", "read"),
    ),
)
