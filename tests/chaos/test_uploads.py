"""
D8 and D4 on real gunicorn workers: uploads while workers are killed leave nothing behind, no row without its bytes, no bytes
without a row; and the corpus of hostile files makes no worker grow.
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from duban.files.models import StoredFile
from duban.files.storage import Store, open_store
from duban.files.tasks import sweep
from duban.kernel.clock import SystemClock
from duban.kernel.ids import new_id
from duban.kernel.settings import ROOT, Settings
from tests.attack.files.corpus import BAD, GOOD, pdf
from tests.cast import World
from tests.chaos.test_retried_creations import SEED, Service, service
from tests.unit.sheets.test_reading import HOSTILE, workbook

__all__ = ["service"]

BOUNDARY = "x9x9x9"


def document(service: Service) -> str:
    _, text, _ = service.ask(
        "POST", "/api/v1/documents", {"unit_id": str(service.world.units["V11"]), "title": "附件", "issuer": "县"}
    )
    return json.loads(text)["id"]


def send(service: Service, document_id: str, name: str, content: bytes, *, pause: float = 0) -> int:
    """Upload one file, the second half after a pause. Raises: OSError, HTTPException."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = head + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    line = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    try:
        line.putrequest("POST", f"/api/v1/documents/{document_id}/files")
        for header, value in {
            "Authorization": f"Bearer {service.token}", "Accept": "application/json", "Content-Length": str(len(body)),
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }.items():  # fmt: skip
            line.putheader(header, value)
        line.endheaders()
        line.send(body[: len(body) // 2])
        time.sleep(pause)
        line.send(body[len(body) // 2 :])
        answer = line.getresponse()
        answer.read()
        return answer.status
    finally:
        line.close()


def residue(world: World, store: Store, temporary: Path, *, later: timedelta) -> dict[str, list[str]]:
    """What there should be none of: `later` than now, after the sweep."""
    at = SystemClock().now() + later
    with world.as_system(at=at) as scope:
        sweep(scope, store=store)
    with world.as_system(at=at) as scope:
        rows = set(scope.session.scalars(select(StoredFile.storage_key).where(StoredFile.tenant_id == scope.tenant_id)))
    keys = {key for key, _ in store.keys(world.tenant.id)}
    return {
        "temporary files": [str(path) for path in temporary.rglob("*") if path.is_file() and path.suffix != ".db"],
        "unfinished writings": sorted(key for key in keys if key.endswith(".part")),
        "rows without bytes": sorted(rows - keys),
        "bytes without a row": sorted(key for key in keys - rows if not key.endswith(".part")),
    }


def upload_under_kills(service: Service, store: Store, number: int) -> None:
    documents, seen, kills = [document(service) for _ in range(-(-number // 25))], Counter[str](), list[int]()
    stop, dice = threading.Event(), random.Random(SEED)

    def one(index: int) -> None:
        own = random.Random(f"{SEED} {index}")
        content = pdf(own.randbytes(own.choice([20_000, 400_000, 3_000_000])))
        try:
            seen[str(send(service, documents[index // 25], f"附件{index}.pdf", content, pause=own.choice([0, 0.02, 0.1])))] += 1
        except (OSError, http.client.HTTPException):
            seen["cut off"] += 1

    def kill() -> None:
        while not stop.wait(dice.uniform(0.1, 0.5)):
            if found := service.workers():
                os.kill(dice.choice(found), signal.SIGKILL)
                kills.append(1)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with ThreadPoolExecutor(8) as people:
            list(people.map(one, range(number)))
    finally:
        stop.set()
        killer.join()
    time.sleep(3)  # workers killed last are missed by their master
    left = [key for key, _ in store.keys(service.world.tenant.id)]
    found = residue(service.world, store, service.temporary, later=timedelta(hours=2))
    with service.world.as_system() as scope:
        rows = scope.session.scalars(select(StoredFile).where(StoredFile.tenant_id == scope.tenant_id)).all()
        broken = [row.id for row in rows if f"sha256:{store.sha256(row.storage_key)}" != row.digest]
    print(
        f"seed {SEED}: {number} uploads, {len(kills)} workers killed, {dict(seen)}; {len(rows)} rows; before the sweep {len(left)} "
        f"in the store, {sum(key.endswith('.part') for key in left)} unfinished; left behind {found}, broken {len(broken)}"
    )
    assert seen["cut off"] >= number // 20, "nothing was cut off: nothing was tried"
    assert len(rows) >= seen["201"] > 0
    assert not broken
    assert found == dict.fromkeys(found, [])


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings.resolved_files_url)


@pytest.mark.chaos
@pytest.mark.nightly
def test_nightly_two_hundred_uploads_under_kills_leave_nothing(service: Service, store: Store) -> None:
    upload_under_kills(service, store, 200)


@pytest.mark.chaos
@pytest.mark.nightly
def test_control_what_is_left_behind_is_found(service: Service, store: Store, tmp_path: Path) -> None:
    """After the others: the row without bytes cannot be taken back, for files are evidence."""
    key = f"{service.world.tenant.id}/ab/{'a' * 64}"
    folder = Path(store.root, key).parent
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("a" * 64, "b" * 64 + ".part"):
        (folder / name).write_bytes(b"left")
    (tmp_path / "openpyxl.x").write_bytes(b"left")
    with service.world.as_system() as scope:
        scope.add(
            StoredFile(
                id=new_id(), owner_kind="document", owner_id=new_id(), access_object="document", original_name="失.pdf",
                storage_key=f"{service.world.tenant.id}/cd/{'c' * 64}", size_bytes=1, media_type="application/pdf",
                digest="sha256:" + "0" * 64, uploaded_at=SystemClock().now(), path=service.world.paths["V11"],
            )
        )  # fmt: skip
    young = residue(service.world, store, tmp_path, later=timedelta(minutes=1))
    assert {name: len(found) for name, found in young.items()} == dict.fromkeys(young, 1)
    old = residue(service.world, store, tmp_path, later=timedelta(hours=2))
    assert not old["unfinished writings"]
    assert not old["bytes without a row"]


def resident(pid: int) -> float:
    """MiB of memory a process has now."""
    words = Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()
    return int(words[0]) / 1024


@pytest.mark.chaos
@pytest.mark.nightly
def test_nightly_hostile_files_make_no_worker_grow(service: Service) -> None:
    until = time.monotonic() + 60
    while len(service.workers()) < 3:
        assert time.monotonic() < until
        time.sleep(0.2)
    files = [(name, content) for name, content in GOOD] + [(case.name, case.content) for case in BAD]

    def all_of_it() -> Counter[int]:
        seen: Counter[int] = Counter()
        for start in range(0, len(files), 25):
            here = document(service)
            for name, content in files[start : start + 25]:
                try:
                    seen[send(service, here, name, content)] += 1
                except (OSError, http.client.HTTPException):
                    seen[0] += 1
        return seen

    for _ in range(3):  # every worker has met everything that is loaded once
        all_of_it()
    before = {pid: resident(pid) for pid in service.workers()}
    seen = sum((all_of_it() for _ in range(4)), Counter())
    after = {pid: resident(pid) for pid in service.workers()}
    growth = {pid: round(after[pid] - before[pid], 1) for pid in before if pid in after}
    print(f"{4 * len(files)} files ({len(BAD)} hostile, 4 times), answers {dict(seen)}; MiB before {before}, growth {growth}")
    assert seen[201] == 4 * len(GOOD)
    assert seen[422] == 4 * len(BAD)
    assert set(before) == set(after), "a worker died of it"
    assert max(growth.values()) <= 20


PARSER = """
import json, pathlib, resource, sys, time
from duban.sheets.reading import UnreadableTableError, read_table
found = {}
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    begun = time.monotonic()
    try:
        verdict = len(read_table(path.read_bytes(), most_rows=100_000).rows)
    except UnreadableTableError as refusal:
        verdict = refusal.code
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    found[path.name] = [verdict, round(time.monotonic() - begun, 1), round(usage.ru_maxrss / 1024)]
print(json.dumps({"found": found, "processor": round(usage.ru_utime + usage.ru_stime, 1)}))
"""


@pytest.mark.nightly
def test_nightly_the_parser_stays_within_its_limits(tmp_path: Path) -> None:
    """Its largest memory so far and its time per workbook, seen from a process that is small itself; 10 s are the processor's."""
    for name, content in {**HOSTILE, "sound": workbook([["a", 1]] * 5000)}.items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", PARSER, str(tmp_path)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "platform")},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    print(said)
    verdicts = {name: verdict for name, (verdict, _, _) in said["found"].items()}
    assert verdicts.pop("sound") == 5000
    assert set(verdicts.values()) == {"sheets.unreadable"}
    assert 20 < max(memory for _, _, memory in said["found"].values()) <= 300
    assert said["processor"] <= 10 * len(said["found"])
