"""
Recording that personal data was read, before it is given out: what cannot be recorded is not shown. See docs/decisions/0034.

A read in a request's reading scope is kept in a list of the request (`web.requests`) and recorded once, when its answer is
ready; a read inside a work that commits is part of that work.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from duban.audit.operations import record
from duban.kernel.scope import Scope
from duban.web.requests import READS

_OWN_READS = "personal_reads_of_this_work"


def note_read(scope: Scope, *, kind: str, subject_id: UUID, name: str, fields: Sequence[str]) -> None:
    """Note that somebody's personal fields are about to be shown whole to the actor."""
    read = {"kind": kind, "id": str(subject_id), "name": name, "fields": list(fields)}
    shared = scope.memo.get(READS)
    if shared is None:
        shared = scope.memo.setdefault(_OWN_READS, [])
        if not shared:
            scope.before_commit.append(partial(record_reads, scope, shared))
    if read not in shared:
        shared.append(read)


def record_reads(scope: Scope, reads: list[dict[str, Any]], where: str = "") -> None:
    """Record what was read, one record for all of it."""
    if not reads:
        return
    one = len(reads) == 1
    kind, subject_id = ("person", UUID(reads[0]["id"])) if one and reads[0]["kind"] == "person" else ("tenant", scope.tenant_id)
    record(scope, "person.contact-read", kind, subject_id, where=where, count=len(reads), whose=list(reads))
    reads.clear()
