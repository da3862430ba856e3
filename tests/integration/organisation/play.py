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

from sqlalchemy import func, select

from duban.access.models import RoleGrant
from duban.audit.models import AuditRecord
from duban.identity.models import Credential, Person
from duban.kernel.errors import RuleBrokenError
from duban.kernel.ids import PersonId, UnitId, new_id
from duban.kernel.scope import Actor, Scope, owned, unit_of_work
from duban.organisation.errors import ChangeRefusedError
from duban.organisation.operations.reorganising import carry_out_planned, decide
from duban.organisation.operations.roles import grant_role, revoke_role
from duban.organisation.operations.units import create_unit, leave_line, place_in_line
from duban.organisation.rules.changes import Change, Close, Merge, Move, NewUnit, Part, Rename, Split
from duban.reporting import operations as reporting
from duban.reporting.forms import requirement_form
from duban.reporting.models import Duty
from duban.reporting.queries.reviewing import reviewers_at
from duban.tree.models import Reorganisation, Unit
from tests.cast import World, _hash
from tests.integration.organisation.comparing import compare
from tests.integration.organisation.rights import Kind, Paper, allows
from tests.integration.reporting.requirements import ANSWERS, data

ROLES = {
    "county": "county.officer",
    "township": "township.officer",
    "village": "village.clerk",
    "enterprise": "enterprise.clerk",
    "department": "department.officer",
}
LEADERS = {
    "county": "county.leader",
    "township": "township.leader",
    "village": "village.leader",
    "enterprise": "enterprise.leader",
    "department": "department.leader",
}
OPEN: dict[Kind, frozenset[str]] = {
    "duty": frozenset({"open", "submitted"}),
    "letter": frozenset({"issued", "signed_by_lower", "signed_by_upper"}),
    "share": frozenset({"issued", "accepted"}),
    "card": frozenset({"open"}),
}
CAST = (
    ("cora", "C", ROLES), ("lena", "C", LEADERS), ("tom", "T1", ROLES), ("tess", "T1", LEADERS), ("tina", "T2", ROLES),
    ("tito", "T2", LEADERS), ("vera", "V11", ROLES), ("vlad", "V11", LEADERS), ("vic", "V12", ROLES), ("wanda", "V21", ROLES),
)  # fmt: skip


@dataclass
class UnitModel:
    """A unit as the model knows it."""

    level: str
    parent: UUID | None
    active: bool = True
    names: list[str] = field(default_factory=list)
    line: UUID | None = None
    """Its superior in the sector line."""


@dataclass
class Play:
    """Both sides of the play. Every act does the real thing first and then what it should have done."""

    world: World
    now: datetime
    units: dict[UUID, UnitModel] = field(default_factory=dict)
    heirs: dict[UUID, UUID] = field(default_factory=dict)
    codes: dict[UUID, str] = field(default_factory=dict)
    papers: dict[UUID, Paper] = field(default_factory=dict)
    results: dict[UUID, tuple[object, ...]] = field(default_factory=dict)
    rounds: dict[UUID, list[UUID]] = field(default_factory=dict)
    audited: int = 0
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
        for login, unit, roles in CAST:
            play.held[world.people[login]] = {(world.units[unit], roles[play.units[world.units[unit]].level])}
        play.held[world.people["eva"]] = {(world.units["C"], "county.evaluator")}
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

    def in_sector(self, unit_id: UUID) -> tuple[UUID, ...]:
        """List the units above one in the sector line now, the direct superior last."""
        chain: list[UUID] = []
        above = self.units[unit_id].line
        while above is not None:
            chain.append(above)
            above = self.units[above].line
        return tuple(reversed(chain))

    def below_in_sector(self, unit_id: UUID) -> list[UUID]:
        """List the active units directly below one in the sector line."""
        return [key for key, unit in self.units.items() if unit.active and unit.line == unit_id]

    # --- acts on units

    def place(self, unit_id: UUID, superior: UUID) -> None:
        """Put a unit under a superior in the sector line, wherever it stood there before."""
        self.begins()
        with self.at_work(self.admin) as scope:
            place_in_line(scope, unit_id=unit_id, line="sector", parent_id=superior)
        self.done["place again" if self.units[unit_id].line else "place"] += 1
        self.units[unit_id].line = superior
        self.recorded(("unit.placed", unit_id))

    def leave(self, unit_id: UUID) -> None:
        """End a unit's place in the sector line: refused while units stand below it there, and then only."""
        self.begins()
        below = self.below_in_sector(unit_id)
        try:
            with self.at_work(self.admin) as scope:
                leave_line(scope, unit_id=unit_id, line="sector")
        except RuleBrokenError:
            assert below, "not let go, although nothing stands below it in the line"
            self.done["leaving refused"] += 1
            return
        assert not below, "left the line with units below it"
        self.units[unit_id].line = None
        self.recorded(("unit.left-line", unit_id))
        self.done["leave"] += 1

    def create(self, parent: UUID, level: str) -> None:
        """Set up a unit that has existed for long."""
        self.begins()
        with self.at_work(self.admin) as scope:
            code = uuid4().hex[:12]
            made = create_unit(scope, parent_id=parent, level=level, code=code, name=f"单位{code}", active_from=date(2020, 1, 1))
            self.units[made.id] = UnitModel(level, parent)
        self.recorded(("unit.created", made.id))
        self.done["create"] += 1

    def decide(self, change: Change, *, days: int = 0) -> bool:
        """Decide a change; the model follows unless the tree refuses it. Gives: whether it was taken."""
        self.begins()
        try:
            with self.at_work(self.admin) as scope:
                filed = decide(scope, change=change, basis="依据", effective_on=scope.today + timedelta(days=days))
        except ChangeRefusedError:
            self.done["refused"] += 1
            return False
        self.done[change.kind.value if not days else "plan"] += 1
        if days:
            self.planned[filed.id] = change
            self.recorded(("unit.change-planned", filed.unit_id))
        else:
            self.follow(change)
        return True

    def follow(self, change: Change) -> None:
        """Do in the model what was done."""
        match change:
            case Move():
                self.units[change.unit_id].parent = change.parent_id
                self.recorded(("unit.moved", change.unit_id))
            case Merge():
                heir = change.into or self._new(change.new, self.units[change.unit_ids[0]].parent)
                for source in dict.fromkeys(change.unit_ids):
                    if source != heir:
                        self._hand_over(source, heir)
                self.recorded(("units.merged", heir))
            case Split():
                self._split(change)
            case Close():
                if change.successor_id is not None:
                    self.heirs[change.unit_id] = change.successor_id
                self._end(change.unit_id)
            case Rename():
                self.units[change.unit_id].names.append(change.name)
                self.recorded(("unit.renamed", change.unit_id))

    def _new(self, new: NewUnit | None, parent: UUID | None) -> UUID:
        assert new is not None
        with self.at_work(None) as scope:
            made = scope.session.scalars(owned(scope, Unit).where(Unit.code == new.code)).one().id
        self.units[made] = UnitModel(new.level, parent)
        return made

    def _split(self, change: Split) -> None:
        self.recorded(("unit.split", change.unit_id))
        parent = self.units[change.unit_id].parent
        made = [part.unit_id or self._new(part.new, parent) for part in change.parts]
        for unit_id, part in zip(made, change.parts, strict=True):
            for child in part.children:
                self.units[child].parent = unit_id
                if unit_id != made[change.main]:
                    self.recorded(("unit.moved", child))
        if not change.lives_on:
            self._hand_over(change.unit_id, made[change.main])

    def _hand_over(self, source: UUID, heir: UUID) -> None:
        for child in self.children(source):
            self.units[child].parent = heir
            self.recorded(("unit.moved", child))
        for child in self.below_in_sector(source):
            self.units[child].line = heir
            self.recorded(("unit.placed", child))
        self.heirs[source] = heir
        for roles in self.held.values():
            for held in [held for held in roles if held[0] == source]:
                roles.add((heir, held[1]))
        self._end(source)

    def _end(self, unit_id: UUID) -> None:
        self.recorded(("unit.closed", unit_id))
        self.units[unit_id].active, self.units[unit_id].line = False, None
        for roles in self.held.values():
            roles -= {held for held in roles if held[0] == unit_id}

    def pass_days(self, days: int) -> None:
        """Let time pass; on the way the clock does what was planned."""
        self.begins()
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

    def grant(self, unit_id: UUID, *, leads: bool = False) -> None:
        """Make somebody known and give them the role of the play at a unit, or that of its leader."""
        self.begins()
        role = (LEADERS if leads else ROLES)[self.units[unit_id].level]
        with self.at_work(None) as scope:
            person = scope.add(Person(id=new_id(), login=f"p{uuid4().hex[:12]}", name="新人", search="xr"))
            scope.session.flush()
            scope.add(Credential(id=person.id, password_hash=_hash(), must_change=False, changed_at=scope.now))
        with self.at_work(self.world.people["sara"]) as scope:
            grant_role(scope, person_id=person.id, unit_id=unit_id, role=role)
        self.held[PersonId(person.id)] = {(unit_id, role)}
        self.recorded(("role.granted", person.id))
        self.done["grant"] += 1

    def revoke(self, person: PersonId) -> None:
        """Take all roles of the play from somebody, from today on."""
        self.begins()
        with self.at_work(None) as scope:
            rows = owned(scope, RoleGrant).where(RoleGrant.person_id == person, RoleGrant.active_to.is_(None))
            grants = [grant.id for grant in scope.session.scalars(rows)]
        for grant in grants:
            with self.at_work(self.world.people["sara"]) as scope:
                revoke_role(scope, grant_id=grant)
        self.held[person] = set()
        self.recorded(*[("role.revoked", person) for _ in grants])
        self.done["revoke"] += 1

    def line_of(self, unit_id: UUID) -> str | None:
        """Say in which second line a unit asks, sets and hands down: a department in the sector line."""
        return "sector" if self.units[unit_id].level == "department" else None

    def holding(self, unit_id: UUID, posts: dict[str, str] = ROLES) -> list[PersonId]:
        """List who holds the post of the play at a unit, or another one."""
        return [person for person, roles in self.held.items() if (unit_id, posts.get(self.units[unit_id].level)) in roles]

    def keep(
        self,
        kind: Kind,
        key: UUID,
        state: str,
        *,
        owner: UUID,
        path: str,
        to: UUID | None = None,
        to_path: str | None = None,
        line: str | None = None,
    ) -> None:
        """Note a paper that was just made, in which line."""
        self.papers[key] = Paper(kind, owner, self.above(owner), path, to, to_path, self.in_sector(owner), line)
        self.states[key] = state

    def issue(self, unit_id: UUID) -> None:
        """Ask something of everybody below a unit, of a department: below it in the sector line."""
        workers, line = self.holding(unit_id), self.line_of(unit_id)
        below = [
            key
            for key, unit in self.units.items()
            if unit.active and unit_id in (self.in_sector(key) if line else self.above(key))
        ]
        if not workers or not below:
            return
        self.begins()
        asked = data(targets={"scope": "subtree"}, due={"kind": "fixed", "on": "2026-12-20"})
        with self.at_work(workers[0]) as scope:
            made = reporting.create_requirement(scope, unit_id=UnitId(unit_id), form=requirement_form(asked))
            reporting.issue(scope, requirement_id=made.id)
        with self.at_work(None) as scope:
            rows = scope.session.scalars(owned(scope, Duty).where(Duty.requirement_id == made.id).order_by(Duty.path)).all()
        assert {row.unit_id for row in rows} == {*below}
        for row in rows:
            self.keep("duty", row.id, "open", owner=row.unit_id, path=row.path, to_path=row.to_path, line=line)
        self.recorded(("requirement.issued", made.id))
        self.done["issue"] += 1

    def submit(self, duty: UUID) -> None:
        """Hand in, by somebody who may."""
        writers = self.whoever(duty, "submission", "write")
        if not writers or self.states[duty] != "open":
            return
        self.begins()
        with self.at_work(writers[0]) as scope:
            reporting.submit(scope, duty_id=duty, typed=ANSWERS)
        self.states[duty] = "submitted"
        self.recorded(("submission.handed_in", duty))
        self.done["submit"] += 1

    def accept(self, duty: UUID) -> None:
        """Accept, by somebody who may at the level it waits at; whoever the service says may there, may by the model."""
        if self.states[duty] != "submitted":
            return
        with self.at_work(None) as scope:
            row = scope.session.scalars(owned(scope, Duty).where(Duty.id == duty)).one()
            reviewers = reviewers_at(scope, row, row.at_path) if row.at_path else []
        assert set(reviewers) <= set(self.whoever(duty, "submission", "review")), "reviewed by the wrong people"
        if not reviewers:
            return
        self.begins()
        with self.at_work(reviewers[0]) as scope:
            reporting.accept(scope, duty_id=duty)
        self.states[duty] = "accepted"
        self.recorded(("submission.accepted", duty))
        self.done["accept"] += 1

    # --- the model's answers

    def stands_for(self, unit_id: UUID) -> set[UUID]:
        """List a unit and all it is the heir of."""
        found = {unit_id}
        while more := {key for key, heir in self.heirs.items() if heir in found} - found:
            found |= more
        return found

    def heir_of(self, unit_id: UUID) -> UUID:
        """Give who answers today for what a unit began."""
        while unit_id in self.heirs:
            unit_id = self.heirs[unit_id]
        return unit_id

    def expects(self, person: PersonId, paper: Paper, obj: str, act: str) -> bool:
        """Say whether a person may do something to a paper, by the model."""
        return any(allows(role, self.stands_for(unit_id), paper, obj, act) for unit_id, role in self.held[person])

    def whoever(self, key: UUID, obj: str, act: str) -> list[PersonId]:
        """List who may do something to a paper, by the model."""
        return [person for person in self.held if self.expects(person, self.papers[key], obj, act)]

    def is_open(self, key: UUID) -> bool:
        """Say whether somebody still has to do something about a paper."""
        return self.states[key] in OPEN[self.papers[key].kind] and key not in self.results

    def check(self) -> None:
        """Compare everything with everybody's eyes. Raises: AssertionError."""
        compare(self)

    def check_some(self, count: int) -> None:
        """Compare everything, with the eyes of a few people, others each time. Raises: AssertionError."""
        people = list(self.held)
        first = self.checked["states"] * count
        compare(self, [people[(first + place) % len(people)] for place in range(min(count, len(people)))])

    def begins(self) -> None:
        """Note where the audit stands, before an act."""
        with self.at_work(None) as scope:
            self.audited = (
                scope.session.scalar(select(func.max(AuditRecord.seq)).where(AuditRecord.tenant_id == scope.tenant_id)) or 0
            )

    def recorded(self, *wanted: tuple[str, UUID]) -> None:
        """Look for these records since the act began. Raises: AssertionError."""
        with self.at_work(None) as scope:
            rows = select(AuditRecord.act, AuditRecord.subject_id).where(
                AuditRecord.tenant_id == scope.tenant_id, AuditRecord.seq > self.audited
            )
            found = {(act, subject) for act, subject in scope.session.execute(rows)}
        assert {*wanted} <= found, f"not in the audit: {[act for act, _ in {*wanted} - found]}"
        self.checked["audit rows"] += len(wanted)


def moves(play: Play) -> list[Move]:
    """List every move of a village or an enterprise that the levels allow."""
    pairs = [(unit, parent) for unit in play.active("village") for parent in play.active("township")]
    pairs += [(unit, parent) for unit in play.active("enterprise") for parent in play.active("village", "township")]
    return [Move(unit, parent) for unit, parent in pairs if play.units[unit].parent != parent]


def merges(play: Play) -> list[Change]:
    """List merges of two units of one level."""
    pairs = [(one, other) for level in ("township", "village", "enterprise", "department") for one in play.active(level)
             for other in play.active(level) if one != other]  # fmt: skip
    return [Merge((one,), into=other) for one, other in pairs]


def new_unit(level: str) -> NewUnit:
    """Give a unit to be set up."""
    code = uuid4().hex[:12]
    return NewUnit(code, f"单位{code}", level)


def places(play: Play) -> list[tuple[UUID, UUID]]:
    """List every unit with a superior in the sector line that it does not have today: enterprises, and departments themselves."""
    below = [(unit, above) for unit in play.active("enterprise") for above in play.active("department")]
    below += [(unit, above) for unit in play.active("department") for above in play.active("county")]
    return [(unit, above) for unit, above in below if play.units[unit].line != above]


def split(play: Play, unit_id: UUID, *, lives_on: bool, going: int) -> Split:
    """Give a split in two; so many of the units below go to the second part."""
    level = play.units[unit_id].level
    rest = Part(unit_id=unit_id) if lives_on else Part(new=new_unit(level))
    return Split(unit_id, (rest, Part(tuple(play.children(unit_id)[:going]), new=new_unit(level))), 0)


def line_up(play: Play) -> None:
    """People at the department, and two enterprises of two townships, one of them under it in the sector line."""
    units = play.world.units
    play.grant(units["D1"])
    play.grant(units["D1"], leads=True)
    for parent in ("T1", "T2"):
        play.create(units[parent], "enterprise")
    play.place(play.active("enterprise")[0], units["D1"])
    play.create(units["C"], "department")
