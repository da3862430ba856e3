"""
Schemathesis against the real application, as one person of the cast, on a stage full of real things.

What is generated is sent as it is, except that valid cases meet things that exist: ids in addresses and bodies are taken
from the stage, If-Match from what is read there, and some bodies start from the scene's. So requests get past the door.

`share` sends a certain number of cases to every operation. `fuzz` lets schemathesis' own engine work, which also tries the
limits of the schema and linked calls, and decides by itself when it has seen enough of an operation.
"""

import itertools
import random
import re
import time
import uuid
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as hypothesis_seed
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS as KNOWN_CHECKS
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.run import PhaseName
from schemathesis.generation import GenerationMode

from tests.fuzz.stage import API, Scene, Stage

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "missing_required_header", "unsupported_method",
)  # fmt: skip
OFF = ("positive_data_acceptance", "use_after_free", "ensure_resource_availability", "ignored_auth")
"""
Off: what is valid by its schema may still break a rule (409, 422); things end without being gone (use after free); and
schemathesis 4.32 cannot repeat a request of an in-process application without its token: test_addresses does that.
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
    sequences: int = 0
    slowest: tuple[float, str] = (0.0, "")
    seconds: float = 0.0

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
            f"checks passed {passed}, phases {dict(self.phases)}, {self.sequences} sequences of linked calls, failures {len(self.failures)}",
            f"took {self.seconds:.0f} s, slowest {self.slowest[0]:.2f} s ({self.slowest[1]})",
        ]
        lines += [f"  {name}: {dict(sorted(counts.items()))}" for name, counts in sorted(self.answers.items())]
        return "\n".join(lines)


class Caller:
    """Whoever the cases are sent as; signs in again when a case has ended the session."""

    def __init__(self, stage: Stage, who: str, seed: int) -> None:
        self.stage, self.who = stage, who
        self.dice = random.Random(seed)
        self.token = ""
        self.tags: dict[str, str] = {}
        self.renew()
        self.real = self._things()

    def renew(self) -> None:
        """Take a fresh token."""
        self.token = self.stage.sign_in(self.who).environ_base["HTTP_AUTHORIZATION"]

    def heard(self, method: str, path: str, status: int) -> None:
        """Forget what a change has made old; sign in again where the session is over."""
        if method != "GET" and status < 400:
            self.tags.clear()
        if status == 401 or (method == "DELETE" and path.endswith(("/session", "/session/"))):
            self.renew()

    def etag(self, address: str) -> str:
        """Give the version of what is changed at an address, read once."""
        if address not in self.tags:
            self.tags[address] = self.stage.etag(self.who, address)
        return self.tags[address]

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
        case.headers["Authorization"] = self.token
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
                headers["If-Match"] = self.etag(address)

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
    acting["now"].heard(case.method, case.path, response.status_code)


def _schema(stage: Stage, document: dict, *, seed: int, phases: dict[str, Any]) -> Any:
    """
    Give the document to schemathesis, with the checks asked for.

    Without its security: every case carries a valid token, for a wrong one would be a quarter of all cases and end each at
    the door; test_addresses is about those.
    """
    checks: dict[str, Any] = {name: {"enabled": True} for name in CHECKS} | {name: {"enabled": False} for name in OFF}
    # 404 and 403 come before 428: whoever may not know that there is something is not told to read it first
    checks["missing_required_header"]["expected-statuses"] = [401, 403, 404, 422, 428]
    checks["negative_data_rejection"]["expected-statuses"] = ["4XX"]
    config = SchemathesisConfig.from_dict(
        {"seed": seed, "phases": phases, "checks": checks, "continue-on-failure": True, "workers": 1,
         "generation": {"database": "none", "mode": "all", "deterministic": False}}
    )  # fmt: skip
    paths = {
        path: {method: {**said, "security": []} if isinstance(said, dict) else said for method, said in item.items()}
        for path, item in document["paths"].items()
    }
    schema = schemathesis.openapi.from_dict({**document, "paths": paths, "security": []}, config=config)
    schema.app = stage.world.web.getfixturevalue("app")
    return schema


def share(stage: Stage, document: dict, who: str, *, seed: int, examples: int, of: Callable[[str], bool] = bool) -> Tally:
    """
    Send exactly so many cases to every operation `of` ("METHOD /path"), about a third of them invalid on purpose.

    Hypothesis stops at the last distinct case it can think of, which for an address without parameters is the first one:
    what is missing is drawn with further seeds, and where nothing new comes the same is sent again, to what has changed since.
    """
    acting["now"] = caller = Caller(stage, who, seed)
    tally = Tally(seed, who)
    load_all_checks()
    checks = KNOWN_CHECKS.get_by_names(list(CHECKS))
    begun = time.monotonic()
    for found in _schema(stage, document, seed=seed, phases={}).get_all_operations():
        operation = found.ok()
        label = operation.label.replace(API, "")
        if of(label):
            invalid = _cases(operation, GenerationMode.NEGATIVE, examples // 3, seed)
            valid = _cases(operation, GenerationMode.POSITIVE, examples - len(invalid), seed)
            for case in itertools.islice(itertools.cycle([*valid, *invalid]), examples):
                _send(case, label, checks, tally)
    tally.seconds = time.monotonic() - begun
    assert caller is acting["now"]
    return tally


def _cases(operation: Any, mode: GenerationMode, number: int, seed: int) -> list[schemathesis.Case]:
    drawn: list[schemathesis.Case] = []
    for again in range(3):

        @hypothesis_seed(zlib.crc32(f"{seed} {again} {operation.label}".encode()))
        @hypothesis_settings(
            max_examples=number, phases=[Phase.generate], database=None, deadline=None, suppress_health_check=list(HealthCheck)
        )
        @given(operation.as_strategy(generation_mode=mode))
        def draw(case: schemathesis.Case) -> None:
            drawn.append(case)

        try:
            draw()
        except Unsatisfiable:  # nothing here can be wrong
            break
        if len(drawn) >= number:
            break
    return drawn[:number]


def _send(case: schemathesis.Case, label: str, checks: list[Any], tally: Tally) -> None:
    try:
        response = case.call()
    except Exception as defect:  # noqa: BLE001 - the tests' application lets defects through: each is a finding, not the end
        tally.answers[label]["defect"] += 1
        tally.failures.append(f"{type(defect).__name__} in {label}: {str(defect)[:1000]}")
        return
    tally.answers[label][str(response.status_code)] += 1
    tally.slowest = max(tally.slowest, (response.elapsed, label))
    try:
        case.validate_response(response, checks)
    except FailureGroup as group:
        said = [failure for failure in group.exceptions if isinstance(failure, Failure) and not _is_no_failure(failure)]
        tally.failures += [
            f"{failure.title} in {label}: {failure.message[:600]}\n    {case.as_curl_command()[:700]}\n"
            f"    → {response.status_code} {response.text[:400]}"
            for failure in said
        ]
        if said:
            return
    tally.checks.update(check.__name__ for check in checks)


def _is_no_failure(failure: Failure) -> bool:
    """
    Every proxy adds headers: an unknown one is no error. Where a file is asked for, no bytes are invalid by the schema. A key
    that is too long by its blanks at an end is not: HTTP takes them off (tests/web/api/test_once.py has one that is).
    """
    said = failure.message
    too_long_key = "`Idempotency-Key` in header - maximum length" in said
    return (
        too_long_key
        or said.endswith("in header - object with unexpected properties")
        or "Invalid component: positive test case" in said
    )


def fuzz(
    stage: Stage, document: dict, who: str, *, seed: int, examples: int, sequences: int, of: Callable[[str], bool] = bool
) -> Tally:
    """
    Let schemathesis' engine run all phases as one person.

    Takes: `examples` generated cases per operation `of`, besides each limit of the schema from both sides; `sequences` of
    linked calls. The engine ends that phase when hypothesis gives up on a chain, after some twenty: it is begun again, with
    another seed, until there are so many.
    """
    acting["now"] = Caller(stage, who, seed)
    tally = Tally(seed, who)
    begun = time.monotonic()
    paths = {
        path: {method: said for method, said in item.items() if method == "parameters" or of(f"{method.upper()} {path}")}
        for path, item in document["paths"].items()
    }
    only = {**document, "paths": paths}
    single: dict[str, Any] = {
        "examples": {"enabled": False},
        "coverage": {"enabled": True},
        "fuzzing": {"enabled": True, "generation": {"max-examples": examples}},
        "stateful": {"enabled": False},
    }
    _run(_schema(stage, only, seed=seed, phases=single), tally)
    linked: dict[str, Any] = dict.fromkeys(single, {"enabled": False}) | {
        "stateful": {"enabled": True, "generation": {"max-examples": max(sequences, 1)}}
    }
    for again in range(MOST_BEGINNINGS):
        if tally.sequences >= sequences:
            break
        _run(_schema(stage, only, seed=seed + again, phases=linked), tally)
    tally.seconds = time.monotonic() - begun
    return tally


MOST_BEGINNINGS = 300


def _run(schema: Any, tally: Tally) -> None:
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _count(tally, event)
        elif isinstance(event, events.NonFatalError):
            tally.failures.append(f"error in {event.label}: {event.info.format()[:1500]}")
        elif isinstance(event, events.FatalError):
            raise event.exception


def _count(tally: Tally, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    tally.sequences += event.phase is PhaseName.STATEFUL_TESTING and bool(recorder.interactions)
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
                if _is_no_failure(failure.failure):
                    continue
                shown = recorder.interactions[case_id].response if case_id in recorder.interactions else None
                said = shown.text_lossy()[:400] if shown else ""
                tally.failures.append(
                    f"{node.name} in {event.label}: {failure.failure.title}: {failure.failure.message[:600]}\n"
                    f"    {failure.code_sample[:700]}\n    → {shown.status_code if shown else '-'} {said}"
                )
