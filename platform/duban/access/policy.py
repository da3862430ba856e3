"""
Casbin behind a memo: one enforcer per policy text, asked at most once for each (role, relation, object, action).

Steps round measured faults of pycasbin 2.8.0: FastModel drops g2; FastEnforcer is not thread-safe; names asked
about are stored for ever, so unknown roles are refused before Casbin sees them; a policy is never reloaded in place.
"""

import threading
from importlib.resources import files
from typing import Any

import casbin
from casbin.model.model_fast import FastModel
from casbin.persist.adapters.string_adapter import StringAdapter

from duban.access.relations import LATTICE, RELATIONS


class _Model(FastModel):  # type: ignore[misc]
    """FastModel whose add_def tells the loader to go on, so that every definition of a section is loaded."""

    def add_def(self, sec: str, key: str, value: str) -> bool:
        super().add_def(sec, key, value)
        return value != ""


class _Enforcer(casbin.FastEnforcer):  # type: ignore[misc]
    def new_model(self, path: str = "", text: str = "") -> _Model:
        model = _Model(self._cache_key_order)
        if path:
            model.load_model(path)
        else:
            model.load_model_from_text(text)
        return model


class Policy:
    """One immutable policy. Thread-safe. The only thing in the code that can say yes is `_enforce`."""

    def __init__(self, text: str) -> None:
        lines = [
            [part.strip() for part in line.split(",")] for line in text.splitlines() if line.strip() and not line.startswith("#")
        ]
        self.roles = frozenset(name for line in lines for name in (line[1:3] if line[0] == "g" else line[1:2]))
        self.permissions = tuple((line[1], line[2], line[3], line[4]) for line in lines if line[0] == "p")
        self.inherits = tuple((line[1], line[2]) for line in lines if line[0] == "g")
        self.objects = frozenset((line[3], line[4]) for line in lines if line[0] == "p")
        lattice = "\n".join(f"g2, {rel}, {scope}" for rel, scope in LATTICE)
        body = "\n".join(", ".join(line) for line in lines)
        model = str(files("duban.access") / "model.conf")
        # obj and act stand third and fourth in requests and in policy lines: the index FastEnforcer filters by
        self._enforcer = _Enforcer(model, StringAdapter(f"{body}\n{lattice}"), cache_key_order=[2, 3])
        self._lock = threading.Lock()
        self._memo: dict[tuple[str, str, str], frozenset[str]] = {}

    def _enforce(self, role: str, rel: str, obj: str, act: str) -> bool:
        if role not in self.roles or (obj, act) not in self.objects:
            return False
        with self._lock:
            return bool(self._enforcer.enforce(role, rel, obj, act))

    def allowed(self, role: str, obj: str, act: str) -> frozenset[str]:
        """Give the relations for which this role may do this; both the decision and the list filter read only this."""
        key = (role, obj, act)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = frozenset(rel for rel in RELATIONS if self._enforce(role, rel, obj, act))
        return found

    def explain(self, role: str, rel: str, obj: str, act: str) -> tuple[bool, list[Any]]:
        """Give the decision and the policy line that made it. Slow: scans every line."""
        with self._lock:
            allowed, line = self._enforcer.enforce_ex(role, rel, obj, act)
        return bool(allowed), list(line)


_policies: dict[str, Policy] = {}
_loading = threading.Lock()


def policy_for(digest: str) -> Policy | None:
    """Give the policy of this digest if this process has built it."""
    return _policies.get(digest)


def remember(digest: str, text: str) -> Policy:
    """Build a policy aside and put it in place in one assignment."""
    with _loading:
        if digest not in _policies:
            _policies[digest] = Policy(text)
    return _policies[digest]
