"""A tenant with people who act in it at set times."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Engine, update

from duban.dispatches import tasks as dispatch_tasks
from duban.files.storage import Store
from duban.identity.operations import choose_password_policy
from duban.identity.passwords import hash_password
from duban.kernel.clock import SetClock
from duban.kernel.ids import PersonId, UnitId
from duban.kernel.scope import SYSTEM, Actor, Scope, TenantInfo, open_session, owned, unit_of_work
from duban.notifications.models import Effect
from duban.notifications.operations import Claim, Fresh, cancel, claim, put_in_inbox, settle
from duban.notifications.states import Channel
from duban.organisation.making import Details
from duban.organisation.operations.contacts import Named, set_contacts
from duban.organisation.operations.founding import found_tenant
from duban.organisation.operations.importing import import_units
from duban.organisation.operations.people import create_person
from duban.reporting import tasks as reporting_tasks
from duban.reporting.operations import plan_reminders, sweep_missing
from duban.simulation.names import name, phone
from duban.tenancy.kinds import Kind
from duban.tenancy.models import Tenant
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from duban.tree.models import Unit

ADMIN, SECURITY = "admin", "security"
BATCH = 500
STILL_WANTED = {**reporting_tasks.STILL_WANTED, **dispatch_tasks.STILL_WANTED}
LEASE = timedelta(minutes=5)
OPENED = date(2000, 1, 1)
"""Since when demo units exist: long before anything is asked of them."""


@dataclass(frozen=True)
class Player:
    """Somebody who acts: login, name, post, and the unit they were made at."""

    id: PersonId
    login: str
    name: str
    unit: str
    post: str


@dataclass
class Stage:
    """
    One tenant under a set clock. Units are named by code, people by login.

    `at` sets the time of everything that follows until it is set again.
    """

    engine: Engine
    kind: Kind
    tenant: TenantInfo
    password: str
    clock: SetClock
    units: dict[str, UnitId] = field(default_factory=dict)
    unit_names: dict[str, str] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    players: dict[str, Player] = field(default_factory=dict)
    clerks: dict[str, str] = field(default_factory=dict)
    """Login of who hands in for a unit, by unit code."""
    password_hash: str = ""
    """Hashed once for all accounts of a demo: hashing is slow on purpose, and none of them is a secret."""
    files: Store | None = None
    """Where photographs go; None: none are taken."""
    _desk: Scope | None = None

    def __post_init__(self) -> None:
        """Hash the password all accounts share."""
        self.password_hash = hash_password(self.password)

    @property
    def today(self) -> date:
        """The date the clock shows in the tenant's zone."""
        return self.clock.at.astimezone(self.tenant.zone).date()

    def at(self, day: date, hour: int = 9, minute: int = 0, second: int = 0) -> datetime:
        """Set the clock, in the tenant's zone. Gives: the instant."""
        self.clock.at = datetime.combine(day, time(hour, minute, second), tzinfo=self.tenant.zone)
        return self.clock.at

    @contextmanager
    def as_(self, login: str) -> Iterator[Scope]:
        """Open a unit of work of one of the players."""
        player = self.players[login]
        with unit_of_work(self.engine, tenant=self.tenant, actor=Actor(player.id, player.name), now=self.clock.at) as scope:
            yield scope

    @contextmanager
    def as_system(self) -> Iterator[Scope]:
        """Open a unit of work of the service itself."""
        with unit_of_work(self.engine, tenant=self.tenant, actor=SYSTEM, now=self.clock.at) as scope:
            yield scope

    @contextmanager
    def one_sitting(self) -> Iterator[None]:
        """Let the administrator do everything of this block in one unit of work."""
        with self.as_(ADMIN) as scope:
            self._desk = scope
            try:
                yield
            finally:
                self._desk = None

    @contextmanager
    def _at_the_desk(self) -> Iterator[Scope]:
        if self._desk is not None:
            yield self._desk
            return
        with self.as_(ADMIN) as scope:
            yield scope

    def hire(self, unit: str, role: str, login: str, *, post: str, full_name: str = "") -> str:
        """Make a person with a role at a unit, by the administrator. Gives: the login."""
        number = len(self.players)
        details = Details(name=full_name or name(number), post=post, phone=phone(number))
        with self._at_the_desk() as scope:
            slip = create_person(
                scope,
                unit_id=self.units[unit],
                role=role,
                login=login,
                details=details,
                active_from=OPENED,
                password_hash=self.password_hash,
            )
        self.players[login] = Player(PersonId(slip.person_id), slip.login, details.name, unit, post)
        return login

    def name_contacts(self, unit: str, **logins: str) -> None:
        """Name contacts of a unit by kind: a login's name and post, or `name/post` of somebody without an account."""
        named = {kind: self._contact(who) for kind, who in logins.items()}
        with self._at_the_desk() as scope:
            set_contacts(scope, unit_id=self.units[unit], named=named)

    def _contact(self, who: str) -> Named:
        if who in self.players:
            return Named(self.players[who].name, self.players[who].post, phone(list(self.players).index(who)))
        full_name, _, post = who.partition("/")
        return Named(full_name, post, phone(len(full_name) * 37 + len(self.players)))

    @property
    def codes_by_id(self) -> Mapping[UUID, str]:
        """Units' codes by their ids."""
        return {unit_id: code for code, unit_id in self.units.items()}

    def codes(self, *levels: str) -> list[str]:
        """List the codes of all units of some levels, in the order of the file."""
        return [code for code, level in self.levels.items() if level in levels]

    def tick(self) -> tuple[int, int]:
        """
        Do what the clock does at this moment: mark what is missing, write reminders, deliver in-app messages.

        Gives: how many duties became missing, how many reminders were new.
        """
        with self.as_system() as scope:
            missing = sweep_missing(scope)
        with self.as_system() as scope:
            reminders = plan_reminders(scope)
        return missing, reminders

    def deliver(self, *, recent_from: date | None = None) -> None:
        """
        Deliver everything that is due by now, as the worker does but in large batches; there is no mail server.

        Takes: `recent_from` a day before which messages are no longer worth an inbox.
        """
        for channel in (Channel.IN_APP, Channel.EMAIL):
            while True:
                with self.as_system() as scope:
                    claims = claim(scope, channel=channel, limit=BATCH, lease=LEASE)
                    for held in claims:
                        self._settle(scope, channel, held, recent_from)
                if not claims:
                    break

    def _settle(self, scope: Scope, channel: Channel, held: Claim, recent_from: date | None) -> None:
        if channel is Channel.EMAIL:
            cancel(scope, held=held, reason="no mail server is set")
            return

        def wanted(scope: Scope, effect: Effect) -> bool:
            asked = STILL_WANTED.get(effect.subject_kind)
            recent = recent_from is None or effect.created_at.astimezone(scope.zone).date() >= recent_from
            return recent and (asked is None or asked(scope, effect))

        def fresh(scope: Scope, effect: Effect) -> Fresh | None:
            said_now = reporting_tasks.FRESHEN.get(effect.subject_kind)
            return said_now(scope, effect) if said_now else None

        settle(scope, held=held, still_wanted=wanted, have_effect=put_in_inbox, freshen=fresh)


def set_stage(
    engine: Engine,
    *,
    kind: Kind,
    name: str,
    password: str,
    files: Sequence[str],
    on: date,
    admin_name: str = "系统管理员",
) -> Stage:
    """
    Make a tenant with its units and its administrator.

    Takes: unit files of the kind's demo folder, the root's row first in the first of them.
    The tenant stays hidden until `open_doors`: half a demo must never look like a whole one.
    """
    zone = kind.zone
    now = datetime.combine(on, time(9), tzinfo=zone)
    tenant = provision(
        engine,
        slug=f"draft-{uuid4().hex[:16]}",
        name=name,
        kind=kind.code,
        time_zone=zone.key,
        parts=read_parts(kind.folder),
        now=now,
        demo=True,
    )
    _show(engine, tenant, slug=tenant.slug, active=False)
    stage = Stage(engine, kind, tenant, password, SetClock(now))
    _people_the_stage(stage, files, admin_name)
    return stage


def _people_the_stage(stage: Stage, files: Sequence[str], admin_name: str) -> None:
    folder = stage.kind.folder / "demo"
    first = (folder / files[0]).read_text(encoding="utf-8-sig").splitlines()[1].split(",")
    details = Details(name=admin_name, post="系统管理员")
    with stage.as_system() as scope:
        short = first[4] if len(first) > 4 else ""
        slip = found_tenant(
            scope,
            code=first[0],
            name=first[1],
            short_name=short,
            login=ADMIN,
            details=details,
            active_from=OPENED,
            password_hash=stage.password_hash,
        )
    stage.players[ADMIN] = Player(PersonId(slip.person_id), ADMIN, admin_name, first[0], details.post)
    for file in files:
        with stage.as_(ADMIN) as scope:
            import_units(scope, data=(folder / file).read_bytes(), active_from=OPENED)
    with stage.as_system() as scope:
        for unit in scope.session.scalars(owned(scope, Unit).order_by(Unit.path)):
            stage.units[unit.code], stage.unit_names[unit.code] = UnitId(unit.id), unit.name
            stage.levels[unit.code] = unit.level


def hire_administrators(stage: Stage, root: str, *, auditor: str | None = "auditor") -> None:
    """
    Hire the security administrator and, unless there is one, the audit administrator.

    Last of all: from the first security administrator on the system administrator's grants wait for confirmation.
    """
    level = stage.levels[root]
    if auditor is not None:
        stage.hire(root, f"{level}.auditor", auditor, post="审计管理员")
    stage.hire(root, f"{level}.security", SECURITY, post="安全管理员")


def open_doors(stage: Stage, slug: str) -> TenantInfo:
    """Show a finished tenant under its own name. Its accounts are there to be tried: none is to age or be locked for idleness."""
    with stage.as_system() as scope:
        choose_password_policy(scope, code="asvs")
    _show(stage.engine, stage.tenant, slug=slug, active=True)
    return stage.tenant


def _show(engine: Engine, tenant: TenantInfo, *, slug: str, active: bool) -> None:
    # The register of tenants is the operator's, not a tenant's: there is no operation for it and nobody in it to ask.
    with open_session(engine, tenant.id) as session, session.begin():
        session.execute(update(Tenant).where(Tenant.id == tenant.id).values(slug=slug, active=active))


@dataclass(order=True)
class _Entry:
    at: datetime
    number: int
    act: Callable[[], None] = field(compare=False)


class Diary:
    """Acts to be done at set times, in order of time, those of one time in the order they were put in."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._entries: list[_Entry] = []
        self._planned = 0

    def put(self, at: datetime, act: Callable[[], None]) -> None:
        """Plan an act."""
        self._planned += 1
        heapq.heappush(self._entries, _Entry(at, self._planned, act))

    def on(self, day: date, hour: int, minute: int, act: Callable[[], None], *, second: int = 0) -> None:
        """Plan an act in the tenant's zone."""
        self.put(datetime.combine(day, time(hour, minute, second), tzinfo=self.stage.tenant.zone), act)

    def every_day(self, first: date, last: date, hour: int, minute: int, act: Callable[[], None]) -> None:
        """Plan an act for each day from the first to the last, both included."""
        for number in range((last - first).days + 1):
            self.on(first + timedelta(days=number), hour, minute, act)

    def live(self, until: datetime | None = None) -> None:
        """Do everything planned, and what is planned meanwhile, until a time (exclusive)."""
        while self._entries and (until is None or self._entries[0].at < until):
            entry = heapq.heappop(self._entries)
            self.stage.clock.at = entry.at
            entry.act()
