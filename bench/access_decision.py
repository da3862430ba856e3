"""
One decision, as a ratio: the memoised policy against a plain dict with startswith, and Casbin asked every time.

Prints a table; no verdict is timed against a clock on the wall. Same requests, same answers, in one run.
"""

import random
import time
from importlib.resources import files

import casbin
from casbin.persist.adapters.string_adapter import StringAdapter
from parts.table import Row, show

from duban.access import decisions
from duban.access.policy import Policy
from duban.access.relations import LATTICE, Grant, relation

ROLES, OBJECTS, ACTS, SCOPES = 12, 20, 3, ("own", "children", "subtree", "ancestors")
REQUESTS, STOCK_REQUESTS, ROUNDS = 2000, 200, 25
random.seed(20110520)


def build() -> tuple[Policy, dict[tuple[str, str, str], str]]:
    lines = {
        (f"role{r}", f"obj{o}", f"act{a}"): random.choice(SCOPES)
        for r in range(ROLES)
        for o in range(OBJECTS)
        for a in range(ACTS)
    }
    return Policy("\n".join(f"p, {r}, {s}, {o}, {a}" for (r, o, a), s in lines.items())), lines


def floor(lines, grants, obj, act, path) -> bool:
    for grant in grants:
        scope = lines.get((grant.role, obj, act))
        if scope == "own" and path == grant.path:
            return True
        if scope == "subtree" and path.startswith(grant.path):
            return True
        if scope == "children" and path.startswith(grant.path) and path.count(".", len(grant.path)) == 1:
            return True
        if scope == "ancestors" and path != grant.path and grant.path.startswith(path):
            return True
    return False


def asked_every_time(policy, grants, obj, act, path) -> bool:
    return any((rel := relation(grant.path, path)) != "other" and policy._enforce(grant.role, rel, obj, act) for grant in grants)


def stock_enforcer(lines) -> casbin.Enforcer:
    """The Enforcer as it comes, with the same model, the same rules and our lattice."""
    body = "\n".join(f"p, {r}, {s}, {o}, {a}" for (r, o, a), s in lines.items())
    lattice = "\n".join(f"g2, {rel}, {scope}" for rel, scope in LATTICE)
    return casbin.Enforcer(str(files("duban.access") / "model.conf"), StringAdapter(f"{body}\n{lattice}"))


def asked_stock(enforcer, grants, obj, act, path) -> bool:
    return any((rel := relation(grant.path, path)) != "other" and enforcer.enforce(grant.role, rel, obj, act) for grant in grants)


def main() -> None:
    policy, lines = build()
    paths = [f"a.{i:x}." for i in range(30)] + [f"a.{i:x}.{j:x}." for i in range(30) for j in range(20)]
    asks = []
    for _ in range(REQUESTS):
        grants = tuple(Grant(f"role{random.randrange(ROLES)}", random.choice(paths)) for _ in range(2))
        near = random.choice([random.choice(paths), grants[0].path])
        asks.append((grants, f"obj{random.randrange(OBJECTS)}", f"act{random.randrange(ACTS)}", near))
    stock = stock_enforcer(lines)
    few = asks[:STOCK_REQUESTS]
    ways = {
        "floor: dict + startswith": lambda ask: floor(lines, *ask),
        "ours: memoised Casbin": lambda ask: decisions.can(policy, *ask[:3], (ask[3], None, (), None)),
        "Casbin asked every time": lambda ask: asked_every_time(policy, *ask),
        "stock casbin.Enforcer": lambda ask: asked_stock(stock, *ask),
    }
    answers = {name: [way(ask) for ask in (few if name.startswith("stock") else asks)] for name, way in ways.items()}
    assert len({tuple(given[:STOCK_REQUESTS]) for given in answers.values()}) == 1, "the ways disagree"
    assert len({tuple(given) for name, given in answers.items() if not name.startswith("stock")}) == 1, "the ways disagree"
    # Turn about, and the best round of each: what another process does meanwhile is nobody's speed.
    times = dict.fromkeys(ways, float("inf"))
    for number in range(ROUNDS):
        for name, way in ways.items():
            if number and not name.startswith(("floor", "ours")):
                continue
            chosen = few if name.startswith("stock") else asks
            started = time.perf_counter()
            for ask in chosen:
                way(ask)
            times[name] = min(times[name], (time.perf_counter() - started) / len(chosen))
    base = times["floor: dict + startswith"]
    allowed = sum(answers["ours: memoised Casbin"])
    print(f"access decision: {len(lines)} rules, {REQUESTS} requests, {allowed} allowed, all ways agree")
    ours = times["ours: memoised Casbin"]
    others = f"stock Enforcer {times['stock casbin.Enforcer'] / ours:,.0f} × ours, asked every time {times['Casbin asked every time'] / ours:,.0f} ×"
    show("One access decision", "dict + startswith", [Row("access decision", ours * 1000, base * 1000, 2.5, others)])


main()
