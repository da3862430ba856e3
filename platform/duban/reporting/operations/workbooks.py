"""A filled-in workbook taken in: sound rows are handed in or kept as drafts, wrong ones are kept as typed."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from duban.calendar.periods import period_coded
from duban.kernel.errors import AnticipatedError, NotFoundError
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.reporting.errors import NoDraftsError
from duban.reporting.operations.entering import enter, enter_nil
from duban.reporting.operations.submissions import save_draft, submit, submit_nil
from duban.reporting.workbooks.judging import Judgement, Row, Verdict, judge
from duban.reporting.workbooks.knowing import Sheet, get_for_writing, sheet_of
from duban.reporting.workbooks.layout import mark_in
from duban.sheets.reading import UnreadableTableError, read_book

MOST_ROWS = 20_000


def check_workbook(scope: Scope, *, duty_id: UUID, data: bytes, anyway: bool = False) -> tuple[Sheet, Judgement]:
    """
    Judge a workbook without keeping anything.

    Takes:  any duty of the requirement that the person may hand in, or may enter for in the unit's stead; the workbook says for
            which period it was made. `anyway`: an office goes on although units have begun themselves.
    Raises: UnreadableTableError (no workbook, not of this requirement, of a period nothing is owed for), NotFoundError.
    Costs:  a limited child process, and the queries of `sheet_of`.
    """
    filling = get_for_writing(scope, duty_id)
    book = read_book(data, most_rows=MOST_ROWS)
    mark = mark_in(book)
    if mark is None:
        raise UnreadableTableError(N_("这不是从这里下载的填报表。请先下载，把数据复制进去再上传。"))
    if mark.requirement_id != filling.requirement.id:
        raise UnreadableTableError(
            N_("这张表是为另一项报送要求“%(title)s”做的，没有接收。请到那一项下上传，或重新下载。"), title=mark.title[:100]
        )
    try:
        sheet = sheet_of(scope, filling, mark.period, anyway=anyway)
    except NotFoundError:
        raise UnreadableTableError(
            N_("这张表是“%(period)s”这一期的，这一期没有您要报送的任务，没有接收。请重新下载本期的表，把数据复制进去再上传。"),
            period=named.label if (named := period_coded(mark.period)) else mark.period[:20],
        ) from None
    judged = judge(
        book,
        form=sheet.form,
        form_mark=sheet.mark.form,
        knowns=sheet.knowns,
        keeps_drafts=sheet.office is None,
        anyway=anyway,
    )
    return sheet, judged


def take_rows(scope: Scope, *, duty_id: UUID, sheet: Sheet, rows: Iterable[Row], hand_in: bool) -> None:
    """
    Take rows of a judged workbook in, each on its own: one that is refused does not cost the others.

    Takes:  `hand_in` sound rows; else all are kept as drafts. Rows with mistakes always are, exactly as typed. Their verdict
            says afterwards what became of them. An office keeps no drafts in a unit's stead: it hands in or leaves it.
    Raises: NotFoundError, NotAllowedError, NoDraftsError.
    """
    get_for_writing(scope, duty_id)
    if sheet.office is not None and not hand_in:
        raise NoDraftsError
    for row in rows:
        if row.known is None or not row.is_waiting:
            continue
        try:
            with scope.session.begin_nested():
                row.verdict = _take(scope, row, row.known.duty_id, sheet, hand_in=hand_in and row.verdict is Verdict.SOUND)
        except AnticipatedError as error:
            row.say("", error.text)
            row.verdict = Verdict.REFUSED
        row.is_waiting = False


def _take(scope: Scope, row: Row, duty_id: UUID, sheet: Sheet, *, hand_in: bool) -> Verdict:
    typed = row.typed(sheet.form)
    if sheet.office is not None:
        return _enter(scope, row, duty_id, typed, anyway=sheet.anyway)
    if not hand_in:
        save_draft(scope, duty_id=duty_id, typed=typed)
        return Verdict.KEPT if row.verdict is Verdict.SOUND else row.verdict
    if row.is_nil:
        submit_nil(scope, duty_id=duty_id, note=row.note)
    else:
        submit(scope, duty_id=duty_id, typed=typed, note=row.note)
    return Verdict.HANDED_IN


def _enter(scope: Scope, row: Row, duty_id: UUID, typed: Mapping[str, str], *, anyway: bool) -> Verdict:
    if row.is_nil:
        enter_nil(scope, duty_id=duty_id, note=row.note, anyway=anyway)
    else:
        enter(scope, duty_id=duty_id, typed=typed, note=row.note, anyway=anyway)
    return Verdict.HANDED_IN
