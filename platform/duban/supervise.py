"""`duban up`: the whole service in one terminal, and nothing of it left when the terminal gets its prompt back."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import IO

import click

from duban.console.anchoring import begin_with
from duban.embedded.processes import Kept, keep
from duban.embedded.services import environment_for, require_owner_url, services
from duban.kernel.clock import SystemClock
from duban.kernel.migrating import upgrade
from duban.kernel.settings import ROOT, Settings

HOST = "127.0.0.1"
READY_SECONDS = 60.0
RESTART_PAUSE_SECONDS = 1.0
RESTART_LIMIT = 5
QUIET_AFTER_SECONDS = 60.0
COLOURS = {"demo": "blue", "web": "cyan", "worker": "magenta", "clock": "yellow", "steward": "white", "up": "green"}
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StartError(Exception):
    """The service cannot start; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class Part:
    """One of the processes that make up the service."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


def up(settings: Settings, *, port: int, with_parent: bool = False) -> None:
    """Start everything and stay until asked to stop (Ctrl-C, SIGTERM, closed terminal).

    Takes: `with_parent` stops too when the process that started this one (make) is gone.
    Raises: StartError, EmbeddedServerError, SettingsError.
    """
    with _asked_to_stop() as stop, contextlib.ExitStack() as stack:
        if with_parent:
            threading.Thread(target=_stop_with, args=(os.getppid(), stop), daemon=True).start()
        began = time.monotonic()
        check_port(port)
        say("starting")
        settings = dataclasses.replace(
            settings, demo=True, cookie_secure=False, base_url=f"http://{HOST}:{port}", log_format="text"
        )
        settings = stack.enter_context(services(settings, say=say, alone=True))
        say("database schema")
        upgrade(require_owner_url(settings), context_key=settings.context_key)
        begin_with(settings, now=SystemClock().now())
        crew = Crew(parts(settings, port), stop)
        stack.callback(crew.dismiss)
        crew.start("web")
        accounts = make_demo(settings, stop)  # while the web process loads
        if _await_web(port, crew, stop):
            crew.start("worker", "clock", "steward")
            say(f"ready after {time.monotonic() - began:.1f} s")
            click.echo(welcome(port, accounts))
        while not stop.wait(0.5):
            crew.replace_the_fallen()
        say("stopping")
    say("stopped; the data stays in " + settings.data_dir)


def say(text: str) -> None:
    """Print one line of progress."""
    click.echo(_label("up") + text)


def _label(name: str) -> str:
    return click.style(f"{name:<7}│ ", fg=COLOURS.get(name))


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Turn the signals that end a program into an event, for the length of a block. A second Ctrl-C changes nothing."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in ENDING_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_with(parent: int, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        if os.getppid() != parent:
            stop.set()


def check_port(port: int) -> None:
    """Refuse a port that is taken. Raises: StartError naming another one to use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StartError(
                f"Port {port} on {HOST} cannot be used ({error.strerror}). Stop the program that has it, "
                f"or choose another: PORT={port + 1} make run"
            ) from error


def parts(settings: Settings, port: int) -> tuple[Part, ...]:
    """Say what runs; the owner's database URL is given to the steward only, the backup's to the clock only."""
    environment = environment_for(dataclasses.replace(settings, owner_database_url="", backup_database_url=""))
    of_clock = environment_for(dataclasses.replace(settings, owner_database_url=""))
    of_steward = environment_for(dataclasses.replace(settings, backup_database_url=""))
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "config/gunicorn.conf.py"), "--chdir", str(ROOT)]
    return (
        Part("web", [*gunicorn, "--bind", f"{HOST}:{port}", "wsgi:app"], environment),
        Part("worker", [sys.executable, "-m", "duban.worker"], environment),
        Part("clock", [sys.executable, "-m", "duban.clock_process"], of_clock),
        Part("steward", [sys.executable, "-m", "duban.console.steward"], of_steward),
    )


class Crew:
    """The running processes; one that ends by itself is started again."""

    def __init__(self, members: Sequence[Part], stop: threading.Event) -> None:
        self._members = {member.name: member for member in members}
        self._running: dict[str, Kept] = {}
        self._echoes: list[threading.Thread] = []
        self._stop = stop
        self._falls: dict[str, list[float]] = {name: [] for name in self._members}

    def start(self, *names: str) -> None:
        """Start members by name."""
        for name in names:
            self._start(self._members[name])

    def has_fallen(self, name: str) -> bool:
        """Tell whether one has ended by itself."""
        return self._running[name].keeper.poll() is not None

    def replace_the_fallen(self) -> None:
        """Start again what ended by itself. Raises: StartError for one that keeps falling."""
        for name in [name for name in self._running if self.has_fallen(name)]:
            now = time.monotonic()
            self._falls[name] = [*(at for at in self._falls[name] if now - at < QUIET_AFTER_SECONDS), now]
            if len(self._falls[name]) > RESTART_LIMIT:
                raise StartError(f"The {name} process ended {RESTART_LIMIT + 1} times within a minute; its last lines are above.")
            code = self._running[name].keeper.returncode
            say(f"{name} ended by itself (code {code}); starting it again")
            self._stop.wait(RESTART_PAUSE_SECONDS)
            if not self._stop.is_set():
                self._start(self._members[name])

    def dismiss(self) -> None:
        """Ask all to end, then wait for all."""
        for kept in self._running.values():
            kept.let_go()
        for kept in self._running.values():
            kept.stop()
        for echo in self._echoes:
            echo.join(timeout=2)

    def _start(self, member: Part) -> None:
        kept = keep(member.command, stop_signals=(signal.SIGTERM,), output=subprocess.PIPE, environment=member.environment)
        self._running[member.name] = kept
        if kept.keeper.stdout is not None:
            echo = threading.Thread(target=_echo, args=(member.name, kept.keeper.stdout), daemon=True)
            echo.start()
            self._echoes.append(echo)


QUIET = (b"audit anchored", b"request answered")
"""Lines for a log kept on another host: heads of the audit every three minutes, and every answer of the pages."""


def _echo(name: str, lines: IO[bytes]) -> None:
    """Repeat a process's output with its name before each line, until it ends."""
    with lines:
        for line in lines:
            if any(quiet in line for quiet in QUIET):
                continue
            click.echo(_label(name) + line.decode(errors="replace").rstrip())


def _await_web(port: int, crew: Crew, stop: threading.Event) -> bool:
    """Wait until the pages answer; False when asked to stop first. Raises: StartError."""
    deadline = time.monotonic() + READY_SECONDS
    while not stop.wait(0.1):
        if _answers(port):
            return True
        if crew.has_fallen("web"):
            raise StartError("The web process ended while starting; its last lines are above.")
        if time.monotonic() > deadline:
            raise StartError(f"The pages did not answer within {READY_SECONDS:.0f} s; see the lines above.")
    return False


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def make_demo(settings: Settings, stop: threading.Event) -> str:
    """Have the demo tenants and give the lines that name their accounts; '' when asked to stop first.

    `duban demo` does it as a process of its own, so that its memory is free again when the service runs: progress goes
    to its standard error, the accounts to its standard output.
    Raises: StartError.
    """
    made = keep(
        [sys.executable, "-m", "duban.cli", "demo"],
        stop_signals=(signal.SIGTERM,),
        output=subprocess.PIPE,
        errors=subprocess.PIPE,
        environment=environment_for(settings),
    )
    accounts: list[str] = []
    with contextlib.closing(made):
        readers = (
            threading.Thread(target=_echo, args=("demo", made.keeper.stderr), daemon=True),
            threading.Thread(target=_collect, args=(accounts, made.keeper.stdout), daemon=True),
        )
        for reader in readers:
            reader.start()
        while made.keeper.poll() is None:
            if stop.wait(0.05):
                return ""
    for reader in readers:
        reader.join()
    if made.keeper.returncode != 0:
        raise StartError("The demo tenants could not be made; the lines above say why. `make reset` starts over.")
    return "".join(accounts)


def _collect(into: list[str], lines: IO[bytes]) -> None:
    with lines:
        into.extend(line.decode(errors="replace") for line in lines)


def welcome(port: int, accounts: str) -> str:
    """Give the lines that say where the service is and who can sign in."""
    rule = "─" * 78
    return "\n".join([rule, f"  督办 Duban    http://{HOST}:{port}", "", *_indented(accounts), "  Ctrl-C: stop everything", rule])


def _indented(text: str) -> list[str]:
    return [*(f"  {line}" for line in text.splitlines()), ""] if text.strip() else []
