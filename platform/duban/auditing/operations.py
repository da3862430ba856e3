"""Taking the record away and seeing that it is whole: acts of their own, recorded like any other."""

from dataclasses import asdict

from duban.access.checks import require
from duban.audit.anchors import shelf
from duban.audit.operations import record
from duban.audit.queries import Verdict, judge, verify
from duban.auditing.queries import TAKEN_AT_MOST, Wanted, count_records, is_auditor
from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.tree.queries import root


def take_away(scope: Scope, wanted: Wanted, *, form: str) -> int:
    """
    Record that the reader takes a part of the record away. Gives: how many records.

    Takes: `form` csv or xlsx. Raises: NotFoundError, InvalidInputError for more than one file holds.
    """
    _require_audit(scope)
    count = count_records(scope, wanted)
    if count > TAKEN_AT_MOST:
        raise InvalidInputError(N_("所选记录超过 %(limit)s 条。请缩短日期范围，分几次导出。"), fields={}, limit=TAKEN_AT_MOST)
    asked = {name: value for name, value in asdict(wanted).items() if value}
    record(scope, "audit.exported", "audit", scope.tenant_id, form=form, records=count, asked=asked)
    return count


def check_now(scope: Scope) -> Verdict:
    """
    Walk the whole chain now, with the anchor file, and record that it was done.

    Raises: NotFoundError for who does not audit the whole tenant. Costs: reads every record.
    """
    require(scope, "audit", "read", root(scope))
    file = shelf.afresh()
    found = judge(scope, file) if file else verify(scope)
    record(scope, "audit.verified", "audit", scope.tenant_id, records=found.rows, bad_record=found.bad_seq, reason=found.reason)
    return found


def _require_audit(scope: Scope) -> None:
    if not is_auditor(scope):
        require(scope, "audit", "read", root(scope))
