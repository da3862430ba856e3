"""
Each assignee always sees their own work: random lives of a county with a second line, in which duties, letters, target shares and
score sheets are assigned while units move, merge, close, join and leave a line, and roles are lent and taken back.

After every step, for everything still assigned: the list of whoever answers for the unit today holds it, and it opens. Who that is,
the model knows from names alone: a unit's own people, its main successor's after a merger, whom one of them lets act for them.
"""

import os
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest

from duban.access import checks as access
from duban.access import holding, operations
from duban.assessments.operations import opening
from duban.assessments.queries import cards_of, get_card, own_open_cards
from duban.kernel.errors import AnticipatedError
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, owned
from duban.letters.operations.writing import generate_letters, issue_letters
from duban.letters.queries import get_readable_letter, list_to_sign
from duban.organisation.making import Details, add_grant, add_person
from duban.organisation.operations import units as organisation
from duban.organisation.operations.reorganising import decide
from duban.organisation.rules.changes import Close, Merge, Move
from duban.reporting.models import Duty
from duban.reporting.queries import get_duty, open_duties
from duban.targets import queries as targets
from duban.targets.models import Allocation
from duban.tree.queries import get_unit, get_unit_by_path
from tests.cast import World
from tests.integration.access.lined import ask
from tests.integration.targets.cast_targets import YEAR, define, issue, split

LIVES = int(os.environ.get("OWN_WORK_LIVES", "1"))
STEPS = 9
UNITS = ("V11", "V12", "V21", "E1", "E2", "E3")
SUPERIORS = {"T1": "tom", "T2": "tina", "D1": "dan"}
LEVEL = {"V": "village", "E": "enterprise"}


@dataclass
class Assigned:
    """What is on somebody's desk: the unit it was given to, by its code."""

    kind: str
    unit: str
    id: UUID


@dataclass
class Desk:
    """What somebody finds in their lists, and what of it opens."""

    listed: set[UUID] = field(default_factory=set)
    opened: set[UUID] = field(default_factory=set)


class County:
    """One random life, a step a day. `heir` says who answers for a unit that is gone; None nobody."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.rng, self.day = world, Random(seed), 0
        self.work: list[Assigned] = []
        self.heir: dict[str, str | None] = {}
        self.lent: dict[UUID, tuple[str, str, str]] = {}
        self.counts: dict[str, int] = {}
        self.parent = {"V11": "T1", "V12": "T1", "V21": "T2", "E1": "T1", "E2": "T2", "E3": "T1"}
        self.codes = {unit_id: code for code, unit_id in world.units.items()}
        with world.as_system() as scope:
            for unit in UNITS:
                level = LEVEL[unit[0]]
                for role in ("clerk", "leader"):
                    self._hire(scope, f"{role}-{unit}".lower(), f"{level}.{role}", unit)

    def _hire(self, scope: Scope, login: str, role: str, unit: str) -> None:
        person = add_person(scope, login=login, details=Details(login))
        scope.session.flush()
        add_grant(scope, person=person, unit=get_unit(scope, self.world.units[unit]), role=role, active_from=date(2000, 1, 1))
        self.world.people[login], self.world.names[login] = PersonId(person.id), login

    @property
    def alive(self) -> list[str]:
        return [unit for unit in UNITS if unit not in self.heir]

    def as_(self, who: str):
        return self.world.as_(who, at=self.world.later(days=self.day))

    def answers(self, unit: str | None) -> str | None:
        while unit is not None and unit in self.heir:
            unit = self.heir[unit]
        return unit

    def assignees(self, thing: Assigned) -> set[str]:
        unit = self.answers(thing.unit)
        if unit is None:
            return set()
        role = "leader" if thing.kind == "letter" else "clerk"
        holder = f"{role}-{unit}".lower()
        return {holder} | {to for giver, to, _ in self.lent.values() if giver == holder}

    # --- steps ---

    def step(self) -> None:
        self.day += 1
        give = (self.duty, self.letters, self.shares, self.cards)
        change = (self.move, self.merge, self.close, self.line, self.lend, self.end)
        first = give[self.day - 1 : self.day]  # one of each kind to begin with
        act = first[0] if first else self.rng.choice(give if self.rng.random() < 0.4 else change)
        try:
            act()
        except AnticipatedError as refused:  # a change that is not allowed now is no step
            self.counts[f"refused {refused.code}"] = self.counts.get(f"refused {refused.code}", 0) + 1
        else:
            self.counts[act.__name__] = self.counts.get(act.__name__, 0) + 1

    def _found(self, kind: str, rows: list[tuple[UUID, UUID]]) -> None:
        self.work += [Assigned(kind, self.codes[unit_id], row_id) for row_id, unit_id in rows if self.codes.get(unit_id) in UNITS]

    def duty(self) -> None:
        unit = self.rng.choice(list(SUPERIORS))
        made = ask(
            self.world,
            SUPERIORS[unit],
            unit,
            level=self.rng.choice(["village", "enterprise"]),
            at=self.world.later(days=self.day),
        )
        with self.world.as_system() as scope:
            rows = scope.session.scalars(owned(scope, Duty).where(Duty.requirement_id == made.id))
            self._found("duty", [(row.id, row.unit_id) for row in rows])

    def letters(self) -> None:
        unit = self.rng.choice(list(SUPERIORS))
        with self.as_(SUPERIORS[unit]) as scope:
            made = generate_letters(scope, upper_id=self.world.units[unit], year=YEAR)
            issue_letters(scope, upper_id=self.world.units[unit], letter_ids=[one.id for one in made])
            self._found("letter", [(row.id, row.lower_id) for row in made])

    def shares(self) -> None:
        unit, code = self.rng.choice(list(SUPERIORS)), f"i{self.day}"
        who, line = SUPERIORS[unit], "sector" if unit == "D1" else "territorial"
        with self.as_(who) as scope:
            below = targets.lines_below(scope, unit=get_unit(scope, self.world.units[unit])).get(line, ())
            codes = [self.codes[one.id] for one in below]
        if codes:
            define(self.world, code, "60", who=who, at=unit)
            split(self.world, {code: dict.fromkeys(codes, "1")}, who=who, at=unit, line=line)
            issue(self.world, who=who, at=unit, line=line)
            with self.world.as_system() as scope:
                rows = scope.session.scalars(owned(scope, Allocation).where(Allocation.line == line))
                known = {one.id for one in self.work}
                self._found("share", [(row.id, row.unit_id) for row in rows if row.id not in known])

    def cards(self) -> None:
        unit = self.rng.choice(["T1", "T2"])
        with self.as_(SUPERIORS[unit]) as scope:
            made = opening.open_assessment(
                scope,
                unit_id=self.world.units[unit],
                year=YEAR,
                levels=["village"],
                name=f"第{self.day}轮",
                round_code=f"r{self.day}",
            )
            scope.session.flush()
            opening.begin_self_scoring(scope, assessment_id=made.id, due_on=scope.today + timedelta(days=30))
            self._found("card", [(card.id, card.unit_id) for card in cards_of(scope, [made.id])])

    def _decide(self, change: object) -> None:
        with self.as_("adam") as scope:
            decide(scope, change=change, basis="依据", effective_on=scope.today)

    def move(self) -> None:
        unit = self.rng.choice(self.alive)
        target = "T2" if self.parent[unit] == "T1" else "T1"
        self._decide(Move(self.world.units[unit], self.world.units[target]))
        self.parent[unit] = target

    def merge(self) -> None:
        kind = self.rng.choice("VE")
        alike = [unit for unit in self.alive if unit[0] == kind]
        if len(alike) > 1:
            gone, into = self.rng.sample(alike, 2)
            self._decide(Merge((self.world.units[gone],), into=self.world.units[into]))
            self.heir[gone] = into

    def close(self) -> None:
        kind = self.rng.choice("VE")
        alike = [unit for unit in self.alive if unit[0] == kind]
        if len(alike) > 1:
            gone, successor = self.rng.sample(alike, 2)
            self._decide(Close(self.world.units[gone], self.world.units[successor]))
            self.heir[gone] = successor

    def line(self) -> None:
        unit = self.rng.choice([unit for unit in self.alive if unit[0] == "E"])
        with self.as_("adam") as scope:
            if get_unit(scope, self.world.units[unit]).lines:
                organisation.leave_line(scope, unit_id=self.world.units[unit], line="sector")
            else:
                organisation.place_in_line(scope, unit_id=self.world.units[unit], line="sector", parent_id=self.world.units["D1"])

    def lend(self) -> None:
        unit = self.rng.choice(self.alive)
        giver, role = f"clerk-{unit}".lower(), f"{LEVEL[unit[0]]}.clerk"
        receiver = f"leader-{unit}".lower()
        with self.as_(giver) as scope:
            lent = operations.lend(
                scope, receiver_id=self.world.people[receiver], unit_id=self.world.units[unit], role=role,
                active_from=scope.today, active_to=scope.today + timedelta(days=200), reason="出差",
            )  # fmt: skip
        self.lent[lent.id] = (giver, receiver, unit)

    def end(self) -> None:
        if self.lent:
            lent = self.rng.choice(sorted(self.lent))
            giver, _, _ = self.lent[lent]
            with self.as_(giver) as scope:
                operations.end_lending(scope, delegation_id=lent)
            del self.lent[lent]

    # --- what everybody finds ---

    def desk(self, who: str) -> Desk:
        found = Desk()
        with self.as_(who) as scope:
            found.listed |= {line.duty.id for line in open_duties(scope, limit=1000).items}
            found.listed |= {letter.id for letter in list_to_sign(scope)}
            found.listed |= {card.id for card, _ in own_open_cards(scope)}
            for home in access.home_paths(scope):
                unit = get_unit_by_path(scope, home)
                found.listed |= {tally.share.id for tally in targets.unit_tallies(scope, unit=unit, year=YEAR)}
            for thing in self.work:
                if who in self.assignees(thing) and opens(scope, thing):
                    found.opened.add(thing.id)
        return found

    def look(self) -> int:
        """Compare everybody's desk with the model. Gives: how many things were looked for."""
        people = sorted({who for thing in self.work for who in self.assignees(thing)})
        desks = {who: self.desk(who) for who in people}
        looked = 0
        for thing in self.work:
            for who in self.assignees(thing):
                assert thing.id in desks[who].listed, (thing, who, "is not in the list")
                assert thing.id in desks[who].opened, (thing, who, "does not open")
                looked += 1
        for who, desk in desks.items():
            mine = {thing.id for thing in self.work if who in self.assignees(thing)}
            others = {thing.id for thing in self.work if thing.kind == "duty"} - mine
            assert not desk.listed & others, (who, "has somebody else's duty")
        return looked


def opens(scope: Scope, thing: Assigned) -> bool:
    try:
        if thing.kind == "duty":
            get_duty(scope, thing.id)
            return access.may(scope, "submission", "write", get_duty(scope, thing.id))
        if thing.kind == "letter":
            return access.may(scope, "letter", "sign", get_readable_letter(scope, thing.id))
        if thing.kind == "card":
            card = get_card(scope, thing.id)
            access.require(scope, "scorecard", "read", card)
            return access.may(scope, "scorecard", "self_score", card)
        access.require(scope, "target", "read", targets.get_share(scope, thing.id))
    except AnticipatedError:
        return False
    return True


def live(world: World, seed: int, steps: int) -> tuple[int, dict[str, int]]:
    county = County(world, seed)
    looked = 0
    for _ in range(steps):
        county.step()
        looked += county.look()
    return looked, county.counts


@pytest.mark.parametrize("seed", range(LIVES))
def test_everybody_finds_their_own_work_after_every_step(lined: World, seed: int, capsys) -> None:
    looked, counts = live(lined, seed, STEPS)
    with capsys.disabled():
        print(f"\nown work, life {seed}: {looked} assignments looked for after {STEPS} steps, 0 missing; {counts}")
    assert looked > 20


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 125))
def test_in_twenty_five_longer_lives(lined: World, seed: int, capsys) -> None:
    looked, counts = live(lined, seed, 30)
    with capsys.disabled():
        print(f"\nown work, life {seed}: {looked} assignments looked for, 0 missing; {counts}")
    assert looked > 100


def test_control_places_left_that_are_forgotten_are_noticed(lined: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "standings", lambda _scope, _ids: {})
    monkeypatch.setattr(holding, "units_of_paths", lambda _scope, _paths: {})
    with pytest.raises(AssertionError, match="is not in the list"):
        live(lined, 3, 60)
