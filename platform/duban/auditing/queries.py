"""Reading the record as an auditor: only what stands where the reader may audit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from duban.access.checks import Place, may, may_somewhere, readable, require
from duban.audit.models import AuditRecord
from duban.identity.queries import people_by_id
from duban.kernel.errors import NotFoundError
from duban.kernel.ids import PersonId, UnitId
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope
from duban.tree.models import Unit
from duban.tree.paths import upper_bound
from duban.tree.queries import get_unit, root, units_by_id, units_by_path

TAKEN_AT_MOST = 100_000
"""Records one export holds; a longer period is taken in parts."""
_AT_ONCE = 2000


@dataclass(frozen=True)
class Wanted:
    """What the reader asks for; an empty field asks for everything. Dates are the tenant's days, both included."""

    since: date | None = None
    until: date | None = None
    who: str = ""
    group: str = ""
    act: str = ""
    unit_id: UUID | None = None
    person_id: UUID | None = None
    subject_id: UUID | None = None


class _Standing:
    """An audit row as something that stands in the tree: where the unit it is about stood."""

    path = AuditRecord.unit_path
    depth = func.length(AuditRecord.unit_path) - func.length(func.replace(AuditRecord.unit_path, ".", ""))


def _reachable(scope: Scope) -> ColumnElement[bool]:
    """Rows of units the reader audits; rows of no unit (signing in, for one) for who audits the whole tenant."""
    if may(scope, "audit", "read", Place(root(scope).path)):
        return true()
    return and_(AuditRecord.unit_path.is_not(None), readable(scope, _Standing, "audit"))


def _start(scope: Scope, day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=scope.zone)


def _like(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def select_records(scope: Scope, wanted: Wanted) -> Select[AuditRecord]:
    """Start a select of what the reader asks for and may see. Raises: NotFoundError for a unit that is not there."""
    statement = select(AuditRecord).where(AuditRecord.tenant_id == scope.tenant_id, _reachable(scope))
    terms: list[ColumnElement[bool]] = []
    if wanted.since:
        terms.append(AuditRecord.at >= _start(scope, wanted.since))
    if wanted.until:
        terms.append(AuditRecord.at < _start(scope, wanted.until + timedelta(days=1)))
    if wanted.who:
        terms.append(AuditRecord.actor_name.ilike(_like(wanted.who)))
    if wanted.group:
        terms.append(or_(AuditRecord.act == wanted.group, AuditRecord.act.startswith(f"{wanted.group}.", autoescape=True)))
    if wanted.act:
        terms.append(AuditRecord.act == wanted.act)
    if wanted.person_id:
        terms.append(AuditRecord.actor_id == wanted.person_id)
    if wanted.subject_id:
        terms.append(AuditRecord.subject_id == wanted.subject_id)
    if wanted.unit_id:
        path = get_unit(scope, wanted.unit_id).path
        terms.append(and_(AuditRecord.unit_path >= path, AuditRecord.unit_path < upper_bound(path)))
    return statement.where(*terms)


def list_records(scope: Scope, wanted: Wanted, *, after: str | None = None, limit: int = PAGE) -> Page[AuditRecord]:
    """List records, newest first, a page at a time. Raises: NotFoundError for a reader who audits nothing."""
    _require_auditor(scope)
    return page_of(scope, select_records(scope, wanted), (AuditRecord.seq,), after=after, limit=limit, newest_first=True)


def stream_records(scope: Scope, wanted: Wanted) -> Iterator[AuditRecord]:
    """Give the records oldest first, at most TAKEN_AT_MOST of them, without holding them all."""
    _require_auditor(scope)
    statement = select_records(scope, wanted).order_by(AuditRecord.seq).limit(TAKEN_AT_MOST)
    yield from scope.session.scalars(statement.execution_options(yield_per=_AT_ONCE))


def count_records(scope: Scope, wanted: Wanted) -> int:
    """Count what an export would hold, up to one more than it can."""
    inner = select_records(scope, wanted).with_only_columns(AuditRecord.seq).limit(TAKEN_AT_MOST + 1).subquery()
    return scope.session.execute(select(func.count()).select_from(inner)).scalar_one()


def get_record(scope: Scope, seq: int) -> AuditRecord:
    """Get one record. Raises: NotFoundError, also where the reader may not audit."""
    row = scope.session.scalars(select_records(scope, Wanted()).where(AuditRecord.seq == seq)).one_or_none()
    if row is None:
        raise NotFoundError
    return row


def _require_auditor(scope: Scope) -> None:
    if not is_auditor(scope):
        require(scope, "audit", "read", root(scope))


def is_auditor(scope: Scope) -> bool:
    """Say whether the reader audits anything. Costs: nothing beyond the reader's grants."""
    return may_somewhere(scope, "audit", "read")


@dataclass(frozen=True)
class Names:
    """What people call the units and persons a page of records speaks of."""

    units: Mapping[UnitId, Unit]
    places: Mapping[str, Unit]
    persons: Mapping[PersonId, str]

    def subject(self, row: AuditRecord) -> str:
        """Give the subject's name, where it is a unit or a person; else what the record itself says."""
        if row.subject_kind == "unit" and (unit := self.units.get(UnitId(row.subject_id))):
            return unit.short_name
        if row.subject_kind == "person" and (name := self.persons.get(PersonId(row.subject_id))):
            return name
        return str(row.details.get("title") or row.details.get("name") or "")


def names_for(scope: Scope, rows: Sequence[AuditRecord]) -> Names:
    """Look up the names a page needs. Costs: three queries, however many rows."""
    persons = people_by_id(scope, {row.subject_id for row in rows if row.subject_kind == "person"})
    return Names(
        units=units_by_id(scope, {row.subject_id for row in rows if row.subject_kind == "unit"}),
        places=units_by_path(scope, {row.unit_path for row in rows if row.unit_path}),
        persons={key: person.name for key, person in persons.items()},
    )
