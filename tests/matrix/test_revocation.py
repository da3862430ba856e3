"""What is taken away is gone with the next request, on each of four workers of the real gunicorn."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from unittest.mock import patch
from uuid import UUID

import pytest
from sqlalchemy import Engine, update

from duban.access import renewal
from duban.access.adopting import adopt_policy
from duban.access.models import Delegation, RoleGrant
from duban.access.operations import end_lending
from duban.access.renewal import offered
from duban.console.desk import Hand, at_desk
from duban.console.operations.tenants import resume, suspend
from duban.identity.models import Credential, Person
from duban.kernel.clock import SetClock, SystemClock
from duban.kernel.ids import PersonId, UnitId, new_id
from duban.kernel.settings import Settings
from duban.organisation.operations.people import set_active
from duban.organisation.operations.reorganising import decide
from duban.organisation.operations.roles import revoke_role
from duban.organisation.operations.units import create_unit
from duban.organisation.rules.changes import Move
from duban.tenancy.kinds_merging import Catalogued
from tests.cast import World, _hash, build_world
from tests.matrix.workers import WORKERS, Workers, gunicorn
from tests.web.identity.test_ended_sessions import key_of

GONE, DOOR, CLOSED = 404, 302, 403
NIGHTLY = 500
Undo = Callable[[], None]


class Case:
    """One person who may read one unit, and how that is taken from them."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.who = world, f"x{number}-{new_id().hex[-8:]}"
        self.unit = world.units["V11"]

    def appoint(self, role: str = "township.officer", place: str = "T1") -> UUID:
        """Make the person, holding a role."""
        with self.world.as_system() as scope:
            person_id, grant_id = new_id(), new_id()
            scope.add(Person(id=person_id, login=self.who, name=self.who, post="", email="", phone=""))
            scope.session.flush()
            scope.add(Credential(id=person_id, password_hash=_hash(), must_change=False, changed_at=scope.now))
            unit_id = self.world.units[place]
            since = date(2000, 1, 1)
            scope.add(
                RoleGrant(id=grant_id, person_id=person_id, role=role, unit_id=unit_id, line="territorial", active_from=since)
            )
        self.world.people[self.who], self.world.names[self.who] = PersonId(person_id), self.who
        return grant_id

    def lent(self) -> UUID:
        """A clerk of a village beside uses the role of the township's officer for some days."""
        self.appoint("village.clerk", "V21")
        with self.world.as_system() as scope:
            lent_id = new_id()
            scope.add(
                Delegation(
                    id=lent_id, giver_id=self.world.people["tom"], receiver_id=self.world.people[self.who],
                    unit_id=self.world.units["T1"], role="township.officer", active_from=scope.today - timedelta(days=3),
                    active_to=scope.today + timedelta(days=3), reason="学习", created_at=scope.now,
                )
            )  # fmt: skip
        return lent_id

    @property
    def path(self) -> str:
        return f"/units/{self.unit}"


def role_removed(case: Case) -> tuple[int, Callable[[], Undo | None]]:
    grant_id = case.appoint()

    def act() -> None:
        with case.world.as_("sara") as scope:
            revoke_role(scope, grant_id=grant_id)

    return GONE, act


def person_disabled(case: Case) -> tuple[int, Callable[[], Undo | None]]:
    case.appoint()

    def act() -> None:
        with case.world.as_("adam") as scope:
            set_active(scope, person_id=case.world.people[case.who], active=False)

    return DOOR, act


def unit_moved_away(case: Case) -> tuple[int, Callable[[], Undo | None]]:
    case.appoint()
    with case.world.as_("adam") as scope:
        made = create_unit(
            scope,
            parent_id=case.world.units["T1"],
            level="village",
            code=case.who,
            name=f"村{case.who}",
            active_from=date(2020, 1, 1),
        )
        case.unit = UnitId(made.id)

    def act() -> None:
        with case.world.as_("adam") as scope:
            decide(scope, change=Move(case.unit, case.world.units["T2"]), basis="某号文")

    return GONE, act


def tenant_suspended(case: Case) -> tuple[int, Callable[[], Undo | None]]:
    case.appoint()
    operator = Hand(None, "terminal")

    def undo() -> None:
        with at_desk(case.world.engine, hand=operator, now=case.world.now) as desk:
            resume(desk, tenant_id=case.world.tenant.id)

    def act() -> Undo:
        with at_desk(case.world.engine, hand=operator, now=case.world.now) as desk:
            suspend(desk, tenant_id=case.world.tenant.id, reason="检修")
        return undo

    return CLOSED, act


def delegation_ended(case: Case) -> tuple[int, Callable[[], Undo | None]]:
    lent_id = case.lent()

    def act() -> None:
        with case.world.as_("tom") as scope:
            end_lending(scope, delegation_id=lent_id)

    return GONE, act


def delegation_expired(case: Case) -> tuple[int, Callable[[], Undo | None]]:
    """Its last day has passed: put back, for the workers' clocks are real."""
    lent_id = case.lent()

    def act() -> None:
        with case.world.as_system() as scope:
            ends = update(Delegation).where(Delegation.tenant_id == scope.tenant_id, Delegation.id == lent_id)
            scope.session.execute(ends.values(active_to=scope.today))

    return GONE, act


def policy_changed(case: Case) -> tuple[int, Callable[[], Undo | None]]:
    """The security administrator takes over a policy of the kind that no longer says that members read units below."""
    case.appoint()
    now = offered("county")
    assert now is not None
    line = "p, county.member, subtree, unit, read"
    newer = Catalogued("\n".join(one for one in now.text.splitlines() if one != line) + f"\n# {case.who}\n", now.roles)

    def take_over(kind: Catalogued) -> None:
        with patch.object(renewal, "offered", lambda _code: kind), case.world.as_("sara") as scope:
            found = renewal.standing(scope).renewal
            assert found is not None
            adopt_policy(scope, seen=found.tag, active_from=scope.today)

    def act() -> Undo:
        take_over(newer)
        return partial(take_over, now)

    return GONE, act


KINDS = (role_removed, person_disabled, unit_moved_away, tenant_suspended, delegation_ended, delegation_expired, policy_changed)


def take_away(
    world: World, workers: Workers, kind: Callable[[Case], tuple[int, Callable[[], Undo | None]]], number: int
) -> Counter[str]:
    """Let a person in on every worker, take it away, ask every worker again; count the answers."""
    case = Case(world, number)
    denied, act = kind(case)
    key = key_of(world, case.who)
    before = workers.ask(case.path, key)
    assert list(before.values()) == [200] * WORKERS, (kind.__name__, before)
    undo = act()
    after = workers.ask(case.path, key)
    if undo is not None:
        undo()
    assert after.keys() == before.keys(), "a worker was replaced meanwhile"
    return Counter("denied" if status == denied else f"let in or other: {status}" for status in after.values())


@pytest.fixture
def present(engine: Engine, app_clock: SetClock, request: pytest.FixtureRequest) -> World:
    """A cast of the real present: the workers have real clocks."""
    world = build_world(engine, now=SystemClock().now(), web=request)
    app_clock.at = world.now
    return world


@pytest.fixture(scope="module")
def workers(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    with gunicorn(settings, tmp_path_factory.mktemp("gunicorn") / "log") as running:
        yield running


def run(world: World, workers: Workers, times: int) -> Counter[str]:
    """Every kind in turn; print what each came to."""
    total: Counter[str] = Counter()
    for kind in KINDS:
        counted: Counter[str] = Counter()
        share = len(range(KINDS.index(kind), times, len(KINDS)))
        for number in range(share):
            counted += take_away(world, workers, kind, number)
        print(f"\n{kind.__name__}: {share} times on {WORKERS} workers: {dict(counted)}", end="")
        total += counted
    return total


def test_what_is_taken_away_is_gone_on_every_worker(present: World, workers: Workers) -> None:
    times = 2 * len(KINDS)
    assert run(present, workers, times) == {"denied": times * WORKERS}


@pytest.mark.nightly
def test_what_is_taken_away_is_gone_on_every_worker_500_times(present: World, workers: Workers) -> None:
    assert run(present, workers, NIGHTLY) == {"denied": NIGHTLY * WORKERS}


@pytest.mark.nightly
def test_control_workers_that_keep_what_people_hold_are_found_out(
    present: World,
    settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The same on an application that caches: everything that hangs on grants goes on being allowed."""
    with gunicorn(settings, tmp_path_factory.mktemp("forgetful") / "log", application="tests.matrix.forgetful:app") as forgetful:
        for kind in (role_removed, delegation_ended, delegation_expired):
            assert take_away(present, forgetful, kind, 0) == {"let in or other: 200": WORKERS}
