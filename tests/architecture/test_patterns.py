"""No pattern of the program takes long over a hostile text: one request that runs a pattern for minutes stops a whole worker."""

import importlib
import pkgutil
import re
import signal
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import duban

LENGTH = 20_000
"""The longest text a form accepts (duban.fields.specs.LONG_TEXT_LENGTH)."""
SECONDS = 0.2
"""Of the processor's time: a hundred times what a sound pattern takes; a quadratic one takes more, a nested one years."""
CLASSES = " \t0129aZ中年月日号国第次至—-.,@<>[]()〔〕!_/\"'*=\x00\u202e"
SEEDS = (
    *CLASSES, "20", "12月", "国[", "国〔", "国〔2011〕", "第 ", "a@", "a.", "<!", "< ", "1,", "2011年", "12月 ", "12月至", "a-", "aa0", "[1]", "a[",
    "Must be one of: ", "Length must be between 1 and ", "Must be greater than or equal to 1 and ", "COPY a.b ", "..",
)  # fmt: skip


class TooLongError(Exception):
    """The pattern was still busy."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer: re looks for signals while it works."""

    def ring(*_: object) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def patterns() -> dict[str, tuple[re.Pattern, bool]]:
    """Find every compiled pattern a module of ours holds, by where it stands, and whether it is used to search with."""
    found: dict[str, tuple[re.Pattern, bool]] = {}
    for info in pkgutil.walk_packages(duban.__path__, "duban."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        source = Path(str(module.__file__)).read_text()
        searching = re.search(r"(?<!\bre)\.(search|finditer|findall|sub|subn|split)\(", source)
        for name, value in vars(module).items():
            if re.search(rf"^{name}\b.*=", source, re.MULTILINE):  # not one that is brought in from elsewhere
                anchored = not searching or set(re.findall(rf"\b{name}\.(\w+)\(", source)) in ({"fullmatch"}, {"match"})
                found |= {f"{info.name}.{name}[{at}]": (one, not anchored) for at, one in enumerate(_within(value))}
    return found


def _within(value: object) -> Iterator[re.Pattern]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict) and not isinstance(value, types.MappingProxyType):
        for one in value.values():
            yield from _within(one)
    elif isinstance(value, tuple | list | frozenset):
        for one in value:
            yield from _within(one)


def texts() -> Iterator[tuple[str, str]]:
    """Give one thing again and again with an end that fits nowhere: by itself, and after beginnings that may lead into it."""
    for seed in SEEDS:
        run = (seed * LENGTH)[:LENGTH] + "\x01"
        yield run, f"国[{run}12月{run}"


def slow(pattern: re.Pattern, *, searches: bool = True) -> str:
    """Say on which text a pattern takes too long, if on one."""
    for whole, part in texts():
        if isinstance(pattern.pattern, bytes):
            whole, part = whole.encode(), part.encode()
        try:
            with at_most(SECONDS):
                pattern.fullmatch(whole)
                for _ in pattern.finditer(part) if searches else ():
                    pass
        except TooLongError:
            return f"{part[:12]!r}… of {len(part)}"
    return ""


def test_no_pattern_takes_long() -> None:
    found = patterns()
    wrong = {where: text for where, (pattern, searches) in found.items() if (text := slow(pattern, searches=searches))}
    print(f"{len(found)} patterns, {len(SEEDS) * 2} texts of {LENGTH} characters each: {len(wrong)} take long")
    assert len(found) > 30
    assert wrong == {}


@pytest.mark.parametrize(
    "bad", [r"(?:a|aa)+$", r"国\[\s*[0-9]*\s*\]", r"\s*月", r"((19|20)\d\d(0[1-9]|1[0-2])?([0-2]\d|3[01])?)+$"]
)
def test_control_a_bad_pattern_is_found(bad: str) -> None:
    assert slow(re.compile(bad))
