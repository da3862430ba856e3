"""Making a tenant in one step: register, catalogue, units, first administrator. All of it or nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import Engine, func, select

from duban.console.desk import Desk, Hand, desk_within
from duban.console.measuring import measure
from duban.kernel.errors import InvalidInputError
from duban.kernel.ids import PersonId, TenantId, new_id
from duban.kernel.scope import SYSTEM, Actor, Scope, TenantInfo, open_session, unit_of_work
from duban.kernel.text import N_, Text
from duban.organisation.making import Details
from duban.organisation.operations.founding import found_tenant
from duban.organisation.operations.importing import ImportReport, check_units_file, import_units
from duban.organisation.operations.people import Slip
from duban.organisation.rules.naming import check_code, check_login, check_name, tidy
from duban.tenancy.kinds import Kind
from duban.tenancy.models import Tenant, TenantQuota
from duban.tenancy.operations import add_tenant, policy_digest
from duban.tenancy.parts import read_parts
from duban.tree.models import Unit

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII)
RESERVED = frozenset({"operator", "api", "static", "sign-in"})


@dataclass(frozen=True)
class NewTenant:
    """Everything the form asks. `units` is a file of units below the root, empty for none; limits None for none."""

    kind: str
    name: str
    slug: str
    time_zone: str
    root_code: str
    root_name: str
    admin_login: str
    admin_name: str
    units: bytes = b""
    people_limit: int | None = None
    storage_limit_bytes: int | None = None
    files_limit: int | None = None

    def tidied(self) -> "NewTenant":
        """Give the same without stray blanks; the root is called as the tenant where nothing else is said."""
        name = tidy(self.name)
        return replace(
            self,
            name=name,
            slug=self.slug.strip().lower(),
            root_code=tidy(self.root_code),
            root_name=tidy(self.root_name) or name,
            admin_login=tidy(self.admin_login).lower(),
            admin_name=tidy(self.admin_name),
        )


@dataclass(frozen=True)
class Founded:
    """What was made, or would be: the tenant, its units by level, the administrator's slip. `report` is the file's."""

    tenant: TenantInfo
    slip: Slip
    units: Mapping[str, int]
    report: ImportReport | None


class _OnlyTriedError(Exception):
    """Ends a trial: nothing of it is kept."""

    def __init__(self, founded: Founded) -> None:
        super().__init__()
        self.founded = founded


def try_founding(engine: Engine, *, new: NewTenant, kinds: Mapping[str, Kind], now: datetime) -> Founded:
    """
    Say what founding would make, by doing it and taking everything back.

    Raises: InvalidInputError, RuleBrokenError, as founding does; mistakes in the file are in the report instead.
    """
    try:
        _found(engine, new=new, kinds=kinds, now=now, hand=None)
    except _OnlyTriedError as tried:
        return tried.founded
    raise AssertionError("a trial always ends by its exception")  # pragma: no cover


def found(
    engine: Engine, *, new: NewTenant, kinds: Mapping[str, Kind], now: datetime, hand: Hand, first_password: str | None = None
) -> Founded:
    """
    Make the tenant. The slip is kept nowhere; `first_password` makes the same one of the same press.

    Raises: InvalidInputError, RuleBrokenError for a code that is taken, ImportRefusedError for a file with mistakes.
    Costs:  one transaction; about 1 ms a unit.
    """
    return _found(engine, new=new, kinds=kinds, now=now, hand=hand, first_password=first_password)


def _found(
    engine: Engine,
    *,
    new: NewTenant,
    kinds: Mapping[str, Kind],
    now: datetime,
    hand: Hand | None,
    first_password: str | None = None,
) -> Founded:
    new = new.tidied()
    _check(new, kinds)
    _check_slug_is_free(engine, new.slug)
    kind = kinds[new.kind]
    parts = read_parts(kind.folder)
    tenant = TenantInfo(
        id=TenantId(new_id()),
        slug=new.slug,
        kind=kind.code,
        name=new.name,
        zone=ZoneInfo(new.time_zone),
        policy_digest=policy_digest(parts["policy"]["text"]),
    )
    with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
        # whoever founds the same at this moment is waited for, and then met by name
        scope.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"tenant {new.slug}", 2))))
        _check_slug_is_free(engine, new.slug)
        add_tenant(scope.session, tenant=tenant, parts=parts, now=now)
        slip = found_tenant(
            scope,
            code=new.root_code,
            name=new.root_name,
            login=new.admin_login,
            details=Details(name=new.admin_name),
            active_from=date(2000, 1, 1),
            first_password=first_password,
        )
        report = _add_units(scope, new, slip, trial=hand is None)
        measure(scope)
        founded = Founded(tenant, slip, _count(scope), report)
        if hand is None:
            raise _OnlyTriedError(founded)
        # Registered last, so it runs after the tenant's own audit rows are written: the context is the console's from then on.
        scope.before_commit.append(lambda: _note(scope, new, founded, hand))
    return founded


def _note(scope: Scope, new: NewTenant, founded: Founded, hand: Hand) -> None:
    with desk_within(scope.session, hand=hand, now=scope.now) as desk:
        _add_quota(desk, founded.tenant.id, new)
        desk.record(
            "tenant.created",
            "tenant",
            founded.tenant.id,
            slug=new.slug,
            name=new.name,
            kind=new.kind,
            admin_login=founded.slip.login,
            units=dict(founded.units),
            people_limit=new.people_limit,
            storage_limit_bytes=new.storage_limit_bytes,
            files_limit=new.files_limit,
        )


def _add_quota(desk: Desk, tenant_id: TenantId, new: NewTenant) -> None:
    limits = {name: getattr(new, name) for name in ("people_limit", "storage_limit_bytes", "files_limit")}
    if any(limit is not None for limit in limits.values()):
        desk.session.add(TenantQuota(tenant_id=tenant_id, **limits))


def _add_units(scope: Scope, new: NewTenant, slip: Slip, *, trial: bool) -> ImportReport | None:
    if not new.units:
        return None
    scope.session.flush()
    # The file is taken in the administrator's name: units come by the same operation, under the same leave, as any later ones.
    administrator = Actor(person_id=PersonId(slip.person_id), name=new.admin_name)
    as_administrator = replace(scope, actor=administrator, memo={})
    if trial and not (report := check_units_file(as_administrator, data=new.units)).is_sound:
        return report
    return import_units(as_administrator, data=new.units, active_from=date(2000, 1, 1))


def _count(scope: Scope) -> dict[str, int]:
    scope.session.flush()
    rows = scope.session.execute(
        select(Unit.level, func.count())
        .where(Unit.tenant_id == scope.tenant_id)
        .group_by(Unit.level)
        .order_by(func.min(Unit.depth))
    )
    return {level: count for level, count in rows}  # noqa: C416 - rows are not pairs to the type checker


def _check(new: NewTenant, kinds: Mapping[str, Kind]) -> None:
    found: dict[str, Text | None] = {
        "kind": None if new.kind in kinds else Text(N_("请选择类型。")),
        "name": check_name(new.name),
        "slug": None
        if _SLUG.fullmatch(new.slug) and new.slug not in RESERVED
        else Text(N_("系统代码以小写字母开头，只用小写字母、数字和横线，2 至 40 位。")),
        "time_zone": None if new.time_zone in available_timezones() else Text(N_("没有这个时区，例如 Asia/Shanghai。")),
        "root_code": check_code(new.root_code),
        "root_name": check_name(new.root_name),
        "admin_login": check_login(new.admin_login),
        "admin_name": check_name(new.admin_name),
    }
    fields = {field: [text] for field, text in found.items() if text is not None}
    if fields:
        raise InvalidInputError(fields=fields)


def _check_slug_is_free(engine: Engine, slug: str) -> None:
    with open_session(engine, None) as session:
        if session.scalars(select(Tenant.id).where(Tenant.slug == slug)).first() is not None:
            raise InvalidInputError(fields={"slug": [Text(N_("代码 %(slug)s 已被使用，请换一个。"), {"slug": slug})]})
