"""
One decision, as a ratio: the memoised policy against a plain dict with startswith, and Casbin asked every time.

Prints a table; no verdict is timed against a clock on the wall. Same requests, same answers, in one run.
"""

import random
import statistics
import time

from duban.access import decisions
from duban.access.policy import Policy
from duban.access.relations import Grant, relation

ROLES, OBJECTS, ACTS, SCOPES = 12, 20, 3, ("own", "children", "subtree", "ancestors")
REQUESTS, ROUNDS = 2000, 7
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


def main() -> None:
    policy, lines = build()
    paths = [f"a.{i:x}." for i in range(30)] + [f"a.{i:x}.{j:x}." for i in range(30) for j in range(20)]
    asks = []
    for _ in range(REQUESTS):
        grants = tuple(Grant(f"role{random.randrange(ROLES)}", random.choice(paths)) for _ in range(2))
        near = random.choice([random.choice(paths), grants[0].path])
        asks.append((grants, f"obj{random.randrange(OBJECTS)}", f"act{random.randrange(ACTS)}", near))
    ways = {
        "floor: dict + startswith": lambda ask: floor(lines, *ask),
        "ours: memoised Casbin": lambda ask: decisions.can(policy, *ask),
        "Casbin asked every time": lambda ask: asked_every_time(policy, *ask),
    }
    answers = {name: [way(ask) for ask in asks] for name, way in ways.items()}
    assert len({tuple(given) for given in answers.values()}) == 1, "the ways disagree"
    times = {}
    for name, way in ways.items():
        rounds = []
        for _ in range(ROUNDS if "every" not in name else 1):
            started = time.perf_counter()
            for ask in asks:
                way(ask)
            rounds.append((time.perf_counter() - started) / len(asks))
        times[name] = statistics.median(rounds)
    base = times["floor: dict + startswith"]
    allowed = sum(answers["ours: memoised Casbin"])
    print(f"access decision: {len(lines)} rules, {REQUESTS} requests, {allowed} allowed, all ways agree")
    for name, seconds in times.items():
        print(f"  {name:28s} {seconds * 1e6:9.2f} us   {seconds / base:8.1f} x floor")
    ratio = times["ours: memoised Casbin"] / base
    print(f"  verdict: {ratio:.2f} x floor, goal 2.5 x: {'met' if ratio <= 2.5 else 'MISSED'}")


main()
