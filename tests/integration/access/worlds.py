"""
Small worlds for the agreement of oracle, Casbin, decision and SQL.

A world: a tree whose labels are prefixes of each other, places some units have left, superiors in two second lines, policy lines
with inheritance, grants in a line, and a row at every place in every line of work, with and without an addressee.
"""

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st
from sqlalchemy import Column, Computed, Connection, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.dialects.postgresql import ARRAY

from duban.access import decisions, relations
from duban.access.policy import Policy
from duban.access.relations import Grant

LABELS = ("a", "ab", "a0", "b", "1", "10")
ROLES = ("clerk", "officer", "chief")
SCOPES = (
    "own", "children", "below", "subtree", "ancestors", "issued_to_me", "line_children", "line_below", "line_ancestors",
)  # fmt: skip
LINES = ("sector", "project")
KEYS = (("duty", "read"), ("duty", "write"), ("letter", "read"))


def row_table(collation: str = "C") -> Table:
    return Table(
        "agreement_row", MetaData(),
        Column("world", Integer, primary_key=True, default=0),
        Column("id", Integer, primary_key=True),
        Column("path", Text(collation=collation)),
        Column("to_path", Text(collation=collation)),
        Column("depth", Integer, Computed("length(path) - length(replace(path, '.', ''))", persisted=True)),
        Column("lines", ARRAY(Text)),
        Column("work_line", Text),
        prefixes=["TEMPORARY"],
    )  # fmt: skip


@dataclass(frozen=True)
class World:
    """Places by number, the root is 0; `owner` says whose a place is: a place somebody else owns is one that unit has left."""

    parents: tuple[int | None, ...]
    paths: tuple[str, ...]
    owner: tuple[int, ...]
    superiors: tuple[dict[str, int], ...]
    lines: tuple[tuple[str, str, str, str], ...]
    inherits: tuple[tuple[str, str], ...]
    grants: tuple[tuple[str, int, str | None], ...]

    def policy_text(self) -> str:
        return "\n".join(
            [*(f"p, {', '.join(line)}" for line in self.lines), *(f"g, {', '.join(pair)}" for pair in self.inherits)]
        )

    def rows(self) -> list[tuple[int, int | None, str | None]]:
        count = len(self.parents)
        plain = [(place, None, work) for place in range(count) for work in (None, *LINES)]
        return plain + [(place, (place * 7 + 3) % count, None) for place in range(count)]

    def places_of(self, unit: int) -> list[int]:
        return [place for place, owner in enumerate(self.owner) if owner == unit]

    def left_by_superiors(self, unit: int) -> list[int]:
        above = above_place(self, unit)
        return [place for place, owner in enumerate(self.owner) if owner in above and place != owner]

    def chain(self, unit: int, line: str) -> list[int]:
        above = []
        while line in self.superiors[unit]:
            unit = self.superiors[unit][line]
            above.append(unit)
        return above

    def tokens(self, place: int) -> list[str]:
        return [
            f"{line}.{'child' if number == 0 else 'deep'}.u{superior}"
            for line in LINES
            for number, superior in enumerate(self.chain(self.owner[place], line))
        ]

    def given_grants(self) -> list[Grant]:
        """What `holding` gives for these: the present place with what is above in second lines, then places left."""
        found = []
        for role, unit, line in self.grants:
            above = {place for second in LINES for superior in self.chain(unit, second) for place in self.places_of(superior)}
            paths = tuple(sorted(self.paths[place] for place in above))
            heights = tuple(self.paths[place] for place in self.left_by_superiors(unit))
            found.append(Grant(role, self.paths[unit], line=line, unit=f"u{unit}", above=paths, heights=heights))
            found += [
                Grant(role, self.paths[place], line=line, unit=f"u{unit}", former=True)
                for place in self.places_of(unit)
                if place != unit
            ]
        return found


keys = st.sampled_from(KEYS)
p_lines = st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from(SCOPES), keys), min_size=3, max_size=12)
# Roles that see everything below are common in real policies and rare by chance.
wide_lines = st.lists(st.tuples(st.sampled_from((*ROLES, "chief", "chief")), keys), max_size=3)


def written(
    narrow: list[tuple[str, str, tuple[str, str]]], wide: list[tuple[str, tuple[str, str]]]
) -> tuple[tuple[str, ...], ...]:
    lines = [(role, scope, *key) for role, scope, key in narrow]
    return tuple(lines + [(role, scope, *key) for role, key in wide for scope in ("subtree", "line_below")])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    parents: list[int | None] = [None]
    paths = [f"{draw(st.sampled_from(LABELS))}."]
    for _ in range(draw(st.integers(0, 8))):
        parent = draw(st.integers(0, len(parents) - 1))
        path = f"{paths[parent]}{draw(st.sampled_from(LABELS))}."
        if path not in paths:
            parents.append(parent)
            paths.append(path)
    count = len(parents)
    # A place may have been left by an earlier unit that now stands at a place of its own.
    owner = list(range(count))
    for place in range(1, count):
        if draw(st.integers(0, 4)) == 0:
            owner[place] = draw(st.integers(0, place - 1))
    owner = [unit if owner[unit] == unit else place for place, unit in enumerate(owner)]
    superiors: list[dict[str, int]] = []
    for unit in range(count):
        above = {}
        for line in LINES:
            if unit and draw(st.integers(0, 2)):
                superior = draw(st.integers(0, unit - 1))
                if owner[superior] == superior:
                    above[line] = superior
        superiors.append(above)
    live = [unit for unit in range(count) if owner[unit] == unit]
    grants = draw(st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from(live), st.sampled_from((None, *LINES))), max_size=3))
    if draw(st.booleans()):
        grants = [("chief", 0, None), *grants]  # somebody at the top, whose range swallows others
    inherits = draw(st.lists(st.sampled_from([("officer", "clerk"), ("chief", "officer")]), max_size=2, unique=True))
    return World(
        tuple(parents),
        tuple(paths),
        tuple(owner),
        tuple(superiors),
        written(draw(p_lines), draw(wide_lines)),
        tuple(inherits),
        tuple(grants),
    )


def random_world(rng: Random) -> World:
    """The same kind of world, of full size and evenly drawn: for the mutants, which need the rare corners often."""
    parents: list[int | None] = [None]
    paths = [f"{rng.choice(LABELS)}."]
    while len(parents) < 8:
        parent = rng.randrange(len(parents))
        path = f"{paths[parent]}{rng.choice(LABELS)}."
        if path not in paths:
            parents.append(parent)
            paths.append(path)
    left = {place: rng.randrange(place) for place in range(1, 8) if rng.random() < 0.2}
    owner = tuple(left[place] if place in left and left[place] not in left else place for place in range(8))
    live = [unit for unit in range(8) if owner[unit] == unit]
    superiors = tuple(
        {line: rng.choice([one for one in live if one < unit]) for line in LINES if unit and rng.random() < 0.6}
        for unit in range(8)
    )
    narrow = [(rng.choice(ROLES), rng.choice(SCOPES), rng.choice(KEYS)) for _ in range(rng.randint(3, 12))]
    wide = [(rng.choice(ROLES), rng.choice(KEYS)) for _ in range(rng.randint(0, 3))]
    grants = [(rng.choice(ROLES), rng.choice(live), rng.choice((None, None, *LINES))) for _ in range(rng.randint(1, 4))]
    inherits = tuple(pair for pair in (("officer", "clerk"), ("chief", "officer")) if rng.random() < 0.5)
    return World(tuple(parents), tuple(paths), owner, superiors, written(narrow, wide), inherits, tuple(grants))


def held_roles(world: World, role: str) -> set[str]:
    held, grew = {role}, True
    while grew:
        more = {lower for upper, lower in world.inherits if upper in held} - held
        held, grew = held | more, bool(more)
    return held


def above_place(world: World, place: int) -> list[int]:
    above = []
    node = world.parents[place]
    while node is not None:
        above.append(node)
        node = world.parents[node]
    return above


def oracle(world: World, obj: str, act: str, place: int, addressee: int | None, work: str | None) -> bool:
    """Walk parent pointers and read the policy lines as a person would: no paths, no tokens, no Casbin."""
    return bool(oracle_lines(world, obj, act, place, addressee, work))


def oracle_lines(world: World, obj: str, act: str, place: int, addressee: int | None, work: str | None) -> frozenset[str | None]:
    """The same, saying in which lines the roles that allow it are held."""
    found: set[str | None] = set()
    for role, unit, line in world.grants:
        mine = world.places_of(unit)
        unit_above = [one for second in LINES for one in world.chain(unit, second)]
        if line is None:
            child = world.parents[place] in mine
            deep = any(one in above_place(world, place) for one in mine) and not child
            # a place that lies directly below one of mine and somewhere below another is both
            deep = deep or (child and any(one in above_place(world, world.parents[place]) for one in mine))
            if place in mine and not any(one in above_place(world, place) for one in mine):
                child = deep = False
        else:
            chain = world.chain(world.owner[place], line)
            child, deep = chain[:1] == [unit], unit in chain[1:]
        here = work == line
        standing = {
            "own": place in mine,
            "children": child and here,
            "below": (child or deep) and here,
            "subtree": place in mine or ((child or deep) and here),
            "ancestors": place in above_place(world, unit) or place in world.left_by_superiors(unit),
            "issued_to_me": addressee is not None and addressee in mine,
            "line_children": child and not here,
            "line_below": (child or deep) and not here,
            "line_ancestors": any(place in world.places_of(superior) for superior in unit_above),
        }
        held = held_roles(world, role)
        if any(entry[0] in held and entry[2:] == (obj, act) and standing[entry[1]] for entry in world.lines):
            found.add(line)
    return frozenset(found)


def asked(world: World) -> list[tuple[str, str]]:
    """The questions worth asking: every object and act of the policy, and one it does not know."""
    return sorted({entry[2:] for entry in world.lines}) + [("unknown", "read")]


def place_row(world: World, at: int, to: int | None, work: str | None) -> tuple[str, str | None, list[str], str | None]:
    return (world.paths[at], None if to is None else world.paths[to], world.tokens(at), work)


def check_world(connection: Connection, rows: Table, world: World) -> int:
    """Compare the four answers for every row, object and act. Gives: how many decisions; raises where they differ."""
    policy = Policy(world.policy_text())
    grants = world.given_grants()
    everything = world.rows()
    connection.execute(rows.delete())
    place_of = [place_row(world, *row) for row in everything]
    connection.execute(
        insert(rows),
        [
            {"id": key, "path": path, "to_path": to, "lines": tokens, "work_line": work}
            for key, (path, to, tokens, work) in enumerate(place_of)
        ],
    )
    decided = 0
    for obj, act in asked(world):
        held = [oracle_lines(world, obj, act, at, to, work) for at, to, work in everything]
        wanted = {key for key, lines in enumerate(held) if lines}
        assert held == [decisions.lines_of(policy, grants, obj, act, row) for row in place_of], (obj, act)
        in_python = {key for key, row in enumerate(place_of) if decisions.can(policy, grants, obj, act, row)}
        at_the_door = {
            key for key, row in enumerate(place_of) if any(decisions.allows(policy, one, obj, act, row) for one in grants)
        }
        row_by_row = {
            key
            for key, row in enumerate(place_of)
            if any(policy._enforce(one.role, rel, obj, act) for one in grants for rel in relations.relations_of(one, row))
        }
        condition = decisions.where(policy, grants, obj, act, rows.c)
        in_sql = set(connection.execute(select(rows.c.id).where(condition)).scalars())
        assert wanted == in_python == at_the_door == row_by_row == in_sql, (obj, act)
        decided += len(everything)
    return decided


@dataclass(frozen=True)
class Prepared:
    """A world with the oracle's answers, its rows standing in the table under its number: for asking it many times."""

    number: int
    world: World
    rows: list[tuple[str, str | None, list[str], str | None]]
    wanted: dict[tuple[str, str], set[int]]
    held: dict[tuple[str, str], list[frozenset[str | None]]]

    def goes_red(self, connection: Connection, rows: Table) -> bool:
        """Ask the decision and SQL again. A crash counts as noticed."""
        try:
            policy, grants = Policy(self.world.policy_text()), self.world.given_grants()
            for (obj, act), wanted in self.wanted.items():
                if wanted != {key for key, row in enumerate(self.rows) if decisions.can(policy, grants, obj, act, row)}:
                    return True
                asked = enumerate(self.rows)
                if wanted != {key for key, row in asked if any(decisions.allows(policy, one, obj, act, row) for one in grants)}:
                    return True
                if self.held[obj, act] != [decisions.lines_of(policy, grants, obj, act, row) for row in self.rows]:
                    return True
                condition = decisions.where(policy, grants, obj, act, rows.c)
                if wanted != set(connection.execute(select(rows.c.id).where(rows.c.world == self.number, condition)).scalars()):
                    return True
        except Exception:
            return True
        return False


def prepare(connection: Connection, rows: Table, made: list[World]) -> list[Prepared]:
    prepared = []
    for number, world in enumerate(made):
        everything = world.rows()
        place_of = [place_row(world, *row) for row in everything]
        connection.execute(
            insert(rows),
            [
                {"world": number, "id": key, "path": path, "to_path": to, "lines": tokens, "work_line": work}
                for key, (path, to, tokens, work) in enumerate(place_of)
            ],
        )
        held = {
            (obj, act): [oracle_lines(world, obj, act, at, to, work) for at, to, work in everything] for obj, act in asked(world)
        }
        wanted = {key: {number for number, lines in enumerate(found) if lines} for key, found in held.items()}
        prepared.append(Prepared(number, world, place_of, wanted, held))
    return prepared
