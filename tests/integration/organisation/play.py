"""
Units, people and duties played twice: by the real operations on a real database, and by a model that knows nothing of paths.

The model keeps for every duty its unit and the units above it at the moment it was issued, and for every unit who came after it.
Who may see, write and review a duty follows from that alone: a person stands for their unit and for all units it is the main heir of.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select

from duban.access.checks import may, readable
from duban.access.models import RoleGrant
from duban.identity.models import Person
from duban.kernel.ids import PersonId, UnitId, new_id
from duban.kernel.scope import Actor, Scope, owned, unit_of_work
from duban.organisation.errors import ChangeRefusedError
from duban.organisation.operations.reorganising import carry_out_planned, decide
from duban.organisation.operations.roles import grant_role, revoke_role
from duban.organisation.operations.units import create_unit
from duban.organisation.rules.changes import Change, Close, Merge, Move, NewUnit, Part, Rename, Split
from duban.reporting import operations as reporting
from duban.reporting.forms import requirement_form
from duban.reporting.models import Duty
from duban.tree.models import Placement, Reorganisation, Unit
from duban.tree.queries import answering
from tests.cast import World
from tests.integration.reporting.requirements import ANSWERS, data

ROLES = {"county": "county.officer", "township": "township.officer", "village": "village.clerk", "enterprise": "enterprise.clerk"}
BELOW = frozenset({"county.officer", "township.officer"})
"""Roles that see what is below; the county's reviews all of it, a township's what is directly below."""
OPEN = frozenset({"open", "submitted"})


@dataclass
class UnitModel:
    """A unit as the model knows it."""

    level: str
    parent: UUID | None
    active: bool = True
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Issued:
    """A duty as it was issued; `above` are the units above its unit then, the direct superior last."""

    owner: UUID
    above: tuple[UUID, ...]
    path: str
    to_path: str


@dataclass
class Play:
    """Both sides of the play. Every act does the real thing first and then what it should have done."""

    world: World
    now: datetime
    units: dict[UUID, UnitModel] = field(default_factory=dict)
    heirs: dict[UUID, UUID] = field(default_factory=dict)
    duties: dict[UUID, Issued] = field(default_factory=dict)
    states: dict[UUID, str] = field(default_factory=dict)
    held: dict[PersonId, set[tuple[UUID, str]]] = field(default_factory=dict)
    planned: dict[UUID, Change] = field(default_factory=dict)
    paths: dict[str, UUID] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)

    # --- setting up

    @classmethod
    def begin(cls, world: World) -> "Play":
        """Take over the cast's units, and one worker for each that has a role of the play."""
        play = cls(world, world.now)
        own = {unit_id for key, unit_id in world.units.items() if not key.startswith("other-")}
        with world.as_system() as scope:
            for unit in scope.session.scalars(owned(scope, Unit).order_by(Unit.path)):
                assert unit.id in own
                play.units[unit.id] = UnitModel(unit.level, unit.parent_id)
        for login, unit in (("cora", "C"), ("tom", "T1"), ("tina", "T2"), ("vera", "V11"), ("vic", "V12"), ("wanda", "V21")):
            play.held[world.people[login]] = {(world.units[unit], ROLES[play.units[world.units[unit]].level])}
        return play

    @contextmanager
    def at_work(self, person: PersonId | None) -> Iterator[Scope]:
        """Open a unit of work of one of the play's people, or of the service."""
        actor = Actor(person_id=person, name="同志" if person else "系统")
        with unit_of_work(self.world.engine, tenant=self.world.tenant, actor=actor, now=self.now) as scope:
            yield scope

    @property
    def admin(self) -> PersonId:
        """Whoever decides about units."""
        return self.world.people["adam"]

    def active(self, *levels: str) -> list[UUID]:
        """List the active units of these levels, oldest first."""
        return [key for key, unit in self.units.items() if unit.active and unit.level in levels]

    def children(self, unit_id: UUID) -> list[UUID]:
        """List the active units directly below one."""
        return [key for key, unit in self.units.items() if unit.active and unit.parent == unit_id]

    def above(self, unit_id: UUID) -> tuple[UUID, ...]:
        """List the units above one now, the direct superior last."""
        chain: list[UUID] = []
        parent = self.units[unit_id].parent
        while parent is not None:
            chain.append(parent)
            parent = self.units[parent].parent
        return tuple(reversed(chain))

    # --- acts on units

    def create(self, parent: UUID, level: str) -> None:
        """Set up a unit that has existed for long."""
        with self.at_work(self.admin) as scope:
            code = uuid4().hex[:12]
            made = create_unit(scope, parent_id=parent, level=level, code=code, name=f"单位{code}", active_from=date(2020, 1, 1))
            self.units[made.id] = UnitModel(level, parent)
        self.done["create"] += 1

    def decide(self, change: Change, *, days: int = 0) -> bool:
        """Decide a change; the model follows unless the tree refuses it. Gives: whether it was taken."""
        try:
            with self.at_work(self.admin) as scope:
                filed = decide(scope, change=change, basis="依据", effective_on=scope.today + timedelta(days=days))
        except ChangeRefusedError:
            self.done["refused"] += 1
            return False
        self.done[change.kind.value if not days else "plan"] += 1
        if days:
            self.planned[filed.id] = change
        else:
            self.follow(change)
        return True

    def follow(self, change: Change) -> None:
        """Do in the model what was done."""
        match change:
            case Move():
                self.units[change.unit_id].parent = change.parent_id
            case Merge():
                heir = change.into or self._new(change.new, self.units[change.unit_ids[0]].parent)
                for source in dict.fromkeys(change.unit_ids):
                    if source != heir:
                        self._hand_over(source, heir)
            case Split():
                self._split(change)
            case Close():
                if change.successor_id is not None:
                    self.heirs[change.unit_id] = change.successor_id
                self._end(change.unit_id)
            case Rename():
                self.units[change.unit_id].names.append(change.name)

    def _new(self, new: NewUnit | None, parent: UUID | None) -> UUID:
        assert new is not None
        with self.at_work(None) as scope:
            made = scope.session.scalars(owned(scope, Unit).where(Unit.code == new.code)).one().id
        self.units[made] = UnitModel(new.level, parent)
        return made

    def _split(self, change: Split) -> None:
        parent = self.units[change.unit_id].parent
        made = [part.unit_id or self._new(part.new, parent) for part in change.parts]
        for unit_id, part in zip(made, change.parts, strict=True):
            for child in part.children:
                self.units[child].parent = unit_id
        if not change.lives_on:
            self._hand_over(change.unit_id, made[change.main])

    def _hand_over(self, source: UUID, heir: UUID) -> None:
        for child in self.children(source):
            self.units[child].parent = heir
        self.heirs[source] = heir
        for roles in self.held.values():
            for held in [held for held in roles if held[0] == source]:
                roles.add((heir, held[1]))
        self._end(source)

    def _end(self, unit_id: UUID) -> None:
        self.units[unit_id].active = False
        for roles in self.held.values():
            roles -= {held for held in roles if held[0] == unit_id}

    def pass_days(self, days: int) -> None:
        """Let time pass; on the way the clock does what was planned."""
        self.now += timedelta(days=days)
        with self.at_work(None) as scope:
            carry_out_planned(scope)
        with self.at_work(None) as scope:
            rows = scope.session.scalars(owned(scope, Reorganisation).where(Reorganisation.id.in_(self.planned))).all()
        for row in sorted(rows, key=lambda row: (row.effective_on, row.decided_at, row.id)):
            if row.state == "planned":
                continue
            change = self.planned.pop(row.id)
            self.done[f"planned {row.state}"] += 1
            if row.state == "done":
                self.follow(change)
        self.done["days"] += 1

    # --- acts of people

    def grant(self, unit_id: UUID) -> None:
        """Make somebody known and give them the role of the play at a unit."""
        role = ROLES[self.units[unit_id].level]
        with self.at_work(None) as scope:
            person = scope.add(Person(id=new_id(), login=f"p{uuid4().hex[:12]}", name="新人", search="xr"))
            scope.session.flush()
        with self.at_work(self.world.people["sara"]) as scope:
            grant_role(scope, person_id=person.id, unit_id=unit_id, role=role)
        self.held[PersonId(person.id)] = {(unit_id, role)}
        self.done["grant"] += 1

    def revoke(self, person: PersonId) -> None:
        """Take all roles of the play from somebody, from today on."""
        with self.at_work(None) as scope:
            rows = owned(scope, RoleGrant).where(RoleGrant.person_id == person, RoleGrant.active_to.is_(None))
            grants = [grant.id for grant in scope.session.scalars(rows)]
        for grant in grants:
            with self.at_work(self.world.people["sara"]) as scope:
                revoke_role(scope, grant_id=grant)
        self.held[person] = set()
        self.done["revoke"] += 1

    def holding(self, unit_id: UUID) -> list[PersonId]:
        """List who holds a role at a unit."""
        return [person for person, roles in self.held.items() if any(held[0] == unit_id for held in roles)]

    def issue(self, unit_id: UUID) -> None:
        """Ask something of everybody below a unit."""
        workers = self.holding(unit_id)
        below = [key for key in self.active("township", "village", "enterprise") if unit_id in self.above(key)]
        if not workers or not below:
            return
        asked = data(targets={"scope": "subtree"}, due={"kind": "fixed", "on": "2026-12-20"})
        with self.at_work(workers[0]) as scope:
            made = reporting.create_requirement(scope, unit_id=UnitId(unit_id), form=requirement_form(asked))
            reporting.issue(scope, requirement_id=made.id)
        with self.at_work(None) as scope:
            rows = scope.session.scalars(owned(scope, Duty).where(Duty.requirement_id == made.id).order_by(Duty.path)).all()
        assert {row.unit_id for row in rows} == {
            *below,
            *[key for key in self.active("department") if unit_id in self.above(key)],
        }
        for row in rows:
            self.duties[row.id] = Issued(row.unit_id, self.above(row.unit_id), row.path, row.to_path or "")
            self.states[row.id] = "open"
        self.done["issue"] += 1

    def submit(self, duty: UUID) -> None:
        """Hand in, by somebody who may."""
        writers = [person for person in self.held if self.expects(person, duty, "write")]
        if not writers or self.states[duty] != "open":
            return
        with self.at_work(writers[0]) as scope:
            reporting.submit(scope, duty_id=duty, typed=ANSWERS)
        self.states[duty] = "submitted"
        self.done["submit"] += 1

    def accept(self, duty: UUID) -> None:
        """Accept, by somebody who may."""
        reviewers = [person for person in self.held if self.expects(person, duty, "review")]
        if not reviewers or self.states[duty] != "submitted":
            return
        with self.at_work(reviewers[0]) as scope:
            reporting.accept(scope, duty_id=duty)
        self.states[duty] = "accepted"
        self.done["accept"] += 1

    # --- what must always be so

    def stands_for(self, unit_id: UUID) -> set[UUID]:
        """List a unit and all it is the heir of."""
        found = {unit_id}
        while more := {key for key, heir in self.heirs.items() if heir in found} - found:
            found |= more
        return found

    def expects(self, person: PersonId, duty: UUID, act: str) -> bool:
        """Say whether a person may do something to a duty, by the model."""
        issued = self.duties[duty]
        for unit_id, role in self.held[person]:
            units = self.stands_for(unit_id)
            if act in {"read", "write"} and issued.owner in units:
                return True
            if act == "read" and role in BELOW and units & {*issued.above}:
                return True
            if act == "review" and units & {*(issued.above if role == "county.officer" else issued.above[-1:])} and role in BELOW:
                return True
        return False

    def check(self) -> None:
        """Compare everything. Raises: AssertionError."""
        with self.at_work(None) as scope:
            self._check_tree(scope)
            self._check_history(scope)
            self._check_orphans(scope)
        for person in self.held:
            with self.at_work(person) as scope:
                self._check_sight(scope, person)
        self.checked["states"] += 1

    def _check_tree(self, scope: Scope) -> None:
        units = {unit.id: unit for unit in scope.session.scalars(owned(scope, Unit))}
        assert units.keys() == self.units.keys()
        places = scope.session.scalars(owned(scope, Placement)).all()
        standing = {place.unit_id: place for place in places if place.is_primary and place.active_to is None}
        for key, model in self.units.items():
            unit = units[key]
            assert (unit.active_to is None) == model.active, f"{unit.name} is {'closed' if unit.active_to else 'open'}"
            assert (key in standing) == model.active
            if not model.active:
                continue
            assert unit.parent_id == model.parent
            assert (standing[key].path, standing[key].parent_id) == (unit.path, model.parent)
            if model.parent is not None:
                assert self.units[model.parent].active, "below a closed unit"
                assert unit.path.startswith(units[model.parent].path), "not below its parent"
                assert unit.path.count(".") == units[model.parent].path.count(".") + 1
            if model.names:
                assert unit.name == model.names[-1]
        for place in places:
            assert self.paths.setdefault(place.path, place.unit_id) == place.unit_id, "a label was given twice"
        self.checked["units"] += len(units)
        self.checked["places"] += len(places)

    def _check_history(self, scope: Scope) -> None:
        rows = {row.id: row for row in scope.session.scalars(owned(scope, Duty))}
        assert rows.keys() == self.duties.keys()
        for key, issued in self.duties.items():
            row = rows[key]
            assert (row.unit_id, row.path, row.to_path) == (issued.owner, issued.path, issued.to_path), "history was rewritten"
            assert row.state == self.states[key]
        self.checked["duties"] += len(rows)

    def _check_orphans(self, scope: Scope) -> None:
        still_open = {key: issued for key, issued in self.duties.items() if self.states[key] in OPEN}
        answers = answering(scope, {issued.path for issued in still_open.values()})
        for issued in still_open.values():
            heir = issued.owner
            while heir in self.heirs:
                heir = self.heirs[heir]
            assert list(answers.get(issued.path, ())) == [heir], "an open duty nobody answers for, or the wrong unit"
            assert self.units[heir].active, "an open duty of a closed unit"
        self.checked["open duties"] += len(still_open)

    def _check_sight(self, scope: Scope, person: PersonId) -> None:
        visible = select(Duty.id).where(Duty.tenant_id == scope.tenant_id, readable(scope, Duty, "duty"))
        seen = set(scope.session.scalars(visible)) if self.held[person] else set()  # "WHERE false" names no tenant
        assert seen == {key for key in self.duties if self.expects(person, key, "read")}, "sees too much or too little"
        for row in scope.session.scalars(owned(scope, Duty)):
            assert may(scope, "duty", "read", row) == (row.id in seen), "list and decision differ"
            for act in ("write", "review"):
                assert may(scope, "submission", act, row) == self.expects(person, row.id, act), f"{act} by the wrong people"
        self.checked["decisions"] += 3 * len(self.duties)


def moves(play: Play) -> list[Move]:
    """List every move of a village or an enterprise that the levels allow."""
    pairs = [(unit, parent) for unit in play.active("village") for parent in play.active("township")]
    pairs += [(unit, parent) for unit in play.active("enterprise") for parent in play.active("village", "township")]
    return [Move(unit, parent) for unit, parent in pairs if play.units[unit].parent != parent]


def merges(play: Play) -> list[Change]:
    """List merges of two units of one level."""
    pairs = [(one, other) for level in ("township", "village", "enterprise") for one in play.active(level)
             for other in play.active(level) if one != other]  # fmt: skip
    return [Merge((one,), into=other) for one, other in pairs]


def new_unit(level: str) -> NewUnit:
    """Give a unit to be set up."""
    code = uuid4().hex[:12]
    return NewUnit(code, f"单位{code}", level)


def split(play: Play, unit_id: UUID, *, lives_on: bool, going: int) -> Split:
    """Give a split in two; so many of the units below go to the second part."""
    level = play.units[unit_id].level
    rest = Part(unit_id=unit_id) if lives_on else Part(new=new_unit(level))
    return Split(unit_id, (rest, Part(tuple(play.children(unit_id)[:going]), new=new_unit(level))), 0)
