"""What a workbook of a requirement needs to know: whose duties, what was typed before, what stands in the way."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, cast, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from duban.access import checks as access
from duban.calendar.periods import Period, PeriodKind
from duban.fields.forms import FormSpec
from duban.fields.quantities import Value
from duban.fields.shapes import Kind
from duban.files.queries import list_of
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.organisation.queries.units import contact_kinds_of
from duban.reporting.closed_years import closed_at, know_closed
from duban.reporting.course import is_open_to
from duban.reporting.entering import Office, against
from duban.reporting.errors import ContactsMissingError, EnteringFilesError
from duban.reporting.handing_in import CONTACTS_NEEDED
from duban.reporting.locks import lock_for
from duban.reporting.models import Draft, Duty, Extension, Requirement, Submission
from duban.reporting.queries.answering import DUTY_FILES
from duban.reporting.queries.duties import DutyLine, get_duty, lines_of
from duban.reporting.queries.entering import enterable, require_office
from duban.reporting.queries.extensions import waiting_of
from duban.reporting.queries.forms import Asked, asked_of, requirement_of, typed_of, values_of
from duban.reporting.queries.last_time import goes_on_with, still_asked
from duban.reporting.states import UNIT_TO_ACT, Act, Precondition
from duban.reporting.workbooks.judging import Known
from duban.reporting.workbooks.layout import Mark, fingerprint
from duban.tree.queries import units_by_path

MOST_UNITS = 3000
MOST_LISTED = 20
OTHER_VERSION = Text(N_("这个单位这一期用的是另一版表单，请在网页上填报。"))
CLOSED = N_("没有接收：%(why)s")


@dataclass(frozen=True)
class Open:
    """A period of a requirement and for how many units the person may still hand in."""

    period: Period
    due_on: date
    count: int


@dataclass(frozen=True)
class Sheet:
    """One requirement and period as the person may fill it in: all units they may enter for, in the order of the tree."""

    requirement: Requirement
    period: Period
    asked: Asked
    knowns: Sequence[Known]
    mark: Mark
    office: Office | None = None
    """The office that enters in the units' stead; None: the units' own people."""
    anyway: bool = False
    """Whether the office goes on although units have begun themselves."""

    @property
    def form(self) -> FormSpec:
        """What it asks."""
        return self.asked.form

    @property
    def to_fill(self) -> list[Known]:
        """The units something can be handed in for now."""
        return [known for known in self.knowns if known.closed is None]


@dataclass(frozen=True)
class Filling:
    """A duty somebody may enter for; `office` where it is one below, in whose stead an office above enters （代报）."""

    duty: Duty
    requirement: Requirement
    office: Office | None = None


def get_for_writing(scope: Scope, duty_id: UUID) -> Filling:
    """Get a duty the person may enter for, as the unit's own or for a unit below. Raises: NotFoundError, NotAllowedError."""
    duty = get_duty(scope, duty_id)
    requirement = requirement_of(scope, duty)
    if requirement.superiors_may_enter and not access.granted(scope, "submission", "write", duty):
        return Filling(duty, requirement, require_office(scope, duty, requirement))
    access.require(scope, "submission", "write", duty)
    return Filling(duty, requirement)


def open_periods(scope: Scope, filling: Filling) -> list[Open]:
    """
    List the periods of a requirement the person may still hand something in for, most urgent first.

    Costs: one query.
    """
    rows = scope.session.execute(
        select(
            Duty.period_kind,
            Duty.period_start,
            Duty.period_end,
            func.min(Duty.due_on),
            func.count().filter(Duty.state.in_(UNIT_TO_ACT)),
        )
        .where(
            Duty.tenant_id == scope.tenant_id,
            Duty.requirement_id == filling.requirement.id,
            _to_fill(scope, filling),
        )
        .group_by(Duty.period_kind, Duty.period_start, Duty.period_end)
        .order_by(func.min(Duty.due_on))
    ).all()
    return [Open(Period(row[1], row[2], PeriodKind(row[0])), row[3], row[4]) for row in rows if row[4]]


def _to_fill(scope: Scope, filling: Filling) -> ColumnElement[bool]:
    if filling.office is not None:
        return enterable(scope, filling.requirement)
    return access.readable(scope, Duty, "submission", "write")


def a_duty_to_fill(scope: Scope, requirement_id: UUID) -> UUID | None:
    """Find a duty of a requirement the person may still hand in for, the way to its workbook. Costs: one query."""
    statement = select(Duty.id).where(
        Duty.tenant_id == scope.tenant_id,
        Duty.requirement_id == requirement_id,
        Duty.state.in_(UNIT_TO_ACT),
        access.readable(scope, Duty, "submission", "write"),
    )
    return scope.session.scalars(statement.order_by(Duty.due_at, Duty.id).limit(1)).first()


def several_to_fill(scope: Scope) -> list[tuple[Requirement, UUID, int]]:
    """List the requirements the person owes for more than one unit, with one of the duties. Costs: two queries."""
    units = func.count(func.distinct(Duty.unit_id))
    rows = scope.session.execute(
        select(Duty.requirement_id, func.min(cast(Duty.id, String)), units)
        .where(
            Duty.tenant_id == scope.tenant_id,
            Duty.state.in_(UNIT_TO_ACT),
            access.readable(scope, Duty, "submission", "write"),
        )
        .group_by(Duty.requirement_id)
        .having(units > 1)
        .limit(MOST_LISTED)
    ).all()
    found = {row[0]: (UUID(row[1]), row[2]) for row in rows}
    if not found:
        return []
    requirements = scope.session.scalars(owned(scope, Requirement).where(Requirement.id.in_(found)).order_by(Requirement.id))
    return [(requirement, *found[requirement.id]) for requirement in requirements]


def sheet_of(scope: Scope, filling: Filling, period_code: str = "", *, anyway: bool = False) -> Sheet:
    """
    Gather everything a workbook of one period needs, that of the duty where none is named.

    Takes:  `anyway` where an office goes on although units have begun themselves.
    Raises: NotFoundError where there is nothing in it the person may hand in. Costs: about a dozen queries and one for each
    question with files, however many units; one more for each place reviews wait at and each place closed results are of.
    """
    requirement, period_code = filling.requirement, period_code or filling.duty.period_code
    statement = owned(scope, Duty).where(
        Duty.requirement_id == requirement.id, Duty.period_code == period_code, _to_fill(scope, filling)
    )
    duties = scope.session.scalars(statement.order_by(Duty.path, Duty.id).limit(MOST_UNITS)).all()
    if not duties:
        raise NotFoundError
    asked = asked_of(scope, duties[0], requirement)
    facts = _facts(scope, requirement, duties, asked, is_own=filling.office is None)
    names = Counter(line.unit.name for line in facts.lines)
    knowns = [_known(scope, facts, line, is_alone=names[line.unit.name] == 1) for line in facts.lines]
    mark = Mark(requirement.id, period_code, fingerprint(asked.form), requirement.title)
    return Sheet(requirement, duties[0].period, asked, knowns, mark, filling.office, anyway)


@dataclass(frozen=True)
class _Facts:
    """What is looked up once for all units of a sheet. `is_own`: filled in by the units' own people."""

    requirement: Requirement
    asked: Asked
    lines: Sequence[DutyLine]
    is_own: bool
    drafts: Mapping[UUID, Draft]
    waiting: Mapping[UUID, Extension]
    before: Mapping[UUID, Mapping[str, Value]]
    files: Mapping[UUID, Mapping[str, Sequence[str]]]
    whole: Collection[UUID]
    handed_in: Mapping[UUID, Mapping[str, Value]]
    contacts: Mapping[UUID, Collection[str]]
    receivers: Mapping[str, str]


def _facts(scope: Scope, requirement: Requirement, duties: Sequence[Duty], asked: Asked, *, is_own: bool) -> _Facts:
    ids = [duty.id for duty in duties]
    know_closed(scope, {(duty.path, duty.reporting_year) for duty in duties})
    needs_contacts = Precondition.CONTACTS_NAMED in requirement.needs
    return _Facts(
        requirement=requirement,
        asked=asked,
        lines=lines_of(scope, duties),
        is_own=is_own,
        drafts={row.duty_id: row for row in scope.session.scalars(owned(scope, Draft).where(Draft.duty_id.in_(ids)))},
        waiting={} if is_own else waiting_of(scope, ids),
        before=_last_values(scope, requirement, duties, asked.form),
        files=_attached(scope, ids, asked.form) if is_own else {},
        whole=list_of(scope, DUTY_FILES, ids).keys() if is_own and requirement.attachments_required else (),
        handed_in=_handed_in(scope, duties, asked),
        contacts=contact_kinds_of(scope, [duty.unit_id for duty in duties]) if needs_contacts else {},
        receivers={
            path: unit.name for path, unit in units_by_path(scope, {_receiver(duty, requirement) for duty in duties}).items()
        },
    )


def _receiver(duty: Duty, requirement: Requirement) -> str:
    return duty.at_path or duty.to_path or requirement.path


def _known(scope: Scope, facts: _Facts, line: DutyLine, *, is_alone: bool) -> Known:
    duty, draft = line.duty, facts.drafts.get(line.duty.id)
    found = Known(
        duty_id=duty.id,
        unit=line.unit.name if is_alone else f"{line.unit.name}（{line.unit.code}）",
        code=line.unit.code,
        period=duty.period_code,
        versions=duty.versions,
        closed=_closed(scope, facts, duty),
        blocked=_blocked(facts, duty),
        previous=facts.before.get(duty.unit_id),
        attached=facts.files.get(duty.id, {}),
        handed_in=facts.handed_in.get(duty.id),
    )
    if not facts.is_own:  # what the unit has typed is not shown to those above
        return replace(found, begun=against(draft, facts.waiting.get(duty.id), scope.zone))
    if draft is None:
        return found
    typed = typed_of(scope, draft, facts.asked)
    return replace(found, typed=typed, draft=draft.version, is_draft_mine=draft.saved_by == scope.actor.person_id)


def _handed_in(scope: Scope, duties: Sequence[Duty], asked: Asked) -> dict[UUID, Mapping[str, Value]]:
    """Give what the last version of each duty says that waits for review or was accepted, under this form. Costs: one query."""
    ids = [duty.id for duty in duties if duty.versions and not is_open_to(duty, Act.SUBMIT)]
    if not ids:
        return {}
    statement = (
        owned(scope, Submission)
        .join(Duty, and_(Duty.tenant_id == Submission.tenant_id, Duty.id == Submission.duty_id))
        .where(
            Duty.tenant_id == scope.tenant_id,
            Submission.duty_id.in_(ids),
            Submission.number == Duty.versions,
            Submission.form_version_id.is_not_distinct_from(asked.version_id),
        )
    )
    return {row.duty_id: {} if row.is_nil else values_of(scope, row, asked.form) for row in scope.session.scalars(statement)}


def _closed(scope: Scope, facts: _Facts, duty: Duty) -> Text | None:
    lock = lock_for(
        duty,
        facts.requirement,
        now=scope.now,
        zone=scope.zone,
        receiver=facts.receivers.get(_receiver(duty, facts.requirement), facts.requirement.recipient),
        archived_at=closed_at(scope, duty.path, duty.reporting_year),
    )
    if lock is not None:
        return Text(CLOSED, {"why": lock.text})
    if asked_of(scope, duty, facts.requirement).version_id != facts.asked.version_id:
        return OTHER_VERSION
    return None


def _blocked(facts: _Facts, duty: Duty) -> list[Text]:
    if not is_open_to(duty, Act.SUBMIT):
        return []
    found: list[Text] = []
    if Precondition.CONTACTS_NAMED in facts.requirement.needs:
        named = facts.contacts.get(duty.unit_id, ())
        missing = [label for kind, label in CONTACTS_NEEDED.items() if kind not in named]
        found += [ContactsMissingError(missing).text] if missing else []
    if facts.requirement.attachments_required and not facts.is_own:
        found.append(EnteringFilesError().text)
    elif facts.requirement.attachments_required and duty.id not in facts.whole:
        found.append(Text(N_("这项任务要求附件。请在网页上打开这个单位的任务，上传附件后再提交。")))
    return found


def _attached(scope: Scope, ids: Sequence[UUID], form: FormSpec) -> dict[UUID, dict[str, list[str]]]:
    found: dict[UUID, dict[str, list[str]]] = {}
    for spec in form.fields:
        if spec.kind is Kind.ATTACHMENT:
            for duty_id, files in list_of(scope, f"{DUTY_FILES}.{spec.key}", ids).items():
                found.setdefault(duty_id, {})[spec.key] = [str(file.id) for file in files]
    return found


def _last_values(
    scope: Scope, requirement: Requirement, duties: Sequence[Duty], form: FormSpec
) -> dict[UUID, Mapping[str, Value]]:
    """
    Give each unit's answers of the last period it handed in, as `reporting.queries.last_time` does for one.

    Costs: one query for all units; none where the form compares nothing.
    """
    if all(spec.flag_percent is None for spec in form.fields):
        return {}
    statement = (
        select(Duty.unit_id, Submission)
        .join(Duty, and_(Duty.tenant_id == Submission.tenant_id, Duty.id == Submission.duty_id))
        .join(Requirement, and_(Requirement.tenant_id == Duty.tenant_id, Requirement.id == Duty.requirement_id))
        .where(
            Submission.tenant_id == scope.tenant_id,
            Duty.tenant_id == scope.tenant_id,
            Requirement.tenant_id == scope.tenant_id,
            Duty.unit_id.in_([duty.unit_id for duty in duties]),
            Duty.period_kind == duties[0].period_kind,
            Duty.period_end < duties[0].period_start,
            Submission.number == Duty.versions,
            goes_on_with(requirement, duties[0].period_start),
        )
        .order_by(Duty.unit_id, Duty.period_end.desc(), Duty.id)
        .ext(distinct_on(Duty.unit_id))
    )
    return {unit_id: still_asked(scope, submission, form) for unit_id, submission in scope.session.execute(statement)}
