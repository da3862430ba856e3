"""
The door under a flood [C8]: 50 wrong passwords a second, each from an address of its own, at gunicorn as in production.

Told are: how long the pages of those who are in take, against the same pages in quiet; how many guesses were judged and how many asked
to come back; in how many tries people get in meanwhile who know their password, from a browser they know and from a new one. Then, in
quiet again, the morning of the deadline: fifty clerks from one town hall who sign in within one second, and fifty at the same instant.

    PYTHONPATH=platform python bench/sign_in_flood.py        (SECONDS=20 for a shorter one)
"""

import multiprocessing
import os
import random
import re
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass
from queue import SimpleQueue

from parts.county import demo_county
from parts.served import ask, percentile, served, together
from parts.table import MISSED, Row, show

from duban.app import create_app, db
from duban.identity.door import session_key
from duban.identity.models import Person
from duban.identity.operations import start_session
from duban.kernel.clock import SystemClock
from duban.kernel.scope import SYSTEM, TenantInfo, owned, unit_of_work
from duban.kernel.settings import Settings
from duban.simulation.accounts import PASSWORD
from duban.web.errors import BUSY_SECONDS

SECONDS = int(os.environ.get("SECONDS", "60"))
GUESSES_PER_SECOND = 50
GUESSERS = 64
READERS = ("v001001", "v001002", "o001", "county.officer")
PAUSE = 0.25
TRIES = 20
"""So often the page of the door comes back by itself (js/door.js)."""
MORNING = 50


@dataclass
class Browser:
    """A browser at the door: its cookies and the token of the form."""

    port: int
    address: str
    cookies: dict[str, str]
    token: str = ""

    def opens(self) -> "Browser":
        """Open the sign-in page."""
        _, headers, text = ask(self.port, "GET", "/sign-in", Cookie=self.jar(), X_Forwarded_For=self.address)
        self.keep(headers)
        self.token = re.findall(r'name="csrf_token" value="([^"]+)"', text)[0]
        return self

    def jar(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def keep(self, headers: dict[str, str]) -> None:
        self.cookies |= {name.removeprefix("cookie "): value for name, value in headers.items() if name.startswith("cookie ")}

    def tries(self, login: str, password: str, address: str = "") -> tuple[int, bool]:
        """Send the form. Gives: the status, and whether it says when to come back."""
        form = {"slug": "wangcheng", "login": login, "password": password, "csrf_token": self.token}
        status, headers, _ = ask(
            self.port, "POST", "/sign-in", form, Cookie=self.jar(), X_Forwarded_For=address or self.address
        )  # fmt: skip
        if status == 302:
            self.keep(headers)
        return status, "Retry-After" in headers


def read_pages(port: int, keys: list[str], seconds: float) -> tuple[list[float], Counter[int]]:
    """Let those who are in read their first page, again and again. Gives: milliseconds, statuses."""
    taken: list[float] = []
    statuses: Counter[int] = Counter()
    end = time.monotonic() + seconds

    def one(key: str) -> None:
        while time.monotonic() < end:
            begun = time.perf_counter()
            status, _, _ = ask(port, "GET", "/", Cookie=f"duban={key}", X_Forwarded_For="10.1.0.1")
            taken.append((time.perf_counter() - begun) * 1000)
            statuses[status] += 1
            time.sleep(PAUSE)

    together([lambda key=key: one(key) for key in keys])
    return taken, statuses


def flood(port: int, seconds: float, said: "multiprocessing.Queue[object]") -> None:
    """Guess so often a second, whatever is answered, each time as somebody else from somewhere else. In a process of its own."""
    browser = Browser(port, "10.2.0.1", {}).opens()
    waiting: SimpleQueue[int | None] = SimpleQueue()
    counts: Counter[str] = Counter()

    def guess() -> None:
        while (number := waiting.get()) is not None:
            address = f"10.{3 + number // 60_000}.{number // 250 % 240}.{number % 250}"
            status, says_when = browser.tries(f"somebody-{number}", "not-the-password-1", address)
            counts[f"{status}{'' if status != 503 or says_when else ' without Retry-After'}"] += 1

    def beat() -> None:
        begun = time.monotonic()
        for number in range(int(seconds * GUESSES_PER_SECOND)):
            time.sleep(max(0.0, begun + number / GUESSES_PER_SECOND - time.monotonic()))
            waiting.put(number)
        for _ in range(GUESSERS):
            waiting.put(None)

    begun = time.monotonic()
    together([beat, *[guess] * GUESSERS])
    said.put((dict(counts), time.monotonic() - begun))


def comes_in(browser: Browser, login: str) -> int:
    """Sign in with the right password, coming back when asked to, as the page's script does. Gives: the try; 0 who gave up."""
    for turn in range(1, TRIES + 1):
        status, says_when = browser.tries(login, PASSWORD)
        if status == 302:
            return turn
        assert status == 503, status
        assert says_when
        time.sleep(BUSY_SECONDS * (1 + random.random() / 2))
    return 0


def under_flood(
    port: int, keys: list[str], known: list[tuple[Browser, str]], new: list[tuple[Browser, str]]
) -> tuple[list[float], str]:
    """Flood, read, and let people sign in all the while. Gives: milliseconds of the pages, what is to be said."""
    said: multiprocessing.Queue[object] = multiprocessing.get_context("fork").Queue()
    flooding = multiprocessing.get_context("fork").Process(target=flood, args=(port, SECONDS + 4, said))
    flooding.start()
    time.sleep(2)
    read: list[tuple[list[float], Counter[int]]] = []
    got_in: dict[str, list[int]] = {"known browser": [], "new browser": []}
    waited: dict[str, list[float]] = {"known browser": [], "new browser": []}

    def come(name: str, people: list[tuple[Browser, str]]) -> None:
        for browser, login in people:
            begun = time.monotonic()
            turn = comes_in(browser, login)
            got_in[name].append(turn)
            waited[name] += [time.monotonic() - begun] if turn else []
            time.sleep(0.2)

    reading = threading.Thread(target=lambda: read.append(read_pages(port, keys, SECONDS)))
    reading.start()
    together([lambda: come("known browser", known), lambda: come("new browser", new)])
    reading.join()
    counts, lasted = said.get()  # type: ignore[misc]
    flooding.join()
    lines = [
        f"guesses: {sum(counts.values())} in {lasted:.0f} s, by answer {counts}",
        f"pages of those who are in: {dict(read[0][1])}",
    ]
    for name, turns in got_in.items():
        spread = ", ".join(f"{turns.count(turn)} at try {turn}" for turn in range(1, TRIES + 1) if turns.count(turn))
        seconds = (
            f"{statistics.median(waited[name]):.2f} s in the middle, {max(waited[name]):.2f} s at most" if waited[name] else "-"
        )
        lines.append(f"right password, {name}: {len(turns)} people, {spread}, {turns.count(0)} gave up; {seconds}")
    return read[0][0], "\n".join(lines)


def morning(people: list[tuple[Browser, str]], *, within: float) -> str:
    """Let fifty clerks of one town hall sign in within a second or at one instant. Gives: what is to be said."""
    turns: Counter[int] = Counter()
    taken: list[float] = []
    start = threading.Barrier(len(people))

    def one(number: int, browser: Browser, login: str) -> None:
        start.wait()
        time.sleep(within * number / len(people))
        begun = time.monotonic()
        turn = comes_in(browser, login)
        turns[turn] += 1
        taken.append(time.monotonic() - begun)

    together([lambda n=n, b=b, w=w: one(n, b, w) for n, (b, w) in enumerate(people)])
    verdict = "kept" if not turns[0] else MISSED
    spread = ", ".join(f"{count} at try {turn}" for turn, count in sorted(turns.items()) if turn)
    return (
        f"{len(people)} clerks within {within:g} s: {spread}, {turns[0]} gave up (none may); "
        f"{statistics.median(taken):.2f} s in the middle, {max(taken):.2f} s at most: {verdict}"
    )


def keys_of(settings: Settings, tenant: TenantInfo) -> tuple[list[str], list[str]]:
    """Give the session keys of those who are in, and the logins of all village clerks."""
    app = create_app(settings)
    with app.app_context(), unit_of_work(db.engine, tenant=tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
        people = {person.login: person for person in scope.session.scalars(owned(scope, Person))}
        keys = [
            session_key(tenant.id, start_session(scope, person=people[login], address="10.1.0.1", device="bench"))
            for login in READERS
        ]
    with app.app_context():
        db.engine.dispose()
    return keys, sorted(login for login in people if re.fullmatch(r"v\d{6}", login) and login not in READERS)


def measure(port: int, keys: list[str], clerks: list[str]) -> None:
    count = max(4, SECONDS // 4)
    known = [(Browser(port, "10.1.0.1", {}).opens(), login) for login in clerks[:count]]
    for browser, login in known:  # they have signed in here before
        assert browser.tries(login, PASSWORD)[0] == 302
        browser.cookies.pop("duban")
    new = [(Browser(port, "10.1.0.1", {}).opens(), login) for login in clerks[count : 2 * count]]
    read_pages(port, keys, 3)
    quiet, statuses = read_pages(port, keys, SECONDS)
    print(f"quiet: {len(quiet)} pages {dict(statuses)}")
    busy, said = under_flood(port, keys, known, new)
    print(said)
    rows = [
        Row(
            f"page of those who are in, {name}", percentile(busy, share), percentile(quiet, share), promised, f"{len(busy)} pages"
        )
        for name, share, promised in (("p50", 0.5, None), ("p99", 0.99, 2))
    ]
    show(f"The door under {GUESSES_PER_SECOND} guesses a second for {SECONDS} s", "quiet", rows)
    time.sleep(3)
    rest = clerks[2 * count : 2 * count + 2 * MORNING]
    for start, within in ((0, 1.0), (MORNING, 0.0)):
        people = [(Browser(port, "10.1.0.9", {}).opens(), login) for login in rest[start : start + MORNING]]
        print(morning(people, within=within))
        time.sleep(2)


def main() -> None:
    given = Settings(database_url="", data_dir="", secret_key="k" * 40, cookie_secure=False, proxy_hops=1, log_format="text")
    with demo_county(durable=True, settings=given) as (tenant, settings, folder):
        keys, clerks = keys_of(settings, tenant)
        process, port = served(settings, folder / "gunicorn.log")
        try:
            measure(port, keys, clerks)
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    main()
