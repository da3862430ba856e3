"""
The hour of the deadline: 500 clerks' submissions with a photograph each within one minute, at gunicorn as in production.

Every submission is what a phone does: the duty's page is opened, then form and photograph (350 kB) are sent together. None may be lost:
each is answered with "handed in", stands in the database as version 1, and its photograph comes back byte for byte. Told are the waits of
the sending (p50, p99, longest), beside those of the same act when nobody else is there.

    PYTHONPATH=platform python bench/deadline_hour.py        (SUBMISSIONS=100 SECONDS=12 for a shorter one)
"""

import os
import random
import re
import secrets
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from http.client import HTTPConnection
from uuid import UUID

from parts.county import demo_county
from parts.served import ask, percentile, served, together
from parts.table import MISSED, Row, show
from sqlalchemy import select

from duban.access.models import RoleGrant
from duban.app import create_app, db
from duban.files.models import StoredFile
from duban.files.storage import open_store
from duban.identity.door import session_key
from duban.identity.models import Person
from duban.identity.operations import start_session
from duban.kernel.clock import SystemClock
from duban.kernel.scope import SYSTEM, Actor, Scope, TenantInfo, owned, unit_of_work
from duban.kernel.settings import Settings
from duban.reporting import operations
from duban.reporting.forms import requirement_form
from duban.reporting.models import Duty, Submission
from duban.tree.models import Unit

SUBMISSIONS = int(os.environ.get("SUBMISSIONS", "500"))
SECONDS = int(os.environ.get("SECONDS", "60"))
ARRIVING = 0.92
"""The last clerk begins this share of the time after the first: what begins in the last seconds must end in time too."""
ALONE = 30
CLERK = re.compile(r"v\d{6}")
WIDTH, HEIGHT = 400, 300


@dataclass(frozen=True)
class Errand:
    """One thing to hand in: by whom (a session's key) and with which photograph."""

    duty_id: UUID
    key: str
    photograph: bytes


@dataclass
class Tally:
    """What the clerks were told."""

    sent: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)


def photograph() -> bytes:
    """Make a PNG of noise, which nothing on the way can make smaller."""
    rows = b"".join(b"\0" + secrets.token_bytes(WIDTH * 3) for _ in range(HEIGHT))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


def issue_to_villages(settings: Settings, tenant: TenantInfo) -> list[tuple[UUID, UUID]]:
    """Have the county ask all villages for so many things that are due today. Gives: duties and their units."""
    app, now = create_app(settings), SystemClock().now()
    with app.app_context():
        with unit_of_work(db.engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
            officer = scope.session.scalars(owned(scope, Person).where(Person.login == "county.officer")).one()
            root = scope.session.scalars(owned(scope, Unit).where(Unit.parent_id.is_(None))).one()
        actor, made = Actor(person_id=officer.id, name=officer.name), []
        while len(made) < SUBMISSIONS + ALONE:
            with unit_of_work(db.engine, tenant=tenant, actor=actor, now=now) as scope:
                made += _issued(scope, root, len(made))
        db.engine.dispose()
    return made


def _issued(scope: Scope, root: Unit, number: int) -> list[tuple[UUID, UUID]]:
    form = {
        "title": f"防汛值班情况 {number}",
        "targets": {"scope": "subtree", "levels": ["village"]},
        "due": {"kind": "fixed", "on": scope.today.isoformat()},
        "active_from": (scope.today - timedelta(days=7)).isoformat(),
        "active_until": (scope.today + timedelta(days=1)).isoformat(),
        "fields": [
            {"key": "checks", "label": "检查处数", "kind": "integer", "required": True},
            {"key": "done", "label": "处置情况", "kind": "long_text", "required": True},
        ],
        "attachments_required": True,
    }
    drafted = operations.create_requirement(scope, unit_id=root.id, form=requirement_form(form))
    operations.issue(scope, requirement_id=drafted.id)
    rows = scope.session.execute(
        select(Duty.id, Duty.unit_id).where(Duty.tenant_id == scope.tenant_id, Duty.requirement_id == drafted.id)
    )
    return [(duty_id, unit_id) for duty_id, unit_id in rows]


def errands(settings: Settings, tenant: TenantInfo, duties: Sequence[tuple[UUID, UUID]]) -> list[Errand]:
    """Sign every village's clerk in, and give each duty to theirs, in a random order."""
    app = create_app(settings)
    with app.app_context():
        with unit_of_work(db.engine, tenant=tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
            clerks = {
                unit_id: person
                for unit_id, person in scope.session.execute(
                    select(RoleGrant.unit_id, Person)
                    .join(Person, (Person.tenant_id == RoleGrant.tenant_id) & (Person.id == RoleGrant.person_id))
                    .where(RoleGrant.tenant_id == scope.tenant_id, Person.tenant_id == scope.tenant_id)
                )
                if CLERK.fullmatch(person.login)
            }
            keys = {
                unit_id: session_key(tenant.id, start_session(scope, person=person, address="10.1.0.1", device="bench"))
                for unit_id, person in clerks.items()
            }
        db.engine.dispose()
    found = [Errand(duty_id, keys[unit_id], photograph()) for duty_id, unit_id in duties if unit_id in keys]
    random.Random(20110628).shuffle(found)
    return found


def hand_in(port: int, errand: Errand, tally: Tally) -> None:
    """Open the page, fill it in, send it with the photograph; come back as often as one is asked to."""
    begun = time.perf_counter()
    status, headers, page = ask(
        port, "GET", f"/duties/{errand.duty_id}", Cookie=f"duban={errand.key}", X_Forwarded_For="10.1.0.1"
    )
    given = {name.removeprefix("cookie "): value for name, value in headers.items() if name.startswith("cookie ")}
    jar = "; ".join(f"{name}={value}" for name, value in ({"duban": errand.key} | given).items())
    tally.opened.append((time.perf_counter() - begun) * 1000)
    if status != 200:
        tally.answers[f"page {status}"] += 1
        return
    hidden = dict(re.findall(r'<input type="hidden" name="(csrf_token|once)" value="([^"]*)"', page))
    fields = {**hidden, "answer.checks": "12", "answer.done": "巡查到位，隐患已处置。", "note": ""}
    body, kind = packed(fields, errand.photograph)
    begun = time.perf_counter()
    for _ in range(10):
        status, location = post(port, f"/duties/{errand.duty_id}/submit", body, kind, jar)
        if status != 503:
            break
        tally.answers["asked to come back"] += 1
        time.sleep(0.5)
    tally.sent.append((time.perf_counter() - begun) * 1000)
    tally.answers["handed in" if status == 303 and location.endswith(str(errand.duty_id)) else f"refused {status}"] += 1


def packed(fields: dict[str, str], picture: bytes) -> tuple[bytes, str]:
    """Write a multipart form. Gives: body and content type."""
    line = secrets.token_hex(16)
    parts = [
        f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()
    ]
    head = (
        f'--{line}\r\nContent-Disposition: form-data; name="attachments"; filename="photo.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    return b"".join([*parts, head.encode(), picture, f"\r\n--{line}--\r\n".encode()]), f"multipart/form-data; boundary={line}"


def post(port: int, path: str, body: bytes, kind: str, jar: str) -> tuple[int, str]:
    """Send a form on a connection of its own. Gives: status and where it leads."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Accept": "text/html", "Connection": "close", "Content-Type": kind, "Cookie": jar}
    connection.request("POST", path, body, headers | {"X-Forwarded-For": "10.1.0.1", "X-Forwarded-Proto": "http"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, (answer.headers.get("Location") or "").partition("#")[0]


def rush(port: int, todo: Sequence[Errand]) -> tuple[Tally, float]:
    """Let everybody come at a time of their own within the minute. Gives: what they were told, seconds until the last was in."""
    dice, tally, begun = random.Random(7), Tally(), time.monotonic()

    def come(errand: Errand, at: float) -> None:
        time.sleep(max(0.0, begun + at - time.monotonic()))
        hand_in(port, errand, tally)

    threading.stack_size(512 * 1024)
    times = [dice.uniform(0, SECONDS * ARRIVING) for _ in todo]
    together([lambda e=errand, at=at: come(e, at) for errand, at in zip(todo, times, strict=True)])
    return tally, time.monotonic() - begun


def kept(settings: Settings, tenant: TenantInfo, done: Sequence[Errand]) -> tuple[int, int]:
    """Count the duties that stand as handed in once, and the photographs that came back byte for byte."""
    store, versions, pictures = open_store(settings.resolved_files_url), 0, 0
    app = create_app(settings)
    with app.app_context():
        with unit_of_work(db.engine, tenant=tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
            for errand in done:
                rows = scope.session.scalars(owned(scope, Submission).where(Submission.duty_id == errand.duty_id)).all()
                versions += [row.number for row in rows] == [1]
                owned_by = StoredFile.owner_id.in_([row.id for row in rows])
                files = scope.session.scalars(
                    owned(scope, StoredFile).where(StoredFile.owner_kind == "submission", owned_by)
                ).all()
                wanted = sha256(errand.photograph).hexdigest()
                for file in files:
                    with store.open(file.storage_key) as stream:
                        pictures += sha256(stream.read()).hexdigest() == wanted
        db.engine.dispose()
    return versions, pictures


def main() -> None:
    given = Settings(database_url="", data_dir="", secret_key="k" * 40, cookie_secure=False, proxy_hops=1, log_format="text")
    with demo_county(durable=True, settings=given) as (tenant, settings, folder):
        todo = errands(settings, tenant, issue_to_villages(settings, tenant))[: SUBMISSIONS + ALONE]
        process, port = served(settings, folder / "gunicorn.log")
        try:
            alone = Tally()
            for errand in todo[:ALONE]:
                hand_in(port, errand, alone)
            tally, lasted = rush(port, todo[ALONE:])
        finally:
            process.terminate()
            process.wait(30)
        versions, pictures = kept(settings, tenant, todo[ALONE:])
    wanted = len(todo) - ALONE
    lost = wanted - min(versions, pictures, tally.answers["handed in"])
    verdict = "kept" if not lost and lasted <= SECONDS and wanted == SUBMISSIONS else MISSED
    print(f"{wanted} submissions with a photograph of {len(todo[0].photograph) // 1000} kB, answers {dict(tally.answers)}")
    print(f"in the database: {versions} versions, {pictures} photographs byte for byte; {lost} lost (none may)")
    print(f"the last was in after {lasted:.1f} s (≤ {SECONDS} s): {verdict}; longest wait {max(tally.sent):,.0f} ms")
    rows = [
        Row(f"sending, {name}", percentile(tally.sent, share), percentile(alone.sent, share), None, f"{len(tally.sent)} sent")
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]
    rows.append(Row("opening the page, p99", percentile(tally.opened, 0.99), percentile(alone.opened, 0.99), None))
    rows.append(
        Row(f"the last of {wanted} is in", lasted * 1000, SECONDS * 1000, 1, "" if not lost else f"{lost} lost: {MISSED}")
    )
    show(f"{wanted} submissions in {SECONDS} s", "alone", rows)


if __name__ == "__main__":
    main()
