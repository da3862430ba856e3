"""When each person is mailed: the tenant's hours (part `notices` of its catalogue) and the person's own choice over them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from duban.access.checks import require
from duban.audit.operations import record
from duban.calendar.working_days import WorkingCalendar, year_table_from_json, year_tables
from duban.kernel.errors import InvalidInputError, StaleError
from duban.kernel.ids import PersonId, new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.notifications.hours import Email, Hours, hours_from_json, is_digest, mail_at, own_hours, read_hour
from duban.notifications.models import NoticeChoice
from duban.tenancy.models import Catalogue, Tenant
from duban.tenancy.queries import CHANGING, catalogue
from duban.tree.queries import root

PART = "notices"
AHEAD = timedelta(days=366)
WRONG_HOUR = N_("时间请写成 08:00 的样子。")


@dataclass(frozen=True)
class Plan:
    """When a mail may go, and whether with the mail of the day."""

    at: datetime
    in_digest: bool


def tenant_hours(scope: Scope) -> Hours:
    """Give the tenant's hours in force today."""
    return hours_from_json(catalogue(scope, PART))


def hours_of(scope: Scope, people: Collection[PersonId]) -> Mapping[PersonId, Hours]:
    """Give everybody's hours. Costs: one query, none for people asked about before."""
    known: dict[PersonId, Hours] = scope.memo.setdefault("notice.hours", {})
    unread = [one for one in people if one not in known]
    if unread:
        tenant = tenant_hours(scope)
        chosen = scope.session.scalars(owned(scope, NoticeChoice).where(NoticeChoice.person_id.in_(unread)))
        known.update(dict.fromkeys(unread, tenant))
        known.update({PersonId(row.person_id): hours_chosen(tenant, row) for row in chosen})
    return known


def hours_chosen(tenant: Hours, row: NoticeChoice) -> Hours:
    """Lay a kept choice over the tenant's hours."""
    return own_hours(
        tenant,
        email=row.email,
        digest_at=row.digest_at,
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
        workdays_only=row.workdays_only,
    )


def mail_plans(scope: Scope, people: Collection[PersonId], *, at: datetime, urgent: bool) -> Mapping[PersonId, Plan]:
    """Say when each of these people may be mailed something that is true from `at` on."""
    hours, calendar = hours_of(scope, people), _calendar(scope)
    return {
        one: Plan(
            mail_at(hours[one], at, zone=scope.zone, calendar=calendar, urgent=urgent), is_digest(hours[one], urgent=urgent)
        )
        for one in people
    }


def _calendar(scope: Scope) -> WorkingCalendar:
    if "notices.calendar" not in scope.memo:
        tables = catalogue(scope, "calendar").get("items", [])
        scope.memo["notices.calendar"] = WorkingCalendar(year_tables(year_table_from_json(table) for table in tables))
    found: WorkingCalendar = scope.memo["notices.calendar"]
    return found


def own_choice(scope: Scope, *, lock: bool = False) -> NoticeChoice | None:
    """Find what the actor has chosen."""
    statement = owned(scope, NoticeChoice).where(NoticeChoice.person_id == scope.person_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return scope.session.scalars(statement).one_or_none()


def read_hours(typed: Mapping[str, str], *names: str) -> dict[str, str]:
    """
    Check hours as typed; empty stays empty. `quiet_from` and `quiet_to` go together and differ.

    Raises: InvalidInputError.
    """
    wrong: dict[str, list[Text]] = {}
    for name in names:
        try:
            hour = read_hour(typed.get(name, "").strip())
        except ValueError:
            wrong[name] = [Text(WRONG_HOUR)]
            continue
        if hour is not None and (hour.second or hour.microsecond or hour.tzinfo or len(typed[name].strip()) != len("08:00")):
            wrong[name] = [Text(WRONG_HOUR)]
    first, last = (typed.get(name, "").strip() for name in ("quiet_from", "quiet_to"))
    if not wrong and bool(first) != bool(last):
        wrong["quiet_to" if first else "quiet_from"] = [Text(N_("免打扰时间的起止要么都填，要么都不填。"))]
    if not wrong and first and first == last:
        wrong["quiet_to"] = [Text(N_("免打扰时间的起止不能相同。"))]
    if wrong:
        raise InvalidInputError(fields=wrong)
    return {name: typed.get(name, "").strip() for name in names}


def choose(
    scope: Scope, *, email: str, digest_at: str, quiet_from: str, quiet_to: str, workdays_only: bool, version: int | None
) -> NoticeChoice:
    """
    Keep how the actor wants their e-mail; it holds for what is written from now on.

    Takes: `version` the person had read, 0 for none; None writes over whatever is there.
    Raises: InvalidInputError, StaleError.
    """
    if email not in set(Email):
        raise InvalidInputError(fields={"email": [Text(N_("请从给出的选项中选择"))]})
    hours = read_hours(
        {"digest_at": digest_at, "quiet_from": quiet_from, "quiet_to": quiet_to}, "digest_at", "quiet_from", "quiet_to"
    )
    row = own_choice(scope, lock=True)
    if version is not None and version != (row.version if row else 0):
        raise StaleError
    if row is None:
        row = scope.add(NoticeChoice(id=new_id(), person_id=scope.person_id, version=0))
    row.email, row.digest_at = email, hours["digest_at"] or "08:00"
    row.quiet_from, row.quiet_to, row.workdays_only = hours["quiet_from"], hours["quiet_to"], workdays_only
    row.version += 1
    row.changed_at = scope.now
    record(scope, "notice.chosen", "person", scope.person_id, email=email, workdays_only=workdays_only, **hours)
    return row


def newest_hours(scope: Scope) -> Catalogue | None:
    """Find the newest version of the tenant's hours, in force or to come."""
    statement = owned(scope, Catalogue).where(Catalogue.part == PART).order_by(Catalogue.version.desc()).limit(1)
    return scope.session.scalars(statement).first()


def require_keeping_hours(scope: Scope) -> None:
    """Refuse all but those who keep the tenant. Raises: NotFoundError, NotAllowedError."""
    require(scope, "tenant", "manage", root(scope))


def set_hours(
    scope: Scope,
    *,
    quiet_from: str,
    quiet_to: str,
    workdays_only: bool,
    red_exempt: bool,
    active_from: date | None,
    version: int,
) -> Catalogue:
    """
    Set when nobody in the tenant is mailed, from a day on.

    Takes: `version` of the newest hours the editor had read, 0 for none.
    Raises: NotFoundError, NotAllowedError, StaleError, InvalidInputError.
    """
    require_keeping_hours(scope)
    hours = read_hours({"quiet_from": quiet_from, "quiet_to": quiet_to}, "quiet_from", "quiet_to")
    if active_from is None or not scope.today <= active_from <= scope.today + AHEAD:
        raise InvalidInputError(fields={"active_from": [Text(N_("请填写今天起一年内的一天。"))]})
    scope.session.scalars(select(Tenant).where(Tenant.id == scope.tenant_id).with_for_update()).one()
    scope.session.info[CHANGING] = True
    newest = newest_hours(scope)
    if version != (newest.version if newest else 0):
        raise StaleError
    body = {**hours, "workdays_only": workdays_only, "red_exempt": red_exempt}
    made = scope.add(Catalogue(id=new_id(), part=PART, version=version + 1, active_from=active_from, body=body))
    scope.session.flush()
    record(scope, "notice.hours", "tenant", scope.tenant_id, root(scope).path, active_from=active_from, **body)
    return made
