"""
Schemathesis against the real application, as one person of the cast, on a stage full of real things.

What is generated is sent as it is, except that valid cases meet things that exist: ids in addresses and bodies are taken
from the stage, If-Match from what is read there, and some bodies start from the scene's. So requests get past the door.
"""

import random
import re
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NOT_SET
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.run import PhaseName

from tests.fuzz.stage import API, Scene, Stage

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "missing_required_header", "unsupported_method",
)  # fmt: skip
OFF = ("positive_data_acceptance", "use_after_free", "ensure_resource_availability", "ignored_auth")
"""
Off: what is valid by its schema may still break a rule (409, 422); things end without being gone (use after free); and
schemathesis 4.32 cannot repeat a request of an in-process application without its token: test_doors does that.
"""


@dataclass
class Tally:
    """What a run did: cases by operation and kind of answer, checks passed, failures in words."""

    seed: int
    who: str
    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    checks: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    phases: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")

    @property
    def cases(self) -> int:
        """How many requests were sent and judged."""
        return sum(sum(counts.values()) for counts in self.answers.values())

    def report(self) -> str:
        """Say per operation how many answers of each kind there were, so that a zero of nothing is seen."""
        total: Counter[str] = sum(self.answers.values(), Counter())
        done, passed = dict(sorted(total.items())), dict(sorted(self.checks.items()))
        lines = [
            f"seed {self.seed}, as {self.who}: {self.cases} cases, {len(self.answers)} operations, {done}",
            f"checks passed {passed}, phases {dict(self.phases)}, failures {len(self.failures)}",
            f"slowest {self.slowest[0]:.2f} s ({self.slowest[1]})",
        ]
        lines += [f"  {name}: {dict(sorted(counts.items()))}" for name, counts in sorted(self.answers.items())]
        return "\n".join(lines)


class Caller:
    """Whoever the cases are sent as; signs in again when a case has ended the session."""

    def __init__(self, stage: Stage, who: str, seed: int) -> None:
        self.stage, self.who = stage, who
        self.dice = random.Random(seed)
        self.token = ""
        self.renew()
        self.real = self._things()

    def renew(self) -> None:
        """Take a fresh token."""
        browser = self.stage.clients[self.who] = self.stage.world.client(self.who)
        self.token = browser.environ_base["HTTP_AUTHORIZATION"]

    def _things(self) -> dict[str, list[str]]:
        """Ids that exist, by the name of the parameter or field that takes them."""
        ids, units = dict(self.stage.ids), list(self.stage.units.values())
        people = list(self.stage.people.values())
        ids |= {"unit_id": units, "owner_id": units, "parent_id": units, "below": units, "unit_ids": units}
        ids["person_id"] = [*ids.get("person_id", []), *people]
        ids["task_ids"] = ids.get("tasks of derive", []) + ids.get("task_id", [])
        ids["letter_ids"] = ids.get("letter_id", [])
        return ids

    def real_id(self, name: str, value: object) -> object:
        """Give a thing that exists where an id was generated, most of the time."""
        if isinstance(value, str) and _is_uuid(value) and self.real.get(name) and self.dice.random() < 0.85:
            return self.dice.choice(self.real[name])
        return value

    def with_real_ids(self, body: object, name: str = "") -> object:
        """Put things that exist into a generated body."""
        if isinstance(body, dict):
            return {key: self.with_real_ids(value, key) for key, value in body.items()}
        if isinstance(body, list):
            return [self.with_real_ids(value, name) for value in body]
        return self.real_id(name, body)

    def prepare(self, case: schemathesis.Case) -> None:
        """Let a case meet things that exist, without making valid what was generated to be invalid."""
        meta = case.meta
        negative = (lambda where: meta.is_negative_at(where)) if meta else (lambda _where: False)
        if not negative(ParameterLocation.PATH) and case.path_parameters:
            case.path_parameters = self._address(case)
        if not negative(ParameterLocation.QUERY) and case.query:
            case.query = self.with_real_ids(dict(case.query))
        if not negative(ParameterLocation.BODY) and case.body is not NOT_SET and isinstance(case.body, dict | list):
            case.body = self._body(case)
        headers = case.headers
        if headers is not None and "If-Match" in headers and not negative(ParameterLocation.HEADER):
            address = f"{API}{_filled(case)}"
            if self.dice.random() < 0.85 and address.isascii():
                headers["If-Match"] = self.stage.etag(self.who, address)

    def _address(self, case: schemathesis.Case) -> dict[str, object]:
        """Half of the time the scene's own things, which belong together; else any that exist."""
        template = case.operation.path.removeprefix(API)
        scene = self.stage.scenes.get(f"{case.method} {template}")
        if scene is not None and self.dice.random() < 0.5:
            pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/?]+)", template)
            if match := re.match(f"{pattern}$", scene.address.removeprefix(API).partition("?")[0]):
                return dict(match.groupdict())
        return {name: self.real_id(name, value) for name, value in case.path_parameters.items()}

    def _body(self, case: schemathesis.Case) -> object:
        generated = self.with_real_ids(case.body)
        scene: Scene | None = self.stage.scenes.get(f"{case.method} {case.operation.path.removeprefix(API)}")
        if scene is None or not isinstance(scene.body, dict) or not isinstance(generated, dict) or self.dice.random() < 0.25:
            return generated
        kept = [key for key in generated if self.dice.random() < 0.15]
        return scene.body | {key: generated[key] for key in kept}


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _filled(case: schemathesis.Case) -> str:
    path = case.operation.path.removeprefix(API)
    return re.sub(r"{(\w+)}", lambda match: str((case.path_parameters or {}).get(match[1], "-")), path)


acting: dict[str, Caller] = {}
"""Who sends the cases now: schemathesis takes such hooks for the whole process only."""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    acting["now"].prepare(case)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    if response.status_code == 401 or (case.method == "DELETE" and case.path.endswith("/session")):
        acting["now"].renew()


def fuzz(stage: Stage, document: dict, who: str, *, seed: int, examples: int, limits: bool = True, sequences: int = 0) -> Tally:
    """
    Run all phases as one person.

    Takes: `examples` generated cases per operation, `limits`: also each limit of the schema from both sides, `sequences`
    of linked calls.
    """
    caller = Caller(stage, who, seed)
    phases: dict[str, Any] = {
        "examples": {"enabled": False},
        "coverage": {"enabled": limits},
        "fuzzing": {"enabled": True, "generation": {"max-examples": examples}},
        "stateful": {"enabled": bool(sequences), "generation": {"max-examples": max(sequences, 1)}},
    }
    checks: dict[str, Any] = {name: {"enabled": True} for name in CHECKS} | {name: {"enabled": False} for name in OFF}
    # 404 and 403 come before 428: whoever may not know that there is something is not told to read it first
    checks["missing_required_header"]["expected-statuses"] = [401, 403, 404, 422, 428]
    checks["negative_data_rejection"]["expected-statuses"] = ["4XX"]
    config = SchemathesisConfig.from_dict(
        {"seed": seed, "phases": phases, "checks": checks, "continue-on-failure": True, "workers": 1,
         "generation": {"database": "none", "mode": "all", "deterministic": False}}
    )  # fmt: skip
    app = stage.world.web.getfixturevalue("app")
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = app

    @schema.auth(refresh_interval=None)
    class _Bearer:  # noqa: N801
        def get(self, _case: Any, _context: Any) -> str:
            return caller.token

        def set(self, case: Any, data: str, _context: Any) -> None:
            case.headers = case.headers or {}
            case.headers["Authorization"] = data

    acting["now"] = caller
    tally = Tally(seed, who)
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _count(tally, event)
        elif isinstance(event, events.NonFatalError):
            tally.failures.append(f"error in {event.label}: {event.info.format()[:1500]}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return tally


def _count(tally: Tally, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    tally.phases[event.phase.value if isinstance(event.phase, PhaseName) else str(event.phase)] += len(recorder.interactions)
    for case_id, interaction in recorder.interactions.items():
        node = recorder.cases.get(case_id)
        label = node.value.operation.label.replace(API, "") if node else event.label or "?"
        response = interaction.response
        tally.answers[label][f"{response.status_code}" if response else "none"] += 1
        if response is not None and response.elapsed > tally.slowest[0]:
            tally.slowest = (response.elapsed, label)
    for case_id, nodes in recorder.checks.items():
        for node in nodes:
            if node.status is Status.SUCCESS:
                tally.checks[node.name] += 1
            elif node.failure_info is not None:
                failure = node.failure_info
                if failure.failure.message.endswith("in header - object with unexpected properties"):
                    continue  # every proxy adds headers: an unknown one is no error
                shown = recorder.interactions[case_id].response if case_id in recorder.interactions else None
                said = shown.text_lossy()[:400] if shown else ""
                tally.failures.append(
                    f"{node.name} in {event.label}: {failure.failure.title}: {failure.failure.message[:600]}\n"
                    f"    {failure.code_sample[:700]}\n    → {shown.status_code if shown else '-'} {said}"
                )
